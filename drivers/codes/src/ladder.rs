//! The images that are tried one after another until a code is found. No I/O.

use std::borrow::Cow;

use drivers_api::{PixelFormat, Raster};
use zeroize::Zeroize;

/// Longest side that is tried as it is. A page of 300 dpi has 3,508 rows.
const SIDE_MAX: usize = 4_000;
/// Longest side that is enlarged; a small code on a small image is what enlarging helps.
const ENLARGE_SIDE_MAX: usize = 1_600;
/// Side of the squares in which contrast is stretched: a few modules of a code.
const TILE: usize = 32;
/// Least difference of light in a square that is stretched; below it there is only noise.
const CONTRAST_MIN: u8 = 12;

/// A grey image, rows top to bottom. Wiped when dropped, as the page it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

/// One way to look at an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rung {
    AsIs,
    Half,
    Contrast,
    HalfContrast,
    Smooth,
    Double,
    DoubleContrast,
    Inverted,
}

impl Rung {
    /// The order of trying: cheap and likely first.
    pub(crate) const ALL: [Self; 8] = [
        Self::AsIs,
        Self::Half,
        Self::Contrast,
        Self::HalfContrast,
        Self::Smooth,
        Self::Double,
        Self::DoubleContrast,
        Self::Inverted,
    ];

    /// The image seen this way; `None` when that way makes no sense for its size.
    pub(crate) fn view(self, image: &Grey) -> Option<Cow<'_, Grey>> {
        let long = image.width.max(image.height);
        let whole = long <= SIDE_MAX;
        let small = long <= ENLARGE_SIDE_MAX;
        Some(match self {
            Self::AsIs if whole => Cow::Borrowed(image),
            Self::Half => Cow::Owned(image.half()),
            Self::Contrast if whole => Cow::Owned(image.stretched()),
            Self::HalfContrast => Cow::Owned(image.half().stretched()),
            Self::Smooth if whole => Cow::Owned(image.smooth()),
            Self::Double if small => Cow::Owned(image.double()),
            Self::DoubleContrast if small => Cow::Owned(image.stretched().double()),
            Self::Inverted if whole => Cow::Owned(image.inverted()),
            _ => return None,
        })
    }
}

/// Side of a part of the image that is looked at by itself, and how far parts are apart.
const PART: usize = 512;
const PART_STEP: usize = 256;
/// So many parts are, those with most edges both ways first: a code has them everywhere.
const PARTS_MAX: usize = 8;
/// A step of light between two pixels that is an edge.
const EDGE: u8 = 24;

impl Rung {
    /// Pixels of the image that one pixel of the view is wide.
    pub(crate) const fn scale(self) -> f32 {
        match self {
            Self::AsIs | Self::Contrast | Self::Smooth | Self::Inverted => 1.0,
            Self::Half | Self::HalfContrast => 2.0,
            Self::Double | Self::DoubleContrast => 0.5,
        }
    }
}

impl Drop for Grey {
    fn drop(&mut self) {
        self.pixels.zeroize();
    }
}

impl Grey {
    /// The light of a page's pixels (weights of ITU-R BT.601).
    pub(crate) fn of(page: &Raster) -> Self {
        let (width, height) = (page.width() as usize, page.height() as usize);
        let pixels = match page.format() {
            PixelFormat::Gray8 => page.data().to_vec(),
            PixelFormat::Rgb8 => page
                .data()
                .chunks_exact(3)
                .map(|rgb| {
                    let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
                    ((r * 77 + g * 150 + b * 29) >> 8) as u8
                })
                .collect(),
        };
        Self { width, height, pixels }
    }

    /// Parts of a large image on which a small code may be, each with its top left corner.
    pub(crate) fn parts(&self) -> Vec<([usize; 2], Self)> {
        if self.width.max(self.height) <= ENLARGE_SIDE_MAX {
            return Vec::new();
        }
        let starts = |side: usize| (0..side.saturating_sub(PART / 2).max(1)).step_by(PART_STEP);
        let mut corners: Vec<(u32, [usize; 2])> = starts(self.height)
            .flat_map(|y| starts(self.width).map(move |x| [x, y]))
            .map(|corner| (self.edges(corner), corner))
            .collect();
        corners.sort_by_key(|(edges, _)| std::cmp::Reverse(*edges));
        corners.truncate(PARTS_MAX);
        corners.into_iter().map(|(_, corner)| (corner, self.part(corner))).collect()
    }

    fn part(&self, [x, y]: [usize; 2]) -> Self {
        let (right, low) = ((x + PART).min(self.width), (y + PART).min(self.height));
        let rows = (y..low).flat_map(|y| &self.pixels[y * self.width + x..y * self.width + right]);
        Self { width: right - x, height: low - y, pixels: rows.copied().collect() }
    }

    /// Edges in a part, of the direction that has fewer; every third pixel tells.
    fn edges(&self, [x, y]: [usize; 2]) -> u32 {
        let end = |from: usize, side: usize| (from + PART).min(side.saturating_sub(2));
        let (right, low) = (end(x, self.width), end(y, self.height));
        let (mut across, mut down) = (0, 0);
        for y in (y..low).step_by(3) {
            for at in (y * self.width + x..y * self.width + right).step_by(3) {
                let level = self.pixels[at];
                across += u32::from(self.pixels[at + 2].abs_diff(level) > EDGE);
                down += u32::from(self.pixels[at + 2 * self.width].abs_diff(level) > EDGE);
            }
        }
        across.min(down)
    }

