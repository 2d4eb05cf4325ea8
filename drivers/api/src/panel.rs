//! Switches and lamps of the cabinet.

use crate::DeviceError;

/// What the cabinet's switches say at one moment; none where the board has no such line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Whether a person stands before the kiosk.
    pub person: Option<bool>,
    /// Whether the door is open.
    pub door_open: Option<bool>,
    /// Whether the cabinet was forced: the tamper switch has let go.
    pub tampered: Option<bool>,
    /// Whether the button that ends the visit is pressed.
    pub stop: Option<bool>,
}

/// What shines. A lamp that the board does not have is left out without a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lamps {
    /// The next person may come.
    pub ready: bool,
    /// An officer or a technician is needed.
    pub attention: bool,
    /// The strip of light over glass and card reader.
    pub strip: bool,
}

/// The cabinet's own lines: no protocol, only levels.
///
/// Promises of every implementation: a call takes milliseconds; a level is given as it is at that
/// moment, bouncing included; a panel that was unplugged is an error, and is found again by a later
/// call once it is back, with its lamps as the next [`Panel::show`] says.
pub trait Panel: Send {
    /// Reads every switch once.
    fn read(&mut self) -> Result<Switches, DeviceError>;

    /// Switches the lamps.
    fn show(&mut self, lamps: Lamps) -> Result<(), DeviceError>;
}
