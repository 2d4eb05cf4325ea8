//! The technician's command line. One file per noun.

pub mod book;
pub mod ca;
pub mod cabinet;
pub mod card;
pub mod config;
pub mod diag;
pub mod face;
pub mod feedback;
pub mod issue;
pub mod journal;
pub mod keys;
pub mod outbox;
pub mod read;
pub mod run;
pub mod selftest;
pub mod status;
pub mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

/// Which kiosk's state a command reads, and how it reports.
#[derive(Debug, clap::Args)]
pub struct OfState {
    /// The kiosk's state folder.
    #[arg(long, default_value = "/var/lib/kiosk")]
    state: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// How a command ends, as its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0: done, all well.
    Done,
    /// 1: it failed; cause and remedy were printed.
    Failed,
    /// 2: it was asked for something that cannot be done; cause and remedy were printed.
    Misuse,
    /// 3: done, but something is not as it should be.
    Degraded,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Misuse => 2,
            Outcome::Degraded => 3,
        })
    }
}

/// Prints data on the standard output.
#[expect(clippy::print_stdout, reason = "the command line speaks through here")]
pub fn say(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Says that what was asked for cannot be done, and, on a line of its own, what to do.
#[expect(clippy::print_stderr, reason = "the command line speaks through here")]
pub fn refuse(problem: impl std::fmt::Display, hint: &str) -> Outcome {
    eprintln!("error: {problem}");
    eprintln!("hint: {hint}");
    Outcome::Misuse
}

/// A figure for JSON, rounded to thousandths.
fn thousandths(value: f32) -> f64 {
    (f64::from(value) * 1_000.0).round() / 1_000.0
}

/// Prints an error with its causes and, on a line of its own, what to do.
#[expect(clippy::print_stderr, reason = "the command line speaks through here")]
pub fn complain(error: &dyn std::error::Error, hint: &str) -> Outcome {
    eprintln!("error: {}", crate::chain(error));
    eprintln!("hint: {hint}");
    Outcome::Failed
}
