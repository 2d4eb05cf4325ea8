//! A barcode reader that follows a script.

use std::time::Duration;

use drivers_api::{BarcodeReader, DeviceError, Fault, Payload};

use crate::Step;
use crate::script::Script;

const DEVICE: &str = "simulated barcode reader";

/// A reader before which the codes of its script are held, one step a call. A wait that is longer
/// than the caller's patience is silence, and so is the time after the last step.
#[derive(Debug)]
pub struct SimBarcodeReader {
    script: Script<Payload>,
    /// Why it is not there, while it is unplugged.
    gone: Option<DeviceError>,
}

impl SimBarcodeReader {
    /// A reader that follows these steps.
    pub fn new(steps: impl IntoIterator<Item = Step<Payload>>) -> Self {
        Self { script: Script::new(DEVICE, steps, Duration::ZERO), gone: None }
    }
}

impl BarcodeReader for SimBarcodeReader {
    fn read(&mut self, patience: Duration) -> Result<Option<Payload>, DeviceError> {
        self.gone = None;
        if self.script.left() == 0 {
            std::thread::sleep(patience);
            return Ok(None);
        }
        self.script.set_patience(patience);
        match self.script.next(Fault::Timeout) {
            Ok(payload) => Ok(Some(payload)),
            Err(error) if error.fault == Fault::Timeout => Ok(None),
            Err(error) => {
                let well = matches!(error.fault, Fault::Garbled | Fault::TooLong);
                self.gone = (!well).then(|| error.clone());
                Err(error)
            }
        }
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.gone.clone().map_or_else(|| Ok(DEVICE.into()), Err)
    }
}
