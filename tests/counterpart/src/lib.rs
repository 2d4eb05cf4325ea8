//! Starters of the real programs that tests and the demo talk to: nobody here wrote what they
//! start, but for the chip's program, which shares nothing with what it judges.
//!
//! Each starter takes a free loopback port and a temporary folder of its own, waits until the
//! program answers, keeps the program's output in a log file there, and ends it (with its children)
//! when dropped. Nothing here imitates a device: a fault is one the real program knows, or is made
//! on the wire in front of it ([`Gate`]).
//!
//! - [`Saned`]: Debian's `saned` with the `pnm` or `test` backend, and [`Gate`] before it;
//! - [`TusServer`] and [`TusClient`]: npm's `@tus/server` and `tus-js-client` on Node.js;
//! - [`PoorLink`]: a slow, lossy link that breaks, before any TCP server;
//! - [`SoftTokens`]: SoftHSM2 tokens with keys and certificates;
//! - [`CardReaders`]: Debian's `pcscd` with vsmartcard's virtual reader, and in it a
//!   [`VirtualCard`]: a chip written in Python from ICAO Doc 9303, with its faults;
//! - [`Guest`]: QEMU with Debian's kernel, whose modules simulate devices that this machine lacks;
//! - [`UsbBridge`]: in such a guest, the firmware of a USB bridge to lines and an I2C bus, written
//!   from its datasheet; chip and bus before a driver are the kernel's own;
//! - [`UsbKeyboard`]: in such a guest, the firmware of a barcode reader in keyboard mode;
//! - [`VirtualTicketPrinter`]: a printer that decodes ESC/POS, written in Python apart from ours;
//! - [`BarcodeLine`]: a pseudo-terminal of the kernel's as the line of a barcode reader;
//! - [`IppEvePrinter`]: Debian's `ippeveprinter`, an IPP Everywhere printer without hardware;
//! - [`VirtualUps`]: Debian's `upsd` (NUT) with its dummy UPS;
//! - [`Tpm`]: a software TPM 2.0 behind its resource manager and PKCS#11 module;
//! - [`TimeStampAuthority`] and [`Revocation`]: openssl's time-stamps, OCSP answers and lists;
//!   [`TrustHttp`] gives them over HTTP;
//! - [`TestCa`]: the certification authority of tests, whose word is worth nothing outside them.

mod barcodes;
mod ca;
mod cards;
mod error;
mod gate;
mod guest;
mod ipp;
mod ocsp;
mod poor_link;
mod process;
mod saned;
mod tickets;
mod tokens;
mod tpm;
mod trust_http;
mod tsa;
mod tus;
mod ups;
mod usb_bridge;
mod usb_keyboard;

pub use barcodes::BarcodeLine;
pub use ca::{Identity, Issued, Subject, TestCa, Usage};
pub use cards::{BareCard, CardReaders, VirtualCard};
pub use error::CounterpartError;
pub use gate::Gate;
pub use guest::Guest;
pub use ipp::IppEvePrinter;
pub use ocsp::Revocation;
pub use poor_link::{Carried, LinkModel, PoorLink};
pub use process::{Started, free_port};
pub use saned::{Backend, Saned};
pub use tickets::{Slip, VirtualTicketPrinter};
pub use tokens::{SoftTokens, TokenKey, TokenSpec, in_own_process};
pub use tpm::{BareTpm, Tpm};
pub use trust_http::TrustHttp;
pub use tsa::TimeStampAuthority;
pub use tus::{ClientEnd, TusClient, TusServer};
pub use ups::{UPS, VirtualUps};
pub use usb_bridge::{GPIO_LABEL, LINES, UsbBridge};
pub use usb_keyboard::UsbKeyboard;
