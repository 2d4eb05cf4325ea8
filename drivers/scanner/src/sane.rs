//! The scanner behind a SANE server.

use std::error::Error;
use std::io;
use std::time::Duration;

use drivers_api::{DeviceError, Fault, Raster, ScanSettings, Scanner};

use crate::PAGE_SIDE_MIN;
use crate::connection::{Connection, TalkError};
use crate::frame::{FrameError, Layout};
use crate::options::{self, OptionError};
use crate::wire::{Descriptor, Value, WireError};

/// Where to cut the near and far ends of the scan area (4.5.2).
const AREA: [(&str, bool); 4] = [("tl-x", false), ("tl-y", false), ("br-x", true), ("br-y", true)];

/// Longest wait for a connection, for an answer, for a scan to start (lamp warm-up included), and
/// between two pieces of a page's data. The whole page has the configured time.
const CONNECT_MAX: Duration = Duration::from_secs(3);
const REPLY_MAX: Duration = Duration::from_secs(20);
const START_MAX: Duration = Duration::from_secs(60);
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// Longest wait for a device to come to rest; after it the connection is simply closed.
const GIVE_BACK_MAX: Duration = Duration::from_secs(10);

/// Which device of which server, and what to set on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaneConfig {
    /// Host and port of `saned`, such as `127.0.0.1:6566`.
    pub address: String,
    /// The device as the server names it, such as `airscan:e0:Office`; empty takes the server's
    /// first.
    pub device: String,
    /// Further options by name, set after the mode and before the resolution: (`source`,
    /// `Flatbed`).
    pub options: Vec<(String, String)>,
    /// Dots per inch that a page is taken to have when the device tells no resolution.
    pub default_dpi: u32,
    /// For a whole page, from connecting to its last line.
    pub timeout: Duration,
}

/// A scanner behind a SANE server.
///
/// Each page connects, opens the device, scans and gives everything back, so that a server
/// restarted between two pages is not noticed and another program can use the device meanwhile. On
/// some sheet feeders that ends the batch after each sheet; the kiosk's scanners are flatbeds.
#[derive(Debug, Clone)]
pub struct SaneScanner {
    config: SaneConfig,
}

impl SaneScanner {
    /// A scanner of this configuration. Nothing is contacted yet.
    pub fn new(config: SaneConfig) -> Self {
        Self { config }
    }

    fn connect(&self) -> Result<Connection, ScanError> {
        let whole = self.config.timeout;
        let (connect, reply) = (CONNECT_MAX.min(whole), REPLY_MAX.min(whole));
        Ok(Connection::open(&self.config.address, connect, reply, whole)?)
    }

    fn scan(&self, settings: &ScanSettings) -> Result<Raster, ScanError> {
        let mut connection = self.connect()?;
        let name = match self.config.device.as_str() {
            "" => connection.devices(REPLY_MAX)?.into_iter().next().map(|device| device.name),
            name => Some(name.to_owned()),
        };
        let name = name.ok_or(ScanError::NoDevice)?;
        let handle = connection.open_device(&name, REPLY_MAX)?;
        let page = self.scan_open(&mut connection, handle, settings);
        connection.give_back(handle, GIVE_BACK_MAX.min(self.config.timeout));
        page
    }

    fn scan_open(
        &self,
        connection: &mut Connection,
        handle: u32,
        settings: &ScanSettings,
    ) -> Result<Raster, ScanError> {
        let mut device = OpenDevice::new(connection, handle, REPLY_MAX)?;
        let dpi = device.prepare(&self.config, settings.dpi)?;
        let data = connection.start(handle, START_MAX, SILENCE_MAX)?;
        // Parameters are only certain once the scan has started (4.3.8).
        let shape = connection.parameters(handle, REPLY_MAX)?;
        let layout = Layout::new(&shape, data.big_endian)?;
        let page = layout.page(layout.read(data.reader())?, dpi)?;
        let side = page.width().min(page.height());
        if side < PAGE_SIDE_MIN { Err(ScanError::TooSmall(side)) } else { Ok(page) }
    }

    fn describe(&self) -> Result<String, ScanError> {
        let mut connection = self.connect()?;
        let devices = connection.devices(REPLY_MAX)?;
        connection.exit();
        let wanted = &self.config.device;
        let device = devices.into_iter().find(|one| wanted.is_empty() || one.name == *wanted);
        let device = device.ok_or(ScanError::NoDevice)?;
        let (vendor, model, kind) = (device.vendor, device.model, device.kind);
        Ok(format!("{vendor} {model} ({kind}), {} at {}", device.name, self.config.address))
    }

    fn error(&self, error: &ScanError) -> DeviceError {
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(one) = cause {
            detail = format!("{detail}: {one}");
            cause = one.source();
        }
        let device = format!("scanner {} at {}", self.config.device, self.config.address);
        DeviceError::new(device, error.fault(), detail)
    }
}

