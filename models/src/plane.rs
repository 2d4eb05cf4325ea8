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

    /// Means of `STEP` x `STEP` blocks; a remainder at the right and bottom edge is left out. Steps
    /// to 16 can be summed.
    pub(crate) fn shrunk<const STEP: usize>(&self) -> Self {
        let (width, height) = ((self.width / STEP).max(1), (self.height / STEP).max(1));
        let mut data = Vec::with_capacity(width * height);
        let mut sums = vec![0u16; self.width];
        for block in self.data.chunks_exact(self.width * STEP) {
            sums.fill(0);
            for row in block.chunks_exact(self.width) {
                sums.iter_mut().zip(row).for_each(|(sum, pixel)| *sum += u16::from(*pixel));
            }
            let means = sums.as_chunks::<STEP>().0.iter().take(width);
            data.extend(means.map(|sums| (sums.iter().sum::<u16>() / (STEP * STEP) as u16) as u8));
        }
        data.resize(width * height, 255);
        Self { width, height, data }
    }

    /// The largest value within `radius` in each direction (a square window).
    pub(crate) fn dilated(&self, radius: usize) -> Self {
        let largest = |row: &[u8], out: &mut [u8]| {
            out.copy_from_slice(row);
            for by in 1..=radius.min(row.len()) {
                let (ahead, behind) = (&row[by..], &row[..row.len() - by]);
                out.iter_mut().zip(ahead).for_each(|(out, level)| *out = (*out).max(*level));
                out[by..].iter_mut().zip(behind).for_each(|(out, level)| *out = (*out).max(*level));
            }
        };
        self.along_rows(largest).turned_over().along_rows(largest).turned_over()
    }

    /// The mean within `radius` in each direction (a square window).
    pub(crate) fn blurred(&self, radius: usize) -> Self {
        let mean = |row: &[u8], out: &mut [u8]| {
            let reach = radius.min(row.len());
            let mut sum: u32 = row[..reach].iter().map(|p| u32::from(*p)).sum();
            for (x, out) in out.iter_mut().enumerate() {
                let (first, end) = (x.saturating_sub(radius), (x + radius + 1).min(row.len()));
                if x + radius < row.len() {
                    sum += u32::from(row[x + radius]);
                }
                if x > radius {
                    sum -= u32::from(row[x - radius - 1]);
                }
                *out = (sum / (end - first) as u32) as u8;
            }
        };
        self.along_rows(mean).turned_over().along_rows(mean).turned_over()
    }

    /// Each row made by `work` from the row that was.
    fn along_rows(&self, work: impl Fn(&[u8], &mut [u8])) -> Self {
        let mut data = vec![0; self.data.len()];
        for (row, out) in self.data.chunks(self.width).zip(data.chunks_mut(self.width)) {
            work(row, out);
        }
        Self { width: self.width, height: self.height, data }
    }

    /// Rows as columns. For small planes only.
    fn turned_over(&self) -> Self {
        let mut data = Vec::with_capacity(self.data.len());
        for x in 0..self.width {
            data.extend(self.data.iter().skip(x).step_by(self.width));
        }
        Self { width: self.height, height: self.width, data }
    }

    /// Levels up to `black` become 0, from `white` up 255, between them linear.
    pub(crate) fn stretched(mut self, black: u8, white: u8) -> Self {
        let range = u16::from(white.saturating_sub(black).max(1));
        // In 128ths, rounded up: `white` itself must become 255.
        let gain = (255 * 128u16).div_ceil(range);
        for pixel in &mut self.data {
            let over = u16::from(pixel.saturating_sub(black).min(range as u8));
            *pixel = ((over * gain) >> 7).min(255) as u8;
        }
        self
    }

    /// The plane turned by `degrees` clockwise about its middle, bilinear, white outside. For the
    /// few degrees that a page lies askew.
    pub(crate) fn rotated(&self, degrees: f32) -> Self {
        const ONE: f32 = 65536.0;
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (cx, cy) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        let step = ((cos * ONE) as i64, (-sin * ONE) as i64);
        let mut data = vec![255; self.data.len()];
        for (y, out) in data.chunks_exact_mut(self.width).enumerate() {
            let (dx, dy) = (0.5 - cx, y as f32 + 0.5 - cy);
            let sx = ((cos * dx + sin * dy + cx - 0.5) * ONE) as i64;
            let sy = ((-sin * dx + cos * dy + cy - 0.5) * ONE) as i64;
            self.sample_along(out, (sx, sy), step);
        }
        Self { width: self.width, height: self.height, data }
    }

    /// Bilinear samples along a line, from a position by a step, both in 16.16 fixed point; the
    /// step goes a pixel to the right, or a little less. What is outside is left as it is.
    fn sample_along(&self, out: &mut [u8], from: (i64, i64), step: (i64, i64)) {
        // How far a sample may be off across, 1/32 pixel, so that many share one fraction.
        const SLACK: i64 = 2048;
        let lag = (65_536 - step.0).max(1);
        let mut at = 0;
        while at < out.len() {
            let (x, y) = (from.0 + at as i64 * step.0, from.1 + at as i64 * step.1);
            let (part_x, part_y) = (x & 65_535, y & 65_535);
            // So many more are between the same two rows, each one to the right of the one before.
            let level = match step.1 {
                0 => i64::MAX,
                down if down > 0 => (65_535 - part_y) / down,
                up => part_y / -up,
            };
            let more = level.min(part_x.min(SLACK) / lag);
            let mut count = usize::try_from(more).map_or(usize::MAX, |more| more.saturating_add(1));
            count = count.min(out.len() - at);
            let place = usize::try_from(x >> 16).ok().zip(usize::try_from(y >> 16).ok());
            if let Some((x0, y0)) = place
                && x0 + 1 < self.width
                && y0 + 1 < self.height
            {
                count = count.min(self.width - x0 - 1);
                let (upper, lower) = (&self.row(y0)[x0..], &self.row(y0 + 1)[x0..]);
                mix(&mut out[at..at + count], upper, lower, ((part_x, part_y), step.1));
            }
            at += count;
        }
    }

    /// Adds to `column` the levels of the rows from `first` on, between two columns of pixels at
    /// `x`, the edge's pixels repeated outside; pixel centres are at halves.
    pub(crate) fn add_column(&self, column: &mut [f32], x: f32, first: isize) {
        let x = (x - 0.5).clamp(0.0, (self.width - 1) as f32);
        let x0 = (x as usize).min(self.width.saturating_sub(2));
        let part = x - x0 as f32;
        let last = self.height as isize - 1;
        for (i, sum) in column.iter_mut().enumerate() {
            let y = (first + i as isize).clamp(0, last) as usize;
            let at = y * self.width + x0;
            if let Some([left, right]) = self.data.get(at..at + 2) {
                let (left, right) = (f32::from(*left), f32::from(*right));
                *sum += left + (right - left) * part;
            }
        }
    }
}

