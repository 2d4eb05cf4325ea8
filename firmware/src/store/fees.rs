//! Whether the fees of the copies were paid: what an officer said, and what the day adds up to.
//!
//! The fee itself is in the register's row and never changes; here is only who took it, and how.

use std::collections::BTreeMap;
use std::path::Path;

use formats_files::{Disk, RealDisk};
use time::OffsetDateTime;

use super::catalog::CopySummary;
use super::error::{Contradiction, StoreError};
use super::record::{FeeMeans, Record};
use super::state::FeeStanding;
use super::{Store, books};

/// The fee of a copy, as the journal tells it. It names no requester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeEntry {
    /// When the copy was issued.
    pub issued_at: OffsetDateTime,
    /// Its number in the book.
    pub number: u32,
    /// The book.
    pub book: String,
    /// How much, in đồng.
    pub vnd: u64,
    /// How it was paid; none while it is due.
    pub taken: Option<FeeTaken>,
}

/// How a fee was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeTaken {
    /// When that was put on record.
    pub at: OffsetDateTime,
    /// How.
    pub means: FeeMeans,
    /// The bank's own number of the payment, where it was entered.
    pub reference: Option<String>,
    /// The officer's id in the site file.
    pub officer: String,
}

impl Store {
    /// The fee of a copy; none for a copy that is free, or that there is not.
    pub fn fee(&self, sequence: u64) -> Option<FeeStanding> {
        self.inner().durable.fees().get(&sequence).copied()
    }

    /// Journals that an officer took the fee of a copy. Refused when none is due.
    pub fn take_fee(
        &self,
        sequence: u64,
        means: FeeMeans,
        reference: Option<&str>,
        officer: &str,
    ) -> Result<(), StoreError> {
        let vnd = self.fee(sequence).map_or(0, |fee| fee.vnd);
        if vnd == 0 {
            return Err(Contradiction::FeeNotDue { sequence, vnd }.into());
        }
        let (reference, officer) = (reference.map(str::to_owned), officer.to_owned());
        self.append(Record::FeeTaken { sequence, vnd, means, reference, officer }).map(drop)
    }

    /// Journals that the fee of a copy is due after all. Refused when none was taken.
    pub fn fee_due_again(&self, sequence: u64, officer: &str) -> Result<(), StoreError> {
        self.append(Record::FeeDueAgain { sequence, officer: officer.to_owned() }).map(drop)
    }

    /// The copies that cost something, issued from the first time on and before the second, with
    /// their fees.
    pub fn fees_between(
        &self,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<Vec<(CopySummary, FeeStanding)>, StoreError> {
        let copies = self.issued_between(from, to)?;
        let inner = self.inner();
        let fees = inner.durable.fees();
        let with_fee = |copy: CopySummary| Some((fees.get(&copy.sequence).copied()?, copy));
        Ok(copies.into_iter().filter_map(with_fee).map(|(fee, copy)| (copy, fee)).collect())
    }

    /// How many fees are due, of all days.
    pub fn fees_due(&self) -> usize {
        self.inner().durable.fees().values().filter(|fee| fee.taken.is_none()).count()
    }
}

/// The fees of all copies of the store in `dir` that cost something, oldest first; read beside a
/// running kiosk.
pub fn list_fees(dir: &Path) -> Result<Vec<FeeEntry>, StoreError> {
    fees(&RealDisk::new(dir.to_owned()))
}

pub(super) fn fees(disk: &dyn Disk) -> Result<Vec<FeeEntry>, StoreError> {
    let mut found = BTreeMap::new();
    books::scan(disk, &mut |entry| match &entry.record {
        Record::Issued(copy) if copy.row.fee_vnd > 0 => {
            let fee = FeeEntry {
                issued_at: entry.at,
                number: copy.number,
                book: copy.book.clone(),
                vnd: copy.row.fee_vnd,
                taken: None,
            };
            found.insert(copy.sequence, fee);
        }
        Record::FeeTaken { sequence, means, reference, officer, .. } => {
            if let Some(fee) = found.get_mut(sequence) {
                let (reference, officer) = (reference.clone(), officer.clone());
                fee.taken = Some(FeeTaken { at: entry.at, means: *means, reference, officer });
            }
        }
        Record::FeeDueAgain { sequence, .. } => {
            if let Some(fee) = found.get_mut(sequence) {
                fee.taken = None;
            }
        }
        _ => {}
    })?;
    Ok(found.into_values().collect())
}
