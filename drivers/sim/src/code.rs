//! A code reader whose payloads are a script.

use std::time::Duration;

use drivers_api::{CodeReader, DeviceError, Fault, Raster};

use crate::Step;
use crate::script::Script;

/// How long a reading may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A code reader that sees the payloads of its script, one step an image, whatever the image shows.
#[derive(Debug)]
pub struct SimCodeReader {
    script: Script<Vec<String>>,
}

impl SimCodeReader {
    /// A reader that follows these steps. After the last it fails with [`Fault::Absent`].
    pub fn new(steps: impl IntoIterator<Item = Step<Vec<String>>>) -> Self {
        Self { script: Script::new("simulated code reader", steps, PATIENCE) }
    }

    /// Adds a step at the end of the script.
    pub fn push(&mut self, step: Step<Vec<String>>) {
        self.script.push(step);
    }
}

impl CodeReader for SimCodeReader {
    fn read(&mut self, _image: &Raster) -> Result<Vec<String>, DeviceError> {
        self.script.next(Fault::Absent)
    }
}

#[cfg(test)]
mod tests {
    use drivers_api::PixelFormat;

    use super::*;

    #[test]
    fn payloads_come_in_the_order_of_the_script() {
        let image = Raster::new(1, 1, PixelFormat::Gray8, 300, vec![0]).expect("a shape");
        let mut reader = SimCodeReader::new([Step::Give(vec!["a".into()]), Step::Give(vec![])]);
        assert_eq!(reader.read(&image), Ok(vec!["a".into()]));
        assert_eq!(reader.read(&image), Ok(vec![]));
        assert_eq!(reader.read(&image).expect_err("the end").fault, Fault::Absent);
    }
}
