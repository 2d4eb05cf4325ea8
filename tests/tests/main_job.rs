//! The main job through the whole product, and what strangers say of the copy that it makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Failure, OFFICER_PIN, World, WorldOptions, workspace};
use serde_json::{Value, json};

/// Pixels an inch of the originals.
const DPI: f32 = 300.0;

/// A world in which one two-page copy was issued and delivered.
struct Issued {
    _folder: tempfile::TempDir,
    world: World,
    pages: Vec<paper::Sheet>,
    view: Value,
    copy: PathBuf,
}

fn issue() -> Result<Issued, Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    let pages = paper::original(5)?;
    let citizen = world.citizen()?;
    citizen.start()?;
    for page in &pages {
        world.saned()?.lay(&page.to_ppm())?;
        citizen.scan_page()?;
    }
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
    citizen.touch("card")?;
    citizen.wait_for(&["deciding"])?;

    let case = world.officer()?.case()?;
    assert_eq!(case["kind"]["id"], "decision", "{}", case["kind"]);
    assert_eq!(case["requester"]["name"], "Nghiêm Thị Thử", "the card's code was read");
    assert!(case["face"]["en"].as_str().is_some_and(|face| face.contains("not compared")));
    let rules: Vec<_> = case["findings"].as_array().into_iter().flatten().collect();
    for rule in ["R1", "R2", "R3", "R4", "R5", "R6"] {
        assert!(rules.iter().any(|finding| finding["rule"] == rule), "{rule} is spoken of");
    }
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    let view = citizen.wait_for(&["issued"])?;
    world.wait_delivered()?;
    let sha256 = view["issued"]["sha256"].as_str().unwrap_or_default();
    let copy = world.state_dir().join(format!("copies/{sha256}.pdf"));
    Ok(Issued { _folder: folder, world, pages, view, copy })
}

#[test]
fn a_scanned_original_becomes_a_copy_that_strangers_accept() -> Result<(), Failure> {
    let issued = issue()?;
    signatures_hold_for_pyhanko(&issued)?;
    signatures_hold_for_poppler(&issued)?;
    structure_is_clean_for_qpdf(&issued)?;
    words_lie_over_their_image(&issued)?;
    offline_verification_accepts_it_and_refuses_a_changed_byte(&issued)?;
    the_registry_answers_by_code_and_by_file(&issued)?;
    nothing_personal_is_in_the_logs(&issued)
}

fn run(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| {
        format!("{:?}: {error}; `make setup` installs it", command.get_program())
    })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{:?} failed: {text}{errors}", command.get_program()).into());
    }
    Ok(text)
}

/// pyHanko trusts both signers through the test root and finds nothing changed after signing.
fn signatures_hold_for_pyhanko(issued: &Issued) -> Result<(), Failure> {
    let python = std::env::var_os("JUDGE_PYTHON")
        .map_or_else(|| workspace().join("target/judges/bin/python"), PathBuf::from);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("judges/signatures.py");
    let verdict =
        run(Command::new(python).arg(script).arg(issued.world.root_pem()).arg(&issued.copy))?;
    let verdict: Value = serde_json::from_str(&verdict)?;
    let signatures = verdict.as_array().ok_or("no list of signatures")?;
    assert_eq!(signatures.len(), 2, "{verdict}");
    for (signature, name) in signatures.iter().zip(["Officer", "Authority"]) {
        assert_eq!(signature["field"], *name, "{verdict}");
        assert_eq!(signature["bottom_line"], true, "{verdict}");
        assert_eq!(signature["trusted"], true, "{verdict}");
        assert_eq!(signature["subfilter"], "/ETSI.CAdES.detached", "{verdict}");
    }
    assert_eq!(signatures[1]["coverage"], "ENTIRE_FILE", "{verdict}");
    let harmless = ["NONE", "LTA_UPDATES", "FORM_FILLING"];
    let level = signatures[0]["modification"].as_str().unwrap_or_default();
    assert!(harmless.contains(&level), "only the second signature came after the first: {verdict}");
    assert_eq!(signatures[1]["modification"], "NONE", "{verdict}");
    Ok(())
}

