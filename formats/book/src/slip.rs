//! The appointment slip on paper: A5, one page, PDF/A-2u. Its words are data: `words/slip.toml`.

use formats_typeset::{Column, Mark, Sheet, Wording, bold, regular};
use krilla::metadata::Metadata;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::print::{CELL_CHARS_MAX, Faces, PrintError, both, stamped, write_sheets};

/// The words that are built in.
const BUILT_IN: &str = include_str!("../words/slip.toml");
/// A5 upright, in points.
const PAGE: (f32, f32) = (419.53, 595.28);
/// The text block.
const BODY: Column = Column { x: 34.0, width: PAGE.0 - 68.0 };
/// The header: the body at the left, country and motto at the right.
const AUTHORITY: Column = Column { x: 22.0, width: 158.0 };
const COUNTRY: Column = Column { x: 184.0, width: PAGE.0 - 206.0 };
/// Below, at the right: who received the paper.
const RECEIVER: Column = Column { x: 210.0, width: PAGE.0 - 244.0 };
const TOP: f32 = 30.0;
/// Type of the rows.
const SIZE: f32 = 11.5;
/// Room for a signature.
const SIGNING: f32 = 54.0;
/// Type is set smaller, in these steps, when long names would leave the page.
const SCALES: [f32; 5] = [1.0, 0.9, 0.8, 0.65, 0.5];
/// Longest text of a row, in characters: so much fits the page in the smallest type.
const ROW_CHARS_MAX: usize = CELL_CHARS_MAX / 2;

/// What a slip tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Its number.
    pub number: String,
    /// The body that will hand the copy out.
    pub authority: String,
    /// Place written before the date.
    pub place: String,
    /// The kiosk.
    pub device: String,
    /// Full name of the requester.
    pub requester: String,
    /// Name of the original.
    pub original: String,
    /// Pages of the original.
    pub pages: usize,
    /// Copies asked for.
    pub copies: u32,
    /// Why the copy comes later.
    pub reason: String,
    /// Full name of who received the paper.
    pub receiver: String,
    /// When it was received, in Vietnam's time.
    pub received: OffsetDateTime,
    /// When the copy will be there, in Vietnam's time.
    pub due: OffsetDateTime,
}

/// Every text of the slip.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    country: Wording,
    motto: Wording,
    title: Wording,
    procedure: Wording,
    number: Wording,
    requester: Wording,
    original: Wording,
    amount: Wording,
    amount_value: Wording,
    received: Wording,
    reason: Wording,
    due: Wording,
    time: Wording,
    place: Wording,
    place_value: Wording,
    bring: Wording,
    receiver: Wording,
    signed: Wording,
    date: Wording,
}

/// Prints an appointment slip. The same arguments give the same bytes.
pub fn print_slip(slip: &Slip, faces: Faces<'_>) -> Result<Vec<u8>, PrintError> {
    let words: Words = toml::from_str(BUILT_IN).map_err(PrintError::Words)?;
    let (upright, heavy) = both(faces)?;
    let mut sheet = Sheet::<()>::new(&upright, &heavy);
    for scale in SCALES {
        sheet.marks.clear();
        if lay_out(&mut sheet, slip, &words, scale) < PAGE.1 - 20.0 {
            break;
        }
    }
    let metadata = Metadata::new()
        .title(format!("{} {}", words.title.text, slip.number))
        .authors(vec![slip.authority.clone()]);
    let name = format!("slip {}", slip.number);
    write_sheets(&[sheet], PAGE, stamped(metadata, &name, slip.received))
}

