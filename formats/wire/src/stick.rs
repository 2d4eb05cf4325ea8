//! Files on a memory stick that carries copies to the registry and receipts home.
//!
//! ```text
//! ban-sao/<device>/index               what is on the stick; written last
//! ban-sao/<device>/copies/<sha256>.pdf     the sealed files
//! ban-sao/<device>/receipts/<sequence>.json    the registry's SignedReceipt
//! ban-sao/<device>/refused/<sequence>.json     or its Rejection
//! ```
//! The index is one line of JSON and one line with its SHA-256, so that a damaged stick is not
//! believed. It names no person: copies prove themselves by their signatures, receipts by theirs.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::is_device_name;
use crate::tus::UPLOAD_BYTES_MAX;

/// The folder on the stick; each device has its own below it.
pub const FOLDER: &str = "ban-sao";
/// Longest index, in bytes.
pub const INDEX_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most copies on one stick.
pub const COPY_COUNT_MAX: usize = 20_000;
/// Longest receipt or rejection, in bytes.
pub const ANSWER_BYTES_MAX: u64 = 16 * 1024;
/// Version of the index.
const VERSION: u32 = 1;

/// What a device put on a stick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StickIndex {
    version: u32,
    /// The device, as in its certificate and in each copy's manifest.
    pub device: String,
    /// The copies, oldest first.
    pub copies: Vec<StickCopy>,
}

/// A copy on a stick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StickCopy {
    /// The device's sequence number of the copy.
    pub sequence: u64,
    /// SHA-256 of the sealed file.
    #[serde(with = "hex::serde")]
    pub sha256: [u8; 32],
    /// Length of the sealed file.
    pub bytes: u64,
}

/// Why an index cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StickError {
    /// It is not the text and digest of an index.
    #[error("the index is damaged or no index")]
    Damaged,
    /// A newer program wrote it.
    #[error("the index has version {0}, this program knows {VERSION}")]
    Newer(u32),
    /// A field holds what it cannot.
    #[error("the index has a wrong {0}")]
    Field(&'static str),
}

impl StickIndex {
    /// An index of these copies.
    #[must_use]
    pub const fn new(device: String, copies: Vec<StickCopy>) -> Self {
        Self { version: VERSION, device, copies }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`StickError::Field`] when it could not be read back.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StickError> {
        self.check()?;
        let mut bytes = serde_json::to_vec(self).map_err(|_| StickError::Damaged)?;
        let sum = hex::encode(digest(&SHA256, &bytes));
        bytes.extend_from_slice(format!("\n{sum}\n").as_bytes());
        Ok(bytes)
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`StickError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StickError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        if bytes.len() as u64 > INDEX_BYTES_MAX {
            return Err(StickError::Damaged);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| StickError::Damaged)?;
        let (json, sum) = text.split_once('\n').ok_or(StickError::Damaged)?;
        if format!("{}\n", hex::encode(digest(&SHA256, json.as_bytes()))) != sum {
            return Err(StickError::Damaged);
        }
        let Version { version } = serde_json::from_str(json).map_err(|_| StickError::Damaged)?;
        if version != VERSION {
            return Err(StickError::Newer(version));
        }
        let index: Self = serde_json::from_str(json).map_err(|_| StickError::Damaged)?;
        index.check()?;
        Ok(index)
    }

    fn check(&self) -> Result<(), StickError> {
        if !is_device_name(&self.device) {
            return Err(StickError::Field("device"));
        }
        if self.copies.len() > COPY_COUNT_MAX {
            return Err(StickError::Field("number of copies"));
        }
        let length = 1..=UPLOAD_BYTES_MAX;
        if self.copies.iter().any(|copy| !length.contains(&copy.bytes)) {
            return Err(StickError::Field("length"));
        }
        Ok(())
    }
}

/// The folder of a device's copies.
#[must_use]
pub fn copies(device: &str) -> String {
    format!("{FOLDER}/{device}/copies")
}

/// The folder of the receipts for a device.
#[must_use]
pub fn receipts(device: &str) -> String {
    format!("{FOLDER}/{device}/receipts")
}

/// The folder of the refusals for a device.
#[must_use]
pub fn refusals(device: &str) -> String {
    format!("{FOLDER}/{device}/refused")
}

/// A device's index.
#[must_use]
pub fn index_path(device: &str) -> String {
    format!("{FOLDER}/{device}/index")
}

/// A sealed file; `sha256` in lower-case hex.
#[must_use]
pub fn copy_path(device: &str, sha256: &str) -> String {
    format!("{}/{sha256}.pdf", copies(device))
}

/// The answer about a copy, in [`receipts`] or [`refusals`].
#[must_use]
pub fn answer_path(folder: &str, sequence: u64) -> String {
    format!("{folder}/{sequence}.json")
}

/// The sequence that an answer's file name is about.
#[must_use]
pub fn answered(file_name: &str) -> Option<u64> {
    crate::tus::parse_decimal(file_name.strip_suffix(".json")?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(copies: Vec<StickCopy>) -> StickIndex {
        StickIndex::new("HN-VAN-03".into(), copies)
    }

    fn any_copy() -> impl Strategy<Value = StickCopy> {
        (any::<u64>(), any::<[u8; 32]>(), 1..=UPLOAD_BYTES_MAX)
            .prop_map(|(sequence, sha256, bytes)| StickCopy { sequence, sha256, bytes })
    }

    proptest! {
        #[test]
        fn an_index_comes_back(copies in prop::collection::vec(any_copy(), 0..20)) {
            let index = index(copies);
            let bytes = index.to_bytes().expect("it can be written");
            prop_assert_eq!(StickIndex::from_bytes(&bytes), Ok(index));
        }

        #[test]
        fn a_changed_byte_is_noticed(
            copies in prop::collection::vec(any_copy(), 1..4),
            at in any::<prop::sample::Index>(),
            other: u8,
        ) {
            let mut bytes = index(copies).to_bytes().expect("it can be written");
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != other);
            bytes[at] = other;
            prop_assert_eq!(StickIndex::from_bytes(&bytes), Err(StickError::Damaged));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes: Vec<u8>) {
            let _ = StickIndex::from_bytes(&bytes);
        }
    }

    #[test]
    fn a_device_that_climbs_out_of_its_folder_is_refused() {
        let climbing = StickIndex::new("../x".into(), vec![]);
        assert_eq!(climbing.to_bytes(), Err(StickError::Field("device")));
    }

    #[test]
    fn a_newer_index_is_called_newer() {
        let json = r#"{"version":2,"device":"K","copies":[],"more":1}"#;
        let sum = hex::encode(digest(&SHA256, json.as_bytes()));
        let text = format!("{json}\n{sum}\n");
        assert_eq!(StickIndex::from_bytes(text.as_bytes()), Err(StickError::Newer(2)));
    }
}
