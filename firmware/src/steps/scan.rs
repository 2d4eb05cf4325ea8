//! Scans one page.

use drivers_api::{DeviceError, Fault, Raster, ScanSettings, Scanner};

use crate::visit::{Say, Severity, Trouble};

/// The next page from the scanner.
pub fn scan(scanner: &mut dyn Scanner, dpi: u32) -> Result<Raster, Trouble> {
    scanner.scan_page(&ScanSettings { dpi }).map_err(|error| scanner_trouble(&error))
}

/// A scanner's failure: what the citizen hears, what the technician does.
pub fn scanner_trouble(error: &DeviceError) -> Trouble {
    let (say, severity) = match error.fault {
        Fault::Jammed => (Say::ScannerJammed, Severity::Retry),
        Fault::NoPaper => (Say::ScannerEmpty, Severity::Retry),
        Fault::CoverOpen => (Say::ScannerOpen, Severity::Retry),
        Fault::BadPage | Fault::Protocol => (Say::PageUnreadable, Severity::Retry),
        Fault::Busy | Fault::Cancelled => (Say::ScannerAbsent, Severity::Retry),
        Fault::Absent
        | Fault::Timeout
        | Fault::Denied
        | Fault::PinIncorrect
        | Fault::PinLocked
        | Fault::Removed
        | Fault::Misconfigured
        | Fault::NoCard
        | Fault::NoPicture
        | Fault::Garbled
        | Fault::TooLong
        | Fault::PaperOut
        | Fault::Cutter
        | Fault::NoInk
        | Fault::Offline
        | Fault::Io => (Say::ScannerAbsent, Severity::Service),
    };
    Trouble { say, cause: error.to_string(), remedy: error.hint().into(), severity }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jam_is_for_the_person_a_dead_scanner_for_the_technician() {
        let jam = scanner_trouble(&DeviceError::new("scanner", Fault::Jammed, "status 6"));
        assert_eq!((jam.say, jam.severity), (Say::ScannerJammed, Severity::Retry));
        let dead = scanner_trouble(&DeviceError::new("scanner", Fault::Absent, "refused"));
        assert_eq!((dead.say, dead.severity), (Say::ScannerAbsent, Severity::Service));
    }
}
