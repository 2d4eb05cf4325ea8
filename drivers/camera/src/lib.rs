//! Cameras behind Video4Linux: frames of the person before the kiosk.
//!
//! Gives pixels with the driver's own times. It keeps no frame, writes none, and says when what
//! comes is no picture: black, or the same again and again. Whether there is a face in it is
//! `models::face`.
//!
//! Start with [`V4l2Camera`]; [`Watched`] looks after any camera's frames.

mod decode;
mod device;
mod watch;

pub use decode::{Coding, DecodeError, decode};
pub use device::{V4l2Camera, V4l2Config};
pub use watch::{BLACK_MAX, STILL_MAX, Watched};
