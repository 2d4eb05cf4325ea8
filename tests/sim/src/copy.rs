//! The simulation's certified copy: a line of JSON with what it says, two signatures, and filler.
//!
//! Real PDF and signatures have tests of their own; here a copy must only be quick to make and
//! impossible to change unnoticed.

use formats_copy::CopyRequest;
use kiosk::steps::certify::Sealed;
use registry::wire::Rejection;
use registry::{Acceptance, Facts};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chaos::{Chaos, Trouble};

/// The names of the two keys that must have signed.
pub const OFFICER_KEY: &str = "officer";
/// See [`OFFICER_KEY`].
pub const AUTHORITY_KEY: &str = "authority";

#[derive(Serialize, Deserialize)]
struct Head {
    facts: Facts,
    filler: u64,
    signatures: [String; 2],
}

/// What stands for a signature of the key with this name.
#[must_use]
pub fn signature(key: &[u8], digest: &[u8; 32]) -> Vec<u8> {
    Sha256::new().chain_update(key).chain_update(digest).finalize().to_vec()
}

/// What is signed: everything a copy says, and its length.
#[must_use]
pub fn digest(request: &CopyRequest, filler: u64) -> [u8; 32] {
    digest_of(&facts(request), filler)
}

fn digest_of(facts: &Facts, filler: u64) -> [u8; 32] {
    let said = serde_json::to_vec(facts).unwrap_or_default();
    Sha256::new().chain_update(said).chain_update(filler.to_le_bytes()).finalize().into()
}

fn facts(request: &CopyRequest) -> Facts {
    Facts {
        specimen: false,
        product: request.product,
        code: request.code.to_string(),
        number: request.number,
        book: request.book.clone(),
        issued_at: request.issued_at,
        authority: request.authority.clone(),
        officer: request.officer.clone(),
        capacity: request.capacity.clone(),
        kind: request.kind.clone(),
        title: request.title.clone(),
        device: request.device.clone(),
        sequence: request.sequence,
        pages: request.pages.len(),
    }
}

/// The file.
#[must_use]
pub fn sealed(request: &CopyRequest, filler: u64, signatures: &[Vec<u8>; 2]) -> Sealed {
    let signatures = signatures.each_ref().map(hex::encode);
    let head = Head { facts: facts(request), filler, signatures };
    let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
    bytes.push(b'\n');
    bytes.resize(bytes.len() + filler as usize, b'.');
    let sha256 = Sha256::digest(&bytes).into();
    Sealed { bytes, sha256, qr: format!("https://sim/v/{}", request.code) }
}

/// The registry's check of such a file.
#[derive(Debug, Clone)]
pub struct SimAcceptance(pub Chaos);

impl Acceptance for SimAcceptance {
    fn check(&self, bytes: &[u8]) -> Result<Facts, Rejection> {
        let refused = |why: &str| Rejection::new("SIM", why, why);
        if self.0.strikes(Trouble::CopyRefused) {
            return Err(refused("refused without a reason"));
        }
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| refused("no head"))?;
        let head: Head =
            serde_json::from_slice(&bytes[..end]).map_err(|error| refused(&error.to_string()))?;
        let filler = &bytes[end + 1..];
        if filler.len() as u64 != head.filler || filler.iter().any(|b| *b != b'.') {
            return Err(refused("other bytes than were signed"));
        }
        let digest = digest_of(&head.facts, head.filler);
        let expected =
            [OFFICER_KEY, AUTHORITY_KEY].map(|key| hex::encode(signature(key.as_bytes(), &digest)));
        if head.signatures != expected {
            return Err(refused("not signed by officer and authority"));
        }
        Ok(head.facts)
    }

    fn matches_qr(&self, bytes: &[u8], qr: &str) -> bool {
        self.check(bytes).is_ok_and(|facts| qr.ends_with(&facts.code))
    }
}
