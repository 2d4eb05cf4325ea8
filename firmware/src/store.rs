//! What the kiosk must not lose: books, numbers, decisions, sealed copies, receipts.
//!
//! The truth is an append-only journal (`journal/`) and one file per sealed copy (`copies/`); a
//! sled index beside them (`index/`) only says where to look and is rebuilt whenever it disagrees.
//! Every call that returns `Ok` is durable: it survives kill -9 and power loss. Threads that write
//! at the same time share one fdatasync (`group.rs`).
//!
//! A copy comes to be in three steps. [`Store::reserve`] journals the next number of the open
//! book; the caller seals; [`Store::commit`] makes the file durable and then journals the number,
//! the register's row and the digest in one record, which is the commit point. A reservation
//! that comes to nothing is released with its reason and its number goes to the next copy, so a
//! book has no gaps and no number twice (invariant 2). Only one reservation is open at a time.
//!
//! [`Store::room`] says whether another visit may begin, [`Store::age_out`] removes delivered
//! copies by policy, [`Store::scrub`] reads everything again (`space.rs`, `audit.rs`).
//!
//! This module never signs, draws or talks to a network, and knows nothing of a visit's steps; it
//! does insist that a number is reserved only for a visit that an officer approved (invariant 1).
//! Start reading at [`Store`], then `journal.rs`.

mod audit;
mod books;
mod catalog;
mod copies;
mod error;
mod fees;
mod frame;
#[cfg(test)]
mod golden;
mod group;
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
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use formats_files::{Disk, RealDisk};

pub use audit::{Audit, list_copies, read_copy, verify_journal};
pub use books::{
    BookContents, RefusalEntry, list_books, list_deferrals, list_feedback, list_refusals, read_book,
};
pub use catalog::{CopySummary, Delivery, Standing};
pub use copies::COPY_BYTES_MAX;
pub use error::{Contradiction, Damage, StoreError};
pub use fees::{FeeEntry, list_fees};
pub use journal::read_segment;
pub use record::{
    AgeingReason, ClosingSums, Decision, Deferral, Entry, FeeMeans, IssuedCopy, PrintOutcome,
    Priority, Record, RegisterRow, Reservation, SetByOfficer, SignOut, Verdict,
};
pub use recovery::is_held;
pub use recovery::{IndexFate, Recovery};
pub use space::Policy;
pub use state::{BookTotals, CabinetOpened, ClockTrusted, FeeStanding, PinFailures, Sums};

use crate::clock::Clock;
use catalog::Query;
use frame::Head;
use group::Queue;
use index::Index;
use journal::{Journal, Position};
use state::State;

/// Most sequences in one record of an export, so that it fits its frame well.
const EXPORT_SEQUENCES_MAX: usize = 1000;

/// The index's folder.
const INDEX: &str = "index";

/// The store. All calls may come from several threads; those that write wait for the disk, so an
/// async caller uses `spawn_blocking`.
pub struct Store {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    // Locks are taken in this order.
    held: Mutex<Held>,
    journal: Mutex<Journal>,
    inner: Mutex<Inner>,
    /// Whether a thread is writing a group.
    writing: AtomicBool,
    /// How many records were staged so far.
    boarded: AtomicU64,
    /// The folder that the disk is, for [`Store::copy_path`]; empty for other disks.
    dir: PathBuf,
    /// Where the index is, if there is to be one.
    index_path: Option<PathBuf>,
    policy: Policy,
    /// Held for as long as the store is open.
    _lock: Option<std::fs::File>,
}

/// What belongs to the open reservation beside its record.
#[derive(Default)]
struct Held {
    /// The file that its commit may have left.
    file: Option<String>,
    /// Why it must be released, when that could not be journaled yet.
    release_due: Option<String>,
}

struct Inner {
    /// The sum of all durable records: what is told to anyone who asks.
    durable: State,
    /// The sum of those that wait as well: what new records are checked against.
    ahead: State,
    queue: Queue,
    /// Wall clock and steady clock at the last record of this run.
    seen: Option<(time::OffsetDateTime, std::time::Duration)>,
    /// The last durable record.
    head: Head,
    index: Option<Index>,
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

