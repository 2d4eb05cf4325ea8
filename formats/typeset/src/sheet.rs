//! A page laid out as a list of marks: where each text, rule and image goes. No drawing.

use crate::face::Face;

/// Ink of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// For everything that is printed on the form.
    Black,
    /// Numbers, as officers write them.
    Red,
}

/// A text in one weight and ink.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it is bold.
    pub bold: bool,
    /// Its ink.
    pub ink: Ink,
}

/// One thing on the page; points, from the top left corner. `R` names the boxes that the caller
/// fills with drawings of its own, such as a seal.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "places and sizes are as each variant says")]
pub enum Mark<R> {
    /// A text from `x` on the baseline `y`.
    Text { x: f32, y: f32, size: f32, piece: Piece },
    /// A thin horizontal line.
    Rule { x: f32, y: f32, width: f32 },
    /// A thin vertical line downwards.
    Upright { x: f32, y: f32, height: f32 },
    /// A box for something of the caller's.
    Room { x: f32, y: f32, width: f32, height: f32, what: R },
}

/// The faces and the marks so far.
#[derive(Debug)]
pub struct Sheet<'a, R> {
    /// The upright face.
    pub regular: &'a Face,
    /// Its bold.
    pub bold: &'a Face,
    /// What is on the page, in the order of drawing.
    pub marks: Vec<Mark<R>>,
}

/// Line height in em.
pub const LEADING: f32 = 1.25;

/// A part of the page's width.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its left edge in points.
    pub x: f32,
    /// Its width in points.
    pub width: f32,
}

impl Column {
    /// Where its middle is.
    pub fn middle(self) -> f32 {
        self.x + self.width / 2.0
    }
}

/// A text in the upright face.
pub fn regular(text: impl Into<String>) -> Piece {
    Piece { text: text.into(), bold: false, ink: Ink::Black }
}

/// A text in bold.
pub fn bold(text: impl Into<String>) -> Piece {
    Piece { text: text.into(), bold: true, ink: Ink::Black }
}

impl<'a, R> Sheet<'a, R> {
    /// An empty page.
    pub const fn new(regular: &'a Face, bold: &'a Face) -> Self {
        Self { regular, bold, marks: Vec::new() }
    }

    fn face(&self, bold: bool) -> &Face {
        if bold { self.bold } else { self.regular }
    }

    /// A text's width in points.
    pub fn width(&self, piece: &Piece, size: f32) -> f32 {
        self.face(piece.bold).width(&piece.text) * size
    }

    /// Sets a wrapped text from the top edge `y`, centred; returns the bottom edge.
    pub fn centred(&mut self, column: Column, y: f32, size: f32, piece: &Piece) -> f32 {
        self.wrapped(column, y, size, piece, balance, |room, width| (room - width) / 2.0)
    }

    /// Sets a wrapped text from the top edge `y`, from the left; returns the bottom edge.
    pub fn left(&mut self, column: Column, y: f32, size: f32, piece: &Piece) -> f32 {
        self.wrapped(column, y, size, piece, wrap, |_, _| 0.0)
    }

    /// Sets a wrapped text from the top edge `y`, up to the right; returns the bottom edge.
    pub fn right(&mut self, column: Column, y: f32, size: f32, piece: &Piece) -> f32 {
        self.wrapped(column, y, size, piece, wrap, |room, width| room - width)
    }

    fn wrapped(
        &mut self,
        column: Column,
        mut y: f32,
        size: f32,
        piece: &Piece,
        lines: impl Fn(&str, f32, &dyn Fn(&str) -> f32) -> Vec<String>,
        indent: impl Fn(f32, f32) -> f32,
    ) -> f32 {
        let measure = |text: &str| self.face(piece.bold).width(text) * size;
        for text in lines(&piece.text, column.width, &measure) {
            let piece = Piece { text, ..piece.clone() };
            let x = column.x + indent(column.width, self.width(&piece, size));
            self.marks.push(Mark::Text { x, y: y + size, size, piece });
            y += size * LEADING;
        }
        y
    }

    /// Sets pieces on one line, centred; falls back to one wrapped line each when too wide.
    pub fn centred_pieces(&mut self, column: Column, y: f32, size: f32, pieces: &[Piece]) -> f32 {
        let total: f32 = pieces.iter().map(|piece| self.width(piece, size)).sum();
        if total > column.width {
            return pieces.iter().fold(y, |y, piece| self.centred(column, y, size, piece));
        }
        let mut x = column.middle() - total / 2.0;
        for piece in pieces {
            self.marks.push(Mark::Text { x, y: y + size, size, piece: piece.clone() });
            x += self.width(piece, size);
        }
        y + size * LEADING
    }
}

/// Breaks a text at spaces, and inside words that are wider than a line.
fn wrap(text: &str, width: f32, measure: &dyn Fn(&str) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if measure(&longer) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if measure(&line) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Breaks a text into as few lines as [`wrap`] does, of lengths as even as steps of 4 % find them.
fn balance(text: &str, width: f32, measure: &dyn Fn(&str) -> f32) -> Vec<String> {
    let mut best = wrap(text, width, measure);
    let mut narrower = width * 0.96;
    while best.len() > 1 && narrower > width / 3.0 {
        let lines = wrap(text, narrower, measure);
        if lines.len() > best.len() {
            break;
        }
        best = lines;
        narrower -= width * 0.04;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_column_and_no_word_is_lost() {
        let text = "ỦY BAN NHÂN DÂN PHƯỜNG Llanfairpwllgwyngyllgogerychwyrndrobwll CẦU GIẤY";
        let lines = wrap(text, 20.0, &|t| t.chars().count() as f32);
        assert!(lines.iter().all(|line| line.chars().count() <= 20), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn centred_lines_are_of_even_length() {
        let text = "ỦY BAN NHÂN DÂN PHƯỜNG THỬ NGHIỆM";
        let lines = balance(text, 27.0, &|t| t.chars().count() as f32);
        assert_eq!(lines, ["ỦY BAN NHÂN DÂN", "PHƯỜNG THỬ NGHIỆM"]);
    }
}
