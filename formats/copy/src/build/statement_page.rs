//! The last page: the statement (lời chứng) in the manner of a Vietnamese administrative document.

use std::num::NonZeroU16;
use std::ops::Range;

use formats_typeset::{Column, Ink, Mark, Piece, Sheet, bold, draw as draw_marks, regular};
use krilla::Document;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::tagging::{Tag, TagGroup, TagKind};

use super::qr::Qr;
use super::{BuildError, Plan, Words, draw};
use crate::SPECIMEN;
use crate::manifest::ClockTrust;
use crate::profile::StatementWords;

/// A4 in points.
const PAGE: (f32, f32) = (595.28, 841.89);
/// Its height.
pub(super) const HEIGHT: f32 = PAGE.1;
/// The text block; Decree 30/2020 asks for 20 mm above and 30 mm left, 15 to 20 mm right.
const BODY: Column = Column { x: 70.9, width: 473.4 };
const TOP: f32 = 56.7;
const BOTTOM: f32 = PAGE.1 - 51.0;
/// The header: authority at the left, country and motto at the right.
const AUTHORITY: Column = Column { x: 56.7, width: 196.0 };
const COUNTRY: Column = Column { x: 268.0, width: 277.0 };
/// Below: the code at the left, the certifier at the right.
const CODE: Column = Column { x: 70.9, width: 190.0 };
const CERTIFIER: Column = Column { x: 285.0, width: 259.3 };
/// The box of the signature image.
const SIGNATURE: (f32, f32) = (125.0, 62.0);
/// Type is set smaller, in these steps, when long names would leave the page.
const SCALES: [f32; 6] = [1.0, 0.92, 0.84, 0.74, 0.62, 0.5];

/// The mark of the sheet: its type, and where its line ends below the text block.
const SHEET_MARK: (f32, f32) = (8.0, BOTTOM + 22.0);

/// What the page tells.
struct Statement<'a> {
    words: &'a Words<'a>,
    profile: &'a StatementWords,
    /// The seal's real width in points.
    seal: f32,
}

/// What a box on the page is for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    Qr,
    Signature,
    Seal,
}

/// What a run of marks is to a reader.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Title,
    Paragraph,
    Picture,
    Ornament,
}

/// Marks in the order of reading, part by part.
struct Layout<'a> {
    sheet: Sheet<'a, Figure>,
    parts: Vec<(Kind, Range<usize>)>,
}

