//! Sealed copies: one file each, named by its SHA-256.

use formats_files::{Disk, UNFINISHED};

use super::error::StoreError;
use super::frame;

/// Longest sealed copy: what the registry takes, for a copy that cannot go up is not issued.
pub const COPY_BYTES_MAX: u64 = formats_wire::tus::UPLOAD_BYTES_MAX;

pub(super) const FOLDER: &str = "copies";
const SUFFIX: &str = ".pdf";

pub(super) fn path(sha256: &str) -> String {
    format!("{FOLDER}/{sha256}{SUFFIX}")
}

/// The digest of a file's bytes, as its name has it.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(frame::hash(bytes))
}

/// Makes the bytes durable under their digest and reads them back. An error may leave the file;
/// [`discard`] it.
pub(super) fn keep(disk: &dyn Disk, sha256: &str, bytes: &[u8]) -> Result<(), StoreError> {
    if bytes.len() as u64 > COPY_BYTES_MAX {
        return Err(StoreError::CopyTooLong { bytes: bytes.len() as u64, max: COPY_BYTES_MAX });
    }
    let file = path(sha256);
    disk.write_whole(&file, bytes).map_err(|e| StoreError::disk("write", &file, e))?;
    read(disk, sha256).map(drop)
}

/// The bytes, checked against their digest.
pub(super) fn read(disk: &dyn Disk, sha256: &str) -> Result<Vec<u8>, StoreError> {
    let file = path(sha256);
    let bytes = disk.read(&file, COPY_BYTES_MAX).map_err(|e| StoreError::disk("read", &file, e))?;
    let found = digest(&bytes);
    if found != sha256 {
        return Err(StoreError::CopyDamaged { sha256: sha256.to_owned(), found });
    }
    Ok(bytes)
}

/// Removes what an unfinished [`keep`] may have left, durably.
pub(super) fn discard(disk: &dyn Disk, sha256: &str) -> Result<(), StoreError> {
    let file = path(sha256);
    for path in [&file, &format!("{file}{UNFINISHED}")] {
        match disk.remove(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(|e| StoreError::disk("remove", path, e))?,
        }
    }
    sync_folder(disk)
}

/// Makes the folder's entries durable.
pub(super) fn sync_folder(disk: &dyn Disk) -> Result<(), StoreError> {
    disk.sync_folder(FOLDER).map_err(|e| StoreError::disk("sync", FOLDER, e))
}

/// What the folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Digests that files are named by.
    pub(super) digests: Vec<String>,
    /// Anything else.
    pub(super) strangers: Vec<String>,
}

/// Lists the folder after removing files that never got their name.
pub(super) fn list(disk: &dyn Disk, clean: bool) -> Result<Listing, StoreError> {
    let names = disk.list(FOLDER).map_err(|e| StoreError::disk("list", FOLDER, e))?;
    let mut listing = Listing::default();
    for name in names {
        if name.ends_with(UNFINISHED) {
            if clean {
                let path = format!("{FOLDER}/{name}");
                disk.remove(&path).map_err(|e| StoreError::disk("remove", &path, e))?;
            }
            continue;
        }
        match name.strip_suffix(SUFFIX) {
            Some(digest) if digest.len() == 64 => listing.digests.push(digest.to_owned()),
            _ => listing.strangers.push(name),
        }
    }
    Ok(listing)
}
