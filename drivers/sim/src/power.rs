//! A power source that is set by hand.

use std::sync::{Arc, Mutex, PoisonError};

use drivers_api::{DeviceError, Fault, Power, PowerState};

/// A power source that says what it was last set to. Clones share the setting.
#[derive(Debug, Clone)]
pub struct SimPower(Arc<Mutex<Result<PowerState, Fault>>>);

impl SimPower {
    /// A source in this state.
    #[must_use]
    pub fn new(state: PowerState) -> Self {
        Self(Arc::new(Mutex::new(Ok(state))))
    }

    /// Changes the state, or lets every reading fail until the next change.
    pub fn set(&self, state: Result<PowerState, Fault>) {
        // One assignment, so a panic elsewhere leaves nothing half done.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Power for SimPower {
    fn read(&mut self) -> Result<PowerState, DeviceError> {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.map_err(|fault| DeviceError::new("simulated power source", fault, "scripted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_was_last_set_to() {
        let dial = SimPower::new(PowerState::Mains);
        let mut power = dial.clone();
        assert_eq!(power.read(), Ok(PowerState::Mains));
        dial.set(Ok(PowerState::Battery { percent: 3 }));
        assert_eq!(power.read(), Ok(PowerState::Battery { percent: 3 }));
        dial.set(Err(Fault::Io));
        assert_eq!(power.read().expect_err("broken").fault, Fault::Io);
    }
}