impl<'a> Layout<'a> {
    /// Adds the marks that `lay` sets as one part; returns what it returns, the bottom edge.
    fn part(&mut self, kind: Kind, lay: impl FnOnce(&mut Sheet<'a, Figure>) -> f32) -> f32 {
        let start = self.sheet.marks.len();
        let bottom = lay(&mut self.sheet);
        self.parts.push((kind, start..self.sheet.marks.len()));
        bottom
    }

    fn mark(&mut self, kind: Kind, mark: Mark<Figure>) {
        self.part(kind, |sheet| {
            sheet.marks.push(mark);
            0.0
        });
    }
}

/// Adds the page; returns its part of the document's structure.
pub(super) fn add(
    document: &mut Document,
    plan: &Plan,
    profile: &StatementWords,
    words: &Words,
    qr: &Qr,
) -> Result<TagGroup, BuildError> {
    let seal = plan.profile.sheets.seal.side_mm as f32 / 25.4 * 72.0;
    let statement = Statement { words, profile, seal };
    let mut layout = fitted(plan, &statement, qr);
    let edge = plan.edges.last();
    if let Some(edge) = edge.filter(|edge| edge.marked) {
        let (sheet, sheets) = (edge.sheet.to_string(), edge.sheets.to_string());
        let values = [("sheet", sheet.as_str()), ("sheets", sheets.as_str())];
        let piece = regular(words.fill(&plan.profile.sheets.mark, &values));
        let (size, y) = SHEET_MARK;
        let x = BODY.x + BODY.width - layout.sheet.width(&piece, size);
        layout.mark(Kind::Ornament, Mark::Text { x, y, size, piece });
    }
    let extent = || BuildError::Pdf { reason: "the statement page has no extent".into() };
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(extent)?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut section = TagGroup::new(Tag::Section);
    for (kind, marks) in &layout.parts {
        let marks = &layout.sheet.marks[marks.clone()];
        if let Some(group) = draw_part(&mut surface, plan, words, qr, *kind, marks) {
            section.push(group);
        }
    }
    let spoken = &plan.profile.spoken.edge_seal;
    let alt = |part: &str, parts: &str| words.fill(spoken, &[("part", part), ("parts", parts)]);
    let slice =
        edge.and_then(|edge| edge.draw_slice(&mut surface, PAGE, plan.press.seal.as_ref(), alt));
    if let Some(group) = slice {
        section.push(group);
    }
    surface.finish();
    page.finish();
    Ok(section)
}

/// Lays the page out in the largest type that leaves it on one page.
fn fitted<'a>(plan: &'a Plan<'a>, statement: &Statement, qr: &Qr) -> Layout<'a> {
    let new = || {
        let sheet =
            Sheet { regular: &plan.press.regular, bold: &plan.press.bold, marks: Vec::new() };
        Layout { sheet, parts: Vec::new() }
    };
    let mut layout = new();
    for scale in SCALES {
        layout = new();
        if lay_out(&mut layout, statement, qr, scale) <= BOTTOM {
            break;
        }
    }
    layout
}

fn draw_part(
    surface: &mut Surface,
    plan: &Plan,
    words: &Words,
    qr: &Qr,
    kind: Kind,
    marks: &[Mark<Figure>],
) -> Option<TagGroup> {
    let tag: TagKind = match kind {
        Kind::Ornament => {
            let marks = marks.to_vec();
            let sheet = Sheet { regular: &plan.press.regular, bold: &plan.press.bold, marks };
            draw::aside(surface, |surface| draw_marks(surface, &sheet, |_, _, _, _| {}));
            return None;
        }
        Kind::Picture => return draw_picture(surface, plan, words, qr, marks.first()?),
        Kind::Title => Tag::Hn(NonZeroU16::MIN, Some(plan.title(words))).into(),
        Kind::Paragraph => Tag::P.into(),
    };
    let mut group = TagGroup::new(tag);
    for (i, mark) in marks.iter().enumerate() {
        let Mark::Text { x, y, size, piece } = mark else { continue };
        let face = if piece.bold { &plan.press.bold } else { &plan.press.regular };
        let followed = i + 1 < marks.len();
        group.push(draw::tagged(surface, |surface| {
            draw::text(surface, face, piece, (*x, *y), *size, followed);
        }));
    }
    Some(group)
}

fn draw_picture(
    surface: &mut Surface,
    plan: &Plan,
    words: &Words,
    qr: &Qr,
    mark: &Mark<Figure>,
) -> Option<TagGroup> {
    let Mark::Room { x, y, width, height, what } = mark else { return None };
    let (spoken, at, room) = (&plan.profile.spoken, (*x, *y), (*width, *height));
    let (alt, image) = match what {
        Figure::Qr => (&spoken.qr, None),
        Figure::Signature => (&spoken.signature, Some(plan.press.signature.as_ref()?)),
        Figure::Seal => (&spoken.seal, Some(plan.press.seal.as_ref()?)),
    };
    let drawn = match image {
        Some(image) => draw::tagged(surface, |surface| draw::image(surface, image, at, room)),
        None => draw::tagged(surface, |surface| qr.draw(surface, at)),
    };
    let mut group = TagGroup::new(Tag::Figure(Some(words.fill(alt, &[]))));
    group.push(drawn);
    Some(group)
}

/// Lays the whole page out at a scale of type; returns the bottom edge.
fn lay_out(layout: &mut Layout, statement: &Statement, qr: &Qr, scale: f32) -> f32 {
    let header = header(layout, statement, scale);
    let title = title(layout, statement, header + 52.0 * scale, scale);
    let rows = rows(layout, statement, title + 30.0 * scale, scale);
    let block = rows + 40.0 * scale;
    let signed = certifier(layout, statement, block, scale);
    let coded = code(layout, statement, qr, block + 14.0 * scale, scale);
    footer(layout, statement, signed.max(coded) + 14.0 * scale, scale)
}

/// A rule below a text, in the middle of its column.
fn rule(layout: &mut Layout, column: Column, y: f32, width: f32) {
    layout.mark(Kind::Ornament, Mark::Rule { x: column.middle() - width / 2.0, y, width });
}

fn picture(layout: &mut Layout, what: Figure, (x, y): (f32, f32), (width, height): (f32, f32)) {
    layout.mark(Kind::Picture, Mark::Room { x, y, width, height, what });
}

fn header(layout: &mut Layout, statement: &Statement, scale: f32) -> f32 {
    let profile = statement.profile;
    let authority = bold(statement.words.manifest.authority.to_uppercase());
    let left = layout
        .part(Kind::Paragraph, |sheet| sheet.centred(AUTHORITY, TOP, 12.0 * scale, &authority));
    rule(layout, AUTHORITY, left + 4.0, AUTHORITY.width / 3.0);
    let country = bold(profile.country.text.clone());
    let y =
        layout.part(Kind::Paragraph, |sheet| sheet.centred(COUNTRY, TOP, 12.0 * scale, &country));
    let motto = bold(profile.motto.text.clone());
    let right =
        layout.part(Kind::Paragraph, |sheet| sheet.centred(COUNTRY, y, 13.0 * scale, &motto));
    let width = layout.sheet.width(&motto, 13.0 * scale).min(COUNTRY.width);
    rule(layout, COUNTRY, right + 4.0, width);
    left.max(right)
}

fn title(layout: &mut Layout, statement: &Statement, y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.words.manifest, statement.profile);
    let title = bold(profile.title.text.clone());
    let y = layout.part(Kind::Title, |sheet| sheet.centred(BODY, y, 16.0 * scale, &title));
    let y = if manifest.specimen {
        let piece = Piece { ink: Ink::Red, ..bold(SPECIMEN) };
        layout.part(Kind::Paragraph, |sheet| sheet.centred(BODY, y, 14.0 * scale, &piece))
    } else {
        y
    };
    let number = Piece { ink: Ink::Red, ..bold(format!("{:02}", manifest.number)) };
    let pieces = [
        regular(format!("{} ", profile.number_label.text)),
        number,
        regular(format!("     {} {}", profile.book_label.text, manifest.book)),
    ];
    layout.part(Kind::Paragraph, |sheet| {
        sheet.centred_pieces(BODY, y + 6.0 * scale, 13.0 * scale, &pieces)
    })
}

