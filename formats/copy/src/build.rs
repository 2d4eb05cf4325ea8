//! The unsigned copy: a PDF/A-3a file made by krilla.
//!
//! Part 3 of PDF/A, because it is the part that lets a file of another kind travel inside: the
//! manifest is an associated file, covered by the signatures. Level A, because the file is tagged:
//! readers for the blind find pages, statement, seal and signature in their order, each image with
//! its words; and every glyph maps to the character it stands for.
//!
//! The pages of the original come first, at their true scale, with the margins that the profile
//! asks for; then, for a certified copy, one statement page in A4.

mod draw;
mod edge;
#[cfg(test)]
mod golden;
mod jpegs;
mod note;
mod pages;
#[cfg(test)]
mod preflight;
mod press;
mod put_in;
mod qr;
mod statement_page;
mod words;
mod xmp;

use formats_typeset::Wording;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::metadata::{DateTime, Metadata};
use krilla::tagging::TagTree;
use krilla::{Document, SerializeSettings};

use crate::manifest::{MANIFEST_NAME, Manifest, PageEntry};
use crate::place::Place;
use crate::profile::{Placement, Profile, ProfileError, signing_time};
use crate::request::{CopyRequest, PageImage};
use crate::slim::Known;
use edge::Edge;
use jpegs::StandIn;
use note::Note;
pub use press::Press;
use qr::Qr;
use words::Alphabet;

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
    /// No profile gives the words.
    #[error("there are no words for this copy")]
    Profile(#[from] ProfileError),
    /// The note above the first page is longer than any page bears.
    #[error("the note above the first page is too long")]
    Note,
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

/// What is known before the manifest is: the words, the margins, the pages' files.
pub(crate) struct Plan<'a> {
    press: &'a Press,
    profile: &'a Profile,
    /// What each sheet bears at its right edge, the statement page's last.
    edges: Vec<Edge>,
    note: Option<Note>,
    /// What the manifest says of each page of the original.
    entries: Vec<PageEntry>,
    /// What stands for each page's images while the file is laid out.
    stand_ins: Vec<Vec<StandIn<'a>>>,
    /// The characters of all pages' words.
    alphabet: Alphabet,
}