    /// Dark and light changed over: some screens show codes light on dark.
    fn inverted(&self) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| 255 - pixel).collect(), ..*self }
    }

    /// Each pixel the mean of four.
    fn half(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let at = |x: usize, y: usize| {
            let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
            u32::from(self.pixels[y * self.width + x])
        };
        let mut pixels = Vec::with_capacity(width * height);
        for y in (0..height).map(|y| y * 2) {
            for x in (0..width).map(|x| x * 2) {
                let sum = at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1);
                pixels.push((sum / 4) as u8);
            }
        }
        Self { width, height, pixels }
    }

    /// Twice the size, light between the pixels mixed.
    fn double(&self) -> Self {
        let (width, height) = (self.width * 2, self.height * 2);
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, low) = (y / 2, (y / 2 + y % 2).min(self.height - 1));
            for x in 0..width {
                let (left, right) = (x / 2, (x / 2 + x % 2).min(self.width - 1));
                let at = |x: usize, y: usize| u32::from(self.pixels[y * self.width + x]);
                let sum = at(left, top) + at(right, top) + at(left, low) + at(right, low);
                pixels.push((sum / 4) as u8);
            }
        }
        Self { width, height, pixels }
    }

    /// Each pixel the mean of its three by three: noise and the screen of print go.
    fn smooth(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            let rows = y.saturating_sub(1)..=(y + 1).min(self.height - 1);
            for x in 0..self.width {
                let columns = x.saturating_sub(1)..=(x + 1).min(self.width - 1);
                let count = (rows.clone().count() * columns.clone().count()) as u32;
                let sum: u32 = rows
                    .clone()
                    .flat_map(|y| columns.clone().map(move |x| (x, y)))
                    .map(|(x, y)| u32::from(self.pixels[y * self.width + x]))
                    .sum();
                pixels.push((sum / count) as u8);
            }
        }
        Self { pixels, ..*self }
    }

    /// Light stretched from the darkest to the brightest of the square and its neighbours, so that
    /// a faint or unevenly lit code gets black and white.
    fn stretched(&self) -> Self {
        let (columns, rows) = (self.width.div_ceil(TILE), self.height.div_ceil(TILE));
        let mut range = vec![(u8::MAX, u8::MIN); columns * rows];
        for (y, row) in self.pixels.chunks_exact(self.width).enumerate() {
            for (x, part) in row.chunks(TILE).enumerate() {
                let (low, high) = &mut range[y / TILE * columns + x];
                for pixel in part {
                    *low = (*low).min(*pixel);
                    *high = (*high).max(*pixel);
                }
            }
        }
        let around = |column: usize, row: usize| {
            let rows = row.saturating_sub(1)..=(row + 1).min(rows - 1);
            rows.flat_map(|row| {
                let columns_near = column.saturating_sub(1)..=(column + 1).min(columns - 1);
                columns_near.map(move |column| row * columns + column)
            })
            .map(|tile| range[tile])
            .fold((u8::MAX, u8::MIN), |all, one| (all.0.min(one.0), all.1.max(one.1)))
        };
        let near: Vec<(u8, u8)> = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| around(column, row))
            .collect();
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for (y, row) in self.pixels.chunks_exact(self.width).enumerate() {
            for (x, part) in row.chunks(TILE).enumerate() {
                let (low, high) = near[y / TILE * columns + x];
                let span = high.saturating_sub(low);
                pixels.extend(part.iter().map(|pixel| match span {
                    0..CONTRAST_MIN => *pixel,
                    _ => (u32::from(pixel - low) * 255 / u32::from(span)) as u8,
                }));
            }
        }
        Self { pixels, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, light: impl Fn(usize, usize) -> u8) -> Grey {
        let at = |i: usize| light(i % width, i / width);
        Grey { width, height, pixels: (0..width * height).map(at).collect() }
    }

    #[test]
    fn every_view_of_every_small_size_has_its_own_number_of_pixels() {
        for (width, height) in [(1, 1), (1, 5), (5, 1), (3, 7), (33, 65)] {
            let image = grey(width, height, |x, y| (x * 7 + y * 13) as u8);
            for rung in Rung::ALL {
                let view = rung.view(&image).expect("small");
                assert_eq!(view.pixels.len(), view.width * view.height, "{rung:?}");
            }
        }
    }

    #[test]
    fn a_faint_pattern_becomes_black_and_white_and_plain_paper_stays() {
        let faint = grey(64, 64, |x, _| if x % 2 == 0 { 180 } else { 210 }).stretched();
        assert_eq!(faint.pixels[..2], [0, 255]);
        let plain = grey(64, 64, |x, _| 200 + (x % 2) as u8);
        assert_eq!(plain.stretched(), plain);
    }

    #[test]
    fn halving_and_doubling_keep_the_light() {
        let image = grey(10, 6, |x, _| if x < 5 { 40 } else { 200 });
        assert_eq!((image.half().width, image.half().pixels[0]), (5, 40));
        assert_eq!((image.double().width, image.double().pixels[19]), (20, 200));
    }
}
