//! A white sheet that takes ink: text, rules, boxes and stamps, in millimetres and points.

use ab_glyph::{Font, PxScale, ScaleFont, point};
use tiny_skia::Pixmap;

use crate::fonts::{Face, Fonts};
use crate::sheet::{DPI, TruthWord};

/// Black of office print.
pub(crate) const BLACK: [u8; 3] = [24, 22, 24];
/// Red of stamps.
pub(crate) const RED: [u8; 3] = [206, 28, 38];

/// Pixels in a millimetre.
pub(crate) const PX_PER_MM: f32 = DPI as f32 / 25.4;

/// How a run of text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) face: Face,
    pub(crate) pt: f32,
    pub(crate) colour: [u8; 3],
}

impl Style {
    pub(crate) fn new(face: Face, pt: f32) -> Self {
        Self { face, pt, colour: BLACK }
    }
}

/// The sheet being drawn.
pub(crate) struct Canvas<'f> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
    pub(crate) words: Vec<TruthWord>,
    fonts: &'f Fonts,
    lines: usize,
}

impl<'f> Canvas<'f> {
    /// A white sheet of the given size in pixels.
    pub(crate) fn new(fonts: &'f Fonts, width: u32, height: u32) -> Self {
        let rgb = vec![255; width as usize * height as usize * 3];
        Self { width, height, rgb, words: Vec::new(), fonts, lines: 0 }
    }

    /// A white A4 sheet at 300 dpi.
    pub(crate) fn a4(fonts: &'f Fonts) -> Self {
        Self::new(fonts, 2480, 3508)
    }

    fn scale(&self, style: Style) -> PxScale {
        let font = self.fonts.get(style.face);
        let em_px = style.pt / 72.0 * DPI as f32;
        let units = font.units_per_em().unwrap_or(2048.0);
        PxScale::from(em_px * font.height_unscaled() / units)
    }

    /// Width of `text` in millimetres.
    pub(crate) fn measure(&self, text: &str, style: Style) -> f32 {
        let font = self.fonts.get(style.face).as_scaled(self.scale(style));
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum::<f32>() / PX_PER_MM
    }

    /// Puts ink on a pixel. Ink multiplies, as on paper: a red seal over black text stays black.
    fn ink(&mut self, x: i32, y: i32, alpha: f32, colour: [u8; 3]) {
        if x < 0 || y < 0 || x >= self.width as i32 || y >= self.height as i32 {
            return;
        }
        let at = (y as usize * self.width as usize + x as usize) * 3;
        for (channel, ink) in self.rgb[at..at + 3].iter_mut().zip(colour) {
            let keep = 1.0 - alpha * (1.0 - f32::from(ink) / 255.0);
            *channel = (f32::from(*channel) * keep) as u8;
        }
    }

    /// Draws one printed line with its baseline at `y`; words are spread by `gap` more
    /// millimetres each, for justified text. Returns the right edge.
    fn run(&mut self, x: f32, y: f32, text: &str, style: Style, gap: f32) -> f32 {
        let mut pen = x;
        let space = self.measure(" ", style) + gap;
        for word in text.split_whitespace() {
            pen = self.word(pen, y, word, style) + space;
        }
        self.lines += 1;
        pen - space
    }

