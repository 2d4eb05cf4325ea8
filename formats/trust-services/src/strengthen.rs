//! The way of a copy from B-B to B-LTA (ETSI EN 319 142-1), as far as the services allow.

use std::error::Error;

use formats_copy::{ExtendError, GenuineCopy, Level, Question, TrustAnchors};
use time::OffsetDateTime;

use crate::TrustServices;

/// A copy after as many steps as could be made.
#[derive(Debug)]
pub struct Strengthened {
    /// The longer file; the same bytes when no step was made.
    pub bytes: Vec<u8>,
    /// What it carries now.
    pub level: Level,
    /// When the last time-stamp's certificate ends; the next must come before. None without one.
    pub proven_until: Option<OffsetDateTime>,
    /// What kept it from the level that was wanted.
    pub shortfall: Option<StrengthenError>,
}

/// Why a copy did not become stronger. It is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum StrengthenError {
    /// A time-stamp or revocation data could not be added.
    #[error("the copy could not be extended")]
    Extend(#[from] ExtendError),
    /// A responder did not answer, so the copy could not prove that no certificate was revoked.
    #[error("a responder did not tell of a certificate")]
    Responder(#[source] Box<dyn Error + Send + Sync>),
    /// There is nothing to add: no certificate can be asked about any more.
    #[error("the revocation data is not complete and cannot be completed")]
    Incomplete,
}

/// Brings a copy to `wanted`, step by step: a time-stamp, what is known of its certificates, a
/// time-stamp over that. A copy that is [`Level::Archived`] already is renewed: what is known of
/// its last time-stamp's certificates is added, then one more time-stamp.
///
/// `nonce` gives 16 bytes of a secure random source for each time-stamp. What the services did not
/// give is the result's `shortfall`.
pub fn strengthen(
    mut copy: GenuineCopy,
    trust: &TrustAnchors,
    wanted: Level,
    services: &dyn TrustServices,
    nonce: &mut dyn FnMut() -> [u8; 16],
) -> Strengthened {
    let level = |copy: &GenuineCopy| copy.verified().level;
    let mut renewing = level(&copy) == Level::Archived && wanted == Level::Archived;
    let mut shortfall = None;
    while level(&copy) < wanted || renewing {
        let before = level(&copy);
        let questions = match before {
            Level::Basic | Level::LongTerm => None,
            Level::TimeStamped => Some(copy.evidence_needed()),
            // What was answered about the last time-stamp may still hold.
            Level::Archived => Some(copy.evidence_needed()).filter(|q| !q.is_empty()),
        };
        let step = match questions {
            Some(questions) => evidence(&mut copy, trust, &questions, services),
            None => {
                let ask = &mut |request: &[u8]| services.time_stamp(request);
                let stamped = copy.time_stamp(trust, nonce(), services.policy(), ask);
                stamped.map_err(StrengthenError::Extend)
            }
        };
        if let Err(error) = step {
            shortfall = Some(error);
            break;
        }
        if before == Level::TimeStamped && level(&copy) == Level::TimeStamped {
            // The answers say nothing; a copy does not carry them about.
            let taken = copy.take_back(trust).map_err(ExtendError::Extended);
            shortfall = Some(taken.map_or_else(Into::into, |()| StrengthenError::Incomplete));
            break;
        }
        renewing = false;
    }
    let verified = copy.verified();
    let proven_until = verified.time_stamps.last().map(|stamp| stamp.valid_until);
    Strengthened { level: verified.level, proven_until, shortfall, bytes: copy.into_bytes() }
}

/// Asks about certificates whose state the copy does not prove yet, and adds the answers.
fn evidence(
    copy: &mut GenuineCopy,
    trust: &TrustAnchors,
    questions: &[Question],
    services: &dyn TrustServices,
) -> Result<(), StrengthenError> {
    let answers = questions.iter().map(|question| services.revocation(question));
    let answers: Vec<_> = answers.collect::<Result<_, _>>().map_err(StrengthenError::Responder)?;
    if answers.is_empty() {
        return Err(StrengthenError::Incomplete);
    }
    Ok(copy.add_evidence(trust, &answers)?)
}
