//! Adding to a sealed copy what proves it later: time-stamps, revocation data.
//!
//! The network is the caller's: what to send and what came back are bytes. Nothing leaves here
//! that does not verify.

use std::error::Error;

use crate::appended::UPDATES_MAX;
use crate::draft::Draft;
use crate::evidence::{EVIDENCE_COUNT_MAX, Evidence, Question};
use crate::revision::Added;
use crate::timestamp::{TOKEN_BYTES_MAX, TimeStampError, TimeStampQuery};
use crate::verify::{Judged, Verified, judged, judged_fresh};
use crate::{FILE_BYTES_MAX, Refusal, TrustAnchors};

/// Why nothing was added. The copy is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
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

/// A copy that verifies, and that proofs can be added to. The sealed bytes are judged once, however
/// much is added behind them; what is added is judged before it counts.
pub struct GenuineCopy {
    bytes: Vec<u8>,
    judged: Judged,
}

impl GenuineCopy {
    /// Judges a file as [`verify`](crate::verify()) does.
    pub fn read(bytes: Vec<u8>, trust: &TrustAnchors) -> Result<Self, Refusal> {
        let judged = judged(&bytes, trust, None)?;
        Ok(Self { bytes, judged })
    }

    /// Judges a file that was just sealed.
    pub(crate) fn fresh(draft: Draft, trust: &TrustAnchors) -> Result<Self, Refusal> {
        let judged = judged_fresh(&draft, trust)?;
        Ok(Self { bytes: draft.into_bytes(), judged })
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was found.
    pub fn verified(&self) -> &Verified {
        &self.judged.verified
    }

    /// Adds a time-stamp over the whole file: B-T on a sealed copy, B-LTA behind revocation data.
    ///
    /// `nonce` comes from a secure random source; `policy` is the practice asked for, if any.
    pub fn time_stamp(
        &mut self,
        trust: &TrustAnchors,
        nonce: [u8; 16],
        policy: Option<&str>,
        ask: &mut Ask,
    ) -> Result<(), ExtendError> {
        let room = self.judged.tail.clone().stamp(&self.bytes, TOKEN_BYTES_MAX);
        let Added { mut bytes, hole } = room.ok_or(ExtendError::Size)?;
        let hole = hole.start - self.bytes.len()..hole.end - self.bytes.len();
        let parts = [&bytes[..hole.start], &bytes[hole.end..]];
        let digest = self.judged.beginning().digest(&self.bytes, &parts);
        let query = TimeStampQuery::new(digest, nonce, policy)?;
        let answer = ask(&query.to_der()?).map_err(ExtendError::Ask)?;
        let token = hex::encode(query.token(&answer)?);
        bytes[hole.start + 1..hole.start + 1 + token.len()].copy_from_slice(token.as_bytes());
        self.grow(&bytes, trust)
    }

    /// What must be asked of the issuers so that the copy proves itself: one question for each
    /// certificate of its signers and time-stamps that the copy holds no answer about.
    pub fn evidence_needed(&self) -> Vec<Question> {
        let unknown = self.judged.unknown.iter();
        let mut questions: Vec<_> =
            unknown.filter_map(|(own, issuer)| Question::new(own, issuer)).collect();
        questions.sort_by(|a, b| a.certificate.cmp(&b.certificate));
        questions.dedup();
        questions
    }

    /// Adds revocation data (OCSP answers, revocation lists, each in DER) and all certificates:
    /// B-LT on a copy with a time-stamp. Ask a time-stamp first: what is revoked later then does
    /// not matter.
    pub fn add_evidence(
        &mut self,
        trust: &TrustAnchors,
        answers: &[Vec<u8>],
    ) -> Result<(), ExtendError> {
        let mut pieces = Vec::new();
        for certificate in self.judged.paths.iter().flat_map(|path| path.certificates()) {
            pieces.push(Evidence::Certificate(certificate.clone()));
        }
        for (i, answer) in answers.iter().enumerate() {
            pieces.push(Evidence::of(answer).ok_or(ExtendError::Evidence { place: i + 1 })?);
        }
        let held = self.judged.tail.evidence();
        pieces.retain(|piece| !held.contains(piece));
        pieces.sort();
        pieces.dedup();
        let count = pieces.len();
        if count == 0 || count > EVIDENCE_COUNT_MAX {
            return Err(ExtendError::EvidenceCount { count });
        }
        let bytes = self.judged.tail.clone().add(&self.bytes, &pieces).ok_or(ExtendError::Size)?;
        self.grow(&bytes, trust)
    }

    /// Takes the last addition off again; nothing is taken off a copy as it was sealed.
    pub fn take_back(&mut self, trust: &TrustAnchors) -> Result<(), Refusal> {
        let Some((_, earlier)) = self.judged.updates.split_last() else { return Ok(()) };
        let length = earlier.last().copied().unwrap_or(self.judged.sealed_length());
        self.judged = self.judged.again(&self.bytes[..length], trust)?;
        self.bytes.truncate(length);
        Ok(())
    }

    fn grow(&mut self, added: &[u8], trust: &TrustAnchors) -> Result<(), ExtendError> {
        let before = self.bytes.len();
        if before + added.len() > FILE_BYTES_MAX || self.judged.updates.len() >= UPDATES_MAX {
            return Err(ExtendError::Size);
        }
        self.bytes.reserve_exact(added.len());
        self.bytes.extend(added);
        match self.judged.again(&self.bytes, trust) {
            Ok(judged) => {
                self.judged = judged;
                Ok(())
            }
            Err(refusal) => {
                self.bytes.truncate(before);
                Err(ExtendError::Extended(refusal))
            }
        }
    }
}
