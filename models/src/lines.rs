//! Lines of print from pieces of ink: letters are chained along their baseline, then marks and
//! dots join the line that they belong to.
//!
//! All lengths follow from the height of the letters themselves, so that small print and titles
//! are found alike.

use crate::ink::{Ink, Piece};

/// Height of a capital in a typeface's em: that of Times and its kin.
pub(crate) const CAPITAL_EMS: f32 = 0.663;
/// Letters are between these heights, in inches: 4 to 60 points.
const LETTER_HEIGHT: [f32; 2] = [0.045, 0.40];
/// Wider than this no piece is a letter, nor a word of letters that touch: inches.
const LETTER_WIDTH_MAX: f32 = 0.75;
/// A letter's ink is at least this share of its box; less is a seal's rim or a signature.
const LETTER_INK_MIN: f32 = 0.08;
/// A line with so many letters knows its own size; a shorter one leans on the page's.
const SURE_LETTERS: usize = 8;

/// A line of print.
#[derive(Debug, Clone)]
pub(crate) struct TextLine {
    /// Letters and marks, left to right.
    pub(crate) pieces: Vec<Piece>,
    /// Where the print begins and ends.
    pub(crate) left: f32,
    pub(crate) right: f32,
    /// The baseline at `left`, and its fall for each pixel to the right.
    pub(crate) baseline: f32,
    pub(crate) slope: f32,
    /// The typeface's size in pixels, guessed from the letters' heights.
    pub(crate) em: f32,
    /// What the size may be as well.
    pub(crate) or_em: Option<f32>,
    /// How many of the pieces are letters.
    letters: usize,
    /// Height of its low letters, and of its tallest.
    low: f32,
    high: f32,
}

impl TextLine {
    /// The same line in another size.
    pub(crate) fn sized(self, em: f32) -> Self {
        Self { em, ..self }
    }

    /// The baseline at a column.
    pub(crate) fn baseline_at(&self, x: f32) -> f32 {
        self.baseline + self.slope * (x - self.left)
    }
}

impl TextLine {
    /// The box around the pieces whose middle is between two columns.
    pub(crate) fn box_between(&self, from: f32, to: f32) -> Option<[f32; 4]> {
        let inside = self.pieces.iter().filter(|piece| {
            let x = piece.middle().0;
            from <= x && x < to
        });
        inside.fold(None, |all: Option<[f32; 4]>, piece| {
            let [left, top, right, bottom] =
                [piece.left, piece.top, piece.right, piece.bottom].map(|n| n as f32);
            Some(all.map_or([left, top, right, bottom], |b| {
                [b[0].min(left), b[1].min(top), b[2].max(right), b[3].max(bottom)]
            }))
        })
    }

    /// Middles of the gaps in the print that may be spaces, from the left.
    pub(crate) fn gaps(&self) -> Vec<f32> {
        /// Letters of a word stand closer than this, in ems.
        const SPACE_EMS: f32 = 0.12;
        let mut gaps = Vec::new();
        let mut reach = f32::MAX;
        for piece in &self.pieces {
            let (left, right) = (piece.left as f32, piece.right as f32);
            if left - reach >= SPACE_EMS * self.em {
                gaps.push((reach + left) / 2.0);
            }
            reach = if reach == f32::MAX { right } else { reach.max(right) };
        }
        gaps
    }

    /// Two parts, at the widest gap of the middle half; `None` of a line without one.
    pub(crate) fn halves(self) -> Option<(Self, Self)> {
        let (quarter, width) = (0.25, self.right - self.left);
        let mut reach = f32::MIN;
        let mut widest: Option<(f32, f32)> = None;
        for piece in &self.pieces {
            let (left, gap) = (piece.left as f32, piece.left as f32 - reach);
            let share = (left - self.left) / width;
            if (quarter..=1.0 - quarter).contains(&share) && widest.is_none_or(|(g, _)| gap > g) {
                widest = Some((gap, left));
            }
            reach = reach.max(piece.right as f32);
        }
        let (_, at) = widest?;
        let (first, second): (Vec<Piece>, Vec<Piece>) =
            self.pieces.iter().partition(|piece| (piece.left as f32) < at);
        let end = first.iter().map(|piece| piece.right).max()? as f32;
        let start = second.iter().map(|piece| piece.left).min()? as f32;
        let foot = self.baseline_at(start);
        let (slope, em, low, high) = (self.slope, self.em, self.low, self.high);
        let half = |pieces: Vec<Piece>, left, right, baseline| {
            let letters = pieces.len();
            Self { pieces, left, right, baseline, slope, em, or_em: None, letters, low, high }
        };
        Some((half(first, self.left, end, self.baseline), half(second, start, self.right, foot)))
    }
}

