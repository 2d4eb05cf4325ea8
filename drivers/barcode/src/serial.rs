//! Readers at a serial port: RS-232, or a USB port's CDC class.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use drivers_api::{BarcodeReader, DeviceError, Fault, Payload};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{self, QueueSelector};

pub use crate::frames::Ending;
use crate::frames::Frames;
use crate::wait::{fault_of, given, now, readable};

/// Which reader, and how it sends.
#[derive(Debug, Clone)]
pub struct SerialConfig {
    /// The port's node, best one of `/dev/serial/by-id`.
    pub node: PathBuf,
    /// Bits a second, 8 bits without parity; a USB port takes any.
    pub baud: u32,
    /// What ends a code besides CR and LF.
    pub ending: Ending,
    /// Longer than the reader ever pauses within a code.
    pub silence: Duration,
}

/// A reader at a serial port. Opens the port when it is used, and again after it was away.
pub struct SerialReader {
    config: SerialConfig,
    port: Option<OwnedFd>,
    frames: Frames,
    /// When the last byte of a code that has begun came.
    heard: Option<Instant>,
}

impl SerialReader {
    /// A reader that is looked for when it is used, so it may be plugged in later.
    #[must_use]
    pub const fn new(config: SerialConfig) -> Self {
        let frames = Frames::new(config.ending);
        Self { config, port: None, frames, heard: None }
    }

    fn fail(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(self.config.node.display().to_string(), fault, detail)
    }

    fn open(&self) -> Result<OwnedFd, DeviceError> {
        open(&self.config).map_err(|error| {
            // What is not there yet is not gone either.
            let fault = match fault_of(&error) {
                Fault::Removed => Fault::Absent,
                fault => fault,
            };
            self.fail(fault, format!("open: {error}"))
        })
    }

    /// The port is gone, and the rest of a code that had begun with it.
    fn lost(&mut self, detail: String) -> DeviceError {
        self.port = None;
        self.frames.forget();
        self.heard = None;
        self.fail(Fault::Removed, detail)
    }

    /// How long a byte is waited for now.
    fn limit(&self, end: Instant) -> Instant {
        self.heard.map_or(end, |heard| end.min(heard + self.config.silence))
    }
}

impl BarcodeReader for SerialReader {
    fn read(&mut self, patience: Duration) -> Result<Option<Payload>, DeviceError> {
        let end = now() + patience;
        let device = self.config.node.display().to_string();
        if self.port.is_none() {
            self.port = Some(self.open()?);
        }
        loop {
            let limit = self.limit(end);
            let Some(port) = &self.port else { return Ok(None) };
            let mut byte = [0];
            match rustix::io::read(port, &mut byte) {
                Ok(0) => return Err(self.lost("the port hung up".into())),
                Ok(_) => {
                    let cut = self.frames.push(byte[0]);
                    let found = given(cut, &device);
                    self.heard = self.frames.is_amid().then(now);
                    if let Some(found) = found {
                        return found.map(Some);
                    }
                    // A reader that never stops sending does not keep the caller for ever.
                    if now() >= end {
                        return Ok(None);
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => match readable(port, limit) {
                    Ok(true) => {}
                    Ok(false) if self.heard.is_some_and(|at| at + self.config.silence <= now()) => {
                        self.heard = None;
                        if let Some(found) = given(self.frames.silence(), &device) {
                            return found.map(Some);
                        }
                    }
                    Ok(false) if now() >= end => return Ok(None),
                    Ok(false) => {}
                    Err(error) => return Err(self.lost(format!("wait: {error}"))),
                },
                Err(error) => return Err(self.lost(format!("read: {}", io::Error::from(error)))),
            }
        }
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        match &self.port {
            None => self.port = Some(self.open()?),
            Some(port) => {
                if let Err(error) = termios::tcgetattr(port) {
                    return Err(self.lost(format!("ask: {}", io::Error::from(error))));
                }
            }
        }
        Ok(format!("a reader's port is at {}", self.config.node.display()))
    }
}

/// The crate `serialport` sets the line; bytes come by another opening of the same node, whose
/// errors are the system's own.
fn open(config: &SerialConfig) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let port = rustix::fs::open(&config.node, flags, Mode::empty())?;
    // This also tells what is no serial port.
    termios::tcflush(&port, QueueSelector::IOFlush)?;
    let path = config.node.to_string_lossy();
    serialport::new(path, config.baud).exclusive(false).open_native()?;
    termios::ioctl_tiocexcl(&port)?;
    // What came before the line was set is of another time.
    termios::tcflush(&port, QueueSelector::IFlush)?;
    Ok(port)
}
