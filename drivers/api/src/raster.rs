//! A page image in memory.

use zeroize::Zeroize;

/// How a pixel is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// One byte a pixel, 0 black.
    Gray8,
    /// Three bytes a pixel: red, green, blue.
    Rgb8,
}

impl PixelFormat {
    /// Bytes a pixel takes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Rgb8 => 3,
        }
    }
}

/// Why pixels do not make a [`Raster`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RasterError {
    /// The data is not `width * height * bytes per pixel` long.
    #[error("a {width}x{height} {format:?} image has {expected} bytes, got {got}")]
    Length {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixel format.
        format: PixelFormat,
        /// Bytes the shape asks for.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// A side is zero or longer than [`Raster::SIDE_MAX`].
    #[error("a side of {width}x{height} is outside 1..={}", Raster::SIDE_MAX)]
    Side {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

/// A page image: rows top to bottom, tightly packed. Its pixels are wiped when it is dropped,
/// because a page is personal data (invariant 6).
#[derive(Clone, PartialEq, Eq)]
pub struct Raster {
    width: u32,
    height: u32,
    format: PixelFormat,
    dpi: u32,
    data: Vec<u8>,
}

impl Raster {
    /// Longest side in pixels: A3 at 600 dpi is 9,921; anything longer is not a page.
    pub const SIDE_MAX: u32 = 12_000;

    /// Checks the shape and takes the pixels. `dpi` is dots per inch on both axes.
    pub fn new(
        width: u32,
        height: u32,
        format: PixelFormat,
        dpi: u32,
        data: Vec<u8>,
    ) -> Result<Self, RasterError> {
        if width == 0 || height == 0 || width > Self::SIDE_MAX || height > Self::SIDE_MAX {
            return Err(RasterError::Side { width, height });
        }
        let expected = width as usize * height as usize * format.bytes();
        if data.len() != expected {
            return Err(RasterError::Length { width, height, format, expected, got: data.len() });
        }
        Ok(Self { width, height, format, dpi, data })
    }

    /// Width in pixels.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Pixel format.
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// Dots per inch on both axes; 0 where nobody knows.
    pub const fn dpi(&self) -> u32 {
        self.dpi
    }

    /// The same page with another resolution; 0 says that it is not known.
    #[must_use]
    pub fn with_dpi(mut self, dpi: u32) -> Self {
        self.dpi = dpi;
        self
    }

    /// The pixels, rows top to bottom.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The page turned by half a turn, in place.
    pub fn turn_half(&mut self) {
        let pixel = self.format.bytes();
        self.data.reverse();
        if pixel > 1 {
            for bytes in self.data.chunks_exact_mut(pixel) {
                bytes.reverse();
            }
        }
    }
}

impl Drop for Raster {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl std::fmt::Debug for Raster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raster({}x{} {:?} {} dpi)", self.width, self.height, self.format, self.dpi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_is_refused() {
        assert!(matches!(
            Raster::new(2, 2, PixelFormat::Rgb8, 300, vec![0; 11]),
            Err(RasterError::Length { expected: 12, got: 11, .. })
        ));
    }

    #[test]
    fn no_side_may_be_zero() {
        assert!(matches!(
            Raster::new(0, 2, PixelFormat::Gray8, 300, vec![]),
            Err(RasterError::Side { .. })
        ));
    }

    #[test]
    fn half_a_turn_keeps_channels_in_order() {
        let mut page =
            Raster::new(2, 1, PixelFormat::Rgb8, 300, vec![1, 2, 3, 4, 5, 6]).expect("shape");
        page.turn_half();
        assert_eq!(page.data(), [4, 5, 6, 1, 2, 3]);
    }
}
