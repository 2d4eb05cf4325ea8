//! The keys of a kiosk are watched: by the technician's command, and by the daemon for the officer.

use std::time::Duration;

use e2e::{Failure, World, WorldOptions};
use serde_json::Value;

fn world(folder: &std::path::Path) -> Result<World, Failure> {
    let options =
        WorldOptions { sim_sheets: Some(vec![]), trust_services: true, ..WorldOptions::default() };
    World::new(&folder.join("world"), options)
}

/// Exit status and reports of `kiosk keys check`.
fn check(world: &World, extra: &[&str]) -> Result<(Option<i32>, Value), Failure> {
    let arguments = [&["keys", "check", "--json", "--config"], extra].concat();
    let mut command = world.kiosk_command(&arguments[..4])?;
    command.arg(world.site_file()).args(extra);
    let output = command.output()?;
    let reports = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((output.status.code(), reports))
}

#[test]
fn keys_in_order_are_told_from_a_missing_and_a_revoked_one() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut world = world(folder.path())?;
    let (status, reports) = check(&world, &[])?;
    assert_eq!(status, Some(0), "{reports}");
    assert_eq!(reports.as_array().map(Vec::len), Some(3), "officer, authority, device");
    assert_eq!(
        (&reports[0]["name"], &reports[0]["revocation_known"]),
        (&"Nguyễn Thị Hà".into(), &true.into())
    );
    let (_, offline) = check(&world, &["--offline"])?;
    assert_eq!(offline[0]["revocation_known"], false);

    world.tokens().unplug("officer")?;
    let authority = world.tokens().certificate("authority").ok_or("a seal")?.der.clone();
    let before = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(365 * 50);
    world.trust_services()?.enter(&authority, Some(before))?;
    let (status, reports) = check(&world, &[])?;
    assert_eq!(status, Some(3), "{reports}");
    assert_eq!(reports[0]["problem"]["kind"], "missing");
    assert_eq!(reports[1]["problem"]["kind"], "revoked");

    world.start_kiosk()?;
    // Nobody can sign in without a token; what is wrong with the keys is told before that.
    let officer = world.visitor()?;
    for _ in 0..100 {
        let told = officer.0.get("/api/officer/me")?["keys"].clone();
        if told != Value::Array(vec![]) {
            let words = told[0]["vi"].as_str().unwrap_or_default();
            assert!(words.contains("đã bị thu hồi"), "{told}");
            assert_eq!(told.as_array().map(Vec::len), Some(1), "an officer takes the token home");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Err("the officer is not told of the revoked seal".into())
}

#[test]
fn a_demonstrations_keys_are_their_owners_and_nothing_is_written_over() -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("demo");
    let make = || -> Result<Option<i32>, Failure> {
        let mut command = std::process::Command::new(e2e::binary("kiosk")?);
        let done = command.args(["ca", "demo", "--out"]).arg(&out).output()?;
        Ok(done.status.code())
    };
    assert_eq!(make()?, Some(0));
    for role in ["root", "issuing", "officer", "authority", "device", "registry", "responder"] {
        let mode = std::fs::metadata(out.join(format!("{role}.key")))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{role}");
    }
    let before = std::fs::read(out.join("root.pem"))?;
    assert_eq!(make()?, Some(1), "the folder exists");
    assert_eq!(std::fs::read(out.join("root.pem"))?, before);
    Ok(())
}
