//! `kiosk journal verify`: checks the journal and the sealed copies without changing anything.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use formats_files::{Disk, RealDisk};
use time::OffsetDateTime;

use super::catalog::{self, CopySummary, Query};
use super::copies;
use super::error::StoreError;
use super::frame::{self, Hash};
use super::journal;
use super::record::Record;
use super::state::{BookTotals, State, Sums};

/// What an audit found. The journal itself is sound when there is a report at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Records in the chain.
    pub records: u64,
    /// Segments they are in.
    pub segments: usize,
    /// Bytes behind the last record left by an append that never finished; cut at the next start.
    pub torn_bytes: u64,
    /// SHA-256 of the last record's payload, lower-case hex: compare with what was noted before.
    pub head: String,
    /// Each book with its totals.
    pub books: Vec<BookTotals>,
    /// Numbers reserved: each was issued, released with a reason, or is reserved at this moment.
    pub reserved: u64,
    /// Numbers released with a reason.
    pub released: u64,
    /// Copies issued, delivered, aged out and so on.
    pub sums: Sums,
    /// When the kiosk last read everything again by itself.
    pub last_scrub: Option<OffsetDateTime>,
    /// Digests of copies that must be here and whose file is missing, unreadable or changed.
    pub damaged_copies: Vec<String>,
    /// Files among the copies that no record explains.
    pub unexplained: Vec<String>,
}

impl Audit {
    /// Whether every copy is there, whole, and nothing is unexplained.
    pub const fn is_clean(&self) -> bool {
        self.damaged_copies.is_empty() && self.unexplained.is_empty()
    }
}

/// Checks the store in `dir`: chain, book totals, and every copy against its digest. Damage to
/// the journal is the error, with segment and offset.
pub fn verify_journal(dir: &Path) -> Result<Audit, StoreError> {
    audit(&RealDisk::new(dir.to_owned()))
}

/// A sealed copy's bytes, checked against their digest, read beside a running kiosk.
pub fn read_copy(dir: &Path, sha256: &str) -> Result<Vec<u8>, StoreError> {
    copies::read(&RealDisk::new(dir.to_owned()), sha256)
}

/// All copies of the store in `dir`, oldest first, read beside a running kiosk.
pub fn list_copies(dir: &Path) -> Result<Vec<CopySummary>, StoreError> {
    catalog::ask_journal(&RealDisk::new(dir.to_owned()), Query::All, u64::MAX)
}

/// Reads everything, twice if the first look found fault: a running kiosk may have issued or aged
/// out a copy between the journal's end and the file's turn, but not the same one twice.
pub(super) fn audit(disk: &dyn Disk) -> Result<Audit, StoreError> {
    let first = look(disk)?;
    if first.is_clean() {
        return Ok(first);
    }
    let mut second = look(disk)?;
    second.damaged_copies.retain(|digest| first.damaged_copies.contains(digest));
    second.unexplained.retain(|name| first.unexplained.contains(name));
    Ok(second)
}

fn look(disk: &dyn Disk) -> Result<Audit, StoreError> {
    let mut state = State::default();
    let mut aged = HashSet::new();
    let tail = journal::scan(disk, &mut |_, entry| {
        state.check(&entry.record)?;
        state.apply(entry.at, &entry.record);
        if let Record::AgedOut { sha256, .. } = &entry.record {
            aged.insert(frame::digest_of(sha256));
        }
        Ok(())
    })?;
    let files: BTreeSet<Hash> = state.files().collect();
    let listing = copies::list(disk, false)?;
    let mut unexplained = listing.strangers;
    // The open reservation may have its file already, and one that was aged out may wait for the
    // next start to go; nothing else may be there.
    if state.reservation().is_none() {
        let explained = |name: &String| {
            let digest = frame::digest_of(name);
            files.contains(&digest) || aged.contains(&digest)
        };
        unexplained.extend(listing.digests.into_iter().filter(|name| !explained(name)));
    }
    let damaged = files.iter().map(hex::encode).filter(|d| copies::read(disk, d).is_err());
    let damaged_copies = damaged.collect();
    Ok(Audit {
        records: tail.as_ref().map_or(0, |t| t.head.seq),
        segments: tail.as_ref().map_or(0, |t| t.segments),
        torn_bytes: tail.as_ref().map_or(0, |t| t.torn),
        head: hex::encode(tail.map_or(frame::GENESIS, |t| t.head.hash)),
        books: state.books().cloned().collect(),
        reserved: state.reserved(),
        released: state.books().map(|book| u64::from(book.released)).sum(),
        sums: *state.sums(),
        last_scrub: state.last_scrub(),
        damaged_copies,
        unexplained,
    })
}
