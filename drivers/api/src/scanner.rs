//! The document scanner.

use crate::{DeviceError, Raster};

/// What the kiosk asks of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSettings {
    /// Dots per inch on both axes. A certified copy needs at least 200 (Decree 30/2020, Annex I).
    pub dpi: u32,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self { dpi: 300 }
    }
}

/// Scans sheets, one side at a time, in colour.
///
/// Promises of every implementation:
/// - each call is one page and ends within a bounded time, with
///   [`Fault::Timeout`](crate::Fault::Timeout)
///   when the device stays silent;
/// - an error leaves the device ready for the next call: handles and connections are given back;
/// - an empty feeder is [`Fault::NoPaper`](crate::Fault::NoPaper), never an empty page;
/// - nothing is written to disk.
pub trait Scanner: Send {
    /// Scans the next page.
    fn scan_page(&mut self, settings: &ScanSettings) -> Result<Raster, DeviceError>;

    /// Whether the device answers now, in one line for the technician (maker, model, address).
    fn probe(&mut self) -> Result<String, DeviceError>;
}
