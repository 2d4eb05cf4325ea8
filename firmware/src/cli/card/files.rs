//! `kiosk card FILE…`: QR code and machine-readable zone on images.

use std::path::{Path, PathBuf};

use drivers_api::{CodeReader as _, DeviceError, ScanSettings, Scanner as _};
use drivers_codes::QrReader;
use drivers_scanner::FileScanner;
use formats_vn::card::{Claim, Source, cross_check};
use formats_vn::id_qr::{self, CardQr};
use formats_vn::mrz::{self, Expiry, Mrz, MrzError, Sex};
use models::{ReadError, Reader};
use serde_json::{Value, json};
use time::Date;

use super::Card;
use crate::cli::{Outcome, complain, say};
use crate::clock::{Clock as _, SystemClock, VIETNAM};
use crate::config::Reading;
use crate::steps::read::open_reader;

/// Resolution at which PDF pages are drawn.
const PDF_DPI: u32 = 300;

/// What was found on all files.
#[derive(Default)]
struct Found {
    qr: Option<CardQr>,
    zone: Option<Mrz>,
    /// Why no zone was read, where something looked like one.
    zone_error: Option<MrzError>,
}

/// Why a file could not be looked at.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("take the image from {path}")]
    File { path: PathBuf, source: DeviceError },
    #[error("look for codes on {path}")]
    Codes { path: PathBuf, source: DeviceError },
    #[error("read {path}")]
    Read { path: PathBuf, source: ReadError },
}

/// Runs the command.
pub(super) fn read(args: Card) -> Outcome {
    let mut config = Reading { engine: args.engine, ..Reading::default() };
    let given = [
        (&mut config.models, args.models),
        (&mut config.runtime, args.runtime),
        (&mut config.tessdata, args.tessdata),
    ];
    for (own, given) in given {
        *own = given.unwrap_or_else(|| std::mem::take(own));
    }
    let mut reader = match open_reader(&config) {
        Ok(reader) => reader,
        Err(error) => {
            complain(&error, "install what is named, or choose another --engine");
            return Outcome::Misuse;
        }
    };
    let today = SystemClock.now().to_offset(VIETNAM).date();
    let mut found = Found::default();
    for path in &args.files {
        if let Err(error) = look(path, &mut reader, today, &mut found) {
            complain(&error, "give readable PNG, JPEG, PNM or PDF files");
            return Outcome::Misuse;
        }
    }
    report(&found, args.json, today);
    if found.qr.is_some() || found.zone.is_some() { Outcome::Done } else { Outcome::Failed }
}

fn look(path: &Path, reader: &mut Reader, today: Date, found: &mut Found) -> Result<(), Failure> {
    let file = |source| Failure::File { path: path.into(), source };
    let mut pages = FileScanner::open(&[path.to_path_buf()]).map_err(file)?;
    let image = pages.scan_page(&ScanSettings { dpi: PDF_DPI }).map_err(file)?;
    let codes = QrReader::new().read(&image);
    let codes = codes.map_err(|source| Failure::Codes { path: path.into(), source })?;
    let qr = codes.iter().find_map(|payload| id_qr::parse(payload).ok());
    found.qr = found.qr.take().or(qr);
    let readings =
        reader.read(&[&image]).map_err(|source| Failure::Read { path: path.into(), source })?;
    let lines: Vec<String> =
        readings.iter().flat_map(|page| page.lines.iter().map(models::Line::text)).collect();
    match mrz::find(lines.iter().map(String::as_str), today) {
        Ok(zone) => found.zone = found.zone.take().or(Some(zone)),
        Err(MrzError::NotFound) => {}
        Err(error) => found.zone_error = Some(error),
    }
    Ok(())
}

fn report(found: &Found, as_json: bool, today: Date) {
    let claims: Vec<Claim<'_>> = found
        .qr
        .as_ref()
        .map(Claim::of_qr)
        .into_iter()
        .chain(found.zone.as_ref().map(|zone| Claim::of_mrz(Source::Mrz, zone)))
        .collect();
    let findings: Vec<String> =
        cross_check(&claims, today).into_iter().map(|finding| finding.en()).collect();
    let qr = found.qr.as_ref().map(qr);
    let zone = found.zone.as_ref().map(zone);
    let error = found.zone_error.filter(|_| found.zone.is_none()).map(|error| error.to_string());
    if as_json {
        say(json!({ "qr": qr, "mrz": zone, "mrz_error": error, "findings": findings }));
        return;
    }
    for (name, facts) in [("qr", qr), ("mrz", zone)] {
        match facts {
            Some(Value::Object(facts)) => {
                facts.iter().for_each(|(key, value)| say(format_args!("{name} {key}: {value}")));
            }
            _ => say(format_args!("{name}: not found")),
        }
    }
    error.iter().for_each(|error| say(format_args!("mrz: {error}")));
    findings.iter().for_each(|finding| say(format_args!("note: {finding}")));
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
