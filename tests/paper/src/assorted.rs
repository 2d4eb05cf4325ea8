//! Assorted pages, each another layout: what stands where is drawn anew for each seed, so that a
//! reader is judged on pages that nobody tuned it on.

pub(crate) mod text;

use crate::canvas::{BLACK, Canvas, RED, Style};
use crate::fonts::{Face, Fonts, Typeface};
use crate::look::{Look, scan};
use crate::rng::Rng;
use crate::seal::{seal, signature};
use crate::{AUTHORITY, PaperError, Sheet};

/// Ink of ball pens and of blue stamps.
const BLUE: [u8; 3] = [40, 52, 150];
/// Nothing is printed below this, in millimetres from the upper edge.
const FOOT: f32 = 276.0;
/// Room at both sides of a table's cell, millimetres.
const PAD: f32 = 1.6;

/// Draws a page in `typeface` as the scanner sees it through `look`: A4, at 300 dpi or what the
/// look says.
pub fn assorted(typeface: &Typeface, look: &Look, seed: u64) -> Result<Sheet, PaperError> {
    let fonts = Fonts::load(typeface)?;
    let mut page = Page::new(&fonts, seed);
    page.head();
    page.title();
    while page.y < FOOT - 60.0 {
        match page.rng.below(9) {
            0..=2 => page.paragraphs(),
            3 => page.columns(),
            4 | 5 => page.table(),
            6 => page.form(),
            7 => page.list(),
            _ => page.note(),
        }
        page.y += page.rng.between(2.0, 7.0);
    }
    page.signed(&fonts)?;
    page.foot();
    Ok(scan(page.canvas, look, seed))
}

struct Page<'f> {
    canvas: Canvas<'f>,
    rng: Rng,
    /// Baseline of the next line, millimetres.
    y: f32,
    left: f32,
    width: f32,
    /// Size of running text, points, and its leading in sizes.
    pt: f32,
    leading: f32,
    justified: bool,
}

/// Millimetres in a point.
const POINT: f32 = 25.4 / 72.0;

impl<'f> Page<'f> {
    fn new(fonts: &'f Fonts, seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xA550_47ED);
        let left = rng.between(16.0, 32.0);
        let right = rng.between(12.0, 24.0);
        Self {
            y: rng.between(16.0, 26.0),
            left,
            width: 210.0 - left - right,
            pt: [9.5, 10.0, 11.0, 12.0, 13.0, 13.0, 14.0][rng.below(7) as usize],
            leading: rng.between(1.12, 1.55),
            justified: rng.chance(0.6),
            canvas: Canvas::a4(fonts),
            rng,
        }
    }

    fn style(&self, face: Face) -> Style {
        Style::new(face, self.pt)
    }

    fn step(&self, pt: f32) -> f32 {
        pt * POINT * self.leading
    }

