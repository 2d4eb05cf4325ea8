//! What the kiosk runs on: the mains, a vehicle's socket, or its battery; as Linux tells it, a UPS
//! behind NUT ([`NutPower`]), or a fuel gauge on an I2C bus ([`GaugePower`]).
//!
//! It never estimates a charge that no gauge gives, and never decides what a low battery means:
//! that is the kiosk's policy.
//!
//! Start with [`SysfsPower`]; `judge` in `supply.rs` says what the kernel's readings mean, `nut/`
//! and `gauge.rs` what a UPS and a chip say, without any I/O.

pub mod gauge;
mod i2c;
mod nut;
mod supply;
mod sysfs;

pub use i2c::GaugePower;
pub use nut::{NutConfig, NutPower, line};
pub use sysfs::{ATTRIBUTE_BYTES_MAX, SUPPLIES_MAX, SysfsPower};
