//! The only place that asks the machine what time it is.

use std::sync::Arc;
use std::time::Instant;

use time::{OffsetDateTime, UtcOffset};

/// Tells the time; tests pass their own.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Now, in whole seconds of Vietnam time (UTC+7 all year).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one clock that others are passed")]
pub fn now() -> OffsetDateTime {
    whole_seconds(OffsetDateTime::now_utc())
}

/// A monotonic instant, for rates.
#[expect(clippy::disallowed_methods, reason = "the one clock that others are passed")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

fn whole_seconds(at: OffsetDateTime) -> OffsetDateTime {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    at.to_offset(UtcOffset::from_hms(7, 0, 0).unwrap_or(UtcOffset::UTC))
}
