//! The typefaces. The kiosk's own papers are set in Debian's `fonts-liberation2` (Times metrics, as
//! Decree 30/2020 asks) and `fonts-dejavu-core`; the others are for judging the reader.

use std::path::{Path, PathBuf};

use ab_glyph::{Font, FontVec};

/// Why a sheet could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A typeface is not installed.
    #[error(
        "no font file {name} with Vietnamese letters: run `tests/setup.sh` or `tests/setup.sh eval`"
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

/// A family of typefaces as Debian packages it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typeface {
    /// What people call it.
    pub name: &'static str,
    /// Whether our reader was trained on it, which `models/reader/fonts.toml` says.
    pub trained: bool,
    /// File names: regular, bold, italic, sans, bold sans.
    faces: [&'static str; 5],
}

/// What the kiosk's own papers are set in.
pub(crate) const OFFICE: Typeface = Typeface {
    name: "Liberation Serif",
    trained: true,
    faces: [
        "LiberationSerif-Regular.ttf",
        "LiberationSerif-Bold.ttf",
        "LiberationSerif-Italic.ttf",
        "DejaVuSans.ttf",
        "DejaVuSans-Bold.ttf",
    ],
};

const fn family(name: &'static str, trained: bool, faces: [&'static str; 3]) -> Typeface {
    let [regular, bold, italic] = faces;
    Typeface { name, trained, faces: [regular, bold, italic, regular, bold] }
}

/// Families for judging the reader: those that offices use and it was trained on, then strangers.
pub const TYPEFACES: [Typeface; 10] = [
    OFFICE,
    family(
        "Liberation Sans",
        true,
        ["LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf", "LiberationSans-Italic.ttf"],
    ),
    family(
        "TeX Gyre Termes",
        false,
        ["texgyretermes-regular.otf", "texgyretermes-bold.otf", "texgyretermes-italic.otf"],
    ),
    family(
        "TeX Gyre Heros",
        false,
        ["texgyreheros-regular.otf", "texgyreheros-bold.otf", "texgyreheros-italic.otf"],
    ),
    family(
        "TeX Gyre Schola",
        false,
        ["texgyreschola-regular.otf", "texgyreschola-bold.otf", "texgyreschola-italic.otf"],
    ),
    family(
        "TeX Gyre Bonum",
        false,
        ["texgyrebonum-regular.otf", "texgyrebonum-bold.otf", "texgyrebonum-italic.otf"],
    ),
    family(
        "TeX Gyre Cursor",
        false,
        ["texgyrecursor-regular.otf", "texgyrecursor-bold.otf", "texgyrecursor-italic.otf"],
    ),
    family("Carlito", false, ["Carlito-Regular.ttf", "Carlito-Bold.ttf", "Carlito-Italic.ttf"]),
    family("FreeSerif", false, ["FreeSerif.ttf", "FreeSerifBold.ttf", "FreeSerifItalic.ttf"]),
    family(
        "Clear Sans",
        false,
        ["ClearSans-Regular.ttf", "ClearSans-Bold.ttf", "ClearSans-Italic.ttf"],
    ),
];

/// A face of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Regular,
    Bold,
    Italic,
    Sans,
    SansBold,
    /// The machine-readable zone's; only there after [`Fonts::with_zone`].
    Zone,
}

/// All faces of a family, loaded once.
pub(crate) struct Fonts {
    faces: Vec<FontVec>,
}

impl Fonts {
    pub(crate) fn load(typeface: &Typeface) -> Result<Self, PaperError> {
        let faces = typeface
            .faces
            .into_iter()
            .map(|name| load(name, '\u{1ED9}'))
            .collect::<Result<_, _>>()?;
        Ok(Self { faces })
    }

    /// The same with the face that a zone is set in, which needs no Vietnamese letters.
    pub(crate) fn with_zone(mut self, name: &'static str) -> Result<Self, PaperError> {
        self.faces.push(load(name, 'W')?);
        Ok(self)
    }

    pub(crate) fn get(&self, face: Face) -> &FontVec {
        &self.faces[face as usize]
    }
}

/// Where Debian's packages put the files.
const FOLDERS: [&str; 9] = [
    "/usr/share/fonts/truetype/liberation2",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/truetype/crosextra",
    "/usr/share/fonts/truetype/freefont",
    "/usr/share/fonts/truetype/clear-sans",
    "/usr/share/texmf/fonts/opentype/public/tex-gyre",
    "/usr/share/fonts/opentype/ocr-b",
    "/usr/share/fonts/opentype/urw-base35",
];

/// The first face of that name that has the letter needed: Debian 12's `fonts-liberation` is
/// version 1.07, which has none, and stands beside `fonts-liberation2`.
fn load(name: &'static str, needs: char) -> Result<FontVec, PaperError> {
    for folder in FOLDERS {
        let path = Path::new(folder).join(name);
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path)
            .map_err(|source| PaperError::FontRead { path: path.clone(), source })?;
        let font = FontVec::try_from_vec(bytes)
            .map_err(|source| PaperError::FontParse { path, source })?;
        if font.glyph_id(needs).0 != 0 {
            return Ok(font);
        }
    }
    Err(PaperError::FontMissing { name })
}
