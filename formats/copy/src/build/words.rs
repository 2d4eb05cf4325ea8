//! The words under a page's image, put into the finished file as the pages' JPEGs are.
//!
//! Nobody sees them: they are found, selected, copied and read aloud. So they are set in a typeface
//! without a visible glyph, in the mode that paints nothing, each stretched over its quad. krilla
//! is given the typeface with the characters of all pages once for each page, and a mark in the
//! structure for each line; the words themselves would take most of the time of a small copy, and
//! most of the memory of a large one.

use std::collections::HashMap;

use formats_typeset::Face;
use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::tagging::{Tag, TagGroup};
use krilla::text::{Font, GlyphId, KrillaGlyph};

use super::draw;
use crate::place::Place;
use crate::request::{PageImage, PlacedWord};

/// Glyphs of the typeface, the first of them for missing characters. All stand in one string once,
/// and a string of PDF/A has at most 32,767 bytes.
const GLYPHS: u16 = 16_000;
const UNITS_PER_EM: u16 = 1000;
/// The width of each glyph.
const ADVANCE: u16 = 500;
/// How far each glyph reaches above its baseline; one em less, below it.
const ASCENT: u16 = 750;
/// A stand-in is set in this size and one more for each page before: no other text is so large.
const STAND_IN_SIZE: usize = 1000;
/// A character that is not among so many stands for the others.
const OTHER: char = '?';
const OTHER_NUMBER: u16 = 2;

/// The characters of all words in the order of their appearance: each is the glyph of its place,
/// from 1, and has the same number in the file.
pub(super) struct Alphabet {
    /// Of characters below [`NEAR`].
    near: Vec<u16>,
    others: HashMap<char, u16>,
    characters: String,
    next: u16,
}

/// Latin with all of Vietnamese lies below.
const NEAR: usize = 0x2000;

impl Alphabet {
    pub(super) fn of(pages: &[PageImage], face: &Face) -> Self {
        let (near, others) = (vec![0; NEAR], HashMap::new());
        let mut alphabet = Self { near, others, characters: String::new(), next: 1 };
        if pages.iter().any(|page| !page.words.is_empty()) {
            // The space behind a word is on every page with words.
            [' ', OTHER].into_iter().for_each(|c| alphabet.add(c));
        }
        for word in pages.iter().flat_map(|page| &page.words) {
            face.printed(word.text.trim()).chars().for_each(|c| alphabet.add(c));
        }
        alphabet
    }

    fn add(&mut self, c: char) {
        if self.next >= GLYPHS {
            return;
        }
        let number = match self.near.get_mut(c as usize) {
            Some(number) => number,
            None => self.others.entry(c).or_default(),
        };
        if *number == 0 {
            *number = self.next;
            self.next += 1;
            self.characters.push(c);
        }
    }

    fn number(&self, c: char) -> u16 {
        let known = self.near.get(c as usize).or_else(|| self.others.get(&c));
        known.copied().filter(|number| *number > 0).unwrap_or(OTHER_NUMBER)
    }
}

/// Draws what stands for the words of a page, `index` counted from 0: their part of the document's
/// structure.
pub(super) fn stand_in(
    surface: &mut Surface,
    alphabet: &Alphabet,
    typeface: &Font,
    page: &PageImage,
    index: usize,
) -> Option<TagGroup> {
    let mut text = TagGroup::new(Tag::P);
    for i in 0..lines(page).count() {
        text.push(draw::tagged(surface, |surface| {
            if i == 0 {
                draw_all(surface, alphabet, typeface, (STAND_IN_SIZE + index) as f32);
            }
        }));
    }
    (!text.children.is_empty()).then_some(text)
}

fn lines(page: &PageImage) -> impl Iterator<Item = &[PlacedWord]> {
    page.words.chunk_by(|a, b| a.line == b.line)
}

/// All characters, which names the typeface on the page and gives the characters their numbers.
fn draw_all(surface: &mut Surface, alphabet: &Alphabet, typeface: &Font, size: f32) {
    let advance = f32::from(ADVANCE) / f32::from(UNITS_PER_EM);
    let glyph = |(i, (at, c)): (usize, (usize, char))| {
        let range = at..at + c.len_utf8();
        KrillaGlyph::new(GlyphId::new(i as u32 + 1), advance, 0.0, 0.0, 0.0, range, None)
    };
    let characters = &alphabet.characters;
    let glyphs: Vec<_> = characters.char_indices().enumerate().map(glyph).collect();
    surface.set_fill(Some(formats_typeset::Ink::Black.fill()));
    surface.draw_glyphs(
        Point::from_xy(0.0, 0.0),
        &glyphs,
        typeface.clone(),
        characters,
        size,
        false,
    );
}

