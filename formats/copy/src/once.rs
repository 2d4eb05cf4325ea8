//! Dictionaries that say a thing twice. What such an entry means is nowhere defined (ISO 32000-1,
//! 7.3.7): one reader takes the first, another the last, and they show different pages.
//!
//! A parser keeps one of the two, so the bytes are looked at. What is written otherwise than our
//! copies are (comments, escapes in keys) does not pass.

use lopdf::Document;
use lopdf::xref::XrefEntry;

use crate::content::{is_regular, is_space};

/// How deep dictionaries and arrays may lie in each other.
const DEPTH_MAX: usize = 32;
const TRAILER: &[u8] = b"trailer";

/// Whether all dictionaries of a file say everything once: those of its objects, and its trailer.
pub(crate) fn says_once(file: &[u8], document: &Document) -> bool {
    let once = |start: usize| file.get(start..).and_then(object).is_some();
    let objects = document.reference_table.entries.values().all(|entry| match entry {
        XrefEntry::Normal { offset, .. } => once(*offset as usize),
        _ => true,
    });
    let table = file.get(document.xref_start..).unwrap_or_default();
    let trailer = table.windows(TRAILER.len()).position(|window| window == TRAILER);
    objects && trailer.is_some_and(|at| once(document.xref_start + at + TRAILER.len()))
}

/// What is open while an object is read.
enum Open<'a> {
    Array,
    /// Its keys so far, and whether the last of them has its value.
    Dictionary(Vec<&'a [u8]>, bool),
}

/// Reads an object up to the word behind it, `stream` or `endobj` or `startxref`; `None` if it says
/// a thing twice or is odd.
fn object(mut rest: &[u8]) -> Option<()> {
    let mut open: Vec<Open> = Vec::new();
    loop {
        let length = match rest {
            [b'<', b'<', ..] | [b'[', ..] => {
                let dictionary = rest.starts_with(b"<<");
                valued(&mut open)?;
                let new = Open::Dictionary(Vec::new(), true);
                open.push(if dictionary { new } else { Open::Array });
                (open.len() <= DEPTH_MAX).then_some(1 + usize::from(dictionary))?
            }
            [b'>', b'>', ..] => matches!(open.pop()?, Open::Dictionary(_, true)).then_some(2)?,
            [b']', ..] => matches!(open.pop()?, Open::Array).then_some(1)?,
            [b'(', ..] => {
                valued(&mut open)?;
                literal(rest)?
            }
            [b'<', ..] => {
                valued(&mut open)?;
                rest.iter().position(|byte| *byte == b'>')? + 1
            }
            [b'/', name @ ..] => {
                let name = regular(name);
                named(&mut open, name)?;
                1 + name.len()
            }
            [byte, ..] if is_space(*byte) => 1,
            [..] => {
                let word = regular(rest);
                if open.is_empty() && matches!(word, b"stream" | b"endobj" | b"startxref") {
                    return Some(());
                }
                spoken(&mut open, word)?;
                word.len()
            }
        };
        rest = &rest[length..];
    }
}

/// A value begins.
fn valued(open: &mut [Open]) -> Option<()> {
    match open.last_mut() {
        Some(Open::Dictionary(_, valued)) => (!std::mem::replace(valued, true)).then_some(()),
        _ => Some(()),
    }
}

/// A name: a key, or a value.
fn named<'a>(open: &mut [Open<'a>], name: &'a [u8]) -> Option<()> {
    match open.last_mut() {
        Some(Open::Dictionary(keys, valued @ true)) => {
            // With an escape a key could be spelt in two ways.
            (!keys.contains(&name) && !name.contains(&b'#')).then(|| keys.push(name))?;
            *valued = false;
            Some(())
        }
        _ => valued(open),
    }
}

/// A number or a constant; behind a dictionary's value only the rest of a reference (`0 R`).
fn spoken(open: &mut [Open], word: &[u8]) -> Option<()> {
    let number = |word: &[u8]| word.iter().all(|b| b.is_ascii_digit() || b"+-.".contains(b));
    match open.last() {
        _ if word.is_empty() => None,
        Some(Open::Dictionary(_, true)) => {
            (word == b"R" || word.iter().all(u8::is_ascii_digit)).then_some(())
        }
        Some(_) => {
            let constant = matches!(word, b"true" | b"false" | b"null" | b"R");
            (constant || number(word)).then(|| valued(open))?
        }
        None => (word == b"obj" || number(word)).then_some(()),
    }
}

fn regular(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().position(|byte| !is_regular(*byte)).unwrap_or(bytes.len());
    &bytes[..length]
}

/// The length of a string in parentheses, which may hold such pairs.
pub(crate) fn literal(string: &[u8]) -> Option<usize> {
    let (mut depth, mut escaped) = (0, false);
    for (i, byte) in string.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(i + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::object;

    #[test]
    fn what_is_said_once_passes() {
        let plain: [&[u8]; 5] = [
            b"1 0 obj\n<</A 1/B[1 0 R/A/A(/A\\))<00>]/C<</A true/D null>>/E 5 0 R/F/A>>\nendobj",
            b"7 0 obj<</Length 3/K -1.5/L(a(b)c)/A<</B/C>>>>stream\n<</A/A/A",
            b"1 0 obj [<</A 1>><</A 2>>] endobj",
            b"1 0 obj 5 endobj",
            b"<</Size 3/Root 1 0 R/ID[<00><01>]>>\nstartxref",
        ];
        for text in plain {
            assert!(object(text).is_some(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn what_is_said_twice_or_oddly_does_not() {
        let odd: [&[u8]; 14] = [
            b"<</A 1/A 1>>endobj",
            b"<</A 1/B<</C 1/D[0]/C/E>>>>endobj",
            b"[<</A[<</B/C/B/C>>]>>]endobj",
            b"<</A 1 0 R/B(/C)/A 2 0 R>>endobj",
            b"<</A/B/A/C>>endobj",
            b"<</A 1/#41 2>>endobj",
            b"<</A 1%\n/B 2>>endobj",
            b"<</A>>endobj",
            b"<</A 1(b)>>endobj",
            b"<</A 1 true>>endobj",
            b"<</A[1 2>>]endobj",
            b"<</A(b>>endobj",
            b"<</A 1>>",
            b"<</A endobj>>endobj",
        ];
        for text in odd {
            assert!(object(text).is_none(), "{}", String::from_utf8_lossy(text));
        }
        assert!(object(&b"[".repeat(100_000)).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = object(&bytes);
        }
    }
}
