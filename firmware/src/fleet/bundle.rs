//! One file with all that helps to find a fault, and with nothing of a citizen.
//!
//! What goes in carries no names by its making: logs, status and figures never do. Two nets lie
//! below that: every name that the register knows, and every number as long as an ID card's, is
//! masked in the log before it goes in.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use time::OffsetDateTime;

use crate::store;

/// The end of the log that goes along, in bytes.
pub const LOG_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What stands in the place of what was masked.
const MASKED: &str = "(masked)";
/// Digits of an ID card's number, and of the card before it (CCCD and CMND).
const ID_DIGITS: [usize; 2] = [12, 9];

/// Parts that were gathered, and those that were not.
#[derive(Debug, Default)]
pub struct Bundle {
    parts: Vec<(&'static str, Vec<u8>)>,
    missing: Vec<(&'static str, String)>,
}

impl Bundle {
    /// Puts a part in.
    pub fn put(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.parts.push((name, bytes));
    }

    /// Notes that a part could not be had, and why.
    pub fn lack(&mut self, name: &'static str, why: String) {
        self.missing.push((name, why));
    }

    /// Names of the parts.
    pub fn names(&self) -> Vec<&'static str> {
        self.parts.iter().map(|(name, _)| *name).collect()
    }

    /// Parts that could not be had, and why.
    pub fn missing(&self) -> &[(&'static str, String)] {
        &self.missing
    }

    /// Writes all as a tar.gz, dated `at`.
    pub fn write(&self, out: impl Write, at: OffsetDateTime) -> io::Result<()> {
        let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::default()));
        let mut put = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(u64::try_from(at.unix_timestamp()).unwrap_or_default());
            tar.append_data(&mut header, format!("kiosk-diag/{name}"), bytes)
        };
        for (name, bytes) in &self.parts {
            put(name, bytes)?;
        }
        for (name, why) in &self.missing {
            put(&format!("{name}.missing"), why.as_bytes())?;
        }
        tar.into_inner()?.finish()?.flush()
    }
}

/// Takes names and numbers of citizens out of a text.
#[derive(Debug, Default)]
pub struct Mask {
    names: BTreeSet<String>,
}

impl Mask {
    /// A mask for all names that the register in this folder knows. One that cannot be read leaves
    /// the numbers.
    pub fn of(state: &Path) -> Self {
        let books = store::list_books(state).unwrap_or_default();
        let read = |book: &store::BookTotals| store::read_book(state, &book.book).ok().flatten();
        let rows = books.iter().filter_map(read).flat_map(|book| book.rows);
        let names = rows.map(|(_, row)| row.requester).filter(|name| name.contains(' '));
        Self { names: names.flat_map(|name| [name.to_uppercase(), name]).collect() }
    }

    /// The text without them.
    pub fn apply(&self, text: &str) -> String {
        let mut masked = without_numbers(text);
        for name in &self.names {
            masked = masked.replace(name, MASKED);
        }
        masked
    }
}

/// The text without words of as many digits as an ID card's number.
fn without_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find(|c: char| c.is_alphanumeric()).unwrap_or(rest.len());
        masked.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let number = ID_DIGITS.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
        masked.push_str(if number { MASKED } else { word });
        rest = behind;
    }
    masked
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn numbers_of_cards_and_names_of_the_register_are_masked_and_digests_are_not() {
        let mask = Mask { names: BTreeSet::from(["Nghiêm Thị Thử".to_owned()]) };
        let digest = "a1001199999999ff";
        let text = format!("Nghiêm Thị Thử, 001199999999; (012345678) {digest} 1769999999 ms=12");
        let masked = mask.apply(&text);
        assert_eq!(masked, format!("(masked), (masked); ((masked)) {digest} 1769999999 ms=12"));
    }

    #[test]
    fn a_bundle_unpacks_to_its_parts_and_says_what_is_missing() {
        let mut bundle = Bundle::default();
        bundle.put("status.json", b"{}".to_vec());
        bundle.lack("log", "journalctl is not there".into());
        let mut file = Vec::new();
        bundle.write(&mut file, OffsetDateTime::UNIX_EPOCH).expect("written");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&file[..]));
        let mut parts = Vec::new();
        for entry in tar.entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            parts.push((entry.path().expect("a path").display().to_string(), text));
        }
        let expected = [
            ("kiosk-diag/status.json", "{}"),
            ("kiosk-diag/log.missing", "journalctl is not there"),
        ];
        assert_eq!(parts, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