    /// Opens a book for numbering. A book that is open already goes on; another open book is
    /// closed first with its total, as at the turn of the year.
    pub fn open_book(&self, book: &str, authority: &str) -> Result<(), StoreError> {
        let mut held = self.held();
        if let Some(open) = self.current_book() {
            if open.book == book {
                return Ok(());
            }
            // Closing cannot be undone, so what would refuse the new book comes first.
            if self.books().iter().any(|known| known.book == book) {
                return Err(Contradiction::BookClosed { book: book.to_owned() }.into());
            }
            self.settle(&mut held)?;
            self.append(open.closing())?;
        }
        let (book, authority) = (book.to_owned(), authority.to_owned());
        self.append(Record::BookOpened { book, authority }).map(drop)
    }

    /// Closes the open book with its totals (khóa sổ), for good. Refused while a number is held.
    pub fn close_book(&self, book: &str) -> Result<BookTotals, StoreError> {
        let mut held = self.held();
        self.settle(&mut held)?;
        let open = self.current_book().filter(|open| open.book == book);
        let open = open.ok_or(Contradiction::NoBook)?;
        self.append(open.closing())?;
        let closed = self.books().into_iter().find(|known| known.book == book);
        closed.ok_or_else(|| Contradiction::NoBook.into())
    }

    /// Whether a book is open that numbers copies certified now; why not otherwise.
    pub fn book_in_force(&self) -> Result<(), StoreError> {
        let open = self.current_book().ok_or(Contradiction::NoBook)?;
        Ok(open.check_year(self.clock.now())?)
    }

    /// Holds the open book's next number for one copy of an approved visit.
    pub fn reserve(&self, visit: &str, code: &str) -> Result<Reservation, StoreError> {
        let mut held = self.held();
        self.settle(&mut held)?;
        self.book_in_force()?;
        let reservation = self.inner().ahead.next_reservation(visit, code)?;
        self.append(Record::NumberReserved(reservation.clone()))?;
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
        self.commit_with(reservation, bytes, row, Priority::Normal)
    }

    /// [`Store::commit`] of a copy that goes up before or among others.
    pub fn commit_with(
        &self,
        reservation: &Reservation,
        bytes: &[u8],
        row: RegisterRow,
        priority: Priority,
    ) -> Result<CopySummary, StoreError> {
        let mut held = self.held();
        let sha256 = copies::digest(bytes);
        let copy = IssuedCopy {
            sequence: reservation.sequence,
            number: reservation.number,
            book: reservation.book.clone(),
            visit: reservation.visit.clone(),
            code: reservation.code.clone(),
            sha256: sha256.clone(),
            bytes: bytes.len() as u64,
            priority,
            row,
        };
        let record = Record::Issued(copy.clone());
        held.check_not_due(reservation)?;
        self.inner().ahead.check(&record)?;
        let left = held.file.replace(sha256.clone());
        if let Some(left) = left.filter(|left| *left != sha256) {
            copies::discard(&*self.disk, &left)?;
        }
        copies::keep(&*self.disk, &sha256, bytes)?;
        let issued_at = self.append(record)?;
        held.file = None;
        Ok(CopySummary::new(&copy, issued_at))
    }

    /// Gives an unused number back, with the reason, and removes what was kept of its copy. If
    /// even that cannot be written now, the store does it before the next reservation.
    pub fn release(&self, reservation: &Reservation, why: &str) -> Result<(), StoreError> {
        let mut held = self.held();
        if self.inner().ahead.reservation() != Some(reservation) {
            let sequence = reservation.sequence;
            return Err(Contradiction::NotReserved { sequence }.into());
        }
        held.release_due = Some(why.to_owned());
        self.settle(&mut held)
    }

    /// The number that is held now, if any.
    pub fn open_reservation(&self) -> Option<Reservation> {
        self.inner().durable.reservation().cloned()
    }

