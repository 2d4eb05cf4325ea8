//! A ticket printer without hardware: a decoder of ESC/POS in Python, which shares nothing with the
//! encoder that it judges, behind a pseudo-terminal or a port of the loopback network.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::CounterpartError;
use crate::process::{Started, free_port};

/// A ticket printer; dropping it switches it off.
#[derive(Debug)]
pub struct VirtualTicketPrinter {
    program: Option<Started>,
    dir: PathBuf,
    port: Option<u16>,
    states: u32,
}

/// A ticket that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Its picture, a PBM file.
    pub picture: PathBuf,
    /// Width in dots, whole bytes of them.
    pub width: usize,
    /// Its rows, 8 dots a byte, 1 for black.
    pub rows: Vec<u8>,
    /// All bytes that made it, without questions about the printer's state.
    pub bytes: Vec<u8>,
}

impl VirtualTicketPrinter {
    /// Switches on a printer at a serial port, with its files in `dir`, which must exist.
    pub fn serial(dir: &Path) -> Result<Self, CounterpartError> {
        Self::start(dir, None)
    }

    /// Switches on a printer in the network.
    pub fn network(dir: &Path) -> Result<Self, CounterpartError> {
        Self::start(dir, Some(free_port()?))
    }

    fn start(dir: &Path, port: Option<u16>) -> Result<Self, CounterpartError> {
        let mut printer = Self { program: None, dir: dir.to_owned(), port, states: 0 };
        printer.switch_on()?;
        Ok(printer)
    }

    /// Switches it on, where it was before, with nothing printed yet.
    pub fn switch_on(&mut self) -> Result<(), CounterpartError> {
        let house = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("python3");
        command.arg("-B").arg(house.join("printer/ticket_printer.py")).arg(&self.dir);
        command.args(self.port.map(|port| port.to_string()));
        let state = self.dir.join("state");
        std::fs::write(&state, "0 well").map_err(CounterpartError::file(&state))?;
        let log = self.dir.join("printer.log");
        let program = self.program.insert(Started::spawn(command, "python3", &log)?);
        program.wait_for_word("ready")
    }

    /// Switches it off; its port is gone.
    pub fn switch_off(&mut self) -> Result<(), CounterpartError> {
        self.program = None;
        let node = self.node();
        if self.port.is_none() {
            std::fs::remove_file(&node).map_err(CounterpartError::file(&node))?;
        }
        Ok(())
    }

    /// The serial port's node.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        self.dir.join("port")
    }

    /// The network printer's address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.port.unwrap_or_default())
    }

    /// Brings the printer into a state, by a word that its program knows.
    pub fn set(&mut self, state: &str) -> Result<(), CounterpartError> {
        self.states += 1;
        let (path, half) = (self.dir.join("state"), self.dir.join("state.half"));
        std::fs::write(&half, format!("{} {state}", self.states))
            .map_err(CounterpartError::file(&half))?;
        std::fs::rename(&half, &path).map_err(CounterpartError::file(&path))?;
        let program = self.program.as_mut();
        program.map_or(Ok(()), |p| p.wait_for_word(&format!("state {}.", self.states)))
    }

    /// The tickets cut off since it was switched on, in their order.
    pub fn tickets(&self) -> Result<Vec<Slip>, CounterpartError> {
        let mut slips = Vec::new();
        loop {
            let picture = self.dir.join(format!("ticket-{}.pbm", slips.len()));
            if !picture.exists() {
                return Ok(slips);
            }
            let read = |path: &Path| std::fs::read(path).map_err(CounterpartError::file(path));
            let pbm = read(&picture)?;
            let bytes = read(&picture.with_extension("bytes"))?;
            let mut lines = pbm.splitn(3, |byte| *byte == b'\n');
            let size = lines.nth(1).map(String::from_utf8_lossy).unwrap_or_default();
            let width = size.split(' ').next().and_then(|width| width.parse().ok());
            let rows = lines.next().unwrap_or_default().to_vec();
            slips.push(Slip { picture, width: width.unwrap_or_default(), rows, bytes });
        }
    }

    /// What the program has said so far, with every command that it does not know.
    #[must_use]
    pub fn log(&self) -> String {
        self.program.as_ref().map(Started::log).unwrap_or_default()
    }
}
