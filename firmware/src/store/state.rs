//! What the records add up to: the books, the open reservation, what waits for delivery. No I/O.
//!
//! The same rules run before a record is written and when the journal is read back, so that a
//! contradiction can neither enter the journal nor hide in it.

use std::collections::{BTreeMap, BTreeSet};

use formats_book::BookName;
use time::OffsetDateTime;

use super::error::Contradiction;
use super::frame::{self, Hash};
use super::record::{
    ClosingSums, Deferral, FeeMeans, IssuedCopy, PrintOutcome, Record, Reservation, Verdict,
};
use crate::clock::VIETNAM;

/// Wrong PINs of an officer in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PinFailures {
    /// How many since the last right one.
    pub count: u32,
    /// When the last of them was entered.
    pub last: Option<OffsetDateTime>,
}

/// That the cabinet was opened, and was not cleared since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CabinetOpened {
    /// How: `tampered`, `door`, `unwatched`.
    pub how: String,
    /// When it was first noticed.
    pub at: OffsetDateTime,
}

/// Where a book stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookTotals {
    /// The book, such as `03/2026-SCT/BS`.
    pub book: String,
    /// The body whose book it is.
    pub authority: String,
    /// When it was opened.
    pub opened_at: OffsetDateTime,
    /// The numbers 1 to this one are issued, each once.
    pub issued: u32,
    /// How many reservations came to nothing.
    pub released: u32,
    /// Copies certified under its numbers.
    pub copies: u64,
    /// Fees of its rows, in đồng.
    pub fees_vnd: u64,
    /// When it was closed; none while it is open.
    pub closed_at: Option<OffsetDateTime>,
}

impl BookTotals {
    /// Whether it was closed (khóa sổ): it takes no more numbers, and is never opened again.
    pub const fn is_closed(&self) -> bool {
        self.closed_at.is_some()
    }

    /// Whether the book numbers copies that are certified at this time.
    pub(super) fn check_year(&self, at: OffsetDateTime) -> Result<(), Contradiction> {
        check_year(&self.book, at)
    }

    /// The record that closes the book with what it adds up to.
    pub(super) fn closing(&self) -> Record {
        let sums = Some(ClosingSums { copies: self.copies, fees_vnd: self.fees_vnd });
        Record::BookClosed { book: self.book.clone(), total: self.issued, sums }
    }
}

/// How many records of the kinds that need no more than a count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Copies issued.
    pub issued: u64,
    /// Copies promised for later.
    pub deferred: u64,
    /// Copies that the screen has shown as issued.
    pub acknowledged: u64,
    /// Copies that the registry signed for.
    pub delivered: u64,
    /// Delivered copies whose file was removed.
    pub aged_out: u64,
    /// Print jobs that the printer finished.
    pub printed: u64,
    /// Copies written to media, each as often as it was.
    pub exported: u64,
    /// Times an officer's key was opened.
    pub log_ins: u64,
    /// Changes of the site file.
    pub config_changes: u64,
    /// Jumps of the clock.
    pub clock_jumps: u64,
}

/// What the journal says of the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockTrusted {
    /// The latest time on record since an officer last confirmed the clock.
    pub latest: Option<OffsetDateTime>,
    /// Whether an officer has confirmed it in this run of the program.
    pub confirmed: bool,
}

/// A copy that waits for its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) digest: Hash,
    pub(super) bytes: u64,
    /// What the registry last said it has, and when.
    pub(super) sent: Option<(u64, OffsetDateTime)>,
}

/// A delivered copy whose file is still here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) digest: Hash,
    pub(super) delivered_at: OffsetDateTime,
}

/// The fee of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeStanding {
    /// How much, in đồng.
    pub vnd: u64,
    /// How it was paid; none while it is due.
    pub taken: Option<FeeMeans>,
}

