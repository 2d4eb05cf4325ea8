//! A page as it goes into the copy: made once, when the page is read, and embedded byte for byte.
//!
//! Most bits of a scan are spent on the edges of letters and on grain. So a page is kept in layers,
//! from the bottom: its *paper* as a JPEG of half the resolution, in which letters are filled in
//! from around them; its *ink*, which is what is clearly darker than the paper, as one bit a pixel
//! without loss, with its colours as a coarse JPEG; and *patches*, rectangles in full resolution:
//! where coloured ink is (seals, signatures), and wherever the layers below do not show what the
//! scanner saw ([`patches`]). A page for which layers do not pay is one JPEG.
//!
//! Nothing is drawn, moved or recognised. No letter is ever put in another's place: the ink is
//! coded row by row by ITU-T T.6, which knows no shapes. Reasons and measurements are in decisions
//! 0014 and 0019.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use drivers_api::{PixelFormat, Raster};
use formats_copy::ImageSource;
use jpeg_encoder::EncodingError;
use zeroize::Zeroize;

mod ink;
mod jpeg;
mod layers;
mod patches;
mod shown;
mod small;

pub use jpeg::{RECIPE, Recipe, encode};
pub use layers::{LAYERING, Layering};

/// Layers of more bytes than this for so many pixels are held against the page's JPEG.
const PIXELS_PER_BYTE: usize = 32;
/// The quality of the JPEG that a screen shows.
const SCREEN_QUALITY: u8 = 85;

/// A rectangle of a page in pixels: left, top, width, height.
pub type Area = [u32; 4];

/// Bytes that are wiped when they are dropped.
pub struct Wiped(Vec<u8>);

impl Wiped {
    fn new(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl ImageSource for Wiped {
    fn file(&self) -> io::Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(&self.0))
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A page's layers.
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Dots an inch.
    pub dpi: u32,
    /// Grey or colour.
    pub format: PixelFormat,
    /// The page, or its paper where something lies over it.
    pub jpeg: Arc<Wiped>,
    /// What lies over it, from the bottom.
    pub over: Vec<Layer>,
}

/// What lies over a page.
pub struct Layer {
    /// What it shows, stretched over its area.
    pub jpeg: Arc<Wiped>,
    /// Where it lies.
    pub area: Area,
    /// Where it can be seen, one bit for each pixel of its area (ITU-T T.6, ink black); without it,
    /// everywhere.
    pub ink: Option<Arc<Wiped>>,
}

impl Picture {
    /// The page in layers, or as one JPEG where that is smaller or shows more.
    pub fn of(page: &Raster) -> Result<Self, EncodingError> {
        let Some(picture) = Self::layered(page, &LAYERING) else {
            return Self::whole(page, RECIPE);
        };
        let pixels = page.width() as usize * page.height() as usize;
        if picture.bytes() <= pixels / PIXELS_PER_BYTE {
            return Ok(picture);
        }
        let whole = Self::whole(page, RECIPE)?;
        Ok(if whole.bytes() <= picture.bytes() { whole } else { picture })
    }

    /// The page in layers; `None` where they would not show enough of it.
    pub fn layered(page: &Raster, layering: &Layering) -> Option<Self> {
        layers::layered(page, layering)
    }

    /// The page as one JPEG.
    pub fn whole(page: &Raster, recipe: Recipe) -> Result<Self, EncodingError> {
        Ok(Self::from_jpeg(encode(page, recipe)?, page))
    }

    /// The page as a small JPEG, for the person's screen.
    pub fn small(page: &Raster) -> Result<Arc<Wiped>, EncodingError> {
        small::small(page).map(Wiped::new)
    }

    /// A JPEG of a whole page.
    pub fn from_jpeg(jpeg: Vec<u8>, page: &Raster) -> Self {
        let (width, height, dpi) = (page.width(), page.height(), page.dpi());
        let (jpeg, over) = (Wiped::new(jpeg), Vec::new());
        Self { width, height, dpi, format: page.format(), jpeg, over }
    }

    /// How many bytes all layers have.
    pub fn bytes(&self) -> usize {
        let over = self.over.iter().flat_map(|layer| [Some(&layer.jpeg), layer.ink.as_ref()]);
        [Some(&self.jpeg)].into_iter().chain(over).flatten().map(|file| file.bytes().len()).sum()
    }

    /// What a reader of the copy sees; `None` if a layer cannot be decoded.
    pub fn shown(&self) -> Option<Raster> {
        shown::shown(self)
    }

    /// What a reader of the copy sees, as JPEG for a screen.
    pub fn preview(&self) -> Option<Vec<u8>> {
        if self.over.is_empty() {
            return Some(self.jpeg.bytes().to_vec());
        }
        let page = self.shown()?;
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, SCREEN_QUALITY);
        let (width, height) = (u16::try_from(page.width()), u16::try_from(page.height()));
        let kind = match page.format() {
            PixelFormat::Gray8 => jpeg_encoder::ColorType::Luma,
            PixelFormat::Rgb8 => jpeg_encoder::ColorType::Rgb,
        };
        encoder.encode(page.data(), width.ok()?, height.ok()?, kind).ok()?;
        Some(jpeg)
    }
}

#[cfg(test)]
mod tests;
