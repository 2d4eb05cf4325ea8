//! `kiosk face`: comparison, templates and challenges on files, and what it does with bad ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{Failure, binary, workspace};
use serde_json::Value;

fn face(args: &[&str], files: &[&Path]) -> Result<Output, Failure> {
    let mut command = Command::new(binary("kiosk")?);
    command.arg("face").args(args).args(files);
    command.arg("--models").arg(workspace().join("target/models"));
    command.arg("--runtime").arg(workspace().join("target/litert/libLiteRt.so"));
    Ok(command.output()?)
}

/// A public-domain portrait that `make setup` installs.
fn portrait() -> PathBuf {
    workspace().join("target/faces/astronaut.png")
}

fn json(output: &Output) -> Result<Value, Failure> {
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Grey without anything on it.
fn empty(folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join("empty.pgm");
    std::fs::write(&path, [b"P5 64 64 255\n".as_slice(), &[128; 64 * 64]].concat())?;
    Ok(path)
}

#[test]
fn one_person_matches_and_no_face_does_not() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let (portrait, empty) = (portrait(), empty(folder.path())?);
    let same = face(&["compare", "--json"], &[&portrait, &portrait, &portrait, &portrait])?;
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let said = json(&same)?;
    assert_eq!(said["decision"], "match");
    assert_eq!(said["threshold"]["frames"], 3);
    assert_eq!(said["portrait"]["quality"]["faces"], 1);
    assert_eq!(said["models"][2]["name"], "face-embedder");
    let none = face(&["compare", "--json"], &[&portrait, &empty])?;
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    assert_eq!(json(&none)?["decision"], "no-face");
    Ok(())
}

#[test]
fn files_that_are_no_images_are_misuse_and_named() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let portrait = portrait();
    let whole = std::fs::read(&portrait)?;
    let bad: [(&str, &[u8], &str); 4] = [
        ("zero.jpg", b"", "empty"),
        ("cut.png", &whole[..whole.len() / 3], "decode"),
        ("text.jpg", b"not an image at all", "decode"),
        ("huge.pgm", b"P5 90000 90000 255\n", "90000 x 90000"),
    ];
    for (name, bytes, told) in bad {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        let said = face(&["compare"], &[&portrait, &path])?;
        assert_eq!(said.status.code(), Some(2), "{name}: {said:?}");
        let words = String::from_utf8(said.stderr)?;
        assert!(words.contains(told) && words.contains(name), "{name}: {words}");
    }
    let missing = face(&["compare"], &[&portrait, &folder.path().join("none.png")])?;
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(face(&["compare"], &[&portrait])?.status.code(), Some(2));
    let rate = face(&["compare", "--fmr", "1e-7"], &[&portrait, &portrait])?;
    assert_eq!(rate.status.code(), Some(2), "{rate:?}");
    Ok(())
}

#[test]
fn templates_of_a_list_are_written_in_its_order() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let (portrait, empty) = (portrait(), empty(folder.path())?);
    let list = folder.path().join("list.txt");
    let lines = format!("{}\n{}\nnone.jpg\n", empty.display(), portrait.display());
    std::fs::write(&list, lines)?;
    let out = folder.path().join("out.npy");
    let said = face(&["embed", "--out", &out.display().to_string()], &[&list])?;
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    let array = std::fs::read(&out)?;
    assert!(array.starts_with(b"\x93NUMPY"));
    let numbers: Vec<f32> = array[array.len() - 3 * 128 * 4..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    assert!(numbers[..128].iter().all(|n| n.is_nan()));
    assert!(numbers[128..256].iter().all(|n| n.is_finite()));
    assert!(numbers[256..].iter().all(|n| n.is_nan()));
    let table = std::fs::read_to_string(folder.path().join("out.npy.tsv"))?;
    let found: Vec<&str> = table.lines().skip(1).filter_map(|l| l.split('\t').nth(1)).collect();
    assert_eq!(found, ["0", "1", "0"]);
    assert!(table.lines().all(|line| line.split('\t').count() == 15), "{table}");
    Ok(())
}

#[test]
fn a_picture_that_stands_still_is_not_alive() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    for i in 0..12 {
        std::fs::copy(portrait(), folder.path().join(format!("{i:03}.png")))?;
    }
    let without = face(&["live", "--json"], &[folder.path()])?;
    assert_eq!(without.status.code(), Some(1), "{without:?}");
    assert_eq!(json(&without)?["reasons"][0], "no-challenge");
    let challenge = folder.path().join("challenge.json");
    let steps = r#"{ "frame_ms": 80, "steps": [{ "action": "turn-left", "within_ms": 500 }] }"#;
    std::fs::write(&challenge, steps)?;
    let still = face(&["live", "--json"], &[folder.path()])?;
    assert_eq!(still.status.code(), Some(1), "{still:?}");
    let said = json(&still)?;
    let reasons: Vec<&str> =
        said["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(reasons, ["not-done", "stuck"]);
    assert_eq!(said["faces"], 12);
    for wrong in ["{", r#"{ "steps": [{ "action": "smile" }] }"#, r#"{ "frame_ms": -1 }"#] {
        std::fs::write(&challenge, wrong)?;
        assert_eq!(face(&["live"], &[folder.path()])?.status.code(), Some(2), "{wrong}");
    }
    let nothing = tempfile::tempdir()?;
    assert_eq!(face(&["live"], &[nothing.path()])?.status.code(), Some(2));
    Ok(())
}
