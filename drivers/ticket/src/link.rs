//! The ways to a ticket printer. Every wait has an end.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drivers_api::{DeviceError, Fault};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{self, QueueSelector};

/// How long a printer that has nothing to say is left alone before it is asked for bytes again.
const LULL: Duration = Duration::from_millis(20);

/// Ten times what a last command takes on the slowest line.
const PARTING: Duration = Duration::from_millis(200);
/// Most bytes that are looked through for one answer: a printer that says more says nothing.
pub(crate) const NOISE_BYTES_MAX: usize = 256;

/// Where a ticket printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// At a serial port, 8 bits without parity.
    Serial {
        /// The port's node, best one of `/dev/serial/by-path`.
        node: PathBuf,
        /// Bits a second, as the printer's switches or its self-test print say.
        baud: u32,
        /// How the printer asks for a pause.
        flow: FlowControl,
    },
    /// At a USB port, by the kernel's printer class.
    Usb {
        /// Its node, such as `/dev/usb/lp0`.
        node: PathBuf,
    },
    /// In the network.
    Network {
        /// `host:port`; printers listen at 9100.
        address: String,
    },
}

/// How a printer at a serial port asks for a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowControl {
    /// By a line of the cable.
    Hardware,
    /// By the signs XON and XOFF.
    Software,
}

impl Port {
    /// The device as errors name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Serial { node, .. } | Self::Usb { node } => node.display().to_string(),
            Self::Network { address } => address.clone(),
        }
    }

    fn open(&self, limit: Duration) -> io::Result<OwnedFd> {
        match self {
            Self::Serial { node, baud, flow } => serial(node, *baud, *flow),
            Self::Usb { node } => device(node),
            Self::Network { address } => network(address, limit),
        }
    }
}

fn device(node: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(node, flags, Mode::empty())?)
}

/// The crate `serialport` sets the line; its own writes wait without an end for a printer that
/// takes nothing, so the bytes go by another opening of the same node.
fn serial(node: &Path, baud: u32, flow: FlowControl) -> io::Result<OwnedFd> {
    let flow = match flow {
        FlowControl::Hardware => serialport::FlowControl::Hardware,
        FlowControl::Software => serialport::FlowControl::Software,
    };
    let port = device(node)?;
    let path = node.to_string_lossy();
    // What lies in the queues is of another time. This also tells what is no serial port.
    termios::tcflush(&port, QueueSelector::IOFlush)?;
    serialport::new(path, baud).flow_control(flow).exclusive(false).open_native()?;
    termios::ioctl_tiocexcl(&port)?;
    Ok(port)
}

fn network(address: &str, limit: Duration) -> io::Result<OwnedFd> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for peer in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&peer, limit) {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                return Ok(stream.into());
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An open way to a printer.
pub(crate) struct Link {
    port: Port,
    fd: OwnedFd,
    silence: Duration,
}

impl Link {
    /// Opens it; `silence` is the longest time without a byte either way.
    pub(crate) fn open(port: &Port, silence: Duration) -> Result<Self, DeviceError> {
        match port.open(silence) {
            Ok(fd) => Ok(Self { port: port.clone(), fd, silence }),
            Err(error) => {
                // What is not there yet is not gone either.
                let fault = match fault_of(&error) {
                    Fault::Removed => Fault::Absent,
                    fault => fault,
                };
                Err(DeviceError::new(port.name(), fault, format!("open: {error}")))
            }
        }
    }

    pub(crate) fn fail(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(self.port.name(), fault, detail)
    }

    fn told(&self, what: &str, error: Errno) -> DeviceError {
        let error = io::Error::from(error);
        self.fail(fault_of(&error), format!("{what}: {error}"))
    }

    /// Sends all bytes, or fails when the printer takes none of them for too long.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        let mut left = bytes;
        let mut end = now() + self.silence;
        while !left.is_empty() {
            match rustix::io::write(&self.fd, left) {
                Ok(sent) => {
                    left = &left[sent..];
                    end = now() + self.silence;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if !self.wait(PollFlags::OUT, end)? {
                        let detail = format!("{} bytes were not taken", left.len());
                        return Err(self.fail(Fault::Timeout, detail));
                    }
                }
                Err(error) => return Err(self.told("send", error)),
            }
        }
        Ok(())
    }

    /// The next byte that comes before `end`; none when none does.
    pub(crate) fn receive(&mut self, end: Instant) -> Result<Option<u8>, DeviceError> {
        let mut byte = [0];
        loop {
            match rustix::io::read(&self.fd, &mut byte) {
                Ok(0) if matches!(self.port, Port::Usb { .. }) => {
                    // The kernel's printer class gives none where others wait.
                    if now() >= end {
                        return Ok(None);
                    }
                    std::thread::sleep(LULL);
                }
                Ok(0) => return Err(self.fail(Fault::Removed, "the printer hung up")),
                Ok(_) => return Ok(Some(byte[0])),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if !self.wait(PollFlags::IN, end)? {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(self.told("receive", error)),
            }
        }
    }

    /// Forgets what came unasked, up to a limit.
    pub(crate) fn drain(&mut self) -> Result<(), DeviceError> {
        for _ in 0..NOISE_BYTES_MAX {
            if self.receive(now())?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Whether the port became ready before `end`.
    fn wait(&self, events: PollFlags, end: Instant) -> Result<bool, DeviceError> {
        loop {
            let left = end.saturating_duration_since(now());
            if left.is_zero() {
                return Ok(false);
            }
            let limit = Timespec::try_from(left).ok();
            let mut ports = [PollFd::new(&self.fd, events)];
            match poll(&mut ports, limit.as_ref()) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(self.told("wait", error)),
            }
        }
    }

    /// When a wait that begins now ends.
    pub(crate) fn patience(&self) -> Instant {
        now() + self.silence
    }

    /// Gives the last bytes a moment to leave, then forgets them: closing the port would wait for
    /// them as long as the printer takes none.
    pub(crate) fn leave(&self) {
        std::thread::sleep(PARTING);
        self.drop_unsent();
    }

    /// Forgets what was not sent yet.
    pub(crate) fn drop_unsent(&self) {
        if matches!(self.port, Port::Serial { .. }) {
            // A port that is gone has nothing left to forget.
            let _ = termios::tcflush(&self.fd, QueueSelector::OFlush);
        }
    }
}

/// What the system's error says of a printer.
fn fault_of(error: &io::Error) -> Fault {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NXIO) => Fault::Absent,
        Some(Errno::CONNREFUSED | Errno::HOSTUNREACH | Errno::NETUNREACH) => Fault::Absent,
        Some(Errno::NODEV | Errno::IO | Errno::PIPE | Errno::CONNRESET) => Fault::Removed,
        Some(Errno::BUSY) => Fault::Busy,
        Some(Errno::ACCESS | Errno::PERM) => Fault::Denied,
        Some(Errno::NOTTY | Errno::INVAL | Errno::ISDIR) => Fault::Misconfigured,
        _ if error.kind() == io::ErrorKind::TimedOut => Fault::Timeout,
        _ => Fault::Io,
    }
}

/// Ports know real time only, so a limit on them is real time too.
#[expect(clippy::disallowed_methods, reason = "the end of a wait on a port")]
fn now() -> Instant {
    Instant::now()
}
