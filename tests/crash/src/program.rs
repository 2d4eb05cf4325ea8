//! What `kiosk-crash` and `registry-crash` have in common on their command line: where they work,
//! and how they end (docs/reliability.md).

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::Failure;
use crate::verdict::Verdict;

/// The workload or the check failed by a verdict.
const EXIT_VERDICT: u8 = 1;
/// The run could not go on, by no fault of the state it found.
const EXIT_STOPPED: u8 = 3;

/// Where a workload is, and which it is.
#[derive(Debug, Args)]
pub struct Place {
    /// The store's folder.
    #[arg(long)]
    pub dir: PathBuf,
    /// The workload.
    #[arg(long)]
    pub seed: u64,
}

/// Ends a `run`; why it could not go on is on standard error.
pub fn ended(run: Result<(), Failure>) -> ExitCode {
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let judged = error.is::<Verdict>();
            // When even standard error is gone, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "{}", ::kiosk::chain(&*error));
            ExitCode::from(if judged { EXIT_VERDICT } else { EXIT_STOPPED })
        }
    }
}

/// Ends a `check` with its one line.
pub fn judged(check: Result<u64, Verdict>) -> ExitCode {
    let (line, code) = match check {
        Ok(steps) => (format!("OK {steps} {steps}"), ExitCode::SUCCESS),
        Err(verdict) => (verdict.to_string(), ExitCode::from(EXIT_VERDICT)),
    };
    let _ = writeln!(std::io::stdout(), "{line}");
    code
}
