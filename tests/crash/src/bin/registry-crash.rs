//! `registry-crash`: made-up uploads to the registry's own acceptance, and the judge of what a
//! crash leaves.
//!
//! Nothing it writes belongs to a citizen. Usage, output and exit codes: docs/reliability.md.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use crash::program::{Place, ended, judged};
use crash::registry::{check, run};

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

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run { place, steps } => {
            ended(run(&place.dir, place.seed, steps, std::io::stdout()))
        }
        Command::Check { place, acked } => judged(check(&place.dir, place.seed, acked)),
    }
}