/// Puts a page's words where their stand-in is in a content stream; which page it is tells the
/// stand-in. `None` where there is no stand-in.
pub(super) fn put_in(
    content: &[u8],
    pages: &[PageImage],
    places: &[Place],
    alphabet: &Alphabet,
    face: &Face,
) -> Option<Vec<u8>> {
    let (mark, index) = find(content)?;
    let (page, place) = (pages.get(index)?, places.get(index)?);
    let font = content[..mark].iter().rposition(|byte| *byte == b'/')?;
    let font = std::str::from_utf8(&content[font..mark]).ok()?.split(' ').next()?;
    let mut all = Vec::with_capacity(content.len() + 64 * page.words.len());
    let mut from = content[..mark].windows(OPEN.len()).rposition(|window| window == OPEN)?;
    let mut written = 0;
    for line in lines(page) {
        let start = from + find_in(&content[from..], OPEN)? + OPEN.len();
        all.extend_from_slice(&content[written..start]);
        write_line(&mut all, line, font, page.dpi, place, alphabet, face);
        from = start + find_in(&content[start..], CLOSE)?;
        written = from;
    }
    all.extend_from_slice(&content[written..]);
    Some(all)
}

/// Around what is drawn of a line.
const OPEN: &[u8] = b"BDC\n";
const CLOSE: &[u8] = b"EMC";

