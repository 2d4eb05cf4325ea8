//! Power cuts: a disk that logs every write and flush, and what it may hold after the power went.
//!
//! The workload runs on ext4 on a loop device whose file is served through FUSE by this program
//! (`disk`). A crash image is the disk's content at a random point of that log, with the writes
//! since the last flush dropped, kept, mixed or torn (`image`). It is repaired and mounted as the
//! kiosk does at boot, and `check` says what is there. docs/reliability.md says how far the model
//! is faithful.

mod disk;
mod image;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::loops::{Mounted, make_ext4};
use super::{Kind, Programs, Tally};
use crate::Failure;
use crate::dice::Dice;
use crate::kiosk::Acknowledged;
use disk::{LoggingDisk, Write};

/// Size of the data partition.
const DISK_BYTES: u64 = 64 * 1024 * 1024;
/// Crash images of one recording.
const IMAGES_PER_RECORDING: u64 = 25;
/// How often the program is killed and started again within one recording, so that the power also
/// goes while it sets right what a kill left.
const RUNS: u64 = 3;
/// Steps of one run at least.
const RUN_STEPS: u64 = 15;
/// Steps that some of the stores go on for after the cut.
const FURTHER_STEPS: u64 = 12;
/// Longest time that a run may take for its steps.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the power cuts came to.
#[derive(Debug, Default)]
pub struct Cuts {
    /// What was lost.
    pub tally: Tally,
    /// Images on which the file system's automatic repair was not enough.
    pub hard_repairs: u64,
    /// Cuts with writes in flight, which are the hard ones.
    pub with_writes_in_flight: u64,
}

/// What one run of the workload wrote, and when it said what.
struct Recording {
    seed: u64,
    /// The disk before the first write.
    base: Vec<u8>,
    log: Vec<Write>,
    /// Length of the log when a count was read, and the count.
    marks: Vec<(usize, u64)>,
}

/// Where a trial works: `data` is where its images are mounted.
struct Place {
    kind: Kind,
    data: PathBuf,
    image: PathBuf,
}

/// Cuts the power so often. With `lying`, the disk ignores flushes: then losses must be found, or
/// the trial would find none in a store that forgets to flush.
///
/// # Errors
/// When the trial itself fails.
pub fn power_cuts(
    programs: &Programs,
    kind: Kind,
    scratch: &Path,
    seed: u64,
    cuts: u64,
    lying: bool,
) -> Result<Cuts, Failure> {
    let folder = tempfile::tempdir_in(scratch)?;
    let place =
        Place { kind, data: folder.path().join("data"), image: folder.path().join("image") };
    let mut found = Cuts::default();
    let mut seed = seed;
    while found.tally.cycles < cuts {
        let recording = record(programs, &place, folder.path(), seed)?;
        let mut dice = Dice::of(seed, 0, 9);
        for _ in 0..IMAGES_PER_RECORDING.min(cuts - found.tally.cycles) {
            cut(programs, &place, &recording, &mut dice, lying, &mut found)?;
        }
        seed += 1;
    }
    Ok(found)
}

fn record(
    programs: &Programs,
    place: &Place,
    folder: &Path,
    seed: u64,
) -> Result<Recording, Failure> {
    make_ext4(&place.image, DISK_BYTES)?;
    let base = std::fs::read(&place.image)?;
    let disk = LoggingDisk::new(base.clone());
    let served = disk.serve(&folder.join("fuse"))?;
    let mounted = Mounted::image(&served.file(), &place.data)?;
    let marks = Arc::new(Mutex::new(Vec::new()));
    let mut steps = 0;
    for run in 0..RUNS {
        let heard = {
            let (marks, disk) = (Arc::clone(&marks), disk.clone());
            move |count| lock(&marks).push((disk.written(), count))
        };
        let more: &[&str] =
            if run == 1 && place.kind == Kind::Kiosk { &["--sides", "2"] } else { &[] };
        let store = mounted.path().join("store");
        let running = programs.run(place.kind, &store, seed, more, Box::new(heard))?;
        if !running.reaches(steps + RUN_STEPS, PATIENCE) {
            return Err(format!("seed {seed}: no {RUN_STEPS} steps in {PATIENCE:?}").into());
        }
        steps = running.kill()?.steps;
    }
    let end = disk.written();
    mounted.unmount()?;
    served.end()?;
    let mut log = disk.log();
    log.truncate(end);
    let marks = lock(&marks).clone();
    Ok(Recording { seed, base, log, marks })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One power cut: at any point of the log, or just after a count was printed.
fn cut(
    programs: &Programs,
    place: &Place,
    recording: &Recording,
    dice: &mut Dice,
    lying: bool,
    found: &mut Cuts,
) -> Result<(), Failure> {
    let end = recording.log.len();
    let at = if dice.one_in(2) && !recording.marks.is_empty() {
        let mark = recording.marks[dice.below(recording.marks.len() as u64) as usize].0;
        (mark + dice.below(3) as usize).min(end)
    } else {
        dice.below(end as u64 + 1) as usize
    };
    let marks = recording.marks.iter().take_while(|(position, _)| *position <= at);
    let steps = marks.map(|(_, count)| *count).max().unwrap_or_default();
    let log = &recording.log[..at];
    let (image, in_flight) = image::after_cut(&recording.base, log, lying, dice);
    std::fs::write(&place.image, image)?;
    found.tally.cycles += 1;
    found.tally.copies += place.kind.copies(recording.seed, steps);
    found.with_writes_in_flight += u64::from(in_flight > 0);
    found.hard_repairs += u64::from(!repair(&place.image)?);
    let mounted = Mounted::image(&place.image, &place.data)?;
    let store = mounted.path().join("store");
    let seed = recording.seed;
    let acknowledged = Acknowledged { steps, sides: Vec::new() };
    let good = programs.judge(place.kind, &store, seed, &acknowledged, &mut found.tally)?;
    if good && dice.one_in(4) {
        let further = FURTHER_STEPS.to_string();
        let more = ["--steps", further.as_str()];
        let after = programs.run(place.kind, &store, seed, &more, Box::new(|_| ()))?.wait()?;
        programs.judge(place.kind, &store, seed, &after, &mut found.tally)?;
    }
    mounted.unmount()
}

/// Repairs as a boot does; whether the automatic mode was enough.
fn repair(image: &Path) -> Result<bool, Failure> {
    let fsck = |how| {
        let mut command = Command::new("e2fsck");
        let command = command.arg(how).arg(image).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().map(|status| status.code().unwrap_or(8))
    };
    // 0: sound; 1: repaired; 4 and more: the automatic mode gave up.
    if fsck("-p")? < 4 {
        return Ok(true);
    }
    if fsck("-y")? < 4 { Ok(false) } else { Err("e2fsck -y did not repair an image".into()) }
}
