//! What stands for the pages' images while a copy is laid out.
//!
//! krilla looks at the beginning of a JPEG only, and holds all it is given several times. So it is
//! given that beginning with the layer's number behind it, and the files themselves take its place
//! at the end. Masks it does not know; they become objects behind all others, each named by its
//! image.

use std::borrow::Cow;

use krilla::image::Image;

use super::BuildError;
use crate::hash;
use crate::manifest::{COARSENESS, LayerEntry};
use crate::request::{Area, ImageFile, PageImage};
use crate::slim::Known;

/// First bytes of markers in a JPEG file (ITU-T T.81, table B.1).
const MARKER: u8 = 0xff;
const START_OF_IMAGE: u8 = 0xd8;
const START_OF_SCAN: u8 = 0xda;

/// A file that goes into the copy as it is.
pub(super) struct File<'a> {
    source: &'a ImageFile,
    /// The page, from 0.
    page: usize,
    /// The whole file where it lies in memory; else it is read again.
    whole: Option<&'a [u8]>,
    length: usize,
    sha256: [u8; 32],
}

impl<'a> File<'a> {
    fn new(source: &'a ImageFile, page: usize) -> Result<(Self, Cow<'a, [u8]>), BuildError> {
        let bytes = read(source, page)?;
        let (length, sha256) = (bytes.len(), hash(&bytes));
        let whole = if let Cow::Borrowed(whole) = bytes { Some(whole) } else { None };
        Ok((Self { source, page, whole, length, sha256 }, bytes))
    }

    /// The file, read again where it does not lie in memory.
    pub(super) fn read(&self) -> Result<Cow<'a, [u8]>, BuildError> {
        self.whole.map_or_else(|| read(self.source, self.page), |whole| Ok(Cow::Borrowed(whole)))
    }
}

fn read(source: &ImageFile, page: usize) -> Result<Cow<'_, [u8]>, BuildError> {
    let failed = |e: std::io::Error| BuildError::Page { page: page + 1, reason: e.to_string() };
    source.read().map_err(failed)
}

/// A layer of a page while the copy is laid out.
pub(super) struct StandIn<'a> {
    /// The beginning of its JPEG, for krilla.
    pub(super) image: Image,
    pub(super) area: Area,
    pub(super) bytes: Vec<u8>,
    pub(super) jpeg: File<'a>,
    pub(super) mask: Option<File<'a>>,
}

/// What stands for each page's layers while the copy is laid out, from the bottom.
pub(super) fn stand_ins(pages: &[PageImage]) -> Result<Vec<Vec<StandIn<'_>>>, BuildError> {
    let page = |(i, page)| StandIn::of_page(page, i);
    pages.iter().enumerate().map(page).collect()
}

impl<'a> StandIn<'a> {
    fn of_page(page: &'a PageImage, index: usize) -> Result<Vec<Self>, BuildError> {
        let area = [0, 0, page.width, page.height];
        let mut found = vec![Self::new(&page.jpeg, None, area, (index, 0))?];
        for (i, layer) in page.over.iter().enumerate() {
            found.push(Self::new(&layer.jpeg, layer.mask.as_ref(), layer.area, (index, i + 1))?);
        }
        Ok(found)
    }

    fn new(
        jpeg: &'a ImageFile,
        mask: Option<&'a ImageFile>,
        area: Area,
        (page, layer): (usize, usize),
    ) -> Result<Self, BuildError> {
        let (jpeg, whole) = File::new(jpeg, page)?;
        let head = head(&whole).unwrap_or(&whole);
        let bytes = [head, format!("page {page} layer {layer}").as_bytes()].concat();
        let image = Image::from_jpeg(bytes.clone().into(), false)
            .map_err(|reason| BuildError::Page { page: page + 1, reason })?;
        let mask = mask.map(|mask| File::new(mask, page)).transpose()?.map(|(mask, _)| mask);
        Ok(Self { image, area, bytes, jpeg, mask })
    }

    /// What the manifest says of it.
    pub(super) fn entry(&self) -> LayerEntry {
        let (columns, rows) = self.image.size();
        LayerEntry {
            sha256: hex::encode(self.jpeg.sha256),
            columns,
            rows,
            area: self.area,
            mask: self.mask.as_ref().map(|mask| hex::encode(mask.sha256)),
        }
    }

    /// How many pixels of its area are one of its image, if it is a whole number.
    pub(super) fn coarseness(&self) -> Option<u32> {
        let [.., width, height] = self.area;
        let size = |step: &u32| (width.div_ceil(*step), height.div_ceil(*step));
        COARSENESS.into_iter().find(|step| size(step) == self.image.size())
    }

    fn files(&self) -> impl Iterator<Item = &File<'a>> {
        [Some(&self.jpeg), self.mask.as_ref()].into_iter().flatten()
    }

    /// How long its files are.
    pub(super) fn length(&self) -> usize {
        self.files().map(|file| file.length).sum()
    }

    /// Its files and their digests, where they lie in memory and cannot have changed.
    pub(super) fn known(&self) -> impl Iterator<Item = Known<'a>> {
        self.files().filter_map(|file| Some(Known { bytes: file.whole?, sha256: file.sha256 }))
    }
}

/// A JPEG up to its first scan: all that says what it is.
fn head(jpeg: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    jpeg.starts_with(&[MARKER, START_OF_IMAGE]).then_some(())?;
    loop {
        let &[MARKER, kind, high, low] = jpeg.get(at..at + 4)?.first_chunk()? else { return None };
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if kind == START_OF_SCAN {
            return jpeg.get(..at);
        }
    }
}
