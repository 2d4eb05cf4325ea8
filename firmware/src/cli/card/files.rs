//! `kiosk card FILE…`: QR code and machine-readable zone on images.

use std::path::{Path, PathBuf};

use drivers_api::{DeviceError, Fault, Raster, ScanSettings, Scanner as _};
use drivers_scanner::FileScanner;
use formats_vn::age::age_on;
use formats_vn::id_qr::CardQr;
use formats_vn::mrz::{self, Expiry, Mrz, Sex};
use models::{Quad, ReadError, Reader, ZoneReading};
use serde_json::{Value, json};
use time::Date;

use super::Card;
use crate::cli::{Outcome, complain, say};
use crate::clock::{Clock as _, SystemClock, VIETNAM};
use crate::steps::card::{CardNote, CardView, notes, settle_names};
use crate::steps::read::open_reader;

/// Resolution at which PDF pages are drawn.
const PDF_DPI: u32 = 300;
/// Most pages of one file that are looked at: a card has two sides.
const PAGES_MAX: usize = 8;

/// A page of a file, and what it shows.
struct Page {
    file: PathBuf,
    number: usize,
    view: CardView,
    /// Where portraits may be.
    portraits: Vec<Quad>,
}

/// Why a file could not be looked at.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("take the image from {path}")]
    File { path: PathBuf, source: DeviceError },
    #[error("read {path}")]
    Read { path: PathBuf, source: ReadError },
}

/// Runs the command.
pub(super) fn read(args: Card) -> Outcome {
    let Card { files, json, engine, readers, .. } = args;
    let opened = engine.map(|engine| open_reader(&readers.reading(engine))).transpose();
    let mut engine = match opened {
        Ok(engine) => engine,
        Err(error) => {
            complain(&error, "install what is named, or leave --engine out");
            return Outcome::Misuse;
        }
    };
    let today = SystemClock.now().to_offset(VIETNAM).date();
    let mut pages = Vec::new();
    for path in &files {
        if let Err(error) = look(path, engine.as_mut(), today, &mut pages) {
            complain(&error, "give readable PNG, JPEG, PNM or PDF files");
            return Outcome::Misuse;
        }
    }
    report(&mut pages, json, today)
}

fn look(
    path: &Path,
    mut engine: Option<&mut Reader>,
    today: Date,
    pages: &mut Vec<Page>,
) -> Result<(), Failure> {
    let file = |source| Failure::File { path: path.into(), source };
    let mut scanner = FileScanner::open(&[path.to_path_buf()]).map_err(file)?;
    for number in 1..=PAGES_MAX {
        let image = match scanner.scan_page(&ScanSettings { dpi: PDF_DPI }) {
            Err(error) if error.fault == Fault::NoPaper && number > 1 => break,
            image => image.map_err(file)?,
        };
        let mut view = CardView::of(&image, today);
        if let (Some(reader), None) = (&mut engine, view.mrz()) {
            let zone = ask(reader, &image, today);
            view.zone_of_page =
                zone.map_err(|source| Failure::Read { path: path.into(), source })?;
        }
        let portraits = view.portraits(&image).iter().map(|portrait| portrait.quad).collect();
        pages.push(Page { file: path.into(), number, view, portraits });
    }
    Ok(())
}

/// What a reader of pages makes of the zone; none where it sees none that stands.
fn ask(reader: &mut Reader, image: &Raster, today: Date) -> Result<Option<Mrz>, ReadError> {
    let readings = reader.read(&[image])?;
    let lines: Vec<String> =
        readings.iter().flat_map(|page| page.lines.iter().map(models::Line::text)).collect();
    Ok(mrz::find(lines.iter().map(String::as_str), today).ok())
}

