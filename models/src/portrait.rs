//! Portraits to compare a living person with: the chip's, decoded, and the printed one, cut out of
//! a scan of the card.
//!
//! Nothing here finds or judges a face. What is cut out is somewhat larger than the portrait, and
//! where a card may lie either way up, both ways are given.

mod card;

use std::io::Cursor;

use drivers_api::{PixelFormat, Raster, RasterError};
use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::page::Quad;

/// Largest compressed portrait: those of chips have 10 to 40 kB.
pub const PORTRAIT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest side of a portrait in pixels: those of chips have 300 to 600.
pub const PORTRAIT_SIDE_MAX: u32 = 2_400;
/// Shortest side in which a face could be.
pub const PORTRAIT_SIDE_MIN: u32 = 16;
/// Memory that decoding may take, in bytes.
const MEMORY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The portrait and some room, in millimetres of the card's front: left, top, width, height.
const PLACE_MM: [f32; 4] = [1.0, 13.0, 28.0, 37.0];
/// Most pixels for a millimetre that are cut out: 600 dpi.
const PIXELS_PER_MM_MAX: f32 = 23.6;

/// Why a portrait has no pixels.
#[derive(Debug, thiserror::Error)]
pub enum PortraitError {
    /// There is no image.
    #[error("the portrait is empty")]
    Empty,
    /// The image has more bytes than any portrait.
    #[error("the portrait has {bytes} bytes, over {PORTRAIT_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The image is of no kind that chips hold.
    #[error("the portrait is neither JPEG nor JPEG 2000")]
    Kind,
    /// The image is too large or too small, as its head states.
    #[error(
        "a portrait of {width}x{height} pixels is outside {PORTRAIT_SIDE_MIN} to \
         {PORTRAIT_SIDE_MAX} a side"
    )]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The JPEG is broken.
    #[error("decode the JPEG portrait")]
    Jpeg(#[source] image::ImageError),
    /// The JPEG 2000 is broken.
    #[error("decode the JPEG 2000 portrait: {detail}")]
    Jpeg2000 {
        /// The decoder's words.
        detail: String,
    },
    /// The JPEG 2000 has colours that are neither grey nor red, green and blue.
    #[error("the JPEG 2000 portrait has {channels} channels of an unknown kind")]
    Colours {
        /// Its channels.
        channels: usize,
    },
    /// The pixels make no image.
    #[error("keep the portrait's pixels")]
    Keep(#[source] RasterError),
}

/// A printed portrait as it was found.
#[derive(Debug, Clone)]
pub struct PrintedPortrait {
    /// The place of the portrait, upright, with some room around it.
    pub image: Raster,
    /// Its corners on the scan, in the direction of the card.
    pub quad: Quad,
}

/// Decodes the portrait of a chip: JPEG or JPEG 2000, whichever its first bytes say. Sizes are
/// checked before anything is decoded.
pub fn decode_portrait(file: &[u8]) -> Result<Raster, PortraitError> {
    const BOXES: &[u8] = &[0, 0, 0, 0x0c, b'j', b'P', b' ', b' '];
    const CODESTREAM: &[u8] = &[0xff, 0x4f, 0xff, 0x51];
    match file {
        [] => Err(PortraitError::Empty),
        file if file.len() > PORTRAIT_BYTES_MAX => {
            Err(PortraitError::TooLong { bytes: file.len() })
        }
        [0xff, 0xd8, 0xff, ..] => jpeg(file),
        file if file.starts_with(BOXES) || file.starts_with(CODESTREAM) => jpeg2000(file),
        _ => Err(PortraitError::Kind),
    }
}

fn check_size(width: u32, height: u32) -> Result<(), PortraitError> {
    let sides = PORTRAIT_SIDE_MIN..=PORTRAIT_SIDE_MAX;
    if sides.contains(&width) && sides.contains(&height) {
        return Ok(());
    }
    Err(PortraitError::Size { width, height })
}

fn jpeg(file: &[u8]) -> Result<Raster, PortraitError> {
    let reader = || ImageReader::with_format(Cursor::new(file), ImageFormat::Jpeg);
    let (width, height) = reader().into_dimensions().map_err(PortraitError::Jpeg)?;
    check_size(width, height)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    let mut reader = reader();
    reader.limits(limits);
    let decoded = reader.decode().map_err(PortraitError::Jpeg)?;
    let (format, data) = match decoded {
        DynamicImage::ImageLuma8(grey) => (PixelFormat::Gray8, grey.into_raw()),
        other => (PixelFormat::Rgb8, other.into_rgb8().into_raw()),
    };
    Raster::new(width, height, format, 0, data).map_err(PortraitError::Keep)
}

fn jpeg2000(file: &[u8]) -> Result<Raster, PortraitError> {
    let broken = |error| PortraitError::Jpeg2000 { detail: format!("{error}") };
    let image = Image::new(file, &DecodeSettings::default()).map_err(broken)?;
    let (width, height) = (image.width(), image.height());
    check_size(width, height)?;
    let channels = usize::from(image.color_space().num_channels());
    let known = match image.color_space() {
        ColorSpace::Gray | ColorSpace::RGB => true,
        ColorSpace::Icc { .. } | ColorSpace::Unknown { .. } => matches!(channels, 1 | 3),
        ColorSpace::CMYK => false,
    };
    if !known {
        return Err(PortraitError::Colours { channels });
    }
    let stride = channels + usize::from(image.has_alpha());
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(broken)?;
    let components = decoded.components().len();
    if components != stride {
        return Err(PortraitError::Colours { channels: components });
    }
    let mut data = decoded.data_u8();
    if stride > channels {
        data = data.chunks_exact(stride).flat_map(|pixel| &pixel[..channels]).copied().collect();
    }
    let format = if channels == 1 { PixelFormat::Gray8 } else { PixelFormat::Rgb8 };
    Raster::new(width, height, format, 0, data).map_err(PortraitError::Keep)
}

/// Cuts out where portraits may be on a scan of cards: the likelier way up first. `code` is the
/// place of the card's QR code, which tells a card's way up; `zone` that of a machine-readable
/// zone, whose side has no portrait.
pub fn printed_portraits(
    scan: &Raster,
    code: Option<&Quad>,
    zone: Option<&Quad>,
) -> Vec<PrintedPortrait> {
    let fronts = card::fronts(scan, code, zone);
    fronts.iter().filter_map(|front| cut_out(scan, front)).collect()
}

fn cut_out(scan: &Raster, front: &card::Front) -> Option<PrintedPortrait> {
    let [left, top, width, height] = PLACE_MM;
    let corners =
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]];
    let scale = front.pixels_per_mm().min(PIXELS_PER_MM_MAX);
    let (columns, rows) = ((width * scale) as u32, (height * scale) as u32);
    let channels = scan.format().bytes();
    let mut data = Vec::with_capacity(columns as usize * rows as usize * channels);
    for y in 0..rows {
        for x in 0..columns {
            let at = [left + (x as f32 + 0.5) / scale, top + (y as f32 + 0.5) / scale];
            let [column, row] = front.place(at);
            push_pixel(scan, column, row, &mut data);
        }
    }
    let dpi = (scale * 25.4) as u32;
    let image = Raster::new(columns, rows, scan.format(), dpi, data).ok()?;
    Some(PrintedPortrait { image, quad: corners.map(|corner| front.place(corner)) })
}

/// A pixel of a scan at any place, bilinear, the edge's repeated outside.
fn push_pixel(scan: &Raster, x: f32, y: f32, data: &mut Vec<u8>) {
    let channels = scan.format().bytes();
    let place = |at: f32, side: u32| {
        let at = (at - 0.5).clamp(0.0, (side - 1) as f32);
        let first = at as usize;
        (first, (first + 1).min(side as usize - 1), at - first as f32)
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (place(x, scan.width()), place(y, scan.height()));
    let level = |x: usize, y: usize, channel: usize| {
        f32::from(scan.data()[(y * scan.width() as usize + x) * channels + channel])
    };
    for channel in 0..channels {
        let mix = |y: usize| level(x0, y, channel) * (1.0 - fx) + level(x1, y, channel) * fx;
        data.push((mix(y0) * (1.0 - fy) + mix(y1) * fy + 0.5) as u8);
    }
}
