//! `make eval-ocr`: what our reader and Tesseract make of the same drawn pages, as a table.
//!
//! Pages come from `tests/paper`, which shares neither texts nor layouts nor wear with the
//! generator that our reader was trained with. Half of the typefaces were trained on, as offices
//! use them; the others never. Every engine is asked as its users ask it: `kiosk read` and
//! `tesseract`, each given the image file.
//!
//! A word counts for the printed line on which it stands, whatever the order in which an engine
//! tells it; what stands on none is spurious. Typographic quotes and dashes count as plain ones,
//! and the dots of a form's leaders as nothing, for every engine.

mod calibration;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use calibration::Calibration;
use clap::Parser;
use e2e::{Failure, binary, ended, tell, workspace};
use formats_vn::fold::distance;
use paper::{Look, Sheet, TYPEFACES, TruthWord};
use serde_json::Value;

/// Compares readers on drawn pages.
#[derive(Debug, Parser)]
struct Arguments {
    /// Pages of each row of the table.
    #[arg(long, default_value_t = 14)]
    pages: u64,
    /// The first drawing; another one draws other texts and layouts.
    #[arg(long, default_value_t = 100)]
    seed: u64,
    /// Ask our own reader only.
    #[arg(long)]
    only_own: bool,
    /// Tell every line that our reader read wrong.
    #[arg(long)]
    errors: bool,
    /// Keep the drawn pages in this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Folder with our models.
    #[arg(long)]
    models: Option<PathBuf>,
    /// The table is written here as well.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Letters told with less are few, and the ones that matter.
const DOUBTFUL: f32 = 0.9;

/// A word as an engine tells it.
struct Found {
    text: String,
    /// How sure the engine is of each letter, where it tells that.
    letters: Vec<f32>,
    confidence: f32,
    middle: [f32; 2],
}

/// Errors over many pages.
#[derive(Debug, Default, Clone)]
struct Tally {
    sure_letters: Calibration,
    sure_words: Calibration,
    letters: usize,
    letter_errors: usize,
    words: usize,
    word_errors: usize,
    spurious: usize,
}

const HEAD: &str = "# Reading, measured

Written by `make eval-ocr`: the same drawn pages through every engine. How they are drawn and
counted is said in `tests/src/bin/eval-ocr.rs` and `tests/paper/src/assorted.rs`; no layout, text or
wear is shared with training, and \"held out\" typefaces are in no training. Pages are drawn, not
scanned. CER and WER: letters and words wrong of those printed; spurious: letters read where nothing
is printed. ECE: expected calibration error of the confidences told, over 15 classes of equal size.
";

const ENGINES: [&str; 3] = ["own", "tesseract, our clean-up", "tesseract -l vie"];

fn main() -> ExitCode {
    ended(evaluate(&Arguments::parse()))
}

/// The ways in which a page is worn, by name; hard pages take turns.
fn look(wear: &str, turn: u64) -> Look {
    let office = Look { skew_degrees: 0.6, noise: 8, ..Look::default() };
    let hard = Look { noise: 10, shadow: 0.12, ..office.clone() };
    match (wear, turn % 7) {
        ("clean", _) => Look { noise: 0, shadow: 0.0, ..Look::default() },
        ("office", turn) => Look { skew_degrees: 0.3 * turn as f32 - 0.9, ..office },
        (_, 0) => Look { skew_degrees: -2.3, ..hard },
        (_, 1) => Look { fold: Some(0.42), shadow: 0.3, ..hard },
        (_, 2) => Look { blur: 1.9, ..hard },
        (_, 3) => Look { fade: 0.55, ..hard },
        (_, 4) => Look { dpi: 200, ..hard },
        (_, 5) => Look { bleed: 0.16, ..hard },
        _ => Look { grey: true, noise: 24, shadow: 0.35, blur: 0.8, ..hard },
    }
}

/// What is measured: wear, and whether our reader was trained on the typefaces.
const GROUPS: [(&str, bool); 6] = [
    ("clean", true),
    ("clean", false),
    ("office", true),
    ("office", false),
    ("hard", true),
    ("hard", false),
];

fn evaluate(arguments: &Arguments) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut table = vec![
        "| pages | typefaces | engine | letters | CER % | WER % | spurious % | ECE letters % | \
         ECE words % | doubtful letters: right %, told % |"
            .to_owned(),
        "|---|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (wear, trained) in GROUPS {
        let mut tallies = ENGINES.map(|_| Tally::default());
        let faces: Vec<_> = TYPEFACES.iter().filter(|face| face.trained == trained).collect();
        for page in 0..arguments.pages {
            let seed = arguments.seed + page;
            let face = faces[page as usize % faces.len()];
            let look = look(wear, page);
            let sheet = paper::assorted(face, &look, seed)?;
            let file = folder.path().join("page.png");
            std::fs::write(&file, sheet.to_png()?)?;
            if let Some(keep) = &arguments.keep {
                std::fs::create_dir_all(keep)?;
                std::fs::copy(&file, keep.join(format!("{wear}-{trained}-{page}.png")))?;
            }
            let name = format!("{wear} {page}, {}", face.name);
            let mut found = vec![by_kiosk(&file, "own", look.dpi, arguments)?];
            if !arguments.only_own {
                found.push(by_kiosk(&file, "tesseract", look.dpi, arguments)?);
                found.push(by_tesseract(&file, look.dpi)?);
            }
            for ((i, tally), words) in tallies.iter_mut().enumerate().zip(found) {
                tally.add(&sheet, words, (arguments.errors && i == 0).then_some(&name));
            }
        }
        let kind = if trained { "trained on" } else { "held out" };
        for (engine, tally) in ENGINES.iter().zip(&tallies).filter(|(_, tally)| tally.letters > 0) {
            table.push(format!("| {wear} | {kind} | {engine} | {} |{tally}", tally.letters));
            tell(table.last().map_or("", String::as_str));
        }
    }
    if let Some(path) = &arguments.write {
        std::fs::write(path, format!("{HEAD}\n{}\n", table.join("\n")))?;
    }
    Ok(())
}

