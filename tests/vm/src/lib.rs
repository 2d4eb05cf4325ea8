//! The image in a virtual machine: starts it, looks into it, and tells what holds.
//!
//! Nothing in the image is there for these tests. Whoever owns a virtual machine's firmware may
//! hand units to systemd (credentials in SMBIOS), and so a probe that prints what it finds on a
//! port of the machine. Never a part of a kiosk, and never without QEMU. Start reading at
//! [`Machine`], then [`checks::all`].

pub mod checks;
pub mod layout;
mod machine;
mod probe;
pub mod updates;

pub use machine::{Board, Disk, Machine, VmError};
pub use probe::{Answer, Probe};
