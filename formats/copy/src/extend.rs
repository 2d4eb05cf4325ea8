//! Adding to a sealed copy what proves it later: time-stamps, revocation data.
//!
//! The network is the caller's: what to send and what came back are bytes. Nothing leaves here
//! that does not verify.

use std::error::Error;

use crate::appended::UPDATES_MAX;
use crate::evidence::{EVIDENCE_COUNT_MAX, Evidence, Question};
use crate::pades::digest_around;
use crate::timestamp::{TOKEN_BYTES_MAX, TimeStampError, TimeStampQuery};
use crate::verify::{Judged, judged};
use crate::{FILE_BYTES_MAX, Refusal, TrustAnchors};

/// Why nothing was added. The copy is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    /// The file to be extended is no certified copy.
    #[error("the copy does not verify")]
    Copy(#[source] Refusal),
    /// The authority could not be asked.
    #[error("the time-stamp authority did not answer")]
    Ask(#[source] Box<dyn Error + Send + Sync>),
    /// The authority's answer is not usable.
    #[error("the answer of the time-stamp authority is not usable")]
    TimeStamp(#[from] TimeStampError),
    /// A piece of revocation data is none, or too long.
    #[error("piece {place} of the revocation data cannot be used")]
    Evidence {
        /// Its place, from 1.
        place: usize,
    },
    /// All of it is in the copy already, or there is too much.
    #[error("there are {count} new pieces of revocation data, not 1 to {EVIDENCE_COUNT_MAX}")]
    EvidenceCount {
        /// How many pieces are new.
        count: usize,
    },
    /// The copy would be longer, or extended more often, than a verifier accepts.
    #[error("the copy is too long, or was extended too often, for more")]
    Size,
    /// What was added shows that the copy is not genuine, or cannot be believed itself.
    #[error("the extended copy does not verify")]
    Extended(#[source] Refusal),
}

/// Asks a time-stamp authority: sends a request, returns the answer (RFC 3161, 3.4).
pub type Ask<'a> = dyn FnMut(&[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + 'a;

/// Adds a time-stamp over the whole file: B-T on a sealed copy, B-LTA behind revocation data.
///
/// `nonce` comes from a secure random source; `policy` is the practice asked for, if any.
pub fn time_stamp(
    copy: &[u8],
    trust: &TrustAnchors,
    nonce: [u8; 16],
    policy: Option<&str>,
    ask: &mut Ask,
) -> Result<Vec<u8>, ExtendError> {
    let mut judged = judged(copy, trust, None).map_err(ExtendError::Copy)?;
    let room = judged.tail.stamp(copy, TOKEN_BYTES_MAX).ok_or(ExtendError::Size)?;
    let (mut bytes, hole) = room;
    let digest = digest_around(&bytes, hole.start, hole.end);
    let query = TimeStampQuery::new(digest, nonce, policy)?;
    let answer = ask(&query.to_der()?).map_err(ExtendError::Ask)?;
    let token = hex::encode(query.token(&answer)?);
    bytes[hole.start + 1..hole.start + 1 + token.len()].copy_from_slice(token.as_bytes());
    checked(bytes, judged.updates + 1, trust)
}

/// What must be asked of the issuers so that a copy proves itself: one question for each
/// certificate of its signers and time-stamps that the copy holds no answer about.
pub fn evidence_needed(copy: &[u8], trust: &TrustAnchors) -> Result<Vec<Question>, Refusal> {
    let Judged { unknown, .. } = judged(copy, trust, None)?;
    let mut questions: Vec<_> =
        unknown.iter().filter_map(|(own, issuer)| Question::new(own, issuer)).collect();
    questions.sort_by(|a, b| a.certificate.cmp(&b.certificate));
    questions.dedup();
    Ok(questions)
}

/// Adds revocation data (OCSP answers, revocation lists, each in DER) and all certificates: B-LT on
/// a copy with a time-stamp. Ask a time-stamp first: what is revoked later then does not matter.
pub fn add_evidence(
    copy: &[u8],
    trust: &TrustAnchors,
    answers: &[Vec<u8>],
) -> Result<Vec<u8>, ExtendError> {
    let mut judged = judged(copy, trust, None).map_err(ExtendError::Copy)?;
    let mut pieces = Vec::new();
    for certificate in judged.paths.iter().flat_map(|path| path.certificates()) {
        pieces.push(Evidence::Certificate(certificate.clone()));
    }
    for (i, answer) in answers.iter().enumerate() {
        pieces.push(Evidence::of(answer).ok_or(ExtendError::Evidence { place: i + 1 })?);
    }
    let held = judged.tail.evidence();
    pieces.retain(|piece| !held.contains(piece));
    pieces.sort();
    pieces.dedup();
    let count = pieces.len();
    if count == 0 || count > EVIDENCE_COUNT_MAX {
        return Err(ExtendError::EvidenceCount { count });
    }
    let bytes = judged.tail.add(copy, &pieces).ok_or(ExtendError::Size)?;
    checked(bytes, judged.updates + 1, trust)
}

fn checked(bytes: Vec<u8>, updates: usize, trust: &TrustAnchors) -> Result<Vec<u8>, ExtendError> {
    if bytes.len() > FILE_BYTES_MAX || updates > UPDATES_MAX {
        return Err(ExtendError::Size);
    }
    judged(&bytes, trust, None).map_err(ExtendError::Extended)?;
    Ok(bytes)
}
