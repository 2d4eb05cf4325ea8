//! What the kiosk runs on, as Linux tells it: the mains, a vehicle's socket, or its battery.
//!
//! Reads the kernel's power-supply class and nothing else. It never estimates a charge that no
//! gauge gives, and never decides what a low battery means: that is the kiosk's policy.
//!
//! Start with [`SysfsPower`]; `judge` in `supply.rs` says what the readings mean.

mod supply;
mod sysfs;

pub use sysfs::{ATTRIBUTE_BYTES_MAX, SUPPLIES_MAX, SysfsPower};
