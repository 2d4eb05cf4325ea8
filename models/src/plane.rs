//! A grey plane of bytes, and the few operations that reading needs.

/// Grey pixels, 0 black, rows top to bottom, tightly packed.
#[derive(Clone)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

impl Plane {
    pub(crate) fn new(width: usize, height: usize, data: Vec<u8>) -> Self {
        debug_assert_eq!(data.len(), width * height);
        Self { width, height, data }
    }

    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// Means of `step` x `step` blocks; a remainder at the right and bottom edge is left out.
    pub(crate) fn shrunk(&self, step: usize) -> Self {
        let (width, height) = ((self.width / step).max(1), (self.height / step).max(1));
        let mut data = Vec::with_capacity(width * height);
        let mut sums = vec![0u32; width];
        let area = (step * step) as u32;
        for block in self.data.chunks_exact(self.width * step).take(height) {
            sums.fill(0);
            for row in block.chunks_exact(self.width) {
                for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(step)) {
                    *sum += pixels.iter().map(|p| u32::from(*p)).sum::<u32>();
                }
            }
            data.extend(sums.iter().map(|sum| (sum / area) as u8));
        }
        data.resize(width * height, 255);
        Self { width, height, data }
    }

    /// The largest value within `radius` in each direction (a square window).
    pub(crate) fn dilated(&self, radius: usize) -> Self {
        self.windowed(radius, |window| window.iter().copied().max().unwrap_or(0))
    }

    /// The mean within `radius` in each direction (a square window).
    pub(crate) fn blurred(&self, radius: usize) -> Self {
        self.windowed(radius, |window| {
            (window.iter().map(|p| u32::from(*p)).sum::<u32>() / window.len() as u32) as u8
        })
    }

    /// Applies `reduce` along rows, then along columns. For small planes only.
    fn windowed(&self, radius: usize, reduce: impl Fn(&[u8]) -> u8) -> Self {
        self.along_rows(radius, &reduce).along_rows(radius, &reduce)
    }

    /// Reduces along rows and transposes, so that twice gives both directions.
    fn along_rows(&self, radius: usize, reduce: &impl Fn(&[u8]) -> u8) -> Self {
        let mut data = vec![0; self.data.len()];
        for y in 0..self.height {
            let row = self.row(y);
            for x in 0..self.width {
                let window = &row[x.saturating_sub(radius)..(x + radius + 1).min(self.width)];
                data[x * self.height + y] = reduce(window);
            }
        }
        Self { width: self.height, height: self.width, data }
    }

    /// Levels up to `black` become 0, from `white` up 255, between them linear.
    pub(crate) fn stretched(mut self, black: u8, white: u8) -> Self {
        let (black, range) = (i32::from(black), i32::from(white.saturating_sub(black).max(1)));
        let table: Vec<u8> =
            (0..256).map(|level| ((level - black) * 255 / range).clamp(0, 255) as u8).collect();
        for pixel in &mut self.data {
            *pixel = table[usize::from(*pixel)];
        }
        self
    }

    /// The plane turned by half a turn.
    pub(crate) fn turned_half(mut self) -> Self {
        self.data.reverse();
        self
    }

    /// The plane turned by `degrees` clockwise about its middle, bilinear, white outside.
    pub(crate) fn rotated(&self, degrees: f32) -> Self {
        const ONE: f32 = 65536.0;
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (cx, cy) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        let (step_x, step_y) = ((cos * ONE) as i64, (-sin * ONE) as i64);
        let mut data = vec![255; self.data.len()];
        for (y, out) in data.chunks_exact_mut(self.width).enumerate() {
            let (dx, dy) = (0.5 - cx, y as f32 + 0.5 - cy);
            let mut sx = ((cos * dx + sin * dy + cx - 0.5) * ONE) as i64;
            let mut sy = ((-sin * dx + cos * dy + cy - 0.5) * ONE) as i64;
            for pixel in out {
                if let Some(grey) = self.sample(sx, sy) {
                    *pixel = grey;
                }
                sx += step_x;
                sy += step_y;
            }
        }
        Self { width: self.width, height: self.height, data }
    }

    /// Bilinear sample with the edge's pixels repeated outside; pixel centres are at halves.
    pub(crate) fn level_at(&self, x: f32, y: f32) -> f32 {
        let place = |at: f32, size: usize| {
            let at = (at - 0.5).clamp(0.0, (size - 1) as f32);
            let first = (at as usize).min(size.saturating_sub(2));
            (first, at - first as f32)
        };
        let ((x0, fx), (y0, fy)) = (place(x, self.width), place(y, self.height));
        let at = y0 * self.width + x0;
        let pixel = |offset: usize| f32::from(self.data[at + offset]);
        let upper = pixel(0) + (pixel(1) - pixel(0)) * fx;
        let lower = pixel(self.width) + (pixel(self.width + 1) - pixel(self.width)) * fx;
        upper + (lower - upper) * fy
    }

    /// Bilinear sample at a 16.16 fixed-point position.
    fn sample(&self, x: i64, y: i64) -> Option<u8> {
        let (x0, y0) = (usize::try_from(x >> 16).ok()?, usize::try_from(y >> 16).ok()?);
        if x0 + 1 >= self.width || y0 + 1 >= self.height {
            return None;
        }
        let (fx, fy) = (((x >> 8) & 255) as u32, ((y >> 8) & 255) as u32);
        let at = y0 * self.width + x0;
        let upper = self.data.get(at..at + 2)?;
        let lower = self.data.get(at + self.width..at + self.width + 2)?;
        let mix = |p: &[u8]| u32::from(p[0]) * (256 - fx) + u32::from(p[1]) * fx;
        Some(((mix(upper) * (256 - fy) + mix(lower) * fy) >> 16) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_takes_block_means() {
        let plane = Plane::new(4, 2, vec![0, 100, 8, 8, 100, 200, 8, 8]);
        assert_eq!(plane.shrunk(2).data, [100, 8]);
    }

    #[test]
    fn stretching_is_linear_between_its_ends() {
        let plane = Plane::new(4, 1, vec![10, 60, 143, 240]);
        assert_eq!(plane.stretched(60, 226).data, [0, 0, 127, 255]);
    }

    #[test]
    fn dilation_reaches_both_ways() {
        let mut data = vec![0; 25];
        data[12] = 9;
        let grown = Plane::new(5, 5, data).dilated(1);
        assert_eq!(grown.data.iter().filter(|p| **p == 9).count(), 9);
    }

    #[test]
    fn a_turn_and_its_reverse_keep_a_smooth_picture() {
        let data = (0..100 * 80).map(|i| ((i % 100) + (i / 100)) as u8).collect();
        let plane = Plane::new(100, 80, data);
        let back = plane.rotated(3.0).rotated(-3.0);
        for (x, y) in [(50, 40), (40, 30), (60, 50)] {
            let (a, b) = (plane.row(y)[x], back.row(y)[x]);
            assert!(a.abs_diff(b) <= 2, "{a} became {b} at {x},{y}");
        }
    }
}
