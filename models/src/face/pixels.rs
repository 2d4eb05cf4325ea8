//! Colour pixels, and the few operations that faces need. Pixel centres are at whole numbers.

use drivers_api::{PixelFormat, Raster};
use zeroize::Zeroizing;

use super::geometry::Affine;

/// Red, green and blue, rows top to bottom; wiped when dropped, because a face is personal data.
#[derive(Clone)]
pub(super) struct Pixels {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: Zeroizing<Vec<u8>>,
}

/// A part of an image, in its pixels; it may reach beyond the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) side: f32,
}

impl Pixels {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, data: Zeroizing::new(vec![0; width * height * 3]) }
    }

    pub(super) fn of(raster: &Raster) -> Self {
        let data = match raster.format() {
            PixelFormat::Rgb8 => raster.data().to_vec(),
            PixelFormat::Gray8 => raster.data().iter().flat_map(|grey| [*grey; 3]).collect(),
        };
        let (width, height) = (raster.width() as usize, raster.height() as usize);
        Self { width, height, data: Zeroizing::new(data) }
    }

    /// Half the size, smoothed by 1 4 6 4 1 both ways, so that what is too fine vanishes.
    pub(super) fn halved(&self) -> Self {
        const WEIGHTS: [u32; 5] = [1, 4, 6, 4, 1];
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        // Beyond the edge the image is mirrored about its last pixel.
        let place = |at: usize, tap: usize, size: usize| {
            let at = (2 * at + tap).abs_diff(2);
            let last = size - 1;
            if at > last { (2 * last).saturating_sub(at) } else { at }
        };
        let mut rows = vec![0u32; width * self.height * 3];
        for (row, out) in
            self.data.chunks_exact(self.width * 3).zip(rows.chunks_exact_mut(width * 3))
        {
            for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
                for (tap, weight) in WEIGHTS.iter().enumerate() {
                    let from = place(x, tap, self.width) * 3;
                    for (sum, value) in pixel.iter_mut().zip(&row[from..from + 3]) {
                        *sum += weight * u32::from(*value);
                    }
                }
            }
        }
        let mut half = Self::new(width, height);
        for (y, out) in half.data.chunks_exact_mut(width * 3).enumerate() {
            let taps: Vec<&[u32]> = (0..WEIGHTS.len())
                .map(|tap| &rows[place(y, tap, self.height) * width * 3..][..width * 3])
                .collect();
            for (i, value) in out.iter_mut().enumerate() {
                let sum: u32 = taps.iter().zip(WEIGHTS).map(|(row, w)| row[i] * w).sum();
                *value = ((sum + 128) >> 8) as u8;
            }
        }
        half
    }

    /// What is in `window`, as a square of `side` pixels: means where it shrinks, bilinear where it
    /// grows, `beyond` outside the image.
    pub(super) fn square(&self, window: Window, side: usize, beyond: u8) -> Vec<u8> {
        let step = window.side / side as f32;
        let columns: Vec<Taps> = taps(window.x, step, side, self.width);
        let rows: Vec<Taps> = taps(window.y, step, side, self.height);
        let mut out = vec![beyond; side * side * 3];
        let mut band = vec![0f32; self.width * 3];
        let from = columns.iter().filter(|t| !t.weights.is_empty()).map(|t| t.first).min();
        let to = columns.iter().map(|t| t.first + t.weights.len()).max().unwrap_or(0);
        let Some(from) = from else { return out };
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(side * 3)) {
            if row.weights.is_empty() {
                continue;
            }
            band[from * 3..to * 3].fill(0.0);
            for (i, weight) in row.weights.iter().enumerate() {
                let at = (row.first + i) * self.width * 3;
                let source = &self.data[at + from * 3..at + to * 3];
                for (sum, value) in band[from * 3..to * 3].iter_mut().zip(source) {
                    *sum += weight * f32::from(*value);
                }
            }
            for (column, pixel) in columns.iter().zip(out.chunks_exact_mut(3)) {
                if column.weights.is_empty() {
                    continue;
                }
                let mut sums = [0f32; 3];
                for (i, weight) in column.weights.iter().enumerate() {
                    let at = (column.first + i) * 3;
                    for (sum, value) in sums.iter_mut().zip(&band[at..at + 3]) {
                        *sum += weight * value;
                    }
                }
                for (value, sum) in pixel.iter_mut().zip(sums) {
                    *value = (sum + 0.5) as u8;
                }
            }
        }
        out
    }

    /// A square of `side` pixels, each taken where `from` (square to image) says, black outside.
    /// Where it shrinks much, the image is halved first.
    pub(super) fn warped(&self, from: &Affine, side: usize) -> Self {
        const SHRINK_MAX: f32 = 1.0 / 0.6;
        let (mut image, mut from) = (std::borrow::Cow::Borrowed(self), *from);
        while from.scale() > SHRINK_MAX && image.width.min(image.height) > 2 {
            // The part that is used, with room for the filter: the rest is not halved.
            let (part, moved) = image.part_seen(&from, side);
            image = std::borrow::Cow::Owned(part.halved());
            from = moved.scaled(0.5);
        }
        let mut out = Self::new(side, side);
        for (y, row) in out.data.chunks_exact_mut(side * 3).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                image.sample(from.apply([x as f32, y as f32]), pixel);
            }
        }
        out
    }

    /// The upright part of the image that a warp looks at, and the warp from it.
    fn part_seen(&self, from: &Affine, side: usize) -> (Self, Affine) {
        const ROOM: f32 = 8.0;
        let end = side as f32;
        let corners = [[0.0, 0.0], [end, 0.0], [end, end], [0.0, end]].map(|c| from.apply(c));
        let span = |axis: usize, size: usize| {
            let low = corners.iter().map(|c| c[axis]).fold(f32::MAX, f32::min) - ROOM;
            let high = corners.iter().map(|c| c[axis]).fold(f32::MIN, f32::max) + ROOM;
            let low = (low.max(0.0) as usize).min(size.saturating_sub(4));
            (low, (high.max(0.0) as usize).clamp(low + 1, size))
        };
        let ((x0, x1), (y0, y1)) = (span(0, self.width), span(1, self.height));
        let mut part = Self::new(x1 - x0, y1 - y0);
        for (y, row) in part.data.chunks_exact_mut((x1 - x0) * 3).enumerate() {
            let at = ((y0 + y) * self.width + x0) * 3;
            row.copy_from_slice(&self.data[at..at + row.len()]);
        }
        (part, from.moved([-(x0 as f32), -(y0 as f32)]))
    }

    fn sample(&self, [x, y]: [f32; 2], pixel: &mut [u8]) {
        let (x0, y0) = (x.floor(), y.floor());
        let (fx, fy) = (x - x0, y - y0);
        let mut sums = [0f32; 3];
        for (dy, wy) in [(0.0, 1.0 - fy), (1.0, fy)] {
            for (dx, wx) in [(0.0, 1.0 - fx), (1.0, fx)] {
                let (at_x, at_y) = (x0 + dx, y0 + dy);
                let inside = at_x >= 0.0
                    && at_y >= 0.0
                    && at_x < self.width as f32
                    && at_y < self.height as f32;
                if inside {
                    let at = (at_y as usize * self.width + at_x as usize) * 3;
                    for (sum, value) in sums.iter_mut().zip(&self.data[at..at + 3]) {
                        *sum += wx * wy * f32::from(*value);
                    }
                }
            }
        }
        for (value, sum) in pixel.iter_mut().zip(sums) {
            *value = (sum + 0.5) as u8;
        }
    }

    /// Turned clockwise by a quarter turn, `times` times.
    pub(super) fn turned(&self, times: u8) -> Self {
        let mut image = self.clone();
        for _ in 0..times % 4 {
            let mut next = Self::new(image.height, image.width);
            for (y, row) in image.data.chunks_exact(image.width * 3).enumerate() {
                for (x, pixel) in row.chunks_exact(3).enumerate() {
                    let at = (x * image.height + (image.height - 1 - y)) * 3;
                    next.data[at..at + 3].copy_from_slice(pixel);
                }
            }
            image = next;
        }
        image
    }

    /// Mirrored left to right.
    pub(super) fn mirrored(&self) -> Self {
        let mut out = self.clone();
        for row in out.data.chunks_exact_mut(self.width * 3) {
            for x in 0..self.width / 2 {
                for channel in 0..3 {
                    row.swap(x * 3 + channel, (self.width - 1 - x) * 3 + channel);
                }
            }
        }
        out
    }

    /// Brightness, as television weighs the colours (ITU-R BT.601).
    pub(super) fn grey(&self) -> Vec<f32> {
        let weigh =
            |p: &[u8]| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]);
        self.data.chunks_exact(3).map(weigh).collect()
    }
}

