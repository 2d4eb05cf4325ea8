//! A camera whose frames another program draws: whole visits are tried with it.
//!
//! The other program listens on a Unix socket. For each byte that comes it gives one frame: width
//! and height, four bytes each with the least first, then red, green and blue of each pixel.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use drivers_api::{Camera, CameraFrame, CameraStream, DeviceError, Fault, PixelFormat, Raster};

/// Longest side of a frame.
const SIDE_MAX: u32 = 4_096;
/// How long a frame may take to be drawn.
const PATIENCE: Duration = Duration::from_secs(10);

/// A camera behind a socket.
pub struct SocketCamera {
    socket: PathBuf,
    interval: Duration,
}

impl SocketCamera {
    /// A camera that is looked for when it is used; its frames count as taken `interval` apart.
    pub const fn new(socket: PathBuf, interval: Duration) -> Self {
        Self { socket, interval }
    }

    fn fail(&self, error: &std::io::Error) -> DeviceError {
        failed(&self.socket.display().to_string(), error)
    }
}

fn failed(device: &str, error: &std::io::Error) -> DeviceError {
    use std::io::ErrorKind as Kind;
    let fault = match error.kind() {
        Kind::NotFound | Kind::ConnectionRefused => Fault::Absent,
        Kind::WouldBlock | Kind::TimedOut => Fault::Timeout,
        Kind::UnexpectedEof | Kind::BrokenPipe | Kind::ConnectionReset => Fault::Removed,
        Kind::InvalidData => Fault::Protocol,
        _ => Fault::Io,
    };
    DeviceError::new(device, fault, error.to_string())
}

impl Camera for SocketCamera {
    fn open(&mut self) -> Result<Box<dyn CameraStream>, DeviceError> {
        let socket = UnixStream::connect(&self.socket).map_err(|error| self.fail(&error))?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(|error| self.fail(&error))?;
        let device = self.socket.display().to_string();
        Ok(Box::new(Frames { socket, device, interval: self.interval, frames: 0 }))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        std::fs::metadata(&self.socket).map_err(|error| self.fail(&error))?;
        Ok(format!("simulated camera at {}", self.socket.display()))
    }
}

struct Frames {
    socket: UnixStream,
    device: String,
    interval: Duration,
    frames: u32,
}

impl Frames {
    fn picture(&mut self) -> std::io::Result<Raster> {
        let odd = |what: String| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
        self.socket.write_all(&[1])?;
        let mut size = [0; 8];
        self.socket.read_exact(&mut size)?;
        let [width, height] = [0, 4]
            .map(|at| u32::from_le_bytes([size[at], size[at + 1], size[at + 2], size[at + 3]]));
        if width > SIDE_MAX || height > SIDE_MAX {
            return Err(odd(format!("a frame of {width}x{height}")));
        }
        let mut data = vec![0; width as usize * height as usize * 3];
        self.socket.read_exact(&mut data)?;
        Raster::new(width, height, PixelFormat::Rgb8, 0, data).map_err(|e| odd(e.to_string()))
    }
}

impl CameraStream for Frames {
    fn next(&mut self) -> Result<CameraFrame, DeviceError> {
        let image = self.picture().map_err(|error| failed(&self.device, &error))?;
        let sequence = self.frames;
        self.frames += 1;
        Ok(CameraFrame { image, at: self.interval * sequence, sequence })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A camera whose other end writes these bytes for each byte, then hangs up.
    fn before(frames: Vec<Vec<u8>>) -> (SocketCamera, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("camera");
        let listener = UnixListener::bind(&path).expect("bind");
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().expect("accept");
            for frame in frames {
                socket.read_exact(&mut [0]).expect("asked");
                socket.write_all(&frame).expect("given");
            }
        });
        (SocketCamera::new(path, Duration::from_millis(80)), folder)
    }

    #[test]
    fn frames_are_those_of_the_other_program_until_it_hangs_up() {
        let frame = |level: u8| [&[1, 0, 0, 0, 2, 0, 0, 0][..], &[level; 6]].concat();
        let (mut camera, _folder) = before(vec![frame(3), frame(5)]);
        assert!(camera.probe().is_ok());
        let mut stream = camera.open().expect("open");
        for (level, at) in [(3, 0), (5, 80)] {
            let frame = stream.next().expect("a frame");
            assert_eq!((frame.image.width(), frame.image.height()), (1, 2));
            assert_eq!(frame.image.data(), [level; 6]);
            assert_eq!(frame.at, Duration::from_millis(at));
        }
        assert_eq!(stream.next().map(drop).expect_err("hung up").fault, Fault::Removed);
    }

    #[test]
    fn nonsense_and_absence_are_told_apart() {
        let (mut camera, _folder) = before(vec![vec![255; 8]]);
        let mut stream = camera.open().expect("open");
        assert_eq!(stream.next().map(drop).expect_err("too large").fault, Fault::Protocol);
        let mut none = SocketCamera::new("/nonexistent/camera".into(), Duration::ZERO);
        assert_eq!(none.open().map(drop).expect_err("none").fault, Fault::Absent);
        assert_eq!(none.probe().expect_err("none").fault, Fault::Absent);
    }
}
