//! Readers of bar and QR codes, hand-held or behind a window of the cabinet: at a serial port or as
//! USB CDC ([`SerialReader`]), or in keyboard mode ([`KeyboardReader`]).
//!
//! It gives what a code says, whole, or an error; it knows no code's meaning and logs no payload,
//! which may be personal data. What it held is wiped as soon as it was given.
//!
//! Start with [`SerialReader`]; [`frames`] cuts codes out of bytes, [`keys`] out of keys, without
//! any I/O.

pub mod frames;
mod held;
mod keyboard;
pub mod keys;
mod serial;
mod wait;

pub use held::{Flaw, Scanned};
pub use keyboard::{KeyboardConfig, KeyboardReader};
pub use serial::{Ending, SerialConfig, SerialReader};
