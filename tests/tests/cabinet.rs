//! A cabinet that was opened signs nothing until a technician has looked at it; a person who leaves
//! takes the visit along.

use std::path::Path;

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// A world whose panel's switches are the words of a file.
fn world(folder: &Path) -> Result<World, Failure> {
    let sheet = folder.join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    std::fs::write(folder.join("switches"), "")?;
    let switches = folder.join("switches");
    let options = WorldOptions {
        sim_sheets: Some(vec![sheet.clone(), sheet]),
        cabinet: format!("[panel]\ndriver = \"sim\"\nfile = {switches:?}\naway_s = 1\n"),
        ..WorldOptions::default()
    };
    World::started(&folder.join("world"), options)
}

/// Clears the cabinet by the technician's command; gives its exit status.
fn clear(world: &World) -> Result<i32, Failure> {
    let mut command = world.kiosk_command(&["cabinet", "clear", "--by", "Trần Kỹ Thuật"])?;
    let output = command.arg("--config").arg(world.site_file()).output()?;
    Ok(output.status.code().unwrap_or(-1))
}

/// What the self-test calls the cabinet's fault.
fn fault(world: &World) -> Result<Value, Failure> {
    let mut command = world.kiosk_command(&["selftest", "cabinet", "--json", "--config"])?;
    let report: Value = serde_json::from_slice(&command.arg(world.site_file()).output()?.stdout)?;
    Ok(report["findings"][0]["id"].clone())
}

fn until(what: &str, mut done: impl FnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    for _ in 0..600 {
        if done()? {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(format!("waited for {what}").into())
}

#[test]
fn a_door_that_was_open_for_a_moment_locks_the_keys_until_a_technician_clears_it()
-> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let switches = folder.path().join("switches");
    let mut world = world(folder.path())?;
    let citizen = world.citizen()?;
    assert_eq!(fault(&world)?, Value::Null);
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;

    std::fs::write(&switches, "door-open")?;
    until("the lock", || Ok(fault(&world)? == "cabinet-opened"))?;
    assert_eq!(clear(&world)?, 2, "it is still open");
    std::fs::write(&switches, "")?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!((status, &answer["id"]), (503, &"cabinet_opened".into()), "{answer}");
    assert_eq!(world.citizen()?.view()?["state"], "deciding", "the case is kept");

    world.kill_kiosk();
    world.start_kiosk()?;
    assert_eq!(fault(&world)?, "cabinet-opened", "a restart lifts no lock");
    world.citizen()?.0.post("/api/visit/start", &serde_json::json!({ "copies": 1 }))?;
    let view = world.citizen()?.wait_for(&["failed"])?;
    assert!(view.to_string().contains("kỹ thuật viên"), "the person is told: {view}");

    assert_eq!(clear(&world)?, 0);
    assert_eq!(fault(&world)?, Value::Null);
    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    assert_eq!(world.officer()?.approve("ha", OFFICER_PIN)?.0, 200);
    citizen.wait_for(&["issued"])?;

    std::fs::remove_file(&switches)?;
    until("a panel that stays away", || Ok(fault(&world)? == "cabinet-opened"))?;
    let journal = world.audit()?;
    assert_eq!(journal["torn_bytes"].as_u64().unwrap_or_default(), 0, "{journal}");
    Ok(())
}

#[test]
fn a_visit_ends_when_its_person_leaves_and_the_lamps_follow() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let switches = folder.path().join("switches");
    let lamps = folder.path().join("switches.lamps");
    let shines = |wanted: &str| {
        until(wanted, || Ok(std::fs::read_to_string(&lamps).is_ok_and(|lit| lit == wanted)))
    };
    let world = world(folder.path())?;
    shines("ready\n")?;
    std::fs::write(&switches, "person")?;
    let citizen = world.citizen()?;
    citizen.start()?;
    shines("strip\n")?;
    std::fs::write(&switches, "")?;
    citizen.wait_for(&["failed", "idle"])?;
    citizen.wait_for(&["idle"])?;
    shines("ready\n")?;

    std::fs::write(&switches, "person")?;
    citizen.start()?;
    std::fs::write(&switches, "person\nstop")?;
    citizen.wait_for(&["idle"])?;
    Ok(())
}
