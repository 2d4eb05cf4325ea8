//! `kiosk read FILE…`: what the kiosk reads on image or PDF files, as it would on its scanner.
//!
//! Nothing is certified, kept or sent. Ends with 0 when every page was read, 1 when one could not
//! be, 2 for misuse.

use std::path::PathBuf;

use drivers_api::{Fault, Raster, ScanSettings, Scanner};
use drivers_scanner::FileScanner;
use models::{PageReading, Quad, ReadError, Reader, Region};
use serde_json::{Value, json};

use super::{Outcome, complain, say, thousandths};
use crate::config::{Reading, ReadingEngine};
use crate::steps::check::{Finding, Level, check};
use crate::steps::read::{Understanding, open_reader, understand};

/// Resolution at which PDF pages are drawn.
const PDF_DPI: u32 = 300;

/// Reads pages and prints what they say.
#[derive(Debug, clap::Args)]
pub struct Read {
    /// The pages: PNG, JPEG, PNM or PDF files, in order.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Prints the text alone, one printed line on each line.
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Prints JSON: lines and words with boxes and confidence, kind, fields, findings.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    with: ReadWith,
    /// Dots per inch of the images; unless given, they are taken to be A4 pages.
    #[arg(long, default_value_t = 0)]
    dpi: u32,
}

/// Runs the command.
pub fn read(args: Read) -> Outcome {
    let mut reader = match args.with.open() {
        Ok(reader) => reader,
        Err(error) => {
            complain(&error, "run `make setup`, install what is named, or choose another --engine");
            return Outcome::Misuse;
        }
    };
    let scanner = match FileScanner::open(&args.files) {
        Ok(scanner) => scanner,
        Err(error) => {
            complain(&error, "give readable PNG, JPEG, PNM or PDF files");
            return Outcome::Misuse;
        }
    };
    let mut pages = Vec::new();
    let mut failed = false;
    for page in (Pages { scanner, dpi: args.dpi }) {
        let read = page.map_err(Failure::File).and_then(|page| one(&mut reader, &page));
        match read {
            Ok(reading) => pages.push(reading),
            Err(error) => {
                failed = true;
                complain(&error, "give a whole page of at least 100 pixels a side");
            }
        }
    }
    if args.json {
        say(as_json(&pages, reader.model()));
    } else {
        pages.iter().for_each(|page| say(page.text()));
        if !args.text {
            summary(&pages);
        }
    }
    if failed { Outcome::Failed } else { Outcome::Done }
}

/// Which engine reads files, and with what.
#[derive(Debug, clap::Args)]
struct ReadWith {
    /// Which engine reads [default: own; tesseract where LiteRT is not installed].
    #[arg(long, value_enum)]
    engine: Option<ReadingEngine>,
    #[command(flatten)]
    files: ReaderFiles,
}

/// Where the readers' files are, when not in their usual places.
#[derive(Debug, clap::Args)]
pub(super) struct ReaderFiles {
    /// Folder with other weights of our own reader than the built-in ones.
    #[arg(long)]
    models: Option<PathBuf>,
    /// The inference runtime, libLiteRt.so.
    #[arg(long)]
    runtime: Option<PathBuf>,
    /// Folder with the Tesseract language files.
    #[arg(long)]
    tessdata: Option<PathBuf>,
}

impl ReaderFiles {
    /// The configuration of a reader with these files.
    pub(super) fn reading(self, engine: ReadingEngine) -> Reading {
        let built_in = Reading::default();
        Reading {
            engine,
            models: self.models,
            runtime: self.runtime.unwrap_or(built_in.runtime),
            tessdata: self.tessdata.unwrap_or(built_in.tessdata),
            ..built_in
        }
    }
}

impl ReadWith {
    /// Opens a reader.
    fn open(self) -> Result<Reader, ReadError> {
        let mut config = self.files.reading(self.engine.unwrap_or_default());
        match open_reader(&config) {
            Err(error @ ReadError::Net(_)) if self.engine.is_none() => {
                complain(&error, "Tesseract reads instead");
                config.engine = ReadingEngine::Tesseract;
                open_reader(&config)
            }
            opened => opened,
        }
    }
}

