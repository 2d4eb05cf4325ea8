//! Printers of whole pages that speak the Internet Printing Protocol, as IPP Everywhere asks.
//!
//! Sends a PDF as it is, watches its job to the end and leaves none behind. It converts nothing: a
//! printer that takes no PDF is used through a print service that does (CUPS speaks the same
//! protocol). Jobs bear no name of a person or paper.
//!
//! Start with [`IppPrinter`]; [`reasons`] is what a printer's own words mean, without any I/O.

mod link;
mod printer;
pub mod reasons;

pub use printer::{IppConfig, IppPrinter};
