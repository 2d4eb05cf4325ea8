//! A typeface: characters to glyphs, one by one.
//!
//! Vietnamese in its composed form (NFC) has one glyph a letter, so no shaping is needed.

use std::borrow::Cow;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Drawn where the typeface lacks a character; the character itself stays in the text layer.
const STAND_INS: [char; 2] = ['◊', '?'];

/// Every Vietnamese letter beyond ASCII, in lower case.
const VIETNAMESE: &str = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";

/// Characters below this are looked up once for all texts: Latin with all of Vietnamese, and the
/// punctuation of both is not far above.
const KNOWN: usize = 0x2100;

/// Why a typeface cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaceError {
    /// It is not a usable TrueType or OpenType file.
    #[error("the typeface cannot be read")]
    Font,
    /// It has no glyphs for some Vietnamese letters: it would print wrong names, which an official
    /// paper must not (Liberation has them from version 2).
    #[error("the typeface lacks vietnamese letters")]
    Letters,
}

/// A typeface ready for use.
pub struct Face {
    /// For drawing.
    pub font: Font,
    pub(crate) bytes: Vec<u8>,
    /// What is drawn for each character below [`KNOWN`].
    known: Vec<Letter>,
    pub(crate) units_per_em: f32,
    /// Height above the baseline, in em.
    pub ascent: f32,
    /// Depth below the baseline, in em.
    pub descent: f32,
}

/// What is drawn for a character.
#[derive(Debug, Clone, Copy, Default)]
struct Letter {
    glyph: Option<GlyphId>,
    /// In em.
    advance: f32,
    /// Whether a text of nothing but such characters is in composed form.
    composed: bool,
}

/// A text set in a face.
#[derive(Debug)]
pub struct Run {
    /// The text in composed form.
    pub text: String,
    /// Its glyphs, advances in em.
    pub glyphs: Vec<KrillaGlyph>,
    /// Width in em.
    pub width: f32,
}

impl Face {
    /// Reads a font file, which must have every letter of Vietnamese.
    pub fn new(bytes: &[u8]) -> Result<Self, FaceError> {
        let font = Font::new(bytes.to_vec().into(), 0).ok_or(FaceError::Font)?;
        let read = FontRef::new(bytes).map_err(|_| FaceError::Font)?;
        let metrics = read.metrics(Size::unscaled(), LocationRef::default());
        let units_per_em = f32::from(metrics.units_per_em);
        if units_per_em <= 0.0 || metrics.ascent <= 0.0 {
            return Err(FaceError::Font);
        }
        let charmap = read.charmap();
        let capitals = VIETNAMESE.to_uppercase();
        let mut letters = VIETNAMESE.chars().chain(capitals.chars());
        if !letters.all(|c| charmap.map(c).is_some_and(|glyph| glyph.to_u32() != 0)) {
            return Err(FaceError::Letters);
        }
        let mut face = Self {
            font,
            bytes: bytes.to_vec(),
            known: Vec::new(),
            units_per_em,
            ascent: metrics.ascent / units_per_em,
            descent: -metrics.descent / units_per_em,
        };
        let first = (0..KNOWN as u32).map(|c| char::from_u32(c).unwrap_or(' '));
        face.known = first.map(|c| face.look_up(&read, c)).collect();
        Ok(face)
    }

    /// Sets a text in one line. Control characters and odd spaces become spaces; characters that
    /// the face lacks get a stand-in, never an error.
    pub fn set(&self, text: &str) -> Run {
        let text = self.printed(text).into_owned();
        let mut run = Run { glyphs: Vec::with_capacity(text.len()), text, width: 0.0 };
        for (at, c) in run.text.char_indices() {
            let letter = self.letter(c);
            let Some(glyph) = letter.glyph else { continue };
            let range = at..at + c.len_utf8();
            run.glyphs.push(KrillaGlyph::new(glyph, letter.advance, 0.0, 0.0, 0.0, range, None));
            run.width += letter.advance;
        }
        run
    }

    /// The width in em of a text in one line, as [`Face::set`] sets it.
    pub fn width(&self, text: &str) -> f32 {
        let letters = self.printed(text);
        letters
            .chars()
            .map(|c| self.letter(c))
            .filter(|l| l.glyph.is_some())
            .map(|l| l.advance)
            .fold(0.0, |width, advance| width + advance)
    }

    /// A text as it is drawn: composed, in one line.
    pub fn printed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = |c: char| self.known.get(c as usize);
        if text.chars().all(|c| known(c).is_some_and(|l| l.composed) && printable(c) == c) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.nfc().map(printable).collect())
    }

    fn letter(&self, c: char) -> Letter {
        if let Some(letter) = self.known.get(c as usize) {
            return *letter;
        }
        FontRef::new(&self.bytes).map(|font| self.look_up(&font, c)).unwrap_or_default()
    }

    fn look_up(&self, font: &FontRef, c: char) -> Letter {
        let charmap = font.charmap();
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        let found = |c: &char| charmap.map(*c).filter(|glyph| glyph.to_u32() != 0);
        let glyph = found(&c).or_else(|| STAND_INS.iter().find_map(found));
        let advance = glyph.and_then(|glyph| metrics.advance_width(glyph)).unwrap_or(0.0);
        Letter {
            glyph: glyph.map(|glyph| GlyphId::new(glyph.to_u32())),
            advance: advance / self.units_per_em,
            composed: is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes
                && canonical_combining_class(c) == 0,
        }
    }
}

/// PDF/A forbids text that maps to U+0000, U+FEFF and U+FFFE; other controls have no meaning here.
/// PDF/A's level A forbids characters for private use too: nobody else knows what they mean.
fn printable(c: char) -> char {
    match c {
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => ' ',
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => ' ',
        c if c.is_control() || c.is_whitespace() => ' ',
        c => c,
    }
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Face").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face() -> Face {
        let path = "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf";
        let other = path.replace("liberation2", "liberation");
        let bytes = std::fs::read(path).or_else(|_| std::fs::read(other));
        Face::new(&bytes.expect("`make setup` installs it")).expect("a face")
    }

    #[test]
    fn texts_are_set_alike_however_they_are_spelt() {
        let face = face();
        for text in ["Nguyễn Thị Thử", "ầ\u{323}b", "a\tb\u{a0}c", "\u{1f600}", "한글", "… – ₫", ""]
        {
            let run = face.set(text);
            let expected: String = text.nfc().map(printable).collect();
            assert_eq!(run.text, expected);
            let decomposed: String = text.nfd().collect();
            assert_eq!(face.set(&decomposed).text, expected);
            assert_eq!(face.width(&decomposed), run.width);
            let read = FontRef::new(&face.bytes).expect("a font");
            let letters = expected.chars().map(|c| face.look_up(&read, c));
            let glyphs: Vec<_> = letters.filter_map(|letter| letter.glyph).collect();
            assert_eq!(run.glyphs.iter().map(|g| g.glyph_id).collect::<Vec<_>>(), glyphs);
        }
    }
}
