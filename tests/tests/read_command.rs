//! `kiosk read`: text and JSON of image files, by either engine, and what it does with bad ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{Failure, binary, workspace};
use serde_json::Value;

fn read(args: &[&str], files: &[PathBuf]) -> Result<Output, Failure> {
    let mut command = Command::new(binary("kiosk")?);
    command.env("OMP_THREAD_LIMIT", "1").arg("read").args(args);
    command.arg("--models").arg(workspace().join("models/reader"));
    command.arg("--runtime").arg(workspace().join("target/litert/libLiteRt.so"));
    Ok(command.args(files).output()?)
}

fn pages(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for (i, sheet) in paper::original(4)?.iter().enumerate() {
        files.push(folder.join(format!("{i}.png")));
        std::fs::write(&files[i], sheet.to_png()?)?;
    }
    Ok(files)
}

#[test]
fn both_engines_tell_text_kind_fields_and_findings() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let files = pages(folder.path())?;
    for engine in ["own", "tesseract"] {
        let said = read(&["--json", "--engine", engine], &files)?;
        assert!(said.status.success(), "{said:?}");
        let said: Value = serde_json::from_slice(&said.stdout)?;
        assert_eq!(said["kind"]["id"], "decision", "{engine}");
        assert_eq!(said["pages"].as_array().map(Vec::len), Some(2));
        let word = &said["pages"][0]["lines"][0]["words"][0];
        assert!(word["confidence"].as_f64() > Some(0.5) && word["quad"].is_array(), "{word}");
        assert!(said["fields"].as_array().is_some_and(|fields| fields.len() > 2), "{engine}");
        assert!(said["findings"].as_array().is_some_and(|found| !found.is_empty()), "{engine}");
        let text = read(&["--text", "--engine", engine], &files[..1])?;
        let text = String::from_utf8(text.stdout)?;
        assert!(text.lines().any(|line| line.contains("QUYẾT ĐỊNH")), "{engine}: {text}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_read_is_said_and_the_other_pages_are_read() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut files = pages(folder.path())?;
    let broken = folder.path().join("broken.png");
    std::fs::write(&broken, &std::fs::read(&files[0])?[..5000])?;
    files.insert(0, broken);
    let said = read(&["--json", "--engine", "own"], &files)?;
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8(said.stderr)?.contains("take a page from its file"));
    let pages: Value = serde_json::from_slice(&said.stdout)?;
    assert_eq!(pages["pages"].as_array().map(Vec::len), Some(2));
    let missing = read(&["--engine", "own"], &[folder.path().join("none.png")])?;
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
    Ok(())
}
