//! Officers who are signed in at their pages, and the keys that stay open for them.
//!
//! A sign-in shows who sits at a page: an officer of the site file, whose PIN opened the officer's
//! own token. By itself it signs nothing. Where the site file allows a session, the opened key
//! stays open with the sign-in, so that one PIN entry serves several decisions; the PIN is
//! forgotten as soon as the token has taken it. A key leaves here for one decision at a time, after
//! the checks that a decision with a PIN passes too, and comes back when it is carried out.
//!
//! A sign-in ends by time, by count, at the officer's word, with its token, and when wrong PINs
//! lock the officer. Each end is on record.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use drivers_api::{DeviceError, KeyAlgorithm, Pin, SigningSession};
use zeroize::Zeroize;

use super::decide::{self, Authorised};
use crate::config::{OfficerRole, SessionLimits};
use crate::engine::{Parts, lock};
use crate::store::{Record, SignOut};
use crate::visit::{Decision, Say, Severity, Trouble};

/// How long a sign-in lasts at most where the PIN is entered with each decision: a working day.
pub const SIGN_IN_MAX: Duration = Duration::from_secs(10 * 3600);
/// Pages that may be signed in at once; the oldest sign-in makes room.
pub const SIGN_INS_MAX: usize = 16;

/// What a browser shows to be the one that signed in: 128 random bits, in hex.
#[derive(Clone)]
pub struct SignInId(String);

impl SignInId {
    /// What a browser shows.
    pub fn new(shown: &str) -> Self {
        Self(shown.to_owned())
    }

    /// The text, for the browser's cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the texts differ.
    fn is(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.bytes().zip(other.0.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
    }
}

impl std::fmt::Debug for SignInId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInId(…)")
    }
}

impl Drop for SignInId {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Who is signed in at a page, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The officer's id in the site file.
    pub officer: String,
    /// What the officer may do.
    pub role: OfficerRole,
    /// How long it lasts.
    pub left: Duration,
    /// How many more copies may be signed without another PIN; none where each needs its own.
    pub signatures: Option<u32>,
}

struct SignIn {
    id: SignInId,
    officer: String,
    role: OfficerRole,
    /// By the steady clock.
    until: Duration,
    signing: Option<Signing>,
    /// Copies signed in it.
    signed: u32,
}

/// What stays open with a sign-in.
struct Signing {
    /// None while it is lent.
    key: Option<Box<dyn SigningSession>>,
    left: u32,
}

/// All sign-ins of this run of the program.
#[derive(Default)]
pub struct SignIns(Mutex<Vec<SignIn>>);

impl SignIns {
    /// Signs an officer in by the PIN of the officer's token. Wrong PINs count as those of
    /// decisions do.
    pub fn sign_in(&self, parts: &Parts, officer: &str, pin: &Pin) -> Result<SignInId, Trouble> {
        let Some(person) = parts.config.officer(officer) else {
            return Err(decide::not_delegated("no such officer in the site file"));
        };
        let key = decide::unlock(parts, officer, pin)?;
        let limits = parts.config.officer.session().filter(|_| person.role.decides());
        let mut bytes = [0; 16];
        parts.random.fill(&mut bytes).map_err(|error| no_random(&error.to_string()))?;
        let id = SignInId(hex::encode(bytes));
        let lasts = limits.map_or(SIGN_IN_MAX, SessionLimits::time);
        parts
            .store
            .record(Record::OfficerSignedIn {
                officer: officer.into(),
                minutes: u32::try_from(lasts.as_secs() / 60).unwrap_or(u32::MAX),
                signatures: limits.map_or(0, |limits| limits.signatures),
            })
            .map_err(|error| decide::store_trouble(&error))?;
        let sign_in = SignIn {
            id: id.clone(),
            officer: officer.into(),
            role: person.role,
            until: parts.clock.steady() + lasts,
            signing: limits.map(|limits| Signing { key: Some(key), left: limits.signatures }),
            signed: 0,
        };
        let oldest = {
            let mut all = lock(&self.0);
            all.push(sign_in);
            (all.len() > SIGN_INS_MAX).then(|| all.remove(0))
        };
        oldest.into_iter().for_each(|gone| end(parts, gone, SignOut::Replaced));
        Ok(id)
    }

    /// Who is signed in with this id.
    pub fn who(&self, parts: &Parts, id: &SignInId) -> Option<SignedIn> {
        let now = parts.clock.steady();
        let all = lock(&self.0);
        let own = all.iter().find(|sign_in| sign_in.id.is(id) && now < sign_in.until);
        own.map(|found| SignedIn {
            officer: found.officer.clone(),
            role: found.role,
            left: found.until.saturating_sub(now),
            signatures: found.signing.as_ref().map(|signing| signing.left),
        })
    }

