//! Takes a page apart into layers.

use drivers_api::Raster;

use super::ink::Bits;
use super::jpeg::{Recipe, encode};
use super::{Area, Layer, Picture, Wiped, patches};

/// So many pixels of the page are one of the paper, in both directions.
const PAPER_STEP: usize = 2;
/// And one of the ink's colours.
const COLOUR_STEP: usize = 8;
/// Around ink, as far as its blurred edge reaches, the paper cannot be seen.
const EDGE: usize = 2;

/// How the layers of a page are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layering {
    /// Of the paper.
    pub paper: Recipe,
    /// Of the ink's colours.
    pub colours: Recipe,
    /// Of the patches.
    pub patch: Recipe,
    /// Whether coloured ink is kept in patches, where it covers little of the page.
    pub seals_in_patches: bool,
}

/// What the measurements of decision 0019 chose.
pub const LAYERING: Layering = Layering {
    paper: Recipe { quality: 85, coring: 3.5, colour_step: 2 },
    colours: Recipe { quality: 75, coring: 0.0, colour_step: 1 },
    patch: Recipe { quality: 92, coring: 3.5, colour_step: 1 },
    seals_in_patches: true,
};

/// The page in layers; `None` where they would not show enough of it.
pub(super) fn layered(page: &Raster, layering: &Layering) -> Option<Picture> {
    let mut ink = Bits::ink(page);
    let picture = ground(page, &ink, &[], layering)?;
    let patches = patches::needed(page, &picture.shown()?, &ink, layering.seals_in_patches)?;
    if patches.is_empty() {
        return Some(picture);
    }
    patches.iter().for_each(|area| ink.fill(*area, false));
    let mut picture = ground(page, &ink, &patches, layering)?;
    for area in patches {
        let jpeg = Wiped::new(encode(&cut(page, area)?, layering.patch).ok()?);
        picture.over.push(Layer { jpeg, area, ink: None });
    }
    Some(picture)
}

/// Paper and ink; the paper is free to look like anything under `patches`.
fn ground(page: &Raster, ink: &Bits, patches: &[Area], layering: &Layering) -> Option<Picture> {
    let area = [0, 0, page.width(), page.height()];
    let mut hidden = ink.grown(EDGE);
    patches.iter().for_each(|area| hidden.fill(*area, true));
    let mut paper = Cells::of(page, PAPER_STEP, |at| hidden.data[at] == 0);
    let paper = encode(&paper.filled(page)?, layering.paper).ok()?;
    let mut picture = Picture::from_jpeg(paper, page);
    if !ink.is_empty() {
        let jpeg = Wiped::new(encode(&colours(page, ink)?, layering.colours).ok()?);
        picture.over.push(Layer { jpeg, area, ink: Some(Wiped::new(ink.to_fax())) });
    }
    Some(picture)
}

/// A part of the page.
fn cut(page: &Raster, [left, top, width, height]: Area) -> Option<Raster> {
    let bytes = page.format().bytes();
    let rows = page.data().chunks_exact(page.width() as usize * bytes);
    let [start, end] = [left, left + width].map(|x| x as usize * bytes);
    let rows = rows.skip(top as usize).take(height as usize);
    let data = rows.flat_map(|row| &row[start..end]).copied().collect();
    Raster::new(width, height, page.format(), page.dpi(), data).ok()
}

/// The ink's colours: of the insides of strokes, for at their edges ink and paper mix; where
/// strokes have no inside, of what there is.
fn colours(page: &Raster, ink: &Bits) -> Option<Raster> {
    let inside = ink.shrunk(1);
    let mut cells = Cells::of(page, COLOUR_STEP, |at| inside.data[at] != 0);
    let all = Cells::of(page, COLOUR_STEP, |at| ink.data[at] != 0);
    let lone: Vec<bool> = (0..cells.means.len()).map(|at| !cells.is_near(at)).collect();
    for ((mean, all), lone) in cells.means.iter_mut().zip(all.means).zip(lone) {
        *mean = mean.or(all.filter(|_| lone));
    }
    cells.filled(page)
}

/// Mean colours of squares of pixels, as far as they are known.
struct Cells {
    width: usize,
    height: usize,
    means: Vec<Option<[f32; 3]>>,
}