fn report(pages: &mut [Page], as_json: bool, today: Date) -> Outcome {
    let mut views: Vec<CardView> =
        pages.iter_mut().map(|page| std::mem::take(&mut page.view)).collect();
    settle_names(&mut views);
    let notes = notes(&views, today);
    pages.iter_mut().zip(views).for_each(|(page, view)| page.view = view);
    let code = pages.iter().find_map(|page| page.view.code.as_ref());
    let zone = pages.iter().find_map(|page| page.view.mrz());
    let error = pages.iter().find_map(|page| page.view.zone.as_ref()?.zone.as_ref().err());
    let error = error.filter(|_| zone.is_none()).map(ToString::to_string);
    let contradicts = notes.iter().any(|note| note.contradicts());
    let born = zone.map(|zone| zone.born).or(code.map(|(card, _)| card.born));
    let told = json!({
        "qr": code.map(|(card, _)| qr(card)),
        "mrz": zone.map(self::zone),
        "mrz_error": error,
        "age": born.map(|born| age_on(born, today)),
        "expired": zone.map(|zone| zone.expires.is_over(today)),
        "consistent": (code.is_some() || zone.is_some()) && !contradicts,
        "warnings": notes.iter().map(|note| warning(*note)).collect::<Vec<_>>(),
        "findings": notes.iter().map(|note| note.en()).collect::<Vec<_>>(),
        "pages": pages.iter().map(page).collect::<Vec<_>>(),
    });
    if as_json {
        say(&told);
    } else {
        in_words(&told, &notes);
    }
    if told["consistent"] == true { Outcome::Done } else { Outcome::Failed }
}

fn in_words(told: &Value, notes: &[CardNote]) {
    for name in ["qr", "mrz"] {
        match &told[name] {
            Value::Object(facts) => {
                facts.iter().for_each(|(key, value)| say(format_args!("{name} {key}: {value}")));
            }
            _ => say(format_args!("{name}: not found")),
        }
    }
    for name in ["mrz_error", "age", "expired", "consistent"] {
        if !told[name].is_null() {
            say(format_args!("{name}: {}", told[name]));
        }
    }
    for note in notes {
        let kind = if note.contradicts() { "contradiction" } else { "note" };
        say(format_args!("{kind}: {}\n{kind}: {}", note.vi(), note.en()));
    }
}

fn warning(note: CardNote) -> Value {
    json!({
        "code": note.code(), "contradiction": note.contradicts(),
        "vi": note.vi(), "en": note.en(),
    })
}

fn page(page: &Page) -> Value {
    let code = page.view.code.as_ref();
    json!({
        "file": page.file.display().to_string(), "page": page.number,
        "qr": code.map(|(card, corners)| json!({
            "box": quad(corners), "fields": card.field_count, "number": card.number,
        })),
        "mrz": page.view.zone.as_ref().map(seen),
        "portraits": page.portraits.iter().map(quad).collect::<Vec<_>>(),
    })
}

/// What a page shows of the zone: the lines as they count, or as they look where they do not.
fn seen(reading: &ZoneReading) -> Value {
    let lines = match &reading.zone {
        Ok(zone) => [0, 1, 2].map(|line| zone.text()[line * 30..(line + 1) * 30].to_owned()),
        Err(_) => mrz::likeliest(&reading.seen),
    };
    let checks: serde_json::Map<String, Value> = mrz::held(&lines[0], &lines[1])
        .into_iter()
        .map(|(what, holds)| (what.to_string().replace(' ', "_"), holds.into()))
        .collect();
    json!({
        "box": quad(&reading.quad()),
        "line_boxes": reading.lines.iter().map(quad).collect::<Vec<_>>(),
        "lines": lines,
        "checks": checks,
        "confidence": (f64::from(reading.confidence) * 1000.0).round() / 1000.0,
        "error": reading.zone.as_ref().err().map(ToString::to_string),
    })
}

/// Corners rounded to a tenth of a pixel.
fn quad(quad: &Quad) -> Value {
    json!(quad.map(|corner| corner.map(|n| (f64::from(n) * 10.0).round() / 10.0)))
}

fn qr(card: &CardQr) -> Value {
    json!({
        "number": card.number, "old_number": card.old_number, "name": card.name,
        "born": card.born.to_string(), "sex": card.sex, "residence": card.residence,
        "issued": card.issued.map(|day| day.to_string()), "extra": card.extra,
    })
}

fn zone(zone: &Mrz) -> Value {
    json!({
        "number": zone.number, "name": zone.name, "name_cut": zone.name_cut,
        "born": zone.born.to_string(),
        "sex": zone.sex.map(|sex| match sex { Sex::Male => "M", Sex::Female => "F" }),
        "expires": match zone.expires {
            Expiry::On(day) => day.to_string(),
            Expiry::Never => "never".into(),
        },
        "mended": zone.mended.proven, "unproven": zone.mended.unproven,
    })
}
