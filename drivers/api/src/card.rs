//! Chip cards.

use std::time::Duration;

use crate::DeviceError;

/// A reader for chip cards, with contacts or without.
pub trait CardReader: Send {
    /// Waits up to `patience` for a card and powers it. Without one it is
    /// [`Fault::NoCard`](crate::Fault::NoCard), without a reader or its service
    /// [`Fault::Absent`](crate::Fault::Absent), for a card that another program holds
    /// [`Fault::Busy`](crate::Fault::Busy), for one that does not speak
    /// [`Fault::Protocol`](crate::Fault::Protocol).
    fn connect(&mut self, patience: Duration) -> Result<Box<dyn CardSession>, DeviceError>;

    /// Which readers are there now, in one line for the technician. No card is touched.
    fn probe(&mut self) -> Result<String, DeviceError>;
}

/// A powered card that nobody else talks to. Dropping it lets the card go and forget.
pub trait CardSession: Send {
    /// Sends a command (ISO 7816-4) and returns the answer with its two bytes of status. A card
    /// that was taken away is [`Fault::Removed`](crate::Fault::Removed), one that does not answer
    /// in time [`Fault::Timeout`](crate::Fault::Timeout); after an error the session is over.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError>;
}
