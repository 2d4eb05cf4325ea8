//! Signing keys that nobody can copy: smart-card tokens, HSMs, TPMs.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::DeviceError;

/// A PIN. Wiped when dropped; never shown by `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pin(String);

impl Pin {
    /// Takes the PIN's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The PIN's text, for the driver that hands it to the token.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// The signature algorithm of a key. Both sign a SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256; the signature is a DER `ECDSA-Sig-Value` (RFC 3279).
    EcdsaP256Sha256,
    /// RSASSA-PKCS1-v1_5 (RFC 8017), modulus of 2048 bits or more.
    RsaPkcs1Sha256,
}

/// A token that holds one named key with its certificate chain.
pub trait Token: Send {
    /// Logs in and finds the key. A wrong PIN is
    /// [`Fault::PinIncorrect`](crate::Fault::PinIncorrect), a locked one
    /// [`Fault::PinLocked`](crate::Fault::PinLocked), a missing token
    /// [`Fault::Removed`](crate::Fault::Removed), a missing key
    /// [`Fault::Misconfigured`](crate::Fault::Misconfigured).
    fn open(&mut self, pin: &Pin) -> Result<Box<dyn SigningSession>, DeviceError>;

    /// Whether the token is present now, in one line for the technician. No PIN is used.
    fn probe(&mut self) -> Result<String, DeviceError>;

    /// The key's certificate chain in DER, its own certificate first, as far as it can be read
    /// without a PIN.
    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError>;
}

/// A logged-in key. Dropping it logs out.
pub trait SigningSession: Send {
    /// The certificate chain in DER, the key's own certificate first.
    fn chain(&self) -> &[Vec<u8>];

    /// The key's algorithm.
    fn algorithm(&self) -> KeyAlgorithm;

    /// Whether the key can still be asked, without a signature: a token that was out has forgotten
    /// its sessions, even when it is back. A key that is always there has nothing to check.
    fn check(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }

    /// Signs a SHA-256 digest.
    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError>;
}
