//! A van without any link: copies go to the registry on a stick and receipts come home on it, with
//! a damaged file and another device's folder among them.

use std::path::Path;
use std::process::Output;

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

#[test]
fn copies_go_by_stick_and_receipts_come_home_beside_the_running_kiosk() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    world.stop_registry();
    let codes = [issue(&world)?, issue(&world)?];
    let stick = folder.path().join("stick");
    std::fs::create_dir(&stick)?;

    let (status, said) = export(&world, &stick)?;
    assert_eq!(status, 0, "{said}");
    assert_eq!(said["on_stick"], serde_json::json!([1, 2]), "{said}");
    let device = stick.join("ban-sao/HN01-K03");
    no_names(&device)?;
    another_device(&stick, &device)?;
    damage(&copy_file(&world, &device, 2)?)?;

    let first = import(&world, &stick)?;
    let said = text(&first);
    assert_eq!(first.status.code(), Some(3), "{said}");
    assert!(said.contains("1 copies are kept"), "{said}");
    assert!(said.contains("refused: copy 2 of HN01-K03: digest-mismatch"), "{said}");
    assert!(said.contains("not read: HN09-K99"), "{said}");

    let (status, said) = receipts(&world, &stick)?;
    assert_eq!(status, 3, "a refusal is told: {said}");
    assert_eq!(said["taken"], serde_json::json!([1]), "{said}");
    assert_eq!(said["faults"][0]["sequence"], 2, "{said}");
    wait_states(&world, &["delivered", "waiting"])?;

    std::fs::remove_dir_all(stick.join("ban-sao/HN09-K99"))?;
    let (status, said) = export(&world, &stick)?;
    assert_eq!((status, &said["on_stick"]), (0, &serde_json::json!([2])), "{said}");
    for round in ["second", "again"] {
        let imported = import(&world, &stick)?;
        assert_eq!(imported.status.code(), Some(0), "{round}: {}", text(&imported));
        let (status, said) = receipts(&world, &stick)?;
        assert_eq!(status, 0, "{round}: {said}");
        wait_states(&world, &["delivered", "delivered"])?;
    }
    let audit = world.audit()?;
    assert_eq!((&audit["issued"], &audit["delivered"]), (&Value::from(2), &Value::from(2)));

    world.start_registry()?;
    for code in codes {
        let page = format!("{}/api/copies/{code}", world.public_url());
        let found: Value = ureq::get(&page).call()?.body_mut().read_json()?;
        assert_eq!(found["code"], code.as_str(), "anyone can verify it now: {found}");
    }
    Ok(())
}

fn issue(world: &World) -> Result<String, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    world.saned()?.lay(&paper::original(2)?.swap_remove(0).to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;
    Ok(answer["issued"]["code"].as_str().unwrap_or_default().to_owned())
}

fn export(world: &World, stick: &Path) -> Result<(i32, Value), Failure> {
    outbox(world, &["outbox", "export", "--json", "--config"], stick)
}

fn receipts(world: &World, stick: &Path) -> Result<(i32, Value), Failure> {
    outbox(world, &["outbox", "receipts", "--json", "--config"], stick)
}

fn outbox(world: &World, words: &[&str], stick: &Path) -> Result<(i32, Value), Failure> {
    let output = world.kiosk_command(words)?.arg(world.site_file()).arg(stick).output()?;
    let said = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", text(&output)))?;
    Ok((output.status.code().unwrap_or(-1), said))
}

fn import(world: &World, stick: &Path) -> Result<Output, Failure> {
    Ok(world.registry_command(&["import"])?.arg(stick).output()?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Nothing beside the sealed copies names a person.
fn no_names(device: &Path) -> Result<(), Failure> {
    let index = std::fs::read_to_string(device.join("index"))?;
    assert!(!index.contains("Người Yêu Cầu") && !index.contains("Nguyễn"), "{index}");
    Ok(())
}

/// The same files, under the name of a device that never made them.
fn another_device(stick: &Path, device: &Path) -> Result<(), Failure> {
    let other = stick.join("ban-sao/HN09-K99");
    std::fs::create_dir_all(other.join("copies"))?;
    std::fs::copy(device.join("index"), other.join("index"))?;
    for file in std::fs::read_dir(device.join("copies"))? {
        let file = file?;
        std::fs::copy(file.path(), other.join("copies").join(file.file_name()))?;
    }
    Ok(())
}

fn copy_file(world: &World, device: &Path, sequence: u64) -> Result<std::path::PathBuf, Failure> {
    let list = world.outbox()?;
    let copies = list["copies"].as_array().ok_or("no list")?;
    let copy = copies.iter().find(|copy| copy["sequence"] == sequence).ok_or("no such copy")?;
    let sha256 = copy["sha256"].as_str().unwrap_or_default();
    Ok(device.join("copies").join(format!("{sha256}.pdf")))
}

fn damage(file: &Path) -> Result<(), Failure> {
    let mut bytes = std::fs::read(file)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(std::fs::write(file, bytes)?)
}

/// The running kiosk takes what lies in its spool.
fn wait_states(world: &World, states: &[&str]) -> Result<(), Failure> {
    for _ in 0..300 {
        let list = world.outbox()?;
        let copies = list["copies"].as_array().ok_or("no list")?;
        if copies.iter().map(|copy| &copy["state"]).eq(states.iter()) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(format!("waited for {states:?}: {}", world.outbox()?).into())
}
