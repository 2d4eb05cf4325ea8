//! Drives the real binaries against real counterparts, as citizen, officer and anyone who verifies.
//!
//! [`World`] is one kiosk with its registry, scanner, tokens and certification authority in a
//! folder of its own; [`Citizen`] and [`Officer`] are the people at its screens; [`Browser`] is a
//! real Chromium. [`uplink`] is the upload alone, over links that break. The demo
//! (`src/bin/demo.rs`), the benchmark and every end-to-end test stand on these.

mod browser;
mod people;
pub mod uplink;
mod world;

pub use browser::Browser;
pub use people::{Citizen, Officer, Person};
pub use world::{OFFICER_PIN, World, WorldOptions, binary, workspace};

/// Anything that can go wrong in a test or in the demo, with its story told.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
