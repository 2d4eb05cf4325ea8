//! Clean-up for reading: drop the ink of seal and signature, flatten the light.

use drivers_api::{PixelFormat, Raster};

use crate::page::Region;
use crate::plane::Plane;

/// Side in pixels of the blocks in which colour is summed.
pub(crate) const BLOCK: usize = 4;

/// What one pass over the page gives.
pub(crate) struct Channels {
    /// Brightness of each pixel. Red print (titles of certificates, secrecy marks) is dark in it.
    pub(crate) value: Plane,
    /// How much redder than anything else each block of [`BLOCK`] squared pixels is, on average.
    pub(crate) red: Plane,
    /// The same for blue.
    pub(crate) blue: Plane,
}

/// Splits the page into the plane to read and the two colours that people stamp and sign with.
pub(crate) fn split(page: &Raster) -> Channels {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let (columns, rows) = (width / BLOCK, height / BLOCK);
    let empty = || Plane::new(columns, rows, vec![0; columns * rows]);
    let (mut red, mut blue) = (empty(), empty());
    if page.format() == PixelFormat::Gray8 {
        return Channels { value: Plane::new(width, height, page.data().to_vec()), red, blue };
    }
    let mut value = Vec::with_capacity(width * height);
    let (mut red_sums, mut blue_sums) = (vec![0u16; columns], vec![0u16; columns]);
    for (y, row) in page.data().chunks_exact(width * 3).enumerate() {
        // Luma of BT.601 in 8-bit fixed point.
        value.extend(row.as_chunks::<3>().0.iter().map(|[r, g, b]| {
            ((u32::from(*r) * 77 + u32::from(*g) * 150 + u32::from(*b) * 29) >> 8) as u8
        }));
        // Every second row tells the colour of a block as well as all.
        if y % 2 == 0 {
            let blocks = row.as_chunks::<{ 3 * BLOCK }>().0;
            let sums = red_sums.iter_mut().zip(&mut blue_sums);
            for (block, (red, blue)) in blocks.iter().zip(sums) {
                for [r, g, b] in block.as_chunks::<3>().0 {
                    *red += u16::from(r.saturating_sub(*g.max(b)));
                    *blue += u16::from(b.saturating_sub(*r.max(g)));
                }
            }
        }
        if y % BLOCK == BLOCK - 1 {
            let at = y / BLOCK * columns;
            take_means(&mut red_sums, &mut red.data[at..at + columns]);
            take_means(&mut blue_sums, &mut blue.data[at..at + columns]);
        }
    }
    Channels { value: Plane::new(width, height, value), red, blue }
}

fn take_means(sums: &mut [u16], out: &mut [u8]) {
    for (mean, sum) in out.iter_mut().zip(sums.iter()) {
        *mean = (sum / (BLOCK * BLOCK / 2) as u16) as u8;
    }
    sums.fill(0);
}

/// Lets coloured ink fade inside `region`, by the brightest channel of each pixel: print under a
/// seal or signature stays black. Not done elsewhere, because red print must be read.
pub(crate) fn drop_out(value: &mut Plane, page: &Raster, region: &Region) {
    if page.format() == PixelFormat::Gray8 {
        return;
    }
    let (x0, y0) = (region.x as usize, region.y as usize);
    let x1 = (x0 + region.width as usize).min(value.width);
    let y1 = (y0 + region.height as usize).min(value.height);
    for y in y0..y1 {
        let row = y * value.width;
        let pixels = &page.data()[(row + x0) * 3..(row + x1) * 3];
        for (grey, pixel) in value.data[row + x0..row + x1].iter_mut().zip(pixels.chunks_exact(3)) {
            *grey = pixel[0].max(pixel[1]).max(pixel[2]);
        }
    }
}

/// Side of the blocks in which the paper's brightness is estimated.
const PAPER_BLOCK: usize = 8;
/// Grey level that paper has after flattening.
const PAPER: u32 = 245;

