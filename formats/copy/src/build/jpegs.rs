//! The pages' JPEG files, put into the finished file one after the other.
//!
//! krilla looks at the beginning of a JPEG only, and holds all it is given several times. So it is
//! given that beginning with the page's number behind it, and the files themselves take its place
//! at the end: the copy is in memory once, and of the pages one at a time.

use std::borrow::Cow;

use super::BuildError;
use crate::hash;
use crate::request::PageImage;
use crate::revision::start_of_table;
use crate::slim::{Entries, Known, Picture, pictures};

/// Room for the signatures, so that a copy is not moved when they come.
const SIGNATURES: usize = 64 << 10;
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

/// The file with the pages' JPEGs where their stand-ins are.
pub(super) fn put_in(
    file: &[u8],
    stand_ins: &[StandIn],
    pages: &[PageImage],
) -> Result<Vec<u8>, BuildError> {
    let other = || BuildError::Pdf { reason: "its images have another form".into() };
    let table = start_of_table(file).ok_or_else(other)?;
    let entries = Entries::read(file, table).ok_or_else(other)?;
    let found = pictures(file, &entries, table).ok_or_else(other)?;
    let page_of = |picture: &Picture| {
        let content = &file[picture.content.clone()];
        stand_ins.iter().position(|stand_in| stand_in.bytes == content)
    };
    let places: Vec<_> = found.iter().filter_map(|p| Some((p, page_of(p)?))).collect();
    if places.len() != stand_ins.len() {
        return Err(other());
    }
    let images: usize = stand_ins.iter().map(|jpeg| jpeg.length).sum();
    let mut bytes = Vec::with_capacity(file.len() + images + SIGNATURES);
    // Behind which place everything moves, and by how much.
    let (mut moves, mut from) = (Vec::new(), 0);
    for (picture, page) in places {
        let jpeg = match stand_ins[page].whole {
            Some(whole) => Cow::Borrowed(whole),
            None => read(&pages[page], page)?,
        };
        bytes.extend_from_slice(&file[from..picture.digits.start]);
        bytes.extend_from_slice(jpeg.len().to_string().as_bytes());
        bytes.extend_from_slice(&file[picture.digits.end..picture.content.start]);
        bytes.extend_from_slice(&jpeg);
        from = picture.content.end;
        moves.push((from, bytes.len()));
    }
    bytes.extend_from_slice(&file[from..]);
    let moved = |offset: usize| {
        let before = moves.partition_point(|(old, _)| *old <= offset);
        before.checked_sub(1).map_or(offset, |at| moves[at].1 + offset - moves[at].0)
    };
    entries.moved(&mut bytes, moved).ok_or_else(other)?;
    Ok(bytes)
}
