//! The device's key for the connection to the registry, opened for each handshake only.
//!
//! A session that stays open would hold its PKCS#11 module busy, and some modules notice a token
//! that was put back only when they start anew. Handshakes are rare; a log-in takes milliseconds.

use drivers_api::{DeviceError, KeyAlgorithm, SigningSession, Token};

use crate::pin::PinSource;

/// A key that logs in for each signature and out again.
pub struct OnDemandKey {
    token: Box<dyn Token>,
    pin: PinSource,
    chain: Vec<Vec<u8>>,
    algorithm: KeyAlgorithm,
}

impl OnDemandKey {
    /// Looks the key up once, to learn its certificates and algorithm.
    pub fn open(mut token: Box<dyn Token>, pin: PinSource) -> Result<Self, DeviceError> {
        let session = token.open(&pin.read()?)?;
        let (chain, algorithm) = (session.chain().to_vec(), session.algorithm());
        drop(session);
        Ok(Self { token, pin, chain, algorithm })
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
        self.token.open(&self.pin.read()?)?.sign_digest(digest)
    }
}