/// Neighbouring source pixels with weights that sum to 1; none where all are outside.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// For each output pixel of `step` source pixels from `start` on, what it is made of.
fn taps(start: f32, step: f32, count: usize, size: usize) -> Vec<Taps> {
    let end = size as f32;
    let one = |i: usize| {
        let (low, high) = (start + i as f32 * step, start + (i + 1) as f32 * step);
        let middle = (low + high) / 2.0;
        if middle < 0.0 || middle > end || size == 0 {
            return Taps { first: 0, weights: Vec::new() };
        }
        if step <= 1.0 {
            let at = (middle - 0.5).clamp(0.0, end - 1.0);
            let first = (at as usize).min(size.saturating_sub(2));
            let part = at - first as f32;
            let weights = if size == 1 { vec![1.0] } else { vec![1.0 - part, part] };
            return Taps { first, weights };
        }
        let (low, high) = (low.max(0.0), high.min(end));
        let first = (low as usize).min(size - 1);
        let last = ((high.ceil() as usize).max(first + 1)).min(size);
        let covered = |p: usize| ((p + 1) as f32).min(high) - (p as f32).max(low);
        let total = (high - low).max(f32::MIN_POSITIVE);
        Taps { first, weights: (first..last).map(|p| covered(p).max(0.0) / total).collect() }
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Pixels {
        let mut image = Pixels::new(width, height);
        for (i, pixel) in image.data.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&[(i % width) as u8, (i / width) as u8, 9]);
        }
        image
    }

    #[test]
    fn a_square_takes_means_and_fills_what_lies_outside() {
        let image = ramp(8, 4);
        let window = Window { x: 0.0, y: -2.0, side: 8.0 };
        let out = image.square(window, 4, 77);
        assert_eq!(&out[..3], [77, 77, 77]);
        // Columns 0 and 1, rows 0 and 1: half rounds up.
        assert_eq!(&out[12..15], [1, 1, 9]);
        assert_eq!(&out[12 + 9..12 + 12], [7, 1, 9]);
    }

    #[test]
    fn four_quarter_turns_and_two_mirrors_change_nothing() {
        let image = ramp(7, 5);
        assert_eq!(image.turned(3).turned(1).data, image.data);
        assert_eq!((image.turned(1).width, image.turned(1).height), (5, 7));
        // Clockwise: the lower left corner comes to the upper left.
        assert_eq!(&image.turned(1).data[..3], [0, 4, 9]);
        assert_eq!(image.mirrored().mirrored().data, image.data);
    }

    #[test]
    fn warping_by_a_shift_shifts_and_a_deep_shrink_keeps_smooth_levels() {
        let image = ramp(200, 200);
        let shift = Affine { x: [1.0, 0.0, 5.0], y: [0.0, 1.0, 7.0] };
        assert_eq!(&image.warped(&shift, 10).data[..3], [5, 7, 9]);
        let shrink = Affine { x: [8.0, 0.0, 20.0], y: [0.0, 8.0, 20.0] };
        let small = image.warped(&shrink, 20);
        for (x, y) in [(3usize, 4usize), (10, 10), (15, 6)] {
            let at = (y * 20 + x) * 3;
            let (red, green) = (small.data[at], small.data[at + 1]);
            assert!(red.abs_diff((20 + 8 * x) as u8) <= 2, "{red} at {x}");
            assert!(green.abs_diff((20 + 8 * y) as u8) <= 2, "{green} at {y}");
        }
    }
}
