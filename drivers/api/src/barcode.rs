//! Readers of bar and QR codes that are held before them.

use std::time::Duration;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::DeviceError;

/// Longest payload in bytes: a QR code of version 40 holds 2,953 (ISO/IEC 18004, table 7).
pub const PAYLOAD_BYTES_MAX: usize = 2_953;

/// A hand-held or built-in reader that sends what a code says as soon as one is held before it.
///
/// Promises of every implementation: a call ends within its patience and a moment; a payload is
/// what the reader sent, whole, or an error, never a guess; what was sent while nobody had the
/// reader open is forgotten, so that no code of before comes up later; a reader that was unplugged
/// is an error, and is found again by a later call once it is back.
pub trait BarcodeReader: Send {
    /// Waits up to `patience` for the next code; none when no code was held before the reader.
    ///
    /// # Errors
    ///
    /// [`Fault::Absent`](crate::Fault::Absent) where no reader is,
    /// [`Fault::Removed`](crate::Fault::Removed) when it was unplugged just now,
    /// [`Fault::Busy`](crate::Fault::Busy) while another program has it. After
    /// [`Fault::Garbled`](crate::Fault::Garbled), for bytes or keys that make no text, and
    /// [`Fault::TooLong`](crate::Fault::TooLong), for more than [`PAYLOAD_BYTES_MAX`], the reader
    /// is well: the next code is read. No error holds anything of a payload.
    fn read(&mut self, patience: Duration) -> Result<Option<Payload>, DeviceError>;

    /// Which reader is there now, in one line for the technician. Takes no code from it.
    fn probe(&mut self) -> Result<String, DeviceError>;
}

/// What one code says: text without control characters. It may be personal data, so it is wiped
/// when dropped and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Payload(String);

impl Payload {
    /// The payload of these bytes; none when they are none, too many, or no plain text in UTF-8.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let fits = (1..=PAYLOAD_BYTES_MAX).contains(&bytes.len());
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// What the code says.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payload(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_plain_text_within_its_limit_and_is_not_shown() {
        let payload = Payload::new("001199999999|Thử".as_bytes()).expect("text");
        assert_eq!(payload.text(), "001199999999|Thử");
        assert_eq!(format!("{payload:?}"), "Payload(…)");
        assert!(Payload::new(&vec![b'a'; PAYLOAD_BYTES_MAX]).is_some());
        let long = vec![b'a'; PAYLOAD_BYTES_MAX + 1];
        for wrong in [&b""[..], b"a\nb", b"a\0", b"\xff", "a\u{85}".as_bytes(), &long] {
            assert_eq!(Payload::new(wrong), None);
        }
    }
}
