//! `reliability`: kills, power cuts, full disks and flipped bits in the numbers that
//! docs/reliability.md states, and the table in it.
//!
//! It decides nothing by itself: it starts the crash programs, hurts them, and counts what their
//! `check` says. Power cuts and full disks need root, FUSE and loop devices, and say so.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use crash::Failure;
use crash::trial::flips::{Flips, flips};
use crash::trial::full::full_disks;
use crash::trial::kills::kills;
use crash::trial::power::power_cuts;
use crash::trial::{Kind, Programs, Row, Tally, can_mount, table, write_table};

/// How often each trial is done.
struct Counts {
    kills: u64,
    flips: u64,
    cuts: u64,
    full_disks: u64,
}

const WHOLE: Counts = Counts { kills: 1000, flips: 200, cuts: 500, full_disks: 100 };
const QUICK: Counts = Counts { kills: 24, flips: 12, cuts: 0, full_disks: 0 };
/// A quarter of it, to look at while working on it.
const SHORT: Counts = Counts { kills: 40, flips: 20, cuts: 50, full_disks: 10 };
/// Cuts on a disk that ignores flushes, to see that losses are found at all.
const CONTROL_CUTS: u64 = 20;

#[derive(Parser)]
#[command(about = "Hurts the stores of kiosk and registry and counts what is lost")]
struct Cli {
    /// A few kills and flips, without root, as a smoke test.
    #[arg(long)]
    quick: bool,
    /// Every trial, a few times each.
    #[arg(long, conflicts_with = "quick")]
    short: bool,
    /// Where the numbers for every choice come from.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Where the stores are made; failing ones stay there.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Worlds side by side.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// The document whose table is written; without it, the table is only printed.
    #[arg(long)]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = trials(&cli).and_then(|rows| finish(&cli, &rows));
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "reliability: {}", kiosk::chain(&*error));
            ExitCode::from(3)
        }
    }
}

fn trials(cli: &Cli) -> Result<Vec<Row>, Failure> {
    let counts = match (cli.quick, cli.short) {
        (true, _) => QUICK,
        (false, true) => SHORT,
        (false, false) => WHOLE,
    };
    if counts.cuts > 0 {
        can_mount()?;
    }
    let scratch = tempfile::tempdir_in(memory())?;
    let programs = Programs::beside_this(scratch.path())?;
    let place = tempfile::tempdir()?;
    let dir = cli.dir.clone().unwrap_or_else(|| place.path().to_owned());
    let mut rows = Vec::new();
    let note = "every second one with four writers";
    let tally = kills(&programs, Kind::Kiosk, &dir, cli.seed, counts.kills, cli.jobs)?;
    rows.push(row("SIGKILL of the kiosk's store under load", tally, note));
    let (seed, of_registry) = (cli.seed + 500, counts.kills.div_ceil(5));
    let tally = kills(&programs, Kind::Registry, &dir, seed, of_registry, cli.jobs)?;
    rows.push(row("SIGKILL of the registry's acceptance", tally, "half-sent uploads go on"));
    if counts.cuts > 0 {
        rows.push(full_row(&programs, scratch.path(), cli.seed, counts.full_disks)?);
        for (kind, cuts) in [(Kind::Kiosk, counts.cuts), (Kind::Registry, counts.cuts.div_ceil(5))]
        {
            rows.push(cut_row(&programs, kind, scratch.path(), cli.seed, cuts)?);
        }
    }
    rows.extend(flip_rows(flips(&programs, &dir, cli.seed, counts.flips)?));
    if !rows.iter().all(|row| row.tally.failures.is_empty()) && cli.dir.is_none() {
        // What failed is evidence.
        let _ = place.keep();
    }
    Ok(rows)
}

fn full_row(programs: &Programs, scratch: &Path, seed: u64, cycles: u64) -> Result<Row, Failure> {
    let tally = full_disks(programs, scratch, seed, cycles)?;
    Ok(row("full disk under the kiosk's store", tally, "a third of them killed while full"))
}

/// The cuts, after a control that would show a trial which finds nothing.
fn cut_row(
    programs: &Programs,
    kind: Kind,
    scratch: &Path,
    seed: u64,
    cuts: u64,
) -> Result<Row, Failure> {
    let control = power_cuts(programs, kind, scratch, seed, CONTROL_CUTS, true)?.tally;
    let caught = control.failures.len();
    if caught == 0 {
        return Err("no loss was found on a disk that ignores flushes".into());
    }
    let found = power_cuts(programs, kind, scratch, seed, cuts, false)?;
    let note = format!(
        "{} with writes in flight; {} repaired by hand (e2fsck -y); control on a disk that \
         ignores flushes: {caught} failures of {CONTROL_CUTS}",
        found.with_writes_in_flight, found.hard_repairs
    );
    Ok(row(&format!("power cut under {}", kind.store()), found.tally, &note))
}

fn flip_rows(found: Flips) -> Vec<Row> {
    let unread = found.index.cycles - found.index_rebuilt;
    let rebuilt = found.index_rebuilt;
    let note = format!("rebuilt {rebuilt} times; {unread} hit bytes that nobody reads");
    vec![
        row("bit flipped in the journal", found.journal, "each reported with its frame's offset"),
        row("bit flipped in the head anchor", found.head, "evidence only: ignored, then rewritten"),
        row("bit flipped in the index (sled)", found.index, &note),
        row("bit flipped in a sealed copy", found.copies, "the digest told which"),
    ]
}

fn row(what: &str, tally: Tally, note: &str) -> Row {
    Row { what: what.to_owned(), tally, note: note.to_owned() }
}

/// Where copies that only a check reads are cheap.
fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Prints the table and what failed; whether nothing did.
fn finish(cli: &Cli, rows: &[Row]) -> Result<bool, Failure> {
    let mut out = std::io::stdout();
    write!(out, "{}", table(rows))?;
    for row in rows {
        for failure in &row.tally.failures {
            writeln!(out, "FAILED {}: {failure}", row.what)?;
        }
    }
    if let Some(document) = &cli.write {
        let command = "make reliability";
        write_table(document, rows, command)?;
    }
    Ok(rows.iter().all(|row| row.tally.failures.is_empty()))
}
