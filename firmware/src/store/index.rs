//! The sled index over the journal: where each copy's records are, by sequence, code, number,
//! state and time.
//!
//! It is never the truth. sled 0.34's flush returns before the data is on the disk, and damage can
//! go unnoticed, so the index names the journal's head that it reflects, holds only positions
//! in the journal, and is deleted and rebuilt whenever it disagrees.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use time::OffsetDateTime;

use super::frame::Head;
use super::journal::Position;
use super::record::{Entry, Record};
use super::state::State;

/// Layout of the trees; another number means rebuild.
const FORMAT: &[u8] = b"2";

/// Memory that sled may use for its page cache.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// An index operation failed, or the index is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum IndexError {
    #[error("index database")]
    Sled(#[from] sled::Error),
    #[error("the index database panicked on its files")]
    Panicked,
    #[error("could not remove the index folder")]
    Remove(#[source] std::io::Error),
}

/// What is known of a copy: where its records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) issued: Position,
    pub(super) delivered: Option<Position>,
    pub(super) rejected: Option<Position>,
    pub(super) aged: Option<Position>,
}

/// The index's trees. Keys are big endian, so that they sort by sequence.
pub(super) struct Index {
    db: sled::Db,
    issued: sled::Tree,
    delivered: sled::Tree,
    rejected: sled::Tree,
    aged: sled::Tree,
    pending: sled::Tree,
    by_time: sled::Tree,
    by_code: sled::Tree,
    by_number: sled::Tree,
}

impl Index {
    /// Opens the index if it is sound and reflects exactly this journal; None if it must be
    /// rebuilt.
    pub(super) fn open(path: &Path, head: Head, state: &State) -> Option<Self> {
        let opened = guarded(|| {
            let index = Self::open_trees(path)?;
            Ok(index.agrees(head, state)?.then_some(index))
        });
        opened.ok().flatten()
    }

