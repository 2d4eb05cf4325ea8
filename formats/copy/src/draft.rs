//! A copy while its signatures come behind it.

use std::sync::Arc;

use crate::beginning::Beginning;
use crate::revision::{Base, BaseError};
use crate::slim::Known;

/// A file in memory whose unsigned part was read and hashed once, for those who sign and for those
/// who verify what was signed. It only grows: what was found of the unsigned part stays true.
pub(crate) struct Draft {
    bytes: Vec<u8>,
    found: Found,
}

/// What is known of the unsigned part of a file.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) base: Arc<Base>,
    pub(crate) beginning: Beginning,
}

impl Draft {
    /// Reads an unsigned file. Pictures that are equal to known ones are not hashed again.
    pub(crate) fn new(bytes: Vec<u8>, known: &[Known]) -> Result<Self, BaseError> {
        let base = Arc::new(Base::read(&bytes, known)?);
        let beginning = Beginning::of(&bytes);
        Ok(Self { bytes, found: Found { base, beginning } })
    }

    /// The file so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its unsigned part.
    pub(crate) fn found(&self) -> &Found {
        &self.found
    }

    /// The SHA-256 of the file with more behind it.
    pub(crate) fn digest(&self, more: &[&[u8]]) -> [u8; 32] {
        self.found.beginning.digest(&self.bytes, more)
    }

    /// Adds what comes behind.
    pub(crate) fn push(&mut self, added: &[u8]) {
        self.bytes.reserve_exact(added.len());
        self.bytes.extend_from_slice(added);
    }

    /// The file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
