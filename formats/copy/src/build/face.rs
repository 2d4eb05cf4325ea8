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

/// A typeface ready for use.
pub(super) struct Face {
    pub(super) font: Font,
    bytes: Vec<u8>,
    units_per_em: f32,
    /// Height above the baseline, in em.
    pub(super) ascent: f32,
    /// Depth below the baseline, in em.
    pub(super) descent: f32,
}

/// A text set in a face.
pub(super) struct Run {
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// Width in em.
    pub(super) width: f32,
}

impl Face {
    /// Reads a font file; `None` if it cannot be used.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let font = Font::new(bytes.to_vec().into(), 0)?;
        let metrics = FontRef::new(bytes).ok()?.metrics(Size::unscaled(), LocationRef::default());
        let units_per_em = f32::from(metrics.units_per_em);
        if units_per_em <= 0.0 || metrics.ascent <= 0.0 {
            return None;
        }
        Some(Self {
            font,
            bytes: bytes.to_vec(),
            units_per_em,
            ascent: metrics.ascent / units_per_em,
            descent: -metrics.descent / units_per_em,
        })
    }

    /// Whether the face has every letter of Vietnamese: one without would print wrong names, which
    /// a statement must not (Liberation has them from version 2).
    pub(super) fn writes_vietnamese(&self) -> bool {
        let Ok(font) = FontRef::new(&self.bytes) else { return false };
        let charmap = font.charmap();
        VIETNAMESE
            .chars()
            .chain(VIETNAMESE.to_uppercase().chars())
            .all(|c| charmap.map(c).is_some_and(|glyph| glyph.to_u32() != 0))
    }

    /// Sets a text in one line. Control characters and odd spaces become spaces; characters that
    /// the face lacks get a stand-in, never an error.
    pub(super) fn set(&self, text: &str) -> Run {
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
fn printable(c: char) -> char {
    match c {
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => ' ',
        c if c.is_control() || c.is_whitespace() => ' ',
        c => c,
    }
}
