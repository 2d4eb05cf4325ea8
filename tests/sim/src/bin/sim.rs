//! Runs the simulation from the command line and says what it did. A failing seed is printed with
//! the one command that replays it.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use sim::Report;

/// Simulates kiosks and registry under every fault and checks that nothing is lost, nothing
/// doubled, nothing leaked.
#[derive(Debug, Parser)]
struct Args {
    /// Replays one seed.
    #[arg(long)]
    seed: Option<u64>,
    /// First seed of a row.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Visits of one run.
    #[arg(long, default_value_t = 50)]
    visits: u64,
    /// Goes on until so many visits had at least one fault each.
    #[arg(long, default_value_t = 2_000)]
    troubled: u64,
    /// Runs side by side; 0 takes one for each processor.
    #[arg(long, default_value_t = 0)]
    jobs: usize,
}

/// A seed and what went wrong with it.
type Failure = (u64, String);

fn main() -> ExitCode {
    let args = Args::parse();
    sim::hide_simulated_crashes();
    let (total, failures) = match args.seed {
        Some(seed) => one(seed, args.visits),
        None => many(&args),
    };
    say(&total, &failures, args.visits);
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64, visits: u64) -> (Report, Vec<Failure>) {
    match attempt(seed, visits) {
        Ok(report) => (report, vec![]),
        Err(what) => (Report::default(), vec![(seed, what)]),
    }
}

fn many(args: &Args) -> (Report, Vec<Failure>) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = if args.jobs == 0 { cores } else { args.jobs };
    let next = AtomicU64::new(args.from);
    let sum = Mutex::new((Report::default(), Vec::new()));
    let lock = || sum.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let enough = {
                        let sum = lock();
                        sum.0.troubled >= args.troubled || !sum.1.is_empty()
                    };
                    if enough {
                        return;
                    }
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    match attempt(seed, args.visits) {
                        Ok(report) => lock().0.add(&report),
                        Err(what) => lock().1.push((seed, what)),
                    }
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A panic of the product outside a visit's effect is a violation like any other.
fn attempt(seed: u64, visits: u64) -> Result<Report, String> {
    match std::panic::catch_unwind(|| sim::run(seed, visits)) {
        Ok(outcome) => outcome.map_err(|violation| violation.to_string()),
        Err(_) => Err("a panic, shown above".to_owned()),
    }
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
fn say(total: &Report, failures: &[Failure], visits: u64) {
    let totals = &total.totals;
    println!("visits {} ({} with at least one fault)", total.visits, total.troubled);
    println!("restarts after a power cut or kill {}", total.restarts);
    println!(
        "copies issued {}, shown {}, at the registry {}",
        totals.issued, totals.shown, totals.registered
    );
    println!("requests {}, body bytes {}", total.traffic.requests, total.traffic.bytes);
    for (trouble, times) in &total.struck {
        println!("  {trouble:?} {times}");
    }
    println!("violations {}", failures.len());
    for (seed, what) in failures {
        println!("seed {seed}: {what}");
        println!("  replay: make sim SEED={seed} VISITS={visits}");
    }
}
