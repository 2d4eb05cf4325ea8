//! The officer's decision: the delegation is in force, the PIN or a session that a PIN opened gives
//! the key, the journal knows.

use std::collections::BTreeMap;
use std::sync::Mutex;

use drivers_api::{DeviceError, Fault, Pin, SigningSession, Token};
use sha2::{Digest, Sha256};
use time::Duration;

use super::seal_key::SealKey;
use crate::config::Officer;
use crate::engine::{Parts, lock};
use crate::store::{self, Contradiction, Record, SetByOfficer, StoreError};
use crate::visit::{
    Decision, PageId, RefusalReason, RescanRequest, Say, Severity, Trouble, VisitId,
};

/// Wrong PINs in a row after which the kiosk refuses to try the token again. Tokens lock themselves
/// for good after 3 to 10; the kiosk stops before that.
pub const PIN_TRIES_MAX: u32 = 3;
/// How long it then refuses.
pub const PIN_LOCK: Duration = Duration::minutes(15);

/// The tokens of officers and authority.
pub struct Keys {
    /// By officer id.
    pub officers: BTreeMap<String, Mutex<Box<dyn Token>>>,
    /// The authority's seal.
    pub authority: SealKey,
}

impl Keys {
    /// Opens an officer's key beside the seal's.
    fn open(
        &self,
        token: &Mutex<Box<dyn Token>>,
        pin: &Pin,
    ) -> Result<Box<dyn SigningSession>, DeviceError> {
        // Let go of before the arms: one of them takes it again.
        let opened = lock(token).open(pin);
        match opened {
            // It may have been put in since the module looked; no PIN was asked yet.
            Err(error) if error.fault == Fault::Removed => {
                self.authority.put_down();
                let opened = lock(token).open(pin)?;
                self.authority.ready()?;
                Ok(opened)
            }
            opened => opened,
        }
    }
}

/// An officer's opened key, for one decision of that very officer.
///
/// Only [`open_key`] and an officer's session make one, both after [`may_decide`]; nothing is
/// certified with anything else (invariant 1).
pub struct Authorised {
    officer: String,
    key: Box<dyn SigningSession>,
}

impl Authorised {
    pub(super) fn new(decision: &Decision, key: Box<dyn SigningSession>) -> Self {
        Self { officer: decision.officer.clone(), key }
    }

    /// The officer who decided, by the id of the site file.
    pub fn officer(&self) -> &str {
        &self.officer
    }

    /// The key.
    pub fn key(&mut self) -> &mut dyn SigningSession {
        self.key.as_mut()
    }
}

/// What must hold for any decision, however its key is opened: a cabinet that nobody opened, a
/// clock that stands behind it or is confirmed by it, and an officer whose delegation is in force.
pub fn may_decide<'a>(parts: &'a Parts, decision: &Decision) -> Result<&'a Officer, Trouble> {
    parts.guard.may_sign(parts)?;
    let known = parts.config.officer(&decision.officer);
    let known = known.filter(|officer| parts.keys.officers.contains_key(&officer.id));
    let Some(person) = known else {
        return Err(not_delegated("no such officer in the site file"));
    };
    // A doubtful clock first: it may be what puts the moment outside the delegation.
    if !decision.confirms_clock {
        super::clock::require(parts)?;
    }
    person.may_sign_at(parts.clock.now()).map_err(|why| not_delegated(&why.to_string()))?;
    Ok(person)
}

/// Puts on record that the officer found the clock right, if the decision says so.
pub(super) fn confirm_clock(parts: &Parts, decision: &Decision) -> Result<(), Trouble> {
    if decision.confirms_clock {
        super::clock::confirm(parts, &decision.officer)?;
    }
    Ok(())
}

/// Opens the officer's key for a decision. A clock in doubt must be confirmed by this very one.
pub fn open_key(parts: &Parts, decision: &Decision, pin: &Pin) -> Result<Authorised, Trouble> {
    may_decide(parts, decision)?;
    refuse_locked(parts, &decision.officer)?;
    // A missing seal is found before a PIN is spent and before the officer's session holds the
    // module, which could then not look for tokens that were put back.
    parts.keys.authority.ready().map_err(|error| token_trouble(&error))?;
    let key = unlock(parts, &decision.officer, pin)?;
    confirm_clock(parts, decision)?;
    Ok(Authorised::new(decision, key))
}

/// Whether wrong PINs keep the officer out for now.
pub fn is_locked(parts: &Parts, officer: &str) -> bool {
    let failures = parts.store.pin_failures(officer);
    let recent = |last| parts.clock.now() - last < PIN_LOCK;
    failures.count >= PIN_TRIES_MAX && failures.last.is_some_and(recent)
}

fn refuse_locked(parts: &Parts, officer: &str) -> Result<(), Trouble> {
    if is_locked(parts, officer) {
        return Err(pin_trouble(Say::PinLocked, parts.store.pin_failures(officer).count));
    }
    Ok(())
}

/// Opens an officer's token. Wrong PINs are counted in the journal, so a restart does not forget
/// them.
pub(super) fn unlock(
    parts: &Parts,
    officer: &str,
    pin: &Pin,
) -> Result<Box<dyn SigningSession>, Trouble> {
    let Some(token) = parts.keys.officers.get(officer) else {
        return Err(not_delegated("no such officer in the site file"));
    };
    refuse_locked(parts, officer)?;
    let failures = parts.store.pin_failures(officer);
    match parts.keys.open(token, pin) {
        Ok(key) => {
            let certificate = digest(key.chain().first().map_or(&[], Vec::as_slice));
            note(parts, Record::OfficerLoggedIn { officer: officer.into(), certificate })?;
            if failures.count > 0 {
                note(parts, Record::OfficerUnlocked { officer: officer.into() })?;
            }
            Ok(key)
        }
        Err(error) if error.fault == Fault::PinIncorrect => {
            note(parts, Record::OfficerPinFailed { officer: officer.into() })?;
            let count = failures.count + 1;
            let say = if count >= PIN_TRIES_MAX { Say::PinLocked } else { Say::PinWrong };
            Err(pin_trouble(say, count))
        }
        Err(error) => Err(token_trouble(&error)),
    }
}

