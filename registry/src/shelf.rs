//! Files of the registry: uploads under way, kept copies, notes on refused ones.
//!
//! ```text
//! uploads/<id>.json  what the device announced      uploads/<id>.part  bytes so far
//! copies/<2 hex>/<sha256>.pdf                       refused/<id>.json  why, never the content
//! proofs/<2 hex>/<sha256>.pdf  a kept copy with time-stamps and revocation data behind it
//! ```
//! Every new name is made durable by syncing its folder. A copy is kept by writing it anew, not by
//! linking the upload's file: an fsync that failed while the upload was under way may have dropped
//! pages that a later fsync knows nothing of.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use formats_files::{Disk, UNFINISHED};
use formats_wire::UploadMeta;
use formats_wire::tus::UPLOAD_BYTES_MAX;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Symbols of an upload id.
const ID_LENGTH: usize = 32;
/// Longest announcement, in bytes; one takes under 400.
const ANNOUNCEMENT_BYTES_MAX: u64 = 4096;

const UPLOADS: &str = "uploads";
const COPIES: &str = "copies";
const PROOFS: &str = "proofs";
const REFUSED: &str = "refused";

/// What a device announced about an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announced {
    pub(crate) device: String,
    pub(crate) sequence: u64,
    pub(crate) sha256: String,
    pub(crate) length: u64,
    /// Until when the upload is kept, in Unix seconds.
    #[serde(default)]
    pub(crate) expires: i64,
}

impl Announced {
    /// Whether both speak of the same upload, whenever it ends.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let key = |a: &Self| (a.device.clone(), a.sequence, a.sha256.clone(), a.length);
        key(self) == key(other)
    }
}

/// The folders.
pub(crate) struct Shelf {
    disk: Arc<dyn Disk>,
}

/// The id of an upload: the same announcement always gives the same id.
pub(crate) fn upload_id(meta: &UploadMeta) -> String {
    let mut id = hex::encode(Sha256::digest(meta.encode()));
    id.truncate(ID_LENGTH);
    id
}

