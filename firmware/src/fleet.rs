//! How the kiosk is: checks of its devices and parts, the running daemon's state, and the bundle
//! that a technician sends when neither helps.
//!
//! A check never takes a device from a visit (one that begins meanwhile waits until the device has
//! answered, at most for its driver's limit), prints nothing, offers no PIN and changes nothing on
//! the disk. While the daemon runs it does the checks itself, for the devices are its own;
//! otherwise the command does them ([`selftest`]). No name and no number of a citizen is in any of
//! it. Start reading at [`check::Finding`].

pub mod bundle;
pub mod check;
pub mod daemon;
pub mod probes;
pub mod selftest;
pub mod status;
