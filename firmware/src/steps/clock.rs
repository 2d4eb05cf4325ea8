//! Whether the kiosk's clock may stand behind a signature.
//!
//! A copy is signed with the time that the clock says. A clock that went back, or that nobody set
//! since the start, could sign two copies in the wrong order or in the wrong year; so an officer
//! looks at the time first and confirms it, and the journal keeps that.

use drivers_api::ClockState;
use time::{Duration, OffsetDateTime};

use super::decide::store_trouble;
use crate::engine::{Parts, lock};
use crate::store::Record;
use crate::visit::{Say, Severity, Trouble};

/// How far the clock may go back without a question: time services correct it by less.
pub const BACK_MAX: Duration = Duration::minutes(1);

/// Why the clock cannot stand behind a signature as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It is earlier than what it said before.
    Back {
        /// The latest time on record.
        latest: OffsetDateTime,
    },
    /// Nothing has set it since the machine was switched on.
    Unset,
}

/// What stands behind the clock; as good as nothing when the system does not say.
pub fn state(parts: &Parts) -> ClockState {
    lock(&parts.clock_gauge).read().unwrap_or_else(|error| {
        tracing::warn!(%error, hint = error.hint(), "the clock's state is not known");
        ClockState::Unset
    })
}

/// Whether an officer must look at the time before the next signature.
pub fn doubt(parts: &Parts) -> Option<Doubt> {
    let trusted = parts.store.clock_trusted();
    let now = parts.clock.now();
    let back = trusted.latest.filter(|latest| now + BACK_MAX < *latest);
    back.map(|latest| Doubt::Back { latest }).or_else(|| {
        (!trusted.confirmed && state(parts) == ClockState::Unset).then_some(Doubt::Unset)
    })
}

/// Refuses while there is doubt.
pub fn require(parts: &Parts) -> Result<(), Trouble> {
    doubt(parts).map_or(Ok(()), |doubt| Err(trouble(doubt, parts.clock.now())))
}

/// Puts on record that an officer looked at the time and found it right.
pub fn confirm(parts: &Parts, officer: &str) -> Result<(), Trouble> {
    if doubt(parts).is_none() {
        return Ok(());
    }
    let latest = parts.store.clock_trusted().latest;
    let record = Record::ClockConfirmed { officer: officer.to_owned(), latest };
    parts.store.record(record).map_err(|error| store_trouble(&error))
}

fn trouble(doubt: Doubt, now: OffsetDateTime) -> Trouble {
    let (say, cause) = match doubt {
        Doubt::Back { latest } => {
            (Say::ClockBack, format!("the clock says {now}, the journal has {latest}"))
        }
        Doubt::Unset => (Say::ClockUnset, format!("the clock says {now}, and nothing has set it")),
    };
    let remedy = "the officer confirms the time on the page; if it is wrong, connect the kiosk to \
                  the network or set the clock";
    Trouble { say, cause, remedy: remedy.into(), severity: Severity::Retry }
}
