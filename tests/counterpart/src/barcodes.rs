//! The kernel's pseudo-terminal as the serial line of a barcode reader: a test plugs it in, sends
//! what a reader sends, and pulls it out.

use std::io::Write;
use std::path::{Path, PathBuf};

use serialport::{SerialPort, TTYPort};

use crate::CounterpartError;

/// A serial line with a barcode reader at its other end; dropping it pulls it out.
#[derive(Debug)]
pub struct BarcodeLine {
    node: PathBuf,
    /// The reader's end, and the kiosk's, which is kept open so that bytes may wait in it.
    ends: Option<(TTYPort, TTYPort)>,
}

impl BarcodeLine {
    /// A line whose node is `dir/reader`, plugged in.
    pub fn new(dir: &Path) -> Result<Self, CounterpartError> {
        let mut line = Self { node: dir.join("reader"), ends: None };
        line.plug()?;
        Ok(line)
    }

    /// The kiosk's end.
    #[must_use]
    pub fn node(&self) -> &Path {
        &self.node
    }

    /// Plugs it in where it was before.
    pub fn plug(&mut self) -> Result<(), CounterpartError> {
        let failed = |error: serialport::Error| CounterpartError::file(&self.node)(error.into());
        let (reader, mut kiosk) = TTYPort::pair().map_err(failed)?;
        kiosk.set_exclusive(false).map_err(failed)?;
        // A clone is closed in programs that are started later: else the plug would stay in there.
        let reader = reader.try_clone_native().map_err(failed)?;
        let name = kiosk.name().unwrap_or_default();
        std::os::unix::fs::symlink(name, &self.node).map_err(CounterpartError::file(&self.node))?;
        self.ends = Some((reader, kiosk));
        Ok(())
    }

    /// Pulls it out: its node is gone.
    pub fn unplug(&mut self) -> Result<(), CounterpartError> {
        self.ends = None;
        std::fs::remove_file(&self.node).map_err(CounterpartError::file(&self.node))
    }

    /// Sends bytes, as a reader does when a code is held before it; nothing while it is out.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), CounterpartError> {
        let Some((reader, _)) = &mut self.ends else { return Ok(()) };
        reader.write_all(bytes).map_err(CounterpartError::file(&self.node))
    }
}
