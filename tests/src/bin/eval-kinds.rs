//! `make eval-kinds`: what our reader makes of drawn papers of every kind, as a table.
//!
//! Papers come from `tests/paper/src/kinds.rs`: forms, labels, words and layouts that the reader's
//! own table does not share. A field is right when it has the name and, spaces and case apart, the
//! value that is printed; what the reader does not look for at all counts as missed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use drivers_api::{PixelFormat, Raster};
use e2e::{Failure, ended, tell, workspace};
use models::{Reader, classify, extract};
use paper::{DPI, Look, Paper, TYPEFACES, kind_count, paper_of_kind};

/// Reads drawn papers of every kind.
#[derive(Parser)]
struct Arguments {
    /// Papers of each kind in each row of the table.
    #[arg(long, default_value_t = 10)]
    papers: u64,
    /// The first drawing.
    #[arg(long, default_value_t = 900)]
    seed: u64,
    /// Tell every paper and field that was not right.
    #[arg(long)]
    errors: bool,
    /// The table is written here as well.
    #[arg(long)]
    write: Option<PathBuf>,
}

const HEAD: &str = "# Kinds and fields, measured

Written by `make eval-kinds`: drawn papers of every kind, forms, labels and layouts apart from the
reader's own table. \"Other\" is what a paper of a known kind is called when the reader is not sure.
A field is right when its name and, spaces and case apart, its printed value are.

| pages | typefaces | papers | kind right % | other % | wrong % | fields: precision | recall | F1 |
|---|---|---|---|---|---|---|---|---|
";

#[derive(Default)]
struct Tally {
    papers: usize,
    right: usize,
    other: usize,
    printed: usize,
    found: usize,
    matched: usize,
}

fn main() -> ExitCode {
    ended(evaluate(&Arguments::parse()))
}

fn evaluate(arguments: &Arguments) -> Result<(), Failure> {
    let library = workspace().join("target/litert/libLiteRt.so");
    let mut reader = Reader::open_own(None, &library, 1)?;
    let mut rows = Vec::new();
    for (wear, trained) in [("clean", true), ("clean", false), ("office", true), ("office", false)]
    {
        let faces: Vec<_> = TYPEFACES.iter().filter(|face| face.trained == trained).collect();
        let mut tally = Tally::default();
        for drawing in 0..arguments.papers {
            for which in 0..kind_count() {
                let seed = arguments.seed + drawing * 1000 + which as u64;
                let face = faces[seed as usize % faces.len()];
                let look = match wear {
                    "clean" => Look { noise: 0, shadow: 0.0, ..Look::default() },
                    _ => Look {
                        skew_degrees: 0.3 * (seed % 7) as f32 - 0.9,
                        noise: 8,
                        ..Look::default()
                    },
                };
                let paper = paper_of_kind(which, face, &look, seed)?;
                tally.add(&mut reader, &paper, arguments.errors.then_some(seed))?;
            }
        }
        let kind = if trained { "trained on" } else { "held out" };
        rows.push(format!("| {wear} | {kind} {}", tally.row()));
        tell(rows.last().map_or("", String::as_str));
    }
    if let Some(path) = &arguments.write {
        std::fs::write(path, format!("{HEAD}{}\n", rows.join("\n")))?;
    }
    Ok(())
}

impl Tally {
    fn add(
        &mut self,
        reader: &mut Reader,
        paper: &Paper,
        tell_as: Option<u64>,
    ) -> Result<(), Failure> {
        let sheet = &paper.sheet;
        let (width, height) = (sheet.width, sheet.height);
        let page = Raster::new(width, height, PixelFormat::Rgb8, DPI, sheet.rgb.clone())?;
        let pages = reader.read(&[&page])?;
        let kind = classify(&pages);
        self.papers += 1;
        self.right += usize::from(kind.kind.id == paper.kind);
        self.other += usize::from(kind.kind.id == "other" && paper.kind != "other");
        if let Some(seed) = tell_as.filter(|_| kind.kind.id != paper.kind) {
            tell(format_args!(
                "{seed}: {} was called {} ({})",
                paper.kind, kind.kind.id, kind.title
            ));
        }
        let found = extract(&pages, &kind);
        let matches = |id: &str, value: &str, other: &str, read: &str| {
            id == other && plain(value) == plain(read)
        };
        self.printed += paper.fields.len();
        self.found += found.len();
        for (id, value) in &paper.fields {
            let right = found.iter().any(|field| matches(id, value, &field.id, &field.value));
            self.matched += usize::from(right);
            if let Some(seed) = tell_as.filter(|_| !right) {
                let read = found.iter().find(|field| field.id == *id).map(|field| &field.value);
                tell(format_args!("{seed}: {} {id}: {value:?} was read as {read:?}", paper.kind));
            }
        }
        if let Some(seed) = tell_as {
            for field in &found {
                if !paper.fields.iter().any(|(id, _)| *id == field.id) {
                    tell(format_args!(
                        "{seed}: {} {} is none: {:?}",
                        paper.kind, field.id, field.value
                    ));
                }
            }
        }
        Ok(())
    }

    fn row(&self) -> String {
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        let wrong = self.papers - self.right - self.other;
        let precision = share(self.matched, self.found);
        let recall = share(self.matched, self.printed);
        format!(
            "| {} | {:.1} | {:.1} | {:.1} | {precision:.3} | {recall:.3} | {:.3} |",
            self.papers,
            100.0 * share(self.right, self.papers),
            100.0 * share(self.other, self.papers),
            100.0 * share(wrong, self.papers),
            2.0 * precision * recall / (precision + recall).max(1e-9),
        )
    }
}

fn plain(value: &str) -> String {
    let words: Vec<_> = value.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ',', ';']).to_lowercase()
}
