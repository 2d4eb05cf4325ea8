//! What PC/SC's answers mean for the person at the kiosk.

use drivers_api::{DeviceError, Fault};
use pcsc::Error;

/// How the reader is called in errors and logs.
pub(crate) const DEVICE: &str = "card reader";

/// An answer of PC/SC to a step.
pub(crate) fn failed(step: &str) -> impl FnOnce(Error) -> DeviceError {
    move |error| DeviceError::new(DEVICE, fault(error), format!("{step}: {error}"))
}

fn fault(error: Error) -> Fault {
    match error {
        Error::NoService
        | Error::ServiceStopped
        | Error::NoReadersAvailable
        | Error::UnknownReader
        | Error::ReaderUnavailable => Fault::Absent,
        Error::NoSmartcard => Fault::NoCard,
        Error::RemovedCard | Error::ResetCard | Error::UnpoweredCard | Error::InvalidHandle => {
            Fault::Removed
        }
        Error::SharingViolation | Error::ServerTooBusy => Fault::Busy,
        Error::Timeout | Error::WaitedTooLong => Fault::Timeout,
        Error::NoAccess | Error::SecurityViolation => Fault::Denied,
        Error::Cancelled | Error::CancelledByUser | Error::SystemCancelled => Fault::Cancelled,
        Error::ProtoMismatch
        | Error::UnresponsiveCard
        | Error::UnsupportedCard
        | Error::CardUnsupported
        | Error::InvalidAtr
        | Error::InsufficientBuffer => Fault::Protocol,
        _ => Fault::Io,
    }
}
