//! A PAdES baseline B-B signature as an appended revision (ETSI EN 319 142-1).
//!
//! Approval signatures, not certification ones: some readers call a certified document "modified"
//! as soon as anything is added, and a time-stamp may be added later.

use std::error::Error;

use time::OffsetDateTime;

use crate::cms::{self, Chain, CmsError};
use crate::draft::Draft;
use crate::hash;
use crate::revision::{self, Role};
use crate::signer::Signer;

/// Bytes of a signature structure: PDF/A-3 limits a string to 32,767 bytes.
const ROOM_MAX: usize = 32_767;

/// Why a signature was not made. The file before it is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The signer's certificates cannot be used.
    #[error("the signature cannot be encoded")]
    Encode(#[from] CmsError),
    /// The token refused or failed.
    #[error("the key did not sign")]
    Key(#[source] Box<dyn Error + Send + Sync>),
    /// The token gave something that its own certificate does not confirm.
    #[error("the signature made does not fit the signer's certificate")]
    Mismatch,
    /// The chain is too large for a PDF string.
    #[error("a signature of {bytes} bytes does not fit a PDF/A file")]
    Size {
        /// What it would take.
        bytes: usize,
    },
    /// The file to be signed does not end as a PDF ends.
    #[error("the file to be signed does not end as a PDF")]
    File,
}

/// Signs a file as the last of `signers`, at `at` (Vietnam's time): the signature comes behind it.
/// Without a signature the file is as before.
pub(crate) fn sign(
    file: &mut Draft,
    signers: &[Role],
    at: OffsetDateTime,
    signer: &mut dyn Signer,
) -> Result<(), SignError> {
    let chain = Chain::new(signer.chain(), signer.algorithm())?;
    let room = chain.room()?;
    if room > ROOM_MAX {
        return Err(SignError::Size { bytes: room });
    }
    let (before, base) = (file.bytes().len(), &file.found().base);
    let added = revision::append(file.bytes(), base, signers, at, room).ok_or(SignError::File)?;
    let mut bytes = added.bytes;
    let hole = added.hole.start - before..added.hole.end - before;
    let digest = file.digest(&[&bytes[..hole.start], &bytes[hole.end..]]);
    let attributes = cms::signed_attributes(&chain, &digest)?;
    let signature = signed(&chain, signer, &attributes)?;
    let structure = hex::encode(cms::encode(&chain, &digest, &signature)?);
    let place = hole.start + 1..hole.start + 1 + structure.len();
    if place.end >= hole.end {
        return Err(SignError::Size { bytes: structure.len() / 2 });
    }
    bytes[place].copy_from_slice(structure.as_bytes());
    file.push(&bytes);
    Ok(())
}

/// A signature over `message`, checked before anyone relies on it.
pub(crate) fn signed(
    chain: &Chain,
    signer: &mut dyn Signer,
    message: &[u8],
) -> Result<Vec<u8>, SignError> {
    let signature = signer.sign_digest(&hash(message)).map_err(SignError::Key)?;
    if chain.verifies(message, &signature) { Ok(signature) } else { Err(SignError::Mismatch) }
}