fn by_kiosk(
    file: &Path,
    engine: &str,
    dpi: u32,
    arguments: &Arguments,
) -> Result<Vec<Found>, Failure> {
    let models = arguments.models.clone().unwrap_or_else(|| workspace().join("models/reader"));
    let mut command = Command::new(binary("kiosk")?);
    command.env("OMP_THREAD_LIMIT", "1").args(["read", "--json", "--engine", engine]);
    command.args(["--dpi", &dpi.to_string()]).arg("--models").arg(models);
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
            text: plain(word["text"].as_str().unwrap_or_default()),
            letters: letters(word),
            confidence: word["confidence"].as_f64().unwrap_or(0.0) as f32,
            middle: [middle(&word["quad"], 0), middle(&word["quad"], 1)],
        })
        .collect())
}

/// Confidences of the letters that [`plain`] leaves.
fn letters(word: &Value) -> Vec<f32> {
    let whole = word["text"].as_str().unwrap_or_default();
    let kept = plain(whole).chars().count();
    let told = word["letters"].as_array().map_or(&[][..], Vec::as_slice);
    let mut sure: Vec<f32> = told.iter().filter_map(Value::as_f64).map(|n| n as f32).collect();
    let before = whole.find("...").map_or(kept, |at| whole[..at].chars().count());
    // A leader's dots are taken from behind what stands before it.
    let gone = sure.len().saturating_sub(kept);
    sure.drain(before.min(sure.len() - gone)..before.min(sure.len() - gone) + gone);
    sure
}

/// A word without what is counted for no engine.
fn plain(word: &str) -> String {
    let word: String = word
        .chars()
        .map(|letter| match letter {
            '“' | '”' => '"',
            '‘' | '’' => '\'',
            '–' | '—' => '-',
            '…' | '_' => '.',
            other => other,
        })
        .collect();
    let leader = word.find("...").unwrap_or(word.len());
    let (text, rest) = word.split_at(leader);
    text.to_owned() + rest.trim_start_matches('.')
}

