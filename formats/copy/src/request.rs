//! What a copy is made of: the pages, the particulars, the typefaces and images.

use std::borrow::Cow;
use std::sync::Arc;
use std::{fmt, io};

use time::OffsetDateTime;

use crate::manifest::{
    ClockTrust, Corrected, MANIFEST_VERSION, Manifest, ModelEntry, PageEntry, vietnam_seconds,
};
use crate::place::SKEW_MAX;
use crate::{Product, VerificationCode};

/// Pages of one original: a thick file; more is a mistake, and a PDF page is some 1 MB.
pub const PAGE_COUNT_MAX: usize = 200;
/// Words of one page: a dense A4 page has under 1,500.
pub const PAGE_WORDS_MAX: usize = 20_000;
/// Characters of any one text that the statement prints.
pub const TEXT_CHARS_MAX: usize = 500;
/// Layers over the image of a page: ink, and some seals and pictures.
pub const LAYERS_MAX: usize = 32;
/// Resolutions that make a page of a sensible size; Decree 30/2020 asks for 200 or more.
pub const DPI_RANGE: std::ops::RangeInclusive<u32> = 50..=1200;

/// Where an image's file lies until it goes into the copy.
pub trait ImageSource: Send + Sync {
    /// The file, the same each time. It is asked for twice, image after image, so that not all
    /// pages need be in memory together.
    fn file(&self) -> io::Result<Cow<'_, [u8]>>;
}

impl ImageSource for Vec<u8> {
    fn file(&self) -> io::Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(self))
    }
}

/// An image's file, wherever it lies.
#[derive(Clone)]
pub struct ImageFile(Arc<dyn ImageSource>);

impl ImageFile {
    /// The file that `source` gives.
    pub fn of(source: Arc<impl ImageSource + 'static>) -> Self {
        Self(source)
    }

    /// The file.
    pub fn read(&self) -> io::Result<Cow<'_, [u8]>> {
        self.0.file()
    }
}

impl From<Vec<u8>> for ImageFile {
    fn from(file: Vec<u8>) -> Self {
        Self(Arc::new(file))
    }
}

impl fmt::Debug for ImageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImageFile(…)")
    }
}

/// One page of the original.
#[derive(Debug, Clone)]
pub struct PageImage {
    /// The JPEG file (grey or colour), embedded as it is. Where layers lie over it, it may have
    /// fewer pixels than the page: one for each square of 2 to 4.
    pub jpeg: ImageFile,
    /// What lies over it, from the bottom; at most [`LAYERS_MAX`].
    pub over: Vec<Layer>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels an inch; the page's size on paper follows from it.
    pub dpi: u32,
    /// How far the original lies turned in the image, clockwise, in degrees: at most 15 either way,
    /// kept to a thousandth. The page turns image and words back; the JPEG stays as it is.
    pub skew_degrees: f32,
    /// The words read on the page, in reading order.
    pub words: Vec<PlacedWord>,
}

/// An image over a part of a page.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The JPEG file (grey or colour) of any number of pixels, stretched over the area.
    pub jpeg: ImageFile,
    /// Where it lies, in pixels of the page: left, top, width, height.
    pub area: Area,
    /// Where it can be seen, one bit for each pixel of the area: black in an image coded by ITU-T
    /// T.6, without line ends. Without it the layer hides all that is below.
    pub mask: Option<ImageFile>,
}

/// A rectangle in pixels: left, top, width, height.
pub type Area = [u32; 4];

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedWord {
    /// The word, without spaces around it.
    pub text: String,
    /// Corners in pixels of the image: top left, top right, bottom right, bottom left of the word
    /// as it is read.
    pub quad: [[f32; 2]; 4],
    /// The line it belongs to; words of one line follow each other.
    pub line: usize,
}

/// Everything that one copy is made from.
#[derive(Debug, Clone)]
pub struct CopyRequest {
    /// What the copy is in law.
    pub product: Product,
    /// The verification code.
    pub code: VerificationCode,
    /// The number in the book, from 1.
    pub number: u32,
    /// The book as written on its cover, symbol included, such as `03/2026-SCT/BS`.
    pub book: String,
    /// When the copy is certified; kept in Vietnam's time and whole seconds.
    pub issued_at: OffsetDateTime,
    /// The certifying authority, such as `ỦY BAN NHÂN DÂN PHƯỜNG CẦU GIẤY`.
    pub authority: String,
    /// Where the copy is made, printed on the statement.
    pub place: String,
    /// The certifying officer's name.
    pub officer: String,
    /// The officer's capacity; ` / ` starts a new line (`KT. CHỦ TỊCH / PHÓ CHỦ TỊCH`).
    pub capacity: String,
    /// The kind of document.
    pub kind: String,
    /// The document's title.
    pub title: String,
    /// What of both the officer set otherwise than the machine had read.
    pub corrected: Vec<Corrected>,
    /// The device that makes the copy.
    pub device: String,
    /// The device's own running number of the copy.
    pub sequence: u64,
    /// The pages of the original, in order; at least one.
    pub pages: Vec<PageImage>,
    /// The models that read the original.
    pub models: Vec<ModelEntry>,
    /// What stands behind the clock that gave `issued_at`.
    pub clock: ClockTrust,
    /// Where copies are verified, such as `https://tracuu.example.vn`; no slash at the end.
    pub verify_base: String,
}

