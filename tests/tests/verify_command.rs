//! `kiosk verify`: the real program on the copy of the first format version, on changed ones, and
//! on arguments that mean nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/copy/tests/data").join(name)
}

/// The kiosk's program, which lies beside the test programs' folder.
fn verify(arguments: &[&str], file: &Path) -> Output {
    let test = std::env::current_exe().expect("this program");
    let folder = test.parent().and_then(Path::parent).expect("the build folder");
    let mut command = Command::new(folder.join("kiosk"));
    command.arg("verify").args(arguments).arg(file);
    command.output().expect("the kiosk runs: cargo build --workspace builds it")
}

fn trusting(arguments: &[&str], file: &Path) -> Output {
    let root = data("root-v1.pem");
    let mut all = vec!["--trust", root.to_str().expect("a text path")];
    all.extend(arguments);
    verify(&all, file)
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON on the standard output")
}

#[test]
fn a_genuine_copy_ends_with_0_and_names_level_signers_and_times_in_both_languages() {
    let output = trusting(&[], &data("copy-v1.pdf"));
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output);
    let expected = [
        "HỢP LỆ",
        "VALID",
        "7R7E-G30S-9R1P-T6XA",
        "09:15:30 22/11/2026",
        "Nguyễn Thị Thử",
        "B-B",
        "Chưa có dấu thời gian",
        "No time-stamp",
    ];
    for words in expected {
        assert!(text.contains(words), "{words} in {text}");
    }
    let json = json(&trusting(&["--json"], &data("copy-v1.pdf")));
    assert_eq!((&json["valid"], &json["level"]), (&true.into(), &"B-B".into()));
    assert_eq!(json["officer"]["name"], "Nguyễn Thị Thử");
    assert_eq!(json["time_stamps"], Value::Array(Vec::new()));
}

#[test]
fn a_refused_copy_ends_with_1_and_its_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("changed.pdf");
    let mut bytes = std::fs::read(data("copy-v1.pdf")).expect("the copy");
    bytes[50_000] ^= 1;
    std::fs::write(&file, bytes).expect("it is written");
    let output = trusting(&[], &file);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains("KHÔNG HỢP LỆ") && text.contains("[changed]"), "{text}");
    let json = json(&trusting(&["--json"], &file));
    assert_eq!((&json["valid"], &json["code"]), (&false.into(), &"changed".into()));
}

#[test]
fn a_copy_is_judged_as_of_the_time_asked_about() {
    let code = |at: &str| {
        let output = trusting(&["--json", "--at", at], &data("copy-v1.pdf"));
        (output.status.code(), json(&output)["code"].clone())
    };
    assert_eq!(code("2027-01-01"), (Some(0), Value::Null));
    assert_eq!(code("2026-11-21"), (Some(1), "not-yet-signed".into()));
    assert_eq!(code("2040-01-01T00:00:00+07:00"), (Some(1), "not-valid-then".into()));
}

#[test]
fn what_cannot_be_checked_ends_with_2_and_says_what_to_do() {
    let copy = data("copy-v1.pdf");
    let misuse = [
        trusting(&[], Path::new("nowhere.pdf")),
        verify(&["--trust", "nowhere.pem"], &copy),
        verify(&["--trust", copy.to_str().expect("a text path")], &copy),
        trusting(&["--at", "yesterday"], &copy),
        trusting(&["--unknown"], &copy),
    ];
    for output in misuse {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    }
}
