//! Card readers behind PC/SC: a chip card laid on or put into the kiosk.
//!
//! Carries bytes to a card and back, within a time. It knows nothing of what they mean, keeps
//! none of them, and never holds a card longer than its session. What the bytes mean is
//! `formats/mrtd`.
//!
//! Start with [`PcscReader`]; `worker` does what may block, on a thread that can be given up.

mod fault;
mod reader;
mod worker;

pub use reader::{PcscConfig, PcscReader};
