//! What keeps the kiosk from signing: a cabinet that was opened, until a technician has looked at
//! it and says so on record. And what keeps visits from beginning: that, and a battery that ends.
//!
//! The lock is the journal's: a restart, or a door that is shut again, does not lift it. While a
//! record cannot be written the lock holds in memory all the same.

use std::sync::Mutex;

use drivers_api::{DeviceError, Switches};
use drivers_panel::Breach;

use crate::battery;
use crate::engine::{Parts, lock};
use crate::store::{Record, StoreError};
use crate::visit::{Say, Severity, Trouble};

/// What the watch over the cabinet has seen last.
#[derive(Debug, Default)]
pub struct Guard(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The switches as they were read last; none before the first reading.
    reading: Option<Result<Switches, DeviceError>>,
    /// Why the cabinet counts as opened at this moment.
    breach: Option<Breach>,
    /// Whether the battery ends.
    closing: bool,
    /// Whether it was opened since the last clearing, as far as this run knows.
    locked: bool,
}

/// Why the cabinet is not cleared.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// It is open at this moment.
    #[error("the cabinet is still open: {how}")]
    StillOpen {
        /// How, as the journal names it.
        how: &'static str,
    },
    /// The record could not be written.
    #[error("cannot put on record that the cabinet is whole")]
    Record(#[source] StoreError),
}

impl ClearError {
    /// What the technician should do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::StillOpen { .. } => "shut door and tamper switch, plug the panel in, try again",
            Self::Record(error) => error.hint(),
        }
    }
}

impl Guard {
    /// Takes what the panel said, and what it means for the cabinet. A breach locks the keys.
    pub fn take(
        &self,
        parts: &Parts,
        reading: Result<Switches, DeviceError>,
        breach: Option<Breach>,
    ) {
        let mut seen = lock(&self.0);
        seen.reading = Some(reading);
        seen.breach = breach;
        let Some(breach) = breach else { return };
        let news = !std::mem::replace(&mut seen.locked, true);
        drop(seen);
        if news {
            parts.keys.authority.put_down();
            tracing::error!(how = how(breach), hint = REMEDY, "the cabinet: nothing is signed");
        }
        if parts.store.cabinet_opened().is_some() {
            return;
        }
        let record = Record::CabinetOpened { how: how(breach).into() };
        if let Err(error) = parts.store.record(record)
            && news
        {
            tracing::error!(error = crate::chain(&error), "the opened cabinet is not on record");
        }
    }

    /// The switches as they were read last.
    pub fn reading(&self) -> Option<Result<Switches, DeviceError>> {
        lock(&self.0).reading.clone()
    }

    /// Notes whether the battery ends: then no visit begins.
    pub fn close(&self, closing: bool) {
        lock(&self.0).closing = closing;
    }

    /// Whether a visit may begin now.
    pub fn may_begin(&self, parts: &Parts) -> Result<(), Trouble> {
        if lock(&self.0).closing {
            return Err(battery::trouble());
        }
        self.may_sign(parts)
    }

    /// Whether anything may be signed now.
    pub fn may_sign(&self, parts: &Parts) -> Result<(), Trouble> {
        let cause = match parts.store.cabinet_opened() {
            Some(opened) => format!("the cabinet was opened ({}) on {}", opened.how, opened.at),
            None if lock(&self.0).locked => "the cabinet was opened".into(),
            None => return Ok(()),
        };
        let (say, severity) = (Say::CabinetOpened, Severity::Service);
        Err(Trouble { say, cause, remedy: REMEDY.into(), severity })
    }

    /// A technician has looked at the cabinet: on record, signing is allowed again. `by` is who.
    ///
    /// # Errors
    /// While the cabinet is open, or when the record cannot be written.
    pub fn clear(&self, parts: &Parts, by: &str) -> Result<(), ClearError> {
        let mut seen = lock(&self.0);
        if let Some(breach) = seen.breach {
            return Err(ClearError::StillOpen { how: how(breach) });
        }
        if parts.store.cabinet_opened().is_some() {
            let record = Record::CabinetCleared { by: by.into() };
            parts.store.record(record).map_err(ClearError::Record)?;
        }
        seen.locked = false;
        Ok(())
    }
}

/// What lifts the lock.
const REMEDY: &str = "look at door, walls, cables and tokens for anything foreign; shut the \
                      cabinet; then `kiosk cabinet clear --by NAME`";

/// The journal's word for a breach.
const fn how(breach: Breach) -> &'static str {
    match breach {
        Breach::Tampered => "tampered",
        Breach::Door => "door",
        Breach::Unwatched => "unwatched",
    }
}
