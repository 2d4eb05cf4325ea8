//! A file without its pictures: what a PDF parser needs to see of a copy, a few percent of it.
//!
//! The pages' JPEGs and their masks are most of a copy, and all that is asked of them is their
//! digest. So they are cut out before a parser copies every stream; each is known by its object's
//! number and its SHA-256.
//!
//! What is cut is read the same way by every reader: an object in the table of the one revision,
//! whose dictionary has nothing but names, numbers, references and one array of them (a mask's
//! also its parameters, last), whose stream is exactly as long as the dictionary says and the last
//! thing before the next object. Whatever is written otherwise stays, so that the checks behind
//! see it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::hash;
use crate::revision::start_of_table;

/// An entry of a cross-reference table.
const ENTRY: usize = 20;
const LENGTH: &[u8] = b"<</Length ";
const STREAM: &[u8] = b">>\nstream\n";
const STREAM_END: &[u8] = b"\nendstream\nendobj";
const JPEG: &[u8] = b"/Filter/DCTDecode";
const MASK: &[u8] = b"/Filter/CCITTFaxDecode/DecodeParms";

/// A file without its pictures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slim {
    /// The file, every picture empty.
    pub(crate) bytes: Vec<u8>,
    /// SHA-256 of each picture that was cut out, by the number of its object.
    pub(crate) pictures: BTreeMap<u32, [u8; 32]>,
}

/// A picture that can be cut out.
pub(crate) struct Picture {
    number: u32,
    /// The digits of its length.
    pub(crate) digits: Range<usize>,
    pub(crate) content: Range<usize>,
}

/// A picture whose digest is known.
pub(crate) struct Known<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sha256: [u8; 32],
}

impl Slim {
    /// The file without pictures; as it is where it is not written as a copy is. A picture that is
    /// equal to a known one, byte for byte, has its digest: comparing is faster than hashing.
    pub(crate) fn of(file: &[u8], known: &[Known]) -> Self {
        let whole = || Self { bytes: file.to_vec(), pictures: BTreeMap::new() };
        Self::cut(file, known).unwrap_or_else(whole)
    }

    fn cut(file: &[u8], known: &[Known]) -> Option<Self> {
        let table = start_of_table(file)?;
        let entries = Entries::read(file, table)?;
        let pictures = pictures(file, &entries, table)?;
        let cut = |picture: &Picture| picture.content.len() + picture.digits.len() - 1;
        let mut bytes = Vec::with_capacity(file.len() - pictures.iter().map(cut).sum::<usize>());
        let mut gone = vec![0];
        let mut from = 0;
        for Picture { digits, content, .. } in &pictures {
            bytes.extend_from_slice(&file[from..digits.start]);
            bytes.push(b'0');
            bytes.extend_from_slice(&file[digits.end..content.start]);
            from = content.end;
            gone.push(from - bytes.len());
        }
        bytes.extend_from_slice(&file[from..]);
        let moved = |offset: usize| {
            let before = pictures.partition_point(|picture| picture.content.end <= offset);
            offset - gone[before]
        };
        entries.moved(&mut bytes, moved)?;
        let digest = |picture: &Picture| {
            let content = &file[picture.content.clone()];
            let same = known.iter().find(|known| known.bytes == content);
            (picture.number, same.map_or_else(|| hash(content), |known| known.sha256))
        };
        Some(Self { bytes, pictures: pictures.iter().map(digest).collect() })
    }
}

/// The pictures of a file with such a table, in their order.
fn pictures(file: &[u8], entries: &Entries, table: usize) -> Option<Vec<Picture>> {
    let starts: BTreeSet<usize> = entries.used(file).collect::<Option<_>>()?;
    let ends = starts.iter().skip(1).copied().chain([table]);
    let pictures = starts.iter().zip(ends).filter_map(|(start, end)| {
        // An object behind the table is none of ours.
        (*start < end && end <= table).then(|| picture(file, *start, end))?
    });
    Some(pictures.collect())
}