/// Finds the lines of a page, row by row from the top, each row from the left.
pub(crate) fn find(ink: &Ink, dpi: u32) -> Vec<TextLine> {
    let inch = dpi as f32;
    let (mut letters, others): (Vec<Piece>, Vec<Piece>) =
        ink.pieces.iter().partition(|piece| may_be_letter(piece, inch));
    let Some(usual) = median(letters.iter().map(Piece::height)) else { return Vec::new() };
    let (mut small, big): (Vec<Piece>, Vec<Piece>) =
        letters.iter().partition(|piece| piece.height() < 0.55 * usual);
    letters = big;
    small.extend(others);
    letters.sort_by_key(|piece| (piece.left, piece.top));
    let mut lines: Vec<TextLine> = chains(&letters, usual, &ink.uprights)
        .into_iter()
        .filter_map(|chain| measured(chain, usual))
        .collect();
    attach_marks(&mut lines, &small, usual);
    lean_on_the_page(&mut lines);
    join_neighbours(&mut lines, &ink.uprights);
    in_reading_order(lines)
}

fn may_be_letter(piece: &Piece, inch: f32) -> bool {
    let (width, height) = (piece.width(), piece.height());
    let [low, high] = LETTER_HEIGHT.map(|inches| inches * inch);
    (low..=high).contains(&height)
        && width <= LETTER_WIDTH_MAX * inch
        && width >= 0.01 * inch
        && piece.area as f32 >= LETTER_INK_MIN * width * height
}

/// Letters that follow one another.
struct Chain {
    pieces: Vec<Piece>,
    right: f32,
    /// Band of the last letters.
    top: f32,
    bottom: f32,
    height: f32,
}

impl Chain {
    fn new(piece: &Piece, usual: f32) -> Self {
        Self {
            pieces: vec![*piece],
            right: piece.right as f32,
            top: piece.top as f32,
            bottom: piece.bottom as f32,
            height: usual.max(0.8 * piece.height()),
        }
    }

    fn push(&mut self, piece: &Piece, usual: f32) {
        const RECENT: usize = 8;
        self.pieces.push(*piece);
        self.right = self.right.max(piece.right as f32);
        let recent = &self.pieces[self.pieces.len().saturating_sub(RECENT)..];
        let middle = |of: fn(&Piece) -> f32| median(recent.iter().map(of)).unwrap_or(usual);
        self.top = middle(|piece| piece.top as f32);
        self.bottom = middle(|piece| piece.bottom as f32);
        self.height = middle(Piece::height).max(0.8 * usual);
    }

    /// How ill a letter fits; `None` if it does not.
    fn cost(&self, piece: &Piece, usual: f32, uprights: &[Piece]) -> Option<f32> {
        let gap = piece.left as f32 - self.right;
        if gap > 2.0 * self.height + 4.0 || gap < -3.0 * usual {
            return None;
        }
        let (top, bottom) = (self.top.max(piece.top as f32), self.bottom.min(piece.bottom as f32));
        if bottom - top < 0.5 * (self.bottom - self.top).min(piece.height()) {
            return None;
        }
        let (from, to) = (self.right.min(piece.left as f32), self.right.max(piece.left as f32));
        if parted(uprights, from, to, (top + bottom) / 2.0) {
            return None;
        }
        let drift = ((self.top + self.bottom) / 2.0 - piece.middle().1).abs();
        Some((drift + 0.3 * gap.max(0.0)) / usual)
    }
}