/// poppler lists two valid signatures over the whole document of their revision.
fn signatures_hold_for_poppler(issued: &Issued) -> Result<(), Failure> {
    let report = run(Command::new("pdfsig").arg("-nocert").arg(&issued.copy))?;
    assert_eq!(report.matches("Signature is Valid").count(), 2, "{report}");
    assert!(report.contains("Total document signed"), "{report}");
    assert_eq!(report.matches("ETSI.CAdES.detached").count(), 2, "{report}");
    Ok(())
}

fn structure_is_clean_for_qpdf(issued: &Issued) -> Result<(), Failure> {
    let report = run(Command::new("qpdf").arg("--check").arg(&issued.copy))?;
    assert!(report.contains("No syntax or stream encoding errors"), "{report}");
    Ok(())
}

/// One word as poppler finds it in the copy: text and box in points.
struct Found {
    text: String,
    bounds: [f32; 4],
}

fn words_of(copy: &Path, page: usize) -> Result<Vec<Found>, Failure> {
    let number = (page + 1).to_string();
    let args = ["-bbox", "-f", &number, "-l", &number];
    let html = run(Command::new("pdftotext").args(args).arg(copy).arg("-"))?;
    let number_after = |line: &str, key: &str| -> Option<f32> {
        let rest = &line[line.find(key)? + key.len()..];
        rest[..rest.find('"')?].parse().ok()
    };
    let mut words = vec![];
    for line in html.lines().filter(|line| line.trim_start().starts_with("<word ")) {
        let side = |key| number_after(line, key).ok_or("a word without a box");
        let bounds = [side("xMin=\"")?, side("yMin=\"")?, side("xMax=\"")?, side("yMax=\"")?];
        let text = line.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</word>"));
        words.push(Found { text: text.ok_or("a word without text")?.0.to_owned(), bounds });
    }
    Ok(words)
}

/// Each word of the text layer lies over that word in the picture: against the generator's truth,
/// and over ink in the rendered page.
fn words_lie_over_their_image(issued: &Issued) -> Result<(), Failure> {
    for (number, page) in issued.pages.iter().enumerate() {
        let found = words_of(&issued.copy, number)?;
        let mut matched = 0;
        let mut worst: f32 = 0.0;
        for truth in &page.words {
            let centre =
                |axis: usize| truth.quad.iter().map(|corner| corner[axis]).sum::<f32>() / 4.0;
            let (x, y) = (centre(0), centre(1));
            let distance = |word: &Found| {
                let px = |i: usize, j: usize| (word.bounds[i] + word.bounds[j]) / 2.0 / 72.0 * DPI;
                ((px(0, 2) - x).powi(2) + (px(1, 3) - y).powi(2)).sqrt()
            };
            let same = found.iter().filter(|word| word.text == truth.text);
            let nearest = same.map(distance).fold(f32::INFINITY, f32::min);
            if nearest < 30.0 {
                matched += 1;
                worst = worst.max(nearest);
            }
        }
        let share = f64::from(matched) / page.words.len() as f64;
        assert!(share > 0.85, "page {number}: {share:.2} of the words are found in their place");
        over_ink(&issued.copy, number, &found)?;
    }
    Ok(())
}

