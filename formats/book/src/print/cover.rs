//! The cover: country and motto, the body, the title, the book's number, opened and closed.

use formats_typeset::{Column, Mark, bold, regular};

use super::pages::{BODY, PAGE, Pages, TOP};
use crate::book::{Book, Span};
use crate::words::{Words, dated};

/// The header: the body at the left, country and motto at the right.
const AUTHORITY: Column = Column { x: BODY.x, width: 290.0 };
const COUNTRY: Column = Column { x: BODY.x + 380.0, width: BODY.width - 380.0 };
/// The frame around the page.
const FRAME: f32 = 34.0;
/// Titles are set smaller, in these steps, when long names would leave the page.
const SCALES: [f32; 4] = [1.0, 0.85, 0.7, 0.55];

/// Adds the cover to the first page.
pub(super) fn add(pages: &mut Pages, book: &Book, span: Span, words: &Words) {
    for scale in SCALES {
        pages.sheet().marks.clear();
        if lay_out(pages, book, span, words, scale) < PAGE.1 - FRAME {
            break;
        }
    }
    let sheet = pages.sheet();
    let (width, height) = (PAGE.0 - 2.0 * FRAME, PAGE.1 - 2.0 * FRAME);
    for y in [FRAME, FRAME + height] {
        sheet.marks.push(Mark::Rule { x: FRAME, y, width });
    }
    for x in [FRAME, FRAME + width] {
        sheet.marks.push(Mark::Upright { x, y: FRAME, height });
    }
    pages.new_page();
}

fn lay_out(pages: &mut Pages, book: &Book, span: Span, words: &Words, scale: f32) -> f32 {
    let sheet = pages.sheet();
    let top = TOP + 8.0;
    let left = sheet.centred(AUTHORITY, top, 13.0 * scale, &bold(book.authority.to_uppercase()));
    let rule = AUTHORITY.width / 3.0;
    sheet.marks.push(Mark::Rule { x: AUTHORITY.middle() - rule / 2.0, y: left + 4.0, width: rule });
    let y = sheet.centred(COUNTRY, top, 13.0 * scale, &bold(words.country.text.clone()));
    let motto = bold(words.motto.text.clone());
    let right = sheet.centred(COUNTRY, y, 14.0 * scale, &motto);
    let rule = sheet.width(&motto, 14.0 * scale).min(COUNTRY.width);
    sheet.marks.push(Mark::Rule { x: COUNTRY.middle() - rule / 2.0, y: right + 4.0, width: rule });
    let y = left.max(right).max(PAGE.1 * 0.34);
    let y = sheet.centred(BODY, y, 28.0 * scale, &bold(words.title.text.clone())) + 12.0;
    let number = words.book.filled(&[("book", &book.name)]);
    let y = sheet.centred(BODY, y, 18.0 * scale, &bold(number)) + 26.0;
    let opened = dated(&words.opened, book.opened, &[]);
    let y = sheet.centred(BODY, y, 14.0 * scale, &regular(opened)) + 4.0;
    let closed = match book.closed {
        Some(day) => dated(&words.closed, day, &[]),
        None => words.not_closed.text.clone(),
    };
    let y = sheet.centred(BODY, y, 14.0 * scale, &regular(closed)) + 26.0;
    let part = match span {
        Span::Whole => words.span_whole.text.clone(),
        Span::Month(year, month) => {
            let month = format!("{:02}", u8::from(month));
            words.span_month.filled(&[("month", &month), ("year", &year.to_string())])
        }
    };
    sheet.centred(BODY, y, 12.0 * scale, &regular(part))
}
