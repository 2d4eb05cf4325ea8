//! A line cut out of the image: level, at the network's size, and moved about until it fits.

use super::glyph::{HEIGHT, Network, Odds, WIDTH};
use crate::page::Quad;
use crate::plane::Plane;

/// Cells of room before and behind a line, for neighbours and for moving it.
const ROOM: usize = 2;
/// Rows of a strip: a sign's own and room to move.
const ROWS: usize = HEIGHT + 20;
/// How far a line may move, in pitches, and by which steps.
const REACH: f32 = 0.25;
const STEP: f32 = 0.0625;

/// Where a line of cells is: the middle of its first cell, and the way to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) at: [f32; 2],
    pub(super) step: [f32; 2],
}

impl Place {
    pub(super) fn pitch(&self) -> f32 {
        self.step[0].hypot(self.step[1])
    }

    /// The middle of a cell.
    pub(super) fn cell(&self, number: f32) -> [f32; 2] {
        [0, 1].map(|i| self.at[i] + number * self.step[i])
    }

    /// The same line from another cell on.
    pub(super) fn moved(&self, cells: f32) -> Self {
        Self { at: self.cell(cells), ..*self }
    }

    /// How far a point is along the line and below it, in pixels.
    pub(super) fn seen_from(&self, point: [f32; 2]) -> (f32, f32) {
        let ([ux, uy], [dx, dy]) = (self.unit(), [0, 1].map(|i| point[i] - self.at[i]));
        (dx * ux + dy * uy, dy * ux - dx * uy)
    }

    fn unit(&self) -> [f32; 2] {
        self.step.map(|part| part / self.pitch())
    }

    /// The sine between the directions of two lines; more than any where they run against another.
    pub(super) fn turn_from(&self, other: &Self) -> f32 {
        let ([ax, ay], [bx, by]) = (self.unit(), other.unit());
        if ax * bx + ay * by < 0.0 { f32::MAX } else { (ax * by - ay * bx).abs() }
    }

    /// This line for 0, the other for 1, what lies between or beyond for other shares.
    pub(super) fn between(&self, other: &Self, share: f32) -> Self {
        let mix = |a: [f32; 2], b: [f32; 2]| [0, 1].map(|i| a[i] + share * (b[i] - a[i]));
        Self { at: mix(self.at, other.at), step: mix(self.step, other.step) }
    }

    /// The corners of so many cells.
    pub(super) fn quad(&self, cells: usize) -> Quad {
        /// Half the height of a sign with some room, in pitches.
        const HALF: f32 = 0.65;
        let [ux, uy] = self.step;
        let (from, to) = (self.cell(-0.5), self.cell(cells as f32 - 0.5));
        let up = |[x, y]: [f32; 2]| [x + uy * HALF, y - ux * HALF];
        let down = |[x, y]: [f32; 2]| [x - uy * HALF, y + ux * HALF];
        [up(from), up(to), down(to), down(from)]
    }

    /// The place after a shift that a strip was fitted by.
    pub(super) fn shifted(&self, shift: Shift) -> Self {
        let [ux, uy] = self.step;
        let at = [
            self.at[0] + shift.along * ux - shift.down * uy,
            self.at[1] + shift.along * uy + shift.down * ux,
        ];
        let step = [ux * shift.stretch - shift.fall * uy, uy * shift.stretch + shift.fall * ux];
        Self { at, step }
    }
}

/// How a line lies against where it was thought to be, in pitches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    pub(super) along: f32,
    pub(super) down: f32,
    /// Its pitch, as a share of the one that was thought.
    pub(super) stretch: f32,
    /// How far it falls with each cell.
    pub(super) fall: f32,
}

impl Default for Shift {
    fn default() -> Self {
        Self { along: 0.0, down: 0.0, stretch: 1.0, fall: 0.0 }
    }
}

/// A line's image, [`WIDTH`] pixels a pitch.
pub(super) struct Strip {
    plane: Plane,
    cells: usize,
}

