//! The code that is being received. Needs `core` and a fixed buffer only.

use core::ops::Deref;

use drivers_api::PAYLOAD_BYTES_MAX;
use heapless::Vec;
use zeroize::Zeroize;

/// Why what was received is no payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Something in it is no text, or it was broken off.
    Garbled,
    /// It is longer than [`PAYLOAD_BYTES_MAX`].
    TooLong,
}

/// The bytes of one code, as far as they came. Wiped when dropped.
#[derive(Default)]
pub(crate) struct Held {
    bytes: Vec<u8, PAYLOAD_BYTES_MAX>,
    flaw: Option<Flaw>,
}

impl Held {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), flaw: None }
    }

    /// Whether nothing came yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.flaw.is_none()
    }

    pub(crate) fn push(&mut self, byte: u8) {
        if self.flaw.is_none() && self.bytes.push(byte).is_err() {
            self.spoil(Flaw::TooLong);
        }
    }

    /// What comes until the end belongs to no payload any more. The first flaw counts.
    pub(crate) fn spoil(&mut self, flaw: Flaw) {
        self.wipe();
        self.flaw.get_or_insert(flaw);
    }

    /// The code is at its end: what it says; nothing where nothing came.
    pub(crate) fn end(&mut self) -> Option<Result<Scanned<'_>, Flaw>> {
        if let Some(flaw) = self.flaw.take() {
            return Some(Err(flaw));
        }
        if self.bytes.is_empty() {
            return None;
        }
        let plain =
            core::str::from_utf8(&self.bytes).is_ok_and(|text| !text.chars().any(char::is_control));
        if !plain {
            self.wipe();
            return Some(Err(Flaw::Garbled));
        }
        Some(Ok(Scanned(self)))
    }

    /// Forgets all that came.
    pub(crate) fn forget(&mut self) {
        self.wipe();
        self.flaw = None;
    }

    fn wipe(&mut self) {
        self.bytes.as_mut_slice().zeroize();
        self.bytes.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// What a code says: plain text in UTF-8. Wiped where it was held when this is dropped.
pub struct Scanned<'a>(&'a mut Held);

impl Deref for Scanned<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl Drop for Scanned<'_> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

impl core::fmt::Debug for Scanned<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Scanned(…)")
    }
}
