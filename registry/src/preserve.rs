//! Proof for the decades: raises every kept copy to PAdES B-LTA and renews it in time. Blocking.
//!
//! The file that was received stays as it is; what proves it is appended in a second file, which
//! takes the first one's place only in what is handed out. A trust service that does not answer
//! costs nothing but another try.

use std::sync::Arc;
use std::time::Duration;

use formats_copy::{ExtendError, GenuineCopy, Level, Refusal, TrustAnchors};
use formats_trust_services::{StrengthenError, Strengthened, TrustServices, strengthen};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::service::Service;
use crate::store::{Due, Proof, StoreError};
use crate::{Clock, trace};

/// Copies looked at in one round.
const BATCH: usize = 16;
/// How long before the last time-stamp's certificate ends the next one is added: time enough to
/// notice a trust service that went out of business.
const RENEWAL: time::Duration = time::Duration::days(180);
/// First and longest wait after a failure.
const WAIT_MIN: Duration = Duration::from_secs(10);
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Copies looked at.
    pub looked_at: usize,
    /// Of these, copies that are stronger now.
    pub stronger: usize,
}

/// Raises copies by means of trust services.
pub struct Preserver {
    service: Arc<Service>,
    trust: TrustAnchors,
    services: Box<dyn TrustServices>,
    clock: Clock,
}

/// Why a copy could not be looked at now.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot read or write a copy's file")]
    File(#[source] std::io::Error),
    #[error("a kept copy does not verify any more")]
    Copy(#[source] Refusal),
    #[error("no random numbers from the system")]
    Random,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Preserver {
    /// Works on `service`'s copies; `trust` has the roots of signers and time-stamp authorities.
    #[must_use]
    pub fn new(
        service: Arc<Service>,
        trust: TrustAnchors,
        services: Box<dyn TrustServices>,
        clock: Clock,
    ) -> Self {
        Self { service, trust, services, clock }
    }

    /// Looks at some of the copies that are due.
    ///
    /// # Errors
    /// When the database fails; all else is noted and tried again later.
    pub fn round(&self) -> Result<Round, StoreError> {
        let store = self.service.store();
        let mut round = Round::default();
        for due in store.proofs_due((self.clock)(), BATCH)? {
            round.looked_at += 1;
            match self.look_at(&due) {
                Ok(stronger) => round.stronger += usize::from(stronger),
                Err(Failure::Store(error)) => return Err(error),
                Err(failure) => {
                    trace::failure("proof", &failure);
                    let proof = store.proof(due.log_index)?;
                    let (tries, due_at) = self.later(due.tries);
                    store.note_proof(due.log_index, &proof, tries, due_at)?;
                }
            }
        }
        Ok(round)
    }

    /// Raises one copy as far as it goes; whether it is stronger than before.
    fn look_at(&self, due: &Due) -> Result<bool, Failure> {
        let shelf = self.service.shelf();
        let before = shelf.strongest(&due.received, due.strongest.as_ref());
        let before = before.map_err(Failure::File)?;
        let mut nonces = [[0; 16]; 2];
        for nonce in &mut nonces {
            SystemRandom::new().fill(nonce).map_err(|_| Failure::Random)?;
        }
        // One round makes at most two time-stamps: over the signatures, over the revocation data.
        let mut nonces = nonces.into_iter().cycle();
        let mut nonce = || nonces.next().unwrap_or_default();
        let services = &*self.services;
        let length = before.len();
        let copy = GenuineCopy::read(before, &self.trust).map_err(Failure::Copy)?;
        let after = strengthen(copy, &self.trust, Level::Archived, services, &mut nonce);
        let stronger = after.bytes.len() > length;
        let mut sha256 = due.strongest;
        if stronger {
            let digest: [u8; 32] = Sha256::digest(&after.bytes).into();
            shelf.keep_proof(&digest, &after.bytes).map_err(Failure::File)?;
            sha256 = Some(digest);
        }
        let revoked = after.shortfall.as_ref().is_some_and(is_revocation);
        let level = Some(after.level.name().to_owned());
        let proof = Proof { level, sha256, revoked };
        let (tries, due_at) = self.next_look(due, &after);
        self.service.store().note_proof(due.log_index, &proof, tries, due_at)?;
        if let Some(old) = due.strongest.filter(|_| stronger) {
            shelf.drop_proof(&old).map_err(Failure::File)?;
        }
        Ok(stronger)
    }

    fn next_look(&self, due: &Due, after: &Strengthened) -> (u32, OffsetDateTime) {
        if let Some(shortfall) = &after.shortfall {
            let log_index = due.log_index;
            let level = after.level.name();
            tracing::warn!(log_index, level, error = trace::chain(shortfall), "proof falls short");
            return self.later(due.tries);
        }
        let day = (self.clock)() + time::Duration::DAY;
        (0, after.proven_until.map_or(day, |until| (until - RENEWAL).max(day)))
    }

    /// The count of failures and the time of the next try after one more.
    fn later(&self, tries: u32) -> (u32, OffsetDateTime) {
        let wait = WAIT_MIN.saturating_mul(1 << tries.min(16)).min(WAIT_MAX);
        (tries.saturating_add(1), (self.clock)() + wait)
    }
}

fn is_revocation(shortfall: &StrengthenError) -> bool {
    let StrengthenError::Extend(ExtendError::Extended(refusal)) = shortfall else { return false };
    matches!(refusal, Refusal::Revoked { .. })
}