/// The picture in an object, if it is written as above.
pub(crate) fn picture(file: &[u8], start: usize, end: usize) -> Option<Picture> {
    let object = &file[start..end];
    let number = object.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let dictionary = object[number..].strip_prefix(b" 0 obj\n")?.strip_prefix(LENGTH)?;
    let place = end - dictionary.len();
    let length = dictionary.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/ []-.".contains(byte);
    let entries = dictionary.iter().take_while(|byte| plain(byte)).count();
    let (said, rest) = dictionary.split_at(entries);
    let times = |what: &[u8]| said.windows(what.len()).filter(|window| *window == what).count();
    (times(b"/Filter") == 1 && times(b"/Length") == 0).then_some(())?;
    let parameters = if said.ends_with(MASK) {
        let inside = rest.strip_prefix(b"<<")?;
        let length = inside.iter().take_while(|byte| plain(byte)).count();
        inside[length..].starts_with(b">>").then_some(length + 4)?
    } else {
        (times(JPEG) == 1).then_some(0)?
    };
    let content = place + entries + parameters + STREAM.len();
    rest[parameters..].starts_with(STREAM).then_some(())?;
    let size: usize = read(&dictionary[..length])?;
    let rest = file.get(content..end)?.get(size..)?.strip_prefix(STREAM_END)?;
    rest.iter().all(u8::is_ascii_whitespace).then_some(())?;
    Some(Picture {
        number: read(&object[..number])?,
        digits: place..place + length,
        content: content..content + size,
    })
}

/// The object of a mask of so many pixels, coded by ITU-T T.6: what is black in it can be seen.
pub(crate) fn mask_object(number: usize, [width, height]: [u32; 2], fax: &[u8]) -> Vec<u8> {
    let head = format!(
        "{number} 0 obj\n<</Length {}/Type/XObject/Subtype/Image/ImageMask true/Width {width}\
         /Height {height}/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms\
         <</K -1/Columns {width}/Rows {height}>>>>\nstream\n",
        fax.len()
    );
    [head.as_bytes(), fax, STREAM_END, b"\n\n"].concat()
}

/// The cross-reference table of a file's only revision.
pub(crate) struct Entries {
    /// Where the table begins, its first entry, how many there are.
    table: usize,
    first: usize,
    count: usize,
}

impl Entries {
    /// The table at an offset, if it is one of a single section.
    pub(crate) fn read(file: &[u8], table: usize) -> Option<Self> {
        let head = file.get(table..)?.strip_prefix(b"xref\n0 ")?;
        let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let count = read(&head[..digits])?;
        let first = table + b"xref\n0 ".len() + digits + 1;
        let end = first.checked_add(ENTRY.checked_mul(count)?)?;
        (head.get(digits) == Some(&b'\n')).then_some(())?;
        file.get(end..)?.starts_with(b"trailer").then_some(())?;
        // An entry of another kind would point somewhere that is not looked at here.
        let ends = |entry: &[u8]| entry.ends_with(b" \n") || entry.ends_with(b"\r\n");
        let known = |entry: &[u8]| {
            ends(entry) && (&entry[10..18] == b" 00000 n" || &entry[16..18] == b" f")
        };
        file[first..end].chunks_exact(ENTRY).all(known).then_some(Self { table, first, count })
    }

    /// The number of the next object.
    pub(crate) fn next(&self) -> usize {
        self.count
    }

    /// Adds objects at these offsets to a file whose table now begins at `table`.
    pub(crate) fn add(&self, file: &mut Vec<u8>, table: usize, offsets: &[usize]) -> Option<()> {
        let head = self.first - self.table;
        let (old, new) = (self.count, self.count + offsets.len());
        let end = table + head + ENTRY * old;
        let tail = String::from_utf8(file.get(end..)?.to_vec()).ok()?;
        let (before, after) = tail.split_once(&format!("/Size {old}"))?;
        // A longer number.
        (!after.starts_with(|c: char| c.is_ascii_digit())).then_some(())?;
        let more: String = offsets.iter().map(|at| format!("{at:010} 00000 n \n")).collect();
        let tail = format!("{more}{before}/Size {new}{after}");
        file.splice(end.., tail.into_bytes());
        file.splice(table..table + head, format!("xref\n0 {new}\n").into_bytes());
        Some(())
    }

    /// The offsets of all objects in use; `None` for one that is not written in ten digits.
    pub(crate) fn used<'a>(&self, file: &'a [u8]) -> impl Iterator<Item = Option<usize>> + 'a {
        let entries = file[self.first..self.first + ENTRY * self.count].chunks_exact(ENTRY);
        let used = entries.filter(|entry| &entry[10..18] == b" 00000 n");
        used.map(|entry| read(&entry[..10]))
    }

    /// Writes the table's offsets anew into a file whose bytes were moved.
    pub(crate) fn moved(&self, file: &mut Vec<u8>, to: impl Fn(usize) -> usize) -> Option<()> {
        let first = to(self.first);
        for i in 0..self.count {
            let entry = file.get_mut(first + ENTRY * i..first + ENTRY * (i + 1))?;
            if &entry[10..18] == b" 00000 n" {
                let offset = to(read(&entry[..10])?);
                entry[..10].copy_from_slice(format!("{offset:010}").as_bytes());
            }
        }
        let end = b"\n%%EOF".len() + usize::from(file.ends_with(b"\n"));
        let end = file.len().checked_sub(end)?;
        let digits = file[..end].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        file.splice(end - digits..end, to(self.table).to_string().into_bytes());
        Some(())
    }
}