/// Whether a text from a path can be an upload id (and so is safe as a file name).
pub(crate) fn is_upload_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Shelf {
    pub(crate) fn open(disk: Arc<dyn Disk>) -> io::Result<Self> {
        for folder in [UPLOADS, COPIES, PROOFS, REFUSED] {
            disk.make_folder(folder)?;
        }
        disk.sync_folder("")?;
        let shelf = Self { disk };
        for folder in [UPLOADS, REFUSED] {
            for name in shelf.disk.list(folder)?.iter().filter(|name| name.ends_with(UNFINISHED)) {
                shelf.remove(&format!("{folder}/{name}"))?;
            }
        }
        Ok(shelf)
    }

    /// What was announced under this id, while the upload is under way. An announcement whose bytes
    /// a power cut took has to be made again.
    pub(crate) fn announced(&self, id: &str) -> io::Result<Option<Announced>> {
        match self.disk.length(&part(id)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map(drop)?,
        }
        match self.disk.read(&announcement(id), ANNOUNCEMENT_BYTES_MAX) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All uploads under way, with their ids.
    pub(crate) fn under_way(&self) -> io::Result<Vec<(String, Announced)>> {
        let mut found = Vec::new();
        for name in self.disk.list(UPLOADS)? {
            let Some(id) = name.strip_suffix(".json").filter(|id| is_upload_id(id)) else {
                continue;
            };
            // One that ended while we were looking is not under way.
            if let Some(announced) = self.announced(id)? {
                found.push((id.to_owned(), announced));
            }
        }
        Ok(found)
    }

    /// Ids of files of uploads that no announcement explains: a crash left them.
    pub(crate) fn orphans(&self) -> io::Result<Vec<String>> {
        let names = self.disk.list(UPLOADS)?;
        let parts = names.iter().filter_map(|name| name.strip_suffix(".part"));
        let alone = parts.filter(|id| is_upload_id(id) && !names.contains(&format!("{id}.json")));
        Ok(alone.map(str::to_owned).collect())
    }

    /// Starts an upload.
    pub(crate) fn start(&self, id: &str, announced: &Announced) -> io::Result<()> {
        // Empty yet: its name becomes durable with the announcement's.
        self.disk.create(&part(id))?;
        self.announce(id, announced)
    }

    /// Writes an announcement, durably.
    pub(crate) fn announce(&self, id: &str, announced: &Announced) -> io::Result<()> {
        self.disk.write_whole(&announcement(id), &serde_json::to_vec(announced)?)
    }

    /// Bytes held of an upload.
    pub(crate) fn offset(&self, id: &str) -> io::Result<u64> {
        self.disk.length(&part(id))
    }

    /// Adds bytes at the end, which is at `offset`; durable only after [`Shelf::sync`].
    pub(crate) fn append(&self, id: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.open(&part(id))?.write_at(offset, bytes)
    }

    /// Makes the bytes held durable.
    pub(crate) fn sync(&self, id: &str) -> io::Result<()> {
        self.disk.open(&part(id))?.sync()
    }

    /// The whole of an upload.
    pub(crate) fn read(&self, id: &str) -> io::Result<Vec<u8>> {
        self.disk.read(&part(id), UPLOAD_BYTES_MAX)
    }

    /// Gives bytes their place among the copies, durably.
    pub(crate) fn keep(&self, sha256: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        self.place(COPIES, sha256, bytes)
    }

    /// Gives a longer file, which proves a copy, its place, durably.
    pub(crate) fn keep_proof(&self, sha256: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        self.place(PROOFS, sha256, bytes)
    }

    /// Removes a longer file that another one took the place of.
    pub(crate) fn drop_proof(&self, sha256: &[u8; 32]) -> io::Result<()> {
        self.remove(&path(PROOFS, sha256))
    }

    /// The strongest file of a copy. A longer file that is not what it was is as good as none: all
    /// that it said can be asked for again.
    pub(crate) fn strongest(
        &self,
        received: &[u8; 32],
        proof: Option<&[u8; 32]>,
    ) -> io::Result<Vec<u8>> {
        let is_whole = |bytes: &Vec<u8>, sha256: &[u8; 32]| Sha256::digest(bytes)[..] == sha256[..];
        let longer = proof.and_then(|sha256| {
            let bytes = self.disk.read(&path(PROOFS, sha256), UPLOAD_BYTES_MAX).ok()?;
            is_whole(&bytes, sha256).then_some(bytes)
        });
        longer.map_or_else(|| self.copy(received), Ok)
    }

    fn place(&self, folder: &str, sha256: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        self.disk.make_folder(&subfolder(folder, sha256))?;
        self.disk.write_whole(&path(folder, sha256), bytes)?;
        self.disk.sync_folder(folder)
    }

    /// Takes back what [`Shelf::keep`] placed when its row was refused.
    pub(crate) fn take_back(&self, sha256: &[u8; 32]) -> io::Result<()> {
        self.remove(&copy_path(sha256))
    }

    /// A kept copy's bytes.
    pub(crate) fn copy(&self, sha256: &[u8; 32]) -> io::Result<Vec<u8>> {
        self.disk.read(&copy_path(sha256), UPLOAD_BYTES_MAX)
    }

    /// Removes an upload's files. The bytes go last: an announcement without them would be broken.
    pub(crate) fn forget(&self, id: &str) -> io::Result<()> {
        self.remove(&announcement(id))?;
        self.remove(&part(id))
    }

    /// Notes why an upload was refused and drops its bytes.
    pub(crate) fn refuse(&self, id: &str, note: &serde_json::Value) -> io::Result<()> {
        self.disk.write_whole(&format!("{REFUSED}/{id}.json"), &serde_json::to_vec(note)?)?;
        self.forget(id)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        match self.disk.remove(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn announcement(id: &str) -> String {
    format!("{UPLOADS}/{id}.json")
}

fn part(id: &str) -> String {
    format!("{UPLOADS}/{id}.part")
}

fn subfolder(folder: &str, sha256: &[u8; 32]) -> String {
    format!("{folder}/{:02x}", sha256[0])
}

fn path(folder: &str, sha256: &[u8; 32]) -> String {
    format!("{}/{}.pdf", subfolder(folder, sha256), hex::encode(sha256))
}

/// Where a kept copy lies, below the data folder.
pub(crate) fn copy_path(sha256: &[u8; 32]) -> String {
    path(COPIES, sha256)
}
