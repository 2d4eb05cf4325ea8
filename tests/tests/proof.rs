//! Proof for the decades, by the real programs and openssl's trust services: the kiosk stamps a
//! copy while it can, the registry raises every copy to B-LTA, and anyone finds that out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// Longest wait for the registry's next look at its copies.
const PATIENCE: Duration = Duration::from_secs(60);

fn world(folder: &Path) -> Result<World, Failure> {
    let sheet = folder.join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    let sim_sheets = Some(vec![sheet]);
    let options = WorldOptions { sim_sheets, trust_services: true, ..WorldOptions::default() };
    World::started(&folder.join("world"), options)
}

/// Issues a copy; its code.
fn issue(world: &World) -> Result<String, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    world.officer()?.approve("ha", OFFICER_PIN)?;
    let view = citizen.wait_for(&["issued"])?;
    Ok(view["issued"]["code"].as_str().unwrap_or_default().to_owned())
}

/// What the registry says to everyone, once it says so much of the proof.
fn at_the_registry(world: &World, code: &str, level: &str) -> Result<Value, Failure> {
    let url = format!("{}/api/copies/{code}", world.public_url());
    let mut seen = Value::Null;
    for _ in 0..PATIENCE.as_millis() / 200 {
        if let Ok(mut answer) = ureq::get(&url).call() {
            seen = answer.body_mut().read_json()?;
            if seen["proof"] == level {
                return Ok(seen);
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Err(format!("waited for {level}: {seen}").into())
}

/// The registry's file of a copy.
fn copy(world: &World, code: &str, extra: &[&str]) -> Result<PathBuf, Failure> {
    let out = world.dir().join(format!("{code}{}.pdf", extra.concat()));
    let path = out.to_str().ok_or("a text path")?.to_owned();
    let arguments = [&["copy", code, "--out", &path], extra].concat();
    let done = world.registry_command(&arguments)?.output()?;
    if done.status.success() {
        return Ok(out);
    }
    Err(String::from_utf8_lossy(&done.stderr).into_owned().into())
}

/// What `kiosk verify --json` says.
fn verify(world: &World, file: &Path) -> Result<Value, Failure> {
    let mut command = world.kiosk_command(&["verify", "--json", "--trust"])?;
    let output = command.arg(world.root_pem()).arg(file).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What the registry's pages say of a file that someone brings.
fn brought(world: &World, file: &Path) -> Result<Value, Failure> {
    let url = format!("{}/v/file", world.public_url());
    let asked = ureq::post(&url).header("accept", "application/json");
    let mut answer = asked.content_type("application/pdf").send(std::fs::read(file)?)?;
    Ok(answer.body_mut().read_json()?)
}

#[test]
fn a_copy_made_online_is_stamped_at_once_and_archived_by_the_registry() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = world(folder.path())?;
    let code = issue(&world)?;
    world.wait_delivered()?;
    let seen = at_the_registry(&world, &code, "B-LTA")?;
    assert_eq!(seen["signer_revoked"], Value::Null);
    let (received, strongest) = (copy(&world, &code, &["--received"])?, copy(&world, &code, &[])?);
    assert_eq!(verify(&world, &received)?["level"], "B-T", "the kiosk stamped it");
    assert_eq!(verify(&world, &strongest)?["level"], "B-LTA");
    let (short, long) = (std::fs::read(&received)?, std::fs::read(&strongest)?);
    assert!(long.starts_with(&short) && long.len() > short.len());
    for file in [&received, &strongest] {
        let answer = brought(&world, file)?;
        assert_eq!((&answer["verified"], &answer["held"]), (&true.into(), &true.into()));
    }
    let page = ureq::get(format!("{}/v/{code}?lang=en", world.public_url())).call()?;
    let page = page.into_body().read_to_string()?;
    assert!(page.contains("an archive time-stamp that is renewed"), "{page}");
    Ok(())
}

#[test]
fn a_copy_made_out_of_reach_is_whole_and_proven_when_services_are_back() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = world(folder.path())?;
    world.trust_services()?.set_down(true);
    let code = issue(&world)?;
    world.wait_delivered()?;
    let received = copy(&world, &code, &["--received"])?;
    assert_eq!(verify(&world, &received)?["level"], "B-B");
    assert_eq!(brought(&world, &received)?["held"], true);
    world.trust_services()?.set_down(false);
    at_the_registry(&world, &code, "B-LTA")?;
    assert_eq!(verify(&world, &copy(&world, &code, &[])?)?["level"], "B-LTA");
    Ok(())
}

#[test]
fn a_signer_whose_certificate_was_revoked_is_shown_to_everyone() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = world(folder.path())?;
    let officer = world.tokens().certificate("officer").ok_or("an officer")?.der.clone();
    let before = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(365 * 50);
    world.trust_services()?.enter(&officer, Some(before))?;
    let code = issue(&world)?;
    world.wait_delivered()?;
    let seen = at_the_registry(&world, &code, "B-T")?;
    assert_eq!(seen["signer_revoked"], true);
    let page = ureq::get(format!("{}/v/{code}", world.public_url())).call()?;
    let page = page.into_body().read_to_string()?;
    assert!(page.contains("đã bị thu hồi trước khi ký"), "{page}");
    Ok(())
}
