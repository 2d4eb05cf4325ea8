//! Opening the store: what a crash left is set right, and said.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use formats_files::Disk;
use rustix::fs::{FlockOperation, flock};

use super::catalog::CatalogError;
use super::copies;
use super::error::StoreError;
use super::frame::Head;
use super::index::{Index, IndexError};
use super::journal::{self, Journal};
use super::record::{Record, Reservation};
use super::state::State;
use super::{Inner, Policy, Store};
use crate::clock::Clock;

/// Why an open reservation is released at start.
const POWER_LOST: &str = "power lost or program ended before the copy was issued";

/// What became of the index at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexFate {
    /// It reflected the journal.
    Sound,
    /// It was missing, behind or damaged, and was built anew.
    Rebuilt,
    /// It could not be built or was not asked for; answers come from the journal, more slowly.
    Unavailable,
}

/// What opening the store found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Records in the journal.
    pub records: u64,
    /// Bytes of an append that never finished, cut off.
    pub torn_bytes: u64,
    /// The reservation that was open and is released now.
    pub released: Option<Reservation>,
    /// Sequences of undelivered copies whose file is missing.
    pub missing: Vec<u64>,
    /// Files among the copies that no record explains; they are left as they are.
    pub unexplained: Vec<String>,
    /// What became of the index.
    pub index: IndexFate,
}

/// Takes the store's lock file, or says that another process has it.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let failed = |e| StoreError::disk("make", &dir.display().to_string(), e);
    std::fs::create_dir_all(dir).map_err(failed)?;
    let path = dir.join("lock");
    let options = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = options.map_err(|e| StoreError::disk("open", "lock", e))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(e) => Err(StoreError::disk("lock", "lock", e.into())),
    }
}

/// Builds the index from the journal.
pub(super) fn rebuild(disk: &dyn Disk, path: &Path, head: Head) -> Result<Index, CatalogError> {
    let index = Index::create(path)?;
    let mut failed = None;
    journal::scan(disk, &mut |at, entry| {
        if failed.is_none() {
            failed = index.add(at, entry).err();
        }
        Ok(())
    })?;
    match failed {
        Some(error) => Err(IndexError::Sled(error).into()),
        None => {
            index.set_head(head).map_err(IndexError::Sled)?;
            Ok(index)
        }
    }
}

/// [`Store::open_on`].
pub(super) fn open(
    disk: Arc<dyn Disk>,
    index_path: Option<&Path>,
    clock: Arc<dyn Clock>,
) -> Result<(Store, Recovery), StoreError> {
    journal::make_folder(&*disk, copies::FOLDER)?;
    let mut state = State::default();
    let mut sequences = HashMap::new();
    let (journal, tail) = Journal::open(Arc::clone(&disk), &mut |_, entry| {
        state.check(&entry.record)?;
        state.apply(entry.at, &entry.record);
        if let Record::Issued(copy) = &entry.record {
            sequences.insert(digest_key(&copy.sha256), copy.sequence);
        }
        Ok(())
    })?;
    let (index, fate) = match index_path {
        Some(path) => open_index(&*disk, path, journal.head(), &state),
        None => (None, IndexFate::Unavailable),
    };
    let released = state.reservation().cloned();
    let release_due = released.is_some().then(|| POWER_LOST.to_owned());
    let reserved_file = None;
    let records = journal.head().seq;
    let inner = Mutex::new(Inner { journal, state, index, reserved_file, release_due });
    let store = Store {
        disk,
        clock,
        inner,
        dir: PathBuf::new(),
        index_path: index_path.map(Path::to_owned),
        policy: Policy::default(),
        _lock: None,
    };
    let unexplained = store.sweep(&mut sequences, released.is_some())?;
    if let Err(error) = store.settle(&mut store.inner()) {
        tracing::warn!(%error, "the open number is released before the next reservation");
    }
    let missing = {
        let inner = store.inner();
        let mut missing: Vec<u64> = sequences.into_values().collect();
        missing.retain(|sequence| inner.state.pending().contains_key(sequence));
        missing.sort_unstable();
        missing
    };
    let torn_bytes = tail.map_or(0, |t| t.torn);
    let index = fate;
    Ok((store, Recovery { records, torn_bytes, released, missing, unexplained, index }))
}

impl Store {
    /// Removes what an unfinished commit left of its copy; leaves in `issued` the copies without a
    /// file, and returns the names of files that nothing explains.
    fn sweep(
        &self,
        issued: &mut HashMap<[u8; 32], u64>,
        was_reserved: bool,
    ) -> Result<Vec<String>, StoreError> {
        let listing = copies::list(&*self.disk, true)?;
        let mut unexplained = listing.strangers;
        for digest in listing.digests {
            if issued.remove(&digest_key(&digest)).is_some() {
                continue;
            }
            if was_reserved {
                copies::discard(&*self.disk, &digest)?;
            } else {
                unexplained.push(digest);
            }
        }
        if was_reserved {
            // A killed program may have removed the file already, and not durably.
            copies::sync_folder(&*self.disk)?;
        }
        Ok(unexplained)
    }
}

/// The digest's bytes; text that is none hashes to something that no file is named by.
fn digest_key(sha256: &str) -> [u8; 32] {
    let mut key = [0; 32];
    match hex::decode_to_slice(sha256, &mut key) {
        Ok(()) => key,
        Err(_) => super::frame::hash(sha256.as_bytes()),
    }
}

fn open_index(
    disk: &dyn Disk,
    path: &Path,
    head: Head,
    state: &State,
) -> (Option<Index>, IndexFate) {
    if let Some(index) = Index::open(path, head, state) {
        return (Some(index), IndexFate::Sound);
    }
    match rebuild(disk, path, head) {
        Ok(index) => (Some(index), IndexFate::Rebuilt),
        Err(error) => {
            tracing::warn!(%error, "no index; answers come from the journal");
            (None, IndexFate::Unavailable)
        }
    }
}
