//! Which pixels of a page are clearly ink, and how that is written down: one bit a pixel, without
//! loss, row after row, by ITU-T T.6 (fax of group 4). That code knows runs of pixels and no
//! shapes, so no letter can come to stand for another.

use drivers_api::{PixelFormat, Raster};
use fax::decoder::{decode_g4, pels};
use fax::encoder::Encoder;
use fax::{Color, VecWriter};

use super::Area;

/// Side of the tiles in which paper and ink are measured, in pixels.
const TILE: usize = 32;
/// Of a tile and those around it, so much is brighter than the paper's level.
const PAPER_SHARE: f32 = 0.25;
/// And so much is darker than the ink's.
const INK_SHARE: f32 = 0.003;
/// Ink is darker than the paper around it by at least so many levels; fainter marks are left to
/// the paper, which keeps their shades.
const CONTRAST_MIN: f32 = 48.0;
/// How far from paper to ink a pixel begins to be ink: a little beyond the middle, so that marks
/// over and under vowels stay apart.
const MIDDLE: f32 = 0.55;

/// One bit for each pixel, kept as a byte, 0 or 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: Vec<u8>,
}

impl Bits {
    /// The pixels of a page that are clearly ink.
    pub(super) fn ink(page: &Raster) -> Self {
        let (width, height) = (page.width() as usize, page.height() as usize);
        let levels = levels(page);
        let limits = Limits::of(&levels, width, height);
        let mut data = Vec::with_capacity(width * height);
        let mut limit = vec![0u8; width];
        for (y, row) in levels.chunks_exact(width).enumerate() {
            limits.row(y, &mut limit);
            data.extend(row.iter().zip(&limit).map(|(level, limit)| u8::from(level < limit)));
        }
        Self { width, height, data }
    }

    /// With all pixels that are at most `reach` away in both directions.
    pub(super) fn grown(&self, reach: usize) -> Self {
        self.spread(reach, |a, b| a | b)
    }

    /// Without pixels that are at most `reach` away from one that is not set.
    pub(super) fn shrunk(&self, reach: usize) -> Self {
        self.spread(reach, |a, b| a & b)
    }

    fn spread(&self, reach: usize, join: impl Fn(u8, u8) -> u8) -> Self {
        let (width, height) = (self.width, self.height);
        let mut across = self.data.clone();
        for (to, from) in across.chunks_exact_mut(width).zip(self.data.chunks_exact(width)) {
            for by in 1..=reach.min(width.saturating_sub(1)) {
                let n = width - by;
                to[..n].iter_mut().zip(&from[by..]).for_each(|(a, b)| *a = join(*a, *b));
                to[by..].iter_mut().zip(&from[..n]).for_each(|(a, b)| *a = join(*a, *b));
            }
        }
        let mut data = across.clone();
        for by in 1..=reach.min(height.saturating_sub(1)) {
            let n = (height - by) * width;
            data[..n].iter_mut().zip(&across[by * width..]).for_each(|(a, b)| *a = join(*a, *b));
            data[by * width..].iter_mut().zip(&across[..n]).for_each(|(a, b)| *a = join(*a, *b));
        }
        Self { width, height, data }
    }

    /// Sets or clears all of an area.
    pub(super) fn fill(&mut self, area: Area, bit: bool) {
        let [left, top, width, height] = area.map(|side| side as usize);
        for row in self.data.chunks_exact_mut(self.width).skip(top).take(height) {
            row[left..left + width].fill(bit.into());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.data.iter().all(|bit| *bit == 0)
    }

    /// As ITU-T T.6 codes it; what is set is black.
    pub(super) fn to_fax(&self) -> Vec<u8> {
        let width = self.width as u32;
        let mut encoder = Encoder::new(VecWriter::with_capacity(1 << 16));
        for row in self.data.chunks_exact(self.width) {
            let row = row.iter().map(|bit| if *bit == 0 { Color::White } else { Color::Black });
            let Ok(()) = encoder.encode_line(row, width);
        }
        let Ok(writer) = encoder.finish();
        writer.finish()
    }

    /// What [`Bits::to_fax`] coded; `None` if it is not an image of this size.
    pub(super) fn of_fax(fax: &[u8], width: u32, height: u32) -> Option<Self> {
        let (w, h) = (width as usize, height as usize);
        let mut data = Vec::with_capacity(w * h);
        decode_g4(fax.iter().copied(), width, Some(height), |line| {
            data.extend(pels(line, width).map(|colour| u8::from(colour == Color::Black)));
        })?;
        (data.len() == w * h).then_some(Self { width: w, height: h, data })
    }
}

/// Brightness of each pixel.
fn levels(page: &Raster) -> Vec<u8> {
    match page.format() {
        PixelFormat::Gray8 => page.data().to_vec(),
        PixelFormat::Rgb8 => {
            let level = |p: &[u8]| {
                (u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8
            };
            page.data().chunks_exact(3).map(|p| level(p) as u8).collect()
        }
    }
}

/// Below which level a pixel is ink, tile by tile.
struct Limits {
    columns: usize,
    rows: usize,
    limits: Vec<f32>,
}

impl Limits {
    fn of(levels: &[u8], width: usize, height: usize) -> Self {
        let (columns, rows) = (width.div_ceil(TILE), height.div_ceil(TILE));
        let mut counts = vec![[0u32; 256]; columns * rows];
        for (y, row) in levels.chunks_exact(width).enumerate() {
            for (x, level) in row.iter().enumerate() {
                counts[y / TILE * columns + x / TILE][usize::from(*level)] += 1;
            }
        }
        let mut limits = Vec::with_capacity(counts.len());
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
            let mut around = [0u32; 256];
            for y in row.saturating_sub(1)..(row + 2).min(rows) {
                for x in column.saturating_sub(1)..(column + 2).min(columns) {
                    let tile = &counts[y * columns + x];
                    around.iter_mut().zip(tile).for_each(|(sum, count)| *sum += count);
                }
            }
            let (paper, ink) = (share(&around, 1.0 - PAPER_SHARE), share(&around, INK_SHARE));
            limits.push(paper - ((paper - ink) * MIDDLE).max(CONTRAST_MIN));
        }
        Self { columns, rows, limits }
    }

    /// The limits of a row of pixels, between tiles in proportion.
    fn row(&self, y: usize, to: &mut [u8]) {
        let (above, below, down) = between(y, self.rows);
        let line = |row: usize| &self.limits[row * self.columns..(row + 1) * self.columns];
        let (above, below) = (line(above), line(below));
        for (x, limit) in to.iter_mut().enumerate() {
            let (left, right, along) = between(x, self.columns);
            let left = above[left] * (1.0 - down) + below[left] * down;
            let right = above[right] * (1.0 - down) + below[right] * down;
            // The cast saturates.
            *limit = (left * (1.0 - along) + right * along) as u8;
        }
    }
}

/// The tiles whose middles are on both sides of a pixel, and how near the second is.
fn between(at: usize, tiles: usize) -> (usize, usize, f32) {
    let at = (at as f32 + 0.5) / TILE as f32 - 0.5;
    let first = at.floor();
    let within = |tile: f32| (tile.max(0.0) as usize).min(tiles - 1);
    (within(first), within(first + 1.0), at - first)
}

/// The level below which such a share of the pixels is.
fn share(counts: &[u32; 256], share: f32) -> f32 {
    let all: u32 = counts.iter().sum();
    let mut left = (all as f32 * share) as u32;
    for (level, count) in counts.iter().enumerate() {
        if *count > left {
            return level as f32;
        }
        left -= count;
    }
    255.0
}
