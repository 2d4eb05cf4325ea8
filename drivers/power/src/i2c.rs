//! A battery with a gauge on an I2C bus of the board.

use std::path::{Path, PathBuf};

use drivers_api::{DeviceError, Fault, Power, PowerState};
use linux_embedded_hal::I2cdev;

use crate::gauge::{self, GaugeError, Reading};

/// Where the kernel lists buses with their names.
const BUSES: &str = "/sys/class/i2c-dev";

/// A battery whose gauge is a MAX17048. The machine runs on it while it is being used up, as the
/// gauge sees it: some minutes after the mains went.
#[derive(Debug, Clone)]
pub struct GaugePower {
    bus: String,
}

impl GaugePower {
    /// The gauge on this bus: its node, such as `/dev/i2c-1`, or the beginning of its name, which
    /// stays when a bus at a USB port is plugged in anew. Each reading opens it.
    pub fn new(bus: impl Into<String>) -> Self {
        Self { bus: bus.into() }
    }

    fn failed(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(format!("fuel gauge on {}", self.bus), fault, detail)
    }

    fn node(&self) -> Result<PathBuf, DeviceError> {
        if self.bus.starts_with('/') {
            return Ok(self.bus.clone().into());
        }
        let listed = std::fs::read_dir(BUSES).into_iter().flatten().flatten();
        let named = |folder: &Path| {
            std::fs::read_to_string(folder.join("name")).is_ok_and(|n| n.starts_with(&self.bus))
        };
        let found = listed.map(|bus| bus.path()).find(|folder| named(folder));
        let name = found.as_deref().and_then(Path::file_name);
        let name = name.ok_or_else(|| self.failed(Fault::Absent, "no bus has this name"))?;
        Ok(Path::new("/dev").join(name))
    }
}

impl Power for GaugePower {
    fn read(&mut self) -> Result<PowerState, DeviceError> {
        let node = self.node()?;
        let mut bus = I2cdev::new(&node)
            .map_err(|error| self.failed(Fault::Absent, format!("{}: {error}", node.display())))?;
        match gauge::read(&mut bus) {
            Ok(Reading { percent, discharging: true }) => Ok(PowerState::Battery { percent }),
            Ok(_) => Ok(PowerState::Mains),
            Err(GaugeError::Bus(error)) => Err(self.failed(Fault::Removed, format!("{error:?}"))),
            Err(GaugeError::OtherChip(version)) => {
                let detail = format!("another chip, of version {version:#06x}, is in its place");
                Err(self.failed(Fault::Misconfigured, detail))
            }
        }
    }
}
