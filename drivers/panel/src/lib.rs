//! Switches and lamps of the cabinet at the board's own lines: who stands before the kiosk, whether
//! its door is shut, whether it was forced.
//!
//! The lines are embedded-hal pins, by the kernel's GPIO character device on any Linux board
//! ([`Chip::Kernel`]) or by the registers of a Raspberry Pi ([`Chip::RaspberryPi`]). This crate
//! decides nothing: what an open door means is the kiosk's policy.
//!
//! Start with [`GpioPanel`], then [`Watcher`], which needs no allocator, no clock and no system.

mod debounce;
mod gpio;
mod pins;
mod watch;

pub use debounce::Debounce;
pub use gpio::{Chip, GpioPanel, Line, LineName, PanelConfig};
pub use watch::{BLIND_MAX, Breach, EVENTS_MAX, PanelEvent, Settled, Watcher};
