//! What the texture of a face tells about a print or a screen, and what marks a frame.
//!
//! Weak by itself: a camera may be too coarse to see dots, and may make patterns of its own. So it
//! lowers a score and never raises one.

use std::hash::{DefaultHasher, Hasher};

use super::mesh::Landmarks;
use super::pixels::Pixels;

/// The patch that is looked at, in pixels of the image; a power of two.
const SIDE: usize = 64;
/// Rows of the frame whose brightness is kept.
pub const BANDS: usize = 32;
/// Frequencies below are the face's own shapes: in steps of the patch's transform.
const FINE_MIN: usize = 10;

/// What is kept of a frame's texture; no picture can be made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Texture {
    /// The strongest fine pattern against the usual level of fine detail. A face has below 20,
    /// dots of print or a screen seen by a sharp camera 30 and more.
    pub pattern: f32,
    /// Blue light by red light over the face.
    pub blueness: f32,
    /// Mean brightness of the frame's rows, top to bottom.
    pub bands: [f32; BANDS],
    /// Tells frames apart: equal only where every pixel is.
    pub digest: u64,
}

pub(super) fn of(image: &Pixels, marks: &Landmarks) -> Texture {
    let mut hasher = DefaultHasher::new();
    hasher.write(&image.data);
    let rows = image.data.chunks_exact(image.width.max(1) * 3);
    let row_means: Vec<f32> = rows
        .map(|row| row.iter().map(|v| u32::from(*v)).sum::<u32>() as f32 / row.len() as f32)
        .collect();
    let band = |i: usize| {
        let (from, to) = (i * row_means.len() / BANDS, (i + 1) * row_means.len() / BANDS);
        let rows = &row_means[from..to.max(from + 1).min(row_means.len())];
        rows.iter().sum::<f32>() / rows.len().max(1) as f32
    };
    Texture {
        pattern: pattern(image, marks),
        blueness: blueness(image, marks),
        bands: std::array::from_fn(band),
        digest: hasher.finish(),
    }
}

/// Looks at both cheeks, where a face has the least detail of its own.
fn pattern(image: &Pixels, marks: &Landmarks) -> f32 {
    const CHEEKS: [usize; 2] = [50, 280];
    let found = CHEEKS.map(|i| {
        let [x, y] = marks.points[i];
        let patch = patch(image, x, y)?;
        Some(peak(&patch))
    });
    found.into_iter().flatten().fold(0.0, f32::max)
}

/// Grey levels around a point, smooth to zero at the edges; none where the image ends.
fn patch(image: &Pixels, x: f32, y: f32) -> Option<Vec<f32>> {
    let start = |at: f32, size: usize| {
        let from = at.round() as i64 - SIDE as i64 / 2;
        usize::try_from(from).ok().filter(|from| from + SIDE <= size)
    };
    let (x0, y0) = (start(x, image.width)?, start(y, image.height)?);
    let grey = |x: usize, y: usize| {
        let p = &image.data[((y0 + y) * image.width + x0 + x) * 3..][..3];
        0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2])
    };
    let levels: Vec<f32> = (0..SIDE * SIDE).map(|i| grey(i % SIDE, i / SIDE)).collect();
    let mean = levels.iter().sum::<f32>() / levels.len() as f32;
    let hann = |i: usize| {
        let turn = std::f32::consts::TAU * (i as f32 + 0.5) / SIDE as f32;
        0.5 - 0.5 * turn.cos()
    };
    let faded =
        levels.iter().enumerate().map(|(i, l)| (l - mean) * hann(i % SIDE) * hann(i / SIDE));
    Some(faded.collect())
}

