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

    /// Keeps a part of the page: `width` and `height` from column `x` and row `y` on, as far as it
    /// has them. Nothing changes if that would leave nothing.
    pub fn crop(&mut self, x: u32, y: u32, width: u32, height: u32) {
        let (right, low) = (x.saturating_add(width), y.saturating_add(height));
        let (right, low) = (right.min(self.width), low.min(self.height));
        if x >= right || y >= low || (right - x, low - y) == (self.width, self.height) {
            return;
        }
        let bytes = self.format.bytes();
        let row = self.width as usize * bytes;
        let columns = x as usize * bytes..right as usize * bytes;
        let mut kept = Vec::with_capacity(columns.len() * (low - y) as usize);
        for row in self.data.chunks_exact(row).take(low as usize).skip(y as usize) {
            kept.extend_from_slice(&row[columns.clone()]);
        }
        self.data.zeroize();
        self.data = kept;
        (self.width, self.height) = (right - x, low - y);
    }

    /// Turns the page clockwise.
    pub fn turn(&mut self, turn: Turn) {
        if turn == Turn::None {
            return;
        }
        if turn == Turn::Half {
            let pixel = self.format.bytes();
            self.data.reverse();
            if pixel > 1 {
                self.data.chunks_exact_mut(pixel).for_each(<[u8]>::reverse);
            }
            return;
        }
        let turned = match self.format {
            PixelFormat::Gray8 => self.quarter_turned::<1>(turn),
            PixelFormat::Rgb8 => self.quarter_turned::<3>(turn),
        };
        self.data.zeroize();
        self.data = turned;
        (self.width, self.height) = (self.height, self.width);
    }

    /// The pixels of `BYTES` bytes, turned by one or three quarters.
    fn quarter_turned<const BYTES: usize>(&self, turn: Turn) -> Vec<u8> {
        /// Squares of this side are moved at once, so that their rows stay in the cache.
        const TILE: usize = 32;
        let (width, height) = (self.width as usize, self.height as usize);
        let pixels = self.data.as_chunks::<BYTES>().0;
        let mut turned = vec![0; self.data.len()];
        let out = turned.as_chunks_mut::<BYTES>().0;
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                for y in top..(top + TILE).min(height) {
                    for x in left..(left + TILE).min(width) {
                        let to = match turn {
                            Turn::Quarter => x * height + (height - 1 - y),
                            _ => (width - 1 - x) * height + y,
                        };
                        out[to] = pixels[y * width + x];
                    }
                }
            }
        }
        turned
    }
}

/// How far a page is turned, clockwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// Not at all.
    #[default]
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

impl Turn {
    /// The same in degrees.
    pub const fn degrees(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
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
    fn a_cropped_page_keeps_what_is_inside() {
        let page = || {
            let data = (0..3 * 4 * 3).collect();
            Raster::new(3, 4, PixelFormat::Rgb8, 300, data).expect("shape")
        };
        let cropped = |x, y, width, height| {
            let mut page = page();
            page.crop(x, y, width, height);
            (page.width(), page.height(), page.data().iter().step_by(3).copied().collect())
        };
        assert_eq!(cropped(1, 2, 2, 1), (2, 1, vec![21, 24]));
        assert_eq!(cropped(2, 3, u32::MAX, 9), (1, 1, vec![33]), "only what there is");
        let whole = (3, 4, page().data().iter().step_by(3).copied().collect());
        assert_eq!(cropped(0, 0, 3, 4), whole);
        assert_eq!(cropped(3, 0, 1, 1), whole, "nothing would be left");
    }

    #[test]
    fn a_turned_page_keeps_its_channels_in_order() {
        let page = || {
            let data = vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
            Raster::new(2, 2, PixelFormat::Rgb8, 300, data).expect("shape")
        };
        let turned = |turn| {
            let mut page = page();
            page.turn(turn);
            page.data().chunks(3).map(|pixel| pixel[0]).collect::<Vec<_>>()
        };
        assert_eq!(turned(Turn::None), [1, 4, 7, 10]);
        assert_eq!(turned(Turn::Quarter), [7, 1, 10, 4]);
        assert_eq!(turned(Turn::Half), [10, 7, 4, 1]);
        assert_eq!(turned(Turn::ThreeQuarters), [4, 10, 1, 7]);
    }

    #[test]
    fn a_quarter_turn_and_its_reverse_give_the_page_back() {
        let (width, height) = (70, 45);
        let data: Vec<u8> = (0..width * height).map(|i| (i % 251) as u8).collect();
        let whole = Raster::new(width, height, PixelFormat::Gray8, 300, data).expect("shape");
        let mut page = whole.clone();
        page.turn(Turn::Quarter);
        assert_eq!((page.width(), page.height()), (height, width));
        page.turn(Turn::ThreeQuarters);
        assert_eq!((page.width(), page.data()), (width, whole.data()));
    }
}
