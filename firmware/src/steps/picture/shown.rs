//! What a reader of the copy sees of a page: its layers one over the other, from the very bytes
//! that the copy holds.

use drivers_api::{PixelFormat, Raster};
use image::ImageFormat;

use super::ink::Bits;
use super::{Area, Picture, Wiped};

/// Between two samples lie so many steps.
const STEPS: u32 = 64;

/// The page as it looks; `None` if a layer cannot be decoded or lies outside of it.
pub(super) fn shown(picture: &Picture) -> Option<Raster> {
    let (width, height) = (picture.width, picture.height);
    let bytes = picture.format.bytes();
    let mut data = vec![u8::MAX; width as usize * height as usize * bytes];
    let area = [0, 0, width, height];
    paint(&mut data, picture, &decoded(&picture.jpeg, picture)?, area, None);
    for layer in &picture.over {
        let [left, top, wide, high] = layer.area;
        let within = left.checked_add(wide)? <= width && top.checked_add(high)? <= height;
        within.then_some(())?;
        let ink = match &layer.ink {
            Some(ink) => Some(Bits::of_fax(ink.bytes(), wide, high)?),
            None => None,
        };
        paint(&mut data, picture, &decoded(&layer.jpeg, picture)?, layer.area, ink.as_ref());
    }
    Raster::new(width, height, picture.format, picture.dpi, data).ok()
}

/// Stretches an image over an area, where the ink is if there is any.
fn paint(data: &mut [u8], picture: &Picture, image: &Raster, area: Area, ink: Option<&Bits>) {
    let bytes = picture.format.bytes();
    let [left, top, wide, high] = area.map(|side| side as usize);
    let across = between(wide, image.width() as usize);
    let down = between(high, image.height() as usize);
    let line = image.width() as usize * bytes;
    let rows = data.chunks_exact_mut(picture.width as usize * bytes).skip(top);
    for (y, (row, down)) in rows.zip(down).enumerate() {
        let row = &mut row[left * bytes..(left + wide) * bytes];
        let [above, below] =
            [down.first, down.second].map(|at| &image.data()[at * line..(at + 1) * line]);
        let bits = ink.map(|ink| &ink.data[y * wide..(y + 1) * wide]);
        for (x, (pixel, along)) in row.chunks_exact_mut(bytes).zip(&across).enumerate() {
            if bits.is_some_and(|bits| bits[x] == 0) {
                continue;
            }
            for (channel, level) in pixel.iter_mut().enumerate() {
                let mix = |line: &[u8]| {
                    let sample = |at: usize| u32::from(line[at * bytes + channel]);
                    sample(along.first) * (STEPS - along.near) + sample(along.second) * along.near
                };
                let sum = mix(above) * (STEPS - down.near) + mix(below) * down.near;
                *level = ((sum + STEPS * STEPS / 2) / (STEPS * STEPS)) as u8;
            }
        }
    }
}

fn decoded(jpeg: &Wiped, picture: &Picture) -> Option<Raster> {
    let image = image::load_from_memory_with_format(jpeg.bytes(), ImageFormat::Jpeg).ok()?;
    let (width, height) = (image.width(), image.height());
    let data = match picture.format {
        PixelFormat::Gray8 => image.into_luma8().into_raw(),
        PixelFormat::Rgb8 => image.into_rgb8().into_raw(),
    };
    Raster::new(width, height, picture.format, picture.dpi, data).ok()
}

/// The samples around a pixel.
struct Between {
    first: usize,
    second: usize,
    /// How near it is to the second, in [`STEPS`].
    near: u32,
}

/// For each of so many pixels, the samples around it.
fn between(pixels: usize, samples: usize) -> Vec<Between> {
    let last = samples.saturating_sub(1);
    let of = |pixel: usize| {
        let at = ((pixel as f32 + 0.5) * samples as f32 / pixels as f32 - 0.5).max(0.0);
        let first = (at as usize).min(last);
        let near = ((at - first as f32) * STEPS as f32) as u32;
        Between { first, second: (first + 1).min(last), near: near.min(STEPS) }
    };
    (0..pixels).map(of).collect()
}
