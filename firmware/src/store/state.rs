//! What the records add up to: the books, the open reservation, what waits for delivery. No I/O.
//!
//! The same rules run before a record is written and when the journal is read back, so that a
//! contradiction can neither enter the journal nor hide in it.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::error::Contradiction;
use super::record::{Record, Reservation, Verdict};

/// Wrong PINs of an officer in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PinFailures {
    /// How many since the last right one.
    pub count: u32,
    /// When the last of them was entered.
    pub last: Option<OffsetDateTime>,
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
    /// Whether it was closed.
    pub closed: bool,
}

/// The sum of all records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    books: BTreeMap<String, BookTotals>,
    current: Option<String>,
    reservation: Option<Reservation>,
    last_sequence: u64,
    approved: BTreeSet<String>,
    /// Digests of the copies that wait for delivery, by sequence.
    pending: BTreeMap<u64, String>,
    /// Wrong PINs since the last right one, and when the last of them was.
    pin_failures: BTreeMap<String, PinFailures>,
    issued: u64,
    delivered: u64,
}

impl State {
    /// Whether the record may follow what is on record.
    pub(super) fn check(&self, record: &Record) -> Result<(), Contradiction> {
        match record {
            Record::BookOpened { book, .. } => self.check_open_book(book),
            Record::BookClosed { book, total } => self.check_close_book(book, *total),
            Record::NumberReserved(reservation) => self.check_reserve(reservation),
            Record::NumberReleased { sequence, number, book, .. } => {
                self.check_reserved(*sequence, *number, book)
            }
            Record::Issued(copy) => {
                self.check_approved(&copy.visit)?;
                self.check_reserved(copy.sequence, copy.number, &copy.book)
            }
            Record::Delivered { sequence, sha256, .. } => self.check_delivered(*sequence, sha256),
            Record::UploadRejected { sequence, .. } if !self.pending.contains_key(sequence) => {
                Err(Contradiction::NotPending { sequence: *sequence })
            }
            Record::UploadRejected { .. }
            | Record::Started { .. }
            | Record::OfficerDecision(_)
            | Record::Refused { .. }
            | Record::OfficerPinFailed { .. }
            | Record::OfficerUnlocked { .. }
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

    fn check_close_book(&self, book: &str, total: u32) -> Result<(), Contradiction> {
        if let Some(open) = &self.reservation {
            return Err(Contradiction::ReservationOpen { sequence: open.sequence });
        }
        let expected = self.open_book(book)?.issued;
        if expected != total {
            let book = book.to_owned();
            return Err(Contradiction::BookTotal { book, expected, found: total });
        }
        Ok(())
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

    fn check_reserved(&self, sequence: u64, number: u32, book: &str) -> Result<(), Contradiction> {
        match &self.reservation {
            Some(r) if r.sequence == sequence && r.number == number && r.book == book => Ok(()),
            _ => Err(Contradiction::NotReserved { sequence }),
        }
    }

    fn check_delivered(&self, sequence: u64, sha256: &str) -> Result<(), Contradiction> {
        match self.pending.get(&sequence) {
            None => Err(Contradiction::NotPending { sequence }),
            Some(expected) if expected != sha256 => Err(Contradiction::Digest {
                sequence,
                expected: expected.clone(),
                found: sha256.to_owned(),
            }),
            Some(_) => Ok(()),
        }
    }

    fn open_book(&self, book: &str) -> Result<&BookTotals, Contradiction> {
        match self.books.get(book) {
            Some(totals) if !totals.closed => Ok(totals),
            Some(_) => Err(Contradiction::BookClosed { book: book.to_owned() }),
            None => Err(Contradiction::NoBook),
        }
    }

    /// Adds a record that [`State::check`] let pass.
    pub(super) fn apply(&mut self, at: OffsetDateTime, record: &Record) {
        match record {
            Record::Started { .. } => self.approved.clear(),
            Record::BookOpened { book, authority } => {
                let totals = BookTotals {
                    book: book.clone(),
                    authority: authority.clone(),
                    opened_at: at,
                    issued: 0,
                    released: 0,
                    closed: false,
                };
                self.books.insert(book.clone(), totals);
                self.current = Some(book.clone());
            }
            Record::BookClosed { book, .. } => {
                if let Some(totals) = self.books.get_mut(book) {
                    totals.closed = true;
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
            Record::NumberReleased { book, .. } => {
                self.reservation = None;
                if let Some(totals) = self.books.get_mut(book) {
                    totals.released += 1;
                }
            }
            Record::Issued(copy) => {
                self.reservation = None;
                self.end_visit(&copy.visit);
                self.pending.insert(copy.sequence, copy.sha256.clone());
                self.issued += 1;
                if let Some(totals) = self.books.get_mut(&copy.book) {
                    totals.issued = copy.number;
                }
            }
            Record::Refused { visit, .. } | Record::VisitWiped { visit } => self.end_visit(visit),
            Record::Delivered { sequence, .. } => {
                self.pending.remove(sequence);
                self.delivered += 1;
            }
            Record::UploadRejected { .. } => {}
            Record::OfficerPinFailed { officer } => {
                let failures = self.pin_failures.entry(officer.clone()).or_default();
                failures.count += 1;
                failures.last = Some(at);
            }
            Record::OfficerUnlocked { officer } => {
                self.pin_failures.remove(officer);
            }
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

    pub(super) const fn pending(&self) -> &BTreeMap<u64, String> {
        &self.pending
    }

    pub(super) fn pin_failures(&self, officer: &str) -> PinFailures {
        self.pin_failures.get(officer).copied().unwrap_or_default()
    }

    /// Numbers reserved so far: each is issued, released, or the open reservation.
    pub(super) const fn reserved(&self) -> u64 {
        self.last_sequence
    }

    pub(super) const fn issued(&self) -> u64 {
        self.issued
    }

    pub(super) const fn delivered(&self) -> u64 {
        self.delivered
    }
}
