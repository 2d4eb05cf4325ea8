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

/// Prints a line for the person who runs a program of this package.
#[expect(clippy::print_stdout, reason = "the programs report to the person who runs them")]
pub fn tell(line: impl std::fmt::Display) {
    println!("{line}");
}

/// Ends a program of this package; says why it failed.
pub fn ended(outcome: Result<(), Failure>) -> std::process::ExitCode {
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("FAILED: {error}"));
            std::process::ExitCode::FAILURE
        }
    }
}

/// Anything that can go wrong in a test or in the demo, with its story told.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
