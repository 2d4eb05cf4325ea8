//! The sled index over the journal: where each copy's records are, by sequence, code and number.
//!
//! It is never the truth. sled 0.34's flush returns before the data is on the disk, and damage can
//! go unnoticed, so the index names the journal's head that it reflects, holds only positions
//! in the journal, and is deleted and rebuilt whenever it disagrees.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::frame::Head;
use super::journal::Position;
use super::record::{Entry, Record};
use super::state::State;

/// Layout of the trees; another number means rebuild.
const FORMAT: &[u8] = b"1";

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
}

/// The index's trees. Keys are big endian, so that they sort by sequence.
pub(super) struct Index {
    db: sled::Db,
    issued: sled::Tree,
    delivered: sled::Tree,
    rejected: sled::Tree,
    pending: sled::Tree,
    by_code: sled::Tree,
    by_number: sled::Tree,
}

impl Index {
    /// Opens the index if it is sound and reflects exactly this journal; None if it must be
    /// rebuilt.
    pub(super) fn open(path: &Path, head: Head, state: &State) -> Option<Self> {
        // sled asserts on damaged files instead of returning errors.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let index = Self::open_trees(path).ok()?;
            index.agrees(head, state).unwrap_or(false).then_some(index)
        }));
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
        catch_unwind(AssertUnwindSafe(|| Self::open_trees(path)))
            .map_err(|_| IndexError::Panicked)?
            .map_err(IndexError::Sled)
    }

    fn open_trees(path: &Path) -> sled::Result<Self> {
        let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES);
        let db = config.flush_every_ms(Some(1000)).open()?;
        Ok(Self {
            issued: db.open_tree("issued")?,
            delivered: db.open_tree("delivered")?,
            rejected: db.open_tree("rejected")?,
            pending: db.open_tree("pending")?,
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
        for tree in [&self.issued, &self.by_code, &self.by_number] {
            if count(tree)? != state.issued() {
                return Ok(false);
            }
        }
        if count(&self.delivered)? != state.delivered() {
            return Ok(false);
        }
        let mut pending = Vec::new();
        for item in &self.pending {
            pending.push(item?.0);
        }
        Ok(pending.iter().map(AsRef::as_ref).eq(state.pending().keys().map(|s| s.to_be_bytes())))
    }

    /// Adds a durable record. The head is written last: sled recovers a prefix of its writes.
    pub(super) fn apply(&self, at: Position, entry: &Entry, head: Head) -> Result<(), IndexError> {
        catch_unwind(AssertUnwindSafe(|| {
            self.add(at, entry)?;
            self.set_head(head)
        }))
        .map_err(|_| IndexError::Panicked)?
        .map_err(IndexError::Sled)
    }

    /// Adds a record without saying so in the head: for a rebuild.
    pub(super) fn add(&self, at: Position, entry: &Entry) -> sled::Result<()> {
        let place = &encode(at)[..];
        match &entry.record {
            Record::Issued(copy) => {
                let sequence = copy.sequence.to_be_bytes();
                self.issued.insert(sequence, place)?;
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
            _ => {}
        }
        Ok(())
    }

    /// Names the journal's head that the index now reflects.
    pub(super) fn set_head(&self, head: Head) -> sled::Result<()> {
        self.db.insert("format", FORMAT)?;
        self.db.insert("head", &head.encode()[..])?;
        Ok(())
    }

    pub(super) fn pending(&self) -> Result<Vec<u64>, IndexError> {
        keys(&self.pending)
    }

    pub(super) fn all(&self) -> Result<Vec<u64>, IndexError> {
        keys(&self.issued)
    }

    pub(super) fn by_code(&self, code: &str) -> Result<Option<u64>, IndexError> {
        Ok(self.by_code.get(code.as_bytes())?.and_then(|v| sequence(&v)))
    }

    pub(super) fn by_number(&self, book: &str, number: u32) -> Result<Option<u64>, IndexError> {
        Ok(self.by_number.get(number_key(book, number))?.and_then(|v| sequence(&v)))
    }

    pub(super) fn places(&self, sequence: u64) -> Result<Option<Places>, IndexError> {
        let place = |tree: &sled::Tree| -> Result<Option<Position>, IndexError> {
            Ok(tree.get(sequence.to_be_bytes())?.and_then(|v| decode(&v)))
        };
        let Some(issued) = place(&self.issued)? else { return Ok(None) };
        let delivered = place(&self.delivered)?;
        Ok(Some(Places { issued, delivered, rejected: place(&self.rejected)? }))
    }
}

fn count(tree: &sled::Tree) -> sled::Result<u64> {
    let mut count = 0;
    for item in tree {
        item?;
        count += 1;
    }
    Ok(count)
}

fn keys(tree: &sled::Tree) -> Result<Vec<u64>, IndexError> {
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

fn encode(at: Position) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&at.segment.to_be_bytes());
    bytes[8..].copy_from_slice(&at.offset.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Position> {
    let (segment, offset) = bytes.split_at_checked(8)?;
    Some(Position { segment: sequence(segment)?, offset: sequence(offset)? })
}
