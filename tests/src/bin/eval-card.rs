//! `make eval-card`: what `kiosk card` reads on drawn cards, as a table.
//!
//! Cards come from `tests/paper`: fictitious people, both issues, the zone in four typefaces, one
//! of which no reader of ours was trained on. Each row is one way in which a card lies on the glass
//! and is worn; each card is asked for by its front and its back as files of their own. What is
//! counted: codes read to the letter, zones read to the letter (90 signs), zones read wrong and
//! said to be right, and how often front and back were found consistent.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use e2e::{Failure, binary, ended, tell, workspace};
use paper::{CardScan, Issue, Side, Specimen, ZoneFace, card_side};
use serde_json::Value;

/// Reads drawn cards.
#[derive(Debug, Parser)]
struct Arguments {
    /// Cards of each row of the table.
    #[arg(long, default_value_t = 8)]
    cards: u64,
    /// The first drawing; another one draws other people.
    #[arg(long, default_value_t = 500)]
    seed: u64,
    /// Only this row.
    #[arg(long)]
    row: Option<String>,
    /// Count what Tesseract and our line reader make of the zone too.
    #[arg(long)]
    readers: bool,
    /// Keep what was not read in this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The table is written here as well.
    #[arg(long)]
    write: Option<PathBuf>,
}

const HEAD: &str = "# Identity cards, measured

Written by `make eval-card`: drawn cards through `kiosk card FRONT BACK --json`. How they are
drawn is said in `tests/paper/src/card.rs`, how they are counted in `tests/src/bin/eval-card.rs`.
The zone is set in OCR-B, DejaVu Sans Mono, Liberation Mono and Nimbus Mono in turn; the reader of
zones was not trained on the last. \"Exact\" is all 90 signs. \"Consistent\" is exit status 0 of
front and back together. No real card was at hand: layout and wear are guesses, and a camera's
perspective is not among them.
";

const COLUMNS: &str =
    "| card | cards | codes exact | zones exact | zones wrong | consistent | s | zones \
by Tesseract | by our line reader |
|---|---|---|---|---|---|---|---|---|";

fn main() -> ExitCode {
    ended(evaluate(&Arguments::parse()))
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn now() -> Instant {
    Instant::now()
}

/// The ways in which cards lie and are worn, by name.
fn rows() -> Vec<(&'static str, CardScan)> {
    let plain = CardScan::default();
    let a4 = [210.0, 297.0];
    let turned = |degrees: f32| CardScan { degrees, page_mm: [104.0, 104.0], ..plain.clone() };
    let with = |dpi: u32| CardScan { dpi, degrees: 1.5, ..plain.clone() };
    vec![
        ("300 dpi", with(300)),
        ("600 dpi", with(600)),
        ("200 dpi", with(200)),
        ("150 dpi", with(150)),
        ("skew 6°", turned(6.0)),
        ("quarter turn", turned(91.0)),
        ("half turn", turned(178.5)),
        ("three quarters", turned(269.0)),
        ("on A4, 300 dpi", CardScan { page_mm: a4, degrees: -4.0, ..plain.clone() }),
        ("on A4, 200 dpi", CardScan { page_mm: a4, dpi: 200, degrees: 88.0, ..plain.clone() }),
        ("on A4, 600 dpi", CardScan { page_mm: a4, dpi: 600, degrees: 2.0, ..plain.clone() }),
        ("dark behind", CardScan { behind: 25, degrees: 3.0, ..plain.clone() }),
        ("dim, grain", CardScan { light: 0.4, noise: 18, ..plain.clone() }),
        ("grain, 200 dpi", CardScan { noise: 40, dpi: 200, ..plain.clone() }),
        ("blurred", CardScan { blur_mm: 0.17, ..plain.clone() }),
        ("glare", CardScan { glare: true, degrees: -2.0, ..plain.clone() }),
    ]
}

#[derive(Debug, Default)]
struct Tally {
    codes: u32,
    zones: u32,
    wrong: u32,
    consistent: u32,
    by_readers: [u32; 2],
    time: Duration,
}

fn evaluate(arguments: &Arguments) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut table = vec![COLUMNS.to_owned()];
    tell(COLUMNS);
    let mut total = Tally::default();
    let rows = rows();
    let rows = rows.iter().filter(|(name, _)| arguments.row.as_deref().is_none_or(|r| r == *name));
    let mut count = 0;
    for (name, scan) in rows {
        let mut tally = Tally::default();
        for i in 0..arguments.cards {
            one(arguments, name, scan, arguments.seed + i, folder.path(), &mut tally)?;
        }
        count += arguments.cards;
        table.push(tally.row(name, arguments.cards, arguments.readers));
        tell(table.last().map_or("", String::as_str));
        total.add(&tally);
    }
    table.push(total.row("all", count, arguments.readers));
    tell(table.last().map_or("", String::as_str));
    if let Some(path) = &arguments.write {
        std::fs::write(path, format!("{HEAD}\n{}\n", table.join("\n")))?;
    }
    Ok(())
}

