//! Whoever holds a key that signs copies: a token, a card, an HSM, a test.

use std::error::Error;

/// The algorithm of a key. Both sign a SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ECDSA on NIST P-256; the signature is a DER `ECDSA-Sig-Value` (RFC 3279).
    EcdsaP256Sha256,
    /// RSASSA-PKCS1-v1_5 (RFC 8017), modulus of 2048 to 8192 bits.
    RsaPkcs1Sha256,
}

/// A key and its certificates.
pub trait Signer {
    /// The certificate chain in DER, the key's own certificate first. A root at its end is allowed
    /// and not carried into the copy: a verifier has its own roots.
    fn chain(&self) -> &[Vec<u8>];

    /// The key's algorithm.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs a SHA-256 digest. The error is the device's own.
    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}
