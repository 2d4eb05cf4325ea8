//! SIGKILL at random moments of the workload, one after the other on the same store.

use std::path::Path;
use std::time::Duration;

use super::program::later;
use super::{Kind, Programs, Tally};
use crate::Failure;
use crate::dice::Dice;
use crate::kiosk::Acknowledged;

/// Kills on one store before the next one begins: its check grows with its steps.
const KILLS_PER_STORE: u64 = 40;
/// Latest moment of a kill after the program's start. Opening takes part of it and is hit, too.
const LATEST: Duration = Duration::from_millis(250);

/// Kills the workload so often. `threads` worlds run side by side, each on its own stores in
/// `dir`; failing stores stay there.
///
/// # Errors
/// When the trial itself fails.
pub fn kills(
    programs: &Programs,
    kind: Kind,
    dir: &Path,
    seed: u64,
    cycles: u64,
    threads: u64,
) -> Result<Tally, Failure> {
    let mut total = Tally::default();
    let results = std::thread::scope(|scope| {
        let world = |at: u64| {
            let share = cycles / threads + u64::from(at < cycles % threads);
            scope.spawn(move || one_world(programs, kind, dir, seed + at * 1_000_000, share))
        };
        let worlds: Vec<_> = (0..threads).map(world).collect();
        worlds.into_iter().map(|world| world.join()).collect::<Vec<_>>()
    });
    for result in results {
        total.add(result.map_err(|_| "a world panicked")??);
    }
    Ok(total)
}

fn one_world(
    programs: &Programs,
    kind: Kind,
    dir: &Path,
    seed: u64,
    cycles: u64,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut seed = seed;
    while tally.cycles < cycles {
        let kills = KILLS_PER_STORE.min(cycles - tally.cycles);
        one_store(programs, kind, &dir.join(seed.to_string()), seed, kills, &mut tally)?;
        seed += 1;
    }
    Ok(tally)
}

fn one_store(
    programs: &Programs,
    kind: Kind,
    dir: &Path,
    seed: u64,
    kills: u64,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut dice = Dice::of(seed, 0, 0);
    let mut acknowledged = Acknowledged::default();
    let mut good = true;
    for kill in 0..kills {
        // Every second time other threads write beside the steps.
        let more: &[&str] =
            if kill % 2 == 0 || kind == Kind::Registry { &[] } else { &["--sides", "3"] };
        let running = programs.run(kind, dir, seed, more, Box::new(|_| ()))?;
        std::thread::sleep(Duration::from_micros(dice.below(LATEST.as_micros() as u64)));
        acknowledged = later(&acknowledged, &running.kill()?);
        tally.cycles += 1;
        good = programs.judge(kind, dir, seed, &acknowledged, tally)?;
        if !good {
            break;
        }
    }
    tally.copies += kind.copies(seed, acknowledged.steps);
    if good {
        std::fs::remove_dir_all(dir)?;
    }
    Ok(())
}
