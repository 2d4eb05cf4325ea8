//! Document scanners: [`SaneScanner`] asks a SANE server over the network, [`FileScanner`] takes
//! pages from files that a person gives.
//!
//! The network client is our own, because it is small and no maintained crate speaks the protocol
//! (SANE standard 1.06, chapter 5). It never runs a scanner library in this process: a crash or
//! hang of a maker's backend stays in `saned`. It never writes a page to disk.
//!
//! Start with [`SaneScanner`]; `wire` decodes the server's bytes, `options` decides what to ask of
//! a device, `frame` turns the data stream into a page.

mod connection;
mod file;
mod frame;
mod jpeg;
mod options;
mod sane;
mod status;
mod wire;

pub use file::FileScanner;
pub use sane::{SaneConfig, SaneScanner};

/// Smallest side of an image that is accepted as a page, in pixels. The smallest paper of the
/// house, an ID card, is 54 mm high: 425 pixels at the 200 dpi that a certified copy needs.
pub const PAGE_SIDE_MIN: u32 = 400;

/// Hands bytes to the decoders of pictures in files, for the fuzz target. PDF files are not among
/// them: their library's panics are caught, which a fuzzer takes for a failure.
#[doc(hidden)]
pub fn fuzz_image(bytes: &[u8]) {
    file::decode_image(bytes);
}

/// Hands bytes to every decoder of the network protocol, for the fuzz target.
#[doc(hidden)]
pub fn fuzz_wire(bytes: &[u8]) {
    wire::decode_everything(bytes);
    frame::decode_everything(bytes);
}