/// Whether a vertical rule stands between two columns at a height.
fn parted(uprights: &[Piece], from: f32, to: f32, y: f32) -> bool {
    const REACH: f32 = 12.0;
    uprights.iter().any(|rule| {
        rule.right as f32 >= from
            && rule.left as f32 <= to
            && (rule.top as f32 - REACH..=rule.bottom as f32 + REACH).contains(&y)
    })
}

/// Chains letters, taken from left to right, each to the line that it fits best.
fn chains(letters: &[Piece], usual: f32, uprights: &[Piece]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for piece in letters {
        let costs = chains.iter_mut().filter_map(|chain| {
            let cost = chain.cost(piece, usual, uprights)?;
            Some((cost, chain))
        });
        match costs.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((_, chain)) => chain.push(piece, usual),
            None => chains.push(Chain::new(piece, usual)),
        }
    }
    chains
}

/// Baseline and size of a chain; `None` for a speck on its own.
fn measured(chain: Chain, usual: f32) -> Option<TextLine> {
    let pieces = chain.pieces;
    if pieces.len() == 1 && pieces[0].height() < 0.7 * usual {
        return None;
    }
    let mut heights: Vec<f32> = pieces.iter().map(Piece::height).collect();
    heights.sort_by(f32::total_cmp);
    let em = heights[(heights.len() * 3 / 4).min(heights.len() - 1)] / CAPITAL_EMS;
    let left = pieces.iter().map(|piece| piece.left).min()? as f32;
    let right = pieces.iter().map(|piece| piece.right).max()? as f32;
    let (low, high) = (heights[heights.len() / 4], heights[heights.len() - 1]);
    let (baseline, slope) = baseline(&pieces, left, em);
    Some(TextLine {
        letters: pieces.len(),
        pieces,
        left,
        right,
        baseline,
        slope,
        em,
        or_em: None,
        low,
        high,
    })
}

