//! What the person before the camera sees: themselves, and what to do.

use std::sync::Arc;

use drivers_api::{PixelFormat, Raster};
use zeroize::Zeroize;

use crate::visit::Say;

/// Width of the picture on the screen: enough to find oneself in, cheap to send.
const WIDTH: u32 = 320;
const QUALITY: u8 = 70;

/// What the person should do and see now.
#[derive(Clone, Default)]
pub struct Guide {
    /// What to do.
    pub say: Option<Say>,
    /// Steps done.
    pub done: u8,
    /// Steps in all.
    pub steps: u8,
    /// The camera's picture, as JPEG; none while the camera is off.
    pub picture: Option<Arc<Preview>>,
}

/// A small JPEG of the person, wiped when nobody shows it any longer.
pub struct Preview(Vec<u8>);

impl Preview {
    /// Makes the small picture of a frame; none for a frame too odd to encode.
    pub fn of(frame: &Raster) -> Option<Self> {
        let step = frame.width().div_ceil(WIDTH).max(1) as usize;
        let (width, height) = (frame.width() as usize / step, frame.height() as usize / step);
        let bytes = frame.format().bytes();
        let line = frame.width() as usize * bytes;
        let mut pixels = Vec::with_capacity(width * height * bytes);
        for row in frame.data().chunks_exact(line).step_by(step).take(height) {
            let thinned = row.chunks_exact(bytes).step_by(step).take(width);
            pixels.extend(thinned.flatten());
        }
        let colour = match frame.format() {
            PixelFormat::Gray8 => jpeg_encoder::ColorType::Luma,
            PixelFormat::Rgb8 => jpeg_encoder::ColorType::Rgb,
        };
        let size = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, QUALITY);
        let encoded = encoder.encode(&pixels, size.0, size.1, colour);
        pixels.zeroize();
        encoded.ok().map(|()| Self(jpeg))
    }

    /// The JPEG.
    pub fn jpeg(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_small_and_shows_the_frame() {
        let (width, height) = (1_280, 720);
        let data = (0..width * height)
            .flat_map(|i| if i % width < 640 { [250, 0, 0] } else { [0, 0, 250] });
        let frame =
            Raster::new(width, height, PixelFormat::Rgb8, 0, data.collect()).expect("pixels");
        let preview = Preview::of(&frame).expect("encodes");
        let image = image::load_from_memory(preview.jpeg()).expect("a JPEG").into_rgb8();
        assert_eq!(image.dimensions(), (320, 180));
        assert!(image.get_pixel(80, 90)[0] > 200 && image.get_pixel(240, 90)[2] > 200);
        assert!(preview.jpeg().len() < 20_000);
    }

    #[test]
    fn a_frame_of_one_pixel_is_no_trouble() {
        let frame = Raster::new(1, 1, PixelFormat::Gray8, 0, vec![9]).expect("a pixel");
        assert!(Preview::of(&frame).is_some());
    }
}
