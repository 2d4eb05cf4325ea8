//! The certified copy: what it is made of, how it is sealed, how it is verified.
//!
//! A copy is one PDF/A-3a file: the pages of the original as captured, their text underneath, the
//! words that its [`Profile`] prescribes, a manifest for machines, the signatures of its
//! [`Product`]. The kiosk seals with this package and the registry verifies with it, so both mean
//! the same.
//!
//! It never decides whether a copy may be issued, never touches a device, a clock, a network or a
//! disk, and never holds a key: signing is asked of a [`Signer`].
//!
//! Start reading at [`Press::seal`]; then `revision` (what a signature appends) and [`verify()`];
//! then [`GenuineCopy`] and `appended` (what proves a copy for decades).
//!
//! # Limits
//! | limit | value | why |
//! |---|---|---|
//! | [`FILE_BYTES_MAX`] | 96 MiB | some 130 to 250 colour pages at 300 dpi; held in memory once |
//! | [`PAGE_COUNT_MAX`] | 200 | a thick file |
//! | [`LAYERS_MAX`] | 32 | ink, some seals and pictures over the paper of a page |
//! | [`PAGE_WORDS_MAX`] | 20,000 | a dense page has under 1,500 |
//! | [`TEXT_CHARS_MAX`] | 500 | names must fit the statement page |
//! | [`EVIDENCE_COUNT_MAX`] | 64 | two signers and their time-stamps need some ten |
//! | [`EVIDENCE_BYTES_MAX`] | 1 MiB | long revocation lists do not travel with every copy |

mod appended;
mod beginning;
mod build;
mod cms;
mod code;
mod content;
mod draft;
mod evidence;
mod extend;
mod manifest;
mod once;
mod pades;
mod place;
mod product;
mod profile;
mod proof;
mod refusal;
mod request;
mod revision;
mod seal;
mod shape;
mod signer;
mod signer_certificate;
mod slim;
mod timestamp;
mod trust;
mod verify;
mod x509;

pub use build::{BuildError, Press};
pub use cms::CmsError;
pub use code::{CodeError, VerificationCode};
pub use evidence::{EVIDENCE_BYTES_MAX, EVIDENCE_COUNT_MAX, Evidence, Question};
pub use extend::{Ask, ExtendError, GenuineCopy};
pub use formats_typeset::Wording;
pub use manifest::{
    ClockTrust, Corrected, LayerEntry, MANIFEST_VERSION, Manifest, ModelEntry, PageEntry,
};
pub use pades::SignError;
pub use product::Product;
pub use profile::{
    Day, EdgeSeal, Measure, NoteWords, Placement, Profile, ProfileError, Sheets, Signers, Spoken,
    StatementWords, signing_time,
};
pub use proof::{Level, TimeStamp};
pub use refusal::Refusal;
pub use request::{
    Area, Assets, CopyRequest, DPI_RANGE, ImageFile, ImageSource, LAYERS_MAX, Layer,
    PAGE_COUNT_MAX, PAGE_WORDS_MAX, PageImage, PlacedWord, RequestError, TEXT_CHARS_MAX,
};
pub use revision::{BaseError, Role};
pub use seal::{FreshCopy, SealError, SealedCopy, seal};
pub use signer::{SignatureAlgorithm, Signer};
pub use signer_certificate::SignerCertificate;
pub use timestamp::{TimeStampError, TimeStampQuery};
pub use trust::{TrustAnchors, TrustError};
pub use verify::{SignerInfo, Verified, verify, verify_at};

// So that the helpers of the tests outside serve the tests inside too.
#[cfg(test)]
extern crate self as formats_copy;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

/// The organisation that every certificate of a demonstration names: what is signed under it is
/// worth nothing in law.
pub const SPECIMEN: &str = "MẪU - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ";

/// The largest copy that is made or verified, in bytes.
pub const FILE_BYTES_MAX: usize = 96 << 20;

/// SHA-256.
fn hash(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}
