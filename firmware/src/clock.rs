//! Time is passed in (invariant 7): this is the one place of the kiosk that asks the system for it.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::UtcOffset;

/// Vietnam's offset from UTC: +07:00 all year.
pub const VIETNAM: UtcOffset = match UtcOffset::from_hms(7, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now, for people and records. It jumps when the clock is set right.
    fn now(&self) -> OffsetDateTime;

    /// Time since some start, for waits: it never jumps. A clock that is never set may leave this
    /// to [`Clock::now`].
    fn steady(&self) -> Duration {
        Duration::try_from(self.now() - OffsetDateTime::UNIX_EPOCH).unwrap_or_default()
    }
}

/// The system's clock, in Vietnam's time zone.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system is asked")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().to_offset(VIETNAM)
    }

    fn steady(&self) -> Duration {
        #[expect(clippy::disallowed_methods, reason = "the one place where the system is asked")]
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}
