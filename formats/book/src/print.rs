//! The book on paper: landscape A4, PDF/A-2u.
//!
//! Part 2 of PDF/A, because nothing is attached; level U, because every glyph maps to its
//! character, so that names can be searched.

mod cover;
mod pages;
mod table;

use formats_typeset::{Face, FaceError, Sheet, bold, draw, regular};
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::book::{Book, Refused, Row, Span, Totals};
use crate::words::{Words, dated, money};
use pages::{BODY, BOTTOM, PAGE, Pages};
use table::{Align, Column, Line, Table};

/// Longest text of a cell, in characters: so much fits a page in the smallest type. What officers
/// enter is far shorter; the rest of a longer text is cut off, and an ellipsis says so.
pub const CELL_CHARS_MAX: usize = 1500;

/// Widths of the eight columns, in points; together the width of the body.
const WIDTHS: [f32; 8] = [58.0, 64.0, 130.0, 160.0, 120.0, 50.0, 62.0, 98.7];
/// Widths of the annex's columns.
const ANNEX_WIDTHS: [f32; 5] = [96.0, 56.0, 270.0, 200.0, 120.7];
/// Type of what is not in a table.
const SIZE: f32 = 12.0;
/// Room for a signature and a seal.
const SIGNING: f32 = 110.0;

/// The typefaces to print with: Times-like TrueType files with all Vietnamese letters.
#[derive(Debug, Clone, Copy)]
pub struct Faces<'a> {
    /// Upright.
    pub regular: &'a [u8],
    /// Bold.
    pub bold: &'a [u8],
}

/// Why a book was not printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A typeface cannot be used.
    #[error("the {name} typeface cannot be used")]
    Face {
        /// Which one.
        name: &'static str,
        /// Why.
        #[source]
        source: FaceError,
    },
    /// The built-in words do not parse.
    #[error("the words of the book cannot be read")]
    Words(#[source] toml::de::Error),
    /// The PDF breaks a rule of PDF/A.
    #[error("the PDF cannot be written: {reason}")]
    Pdf {
        /// krilla's reason.
        reason: String,
    },
}

/// Prints a part of a book: cover, the eight columns with totals, closing, annex of refusals.
/// `at` is when it is printed, in Vietnam's time. The same arguments give the same bytes.
pub fn print(
    book: &Book,
    span: Span,
    faces: Faces<'_>,
    at: OffsetDateTime,
) -> Result<Vec<u8>, PrintError> {
    let (upright, heavy) = both(faces)?;
    let words = Words::built_in().map_err(PrintError::Words)?;
    let mut pages = Pages::new(&upright, &heavy);
    cover::add(&mut pages, book, span, &words);
    register(&mut pages, book, span, &words);
    annex(&mut pages, book, span, &words);
    footers(&mut pages, book, &words, at);
    let title = format!("{}: {}", words.title.text, book.name);
    let metadata = Metadata::new().title(title).authors(vec![book.authority.clone()]);
    write_sheets(&pages.sheets, PAGE, stamped(metadata, &book.name, at))
}

/// The eight columns.
fn register(pages: &mut Pages, book: &Book, span: Span, words: &Words) {
    let heads = [
        &words.number,
        &words.date,
        &words.requester,
        &words.original,
        &words.signer,
        &words.copies,
        &words.fee,
        &words.note,
    ];
    let aligns = [
        Align::Centre,
        Align::Centre,
        Align::Left,
        Align::Left,
        Align::Left,
        Align::Centre,
        Align::Right,
        Align::Left,
    ];
    let columns = heads.iter().zip(WIDTHS).zip(aligns);
    let columns = columns
        .map(|((head, width), align)| Column { head: head.text.clone(), width, align })
        .collect();
    let mut table = Table::begin(pages, columns, true);
    let months = book.months(span);
    if months.is_empty() {
        table.add(&Line::Total { label: words.empty.text.clone(), cells: vec![] });
    }
    for rows in months {
        for row in rows {
            table.add(&Line::Row(cells(row)));
        }
        let Some(first) = rows.first() else { continue };
        let month = format!("{:02}", u8::from(first.date.month()));
        let year = first.date.year().to_string();
        let of_month = [("month", month.as_str()), ("year", year.as_str())];
        table.add(&total(&words.month_total, &of_month, Totals::of(rows)));
    }
    let wording = match span {
        Span::Whole => &words.book_total,
        Span::Month(..) => &words.running_total,
    };
    table.add(&total(wording, &[], book.totals_until(span)));
    table.end();
    if let (Span::Whole, Some(closed)) = (span, book.closed) {
        closing(pages, book, closed, words);
    }
}

fn cells(row: &Row) -> Vec<String> {
    let capacity = row.capacity.replace(" / ", "\n");
    let cells = [
        format!("{:02}", row.number),
        day(row.date),
        row.requester.clone(),
        row.original.clone(),
        format!("{}\n{capacity}", row.signer),
        row.copies.to_string(),
        money(row.fee_vnd),
        row.note.clone(),
    ];
    cells.into_iter().map(cut).collect()
}