/// Bilinear mixtures of neighbours in two rows: `part` is the place between them of the first in
/// 16 bits, and how much lower each next one is.
fn mix(out: &mut [u8], upper: &[u8], lower: &[u8], ((x, y), step): ((i64, i64), i64)) {
    // Of 256 across and of 128 down: all stays within 16 bits, and eight are mixed at once.
    let right = (x >> 8) as u16;
    let (y, step) = (y as i32, step as i32);
    let rows = upper.iter().zip(&upper[1..]).zip(lower.iter().zip(&lower[1..]));
    for (i, (out, ((a, b), (c, d)))) in out.iter_mut().zip(rows).enumerate() {
        let down = ((y + i as i32 * step) >> 9) as u16;
        let across = |a: u8, b: u8| u16::from(a) * (256 - right) + u16::from(b) * right;
        let part =
            |mixed: u16, weight: u16| ((u32::from(mixed) * u32::from(weight << 8)) >> 16) as u16;
        let sum = part(across(*a, *b), 128 - down) + part(across(*c, *d), down);
        *out = (sum >> 7) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_takes_block_means() {
        let plane = Plane::new(4, 2, vec![0, 100, 8, 8, 100, 200, 8, 8]);
        assert_eq!(plane.shrunk::<2>().data, [100, 8]);
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
