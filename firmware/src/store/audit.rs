//! `kiosk journal verify`: checks the journal and the sealed copies without changing anything.

use std::collections::BTreeSet;
use std::path::Path;

use formats_files::{Disk, RealDisk};

use super::catalog::{self, CopySummary, Query};
use super::copies;
use super::error::StoreError;
use super::journal;
use super::record::Record;
use super::state::{BookTotals, State};

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
    /// Copies issued.
    pub issued: u64,
    /// Copies that the registry signed for.
    pub delivered: u64,
    /// Digests of issued copies whose file is missing, unreadable or changed.
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

/// All copies of the store in `dir`, oldest first, read beside a running kiosk.
pub fn list_copies(dir: &Path) -> Result<Vec<CopySummary>, StoreError> {
    catalog::ask_journal(&RealDisk::new(dir.to_owned()), Query::All)
}

pub(super) fn audit(disk: &dyn Disk) -> Result<Audit, StoreError> {
    let mut state = State::default();
    let mut digests = BTreeSet::new();
    let tail = journal::scan(disk, &mut |_, entry| {
        state.check(&entry.record)?;
        state.apply(entry.at, &entry.record);
        if let Record::Issued(copy) = &entry.record {
            digests.insert(copy.sha256.clone());
        }
        Ok(())
    })?;
    let listing = copies::list(disk, false)?;
    let mut unexplained = listing.strangers;
    // The open reservation may have its file already; nothing else may.
    if state.reservation().is_none() {
        unexplained.extend(listing.digests.into_iter().filter(|d| !digests.contains(d)));
    }
    let damaged_copies =
        digests.into_iter().filter(|digest| copies::read(disk, digest).is_err()).collect();
    Ok(Audit {
        records: tail.as_ref().map_or(0, |t| t.head.seq),
        segments: tail.as_ref().map_or(0, |t| t.segments),
        torn_bytes: tail.as_ref().map_or(0, |t| t.torn),
        head: hex::encode(tail.map_or(super::frame::GENESIS, |t| t.head.hash)),
        books: state.books().cloned().collect(),
        reserved: state.reserved(),
        released: state.books().map(|book| u64::from(book.released)).sum(),
        issued: state.issued(),
        delivered: state.delivered(),
        damaged_copies,
        unexplained,
    })
}
