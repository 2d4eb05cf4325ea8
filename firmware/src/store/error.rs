//! Why the store could not do what it was asked.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::record::ClosingSums;

/// What is wrong with a place in the journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The segment's header is not one of ours or does not match its checksum.
    #[error("the segment header is unreadable")]
    Header,
    /// A frame is unreadable and it is not the torn end of the last write.
    #[error("a frame is unreadable and is not a torn last write")]
    Frame,
    /// A frame or segment does not carry the digest of the one before it.
    #[error("the hash chain is broken")]
    Chain,
    /// Sequence numbers do not rise by one.
    #[error("expected record {expected}, found {found}")]
    Sequence {
        /// The number that must follow.
        expected: u64,
        /// The number that was read.
        found: u64,
    },
    /// The checksum holds but the payload is not a record.
    #[error("the payload is not a record: {0}")]
    Payload(String),
    /// The head anchor names a record that the journal no longer has.
    #[error("record {0} was acknowledged and is gone")]
    HeadLost(u64),
    /// Records contradict each other (a number twice, a gap, an unknown copy).
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

/// Records that cannot all be true. Each is also refused before it is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// No book is open.
    #[error("no book is open")]
    NoBook,
    /// A book is open already.
    #[error("book {book} is open")]
    BookOpen {
        /// The open book.
        book: String,
    },
    /// The book was closed before.
    #[error("book {book} is closed")]
    BookClosed {
        /// The book.
        book: String,
    },
    /// The total written at closing is not the number of copies in the book.
    #[error("book {book} has {expected} numbers, its closing says {found}")]
    BookTotal {
        /// The book.
        book: String,
        /// Numbers issued.
        expected: u32,
        /// The total that was written.
        found: u32,
    },
    /// The sums written at closing are not those of the book's rows.
    #[error("book {book} has {expected:?}, its closing says {found:?}")]
    BookSums {
        /// The book.
        book: String,
        /// Copies and fees of its rows.
        expected: ClosingSums,
        /// What was written.
        found: ClosingSums,
    },
    /// A book numbers the copies of its own year only, from 01 on 1 January.
    #[error("book {book} does not number copies of {year}")]
    BookYear {
        /// The book.
        book: String,
        /// The year of the certification.
        year: i32,
    },
    /// A number is not the next one of its book.
    #[error("book {book}: the next number is {expected}, not {found}")]
    Number {
        /// The book.
        book: String,
        /// The number that must follow.
        expected: u32,
        /// The number that was read.
        found: u32,
    },
    /// A copy sequence is not the next one of this device.
    #[error("the next copy sequence is {expected}, not {found}")]
    CopySequence {
        /// The sequence that must follow.
        expected: u64,
        /// The sequence that was read.
        found: u64,
    },
    /// A number is already reserved.
    #[error("sequence {sequence} is still reserved")]
    ReservationOpen {
        /// The sequence of the open reservation.
        sequence: u64,
    },
    /// The reservation is not the open one.
    #[error("sequence {sequence} is not reserved")]
    NotReserved {
        /// The sequence asked for.
        sequence: u64,
    },
    /// No officer's approval of this visit is on record (invariant 1).
    #[error("visit {visit} has no officer's approval on record")]
    NotApproved {
        /// The visit.
        visit: String,
    },
    /// No copy waits for delivery under this sequence.
    #[error("sequence {sequence} is not a copy that waits for delivery")]
    NotPending {
        /// The sequence.
        sequence: u64,
    },
    /// No copy was issued under this sequence.
    #[error("sequence {sequence} is not an issued copy")]
    NotIssued {
        /// The sequence.
        sequence: u64,
    },
    /// The copy was acknowledged before, or in an earlier run of the program.
    #[error("sequence {sequence} does not wait to be acknowledged")]
    NotAwaited {
        /// The sequence.
        sequence: u64,
    },
    /// The copy has no receipt, or its file is gone already.
    #[error("sequence {sequence} is not a delivered copy that is kept")]
    NotKept {
        /// The sequence.
        sequence: u64,
    },
    /// More bytes were sent than the copy has.
    #[error("sequence {sequence} has {bytes} bytes, {found} were sent")]
    TooManySent {
        /// The sequence.
        sequence: u64,
        /// Bytes of the copy.
        bytes: u64,
        /// Bytes said to be sent.
        found: u64,
    },
    /// A print job starts twice, or ends without having started for this copy.
    #[error("print job {job} does not follow from what is on record")]
    PrintJob {
        /// The job's id.
        job: String,
    },
    /// An appointment that is over before it is made.
    #[error("appointment {slip} is for a time before the receipt")]
    Appointment {
        /// The slip's number.
        slip: String,
    },
    /// No fee of this height is due for the copy.
    #[error("no fee of {vnd} đồng is due for sequence {sequence}")]
    FeeNotDue {
        /// The sequence.
        sequence: u64,
        /// What was said to be taken, in đồng.
        vnd: u64,
    },
    /// No fee was taken for the copy.
    #[error("no fee was taken for sequence {sequence}")]
    FeeNotTaken {
        /// The sequence.
        sequence: u64,
    },
    /// The site file is in force already.
    #[error("the site file is in force already")]
    ConfigInForce,
    /// A record that only the store itself may write.
    #[error("this record is written by the store itself")]
    OwnRecord,
    /// A receipt speaks of other bytes than the copy has.
    #[error("sequence {sequence} has digest {expected}, the receipt says {found}")]
    Digest {
        /// The sequence.
        sequence: u64,
        /// Digest of the copy, hex.
        expected: String,
        /// Digest in the receipt, hex.
        found: String,
    },
}

