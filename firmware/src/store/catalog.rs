//! Answers about copies: from the index while it is sound, else from the journal itself.

use std::collections::BTreeMap;

use formats_files::Disk;
use time::OffsetDateTime;

use super::error::StoreError;
use super::index::{Index, IndexError, Places};
use super::journal::{self, Position};
use super::record::{Entry, IssuedCopy, Priority, Record, RegisterRow};

/// How far a copy has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It waits for a link.
    Waiting,
    /// The registry refused it; it waits for a person, and is offered again now and then.
    Rejected {
        /// When.
        at: OffsetDateTime,
        /// The registry's reason.
        reason: String,
    },
    /// The registry signed for it.
    Delivered {
        /// When the receipt was put on record here.
        at: OffsetDateTime,
        /// The signed receipt as it came.
        receipt: serde_json::Value,
    },
}

/// A copy, without the requester's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySummary {
    /// This device's sequence of the copy.
    pub sequence: u64,
    /// Its number in the book.
    pub number: u32,
    /// The book.
    pub book: String,
    /// Its verification code.
    pub code: String,
    /// SHA-256 of the sealed file, lower-case hex.
    pub sha256: String,
    /// Length of the sealed file.
    pub bytes: u64,
    /// When it was issued.
    pub issued_at: OffsetDateTime,
    /// Whether it goes up before others.
    pub priority: Priority,
    /// How far it has come.
    pub delivery: Delivery,
    /// When its file was removed, long after the receipt; none while the file is here.
    pub aged_out_at: Option<OffsetDateTime>,
}

/// Where a copy stands, to ask for all of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Without a receipt, rejected ones among them.
    Pending,
    /// Refused by the registry so far.
    Rejected,
    /// Signed for by the registry.
    Delivered,
}

impl CopySummary {
    pub(super) fn new(copy: &IssuedCopy, issued_at: OffsetDateTime) -> Self {
        Self {
            sequence: copy.sequence,
            number: copy.number,
            book: copy.book.clone(),
            code: copy.code.clone(),
            sha256: copy.sha256.clone(),
            bytes: copy.bytes,
            issued_at,
            priority: copy.priority,
            delivery: Delivery::Waiting,
            aged_out_at: None,
        }
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.record {
            Record::Delivered { receipt, .. } => {
                self.delivery = Delivery::Delivered { at: entry.at, receipt: receipt.clone() };
            }
            Record::UploadRejected { reason, .. } => {
                self.delivery = Delivery::Rejected { at: entry.at, reason: reason.clone() };
            }
            Record::AgedOut { .. } => self.aged_out_at = Some(entry.at),
            _ => {}
        }
    }
}

/// A question about copies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Query<'a> {
    All,
    Standing(Standing),
    /// From the first time on and before the second.
    Between(OffsetDateTime, OffsetDateTime),
    Code(&'a str),
    Number(&'a str, u32),
    Sequence(u64),
}

impl Query<'_> {
    fn accepts(self, copy: &CopySummary) -> bool {
        match self {
            Self::All => true,
            Self::Standing(Standing::Pending) => {
                !matches!(copy.delivery, Delivery::Delivered { .. })
            }
            Self::Standing(Standing::Rejected) => {
                matches!(copy.delivery, Delivery::Rejected { .. })
            }
            Self::Standing(Standing::Delivered) => {
                matches!(copy.delivery, Delivery::Delivered { .. })
            }
            Self::Between(from, to) => (from..to).contains(&copy.issued_at),
            Self::Code(code) => copy.code == code,
            Self::Number(book, number) => copy.book == book && copy.number == number,
            Self::Sequence(sequence) => copy.sequence == sequence,
        }
    }
}

/// Why the index gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CatalogError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the index points at another record")]
    Disagrees,
}

/// The answer by way of the index, by sequence, or by time where time was asked for. Each copy is
/// read from the journal and must be what was asked for.
pub(super) fn ask_index(
    index: &Index,
    disk: &dyn Disk,
    query: Query<'_>,
) -> Result<Vec<CopySummary>, CatalogError> {
    let sequences = match query {
        Query::All => index.all()?,
        Query::Standing(Standing::Pending) => index.pending()?,
        Query::Standing(Standing::Rejected) => index.rejected()?,
        Query::Standing(Standing::Delivered) => index.delivered()?,
        Query::Between(from, to) => index.between(from, to)?,
        Query::Code(code) => index.by_code(code)?.into_iter().collect(),
        Query::Number(book, number) => index.by_number(book, number)?.into_iter().collect(),
        Query::Sequence(sequence) => vec![sequence],
    };
    let mut answer = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        match index.places(sequence)? {
            Some(places) => answer.push(read_copy(disk, sequence, places)?),
            None if matches!(query, Query::Sequence(_)) => {}
            None => return Err(CatalogError::Disagrees),
        }
    }
    if !answer.iter().all(|copy| query.accepts(copy)) {
        return Err(CatalogError::Disagrees);
    }
    Ok(answer)
}

fn read_copy(disk: &dyn Disk, wanted: u64, places: Places) -> Result<CopySummary, CatalogError> {
    let issued = journal::read(disk, places.issued)?;
    let mut summary = match &issued.record {
        Record::Issued(copy) if copy.sequence == wanted => CopySummary::new(copy, issued.at),
        _ => return Err(CatalogError::Disagrees),
    };
    for place in [places.rejected, places.delivered, places.aged].into_iter().flatten() {
        let entry = journal::read(disk, place)?;
        match &entry.record {
            Record::Delivered { sequence, .. }
            | Record::UploadRejected { sequence, .. }
            | Record::AgedOut { sequence, .. }
                if *sequence == wanted =>
            {
                summary.take(&entry);
            }
            _ => return Err(CatalogError::Disagrees),
        }
    }
    Ok(summary)
}

/// The answer from the journal alone, up to record `last`: what is behind it may be on its way to
/// the disk and not be durable yet.
pub(super) fn ask_journal(
    disk: &dyn Disk,
    query: Query<'_>,
    last: u64,
) -> Result<Vec<CopySummary>, StoreError> {
    let mut copies = BTreeMap::new();
    journal::scan(disk, &mut |_, entry| {
        match &entry.record {
            _ if entry.seq > last => {}
            Record::Issued(copy) => {
                copies.insert(copy.sequence, CopySummary::new(copy, entry.at));
            }
            Record::Delivered { sequence, .. }
            | Record::UploadRejected { sequence, .. }
            | Record::AgedOut { sequence, .. } => {
                if let Some(copy) = copies.get_mut(sequence) {
                    copy.take(entry);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    let mut found: Vec<_> = copies.into_values().filter(|copy| query.accepts(copy)).collect();
    if matches!(query, Query::Between(..)) {
        found.sort_by_key(|copy| copy.issued_at);
    }
    Ok(found)
}

/// The register's rows of a book, by number, up to record `last`: what the law has printed, bound
/// and kept.
pub(super) fn register(
    disk: &dyn Disk,
    book: &str,
    last: u64,
) -> Result<Vec<(u32, RegisterRow)>, StoreError> {
    let mut rows = Vec::new();
    journal::scan(disk, &mut |_: Position, entry| {
        if let Record::Issued(copy) = &entry.record
            && copy.book == book
            && entry.seq <= last
        {
            rows.push((copy.number, copy.row.clone()));
        }
        Ok(())
    })?;
    Ok(rows)
}
