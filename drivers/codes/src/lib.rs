//! QR codes out of images: the identity card's on the glass, a queue ticket's before the camera.
//!
//! The decoder is rxing's; what is ours is trying again, differently each time, because one pass
//! misses codes that a person sees plainly. It never judges a payload and never logs one: it may be
//! personal data.
//!
//! Start with [`QrReader`]; `ladder` makes the images that it tries.

mod ladder;
mod reader;

pub use drivers_api::PAYLOAD_BYTES_MAX;
pub use reader::{FoundCode, PAYLOADS_MAX, QrReader};