/// Sets the whole slip; returns the bottom edge.
fn lay_out(sheet: &mut Sheet<'_, ()>, slip: &Slip, words: &Words, scale: f32) -> f32 {
    let y = head(sheet, slip, words, scale) + 16.0 * scale;
    let y = sheet.centred(BODY, y, 15.0 * scale, &bold(words.title.text.clone()));
    let y = sheet.centred(BODY, y, 10.5 * scale, &regular(words.procedure.text.clone()));
    let number = words.number.filled(&[("number", &slip.number)]);
    let y = sheet.centred(BODY, y, SIZE * scale, &bold(number)) + 10.0 * scale;
    let y = rows(sheet, slip, words, y, scale) + 8.0 * scale;
    sheet.marks.push(Mark::Rule { x: BODY.x, y, width: BODY.width });
    let y = y + 6.0 * scale;
    let y = sheet.centred(BODY, y, 12.0 * scale, &bold(words.due.text.clone()));
    let y = sheet.centred(BODY, y, 14.0 * scale, &bold(moment(words, slip.due))) + 6.0 * scale;
    sheet.marks.push(Mark::Rule { x: BODY.x, y, width: BODY.width });
    let y = y + 8.0 * scale;
    let y = sheet.left(BODY, y, 10.0 * scale, &regular(words.bring.text.clone())) + 12.0 * scale;
    let at = slip.received;
    let day = format!("{:02}", at.day());
    let month = format!("{:02}", u8::from(at.month()));
    let year = at.year().to_string();
    let date = words.date.filled(&[
        ("place", &cut(&slip.place)),
        ("day", &day),
        ("month", &month),
        ("year", &year),
    ]);
    let y = sheet.centred(RECEIVER, y, 10.5 * scale, &regular(date));
    let y = sheet.centred(RECEIVER, y, SIZE * scale, &bold(words.receiver.text.clone()));
    let y = sheet.centred(RECEIVER, y, 9.5 * scale, &regular(words.signed.text.clone()));
    sheet.centred(RECEIVER, y + SIGNING, SIZE * scale, &bold(cut(&slip.receiver)))
}

fn head(sheet: &mut Sheet<'_, ()>, slip: &Slip, words: &Words, scale: f32) -> f32 {
    let authority = bold(cut(&slip.authority).to_uppercase());
    let left = sheet.centred(AUTHORITY, TOP, 9.5 * scale, &authority);
    let y = sheet.centred(COUNTRY, TOP, 9.5 * scale, &bold(words.country.text.clone()));
    let motto = bold(words.motto.text.clone());
    let right = sheet.centred(COUNTRY, y, 10.5 * scale, &motto);
    let width = sheet.width(&motto, 10.5 * scale).min(COUNTRY.width);
    let x = COUNTRY.middle() - width / 2.0;
    sheet.marks.push(Mark::Rule { x, y: right + 3.0, width });
    left.max(right) + 3.0
}

fn rows(sheet: &mut Sheet<'_, ()>, slip: &Slip, words: &Words, y: f32, scale: f32) -> f32 {
    let (pages, copies) = (format!("{:02}", slip.pages), format!("{:02}", slip.copies));
    let place = [("authority", slip.authority.as_str()), ("device", slip.device.as_str())];
    let rows = [
        (&words.requester, slip.requester.clone()),
        (&words.original, slip.original.clone()),
        (&words.amount, words.amount_value.filled(&[("pages", &pages), ("copies", &copies)])),
        (&words.received, moment(words, slip.received)),
        (&words.reason, slip.reason.clone()),
        (&words.place, words.place_value.filled(&place)),
    ];
    let size = SIZE * scale;
    let label = |wording: &Wording| regular(wording.text.clone());
    let widths = rows.iter().map(|(wording, _)| sheet.width(&label(wording), size));
    let indent = widths.fold(0.0, f32::max) + 8.0;
    let values = Column { x: BODY.x + indent, width: BODY.width - indent };
    rows.iter().fold(y, |y, (wording, value)| {
        let left = sheet.left(BODY, y, size, &label(wording));
        sheet.left(values, y, size, &bold(cut(value))).max(left) + 3.0 * scale
    })
}

fn moment(words: &Words, at: OffsetDateTime) -> String {
    let two = |number: u8| format!("{number:02}");
    words.time.filled(&[
        ("hour", &two(at.hour())),
        ("minute", &two(at.minute())),
        ("day", &two(at.day())),
        ("month", &two(at.month().into())),
        ("year", &at.year().to_string()),
    ])
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(ROW_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_words_are_complete_and_every_text_names_its_source() {
        let words: Words = toml::from_str(BUILT_IN).expect("the words parse");
        assert_eq!(words.title.text, "PHIẾU HẸN TRẢ KẾT QUẢ");
        let sources = BUILT_IN.matches("\nsource = \"").count();
        assert_eq!(sources, BUILT_IN.matches("\ntext = \"").count());
        assert_eq!(sources, BUILT_IN.matches("\nverified = ").count());
    }
}
