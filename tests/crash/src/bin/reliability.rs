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
use crash::trial::{Kind, Programs, Row, Tally, flips, kills, table, write_table};

/// How often each trial is done.
struct Counts {
    kills: u64,
    flips: u64,
}

const WHOLE: Counts = Counts { kills: 1000, flips: 200 };
const QUICK: Counts = Counts { kills: 24, flips: 12 };

#[derive(Parser)]
#[command(about = "Hurts the stores of kiosk and registry and counts what is lost")]
struct Cli {
    /// A few kills and flips, without root, as a smoke test.
    #[arg(long)]
    quick: bool,
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
    let counts = if cli.quick { QUICK } else { WHOLE };
    let scratch = tempfile::tempdir_in(memory())?;
    let programs = Programs::beside_this(scratch.path())?;
    let place = tempfile::tempdir()?;
    let dir = cli.dir.clone().unwrap_or_else(|| place.path().to_owned());
    let mut rows = Vec::new();
    let tally = kills::kills(&programs, Kind::Kiosk, &dir, cli.seed, counts.kills, cli.jobs)?;
    rows.push(row(
        "SIGKILL of the kiosk's store under load",
        tally,
        "every second one with four writers",
    ));
    rows.extend(flip_rows(flips::flips(&programs, &dir, cli.seed, counts.flips)?));
    if !rows.iter().all(|row| row.tally.failures.is_empty()) && cli.dir.is_none() {
        // What failed is evidence.
        let _ = place.keep();
    }
    Ok(rows)
}

fn flip_rows(found: flips::Flips) -> Vec<Row> {
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
