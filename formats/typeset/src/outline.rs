//! The outlines of set texts, for who draws with something else than krilla.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

use crate::face::Face;

/// A piece of an outline; em, from the start of the text on its baseline, y upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Segment {
    /// A contour begins here.
    Move([f32; 2]),
    /// A straight line to here.
    Line([f32; 2]),
    /// A curve around the first point to the second.
    Quad([f32; 2], [f32; 2]),
    /// A curve around the first two points to the third.
    Cubic([f32; 2], [f32; 2], [f32; 2]),
    /// The contour ends.
    Close,
}

impl Face {
    /// The outline of a text in one line, set as [`Face::set`] sets it.
    pub fn outline(&self, text: &str) -> Vec<Segment> {
        let run = self.set(text);
        let Ok(font) = FontRef::new(&self.bytes) else { return Vec::new() };
        let glyphs = font.outline_glyphs();
        let mut pen = Pen { segments: Vec::new(), x: 0.0, scale: 1.0 / self.units_per_em };
        for set in &run.glyphs {
            if let Some(glyph) = glyphs.get(GlyphId::new(set.glyph_id.to_u32())) {
                let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
                // A glyph that cannot be drawn leaves its room empty, as in any viewer.
                let _ = glyph.draw(settings, &mut pen);
            }
            pen.x += set.x_advance;
        }
        pen.segments
    }
}

struct Pen {
    segments: Vec<Segment>,
    x: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> [f32; 2] {
        [x.mul_add(self.scale, self.x), y * self.scale]
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.segments.push(Segment::Move(self.at(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.segments.push(Segment::Line(self.at(x, y)));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.segments.push(Segment::Quad(self.at(cx, cy), self.at(x, y)));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.segments.push(Segment::Cubic(self.at(ax, ay), self.at(bx, by), self.at(x, y)));
    }

    fn close(&mut self) {
        self.segments.push(Segment::Close);
    }
}
