//! The device's own key in a TPM 2.0: the kiosk reaches the registry with a key that cannot leave
//! the machine, beside an officer and a seal on tokens of another maker.

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};

#[test]
fn a_kiosk_whose_key_is_in_a_tpm_delivers_its_copies() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let sheet = folder.path().join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    let sim_sheets = Some(vec![sheet]);
    let options = WorldOptions { sim_sheets, tpm: true, ..WorldOptions::default() };
    let world = World::started(&folder.path().join("world"), options)?;

    let mut command = world.kiosk_command(&["keys", "check", "--offline", "--json", "--config"])?;
    let checked = command.arg(world.site_file()).output()?;
    let reports: serde_json::Value = serde_json::from_slice(&checked.stdout)?;
    assert_eq!(checked.status.code(), Some(0), "{reports}");
    assert_eq!(
        (&reports[2]["holder"], &reports[2]["name"]),
        (&"device".into(), &"HN01-K03".into())
    );

    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    world.officer()?.approve("ha", OFFICER_PIN)?;
    citizen.wait_for(&["issued"])?;
    world.wait_delivered()
}