    /// Journals a fact that needs nothing else done: a start, a decision, a refusal, a PIN, a wipe,
    /// a log-in, a jump of the clock that someone else noticed. The store's own records are
    /// refused, for they have calls of their own.
    pub fn record(&self, record: Record) -> Result<(), StoreError> {
        match record {
            Record::Started { .. }
            | Record::OfficerDecision(_)
            | Record::Refused { .. }
            | Record::Deferred(_)
            | Record::OfficerPinFailed { .. }
            | Record::OfficerUnlocked { .. }
            | Record::OfficerLoggedIn { .. }
            | Record::ClockJumped { .. }
            | Record::ClockConfirmed { .. }
            | Record::ChipLookedAt { .. }
            | Record::Consent { .. }
            | Record::FaceLookedAt { .. }
            | Record::CabinetOpened { .. }
            | Record::CabinetCleared { .. }
            | Record::RescanAsked { .. }
            | Record::OfficerSignedIn { .. }
            | Record::OfficerSignedOut { .. }
            | Record::Corrected { .. }
            | Record::FeedbackGiven(_)
            | Record::VisitWiped { .. } => self.append(record).map(drop),
            Record::BookOpened { .. }
            | Record::BookClosed { .. }
            | Record::NumberReserved(_)
            | Record::NumberReleased { .. }
            | Record::Issued(_)
            | Record::Delivered { .. }
            | Record::UploadRejected { .. }
            | Record::UploadProgress { .. }
            | Record::Acknowledged { .. }
            | Record::Print { .. }
            | Record::ConfigChanged { .. }
            | Record::Exported { .. }
            | Record::AgedOut { .. }
            | Record::FeeTaken { .. }
            | Record::FeeDueAgain { .. }
            | Record::Scrubbed { .. } => Err(Contradiction::OwnRecord.into()),
        }
    }

    /// Journals that the screen has shown "issued" for a copy (invariant 3). Once for each copy,
    /// in the run of the program that issued it; anything else is refused.
    pub fn acknowledge(&self, sequence: u64) -> Result<(), StoreError> {
        self.append(Record::Acknowledged { sequence }).map(drop)
    }

