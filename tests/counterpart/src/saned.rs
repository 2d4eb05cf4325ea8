//! The real `saned` of Debian's sane-utils on a loopback port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Started, free_port};
use crate::{CounterpartError, Gate};

const PROGRAM: &str = "/usr/sbin/saned";
const PACKAGE: &str = "sane-utils";
/// Another program may take the free port before saned does; then another port is tried.
const PORT_TRIES: usize = 5;

/// What stands behind saned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Serves the PNM file named by its option `filename`: a sheet on the glass.
    Pnm,
    /// Draws test pictures; has a feeder of ten sheets, delays, and a status to fail with.
    Test,
}

impl Backend {
    const fn name(self) -> &'static str {
        match self {
            Self::Pnm => "pnm",
            Self::Test => "test",
        }
    }
}

/// A running saned. It serves one connection at a time per process it forks; several may run side
/// by side because each has its own ports and configuration folder. Its data connections go to a
/// port that it takes for each scan on the address of the control connection.
#[derive(Debug)]
pub struct Saned {
    backend: Backend,
    address: SocketAddr,
    process: Started,
    dir: TempDir,
}

impl Saned {
    /// Starts saned with one backend and waits until it accepts connections.
    pub fn start(backend: Backend) -> Result<Self, CounterpartError> {
        let dir = TempDir::with_prefix("saned-")
            .map_err(CounterpartError::file(&std::env::temp_dir()))?;
        for (name, text) in [
            ("dll.conf", format!("{}\n", backend.name())),
            ("saned.conf", "127.0.0.1\n".to_owned()),
            ("pnm.conf", String::new()),
            ("test.conf", test_conf("Default")),
        ] {
            write(&dir.path().join(name), text.as_bytes())?;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::spawn(dir.path()) {
                Ok((address, process)) => return Ok(Self { backend, address, process, dir }),
                Err(CounterpartError::Failed { .. }) if tries < PORT_TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn spawn(dir: &Path) -> Result<(SocketAddr, Started), CounterpartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut command = Command::new(PROGRAM);
        command
            .args(["-l", "-e", "-b", "127.0.0.1", "-p"])
            .arg(address.port().to_string())
            .env("SANE_CONFIG_DIR", dir)
            .current_dir(dir);
        let mut process = Started::spawn(command, PACKAGE, &dir.join("saned.log"))?;
        process.wait_for_port(address)?;
        Ok((address, process))
    }

    /// The control port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name under which saned offers the device.
    pub fn device(&self) -> &'static str {
        match self.backend {
            Backend::Pnm => "pnm:0",
            Backend::Test => "test:0",
        }
    }

    /// The options that make the device scan what lies on the glass.
    pub fn options(&self) -> Vec<(String, String)> {
        match self.backend {
            Backend::Pnm => vec![("filename".to_owned(), self.glass().display().to_string())],
            Backend::Test => Vec::new(),
        }
    }

    /// The file that the `pnm` backend scans.
    pub fn glass(&self) -> PathBuf {
        self.dir.path().join("glass.pnm")
    }

    /// Puts a sheet, given as the bytes of a binary PNM file, on the glass: the next scan sees all
    /// of it or all of what lay there before.
    pub fn lay(&self, sheet: &[u8]) -> Result<(), CounterpartError> {
        write(&self.glass(), sheet)
    }

    /// Puts the sheet of a PNM file on the glass.
    pub fn lay_file(&self, sheet: &Path) -> Result<(), CounterpartError> {
        self.lay(&std::fs::read(sheet).map_err(CounterpartError::file(sheet))?)
    }

    /// Takes the sheet away. The `pnm` backend answers the next start with SANE_STATUS_INVAL.
    pub fn clear(&self) -> Result<(), CounterpartError> {
        std::fs::remove_file(self.glass()).map_err(CounterpartError::file(&self.glass()))
    }

    /// Makes the `test` backend end every later scan with a status such as `SANE_STATUS_JAMMED`;
    /// `Default` makes it well again.
    pub fn fail_test_scans_with(&self, status: &str) -> Result<(), CounterpartError> {
        write(&self.dir.path().join("test.conf"), test_conf(status).as_bytes())
    }

    /// Starts a gate before this saned, through which faults can be made on the wire.
    pub fn gate(&self) -> Result<Gate, CounterpartError> {
        Gate::before(self.address)
    }

    /// What saned has written so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The process id of saned.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

fn test_conf(status: &str) -> String {
    format!("number_of_devices 1\nmode Gray\ndepth 8\nread-status-code \"{status}\"\n")
}

/// Writes beside and renames, so that a reader never sees half a file.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CounterpartError> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).map_err(CounterpartError::file(&beside))?;
    std::fs::rename(&beside, path).map_err(CounterpartError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_run_side_by_side_and_end_when_dropped() {
        let first = Saned::start(Backend::Pnm).expect("saned starts");
        let second = Saned::start(Backend::Test).expect("another starts");
        assert_ne!(first.address(), second.address());
        let (address, id) = (first.address(), first.id());
        drop(first);
        assert!(std::net::TcpStream::connect(address).is_err(), "nothing listens any more");
        assert!(!Path::new(&format!("/proc/{id}")).exists(), "the process is reaped");
        assert!(std::net::TcpStream::connect(second.address()).is_ok(), "the other still runs");
    }
}
