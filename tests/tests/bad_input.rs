//! Bad input and broken devices, each through the whole product: the citizen reads a clear
//! sentence, the technician cause and remedy, nothing is lost and nothing is half-signed.

use e2e::{Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use paper::{Document, Look};
use serde_json::Value;

/// A world with everything running, and a citizen who has started a visit.
fn started(options: WorldOptions) -> Result<(tempfile::TempDir, World, Citizen), Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::started(&folder.path().join("world"), options)?;
    let citizen = world.citizen()?;
    citizen.start()?;
    Ok((folder, world, citizen))
}

fn sheet(look: &Look) -> Result<Vec<u8>, Failure> {
    Ok(paper::draw(Document::Decision, look, 3)?.swap_remove(0).to_ppm())
}

/// Scans a good page and goes on to the officer.
fn to_the_officer(world: &World, citizen: &Citizen) -> Result<(), Failure> {
    world.saned()?.lay(&sheet(&Look::default())?)?;
    citizen.scan_page()?;
    citizen.hand_in()
}

/// The notice that the citizen sees, in English; Vietnamese must be there too.
fn notice(view: &Value) -> String {
    assert!(view["notice"]["vi"].as_str().is_some_and(|vi| !vi.is_empty()), "{view}");
    view["notice"]["en"].as_str().unwrap_or_default().to_owned()
}

/// What the technician reads: cause and remedy, both said.
fn cause_and_remedy(world: &World) -> Result<(String, String), Failure> {
    let case = world.officer()?.case()?;
    let text = |key: &str| case["trouble"][key].as_str().unwrap_or_default().to_owned();
    let (cause, remedy) = (text("cause"), text("remedy"));
    assert!(!cause.is_empty() && !remedy.is_empty(), "{}", case["trouble"]);
    Ok((cause, remedy))
}

#[test]
fn an_empty_page_is_given_back_with_a_sentence() -> Result<(), Failure> {
    let (_folder, world, citizen) = started(WorldOptions::default())?;
    let white = paper::draw(Document::Blank, &Look::default(), 3)?.swap_remove(0);
    world.saned()?.lay(&white.to_ppm())?;
    citizen.touch("scan")?;
    let view = citizen.wait("a notice", |view| !view["notice"].is_null())?;
    assert!(notice(&view).contains("blank"), "{view}");
    cause_and_remedy(&world)?;
    to_the_officer(&world, &citizen)
}

#[test]
fn a_page_upside_down_is_turned_and_said() -> Result<(), Failure> {
    let (_folder, world, citizen) = started(WorldOptions::default())?;
    let look = Look { half_turned: true, ..Look::default() };
    world.saned()?.lay(&sheet(&look)?)?;
    citizen.touch("scan")?;
    let view = citizen.wait("a notice", |view| !view["notice"].is_null())?;
    assert!(notice(&view).contains("upside down"), "{view}");
    citizen.hand_in()?;
    let case = world.officer()?.case()?;
    assert_eq!(case["kind"]["id"], "decision", "the turned page is read the right way up");
    Ok(())
}

#[test]
fn a_one_pixel_image_is_not_a_page() -> Result<(), Failure> {
    let (_folder, world, citizen) = started(WorldOptions::default())?;
    world.saned()?.lay(b"P6\n1 1\n255\n\x00\x00\x00")?;
    citizen.touch("scan")?;
    let view = citizen.wait("a notice", |view| !view["notice"].is_null())?;
    assert!(notice(&view).contains("page"), "{view}");
    let (cause, _) = cause_and_remedy(&world)?;
    assert!(cause.contains("1 pixels"), "the technician is told the size: {cause}");
    to_the_officer(&world, &citizen)
}

#[test]
fn a_truncated_image_is_refused_and_the_page_can_be_laid_again() -> Result<(), Failure> {
    let (_folder, world, citizen) = started(WorldOptions::default())?;
    let whole = sheet(&Look::default())?;
    world.saned()?.lay(&whole[..whole.len() / 2])?;
    citizen.touch("scan")?;
    let view = citizen.wait("a notice", |view| !view["notice"].is_null())?;
    assert_eq!(view["pages"], 0, "half a page is no page: {view}");
    notice(&view);
    cause_and_remedy(&world)?;
    to_the_officer(&world, &citizen)
}

#[test]
fn a_jam_on_page_two_keeps_page_one() -> Result<(), Failure> {
    let (_folder, world, citizen) = started(WorldOptions::default())?;
    world.saned()?.lay(&sheet(&Look::default())?)?;
    world.gate()?.fail_start_after(1, 6);
    citizen.scan_page()?;
    citizen.touch("scan")?;
    let view = citizen.wait("a notice", |view| !view["notice"].is_null())?;
    assert!(notice(&view).contains("jammed"), "{view}");
    assert_eq!(view["pages"], 1, "page one is kept");
    let (cause, remedy) = cause_and_remedy(&world)?;
    assert!(cause.contains("Jammed") && remedy.contains("jammed sheet"), "{cause} / {remedy}");
    let view = citizen.scan_page()?;
    assert_eq!(view["pages"], 2, "after the jam the scanner works on");
    Ok(())
}