fn rows(layout: &mut Layout, statement: &Statement, mut y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.words.manifest, statement.profile);
    let size = 13.0 * scale;
    let pages = format!("{:02}", manifest.pages.len());
    let rows = [
        (&profile.kind_label, manifest.kind.clone()),
        (&profile.document_label, manifest.title.clone()),
        (&profile.pages_label, profile.pages.filled(&[("pages", &pages)])),
        (&profile.place_label, statement.words.place.to_owned()),
    ];
    let label_width = rows
        .iter()
        .map(|(label, _)| layout.sheet.width(&regular(label.text.clone()), size))
        .fold(0.0, f32::max);
    let labels = Column { x: BODY.x, width: label_width + 1.0 };
    let indent = label_width + 12.0;
    let values = Column { x: BODY.x + indent, width: BODY.width - indent };
    for (label, value) in rows {
        y = layout.part(Kind::Paragraph, |sheet| {
            let label_bottom = sheet.left(labels, y, size, &regular(label.text.clone()));
            sheet.left(values, y, size, &bold(value)).max(label_bottom) + 7.0 * scale
        });
    }
    y
}

/// Date, capacity, signature under the seal, name, time of signing.
fn certifier(layout: &mut Layout, statement: &Statement, y: f32, scale: f32) -> f32 {
    let (words, profile) = (statement.words, statement.profile);
    let manifest = words.manifest;
    let at = manifest.issued_at;
    let day = format!("{:02}", at.day());
    let month = format!("{:02}", u8::from(at.month()));
    let year = at.year().to_string();
    let date = profile.date.filled(&[("day", &day), ("month", &month), ("year", &year)]);
    let mut centred = |y: f32, size: f32, piece: Piece| {
        layout.part(Kind::Paragraph, |sheet| sheet.centred(CERTIFIER, y, size * scale, &piece))
    };
    let mut y = centred(y, 12.5, regular(date));
    y = centred(y, 12.5, bold(profile.certifier.text.clone()));
    y = centred(y, 11.0, regular(profile.certifier_note.text.clone())) + 3.0 * scale;
    for line in manifest.capacity.split(" / ") {
        y = centred(y, 12.5, bold(line));
    }
    let space = statement.seal + 8.0;
    let (width, height) = SIGNATURE;
    let signature_x = CERTIFIER.middle() - width / 2.0;
    let signature_y = y + (space - height) / 2.0;
    picture(layout, Figure::Signature, (signature_x, signature_y), SIGNATURE);
    // The seal covers the left third of the signature (Decree 99/2016 on ink, kept by Decree 30).
    let seal_x = signature_x + width / 3.0 - statement.seal;
    picture(layout, Figure::Seal, (seal_x, y + 4.0), (statement.seal, statement.seal));
    let mut centred = |y: f32, size: f32, piece: Piece| {
        layout.part(Kind::Paragraph, |sheet| sheet.centred(CERTIFIER, y, size * scale, &piece))
    };
    y = centred(y + space, 13.0, bold(manifest.officer.clone()));
    y = centred(y + 2.0 * scale, 10.0, regular(words.fill(&profile.signed_at, &[])));
    match manifest.clock {
        ClockTrust::Unsynchronised => {
            centred(y, 9.0, regular(profile.clock_unsynchronised.text.clone()))
        }
        ClockTrust::Synchronised | ClockTrust::Unknown => y,
    }
}

