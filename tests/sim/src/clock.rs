//! Simulated time: one true time for all, and each machine's own clock, which may jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use kiosk::clock::{Clock, VIETNAM};
use time::OffsetDateTime;
use time::macros::datetime;

const START: OffsetDateTime = datetime!(2026-11-22 07:00 +7);

/// The true time since the start of the run. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct TrueTime(Arc<AtomicU64>);

impl TrueTime {
    /// Milliseconds since the start.
    #[must_use]
    pub fn ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Lets time go by.
    pub fn pass(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// The true date and time.
    #[must_use]
    pub fn date(&self) -> OffsetDateTime {
        (START + Duration::from_millis(self.ms())).to_offset(VIETNAM)
    }
}

/// A machine's clock: the true time plus an error.
#[derive(Debug, Clone)]
pub struct SimClock {
    truth: TrueTime,
    error_s: Arc<AtomicI64>,
}

impl SimClock {
    /// A clock that is right.
    #[must_use]
    pub fn new(truth: &TrueTime) -> Self {
        Self { truth: truth.clone(), error_s: Arc::default() }
    }

    /// Sets how many seconds the clock is ahead.
    pub fn set_error(&self, seconds: i64) {
        self.error_s.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> OffsetDateTime {
        self.truth.date() + time::Duration::seconds(self.error_s.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.truth.ms())
    }
}
