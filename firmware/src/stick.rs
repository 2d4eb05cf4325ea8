//! The stick: how copies reach the registry from a kiosk that has no link, and receipts come home.
//!
//! [`export`] writes copies beside the running kiosk. What comes back is not put on record here:
//! only one process holds the store, so receipts and the note of an export are laid into the
//! `spool` folder of the state, and whoever holds the store [`drain`]s it. A copy counts as
//! delivered by a receipt of the registry, exactly as with a link. Start reading at [`export`].

mod spool;

use formats_files::{Disk, UNFINISHED};
use formats_wire::stick::{self, StickCopy, StickError, StickIndex};
use formats_wire::{Rejection, SignedReceipt};
use sha2::{Digest, Sha256};

use crate::store::{CopySummary, StoreError};

pub use spool::{DrainError, Drained, FOLDER as SPOOL_FOLDER, drain, put_export, put_receipt};

/// Digits of an index's digest by which the journal names a stick.
const MEDIUM_DIGITS: usize = 16;

/// What an export did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// By what name the journal knows it.
    pub medium: String,
    /// Sequences of the copies that are on the stick now.
    pub on_stick: Vec<u64>,
    /// How many of them were there before.
    pub before: usize,
    /// Copies that found no room; they are on the kiosk as ever.
    pub left: usize,
}

/// Why copies cannot be written to a stick, or answers not be read from it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The stick failed.
    #[error("cannot {action} {path} on the stick")]
    Stick {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// A copy cannot be read from the kiosk.
    #[error("cannot read copy {sequence}")]
    Copy {
        /// Its sequence.
        sequence: u64,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The index cannot be written.
    #[error("cannot write the index")]
    Index(#[source] StickError),
}

impl ExportError {
    /// What the technician should do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Stick { .. } => {
                "take another stick, or make room and run again; nothing of the kiosk is lost"
            }
            Self::Copy { source, .. } => source.hint(),
            Self::Index(_) => "check device.id in the site file; use an empty stick",
        }
    }
}

/// Writes copies to a stick, oldest first, as many as find room, then the index of those that are
/// on it. Copies that are there already are not written again. `read` gives a copy's bytes.
pub fn export(
    to: &dyn Disk,
    device: &str,
    copies: &[CopySummary],
    read: impl Fn(&CopySummary) -> Result<Vec<u8>, StoreError>,
) -> Result<Export, ExportError> {
    let failed = |action, path: &str| {
        let path = path.to_owned();
        move |source| ExportError::Stick { action, path, source }
    };
    let folders = [stick::copies(device), stick::receipts(device), stick::refusals(device)];
    for folder in &folders {
        to.make_folder(folder).map_err(failed("make", folder))?;
    }
    let index_path = stick::index_path(device);
    let (mut listed, mut before, mut last_written) = (Vec::new(), 0, None);
    for copy in copies {
        let path = stick::copy_path(device, &copy.sha256);
        if is_there(to, &path, copy) {
            before += 1;
        } else {
            let bytes = read(copy)
                .map_err(|source| ExportError::Copy { sequence: copy.sequence, source })?;
            if let Err(error) = to.write_whole(&path, &bytes) {
                // What was begun is in the way of the index, and of the next try.
                let _ = to.remove(&format!("{path}{UNFINISHED}"));
                if error.kind() == std::io::ErrorKind::StorageFull {
                    break;
                }
                return Err(failed("write", &path)(error));
            }
            last_written = Some(path);
        }
        listed.push(listing(copy)?);
    }
    let mut index = StickIndex::new(device.to_owned(), listed);
    let mut bytes = index.to_bytes().map_err(ExportError::Index)?;
    if let Err(error) = to.write_whole(&index_path, &bytes) {
        // The last copy gives way to the index, without which none of them counts.
        let Some(path) = last_written else { return Err(failed("write", &index_path)(error)) };
        to.remove(&path).map_err(failed("remove", &path))?;
        index.copies.pop();
        bytes = index.to_bytes().map_err(ExportError::Index)?;
        to.write_whole(&index_path, &bytes).map_err(failed("write", &index_path))?;
    }
    for folder in ["", stick::FOLDER] {
        to.sync_folder(folder).map_err(failed("sync", folder))?;
    }
    let mut medium = hex::encode(Sha256::digest(&bytes));
    medium.truncate(MEDIUM_DIGITS);
    let on_stick: Vec<u64> = index.copies.iter().map(|copy| copy.sequence).collect();
    let left = copies.len() - on_stick.len();
    Ok(Export { medium, before, left, on_stick })
}

fn listing(copy: &CopySummary) -> Result<StickCopy, ExportError> {
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&copy.sha256, &mut sha256)
        .map_err(|_| ExportError::Index(StickError::Field("digest")))?;
    Ok(StickCopy { sequence: copy.sequence, sha256, bytes: copy.bytes })
}

fn is_there(stick: &dyn Disk, path: &str, copy: &CopySummary) -> bool {
    let bytes = stick.read(path, copy.bytes);
    bytes.is_ok_and(|bytes| hex::encode(Sha256::digest(bytes)) == copy.sha256)
}

/// What the registry answered about a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StickAnswer {
    /// It holds the copy. To be believed only after its signature was verified.
    Receipt(SignedReceipt),
    /// It will not take the copy.
    Refused(Rejection),
    /// The file cannot be read.
    Unreadable,
}

/// All answers that a stick brings for a device, by sequence.
pub fn answers(from: &dyn Disk, device: &str) -> Result<Vec<(u64, StickAnswer)>, ExportError> {
    let mut found = Vec::new();
    for folder in [stick::receipts(device), stick::refusals(device)] {
        let names = match from.list(&folder) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(ExportError::Stick { action: "list", path: folder, source }),
        };
        for name in names {
            let Some(sequence) = stick::answered(&name) else { continue };
            let bytes = from.read(&format!("{folder}/{name}"), stick::ANSWER_BYTES_MAX);
            found.push((sequence, answer(&bytes.unwrap_or_default())));
        }
    }
    found.sort_by_key(|(sequence, _)| *sequence);
    Ok(found)
}

fn answer(bytes: &[u8]) -> StickAnswer {
    if let Ok(receipt) = serde_json::from_slice(bytes) {
        return StickAnswer::Receipt(receipt);
    }
    serde_json::from_slice(bytes).map_or(StickAnswer::Unreadable, StickAnswer::Refused)
}

#[cfg(test)]
mod tests;
