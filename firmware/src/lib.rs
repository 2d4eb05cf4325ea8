//! The kiosk: one citizen's visit from the paper on the scanner to the certified copy at the registry.
//!
//! A paper's way through this crate is the order of [`steps`]: scan, read, check, identify, decide,
//! certify, deliver; then [`store`] keeps the copy and [`upload`] takes it to the registry. What
//! happens when is decided by [`visit`], a pure state machine; [`engine`] carries out what it asks
//! for. Nothing here certifies without an officer's recorded decision. Start reading at
//! [`visit::Visit`].

pub mod clock;
pub mod config;