/// The line through the feet of the letters, descenders left out: height at `left`, and slope.
fn baseline(pieces: &[Piece], left: f32, em: f32) -> (f32, f32) {
    /// Steeper than this a line is not after the page was levelled.
    const SLOPE_MAX: f32 = 0.03;
    let feet: Vec<(f32, f32)> =
        pieces.iter().map(|piece| (piece.middle().0 - left, piece.bottom as f32)).collect();
    let mut level = median(feet.iter().map(|foot| foot.1)).unwrap_or(0.0);
    let mut slope = 0.0;
    for reach in [0.15, 0.10, 0.06] {
        let near = feet.iter().filter(|(x, y)| (y - level - slope * x).abs() <= reach * em);
        let (mut n, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (x, y) in near {
            (n, sx, sy) = (n + 1.0, sx + x, sy + y);
            (sxx, sxy) = (sxx + x * x, sxy + x * y);
        }
        let spread = n * sxx - sx * sx;
        if n < 5.0 || spread < n * n * em * em {
            break;
        }
        slope = ((n * sxy - sx * sy) / spread).clamp(-SLOPE_MAX, SLOPE_MAX);
        level = (sy - slope * sx) / n;
    }
    (level, slope)
}

/// Gives marks, dots and commas to the nearest line.
fn attach_marks(lines: &mut [TextLine], marks: &[Piece], usual: f32) {
    for mark in marks {
        if mark.area < 4 || mark.width() > 1.8 * usual || mark.height() > 1.3 * usual {
            continue;
        }
        let (x, y) = mark.middle();
        let distance = |line: &TextLine| {
            if x < line.left - 0.6 * line.em || x > line.right + 0.6 * line.em {
                return None;
            }
            let foot = line.baseline_at(x);
            let (top, low) = (foot - 0.75 * line.em, foot + 0.1 * line.em);
            let off = (top - y).max(y - low).max(0.0);
            (off <= 0.35 * line.em).then_some(off)
        };
        let nearest = lines
            .iter_mut()
            .filter_map(|line| Some((distance(line)?, line)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, line)) = nearest {
            line.pieces.push(*mark);
            line.left_to(mark.left as f32);
            line.right = line.right.max(mark.right as f32);
        }
    }
}

impl TextLine {
    /// Moves the beginning to the left, along the baseline.
    fn left_to(&mut self, left: f32) {
        if left < self.left {
            self.baseline = self.baseline_at(left);
            self.left = left;
        }
    }

    fn join(&mut self, other: Self) {
        let (one, two) = (self.letters as f32, other.letters as f32);
        if other.letters > self.letters {
            self.slope = other.slope;
            self.baseline = other.baseline_at(self.left);
        }
        self.em = if self.letters.min(other.letters) < 4 {
            if self.letters >= other.letters { self.em } else { other.em }
        } else {
            (self.em * one + other.em * two) / (one + two)
        };
        self.left_to(other.left);
        self.right = self.right.max(other.right);
        self.letters += other.letters;
        self.pieces.extend(other.pieces);
    }
}

/// A few letters say little of their size: they are brought near to the page's usual one. A line
/// with hardly a tall letter is no small print, if its low letters are as high as elsewhere.
fn lean_on_the_page(lines: &mut [TextLine]) {
    let sure = || lines.iter().filter(|line| line.letters >= SURE_LETTERS);
    let Some(usual) = median(sure().map(|line| line.em)) else { return };
    let alike = |a: f32, b: f32| (0.92..1.09).contains(&(a / b));
    let tall = 0.93 * CAPITAL_EMS * usual;
    let mixed = |line: &&TextLine| alike(line.em, usual) && line.low < 0.85 * tall;
    if let Some(low) = median(sure().filter(mixed).map(|line| line.low)) {
        for line in lines.iter_mut().filter(|line| line.em < 0.85 * usual) {
            if alike(line.low, low) && line.high >= tall {
                // Or all of it is capitals of small print.
                line.or_em = Some(line.em);
                line.em = usual;
            }
        }
    }
    for line in lines.iter_mut().filter(|line| line.letters < SURE_LETTERS) {
        line.em = line.em.clamp(0.85 * usual, 1.3 * usual.max(line.em / 1.6));
    }
}

/// Joins parts of one line that a wide space had left apart.
fn join_neighbours(lines: &mut Vec<TextLine>, uprights: &[Piece]) {
    lines.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        let next = (at + 1..lines.len()).find(|other| follows(line, &lines[*other], uprights));
        match next {
            Some(other) => {
                let other = lines.remove(other);
                lines[at].join(other);
            }
            None => at += 1,
        }
    }
}

fn follows(line: &TextLine, next: &TextLine, uprights: &[Piece]) -> bool {
    let em = line.em.max(next.em);
    let gap = next.left - line.right;
    let (here, there) = (line.baseline_at(next.left), next.baseline);
    (-0.5 * em..=1.5 * em).contains(&gap)
        && (here - there).abs() <= 0.22 * em
        && (0.6..1.67).contains(&(line.em / next.em))
        && !parted(uprights, line.right.min(next.left), next.left, there - 0.25 * em)
}

/// Rows from the top, each from the left.
fn in_reading_order(mut lines: Vec<TextLine>) -> Vec<TextLine> {
    for line in &mut lines {
        line.pieces.sort_by_key(|piece| piece.left);
    }
    lines.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
    let mut ordered: Vec<TextLine> = Vec::with_capacity(lines.len());
    let mut row: Vec<TextLine> = Vec::new();
    for line in lines {
        let same = row.last().is_some_and(|last| {
            (line.baseline - last.baseline_at(line.left)).abs() < 0.5 * last.em.min(line.em)
        });
        if !same {
            row.sort_by(|a, b| a.left.total_cmp(&b.left));
            ordered.append(&mut row);
        }
        row.push(line);
    }
    row.sort_by(|a, b| a.left.total_cmp(&b.left));
    ordered.append(&mut row);
    ordered
}

/// The middle value; `None` of nothing.
fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}