fn cut(text: String) -> String {
    match text.char_indices().nth(CELL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn total(wording: &formats_typeset::Wording, more: &[(&str, &str)], sum: Totals) -> Line {
    let numbers = sum.numbers.to_string();
    let label = wording.filled(&[more, &[("numbers", numbers.as_str())]].concat());
    Line::Total { label, cells: vec![(5, sum.copies.to_string()), (6, money(sum.fees_vnd))] }
}

/// The closing with its totals, to be signed and sealed.
fn closing(pages: &mut Pages, book: &Book, closed: Date, words: &Words) {
    let sum = Totals::of(&book.rows);
    let (numbers, last) = (sum.numbers.to_string(), format!("{:02}", sum.numbers));
    let (copies, fee) = (sum.copies.to_string(), money(sum.fees_vnd));
    let wording = if sum.numbers == 0 { &words.closing_empty } else { &words.closing };
    let more = [
        ("numbers", numbers.as_str()),
        ("last", last.as_str()),
        ("copies", copies.as_str()),
        ("fee", fee.as_str()),
    ];
    let text = dated(wording, closed, &more);
    pages.make_room(SIGNING + 6.0 * SIZE);
    let y = pages.y + SIZE;
    let sheet = pages.sheet();
    let y = sheet.left(BODY, y, SIZE, &regular(text)) + SIZE;
    let right = formats_typeset::Column { x: BODY.x + BODY.width * 0.6, width: BODY.width * 0.4 };
    let y = sheet.centred(right, y, SIZE, &bold(words.closer.text.clone()));
    let y = sheet.centred(right, y, SIZE - 1.0, &regular(words.closer_note.text.clone()));
    pages.y = y + SIGNING;
}

/// What was refused, with its grounds; names no requester.
fn annex(pages: &mut Pages, book: &Book, span: Span, words: &Words) {
    let listed: Vec<_> = book.refusals.iter().filter(|r| span.has(r.at.date())).collect();
    pages.new_page();
    let title = bold(words.refusals_title.text.clone());
    pages.y = {
        let y = pages.y;
        pages.sheet().centred(BODY, y, SIZE + 1.0, &title) + SIZE
    };
    let heads = [
        &words.refusals_date,
        &words.refusals_code,
        &words.refusals_reason,
        &words.refusals_article,
        &words.refusals_officer,
    ];
    let aligns = [Align::Centre, Align::Centre, Align::Left, Align::Left, Align::Left];
    let columns = heads.iter().zip(ANNEX_WIDTHS).zip(aligns);
    let columns = columns
        .map(|((head, width), align)| Column { head: head.text.clone(), width, align })
        .collect();
    let mut table = Table::begin(pages, columns, false);
    for refused in &listed {
        table.add(&Line::Row(refusal(refused, words)));
    }
    let numbers = format!("{:02}", listed.len());
    let label = words.refusals_total.filled(&[("numbers", &numbers)]);
    table.add(&Line::Total { label, cells: vec![] });
    table.end();
}

fn refusal(refused: &Refused, words: &Words) -> Vec<String> {
    let at = refused.at;
    let time = format!("{} {:02}:{:02}", day(at.date()), at.hour(), at.minute());
    let officer = refused.officer.clone();
    vec![
        time,
        refused.code.clone(),
        refused.reason.clone(),
        refused.article.clone(),
        officer.unwrap_or_else(|| words.refusals_machine.text.clone()),
    ]
}

fn day(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), u8::from(date.month()), date.year())
}

/// Numbers every page behind the cover.
fn footers(pages: &mut Pages, book: &Book, words: &Words, at: OffsetDateTime) {
    const FOOT: f32 = 9.0;
    let count = pages.sheets.len().saturating_sub(1).to_string();
    let book_line = words.book.filled(&[("book", &book.name)]);
    let time = format!("{} {:02}:{:02}", day(at.date()), at.hour(), at.minute());
    let printed = words.printed.filled(&[("time", &time)]);
    for (number, sheet) in pages.sheets.iter_mut().enumerate().skip(1) {
        let page = words.page.filled(&[("page", &number.to_string()), ("pages", &count)]);
        let y = BOTTOM + 10.0;
        sheet.left(BODY, y, FOOT, &regular(book_line.clone()));
        sheet.centred(BODY, y, FOOT, &regular(page));
        sheet.right(BODY, y, FOOT, &regular(printed.clone()));
    }
}

/// Both faces, ready for use.
pub(crate) fn both(faces: Faces<'_>) -> Result<(Face, Face), PrintError> {
    let face = |bytes, name| Face::new(bytes).map_err(|source| PrintError::Face { name, source });
    Ok((face(faces.regular, "regular")?, face(faces.bold, "bold")?))
}

/// The sheets as PDF/A-2u, each on a page of this size in points.
pub(crate) fn write_sheets(
    sheets: &[Sheet<'_, ()>],
    size: (f32, f32),
    metadata: Metadata,
) -> Result<Vec<u8>, PrintError> {
    let pdf = |reason: String| PrintError::Pdf { reason };
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_U)
        .finish()
        .map_err(|e| pdf(format!("{e:?}")))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata);
    for sheet in sheets {
        let settings = PageSettings::from_wh(size.0, size.1)
            .ok_or_else(|| pdf("a page has no extent".into()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        draw(&mut surface, sheet, |_, (), _, _| {});
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|e| pdf(e.to_string()))
}

/// The metadata with program, language, time and an id of name and time.
pub(crate) fn stamped(metadata: Metadata, name: &str, at: OffsetDateTime) -> Metadata {
    let hours = at.offset().whole_hours();
    let created = DateTime::new(at.year().clamp(0, 9999) as u16)
        .month(at.month().into())
        .day(at.day())
        .hour(at.hour())
        .minute(at.minute())
        .second(at.second())
        .utc_offset_hour(hours)
        .utc_offset_minute(0);
    let stamp = at.format(format_description!("[year][month][day][hour][minute][second]"));
    metadata
        .creator("Bản Sao".into())
        .producer("Bản Sao, krilla".into())
        .language("vi".into())
        .creation_date(created)
        .document_id(format!("{name} {}", stamp.unwrap_or_default()))
}
