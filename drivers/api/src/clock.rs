//! How far the machine's clock is to be believed.

use std::time::Duration;

use crate::DeviceError;

/// What stands behind the clock's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// A time service keeps it right: NTP or NTS over the network, or a GPS receiver.
    Synchronised {
        /// How far it may be off, by the time service's own estimate.
        error_max: Duration,
    },
    /// No time service reaches it; it was set from the battery-backed clock at the start.
    Free,
    /// It was never set since the start: the machine has no battery-backed clock, or an empty one.
    Unset,
}

/// Says what stands behind the machine's clock.
///
/// Promises of every implementation: a call takes milliseconds and changes nothing.
pub trait ClockGauge: Send {
    /// What stands behind it now.
    ///
    /// # Errors
    /// When the system does not say.
    fn read(&mut self) -> Result<ClockState, DeviceError>;
}
