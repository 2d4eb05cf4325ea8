//! What a kiosk and the registry say to each other: tus upload paths, headers and metadata, the
//! signed receipt, the refusal body, and the files on a stick where there is no link.
//!
//! The kiosk may drop its copy only against a [`Receipt`] that [`ReceiptKey::verify`] accepted,
//! never against an HTTP status. This crate does no I/O, knows nothing of PDF files and keeps no
//! state. Start reading at [`tus`] for the course of an upload and at [`Receipt`] for what is
//! signed.

mod receipt;
mod rejection;
mod signed;
pub mod stick;
pub mod tus;

pub use receipt::{LOG_START, RECEIPT_BYTES_MAX, Receipt, ReceiptError};
pub use rejection::{Rejection, code};
pub use signed::{KeyError, ReceiptKey, ReceiptSigner, SignatureError, SignedReceipt};
pub use tus::{MetaError, UploadMeta};

/// Longest device name, in bytes; it is also the common name of a client certificate (X.520: 64).
pub const DEVICE_BYTES_MAX: usize = 64;

/// Says whether `device` can name a device: 1 to [`DEVICE_BYTES_MAX`] of `A-Z a-z 0-9 . _ -`, not
/// starting with a dot, so that it is the same in a path, a header, a certificate and a line.
#[must_use]
pub fn is_device_name(device: &str) -> bool {
    (1..=DEVICE_BYTES_MAX).contains(&device.len())
        && !device.starts_with('.')
        && device.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
