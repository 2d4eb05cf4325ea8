//! Draws what a camera sees of a head, and of pictures of a head held before it.
//!
//! Input is one photograph with the points and depths of its face; the head is that face with its
//! depth, everything else a picture of it. A tool for tests: it knows no network and no product
//! code, and what it draws is no proof about real people, prints or screens.
//!
//! Start with [`Actor`] and [`Sequence`]; a [`Scene`] answers while the camera runs.

mod draw;
mod kinds;
mod random;

pub use draw::{Picture, Portrait, Pose, Surface};
pub use kinds::{Actor, Asked, FRAME_MS, ISSUED_MS, Kind, Scene, Sequence, sequence};
pub use random::Random;
