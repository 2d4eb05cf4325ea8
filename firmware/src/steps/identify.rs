//! Who asks for the copy: the code and the zone on the identity card.

use drivers_api::{CodeReader, Payload, Raster, Scanner};
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

/// Reads the code of a card that was held before the barcode reader.
///
/// A card names a place, and no place in Vietnam is written without a letter beyond ASCII. A code
/// without one came through a reader that leaves such letters out: the name would be wrong.
pub fn card_from_payload(payload: &Payload) -> Result<CardQr, Trouble> {
    let card = formats_vn::id_qr::parse(payload.text()).map_err(|error| {
        let remedy = "hold the code of the identity card before the reader, or lay the card";
        code_unread(format!("the code is no identity card's: {error}"), remedy)
    })?;
    if card.name.is_ascii() && card.residence.is_ascii() {
        let cause = "the barcode reader leaves Vietnamese letters out";
        let remedy = "set the reader to USB CDC (serial) and UTF-8, and the board file to it";
        return Err(code_unread(cause.into(), remedy));
    }
    Ok(card)
}

/// What was held before the barcode reader is not to be used.
pub(crate) fn code_unread(cause: String, remedy: &str) -> Trouble {
    Trouble { say: Say::CodeUnread, cause, remedy: remedy.into(), severity: Severity::Retry }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<CardQr, Trouble> {
        card_from_payload(&Payload::new(text.as_bytes()).expect("text"))
    }

    #[test]
    fn a_payload_is_the_card_that_it_is_on_the_glass() {
        let text = "001199999999|012345678|Nghiêm Thị Thử|09091999|Nữ|Hà Nội|10092024";
        assert_eq!(of(text), Ok(formats_vn::id_qr::parse(text).expect("a card")));
    }

    #[test]
    fn what_is_no_card_or_lost_its_letters_is_refused_without_a_word_of_it() {
        for (text, cause) in [
            ("https://example.org/001199999999", "no identity card's"),
            ("001199999999|Nghiem Thi Thu", "no identity card's"),
            ("001199999999||Nghi m Th  Th |09091999|N |H  N i|10092024", "leaves"),
        ] {
            let trouble = of(text).expect_err("no card");
            assert_eq!((trouble.say, trouble.severity), (Say::CodeUnread, Severity::Retry));
            assert!(trouble.cause.contains(cause), "{trouble:?}");
            let told = format!("{trouble:?}");
            assert!(!told.contains("001199999999") && !told.contains("Nghi"), "{told}");
        }
    }
}
