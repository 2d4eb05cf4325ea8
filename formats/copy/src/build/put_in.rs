//! The finished file from what krilla wrote: the pages' images and words where their stand-ins are,
//! the masks of images behind all objects, and every stream of text compressed. In one pass: the
//! copy is in memory once, and of the pages one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::jpegs::{File, StandIn};
use super::{BuildError, Plan, words};
use crate::place::Place;
use crate::request::{Area, CopyRequest};
use crate::revision::start_of_table;
use crate::slim::{Entries, mask_object, picture};

/// Room for the signatures, so that a copy is not moved when they come.
const SIGNATURES: usize = 64 << 10;
/// Of zlib: a third of the time of the usual 6 for some percent more bytes.
const LEVEL: u32 = 3;
const LENGTH: &[u8] = b"<</Length ";
const STREAM: &[u8] = b">>\nstream\n";
const STREAM_END: &[u8] = b"\nendstream";
/// What follows the length of the streams that are compressed: contents of pages, and the lists of
/// the characters of typefaces.
const COMPRESSED: [&[u8]; 2] = [b"", b"/Type/CMap/WMode 0"];

/// Puts the pages in.
pub(super) fn put_in(
    file: &[u8],
    plan: &Plan,
    request: &CopyRequest,
    places: &[Place],
) -> Result<Vec<u8>, BuildError> {
    let other = |what: &str| BuildError::Pdf { reason: format!("its {what} have another form") };
    let table = start_of_table(file).ok_or_else(|| other("objects"))?;
    let entries = Entries::read(file, table).ok_or_else(|| other("objects"))?;
    let used: Option<BTreeSet<usize>> = entries.used(file).collect();
    let starts = used.ok_or_else(|| other("objects"))?;
    let ends = starts.iter().skip(1).copied().chain([table]);
    let mut bytes = Vec::with_capacity(file.len() + plan.image_bytes() + SIGNATURES);
    // Behind which place everything moves, and where to.
    let (mut moves, mut from) = (Vec::new(), 0);
    let layers: BTreeMap<&[u8], &StandIn> =
        plan.stand_ins.iter().flatten().map(|layer| (layer.bytes.as_slice(), layer)).collect();
    let (mut deflate, mut images, mut masks) = (Deflate::new(), 0, Vec::new());
    for (start, end) in starts.iter().copied().zip(ends).filter(|(start, end)| start < end) {
        let image = picture(file, start, end)
            .and_then(|image| Some((*layers.get(&file[image.content.clone()])?, image)));
        if let Some((layer, image)) = image {
            let jpeg = layer.jpeg.read()?;
            bytes.extend_from_slice(&file[from..image.digits.start]);
            bytes.extend_from_slice(jpeg.len().to_string().as_bytes());
            if let Some(mask) = &layer.mask {
                let number = entries.next() + masks.len();
                bytes.extend_from_slice(format!("/Mask {number} 0 R").as_bytes());
                masks.push(Mask { number, area: layer.area, file: mask });
            }
            bytes.extend_from_slice(&file[image.digits.end..image.content.start]);
            bytes.extend_from_slice(&jpeg);
            from = image.content.end;
            images += 1;
        } else if let Some(text) = text(file, start..end) {
            let content = &file[text.content.clone()];
            let typeface = &plan.press.regular;
            let filled = words::put_in(content, &request.pages, places, &plan.alphabet, typeface);
            let packed = deflate.packed(filled.as_deref().unwrap_or(content));
            let packed = packed.ok_or_else(|| other("contents"))?;
            bytes.extend_from_slice(&file[from..text.digits.start]);
            bytes.extend_from_slice(packed.len().to_string().as_bytes());
            bytes.extend_from_slice(b"/Filter/FlateDecode");
            bytes.extend_from_slice(&file[text.digits.end..text.content.start]);
            bytes.extend_from_slice(packed);
            from = text.content.end;
        } else {
            continue;
        }
        moves.push((from, bytes.len()));
    }
    if images != layers.len() {
        return Err(other("images"));
    }
    bytes.extend_from_slice(&file[from..table]);
    let offsets = add_masks(&mut bytes, &masks)?;
    let new_table = bytes.len();
    moves.push((table, new_table));
    bytes.extend_from_slice(&file[table..]);
    let moved = |offset: usize| {
        let before = moves.partition_point(|(old, _)| *old <= offset);
        before.checked_sub(1).map_or(offset, |at| moves[at].1 + offset - moves[at].0)
    };
    entries.moved(&mut bytes, moved).ok_or_else(|| other("objects"))?;
    if !offsets.is_empty() {
        entries.add(&mut bytes, new_table, &offsets).ok_or_else(|| other("objects"))?;
    }
    Ok(bytes)
}

/// The mask of an image.
struct Mask<'a> {
    /// Of its object.
    number: usize,
    area: Area,
    file: &'a File<'a>,
}

/// Adds the masks' objects; returns where they begin.
fn add_masks(bytes: &mut Vec<u8>, masks: &[Mask]) -> Result<Vec<usize>, BuildError> {
    let mut offsets = Vec::new();
    for Mask { number, area: [.., width, height], file } in masks {
        offsets.push(bytes.len());
        bytes.extend_from_slice(&mask_object(*number, [*width, *height], &file.read()?));
    }
    Ok(offsets)
}

/// A stream that is to be compressed.
struct Text {
    /// The digits of its length.
    digits: Range<usize>,
    content: Range<usize>,
}

fn text(file: &[u8], object: Range<usize>) -> Option<Text> {
    let bytes = &file[object.clone()];
    let number = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = bytes[number..].strip_prefix(b" 0 obj\n")?.strip_prefix(LENGTH)?;
    let start = object.end - rest.len();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length: usize = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let entries = COMPRESSED.iter().find(|entries| {
        rest[digits..].strip_prefix(**entries).is_some_and(|rest| rest.starts_with(STREAM))
    })?;
    let content = digits + entries.len() + STREAM.len();
    rest.get(content + length..)?.starts_with(STREAM_END).then_some(())?;
    let content = start + content..start + content + length;
    Some(Text { digits: start..start + digits, content })
}

/// One compressor for all streams: a new one clears a quarter of a megabyte.
struct Deflate {
    state: Compress,
    packed: Vec<u8>,
}

impl Deflate {
    fn new() -> Self {
        Self { state: Compress::new(Compression::new(LEVEL), true), packed: Vec::new() }
    }

    fn packed(&mut self, bytes: &[u8]) -> Option<&[u8]> {
        self.state.reset();
        self.packed.clear();
        // What cannot be compressed grows by five bytes in every sixteen thousand (RFC 1951).
        self.packed.reserve(bytes.len() + bytes.len() / 1000 + 64);
        let done = self.state.compress_vec(bytes, &mut self.packed, FlushCompress::Finish);
        matches!(done, Ok(Status::StreamEnd)).then_some(&self.packed)
    }
}
