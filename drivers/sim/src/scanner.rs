//! A scanner whose sheets and troubles are a script.

use std::time::Duration;

use drivers_api::{DeviceError, Fault, Raster, ScanSettings, Scanner};

use crate::Step;
use crate::script::Script;

/// How long a page may take before the simulator reports a timeout, as the real driver does.
const PATIENCE: Duration = Duration::from_secs(120);

/// A scanner that gives the pages of its script, one a call, and then has no paper.
///
/// A page keeps the size it was made with; its resolution is its own, not the one asked for.
#[derive(Debug)]
pub struct SimScanner {
    script: Script<Raster>,
}

impl SimScanner {
    /// A scanner that follows these steps.
    pub fn new(steps: impl IntoIterator<Item = Step<Raster>>) -> Self {
        Self { script: Script::new("simulated scanner", steps, PATIENCE) }
    }

    /// A scanner that gives these pages.
    pub fn of_pages(pages: impl IntoIterator<Item = Raster>) -> Self {
        Self::new(pages.into_iter().map(Step::Give))
    }

    /// Gives up waiting after this time instead of two minutes.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.script.set_patience(patience);
        self
    }

    /// Adds a step at the end of the script: another sheet, another trouble.
    pub fn push(&mut self, step: Step<Raster>) {
        self.script.push(step);
    }
}

impl Scanner for SimScanner {
    fn scan_page(&mut self, _settings: &ScanSettings) -> Result<Raster, DeviceError> {
        self.script.next(Fault::NoPaper)
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok(format!("simulated scanner, {} steps left", self.script.left()))
    }
}

#[cfg(test)]
mod tests {
    use drivers_api::PixelFormat;

    use super::*;

    fn page(value: u8) -> Raster {
        Raster::new(2, 2, PixelFormat::Gray8, 300, vec![value; 4]).expect("a shape")
    }

    fn fault(scanner: &mut SimScanner) -> Fault {
        scanner.scan_page(&ScanSettings::default()).expect_err("scripted").fault
    }

    #[test]
    fn pages_and_faults_come_in_the_order_of_the_script_and_then_no_paper() {
        let steps = [Step::Give(page(1)), Step::Fail(Fault::Jammed), Step::Give(page(2))];
        let mut scanner = SimScanner::new(steps);
        assert_eq!(scanner.scan_page(&ScanSettings::default()), Ok(page(1)));
        assert_eq!(fault(&mut scanner), Fault::Jammed);
        assert_eq!(scanner.scan_page(&ScanSettings::default()), Ok(page(2)));
        assert_eq!(fault(&mut scanner), Fault::NoPaper);
        scanner.push(Step::Give(page(3)));
        assert_eq!(scanner.scan_page(&ScanSettings::default()), Ok(page(3)));
    }

    #[test]
    fn a_wait_beyond_patience_is_a_timeout_and_a_short_one_a_late_page() {
        let wait = |ms| Step::Wait(Duration::from_millis(ms));
        let steps = [wait(60_000), Step::Give(page(1)), wait(5), Step::Give(page(2))];
        let mut scanner = SimScanner::new(steps).with_patience(Duration::from_millis(20));
        assert_eq!(fault(&mut scanner), Fault::Timeout);
        assert_eq!(scanner.scan_page(&ScanSettings::default()), Ok(page(1)));
        assert_eq!(scanner.scan_page(&ScanSettings::default()), Ok(page(2)));
    }
}
