//! The note above the first page: what copy it is, whose, when it was signed (Decree 30/2020,
//! Annex I); apart from it where the copy can be checked, and the QR code at the left. It has a
//! margin of its own, so nothing of the original is covered.

use formats_typeset::{Column, Face, Mark, Sheet, regular};
use krilla::surface::Surface;
use krilla::tagging::{Tag, TagGroup};

use super::qr::Qr;
use super::{Press, draw};
use crate::SPECIMEN;
use crate::manifest::vietnam_seconds;
use crate::place::{MARGIN_TOP_MAX, Place, TENTH_MM};
use crate::profile::{NoteWords, signing_time};
use crate::request::CopyRequest;

/// Around the note, in points (3 mm).
const ROOM: f32 = 8.5;
/// The widest that its lines are, in points (85 mm).
const WIDTH_MAX: f32 = 241.0;

/// Between the note and what follows it, in lines.
const GAP: f32 = 0.6;

/// The note, laid out.
pub(super) struct Note {
    /// One for each of its texts.
    paragraphs: Vec<Vec<Mark<()>>>,
    /// How many of them are the note; the others follow the QR code.
    own: usize,
    /// In tenths of a millimetre.
    margin: u32,
}

impl Note {
    /// Lays the note out, beside a QR code as large as `qr`; `None` if it is too long for a margin.
    pub(super) fn new(
        words: &NoteWords,
        request: &CopyRequest,
        specimen: bool,
        press: &Press,
        qr: &Qr,
    ) -> Option<Self> {
        let area = Place::new(&request.pages.first()?.entry([0; 32], (0, 0)))?.area;
        let width = (area.0 - 2.0 * ROOM - qr.side - qr.quiet()).min(WIDTH_MAX);
        let column = Column { x: area.0 - ROOM - width, width };
        let time = signing_time(vietnam_seconds(request.issued_at));
        let code = request.code.to_string();
        let values = [
            ("authority", request.authority.as_str()),
            ("time", time.as_str()),
            ("code", code.as_str()),
            ("address", request.verify_base.as_str()),
        ];
        let size = words.size_pt.value;
        let mut y = ROOM - size * 0.25;
        let mut paragraphs = Vec::new();
        let texts = [&words.form, &words.authority, &words.signed_at];
        let mut texts: Vec<_> = texts.iter().map(|wording| wording.filled(&values)).collect();
        texts.extend(specimen.then(|| SPECIMEN.to_owned()));
        let own = texts.len();
        texts.extend([&words.code, &words.address].map(|wording| wording.filled(&values)));
        for (i, text) in texts.into_iter().enumerate() {
            let mut sheet = Sheet::new(&press.regular, &press.bold);
            y += if i == own { GAP * size } else { 0.0 };
            y = sheet.left(column, y, size, &regular(text));
            paragraphs.push(sheet.marks);
        }
        // The block reads from the left and ends at the corner.
        let end = |mark: &Mark<()>| match mark {
            Mark::Text { x, size, piece, .. } => x + press.regular.width(&piece.text) * size,
            _ => 0.0,
        };
        let widest = paragraphs.iter().flatten().map(end).fold(0.0, f32::max);
        let gap = (column.x + column.width - widest).max(0.0);
        for mark in paragraphs.iter_mut().flatten() {
            if let Mark::Text { x, .. } = mark {
                *x += gap;
            }
        }
        let bottom = (y + ROOM).max(ROOM + qr.side + qr.quiet());
        let margin = (bottom / TENTH_MM).ceil();
        let margin = (margin <= MARGIN_TOP_MAX as f32).then_some(margin as u32)?;
        Some(Self { paragraphs, own, margin })
    }

    /// The margin that it needs, in tenths of a millimetre.
    pub(super) fn margin(&self) -> u32 {
        self.margin
    }

    /// Draws it; each text is a paragraph, and `alt` is what is said of the code.
    pub(super) fn draw(
        &self,
        surface: &mut Surface,
        face: &Face,
        qr: &Qr,
        alt: String,
    ) -> Vec<TagGroup> {
        let mut groups = Vec::new();
        for (i, marks) in self.paragraphs.iter().enumerate() {
            if i == self.own {
                let mut figure = TagGroup::new(Tag::Figure(Some(alt.clone())));
                figure.push(draw::tagged(surface, |surface| {
                    // The corner of the page is blank around it.
                    qr.draw(surface, (ROOM, ROOM));
                }));
                groups.push(figure);
            }
            let mut group = TagGroup::new(Tag::P);
            for (i, mark) in marks.iter().enumerate() {
                let Mark::Text { x, y, size, piece } = mark else { continue };
                let followed = i + 1 < marks.len();
                group.push(draw::tagged(surface, |surface| {
                    draw::text(surface, face, piece, (*x, *y), *size, followed);
                }));
            }
            groups.push(group);
        }
        groups
    }
}
