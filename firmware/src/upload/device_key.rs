//! The device's key for the connection to the registry, opened for each handshake only.
//!
//! A session that stays open would hold its PKCS#11 module busy, and some modules notice a token
//! that was put back only when they start anew. Handshakes are rare; a log-in takes milliseconds.

use std::path::PathBuf;

use drivers_api::{DeviceError, KeyAlgorithm, SigningSession, Token};

use crate::steps::decide::read_pin;

/// A key that logs in for each signature and out again.
pub struct OnDemandKey {
    token: Box<dyn Token>,
    pin_file: PathBuf,
    chain: Vec<Vec<u8>>,
    algorithm: KeyAlgorithm,
}

impl OnDemandKey {
    /// Looks the key up once, to learn its certificates and algorithm.
    pub fn open(mut token: Box<dyn Token>, pin_file: PathBuf) -> Result<Self, DeviceError> {
        let session = token.open(&read_pin(&pin_file)?)?;
        let (chain, algorithm) = (session.chain().to_vec(), session.algorithm());
        drop(session);
        Ok(Self { token, pin_file, chain, algorithm })
    }
}

impl SigningSession for OnDemandKey {
    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        self.token.open(&read_pin(&self.pin_file)?)?.sign_digest(digest)
    }
}