/// Cuts `cells` cells out.
pub(super) fn cut(plane: &Plane, place: &Place, cells: usize) -> Strip {
    let width = (cells + 2 * ROOM) * WIDTH;
    let [ux, uy] = place.step.map(|part| part / WIDTH as f32);
    // Each pixel is the mean of as many samples as it covers pixels of the image.
    let parts = (ux.hypot(uy) - 0.25).ceil().clamp(1.0, 8.0) as usize;
    let part = |i: usize| (i as f32 + 0.5) / parts as f32;
    let mut data = Vec::with_capacity(width * ROWS);
    for row in 0..ROWS {
        for column in 0..width {
            let mut sum = 0.0;
            for (i, j) in (0..parts * parts).map(|n| (n % parts, n / parts)) {
                let x = (column as f32 + part(i)) - ((ROOM as f32 + 0.5) * WIDTH as f32);
                let y = (row as f32 + part(j)) - ROWS as f32 / 2.0;
                sum +=
                    level_at(plane, place.at[0] + x * ux - y * uy, place.at[1] + x * uy + y * ux);
            }
            data.push((sum / (parts * parts) as f32) as u8);
        }
    }
    Strip { plane: Plane::new(width, ROWS, data), cells }
}

/// Bilinear, the edge's pixels repeated outside; the middles of pixels are at halves.
fn level_at(plane: &Plane, x: f32, y: f32) -> f32 {
    let place = |at: f32, size: usize| {
        let at = (at - 0.5).clamp(0.0, (size - 1) as f32);
        let first = at as usize;
        (first, (first + 1).min(size - 1), at - first as f32)
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (place(x, plane.width), place(y, plane.height));
    let mix = |row: &[u8]| f32::from(row[x0]) * (1.0 - fx) + f32::from(row[x1]) * fx;
    mix(plane.row(y0)) * (1.0 - fy) + mix(plane.row(y1)) * fy
}

impl Strip {
    /// What the cells look like when the line lies so.
    pub(super) fn odds(&self, network: &Network, shift: Shift) -> Vec<Odds> {
        let size = WIDTH as f32;
        let width = (self.cells + 2) * WIDTH;
        let mut row = Vec::with_capacity(width * HEIGHT);
        let first = (ROOM as f32 + 0.5) * size;
        for y in 0..HEIGHT {
            for x in 0..width {
                // From the middle of the line's first cell.
                let along = x as f32 + 0.5 - 1.5 * size;
                let across = y as f32 + 0.5 - HEIGHT as f32 / 2.0;
                let column = first + shift.along * size + along * shift.stretch;
                let line = ROWS as f32 / 2.0 + shift.down * size + across + along * shift.fall;
                row.push(level_at(&self.plane, column, line) as u8);
            }
        }
        let cell = |i: usize| network.odds(&row, width, (i + 1) * WIDTH..(i + 2) * WIDTH);
        (0..self.cells).map(cell).collect()
    }

    /// Moves the line about until `score` is highest.
    pub(super) fn fitted(
        &self,
        network: &Network,
        score: impl Fn(&[Odds]) -> f32,
    ) -> (Shift, Vec<Odds>) {
        let mut shift = Shift::default();
        let mut odds = self.odds(network, shift);
        let mut best = score(&odds);
        let steps = (REACH / STEP) as i32;
        let cells = self.cells as f32;
        for round in 0..2 {
            for way in 0..4 {
                let from = shift;
                for i in (-steps..=steps).filter(|i| *i != 0) {
                    let by = i as f32 * STEP * if round == 0 { 1.0 } else { 0.4 };
                    let mut other = from;
                    match way {
                        0 => other.down += by,
                        1 => other.along += by,
                        // About the middle, so that place and pitch do not pull at each other.
                        2 => {
                            other.stretch += 2.0 * by / cells;
                            other.along -= by;
                        }
                        _ => {
                            other.fall += 2.0 * by / cells;
                            other.down -= by;
                        }
                    }
                    let found = self.odds(network, other);
                    let value = score(&found);
                    if value > best {
                        (best, shift, odds) = (value, other, found);
                    }
                }
            }
        }
        (shift, odds)
    }
}
