//! A camera's node, its format and its frames.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use drivers_api::{Camera, CameraFrame, CameraStream, DeviceError, Fault};
use rustix::io::Errno;
use v4l::buffer::{Flags, Type};
use v4l::control::{Control, Value};
use v4l::format::Quantization;
use v4l::io::mmap::Stream;
use v4l::io::traits::CaptureStream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC};

use crate::decode::{Coding, decode};

/// Buffers that the driver fills in turn.
const BUFFERS: u32 = 4;
/// Damaged frames that are passed over before the camera is given up: a second at 30 a second.
const DAMAGED_MAX: usize = 30;
/// Smaller pictures than this show a face at arm's length too coarsely.
const SIZE_MIN: (u32, u32) = (640, 480);
/// `V4L2_CID_POWER_LINE_FREQUENCY` and its value for 50 Hz (Vietnam): lamps do not flicker then.
const MAINS: (u32, i64) = (0x0098_0918, 1);
/// A driver that shows what another program feeds in: anyone's picture could be given so.
const LOOPBACK: &str = "v4l2 loopback";
/// Formats that are understood, the better first: compressed frames leave the bus room.
const FOURCCS: [[u8; 4]; 3] = [*b"MJPG", *b"JPEG", *b"YUYV"];

/// Which camera, and how it is used.
#[derive(Debug, Clone)]
pub struct V4l2Config {
    /// Its node, best one of `/dev/v4l/by-path`.
    pub node: PathBuf,
    /// A part of the name that the camera gives itself; empty takes any.
    pub card: String,
    /// Width and height in pixels that are asked for; the camera may choose others.
    pub size: (u32, u32),
    /// Frames a second that are asked for.
    pub rate: u32,
    /// A camera that is silent for longer is stuck.
    pub silence: Duration,
}

/// A camera behind Video4Linux.
pub struct V4l2Camera {
    config: V4l2Config,
}

impl V4l2Camera {
    /// A camera that is looked for when it is used, so it may be plugged in later.
    pub const fn new(config: V4l2Config) -> Self {
        Self { config }
    }

    fn fail(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(self.config.node.display().to_string(), fault, detail)
    }

    fn told(&self, what: &str, error: &io::Error) -> DeviceError {
        self.fail(fault_of(error), format!("{what}: {error}"))
    }

    /// Opens the node when the board's camera is behind it; gives its name too.
    fn device(&self) -> Result<(Device, String), DeviceError> {
        let device =
            Device::with_path(&self.config.node).map_err(|error| self.told("open", &error))?;
        let caps = device.query_caps().map_err(|error| self.told("ask what it is", &error))?;
        let name = format!("{} ({}, {})", caps.card, caps.driver, caps.bus);
        if caps.driver == LOOPBACK {
            return Err(self.fail(Fault::Misconfigured, format!("{name} is no camera")));
        }
        if !caps.card.contains(&self.config.card) {
            let detail = format!("{name} is not the board's camera {}", self.config.card);
            return Err(self.fail(Fault::Misconfigured, detail));
        }
        Ok((device, name))
    }

    /// Agrees on a format.
    fn format(&self, device: &Device) -> Result<(Format, Coding), DeviceError> {
        let (width, height) = self.config.size;
        let mut offers = Vec::new();
        for fourcc in FOURCCS {
            let wanted = Format::new(width, height, FourCC::new(&fourcc));
            let got = device.set_format(&wanted).map_err(|e| self.told("agree on a format", &e))?;
            let fits = got.width >= SIZE_MIN.0 && got.height >= SIZE_MIN.1;
            if got.fourcc.repr == fourcc && fits {
                return Ok((got, coding(&got)));
            }
            offers.push(format!("{}x{} {}", got.width, got.height, got.fourcc));
        }
        let detail = format!("neither MJPG nor YUYV at 640x480 or more, but {}", offers.join(", "));
        Err(self.fail(Fault::Misconfigured, detail))
    }
}

fn coding(format: &Format) -> Coding {
    match &format.fourcc.repr {
        b"YUYV" => {
            Coding::Yuyv { full_range: matches!(format.quantization, Quantization::FullRange) }
        }
        _ => Coding::MotionJpeg,
    }
}

impl Camera for V4l2Camera {
    fn open(&mut self) -> Result<Box<dyn CameraStream>, DeviceError> {
        let (device, name) = self.device()?;
        let (format, coding) = self.format(&device)?;
        // Neither is in every camera's power.
        if let Err(error) = device.set_params(&Parameters::with_fps(self.config.rate)) {
            tracing::debug!(%error, "the camera keeps its own rate");
        }
        let mains = Control { id: MAINS.0, value: Value::Integer(MAINS.1) };
        if let Err(error) = device.set_control(mains) {
            tracing::debug!(%error, "the camera does not know the mains' frequency");
        }
        let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS)
            .map_err(|error| self.told("take buffers", &error))?;
        stream.set_timeout(self.config.silence);
        tracing::info!(camera = name, format.width, format.height, ?coding, "camera on");
        let camera = Self::new(self.config.clone());
        Ok(Box::new(Frames { camera, stream, format, coding }))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok(self.device()?.1)
    }
}

/// What the system's error says of a camera.
fn fault_of(error: &io::Error) -> Fault {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NXIO) => Fault::Absent,
        Some(Errno::NODEV) => Fault::Removed,
        Some(Errno::BUSY) => Fault::Busy,
        Some(Errno::ACCESS | Errno::PERM) => Fault::Denied,
        Some(Errno::NOTTY | Errno::INVAL) => Fault::Misconfigured,
        _ if error.kind() == io::ErrorKind::TimedOut => Fault::Timeout,
        _ => Fault::Io,
    }
}

struct Frames {
    camera: V4l2Camera,
    stream: Stream<'static>,
    format: Format,
    coding: Coding,
}

impl CameraStream for Frames {
    fn next(&mut self) -> Result<CameraFrame, DeviceError> {
        let size = (self.format.width, self.format.height);
        for _ in 0..DAMAGED_MAX {
            let (bytes, meta) =
                self.stream.next().map_err(|error| self.camera.told("take a frame", &error))?;
            if meta.flags.contains(Flags::ERROR) {
                continue;
            }
            let at = Duration::from_secs(meta.timestamp.sec.try_into().unwrap_or(0))
                + Duration::from_micros(meta.timestamp.usec.try_into().unwrap_or(0));
            let used = (meta.bytesused as usize).min(bytes.len());
            match decode(&bytes[..used], self.coding, size, self.format.stride as usize) {
                Ok(image) => return Ok(CameraFrame { image, at, sequence: meta.sequence }),
                Err(error) => tracing::debug!(%error, "a frame is damaged"),
            }
        }
        Err(self.camera.fail(Fault::Protocol, format!("{DAMAGED_MAX} damaged frames in a row")))
    }
}