fn by_tesseract(file: &Path, dpi: u32) -> Result<Vec<Found>, Failure> {
    let mut command = Command::new("tesseract");
    command.env("OMP_THREAD_LIMIT", "1").arg(file).args(["-", "-l", "vie", "--dpi"]);
    command.args([&dpi.to_string(), "tsv"]);
    let table = String::from_utf8(output(&mut command)?)?;
    // Level 5 is a word: left, top, width, height are columns 6 to 9, its text is column 11.
    let word = |row: &str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let number = |i: usize| cells.get(i)?.parse::<f32>().ok();
        let (x, y, w, h) = (number(6)?, number(7)?, number(8)?, number(9)?);
        let text = plain(cells.get(11)?.trim());
        let word = number(0)? == 5.0 && !text.is_empty();
        let confidence = number(10)? / 100.0;
        let middle = [x + w / 2.0, y + h / 2.0];
        word.then_some(Found { text, letters: vec![], confidence, middle })
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

/// A printed line's place.
struct Band {
    start: [f32; 2],
    /// Its direction, of length 1.
    along: [f32; 2],
    length: f32,
    /// Half of its height.
    reach: f32,
}

impl Band {
    fn of(words: &[&TruthWord]) -> Option<Self> {
        let middle = |a: [f32; 2], b: [f32; 2]| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
        let (first, last) = (words.first()?, words.last()?);
        let start = middle(first.quad[0], first.quad[3]);
        let [dx, dy] = [0, 1].map(|i| first.quad[1][i] - first.quad[0][i]);
        let along = [dx / dx.hypot(dy), dy / dx.hypot(dy)];
        let end = middle(last.quad[1], last.quad[2]);
        let high = |word: &&TruthWord| {
            let [dx, dy] = [0, 1].map(|i| word.quad[3][i] - word.quad[0][i]);
            dx.hypot(dy)
        };
        let length = (end[0] - start[0]) * along[0] + (end[1] - start[1]) * along[1];
        let reach = words.iter().map(high).fold(0.0, f32::max) / 2.0;
        Some(Self { start, along, length, reach: reach * 1.15 + 3.0 })
    }

    fn holds(&self, [x, y]: [f32; 2]) -> bool {
        let (dx, dy) = (x - self.start[0], y - self.start[1]);
        let forth = dx * self.along[0] + dy * self.along[1];
        let off = dy * self.along[0] - dx * self.along[1];
        (-self.reach..=self.length + self.reach).contains(&forth) && off.abs() <= self.reach
    }
}

impl Tally {
    /// Sets the confidences of a line's words and letters against what is right.
    fn judge_confidence(&mut self, truth: &[String], read: &[Found]) {
        let words: Vec<(String, f32)> =
            read.iter().map(|word| (word.text.clone(), word.confidence)).collect();
        self.sure_words.add(truth, &words);
        let told = |word: &Found| word.letters.len() == word.text.chars().count();
        if read.iter().all(told) {
            let letters = read.iter().flat_map(|w| w.text.chars().zip(w.letters.iter().copied()));
            let printed: Vec<char> = truth.concat().chars().collect();
            self.sure_letters.add(&printed, &letters.collect::<Vec<_>>());
        }
    }

    /// Adds a page; says each wrong line when it is given the page's name.
    fn add(&mut self, sheet: &Sheet, mut found: Vec<Found>, tell_wrong: Option<&String>) {
        found.retain(|word| !word.text.is_empty());
        let last = sheet.words.iter().map(|word| word.line).max().unwrap_or(0);
        for line in 0..=last {
            let printed: Vec<_> = sheet.words.iter().filter(|word| word.line == line).collect();
            let Some(band) = Band::of(&printed) else { continue };
            let (mut on, off): (Vec<Found>, Vec<Found>) =
                found.into_iter().partition(|word| band.holds(word.middle));
            found = off;
            on.sort_by(|a, b| a.middle[0].total_cmp(&b.middle[0]));
            let truth: Vec<String> = printed.iter().map(|word| plain(&word.text)).collect();
            self.judge_confidence(&truth, &on);
            let read: Vec<String> = on.into_iter().map(|word| word.text).collect();
            let letters = |words: &[String]| words.join(" ").chars().collect::<Vec<char>>();
            let wrong = distance(&letters(&truth), &letters(&read));
            self.letters += letters(&truth).len();
            self.letter_errors += wrong;
            self.words += truth.len();
            self.word_errors += distance(&truth, &read);
            if let Some(name) = tell_wrong.filter(|_| wrong > 0) {
                let (truth, read) = (truth.join(" "), read.join(" "));
                tell(format_args!("{name}, at {:?}\n  - {truth}\n  + {read}", band.start));
            }
        }
        self.spurious += found.iter().map(|word| word.text.chars().count()).sum::<usize>();
        if let Some(name) = tell_wrong {
            for word in found {
                tell(format_args!(
                    "{name}: nothing is printed at {:?}: {}",
                    word.middle, word.text
                ));
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
        let told = |of: &Calibration| {
            of.error_percent().map_or_else(|| "-".into(), |error| format!("{error:.2}"))
        };
        write!(
            f,
            " {:.2} | {:.2} | {:.2} | {} | {} | {} |",
            share(self.letter_errors, self.letters),
            share(self.word_errors, self.words),
            share(self.spurious, self.letters),
            told(&self.sure_letters),
            told(&self.sure_words),
            self.sure_letters.below(DOUBTFUL).map_or_else(
                || "-".into(),
                |(count, right, sure)| { format!("{count}: {right:.0}, {sure:.0}") }
            ),
        )
    }
}
