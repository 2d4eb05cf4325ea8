//! Rules of PDF/A-3a (ISO 19005-3) as far as they touch what a copy is made of, written from the
//! standard's clauses and not from the code that makes copies. Each violation names its clause.

mod document;
mod file;
mod fonts;
mod metadata;

use lopdf::{Dictionary, Document, Object};

/// All violations of a file; none of a good one.
pub(crate) fn violations(bytes: &[u8]) -> Vec<String> {
    let mut found = Found::default();
    file::check(bytes, &mut found);
    let Ok(document) = Document::load_mem(bytes) else {
        found.hold(false, "6.1.1", "the file does not parse");
        return found.0;
    };
    file::objects(&document, &mut found);
    document::check(&document, &mut found);
    fonts::check(&document, &mut found);
    metadata::check(&document, &mut found);
    found.0
}

/// What was found so far.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    /// Notes a rule that does not hold.
    fn hold(&mut self, holds: bool, clause: &str, rule: &str) {
        if !holds {
            self.0.push(format!("{clause}: {rule}"));
        }
    }
}

/// An entry, followed if it is a reference.
fn entry<'a>(document: &'a Document, owner: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    owner.get(key).ok().and_then(|value| document.dereference(value).ok()).map(|(_, value)| value)
}

fn dictionary<'a>(
    document: &'a Document,
    owner: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    match entry(document, owner, key)? {
        Object::Dictionary(found) => Some(found),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

fn array<'a>(document: &'a Document, owner: &'a Dictionary, key: &[u8]) -> Vec<&'a Object> {
    let Some(Object::Array(items)) = entry(document, owner, key) else { return Vec::new() };
    items.iter().filter_map(|item| document.dereference(item).ok()).map(|(_, item)| item).collect()
}

fn name<'a>(document: &'a Document, owner: &'a Dictionary, key: &[u8]) -> &'a [u8] {
    entry(document, owner, key).and_then(|value| value.as_name().ok()).unwrap_or_default()
}
