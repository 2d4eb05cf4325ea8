//! Cameras.

use std::time::Duration;

use crate::{DeviceError, Raster};

/// A camera that gives frames while it is open.
pub trait Camera: Send {
    /// Switches the camera on. Without one it is [`Fault::Absent`](crate::Fault::Absent), while
    /// another program has it [`Fault::Busy`](crate::Fault::Busy), without a format that is
    /// understood or when it is another camera than the board's
    /// [`Fault::Misconfigured`](crate::Fault::Misconfigured).
    fn open(&mut self) -> Result<Box<dyn CameraStream>, DeviceError>;

    /// Which camera is there, in one line for the technician. It is not switched on.
    fn probe(&mut self) -> Result<String, DeviceError>;
}

/// A camera that is on. Dropping it switches it off.
pub trait CameraStream: Send {
    /// Waits for the next frame. A camera that was unplugged is
    /// [`Fault::Removed`](crate::Fault::Removed), one that is silent
    /// [`Fault::Timeout`](crate::Fault::Timeout); after an error the stream is over.
    fn next(&mut self) -> Result<CameraFrame, DeviceError>;
}

/// One frame. Its pixels are wiped when it is dropped.
#[derive(Clone)]
pub struct CameraFrame {
    /// The picture as the camera sees it, not mirrored.
    pub image: Raster,
    /// When it was taken, on the camera's own steady clock.
    pub at: Duration,
    /// The driver's count of frames; a gap tells that some were left out.
    pub sequence: u32,
}