/// The QR code, the verification code, where to look it up.
fn code(layout: &mut Layout, statement: &Statement, qr: &Qr, y: f32, scale: f32) -> f32 {
    let (words, profile) = (statement.words, statement.profile);
    let quiet = qr.quiet();
    let side = qr.side + 2.0 * quiet;
    let corner = (CODE.middle() - qr.side / 2.0, y + quiet);
    picture(layout, Figure::Qr, corner, (qr.side, qr.side));
    let mut centred = |y: f32, size: f32, piece: Piece| {
        layout.part(Kind::Paragraph, |sheet| sheet.centred(CODE, y, size * scale, &piece))
    };
    let mut y = centred(y + side, 10.0, regular(profile.qr_note.text.clone()));
    y = centred(y + 4.0 * scale, 10.0, regular(profile.code_label.text.clone()));
    y = centred(y, 12.5, bold(words.manifest.code.to_string()));
    y = centred(y + 2.0, 10.0, regular(profile.address_label.text.clone()));
    centred(y, 10.0, regular(words.verify_base))
}

/// The conversion mark and what a print of the copy is worth, at the foot of the page.
fn footer(layout: &mut Layout, statement: &Statement, y: f32, scale: f32) -> f32 {
    let (words, profile) = (statement.words, statement.profile);
    let size = 9.5 * scale;
    let start = layout.sheet.marks.len();
    layout.mark(Kind::Ornament, Mark::Rule { x: BODY.x, y, width: BODY.width });
    let conversion = regular(words.fill(&profile.conversion, &[]));
    let first = layout.part(Kind::Paragraph, |sheet| sheet.left(BODY, y + 6.0, size, &conversion));
    let second = regular(profile.signatures.text.clone());
    let bottom =
        layout.part(Kind::Paragraph, |sheet| sheet.left(BODY, first + 3.0 * scale, size, &second));
    let drop = (BOTTOM - bottom).max(0.0);
    for mark in &mut layout.sheet.marks[start..] {
        if let Mark::Text { y, .. } | Mark::Rule { y, .. } = mark {
            *y += drop;
        }
    }
    bottom
}
