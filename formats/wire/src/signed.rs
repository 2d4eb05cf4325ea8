//! The Ed25519 signature over a receipt (RFC 8032): the registry signs, the kiosk verifies.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SecureRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::receipt::{RECEIPT_BYTES_MAX, Receipt, ReceiptError};

const KEY_PREFIX: &str = "ed25519:";
const SIGNATURE_TEXT_MAX: usize = 128;

/// A receipt as it travels and as the kiosk keeps it: the signed bytes themselves, never
/// re-encoded, beside the signature over them. JSON with two base64 strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// Base64 of [`Receipt::to_bytes`].
    pub receipt: String,
    /// Base64 of the 64 signature bytes.
    pub signature: String,
}

/// Why a signed receipt is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// One of the two strings is not base64 or is too long.
    #[error("signed receipt is not well formed")]
    Form,
    /// The signature was not made by this key over these bytes.
    #[error("receipt signature does not match the registry's key")]
    Mismatch,
    /// The signature holds, but the bytes are not a receipt this version can read.
    #[error("signed bytes are not a receipt")]
    Receipt(#[source] ReceiptError),
}

/// Why a key text or key file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `ed25519:` and base64 of 32 bytes.
    #[error("not an ed25519 public key in text form")]
    Text,
    /// Not an unencrypted PKCS#8 Ed25519 private key.
    #[error("not an ed25519 private key in PKCS#8 form")]
    Pkcs8,
    /// The source of randomness failed.
    #[error("cannot make a receipt key: no randomness")]
    Randomness,
}

/// The registry's public receipt key. Text form: `ed25519:` and base64 of the 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptKey([u8; 32]);

impl ReceiptKey {
    /// Believes a receipt, or says why not. The caller still compares device, sequence and digest
    /// with its own: a true receipt for another copy is no receipt for this one.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, signed: &SignedReceipt) -> Result<Receipt, SignatureError> {
        let bytes = decode(&signed.receipt, 2 * RECEIPT_BYTES_MAX)?;
        let signature = decode(&signed.signature, SIGNATURE_TEXT_MAX)?;
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(&bytes, &signature)
            .map_err(|_| SignatureError::Mismatch)?;
        Receipt::from_bytes(&bytes).map_err(SignatureError::Receipt)
    }
}

impl fmt::Display for ReceiptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KEY_PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for ReceiptKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let encoded = text.trim().strip_prefix(KEY_PREFIX).ok_or(KeyError::Text)?;
        let bytes = decode(encoded, SIGNATURE_TEXT_MAX).map_err(|_| KeyError::Text)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::Text)
    }
}

/// The registry's private half. Has no `Debug`, so that it cannot reach a log.
pub struct ReceiptSigner(Ed25519KeyPair);

impl ReceiptSigner {
    /// A new private key as PKCS#8 bytes, for a file that only the registry can read.
    ///
    /// # Errors
    /// [`KeyError::Randomness`] when `random` fails.
    pub fn generate_pkcs8(random: &dyn SecureRandom) -> Result<Vec<u8>, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(random).map_err(|_| KeyError::Randomness)?;
        Ok(document.as_ref().to_vec())
    }

    /// Reads a private key, as PKCS#8 v1 (openssl) or v2.
    ///
    /// # Errors
    /// [`KeyError::Pkcs8`].
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map(Self).map_err(|_| KeyError::Pkcs8)
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn key(&self) -> ReceiptKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        ReceiptKey(bytes)
    }

    /// Signs a receipt. The same receipt gives the same bytes and signature every time.
    ///
    /// # Errors
    /// [`ReceiptError`] when the receipt has no canonical form.
    pub fn sign(&self, receipt: &Receipt) -> Result<SignedReceipt, ReceiptError> {
        let bytes = receipt.to_bytes()?;
        let signature = self.0.sign(&bytes);
        Ok(SignedReceipt {
            receipt: STANDARD.encode(&bytes),
            signature: STANDARD.encode(signature.as_ref()),
        })
    }
}

fn decode(text: &str, length_max: usize) -> Result<Vec<u8>, SignatureError> {
    if text.len() > length_max {
        return Err(SignatureError::Form);
    }
    STANDARD.decode(text).map_err(|_| SignatureError::Form)
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;
    use crate::receipt::tests::sample;

    fn signer() -> ReceiptSigner {
        let pkcs8 = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).expect("randomness");
        ReceiptSigner::from_pkcs8(&pkcs8).expect("a key just made")
    }

    #[test]
    fn a_signed_receipt_is_believed_by_its_own_key_and_by_no_other() {
        let signer = signer();
        let signed = signer.sign(&sample()).expect("canonical");
        assert_eq!(signer.key().verify(&signed), Ok(sample()));
        let stranger = super::tests::signer().key();
        assert_eq!(stranger.verify(&signed), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_receipt_with_another_receipts_signature_is_not_believed() {
        let signer = signer();
        let signed = signer.sign(&sample()).expect("canonical");
        let other = Receipt { sequence: 18, ..sample() };
        let mixed = SignedReceipt {
            signature: signed.signature,
            ..signer.sign(&other).expect("canonical")
        };
        assert_eq!(signer.key().verify(&mixed), Err(SignatureError::Mismatch));
    }

    #[test]
    fn signed_bytes_that_are_no_receipt_are_not_believed() {
        let signer = signer();
        let bytes = b"ban-sao receipt 9\n";
        let signed = SignedReceipt {
            receipt: STANDARD.encode(bytes),
            signature: STANDARD.encode(signer.0.sign(bytes).as_ref()),
        };
        let error = signer.key().verify(&signed).expect_err("unknown version");
        assert_eq!(error, SignatureError::Receipt(ReceiptError::Form));
    }

    #[test]
    fn a_public_key_survives_its_text() {
        let key = signer().key();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!("ed25519:AAAA".parse::<ReceiptKey>(), Err(KeyError::Text));
        assert_eq!("AAAA".parse::<ReceiptKey>(), Err(KeyError::Text));
    }
}
