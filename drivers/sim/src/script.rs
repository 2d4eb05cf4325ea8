//! The steps of a script.

use std::collections::VecDeque;
use std::time::Duration;

use drivers_api::{DeviceError, Fault};

/// One thing a scripted device does when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    /// Answers with this.
    Give(T),
    /// Fails.
    Fail(Fault),
    /// Takes this long, then goes on with the next step of the script.
    Wait(Duration),
}

/// The steps still to come of one device.
#[derive(Debug)]
pub(crate) struct Script<T> {
    device: &'static str,
    steps: VecDeque<Step<T>>,
    /// How long the device may take; a longer wait is a timeout.
    patience: Duration,
}

impl<T> Script<T> {
    pub(crate) fn new(
        device: &'static str,
        steps: impl IntoIterator<Item = Step<T>>,
        patience: Duration,
    ) -> Self {
        Self { device, steps: steps.into_iter().collect(), patience }
    }

    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub(crate) fn push(&mut self, step: Step<T>) {
        self.steps.push_back(step);
    }

    pub(crate) fn left(&self) -> usize {
        self.steps.len()
    }

    /// The next answer; `at_end` is the fault of a script that has ended.
    pub(crate) fn next(&mut self, at_end: Fault) -> Result<T, DeviceError> {
        let mut left = self.patience;
        loop {
            let fault = match self.steps.pop_front() {
                Some(Step::Give(answer)) => return Ok(answer),
                Some(Step::Wait(time)) => {
                    std::thread::sleep(time.min(left));
                    if time <= left {
                        left -= time;
                        continue;
                    }
                    Fault::Timeout
                }
                Some(Step::Fail(fault)) => fault,
                None => at_end,
            };
            return Err(DeviceError::new(self.device, fault, "scripted"));
        }
    }
}