fn read<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of these objects, each behind its number.
    fn file(objects: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (i, object) in objects.iter().enumerate() {
            table.push_str(&format!("{:010} 00000 n\r\n", bytes.len()));
            bytes.extend(format!("{} 0 obj\n", i + 1).as_bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n\n");
        }
        let end = format!("trailer\n<</Size 3>>\nstartxref\n{}\n%%EOF", bytes.len());
        bytes.extend(table.as_bytes());
        bytes.extend(end.as_bytes());
        bytes
    }

    fn stream(more: &str, length: usize, content: &[u8]) -> Vec<u8> {
        let head = format!("<</Length {length}/Type/XObject{JPEG_ENTRY}{more}>>\nstream\n");
        [head.as_bytes(), content, b"\nendstream"].concat()
    }

    const JPEG_ENTRY: &str = "/Filter/DCTDecode";
    const CONTENT: &[u8] = b"\xff\xd8 no picture \n endstream \xff\xd9";

    #[test]
    fn pictures_are_cut_and_the_table_points_at_the_same_objects() {
        let pages = [stream("", CONTENT.len(), CONTENT), stream("/Width 7", 3, b"two")];
        let [one, two] = pages;
        let full = file(&[b"<</A 1>>".to_vec(), one, b"[1 0 R]".to_vec(), two]);
        let slim = Slim::of(&full, &[]);
        let empty = |more| stream(more, 0, b"");
        let expected =
            file(&[b"<</A 1>>".to_vec(), empty(""), b"[1 0 R]".to_vec(), empty("/Width 7")]);
        assert_eq!(slim.bytes, expected);
        assert_eq!(slim.pictures, BTreeMap::from([(2, hash(CONTENT)), (4, hash(b"two"))]));
        let known = [Known { bytes: CONTENT, sha256: [7; 32] }];
        let known = Slim::of(&full, &known);
        assert_eq!(known.pictures, BTreeMap::from([(2, [7; 32]), (4, hash(b"two"))]));
    }

    #[test]
    fn what_could_be_read_in_two_ways_stays() {
        let odd = [
            stream("", CONTENT.len() - 1, CONTENT),
            stream("", CONTENT.len() + 1, CONTENT),
            stream("/Length 3", CONTENT.len(), CONTENT),
            stream("/Alt(>>\nstream\n)", CONTENT.len(), CONTENT),
            stream("%", CONTENT.len(), CONTENT),
            stream("/DecodeParms<</K 0>>", CONTENT.len(), CONTENT),
            stream(JPEG_ENTRY, CONTENT.len(), CONTENT),
        ];
        for object in odd {
            let full = file(&[object]);
            assert_eq!(Slim::of(&full, &[]), Slim { bytes: full, pictures: BTreeMap::new() });
        }
        // An object hidden inside a picture.
        let full = file(&[stream("", CONTENT.len(), CONTENT)]);
        let inside = full.windows(2).position(|pair| pair == b"no").expect("it is there");
        let text = String::from_utf8_lossy(&full).into_owned();
        let first = format!("{:010} 65535 f", 0);
        let at = text.len() - full.len();
        assert!(at > 0 && text.contains(&first));
        let hidden = format!("{inside:010} 00000 n");
        let entry = full.windows(first.len()).position(|w| w == first.as_bytes()).expect("there");
        let mut hiding = full.clone();
        hiding[entry..entry + hidden.len()].copy_from_slice(hidden.as_bytes());
        assert_eq!(Slim::of(&hiding, &[]).bytes, hiding);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Slim::of(&bytes, &[]);
            let framed = [&bytes[..], b"xref\n0 1\n0000000003 00000 n \ntrailer\nstartxref\n"];
            let end = format!("{}\n%%EOF", bytes.len());
            let _ = Slim::of(&[framed.concat(), end.into_bytes()].concat(), &[]);
        }

        #[test]
        fn any_changed_byte_of_a_real_frame_is_read_without_a_panic(at in 0usize..400, to: u8) {
            let mut full = file(&[b"<</A 1>>".to_vec(), stream("", CONTENT.len(), CONTENT)]);
            let at = at % full.len();
            full[at] = to;
            let _ = Slim::of(&full, &[]);
        }
    }
}
