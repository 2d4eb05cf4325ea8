//! Photographs from files and devices: bytes to pixels, with limits, upright by their EXIF note.

use std::io::Cursor;

use drivers_api::{PixelFormat, Raster, RasterError};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

/// Larger files are refused unread: a camera's best JPEG has a third of it.
pub const PHOTO_BYTES_MAX: u64 = 48 * 1024 * 1024;
/// Most pixels of a photograph: cameras of 50 megapixels are about the largest that people have.
pub const PHOTO_PIXELS_MAX: u64 = 64_000_000;

/// Why bytes are no photograph.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// There is nothing.
    #[error("the image is empty")]
    Empty,
    /// Too many bytes.
    #[error("the image has {bytes} bytes, over {PHOTO_BYTES_MAX}")]
    Bytes {
        /// How many.
        bytes: u64,
    },
    /// Too many pixels.
    #[error(
        "the image is {width} x {height}: over {PHOTO_PIXELS_MAX} pixels or {} on a side",
        Raster::SIDE_MAX
    )]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// It is not JPEG, PNG or PNM, or it is damaged.
    #[error("decode an image as JPEG, PNG or PNM")]
    Decode(#[source] ImageError),
    /// The pixels are not what they should be.
    #[error("take an image's pixels")]
    Pixels(#[from] RasterError),
}

/// Decodes a photograph; grey ones stay grey, others become red, green and blue.
pub fn decode(bytes: &[u8]) -> Result<Raster, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    let length = bytes.len() as u64;
    if length > PHOTO_BYTES_MAX {
        return Err(PhotoError::Bytes { bytes: length });
    }
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| PhotoError::Decode(ImageError::IoError(error)))?;
    let mut decoder = reader.into_decoder().map_err(PhotoError::Decode)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PHOTO_PIXELS_MAX || width.max(height) > Raster::SIDE_MAX {
        return Err(PhotoError::Size { width, height });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(PHOTO_PIXELS_MAX * 8);
    decoder.set_limits(limits).map_err(PhotoError::Decode)?;
    let orientation = decoder.orientation().map_err(PhotoError::Decode)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(PhotoError::Decode)?;
    image.apply_orientation(orientation);
    let (width, height) = (image.width(), image.height());
    let (format, data) = match image {
        DynamicImage::ImageLuma8(grey) => (PixelFormat::Gray8, grey.into_raw()),
        other => (PixelFormat::Rgb8, other.into_rgb8().into_raw()),
    };
    Ok(Raster::new(width, height, format, 0, data)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG of 32 x 16 pixels, red on the left and blue on the right.
    fn jpeg() -> Vec<u8> {
        let red = |x: usize| if x < 16 { [220, 20, 20] } else { [20, 20, 220] };
        let rgb: Vec<u8> = (0..32 * 16).flat_map(|i| red(i % 32)).collect();
        let mut out = Vec::new();
        jpeg_encoder::Encoder::new(&mut out, 95)
            .encode(&rgb, 32, 16, jpeg_encoder::ColorType::Rgb)
            .expect("encodes");
        out
    }

    /// The same, with an EXIF note that it was taken turned (orientation 6: a quarter clockwise).
    fn turned() -> Vec<u8> {
        let plain = jpeg();
        let tiff = [
            b"Exif\0\0".as_slice(),
            &[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1],
            &[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let mut out = plain[..2].to_vec();
        out.extend([0xff, 0xe1]);
        out.extend((tiff.len() as u16 + 2).to_be_bytes());
        out.extend(&tiff);
        out.extend(&plain[2..]);
        out
    }

    #[test]
    fn a_photograph_comes_out_upright() {
        let plain = decode(&jpeg()).expect("a photograph");
        assert_eq!((plain.width(), plain.height()), (32, 16));
        assert!(plain.data()[0] > 150);
        let turned = decode(&turned()).expect("a photograph");
        assert_eq!((turned.width(), turned.height()), (16, 32));
        assert!(turned.data()[0] > 150, "red is on top");
        let end = turned.data().len();
        assert!(turned.data()[end - 1] > 150, "blue is below");
    }

    #[test]
    fn what_is_no_photograph_is_named() {
        assert!(matches!(decode(&[]), Err(PhotoError::Empty)));
        assert!(matches!(decode(b"BM and so on"), Err(PhotoError::Decode(_))));
        let whole = jpeg();
        assert!(matches!(decode(&whole[..whole.len() / 4]), Err(PhotoError::Decode(_))));
        assert!(matches!(decode(b"P5 60000 60000 255\n"), Err(PhotoError::Size { .. })));
        let many = vec![0; PHOTO_BYTES_MAX as usize + 1];
        assert!(matches!(decode(&many), Err(PhotoError::Bytes { .. })));
    }
}