    /// Letterhead: authority and motto side by side, or one centred block, or none.
    fn head(&mut self) {
        let pt = self.rng.between(10.5, 13.0);
        let (regular, bold) = (Style::new(Face::Regular, pt), Style::new(Face::Bold, pt));
        let middle = self.left + self.width / 2.0;
        let (first, second) = (text::office(&mut self.rng), text::office(&mut self.rng));
        match self.rng.below(4) {
            0 | 1 => {
                let [a, b] = [0.24, 0.73].map(|share| self.left + self.width * share);
                self.canvas.centred(a, self.y, first, regular);
                let motto = Style::new(Face::Bold, pt.min(11.5));
                self.canvas.centred(b, self.y, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", motto);
                self.y += self.step(pt);
                self.canvas.centred(a, self.y, second, bold);
                self.canvas.centred(b, self.y, "Độc lập - Tự do - Hạnh phúc", bold);
                self.canvas.rule(b - 25.0, self.y + 1.6, 50.0, 0.25, BLACK);
                self.y += self.step(pt) + 2.0;
                let number = format!("Số: {}", text::code(&mut self.rng));
                self.canvas.centred(a, self.y, &number, regular);
                let date = format!("Gò Sỏi, ngày {}", text::date(&mut self.rng));
                self.canvas.centred(b, self.y, &date, Style::new(Face::Italic, pt));
            }
            2 => {
                let colour = if self.rng.chance(0.5) { BLUE } else { BLACK };
                let large = Style { colour, ..Style::new(Face::Bold, pt + 4.0) };
                self.canvas.centred(middle, self.y, first, large);
                self.y += self.step(pt + 1.0);
                let address = format!(
                    "Đ/c: số {} {} - ĐT: 0{}.{} - MST: {}",
                    1 + self.rng.below(400),
                    second.to_lowercase(),
                    20 + self.rng.below(79),
                    3_000_000 + self.rng.below(999_999),
                    100_000_000 + self.rng.below(899_999_999)
                );
                self.canvas.centred(middle, self.y, &address, Style::new(Face::Sans, 8.5));
                self.canvas.rule(self.left, self.y + 2.0, self.width, 0.5, colour);
            }
            _ => {
                let code = format!("Mẫu số {}", text::code(&mut self.rng));
                self.canvas.text(self.left + self.width - 42.0, self.y, &code, regular);
            }
        }
        self.y += self.rng.between(9.0, 16.0);
    }

    fn title(&mut self) {
        let pt = self.rng.between(14.0, 26.0);
        let colour = if self.rng.chance(0.25) { RED } else { BLACK };
        let style = Style { colour, ..Style::new(Face::Bold, pt) };
        let middle = self.left + self.width / 2.0;
        let title = text::title(&mut self.rng);
        self.canvas.centred(middle, self.y, title, style);
        self.y += self.step(pt) * 0.9;
        if self.rng.chance(0.6) {
            let under = text::value(&mut self.rng);
            let line = format!("(Kèm theo công văn {under})");
            self.canvas.centred(middle, self.y, &line, self.style(Face::Italic));
            self.y += self.step(self.pt);
        }
        self.y += 3.0;
    }

    /// Lines of `text` in a column; stops at the foot of the page.
    fn set(&mut self, text: &str, style: Style, x: f32, width: f32, indent: f32) {
        let lines = self.canvas.wrap(text, style, width, indent);
        let last = lines.len() - 1;
        for (i, line) in lines.iter().enumerate() {
            if self.y > FOOT {
                return;
            }
            let shift = if i == 0 { indent } else { 0.0 };
            if self.justified && i < last {
                self.canvas.justified(x + shift, self.y, line, style, width - shift);
            } else {
                self.canvas.text(x + shift, self.y, line, style);
            }
            self.y += self.step(style.pt);
        }
    }

    fn paragraphs(&mut self) {
        let face = match self.rng.below(8) {
            0 => Face::Italic,
            1 => Face::Bold,
            _ => Face::Regular,
        };
        let indent = if self.rng.chance(0.5) { 10.0 } else { 0.0 };
        for _ in 0..=self.rng.below(2) {
            let sentences = 1 + self.rng.below(3);
            let text = text::paragraph(&mut self.rng, sentences);
            self.set(&text, self.style(face), self.left, self.width, indent);
        }
    }

    fn columns(&mut self) {
        let gutter = self.rng.between(5.0, 11.0);
        let width = (self.width - gutter) / 2.0;
        let style = Style::new(Face::Regular, self.pt.min(12.0));
        let top = self.y;
        let mut low = top;
        for column in 0..2 {
            self.y = top;
            let text = text::paragraph(&mut self.rng, 2);
            let x = self.left + column as f32 * (width + gutter);
            self.set(&text, style, x, width, 0.0);
            low = low.max(self.y);
        }
        self.y = low;
    }

    fn table(&mut self) {
        let columns = 3 + self.rng.below(4) as usize;
        let shares: Vec<f32> = (0..columns).map(|_| self.rng.between(0.8, 1.6)).collect();
        let whole: f32 = shares.iter().sum();
        let widths: Vec<f32> = shares.iter().map(|share| share / whole * self.width).collect();
        let pt = self.pt.min(12.0) - 0.5;
        let style = Style::new(Face::Regular, pt);
        let borders = self.rng.below(3);
        let thick = self.rng.between(0.12, 0.4);
        let top = self.y - pt * POINT - 1.0;
        if borders < 2 {
            self.canvas.rule(self.left, top, self.width, thick, BLACK);
        }
        let rows = 3 + self.rng.below(5);
        for row in 0..rows {
            if self.y > FOOT - 16.0 {
                break;
            }
            let texts: Vec<String> = (0..columns)
                .map(|column| match row {
                    0 => text::column_head(&mut self.rng).to_owned(),
                    _ => self.cell(widths[column], style),
                })
                .collect();
            let face = if row == 0 { Face::Bold } else { Face::Regular };
            self.row(&texts, &widths, Style { face, ..style });
            if borders == 0 || (borders == 1 && row == 0) {
                let y = self.y - pt * POINT - 1.0;
                self.canvas.rule(self.left, y, self.width, thick, BLACK);
            }
        }
        let low = self.y - pt * POINT - 1.0;
        if borders == 0 {
            let mut x = self.left;
            for width in widths.iter().chain([&0.0]) {
                self.canvas.fill(x, top, thick, low - top, BLACK);
                x += width;
            }
        }
    }

    /// Something whose longest word fits the column.
    fn cell(&mut self, width: f32, style: Style) -> String {
        let mut text = text::value(&mut self.rng);
        while text.split(' ').any(|word| self.canvas.measure(word, style) > width - 2.0 * PAD) {
            text = self.rng.below(1000).to_string();
        }
        text
    }

    /// One row of cells; a cell takes as many lines as it needs.
    fn row(&mut self, texts: &[String], widths: &[f32], style: Style) {
        let (top, mut low, mut x) = (self.y, self.y, self.left);
        for (text, width) in texts.iter().zip(widths) {
            let lines = self.canvas.wrap(text, style, width - 2.0 * PAD, 0.0);
            let number = text.starts_with(|c: char| c.is_ascii_digit());
            self.y = top;
            for line in lines {
                let wide = self.canvas.measure(&line, style);
                let start = if number { x + width - PAD - wide } else { x + PAD };
                self.canvas.text(start.max(x + 0.5), self.y, &line, style);
                self.y += self.step(style.pt);
            }
            low = low.max(self.y);
            x += width;
        }
        self.y = low + 2.2;
    }

    /// Labels with dotted or ruled lines for what is filled in.
    fn form(&mut self) {
        let (label, value) = (self.style(Face::Regular), self.style(Face::Bold));
        let leaders = self.rng.below(3);
        for _ in 0..3 + self.rng.below(5) {
            if self.y > FOOT {
                return;
            }
            let name = text::label(&mut self.rng);
            let filled = text::value(&mut self.rng);
            let end = self.canvas.text(self.left, self.y, name, label) + 1.5;
            let right = self.left + self.width;
            let stop = self.canvas.text(end + 1.0, self.y, &filled, value) + 1.0;
            match leaders {
                0 => {
                    let mut x = stop;
                    while x < right {
                        self.canvas.fill(x, self.y - 0.1, 0.3, 0.3, BLACK);
                        x += 1.1;
                    }
                }
                1 => self.canvas.rule(end, self.y + 0.9, right - end, 0.15, BLACK),
                _ => {}
            }
            self.y += self.step(self.pt) + 0.8;
        }
    }

    fn list(&mut self) {
        let marks = self.rng.below(4);
        for item in 0..2 + self.rng.below(4) {
            let text = text::sentence(&mut self.rng);
            let mark = match marks {
                0 => "-".to_owned(),
                1 => format!("{}.", item + 1),
                2 => format!("{})", char::from(b'a' + item as u8)),
                _ => "+".to_owned(),
            };
            let text = format!("{mark} {text}");
            self.set(&text, self.style(Face::Regular), self.left + 5.0, self.width - 5.0, 0.0);
        }
    }

    /// Small print below a short rule.
    fn note(&mut self) {
        self.canvas.rule(self.left, self.y - 3.0, 40.0, 0.2, BLACK);
        let text = text::sentence(&mut self.rng);
        let style = Style::new(Face::Regular, self.rng.between(8.0, 9.5));
        self.set(&text, style, self.left, self.width, 0.0);
    }

    fn signed(&mut self, fonts: &Fonts) -> Result<(), PaperError> {
        let x = self.left + self.width * self.rng.between(0.62, 0.78);
        let y = (self.y + 4.0).min(FOOT - 34.0);
        if self.y > FOOT - 40.0 {
            return Ok(());
        }
        let bold = Style::new(Face::Bold, self.pt.max(11.0));
        self.canvas.centred(x, y, "NGƯỜI LẬP BIỂU", bold);
        let seed = self.rng.next();
        self.canvas.stamp(x - 22.0, y + 1.0, &signature(seed)?);
        if self.rng.chance(0.8) {
            self.canvas.stamp(x - 38.0, y - 8.0, &seal(fonts, AUTHORITY)?);
        }
        let name = text::person(&mut self.rng);
        self.canvas.centred(x, y + 27.0, &name, bold);
        if self.rng.chance(0.5) {
            let other = text::person(&mut self.rng);
            let left = self.left + self.width * 0.22;
            self.canvas.centred(left, y, "KẾ TOÁN TRƯỞNG", bold);
            self.canvas.centred(left, y + 27.0, &other, bold);
        }
        Ok(())
    }

    fn foot(&mut self) {
        let style = Style::new(Face::Regular, 9.0);
        match self.rng.below(3) {
            0 => self.canvas.centred(105.0, 286.0, "Trang 1/3", style),
            1 => {
                let text = format!("Mã kiểm tra: {}", text::code(&mut self.rng));
                self.canvas.text(self.left, 285.0, &text, style);
            }
            _ => {}
        }
    }
}
