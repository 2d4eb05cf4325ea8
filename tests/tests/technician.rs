//! The technician's commands on a whole kiosk: settings, self-test, status, the page, and the
//! bundle for the maintainer, in which nothing of a citizen may be.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use e2e::{Browser, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// What the citizen's card says, as it may be written anywhere.
const PERSONAL: [&str; 4] = ["Nghiêm Thị Thử", "NGHIÊM THỊ THỬ", "001199999999", "012345678"];

/// Runs a command of the kiosk on the world's site file.
fn kiosk(world: &World, args: &[&str]) -> Result<Output, Failure> {
    Ok(world.kiosk_command(args)?.arg("--config").arg(world.site_file()).output()?)
}

/// The same, with its status and its JSON.
fn told(world: &World, args: &[&str]) -> Result<(i32, Value), Failure> {
    let output = kiosk(world, &[args, &["--json"]].concat())?;
    let said = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("{args:?}: {error}: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok((output.status.code().unwrap_or(-1), said))
}

/// What is found of each part.
fn found(report: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().into_iter().flatten();
    let worst = findings.map(|f| (text(&f["subject"]), (text(&f["verdict"]), text(&f["id"]))));
    let mut all: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (subject, finding) in worst {
        let order =
            |verdict: &str| ["ok", "skipped", "warn", "fail"].iter().position(|v| *v == verdict);
        let entry = all.entry(subject).or_insert_with(|| finding.clone());
        if order(&finding.0) > order(&entry.0) {
            *entry = finding;
        }
    }
    all
}

fn pair(verdict: &str, id: &str) -> Option<(String, String)> {
    Some((verdict.to_owned(), id.to_owned()))
}

#[test]
fn a_technician_sees_what_is_set_what_is_well_and_what_is_not() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut world = World::new(&folder.path().join("world"), WorldOptions::default())?;
    settings_are_shown_checked_and_explained(&world)?;

    let (code, report) = told(&world, &["selftest", "space", "journal", "book"])?;
    assert_eq!(code, 3, "a kiosk that never ran is new, not broken: {report}");
    assert_eq!(found(&report).get("journal").cloned(), pair("warn", "journal-missing"));
    assert_eq!(found(&report).get("space").cloned(), pair("ok", ""), "{report}");

    world.start_registry()?;
    world.start_kiosk()?;
    let (code, report) = told(&world, &["selftest"])?;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["by_daemon"], true, "{report}");
    let all = found(&report);
    for part in [
        "daemon",
        "scanner",
        "keys",
        "clock",
        "space",
        "journal",
        "book",
        "page-reader",
        "registry",
    ] {
        assert_eq!(all.get(part).cloned(), pair("ok", ""), "{part}: {report:#}");
    }
    let none = ["camera", "chip-reader", "barcode-reader", "ticket-printer", "copy-printer"];
    for part in none.into_iter().chain(["face-models"]) {
        assert_eq!(all.get(part).cloned(), pair("skipped", ""), "{part}: {report:#}");
    }
    a_visit_keeps_its_devices(&world)?;
    the_page_is_the_technicians(&world)?;
    the_bundle_has_nothing_of_the_citizen(&world, folder.path())?;

    world.stop_registry();
    let (code, report) = told(&world, &["selftest", "registry"])?;
    assert_eq!(code, 3, "{report}");
    assert_eq!(found(&report).get("registry").cloned(), pair("warn", "registry-unreachable"));
    world.kill_kiosk();
    without_a_daemon(&world)
}