    /// Ends a sign-in at the officer's word.
    pub fn sign_out(&self, parts: &Parts, id: &SignInId) {
        self.end_where(parts, |sign_in| sign_in.id.is(id).then_some(SignOut::Asked));
    }

    /// Ends what is over: by time, by count, by a token that is gone, by wrong PINs elsewhere.
    pub fn sweep(&self, parts: &Parts) {
        let now = parts.clock.steady();
        self.end_where(parts, |sign_in| {
            if sign_in.until <= now {
                return Some(SignOut::Expired);
            }
            let signing = sign_in.signing.as_mut()?;
            if decide::is_locked(parts, &sign_in.officer) {
                return Some(SignOut::Locked);
            }
            let key = signing.key.as_mut()?;
            match (signing.left, key.check()) {
                (0, _) => Some(SignOut::UsedUp),
                (_, Err(_)) => Some(SignOut::Token),
                (_, Ok(())) => None,
            }
        });
    }

    fn end_where(&self, parts: &Parts, over: impl Fn(&mut SignIn) -> Option<SignOut>) {
        let mut gone = Vec::new();
        {
            let mut all = lock(&self.0);
            let mut at = 0;
            while at < all.len() {
                match over(&mut all[at]) {
                    Some(why) => gone.push((all.remove(at), why)),
                    None => at += 1,
                }
            }
        }
        gone.into_iter().for_each(|(sign_in, why)| end(parts, sign_in, why));
    }

    /// The key that is open with a sign-in, for this one decision of its officer. What must hold
    /// for a decision with a PIN must hold here.
    pub fn lend(
        self: &Arc<Self>,
        parts: &Parts,
        id: &SignInId,
        decision: &Decision,
    ) -> Result<Authorised, Trouble> {
        decide::may_decide(parts, decision)?;
        self.sweep(parts);
        if let Err(error) = parts.keys.authority.ready() {
            // An open session keeps some modules from seeing a token that was put back.
            let idle = |sign_in: &mut SignIn| sign_in.signing.as_ref().map(|_| SignOut::Token);
            self.end_where(parts, idle);
            return Err(decide::token_trouble(&error));
        }
        let key = {
            let mut all = lock(&self.0);
            let own = all.iter_mut().find(|s| s.id.is(id) && s.officer == decision.officer);
            let lending = own.and_then(|own| {
                let signing = own.signing.as_mut().filter(|signing| signing.left > 0)?;
                let key = signing.key.take()?;
                if decision.verdict.is_ok() {
                    signing.left -= 1;
                    own.signed += 1;
                }
                Some(key)
            });
            lending.ok_or_else(signed_out)?
        };
        let lent = Lent { key: Some(key), home: Arc::clone(self), id: id.clone() };
        let authorised = Authorised::new(decision, Box::new(lent));
        decide::confirm_clock(parts, decision)?;
        Ok(authorised)
    }
}

/// Closes the key before the end goes on record.
fn end(parts: &Parts, sign_in: SignIn, why: SignOut) {
    let SignIn { officer, signed, signing, .. } = sign_in;
    drop(signing);
    if let Err(error) = parts.store.record(Record::OfficerSignedOut { officer, why, signed }) {
        tracing::warn!(error = crate::chain(&error), "the end of a sign-in is not on record");
    }
}

/// A key of a session while one decision is carried out; it goes back when dropped, and is closed
/// if the session has ended meanwhile.
struct Lent {
    key: Option<Box<dyn SigningSession>>,
    home: Arc<SignIns>,
    id: SignInId,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut all = lock(&self.home.0);
        let own = all.iter_mut().find(|sign_in| sign_in.id.is(&self.id));
        if let Some(signing) = own.and_then(|own| own.signing.as_mut()) {
            signing.key = self.key.take();
        }
    }
}

impl SigningSession for Lent {
    fn chain(&self) -> &[Vec<u8>] {
        self.key.as_ref().map_or(&[], |key| key.chain())
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.key.as_ref().map_or(KeyAlgorithm::EcdsaP256Sha256, |key| key.algorithm())
    }

    fn check(&mut self) -> Result<(), DeviceError> {
        self.key.as_mut().map_or_else(|| Err(gone()), |key| key.check())
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        self.key.as_mut().map_or_else(|| Err(gone()), |key| key.sign_digest(digest))
    }
}

fn gone() -> DeviceError {
    DeviceError::new("the officer's key", drivers_api::Fault::Removed, "it is not open")
}

fn signed_out() -> Trouble {
    Trouble {
        say: Say::SignedOut,
        cause: "no session of this officer is open at this page".into(),
        remedy: "sign in again; the case is kept".into(),
        severity: Severity::Retry,
    }
}

fn no_random(cause: &str) -> Trouble {
    Trouble {
        say: Say::Internal,
        cause: cause.into(),
        remedy: "the system gives no random numbers: start the kiosk again".into(),
        severity: Severity::Service,
    }
}

#[cfg(test)]
mod tests;
