//! What the journal records, and the shape of each record's JSON.
//!
//! The names here are the journal's format, version [`VERSION`]: a record is read for as long as
//! the book is kept, which is for ever. A change of meaning or name is a new version: today's types
//! are frozen in a module of their own, as `v1` is, with one function to the new ones, and old
//! bytes stay as they are. A field with a default, or a kind, may be added without one: old bytes
//! still mean what they did, and a program that does not know a kind opens no journal with it.
//!
//! Version 2 tags a record from outside (`"fact":{"issued":{…}}`), which is read three times as
//! fast as version 1's tag among the fields.

mod v1;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::visit::Feedback;

/// Version of the records that this program writes.
pub(super) const VERSION: u32 = 2;

/// How a payload of [`VERSION`] begins.
const START: &[u8] = b"{\"v\":2,";

/// Why a payload gives no entry.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// A newer program wrote it, in this version.
    Newer(u32),
    /// It is not a record.
    NoRecord(serde_json::Error),
}

/// Reads one payload of any version so far.
pub(super) fn read(payload: &[u8]) -> Result<Entry, Unreadable> {
    /// What every version's payload begins with.
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    if payload.starts_with(START) {
        return serde_json::from_slice(payload).map_err(Unreadable::NoRecord);
    }
    match serde_json::from_slice(payload).map_err(Unreadable::NoRecord)? {
        Version { v: v1::VERSION } => v1::read(payload).map_err(Unreadable::NoRecord),
        Version { v } if v > VERSION => Err(Unreadable::Newer(v)),
        Version { .. } => {
            Err(Unreadable::NoRecord(serde::de::Error::custom("no version of records")))
        }
    }
}

/// More than a line holds besides its fact.
const ENVELOPE_BYTES_MAX: usize = 192;

/// The most bytes that [`line`] makes of a fact.
pub(super) const fn line_bytes_max(fact: &str) -> usize {
    ENVELOPE_BYTES_MAX + fact.len()
}

/// An [`Entry`] of [`VERSION`] as JSON, around a record that is JSON already; `prev` is the SHA-256
/// of the line before.
pub(super) fn line(
    seq: u64,
    at: OffsetDateTime,
    prev: &[u8; 32],
    fact: &str,
) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Envelope {
        v: u32,
        seq: u64,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        prev: String,
    }
    let mut line = Vec::with_capacity(line_bytes_max(fact));
    let envelope = Envelope { v: VERSION, seq, at, prev: hex::encode(prev) };
    serde_json::to_writer(&mut line, &envelope)?;
    line.pop();
    line.extend_from_slice(b",\"fact\":");
    line.extend_from_slice(fact.as_bytes());
    line.push(b'}');
    Ok(line)
}

/// One line of the certification register (sổ chứng thực), columns of Decree 23/2015 art. 13;
/// column 1, the number, is in the record that holds the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterRow {
    /// Column 2: when it was certified.
    #[serde(with = "time::serde::rfc3339")]
    pub certified_at: OffsetDateTime,
    /// Column 3: full name of the requester. Personal data: the law keeps it in the register,
    /// and it is nowhere else.
    pub requester: String,
    /// Column 4: name of the original.
    pub original: String,
    /// Column 5: full name of the officer who signed.
    pub officer: String,
    /// Column 5: the officer's capacity, such as `PHÓ CHỦ TỊCH`.
    pub capacity: String,
    /// Column 6: how many copies were certified under this number.
    pub copies: u32,
    /// Column 7: the fee in đồng.
    pub fee_vnd: u64,
    /// Column 8: notes.
    #[serde(default)]
    pub note: String,
}

/// A number of the open book, held for one copy until it is issued or released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Counts this device's reservations from 1; never used twice.
    pub sequence: u64,
    /// The number in the book, from 1.
    pub number: u32,
    /// The book, such as `03/2026-SCT/BS`.
    pub book: String,
    /// The visit it is for.
    pub visit: String,
    /// The copy's verification code.
    pub code: String,
}

/// Which of the waiting copies goes up first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before all others: someone waits for it elsewhere.
    Urgent,
    /// In its turn.
    #[default]
    Normal,
}

/// A copy that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCopy {
    /// This device's sequence of the copy.
    pub sequence: u64,
    /// Its number in the book.
    pub number: u32,
    /// The book.
    pub book: String,
    /// The visit it came from.
    pub visit: String,
    /// Its verification code.
    pub code: String,
    /// SHA-256 of the sealed file, lower-case hex; also the file's name.
    pub sha256: String,
    /// Length of the sealed file.
    pub bytes: u64,
    /// Whether it goes up before others.
    #[serde(default)]
    pub priority: Priority,
    /// The register's row.
    pub row: RegisterRow,
}

/// What an officer decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The copy may be certified.
    Approved,
    /// It may not; the reason's code (R1…R6 of Decree 23/2015 art. 22, or the kiosk's own).
    Refused {
        /// Reason code.
        reason: String,
    },
}