#[test]
fn three_wrong_pins_lock_the_officer_also_after_a_restart() -> Result<(), Failure> {
    let (_folder, mut world, citizen) = started(WorldOptions::default())?;
    to_the_officer(&world, &citizen)?;
    let officer = world.officer()?;
    for (attempt, expected) in [(1, 401), (2, 401), (3, 403)] {
        let (status, answer) = officer.approve("ha", "000000")?;
        assert_eq!(status, expected, "attempt {attempt}: {answer}");
        assert!(answer["say"]["vi"].as_str().is_some_and(|vi| vi.contains("PIN")), "{answer}");
    }
    let (status, _) = officer.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 403, "even the right PIN is refused now");
    assert_eq!(citizen.view()?["state"], "deciding", "the case is kept");
    let before = world.audit()?;
    assert_eq!(before["issued"], 0);

    world.kill_kiosk();
    world.start_kiosk()?;
    let citizen = world.citizen()?;
    citizen.start()?;
    to_the_officer(&world, &citizen)?;
    let (status, answer) = world.visitor()?.sign_in("ha", OFFICER_PIN)?;
    assert_eq!(status, 403, "a restart does not forget: {answer}");
    Ok(())
}

#[test]
fn an_unplugged_token_loses_nothing_and_half_signs_nothing() -> Result<(), Failure> {
    let (_folder, world, citizen) = started(WorldOptions::default())?;
    to_the_officer(&world, &citizen)?;
    let officer = world.officer()?;
    for token in ["officer", "authority"] {
        world.tokens().unplug(token)?;
        let (status, answer) = officer.approve("ha", OFFICER_PIN)?;
        assert_eq!(status, 503, "{token}: {answer}");
        assert_eq!(answer["id"], "token_missing", "{token}: {answer}");
        cause_and_remedy(&world)?;
        assert_eq!(world.audit()?["issued"], 0, "{token}");
        assert!(no_copies(&world)?, "{token}: nothing half-signed is left");
        world.tokens().plug(token)?;
    }
    let (status, answer) = officer.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer} {}", world.officer()?.case()?["trouble"]);
    assert_eq!(answer["issued"]["number"], 1, "the number given back is used: no gap");
    Ok(())
}

#[test]
fn a_full_disk_refuses_the_copy_and_takes_it_once_there_is_room() -> Result<(), Failure> {
    let options = WorldOptions { disk_mib: Some(24), ..WorldOptions::default() };
    let (_folder, world, citizen) = started(options)?;
    to_the_officer(&world, &citizen)?;
    let filler = world.state_dir().join("filler");
    fill(&filler)?;
    let officer = world.officer()?;
    let (status, answer) = officer.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 503, "{answer}");
    assert_eq!(answer["id"], "disk_full", "{answer}");
    let (cause, remedy) = cause_and_remedy(&world)?;
    assert!(cause.contains("space") && remedy.contains("space"), "{cause} / {remedy}");
    std::fs::remove_file(&filler)?;
    assert!(no_copies(&world)?, "nothing half-written is left");

    let (status, answer) = officer.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["issued"]["number"], 1, "no number was lost");
    world.wait_delivered()?;
    let audit = world.audit()?;
    assert_eq!((&audit["issued"], &audit["delivered"]), (&Value::from(1), &Value::from(1)));
    Ok(())
}

#[test]
fn without_room_no_visit_is_begun_and_the_next_one_is_once_there_is_room() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let options = WorldOptions { disk_mib: Some(24), ..WorldOptions::default() };
    let world = World::started(&folder.path().join("world"), options)?;
    let filler = world.state_dir().join("filler");
    fill(&filler)?;
    let citizen = world.citizen()?;
    citizen.touch("start")?;
    let view = citizen.wait_for(&["failed"])?;
    assert!(view.to_string().contains("máy khác"), "the person is shown another way: {view}");
    let (cause, remedy) = cause_and_remedy(&world)?;
    assert!(cause.contains("free") && remedy.contains("space"), "{cause} / {remedy}");
    std::fs::remove_file(&filler)?;
    citizen.start()?;
    to_the_officer(&world, &citizen)
}

/// Fills the disk down to a few pages, so that journal records still fit and a copy does not.
fn fill(file: &std::path::Path) -> Result<(), Failure> {
    use std::io::Write;
    let mut filler = std::fs::File::create(file)?;
    let mut bytes: usize = 0;
    while filler.write_all(&[0x55; 4096]).is_ok() {
        bytes += 4096;
    }
    filler.set_len((bytes.saturating_sub(128 * 1024)) as u64)?;
    Ok(())
}

fn no_copies(world: &World) -> Result<bool, Failure> {
    let copies = world.state_dir().join("copies");
    Ok(!copies.exists() || std::fs::read_dir(copies)?.next().is_none())
}
