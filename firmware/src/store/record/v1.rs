//! Version 1 of the records, frozen: what kiosks wrote until November 2026.
//!
//! These types are a copy on purpose. Today's may change; these never do, for the books that were
//! written with them are kept for ever.

use serde::Deserialize;
use time::OffsetDateTime;

use super::super::record as today;

/// The version.
pub(super) const VERSION: u32 = 1;

/// Reads a payload of this version as today's entry.
pub(super) fn read(payload: &[u8]) -> Result<today::Entry, serde_json::Error> {
    let entry: Entry = serde_json::from_slice(payload)?;
    if entry.v != VERSION {
        return Err(serde::de::Error::custom("not a record of version 1"));
    }
    let Entry { v, seq, at, prev, record } = entry;
    Ok(today::Entry { v, seq, at, prev, record: record.upgrade() })
}

#[derive(Deserialize)]
struct Entry {
    v: u32,
    seq: u64,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    prev: String,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Record {
    Started { device: String, version: String },
    BookOpened { book: String, authority: String },
    BookClosed { book: String, total: u32 },
    OfficerDecision(Decision),
    NumberReserved(Reservation),
    NumberReleased { sequence: u64, number: u32, book: String, why: String },
    Issued(IssuedCopy),
    Refused { visit: String, reason: String },
    Delivered { sequence: u64, sha256: String, receipt: serde_json::Value },
    UploadRejected { sequence: u64, reason: String },
    OfficerPinFailed { officer: String },
    OfficerUnlocked { officer: String },
    VisitWiped { visit: String },
}

#[derive(Deserialize)]
struct Decision {
    visit: String,
    officer: String,
    capacity: String,
    certificate: String,
    #[serde(flatten)]
    verdict: Verdict,
}

#[derive(Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
enum Verdict {
    Approved,
    Refused { reason: String },
}

#[derive(Deserialize)]
struct Reservation {
    sequence: u64,
    number: u32,
    book: String,
    visit: String,
    code: String,
}

#[derive(Deserialize)]
struct IssuedCopy {
    sequence: u64,
    number: u32,
    book: String,
    visit: String,
    code: String,
    sha256: String,
    bytes: u64,
    row: RegisterRow,
}

#[derive(Deserialize)]
struct RegisterRow {
    #[serde(with = "time::serde::rfc3339")]
    certified_at: OffsetDateTime,
    requester: String,
    original: String,
    officer: String,
    capacity: String,
    copies: u32,
    fee_vnd: u64,
    #[serde(default)]
    note: String,
}

impl Record {
    fn upgrade(self) -> today::Record {
        use today::Record as Today;
        match self {
            Self::Started { device, version } => Today::Started { device, version },
            Self::BookOpened { book, authority } => Today::BookOpened { book, authority },
            Self::BookClosed { book, total } => Today::BookClosed { book, total, sums: None },
            Self::OfficerDecision(decision) => Today::OfficerDecision(decision.upgrade()),
            Self::NumberReserved(r) => Today::NumberReserved(r.upgrade()),
            Self::NumberReleased { sequence, number, book, why } => {
                Today::NumberReleased { sequence, number, book, why }
            }
            Self::Issued(copy) => Today::Issued(copy.upgrade()),
            Self::Refused { visit, reason } => Today::Refused { visit, reason },
            Self::Delivered { sequence, sha256, receipt } => {
                Today::Delivered { sequence, sha256, receipt }
            }
            Self::UploadRejected { sequence, reason } => Today::UploadRejected { sequence, reason },
            Self::OfficerPinFailed { officer } => Today::OfficerPinFailed { officer },
            Self::OfficerUnlocked { officer } => Today::OfficerUnlocked { officer },
            Self::VisitWiped { visit } => Today::VisitWiped { visit },
        }
    }
}

impl Decision {
    fn upgrade(self) -> today::Decision {
        let Self { visit, officer, capacity, certificate, verdict } = self;
        let verdict = match verdict {
            Verdict::Approved => today::Verdict::Approved,
            Verdict::Refused { reason } => today::Verdict::Refused { reason },
        };
        today::Decision { visit, officer, capacity, certificate, verdict }
    }
}

impl Reservation {
    fn upgrade(self) -> today::Reservation {
        let Self { sequence, number, book, visit, code } = self;
        today::Reservation { sequence, number, book, visit, code }
    }
}

impl IssuedCopy {
    /// Version 1 knew no urgent copies.
    fn upgrade(self) -> today::IssuedCopy {
        let Self { sequence, number, book, visit, code, sha256, bytes, row } = self;
        let (priority, row) = (today::Priority::Normal, row.upgrade());
        today::IssuedCopy { sequence, number, book, visit, code, sha256, bytes, priority, row }
    }
}

impl RegisterRow {
    fn upgrade(self) -> today::RegisterRow {
        let Self { certified_at, requester, original, officer, capacity, copies, fee_vnd, note } =
            self;
        today::RegisterRow {
            certified_at,
            requester,
            original,
            officer,
            capacity,
            copies,
            fee_vnd,
            note,
        }
    }
}
