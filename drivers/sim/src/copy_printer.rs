//! A printer of whole pages that follows a script.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drivers_api::{CopyPrinter, DeviceError, Fault};

use crate::Step;
use crate::script::Script;

const DEVICE: &str = "simulated copy printer";
/// How long one job may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came out: the PDF and how many times.
type Printed = Arc<Mutex<Vec<(Vec<u8>, u32)>>>;

/// A printer that takes one step of its script for each job and each look at it.
#[derive(Debug)]
pub struct SimCopyPrinter {
    script: Script<()>,
    printed: Printed,
}

impl SimCopyPrinter {
    /// A printer that follows these steps. After the last it is unplugged.
    pub fn new(steps: impl IntoIterator<Item = Step<()>>) -> Self {
        Self { script: Script::new(DEVICE, steps, PATIENCE), printed: Arc::default() }
    }

    /// How long a job may take.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.script.set_patience(patience);
        self
    }

    /// What came out and how many times, also of later.
    #[must_use]
    pub fn printed(&self) -> Printed {
        Arc::clone(&self.printed)
    }
}

impl CopyPrinter for SimCopyPrinter {
    fn print(&mut self, pdf: &[u8], copies: u32) -> Result<(), DeviceError> {
        self.script.next(Fault::Absent)?;
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.push((pdf.to_vec(), copies));
        Ok(())
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.script.next(Fault::Absent).map(|()| DEVICE.to_owned())
    }
}
