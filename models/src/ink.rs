//! The pieces of ink on a page: what is dark, without rules, as connected components.

use memchr::memchr;

use crate::plane::Plane;

/// Paper's level on a flattened page, and the lightest ink that is still told from it.
const PAPER: f32 = 235.0;
const THRESHOLD_MAX: f32 = 200.0;
/// Ink reaches a little over the middle between its own level and the paper's, so that thin
/// strokes hold together.
const OVER_THE_MIDDLE: f32 = 12.0;
/// A straight run of ink longer than this is a rule or a frame, no letter: inches.
const RULE_ACROSS: f32 = 0.37;
const RULE_DOWN: f32 = 0.30;
/// How far a rule's soft edge reaches: inches.
const RULE_EDGE: f32 = 0.007;
/// A leader's dot is no wider and no higher: inches.
const DOT: f32 = 0.03;
/// Its dots are no further apart, from edge to edge: inches.
const PITCH: f32 = 0.12;
/// Fewer dots than this may be print: an ellipsis, marks below letters.
const DOTS_MIN: usize = 6;

/// More beginnings of pieces than this are a screen's dots or noise, which nobody reads; a
/// newspaper page has a tenth of it.
const SPECKS_MAX: usize = 500_000;
/// No more pieces than this are looked at, the largest first: a page of small print has a third.
const PIECES_MAX: usize = 60_000;

/// An upright box, right and bottom exclusive, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
    /// Dark pixels in it.
    pub(crate) area: usize,
}

impl Piece {
    pub(crate) fn width(&self) -> f32 {
        (self.right - self.left) as f32
    }

    pub(crate) fn height(&self) -> f32 {
        (self.bottom - self.top) as f32
    }

    /// The middle of the box.
    pub(crate) fn middle(&self) -> (f32, f32) {
        ((self.left + self.right) as f32 / 2.0, (self.top + self.bottom) as f32 / 2.0)
    }

    fn grow(&mut self, other: &Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
        self.area += other.area;
    }
}

/// The ink of a page.
pub(crate) struct Ink {
    /// Its connected components (8 neighbours), rules left out.
    pub(crate) pieces: Vec<Piece>,
    /// Vertical rules, which part columns and cells.
    pub(crate) uprights: Vec<Piece>,
}

/// Finds the ink of a flattened page, and paints the rules on `plane` over with paper.
/// `spare` is memory to work in.
pub(crate) fn find(plane: &mut Plane, spare: Vec<u8>, dpi: u32) -> Ink {
    let inch = dpi as f32;
    let threshold = threshold(plane);
    let mut dark = Dark::new(plane, spare, threshold);
    let across = dark.long_runs_across((inch * RULE_ACROSS) as usize);
    let down = dark.long_runs_down((inch * RULE_DOWN) as usize);
    let edge = (inch * RULE_EDGE).ceil() as usize;
    for rule in across.iter().chain(&down) {
        dark.erase(rule, edge, plane);
    }
    let uprights = joined(down, edge);
    let mut pieces = dark.pieces();
    if pieces.len() > PIECES_MAX {
        pieces.select_nth_unstable_by_key(PIECES_MAX, |piece| std::cmp::Reverse(piece.area));
        pieces.truncate(PIECES_MAX);
    }
    for dot in leaders(&mut pieces, inch) {
        dark.erase(&dot, edge, plane);
    }
    Ink { pieces, uprights }
}

/// Takes the dots of leaders out of the pieces: rows of small dots at even distances, on which
/// forms are filled in.
fn leaders(pieces: &mut Vec<Piece>, inch: f32) -> Vec<Piece> {
    let side = (inch * DOT).max(3.0);
    let (mut dots, others): (Vec<Piece>, Vec<Piece>) =
        pieces.iter().partition(|piece| piece.width() <= side && piece.height() <= side);
    dots.sort_by_key(|dot| (dot.left, dot.top));
    let (mut rows, mut rest): (Vec<Vec<Piece>>, Vec<Piece>) = (Vec::new(), others);
    // Rows that a dot further right may go on with.
    let mut open: Vec<usize> = Vec::new();
    for dot in dots {
        open.retain(|row| {
            rows[*row].last().is_some_and(|last| dot.left as f32 - last.left as f32 <= inch * PITCH)
        });
        match open.iter().find(|row| goes_on(&rows[**row], &dot)) {
            Some(row) => rows[*row].push(dot),
            None => {
                open.push(rows.len());
                rows.push(vec![dot]);
            }
        }
    }
    let mut found = Vec::new();
    for row in rows {
        if row.len() >= DOTS_MIN { &mut found } else { &mut rest }.extend(row);
    }
    *pieces = rest;
    found
}

