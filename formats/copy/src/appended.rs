//! What may stand behind a sealed copy, byte for byte: document time-stamps and validation data
//! (ETSI EN 319 142-1: B-T, B-LT, B-LTA). The sealed bytes are the file's beginning, unchanged.
//!
//! As with signatures, a verifier writes each update again from what it read and compares, so
//! nothing else can travel with it. Object numbers go on behind the last signer's (the unsigned
//! revision's size and six more, four where the authority alone signed):
//! - a time-stamp: its dictionary, its widget; the annotations and the form are repeated;
//! - validation data: one stream a piece, then the list of all pieces so far; the catalog is
//!   repeated with its number.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::evidence::{EVIDENCE_COUNT_MAX, Evidence};
use crate::revision::{
    self, Added, Base, byte_range, first_object, range_width, start_of_table, table_text,
};

/// Updates behind a copy: a time-stamp, validation data, and a renewal every few years.
pub(crate) const UPDATES_MAX: usize = 32;
const STAMP_HEAD: &str =
    "<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange ";
const STAMP_CONTENTS: &str = "/Contents ";
const STREAM_HEAD: &str = "<</Length ";
const STREAM_START: &str = ">>\nstream\n";
const STREAM_END: &str = "\nendstream\nendobj\n";
const LIST_HEAD: &str = "<</Type/DSS";

/// One update as it was read.
#[derive(Debug)]
pub(crate) enum Update {
    /// A time-stamp: the hole with its token, from `<` to behind `>`.
    Stamp(Range<usize>),
    /// Validation data.
    Evidence(Vec<Evidence>),
}

/// Takes the last update off a file: its content and the length of the file before it.
pub(crate) fn split(bytes: &[u8]) -> Option<(Update, usize)> {
    let table = start_of_table(bytes)?;
    let first = first_object(bytes.get(table..)?.strip_prefix(b"xref\n")?)?;
    let previous = first.checked_sub(1)?;
    let body = bytes.get(first..table)?;
    let rest = numbered(body)?;
    let update = if let Some(rest) = rest.strip_prefix(STAMP_HEAD.as_bytes()) {
        let rest = rest.get(range_width()..)?.strip_prefix(STAMP_CONTENTS.as_bytes())?;
        let start = table - rest.len();
        rest.starts_with(b"<").then_some(())?;
        let length = rest.iter().position(|byte| *byte == b'>')? + 1;
        Update::Stamp(start..start + length)
    } else {
        Update::Evidence(streams(body)?)
    };
    Some((update, previous))
}

/// Drops `N 0 obj` and the line's end.
fn numbered(bytes: &[u8]) -> Option<&[u8]> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes[digits..].strip_prefix(b" 0 obj\n")
}

fn streams(mut bytes: &[u8]) -> Option<Vec<Evidence>> {
    let mut pieces = Vec::new();
    loop {
        let rest = numbered(bytes)?;
        if rest.starts_with(LIST_HEAD.as_bytes()) {
            return Some(pieces);
        }
        let rest = rest.strip_prefix(STREAM_HEAD.as_bytes())?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length: usize = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        let rest = rest[digits..].strip_prefix(STREAM_START.as_bytes())?;
        let (content, rest) = rest.split_at_checked(length)?;
        pieces.push(Evidence::of(content)?);
        (pieces.len() <= EVIDENCE_COUNT_MAX).then_some(())?;
        bytes = rest.strip_prefix(STREAM_END.as_bytes())?;
    }
}

/// Writes updates behind a sealed copy, each from what came before it.
#[derive(Clone)]
pub(crate) struct Tail {
    base: Arc<Base>,
    /// The next free object number.
    next: u32,
    widgets: Vec<u32>,
    evidence: Vec<(u32, Evidence)>,
}

impl Tail {
    /// Nothing appended yet behind so many signers.
    pub(crate) fn new(base: Arc<Base>, signers: usize) -> Self {
        let widgets = revision::widgets(base.size(), signers);
        // The annotations and the form lie behind the first signer's widget.
        let last = widgets.last().map_or(0, |widget| *widget);
        let next = (last + 1).max(base.size() + 4);
        Self { base, next, widgets, evidence: Vec::new() }
    }

