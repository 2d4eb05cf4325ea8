//! What the signed document may be made of.
//!
//! A copy is refused for what its signers should not have signed: content that acts, that shows one
//! thing to one reader and another to the next, or that covers the page of the original. This is
//! the defence against a file prepared before signing (shadow attacks), when even the keys are
//! right.

use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::content::{Content, Operand, Operation};
use crate::once;
use crate::place::Place;
use crate::request::Area;
use crate::revision::STREAM_BYTES_MAX;

/// Entries of the catalog; anything else could act when the file is opened, or change what is seen.
const CATALOG: &[&[u8]] = &[
    b"Type",
    b"Pages",
    b"Metadata",
    b"OutputIntents",
    b"Lang",
    b"Names",
    b"AF",
    b"MarkInfo",
    b"StructTreeRoot",
    b"ViewerPreferences",
];
/// Entries of a page. No turning, no cropping, no annotation.
const PAGE: &[&[u8]] = &[
    b"Type",
    b"Resources",
    b"MediaBox",
    b"Parent",
    b"Contents",
    b"StructParents",
    b"Tabs",
    b"Group",
];
/// Entries of a node of the page tree: none that a page would inherit.
const PAGES: &[&[u8]] = &[b"Type", b"Count", b"Kids", b"Parent"];
/// Entries of a page's image: no alternate, no inversion.
const IMAGE: &[&[u8]] = &[
    b"Length",
    b"Type",
    b"Subtype",
    b"Filter",
    b"Width",
    b"Height",
    b"ColorSpace",
    b"BitsPerComponent",
];
/// Entries of the mask of a layer.
const MASK: &[&[u8]] = &[
    b"Length",
    b"Type",
    b"Subtype",
    b"ImageMask",
    b"Width",
    b"Height",
    b"BitsPerComponent",
    b"Filter",
    b"DecodeParms",
];
/// Entries that no dictionary of a copy has, wherever it stands.
const NOWHERE: &[(&[u8], &str)] = &[
    (b"JS", "a script"),
    (b"JavaScript", "a script"),
    (b"OpenAction", "an action"),
    (b"AA", "an action"),
    (b"A", "an action"),
    (b"XFA", "an XFA form"),
    (b"AcroForm", "a form"),
    (b"FT", "a form field"),
    (b"Annots", "an annotation"),
    (b"OC", "optional content"),
    (b"OCProperties", "optional content"),
    (b"Perms", "a certification"),
    (b"ByteRange", "a signature"),
    (b"Ref", "a reference to another file"),
    (b"PieceInfo", "private data"),
    (b"Alternates", "an alternate image"),
];
/// What the page of an original is drawn with: words that the image then covers.
const OPERATORS: &[&[u8]] = &[
    b"q", b"Q", b"cm", b"cs", b"scn", b"BT", b"ET", b"Tr", b"Tf", b"Tm", b"Tj", b"TJ", b"BMC",
    b"BDC", b"EMC",
];
/// What it may be drawn with besides when it has margins or was turned: parts of the seal's image,
/// clipped, and areas filled.
const MORE_OPERATORS: &[&[u8]] = &[b"Do", b"re", b"m", b"l", b"h", b"W", b"n", b"f"];
/// What layers are drawn with, one after the other.
const LAYER_OPERATORS: &[&[u8]] = &[b"q", b"Q", b"cm", b"Do", b"EMC"];
/// How far a drawn image may be from its page's edge, in points (rounding).
const EDGE_SLACK: f32 = 0.1;
/// How deep dictionaries and arrays are followed; krilla's stay under ten.
const DEPTH_MAX: usize = 32;

/// Names the first thing in an unsigned revision that no copy has.
pub(crate) fn forbidden(bytes: &[u8], document: &Document) -> Option<&'static str> {
    framing(bytes, document)
        .or_else(|| (!once::says_once(bytes, document)).then_some("a thing said twice"))
        .or_else(|| document.objects.values().find_map(|object| within(object, DEPTH_MAX)))
        .or_else(|| tree(document))
}

/// One revision, one classic table, every object in the open.
fn framing(bytes: &[u8], document: &Document) -> Option<&'static str> {
    let packed = |entry: &XrefEntry| matches!(entry, XrefEntry::Compressed { .. });
    let has = |key: &[u8]| document.trailer.has(key);
    // The parser takes `/Prev` out of the trailer once it followed it.
    if has(b"Prev") || document.xref_section_count > 1 {
        Some("an earlier revision")
    } else if has(b"Encrypt") {
        Some("encryption")
    } else if has(b"XRefStm")
        || !bytes.get(document.xref_start..).is_some_and(|table| table.starts_with(b"xref"))
        || document.reference_table.entries.values().any(packed)
    {
        Some("hidden objects")
    } else {
        None
    }
}

