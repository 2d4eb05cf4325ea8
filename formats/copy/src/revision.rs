//! What one signature appends to the file, byte for byte.
//!
//! Both sides use this module: signing writes a revision, verifying writes the same revision again
//! and compares. So nothing can hide between the signatures: a copy whose appended bytes are not
//! exactly these is refused, whatever a PDF reader would make of them.
//!
//! An appended revision is a line end, the objects (the signature dictionary first), a
//! cross-reference table, a trailer. Object numbers follow from the size of the first revision:
//! `size` the first signature, `+1` its widget, `+2` the last page's annotations, `+3` the form,
//! `+4` the second signature, `+5` its widget. The first signer's revision also repeats the catalog
//! and the last page with one entry more; the second's repeats only the annotations and the form.
//! Who the signers are follows from the product: officer and authority, or the authority alone.

use std::collections::BTreeMap;
use std::ops::Range;

use lopdf::xref::XrefEntry;
use lopdf::{Document, LoadOptions, Object, ObjectId};
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::manifest::vietnam_seconds;
use crate::slim::{Known, Slim};

/// Digits of a number in a `/ByteRange`, padded with spaces; room for any file below 10 GB.
const RANGE_DIGITS: usize = 10;
/// What a compressed stream may grow to while a file is read.
pub(crate) const STREAM_BYTES_MAX: usize = 16 << 20;

/// Who signs. The order is the order of the revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The officer who compared the copy with the original.
    Officer,
    /// The authority, with its seal.
    Authority,
}

impl Role {
    /// The signature field's name.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Officer => "Officer",
            Self::Authority => "Authority",
        }
    }

    /// The reason that the signature states. Part of the format, not of the wording profile: old
    /// copies must be found unchanged for ever.
    fn reason(self) -> &'static str {
        match self {
            Self::Officer => "Chứng thực bản sao đúng với bản chính",
            Self::Authority => "Con dấu điện tử của cơ quan chứng thực",
        }
    }

    fn tooltip(self) -> &'static str {
        match self {
            Self::Officer => "Chữ ký số của người thực hiện chứng thực",
            Self::Authority => "Chữ ký số của cơ quan chứng thực",
        }
    }
}

/// The facts of the first (unsigned) revision that later revisions depend on.
pub(crate) struct Base {
    /// As parsed: without its pictures.
    pub(crate) document: Document,
    pub(crate) slim: Slim,
    size: u32,
    root: u32,
    page: u32,
    root_text: Vec<u8>,
    page_text: Vec<u8>,
    trailer: String,
}

/// Why a file cannot be a base: it is not what [`crate::build`] makes.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It does not parse as a PDF.
    #[error("the file does not parse as a PDF")]
    Parse(#[source] lopdf::Error),
    /// It parses, and differs in shape from what is written here.
    #[error("the PDF has no usable {part}")]
    Shape {
        /// What is missing or different.
        part: &'static str,
    },
    /// It holds what no copy has: something that acts, hides or covers.
    #[error("the PDF has {what}, as no copy has")]
    Forbidden {
        /// What it has.
        what: &'static str,
    },
}

impl Base {
    /// Reads an unsigned revision; `known` are pictures that it may hold.
    pub(crate) fn read(bytes: &[u8], known: &[Known]) -> Result<Self, BaseError> {
        let options = LoadOptions {
            strict: true,
            max_decompressed_size: Some(STREAM_BYTES_MAX),
            ..LoadOptions::default()
        };
        let slim = Slim::of(bytes, known);
        let bytes = slim.bytes.as_slice();
        let document = Document::load_mem_with_options(bytes, options).map_err(BaseError::Parse)?;
        let shape = |part| BaseError::Shape { part };
        let offsets = offsets(&document);
        let root = plain_reference(document.trailer.get(b"Root"), "catalog")?;
        let page = document.page_iter().last().ok_or(shape("page"))?;
        let root_text = object_text(bytes, &offsets, document.xref_start, root)
            .ok_or(shape("catalog"))?
            .to_vec();
        let page_text =
            object_text(bytes, &offsets, document.xref_start, page).ok_or(shape("page"))?.to_vec();
        let size = offsets.keys().last().ok_or(shape("objects"))? + 1;
        let trailer = trailer_entries(&document)?;
        let (root, page) = (root.0, page.0);
        Ok(Self { document, slim, size, root, page, root_text, page_text, trailer })
    }

    /// The first object number that the unsigned revision leaves free.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// The catalog's object number.
    pub(crate) fn root(&self) -> u32 {
        self.root
    }

    /// The object number of the page that carries the signature fields.
    pub(crate) fn page(&self) -> u32 {
        self.page
    }

