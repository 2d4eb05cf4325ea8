//! What stands for the pages' JPEG files while a copy is laid out.
//!
//! krilla looks at the beginning of a JPEG only, and holds all it is given several times. So it is
//! given that beginning with the page's number behind it, and the files themselves take its place
//! at the end.

use std::borrow::Cow;

use super::BuildError;
use crate::hash;
use crate::request::PageImage;
use crate::slim::Known;

/// First bytes of markers in a JPEG file (ITU-T T.81, table B.1).
const MARKER: u8 = 0xff;
const START_OF_IMAGE: u8 = 0xd8;
const START_OF_SCAN: u8 = 0xda;

/// The beginning of a page's JPEG file.
pub(super) struct StandIn<'a> {
    pub(super) bytes: Vec<u8>,
    /// The whole file where it lies in memory; else it is read again.
    whole: Option<&'a [u8]>,
    pub(super) length: usize,
    pub(super) sha256: [u8; 32],
}

/// What stands for each page's file while the copy is laid out.
pub(super) fn stand_ins(pages: &[PageImage]) -> Result<Vec<StandIn<'_>>, BuildError> {
    pages.iter().enumerate().map(|(i, page)| StandIn::new(page, i)).collect()
}

impl<'a> StandIn<'a> {
    fn new(page: &'a PageImage, index: usize) -> Result<Self, BuildError> {
        let jpeg = read(page, index)?;
        let head = head(&jpeg).unwrap_or(&jpeg);
        let bytes = [head, format!("page {index}").as_bytes()].concat();
        let (length, sha256) = (jpeg.len(), hash(&jpeg));
        let whole = if let Cow::Borrowed(whole) = jpeg { Some(whole) } else { None };
        Ok(Self { bytes, whole, length, sha256 })
    }

    /// The file of a page, read again where it does not lie in memory.
    pub(super) fn jpeg(
        all: &[Self],
        pages: &'a [PageImage],
        page: usize,
    ) -> Result<Cow<'a, [u8]>, BuildError> {
        all[page].whole.map_or_else(|| read(&pages[page], page), |whole| Ok(Cow::Borrowed(whole)))
    }

    /// The page's file and its digest, where it lies in memory and cannot have changed.
    pub(super) fn known(&self) -> Option<Known<'a>> {
        Some(Known { bytes: self.whole?, sha256: self.sha256 })
    }
}

fn read(page: &PageImage, index: usize) -> Result<Cow<'_, [u8]>, BuildError> {
    let failed = |e: std::io::Error| BuildError::Page { page: index + 1, reason: e.to_string() };
    page.jpeg.read().map_err(failed)
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
