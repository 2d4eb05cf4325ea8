//! Opening the store: what a crash left is set right, and said.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use formats_files::Disk;
use rustix::fs::{FlockOperation, flock};

use super::catalog::CatalogError;
use super::copies;
use super::error::StoreError;
use super::frame::{self, Hash, Head};
use super::group::Queue;
use super::index::Index;
use super::journal::{self, Journal};
use super::record::{Record, Reservation};
use super::state::State;
use super::{Held, Inner, Policy, Store};
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

/// Whether a process has the store in `dir` open. A folder that is not there is nobody's.
pub fn is_held(dir: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(dir.join("lock"));
    file.is_ok_and(|file| {
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    })
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

/// Builds the index from the journal up to `head`: what is behind it may not be durable yet.
pub(super) fn rebuild(disk: &dyn Disk, path: &Path, head: Head) -> Result<Index, CatalogError> {
    let index = Index::create(path)?;
    let mut failed = None;
    journal::scan(disk, &mut |at, entry| {
        if failed.is_none() && entry.seq <= head.seq {
            failed = index.add(at, entry).err();
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    index.set_head(head)?;
    Ok(index)
}

/// [`Store::open_on`].
pub(super) fn open(
    disk: Arc<dyn Disk>,
    index_path: Option<&Path>,
    clock: Arc<dyn Clock>,
) -> Result<(Store, Recovery), StoreError> {
    journal::make_folder(&*disk, copies::FOLDER)?;
    let mut state = State::default();
    let (journal, tail) = Journal::open(Arc::clone(&disk), &mut |_, entry| {
        state.check(&entry.record)?;
        state.apply(entry.at, &entry.record);
        Ok(())
    })?;
    let head = journal.head();
    let (index, fate) = match index_path {
        Some(path) => open_index(&*disk, path, head, &state),
        None => (None, IndexFate::Unavailable),
    };
    let released = state.reservation().cloned();
    let release_due = released.is_some().then(|| POWER_LOST.to_owned());
    let (missing, unexplained) = sweep(&*disk, &state)?;
    let ahead = state.clone();
    let queue = Queue::new(head.seq);
    let inner = Inner { durable: state, ahead, queue, seen: None, head, index };
    let store = Store {
        disk,
        clock,
        held: Mutex::new(Held { file: None, release_due }),
        journal: Mutex::new(journal),
        inner: Mutex::new(inner),
        writing: AtomicBool::new(false),
        boarded: AtomicU64::new(0),
        dir: PathBuf::new(),
        index_path: index_path.map(Path::to_owned),
        policy: Policy::default(),
        _lock: None,
    };
    if let Err(error) = store.settle(&mut store.held()) {
        tracing::warn!(%error, "the open number is released before the next reservation");
    }
    let torn_bytes = tail.map_or(0, |t| t.torn);
    let (records, index) = (head.seq, fate);
    Ok((store, Recovery { records, torn_bytes, released, missing, unexplained, index }))
}

/// Removes what an unfinished commit or ageing left; returns the undelivered copies without a file
/// and the names of files that nothing explains.
fn sweep(disk: &dyn Disk, state: &State) -> Result<(Vec<u64>, Vec<String>), StoreError> {
    let listing = copies::list(disk, true)?;
    let present: HashSet<Hash> = listing.digests.iter().map(|d| frame::digest_of(d)).collect();
    let missing = state.pending().iter().filter(|(_, copy)| !present.contains(&copy.digest));
    let missing = missing.map(|(sequence, _)| *sequence).collect();
    let mut unexplained = listing.strangers;
    let wanted: HashSet<Hash> = state.files().collect();
    let mut others = listing.digests;
    others.retain(|digest| !wanted.contains(&frame::digest_of(digest)));
    let was_reserved = state.reservation().is_some();
    let aged = if others.is_empty() { HashSet::new() } else { aged_out(disk)? };
    for digest in others {
        if was_reserved || aged.contains(&frame::digest_of(&digest)) {
            copies::discard(disk, &digest)?;
        } else {
            unexplained.push(digest);
        }
    }
    if was_reserved {
        // A killed program may have removed the file already, and not durably.
        copies::sync_folder(disk)?;
    }
    Ok((missing, unexplained))
}

/// Digests of the copies whose removal is on record; asked for only when a file needs explaining.
fn aged_out(disk: &dyn Disk) -> Result<HashSet<Hash>, StoreError> {
    let mut aged = HashSet::new();
    journal::scan(disk, &mut |_, entry| {
        if let Record::AgedOut { sha256, .. } = &entry.record {
            aged.insert(frame::digest_of(sha256));
        }
        Ok(())
    })?;
    Ok(aged)
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
