//! `make eval-ocr`: what our reader and Tesseract make of the same drawn pages, as a table.
//!
//! Pages come from `tests/paper`, which shares neither texts nor wear with the generator that our
//! reader was trained with; its typefaces, Liberation and DejaVu, are among those trained on. Every
//! engine is asked as its users ask it: `kiosk read` and `tesseract`, each given the image file.
//! Words count for the printed line on which they stand, whatever the order in which an engine
//! tells them; words that stand on none are spurious.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use e2e::{Failure, binary, workspace};
use formats_vn::fold::distance;
use paper::{Document, Look, Sheet};
use serde_json::Value;

/// Compares readers on drawn pages.
#[derive(Debug, Parser)]
struct Arguments {
    /// Drawings of each document in each look.
    #[arg(long, default_value_t = 2)]
    draws: u64,
    /// The first drawing; another one draws other texts and other wear.
    #[arg(long, default_value_t = 100)]
    seed: u64,
    /// Folder with our models.
    #[arg(long)]
    models: Option<PathBuf>,
    /// The table is written here as well.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// A word as an engine tells it.
struct Found {
    text: String,
    middle: [f32; 2],
}

/// Errors over many pages.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    letters: usize,
    letter_errors: usize,
    words: usize,
    word_errors: usize,
    spurious: usize,
}

const ENGINES: [&str; 3] = ["own", "tesseract, our clean-up", "tesseract -l vie"];
const DOCUMENTS: [Document; 5] = [
    Document::Decision,
    Document::Birth,
    Document::Diploma,
    Document::PrivateContract,
    Document::CertifiedCopy,
];

#[expect(clippy::print_stdout, reason = "it reports to the person who runs it")]
fn tell(line: impl std::fmt::Display) {
    println!("{line}");
}

fn main() -> ExitCode {
    match evaluate(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("FAILED: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The ways in which a page is worn, by name.
fn looks() -> Vec<(&'static str, Look)> {
    let office = Look::default();
    vec![
        ("clean", Look { noise: 0, shadow: 0.0, ..office.clone() }),
        ("office", Look { skew_degrees: 0.6, noise: 8, ..office.clone() }),
        ("crooked", Look { skew_degrees: -2.3, noise: 12, shadow: 0.1, ..office.clone() }),
        ("grey copy", Look { grey: true, noise: 24, shadow: 0.35, ..office }),
    ]
}

fn evaluate(arguments: &Arguments) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("page.png");
    let mut table = vec![
        "| pages | engine | letters | CER % | WER % | spurious % |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for (name, look) in looks() {
        let mut tallies = [Tally::default(); ENGINES.len()];
        for document in DOCUMENTS {
            for draw in 0..arguments.draws {
                for sheet in paper::draw(document, &look, arguments.seed + draw)? {
                    std::fs::write(&file, sheet.to_png()?)?;
                    let found = [
                        by_kiosk(&file, "own", arguments)?,
                        by_kiosk(&file, "tesseract", arguments)?,
                        by_tesseract(&file)?,
                    ];
                    for (tally, words) in tallies.iter_mut().zip(found) {
                        tally.add(&sheet, words);
                    }
                }
            }
        }
        for (engine, tally) in ENGINES.iter().zip(&tallies) {
            table.push(format!("| {name} | {engine} | {} |{tally}", tally.letters));
            tell(table.last().map_or("", String::as_str));
        }
    }
    if let Some(path) = &arguments.write {
        std::fs::write(path, table.join("\n") + "\n")?;
    }
    Ok(())
}

fn by_kiosk(file: &Path, engine: &str, arguments: &Arguments) -> Result<Vec<Found>, Failure> {
    let models = arguments.models.clone().unwrap_or_else(|| workspace().join("models/reader"));
    let mut command = Command::new(binary("kiosk")?);
    command.env("OMP_THREAD_LIMIT", "1").args(["read", "--json", "--dpi", "300", "--engine"]);
    command.arg(engine).arg("--models").arg(models);
    command.arg("--runtime").arg(workspace().join("target/litert/libLiteRt.so")).arg(file);
    let answer: Value = serde_json::from_slice(&output(&mut command)?)?;
    let page = &answer["pages"][0];
    let lines = page["lines"].as_array().ok_or("no lines")?;
    let words = lines.iter().filter_map(|line| line["words"].as_array()).flatten();
    let middle = |quad: &Value, axis: usize| {
        let corners = quad.as_array().map_or(&[][..], Vec::as_slice);
        corners.iter().filter_map(|corner| corner[axis].as_f64()).sum::<f64>() as f32 / 4.0
    };
    Ok(words
        .map(|word| Found {
            text: word["text"].as_str().unwrap_or_default().to_owned(),
            middle: [middle(&word["quad"], 0), middle(&word["quad"], 1)],
        })
        .collect())
}

fn by_tesseract(file: &Path) -> Result<Vec<Found>, Failure> {
    let mut command = Command::new("tesseract");
    command.env("OMP_THREAD_LIMIT", "1").arg(file).args(["-", "-l", "vie", "tsv"]);
    let table = String::from_utf8(output(&mut command)?)?;
    // Level 5 is a word: left, top, width, height are columns 6 to 9, its text is column 11.
    let word = |row: &str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let number = |i: usize| cells.get(i)?.parse::<f32>().ok();
        let (x, y, w, h) = (number(6)?, number(7)?, number(8)?, number(9)?);
        let text = cells.get(11)?.trim().to_owned();
        let word = number(0)? == 5.0 && !text.is_empty();
        word.then_some(Found { text, middle: [x + w / 2.0, y + h / 2.0] })
    };
    Ok(table.lines().filter_map(word).collect())
}

fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

impl Tally {
    fn add(&mut self, sheet: &Sheet, mut found: Vec<Found>) {
        let last = sheet.words.iter().map(|word| word.line).max().unwrap_or(0);
        for line in 0..=last {
            let printed: Vec<_> = sheet.words.iter().filter(|word| word.line == line).collect();
            let here = |f: &Found| printed.iter().any(|word| holds(&word.quad, f.middle));
            let (mut on, off): (Vec<Found>, Vec<Found>) = found.into_iter().partition(here);
            found = off;
            on.sort_by(|a, b| a.middle[0].total_cmp(&b.middle[0]));
            let truth: Vec<&str> = printed.iter().map(|word| word.text.as_str()).collect();
            let read: Vec<&str> = on.iter().map(|word| word.text.as_str()).collect();
            let letters = |words: &[&str]| words.join(" ").chars().collect::<Vec<char>>();
            self.letters += letters(&truth).len();
            self.letter_errors += distance(&letters(&truth), &letters(&read));
            self.words += truth.len();
            self.word_errors += distance(&truth, &read);
        }
        self.spurious += found.iter().map(|word| word.text.chars().count()).sum::<usize>();
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
        write!(
            f,
            " {:.2} | {:.2} | {:.2} |",
            share(self.letter_errors, self.letters),
            share(self.word_errors, self.words),
            share(self.spurious, self.letters)
        )
    }
}

/// Whether a point is on a word, or within a few pixels of it.
fn holds(quad: &[[f32; 2]; 4], [x, y]: [f32; 2]) -> bool {
    const NEAR: f32 = 8.0;
    let span = |axis: usize| {
        let values = quad.map(|corner| corner[axis]);
        let low = values.iter().copied().fold(f32::MAX, f32::min);
        low - NEAR..values.into_iter().fold(f32::MIN, f32::max) + NEAR
    };
    span(0).contains(&x) && span(1).contains(&y)
}
