//! The copy on paper: the very bytes that were sealed, as often as copies were asked for.
//!
//! A print that fails never takes back a copy: it is certified and kept, and can be printed again.

use std::sync::Mutex;

use drivers_api::{CopyPrinter, DeviceError, Fault};

use crate::engine::{Parts, lock};
use crate::store::{PrintOutcome, StoreError};
use crate::visit::{Issued, Prints, Say, Severity, Trouble};

/// A printer of whole pages that one job at a time uses.
pub type Printer = Mutex<Box<dyn CopyPrinter>>;

/// Where the prints of a copy stand when it is issued.
pub const fn at_first(printer: Option<&Printer>) -> Prints {
    if printer.is_some() { Prints::Going(1) } else { Prints::None }
}

/// Prints a copy for the `time`-th time, from 1. Start and outcome go into the journal; a job that
/// is on record already is not given to the printer once more.
pub fn print(parts: &Parts, issued: &Issued, copies: u32, time: u32) -> Result<(), Trouble> {
    let printer = parts.copy_printer.as_ref().ok_or_else(|| {
        let error = DeviceError::new("copy printer", Fault::Misconfigured, "the board has none");
        device_trouble(&error)
    })?;
    let store = &parts.store;
    let kept = store.by_number(&issued.book, issued.number).map_err(|e| store_trouble(&e))?;
    let sequence = kept
        .map(|copy| copy.sequence)
        .ok_or_else(|| store_trouble(&StoreError::NotKept { sha256: issued.sha256.clone() }))?;
    let pdf = store.copy_bytes(&issued.sha256).map_err(|e| store_trouble(&e))?;
    let job = format!("{sequence}-{time}");
    store.print(sequence, &job, PrintOutcome::Started).map_err(|e| store_trouble(&e))?;
    let printed = lock(printer).print(&pdf, copies);
    let outcome = match &printed {
        Ok(()) => PrintOutcome::Printed,
        Err(error) => PrintOutcome::Failed { reason: error.to_string() },
    };
    if let Err(error) = store.print(sequence, &job, outcome) {
        tracing::warn!(error = crate::chain(&error), "what became of a print is not on record");
    }
    printed.map_err(|error| device_trouble(&error))
}

/// The trouble of a print that could not even be tried.
pub fn not_tried(trouble: Trouble) -> Trouble {
    Trouble { say: Say::CopyNotPrinted, ..trouble }
}

fn device_trouble(error: &DeviceError) -> Trouble {
    Trouble {
        say: Say::CopyNotPrinted,
        cause: error.to_string(),
        remedy: error.hint().into(),
        severity: Severity::Service,
    }
}

fn store_trouble(error: &StoreError) -> Trouble {
    not_tried(super::decide::store_trouble(error))
}
