//! Adds proof of when a copy was sealed, while a time-stamp authority is in reach (PAdES B-T).
//!
//! A copy is whole without it: the van is offline, and the registry adds the proof later. So
//! nothing here delays a visit for long or fails it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use formats_copy::{ExtendError, GenuineCopy, Level, TrustAnchors};
use formats_trust_services::{StrengthenError, TrustServices, strengthen};

use crate::clock::Clock;
use crate::random::Random;

/// How long a visit waits for the authority.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// After a failure the authority is left alone for so long: a queue must not wait [`PATIENCE`] for
/// every copy.
const REST: Duration = Duration::from_secs(300);

/// A time-stamp authority that may be out of reach.
pub struct TimeStamps {
    services: Box<dyn TrustServices>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    rest_until: Mutex<Option<Duration>>,
}

impl TimeStamps {
    /// Uses `services`, which must wait no longer than [`PATIENCE`].
    pub fn new(
        services: Box<dyn TrustServices>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { services, clock, random, rest_until: Mutex::default() }
    }

    /// The copy with a time-stamp, or as it was.
    pub fn add(&self, sealed: GenuineCopy, trust: &TrustAnchors) -> Vec<u8> {
        let now = self.clock.steady();
        let rested = |until: Option<Duration>| until.is_none_or(|until| now >= until);
        let mut nonce = [0; 16];
        if !rested(*self.rest_until()) || self.random.fill(&mut nonce).is_err() {
            return sealed.into_bytes();
        }
        let services = &*self.services;
        let done = strengthen(sealed, trust, Level::TimeStamped, services, &mut || nonce);
        if let Some(failure) = &done.shortfall {
            let hint = hint(failure);
            tracing::warn!(error = crate::chain(failure), hint, "copy kept without a time-stamp");
            *self.rest_until() = Some(now + REST);
        }
        done.bytes
    }

    fn rest_until(&self) -> std::sync::MutexGuard<'_, Option<Duration>> {
        self.rest_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the technician should do.
fn hint(failure: &StrengthenError) -> &'static str {
    use StrengthenError::Extend;
    match failure {
        Extend(ExtendError::Ask(_)) => {
            "nothing while the kiosk is offline; else check time_stamp.url in the site file"
        }
        // It was asked a moment after the signing, so the two clocks differ.
        Extend(ExtendError::Extended(_)) => {
            "compare the kiosk's clock with the authority's, and trust.roots with its certificate"
        }
        _ => "ask the time-stamp authority's operator",
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use formats_copy::Question;
    use time::OffsetDateTime;

    use super::*;
    use crate::random::SystemRandom;

    const COPY: &[u8] = include_bytes!("../../../formats/copy/tests/data/copy-v1.pdf");
    const ROOT: &[u8] = include_bytes!("../../../formats/copy/tests/data/root-v1.pem");

    #[derive(Default)]
    struct Dial(AtomicU64);

    impl Clock for Dial {
        fn now(&self) -> OffsetDateTime {
            OffsetDateTime::UNIX_EPOCH
        }

        fn steady(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::SeqCst))
        }
    }

    struct Nobody(Arc<AtomicUsize>);

    impl TrustServices for Nobody {
        fn time_stamp(&self, _: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Err("out of reach".into())
        }

        fn revocation(&self, _: &Question) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            Err("out of reach".into())
        }
    }

    #[test]
    fn an_authority_out_of_reach_is_left_alone_for_a_while_and_the_copy_is_kept_as_it_is() {
        let trust = TrustAnchors::from_pem(ROOT).expect("the root of that copy");
        let (clock, asked) = (Arc::new(Dial::default()), Arc::new(AtomicUsize::new(0)));
        let nobody = Box::new(Nobody(Arc::clone(&asked)));
        let stamps = TimeStamps::new(nobody, Arc::clone(&clock) as _, Arc::new(SystemRandom));
        for (second, count) in [(0, 1), (1, 1), (299, 1), (300, 2), (301, 2)] {
            clock.0.store(second, Ordering::SeqCst);
            let copy = GenuineCopy::read(COPY.to_vec(), &trust).expect("it verifies");
            assert_eq!(stamps.add(copy, &trust), COPY);
            assert_eq!(asked.load(Ordering::SeqCst), count, "at second {second}");
        }
    }
}
