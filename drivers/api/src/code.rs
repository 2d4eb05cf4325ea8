//! Bar and QR codes.

use crate::{DeviceError, Raster};

/// Reads QR codes out of an image.
pub trait CodeReader: Send {
    /// The payloads of all QR codes found, as text; empty when there is none.
    fn read(&mut self, image: &Raster) -> Result<Vec<String>, DeviceError>;
}