/// The paper's own brightness, a pixel per [`PAPER_BLOCK`] squared.
pub(crate) fn paper_of(value: &Plane) -> Plane {
    value.shrunk::<PAPER_BLOCK>().dilated(3).blurred(7)
}

/// Divides every pixel by the paper's brightness there, so that shadows and tints vanish.
pub(crate) fn flatten(value: &mut Plane, paper: &Plane) {
    const HALF: usize = PAPER_BLOCK / 2;
    let mut scales = vec![0u16; paper.width + 1];
    let width = value.width;
    for (y, row) in value.data.chunks_exact_mut(width).enumerate() {
        let (upper, lower, part) = neighbours(y, paper.height);
        let blocks = paper.row(upper).iter().zip(paper.row(lower));
        for (scale, (upper, lower)) in scales.iter_mut().zip(blocks) {
            let level = u32::from(*upper) * (16 - part) + u32::from(*lower) * part;
            // Paper darker than this is no paper; a floor keeps the lid's black from turning to
            // noise. At most 245 / 48 in 1024ths, which leaves three bits for what follows.
            *scale = ((PAPER << 14) / level.max(48 << 4)) as u16;
        }
        if let [.., before, last] = scales.as_mut_slice() {
            *last = *before;
        }
        let (edge, middle) = row.split_at_mut(HALF.min(width));
        scale_block(edge, scales[0], scales[0]);
        for (block, scale) in middle.chunks_mut(PAPER_BLOCK).zip(scales.windows(2)) {
            scale_block(block, scale[0], scale[1]);
        }
    }
}

/// Brightens a block's pixels by a factor that goes from one block's middle to the next one's.
fn scale_block(pixels: &mut [u8], from: u16, to: u16) {
    for (i, pixel) in pixels.iter_mut().enumerate() {
        // Whole in 16 bits, so that eight pixels are done at a time.
        let scale = from * (8 - i as u16) + to * i as u16;
        let product = ((u32::from(u16::from(*pixel) << 8) * u32::from(scale)) >> 16) as u16;
        *pixel = (product >> 5).min(255) as u8;
    }
}

/// The two block centres around pixel `at`, and how many sixteenths the second weighs.
fn neighbours(at: usize, blocks: usize) -> (usize, usize, u32) {
    let half = PAPER_BLOCK / 2;
    let shifted = (at + PAPER_BLOCK - half).saturating_sub(PAPER_BLOCK);
    let first = (shifted / PAPER_BLOCK).min(blocks - 1);
    let part = if at < half { 0 } else { (shifted % PAPER_BLOCK) * 16 / PAPER_BLOCK };
    (first, (first + 1).min(blocks - 1), part as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_print_is_dark_until_it_is_dropped_as_a_seal() {
        let mut data = vec![255; 16 * 16 * 3];
        data[..3].copy_from_slice(&[210, 30, 40]);
        data[3..6].copy_from_slice(&[20, 20, 20]);
        let page = Raster::new(16, 16, PixelFormat::Rgb8, 300, data).expect("shape");
        let mut channels = split(&page);
        assert_eq!(channels.value.data[..3], [85, 20, 255]);
        assert_eq!(channels.red.data[..2], [21, 0], "of the two rows that are looked at");
        let seal = Region { x: 0, y: 0, width: 200, height: 1 };
        drop_out(&mut channels.value, &page, &seal);
        assert_eq!(channels.value.data[..3], [210, 20, 255]);
    }

    #[test]
    fn a_shadow_flattens_away_and_print_in_it_stays_dark() {
        let (width, height) = (400, 400);
        let mut data: Vec<u8> =
            (0..width * height).map(|i| 240 - (i % width * 100 / width) as u8).collect();
        for x in 100..140 {
            data[200 * width + x] = 30;
        }
        let mut flat = Plane::new(width, height, data);
        let paper = paper_of(&flat);
        flatten(&mut flat, &paper);
        let bare = flat.row(50).iter().copied();
        assert!(bare.clone().min() >= Some(220), "darkest paper {:?}", bare.min());
        assert!(flat.row(200)[120] < 60);
    }
}