    /// The catalog of a signed revision, with more entries.
    pub(crate) fn catalog(&self, more: &str) -> Vec<u8> {
        let form = format!("/AcroForm {} 0 R{more}>>", self.size + 3);
        [&self.root_text, form.as_bytes()].concat()
    }

    /// A trailer down to the end of the file.
    pub(crate) fn trailer(&self, size: u32, previous_table: usize, table: usize) -> String {
        format!(
            "trailer\n<</Size {size} {} /Prev {previous_table}>>\nstartxref\n{table}\n%%EOF\n",
            self.trailer
        )
    }
}

fn plain_reference(
    object: lopdf::Result<&Object>,
    part: &'static str,
) -> Result<ObjectId, BaseError> {
    let id = object.and_then(Object::as_reference).map_err(|_| BaseError::Shape { part })?;
    if id.1 == 0 { Ok(id) } else { Err(BaseError::Shape { part }) }
}

/// Where each object begins, by number.
fn offsets(document: &Document) -> BTreeMap<u32, usize> {
    let normal = |(number, entry): (&u32, &XrefEntry)| match entry {
        XrefEntry::Normal { offset, .. } => Some((*number, *offset as usize)),
        _ => None,
    };
    document.reference_table.entries.iter().filter_map(normal).collect()
}

/// An object's dictionary as it is written, without the closing `>>`.
///
/// The object ends where the next one (or the table) begins, so no text inside it can fake its end.
fn object_text<'a>(
    bytes: &'a [u8],
    offsets: &BTreeMap<u32, usize>,
    table: usize,
    id: ObjectId,
) -> Option<&'a [u8]> {
    let start = *offsets.get(&id.0)?;
    let end = offsets.values().copied().chain([table]).filter(|at| *at > start).min()?;
    let text = bytes.get(start..end)?;
    let text = text.strip_prefix(format!("{} 0 obj\n", id.0).as_bytes())?;
    let text = text.trim_ascii_end().strip_suffix(b"endobj")?.trim_ascii_end();
    text.starts_with(b"<<").then_some(text)?.strip_suffix(b">>")
}

/// The trailer's entries that stay the same in every revision.
fn trailer_entries(document: &Document) -> Result<String, BaseError> {
    let root = plain_reference(document.trailer.get(b"Root"), "catalog")?;
    let info = plain_reference(document.trailer.get(b"Info"), "information dictionary")?;
    let ids = document.trailer.get(b"ID").and_then(Object::as_array).map(Vec::as_slice);
    let Ok([Object::String(first, _), Object::String(second, _)]) = ids else {
        return Err(BaseError::Shape { part: "file identifier" });
    };
    Ok(format!(
        "/Root {} 0 R /Info {} 0 R /ID [<{}> <{}>]",
        root.0,
        info.0,
        hex::encode(first),
        hex::encode(second)
    ))
}

/// What is written behind a file, with a hole to be filled in.
pub(crate) struct Added {
    /// What comes behind the file.
    pub(crate) bytes: Vec<u8>,
    /// The hole that a signature or time-stamp does not cover: `<`, zeros, `>`. Its place in the
    /// longer file.
    pub(crate) hole: Range<usize>,
}

impl Added {
    /// Whether all of it but the hole's inside stands behind `previous` bytes of a file.
    pub(crate) fn stands_in(&self, file: &[u8], previous: usize) -> bool {
        let Some(found) = file.get(previous..) else { return false };
        let (start, end) = (self.hole.start - previous, self.hole.end - previous);
        found.len() == self.bytes.len()
            && found[..=start] == self.bytes[..=start]
            && found[end - 1..] == self.bytes[end - 1..]
    }
}

/// The revision of a signer behind a file: the last of `signers`, behind the others. `room` bytes
/// for the signature, `at` as its time. The signature is still empty.
pub(crate) fn append(
    previous: &[u8],
    base: &Base,
    signers: &[Role],
    at: OffsetDateTime,
    room: usize,
) -> Option<Added> {
    let previous_table = start_of_table(previous)?;
    let (role, earlier) = signers.split_last()?;
    let role = *role;
    let numbers = Numbers::new(base, earlier.len());
    let before = previous.len();
    let mut bytes = vec![b'\n'];
    let mut offsets = BTreeMap::new();
    offsets.insert(numbers.signature, before + bytes.len());
    bytes.extend(format!("{} 0 obj\n{SIGNATURE_HEAD}", numbers.signature).as_bytes());
    let range_at = bytes.len();
    bytes.extend([b' '; range_width()]);
    bytes.extend(SIGNATURE_CONTENTS.as_bytes());
    let hole = bytes.len()..bytes.len() + 2 * room + 2;
    bytes.push(b'<');
    bytes.resize(hole.end - 1, b'0');
    bytes.extend(b">");
    bytes.extend(signature_tail(role, at).as_bytes());
    for (number, text) in objects(base, role, &numbers) {
        offsets.insert(number, before + bytes.len());
        bytes.extend(format!("{number} 0 obj\n").as_bytes());
        bytes.extend(text);
        bytes.extend(b"\nendobj\n");
    }
    let table = before + bytes.len();
    bytes.extend(table_text(&offsets).as_bytes());
    let size = numbers.widget.max(numbers.form) + 1;
    bytes.extend(base.trailer(size, previous_table, table).as_bytes());
    let hole = before + hole.start..before + hole.end;
    let range = byte_range(&hole, before + bytes.len());
    bytes[range_at..range_at + range.len()].copy_from_slice(range.as_bytes());
    Some(Added { bytes, hole })
}