/// An officer's decision on one visit (invariant 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The visit decided on.
    pub visit: String,
    /// The officer's full name.
    pub officer: String,
    /// The officer's capacity.
    pub capacity: String,
    /// SHA-256 of the officer's certificate (DER), lower-case hex.
    pub certificate: String,
    /// The decision.
    pub verdict: Verdict,
}

/// A copy that was promised for later, with an appointment slip. It names no requester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// The visit that ended with it.
    pub visit: String,
    /// The slip's number.
    pub slip: String,
    /// Code of the reason.
    pub reason: String,
    /// Full name of who received the paper, as chosen at the officers' desk without a PIN.
    pub officer: String,
    /// When paper and request were complete.
    #[serde(with = "time::serde::rfc3339")]
    pub received: OffsetDateTime,
    /// When the copy was promised for.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
}

/// What an officer set for a copy, told apart from what a machine read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetByOfficer {
    /// The kind of paper.
    Kind {
        /// Id of the document table that the reader told.
        read: String,
        /// Id that the officer set.
        set: String,
    },
    /// The name of the original; the row has it.
    Title,
    /// The requester's name: it is otherwise than on the card, or there was no card. The row has
    /// it, and it is nowhere else.
    Requester,
}

/// Why an officer's sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOut {
    /// The officer said so.
    Asked,
    /// Its time was over.
    Expired,
    /// As many copies were signed in it as the site file allows.
    UsedUp,
    /// The officer's token was taken out.
    Token,
    /// Wrong PINs locked the officer.
    Locked,
    /// More pages signed in than the kiosk keeps.
    Replaced,
}

/// What became of a print job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintOutcome {
    /// It was given to the printer.
    Started,
    /// The printer said that it is done.
    Printed,
    /// It came to nothing, or nobody knows: paper may have come out.
    Failed {
        /// The printer's words.
        reason: String,
    },
}

/// How a fee was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeMeans {
    /// To the authority's account.
    Transfer,
    /// In notes.
    Cash,
    /// By card, at a terminal of the bank.
    Card,
}

/// What the rows of a closed book add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingSums {
    /// Copies certified under its numbers.
    pub copies: u64,
    /// Fees in đồng.
    pub fees_vnd: u64,
}

/// Why a delivered copy's file was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeingReason {
    /// It was kept for as long as the site file says.
    Kept,
    /// Less space was free than the reserve.
    Space,
}

