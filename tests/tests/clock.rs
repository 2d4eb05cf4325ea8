//! A clock in doubt signs nothing before an officer has looked at it.

use std::path::{Path, PathBuf};

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};

fn sheet(folder: &Path) -> Result<PathBuf, Failure> {
    let sheet = folder.join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    Ok(sheet)
}

#[test]
fn a_clock_that_nothing_has_set_is_confirmed_by_the_officer_once_a_start() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let sheet = sheet(folder.path())?;
    let sim_sheets = Some(vec![sheet.clone(), sheet]);
    let options = WorldOptions { sim_sheets, clock: "unset", ..WorldOptions::default() };
    let mut world = World::started(&folder.path().join("world"), options)?;
    let approve = |world: &World, confirms: bool| -> Result<_, Failure> {
        let officer = world.officer()?;
        assert_eq!(officer.case()?["clock"]["doubtful"], true);
        if confirms {
            officer.approve_at_this_time("ha", OFFICER_PIN)
        } else {
            officer.approve("ha", OFFICER_PIN)
        }
    };
    let hand_in = |world: &World| -> Result<(), Failure> {
        let citizen = world.citizen()?;
        citizen.start()?;
        citizen.scan_page()?;
        citizen.hand_in()
    };
    hand_in(&world)?;
    let (status, answer) = approve(&world, false)?;
    assert_eq!((status, &answer["id"]), (409, &"clock_unset".into()), "{answer}");
    assert_eq!(world.citizen()?.view()?["state"], "deciding", "the case is kept");
    assert_eq!(approve(&world, true)?.0, 200);
    world.citizen()?.wait_for(&["issued"])?;

    hand_in(&world)?;
    assert_eq!(world.officer()?.case()?["clock"]["doubtful"], false, "confirmed in this run");
    assert_eq!(world.officer()?.approve("ha", OFFICER_PIN)?.0, 200);
    world.citizen()?.wait_for(&["issued"])?;

    world.kill_kiosk();
    world.start_kiosk()?;
    hand_in(&world)?;
    assert_eq!(approve(&world, false)?.0, 409, "the machine may have been without power");
    Ok(())
}