struct Numbers {
    signature: u32,
    widget: u32,
    annotations: u32,
    form: u32,
    /// Of the signers before and of this one.
    widgets: Vec<u32>,
}

impl Numbers {
    fn new(base: &Base, earlier: usize) -> Self {
        let all = widgets(base.size, earlier + 1);
        let widget = all.last().copied().unwrap_or(base.size + 1);
        let (annotations, form) = (base.size + 2, base.size + 3);
        Self { signature: widget - 1, widget, annotations, form, widgets: all }
    }
}

/// The object numbers of the first signatures' widgets.
pub(crate) fn widgets(size: u32, signers: usize) -> Vec<u32> {
    (0..signers as u32).map(|signer| size + 4 * signer + 1).collect()
}

const SIGNATURE_HEAD: &str =
    "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange ";
const SIGNATURE_CONTENTS: &str = "/Contents ";

fn signature_tail(role: Role, at: OffsetDateTime) -> String {
    format!("/M({})/Reason{}>>\nendobj\n", pdf_date(at), text_string(role.reason()))
}

/// Every object of the revision but the signature dictionary.
fn objects(base: &Base, role: Role, numbers: &Numbers) -> Vec<(u32, Vec<u8>)> {
    let widgets: Vec<_> = numbers.widgets.iter().map(|number| format!("{number} 0 R")).collect();
    let widgets = widgets.join(" ");
    // An invisible field: no extent, printed (4) and locked (128), as PDF/A asks of a widget
    // without an appearance.
    let widget = format!(
        "<</Type/Annot/Subtype/Widget/FT/Sig/T({})/TU{}/V {} 0 R/P {} 0 R/F 132/Rect[0 0 0 0]>>",
        role.field(),
        text_string(role.tooltip()),
        numbers.signature,
        base.page
    );
    let mut objects = vec![
        (numbers.widget, widget.into_bytes()),
        (numbers.annotations, format!("[{widgets}]").into_bytes()),
        (numbers.form, format!("<</Fields[{widgets}]/SigFlags 3>>").into_bytes()),
    ];
    if numbers.widgets.len() == 1 {
        let annotations = format!("/Annots {} 0 R>>", numbers.annotations);
        objects.push((base.root, base.catalog("")));
        objects.push((base.page, [&base.page_text, annotations.as_bytes()].concat()));
    }
    objects
}

/// The cross-reference table: one subsection for each run of numbers.
pub(crate) fn table_text(offsets: &BTreeMap<u32, usize>) -> String {
    let mut text = "xref\n".to_owned();
    let entries: Vec<_> = offsets.iter().collect();
    for run in entries.chunk_by(|a, b| *a.0 + 1 == *b.0) {
        text.push_str(&format!("{} {}\n", run[0].0, run.len()));
        for (_, offset) in run {
            text.push_str(&format!("{offset:010} 00000 n \n"));
        }
    }
    text
}

pub(crate) const fn range_width() -> usize {
    "[0   ]".len() + 3 * RANGE_DIGITS
}

pub(crate) fn byte_range(hole: &Range<usize>, length: usize) -> String {
    let text = format!("[0 {} {} {}]", hole.start, hole.end, length - hole.end);
    format!("{text:<width$}", width = range_width())
}

/// A date as in `D:20261122091530+07'00'`; always Vietnam's time.
const DATE: &[BorrowedFormatItem] =
    format_description!("D:[year][month][day][hour][minute][second]+07'00'");
const DATE_LENGTH: usize = "D:20261122091530+07'00'".len();

fn pdf_date(at: OffsetDateTime) -> String {
    vietnam_seconds(at).format(DATE).unwrap_or_default()
}

fn read_pdf_date(text: &str) -> Option<OffsetDateTime> {
    Some(PrimitiveDateTime::parse(text, DATE).ok()?.assume_offset(offset!(+7)))
}

/// A text string in UTF-16 with byte order mark, as hexadecimal.
fn text_string(text: &str) -> String {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    format!("<feff{}>", hex::encode(utf16))
}

