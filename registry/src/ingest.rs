//! The way of one upload, from its announcement to its receipt. Blocking: callers use a thread.
//!
//! Order at the end of an upload: digest, both signatures, what the copy says of itself, file and
//! folder durable, then row, log entry and receipt in one commit. Only then is success answered.
//! A crash in between leaves the upload complete, and an empty append tries again.
//!
//! An unfinished upload is kept for [`KEPT_FOR`] after the last work on it, by the time in its
//! announcement; then it is gone for the device at once, and its space at the next sweep.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use formats_wire::UploadMeta;
use formats_wire::tus::UPLOAD_BYTES_MAX;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use crate::refusal::Refused;
use crate::shelf::{Announced, Shelf, is_upload_id, upload_id};
use crate::store::{Incoming, Outcome, Store, StoreError};
use crate::{Acceptance, Clock, Facts};

/// How long an unfinished upload is kept after the last work on it: a van's fortnight without a
/// link. The announcement is written anew only when half of it has passed.
pub(crate) const KEPT_FOR: Duration = Duration::days(14);

/// Locks over uploads, by the first byte of their ids.
const LOCKS: usize = 64;

/// Why an upload did not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// The device is told why.
    #[error("refused: {}", .0.rejection.code)]
    Refused(Refused),
    /// The registry's disk failed; the device tries again.
    #[error("cannot {action}")]
    Disk {
        action: &'static str,
        #[source]
        source: io::Error,
    },
    /// The registry's database failed; the device tries again.
    #[error("cannot use the store")]
    Store(#[source] StoreError),
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) id: String,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// Until when it is kept; none for a finished one.
    pub(crate) expires: Option<OffsetDateTime>,
}

/// Takes uploads.
pub(crate) struct Ingest {
    shelf: Arc<Shelf>,
    store: Arc<Store>,
    acceptance: Arc<dyn Acceptance>,
    clock: Clock,
    uploads_per_device: usize,
    locks: [Mutex<()>; LOCKS],
}

impl Ingest {
    pub(crate) fn new(
        shelf: Arc<Shelf>,
        store: Arc<Store>,
        acceptance: Arc<dyn Acceptance>,
        clock: Clock,
        uploads_per_device: usize,
    ) -> Self {
        let locks = [const { Mutex::new(()) }; LOCKS];
        Self { shelf, store, acceptance, clock, uploads_per_device, locks }
    }

    /// Starts an upload, or finds the one that the same announcement started before.
    pub(crate) fn create(&self, meta: &UploadMeta, length: u64) -> Result<Progress, IngestError> {
        if length == 0 {
            return Err(refused(Refused::bad_request("an upload cannot be empty")));
        }
        if length > UPLOAD_BYTES_MAX {
            return Err(refused(Refused::too_large()));
        }
        let id = upload_id(meta);
        let _lock = self.lock(&id);
        if self.is_kept(meta)? {
            return self.find(&meta.device, &id);
        }
        let announced = Announced {
            device: meta.device.clone(),
            sequence: meta.sequence,
            sha256: hex::encode(meta.sha256),
            length,
            expires: ((self.clock)() + KEPT_FOR).unix_timestamp(),
        };
        match self.announced(&id)? {
            Some(before) if before.is_same(&announced) && !self.has_expired(&before) => {
                self.prolong(&id, before)?;
            }
            _ => self.begin(&id, &announced)?,
        }
        self.find(&meta.device, &id)
    }

    /// How far an upload of this device is.
    pub(crate) fn progress(&self, device: &str, id: &str) -> Result<Progress, IngestError> {
        let _lock = self.lock(id);
        self.find(device, id)
    }

