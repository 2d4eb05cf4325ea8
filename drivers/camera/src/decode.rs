//! A frame's bytes as pixels: YUYV and Motion JPEG, what every camera of USB's video class gives.

use std::borrow::Cow;

use drivers_api::{PixelFormat, Raster, RasterError};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

/// How a frame is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// A JPEG for each frame (V4L2's MJPG and JPEG).
    MotionJpeg,
    /// Brightness of each pixel and colour of two, ITU-R BT.601.
    Yuyv {
        /// Levels from 0 to 255, and not from 16 to 235.
        full_range: bool,
    },
}

/// Why a frame's bytes make no picture.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than the size needs.
    #[error("a frame of {width}x{height} has {bytes} bytes")]
    Short {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes that came.
        bytes: usize,
    },
    /// The JPEG is damaged.
    #[error("decode a frame's JPEG")]
    Jpeg(#[source] DecodeErrors),
    /// The JPEG has another size than was agreed on.
    #[error("the frame's JPEG is {width}x{height}")]
    Size {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// The size is none.
    #[error("keep a frame's pixels")]
    Keep(#[from] RasterError),
}

/// Decodes a frame of `width` by `height` pixels, whose lines are `stride` bytes apart (YUYV).
pub fn decode(
    bytes: &[u8],
    coding: Coding,
    (width, height): (u32, u32),
    stride: usize,
) -> Result<Raster, DecodeError> {
    let rgb = match coding {
        Coding::MotionJpeg => from_jpeg(bytes, (width, height))?,
        Coding::Yuyv { full_range } => {
            let row = width.next_multiple_of(2) as usize * 2;
            let stride = stride.max(row);
            let needed = stride * (height as usize).saturating_sub(1) + row;
            if bytes.len() < needed {
                return Err(DecodeError::Short { width, height, bytes: bytes.len() });
            }
            let rows = bytes.chunks(stride).take(height as usize);
            let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
            for line in rows {
                from_yuyv(&line[..row], width as usize, full_range, &mut rgb);
            }
            rgb
        }
    };
    Ok(Raster::new(width, height, PixelFormat::Rgb8, 0, rgb)?)
}

/// BT.601 in sixteen bits after the point.
fn from_yuyv(line: &[u8], width: usize, full_range: bool, rgb: &mut Vec<u8>) {
    let (gain, floor, colour) = if full_range {
        (65_536, 0, [91_881, 22_554, 46_802, 116_130])
    } else {
        (76_309, 16, [104_597, 25_675, 53_279, 132_201])
    };
    let end = rgb.len() + width * 3;
    for pair in line.chunks_exact(4) {
        let [y0, u, y1, v] = [pair[0], pair[1], pair[2], pair[3]].map(i32::from);
        let (u, v) = (u - 128, v - 128);
        let [red, green_u, green_v, blue] = colour;
        for y in [y0, y1] {
            let level = (y - floor) * gain + 32_768;
            let sums = [level + red * v, level - green_u * u - green_v * v, level + blue * u];
            rgb.extend(sums.map(|sum| (sum >> 16).clamp(0, 255) as u8));
        }
    }
    rgb.truncate(end);
}

fn from_jpeg(bytes: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, DecodeError> {
    let options = DecoderOptions::default()
        .set_max_width(width as usize)
        .set_max_height(height as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let bytes = with_tables(bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes.as_ref()), options);
    let rgb = decoder.decode().map_err(DecodeError::Jpeg)?;
    match decoder.dimensions() {
        Some((w, h)) if (w, h) == (width as usize, height as usize) => Ok(rgb),
        other => {
            let (width, height) = other.unwrap_or_default();
            Err(DecodeError::Size { width, height })
        }
    }
}

/// Many cameras leave the standard's Huffman tables out. The decoder takes them for granted in a
/// file that says that it is Motion JPEG, by an `AVI1` segment, which many cameras leave out too.
fn with_tables(bytes: &[u8]) -> Cow<'_, [u8]> {
    const START_OF_IMAGE: [u8; 2] = [0xff, 0xd8];
    const AVI1: [u8; 10] = [0xff, 0xe0, 0, 8, b'A', b'V', b'I', b'1', 0, 0];
    if has_tables(bytes) || !bytes.starts_with(&START_OF_IMAGE) {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned([&START_OF_IMAGE, &AVI1[..], &bytes[2..]].concat())
}

/// Whether there is a DHT segment before the scan.
fn has_tables(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xc4 => return true,
            0xda => return false,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jpeg(width: u16, height: u16, rgb: [u8; 3]) -> Vec<u8> {
        let pixels = rgb.repeat(usize::from(width) * usize::from(height));
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).expect("encodes");
        bytes
    }

    /// The JPEG as many cameras send it.
    fn without_tables(bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes[..2].to_vec();
        let mut at = 2;
        while bytes[at + 1] != 0xda {
            let end = at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            if bytes[at + 1] != 0xc4 {
                out.extend(&bytes[at..end]);
            }
            at = end;
        }
        out.extend(&bytes[at..]);
        out
    }

    fn near(raster: &Raster, rgb: [u8; 3]) -> bool {
        raster.data().chunks_exact(3).all(|p| p.iter().zip(rgb).all(|(a, b)| a.abs_diff(b) <= 3))
    }

    #[test]
    fn motion_jpeg_is_read_with_and_without_its_tables() {
        let colour = [180, 90, 40];
        let whole = jpeg(32, 16, colour);
        let bare = without_tables(&whole);
        assert!(bare.len() < whole.len() - 300, "the tables were there");
        for bytes in [whole, bare] {
            let raster = decode(&bytes, Coding::MotionJpeg, (32, 16), 0).expect("a picture");
            assert!(near(&raster, colour));
        }
    }

    #[test]
    fn a_jpeg_of_another_size_is_refused() {
        let bytes = jpeg(32, 16, [1, 2, 3]);
        for size in [(16, 16), (32, 32), (64, 64)] {
            assert!(decode(&bytes, Coding::MotionJpeg, size, 0).is_err(), "{size:?}");
        }
    }

    #[test]
    fn colours_of_yuyv_are_those_of_bt_601() {
        // White, black, and the 75 % bars of red and blue.
        for (yuv, rgb) in [
            ([235, 128, 128], [255, 255, 255]),
            ([16, 128, 128], [0, 0, 0]),
            ([65, 100, 212], [191, 0, 0]),
            ([35, 212, 114], [0, 0, 191]),
        ] {
            let [y, u, v] = yuv;
            let bytes = [y, u, y, v].repeat(2 * 3);
            let coding = Coding::Yuyv { full_range: false };
            let raster = decode(&bytes, coding, (4, 3), 8).expect("a picture");
            assert!(near(&raster, rgb), "{yuv:?} gives {:?}", &raster.data()[..3]);
        }
        let coding = Coding::Yuyv { full_range: true };
        let raster = decode(&[200, 128, 10, 128], coding, (2, 1), 4).expect("a picture");
        assert_eq!(raster.data(), [200, 200, 200, 10, 10, 10]);
    }

    #[test]
    fn lines_may_be_further_apart_than_they_are_long_and_the_width_odd() {
        let line = |y: u8| [[y, 128, y, 128], [y, 128, 99, 128]].concat();
        let bytes = [line(16), vec![7; 4], line(235)].concat();
        let coding = Coding::Yuyv { full_range: false };
        let raster = decode(&bytes, coding, (3, 2), 12).expect("a picture");
        assert_eq!(raster.data(), [[0; 9], [255; 9]].concat());
        assert!(decode(&bytes[..19], coding, (3, 2), 12).is_err(), "a byte is missing");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_picture_or_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            cut in 0usize..900, flip in 0usize..900, by in 1u8..,
        ) {
            for coding in [Coding::MotionJpeg, Coding::Yuyv { full_range: false }] {
                let _ = decode(&bytes, coding, (9, 5), 0);
            }
            let mut whole = jpeg(24, 24, [200, 10, 60]);
            let at = flip % whole.len();
            whole[at] ^= by;
            whole.truncate(cut.max(4));
            let _ = decode(&whole, Coding::MotionJpeg, (24, 24), 0);
        }
    }
}
