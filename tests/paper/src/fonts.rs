//! The typefaces, from Debian's `fonts-liberation2` (Times metrics, as Decree 30/2020 asks) and
//! `fonts-dejavu-core`.

use std::path::{Path, PathBuf};

use ab_glyph::{Font, FontVec};

/// Why a sheet could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A typeface is not installed.
    #[error(
        "no font file {name} under {FONT_ROOT}: install fonts-liberation and fonts-dejavu-core"
    )]
    FontMissing {
        /// File name of the face.
        name: &'static str,
    },
    /// A font file could not be read.
    #[error("read font {}", path.display())]
    FontRead {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A font file is not a font.
    #[error("parse font {}", path.display())]
    FontParse {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: ab_glyph::InvalidFont,
    },
    /// A shape has no pixels.
    #[error("draw {what}: empty shape")]
    Shape {
        /// What was drawn.
        what: &'static str,
    },
    /// An image could not be encoded.
    #[error("encode {what} as an image: {detail}")]
    Encode {
        /// What was encoded.
        what: &'static str,
        /// The encoder's words.
        detail: String,
    },
    /// The identity payload does not fit a QR code.
    #[error("encode the identity payload as a QR code: {detail}")]
    Qr {
        /// The encoder's words.
        detail: String,
    },
}

const FONT_ROOT: &str = "/usr/share/fonts/truetype";

/// A face of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Regular,
    Bold,
    Italic,
    Sans,
    SansBold,
}

/// All faces, loaded once.
pub(crate) struct Fonts {
    faces: [FontVec; 5],
}

impl Fonts {
    pub(crate) fn load() -> Result<Self, PaperError> {
        Ok(Self {
            faces: [
                load("LiberationSerif-Regular.ttf")?,
                load("LiberationSerif-Bold.ttf")?,
                load("LiberationSerif-Italic.ttf")?,
                load("DejaVuSans.ttf")?,
                load("DejaVuSans-Bold.ttf")?,
            ],
        })
    }

    pub(crate) fn get(&self, face: Face) -> &FontVec {
        &self.faces[face as usize]
    }
}

/// The first face of that name that has Vietnamese letters: Debian 12's `fonts-liberation` is
/// version 1.07, which has none, and stands beside `fonts-liberation2`.
fn load(name: &'static str) -> Result<FontVec, PaperError> {
    for folder in ["liberation2", "liberation", "dejavu"] {
        let path = Path::new(FONT_ROOT).join(folder).join(name);
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path)
            .map_err(|source| PaperError::FontRead { path: path.clone(), source })?;
        let font = FontVec::try_from_vec(bytes)
            .map_err(|source| PaperError::FontParse { path, source })?;
        if font.glyph_id('\u{1ED9}').0 != 0 {
            return Ok(font);
        }
    }
    Err(PaperError::FontMissing { name })
}