/// `kiosk config …`.
fn settings_are_shown_checked_and_explained(world: &World) -> Result<(), Failure> {
    let (code, shown) = told(world, &["config", "show"])?;
    assert_eq!(code, 0, "{shown}");
    let settings = shown["settings"].as_array().ok_or("no settings")?;
    let of = |key: &str| settings.iter().find(|setting| setting["key"] == key);
    let id = of("device.id").ok_or("no device.id")?;
    assert_eq!((&id["value"], &id["from"]), (&"HN01-K03".into(), &"file".into()), "{id}");
    let line = id["line"].as_u64().ok_or("no line")? as usize;
    let site = std::fs::read_to_string(world.site_file())?;
    assert_eq!(site.lines().nth(line - 1), Some("id = \"HN01-K03\""));
    assert_eq!(of("space.keep_days").map(|s| &s["from"]), Some(&"default".into()));
    assert_eq!(
        of("clock.state").map(|s| &s["file"]),
        Some(&world.dir().join("board.toml").to_string_lossy().as_ref().into())
    );
    for pin in ["seal", "authority", "device"] {
        let pin = std::fs::read_to_string(world.dir().join(format!("keys/{pin}.pin")));
        assert!(pin.is_err() || pin.is_ok_and(|pin| !shown.to_string().contains(&pin)));
    }

    let (code, checked) = told(world, &["config", "validate"])?;
    assert_eq!(code, 3, "others can read the PINs: {checked}");
    for pin in ["authority", "device"] {
        let path = world.dir().join(format!("keys/{pin}.pin"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    assert_eq!(told(world, &["config", "validate"])?.0, 0);
    let wrong = site.replace("id = \"HN01-K03\"", "id = \"HN 01\"\ncolour = 1");
    let wrong = wrong.replace("roots = \"trust/root.pem\"", "roots = \"trust/none.pem\"");
    std::fs::write(world.site_file(), wrong)?;
    let (code, checked) = told(world, &["config", "validate"])?;
    let keys: Vec<_> = checked["problems"].as_array().into_iter().flatten().collect();
    assert_eq!(code, 1, "{checked}");
    assert!(keys.iter().any(|problem| problem["key"] == "device.colour"), "{checked}");
    assert_eq!(kiosk(world, &["config", "show"])?.status.code(), Some(1));
    std::fs::write(world.site_file(), site)?;

    let explain = |key: &str| {
        world.kiosk_command(&["config", "explain", key])?.output().map_err(Failure::from)
    };
    let said = explain("scanner.dpi")?;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(text.contains("dots per inch") && text.contains("Decree 30/2020"), "{text}");
    assert_eq!(explain("scanner.colour")?.status.code(), Some(2));
    Ok(())
}

/// While somebody is at the kiosk nothing is asked of the devices; afterwards it is.
fn a_visit_keeps_its_devices(world: &World) -> Result<(), Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    let (code, status) = told(world, &["status"])?;
    assert_eq!((code, &status["visit"]["state"]), (0, &"collecting".into()), "{status:#}");
    assert_eq!(found(&status).get("scanner").cloned(), pair("skipped", ""), "{status:#}");

    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
    citizen.touch("card")?;
    citizen.wait_for(&["deciding"])?;
    let (_, status) = told(world, &["status"])?;
    no_one_is_named(&status.to_string(), "the status of a visit");
    let (answer, said) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(answer, 200, "{said}");
    citizen.wait_for(&["issued"])?;
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;
    world.wait_delivered()?;

    let (code, status) = told(world, &["status"])?;
    assert_eq!(code, 0, "{status:#}");
    assert_eq!(found(&status).get("scanner").cloned(), pair("ok", ""), "{status:#}");
    assert_eq!((&status["book"]["issued"], &status["outbox"]["waiting"]), (&1.into(), &0.into()));
    assert!(status["outbox"]["last_receipt"].is_string(), "{status:#}");
    assert!(status["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{status:#}");
    Ok(())
}

/// Only the technician's key opens the page, and a browser shows it in both languages.
fn the_page_is_the_technicians(world: &World) -> Result<(), Failure> {
    for other in [world.citizen()?.0, world.officer()?.0] {
        assert!(other.get("/api/technician/status").is_err(), "another's cookie opens it");
    }
    let screens = world.screens()?;
    let address = screens["technician"].as_str().ok_or("no address")?.to_owned();
    let profile = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let browser = Browser::start(profile.path(), 1024, 900).await?;
        browser.open(&address).await?;
        browser.text_with("#found tbody", "scanner").await?;
        browser.text_with("#state", "HN01-K03").await?;
        browser.click("#lang-en").await?;
        browser.text_with("#heading", "How the kiosk is").await?;
        browser.click("#test").await?;
        browser.text_with("#found tbody", "page-reader").await?;
        let left =
            browser.run("return document.querySelectorAll('#found tr[data-verdict=fail]').length");
        assert_eq!(left.await?, 0);
        browser.close().await
    })
}

fn no_one_is_named(text: &str, place: &str) {
    for personal in PERSONAL.iter().chain(&[OFFICER_PIN, "135791", "112233"]) {
        assert!(!text.contains(personal), "{personal} is in {place}");
    }
}

/// The visit's name is in the register and, planted, in the log; it is not in the bundle.
fn the_bundle_has_nothing_of_the_citizen(world: &World, folder: &Path) -> Result<(), Failure> {
    let journal = std::fs::read_dir(world.state_dir().join("journal"))?;
    let texts = journal
        .map(|file| Ok(std::fs::read(file?.path())?))
        .collect::<Result<Vec<_>, Failure>>()?;
    let register = texts.concat();
    assert!(
        register.windows(PERSONAL[0].len()).any(|window| window == PERSONAL[0].as_bytes()),
        "the register has the requester's name: else this test could not fail"
    );
    let log = folder.join("planted.log");
    let mut lines = std::fs::read_to_string(world.dir().join("kiosk-2.log"))?;
    assert!(lines.contains("stage done"), "the daemon's log");
    lines.push_str("WARN NGHIÊM THỊ THỬ, Nghiêm Thị Thử, 001199999999, formerly 012345678\n");
    std::fs::write(&log, lines)?;

    let out = folder.join("diag.tar.gz");
    let paths = [out.to_string_lossy(), log.to_string_lossy()];
    let args = ["diag", "collect", "--out", &paths[0], "--log", &paths[1]];
    let (code, said) = told(world, &args)?;
    assert_eq!(code, 0, "{said:#}");
    assert_eq!(std::fs::metadata(&out)?.permissions().mode() & 0o077, 0, "the technician's alone");
    let unpacked = Command::new("tar").args(["-xzOf", &paths[0]]).output()?;
    let text = String::from_utf8(unpacked.stdout)?;
    no_one_is_named(&text, "the bundle");
    for part in
        ["\"uptime_s\"", "\"by_daemon\": true", "stage done", "\"records\"", "scanner.address"]
    {
        assert!(text.contains(part), "{part} is missing in the bundle");
    }
    assert!(!text.contains("Nguyễn Thị Hà"), "an officer is named by the short identity only");
    let again = kiosk(world, &args)?;
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten");
    Ok(())
}

/// The command checks by itself when no daemon runs, and tells what it cannot reach.
fn without_a_daemon(world: &World) -> Result<(), Failure> {
    assert_eq!(kiosk(world, &["status"])?.status.code(), Some(1), "no daemon, no status");
    let parts = ["scanner", "keys", "journal", "book"];
    let (code, report) = told(world, &[&["selftest"], &parts[..]].concat())?;
    assert_eq!((code, &report["by_daemon"]), (0, &false.into()), "{report:#}");
    assert_eq!(found(&report).keys().collect::<Vec<_>>(), ["book", "journal", "keys", "scanner"]);

    let board = std::fs::read_to_string(world.dir().join("board.toml"))?;
    let address = world.gate()?.address().to_string();
    std::fs::write(world.dir().join("board.toml"), board.replace(&address, "127.0.0.1:1"))?;
    let (code, report) = told(world, &["selftest", "scanner"])?;
    assert_eq!(code, 1, "{report}");
    assert_eq!(found(&report).get("scanner").cloned(), pair("fail", "scanner-missing"));
    let copies = std::fs::read_dir(world.state_dir().join("copies"))?;
    for copy in copies {
        std::fs::remove_file(copy?.path())?;
    }
    let (code, report) = told(world, &["selftest", "journal"])?;
    assert_eq!(code, 1, "{report}");
    assert_eq!(found(&report).get("journal").cloned(), pair("fail", "copies-damaged"));
    let misuse = kiosk(world, &["selftest", "kettle"])?;
    assert_eq!(misuse.status.code(), Some(2));
    Ok(())
}
