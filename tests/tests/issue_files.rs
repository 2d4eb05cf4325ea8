//! `kiosk issue`: the same job on files that a person gives, with the same officer's decision.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use e2e::{Failure, OFFICER_PIN, Officer, Person, World, WorldOptions};
use serde_json::Value;

/// How crooked the first page was laid, degrees clockwise.
const CROOKED: f32 = 1.5;

/// A running `kiosk issue`; killed when a test gives up on it.
struct Issuing(Child);

impl Drop for Issuing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A world with a registry and no daemon, and the pages of an original as a PNG and a PDF file.
fn prepared() -> Result<(tempfile::TempDir, World, Vec<PathBuf>), Failure> {
    let folder = tempfile::tempdir()?;
    let mut world = World::new(&folder.path().join("world"), WorldOptions::default())?;
    world.start_registry()?;
    let mut pages = paper::original(6)?;
    let look = paper::Look { skew_degrees: CROOKED, ..paper::Look::default() };
    pages[0] = paper::draw(paper::Document::Decision, &look, 6)?.swap_remove(0);
    let first = folder.path().join("first.png");
    std::fs::write(&first, pages[0].to_png()?)?;
    let second = folder.path().join("second.pdf");
    let source = folder.path().join("second.ppm");
    std::fs::write(&source, pages[1].to_ppm())?;
    as_pdf(&source, &second)?;
    let card = folder.path().join("card.png");
    std::fs::write(&card, paper::id_card(paper::ID_PAYLOAD)?.to_png()?)?;
    Ok((folder, world, vec![first, second, card]))
}

/// A scan as PDF, made by a program that nobody here wrote (Tesseract's own PDF output).
fn as_pdf(image: &Path, pdf: &Path) -> Result<(), Failure> {
    let made = Command::new("tesseract")
        .arg(image)
        .arg(pdf.with_extension(""))
        .args(["-l", "vie", "--dpi", "300", "pdf"])
        .output()?;
    if made.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&made.stderr).into_owned().into())
}

/// What `kiosk issue` makes of pages and a card that an officer approves: the case as the officer
/// saw it, and what the program said at its end.
fn approved(world: &World, card: &Path, pages: &[PathBuf]) -> Result<(Value, Value), Failure> {
    let mut command = world.kiosk_command(&["issue", "--json", "--config"])?;
    command.arg(world.site_file()).arg("--card").arg(card).args(pages);
    let mut issuing = Issuing(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
    let output = issuing.0.stdout.take().ok_or("no output")?;
    let (mut case, mut result) = (Value::Null, Value::Null);
    for line in BufReader::new(output).lines() {
        let line = line?;
        if let Some(address) = line.strip_prefix("officer: decide at ") {
            let mut officer = Officer(Person::at(address)?);
            assert_eq!(officer.sign_in("ha", OFFICER_PIN)?.0, 200);
            case = officer.case()?;
            let (status, answer) = officer.approve("ha", OFFICER_PIN)?;
            assert_eq!(status, 200, "{answer}");
        } else {
            result = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        }
    }
    assert!(issuing.0.wait()?.success(), "{result}");
    Ok((case, result))
}

/// A sheet on a bed with a dark lid that is larger than it.
fn on_a_dark_bed(sheet: &paper::Sheet, beyond: u32) -> Result<paper::Sheet, Failure> {
    let (width, height) = (sheet.width + beyond, sheet.height + beyond);
    let mut rgb = vec![24; (width * height * 3) as usize];
    let inset = beyond as usize / 3;
    for (y, row) in sheet.rgb.chunks_exact(sheet.width as usize * 3).enumerate() {
        let from = ((y + inset) * width as usize + inset) * 3;
        rgb.get_mut(from..from + row.len()).ok_or("beyond the bed")?.copy_from_slice(row);
    }
    Ok(paper::Sheet { width, height, rgb, words: Vec::new() })
}

#[test]
fn a_card_on_a_dark_bed_becomes_a_copy_of_the_card_alone() -> Result<(), Failure> {
    let (folder, world, files) = prepared()?;
    let card = paper::id_card(paper::ID_PAYLOAD)?;
    let scan = folder.path().join("bed.png");
    std::fs::write(&scan, on_a_dark_bed(&card, 1500)?.to_png()?)?;
    let (case, result) = approved(&world, &files[2], &[scan])?;
    assert_eq!(case["pages"].as_array().map(Vec::len), Some(1), "{case}");
    let file = result["file"].as_str().ok_or("no file")?;
    let trust = formats_copy::TrustAnchors::from_pem(&std::fs::read(world.root_pem())?)?;
    let copy = formats_copy::verify(&std::fs::read(file)?, &trust).map_err(|r| r.en())?;
    let page = &copy.manifest.pages[0];
    let size = [page.width, page.height];
    // 2 mm of the lid may be kept at each side.
    for (found, card) in size.into_iter().zip([card.width, card.height]) {
        assert!((card..card + 48).contains(&found), "{size:?}");
    }
    Ok(())
}

#[test]
fn files_become_a_certified_copy_by_an_officers_decision() -> Result<(), Failure> {
    let (_folder, world, files) = prepared()?;
    let (case, result) = approved(&world, &files[2], &files[..2])?;
    assert_eq!(case["pages"].as_array().map(Vec::len), Some(2), "PNG and PDF page");
    assert_eq!(case["requester"]["name"], "Nghiêm Thị Thử", "the card was read");
    assert_eq!(result["delivered"], true, "{result}");
    let file = result["file"].as_str().ok_or("no file")?;
    let mut verify = world.kiosk_command(&["verify", "--json", "--roots"])?;
    let verdict = verify.arg(world.root_pem()).arg(file).output()?;
    let verdict: Value = serde_json::from_slice(&verdict.stdout)?;
    assert_eq!(verdict["valid"], true, "{verdict}");

    let trust = formats_copy::TrustAnchors::from_pem(&std::fs::read(world.root_pem())?)?;
    let copy = formats_copy::verify(&std::fs::read(file)?, &trust).map_err(|r| r.en())?;
    let skews: Vec<i32> = copy.manifest.pages.iter().map(|page| page.skew).collect();
    let wanted = (CROOKED * 1000.0) as i32;
    assert!((skews[0] - wanted).abs() <= 50, "the crooked page stands upright: {skews:?}");
    assert_eq!(skews[1], 0, "a straight page is left alone");
    Ok(())
}

#[test]
fn a_truncated_file_ends_with_cause_and_remedy() -> Result<(), Failure> {
    let (folder, world, files) = prepared()?;
    let whole = std::fs::read(&files[0])?;
    let cut = folder.path().join("cut.png");
    std::fs::write(&cut, &whole[..whole.len() / 2])?;
    let mut command = world.kiosk_command(&["issue", "--config"])?;
    let output = command.arg(world.site_file()).arg(&cut).output()?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cause:") && said.contains("remedy:"), "{said}");
    assert!(said.contains("truncated PNG"), "the technician is told what is wrong: {said}");
    Ok(())
}