    /// Deletes what is there and starts an empty index.
    pub(super) fn create(path: &Path) -> Result<Self, IndexError> {
        match std::fs::remove_dir_all(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(IndexError::Remove(e));
            }
            _ => {}
        }
        guarded(|| {
            let index = Self::open_trees(path)?;
            index.db.insert("format", FORMAT)?;
            Ok(index)
        })
    }

    fn open_trees(path: &Path) -> sled::Result<Self> {
        let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES);
        let db = config.flush_every_ms(Some(1000)).open()?;
        Ok(Self {
            issued: db.open_tree("issued")?,
            delivered: db.open_tree("delivered")?,
            rejected: db.open_tree("rejected")?,
            aged: db.open_tree("aged")?,
            pending: db.open_tree("pending")?,
            by_time: db.open_tree("by_time")?,
            by_code: db.open_tree("by_code")?,
            by_number: db.open_tree("by_number")?,
            db,
        })
    }

    /// Whether the index reflects the journal. Walks every tree, so that a damaged page shows.
    fn agrees(&self, head: Head, state: &State) -> sled::Result<bool> {
        if self.db.get("format")?.as_deref() != Some(FORMAT)
            || self.db.get("head")?.as_deref() != Some(&head.encode()[..])
        {
            return Ok(false);
        }
        let sums = state.sums();
        let expected = [
            (&self.issued, sums.issued),
            (&self.by_code, sums.issued),
            (&self.by_number, sums.issued),
            (&self.by_time, sums.issued),
            (&self.delivered, sums.delivered),
            (&self.aged, sums.aged_out),
        ];
        for (tree, expected) in expected {
            if count(tree)? != expected {
                return Ok(false);
            }
        }
        let mut pending = Vec::new();
        for item in &self.pending {
            pending.push(item?.0);
        }
        Ok(pending.iter().map(AsRef::as_ref).eq(state.pending().keys().map(|s| s.to_be_bytes())))
    }

    /// Adds durable records. The head is written last: sled recovers a prefix of its writes.
    pub(super) fn apply<'a>(
        &self,
        records: impl Iterator<Item = (Position, OffsetDateTime, &'a Record)>,
        head: Head,
    ) -> Result<(), IndexError> {
        guarded(|| {
            for (place, at, record) in records {
                self.add_unguarded(place, at, record)?;
            }
            self.set_head_unguarded(head)
        })
    }

    /// Adds a record without saying so in the head: for a rebuild.
    pub(super) fn add(&self, at: Position, entry: &Entry) -> Result<(), IndexError> {
        guarded(|| self.add_unguarded(at, entry.at, &entry.record))
    }

    /// Names the journal's head that the index now reflects.
    pub(super) fn set_head(&self, head: Head) -> Result<(), IndexError> {
        guarded(|| self.set_head_unguarded(head))
    }

    fn add_unguarded(
        &self,
        place: Position,
        at: OffsetDateTime,
        record: &Record,
    ) -> sled::Result<()> {
        let place = &encode(place)[..];
        match record {
            Record::Issued(copy) => {
                let sequence = copy.sequence.to_be_bytes();
                self.issued.insert(sequence, place)?;
                self.by_time.insert(time_key(at, copy.sequence), &[])?;
                self.by_code.insert(copy.code.as_bytes(), &sequence)?;
                self.by_number.insert(number_key(&copy.book, copy.number), &sequence)?;
                self.pending.insert(sequence, &[])?;
            }
            Record::Delivered { sequence, .. } => {
                self.delivered.insert(sequence.to_be_bytes(), place)?;
                self.rejected.remove(sequence.to_be_bytes())?;
                self.pending.remove(sequence.to_be_bytes())?;
            }
            Record::UploadRejected { sequence, .. } => {
                self.rejected.insert(sequence.to_be_bytes(), place)?;
            }
            Record::AgedOut { sequence, .. } => {
                self.aged.insert(sequence.to_be_bytes(), place)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn set_head_unguarded(&self, head: Head) -> sled::Result<()> {
        self.db.insert("head", &head.encode()[..])?;
        Ok(())
    }

    /// Copies without a receipt.
    pub(super) fn pending(&self) -> Result<Vec<u64>, IndexError> {
        guarded(|| keys(&self.pending))
    }

    /// Copies that the registry refuses so far.
    pub(super) fn rejected(&self) -> Result<Vec<u64>, IndexError> {
        guarded(|| keys(&self.rejected))
    }

    /// Copies with a receipt.
    pub(super) fn delivered(&self) -> Result<Vec<u64>, IndexError> {
        guarded(|| keys(&self.delivered))
    }

    pub(super) fn all(&self) -> Result<Vec<u64>, IndexError> {
        guarded(|| keys(&self.issued))
    }

    /// Copies issued from the first time on and before the second, by time.
    pub(super) fn between(
        &self,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<Vec<u64>, IndexError> {
        let (from, to) = (time_key(from, 0), time_key(to, 0));
        if to <= from {
            return Ok(Vec::new());
        }
        guarded(|| {
            let mut found = Vec::new();
            for item in self.by_time.range(from..to) {
                found.extend(item?.0.get(16..).and_then(sequence));
            }
            Ok(found)
        })
    }

    pub(super) fn by_code(&self, code: &str) -> Result<Option<u64>, IndexError> {
        guarded(|| Ok(self.by_code.get(code.as_bytes())?.and_then(|v| sequence(&v))))
    }

    pub(super) fn by_number(&self, book: &str, number: u32) -> Result<Option<u64>, IndexError> {
        let key = number_key(book, number);
        guarded(|| Ok(self.by_number.get(key)?.and_then(|v| sequence(&v))))
    }

    pub(super) fn places(&self, sequence: u64) -> Result<Option<Places>, IndexError> {
        let place = |tree: &sled::Tree| -> sled::Result<Option<Position>> {
            Ok(tree.get(sequence.to_be_bytes())?.and_then(|v| decode(&v)))
        };
        guarded(|| {
            let Some(issued) = place(&self.issued)? else { return Ok(None) };
            let (delivered, rejected) = (place(&self.delivered)?, place(&self.rejected)?);
            Ok(Some(Places { issued, delivered, rejected, aged: place(&self.aged)? }))
        })
    }
}

/// sled asserts on damaged files instead of returning errors; that must not end the kiosk.
fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| IndexError::Panicked)?
        .map_err(IndexError::Sled)
}

fn count(tree: &sled::Tree) -> sled::Result<u64> {
    let mut count = 0;
    for item in tree {
        item?;
        count += 1;
    }
    Ok(count)
}

fn keys(tree: &sled::Tree) -> sled::Result<Vec<u64>> {
    let mut found = Vec::new();
    for item in tree {
        found.extend(sequence(&item?.0));
    }
    Ok(found)
}

fn sequence(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn number_key(book: &str, number: u32) -> Vec<u8> {
    [book.as_bytes(), &[0], &number.to_be_bytes()].concat()
}

/// Sorts by time, then by sequence: nanoseconds since 1970 with the sign turned, so that earlier
/// times come first.
fn time_key(at: OffsetDateTime, sequence: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    let since = at.unix_timestamp_nanos() ^ i128::MIN;
    bytes[..16].copy_from_slice(&since.to_be_bytes());
    bytes[16..].copy_from_slice(&sequence.to_be_bytes());
    bytes
}

fn encode(at: Position) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&at.segment.to_be_bytes());
    bytes[8..16].copy_from_slice(&at.offset.to_be_bytes());
    bytes[16..].copy_from_slice(&at.line.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Position> {
    Some(Position {
        segment: sequence(bytes.get(..8)?)?,
        offset: sequence(bytes.get(8..16)?)?,
        line: u32::from_be_bytes(bytes.get(16..)?.try_into().ok()?),
    })
}
