//! The spool: files that another process lays down for whoever holds the store.
//!
//! ```text
//! spool/receipt-<sequence>.json    a SignedReceipt that came home
//! spool/export-<medium>.json       {"medium": …, "sequences": […]}
//! ```
//! Each is taken once: put on record, then removed. One that cannot be believed is removed too,
//! and said; its copy stays and is offered again.

use std::io;

use formats_files::Disk;
use formats_wire::SignedReceipt;
use serde::{Deserialize, Serialize};

use crate::store::{Contradiction, Delivery, Store, StoreError};
use crate::upload::Identity;

/// The folder, below the state folder.
pub const FOLDER: &str = "spool";
/// Longest spooled file, in bytes: an export names up to 20,000 sequences.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct ExportNote {
    medium: String,
    sequences: Vec<u64>,
}

/// What was taken from the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// Copies that are delivered now.
    pub delivered: Vec<u64>,
    /// Receipts for copies that were delivered before.
    pub known: Vec<u64>,
    /// Files that could not be believed, and why.
    pub unbelieved: Vec<(String, String)>,
}

/// Why the spool was not emptied.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The spool's folder failed.
    #[error("cannot {action} {path}")]
    Spool {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error("cannot put a spooled file on record")]
    Store(#[from] StoreError),
}

impl DrainError {
    /// What the technician should do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Spool { .. } => "check the state folder's permissions and disk",
            Self::Store(error) => error.hint(),
        }
    }
}

/// Lays down a receipt.
pub fn put_receipt(state: &dyn Disk, sequence: u64, receipt: &SignedReceipt) -> io::Result<()> {
    put(state, &format!("receipt-{sequence}.json"), &serde_json::to_vec(receipt)?)
}

/// Lays down the note that copies are on a stick.
pub fn put_export(state: &dyn Disk, medium: &str, sequences: &[u64]) -> io::Result<()> {
    let note = ExportNote { medium: medium.to_owned(), sequences: sequences.to_vec() };
    put(state, &format!("export-{medium}.json"), &serde_json::to_vec(&note)?)
}

fn put(state: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    state.make_folder(FOLDER)?;
    state.sync_folder("")?;
    state.write_whole(&format!("{FOLDER}/{name}"), bytes)
}

/// Puts everything in the spool on record. An error leaves what was not taken for the next time.
pub fn drain(state: &dyn Disk, store: &Store, identity: &Identity) -> Result<Drained, DrainError> {
    let mut drained = Drained::default();
    let mut names = match state.list(FOLDER) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(drained),
        Err(source) => {
            return Err(DrainError::Spool { action: "list", path: FOLDER.into(), source });
        }
    };
    names.retain(|name| name.ends_with(".json"));
    names.sort_unstable();
    for name in names {
        let path = format!("{FOLDER}/{name}");
        let bytes = state.read(&path, FILE_BYTES_MAX).unwrap_or_default();
        let wrong = if name.starts_with("receipt-") {
            take_receipt(&bytes, store, identity, &mut drained)?
        } else {
            take_export(&bytes, store)?
        };
        if let Some(why) = wrong {
            tracing::error!(file = name, why, "a spooled file is not believed");
            drained.unbelieved.push((name, why));
        }
        let spool = |source| DrainError::Spool { action: "remove", path: path.clone(), source };
        state.remove(&path).map_err(spool)?;
    }
    Ok(drained)
}

/// Puts a receipt on record, or says why it is not believed.
fn take_receipt(
    bytes: &[u8],
    store: &Store,
    identity: &Identity,
    drained: &mut Drained,
) -> Result<Option<String>, StoreError> {
    let Ok(signed) = serde_json::from_slice::<SignedReceipt>(bytes) else {
        return Ok(Some("it is no receipt".into()));
    };
    let receipt = match identity.receipt_key.verify(&signed) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let Some(copy) = store.by_sequence(receipt.sequence)? else {
        return Ok(Some(format!("this kiosk has no copy {}", receipt.sequence)));
    };
    if let Err(fault) = identity.believe(&signed, &copy) {
        return Ok(Some(fault.to_string()));
    }
    if matches!(copy.delivery, Delivery::Delivered { .. }) {
        drained.known.push(copy.sequence);
        return Ok(None);
    }
    let Ok(value) = serde_json::to_value(&signed) else { return Ok(Some("it is no JSON".into())) };
    match store.mark_delivered(copy.sequence, &copy.sha256, value) {
        Ok(()) => drained.delivered.push(copy.sequence),
        // The link was faster, between the question above and now.
        Err(StoreError::Refused(Contradiction::NotPending { .. })) => {
            drained.known.push(copy.sequence);
        }
        Err(error) => return Err(error),
    }
    Ok(None)
}

fn take_export(bytes: &[u8], store: &Store) -> Result<Option<String>, StoreError> {
    let Ok(note) = serde_json::from_slice::<ExportNote>(bytes) else {
        return Ok(Some("it is no note of an export".into()));
    };
    match store.mark_exported(&note.medium, &note.sequences) {
        Ok(()) => Ok(None),
        Err(StoreError::Refused(contradiction)) => Ok(Some(contradiction.to_string())),
        Err(error) => Err(error),
    }
}
