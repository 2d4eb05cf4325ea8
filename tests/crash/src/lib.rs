//! What the stores of kiosk and registry keep when their programs are killed, the power goes, the
//! disk fills up or the medium changes a bit: real files, real processes.
//!
//! `kiosk-crash` and `registry-crash` do a workload that is a pure function of seed and step
//! through the product's own stores, and judge afterwards from the files how many steps are there.
//! `reliability` runs them under kills, power cuts, full disks and bit flips, and writes the table
//! of docs/reliability.md. Nothing here is shipped, and nothing here decides what durable means:
//! the judge reads the journal's frames by itself, and then asks the product for the same answer.
//!
//! Start reading at [`kiosk`] (plan, run, check), then [`registry`], then [`trial`].

use std::fs;
use std::path::Path;

use time::{Duration, OffsetDateTime};

pub mod dice;
pub mod kiosk;
pub mod program;
pub mod registry;
pub mod trial;
pub mod verdict;

/// Why a program could not do its work at all. Anything may go wrong here, and a person reads it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// When a workload begins: 2026-01-05 08:00 in Hanoi.
const BEGIN: i64 = 1_767_574_800;

/// The time of a step: time too is a function of the step.
fn time_of(step: u64) -> OffsetDateTime {
    let begin = OffsetDateTime::from_unix_timestamp(BEGIN).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (begin + Duration::minutes(step.cast_signed())).to_offset(::kiosk::clock::VIETNAM)
}

/// Copies files and folders. What a read-only medium holds can be judged so, too.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
