//! Speech.

use crate::DeviceError;

/// A language that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpokenLanguage {
    /// Vietnamese.
    Vietnamese,
    /// English.
    English,
}

/// Turns text into sound.
pub trait Voice: Send {
    /// Speaks a sentence; gives a WAV file. Without its program it is
    /// [`Fault::Absent`](crate::Fault::Absent), when that takes too long
    /// [`Fault::Timeout`](crate::Fault::Timeout), when what it gives is no sound
    /// [`Fault::Protocol`](crate::Fault::Protocol).
    fn speak(&mut self, text: &str, language: SpokenLanguage) -> Result<Vec<u8>, DeviceError>;
}