/// The strongest fine frequency against the median of all fine ones.
fn peak(patch: &[f32]) -> f32 {
    let mut grid: Vec<(f32, f32)> = patch.iter().map(|level| (*level, 0.0)).collect();
    for row in grid.chunks_exact_mut(SIDE) {
        transform(row);
    }
    let mut column = vec![(0.0, 0.0); SIDE];
    for x in 0..SIDE {
        for y in 0..SIDE {
            column[y] = grid[y * SIDE + x];
        }
        transform(&mut column);
        for y in 0..SIDE {
            grid[y * SIDE + x] = column[y];
        }
    }
    let folded = |i: usize| i.min(SIDE - i);
    let fine = |i: usize| folded(i % SIDE).max(folded(i / SIDE)) >= FINE_MIN;
    let cells = grid.iter().enumerate().filter(|(i, _)| fine(*i));
    let mut sizes: Vec<f32> = cells.map(|(_, (re, im))| re.hypot(*im)).collect();
    sizes.sort_by(f32::total_cmp);
    let (median, most) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
    // Grain of less than half a level is the camera's rounding.
    most / median.max(0.5 * SIDE as f32 / 4.0)
}

/// Fourier's transform in place; the length is a power of two.
fn transform(values: &mut [(f32, f32)]) {
    let count = values.len();
    let bits = count.trailing_zeros();
    for i in 0..count {
        let other = i.reverse_bits() >> (usize::BITS - bits);
        if other > i {
            values.swap(i, other);
        }
    }
    let mut length = 2;
    while length <= count {
        let turn = -std::f32::consts::TAU / length as f32;
        for block in values.chunks_exact_mut(length) {
            let (low, high) = block.split_at_mut(length / 2);
            for (i, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let (sin, cos) = (turn * i as f32).sin_cos();
                let part = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                *b = (a.0 - part.0, a.1 - part.1);
                *a = (a.0 + part.0, a.1 + part.1);
            }
        }
        length *= 2;
    }
}

fn blueness(image: &Pixels, marks: &Landmarks) -> f32 {
    let (mut red, mut blue) = (0.0, 0.0);
    for [x, y] in &marks.points {
        if *x < 0.0 || *y < 0.0 || *x >= image.width as f32 || *y >= image.height as f32 {
            continue;
        }
        let at = (*y as usize * image.width + *x as usize) * 3;
        red += f32::from(image.data[at]);
        blue += f32::from(image.data[at + 2]);
    }
    blue / f32::max(red, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::mesh::tests::{head, seen};
    use super::*;

    fn frame(level: impl Fn(usize, usize) -> f32) -> Texture {
        let mut image = Pixels::new(640, 480);
        for (i, pixel) in image.data.chunks_exact_mut(3).enumerate() {
            pixel.fill(level(i % 640, i / 640) as u8);
        }
        of(&image, &seen(&head(), 0.0, 1000.0))
    }

    /// Grain that has no pattern.
    fn grain(x: usize, y: usize) -> f32 {
        let mut n = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
        n ^= n >> 15;
        n = n.wrapping_mul(0x2c1b_3c6d);
        n ^= n >> 12;
        (n % 1000) as f32 / 1000.0 - 0.5
    }

    #[test]
    fn dots_of_a_print_stand_out_of_grain() {
        let skin = |x: usize, y: usize| 140.0 + 0.05 * x as f32 + 10.0 * grain(x, y);
        let dots = |x: usize, y: usize| skin(x, y) + 12.0 * (x as f32 * 1.9 + y as f32 * 0.6).cos();
        let (plain, printed) = (frame(skin), frame(dots));
        assert!(plain.pattern < 8.0, "{}", plain.pattern);
        assert!(printed.pattern > 16.0, "{}", printed.pattern);
    }

    #[test]
    fn a_digest_changes_with_one_pixel_and_bands_follow_the_rows() {
        let plain = frame(|_, y| y as f32 / 4.0);
        let other = frame(|x, y| if (x, y) == (5, 5) { 9.0 } else { y as f32 / 4.0 });
        assert_ne!(plain.digest, other.digest);
        assert_eq!(plain.digest, frame(|_, y| y as f32 / 4.0).digest);
        assert!(plain.bands[31] > plain.bands[16] && plain.bands[16] > plain.bands[0]);
    }
}
