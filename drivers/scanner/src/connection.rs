//! One conversation with a SANE server: requests and replies in turn, each with an end in time.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::status::Status;
use crate::wire::{
    DataPort, Descriptor, Device, Parameters, Procedure, REPLY_BYTES_MAX, Reply, Request, Value,
    WireError,
};

/// Protocol and library version 1.0.3 (5.2.1): the version of the network protocol in use since
/// 2001.
const VERSION_CODE: u32 = 0x0100_0003;
/// The major version is the part that must agree.
const VERSION_MAJOR_SHIFT: u32 = 24;
/// What INIT tells the server about who asks; it goes into its log only.
const USER: &str = "kiosk";
/// The option is to be set (5.2.6).
const ACTION_SET: u32 = 1;
/// The server changed other options by setting this one (4.3.7).
const INFO_RELOAD_OPTIONS: u32 = 2;
/// How much of the data stream is read at once.
const DATA_BUFFER_BYTES: usize = 256 * 1024;

/// What went wrong in a conversation, before it is put in a device's words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TalkError {
    #[error("connect to {address}")]
    Connect { address: String, source: io::Error },
    #[error("send {step}")]
    Send { step: &'static str, source: io::Error },
    #[error("{step}")]
    Reply { step: &'static str, source: WireError },
    #[error("{step}: {}", .status.name())]
    Refused { step: &'static str, status: Status },
    #[error("{step}: the server asks for a password")]
    Password { step: &'static str },
    #[error("the server speaks version {0}")]
    Version(u32),
    #[error("the server names data port {0}")]
    Port(u32),
}

/// A socket whose reads end at a moment, however slowly bytes drip in.
#[derive(Debug)]
pub(crate) struct Limited<'a> {
    stream: &'a TcpStream,
    silence: Duration,
    end: Instant,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left.min(self.silence)))?;
        self.stream.read(buffer)
    }
}

/// The data of one scan.
#[derive(Debug)]
pub(crate) struct DataStream {
    stream: TcpStream,
    silence: Duration,
    end: Instant,
    pub(crate) big_endian: bool,
}

impl DataStream {
    pub(crate) fn reader(&self) -> impl Read {
        let limited = Limited { stream: &self.stream, silence: self.silence, end: self.end };
        BufReader::with_capacity(DATA_BUFFER_BYTES, limited)
    }
}

/// A control connection after INIT.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    connect: Duration,
    end: Instant,
}

impl Connection {
    /// Connects and says INIT. Everything on this connection ends within `whole`.
    pub(crate) fn open(
        address: &str,
        connect: Duration,
        reply: Duration,
        whole: Duration,
    ) -> Result<Self, TalkError> {
        let failed = |source| TalkError::Connect { address: address.into(), source };
        let (stream, peer) = connect_any(address, connect).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_write_timeout(Some(connect)).map_err(failed)?;
        let mut connection = Self { stream, peer, connect, end: now() + whole };
        let hello = Request::new(Procedure::Init).word(VERSION_CODE).text(USER);
        let (status, version) = connection
            .ask("init", &hello, reply, |answer| Ok((answer.status()?, answer.word()?)))?;
        good("init", status)?;
        if version >> VERSION_MAJOR_SHIFT != VERSION_CODE >> VERSION_MAJOR_SHIFT {
            return Err(TalkError::Version(version));
        }
        Ok(connection)
    }

    /// The devices that the server offers.
    pub(crate) fn devices(&mut self, reply: Duration) -> Result<Vec<Device>, TalkError> {
        let request = Request::new(Procedure::GetDevices);
        let (status, devices) = self.ask("get devices", &request, reply, |answer| {
            Ok((answer.status()?, answer.devices()?))
        })?;
        good("get devices", status)?;
        Ok(devices)
    }

    /// Opens a device; gives its handle.
    pub(crate) fn open_device(&mut self, name: &str, reply: Duration) -> Result<u32, TalkError> {
        let request = Request::new(Procedure::Open).text(name);
        let (status, handle, resource) = self.ask("open", &request, reply, |answer| {
            Ok((answer.status()?, answer.word()?, answer.text()?))
        })?;
        no_password("open", &resource)?;
        good("open", status)?;
        Ok(handle)
    }

    /// The options of the device.
    pub(crate) fn options(
        &mut self,
        handle: u32,
        reply: Duration,
    ) -> Result<Vec<Descriptor>, TalkError> {
        let request = Request::new(Procedure::GetOptionDescriptors).word(handle);
        self.ask("get options", &request, reply, |answer| answer.descriptors())
    }

