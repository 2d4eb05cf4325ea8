//! The registry is down: the copy waits, is listed, and goes up by itself once the registry is
//! back.

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};

#[test]
fn a_copy_waits_for_the_registry_and_goes_up_by_itself() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    world.stop_registry();
    let citizen = world.citizen()?;
    citizen.start()?;
    world.saned()?.lay(&paper::original(2)?.swap_remove(0).to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "the copy is issued without a link: {answer}");

    let listed = world.outbox()?;
    assert_eq!(listed["copies"][0]["state"], "waiting", "{listed}");
    assert_eq!(listed["copies"][0]["code"], answer["issued"]["code"]);
    let table =
        world.kiosk_command(&["outbox", "list", "--state"])?.arg(world.state_dir()).output()?;
    let table = String::from_utf8(table.stdout)?;
    assert!(table.contains("waiting") && table.contains("1 waiting for the registry"), "{table}");

    world.start_registry()?;
    world.wait_delivered()?;
    let code = answer["issued"]["code"].as_str().unwrap_or_default();
    let held: serde_json::Value = ureq::get(&format!("{}/api/copies/{code}", world.public_url()))
        .call()?
        .body_mut()
        .read_json()?;
    assert_eq!(held["sha256"], answer["issued"]["sha256"], "the registry has those very bytes");
    Ok(())
}