/// The sum of all records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    books: BTreeMap<String, BookTotals>,
    current: Option<String>,
    reservation: Option<Reservation>,
    last_sequence: u64,
    /// Sequences that came to nothing.
    released: BTreeSet<u64>,
    approved: BTreeSet<String>,
    /// The copies that wait for delivery, by sequence.
    pending: BTreeMap<u64, Waiting>,
    /// Delivered copies that are not aged out, by sequence.
    kept: BTreeMap<u64, Kept>,
    /// The fees of all copies that cost something, by sequence.
    fees: BTreeMap<u64, FeeStanding>,
    /// Copies of this run that the screen has not shown yet.
    unseen: BTreeSet<u64>,
    /// Print jobs by id: the copy, and whether the job runs.
    jobs: BTreeMap<String, (u64, bool)>,
    /// Wrong PINs since the last right one, and when the last of them was.
    pin_failures: BTreeMap<String, PinFailures>,
    config: Option<String>,
    last_at: Option<OffsetDateTime>,
    clock: ClockTrusted,
    cabinet: Option<CabinetOpened>,
    last_scrub: Option<OffsetDateTime>,
    sums: Sums,
}

impl State {
    /// Whether the record may follow what is on record.
    pub(super) fn check(&self, record: &Record) -> Result<(), Contradiction> {
        match record {
            Record::BookOpened { book, .. } => self.check_open_book(book),
            Record::BookClosed { book, total, sums } => self.check_close_book(book, *total, *sums),
            Record::NumberReserved(reservation) => self.check_reserve(reservation),
            Record::NumberReleased { sequence, number, book, .. } => {
                self.check_reserved(*sequence, *number, book)
            }
            Record::Issued(copy) => {
                self.check_approved(&copy.visit)?;
                check_year(&copy.book, copy.row.certified_at)?;
                self.check_reserved(copy.sequence, copy.number, &copy.book)
            }
            Record::Deferred(deferral) => self.check_defer(deferral),
            Record::Delivered { sequence, sha256, .. } => self.check_delivered(*sequence, sha256),
            Record::UploadRejected { sequence, .. } => self.waiting(*sequence).map(drop),
            Record::UploadProgress { sequence, sent } => self.check_sent(*sequence, *sent),
            Record::Acknowledged { sequence } if !self.unseen.contains(sequence) => {
                Err(Contradiction::NotAwaited { sequence: *sequence })
            }
            Record::Print { sequence, job, outcome } => self.check_print(*sequence, job, outcome),
            Record::Exported { sequences, .. } => {
                sequences.iter().try_for_each(|sequence| self.check_issued(*sequence))
            }
            Record::AgedOut { sequence, sha256, .. } => self.check_ageing(*sequence, sha256),
            Record::ConfigChanged { sha256, .. } if self.config.as_ref() == Some(sha256) => {
                Err(Contradiction::ConfigInForce)
            }
            Record::FeeTaken { sequence, vnd, .. } => self.check_fee_due(*sequence, *vnd),
            Record::FeeDueAgain { sequence, .. } => self.check_fee_taken(*sequence),
            Record::Acknowledged { .. }
            | Record::ConfigChanged { .. }
            | Record::Started { .. }
            | Record::OfficerDecision(_)
            | Record::Refused { .. }
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
            | Record::Scrubbed { .. }
            | Record::VisitWiped { .. } => Ok(()),
        }
    }

    fn check_open_book(&self, book: &str) -> Result<(), Contradiction> {
        if let Some(open) = &self.current {
            return Err(Contradiction::BookOpen { book: open.clone() });
        }
        match self.books.get(book) {
            Some(_) => Err(Contradiction::BookClosed { book: book.to_owned() }),
            None => Ok(()),
        }
    }

