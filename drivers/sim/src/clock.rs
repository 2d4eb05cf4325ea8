//! A clock gauge that is set by hand.

use std::sync::{Arc, Mutex, PoisonError};

use drivers_api::{ClockGauge, ClockState, DeviceError, Fault};

/// A gauge that says what it was last set to. Clones share the setting.
#[derive(Debug, Clone)]
pub struct SimClockGauge(Arc<Mutex<Result<ClockState, Fault>>>);

impl SimClockGauge {
    /// A gauge that says this.
    #[must_use]
    pub fn new(state: ClockState) -> Self {
        Self(Arc::new(Mutex::new(Ok(state))))
    }

    /// Changes what it says, or lets every reading fail until the next change.
    pub fn set(&self, state: Result<ClockState, Fault>) {
        // One assignment, so a panic elsewhere leaves nothing half done.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl ClockGauge for SimClockGauge {
    fn read(&mut self) -> Result<ClockState, DeviceError> {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.map_err(|fault| DeviceError::new("simulated clock gauge", fault, "scripted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_was_last_set_to() {
        let dial = SimClockGauge::new(ClockState::Free);
        let mut gauge = dial.clone();
        assert_eq!(gauge.read(), Ok(ClockState::Free));
        dial.set(Ok(ClockState::Unset));
        assert_eq!(gauge.read(), Ok(ClockState::Unset));
        dial.set(Err(Fault::Io));
        assert_eq!(gauge.read().expect_err("broken").fault, Fault::Io);
    }
}