/// Whether a dot stands in the row's line, as far from the last as the last from the one before.
fn goes_on(row: &[Piece], dot: &Piece) -> bool {
    /// Rounding to whole pixels makes this much of a difference, and a page that is not level.
    const SLACK: f32 = 2.0;
    let Some(last) = row.last() else { return false };
    let pitch = dot.middle().0 - last.middle().0;
    let level = (dot.middle().1 - last.middle().1).abs() <= SLACK;
    let even = match row {
        [.., before, last] => {
            (pitch - (last.middle().0 - before.middle().0)).abs() <= SLACK + 0.1 * pitch
        }
        _ => true,
    };
    level && even && pitch >= last.width()
}

fn threshold(plane: &Plane) -> u8 {
    let mut counts = [0u32; 256];
    /// A prime, so that no pattern of the page is in step with it.
    const STRIDE: usize = 67;
    for level in plane.data.iter().step_by(STRIDE) {
        counts[usize::from(*level)] += 1;
    }
    let wanted = plane.data.len().div_ceil(STRIDE) as u32 / 50;
    let mut seen = 0;
    let ink = (0..256usize).find(|level| {
        seen += counts[*level];
        seen > wanted
    });
    let middle = (PAPER + ink.unwrap_or(0) as f32) / 2.0 + OVER_THE_MIDDLE;
    middle.min(THRESHOLD_MAX) as u8
}

/// Which pixels are dark: 1, or 0.
struct Dark {
    width: usize,
    height: usize,
    is: Vec<u8>,
}

impl Dark {
    fn new(plane: &Plane, spare: Vec<u8>, threshold: u8) -> Self {
        let mut is = spare;
        is.clear();
        is.extend(plane.data.iter().map(|level| u8::from(*level < threshold)));
        Self { width: plane.width, height: plane.height, is }
    }

    /// Rows of dark pixels: left and right end, exclusive.
    fn runs(&self, y: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let row = &self.is[y * self.width..(y + 1) * self.width];
        let mut at = 0;
        std::iter::from_fn(move || {
            let left = at + memchr(1, &row[at..])?;
            let right = memchr(0, &row[left..]).map_or(row.len(), |n| left + n);
            at = right;
            Some((left, right))
        })
    }

    fn long_runs_across(&self, length: usize) -> Vec<Piece> {
        let mut found = Vec::new();
        for y in 0..self.height {
            for (left, right) in self.runs(y).filter(|(left, right)| right - left >= length) {
                found.push(Piece { left, top: y, right, bottom: y + 1, area: right - left });
            }
        }
        found
    }

    fn long_runs_down(&self, length: usize) -> Vec<Piece> {
        let mut found = Vec::new();
        let mut lengths = vec![0u16; self.width];
        let long = u16::try_from(length).unwrap_or(u16::MAX);
        for y in 0..=self.height {
            let row = self.is.get(y * self.width..(y + 1) * self.width);
            // Runs seldom end, and hardly ever long ones: that is asked of many columns at once.
            for (at, lengths) in lengths.chunks_mut(64).enumerate() {
                let left = at * 64;
                let dark = row.and_then(|row| row.get(left..left + lengths.len()));
                let dark = dark.unwrap_or(&[0; 64][..lengths.len()]);
                let ended = |(run, dark): (&u16, &u8)| *dark == 0 && *run >= long;
                if lengths.iter().zip(dark).fold(false, |any, pair| any | ended(pair)) {
                    let ends = lengths.iter().zip(dark).enumerate();
                    for (i, (run, _)) in ends.filter(|(_, pair)| ended(*pair)) {
                        let (x, area) = (left + i, usize::from(*run));
                        let top = y.saturating_sub(area);
                        found.push(Piece { left: x, top, right: x + 1, bottom: y, area });
                    }
                }
                for (run, dark) in lengths.iter_mut().zip(dark) {
                    *run = run.saturating_add(1) * u16::from(*dark);
                }
            }
        }
        found
    }

    fn erase(&mut self, rule: &Piece, edge: usize, plane: &mut Plane) {
        let (left, right) = (rule.left.saturating_sub(edge), (rule.right + edge).min(self.width));
        for y in rule.top.saturating_sub(edge)..(rule.bottom + edge).min(self.height) {
            let row = y * self.width;
            self.is[row + left..row + right].fill(0);
            plane.data[row + left..row + right].fill(PAPER as u8);
        }
    }

    fn pieces(&self) -> Vec<Piece> {
        let mut forest = Forest::default();
        let mut above: Vec<(usize, usize, usize)> = Vec::new();
        let mut here = Vec::new();
        for y in 0..self.height {
            let mut first = 0;
            here.clear();
            for (left, right) in self.runs(y) {
                let run = Piece { left, top: y, right, bottom: y + 1, area: right - left };
                // Runs of the row above that touch this one, corners included.
                while above.get(first).is_some_and(|(_, end, _)| *end < left) {
                    first += 1;
                }
                let touching = above[first..].iter().take_while(|(begin, _, _)| *begin <= right);
                let own = touching.fold(None, |own, (_, _, other)| match own {
                    None => Some(forest.grow(*other, &run)),
                    Some(own) => Some(forest.join(own, *other)),
                });
                here.push((left, right, own.unwrap_or_else(|| forest.plant(run))));
            }
            if forest.parents.len() > SPECKS_MAX {
                return Vec::new();
            }
            (above, here) = (here, above);
        }
        forest.boxes()
    }
}

