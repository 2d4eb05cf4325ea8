//! What a page says: the values that leave the reader.

use drivers_api::{Raster, Turn};

/// Corners top left, top right, bottom right, bottom left along the reading direction, in pixels
/// of the page (turned as [`PageReading::turn`] says).
pub type Quad = [[f32; 2]; 4];

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The text, NFC, without spaces.
    pub text: String,
    /// Where it stands.
    pub quad: Quad,
    /// How sure the recogniser is, 0 to 1.
    pub confidence: f32,
    /// The same of each letter; empty where the recogniser tells it of words only.
    pub letters: Vec<f32>,
}

/// Words that stand on one baseline without a column's gap between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Left to right; never empty.
    pub words: Vec<Word>,
}

impl Line {
    /// The words with single spaces.
    pub fn text(&self) -> String {
        self.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The quad from the first word's left to the last word's right side.
    pub fn quad(&self) -> Quad {
        quad_of(&self.words)
    }

    /// Mean confidence of the words, weighted by their letters.
    pub fn confidence(&self) -> f32 {
        confidence_of(&self.words)
    }
}

/// The quad around words of one line.
pub(crate) fn quad_of(words: &[Word]) -> Quad {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Quad::default() };
    let top = words.iter().map(|w| w.quad[0][1] - first.quad[0][1]).fold(0.0f32, f32::min);
    let low = words.iter().map(|w| w.quad[3][1] - first.quad[3][1]).fold(0.0f32, f32::max);
    let [a, _, _, d] = first.quad;
    let [_, b, c, _] = last.quad;
    // A skewed line's own slope is in its corners; only what sticks out of them is added.
    let (slope_top, slope_low) = ((b[1] - a[1]).min(0.0), (c[1] - d[1]).max(0.0));
    let (up, down) = ((top - slope_top).min(0.0), (low - slope_low).max(0.0));
    [[a[0], a[1] + up], [b[0], b[1] + up], [c[0], c[1] + down], [d[0], d[1] + down]]
}

/// Mean confidence weighted by letters; 0 for no words.
pub(crate) fn confidence_of(words: &[Word]) -> f32 {
    let (sum, letters) = words.iter().fold((0.0, 0.0), |(sum, letters), w| {
        let n = w.text.chars().count() as f32;
        (sum + w.confidence * n, letters + n)
    });
    if letters == 0.0 { 0.0 } else { sum / letters }
}

/// An upright rectangle of the page, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Region {
    /// Whether a point is inside.
    pub(crate) fn holds(&self, [x, y]: [f32; 2]) -> bool {
        let inside =
            |at: f32, from: u32, length: u32| (from as f32..=(from + length) as f32).contains(&at);
        inside(x, self.x, self.width) && inside(y, self.y, self.height)
    }

    /// The four corners.
    pub fn quad(&self) -> Quad {
        let (x0, y0) = (self.x as f32, self.y as f32);
        let (x1, y1) = (x0 + self.width as f32, y0 + self.height as f32);
        [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    }
}

/// One page, read.
#[derive(Debug, Clone, PartialEq)]
pub struct PageReading {
    /// Width of the page in pixels.
    pub width: u32,
    /// Height of the page in pixels.
    pub height: u32,
    /// Dots per inch.
    pub dpi: u32,
    /// Where the sheet lay in the picture that was read, if a dark lid showed around it. All other
    /// sizes and positions are those of the page that [`PageReading::cut_out`] makes.
    pub sheet: Option<Region>,
    /// How the sheet must be turned for its print to stand upright.
    pub turn: Turn,
    /// Skew of the page in degrees, clockwise positive, to 0.05.
    pub skew_degrees: f32,
    /// Lines in reading order.
    pub lines: Vec<Line>,
    /// Mean confidence of all words, weighted by their letters; 0 for a page without words.
    pub confidence: f32,
    /// Share of dark pixels, 0 to 1.
    pub ink: f32,
    /// There is nothing on the page to read.
    pub blank: bool,
    /// How crisp the edges of the print are: 99th percentile of the step between neighbouring
    /// pixels, in grey levels. Sharp print at 300 dpi has over 100, an unreadable blur under 40.
    pub sharpness: f32,
    /// Round red shapes of a seal's size (20 to 50 mm).
    pub seals: Vec<Region>,
    /// Blue ink of a signature's size. A hint only: blue print looks the same.
    pub signatures: Vec<Region>,
}

impl PageReading {
    /// The text, a line each.
    pub fn text(&self) -> String {
        self.lines.iter().map(Line::text).collect::<Vec<_>>().join("\n")
    }

    /// Makes the picture that was read the page that this reading is of: the sheet alone, upright.
    pub fn cut_out(&self, picture: &mut Raster) {
        if let Some(Region { x, y, width, height }) = self.sheet {
            picture.crop(x, y, width, height);
        }
        picture.turn(self.turn);
    }

    /// The same reading in pixels of the whole picture, `width` by `height`, turned alike.
    #[must_use]
    pub fn on_picture(mut self, width: u32, height: u32) -> Self {
        let Some(sheet) = self.sheet.take() else { return self };
        let right = width.saturating_sub(sheet.x + sheet.width);
        let below = height.saturating_sub(sheet.y + sheet.height);
        let (x, y) = match self.turn {
            Turn::None => (sheet.x, sheet.y),
            Turn::Quarter => (below, sheet.x),
            Turn::Half => (right, below),
            Turn::ThreeQuarters => (sheet.y, right),
        };
        let aside = matches!(self.turn, Turn::Quarter | Turn::ThreeQuarters);
        (self.width, self.height) = if aside { (height, width) } else { (width, height) };
        for word in self.lines.iter_mut().flat_map(|line| &mut line.words) {
            word.quad = word.quad.map(|[cx, cy]| [cx + x as f32, cy + y as f32]);
        }
        for region in self.seals.iter_mut().chain(&mut self.signatures) {
            (region.x, region.y) = (region.x + x, region.y + y);
        }
        self
    }
}

/// A page with these lines one below the other, 20 pixels a letter.
#[cfg(test)]
pub(crate) fn sample(lines: &[&str]) -> PageReading {
    let line = |(i, text): (usize, &&str)| {
        let mut x = 300.0;
        let y = 200.0 + 100.0 * i as f32;
        let words = text.split_whitespace().map(|word| {
            let width = 20.0 * word.chars().count() as f32;
            let quad = [[x, y], [x + width, y], [x + width, y + 50.0], [x, y + 50.0]];
            x += width + 20.0;
            Word { text: word.to_owned(), quad, confidence: 0.9, letters: vec![] }
        });
        Line { words: words.collect() }
    };
    PageReading {
        width: 2480,
        height: 3508,
        dpi: 300,
        sheet: None,
        turn: Turn::None,
        skew_degrees: 0.0,
        lines: lines.iter().enumerate().map(line).collect(),
        confidence: 0.9,
        ink: 0.05,
        blank: false,
        sharpness: 150.0,
        seals: Vec::new(),
        signatures: Vec::new(),
    }
}
