//! Files of the registry: uploads under way, kept copies, notes on refused ones.
//!
//! ```text
//! uploads/<id>.json  what the device announced      uploads/<id>.part  bytes so far
//! copies/<2 hex>/<sha256>.pdf                       refused/<id>.json  why, never the content
//! ```
//! Every new name is made durable by syncing its folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use formats_wire::UploadMeta;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// An upload that nobody continued for so long is forgotten; the device starts it anew.
const ABANDONED_AFTER: Duration = Duration::from_secs(14 * 24 * 3600);
/// Symbols of an upload id.
const ID_LENGTH: usize = 32;

/// What a device announced about an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announced {
    pub(crate) device: String,
    pub(crate) sequence: u64,
    pub(crate) sha256: String,
    pub(crate) length: u64,
}

/// The folders.
#[derive(Debug)]
pub(crate) struct Shelf {
    uploads: PathBuf,
    copies: PathBuf,
    refused: PathBuf,
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
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = |name| {
            let path = data_dir.join(name);
            fs::create_dir_all(&path)?;
            sync_folder(data_dir)?;
            Ok::<_, io::Error>(path)
        };
        Ok(Self {
            uploads: folder("uploads")?,
            copies: folder("copies")?,
            refused: folder("refused")?,
        })
    }

    /// What was announced under this id, while the upload is under way.
    pub(crate) fn announced(&self, id: &str) -> io::Result<Option<Announced>> {
        match fs::read(self.uploads.join(format!("{id}.json"))) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Uploads under way of one device. Forgets abandoned ones on the way.
    pub(crate) fn under_way(&self, device: &str, now: SystemTime) -> io::Result<Vec<Announced>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.uploads)? {
            let path = entry?.path();
            let Some(id) = path.file_name().and_then(|n| n.to_str()?.strip_suffix(".json")) else {
                continue;
            };
            let part = self.part(id);
            let touched = fs::metadata(&part).or_else(|_| fs::metadata(&path))?.modified()?;
            if now.duration_since(touched).is_ok_and(|age| age > ABANDONED_AFTER) {
                self.forget(id)?;
            } else if let Some(announced) = self.announced(id)?
                && announced.device == device
            {
                found.push(announced);
            }
        }
        Ok(found)
    }

    /// Starts an upload.
    pub(crate) fn start(&self, id: &str, announced: &Announced) -> io::Result<()> {
        File::create(self.part(id))?.sync_all()?;
        write_whole(&self.uploads, &format!("{id}.json"), &serde_json::to_vec(announced)?)
    }

    /// Bytes held of an upload.
    pub(crate) fn offset(&self, id: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.part(id))?.len())
    }

    /// Adds bytes at the end; durable only after [`Shelf::sync`].
    pub(crate) fn append(&self, id: &str, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().append(true).open(self.part(id))?.write_all(bytes)
    }

    /// Makes the bytes held durable.
    pub(crate) fn sync(&self, id: &str) -> io::Result<()> {
        OpenOptions::new().append(true).open(self.part(id))?.sync_all()
    }

    /// The whole of an upload, at most `length_max` bytes.
    pub(crate) fn read(&self, id: &str, length_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.part(id))?.take(length_max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Gives a synced upload its place among the copies, durably. The upload stays until
    /// [`Shelf::forget`], so that a crash before the row is committed costs no second transfer.
    pub(crate) fn keep(&self, id: &str, sha256: &[u8; 32]) -> io::Result<()> {
        let path = self.copy_path(sha256);
        let folder = path.parent().unwrap_or(&self.copies);
        fs::create_dir_all(folder)?;
        // Linked aside and renamed, so that a copy kept by an earlier try is never absent.
        let aside = path.with_extension("link");
        remove(&aside)?;
        fs::hard_link(self.part(id), &aside)?;
        fs::rename(&aside, &path)?;
        // Renaming onto the same file leaves both names.
        remove(&aside)?;
        sync_folder(folder)?;
        sync_folder(&self.copies)
    }

    /// Takes back what [`Shelf::keep`] placed when its row was refused.
    pub(crate) fn take_back(&self, sha256: &[u8; 32]) -> io::Result<()> {
        remove(&self.copy_path(sha256))
    }

    /// Where a kept copy lies.
    pub(crate) fn copy_path(&self, sha256: &[u8; 32]) -> PathBuf {
        let name = hex::encode(sha256);
        self.copies.join(name.get(..2).unwrap_or_default()).join(format!("{name}.pdf"))
    }

    /// Removes an upload's files. The bytes go last: an announcement without them would be broken.
    pub(crate) fn forget(&self, id: &str) -> io::Result<()> {
        remove(&self.uploads.join(format!("{id}.json")))?;
        remove(&self.part(id))
    }

    /// Notes why an upload was refused and drops its bytes.
    pub(crate) fn refuse(&self, id: &str, note: &serde_json::Value) -> io::Result<()> {
        write_whole(&self.refused, &format!("{id}.json"), &serde_json::to_vec(note)?)?;
        self.forget(id)
    }

    fn part(&self, id: &str) -> PathBuf {
        self.uploads.join(format!("{id}.part"))
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!("{name}.draft"));
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(name))?;
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
