//! Whole site files with several faults at once.

use std::collections::BTreeSet;

use super::*;

/// A folder with a site file and a board file.
fn folder(site: &str, board: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kiosk.toml"), site).expect("written");
    std::fs::write(folder.path().join("board.toml"), board).expect("written");
    folder
}

fn check(site: &str, board: &str) -> Vec<Problem> {
    let folder = folder(site, board);
    problems(&folder.path().join("kiosk.toml"))
}

fn keys(found: &[Problem]) -> BTreeSet<&str> {
    found.iter().map(|problem| problem.key.as_str()).collect()
}

const BOARD: &str =
    "name = \"x\"\n[scanner]\ndriver = \"sim\"\nsheets = []\n[token]\nmodule = \"m\"";

#[test]
fn all_faults_of_form_are_told_at_once_with_their_lines() {
    let site = "board = \"board.toml\"\nstate_dir = 5\ncolour = \"red\"\n[space]\n\
                keep_days = -1\n[reading]\nengine = \"guess\"\n[officers]\nid = \"a\"\n";
    let found = check(site, BOARD);
    let at = |key: &str| {
        let problem = found.iter().find(|problem| problem.key == key);
        problem.unwrap_or_else(|| panic!("{key} is not told: {found:?}"))
    };
    assert_eq!((at("state_dir").line, at("colour").line), (Some(2), Some(3)));
    assert!(at("colour").remedy.contains("state_dir"), "the keys that there are: {found:?}");
    assert_eq!(at("space.keep_days").line, Some(5));
    assert!(at("reading.engine").remedy.contains("own, tesseract"), "{found:?}");
    assert_eq!(at("officers").cause, "the value is of another kind");
    assert_eq!((at("device").line, at("device").cause.as_str()), (None, "it is missing"));
    assert!(found.iter().all(|problem| !problem.remedy.is_empty() && !problem.starts));
}

#[test]
fn faults_of_spelling_are_told_by_line() {
    let found = check("board = \"board.toml\"\nstate_dir = = 1\n[device\nid = 1\n", BOARD);
    let lines: Vec<_> = found.iter().filter_map(|problem| problem.line).collect();
    assert!(lines.contains(&2) && lines.contains(&3), "{found:?}");
}

#[test]
fn the_board_file_is_looked_at_too_and_named() {
    let board = "name = \"x\"\n[scanner]\ndriver = \"sane\"\naddress = \"a:1\"\ndpi = 100\n\
                 [token]\nmodule = \"m\"\n[chip]\ndriver = \"usb\"\n";
    let found = check(super::super::tests::SITE, board);
    let of_board: Vec<_> =
        found.iter().filter(|problem| problem.file.ends_with("board.toml")).collect();
    let keys: BTreeSet<_> = of_board.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, BTreeSet::from(["scanner.device", "chip.driver"]), "{found:?}");
    let low = board.replace("[chip]\ndriver = \"usb\"\n", "").replace("dpi", "device=\"d\"\ndpi");
    let found = check(super::super::tests::SITE, &low);
    assert!(found.iter().any(|problem| problem.key == "scanner.dpi" && problem.line == Some(6)));
}

#[test]
fn values_and_files_are_told_together_and_nothing_once_they_are_right() {
    let site = super::super::tests::SITE
        .replace("127.0.0.1:8080", "0.0.0.0:8080")
        .replace("https://localhost:1", "http://localhost:1")
        .replace("03/2026-SCT/BS", "quyen ba");
    let found = check(&site, BOARD);
    let keys = keys(&found);
    for key in ["screen.listen", "registry.device_url", "book.name"] {
        assert!(keys.contains(key), "{key}: {found:?}");
    }
    for key in ["registry.ca", "registry.receipt_key", "trust.roots", "device.key.pin_file"] {
        assert!(keys.contains(key), "{key}: {found:?}");
    }
}

#[test]
fn a_pin_that_others_can_read_is_told_and_the_kiosk_starts() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(super::super::tests::SITE, BOARD);
    let pin = folder.path().join("seal.pin");
    std::fs::write(&pin, "1").expect("written");
    let told = |mode| {
        std::fs::set_permissions(&pin, std::fs::Permissions::from_mode(mode)).expect("set");
        let found = problems(&folder.path().join("kiosk.toml"));
        found.into_iter().find(|problem| problem.key == "authority.key.pin_file")
    };
    assert!(told(0o644).is_some_and(|problem| problem.starts));
    assert_eq!(told(0o600), None);
}
