//! The note above the first page: what copy it is, whose, when it was signed (Decree 30/2020,
//! Annex I). It has a margin of its own, so nothing of the original is covered.

use formats_typeset::{Column, Face, Mark, Sheet, regular};
use krilla::surface::Surface;
use krilla::tagging::{Tag, TagGroup};

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

/// The note, laid out.
pub(super) struct Note {
    /// One for each of its texts.
    paragraphs: Vec<Vec<Mark<()>>>,
    /// In tenths of a millimetre.
    margin: u32,
}

impl Note {
    /// Lays the note out; `None` if it is too long for a margin.
    pub(super) fn new(
        words: &NoteWords,
        request: &CopyRequest,
        specimen: bool,
        press: &Press,
    ) -> Option<Self> {
        let area = Place::new(&request.pages.first()?.entry([0; 32], (0, 0)))?.area;
        let width = (area.0 - 2.0 * ROOM).min(WIDTH_MAX);
        let column = Column { x: area.0 - ROOM - width, width };
        let time = signing_time(vietnam_seconds(request.issued_at));
        let values = [("authority", request.authority.as_str()), ("time", time.as_str())];
        let mut y = ROOM - words.size_pt.value * 0.25;
        let mut paragraphs = Vec::new();
        let texts = [&words.form, &words.authority, &words.signed_at];
        let mut texts: Vec<_> = texts.iter().map(|wording| wording.filled(&values)).collect();
        texts.extend(specimen.then(|| SPECIMEN.to_owned()));
        for text in texts {
            let mut sheet = Sheet::new(&press.regular, &press.bold);
            let piece = regular(text);
            y = sheet.left(column, y, words.size_pt.value, &piece);
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
        let margin = ((y + ROOM) / TENTH_MM).ceil();
        (margin <= MARGIN_TOP_MAX as f32).then_some(Self { paragraphs, margin: margin as u32 })
    }

    /// The margin that it needs, in tenths of a millimetre.
    pub(super) fn margin(&self) -> u32 {
        self.margin
    }

    /// Draws it; each text is a paragraph.
    pub(super) fn draw(&self, surface: &mut Surface, face: &Face) -> Vec<TagGroup> {
        let paragraph = |marks: &Vec<Mark<()>>| {
            let mut group = TagGroup::new(Tag::P);
            for (i, mark) in marks.iter().enumerate() {
                let Mark::Text { x, y, size, piece } = mark else { continue };
                let followed = i + 1 < marks.len();
                group.push(draw::tagged(surface, |surface| {
                    draw::text(surface, face, piece, (*x, *y), *size, followed);
                }));
            }
            group
        };
        self.paragraphs.iter().map(paragraph).collect()
    }
}