/// The offset in the file's last `startxref`, if the file ends as a PDF ends.
pub(crate) fn start_of_table(bytes: &[u8]) -> Option<usize> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes).strip_suffix(b"\n%%EOF")?;
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (text, number) = text.split_at(text.len() - digits);
    text.ends_with(b"startxref\n").then_some(())?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// A signed file taken apart by its last revision, reading only what [`append`] writes.
#[derive(Debug)]
pub(crate) struct Split {
    /// Length of the file before the revision.
    pub(crate) previous: usize,
    /// The hole with the signature.
    pub(crate) hole: Range<usize>,
    /// The time that the signature states.
    pub(crate) at: OffsetDateTime,
    /// Whose field the revision adds.
    pub(crate) role: Role,
}

/// Finds the last revision's beginning and its signature. `None` if the file does not end with a
/// revision of this shape; only the places are checked here, the bytes by comparing (see above).
pub(crate) fn split(bytes: &[u8]) -> Option<Split> {
    let table = bytes.get(start_of_table(bytes)?..)?.strip_prefix(b"xref\n")?;
    let first = first_object(table)?;
    let previous = first.checked_sub(1)?;
    let rest = bytes.get(first..)?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = rest[digits..].strip_prefix(b" 0 obj\n")?;
    let rest = rest.strip_prefix(SIGNATURE_HEAD.as_bytes())?;
    let range = rest.get(..range_width())?;
    let rest = rest[range_width()..].strip_prefix(SIGNATURE_CONTENTS.as_bytes())?;
    let start = bytes.len() - rest.len();
    rest.starts_with(b"<").then_some(())?;
    let length = rest.iter().position(|b| *b == b'>')? + 1;
    let hole = start..start + length;
    (range == byte_range(&hole, bytes.len()).as_bytes()).then_some(())?;
    let tail = &bytes[hole.end..];
    let (date, _) = tail.strip_prefix(b"/M(")?.split_at_checked(DATE_LENGTH)?;
    let at = read_pdf_date(std::str::from_utf8(date).ok()?)?;
    let names = |role: &Role| {
        let field = format!("/T({})", role.field());
        tail.windows(field.len()).any(|w| w == field.as_bytes())
    };
    let role = [Role::Officer, Role::Authority].into_iter().find(names)?;
    Some(Split { previous, hole, at, role })
}

/// Whether a signature as [`append`] writes it stands anywhere in the bytes.
pub(crate) fn is_signed(bytes: &[u8]) -> bool {
    bytes.windows(SIGNATURE_HEAD.len()).any(|window| window == SIGNATURE_HEAD.as_bytes())
}

/// The smallest offset of a table as [`table_text`] writes it.
pub(crate) fn first_object(table: &[u8]) -> Option<usize> {
    let end = table.windows(8).position(|w| w == b"trailer\n")?;
    let text = std::str::from_utf8(&table[..end]).ok()?;
    let entries = text.lines().filter_map(|line| line.strip_suffix(" 00000 n "));
    entries
        .map(|offset| offset.parse::<usize>().ok())
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the right frame around a hole.
    fn framed(hole: &str) -> Vec<u8> {
        let head = format!("%PDF-1.7\n\n1 0 obj\n{SIGNATURE_HEAD}");
        let start = head.len() + range_width() + SIGNATURE_CONTENTS.len();
        let mut tail = "/M(D:20261122091530+07'00')/T(Officer)\n".to_owned();
        let table = start + hole.len() + tail.len();
        tail.push_str("xref\n1 1\n0000000010 00000 n \ntrailer\n");
        tail.push_str(&format!("startxref\n{table}\n%%EOF\n"));
        let end = start + hole.len();
        let range = byte_range(&(start..end), end + tail.len());
        [head.as_str(), &range, SIGNATURE_CONTENTS, hole, &tail].concat().into_bytes()
    }

    #[test]
    fn a_frame_is_found_with_its_hole_role_and_time() {
        let found = split(&framed("<00>")).expect("the frame");
        assert_eq!((found.previous, found.hole.len(), found.role), (9, 4, Role::Officer));
        assert_eq!(found.at, time::macros::datetime!(2026-11-22 09:15:30 +7));
    }

    #[test]
    fn holes_that_are_no_holes_are_not_found() {
        for hole in [">", "0>", "00>", ""] {
            assert!(split(&framed(hole)).is_none(), "{hole}");
        }
    }

    #[test]
    fn tables_number_runs_of_objects() {
        let offsets = BTreeMap::from([(3, 30), (4, 40), (7, 70)]);
        let table = table_text(&offsets);
        assert_eq!(
            table,
            "xref\n3 2\n0000000030 00000 n \n0000000040 00000 n \n7 1\n0000000070 00000 n \n"
        );
        assert_eq!(first_object(format!("{table}trailer\n").as_bytes()), Some(30));
    }
}