    /// Journals the site file that is in force, if it is another than before; says whether it is.
    /// `sha256` is the file's digest in lower-case hex, `by` who put it in force.
    pub fn config_in_force(&self, sha256: &str, by: &str) -> Result<bool, StoreError> {
        let (sha256, by) = (sha256.to_owned(), by.to_owned());
        match self.append(Record::ConfigChanged { sha256, by }) {
            Ok(_) => Ok(true),
            Err(StoreError::Refused(Contradiction::ConfigInForce)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Journals how many bytes of a copy without a receipt the registry says it has, if that is
    /// more than is on record.
    pub fn upload_progress(&self, sequence: u64, sent: u64) -> Result<(), StoreError> {
        let known = self.inner().durable.pending().get(&sequence).and_then(|copy| copy.sent);
        if known.is_some_and(|(known, _)| sent <= known) {
            return Ok(());
        }
        self.append(Record::UploadProgress { sequence, sent }).map(drop)
    }

    /// Bytes that the registry has of copies without a receipt, if it got any of a copy since.
    pub fn sent_without_receipt(&self, since: time::OffsetDateTime) -> u64 {
        let inner = self.inner();
        let sent = inner.durable.pending().values().filter_map(|copy| copy.sent);
        sent.filter(|(_, at)| *at > since).map(|(bytes, _)| bytes).sum()
    }

    /// Journals that a print job of an issued copy began or ended. A job's id is taken once:
    /// journal [`PrintOutcome::Started`] before the job is given to the printer, and do not give
    /// it when that is refused.
    pub fn print(&self, sequence: u64, job: &str, outcome: PrintOutcome) -> Result<(), StoreError> {
        self.append(Record::Print { sequence, job: job.to_owned(), outcome }).map(drop)
    }

    /// Journals that issued copies are on a medium that a person carries to the registry. They are
    /// not delivered by that: only a receipt does.
    pub fn mark_exported(&self, medium: &str, sequences: &[u64]) -> Result<(), StoreError> {
        for part in sequences.chunks(EXPORT_SEQUENCES_MAX) {
            let (medium, sequences) = (medium.to_owned(), part.to_vec());
            self.append(Record::Exported { medium, sequences })?;
        }
        Ok(())
    }

    /// Copies without a receipt, oldest first, rejected ones among them.
    pub fn pending(&self) -> Result<Vec<CopySummary>, StoreError> {
        self.ask(Query::Standing(Standing::Pending))
    }

    /// Copies of one standing, oldest first.
    pub fn in_standing(&self, standing: Standing) -> Result<Vec<CopySummary>, StoreError> {
        self.ask(Query::Standing(standing))
    }

    /// Copies issued from the first time on and before the second, by the time of issue.
    pub fn issued_between(
        &self,
        from: time::OffsetDateTime,
        to: time::OffsetDateTime,
    ) -> Result<Vec<CopySummary>, StoreError> {
        self.ask(Query::Between(from, to))
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
        let read = copies::read(&*self.disk, sha256);
        if let Err(StoreError::Io { source, .. }) = &read
            && source.kind() == std::io::ErrorKind::NotFound
            && !self.inner().durable.files().any(|digest| digest == frame::digest_of(sha256))
        {
            return Err(StoreError::NotKept { sha256: sha256.to_owned() });
        }
        read
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
        self.append(Record::Delivered { sequence, sha256, receipt }).map(drop)
    }

    /// Journals that the registry refuses a copy; the copy stays.
    pub fn mark_rejected(&self, sequence: u64, reason: &str) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.append(Record::UploadRejected { sequence, reason }).map(drop)
    }

    /// All books with their totals, by name.
    pub fn books(&self) -> Vec<BookTotals> {
        self.inner().durable.books().cloned().collect()
    }

    /// The open book.
    pub fn current_book(&self) -> Option<BookTotals> {
        self.inner().durable.current_book().cloned()
    }

    /// The register's rows of a book, by number, for the monthly print. Holds requesters' names.
    pub fn register(&self, book: &str) -> Result<Vec<(u32, RegisterRow)>, StoreError> {
        let head = self.inner().head;
        catalog::register(&*self.disk, book, head.seq)
    }

    /// Where a sealed copy lies, to be handed to a person or a printer. Change nothing there.
    pub fn copy_path(&self, sha256: &str) -> PathBuf {
        self.dir.join(copies::path(sha256))
    }

    /// That the cabinet was opened and not cleared since; none while it is whole.
    pub fn cabinet_opened(&self) -> Option<CabinetOpened> {
        self.inner().durable.cabinet_opened().cloned()
    }

    /// What the journal says of the clock.
    pub fn clock_trusted(&self) -> ClockTrusted {
        self.inner().durable.clock_trusted()
    }

    /// Wrong PINs of an officer since the last right one; kept over a restart.
    pub fn pin_failures(&self, officer: &str) -> PinFailures {
        self.inner().durable.pin_failures(officer)
    }

    /// Brings the journal back after a failed write. Every writing call tries this by itself.
    pub fn reopen(&self) -> Result<(), StoreError> {
        self.journal().reopen()
    }

    // What the locks guard is right again after a panic: the journal shuts itself before it
    // writes, and a group that got lost is noticed by its place in the chain.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a release that is due.
    fn settle(&self, held: &mut Held) -> Result<(), StoreError> {
        let reservation = self.inner().ahead.reservation().cloned();
        let (Some(reservation), Some(why)) = (reservation, held.release_due.clone()) else {
            return Ok(());
        };
        // An Issued record whose fsync failed is cut off before its file goes, for the two must
        // never part the other way round; the file goes before the release is on record, so
        // that every file without a record has an open reservation to explain it.
        self.journal().reopen_if_shut()?;
        if let Some(sha256) = &held.file {
            copies::discard(&*self.disk, sha256)?;
        }
        let Reservation { sequence, number, book, .. } = reservation;
        self.append(Record::NumberReleased { sequence, number, book, why })?;
        *held = Held::default();
        Ok(())
    }

    fn ask(&self, query: Query<'_>) -> Result<Vec<CopySummary>, StoreError> {
        let head = {
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
            inner.head
        };
        catalog::ask_journal(&*self.disk, query, head.seq)
    }
}

impl Held {
    /// A copy whose release was asked for must not be issued after all.
    fn check_not_due(&self, reservation: &Reservation) -> Result<(), Contradiction> {
        if self.release_due.is_some() {
            return Err(Contradiction::NotReserved { sequence: reservation.sequence });
        }
        Ok(())
    }
}

impl Inner {
    /// The records are durable whatever becomes of the index.
    fn add_to_index<'a>(
        &mut self,
        records: impl Iterator<Item = (Position, time::OffsetDateTime, &'a Record)>,
    ) {
        let Some(index) = &self.index else { return };
        if let Err(error) = index.apply(records, self.head) {
            tracing::warn!(%error, "the index is out of use until the next start");
            self.index = None;
        }
    }

    fn rebuild_index(&mut self, disk: &dyn Disk, path: &Path) {
        // sled holds a lock on its folder until it is dropped.
        self.index = None;
        match recovery::rebuild(disk, path, self.head) {
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
