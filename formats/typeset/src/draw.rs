//! Marks onto a page.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;

use crate::face::Face;
use crate::sheet::{Ink, Mark, Piece, Sheet};

/// Thickness of rules, in points.
const RULE: f32 = 0.7;

impl Ink {
    /// What fills shapes of this ink.
    pub fn fill(self) -> Fill {
        let color = match self {
            Self::Black => rgb::Color::black(),
            Self::Red => rgb::Color::new(200, 16, 30),
        };
        Fill { paint: color.into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
    }
}

/// Draws a sheet's marks in their order; `room` draws the caller's boxes.
pub fn draw<R>(
    surface: &mut Surface,
    sheet: &Sheet<R>,
    mut room: impl FnMut(&mut Surface, &R, (f32, f32), (f32, f32)),
) {
    for mark in &sheet.marks {
        match mark {
            Mark::Text { x, y, size, piece } => {
                let face = if piece.bold { sheet.bold } else { sheet.regular };
                draw_text(surface, face, piece, (*x, *y), *size);
            }
            Mark::Rule { x, y, width } => draw_line(surface, (*x, *y), (*x + *width, *y)),
            Mark::Upright { x, y, height } => draw_line(surface, (*x, *y), (*x, *y + *height)),
            Mark::Room { x, y, width, height, what } => {
                room(surface, what, (*x, *y), (*width, *height));
            }
        }
    }
}

/// Draws one line of text from a point on its baseline.
pub fn draw_text(surface: &mut Surface, face: &Face, piece: &Piece, at: (f32, f32), size: f32) {
    surface.set_fill(Some(piece.ink.fill()));
    let run = face.set(&piece.text);
    let at = Point::from_xy(at.0, at.1);
    surface.draw_glyphs(at, &run.glyphs, face.font.clone(), &run.text, size, false);
}

fn draw_line(surface: &mut Surface, from: (f32, f32), to: (f32, f32)) {
    let mut path = PathBuilder::new();
    path.move_to(from.0, from.1);
    path.line_to(to.0, to.1);
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke { width: RULE, ..Stroke::default() }));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}