fn within(object: &Object, depth: usize) -> Option<&'static str> {
    if depth == 0 {
        return Some("deep nesting");
    }
    match object {
        Object::Array(items) => items.iter().find_map(|item| within(item, depth - 1)),
        Object::Dictionary(entries) => dictionary(entries, depth - 1),
        Object::Stream(stream) if stream.dict.has(b"F") => Some("a reference to another file"),
        Object::Stream(stream) => dictionary(&stream.dict, depth - 1),
        _ => None,
    }
}

fn dictionary(entries: &Dictionary, depth: usize) -> Option<&'static str> {
    let named = |key: &[u8]| NOWHERE.iter().find(|(name, _)| *name == key).map(|(_, what)| *what);
    entries.iter().find_map(|(key, value)| named(key).or_else(|| within(value, depth)))
}

fn only(entries: &Dictionary, allowed: &[&[u8]]) -> bool {
    entries.iter().all(|(key, _)| allowed.contains(&key.as_slice()))
}

/// The catalog, its names, the page tree.
fn tree(document: &Document) -> Option<&'static str> {
    let Ok(catalog) = document.catalog() else { return Some("no catalog") };
    if !only(catalog, CATALOG) {
        return Some("an unknown entry in its catalog");
    }
    let names = document.get_dict_in_dict(catalog, b"Names");
    if names.is_ok_and(|names| !only(names, &[b"EmbeddedFiles"])) {
        return Some("an unknown name tree");
    }
    for id in document.page_iter() {
        let Ok(page) = document.get_dictionary(id) else { return Some("a page that is none") };
        if !only(page, PAGE) {
            return Some("an unknown entry in a page");
        }
        // A page stands right under the root of the tree, so what it inherits is seen here.
        let parent = document.get_dict_in_dict(page, b"Parent");
        if parent.is_ok_and(|parent| !only(parent, PAGES) || parent.has(b"Parent")) {
            return Some("an unknown entry in its page tree");
        }
    }
    None
}

/// Whether an image is a JPEG of a size that is drawn as its bytes are: not inverted, without an
/// alternate, masked only if it must be.
pub(crate) fn is_jpeg(image: &Stream, columns: u32, rows: u32, masked: bool) -> bool {
    let known = [IMAGE, &[b"Mask".as_slice()]].concat();
    only(&image.dict, if masked { &known } else { IMAGE })
        && is_name(&image.dict, b"Filter", b"DCTDecode")
        && is_number(&image.dict, b"Width", columns.into())
        && is_number(&image.dict, b"Height", rows.into())
}

/// Whether an image is a mask that shows what is black in it, coded by ITU-T T.6.
pub(crate) fn is_mask(image: &Stream, columns: u32, rows: u32) -> bool {
    let (columns, rows) = (i64::from(columns), i64::from(rows));
    let parameters = image.dict.get(b"DecodeParms").and_then(Object::as_dict);
    let coded = |parameters: &Dictionary| {
        parameters.len() == 3
            && is_number(parameters, b"K", -1)
            && is_number(parameters, b"Columns", columns)
            && is_number(parameters, b"Rows", rows)
    };
    only(&image.dict, MASK)
        && is_name(&image.dict, b"Subtype", b"Image")
        && is_name(&image.dict, b"Filter", b"CCITTFaxDecode")
        && image.dict.get(b"ImageMask").and_then(Object::as_bool).is_ok_and(|mask| mask)
        && is_number(&image.dict, b"BitsPerComponent", 1)
        && is_number(&image.dict, b"Width", columns)
        && is_number(&image.dict, b"Height", rows)
        && parameters.is_ok_and(coded)
}

fn is_name(entries: &Dictionary, key: &[u8], expected: &[u8]) -> bool {
    entries.get(key).and_then(Object::as_name).is_ok_and(|name| name == expected)
}

fn is_number(entries: &Dictionary, key: &[u8], expected: i64) -> bool {
    entries.get(key).and_then(Object::as_i64).is_ok_and(|number| number == expected)
}