/// One fact of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The kiosk program started.
    Started {
        /// Device name.
        device: String,
        /// Version of the program.
        version: String,
    },
    /// A book was opened; numbers come from it from now on, starting at 1.
    BookOpened {
        /// The book.
        book: String,
        /// The body whose book it is.
        authority: String,
    },
    /// The book was closed (khóa sổ) with its total.
    BookClosed {
        /// The book.
        book: String,
        /// How many numbers it has.
        total: u32,
        /// What its rows add up to; books closed by programs before 23 November 2026 lack it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sums: Option<ClosingSums>,
    },
    /// An officer decided on a visit.
    OfficerDecision(Decision),
    /// A number is held for a copy.
    NumberReserved(Reservation),
    /// The number was not used; the next copy gets it.
    NumberReleased {
        /// The reservation's sequence.
        sequence: u64,
        /// The number given back.
        number: u32,
        /// Its book.
        book: String,
        /// Why no copy came of it.
        why: String,
    },
    /// The copy exists: number, row and digest became durable together.
    Issued(IssuedCopy),
    /// A visit ended without a copy.
    Refused {
        /// The visit.
        visit: String,
        /// Reason code.
        reason: String,
    },
    /// A visit ended with an appointment; the pages are wiped, and no copy comes of this visit.
    Deferred(Deferral),
    /// The registry signed for the copy's digest.
    Delivered {
        /// The copy's sequence.
        sequence: u64,
        /// The digest signed for, lower-case hex.
        sha256: String,
        /// The signed receipt as it came.
        receipt: serde_json::Value,
    },
    /// The registry will not take the copy as it is; it stays here.
    UploadRejected {
        /// The copy's sequence.
        sequence: u64,
        /// The registry's reason.
        reason: String,
    },
    /// An officer's PIN was wrong.
    OfficerPinFailed {
        /// The officer's id in the site file.
        officer: String,
    },
    /// An officer's PIN was right, or an administrator lifted the lock-out.
    OfficerUnlocked {
        /// The officer's id in the site file.
        officer: String,
    },
    /// Page images and identity data of a visit were wiped (invariant 6).
    VisitWiped {
        /// The visit.
        visit: String,
    },
    /// The screen has shown "issued" for the copy (invariant 3).
    Acknowledged {
        /// The copy's sequence.
        sequence: u64,
    },
    /// How far an upload had come when it was broken off.
    UploadProgress {
        /// The copy's sequence.
        sequence: u64,
        /// Bytes that the registry says it has.
        sent: u64,
    },
    /// A print job of the copy began or ended.
    Print {
        /// The copy's sequence.
        sequence: u64,
        /// The job's id, never used twice.
        job: String,
        /// What became of it.
        outcome: PrintOutcome,
    },
    /// Another site file than before is in force.
    ConfigChanged {
        /// SHA-256 of the file, lower-case hex.
        sha256: String,
        /// Who put it in force.
        by: String,
    },
    /// An officer's PIN opened the officer's key.
    OfficerLoggedIn {
        /// The officer's id in the site file.
        officer: String,
        /// SHA-256 of the officer's certificate (DER), lower-case hex.
        certificate: String,
    },
    /// The clock went another way than time does; this record's own time is what it says now.
    ClockJumped {
        /// What it said before.
        #[serde(with = "time::serde::rfc3339")]
        from: OffsetDateTime,
    },
    /// An officer looked at a clock that was in doubt and found it right: this record's own time
    /// counts from now on.
    ClockConfirmed {
        /// The officer's id in the site file.
        officer: String,
        /// The latest time on record until then.
        #[serde(with = "time::serde::rfc3339::option")]
        latest: Option<OffsetDateTime>,
    },
    /// Copies were written to a medium that a person carries to the registry.
    Exported {
        /// The medium's name.
        medium: String,
        /// The copies' sequences.
        sequences: Vec<u64>,
    },
    /// A delivered copy's file is removed after this; the registry has it.
    AgedOut {
        /// The copy's sequence.
        sequence: u64,
        /// Its digest, lower-case hex.
        sha256: String,
        /// Why it goes.
        why: AgeingReason,
    },
    /// The chip of a requester's card was looked at. It names no person.
    ChipLookedAt {
        /// The visit.
        visit: String,
        /// Code of what came of it.
        outcome: String,
    },
    /// A person was asked for consent. It names no person.
    Consent {
        /// The visit.
        visit: String,
        /// To what: `face`, the comparison of faces.
        purpose: String,
        /// What the person said.
        given: bool,
    },
    /// A person's face was compared with the portrait of the card. It describes no person.
    FaceLookedAt {
        /// The visit.
        visit: String,
        /// Code of what came of it.
        outcome: String,
        /// How alike the faces are, in thousandths; none where nothing was compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        score: Option<u16>,
        /// From which score on they are alike enough.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        threshold: Option<u16>,
        /// How clearly the person is living, in thousandths.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        liveness: Option<u16>,
        /// What speaks against a living person, by its ids.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<String>,
        /// The embedding's name and version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// The cabinet was opened, or nobody could tell whether it was: nothing is signed until it is
    /// cleared.
    CabinetOpened {
        /// How: `tampered`, `door`, `unwatched`.
        how: String,
    },
    /// A technician looked at the cabinet and found it whole: keys may be used again.
    CabinetCleared {
        /// Who, in the words of the command.
        by: String,
    },
    /// An officer signed in at a page.
    OfficerSignedIn {
        /// The officer's id in the site file.
        officer: String,
        /// Minutes after which it ends.
        minutes: u32,
        /// Copies that may be signed without another PIN; 0 where each needs its own.
        signatures: u32,
    },
    /// An officer's sign-in ended; the end of the program ends it too, without this record.
    OfficerSignedOut {
        /// The officer's id in the site file.
        officer: String,
        /// Why.
        why: SignOut,
        /// Copies that were signed in it without another PIN.
        signed: u32,
    },
    /// The officer set for the visit's copy what no machine had read like that.
    Corrected {
        /// The visit.
        visit: String,
        /// Full name of the officer.
        officer: String,
        /// What was set.
        set: Vec<SetByOfficer>,
    },
    /// An officer asked for pages of the original to be scanned again.
    RescanAsked {
        /// The visit.
        visit: String,
        /// Full name of who asked.
        officer: String,
        /// Code of the reason.
        reason: String,
        /// The pages, numbered in the order of scanning.
        pages: Vec<u32>,
    },
    /// The fee of a copy was taken, by the word of an officer.
    FeeTaken {
        /// The copy's sequence.
        sequence: u64,
        /// How much, in đồng: the fee of its row.
        vnd: u64,
        /// How.
        means: FeeMeans,
        /// The bank's own number of the payment, where the officer entered it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The officer's id in the site file.
        officer: String,
    },
    /// That the fee was taken was on record by mistake: it is due again.
    FeeDueAgain {
        /// The copy's sequence.
        sequence: u64,
        /// The officer's id in the site file.
        officer: String,
    },
    /// A person said how the service was. It names neither person nor visit.
    FeedbackGiven(Feedback),
    /// Journal and copies were read again.
    Scrubbed {
        /// Copies that are missing, unreadable or changed.
        damaged: u64,
        /// Files that no record explains.
        unexplained: u64,
    },
}

/// A record with its place in the chain: one line of a frame's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Format version that the record was written in.
    pub v: u32,
    /// Rises by one from 1.
    pub seq: u64,
    /// When it was written, Vietnam time.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// SHA-256 of the payload before, lower-case hex; zeros for the first.
    pub prev: String,
    /// The fact.
    #[serde(rename = "fact")]
    pub record: Record,
}