/// Why a page has no reading.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("take a page from its file")]
    File(#[source] drivers_api::DeviceError),
    #[error("read a page")]
    Read(#[from] ReadError),
}

fn one(reader: &mut Reader, page: &Raster) -> Result<PageReading, Failure> {
    let mut readings = reader.read(&[page])?;
    let reading = readings.pop().ok_or(ReadError::Recognise)?;
    Ok(reading.on_picture(page.width(), page.height()))
}

/// The files' pages, one after the other; a page that cannot be had is an error among them.
struct Pages {
    scanner: FileScanner,
    dpi: u32,
}

impl Iterator for Pages {
    type Item = Result<Raster, drivers_api::DeviceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let dpi = if self.dpi == 0 { PDF_DPI } else { self.dpi };
        match self.scanner.scan_page(&ScanSettings { dpi }) {
            Ok(page) => Some(Ok(page.with_dpi(self.dpi))),
            Err(error) if error.fault == Fault::NoPaper => None,
            Err(error) => Some(Err(error)),
        }
    }
}

fn summary(pages: &[PageReading]) {
    let Understanding { kind, title, fields, classification } = understand(pages);
    say(format_args!("\nkind: {} ({}), score {:.2}", kind.id, kind.en, kind.score));
    say(format_args!("title: {title}"));
    for field in fields {
        say(format_args!("{}: {} ({:.2})", field.id, field.value, field.confidence));
    }
    for finding in check(pages, &classification) {
        say(format_args!("{} {}: {}", finding.rule.code(), level(finding.level), finding.en));
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Clear => "clear",
        Level::OfficerOnly => "officer-only",
        Level::Warn => "warn",
        Level::Stop => "stop",
    }
}

fn as_json(pages: &[PageReading], model: &models::ModelInfo) -> Value {
    let understood = understand(pages);
    let findings = check(pages, &understood.classification);
    let fields = understood.fields.iter().map(|field| {
        json!({
            "id": field.id, "value": field.value, "page": field.page,
            "quad": quad(&field.quad), "confidence": field.confidence,
            "normal": field.normal, "valid": field.valid,
        })
    });
    json!({
        "model": { "name": model.name, "version": model.version, "sha256": model.sha256 },
        "pages": pages.iter().map(page).collect::<Vec<_>>(),
        "kind": {
            "id": understood.kind.id, "vi": understood.kind.vi, "en": understood.kind.en,
            "score": understood.kind.score,
        },
        "title": understood.title,
        "fields": fields.collect::<Vec<_>>(),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn page(reading: &PageReading) -> Value {
    let lines = reading.lines.iter().map(|line| {
        let words = line.words.iter().map(|word| {
            json!({
                "text": word.text, "quad": quad(&word.quad), "confidence": word.confidence,
                "letters": word.letters.iter().map(|sure| thousandths(*sure)).collect::<Vec<_>>(),
            })
        });
        json!({
            "text": line.text(), "quad": quad(&line.quad()), "confidence": line.confidence(),
            "words": words.collect::<Vec<_>>(),
        })
    });
    let regions = |regions: &[Region]| regions.iter().map(|r| quad(&r.quad())).collect::<Vec<_>>();
    json!({
        "width": reading.width, "height": reading.height, "dpi": reading.dpi,
        "turn_degrees": reading.turn.degrees(), "skew_degrees": reading.skew_degrees,
        "blank": reading.blank, "sharpness": reading.sharpness,
        "confidence": reading.confidence,
        "lines": lines.collect::<Vec<_>>(),
        "seals": regions(&reading.seals), "signatures": regions(&reading.signatures),
    })
}

fn finding(finding: &Finding) -> Value {
    let evidence = finding.evidence.iter();
    json!({
        "rule": finding.rule.code(), "level": level(finding.level),
        "vi": finding.vi, "en": finding.en,
        "evidence": evidence
            .map(|place| json!({ "page": place.page, "quad": quad(&place.quad) }))
            .collect::<Vec<_>>(),
    })
}

/// Corners rounded to a tenth of a pixel.
fn quad(quad: &Quad) -> Value {
    json!(quad.map(|corner| corner.map(|n| (f64::from(n) * 10.0).round() / 10.0)))
}
