//! `registry-crash`: made-up uploads to the registry's own acceptance, and the judge of what a
//! crash leaves.
//!
//! Nothing it writes belongs to a citizen. Usage, output and exit codes: docs/reliability.md.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use crash::registry::{check, run};
use crash::verdict::Verdict;

/// The workload or the check failed by a verdict.
const EXIT_VERDICT: u8 = 1;
/// The run could not go on, by no fault of the state it found.
const EXIT_STOPPED: u8 = 3;

#[derive(Parser)]
#[command(about = "Uploads to the registry's acceptance, and the judge of what a crash leaves")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Go on with the workload, printing the count after each receipt.
    Run {
        #[command(flatten)]
        place: Place,
        /// End after so many steps; without it, run until killed.
        #[arg(long)]
        steps: Option<u64>,
    },
    /// Print OK K K if the folder is exactly the state after K steps; else what is wrong.
    Check {
        #[command(flatten)]
        place: Place,
        /// The last count that the run printed: fewer steps are a loss.
        #[arg(long, default_value_t = 0)]
        acked: u64,
    },
}

#[derive(Args)]
struct Place {
    /// The registry's data folder.
    #[arg(long)]
    dir: PathBuf,
    /// The workload.
    #[arg(long)]
    seed: u64,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run { place, steps } => {
            match run(&place.dir, place.seed, steps, std::io::stdout()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    let judged = error.is::<Verdict>();
                    let _ = writeln!(std::io::stderr(), "{}", kiosk::chain(&*error));
                    ExitCode::from(if judged { EXIT_VERDICT } else { EXIT_STOPPED })
                }
            }
        }
        Command::Check { place, acked } => {
            let (line, code) = match check(&place.dir, place.seed, acked) {
                Ok(steps) => (format!("OK {steps} {steps}"), ExitCode::SUCCESS),
                Err(verdict) => (verdict.to_string(), ExitCode::from(EXIT_VERDICT)),
            };
            let _ = writeln!(std::io::stdout(), "{line}");
            code
        }
    }
}
