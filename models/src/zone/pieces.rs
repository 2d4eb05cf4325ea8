//! Pieces of ink: what is darker than its surroundings, as connected components.

use crate::plane::Plane;

/// A piece's box, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) middle: [f32; 2],
    pub(super) size: [f32; 2],
}

/// Half the side of the surroundings: this share of the image's longer side, within these limits.
/// Some two signs across on a card, as on a page that holds one.
const AROUND_SHARE: usize = 90;
const AROUND: [usize; 2] = [12, 45];
/// Ink is darker than its surroundings by this share of their light, and this many levels.
const DARKER_SHARE: u64 = 14;
const DARKER_MIN: u64 = 7;
/// Sides of a sign in pixels.
const SIDE: [usize; 2] = [3, 160];
const TALLER_MIN: usize = 6;
/// More pieces than this are grain.
const PIECES_MAX: usize = 60_000;

/// The pieces of a plane that may be signs.
pub(super) fn find(plane: &Plane) -> Vec<Piece> {
    let dark = dark(plane);
    let mut found = Vec::new();
    let mut seen = vec![false; dark.len()];
    let mut waiting = Vec::new();
    for start in 0..dark.len() {
        if !dark[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        waiting.push(start);
        let (x, y) = (start % plane.width, start / plane.width);
        let (mut left, mut right, mut top, mut low, mut area) = (x, x, y, y, 0usize);
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % plane.width, at / plane.width);
            (left, right) = (left.min(x), right.max(x));
            (top, low) = (top.min(y), low.max(y));
            area += 1;
            for y in y.saturating_sub(1)..=(y + 1).min(plane.height - 1) {
                for x in x.saturating_sub(1)..=(x + 1).min(plane.width - 1) {
                    let next = y * plane.width + x;
                    if dark[next] && !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
        }
        let size = [right + 1 - left, low + 1 - top];
        let fits = size.iter().all(|side| (SIDE[0]..=SIDE[1]).contains(side));
        if fits && size[0].max(size[1]) >= TALLER_MIN && area * 12 >= size[0] * size[1] {
            found.push(Piece {
                middle: [(left + right + 1) as f32 / 2.0, (top + low + 1) as f32 / 2.0],
                size: size.map(|side| side as f32),
            });
        }
        if found.len() > PIECES_MAX {
            return Vec::new();
        }
    }
    found
}

/// Which pixels are darker than their surroundings.
fn dark(plane: &Plane) -> Vec<bool> {
    let (width, height) = (plane.width, plane.height);
    let around = (width.max(height) / AROUND_SHARE).clamp(AROUND[0], AROUND[1]);
    // Sums of all above and left of each corner.
    let mut sums = vec![0u64; (width + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0;
        for (x, level) in plane.row(y).iter().enumerate() {
            row += u64::from(*level);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
        }
    }
    let mut dark = Vec::with_capacity(width * height);
    for y in 0..height {
        let (top, low) = (y.saturating_sub(around), (y + around + 1).min(height));
        let (top_row, low_row) = (top * (width + 1), low * (width + 1));
        for (x, level) in plane.row(y).iter().enumerate() {
            let (left, right) = (x.saturating_sub(around), (x + around + 1).min(width));
            let sum = sums[low_row + right] + sums[top_row + left]
                - sums[low_row + left]
                - sums[top_row + right];
            let mean = sum / ((right - left) * (low - top)) as u64;
            let darker = (mean * DARKER_SHARE / 100).max(DARKER_MIN);
            dark.push(u64::from(*level) + darker < mean);
        }
    }
    dark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_the_shade_is_one_piece_and_the_shade_none() {
        let shade = |x: usize| 220 - (x / 2) as u8;
        let mut data: Vec<u8> = (0..300 * 100).map(|i| shade(i % 300)).collect();
        for y in 40..60 {
            for x in 200..210 {
                data[y * 300 + x] = 40;
            }
        }
        let found = find(&Plane::new(300, 100, data));
        assert_eq!(found, [Piece { middle: [205.0, 50.0], size: [10.0, 20.0] }]);
    }
}
