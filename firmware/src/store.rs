//! What the kiosk must not lose: books, numbers, decisions, sealed copies, receipts.
//!
//! The truth is an append-only journal (`journal/`) and one file per sealed copy (`copies/`); a
//! sled index beside them (`index/`) only says where to look and is rebuilt whenever it disagrees.
//! Every call that returns `Ok` is durable: it survives kill -9 and power loss.
//!
//! A copy comes to be in three steps. [`Store::reserve`] journals the next number of the open
//! book; the caller seals; [`Store::commit`] makes the file durable and then journals the number,
//! the register's row and the digest in one record, which is the commit point. A reservation
//! that comes to nothing is released with its reason and its number goes to the next copy, so a
//! book has no gaps and no number twice (invariant 2). Only one reservation is open at a time.
//!
//! This module never signs, draws or talks to a network, and knows nothing of a visit's steps; it
//! does insist that a number is reserved only for a visit that an officer approved (invariant 1).
//! Start reading at [`Store`], then `journal.rs`.

mod audit;
mod catalog;
mod copies;
mod error;
mod frame;
#[cfg(test)]
mod golden;
mod index;
mod journal;
mod record;
mod recovery;
#[cfg(test)]
mod simulation;
mod space;
mod state;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use formats_files::{Disk, RealDisk};

pub use audit::{Audit, list_copies, verify_journal};
pub use catalog::{CopySummary, Delivery};
pub use copies::COPY_BYTES_MAX;
pub use error::{Contradiction, Damage, StoreError};
pub use record::{Decision, Entry, IssuedCopy, Record, RegisterRow, Reservation, Verdict};
pub use recovery::{IndexFate, Recovery};
pub use space::Policy;
pub use state::{BookTotals, PinFailures};

use crate::clock::Clock;
use catalog::Query;
use index::Index;
use journal::{Journal, Position};
use state::State;

/// The index's folder.
const INDEX: &str = "index";

/// The store. All calls may come from several threads; those that write wait for the disk, so an
/// async caller uses `spawn_blocking`.
pub struct Store {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    /// The folder that the disk is, for [`Store::copy_path`]; empty for other disks.
    dir: PathBuf,
    /// Where the index is, if there is to be one.
    index_path: Option<PathBuf>,
    policy: Policy,
    /// Held for as long as the store is open.
    _lock: Option<std::fs::File>,
}

struct Inner {
    journal: Journal,
    state: State,
    index: Option<Index>,
    /// The file that the open reservation's commit may have left.
    reserved_file: Option<String>,
    /// Why the open reservation must be released, when that could not be journaled yet.
    release_due: Option<String>,
}