    /// Sets an option; gives the value that the device took and whether other options changed.
    pub(crate) fn set(
        &mut self,
        handle: u32,
        option: &Descriptor,
        value: &Value,
        reply: Duration,
    ) -> Result<(Value, bool), TalkError> {
        let request = Request::new(Procedure::ControlOption)
            .word(handle)
            .word(option.number)
            .word(ACTION_SET)
            .value(option.kind, value);
        let (status, info, taken, resource) =
            self.ask("set option", &request, reply, |answer| {
                Ok((answer.status()?, answer.word()?, answer.value()?, answer.text()?))
            })?;
        no_password("set option", &resource)?;
        good("set option", status)?;
        Ok((taken, info & INFO_RELOAD_OPTIONS != 0))
    }

    /// The shape of the frame to come.
    pub(crate) fn parameters(
        &mut self,
        handle: u32,
        reply: Duration,
    ) -> Result<Parameters, TalkError> {
        let request = Request::new(Procedure::GetParameters).word(handle);
        let (status, parameters) = self.ask("get parameters", &request, reply, |answer| {
            Ok((answer.status()?, answer.parameters()?))
        })?;
        good("get parameters", status)?;
        Ok(parameters)
    }

    /// Starts a scan and connects to its data port. `reply` covers warming up.
    pub(crate) fn start(
        &mut self,
        handle: u32,
        reply: Duration,
        silence: Duration,
    ) -> Result<DataStream, TalkError> {
        let request = Request::new(Procedure::Start).word(handle);
        let (status, data, resource): (_, DataPort, _) =
            self.ask("start", &request, reply, |answer| {
                Ok((answer.status()?, answer.data_port()?, answer.text()?))
            })?;
        no_password("start", &resource)?;
        good("start", status)?;
        let port = u16::try_from(data.port).ok().filter(|port| *port != 0);
        let address = SocketAddr::new(self.peer.ip(), port.ok_or(TalkError::Port(data.port))?);
        let stream = TcpStream::connect_timeout(&address, self.connect)
            .map_err(|source| TalkError::Connect { address: address.to_string(), source })?;
        Ok(DataStream { stream, silence, end: self.end, big_endian: data.big_endian })
    }

    /// Ends what is going on and gives the device back, as far as the server still listens.
    pub(crate) fn give_back(mut self, handle: u32, patience: Duration) {
        // Polite words may not outlast their own patience, whatever is left of the page's time.
        self.end = now() + patience;
        for (step, procedure) in [("cancel", Procedure::Cancel), ("close", Procedure::Close)] {
            let request = Request::new(procedure).word(handle);
            if let Err(error) = self.ask(step, &request, patience, |answer| answer.word()) {
                tracing::debug!(%error, "scanner not given back in order");
                return;
            }
        }
        self.exit();
    }

    /// Says good-bye; the server needs no answer.
    pub(crate) fn exit(mut self) {
        let _ = self.stream.write_all(Request::new(Procedure::Exit).bytes());
    }

    fn ask<T>(
        &mut self,
        step: &'static str,
        request: &Request,
        silence: Duration,
        decode: impl FnOnce(&mut Reply<io::Take<BufReader<Limited<'_>>>>) -> Result<T, WireError>,
    ) -> Result<T, TalkError> {
        self.stream
            .write_all(request.bytes())
            .map_err(|source| TalkError::Send { step, source })?;
        let end = self.end.min(now() + silence);
        // The server only speaks when asked, so the buffer never holds more than this reply.
        let limited = BufReader::new(Limited { stream: &self.stream, silence, end });
        decode(&mut Reply::new(limited.take(REPLY_BYTES_MAX)))
            .map_err(|source| TalkError::Reply { step, source })
    }
}

/// Sockets know real time only, so a limit on them is real time too.
#[expect(clippy::disallowed_methods, reason = "the end of a wait on a socket")]
fn now() -> Instant {
    Instant::now()
}

fn connect_any(address: &str, limit: Duration) -> io::Result<(TcpStream, SocketAddr)> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for peer in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&peer, limit) {
            Ok(stream) => return Ok((stream, peer)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn good(step: &'static str, status: Status) -> Result<(), TalkError> {
    if status == Status::GOOD { Ok(()) } else { Err(TalkError::Refused { step, status }) }
}

fn no_password(step: &'static str, resource: &str) -> Result<(), TalkError> {
    if resource.is_empty() { Ok(()) } else { Err(TalkError::Password { step }) }
}
