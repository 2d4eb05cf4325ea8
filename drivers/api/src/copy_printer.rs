//! Printers of whole pages.

use crate::DeviceError;

/// A printer that takes a PDF.
///
/// Promises of every implementation: a call ends within its limits, and whatever its end, no job
/// is left in the printer that could come out later.
pub trait CopyPrinter: Send {
    /// Prints a PDF `copies` times and waits until all of it is out. No paper is
    /// [`Fault::PaperOut`](crate::Fault::PaperOut), a jam [`Fault::Jammed`](crate::Fault::Jammed),
    /// an open cover [`Fault::CoverOpen`](crate::Fault::CoverOpen), no toner
    /// [`Fault::NoInk`](crate::Fault::NoInk), a job that somebody ended at the printer
    /// [`Fault::Cancelled`](crate::Fault::Cancelled).
    fn print(&mut self, pdf: &[u8], copies: u32) -> Result<(), DeviceError>;

    /// Which printer is there, in one line for the technician; fails when it cannot print now.
    fn probe(&mut self) -> Result<String, DeviceError>;
}
