//! What the kiosk runs on.

use crate::DeviceError;

/// The source of power at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerState {
    /// The mains, or a vehicle's generator. The battery, if there is one, charges or is full.
    Mains,
    /// The battery.
    Battery {
        /// How full it is, 0 to 100.
        percent: u8,
    },
    /// The battery, and it ends within minutes, as its own UPS says.
    Ending,
}

/// Says what the kiosk runs on.
///
/// Promises of every implementation: a call takes milliseconds; a machine without any battery is on
/// [`PowerState::Mains`]; a gauge that is there and cannot be read is an error, not a guess.
pub trait Power: Send {
    /// What the kiosk runs on now.
    fn read(&mut self) -> Result<PowerState, DeviceError>;
}
