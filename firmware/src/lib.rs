//! The kiosk: one citizen's visit from the paper on the scanner to the certified copy at the
//! registry.
//!
//! A paper's way through this crate is the order of [`steps`]: scan, read, check, identify, decide,
//! certify, deliver; then [`store`] keeps the copy and [`upload`], or a [`stick`], takes it to the
//! registry. What happens when is decided by [`visit`], a pure state machine; [`engine`] carries
//! out what it asks for. Nothing here certifies without an officer's recorded decision. Start
//! reading at [`visit::Visit`].

pub mod assemble;
pub mod barcode;
pub mod battery;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo_ca;
pub mod desk;
pub mod engine;
pub mod fleet;
pub mod guard;
pub mod keys;
pub mod panel;
pub mod photo;
pub mod pin;
pub mod random;
pub mod screen;
pub mod steps;
pub mod stick;
pub mod store;
pub mod upload;
pub mod visit;
pub mod waits;
pub mod watchdog;

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// An error with its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Makes Tesseract read each page with one thread: pages are read side by side, and its own threads
/// spin against each other when cores are busy. OpenMP reads its limit before `main` begins, so the
/// program starts itself once more with the limit set. Returns only on failure, or when it is set.
pub fn one_thread_a_page() -> Option<ExitCode> {
    const LIMIT: &str = "OMP_THREAD_LIMIT";
    if std::env::var_os(LIMIT).is_some() {
        return None;
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return Some(cli::complain(&error, "start the program by its path").into()),
    };
    let error = Command::new(program).args(std::env::args_os().skip(1)).env(LIMIT, "1").exec();
    Some(cli::complain(&error, "set OMP_THREAD_LIMIT=1 and start again").into())
}
