//! What the file says of itself in XMP, beyond what krilla writes: the copy's particulars, with the
//! description of their schema that PDF/A asks for (ISO 19005-3, 6.6.2.3).
//!
//! krilla has no hook for it, so the metadata stream of the finished file grows, and the offsets
//! behind it with it. All descriptions of schemas move into an element of their own: PDFBox looks
//! for them nowhere else. The stream is the only one in the open beside the manifest; the
//! information dictionary has no such entries, so the two still agree.

use crate::hash;
use crate::manifest::{Manifest, PageEntry};

/// The schema's name; it changes with the manifest's version.
const NAMESPACE: &str = "urn:bansao:copy:3#";
const STREAM: &[u8] = b"/Type/Metadata/Subtype/XML>>\nstream\n";
const LENGTH: &[u8] = b"<</Length ";
const SCHEMAS: &str = "<pdfaExtension:schemas><rdf:Bag>";
const SCHEMAS_END: &str = "</rdf:Bag></pdfaExtension:schemas>";
/// Opens the element of the schemas, with the names that ISO 19005-3, 6.6.2.3.3 prescribes.
const OPENED: &str = "<rdf:Description rdf:about=\"\" \
    xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" \
    xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
    xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">";
const CLOSED: &str = "</rdf:Description>";
const END: &str = "</rdf:RDF>";
/// An entry of a cross-reference table.
const ENTRY: usize = 20;

/// Name, type, meaning.
const PROPERTIES: [(&str, &str, &str); 8] = [
    ("Product", "Text", "What the copy is in law"),
    ("Profile", "Text", "The profile whose words the copy bears"),
    ("DocumentKind", "Text", "The kind of the original document"),
    ("Code", "Text", "The verification code"),
    ("Device", "Text", "The device that made the copy"),
    ("ManifestSHA256", "Text", "SHA-256 of the attached manifest"),
    ("PageSHA256", "seq Text", "SHA-256 of each page's images, in order"),
    ("Model", "seq Text", "Each model that read the original, with its version"),
];

/// The file with the copy's particulars in its metadata. `None` if it is not as krilla writes it.
pub(super) fn described(
    mut bytes: Vec<u8>,
    manifest: &Manifest,
    manifest_bytes: &[u8],
) -> Option<Vec<u8>> {
    let marked = bytes.windows(STREAM.len()).rposition(|window| window == STREAM)?;
    let start = marked + STREAM.len();
    let head = bytes[..marked].windows(LENGTH.len()).rposition(|window| window == LENGTH)?;
    let digits = head + LENGTH.len()..marked;
    let length: usize = std::str::from_utf8(&bytes[digits.clone()]).ok()?.parse().ok()?;
    let text = std::str::from_utf8(bytes.get(start..start + length)?).ok()?;
    let (before, after) = text.split_once(SCHEMAS)?;
    let (schemas, after) = after.split_once(SCHEMAS_END)?;
    let (between, rest) = after.split_once(END)?;
    let schemas = [OPENED, SCHEMAS, schemas, &schema(), SCHEMAS_END, CLOSED].concat();
    let own = properties(manifest, manifest_bytes);
    let text = [before, between, &schemas, &own, END, rest].concat();
    let written = format!("{}", text.len());
    let grown = text.len() - length + written.len() - digits.len();
    bytes.splice(start..start + length, text.into_bytes());
    bytes.splice(digits, written.into_bytes());
    moved(bytes, marked, grown)
}

/// Adds `grown` to every offset behind `from`.
fn moved(mut bytes: Vec<u8>, from: usize, grown: usize) -> Option<Vec<u8>> {
    let mark = b"startxref\n";
    let at = bytes.windows(mark.len()).rposition(|window| window == mark)? + mark.len();
    let end = at + bytes[at..].iter().position(|byte| *byte == b'\n')?;
    let table = number(&bytes[at..end])? + grown;
    bytes.splice(at..end, table.to_string().into_bytes());
    let line = bytes.get(table..)?.strip_prefix(b"xref\n0 ")?;
    let digits = line.iter().position(|byte| *byte == b'\n')?;
    let entries = number(&line[..digits])?;
    let first = table + b"xref\n0 ".len() + digits + 1;
    for entry in 0..entries {
        let place = first + entry * ENTRY..first + entry * ENTRY + 10;
        let offset = number(bytes.get(place.clone())?)?;
        if offset > from {
            let moved = format!("{:010}", offset + grown);
            bytes.get_mut(place)?.copy_from_slice(moved.as_bytes());
        }
    }
    Some(bytes)
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn schema() -> String {
    let mut text = format!(
        "<rdf:li rdf:parseType=\"Resource\"><pdfaSchema:schema>Particulars of a copy\
         </pdfaSchema:schema><pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>\
         <pdfaSchema:prefix>copy</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    );
    for (name, kind, meaning) in PROPERTIES {
        text.push_str(&format!(
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:category>internal\
             </pdfaProperty:category><pdfaProperty:description>{meaning}\
             </pdfaProperty:description><pdfaProperty:name>{name}</pdfaProperty:name>\
             <pdfaProperty:valueType>{kind}</pdfaProperty:valueType></rdf:li>"
        ));
    }
    text + "</rdf:Seq></pdfaSchema:property></rdf:li>"
}

fn properties(manifest: &Manifest, manifest_bytes: &[u8]) -> String {
    let one = |text: &str| escaped(text);
    let list = |texts: Vec<String>| {
        let items: String =
            texts.iter().map(|text| format!("<rdf:li>{}</rdf:li>", escaped(text))).collect();
        format!("<rdf:Seq>{items}</rdf:Seq>")
    };
    let pages = manifest.pages.iter().flat_map(PageEntry::digests).map(str::to_owned).collect();
    let models = manifest.models.iter().map(|model| format!("{} {}", model.name, model.version));
    let values = [
        one(manifest.product.name()),
        one(&manifest.profile),
        one(&manifest.kind),
        one(&manifest.code.to_string()),
        one(&manifest.device),
        one(&hex::encode(hash(manifest_bytes))),
        list(pages),
        list(models.collect()),
    ];
    let mut text = format!("<rdf:Description rdf:about=\"\" xmlns:copy=\"{NAMESPACE}\">");
    for ((name, ..), value) in PROPERTIES.iter().zip(values) {
        text.push_str(&format!("<copy:{name}>{value}</copy:{name}>"));
    }
    text + CLOSED
}

/// Text as XML content; what XML cannot hold becomes a space.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
