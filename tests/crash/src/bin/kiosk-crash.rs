//! `kiosk-crash`: a made-up workload on the kiosk's store, and the judge of what a crash leaves.
//!
//! Nothing it writes belongs to a citizen. Usage, output and exit codes: docs/reliability.md.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use crash::kiosk::{Acknowledged, Load, check, run};
use crash::program::{Place, ended, judged};

#[derive(Parser)]
#[command(about = "A workload on the kiosk's store, and the judge of what a crash left of it")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Go on with the workload, printing the count after each durable step.
    Run {
        #[command(flatten)]
        place: Place,
        /// End after so many steps; without it, run until killed.
        #[arg(long)]
        steps: Option<u64>,
        /// Threads that write beside the steps; their counts are lines LANE:COUNT.
        #[arg(long, default_value_t = 0)]
        sides: usize,
        /// Try a failed step so often again, 10 ms apart.
        #[arg(long, default_value_t = 0)]
        tries: u32,
    },
    /// Print OK K K if the folder is exactly the state after K steps; else what is wrong.
    Check {
        #[command(flatten)]
        place: Place,
        /// The last count that the run printed: fewer steps are a loss.
        #[arg(long, default_value_t = 0)]
        acked: u64,
        /// The last count of a side lane, as LANE:COUNT.
        #[arg(long, value_parser = side)]
        side_acked: Vec<(usize, u64)>,
    },
}

fn side(text: &str) -> Result<(usize, u64), String> {
    let parse = |(lane, count): (&str, &str)| Some((lane.parse().ok()?, count.parse().ok()?));
    text.split_once(':').and_then(parse).ok_or_else(|| "not LANE:COUNT".to_owned())
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run { place, steps, sides, tries } => {
            let load = Load { steps, sides, tries };
            ended(run(&place.dir, place.seed, &load, std::io::stdout()))
        }
        Command::Check { place, acked, side_acked } => {
            let acknowledged = Acknowledged { steps: acked, sides: side_acked };
            judged(check(&place.dir, place.seed, &acknowledged))
        }
    }
}
