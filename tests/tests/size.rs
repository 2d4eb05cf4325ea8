//! What a copy of office pages weighs, made by the real kiosk.

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};

/// Two pages in colour at 300 dpi, with everything that a copy holds.
const TWO_PAGES_BYTES_MAX: usize = 700_000;

#[test]
fn a_copy_of_two_office_pages_weighs_at_most_700_kilobytes() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut sheets = Vec::new();
    for (number, page) in paper::original(5)?.iter().enumerate() {
        let path = folder.path().join(format!("{number}.ppm"));
        std::fs::write(&path, page.to_ppm())?;
        sheets.push(path);
    }
    assert_eq!(sheets.len(), 2);
    let options = WorldOptions { sim_sheets: Some(sheets), ..WorldOptions::default() };
    let world = World::started(&folder.path().join("world"), options)?;
    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    let sha256 = answer["issued"]["sha256"].as_str().ok_or("no digest")?;
    let copy = std::fs::read(world.state_dir().join(format!("copies/{sha256}.pdf")))?;
    assert!(copy.len() <= TWO_PAGES_BYTES_MAX, "{} bytes", copy.len());
    Ok(())
}