    fn word(&mut self, x: f32, y: f32, text: &str, style: Style) -> f32 {
        let scale = self.scale(style);
        let fonts = self.fonts;
        let font = fonts.get(style.face);
        let scaled = font.as_scaled(scale);
        let mut pen = x * PX_PER_MM;
        let mut bounds: Option<[f32; 4]> = None;
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(scale, point(pen, y * PX_PER_MM));
            pen += scaled.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let b = outline.px_bounds();
            let (left, top) = (b.min.x as i32, b.min.y as i32);
            outline.draw(|dx, dy, a| {
                self.ink(left + dx as i32, top + dy as i32, a.min(1.0), style.colour);
            });
            let old = bounds.unwrap_or([b.min.x, b.min.y, b.max.x, b.max.y]);
            bounds = Some([
                old[0].min(b.min.x),
                old[1].min(b.min.y),
                old[2].max(b.max.x),
                old[3].max(b.max.y),
            ]);
        }
        if let Some([x0, y0, x1, y1]) = bounds {
            let quad = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
            self.words.push(TruthWord { text: text.to_owned(), quad, line: self.lines });
        }
        pen / PX_PER_MM
    }

    /// Text from `x`, baseline at `y`. Returns the right edge.
    pub(crate) fn text(&mut self, x: f32, y: f32, text: &str, style: Style) -> f32 {
        self.run(x, y, text, style, 0.0)
    }

    /// Text centred on `x`.
    pub(crate) fn centred(&mut self, x: f32, y: f32, text: &str, style: Style) {
        self.text(x - self.measure(text, style) / 2.0, y, text, style);
    }

    /// `text` broken to the measure `width`, the first line shorter by `indent`.
    pub(crate) fn wrap(&self, text: &str, style: Style, width: f32, indent: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let room = if lines.len() == 1 { width - indent } else { width };
            let last = lines.len() - 1;
            let line = &mut lines[last];
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if line.is_empty() || self.measure(&longer, style) <= room {
                *line = longer;
            } else {
                lines.push(word.to_owned());
            }
        }
        lines
    }

    /// One line stretched to exactly `width`.
    pub(crate) fn justified(&mut self, x: f32, y: f32, text: &str, style: Style, width: f32) {
        let gaps = text.split_whitespace().count().saturating_sub(1).max(1);
        let rest = width - self.measure(text, style);
        self.run(x, y, text, style, rest / gaps as f32);
    }

    /// A horizontal rule.
    pub(crate) fn rule(&mut self, x: f32, y: f32, width: f32, thick: f32, colour: [u8; 3]) {
        self.fill(x, y, width, thick, colour);
    }

    /// A filled rectangle.
    pub(crate) fn fill(&mut self, x: f32, y: f32, w: f32, h: f32, colour: [u8; 3]) {
        let px = |mm: f32| (mm * PX_PER_MM).round() as i32;
        for row in px(y)..px(y + h).max(px(y) + 1) {
            for column in px(x)..px(x + w).max(px(x) + 1) {
                self.ink(column, row, 1.0, colour);
            }
        }
    }

    /// Takes what was drawn in a rectangle away: white card stock, where ink only ever adds.
    pub(crate) fn lighten(&mut self, x: f32, y: f32, w: f32, h: f32) {
        let px = |mm: f32, end: u32| ((mm * PX_PER_MM).round().max(0.0) as u32).min(end) as usize;
        let (left, right) = (px(x, self.width), px(x + w, self.width));
        for row in px(y, self.height)..px(y + h, self.height) {
            let at = row * self.width as usize;
            self.rgb[(at + left) * 3..(at + right) * 3].fill(246);
        }
    }

    /// The four sides of a rectangle.
    pub(crate) fn frame(&mut self, x: f32, y: f32, w: f32, h: f32, thick: f32, colour: [u8; 3]) {
        self.fill(x, y, w, thick, colour);
        self.fill(x, y + h - thick, w, thick, colour);
        self.fill(x, y, thick, h, colour);
        self.fill(x + w - thick, y, thick, h, colour);
    }

    /// A transparent picture laid on, its top left corner at (`x`, `y`).
    pub(crate) fn stamp(&mut self, x: f32, y: f32, picture: &Pixmap) {
        let (left, top) = ((x * PX_PER_MM) as i32, (y * PX_PER_MM) as i32);
        let width = picture.width() as usize;
        for (i, pixel) in picture.pixels().iter().enumerate() {
            if pixel.alpha() > 0 {
                let c = pixel.demultiply();
                let (dx, dy) = ((i % width) as i32, (i / width) as i32);
                let alpha = f32::from(c.alpha()) / 255.0;
                self.ink(left + dx, top + dy, alpha, [c.red(), c.green(), c.blue()]);
            }
        }
    }
}
