//! Clause 6.1: the file's structure, and what any object of it may be.

use lopdf::{Document, Object};

use super::Found;

/// Table 1 of ISO 19005-1, kept by part 3 in 6.1.13.
const STRING_BYTES_MAX: usize = 32_767;
const NAME_BYTES_MAX: usize = 127;
const OBJECTS_MAX: usize = 8_388_607;
/// Filters of ISO 32000-1 that part 3 allows (6.1.7.2); a crypt filter has no business here.
const FILTERS: [&[u8]; 7] = [
    b"ASCIIHexDecode",
    b"ASCII85Decode",
    b"FlateDecode",
    b"RunLengthDecode",
    b"CCITTFaxDecode",
    b"JBIG2Decode",
    b"DCTDecode",
];
/// Keys that no dictionary of an archived document has, with the clause.
const NOWHERE: [(&[u8], &str); 13] = [
    (b"JS", "6.5.1"),
    (b"JavaScript", "6.5.1"),
    (b"AA", "6.5.2"),
    (b"OpenAction", "6.5.1"),
    (b"XFA", "6.4.2"),
    (b"OPI", "6.2.8"),
    (b"Ref", "6.2.9.2"),
    (b"PS", "6.2.9.3"),
    (b"TR", "6.2.5"),
    (b"HTP", "6.2.5"),
    (b"PresSteps", "6.10"),
    (b"AlternatePresentations", "6.10"),
    (b"Requirements", "6.11"),
];

/// The bytes from header to end.
pub(super) fn check(bytes: &[u8], found: &mut Found) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let header = lines.next().unwrap_or_default();
    let version = header.strip_prefix(b"%PDF-1.").is_some_and(|v| v.len() == 1 && v[0] <= b'7');
    found.hold(version, "6.1.2", "the file begins with %PDF-1.n");
    let comment = lines.next().unwrap_or_default();
    let binary = comment.len() >= 5 && comment[0] == b'%' && comment[1..5].iter().all(|b| *b > 127);
    found.hold(binary, "6.1.2", "a comment of four bytes above 127 follows");
    let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    found.hold(end.ends_with(b"%%EOF"), "6.1.3", "nothing follows the end");
    for trailer in sections(bytes, b"\ntrailer") {
        let trailer = &trailer[..find(trailer, b"startxref").unwrap_or(trailer.len())];
        found.hold(find(trailer, b"/ID").is_some(), "6.1.3", "each trailer has an identifier");
        found.hold(find(trailer, b"/Encrypt").is_none(), "6.1.3", "nothing is encrypted");
    }
    for table in sections(bytes, b"\nxref") {
        let form = table.first() == Some(&b'\n') && table.get(1).is_some_and(u8::is_ascii_digit);
        found.hold(form, "6.1.4", "one line end stands between xref and its section");
    }
    for stream in sections(bytes, b">>\nstream") {
        let form = stream.starts_with(b"\n") || stream.starts_with(b"\r\n");
        found.hold(form, "6.1.7.1", "a line end follows the word stream");
    }
}

/// Every object, however deep.
pub(super) fn objects(document: &Document, found: &mut Found) {
    found.hold(document.objects.len() <= OBJECTS_MAX, "6.1.13", "too many objects");
    found.hold(!document.is_encrypted(), "6.1.3", "nothing is encrypted");
    for object in document.objects.values() {
        within(object, found);
        let Object::Stream(stream) = object else { continue };
        for key in [b"F".as_slice(), b"FFilter", b"FDecodeParms"] {
            found.hold(!stream.dict.has(key), "6.1.7.1", "a stream lies outside the file");
        }
        let filters = stream.filters().unwrap_or_default();
        let allowed = filters.iter().all(|filter| FILTERS.contains(filter));
        found.hold(allowed, "6.1.7.2", "a filter that is not allowed");
        let length = stream.dict.get(b"Length").and_then(Object::as_i64).ok();
        let whole = length == i64::try_from(stream.content.len()).ok();
        found.hold(whole, "6.1.7.1", "a stream is not as long as it says");
    }
}

fn within(object: &Object, found: &mut Found) {
    match object {
        Object::Integer(value) => {
            let range = i64::from(i32::MIN)..=i64::from(i32::MAX);
            found.hold(range.contains(value), "6.1.13", "an integer beyond 32 bits");
        }
        Object::Real(value) => found.hold(value.is_finite(), "6.1.13", "a number without end"),
        Object::String(text, _) => {
            found.hold(text.len() <= STRING_BYTES_MAX, "6.1.13", "a string is too long");
        }
        Object::Name(text) => name(text, found),
        Object::Array(items) => items.iter().for_each(|item| within(item, found)),
        Object::Dictionary(entries) => dictionary(entries, found),
        Object::Stream(stream) => dictionary(&stream.dict, found),
        _ => {}
    }
}

fn dictionary(entries: &lopdf::Dictionary, found: &mut Found) {
    for (key, value) in entries {
        name(key, found);
        for (forbidden, clause) in NOWHERE {
            let words = String::from_utf8_lossy(forbidden);
            found.hold(key != forbidden, clause, &format!("an entry {words}"));
        }
        within(value, found);
    }
}

fn name(text: &[u8], found: &mut Found) {
    found.hold(text.len() <= NAME_BYTES_MAX, "6.1.13", "a name is too long");
    found.hold(std::str::from_utf8(text).is_ok(), "6.1.8", "a name is not UTF-8");
}

fn find(bytes: &[u8], words: &[u8]) -> Option<usize> {
    bytes.windows(words.len()).position(|window| window == words)
}

/// What follows each place of `mark`.
fn sections<'a>(bytes: &'a [u8], mark: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let ends = bytes.windows(mark.len()).enumerate().filter(move |(_, window)| *window == mark);
    ends.map(move |(at, _)| &bytes[at + mark.len()..])
}
