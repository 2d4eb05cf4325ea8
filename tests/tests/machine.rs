//! The machine under the kiosk: the UPS that feeds it, and the service manager that watches it.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use counterpart::{UPS, VirtualUps};
use e2e::{Failure, OFFICER_PIN, World, WorldOptions};

/// A world behind this UPS. Its visits have no grace, so that the test need not wait for it.
fn world(folder: &Path, ups: &VirtualUps) -> Result<World, Failure> {
    let sheet = folder.join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    let address = ups.address();
    let section = "[power]\ndriver = \"nut\"";
    let options = WorldOptions {
        sim_sheets: Some(vec![sheet.clone(), sheet]),
        cabinet: format!("{section}\nups = {UPS:?}\naddress = {address:?}\n"),
        ..WorldOptions::default()
    };
    let mut world = World::new(&folder.join("world"), options)?;
    let mut site = std::fs::read_to_string(world.site_file())?;
    site.push_str("\n[power]\ngrace_s = 0\noff_file = \"power-off\"\n");
    std::fs::write(world.site_file(), site)?;
    world.start_registry()?;
    world.start_kiosk()?;
    Ok(world)
}

fn until(what: &str, mut done: impl FnMut() -> bool) -> Result<(), Failure> {
    for _ in 0..1200 {
        if done() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(format!("waited for {what}").into())
}

#[test]
fn a_battery_that_ends_ends_the_visit_keeps_the_copy_and_switches_off() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let ups = VirtualUps::start()?;
    let world = world(folder.path(), &ups)?;
    let off = world.dir().join("power-off");
    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    assert_eq!(world.officer()?.approve("ha", OFFICER_PIN)?.0, 200);
    citizen.wait_for(&["issued"])?;
    citizen.touch("end")?;
    assert!(!off.exists(), "the mains are there");

    citizen.start()?;
    citizen.scan_page()?;
    ups.set("ups.status", "OB LB")?;
    let view = citizen.wait_for(&["failed"])?;
    assert!(view.to_string().contains("sắp hết điện"), "the person is told: {view}");
    until("the word to switch off", || off.exists())?;

    citizen.0.post("/api/visit/start", &serde_json::json!({ "copies": 1 }))?;
    let view = citizen.wait("a refusal", |view| {
        view["state"] == "failed" && view.to_string().contains("sắp hết điện")
    })?;
    assert!(view["pages"].as_array().is_none_or(Vec::is_empty), "{view}");
    let mut command = world.kiosk_command(&["selftest", "power", "--json", "--config"])?;
    let report = String::from_utf8(command.arg(world.site_file()).output()?.stdout)?;
    assert!(report.contains("battery-ends"), "{report}");

    ups.set("ups.status", "OL CHRG")?;
    until("the word to be taken back", || !off.exists())?;
    citizen.start()?;
    citizen.scan_page()?;
    let copies = world.outbox()?["copies"].as_array().map_or(0, Vec::len);
    assert_eq!(copies, 1, "what was certified is kept");
    Ok(())
}

#[test]
fn the_service_manager_hears_that_the_kiosk_is_ready_and_lives() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let sheet = folder.path().join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    let address = folder.path().join("notify");
    let manager = UnixDatagram::bind(&address)?;
    manager.set_read_timeout(Some(Duration::from_secs(60)))?;
    let options = WorldOptions {
        sim_sheets: Some(vec![sheet]),
        environment: vec![("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "500000".into())],
        ..WorldOptions::default()
    };
    let world = World::started(&folder.path().join("world"), options)?;
    let mut said = [0; 256];
    let mut hear = || -> Result<String, Failure> {
        let length = manager.recv(&mut said)?;
        Ok(String::from_utf8_lossy(&said[..length]).into_owned())
    };
    assert_eq!(hear()?, "READY=1");
    assert_eq!(hear()?, "WATCHDOG=1\nSTATUS=visit: idle");
    world.citizen()?.start()?;
    for _ in 0..100 {
        if hear()? == "WATCHDOG=1\nSTATUS=visit: collecting" {
            return Ok(());
        }
    }
    Err("the status does not follow the visit".into())
}