impl Scanner for SaneScanner {
    fn scan_page(&mut self, settings: &ScanSettings) -> Result<Raster, DeviceError> {
        self.scan(settings).map_err(|error| self.error(&error))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.describe().map_err(|error| self.error(&error))
    }
}

/// The options of an open device while they are being set.
struct OpenDevice<'a> {
    connection: &'a mut Connection,
    handle: u32,
    reply: Duration,
    options: Vec<Descriptor>,
}

impl<'a> OpenDevice<'a> {
    fn new(
        connection: &'a mut Connection,
        handle: u32,
        reply: Duration,
    ) -> Result<Self, ScanError> {
        let options = connection.options(handle, reply)?;
        Ok(Self { connection, handle, reply, options })
    }

    /// Sets colour, depth, what the configuration names, resolution and the whole area; gives the
    /// dots per inch of the page to come. A device that does not tell its resolution is taken at
    /// its word.
    fn prepare(&mut self, config: &SaneConfig, dpi: u32) -> Result<u32, ScanError> {
        self.set_if_offered("mode", options::colour_mode)?;
        for (name, text) in &config.options {
            let option = options::settable(&self.options, name)?.clone();
            self.set(&option, &options::value_of(&option, text)?)?;
        }
        self.set_if_offered("depth", options::depth_8)?;
        let mut dpi_set = config.default_dpi;
        if let Ok(option) = options::settable(&self.options, "resolution") {
            let option = option.clone();
            let taken = self.set(&option, &options::resolution(&option, dpi)?)?;
            dpi_set = options::dpi_of(&option, &taken).unwrap_or(config.default_dpi);
        }
        for (name, far) in AREA {
            self.set_if_offered(name, |option| options::end_of_range(option, far))?;
        }
        Ok(dpi_set)
    }

    fn set_if_offered(
        &mut self,
        name: &str,
        choose: impl FnOnce(&Descriptor) -> Option<Value>,
    ) -> Result<(), ScanError> {
        let Ok(option) = options::settable(&self.options, name) else { return Ok(()) };
        let option = option.clone();
        if let Some(value) = choose(&option) {
            self.set(&option, &value)?;
        }
        Ok(())
    }

    fn set(&mut self, option: &Descriptor, value: &Value) -> Result<Value, ScanError> {
        let (taken, reload) = self
            .connection
            .set(self.handle, option, value, self.reply)
            .map_err(|source| ScanError::Set { option: option.name.clone(), source })?;
        if reload {
            self.options = self.connection.options(self.handle, self.reply)?;
        }
        Ok(taken)
    }
}

/// Why a page could not be scanned.
#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error(transparent)]
    Talk(#[from] TalkError),
    #[error("option {option}")]
    Set { option: String, source: TalkError },
    #[error(transparent)]
    Option(#[from] OptionError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the server does not offer the device")]
    NoDevice,
    #[error("a side of {0} pixels is too small for a page")]
    TooSmall(u32),
}

impl ScanError {
    fn fault(&self) -> Fault {
        match self {
            Self::Talk(error) | Self::Set { source: error, .. } => talk_fault(error),
            Self::Option(_) => Fault::Misconfigured,
            Self::Frame(error) => frame_fault(error),
            Self::NoDevice => Fault::Absent,
            Self::TooSmall(_) => Fault::BadPage,
        }
    }
}

fn talk_fault(error: &TalkError) -> Fault {
    match error {
        TalkError::Connect { source, .. } => match source.kind() {
            io::ErrorKind::PermissionDenied => Fault::Denied,
            _ => Fault::Absent,
        },
        TalkError::Send { source, .. } => io_fault(source),
        TalkError::Reply { source, .. } => wire_fault(source),
        TalkError::Refused { status, .. } => status.fault(),
        TalkError::Password { .. } => Fault::Denied,
        TalkError::Version(_) | TalkError::Port(_) => Fault::Protocol,
    }
}

fn frame_fault(error: &FrameError) -> Fault {
    match error {
        FrameError::Ended(status) => status.fault(),
        FrameError::Unsupported { .. } => Fault::Misconfigured,
        FrameError::Length { .. } => Fault::BadPage,
        FrameError::Wire(error) => wire_fault(error),
        FrameError::Line { .. } | FrameError::TooLarge { .. } | FrameError::Shape(_) => {
            Fault::Protocol
        }
    }
}

fn wire_fault(error: &WireError) -> Fault {
    match error {
        WireError::Read(error) => io_fault(error),
        WireError::Limit { .. } | WireError::Unknown { .. } => Fault::Protocol,
    }
}

fn io_fault(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Fault::Timeout,
        _ => Fault::Io,
    }
}