impl Cells {
    /// The means of those pixels that count.
    fn of(page: &Raster, step: usize, counts: impl Fn(usize) -> bool) -> Self {
        let (pixels, bytes) = (page.width() as usize, page.format().bytes());
        let (width, height) = (pixels.div_ceil(step), (page.height() as usize).div_ceil(step));
        let mut means = Vec::with_capacity(width * height);
        let mut sums = vec![[0u32; 4]; width];
        for (y, row) in page.data().chunks_exact(pixels * bytes).enumerate() {
            for (x, pixel) in row.chunks_exact(bytes).enumerate() {
                if counts(y * pixels + x) {
                    let sum = &mut sums[x / step];
                    sum.iter_mut().zip(pixel).for_each(|(sum, level)| *sum += u32::from(*level));
                    sum[3] += 1;
                }
            }
            if (y + 1) % step == 0 || y + 1 == page.height() as usize {
                means.extend(sums.iter_mut().map(|sum| mean(&std::mem::take(sum))));
            }
        }
        Self { width, height, means }
    }

    /// Whether a cell or one beside it is known.
    fn is_near(&self, at: usize) -> bool {
        let (x, y) = (at % self.width, at / self.width);
        let mut rows = y.saturating_sub(1)..(y + 2).min(self.height);
        let columns = x.saturating_sub(1)..(x + 2).min(self.width);
        rows.any(|y| columns.clone().any(|x| self.means[y * self.width + x].is_some()))
    }

    /// An image of them, unknown cells filled in from around.
    fn filled(&mut self, page: &Raster) -> Option<Raster> {
        self.fill();
        let bytes = page.format().bytes();
        let mut data = Vec::with_capacity(self.means.len() * bytes);
        for mean in &self.means {
            // The casts saturate.
            data.extend(mean.as_ref()?[..bytes].iter().map(|level| (level + 0.5) as u8));
        }
        let (width, height) = (self.width as u32, self.height as u32);
        Raster::new(width, height, page.format(), page.dpi(), data).ok()
    }

    /// Fills unknown cells with the means of larger squares around them.
    fn fill(&mut self) {
        if self.means.len() < 2 || self.means.iter().all(Option::is_some) {
            return;
        }
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut sums = vec![[0.0f32; 4]; width * height];
        for (at, known) in self.means.iter().enumerate() {
            if let Some(known) = known {
                let sum = &mut sums[at / self.width / 2 * width + at % self.width / 2];
                sum.iter_mut().zip(known).for_each(|(sum, level)| *sum += level);
                sum[3] += 1.0;
            }
        }
        let mean = |[a, b, c, count]: [f32; 4]| (count > 0.0).then(|| [a, b, c].map(|s| s / count));
        let mut coarse = Self { width, height, means: sums.into_iter().map(mean).collect() };
        coarse.fill();
        for (at, cell) in self.means.iter_mut().enumerate().filter(|(_, cell)| cell.is_none()) {
            *cell = coarse.around(at % self.width, at / self.width);
        }
    }

    /// The colour of a cell half as large as these, between those around it in proportion.
    fn around(&self, x: usize, y: usize) -> Option<[f32; 3]> {
        let near = |at: usize, end: usize| {
            let own = at / 2;
            (own, if at.is_multiple_of(2) { own.saturating_sub(1) } else { (own + 1).min(end - 1) })
        };
        let ((x, beside), (y, beyond)) = (near(x, self.width), near(y, self.height));
        let weights =
            [(x, y, 0.5625), (beside, y, 0.1875), (x, beyond, 0.1875), (beside, beyond, 0.0625)];
        let mut colour = [0.0; 3];
        for (x, y, weight) in weights {
            let mean = self.means[y * self.width + x]?;
            colour.iter_mut().zip(mean).for_each(|(sum, level)| *sum += level * weight);
        }
        Some(colour)
    }
}

fn mean(sums: &[u32; 4]) -> Option<[f32; 3]> {
    let count = sums[3] as f32;
    (count > 0.0).then(|| [0, 1, 2].map(|i| sums[i] as f32 / count))
}
