//! Where a page must be kept as it is: the page that a reader would see is held against the scan.
//!
//! Three things make a square of the page a part of a patch. Away from the edges of ink, a spot of
//! 3 by 3 pixels has another colour than in the scan: a fine line, a shade, a photograph. Or a
//! square has another mean colour: ink was lost or added. Or it bears coloured ink: a seal, a
//! signature, which stay as the scanner saw them. Grain alone makes none of these.

use drivers_api::{PixelFormat, Raster};

use super::Area;
use super::ink::Bits;

/// The smallest squares, in pixels: the blocks of the paper's JPEG, so that patches do not change
/// the paper beside them.
const SQUARE: usize = 32;
/// Squares of means.
const MEAN_SQUARE: usize = 16;
/// How much the mean of 3 by 3 pixels may be off, in levels.
const SPOT_OFF_MAX: i32 = 14;
/// How much the mean of a square may be off, in levels.
const MEAN_OFF_MAX: i32 = 16;
/// Pixels this near to the edge of ink are judged by the mean of their square only.
const EDGE: usize = 2;
/// Ink whose brightest and darkest channel differ by more is coloured.
const COLOURED: u8 = 60;
/// So many coloured pixels in a square are no accident.
const COLOURED_MIN: u32 = 16;
/// More patches than this are taken together into fewer.
const PATCHES_MAX: usize = 24;
/// Squares are doubled up to this side to do so.
const SQUARE_MAX: usize = 256;
/// The largest part of a page that patches cover; above it, one JPEG is smaller.
const PATCHED_MAX: f32 = 0.4;

/// The areas that must be kept; `None` if that is too much of the page. `seals` says whether
/// coloured ink is a reason: where it is nearly everywhere, as in a form filled in by hand, it is
/// ink like other ink.
pub(super) fn needed(page: &Raster, shown: &Raster, ink: &Bits, seals: bool) -> Option<Vec<Area>> {
    let mut off = Squares::new(ink);
    let (grown, shrunk) = (ink.grown(EDGE), ink.shrunk(EDGE));
    for channel in 0..page.format().bytes() {
        let differences = differences(page, shown, channel);
        off.mark_spots(&differences, &grown, &shrunk);
        off.mark_means(&differences);
    }
    let coloured = seals.then(|| off.with_coloured(page, ink));
    coloured.and_then(|squares| squares.areas()).or_else(|| off.areas())
}

/// How much brighter the scan is than what is shown, in one channel.
fn differences(page: &Raster, shown: &Raster, channel: usize) -> Vec<i16> {
    let bytes = page.format().bytes();
    let levels = |of: &'_ Raster| -> Vec<u8> {
        of.data().iter().skip(channel).step_by(bytes).copied().collect()
    };
    let (page, shown) = (levels(page), levels(shown));
    page.iter().zip(&shown).map(|(a, b)| i16::from(*a) - i16::from(*b)).collect()
}

/// Squares of a page, some of them marked.
#[derive(Clone)]
struct Squares {
    /// Of the page, in pixels.
    width: usize,
    height: usize,
    columns: usize,
    marked: Vec<bool>,
}

impl Squares {
    fn new(ink: &Bits) -> Self {
        let (width, height) = (ink.width, ink.height);
        let (columns, rows) = (width.div_ceil(SQUARE), height.div_ceil(SQUARE));
        Self { width, height, columns, marked: vec![false; columns * rows] }
    }

    fn mark(&mut self, x: usize, y: usize) {
        self.marked[y / SQUARE * self.columns + x / SQUARE] = true;
    }

    /// Marks spots of another colour away from the edges of ink.
    fn mark_spots(&mut self, differences: &[i16], grown: &Bits, shrunk: &Bits) {
        let width = self.width;
        let mut sums = vec![0i16; width];
        for y in 1..self.height.saturating_sub(1) {
            let lines = [y - 1, y, y + 1].map(|y| &differences[y * width..(y + 1) * width]);
            for (x, sum) in sums.iter_mut().enumerate() {
                *sum = lines[0][x] + lines[1][x] + lines[2][x];
            }
            for (x, three) in sums.windows(3).enumerate() {
                let off = i32::from(three[0]) + i32::from(three[1]) + i32::from(three[2]);
                let at = y * width + x + 1;
                if off.abs() > 9 * SPOT_OFF_MAX && grown.data[at] == shrunk.data[at] {
                    self.mark(x + 1, y);
                }
            }
        }
    }

