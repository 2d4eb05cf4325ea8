//! What a copy must be before the registry keeps it, and what the registry then knows of it.

use formats_copy::{Manifest, Product, TrustAnchors, TrustError, verify};
use formats_wire::Rejection;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// What a verified copy says about itself, as the registry keeps and shows it. Never the content.
///
/// Stored as JSON in the `copies` table: add fields only with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What the copy is in law.
    #[serde(default)]
    pub product: Product,
    /// Whether a demonstration's keys signed it; worth nothing in law.
    #[serde(default)]
    pub specimen: bool,
    /// Verification code, canonical form.
    pub code: String,
    /// Number in the book.
    pub number: u32,
    /// The book (quyển số).
    pub book: String,
    /// When the officer certified, Vietnam time.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// Authority that certified.
    pub authority: String,
    /// Officer who certified.
    pub officer: String,
    /// Capacity in which the officer signed.
    pub capacity: String,
    /// Kind of document.
    pub kind: String,
    /// Title of the document.
    pub title: String,
    /// Device that made the copy.
    pub device: String,
    /// The device's sequence number of the copy.
    pub sequence: u64,
    /// Pages of the original.
    pub pages: usize,
}

/// Decides whether bytes are a certified copy. The registry has one, [`CopyVerifier`]; tests of the
/// upload itself pass another, so that they need no signing keys.
pub trait Acceptance: Send + Sync {
    /// Reads and verifies a whole file. Blocking, CPU-bound.
    ///
    /// # Errors
    /// The reason, worded for people.
    fn check(&self, bytes: &[u8]) -> Result<Facts, Rejection>;

    /// Whether a QR code's text belongs to this file: its code, its manifest's digest, and the
    /// authority's signature over it. False for a file that does not verify.
    fn matches_qr(&self, bytes: &[u8], qr: &str) -> bool;

    /// SHA-256 of the part of a copy that was sealed: the same for a copy and for a longer file
    /// that proves it. None for a file that does not verify.
    fn sealed_sha256(&self, bytes: &[u8]) -> Option<[u8; 32]> {
        self.check(bytes).ok().map(|_| Sha256::digest(bytes).into())
    }
}

/// Both signatures, their chains and the manifest, by the very code that sealed the copy.
#[derive(Debug)]
pub struct CopyVerifier {
    trust: TrustAnchors,
}

impl CopyVerifier {
    /// A verifier that trusts the roots in `pem`.
    ///
    /// # Errors
    /// When `pem` holds no usable certificate.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TrustError> {
        TrustAnchors::from_pem(pem).map(|trust| Self { trust })
    }
}

impl Acceptance for CopyVerifier {
    fn check(&self, bytes: &[u8]) -> Result<Facts, Rejection> {
        match verify(bytes, &self.trust) {
            Ok(verified) => {
                let specimen = verified.is_specimen();
                Ok(Facts { specimen, ..facts(verified.manifest) })
            }
            Err(refusal) => Err(Rejection::new(refusal.code(), refusal.vi(), refusal.en())),
        }
    }

    fn matches_qr(&self, bytes: &[u8], qr: &str) -> bool {
        verify(bytes, &self.trust).is_ok_and(|verified| verified.matches_qr(qr))
    }

    fn sealed_sha256(&self, bytes: &[u8]) -> Option<[u8; 32]> {
        verify(bytes, &self.trust).ok().map(|verified| verified.sealed_sha256)
    }
}

fn facts(manifest: Manifest) -> Facts {
    Facts {
        specimen: manifest.specimen,
        product: manifest.product,
        code: manifest.code.to_string(),
        number: manifest.number,
        book: manifest.book,
        issued_at: manifest.issued_at,
        authority: manifest.authority,
        officer: manifest.officer,
        capacity: manifest.capacity,
        kind: manifest.kind,
        title: manifest.title,
        device: manifest.device,
        sequence: manifest.sequence,
        pages: manifest.pages.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Sealed by version 1 of the format, kept for ever.
    const COPY: &[u8] = include_bytes!("../../formats/copy/tests/data/copy-v1.pdf");
    const ROOT: &[u8] = include_bytes!("../../formats/copy/tests/data/root-v1.pem");

    fn verifier() -> CopyVerifier {
        CopyVerifier::from_pem(ROOT).expect("the root of that copy")
    }

    #[test]
    fn a_sealed_copy_is_accepted_with_what_it_says_of_itself() {
        let facts = verifier().check(COPY).expect("a sealed copy");
        assert_eq!(facts.code, "7R7E-G30S-9R1P-T6XA");
        assert!(facts.number > 0 && facts.pages > 0 && !facts.authority.is_empty());
    }

    #[test]
    fn a_changed_byte_is_refused_with_a_reason_in_both_languages() {
        let mut changed = COPY.to_vec();
        changed[COPY.len() / 3] ^= 1;
        let refusal = verifier().check(&changed).expect_err("a changed byte");
        assert!(!refusal.vi.is_empty() && !refusal.en.is_empty() && refusal.vi != refusal.en);
        assert!(!verifier().matches_qr(&changed, "https://example.vn/v/7R7E-G30S-9R1P-T6XA#a.b"));
    }

    #[test]
    fn a_made_up_qr_proof_is_not_that_copys() {
        let qr = "https://example.vn/v/7R7E-G30S-9R1P-T6XA#AAAA.AAAA";
        assert!(!verifier().matches_qr(COPY, qr));
    }
}
