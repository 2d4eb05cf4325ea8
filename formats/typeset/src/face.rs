//! A typeface: characters to glyphs, one by one.
//!
//! Vietnamese in its composed form (NFC) has one glyph a letter, so no shaping is needed.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

/// Drawn where the typeface lacks a character; the character itself stays in the text layer.
const STAND_INS: [char; 2] = ['◊', '?'];

/// Every Vietnamese letter beyond ASCII, in lower case.
const VIETNAMESE: &str = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";

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
    bytes: Vec<u8>,
    units_per_em: f32,
    /// Height above the baseline, in em.
    pub ascent: f32,
    /// Depth below the baseline, in em.
    pub descent: f32,
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
        Ok(Self {
            font,
            bytes: bytes.to_vec(),
            units_per_em,
            ascent: metrics.ascent / units_per_em,
            descent: -metrics.descent / units_per_em,
        })
    }

    /// Sets a text in one line. Control characters and odd spaces become spaces; characters that
    /// the face lacks get a stand-in, never an error.
    pub fn set(&self, text: &str) -> Run {
        let text: String = text.nfc().map(printable).collect();
        let mut run = Run { glyphs: Vec::with_capacity(text.len()), text, width: 0.0 };
        let Ok(font) = FontRef::new(&self.bytes) else { return run };
        let charmap = font.charmap();
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        for (at, c) in run.text.char_indices() {
            let found = |c: &char| charmap.map(*c).filter(|glyph| glyph.to_u32() != 0);
            let Some(glyph) = found(&c).or_else(|| STAND_INS.iter().find_map(found)) else {
                continue;
            };
            let advance = metrics.advance_width(glyph).unwrap_or(0.0) / self.units_per_em;
            let range = at..at + c.len_utf8();
            let id = GlyphId::new(glyph.to_u32());
            run.glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, range, None));
            run.width += advance;
        }
        run
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