    /// Marks squares of another mean.
    fn mark_means(&mut self, differences: &[i16]) {
        let columns = self.width.div_ceil(MEAN_SQUARE);
        let rows = differences.chunks(self.width * MEAN_SQUARE);
        for (row, lines) in rows.enumerate() {
            let mut sums = vec![(0i32, 0i32); columns];
            for line in lines.chunks(self.width) {
                for (sum, part) in sums.iter_mut().zip(line.chunks(MEAN_SQUARE)) {
                    sum.0 += part.iter().map(|off| i32::from(*off)).sum::<i32>();
                    sum.1 += part.len() as i32;
                }
            }
            let off = |(_, (sum, count)): &(usize, (i32, i32))| sum.abs() > MEAN_OFF_MAX * count;
            for (column, _) in sums.into_iter().enumerate().filter(off) {
                self.mark(column * MEAN_SQUARE, row * MEAN_SQUARE);
            }
        }
    }

    /// These and the squares with coloured ink.
    fn with_coloured(&self, page: &Raster, ink: &Bits) -> Self {
        let mut squares = self.clone();
        if page.format() == PixelFormat::Gray8 {
            return squares;
        }
        let mut counts = vec![0u32; self.marked.len()];
        let pixels = page.data().chunks_exact(3).zip(&ink.data).enumerate();
        for (at, (pixel, _)) in pixels.filter(|(_, (_, bit))| **bit != 0) {
            let (most, least) = (pixel.iter().max(), pixel.iter().min());
            if most.zip(least).is_some_and(|(most, least)| most - least > COLOURED) {
                counts[at / self.width / SQUARE * self.columns + at % self.width / SQUARE] += 1;
            }
        }
        let many = counts.into_iter().map(|count| count > COLOURED_MIN);
        squares.marked.iter_mut().zip(many).for_each(|(marked, many)| *marked |= many);
        squares
    }

    /// The areas around marked squares.
    fn areas(&self) -> Option<Vec<Area>> {
        let pixels = (self.width * self.height) as f32;
        let few = |areas: &Vec<Area>| areas.len() <= PATCHES_MAX;
        let doubled = |side: &usize| Some(side * 2).filter(|side| *side <= SQUARE_MAX);
        let mut sides = std::iter::successors(Some(SQUARE), doubled);
        let areas = sides.find_map(|side| Some(self.rectangles(side)).filter(few))?;
        let covered: f32 = areas.iter().map(|[.., width, height]| (width * height) as f32).sum();
        (covered <= PATCHED_MAX * pixels).then_some(areas)
    }

    /// Rectangles around marked squares of a larger side; those that meet become one.
    fn rectangles(&self, side: usize) -> Vec<Area> {
        let mut found: Vec<[usize; 4]> = Vec::new();
        for (at, _) in self.marked.iter().enumerate().filter(|(_, marked)| **marked) {
            let (x, y) = (at % self.columns * SQUARE / side, at / self.columns * SQUARE / side);
            let mut own = [x, y, x + 1, y + 1];
            let meets = |own: &[usize; 4], other: &[usize; 4]| {
                let along = own[0] <= other[2] && other[0] <= own[2];
                along && own[1] <= other[3] && other[1] <= own[3]
            };
            while let Some(at) = found.iter().position(|other| meets(&own, other)) {
                let other = found.swap_remove(at);
                own = [
                    own[0].min(other[0]),
                    own[1].min(other[1]),
                    own[2].max(other[2]),
                    own[3].max(other[3]),
                ];
            }
            found.push(own);
        }
        let area = |[left, top, right, bottom]: [usize; 4]| {
            let (left, top) = (left * side, top * side);
            let (right, bottom) =
                ((right * side).min(self.width), (bottom * side).min(self.height));
            [left, top, right - left, bottom - top].map(|side| side as u32)
        };
        found.into_iter().map(area).collect()
    }
}
