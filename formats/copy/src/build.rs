//! The unsigned copy: a PDF/A-3u file made by krilla.
//!
//! Part 3 of PDF/A, because it is the part that lets a file of another kind travel inside: the
//! manifest is an associated file, covered by both signatures. Level U, because every glyph maps to
//! the characters it stands for, so that the text of the original can be searched and copied.
//!
//! The pages of the original come first, at their true size, then one statement page in A4.

mod pages;
mod qr;
mod statement_page;

use formats_typeset::{Face, FaceError};
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::metadata::{DateTime, Metadata};
use krilla::{Document, SerializeSettings};

use crate::manifest::{MANIFEST_NAME, Manifest};
use crate::request::{Assets, CopyRequest};
use crate::statement::StatementProfile;

/// Why a copy could not be laid out. Nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A typeface is not a usable TrueType or OpenType file.
    #[error("the {name} typeface cannot be read")]
    Font {
        /// Which one.
        name: &'static str,
    },
    /// A typeface has no glyphs for some Vietnamese letters.
    #[error("the {name} typeface lacks vietnamese letters")]
    FontLetters {
        /// Which one.
        name: &'static str,
    },
    /// The built-in words of the statement do not parse.
    #[error("the statement's wording cannot be read")]
    Wording(#[source] toml::de::Error),
    /// A page's image is not a JPEG that can be embedded, or not of the size that was said.
    #[error("the image of page {page} is not a grey or colour JPEG of the size said: {reason}")]
    Page {
        /// The page, from 1.
        page: usize,
        /// What the decoder said.
        reason: String,
    },
    /// The seal or the signature image is not a usable PNG.
    #[error("the {name} image cannot be read: {reason}")]
    Image {
        /// Which one.
        name: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// The QR text does not fit a QR code.
    #[error("the QR text of {length} bytes does not fit")]
    Qr {
        /// Its length.
        length: usize,
        /// The encoder's reason.
        #[source]
        source: qrcode::types::QrError,
    },
    /// The file breaks a rule of PDF/A, or an image inside does not decode.
    #[error("the PDF cannot be written: {reason}")]
    Pdf {
        /// krilla's reason.
        reason: String,
    },
}

/// Lays out the copy. `manifest` and `manifest_bytes` are the same thing twice; the bytes are
/// attached as they are.
pub(crate) fn build(
    request: &CopyRequest,
    assets: &Assets,
    manifest: &Manifest,
    manifest_bytes: &[u8],
    qr_text: &str,
) -> Result<Vec<u8>, BuildError> {
    let regular = face(&assets.regular_font, "regular")?;
    let bold = face(&assets.bold_font, "bold")?;
    let profile = StatementProfile::certified_copy().map_err(BuildError::Wording)?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_U)
        .finish()
        .map_err(|e| BuildError::Pdf { reason: format!("{e:?}") })?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata(manifest));
    for (i, page) in request.pages.iter().enumerate() {
        pages::add(&mut document, page, i + 1, &regular)?;
    }
    let statement = statement_page::Statement {
        manifest,
        place: &request.place,
        verify_base: &request.verify_base,
        profile: &profile,
    };
    statement_page::add(&mut document, &statement, assets, &regular, &bold, qr_text)?;
    let attached = EmbeddedFile {
        path: MANIFEST_NAME.into(),
        mime_type: MimeType::new("application/json"),
        description: Some("Dữ liệu của bản sao chứng thực cho máy đọc".into()),
        association_kind: AssociationKind::Data,
        data: manifest_bytes.to_vec().into(),
        modification_date: Some(pdf_time(manifest)),
        // Uncompressed, so that the attached bytes are the file's bytes and nothing inflates.
        compress: Some(false),
        location: None,
    };
    document
        .embed_file(attached)
        .ok_or_else(|| BuildError::Pdf { reason: "the manifest was attached twice".into() })?;
    document.finish().map_err(|e| BuildError::Pdf { reason: e.to_string() })
}

fn face(bytes: &[u8], name: &'static str) -> Result<Face, BuildError> {
    Face::new(bytes).map_err(|error| match error {
        FaceError::Font => BuildError::Font { name },
        FaceError::Letters => BuildError::FontLetters { name },
    })
}

fn metadata(manifest: &Manifest) -> Metadata {
    Metadata::new()
        .title(format!("Bản sao chứng thực: {}", manifest.title))
        .authors(vec![manifest.authority.clone()])
        .creator("Bản Sao".into())
        .producer("Bản Sao, krilla".into())
        .language("vi".into())
        .creation_date(pdf_time(manifest))
        .document_id(manifest.code.to_string())
}

fn pdf_time(manifest: &Manifest) -> DateTime {
    let at = manifest.issued_at;
    DateTime::new(at.year().clamp(0, 9999) as u16)
        .month(at.month().into())
        .day(at.day())
        .hour(at.hour())
        .minute(at.minute())
        .second(at.second())
        .utc_offset_hour(at.offset().whole_hours())
        .utc_offset_minute(0)
}
