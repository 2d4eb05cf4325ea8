//! A page as small as the person's screen shows it beside others, to see that it lies right.

use drivers_api::{PixelFormat, Raster};
use jpeg_encoder::{ColorType, Encoder, EncodingError};

/// Longest side, in pixels: the letters of a page cannot be read on it, its layout can be seen.
const SIDE_MAX: u32 = 420;
const QUALITY: u8 = 80;

/// The page as a small JPEG: each of its pixels is the mean of those that it stands for.
pub(super) fn small(page: &Raster) -> Result<Vec<u8>, EncodingError> {
    let (width, height) = (page.width(), page.height());
    let step = width.max(height).div_ceil(SIDE_MAX).max(1);
    let (columns, rows) = ((width / step).max(1), (height / step).max(1));
    let (channels, kind) = match page.format() {
        PixelFormat::Gray8 => (1, ColorType::Luma),
        PixelFormat::Rgb8 => (3, ColorType::Rgb),
    };
    let line = width as usize * channels;
    let mut means = Vec::with_capacity(columns as usize * rows as usize * channels);
    let mut sums = vec![0_u32; columns as usize * channels];
    for row in 0..rows as usize {
        sums.fill(0);
        let lines = page.data().chunks_exact(line).skip(row * step as usize).take(step as usize);
        let mut count = 0;
        for pixels in lines {
            count += step;
            for (column, cell) in pixels.chunks(step as usize * channels).enumerate() {
                let Some(sum) = sums.get_mut(column * channels..(column + 1) * channels) else {
                    break;
                };
                for (at, value) in cell.iter().enumerate() {
                    sum[at % channels] += u32::from(*value);
                }
            }
        }
        // A page narrower than one step has cells of its own width.
        let count = (count / step * step.min(width)).max(1);
        means.extend(sums.iter().map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX)));
    }
    let mut jpeg = Vec::new();
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    Encoder::new(&mut jpeg, QUALITY).encode(&means, side(columns), side(rows), kind)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(width: u32, height: u32, format: PixelFormat, value: u8) -> Raster {
        let channels = if format == PixelFormat::Rgb8 { 3 } else { 1 };
        let bytes = vec![value; (width * height) as usize * channels];
        Raster::new(width, height, format, 300, bytes).expect("a page")
    }

    proptest! {
        #[test]
        fn a_page_of_any_size_becomes_a_small_one_of_its_shape_and_shade(
            width in 1_u32..2_000, height in 1_u32..2_000, value: u8, colour: bool,
        ) {
            let format = if colour { PixelFormat::Rgb8 } else { PixelFormat::Gray8 };
            let jpeg = small(&page(width, height, format, value)).expect("a JPEG");
            let seen = image::load_from_memory(&jpeg).expect("decodes").to_luma8();
            prop_assert!(seen.width() <= SIDE_MAX && seen.height() <= SIDE_MAX);
            let step = width.max(height).div_ceil(SIDE_MAX);
            prop_assert!(seen.width().abs_diff(width / step) <= 1);
            prop_assert!(seen.pixels().all(|pixel| pixel.0[0].abs_diff(value) <= 3), "{step}");
        }
    }

    #[test]
    fn what_is_above_stays_above() {
        let mut bytes = vec![0; 1_000 * 500];
        bytes.extend(vec![255; 1_000 * 500]);
        let page = Raster::new(1_000, 1_000, PixelFormat::Gray8, 300, bytes).expect("a page");
        let jpeg = small(&page).expect("a JPEG");
        let seen = image::load_from_memory(&jpeg).expect("decodes").to_luma8();
        assert_eq!(seen.dimensions(), (333, 333));
        assert!(seen.get_pixel(9, 9).0[0] < 10 && seen.get_pixel(320, 320).0[0] > 245);
    }
}