    /// Adds bytes at `offset`. They count as held after [`Ingest::settle`].
    pub(crate) fn append(
        &self,
        device: &str,
        id: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Result<u64, IngestError> {
        let _lock = self.lock(id);
        let progress = self.find(device, id)?;
        if progress.offset != offset {
            return Err(refused(Refused::wrong_offset()));
        }
        let end = offset + bytes.len() as u64;
        if end > progress.length {
            return Err(refused(Refused::too_large()));
        }
        if !bytes.is_empty() {
            self.shelf.append(id, offset, bytes).map_err(disk("write an upload"))?;
        }
        Ok(end)
    }

    /// Makes what was added durable and, when the upload is whole, accepts or refuses the copy.
    pub(crate) fn settle(&self, device: &str, id: &str) -> Result<Progress, IngestError> {
        let _lock = self.lock(id);
        let progress = self.find(device, id)?;
        let Some(announced) = self.announced(id)? else { return Ok(progress) };
        self.shelf.sync(id).map_err(disk("sync an upload"))?;
        if progress.offset < progress.length {
            self.prolong(id, announced)?;
            return self.find(device, id);
        }
        match self.accept(id, &announced) {
            Ok(()) => {
                // The copy is kept; files left by a failure here go with the next sweep.
                if let Err(error) = self.shelf.forget(id) {
                    tracing::warn!(upload = id, %error, "cannot clear a finished upload");
                }
                Ok(Progress { expires: None, ..progress })
            }
            Err(IngestError::Refused(refused)) => {
                tracing::warn!(device, upload = id, code = refused.rejection.code, "copy refused");
                let note = json!({
                    "device": announced.device, "sequence": announced.sequence,
                    "sha256": announced.sha256, "code": refused.rejection.code,
                    "at": (self.clock)().unix_timestamp(),
                });
                self.shelf.refuse(id, &note).map_err(disk("note a refusal"))?;
                Err(IngestError::Refused(refused))
            }
            Err(failed) => Err(failed),
        }
    }

    /// Frees what expired uploads take, and what a crash left of finished ones. A failure on one
    /// leaves it for the next time.
    ///
    /// # Errors
    /// When the uploads cannot be listed.
    pub(crate) fn sweep(&self) -> Result<(), IngestError> {
        for (id, _) in self.shelf.under_way().map_err(disk("list uploads"))? {
            let _lock = self.lock(&id);
            // Looked at again under the lock: a device may have come back to it meanwhile.
            let Some(announced) = self.announced(&id)? else { continue };
            let finished = self.store.finished(&id).map_err(IngestError::Store)?.is_some();
            if finished || self.has_expired(&announced) {
                self.shelf.forget(&id).map_err(disk("clear an upload"))?;
            }
        }
        for id in self.shelf.orphans().map_err(disk("list uploads"))? {
            let _lock = self.lock(&id);
            if self.announced(&id)?.is_none() {
                self.shelf.forget(&id).map_err(disk("clear an upload"))?;
            }
        }
        Ok(())
    }

    fn begin(&self, id: &str, announced: &Announced) -> Result<(), IngestError> {
        let all = self.shelf.under_way().map_err(disk("list uploads"))?;
        let mut others = all.iter().filter(|(other, a)| {
            other != id && a.device == announced.device && !self.has_expired(a)
        });
        if others.clone().any(|(_, other)| other.sequence == announced.sequence) {
            return Err(refused(Refused::sequence_taken()));
        }
        if others.nth(self.uploads_per_device.saturating_sub(1)).is_some() {
            return Err(refused(Refused::busy()));
        }
        self.shelf.start(id, announced).map_err(disk("start an upload"))
    }

    fn has_expired(&self, announced: &Announced) -> bool {
        (self.clock)().unix_timestamp() >= announced.expires
    }

    /// Work on an upload keeps it; written only when half the time has passed.
    fn prolong(&self, id: &str, announced: Announced) -> Result<(), IngestError> {
        let expires = ((self.clock)() + KEPT_FOR).unix_timestamp();
        // A clock that was set back does not shorten what was promised.
        if expires - announced.expires < KEPT_FOR.whole_seconds() / 2 {
            return Ok(());
        }
        let announced = Announced { expires, ..announced };
        self.shelf.announce(id, &announced).map_err(disk("prolong an upload"))
    }

    /// Whether this very copy is here; its sequence number under another file is refused.
    fn is_kept(&self, meta: &UploadMeta) -> Result<bool, IngestError> {
        match self.store.digest_of(&meta.device, meta.sequence).map_err(IngestError::Store)? {
            Some(digest) if digest == meta.sha256 => Ok(true),
            Some(_) => Err(refused(Refused::sequence_taken())),
            None => Ok(false),
        }
    }

    /// Checks a whole upload and keeps it. Nothing is answered before all of it is durable.
    fn accept(&self, id: &str, announced: &Announced) -> Result<(), IngestError> {
        if self.store.finished(id).map_err(IngestError::Store)?.is_some() {
            return Ok(());
        }
        let bytes = self.shelf.read(id).map_err(disk("read an upload"))?;
        self.accept_bytes(id, announced, &bytes)
    }

    /// Keeps a copy that came by another way than an upload.
    ///
    /// # Errors
    /// As the upload of these bytes would end.
    pub(crate) fn import(&self, meta: &UploadMeta, bytes: &[u8]) -> Result<(), IngestError> {
        let id = upload_id(meta);
        let _lock = self.lock(&id);
        if self.is_kept(meta)? {
            return Ok(());
        }
        let announced = Announced {
            device: meta.device.clone(),
            sequence: meta.sequence,
            sha256: hex::encode(meta.sha256),
            length: bytes.len() as u64,
            expires: 0,
        };
        self.accept_bytes(&id, &announced, bytes)
    }

    /// As [`Ingest::accept`], for bytes that are here, however they came.
    fn accept_bytes(
        &self,
        id: &str,
        announced: &Announced,
        bytes: &[u8],
    ) -> Result<(), IngestError> {
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        if hex::encode(sha256) != announced.sha256 {
            return Err(refused(Refused::digest_mismatch()));
        }
        let facts = self.acceptance.check(bytes).map_err(|r| refused(Refused::copy(r)))?;
        if (facts.device.as_str(), facts.sequence) != (&announced.device, announced.sequence) {
            return Err(refused(Refused::manifest_mismatch()));
        }
        self.keep(id, &facts, sha256, bytes)
    }

    fn keep(
        &self,
        id: &str,
        facts: &Facts,
        sha256: [u8; 32],
        bytes: &[u8],
    ) -> Result<(), IngestError> {
        self.shelf.keep(&sha256, bytes).map_err(disk("keep a copy"))?;
        let received_at = (self.clock)();
        let length = bytes.len() as u64;
        let incoming = Incoming { upload_id: id, facts, sha256, bytes: length, received_at };
        let refusal = match self.store.keep(&incoming).map_err(IngestError::Store)? {
            Outcome::Kept => return Ok(()),
            Outcome::SequenceTaken => Refused::sequence_taken(),
            Outcome::Duplicate => Refused::duplicate(),
        };
        if self.store.by_digest(&sha256).map_err(IngestError::Store)?.is_none() {
            self.shelf.take_back(&sha256).map_err(disk("take back a copy"))?;
        }
        Err(refused(refusal))
    }

    /// An upload under way or finished. One that belongs to another device does not exist.
    fn find(&self, device: &str, id: &str) -> Result<Progress, IngestError> {
        let unknown = || refused(Refused::unknown());
        if !is_upload_id(id) {
            return Err(unknown());
        }
        // Finished comes first: files that could not be cleared yet must not undo it.
        if let Some((owner, length)) = self.store.finished(id).map_err(IngestError::Store)? {
            let progress = Progress { id: id.to_owned(), offset: length, length, expires: None };
            return if owner == device { Ok(progress) } else { Err(unknown()) };
        }
        let announced = self.announced(id)?.filter(|a| a.device == device).ok_or_else(unknown)?;
        if self.has_expired(&announced) {
            return Err(refused(Refused::expired()));
        }
        Ok(Progress {
            id: id.to_owned(),
            offset: self.shelf.offset(id).map_err(disk("measure an upload"))?,
            length: announced.length,
            expires: OffsetDateTime::from_unix_timestamp(announced.expires).ok(),
        })
    }

    fn announced(&self, id: &str) -> Result<Option<Announced>, IngestError> {
        self.shelf.announced(id).map_err(disk("read an announcement"))
    }

    fn lock(&self, id: &str) -> MutexGuard<'_, ()> {
        let byte = id.bytes().take(4).fold(0_usize, |sum, b| sum * 16 + usize::from(b));
        // Under the lock the files' state is read anew, so a panic leaves nothing wrong.
        self.locks[byte % LOCKS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(refused: Refused) -> IngestError {
    IngestError::Refused(refused)
}

fn disk(action: &'static str) -> impl Fn(io::Error) -> IngestError {
    move |source| IngestError::Disk { action, source }
}
