//! Clause 6.2.11: every font embedded, every glyph that is shown known to Unicode.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Object};

use super::{Found, array, dictionary, entry, name};

pub(super) fn check(document: &Document, found: &mut Found) {
    let mut known: BTreeMap<Vec<u8>, Option<BTreeSet<u16>>> = BTreeMap::new();
    for page in document.page_iter() {
        let Ok(fonts) = document.get_page_fonts(page) else { continue };
        let Ok(content) = Content::decode(&document.get_page_content(page)) else { continue };
        let mut font: Option<&Dictionary> = None;
        for operation in &content.operations {
            match (operation.operator.as_str(), operation.operands.as_slice()) {
                ("Tf", [Object::Name(named), _]) => {
                    font = fonts.get(named).copied();
                    found.hold(font.is_some(), "6.2.2", "a font that the page does not name");
                }
                ("Tj", [Object::String(codes, _)]) => {
                    shown(document, font, codes, &mut known, found);
                }
                ("TJ", [Object::Array(parts)]) => {
                    for part in parts {
                        let Object::String(codes, _) = part else { continue };
                        shown(document, font, codes, &mut known, found);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Holds shown glyphs against their font; each font is judged once.
fn shown(
    document: &Document,
    font: Option<&Dictionary>,
    codes: &[u8],
    known: &mut BTreeMap<Vec<u8>, Option<BTreeSet<u16>>>,
    found: &mut Found,
) {
    let Some(font) = font else {
        found.hold(false, "6.2.11.4", "text without a font");
        return;
    };
    let base = name(document, font, b"BaseFont").to_vec();
    let mapped = known.entry(base).or_insert_with(|| {
        descendant(document, font, found);
        unicode(document, font, found)
    });
    found.hold(codes.len().is_multiple_of(2), "6.2.11.3", "half a glyph");
    for code in codes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])) {
        found.hold(code != 0, "6.2.11.8", "the glyph for missing letters is shown");
        let has = mapped.as_ref().is_some_and(|mapped| mapped.contains(&code));
        found.hold(has, "6.2.11.7", "a glyph without its Unicode character");
    }
}

fn descendant(document: &Document, font: &Dictionary, found: &mut Found) {
    found.hold(name(document, font, b"Subtype") == b"Type0", "6.2.11.2", "an unexpected font");
    let encoding = name(document, font, b"Encoding");
    found.hold(encoding == b"Identity-H", "6.2.11.3.3", "an encoding that is not embedded");
    let list = array(document, font, b"DescendantFonts");
    let Some(cid) = list.first().and_then(|font| font.as_dict().ok()) else {
        found.hold(false, "6.2.11.2", "a font without glyphs");
        return;
    };
    if name(document, cid, b"Subtype") == b"CIDFontType2" {
        let map = entry(document, cid, b"CIDToGIDMap");
        let good = match map {
            Some(Object::Name(name)) => name == b"Identity",
            Some(Object::Stream(_)) => true,
            _ => false,
        };
        found.hold(good, "6.2.11.3.2", "glyphs are not numbered");
    }
    let system = dictionary(document, cid, b"CIDSystemInfo");
    let said = |key: &[u8]| {
        system.and_then(|s| entry(document, s, key)).and_then(|v| v.as_str().ok()).unwrap_or(b"")
    };
    let good = said(b"Registry") == b"Adobe" && said(b"Ordering") == b"Identity";
    found.hold(good, "6.2.11.3.1", "the glyphs' collection");
    let descriptor = dictionary(document, cid, b"FontDescriptor");
    let file = |key| descriptor.and_then(|d| dictionary(document, d, key)).is_some();
    let embedded = file(b"FontFile2".as_slice()) || file(b"FontFile3");
    found.hold(embedded, "6.2.11.4.1", "a font is not embedded");
    let plus = name(document, cid, b"BaseFont").get(6) == Some(&b'+');
    found.hold(plus, "6.2.11.4.2", "a subset without its mark");
}

/// The codes that the font's CMap maps, to no character that Unicode forbids here.
fn unicode(document: &Document, font: &Dictionary, found: &mut Found) -> Option<BTreeSet<u16>> {
    let Some(Object::Stream(map)) = entry(document, font, b"ToUnicode") else {
        found.hold(false, "6.2.11.7.2", "a font without Unicode");
        return None;
    };
    let bytes = map.decompressed_content().unwrap_or_else(|_| map.content.clone());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut codes = BTreeSet::new();
    let hex = |word: &str| u32::from_str_radix(word.trim_matches(['<', '>']), 16).ok();
    let mut target = |word: &str| {
        let forbidden = ["<0000>", "<FEFF>", "<FFFE>"].contains(&word.to_uppercase().as_str());
        let private = hex(word).is_some_and(|code| (0xe000..0xf900).contains(&code));
        found.hold(!forbidden && !private, "6.2.11.7.2", "a character that says nothing");
    };
    for (start, end, width) in [("beginbfchar", "endbfchar", 2), ("beginbfrange", "endbfrange", 3)]
    {
        for block in text.split(start).skip(1) {
            let block = block.split(end).next().unwrap_or_default();
            let words: Vec<_> = block.split_whitespace().collect();
            for row in words.chunks_exact(width) {
                let (first, last) = (hex(row[0])?, hex(row[width - 2])?);
                codes.extend((first..=last).filter_map(|code| u16::try_from(code).ok()));
                target(row[width - 1]);
            }
        }
    }
    Some(codes)
}
