//! A panel whose switches are set by hand, in memory or in a file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use drivers_api::{DeviceError, Fault, Lamps, Panel, Switches};

#[derive(Debug)]
struct Wires {
    switches: Result<Switches, Fault>,
    lamps: Lamps,
}

/// A panel that says what it was last set to and keeps what it was last told to show. Clones share
/// both.
#[derive(Debug, Clone)]
pub struct SimPanel(Arc<Mutex<Wires>>);

impl SimPanel {
    /// A panel with its switches so, and dark.
    #[must_use]
    pub fn new(switches: Switches) -> Self {
        Self(Arc::new(Mutex::new(Wires { switches: Ok(switches), lamps: Lamps::default() })))
    }

    /// Moves the switches, or unplugs the panel until the next change: then it is dark.
    pub fn set(&self, switches: Result<Switches, Fault>) {
        let mut wires = self.wires();
        if switches.is_err() {
            wires.lamps = Lamps::default();
        }
        wires.switches = switches;
    }

    /// What shines.
    pub fn lamps(&self) -> Lamps {
        self.wires().lamps
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        // Only whole values are assigned, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(fault: Fault) -> DeviceError {
    DeviceError::new("simulated panel", fault, "scripted")
}

impl Panel for SimPanel {
    fn read(&mut self) -> Result<Switches, DeviceError> {
        self.wires().switches.map_err(failed)
    }

    fn show(&mut self, lamps: Lamps) -> Result<(), DeviceError> {
        let mut wires = self.wires();
        wires.switches.map_err(failed)?;
        wires.lamps = lamps;
        Ok(())
    }
}

/// Longest file of switches that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024;

/// A panel whose switches are the words of a file, a word a line: `person`, `door-open`,
/// `tampered`, `stop`. Without the file it is unplugged. What shines is written beside it, into the
/// file of the same name with `.lamps` added.
#[derive(Debug, Clone)]
pub struct FilePanel {
    switches: PathBuf,
    lamps: PathBuf,
}

impl FilePanel {
    /// The panel of this file, which is read anew each time.
    pub fn new(switches: &Path) -> Self {
        let mut lamps = switches.as_os_str().to_owned();
        lamps.push(".lamps");
        Self { switches: switches.into(), lamps: lamps.into() }
    }

    fn words(&self) -> Result<String, DeviceError> {
        let failed = |error: std::io::Error| {
            let gone = error.kind() == ErrorKind::NotFound;
            let fault = if gone { Fault::Removed } else { Fault::Io };
            DeviceError::new("simulated panel", fault, error.to_string())
        };
        let file = File::open(&self.switches).map_err(failed)?;
        let mut words = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut words).map_err(failed)?;
        Ok(words)
    }
}

impl Panel for FilePanel {
    fn read(&mut self) -> Result<Switches, DeviceError> {
        let words = self.words()?;
        let active = |name| Some(words.lines().any(|word| word.trim() == name));
        Ok(Switches {
            person: active("person"),
            door_open: active("door-open"),
            tampered: active("tampered"),
            stop: active("stop"),
        })
    }

    fn show(&mut self, lamps: Lamps) -> Result<(), DeviceError> {
        self.words()?;
        let lit = [(lamps.ready, "ready"), (lamps.attention, "attention"), (lamps.strip, "strip")];
        let words: String =
            lit.iter().filter(|(lit, _)| *lit).map(|(_, name)| format!("{name}\n")).collect();
        std::fs::write(&self.lamps, words)
            .map_err(|error| DeviceError::new("simulated panel", Fault::Io, error.to_string()))
    }
}