/// The names of the images that a page shows over everything else, one for each area and each over
/// the one before, if they lie where they must: drawn last, opaque, unclipped. What a turned image
/// does not cover of its area must be painted over just before, so that nothing shows beside it;
/// what stands in the margins is the profile's.
pub(crate) fn drawn_last(
    document: &Document,
    page: ObjectId,
    place: &Place,
    areas: &[Area],
) -> Option<Vec<Vec<u8>>> {
    let content = document.get_page_content_with_limit(page, STREAM_BYTES_MAX).ok()?;
    let content = Content::read(&content)?;
    let operations = content.operations();
    let draws = operations.iter().enumerate().filter(|(_, operation)| operation.operator == b"Do");
    let draws: Vec<usize> = draws.map(|(at, _)| at).collect();
    let draws = &draws[draws.len().checked_sub(areas.len())?..];
    let at = *draws.first()?;
    let (before, after) = (&operations[..at], &operations[at + 1..]);
    let more = !place.is_upright() || place.right > 0.0 || place.top > 0.0;
    let known = |operation: &Operation| {
        let operator = operation.operator;
        (OPERATORS.contains(&operator) || (more && MORE_OPERATORS.contains(&operator)))
            && !cuts(&content, operation)
    };
    let layers = |operation: &Operation| LAYER_OPERATORS.contains(&operation.operator);
    let near = |(a, b): (f32, f32)| (a - b).abs() <= EDGE_SLACK;
    let sound = before.iter().all(known)
        && after.iter().all(layers)
        && (place.is_upright() || painted_over(&content, before, place)?);
    sound.then_some(())?;
    let placed = |(at, area): (&usize, &Area)| {
        let state = state(&content, &operations[..*at])?;
        let right = state.matrix.into_iter().zip(place.matrix(*area)).all(near);
        let name = content.operands(&operations[*at]).first();
        let Some(Operand::Name(name)) = name else { return None };
        (right && !state.clipped).then(|| name.to_vec())
    };
    draws.iter().zip(areas).map(placed).collect()
}

/// Whether an operation lets words cut out of what is drawn later (rendering modes from 4).
fn cuts(content: &Content, operation: &Operation) -> bool {
    let plain = |mode: &f32| [0.0, 1.0, 2.0, 3.0].contains(mode);
    let mode = || content.numbers(operation).map(|[mode]| mode);
    operation.operator == b"Tr" && !mode().is_some_and(|mode| plain(&mode))
}

/// Whether the last thing painted before the image fills the whole area.
fn painted_over(content: &Content, before: &[Operation], place: &Place) -> Option<bool> {
    let painted = |operation: &Operation| matches!(operation.operator, b"ET" | b"Do");
    let start = before.iter().rposition(painted).map_or(0, |at| at + 1);
    let fill = start + before[start..].iter().position(|operation| operation.operator == b"f")?;
    let State { matrix, clipped } = state(content, &before[..fill])?;
    let corners = before[start..fill].iter().filter(|o| matches!(o.operator, b"m" | b"l"));
    let mut found = Vec::new();
    for corner in corners {
        let [x, y] = content.numbers(corner)?;
        let [.., x, y] = product([0.0, 0.0, 0.0, 0.0, x, y], matrix);
        found.push((x, y));
    }
    let (width, height) = place.area;
    let expected = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
    let near = |a: &(f32, f32), b: &(f32, f32)| {
        (a.0 - b.0).abs() <= EDGE_SLACK && (a.1 - b.1).abs() <= EDGE_SLACK
    };
    let covers = found.len() == 4 && expected.iter().all(|e| found.iter().any(|f| near(e, f)));
    // One area, and nothing after it.
    let single = before[fill + 1..].iter().all(|o| o.operator != b"f");
    Some(covers && !clipped && single)
}

/// What is in force behind some operations.
#[derive(Clone, Copy)]
struct State {
    matrix: [f32; 6],
    clipped: bool,
}

fn state(content: &Content, operations: &[Operation]) -> Option<State> {
    let mut kept = Vec::new();
    let mut now = State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], clipped: false };
    for operation in operations {
        match operation.operator {
            b"q" => kept.push(now),
            b"Q" => now = kept.pop()?,
            b"cm" => now.matrix = product(content.numbers(operation)?, now.matrix),
            b"W" => now.clipped = true,
            _ => {}
        }
    }
    Some(now)
}

/// `a` applied before `b` (ISO 32000-1, 8.3.4).
fn product(a: [f32; 6], b: [f32; 6]) -> [f32; 6] {
    let row = |x: f32, y: f32| [x * b[0] + y * b[2], x * b[1] + y * b[3]];
    let ([a0, a1], [a2, a3], [a4, a5]) = (row(a[0], a[1]), row(a[2], a[3]), row(a[4], a[5]));
    [a0, a1, a2, a3, a4 + b[4], a5 + b[5]]
}
