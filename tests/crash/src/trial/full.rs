//! Full disks: a small ext4 with little room left. The workload goes on until it fails, room is
//! made under it or after a kill, and it must go on with nothing lost.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::loops::{Mounted, make_ext4};
use super::program::Running;
use super::{Kind, Programs, Tally};
use crate::Failure;
use crate::dice::Dice;
use crate::kiosk::Acknowledged;

const DISK_BYTES: u64 = 24 * 1024 * 1024;
/// Most room that the workload finds.
const ROOM_BYTES_MAX: u64 = 1024 * 1024;
/// A disk with more room than this is not full: the longest copy takes a quarter of it.
const FULL_BYTES: u64 = 256 * 1024;
/// Room that is made afterwards.
const MADE_BYTES: u64 = 4 * 1024 * 1024;
/// A workload that printed nothing for so long has no room; a step takes a tenth of it at most.
const STUCK: Duration = Duration::from_millis(400);
/// Longest wait for the disk to be full, and for steps after room was made.
const PATIENCE: Duration = Duration::from_secs(60);
/// Steps that must follow once there is room.
const STEPS_AFTER: u64 = 10;
/// A failed step is tried again for longer than the trial lasts.
const TRIES: &str = "1000000";

/// Fills the disk so often.
///
/// # Errors
/// When the trial itself fails.
pub fn full_disks(
    programs: &Programs,
    scratch: &Path,
    seed: u64,
    cycles: u64,
) -> Result<Tally, Failure> {
    let folder = tempfile::tempdir_in(scratch)?;
    let mut tally = Tally::default();
    for cycle in 0..cycles {
        let image = folder.path().join("image");
        make_ext4(&image, DISK_BYTES)?;
        let mounted = Mounted::image(&image, &folder.path().join("data"))?;
        one_disk(programs, mounted.path(), seed + cycle, &mut tally)?;
        mounted.unmount()?;
    }
    Ok(tally)
}

fn one_disk(programs: &Programs, disk: &Path, seed: u64, tally: &mut Tally) -> Result<(), Failure> {
    let mut dice = Dice::of(seed, 0, 11);
    let store = disk.join("store");
    // Some disks are nearly full when the store is new, some have taken steps before.
    let before = dice.below(30).to_string();
    programs.run(Kind::Kiosk, &store, seed, &["--steps", &before], Box::new(|_| ()))?.wait()?;
    let spare = fill(disk, dice.below(ROOM_BYTES_MAX))?;
    let start = || programs.run(Kind::Kiosk, &store, seed, &["--tries", TRIES], Box::new(|_| ()));
    let mut running = start()?;
    wait_until_full(&running, disk)?;
    tally.cycles += 1;
    if dice.one_in(3) {
        // A run that could not even begin ends by itself.
        let acknowledged = running.kill_or_ended()?;
        programs.judge(Kind::Kiosk, &store, seed, &acknowledged, tally)?;
        fs::remove_file(&spare)?;
        running = start()?;
    } else {
        fs::remove_file(&spare)?;
        if running.has_ended()? {
            // There was not even room to begin; the service manager starts it again.
            running = start()?;
        }
    }
    let from = running.seen().steps;
    if !running.reaches(from + STEPS_AFTER, PATIENCE) {
        tally.fail("STUCK", format!("seed {seed}: no step after room was made"));
    }
    let acknowledged = running.kill_or_ended()?;
    tally.copies += Kind::Kiosk.copies(seed, acknowledged.steps);
    programs.judge(Kind::Kiosk, &store, seed, &acknowledged, tally)?;
    Ok(())
}

/// Leaves so much room on the disk. The file that takes the rest is what is removed afterwards.
fn fill(disk: &Path, room: u64) -> Result<std::path::PathBuf, Failure> {
    let spare = disk.join("spare");
    fs::write(&spare, vec![1; MADE_BYTES as usize])?;
    let taken = free(disk)?.saturating_sub(room) as usize;
    fs::write(disk.join("ballast"), vec![1; taken])?;
    Ok(spare)
}

fn free(disk: &Path) -> Result<u64, Failure> {
    let stat = rustix::fs::statvfs(disk)?;
    Ok(stat.f_bavail * stat.f_frsize)
}

/// Waits until the disk is full and the workload no longer gets on. On a busy machine a step may
/// take longer than [`STUCK`], so one that stands while there is room is waited for.
fn wait_until_full(running: &Running, disk: &Path) -> Result<(), Failure> {
    let mut left = PATIENCE.as_millis() / STUCK.as_millis();
    let mut last = Acknowledged::default();
    loop {
        std::thread::sleep(STUCK);
        let (seen, room) = (running.seen(), free(disk)?);
        if seen == last && room <= FULL_BYTES {
            return Ok(());
        }
        last = seen;
        left -= 1;
        if left == 0 {
            return Err(format!("the workload did not fill the disk: {room} bytes free").into());
        }
    }
}