/// The typefaces and images of the statement page.
#[derive(Debug, Clone)]
pub struct Assets {
    /// A Times-like TrueType face with all Vietnamese letters, such as Liberation Serif 2.
    pub regular_font: Vec<u8>,
    /// Its bold.
    pub bold_font: Vec<u8>,
    /// The authority's seal: red, transparent around, square; drawn at its real size.
    pub seal_png: Option<Vec<u8>>,
    /// The officer's signature: blue, transparent around.
    pub signature_png: Option<Vec<u8>>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No page, or more than [`PAGE_COUNT_MAX`].
    #[error("a copy has 1 to {PAGE_COUNT_MAX} pages, not {count}")]
    PageCount {
        /// How many pages there are.
        count: usize,
    },
    /// A page has no extent or a resolution outside [`DPI_RANGE`].
    #[error("page {page} has no usable size or resolution")]
    PageSize {
        /// The page, from 1.
        page: usize,
    },
    /// A page is turned by more than a scanner turns it, or by no number.
    #[error("page {page} is turned by more than {} degrees", SKEW_MAX / 1000)]
    PageSkew {
        /// The page, from 1.
        page: usize,
    },
    /// A page has more than [`LAYERS_MAX`] layers, or one that is not within the page.
    #[error("page {page} has more than {LAYERS_MAX} layers, or one outside of it")]
    PageLayers {
        /// The page, from 1.
        page: usize,
    },
    /// A page has more than [`PAGE_WORDS_MAX`] words, or a word without a place.
    #[error("page {page} has too many words, or a word whose place is not a number")]
    PageWords {
        /// The page, from 1.
        page: usize,
    },
    /// A particular is empty or longer than [`TEXT_CHARS_MAX`].
    #[error("the {name} is empty or longer than {TEXT_CHARS_MAX} characters")]
    Text {
        /// Which one.
        name: &'static str,
    },
    /// Numbers in a book begin at 1.
    #[error("the number in the book is 0")]
    Number,
}

impl CopyRequest {
    /// Checks the request against the limits of the format.
    pub(crate) fn check(&self) -> Result<(), RequestError> {
        let count = self.pages.len();
        if count == 0 || count > PAGE_COUNT_MAX {
            return Err(RequestError::PageCount { count });
        }
        if self.number == 0 {
            return Err(RequestError::Number);
        }
        for (i, page) in self.pages.iter().enumerate() {
            page.check(i + 1)?;
        }
        let texts = [
            ("book", &self.book),
            ("authority", &self.authority),
            ("place", &self.place),
            ("officer's name", &self.officer),
            ("capacity", &self.capacity),
            ("kind of document", &self.kind),
            ("title", &self.title),
            ("device", &self.device),
            ("verification address", &self.verify_base),
        ];
        let bad = |text: &str| text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX;
        match texts.iter().find(|(_, text)| bad(text)) {
            Some((name, _)) => Err(RequestError::Text { name }),
            None => Ok(()),
        }
    }

    /// The manifest of the copy to be made: `profile` is the id of its words, `pages` is what it
    /// says of each page.
    pub(crate) fn manifest(&self, profile: &str, pages: &[PageEntry]) -> Manifest {
        Manifest {
            version: MANIFEST_VERSION,
            product: self.product,
            profile: profile.to_owned(),
            code: self.code,
            number: self.number,
            book: self.book.clone(),
            issued_at: vietnam_seconds(self.issued_at),
            authority: self.authority.clone(),
            officer: self.officer.clone(),
            capacity: self.capacity.clone(),
            kind: self.kind.clone(),
            title: self.title.clone(),
            device: self.device.clone(),
            sequence: self.sequence,
            pages: pages.to_vec(),
            models: self.models.clone(),
            clock: self.clock,
            specimen: false,
            corrected: self.corrected.clone(),
        }
    }
}

impl PageImage {
    /// What the manifest says of the page: its JPEG's digest, the margins above and to the right in
    /// tenths of a millimetre.
    pub(crate) fn entry(
        &self,
        sha256: [u8; 32],
        (margin_top, margin_right): (u32, u32),
    ) -> PageEntry {
        PageEntry {
            sha256: hex::encode(sha256),
            width: self.width,
            height: self.height,
            dpi: self.dpi,
            skew: self.skew(),
            margin_top,
            margin_right,
            coarseness: 1,
            over: Vec::new(),
        }
    }

    /// In thousandths of a degree.
    pub(crate) fn skew(&self) -> i32 {
        (self.skew_degrees * 1000.0).round() as i32
    }

    fn check(&self, page: usize) -> Result<(), RequestError> {
        if self.width == 0 || self.height == 0 || !DPI_RANGE.contains(&self.dpi) {
            return Err(RequestError::PageSize { page });
        }
        if !self.skew_degrees.is_finite() || self.skew().abs() > SKEW_MAX {
            return Err(RequestError::PageSkew { page });
        }
        let within = |layer: &Layer| is_within(layer.area, self.width, self.height);
        if self.over.len() > LAYERS_MAX || !self.over.iter().all(within) {
            return Err(RequestError::PageLayers { page });
        }
        let placed = |word: &PlacedWord| word.quad.iter().flatten().all(|v| v.is_finite());
        if self.words.len() > PAGE_WORDS_MAX || !self.words.iter().all(placed) {
            return Err(RequestError::PageWords { page });
        }
        Ok(())
    }
}

/// Whether an area has an extent and lies within a page.
pub(crate) fn is_within(
    [left, top, width, height]: Area,
    page_width: u32,
    page_height: u32,
) -> bool {
    let ends = |start: u32, side: u32, page: u32| {
        side > 0 && start.checked_add(side).is_some_and(|end| end <= page)
    };
    ends(left, width, page_width) && ends(top, height, page_height)
}