    fn check_close_book(
        &self,
        book: &str,
        total: u32,
        sums: Option<ClosingSums>,
    ) -> Result<(), Contradiction> {
        if let Some(open) = &self.reservation {
            return Err(Contradiction::ReservationOpen { sequence: open.sequence });
        }
        let open = self.open_book(book)?;
        let book = || book.to_owned();
        if open.issued != total {
            let expected = open.issued;
            return Err(Contradiction::BookTotal { book: book(), expected, found: total });
        }
        let expected = ClosingSums { copies: open.copies, fees_vnd: open.fees_vnd };
        match sums {
            Some(found) if found != expected => {
                Err(Contradiction::BookSums { book: book(), expected, found })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_reserve(&self, wanted: &Reservation) -> Result<(), Contradiction> {
        if let Some(open) = &self.reservation {
            return Err(Contradiction::ReservationOpen { sequence: open.sequence });
        }
        self.check_approved(&wanted.visit)?;
        let expected = self.open_book(&wanted.book)?.issued + 1;
        if wanted.number != expected {
            let book = wanted.book.clone();
            return Err(Contradiction::Number { book, expected, found: wanted.number });
        }
        let expected = self.last_sequence + 1;
        if wanted.sequence != expected {
            return Err(Contradiction::CopySequence { expected, found: wanted.sequence });
        }
        Ok(())
    }

    fn check_approved(&self, visit: &str) -> Result<(), Contradiction> {
        if self.approved.contains(visit) {
            return Ok(());
        }
        Err(Contradiction::NotApproved { visit: visit.to_owned() })
    }

    /// A visit whose copy is being made does not end without it; nothing is promised for the past.
    fn check_defer(&self, deferral: &Deferral) -> Result<(), Contradiction> {
        match &self.reservation {
            Some(open) if open.visit == deferral.visit => {
                Err(Contradiction::ReservationOpen { sequence: open.sequence })
            }
            _ if deferral.due < deferral.received => {
                Err(Contradiction::Appointment { slip: deferral.slip.clone() })
            }
            _ => Ok(()),
        }
    }

    fn check_reserved(&self, sequence: u64, number: u32, book: &str) -> Result<(), Contradiction> {
        match &self.reservation {
            Some(r) if r.sequence == sequence && r.number == number && r.book == book => Ok(()),
            _ => Err(Contradiction::NotReserved { sequence }),
        }
    }

    fn waiting(&self, sequence: u64) -> Result<&Waiting, Contradiction> {
        self.pending.get(&sequence).ok_or(Contradiction::NotPending { sequence })
    }

    fn check_delivered(&self, sequence: u64, sha256: &str) -> Result<(), Contradiction> {
        check_digest(sequence, &self.waiting(sequence)?.digest, sha256)
    }

    fn check_sent(&self, sequence: u64, found: u64) -> Result<(), Contradiction> {
        let bytes = self.waiting(sequence)?.bytes;
        if found > bytes {
            return Err(Contradiction::TooManySent { sequence, bytes, found });
        }
        Ok(())
    }

    fn check_ageing(&self, sequence: u64, sha256: &str) -> Result<(), Contradiction> {
        let kept = self.kept.get(&sequence).ok_or(Contradiction::NotKept { sequence })?;
        check_digest(sequence, &kept.digest, sha256)
    }

    /// Every sequence was reserved in its turn, so one that was not released is a copy.
    fn check_issued(&self, sequence: u64) -> Result<(), Contradiction> {
        let reserved = (1..=self.last_sequence).contains(&sequence);
        let open = self.reservation.as_ref().is_some_and(|r| r.sequence == sequence);
        if !reserved || open || self.released.contains(&sequence) {
            return Err(Contradiction::NotIssued { sequence });
        }
        Ok(())
    }

    /// A job begins once and ends once: the same id again would be the same paper twice.
    fn check_print(
        &self,
        sequence: u64,
        job: &str,
        outcome: &PrintOutcome,
    ) -> Result<(), Contradiction> {
        self.check_issued(sequence)?;
        let follows = match outcome {
            PrintOutcome::Started => !self.jobs.contains_key(job),
            PrintOutcome::Printed | PrintOutcome::Failed { .. } => {
                self.jobs.get(job) == Some(&(sequence, true))
            }
        };
        if follows { Ok(()) } else { Err(Contradiction::PrintJob { job: job.to_owned() }) }
    }

    /// A fee is taken once, and as it stands in the row.
    fn check_fee_due(&self, sequence: u64, vnd: u64) -> Result<(), Contradiction> {
        match self.fees.get(&sequence) {
            Some(fee) if fee.vnd == vnd && fee.taken.is_none() => Ok(()),
            Some(_) | None => Err(Contradiction::FeeNotDue { sequence, vnd }),
        }
    }

    fn check_fee_taken(&self, sequence: u64) -> Result<(), Contradiction> {
        match self.fees.get(&sequence) {
            Some(FeeStanding { taken: Some(_), .. }) => Ok(()),
            Some(_) | None => Err(Contradiction::FeeNotTaken { sequence }),
        }
    }

    fn open_book(&self, book: &str) -> Result<&BookTotals, Contradiction> {
        match self.books.get(book) {
            Some(totals) if !totals.is_closed() => Ok(totals),
            Some(_) => Err(Contradiction::BookClosed { book: book.to_owned() }),
            None => Err(Contradiction::NoBook),
        }
    }

    /// Adds a record that [`State::check`] let pass.
    pub(super) fn apply(&mut self, at: OffsetDateTime, record: &Record) {
        self.last_at = Some(at);
        self.clock.latest = self.clock.latest.max(Some(at));
        match record {
            Record::Started { .. } => {
                self.clock.confirmed = false;
                self.approved.clear();
                // Their screens are gone.
                self.unseen.clear();
            }
            Record::BookOpened { book, authority } => self.open(book, authority, at),
            Record::BookClosed { book, .. } => {
                if let Some(totals) = self.books.get_mut(book) {
                    totals.closed_at = Some(at);
                }
                self.current = None;
            }
            Record::OfficerDecision(decision) => match decision.verdict {
                Verdict::Approved => {
                    self.approved.insert(decision.visit.clone());
                }
                Verdict::Refused { .. } => self.end_visit(&decision.visit),
            },
            Record::NumberReserved(reservation) => {
                self.last_sequence = reservation.sequence;
                self.reservation = Some(reservation.clone());
            }
            Record::NumberReleased { sequence, book, .. } => {
                self.reservation = None;
                self.released.insert(*sequence);
                if let Some(totals) = self.books.get_mut(book) {
                    totals.released += 1;
                }
            }
            Record::Issued(copy) => self.issue(copy),
            Record::Refused { visit, .. } | Record::VisitWiped { visit } => self.end_visit(visit),
            Record::Deferred(deferral) => {
                self.sums.deferred += 1;
                self.end_visit(&deferral.visit);
            }
            Record::Delivered { sequence, .. } => {
                if let Some(Waiting { digest, .. }) = self.pending.remove(sequence) {
                    self.kept.insert(*sequence, Kept { digest, delivered_at: at });
                }
                self.sums.delivered += 1;
            }
            Record::OfficerPinFailed { officer } => {
                let failures = self.pin_failures.entry(officer.clone()).or_default();
                failures.count += 1;
                failures.last = Some(at);
            }
            Record::OfficerUnlocked { officer } => {
                self.pin_failures.remove(officer);
            }
            other => self.apply_plain(at, other),
        }
    }

    /// Records that touch neither numbers nor visits.
    fn apply_plain(&mut self, at: OffsetDateTime, record: &Record) {
        match record {
            Record::Acknowledged { sequence } => {
                self.unseen.remove(sequence);
                self.sums.acknowledged += 1;
            }
            Record::UploadProgress { sequence, sent } => {
                if let Some(waiting) = self.pending.get_mut(sequence) {
                    waiting.sent = Some((*sent, at));
                }
            }
            Record::Print { sequence, job, outcome } => {
                self.jobs.insert(job.clone(), (*sequence, *outcome == PrintOutcome::Started));
                self.sums.printed += u64::from(*outcome == PrintOutcome::Printed);
            }
            Record::ConfigChanged { sha256, .. } => {
                self.config = Some(sha256.clone());
                self.sums.config_changes += 1;
            }
            Record::OfficerLoggedIn { .. } => self.sums.log_ins += 1,
            Record::ClockJumped { .. } => self.sums.clock_jumps += 1,
            Record::ClockConfirmed { .. } => {
                self.clock = ClockTrusted { latest: Some(at), confirmed: true };
            }
            Record::Exported { sequences, .. } => self.sums.exported += sequences.len() as u64,
            Record::AgedOut { sequence, .. } => {
                self.kept.remove(sequence);
                self.sums.aged_out += 1;
            }
            Record::CabinetOpened { how } => {
                self.cabinet.get_or_insert(CabinetOpened { how: how.clone(), at });
            }
            Record::CabinetCleared { .. } => self.cabinet = None,
            Record::FeeTaken { sequence, means, .. } => self.set_fee(*sequence, Some(*means)),
            Record::FeeDueAgain { sequence, .. } => self.set_fee(*sequence, None),
            Record::Scrubbed { .. } => self.last_scrub = Some(at),
            _ => {}
        }
    }

    fn open(&mut self, book: &str, authority: &str, at: OffsetDateTime) {
        let totals = BookTotals {
            book: book.to_owned(),
            authority: authority.to_owned(),
            opened_at: at,
            issued: 0,
            released: 0,
            copies: 0,
            fees_vnd: 0,
            closed_at: None,
        };
        self.books.insert(book.to_owned(), totals);
        self.current = Some(book.to_owned());
    }

    fn issue(&mut self, copy: &IssuedCopy) {
        self.reservation = None;
        self.end_visit(&copy.visit);
        let digest = frame::digest_of(&copy.sha256);
        let waiting = Waiting { digest, bytes: copy.bytes, sent: None };
        self.pending.insert(copy.sequence, waiting);
        self.unseen.insert(copy.sequence);
        if copy.row.fee_vnd > 0 {
            let fee = FeeStanding { vnd: copy.row.fee_vnd, taken: None };
            self.fees.insert(copy.sequence, fee);
        }
        self.sums.issued += 1;
        if let Some(totals) = self.books.get_mut(&copy.book) {
            totals.issued = copy.number;
            // A row of a thousand years' fees is a contradiction elsewhere, not a panic here.
            totals.copies = totals.copies.saturating_add(copy.row.copies.into());
            totals.fees_vnd = totals.fees_vnd.saturating_add(copy.row.fee_vnd);
        }
    }

    fn set_fee(&mut self, sequence: u64, taken: Option<FeeMeans>) {
        if let Some(fee) = self.fees.get_mut(&sequence) {
            fee.taken = taken;
        }
    }

    /// One approval makes at most one copy, and none after its visit.
    fn end_visit(&mut self, visit: &str) {
        self.approved.remove(visit);
    }

    /// The reservation that the open book would give next.
    pub(super) fn next_reservation(
        &self,
        visit: &str,
        code: &str,
    ) -> Result<Reservation, Contradiction> {
        let book = self.current.clone().ok_or(Contradiction::NoBook)?;
        Ok(Reservation {
            sequence: self.last_sequence + 1,
            number: self.open_book(&book)?.issued + 1,
            book,
            visit: visit.to_owned(),
            code: code.to_owned(),
        })
    }

    pub(super) const fn reservation(&self) -> Option<&Reservation> {
        self.reservation.as_ref()
    }

    pub(super) fn current_book(&self) -> Option<&BookTotals> {
        self.books.get(self.current.as_ref()?)
    }

    pub(super) fn books(&self) -> impl Iterator<Item = &BookTotals> {
        self.books.values()
    }

    pub(super) const fn pending(&self) -> &BTreeMap<u64, Waiting> {
        &self.pending
    }

    pub(super) const fn kept(&self) -> &BTreeMap<u64, Kept> {
        &self.kept
    }

    pub(super) const fn fees(&self) -> &BTreeMap<u64, FeeStanding> {
        &self.fees
    }

    /// Digests of all copies whose file must be here.
    pub(super) fn files(&self) -> impl Iterator<Item = Hash> {
        self.pending.values().map(|w| w.digest).chain(self.kept.values().map(|k| k.digest))
    }

    pub(super) fn pin_failures(&self, officer: &str) -> PinFailures {
        self.pin_failures.get(officer).copied().unwrap_or_default()
    }

    /// Numbers reserved so far: each is issued, released, or the open reservation.
    pub(super) const fn reserved(&self) -> u64 {
        self.last_sequence
    }

    pub(super) const fn sums(&self) -> &Sums {
        &self.sums
    }

    pub(super) const fn cabinet_opened(&self) -> Option<&CabinetOpened> {
        self.cabinet.as_ref()
    }

    pub(super) const fn clock_trusted(&self) -> ClockTrusted {
        self.clock
    }

    /// When the last record was written.
    pub(super) const fn last_at(&self) -> Option<OffsetDateTime> {
        self.last_at
    }

    /// When journal and copies were last read again.
    pub(super) const fn last_scrub(&self) -> Option<OffsetDateTime> {
        self.last_scrub
    }
}

/// A book whose name tells a year numbers the copies of that year, by Vietnam's calendar.
fn check_year(book: &str, at: OffsetDateTime) -> Result<(), Contradiction> {
    let year = at.to_offset(VIETNAM).year();
    match book.parse::<BookName>() {
        Ok(name) if name.year != year => {
            Err(Contradiction::BookYear { book: book.to_owned(), year })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn check_digest(sequence: u64, expected: &Hash, sha256: &str) -> Result<(), Contradiction> {
    if frame::digest_of(sha256) == *expected {
        return Ok(());
    }
    let (expected, found) = (hex::encode(expected), sha256.to_owned());
    Err(Contradiction::Digest { sequence, expected, found })
}
