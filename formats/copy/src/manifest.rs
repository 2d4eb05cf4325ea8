//! What a copy says about itself to a machine: `manifest.json`, attached inside the PDF.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::offset;

use crate::request::{Area, LAYERS_MAX, is_within};
use crate::{Product, Refusal, VerificationCode};

mod v1;

/// The manifest's version that is written. A verifier reads this one and all before it.
pub const MANIFEST_VERSION: u32 = 3;
/// How many pixels of a page may be one of its JPEG; more would be no copy.
pub(crate) const COARSENESS: std::ops::RangeInclusive<u32> = 1..=4;
/// The attachment's name.
pub(crate) const MANIFEST_NAME: &str = "manifest.json";

/// The machine-readable content of a copy. Never holds personal data of the requester.
///
/// Its canonical bytes are exactly the attached bytes ([`Manifest::to_bytes`] makes them once, when
/// the copy is sealed); the QR code signs their SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`], or less for an older copy.
    pub version: u32,
    /// What the copy is in law.
    pub product: Product,
    /// The id of the profile whose words it bears; empty for version 1.
    pub profile: String,
    /// The verification code, which is also the conversion mark.
    pub code: VerificationCode,
    /// The number in the book (số chứng thực), from 1.
    pub number: u32,
    /// The book as written on its cover, symbol included, such as `03/2026-SCT/BS`.
    pub book: String,
    /// When the copy was certified: Vietnam's time, whole seconds.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub issued_at: OffsetDateTime,
    /// The certifying authority.
    pub authority: String,
    /// The certifying officer's name.
    pub officer: String,
    /// The officer's capacity, such as `TUQ. CHỦ TỊCH`.
    pub capacity: String,
    /// The kind of document.
    pub kind: String,
    /// The document's title.
    pub title: String,
    /// The device that made the copy.
    pub device: String,
    /// The device's own running number of the copy.
    pub sequence: u64,
    /// One entry for each page of the original.
    pub pages: Vec<PageEntry>,
    /// The models that read the original.
    pub models: Vec<ModelEntry>,
    /// What stood behind the clock when the copy was signed.
    #[serde(default)]
    pub clock: ClockTrust,
    /// Whether a demonstration's keys sign: the copy is worth nothing in law.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub specimen: bool,
    /// What the officer set otherwise than the machine had read; from version 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<Corrected>,
}

/// Something that a machine read and an officer set otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corrected {
    /// The kind of document.
    Kind,
    /// Its title.
    Title,
}

/// What stood behind the clock whose time a copy bears.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockTrust {
    /// A time service kept it right.
    Synchronised,
    /// It ran by itself; an officer had confirmed it where there was doubt.
    Unsynchronised,
    /// Older copies do not say.
    #[default]
    Unknown,
}

/// One page of the original, as embedded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageEntry {
    /// SHA-256 of the page's JPEG file, in hexadecimal.
    pub sha256: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels an inch.
    pub dpi: u32,
    /// How far the original lies turned in the image, clockwise, in thousandths of a degree; the
    /// page turns it back.
    pub skew: i32,
    /// The margin that was added above the image, in tenths of a millimetre.
    pub margin_top: u32,
    /// The margin that was added to the right of it, in tenths of a millimetre.
    pub margin_right: u32,
    /// How many pixels of the page are one of the JPEG, in both directions; from version 3.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub coarseness: u32,
    /// What lies over the JPEG, from the bottom; from version 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<LayerEntry>,
}

/// An image over a part of a page, as embedded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerEntry {
    /// SHA-256 of the JPEG file, in hexadecimal.
    pub sha256: String,
    /// Its width in pixels.
    pub columns: u32,
    /// Its height in pixels.
    pub rows: u32,
    /// Where it lies, in pixels of the page: left, top, width, height.
    pub area: Area,
    /// SHA-256 of the bits that say where it can be seen (ITU-T T.6), in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
}

impl PageEntry {
    /// The page's JPEG and what lies over it; `None` if they are beyond the format's limits.
    pub(crate) fn layers(&self) -> Option<Vec<LayerEntry>> {
        let within = |layer: &LayerEntry| is_within(layer.area, self.width, self.height);
        let known = COARSENESS.contains(&self.coarseness) && self.over.len() <= LAYERS_MAX;
        (known && self.over.iter().all(within)).then_some(())?;
        let paper = LayerEntry {
            sha256: self.sha256.clone(),
            columns: self.width.div_ceil(self.coarseness),
            rows: self.height.div_ceil(self.coarseness),
            area: [0, 0, self.width, self.height],
            mask: None,
        };
        Some([vec![paper], self.over.clone()].concat())
    }

    /// The digests of all its images, from the bottom, each followed by its mask's.
    pub(crate) fn digests(&self) -> Vec<&str> {
        let over = self.over.iter().flat_map(|layer| [Some(&layer.sha256), layer.mask.as_ref()]);
        [Some(&self.sha256)].into_iter().chain(over).flatten().map(String::as_str).collect()
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// One model that took part in reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its weights, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The bytes to attach: compact JSON, keys in the order of the fields.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads an attached manifest of any version up to this one.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        /// Read first, because other versions have other fields.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let malformed = |source| Refusal::Manifest { source: Some(source) };
        let Version { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        match version {
            1 => serde_json::from_slice::<v1::ManifestV1>(bytes).map(Self::from),
            2 | MANIFEST_VERSION => serde_json::from_slice(bytes),
            version => return Err(Refusal::ManifestVersion { version }),
        }
        .map_err(malformed)
        .and_then(Self::of_its_version)
    }

    /// Version 2 knew neither layers nor corrections, and is version 3 otherwise.
    fn of_its_version(self) -> Result<Self, Refusal> {
        let layered = |page: &PageEntry| page.coarseness != 1 || !page.over.is_empty();
        let newer = self.pages.iter().any(layered) || !self.corrected.is_empty();
        let later = self.version < MANIFEST_VERSION && newer;
        if later { Err(Refusal::Manifest { source: None }) } else { Ok(self) }
    }
}

/// Vietnam's time in whole seconds: what manifests, statements and signatures carry.
pub(crate) fn vietnam_seconds(at: OffsetDateTime) -> OffsetDateTime {
    at.to_offset(offset!(+7)).replace_nanosecond(0).unwrap_or(at)
}

fn write_time<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    let text = at.format(&Rfc3339).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&text)
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(serde::de::Error::custom)
}