fn over_ink(copy: &Path, page: usize, words: &[Found]) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let number = (page + 1).to_string();
    let stem = folder.path().join("page");
    run(Command::new("pdftoppm")
        .args(["-r", "300", "-gray", "-singlefile", "-f", &number, "-l", &number])
        .arg(copy)
        .arg(&stem))?;
    let picture = image::open(stem.with_extension("pgm"))?.into_luma8();
    let pixels = |points: f32| (points / 72.0 * DPI).max(0.0) as u32;
    let dark = |bounds: [f32; 4]| {
        let [x0, y0, x1, y1] = bounds.map(pixels);
        let (x1, y1) = (x1.min(picture.width()), y1.min(picture.height()));
        let inside = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
        let (mut all, mut ink) = (0_u32, 0_u32);
        for (x, y) in inside {
            all += 1;
            ink += u32::from(picture.get_pixel(x, y)[0] < 140);
        }
        if all == 0 { 0.0 } else { f64::from(ink) / f64::from(all) }
    };
    let long: Vec<_> = words.iter().filter(|word| word.text.chars().count() >= 3).collect();
    let over = long.iter().filter(|word| dark(word.bounds) > 0.04).count();
    let share = over as f64 / long.len().max(1) as f64;
    assert!(long.len() > 50 && share > 0.97, "page {page}: {share:.3} of {} words", long.len());
    Ok(())
}

fn offline_verification_accepts_it_and_refuses_a_changed_byte(
    issued: &Issued,
) -> Result<(), Failure> {
    let verify = |file: &Path| -> Result<Value, Failure> {
        let mut command = issued.world.kiosk_command(&["verify", "--json", "--roots"])?;
        let output = command.arg(issued.world.root_pem()).arg(file).output()?;
        assert_eq!(output.status.success(), file == issued.copy, "the exit status tells too");
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    let good = verify(&issued.copy)?;
    assert_eq!(good["valid"], true, "{good}");
    assert_eq!(good["manifest"]["code"], issued.view["issued"]["code"]);
    let bytes = std::fs::read(&issued.copy)?;
    for part in [3, 5, 7] {
        let mut changed = bytes.clone();
        let at = changed.len() * (part - 2) / part;
        changed[at] ^= 1;
        let file = issued.world.dir().join("changed.pdf");
        std::fs::write(&file, changed)?;
        let refused = verify(&file)?;
        assert_eq!(refused["valid"], false, "byte {at}: {refused}");
        assert!(refused["vi"].as_str().is_some_and(|vi| !vi.is_empty()), "{refused}");
    }
    Ok(())
}

fn the_registry_answers_by_code_and_by_file(issued: &Issued) -> Result<(), Failure> {
    let copy = &issued.view["issued"];
    let code = copy["code"].as_str().ok_or("no code")?;
    let public = issued.world.public_url();
    let get = |url: String| -> Result<String, Failure> {
        Ok(ureq::get(&url).call()?.body_mut().read_to_string()?)
    };
    let held: Value = serde_json::from_str(&get(format!("{public}/api/copies/{code}"))?)?;
    assert_eq!(held["sha256"], copy["sha256"], "{held}");
    assert_eq!(held["number"], copy["number"], "{held}");
    for language in ["vi", "en"] {
        let page = get(format!("{public}/v/{code}?lang={language}"))?;
        assert!(page.contains(&format!("lang=\"{language}\"")) && page.contains(code), "{page}");
        assert!(!page.contains("Nghiêm Thị Thử"), "the requester is nobody's business here");
    }
    let bytes = std::fs::read(&issued.copy)?;
    let dropped = ureq::post(&format!("{public}/v/file"))
        .header("content-type", "application/pdf")
        .header("accept", "application/json")
        .send(&bytes[..])?
        .body_mut()
        .read_to_string()?;
    assert!(dropped.contains(code), "{dropped}");
    Ok(())
}

/// Neither name nor number of the citizen, nor a PIN, is in any log or address.
fn nothing_personal_is_in_the_logs(issued: &Issued) -> Result<(), Failure> {
    let mut logs = json!({});
    for entry in std::fs::read_dir(issued.world.dir())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read_to_string(&path)?;
            for secret in ["Nghiêm", "001199999999", "012345678", OFFICER_PIN] {
                assert!(!text.contains(secret), "{secret} in {}", path.display());
            }
            logs[path.display().to_string()] = json!(text.len());
        }
    }
    assert!(logs.as_object().is_some_and(|logs| logs.len() >= 2), "both programs log: {logs}");
    Ok(())
}
