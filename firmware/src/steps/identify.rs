//! Who asks for the copy: the code and the zone on the identity card.

use drivers_api::{CodeReader, Raster, Scanner};
use formats_vn::id_qr::CardQr;
use formats_vn::mrz::{self, Mrz};
use time::Date;

use super::read::PageReader;
use super::scan::{scan, scanner_trouble};
use crate::visit::{Say, Severity, Trouble};

/// Dots per inch of the card scan: the QR of a card is 20 mm wide with up to 73 modules.
pub const CARD_DPI: u32 = 300;

/// Scans the card and reads the code on it; gives the image too, which may show the zone.
pub fn card_from_scanner(
    scanner: &mut dyn Scanner,
    codes: &mut dyn CodeReader,
) -> Result<(CardQr, Raster), Trouble> {
    let image = scan(scanner, CARD_DPI)?;
    Ok((card_from_image(&image, codes)?, image))
}

/// Looks for the machine-readable zone of a card: cards of 2024 have it beside the code. None where
/// it is on the other side or not readable; the image is gone when this returns.
pub fn zone_from_image(image: Raster, reader: &dyn PageReader, today: Date) -> Option<Mrz> {
    if let Some(Ok(zone)) = models::read_zone(&image, today).map(|reading| reading.zone) {
        return Some(zone);
    }
    let page = reader.read(image).ok()?;
    let lines: Vec<String> = page.reading.lines.iter().map(models::Line::text).collect();
    mrz::find(lines.iter().map(String::as_str), today).ok()
}

/// Reads the code of a card from an image.
pub fn card_from_image(image: &Raster, codes: &mut dyn CodeReader) -> Result<CardQr, Trouble> {
    let payloads = codes.read(image).map_err(|error| scanner_trouble(&error))?;
    payloads.iter().find_map(|payload| formats_vn::id_qr::parse(payload).ok()).ok_or(Trouble {
        say: Say::CardUnread,
        cause: format!("{} codes found, none is an identity card's", payloads.len()),
        remedy: "lay the card with its code side down; clean the glass; or continue without it"
            .into(),
        severity: Severity::Retry,
    })
}