fn find_in(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Where a stand-in's typeface is set in its size, and the page that it is for.
fn find(content: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + find_in(&content[from..], b" Tf")?;
        let digits = content[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let size = std::str::from_utf8(&content[at - digits..at]).ok()?.parse::<usize>();
        let space = content[..at - digits].last() == Some(&b' ');
        if let Some(index) = size.ok().filter(|_| space).and_then(|s| s.checked_sub(STAND_IN_SIZE))
        {
            return Some((at, index));
        }
        from = at + 1;
    }
}

/// The words of a line, each in its quad.
fn write_line(
    text: &mut Vec<u8>,
    line: &[PlacedWord],
    font: &str,
    dpi: u32,
    place: &Place,
    alphabet: &Alphabet,
    face: &Face,
) {
    // Mode 3 paints nothing (ISO 32000-1, 9.3.6).
    text.extend_from_slice(b"BT");
    text.extend_from_slice(font.as_bytes());
    text.extend_from_slice(b" 1 Tf 3 Tr\n");
    for (i, word) in line.iter().enumerate() {
        let letters = face.printed(word.text.trim());
        let Some(matrix) = fitted(word, letters.chars().count(), dpi, place) else { continue };
        for number in matrix {
            write_number(text, number);
        }
        text.extend_from_slice(b"Tm<");
        // The space stands in the word's own run, so readers end the word there whatever the gap.
        let space = (i + 1 < line.len()).then_some(' ');
        for c in letters.chars().chain(space) {
            let number = alphabet.number(c);
            text.extend(
                [12, 8, 4, 0].map(|by| b"0123456789abcdef"[usize::from(number >> by & 15)]),
            );
        }
        text.extend_from_slice(b">Tj\n");
    }
    text.extend_from_slice(b"ET\n");
}

/// From an em of the typeface to the page, whose origin is at the bottom left: the word's letters
/// fill its quad. `None` for a quad without area: its word would break the page for some readers.
fn fitted(word: &PlacedWord, letters: usize, dpi: u32, place: &Place) -> Option<[f32; 6]> {
    let scale = 72.0 / dpi as f32;
    let corner = |[x, y]: [f32; 2]| {
        let [x, y] = place.turned([x * scale, y * scale]);
        [x, place.page().1 - y]
    };
    let [top_left, top_right, _, bottom_left] = word.quad.map(corner);
    let width = letters as f32 * f32::from(ADVANCE) / f32::from(UNITS_PER_EM);
    let descent = 1.0 - f32::from(ASCENT) / f32::from(UNITS_PER_EM);
    let along = [0, 1].map(|axis| (top_right[axis] - top_left[axis]) / width);
    let up = [0, 1].map(|axis| top_left[axis] - bottom_left[axis]);
    let start = [0, 1].map(|axis| bottom_left[axis] + up[axis] * descent);
    let area = along[0] * up[1] - along[1] * up[0];
    // Not a number where there are no letters.
    (area.abs() > AREA_MIN && area.is_finite())
        .then_some([along[0], along[1], up[0], up[1], start[0], start[1]])
}

/// The least area of an em, in square points.
const AREA_MIN: f32 = 1e-3;

/// To three decimals, which is finer than any printer.
fn write_number(text: &mut Vec<u8>, number: f32) {
    let parts = (number * 1000.0).round() as i64;
    if parts < 0 {
        text.push(b'-');
    }
    let (mut whole, rest) = (parts.unsigned_abs() / 1000, parts.unsigned_abs() % 1000);
    // From the last digit: there are at most seven, for the sides of a page are limited.
    let (mut digits, mut at) = ([b'0'; 20], 20);
    while whole > 0 || at == 20 {
        at -= 1;
        digits[at] = b'0' + (whole % 10) as u8;
        whole /= 10;
    }
    text.extend_from_slice(&digits[at..]);
    if rest > 0 {
        text.push(b'.');
        text.extend([rest / 100, rest / 10 % 10, rest % 10].map(|digit| b'0' + digit as u8));
        while text.last() == Some(&b'0') {
            text.pop();
        }
    }
    text.push(b' ');
}

/// A TrueType file of glyphs without outlines, all of one width.
pub(super) fn typeface() -> Option<Font> {
    let glyphs = usize::from(GLYPHS);
    let be = |values: &[u16]| values.iter().flat_map(|value| value.to_be_bytes()).collect();
    let descent = ASCENT.wrapping_sub(UNITS_PER_EM);
    let tables: [(&[u8; 4], Vec<u8>); 8] = [
        // Glyph 0 is one point: some viewers take a table without anything for a missing one. One
        // contour; a box of nothing; its last point; no instructions; on the curve, at (0, 0).
        (b"glyf", [be(&[1, 0, 0, 0, 0, 0, 0]), vec![0x31, 0]].concat()),
        // Version 1.0, revision 1.0, no checksum, the magic number, flags, units; two dates; the
        // box; style, least size, direction, short offsets.
        (b"head", {
            let magic = [1, 0, 1, 0, 0, 0, 0x5f0f, 0x3cf5, 0, UNITS_PER_EM];
            let bounds = [0, descent, ADVANCE, ASCENT, 0, 8, 2, 0, 0];
            be(&[&magic[..], &[0; 8], &bounds].concat())
        }),
        (b"hhea", {
            let extent = [1, 0, ASCENT, descent, 0, ADVANCE, 0, 0, 0, 1, 0, 0];
            be(&[&extent[..], &[0; 5], &[1]].concat())
        }),
        (b"hmtx", [be(&[ADVANCE, 0]), vec![0; 2 * (glyphs - 1)]].concat()),
        // In pairs of bytes: glyph 0 has all, the others none.
        (b"loca", be(&[&[0][..], &vec![8; glyphs]].concat())),
        (b"maxp", be(&[&[1, 0, GLYPHS, 1, 1][..], &[0; 11]].concat())),
        (b"name", {
            let name: Vec<u16> = "Unseen".encode_utf16().collect();
            let length = 2 * name.len() as u16;
            be(&[&[0, 1, 18, 3, 1, 0x409, 6, length, 0], &name[..]].concat())
        }),
        // Version 3.0, upright, no underline, all of one width.
        (b"post", be(&[3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
    ];
    let mut file: Vec<u8> = be(&[1, 0, 8, 128, 3, 0]);
    let mut at = file.len() + 16 * tables.len();
    for (tag, table) in &tables {
        file.extend_from_slice(*tag);
        file.extend(checksum(table).to_be_bytes());
        file.extend((at as u32).to_be_bytes());
        file.extend((table.len() as u32).to_be_bytes());
        at += table.len().next_multiple_of(4);
    }
    for (_, table) in &tables {
        file.extend_from_slice(table);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    Font::new(file.into(), 0)
}

/// The sum of a table's words.
fn checksum(table: &[u8]) -> u32 {
    let words = table.chunks(4).map(|word| {
        let mut four = [0; 4];
        four[..word.len()].copy_from_slice(word);
        u32::from_be_bytes(four)
    });
    words.fold(0, u32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_has_one_number_and_what_is_too_much_the_number_of_another() {
        let mut alphabet = Alphabet {
            near: vec![0; NEAR],
            others: HashMap::new(),
            characters: String::new(),
            next: 1,
        };
        " ?a\u{1f600}a".chars().for_each(|c| alphabet.add(c));
        let numbers: Vec<_> = "a\u{1f600}b\u{1f601}".chars().map(|c| alphabet.number(c)).collect();
        assert_eq!((alphabet.characters.as_str(), numbers), (" ?a\u{1f600}", vec![3, 4, 2, 2]));
        alphabet.next = GLYPHS;
        alphabet.add('b');
        assert_eq!(alphabet.number('b'), OTHER_NUMBER);
    }

    #[test]
    fn text_of_the_largest_size_is_no_stand_in() {
        let content = b"BT 0 Tr/f0 16 Tf 1 0 Tm ET BT 0 Tr/f1 1041 Tf";
        assert_eq!(find(content), Some((content.len() - 3, 41)));
        assert_eq!(find(&content[..30]), None);
    }

    proptest! {
        #[test]
        fn numbers_are_written_to_three_decimals(number in -20_000.0f32..20_000.0) {
            let mut text = Vec::new();
            write_number(&mut text, number);
            let text = String::from_utf8(text).expect("ASCII");
            let read: f32 = text.trim_end().parse().expect("a number");
            prop_assert!((read - number).abs() <= 0.0005 + number.abs() * 1e-6, "{text} {number}");
            prop_assert!(!text.contains('.') || !text.ends_with("0 "), "{text}");
        }
    }
}