    /// All validation data so far.
    pub(crate) fn evidence(&self) -> Vec<Evidence> {
        self.evidence.iter().map(|(_, piece)| piece.clone()).collect()
    }

    /// A time-stamp behind a file, with `room` bytes for its token.
    pub(crate) fn stamp(&mut self, previous: &[u8], room: usize) -> Option<Added> {
        let (own, widget) = (self.next, self.next + 1);
        self.widgets.push(widget);
        self.next += 2;
        let stamp = format!(
            "{STAMP_HEAD}{:width$}{STAMP_CONTENTS}<{:0>room$}>>>",
            "",
            "",
            width = range_width(),
            room = 2 * room
        );
        let kids: Vec<_> = self.widgets.iter().map(|number| format!("{number} 0 R")).collect();
        let kids = kids.join(" ");
        let field = format!(
            "<</Type/Annot/Subtype/Widget/FT/Sig/T(TimeStamp{own})/V {own} 0 R/P {} 0 R/F 132\
             /Rect[0 0 0 0]>>",
            self.base.page()
        );
        let objects = vec![
            (own, stamp.into_bytes()),
            (widget, field.into_bytes()),
            (self.base.size() + 2, format!("[{kids}]").into_bytes()),
            (self.base.size() + 3, format!("<</Fields[{kids}]/SigFlags 3>>").into_bytes()),
        ];
        let mut bytes = self.written(previous, &objects)?;
        let head = 1 + format!("{own} 0 obj\n").len() + STAMP_HEAD.len();
        let start = previous.len() + head + range_width() + STAMP_CONTENTS.len();
        let hole = start..start + 2 * room + 2;
        let range = byte_range(&hole, previous.len() + bytes.len());
        bytes[head..head + range.len()].copy_from_slice(range.as_bytes());
        Some(Added { bytes, hole })
    }

    /// Validation data behind a file.
    pub(crate) fn add(&mut self, previous: &[u8], pieces: &[Evidence]) -> Option<Vec<u8>> {
        let mut objects = Vec::new();
        for piece in pieces {
            let head = format!("{STREAM_HEAD}{}{STREAM_START}", piece.der().len());
            objects.push((self.next, [head.as_bytes(), piece.der(), b"\nendstream"].concat()));
            self.evidence.push((self.next, piece.clone()));
            self.next += 1;
        }
        let list = self.next;
        self.next += 1;
        objects.push((list, self.list().into_bytes()));
        objects.push((self.base.root(), self.base.catalog(&format!("/DSS {list} 0 R"))));
        self.written(previous, &objects)
    }

    fn list(&self) -> String {
        let mut text = LIST_HEAD.to_owned();
        let kind = |piece: &Evidence| match piece {
            Evidence::Certificate(_) => "Certs",
            Evidence::Ocsp(_) => "OCSPs",
            Evidence::Crl(_) => "CRLs",
        };
        for name in ["Certs", "OCSPs", "CRLs"] {
            let of_kind = self.evidence.iter().filter(|(_, piece)| kind(piece) == name);
            let numbers: Vec<_> = of_kind.map(|(number, _)| format!("{number} 0 R")).collect();
            if !numbers.is_empty() {
                text.push_str(&format!("/{name}[{}]", numbers.join(" ")));
            }
        }
        text + ">>"
    }

    fn written(&self, previous: &[u8], objects: &[(u32, Vec<u8>)]) -> Option<Vec<u8>> {
        let previous_table = start_of_table(previous)?;
        let before = previous.len();
        let mut bytes = vec![b'\n'];
        let mut offsets = BTreeMap::new();
        for (number, text) in objects {
            offsets.insert(*number, before + bytes.len());
            bytes.extend(format!("{number} 0 obj\n").as_bytes());
            bytes.extend(text);
            bytes.extend(b"\nendobj\n");
        }
        let table = before + bytes.len();
        bytes.extend(table_text(&offsets).as_bytes());
        let trailer = self.base.trailer(self.next, previous_table, table);
        bytes.extend(trailer.as_bytes());
        Some(bytes)
    }
}
