//! Books and refusals as the journal has them, read beside a running kiosk.

use std::collections::BTreeMap;
use std::path::Path;

use formats_files::{Disk, RealDisk};
use time::OffsetDateTime;

use super::error::StoreError;
use super::journal;
use super::record::{Deferral, Entry, Record, RegisterRow, Verdict};
use super::state::{BookTotals, State};
use crate::visit::Feedback;

/// A book with its rows. Holds requesters' names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookContents {
    /// What it adds up to.
    pub totals: BookTotals,
    /// Its rows by number.
    pub rows: Vec<(u32, RegisterRow)>,
}

/// A refusal on record. It names no requester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalEntry {
    /// When it was put on record.
    pub at: OffsetDateTime,
    /// The visit.
    pub visit: String,
    /// Code of the reason.
    pub reason: String,
    /// The officer who refused; none when the machine stopped by itself.
    pub officer: Option<String>,
}

/// All books of the store in `dir`, in the order of their names.
pub fn list_books(dir: &Path) -> Result<Vec<BookTotals>, StoreError> {
    let disk = RealDisk::new(dir.to_owned());
    Ok(scan(&disk, &mut |_| {})?.books().cloned().collect())
}

/// A book of the store in `dir`; none if it has no book of this name.
pub fn read_book(dir: &Path, book: &str) -> Result<Option<BookContents>, StoreError> {
    let mut rows = Vec::new();
    let state = scan(&RealDisk::new(dir.to_owned()), &mut |entry| {
        if let Record::Issued(copy) = &entry.record
            && copy.book == book
        {
            rows.push((copy.number, copy.row.clone()));
        }
    })?;
    let totals = state.books().find(|totals| totals.book == book).cloned();
    Ok(totals.map(|totals| BookContents { totals, rows }))
}

/// All refusals of the store in `dir`, oldest first.
pub fn list_refusals(dir: &Path) -> Result<Vec<RefusalEntry>, StoreError> {
    refusals(&RealDisk::new(dir.to_owned()))
}

/// All appointments of the store in `dir`, oldest first.
pub fn list_deferrals(dir: &Path) -> Result<Vec<Deferral>, StoreError> {
    let mut found = Vec::new();
    scan(&RealDisk::new(dir.to_owned()), &mut |entry| {
        if let Record::Deferred(deferral) = &entry.record {
            found.push(deferral.clone());
        }
    })?;
    Ok(found)
}

/// What people said of the service, by the store in `dir`, oldest first.
pub fn list_feedback(dir: &Path) -> Result<Vec<(OffsetDateTime, Feedback)>, StoreError> {
    let mut found = Vec::new();
    scan(&RealDisk::new(dir.to_owned()), &mut |entry| {
        if let Record::FeedbackGiven(feedback) = &entry.record {
            found.push((entry.at, *feedback));
        }
    })?;
    Ok(found)
}

pub(super) fn refusals(disk: &dyn Disk) -> Result<Vec<RefusalEntry>, StoreError> {
    let mut found: Vec<RefusalEntry> = Vec::new();
    // An officer's refusal is two records, of which a power cut may leave the first alone.
    let mut decided = BTreeMap::new();
    scan(disk, &mut |entry| match &entry.record {
        Record::OfficerDecision(decision) => {
            let Verdict::Refused { reason } = &decision.verdict else { return };
            decided.insert(decision.visit.clone(), found.len());
            found.push(RefusalEntry {
                at: entry.at,
                visit: decision.visit.clone(),
                reason: reason.clone(),
                officer: Some(decision.officer.clone()),
            });
        }
        Record::Refused { visit, reason } if !decided.contains_key(visit) => {
            let (visit, reason) = (visit.clone(), reason.clone());
            found.push(RefusalEntry { at: entry.at, visit, reason, officer: None });
        }
        _ => {}
    })?;
    Ok(found)
}

/// Reads the journal, checks it, and shows each record.
pub(super) fn scan(disk: &dyn Disk, see: &mut dyn FnMut(&Entry)) -> Result<State, StoreError> {
    let mut state = State::default();
    journal::scan(disk, &mut |_, entry| {
        state.check(&entry.record)?;
        state.apply(entry.at, &entry.record);
        see(entry);
        Ok(())
    })?;
    Ok(state)
}
