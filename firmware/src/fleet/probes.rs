//! The single checks: each takes what a trait or a file says and finds whether it is well.

pub mod cabinet;
pub mod devices;
pub mod keys;
pub mod machine;
pub mod models;
pub mod registry;
pub mod state;

pub use devices::Bench;