/// Records the officer's decision with the certificate that will sign, and before it what the
/// officer set otherwise than the machine read it.
pub fn record_approval(
    parts: &Parts,
    visit: &VisitId,
    officer: &Officer,
    set: &[SetByOfficer],
    certificate: &[u8],
) -> Result<(), Trouble> {
    if !set.is_empty() {
        let (visit, officer) = (visit.0.clone(), officer.name.clone());
        note(parts, Record::Corrected { visit, officer, set: set.to_vec() })?;
    }
    note(parts, decision(visit, officer, certificate, store::Verdict::Approved))
}

/// Records that the officer refuses, and why.
pub fn record_refusal(
    parts: &Parts,
    visit: &VisitId,
    made: &Decision,
    reason: RefusalReason,
) -> Result<(), Trouble> {
    let Some(officer) = parts.config.officer(&made.officer) else {
        return Err(not_delegated("no such officer in the site file"));
    };
    let verdict = store::Verdict::Refused { reason: reason.code().into() };
    note(parts, decision(visit, officer, &[], verdict))?;
    let refused = Record::Refused { visit: visit.0.clone(), reason: reason.code().into() };
    note(parts, refused)
}

/// Records that a secret mark ended the visit and its pages were wiped.
pub fn record_secret_mark(parts: &Parts, visit: &VisitId) -> Result<(), Trouble> {
    let reason = RefusalReason::R3.code().into();
    note(parts, Record::Refused { visit: visit.0.clone(), reason })?;
    note(parts, Record::VisitWiped { visit: visit.0.clone() })
}

/// The record of pages that are scanned again.
pub fn rescan_asked(
    parts: &Parts,
    visit: &VisitId,
    request: &RescanRequest,
    pages: &[PageId],
) -> Record {
    let officer = parts.config.officer(&request.officer);
    Record::RescanAsked {
        visit: visit.0.clone(),
        officer: officer.map(|officer| officer.name.clone()).unwrap_or_default(),
        reason: request.reason.code().into(),
        pages: pages.iter().map(|page| page.0).collect(),
    }
}

fn decision(
    visit: &VisitId,
    officer: &Officer,
    certificate: &[u8],
    verdict: store::Verdict,
) -> Record {
    Record::OfficerDecision(store::Decision {
        visit: visit.0.clone(),
        officer: officer.name.clone(),
        capacity: officer.capacity.clone(),
        certificate: digest(certificate),
        verdict,
    })
}

fn digest(certificate: &[u8]) -> String {
    hex::encode(Sha256::digest(certificate))
}

fn note(parts: &Parts, record: Record) -> Result<(), Trouble> {
    parts.store.record(record).map_err(|error| store_trouble(&error))
}

/// A token's failure: what officer and technician are told.
pub fn token_trouble(error: &DeviceError) -> Trouble {
    let (say, severity) = match error.fault {
        Fault::PinIncorrect => (Say::PinWrong, Severity::Retry),
        Fault::PinLocked => (Say::PinLocked, Severity::Service),
        Fault::Absent | Fault::Removed => (Say::TokenMissing, Severity::Retry),
        Fault::Busy
        | Fault::Jammed
        | Fault::NoPaper
        | Fault::CoverOpen
        | Fault::Timeout
        | Fault::Cancelled
        | Fault::Denied
        | Fault::Misconfigured
        | Fault::BadPage
        | Fault::NoPicture
        | Fault::PaperOut
        | Fault::Cutter
        | Fault::NoInk
        | Fault::Offline
        | Fault::Garbled
        | Fault::TooLong
        | Fault::Protocol
        | Fault::NoCard
        | Fault::Io => (Say::TokenMissing, Severity::Service),
    };
    Trouble { say, cause: error.to_string(), remedy: error.hint().into(), severity }
}

/// A store's failure: what officer and technician are told.
pub fn store_trouble(error: &StoreError) -> Trouble {
    let say = match error {
        StoreError::NoSpace { .. } | StoreError::LowSpace { .. } => Say::DiskFull,
        StoreError::Refused(Contradiction::NoBook | Contradiction::BookYear { .. }) => Say::NoBook,
        _ => Say::Internal,
    };
    Trouble {
        say,
        cause: crate::chain(error),
        remedy: error.hint().into(),
        severity: Severity::Service,
    }
}

fn pin_trouble(say: Say, count: u32) -> Trouble {
    Trouble {
        say,
        cause: format!("{count} wrong PINs in a row"),
        remedy: format!(
            "the kiosk takes PINs again {} minutes after the last wrong one; a locked token is \
             unlocked by its issuer",
            PIN_LOCK.whole_minutes()
        ),
        severity: Severity::Retry,
    }
}

/// The officer may not sign now: what officer and technician are told.
pub(super) fn not_delegated(cause: &str) -> Trouble {
    Trouble {
        say: Say::NotDelegated,
        cause: cause.into(),
        remedy: "check officers and their validity in the site file".into(),
        severity: Severity::Service,
    }
}