/// Sets of runs that touch one another.
#[derive(Default)]
struct Forest {
    parents: Vec<usize>,
    boxes: Vec<Piece>,
}

impl Forest {
    fn plant(&mut self, run: Piece) -> usize {
        self.parents.push(self.parents.len());
        self.boxes.push(run);
        self.parents.len() - 1
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    /// Adds a run to the set that has this one; gives the set.
    fn grow(&mut self, at: usize, run: &Piece) -> usize {
        let root = self.root(at);
        self.boxes[root].grow(run);
        root
    }

    /// Makes two sets one; gives it.
    fn join(&mut self, one: usize, other: usize) -> usize {
        let (one, other) = (self.root(one), self.root(other));
        let (keep, lose) = (one.min(other), one.max(other));
        if one != other {
            let lost = self.boxes[lose];
            self.boxes[keep].grow(&lost);
            self.parents[lose] = keep;
        }
        keep
    }

    fn boxes(self) -> Vec<Piece> {
        let roots = self.parents.iter().enumerate().filter(|(at, parent)| at == *parent);
        roots.map(|(at, _)| self.boxes[at]).collect()
    }
}

/// Columns of a rule as one box each.
fn joined(mut columns: Vec<Piece>, gap: usize) -> Vec<Piece> {
    columns.sort_by_key(|column| (column.left, column.top));
    let mut rules: Vec<Piece> = Vec::new();
    for column in columns {
        let touches = |rule: &&mut Piece| {
            column.left <= rule.right + gap && column.top < rule.bottom && rule.top < column.bottom
        };
        match rules.iter_mut().find(touches) {
            Some(rule) => rule.grow(&column),
            None => rules.push(column),
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[&str]) -> Plane {
        let levels = rows.iter().flat_map(|row| row.bytes());
        let data = levels.map(|mark| if mark == b'#' { 0 } else { 245 }).collect();
        Plane::new(rows[0].len(), rows.len(), data)
    }

    #[test]
    fn pieces_touch_by_corners_and_forks_are_one() {
        let mut plane = page(&[
            "#..#....", //
            ".#.#..#.", //
            "..#....#", //
            "........", //
            "#.......",
        ]);
        let mut pieces = find(&mut plane, Vec::new(), 300).pieces;
        pieces.sort_by_key(|piece| (piece.top, piece.left));
        let boxes: Vec<_> = pieces.iter().map(|p| (p.left, p.top, p.right, p.bottom)).collect();
        assert_eq!(boxes, [(0, 0, 4, 3), (6, 1, 8, 3), (0, 4, 1, 5)]);
        assert_eq!(pieces[0].area, 5);
    }

    #[test]
    fn a_row_of_even_dots_is_a_leader_and_an_ellipsis_is_not() {
        let mut plane = Plane::new(400, 60, vec![245; 400 * 60]);
        let mut dot = |x: usize, y: usize| {
            for row in y..y + 4 {
                plane.data[row * 400 + x..row * 400 + x + 4].fill(20);
            }
        };
        (0..12).for_each(|i| dot(100 + 13 * i + i % 2, 20 + i / 6));
        (0..3).for_each(|i| dot(20 + 13 * i, 20));
        let uneven = [10, 22, 60, 71, 120, 160, 170];
        uneven.iter().for_each(|x| dot(*x, 45));
        let ink = find(&mut plane, Vec::new(), 300);
        assert_eq!(ink.pieces.len(), 3 + uneven.len(), "{:?}", ink.pieces);
        assert_eq!(plane.data[21 * 400 + 101], PAPER as u8, "a leader is painted over");
        assert!(plane.data[21 * 400 + 21] < 40, "an ellipsis stays");
    }

    #[test]
    fn rules_are_no_ink_and_part_columns() {
        let mut plane = Plane::new(300, 300, vec![245; 300 * 300]);
        for i in 20..280 {
            plane.data[100 * 300 + i] = 0;
            plane.data[i * 300 + 150] = 0;
        }
        for y in 200..220 {
            plane.data[y * 300 + 60..y * 300 + 70].fill(0);
        }
        let ink = find(&mut plane, Vec::new(), 300);
        assert_eq!(ink.pieces.len(), 1, "{:?}", ink.pieces);
        assert_eq!(ink.uprights.len(), 1);
        assert_eq!((ink.uprights[0].left, ink.uprights[0].top), (150, 20));
        assert_eq!(plane.data[100 * 300 + 40], PAPER as u8, "the rule is painted over");
    }
}