/// A failed operation of the store: which, on what, and why. It can be cloned, for one failed write
/// fails all callers whose records were in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the store.
    #[error("another kiosk process holds the store {dir}")]
    Locked {
        /// The store's folder.
        dir: PathBuf,
    },
    /// The disk is full. Nothing acknowledged is lost.
    #[error("no space left to {operation} {path}")]
    NoSpace {
        /// What was being done.
        operation: &'static str,
        /// The file, relative to the store.
        path: String,
        /// The system's words.
        #[source]
        source: Arc<io::Error>,
    },
    /// Less space is free than is kept for the visits that have begun.
    #[error("{free} bytes are free, fewer than the reserve of {reserve}: no new visit begins")]
    LowSpace {
        /// Bytes that are free.
        free: u64,
        /// Bytes of the reserve, from the site file.
        reserve: u64,
    },
    /// The disk failed an operation.
    #[error("could not {operation} {path}")]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file, relative to the store.
        path: String,
        /// The system's words.
        #[source]
        source: Arc<io::Error>,
    },
    /// The journal is damaged; nothing was changed.
    #[error("journal segment {segment}, offset {offset}: {damage}")]
    Damaged {
        /// The segment's file name.
        segment: String,
        /// Offset in the segment, bytes.
        offset: u64,
        /// What is wrong there.
        #[source]
        damage: Damage,
    },
    /// A newer kiosk wrote this journal.
    #[error("journal segment {segment}, offset {offset}: format {found} is newer than {known}")]
    Newer {
        /// The segment's file name.
        segment: String,
        /// Offset in the segment, bytes.
        offset: u64,
        /// The version found.
        found: u32,
        /// The newest version this program reads.
        known: u32,
    },
    /// The journal failed before and could not be brought back to its last good record.
    #[error("the journal is shut after an earlier failure")]
    Shut {
        /// Why it cannot be reopened.
        #[source]
        source: Box<StoreError>,
    },
    /// The thread that was writing the record for this caller ended before it was done. Whether it
    /// is on record is seen after the next start.
    #[error("the journal's writer ended in the middle of its work")]
    Interrupted,
    /// The request contradicts what is on record; nothing was written.
    #[error("refused: {0}")]
    Refused(#[from] Contradiction),
    /// A record is longer than a frame may be.
    #[error("a record of {bytes} bytes is longer than {max}")]
    RecordTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A copy is longer than a copy may be.
    #[error("a copy of {bytes} bytes is longer than {max}")]
    CopyTooLong {
        /// Its length.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// A copy's bytes, read back, are not the bytes that were signed.
    #[error("copy {sha256} reads back with digest {found}")]
    CopyDamaged {
        /// The digest it must have, hex.
        sha256: String,
        /// The digest it has, hex.
        found: String,
    },
    /// The copy's file was removed after the registry's receipt, or never was here.
    #[error("copy {sha256} is not kept here")]
    NotKept {
        /// Its digest, hex.
        sha256: String,
    },
    /// No copy has this sequence.
    #[error("no copy has sequence {sequence}")]
    Unknown {
        /// The sequence.
        sequence: u64,
    },
    /// A record could not be turned into text.
    #[error("could not encode a record")]
    Encode(#[source] Arc<serde_json::Error>),
}

impl StoreError {
    /// What a technician should do now. One sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other kiosk process (systemctl status kiosk)",
            Self::NoSpace { .. } | Self::LowSpace { .. } => {
                "connect the kiosk so that copies can be delivered, or free space on the data \
                 partition; the kiosk goes on by itself"
            }
            Self::Io { .. } => "check the disk (dmesg, smartctl) and replace it if errors repeat",
            Self::Damaged { .. } => {
                "stop issuing, keep the disk as it is and send it to the maintainer; \
                 `kiosk journal verify` shows the place"
            }
            Self::Newer { .. } => "start the kiosk version that wrote this store, or a newer one",
            Self::Interrupted => "start the kiosk again and send its log to the maintainer",
            Self::Shut { .. } => "remove the cause named below; the kiosk retries, or restart it",
            Self::Refused(
                Contradiction::NoBook
                | Contradiction::BookYear { .. }
                | Contradiction::BookClosed { .. },
            ) => "open this year's book: `kiosk book open`, and name it in the site file",
            Self::Refused(_) => "start the visit again; report it if it happens twice",
            Self::RecordTooLong { .. } | Self::CopyTooLong { .. } => {
                "certify fewer pages in one copy"
            }
            Self::CopyDamaged { .. } => {
                "the disk changed a sealed copy: keep the disk, replace it, call the maintainer"
            }
            Self::NotKept { .. } => "fetch the copy from the registry by its code",
            Self::Unknown { .. } => "check the sequence with `kiosk outbox list`",
            Self::Encode(_) => "report it to the maintainer with the log",
        }
    }

    /// Names a disk failure; a full disk gets its own variant.
    pub(super) fn disk(operation: &'static str, path: &str, source: io::Error) -> Self {
        let (path, source) = (path.to_owned(), Arc::new(source));
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { operation, path, source }
            }
            _ => Self::Io { operation, path, source },
        }
    }
}
