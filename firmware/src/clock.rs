//! Time is passed in (invariant 7): this is the one place of the kiosk that asks the system for it.

use time::OffsetDateTime;
use time::UtcOffset;

/// Vietnam's offset from UTC: +07:00 all year.
pub const VIETNAM: UtcOffset = match UtcOffset::from_hms(7, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> OffsetDateTime;
}

/// The system's clock, in Vietnam's time zone.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system is asked")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().to_offset(VIETNAM)
    }
}