/// Draws a card and asks for it.
fn one(
    arguments: &Arguments,
    row: &str,
    scan: &CardScan,
    seed: u64,
    folder: &Path,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let faces = [ZoneFace::OcrB, ZoneFace::DejaVu, ZoneFace::Liberation, ZoneFace::Nimbus];
    let face = faces[seed as usize % faces.len()];
    let issue = if seed.is_multiple_of(2) { Issue::Of2021 } else { Issue::Of2024 };
    let specimen = Specimen::new(issue, seed);
    let mut files = Vec::new();
    for (side, name) in [(Side::Front, "front"), (Side::Back, "back")] {
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, card_side(&specimen, side, face, scan, seed)?.to_png()?)?;
        files.push(file);
    }
    let start = now();
    let output = Command::new(binary("kiosk")?).args(["card", "--json"]).args(&files).output()?;
    tally.time += start.elapsed();
    let told: Value = serde_json::from_slice(&output.stdout)?;
    let fields: Vec<&str> = specimen.payload.split('|').collect();
    let code = told["qr"]["number"] == fields[0]
        && told["qr"]["name"] == fields[2]
        && told["qr"]["residence"] == fields[5]
        && told["qr"]["extra"].as_array().map(Vec::len) == Some(fields.len() - 7);
    let lines = told["pages"].as_array().into_iter().flatten().map(|page| &page["mrz"]);
    let zone = lines.clone().any(|zone| zone["lines"] == serde_json::json!(specimen.zone));
    let stands = !told["mrz"].is_null();
    tally.codes += u32::from(code);
    tally.zones += u32::from(zone && stands);
    tally.wrong += u32::from(stands && !zone);
    tally.consistent += u32::from(output.status.success());
    if arguments.readers {
        for (i, engine) in ["tesseract", "own"].into_iter().enumerate() {
            tally.by_readers[i] += u32::from(by_reader(&files[1], engine, &specimen)?);
        }
    }
    if let Some(keep) = arguments.keep.as_ref().filter(|_| !(code && zone && stands)) {
        std::fs::create_dir_all(keep)?;
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            std::fs::copy(file, keep.join(format!("{row}-{seed}-{name}")))?;
        }
        std::fs::write(keep.join(format!("{row}-{seed}.json")), told.to_string())?;
    }
    Ok(())
}

/// Whether a reader of pages reads the zone to the letter.
fn by_reader(file: &Path, engine: &str, specimen: &Specimen) -> Result<bool, Failure> {
    let mut command = Command::new(binary("kiosk")?);
    command.env("OMP_THREAD_LIMIT", "1").args(["read", "--text", "--engine", engine]);
    command.arg("--models").arg(workspace().join("models/reader"));
    command.arg("--runtime").arg(workspace().join("target/litert/libLiteRt.so")).arg(file);
    let text = String::from_utf8(command.output()?.stdout)?;
    // The zone's own dates are compared, so any day after the last birth does.
    let today = time::macros::date!(2026 - 11 - 23);
    let zone = formats_vn::mrz::find(text.lines(), today);
    Ok(zone.is_ok_and(|zone| zone.text() == specimen.zone.concat()))
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.codes += other.codes;
        self.zones += other.zones;
        self.wrong += other.wrong;
        self.consistent += other.consistent;
        self.time += other.time;
        for (own, other) in self.by_readers.iter_mut().zip(other.by_readers) {
            *own += other;
        }
    }

    fn row(&self, name: &str, cards: u64, readers: bool) -> String {
        let [tesseract, own] =
            self.by_readers.map(|n| if readers { n.to_string() } else { "-".into() });
        format!(
            "| {name} | {cards} | {} | {} | {} | {} | {:.1} | {tesseract} | {own} |",
            self.codes,
            self.zones,
            self.wrong,
            self.consistent,
            self.time.as_secs_f64() / cards.max(1) as f64
        )
    }
}
