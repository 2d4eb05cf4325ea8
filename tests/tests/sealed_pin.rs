//! The PINs of seal and device, sealed by a TPM: `systemd-creds` and a real TPM 2.0 in software.
//! The test does what the service manager does, and the kiosk signs with what was unsealed.

use std::path::Path;
use std::process::{Command, Output};

use counterpart::BareTpm;
use e2e::{Failure, OFFICER_PIN, World, WorldOptions};

const PINS: [&str; 2] = ["authority", "device"];

/// Runs `systemd-creds` on one credential with a TPM.
fn creds(
    tpm: &BareTpm,
    verb: &str,
    name: &str,
    files: [&Path; 2],
    more: &[&str],
) -> Result<Output, Failure> {
    let mut command = Command::new("systemd-creds");
    command.arg(verb).arg(format!("--name={name}")).arg(format!("--tpm2-device={}", tpm.tcti()));
    Ok(command.args(more).args(files).output()?)
}

fn seal(tpm: &BareTpm, name: &str, pin: &Path, sealed: &Path) -> Result<(), Failure> {
    let how = ["--with-key=tpm2", "--tpm2-pcrs=7"];
    let done = creds(tpm, "encrypt", name, [pin, sealed], &how)?;
    if done.status.success() { Ok(()) } else { Err(text(&done).into()) }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn pins_sealed_by_a_tpm_open_on_this_machine_alone_and_sign() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let sheet = folder.path().join("sheet.ppm");
    std::fs::write(&sheet, paper::original(1)?.swap_remove(0).to_ppm())?;
    let credentials = folder.path().join("credentials");
    std::fs::create_dir(&credentials)?;
    let options = WorldOptions {
        sim_sheets: Some(vec![sheet]),
        credentials: Some(credentials.clone()),
        ..WorldOptions::default()
    };
    let dir = folder.path().join("world");
    let mut world = World::new(&dir, options)?;

    let tpm = BareTpm::start(&folder.path().join("tpm"), &[1; 32])?;
    let sealed = |key: &str| folder.path().join(format!("{key}-pin.cred"));
    for key in PINS {
        let plain = dir.join(format!("keys/{key}.pin"));
        seal(&tpm, &format!("{key}-pin"), &plain, &sealed(key))?;
        let pin = std::fs::read(&plain)?;
        let bytes = std::fs::read(sealed(key))?;
        assert!(!bytes.windows(pin.len()).any(|window| window == pin), "the PIN is not in there");
        std::fs::remove_file(plain)?;
    }

    world.start_registry()?;
    world.start_kiosk()?;
    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let (status, _) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 503, "nobody unsealed the PIN");
    let trouble = world.officer()?.case()?["trouble"].clone();
    let cause = trouble["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("LoadCredentialEncrypted=authority-pin"), "{trouble}");

    // What the service manager does before it starts the service.
    for key in PINS {
        let name = format!("{key}-pin");
        let opened = creds(&tpm, "decrypt", &name, [&sealed(key), &credentials.join(&name)], &[])?;
        assert!(opened.status.success(), "{}", text(&opened));
    }
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!((status, &answer["issued"]["number"]), (200, &1.into()), "{answer}");
    citizen.wait_for(&["issued"])?;
    world.kill_kiosk();
    world.start_kiosk()?;
    world.wait_delivered()?;

    nobody_else_opens(folder.path(), &tpm, &sealed("authority"))
}

/// Neither another machine with the same start, nor this one once something else was started.
fn nobody_else_opens(folder: &Path, tpm: &BareTpm, sealed: &Path) -> Result<(), Failure> {
    let out = folder.join("stolen");
    let other = BareTpm::start(&folder.join("other"), &[1; 32])?;
    let there = creds(&other, "decrypt", "authority-pin", [sealed, &out], &[])?;
    assert!(!there.status.success() && !out.exists(), "another TPM opened it");
    assert!(text(&there).contains("integrity check failed"), "{}", text(&there));
    tpm.measure(&[2; 32])?;
    let later = creds(tpm, "decrypt", "authority-pin", [sealed, &out], &[])?;
    assert!(!later.status.success() && !out.exists(), "another start opened it");
    Ok(())
}