impl<'a> Plan<'a> {
    /// The layout of a copy; a specimen says so on it. `longest_qr` is as long as the text of its
    /// QR code can become.
    pub(crate) fn new(
        request: &'a CopyRequest,
        press: &'a Press,
        specimen: bool,
        longest_qr: &str,
    ) -> Result<Self, BuildError> {
        let profile = Profile::of(&press.profiles, request.product, request.issued_at)?;
        let mut heights: Vec<f32> = request.pages.iter().map(pages::height).collect();
        if profile.product.has_statement_page() {
            heights.push(statement_page::HEIGHT);
        }
        let edges = edge::edges(&profile.sheets, &heights, press.seal.is_some());
        let note = match &profile.placement {
            Placement::TopRightOfFirstPage(words) => {
                let note = Note::new(words, request, specimen, press, &Qr::new(longest_qr)?);
                Some(note.ok_or(BuildError::Note)?)
            }
            Placement::OwnLastPage(_) => None,
        };
        let top = |i: usize| note.as_ref().filter(|_| i == 0).map_or(0, Note::margin);
        let originals = edges.iter().enumerate().take(request.pages.len());
        let margins = originals.map(|(i, edge)| (top(i), edge.margin()));
        let stand_ins = jpegs::stand_ins(&request.pages)?;
        let pages = request.pages.iter().zip(&stand_ins).zip(margins).enumerate();
        let entries = pages.map(|(i, ((page, layers), margins))| {
            let entry = entry(page, layers, margins);
            let reason = "the size differs".to_owned();
            entry.ok_or(BuildError::Page { page: i + 1, reason })
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let alphabet = Alphabet::of(&request.pages, &press.regular);
        Ok(Self { press, profile, edges, note, entries, stand_ins, alphabet })
    }

    /// The title that readers for the blind speak.
    fn title(&self, words: &Words) -> String {
        words.fill(&self.profile.spoken.title, &[])
    }

    /// The profile's id.
    pub(crate) fn profile(&self) -> &str {
        &self.profile.id
    }

    /// What the manifest says of each page of the original.
    pub(crate) fn entries(&self) -> &[PageEntry] {
        &self.entries
    }

    /// The pages' image files that lie in memory.
    pub(crate) fn known(&self) -> Vec<Known<'_>> {
        self.stand_ins.iter().flatten().flat_map(StandIn::known).collect()
    }

    /// How long all pages' image files are together.
    pub(crate) fn image_bytes(&self) -> usize {
        self.stand_ins.iter().flatten().map(StandIn::length).sum()
    }
}

/// What the manifest says of a page; `None` if its JPEG has another size than was said.
fn entry(page: &PageImage, layers: &[StandIn], margins: (u32, u32)) -> Option<PageEntry> {
    let (paper, over) = layers.split_first()?;
    Some(PageEntry {
        sha256: paper.entry().sha256,
        coarseness: paper.coarseness()?,
        over: over.iter().map(StandIn::entry).collect(),
        ..page.entry([0; 32], margins)
    })
}

/// Makes the unsigned file. `manifest` and `manifest_bytes` are the same thing twice; the bytes are
/// attached as they are.
pub(crate) fn build(
    plan: &Plan,
    request: &CopyRequest,
    manifest: &Manifest,
    manifest_bytes: &[u8],
    qr_text: &str,
) -> Result<Vec<u8>, BuildError> {
    let mut document = laid_out(Archival::A3_A, plan, request, manifest, qr_text)?;
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
    finished(document, plan, request, manifest, manifest_bytes)
}

/// The pages, with their structure, by the rules of a kind of PDF/A.
fn laid_out(
    archival: Archival,
    plan: &Plan,
    request: &CopyRequest,
    manifest: &Manifest,
    qr_text: &str,
) -> Result<Document, BuildError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(archival)
        .finish()
        .map_err(|e| BuildError::Pdf { reason: format!("{e:?}") })?;
    // Streams are compressed when everything is in them.
    let settings = SerializeSettings {
        configuration,
        compress_content_streams: false,
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    let words = Words { manifest, place: &request.place, verify_base: &request.verify_base };
    document.set_metadata(metadata(manifest, plan.title(&words)));
    let mut tree = TagTree::new();
    let qr = Qr::new(qr_text)?;
    for (i, page) in request.pages.iter().enumerate() {
        let drawn = pages::add(&mut document, plan, &words, page, i, &qr)?;
        tree.push(drawn);
    }
    if let Placement::OwnLastPage(statement) = &plan.profile.placement {
        tree.push(statement_page::add(&mut document, plan, statement, &words, &qr)?);
    }
    document.set_tag_tree(tree);
    Ok(document)
}

/// The document's bytes, with its particulars in the metadata and with the pages' own JPEGs.
fn finished(
    document: Document,
    plan: &Plan,
    request: &CopyRequest,
    manifest: &Manifest,
    manifest_bytes: &[u8],
) -> Result<Vec<u8>, BuildError> {
    let bytes = document.finish().map_err(|e| BuildError::Pdf { reason: e.to_string() })?;
    let bytes = xmp::described(bytes, manifest, manifest_bytes)
        .ok_or_else(|| BuildError::Pdf { reason: "its metadata has another form".into() })?;
    let places: Option<Vec<_>> = manifest.pages.iter().map(Place::new).collect();
    let places = places.ok_or_else(|| BuildError::Pdf { reason: "a page has no extent".into() })?;
    put_in::put_in(&bytes, plan, request, &places)
}

/// What the words of a profile are filled in with.
struct Words<'a> {
    manifest: &'a Manifest,
    place: &'a str,
    verify_base: &'a str,
}

impl Words<'_> {
    fn fill(&self, wording: &Wording, more: &[(&str, &str)]) -> String {
        let manifest = self.manifest;
        let code = manifest.code.to_string();
        let time = signing_time(manifest.issued_at);
        let known = [
            ("authority", manifest.authority.as_str()),
            ("officer", &manifest.officer),
            ("kind", &manifest.kind),
            ("title", &manifest.title),
            ("code", &code),
            ("time", &time),
            ("address", self.verify_base),
        ];
        wording.filled(&[known.as_slice(), more].concat())
    }
}

fn metadata(manifest: &Manifest, title: String) -> Metadata {
    Metadata::new()
        .title(title)
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
