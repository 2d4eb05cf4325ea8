//! What the registry knows about a code, a file or a QR code. Blocking.

use std::sync::Arc;

use formats_copy::{CodeError, Product, VerificationCode};
use formats_wire::Rejection;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::format_description::well_known::Rfc3339;

use crate::shelf::{Shelf, copy_path};
use crate::store::{Kept, Store, StoreError};
use crate::{Acceptance, Facts};

/// Longest text that is looked at for a code, in bytes: a pasted address with its fragment.
const TYPED_BYTES_MAX: usize = 4096;

pub(super) struct Lookup {
    pub(super) store: Arc<Store>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) acceptance: Arc<dyn Acceptance>,
    pub(super) public_url: String,
}

/// A code looked up.
pub(super) enum ByCode {
    Found(Box<Kept>),
    Unknown(VerificationCode),
    Mistyped(CodeError),
}

/// A file looked at.
pub(super) enum ByFile {
    /// It verifies and is the very file that is kept.
    Held(Box<Kept>),
    /// It verifies; the registry has not received it.
    NotHeld(Box<Facts>),
    /// It verifies, but under its code another file is kept.
    OtherFile(Box<Facts>),
    /// It does not verify.
    Refused(Rejection),
}

/// A copy as everyone may see it: never the content, nor which device made it.
#[derive(Serialize)]
pub(super) struct CopyView<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    specimen: bool,
    product: Product,
    code: &'a str,
    number: u32,
    book: &'a str,
    issued_at: String,
    kind: &'a str,
    title: &'a str,
    authority: &'a str,
    officer: &'a str,
    capacity: &'a str,
    pages: usize,
    /// Only of a copy that is kept.
    #[serde(flatten)]
    registered: Option<Registered<'a>>,
}

#[derive(Serialize)]
struct Registered<'a> {
    sha256: String,
    bytes: u64,
    received_at: String,
    log_index: u64,
    /// What the strongest file carries, by the standard's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    signer_revoked: bool,
}

impl<'a> CopyView<'a> {
    pub(super) fn new(kept: &'a Kept) -> Self {
        let registered = Registered {
            sha256: hex::encode(kept.sha256),
            bytes: kept.bytes,
            received_at: kept.received_at.format(&Rfc3339).unwrap_or_default(),
            log_index: kept.log_index,
            proof: kept.proof.level.as_deref(),
            signer_revoked: kept.proof.revoked,
        };
        Self { registered: Some(registered), ..Self::of(&kept.facts) }
    }

    fn of(facts: &'a Facts) -> Self {
        Self {
            specimen: facts.specimen,
            product: facts.product,
            code: &facts.code,
            number: facts.number,
            book: &facts.book,
            issued_at: facts.issued_at.format(&Rfc3339).unwrap_or_default(),
            kind: &facts.kind,
            title: &facts.title,
            authority: &facts.authority,
            officer: &facts.officer,
            capacity: &facts.capacity,
            pages: facts.pages,
            registered: None,
        }
    }
}

impl Lookup {
    pub(super) fn by_code(&self, typed: &str) -> Result<ByCode, StoreError> {
        let code = match read_code(typed) {
            Ok(code) => code,
            Err(error) => return Ok(ByCode::Mistyped(error)),
        };
        let kept = self.store.by_code(&code.to_string())?;
        Ok(kept.map_or(ByCode::Unknown(code), |kept| ByCode::Found(Box::new(kept))))
    }

    pub(super) fn by_file(&self, bytes: &[u8]) -> Result<ByFile, StoreError> {
        let facts = match self.acceptance.check(bytes) {
            Ok(facts) => Box::new(facts),
            Err(refusal) => return Ok(ByFile::Refused(refusal)),
        };
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        Ok(match self.store.by_code(&facts.code)? {
            Some(kept) if kept.sha256 == sha256 || self.is_of(bytes, &kept)? => {
                ByFile::Held(Box::new(kept))
            }
            Some(_) => ByFile::OtherFile(facts),
            None => ByFile::NotHeld(facts),
        })
    }

    /// Whether a file is the kept copy with another proof behind it.
    fn is_of(&self, bytes: &[u8], kept: &Kept) -> Result<bool, StoreError> {
        let theirs = self.acceptance.sealed_sha256(bytes);
        Ok(theirs.is_some() && theirs == self.acceptance.sealed_sha256(&self.file(kept)?))
    }

    fn file(&self, kept: &Kept) -> Result<Vec<u8>, StoreError> {
        let read = self.shelf.copy(&kept.sha256);
        read.map_err(|source| StoreError::Copy { path: copy_path(&kept.sha256).into(), source })
    }

    /// Whether the part of a QR code after `#` belongs to the kept copy of that code; none when no
    /// such copy is kept. The kept file itself is verified anew.
    pub(super) fn matches_qr(&self, code: &str, proof: &str) -> Result<Option<bool>, StoreError> {
        let ByCode::Found(kept) = self.by_code(code)? else { return Ok(None) };
        let bytes = self.file(&kept)?;
        let qr = format!("{}/v/{}#{proof}", self.public_url, kept.facts.code);
        Ok(Some(self.acceptance.matches_qr(&bytes, &qr)))
    }
}

impl ByFile {
    /// The answer for programs.
    pub(super) fn to_json(&self) -> (StatusCode, Value) {
        let (verified, held, copy, refusal) = match self {
            Self::Held(kept) => (true, true, Some(CopyView::new(kept)), None),
            Self::NotHeld(facts) | Self::OtherFile(facts) => {
                (true, false, Some(CopyView::of(facts)), None)
            }
            Self::Refused(rejection) => (false, false, None, Some(rejection)),
        };
        let other = matches!(self, Self::OtherFile(_));
        let value = json!({
            "verified": verified, "held": held, "another_file_has_this_code": other,
            "copy": copy, "refusal": refusal,
        });
        (self.status(), value)
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Held(_) | Self::NotHeld(_) => StatusCode::OK,
            Self::OtherFile(_) | Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// Reads what a person typed or pasted: a code, or the address in the QR code.
pub(super) fn read_code(typed: &str) -> Result<VerificationCode, CodeError> {
    if typed.len() > TYPED_BYTES_MAX {
        return Err(CodeError::Length { found: typed.len() });
    }
    let after = typed.rsplit_once("/v/").map_or(typed, |(_, code)| code);
    let end = after.find(['#', '?', '/']).unwrap_or(after.len());
    VerificationCode::parse(&after[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_address_is_as_good_as_the_code_in_it() {
        let code = VerificationCode::from_random([7; 10]);
        for typed in [
            format!("https://kiemtra.example.vn/v/{code}#abc.def"),
            format!("https://kiemtra.example.vn/v/{code}?lang=en"),
            format!(" {} ", code.to_string().to_lowercase().replace('-', " ")),
        ] {
            assert_eq!(read_code(&typed), Ok(code), "{typed}");
        }
    }

    #[test]
    fn a_flood_of_text_is_not_searched() {
        assert!(read_code(&"A".repeat(1 << 20)).is_err());
    }
}