impl Store {
    /// Opens the store in `dir`, making it if it is new, and sets right what a crash left: cuts
    /// a torn tail, releases an open reservation, rebuilds the index. Refuses, changing nothing,
    /// when another process holds it or the journal is damaged.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<(Self, Recovery), StoreError> {
        let lock = recovery::lock(dir)?;
        let disk = Arc::new(RealDisk::new(dir.to_owned()));
        let (mut store, recovery) = Self::open_on(disk, Some(&dir.join(INDEX)), clock)?;
        store.dir = dir.to_owned();
        store._lock = Some(lock);
        Ok((store, recovery))
    }

    /// [`Store::open`] on any disk, without a lock: for simulations. The index, if there is to be
    /// one, is a real folder; without it all answers come from the journal. The disk must not be
    /// open in two stores at a time.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        index: Option<&Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Recovery), StoreError> {
        recovery::open(disk, index, clock)
    }

    /// The same store with another policy on space than the default.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether there is room for another visit: more free bytes than the reserve, which is kept for
    /// the visits that have begun and for the journal. Begin no visit on an error; those that
    /// run may finish. Asks the file system, so call it when a visit begins, not in a loop.
    pub fn room(&self) -> Result<(), StoreError> {
        let free = self.disk.free_bytes().map_err(|e| StoreError::disk("measure", ".", e))?;
        if free < self.policy.reserve_bytes {
            return Err(StoreError::LowSpace { free, reserve: self.policy.reserve_bytes });
        }
        Ok(())
    }

    /// Opens a book for numbering. A book that is open already goes on; another open book is
    /// closed first with its total, as at the turn of the year.
    pub fn open_book(&self, book: &str, authority: &str) -> Result<(), StoreError> {
        let mut inner = self.inner();
        if let Some(open) = inner.state.current_book() {
            if open.book == book {
                return Ok(());
            }
            let closing = Record::BookClosed { book: open.book.clone(), total: open.issued };
            self.settle(&mut inner)?;
            self.append(&mut inner, closing)?;
        }
        let (book, authority) = (book.to_owned(), authority.to_owned());
        self.append(&mut inner, Record::BookOpened { book, authority })
    }

    /// Holds the open book's next number for one copy of an approved visit.
    pub fn reserve(&self, visit: &str, code: &str) -> Result<Reservation, StoreError> {
        let mut inner = self.inner();
        self.settle(&mut inner)?;
        let reservation = inner.state.next_reservation(visit, code)?;
        self.append(&mut inner, Record::NumberReserved(reservation.clone()))?;
        Ok(reservation)
    }

    /// Makes the sealed copy, its number and its register row durable together. `Ok` means
    /// issued; an error means not issued, and the caller releases the reservation.
    pub fn commit(
        &self,
        reservation: &Reservation,
        bytes: &[u8],
        row: RegisterRow,
    ) -> Result<CopySummary, StoreError> {
        let mut inner = self.inner();
        let sha256 = copies::digest(bytes);
        let copy = IssuedCopy {
            sequence: reservation.sequence,
            number: reservation.number,
            book: reservation.book.clone(),
            visit: reservation.visit.clone(),
            code: reservation.code.clone(),
            sha256: sha256.clone(),
            bytes: bytes.len() as u64,
            row,
        };
        let record = Record::Issued(copy.clone());
        inner.check_not_due(reservation)?;
        inner.state.check(&record)?;
        let left = inner.reserved_file.replace(sha256.clone());
        if let Some(left) = left.filter(|left| *left != sha256) {
            copies::discard(&*self.disk, &left)?;
        }
        copies::keep(&*self.disk, &sha256, bytes)?;
        let issued_at = self.append_at(&mut inner, record)?;
        inner.reserved_file = None;
        Ok(CopySummary::new(&copy, issued_at))
    }

    /// Gives an unused number back, with the reason, and removes what was kept of its copy. If
    /// even that cannot be written now, the store does it before the next reservation.
    pub fn release(&self, reservation: &Reservation, why: &str) -> Result<(), StoreError> {
        let mut inner = self.inner();
        if inner.state.reservation() != Some(reservation) {
            let sequence = reservation.sequence;
            return Err(Contradiction::NotReserved { sequence }.into());
        }
        inner.release_due = Some(why.to_owned());
        self.settle(&mut inner)
    }

    /// The number that is held now, if any.
    pub fn open_reservation(&self) -> Option<Reservation> {
        self.inner().state.reservation().cloned()
    }

    /// Journals a fact that needs nothing else done: a start, a decision, a refusal, a PIN, a wipe.
    /// The store's own records are refused, for they come with work that this does not do.
    pub fn record(&self, record: Record) -> Result<(), StoreError> {
        match record {
            Record::Started { .. }
            | Record::OfficerDecision(_)
            | Record::Refused { .. }
            | Record::OfficerPinFailed { .. }
            | Record::OfficerUnlocked { .. }
            | Record::VisitWiped { .. } => self.append(&mut self.inner(), record),
            Record::BookOpened { .. }
            | Record::BookClosed { .. }
            | Record::NumberReserved(_)
            | Record::NumberReleased { .. }
            | Record::Issued(_)
            | Record::Delivered { .. }
            | Record::UploadRejected { .. } => Err(Contradiction::OwnRecord.into()),
        }
    }

    /// Copies without a receipt, oldest first, rejected ones among them.
    pub fn pending(&self) -> Result<Vec<CopySummary>, StoreError> {
        self.ask(Query::Pending)
    }

    /// All copies, oldest first.
    pub fn list(&self) -> Result<Vec<CopySummary>, StoreError> {
        self.ask(Query::All)
    }

    /// The copy with this sequence.
    pub fn by_sequence(&self, sequence: u64) -> Result<Option<CopySummary>, StoreError> {
        Ok(self.ask(Query::Sequence(sequence))?.pop())
    }

    /// The copy with this verification code, as it was given to [`Store::reserve`].
    pub fn by_code(&self, code: &str) -> Result<Option<CopySummary>, StoreError> {
        Ok(self.ask(Query::Code(code))?.pop())
    }

    /// The copy with this number of this book.
    pub fn by_number(&self, book: &str, number: u32) -> Result<Option<CopySummary>, StoreError> {
        Ok(self.ask(Query::Number(book, number))?.pop())
    }

    /// A sealed copy's bytes, checked against their digest.
    pub fn copy_bytes(&self, sha256: &str) -> Result<Vec<u8>, StoreError> {
        copies::read(&*self.disk, sha256)
    }

    /// Journals the registry's receipt for a copy. The caller has verified the signature; the
    /// digest is compared here once more. A second receipt for the same copy is refused.
    pub fn mark_delivered(
        &self,
        sequence: u64,
        sha256: &str,
        receipt: serde_json::Value,
    ) -> Result<(), StoreError> {
        let sha256 = sha256.to_owned();
        self.append(&mut self.inner(), Record::Delivered { sequence, sha256, receipt })
    }

    /// Journals that the registry refuses a copy; the copy stays.
    pub fn mark_rejected(&self, sequence: u64, reason: &str) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.append(&mut self.inner(), Record::UploadRejected { sequence, reason })
    }

    /// All books with their totals, by name.
    pub fn books(&self) -> Vec<BookTotals> {
        self.inner().state.books().cloned().collect()
    }

    /// The open book.
    pub fn current_book(&self) -> Option<BookTotals> {
        self.inner().state.current_book().cloned()
    }

    /// The register's rows of a book, by number, for the monthly print. Holds requesters' names.
    pub fn register(&self, book: &str) -> Result<Vec<(u32, RegisterRow)>, StoreError> {
        let _quiet = self.inner();
        catalog::register(&*self.disk, book)
    }

    /// Where a sealed copy lies, to be handed to a person or a printer. Change nothing there.
    pub fn copy_path(&self, sha256: &str) -> PathBuf {
        self.dir.join(copies::path(sha256))
    }

    /// Wrong PINs of an officer since the last right one; kept over a restart.
    pub fn pin_failures(&self, officer: &str) -> PinFailures {
        self.inner().state.pin_failures(officer)
    }

    /// Brings the journal back after a failed write. Every writing call tries this by itself.
    pub fn reopen(&self) -> Result<(), StoreError> {
        self.inner().journal.reopen()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // The journal shuts itself before it writes, so a panic in between leaves nothing open.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a release that is due.
    fn settle(&self, inner: &mut Inner) -> Result<(), StoreError> {
        let (Some(reservation), Some(why)) =
            (inner.state.reservation().cloned(), inner.release_due.clone())
        else {
            return Ok(());
        };
        // An Issued record whose fsync failed is cut off before its file goes, for the two must
        // never part the other way round; the file goes before the release is on record, so
        // that every file without a record has an open reservation to explain it.
        inner.journal.reopen_if_shut()?;
        if let Some(sha256) = &inner.reserved_file {
            copies::discard(&*self.disk, sha256)?;
        }
        let Reservation { sequence, number, book, .. } = reservation;
        self.append(inner, Record::NumberReleased { sequence, number, book, why })?;
        inner.reserved_file = None;
        inner.release_due = None;
        Ok(())
    }

    fn append(&self, inner: &mut Inner, record: Record) -> Result<(), StoreError> {
        self.append_at(inner, record).map(drop)
    }

    fn append_at(
        &self,
        inner: &mut Inner,
        record: Record,
    ) -> Result<time::OffsetDateTime, StoreError> {
        inner.state.check(&record)?;
        let (position, entry) = inner.journal.append(self.clock.now(), record)?;
        inner.state.apply(entry.at, &entry.record);
        inner.add_to_index(position, &entry);
        Ok(entry.at)
    }

    fn ask(&self, query: Query<'_>) -> Result<Vec<CopySummary>, StoreError> {
        let mut inner = self.inner();
        for attempt in ["first", "after a rebuild"] {
            let Some(index) = &inner.index else { break };
            match catalog::ask_index(index, &*self.disk, query) {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tracing::warn!(%error, attempt, "the index gave no answer");
                    if let Some(path) = &self.index_path {
                        inner.rebuild_index(&*self.disk, path);
                    }
                }
            }
        }
        catalog::ask_journal(&*self.disk, query)
    }
}

impl Inner {
    /// A copy whose release was asked for must not be issued after all.
    fn check_not_due(&self, reservation: &Reservation) -> Result<(), Contradiction> {
        if self.release_due.is_some() {
            return Err(Contradiction::NotReserved { sequence: reservation.sequence });
        }
        Ok(())
    }

    /// The record is durable whatever becomes of the index.
    fn add_to_index(&mut self, position: Position, entry: &Entry) {
        let Some(index) = &self.index else { return };
        if let Err(error) = index.apply(position, entry, self.journal.head()) {
            tracing::warn!(%error, "the index is out of use until the next start");
            self.index = None;
        }
    }

    fn rebuild_index(&mut self, disk: &dyn Disk, path: &Path) {
        // sled holds a lock on its folder until it is dropped.
        self.index = None;
        match recovery::rebuild(disk, path, self.journal.head()) {
            Ok(index) => self.index = Some(index),
            Err(error) => tracing::warn!(%error, "the index could not be rebuilt"),
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
