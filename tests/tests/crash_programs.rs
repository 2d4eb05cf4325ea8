//! The crash programs keep what docs/reliability.md says of them, and their judge is awake: it says
//! OK of sound stores only. The full numbers come from `make reliability`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const KIOSK: &str = "kiosk-crash";
const REGISTRY: &str = "registry-crash";

fn program(name: &str) -> Command {
    let test = std::env::current_exe().expect("this test's path");
    let folder =
        test.parent().and_then(Path::parent).expect("target/debug above target/debug/deps");
    let path = folder.join(name);
    assert!(path.exists(), "{} is not built: cargo build --workspace", path.display());
    Command::new(path)
}

fn crash(name: &str, dir: &Path, arguments: &[&str]) -> Output {
    let (command, more) = arguments.split_first().expect("run or check");
    let mut program = program(name);
    program.arg(command).args(["--seed", "7", "--dir"]).arg(dir).args(more);
    program.output().expect("the crash program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn first_file(folder: PathBuf) -> PathBuf {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.map(|e| e.expect("an entry").path()).min().expect("a file in it")
}

#[test]
fn each_workload_goes_on_where_it_stopped_and_prints_every_step() {
    goes_on(KIOSK);
    goes_on(REGISTRY);
}

fn goes_on(name: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("store");
    let counts = |from: u64, to: u64| (from..=to).map(|n| format!("{n}\n")).collect::<String>();
    let first = crash(name, &dir, &["run", "--steps", "40"]);
    assert_eq!(String::from_utf8_lossy(&first.stdout), counts(1, 40));
    assert_eq!(said(&crash(name, &dir, &["check", "--acked", "40"])), "OK 40 40");
    let second = crash(name, &dir, &["run", "--steps", "5"]);
    assert_eq!(String::from_utf8_lossy(&second.stdout), counts(41, 45));
    assert_eq!(said(&crash(name, &dir, &["check", "--acked", "45"])), "OK 45 45");
}

#[test]
fn the_judge_of_the_kiosk_says_what_is_missing_changed_or_too_much() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("store");
    crash(KIOSK, &dir, &["run", "--steps", "40"]);
    let judged = |more: &[&str]| {
        let output = crash(KIOSK, &dir, &[&["check"], more].concat());
        let word = said(&output).split(' ').next().unwrap_or_default().to_owned();
        (word, output.status.code())
    };
    let failed = |word: &str| (word.to_owned(), Some(1));
    assert_eq!(judged(&["--acked", "41"]), failed("LOST"));

    let copy = first_file(dir.join("copies"));
    let sound = fs::read(&copy).expect("a copy");
    fs::write(&copy, &sound[1..]).expect("changed");
    assert_eq!(judged(&[]), failed("DAMAGED"));
    fs::remove_file(&copy).expect("removed");
    assert_eq!(judged(&[]), failed("LOST"));
    fs::write(&copy, sound).expect("put back");

    let stranger = dir.join("copies").join(format!("{}.pdf", "0".repeat(64)));
    fs::write(&stranger, "x").expect("written");
    assert_eq!(judged(&[]), failed("EXTRA"));
    fs::remove_file(&stranger).expect("removed");

    let segment = first_file(dir.join("journal"));
    let mut bytes = fs::read(&segment).expect("a segment");
    bytes[700] ^= 1;
    fs::write(&segment, &bytes).expect("changed");
    assert_eq!(judged(&[]), failed("DAMAGED"));
    bytes[700] ^= 1;
    fs::write(&segment, &bytes).expect("put back");

    fs::remove_dir_all(dir.join("index")).expect("the index may go");
    assert_eq!(judged(&["--acked", "40"]), ("OK".to_owned(), Some(0)));
}

#[test]
fn the_judge_of_the_registry_says_what_is_missing_changed_or_too_much() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("registry");
    crash(REGISTRY, &dir, &["run", "--steps", "25"]);
    let judged = |more: &[&str]| {
        let output = crash(REGISTRY, &dir, &[&["check"], more].concat());
        let word = said(&output).split(' ').next().unwrap_or_default().to_owned();
        (word, output.status.code())
    };
    let failed = |word: &str| (word.to_owned(), Some(1));
    assert_eq!(judged(&["--acked", "26"]), failed("LOST"));

    let copy = first_file(first_file(dir.join("copies")));
    let sound = fs::read(&copy).expect("a copy");
    fs::write(&copy, &sound[1..]).expect("changed");
    assert_eq!(judged(&[]), failed("DAMAGED"));
    let elsewhere = copy.with_extension("elsewhere");
    fs::rename(&copy, &elsewhere).expect("renamed");
    assert_eq!(judged(&[]), failed("LOST"));
    fs::write(&copy, sound).expect("put back");
    assert_eq!(judged(&[]), failed("EXTRA"));
    fs::remove_file(&elsewhere).expect("removed");

    let database = rusqlite::Connection::open(dir.join("registry.sqlite")).expect("the database");
    let shorter = "DROP TRIGGER copies_stay; DELETE FROM proofs WHERE log_index = 24;
                   DELETE FROM copies WHERE log_index = 24";
    database.execute_batch(shorter).expect("a row is gone");
    assert_eq!(judged(&[]), failed("DAMAGED"));
}

#[test]
fn kills_lose_nothing_and_flipped_bits_are_noticed() {
    let output = program("reliability").arg("--quick").output().expect("reliability runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{complaint}");
    for row in ["| SIGKILL of the kiosk's store under load | 24 |", "| SIGKILL of the registry's"] {
        assert!(text.contains(row), "{text}");
    }
}

#[test]
fn every_mutation_still_fits_the_sources() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut mutants = program("mutants");
    let output = mutants.arg("--list").arg("--repository").arg(repository).output();
    let output = output.expect("mutants runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
