//! One signer: a session with its key.

use std::sync::Arc;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::Encode;
use der::asn1::UintRef;
use drivers_api::{DeviceError, KeyAlgorithm, SigningSession};

use crate::chain::chain_from;
use crate::fault::TokenError;
use crate::module::{Login, Module};

/// DER of a DigestInfo up to the SHA-256 digest (RFC 8017, 9.2, note 1).
const SHA256_DIGEST_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
/// DER of the object identifier of P-256 (RFC 5480, 2.1.1.1), as CKA_EC_PARAMS holds it.
const P256: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// An ECDSA signature on P-256: r and s of 32 bytes each (PKCS#11 2.40 mechanisms, 2.3.1).
const P256_SIGNATURE_BYTES: usize = 64;
/// Most certificates read from a token.
const CERTIFICATES_MAX: usize = 64;

/// A key of an open token.
#[derive(Debug)]
pub(crate) struct KeySession {
    device: String,
    module: Arc<Module>,
    /// `None` only while dropping.
    open: Option<(Session, Arc<Login>)>,
    key: ObjectHandle,
    algorithm: KeyAlgorithm,
    chain: Vec<Vec<u8>>,
}

impl KeySession {
    /// Finds the key of that label in an open session, its algorithm and its certificates.
    pub(crate) fn new(
        device: String,
        module: Arc<Module>,
        open: (Session, Arc<Login>),
        key_label: &str,
    ) -> Result<Self, TokenError> {
        let found = find(&open.0, key_label);
        match found {
            Ok((key, algorithm, chain)) => {
                Ok(Self { device, module, open: Some(open), key, algorithm, chain })
            }
            Err(error) => {
                module.close(open.0, open.1);
                Err(error)
            }
        }
    }

    /// A private key is seen only while its token is there and logged in.
    fn look(&self) -> Result<(), TokenError> {
        let (session, _) = self.open.as_ref().ok_or(TokenError::Absent)?;
        let seen = session.get_attributes(self.key, &[AttributeType::KeyType]);
        match seen.map_err(TokenError::call("look at the key"))?[..] {
            [_] => Ok(()),
            _ => Err(TokenError::NoKey),
        }
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, TokenError> {
        let (session, _) = self.open.as_ref().ok_or(TokenError::Absent)?;
        let sign = |mechanism: &Mechanism<'_>, data: &[u8]| {
            session.sign(mechanism, self.key, data).map_err(TokenError::call("sign"))
        };
        match self.algorithm {
            KeyAlgorithm::EcdsaP256Sha256 => der_signature(&sign(&Mechanism::Ecdsa, digest)?),
            KeyAlgorithm::RsaPkcs1Sha256 => {
                sign(&Mechanism::RsaPkcs, &[&SHA256_DIGEST_INFO[..], digest].concat())
            }
        }
    }
}

impl SigningSession for KeySession {
    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn check(&mut self) -> Result<(), DeviceError> {
        self.look().map_err(|error| device_error(&self.device, &error))
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        self.sign(digest).map_err(|error| device_error(&self.device, &error))
    }
}

impl Drop for KeySession {
    fn drop(&mut self) {
        if let Some((session, login)) = self.open.take() {
            self.module.close(session, login);
        }
    }
}

/// The error with its causes, in the device's name.
pub(crate) fn device_error(device: &str, error: &TokenError) -> DeviceError {
    let detail = match error {
        TokenError::Load(cause) => format!("{error}: {cause}"),
        _ => error.to_string(),
    };
    DeviceError::new(device, error.fault(), detail)
}

type Found = (ObjectHandle, KeyAlgorithm, Vec<Vec<u8>>);

fn find(session: &Session, key_label: &str) -> Result<Found, TokenError> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(key_label.into())];
    let keys = session.find_objects(&template).map_err(TokenError::call("find the key"))?;
    let key = match keys[..] {
        [key] => key,
        [] => return Err(TokenError::NoKey),
        _ => return Err(TokenError::ManyKeys(keys.len())),
    };
    let wanted = [AttributeType::KeyType, AttributeType::Id];
    let mut algorithm = None;
    let mut id = Vec::new();
    for attribute in
        session.get_attributes(key, &wanted).map_err(TokenError::call("read the key"))?
    {
        match attribute {
            Attribute::KeyType(KeyType::RSA) => algorithm = Some(KeyAlgorithm::RsaPkcs1Sha256),
            Attribute::KeyType(KeyType::EC) if is_p256(session, key)? => {
                algorithm = Some(KeyAlgorithm::EcdsaP256Sha256);
            }
            Attribute::Id(bytes) => id = bytes,
            _ => {}
        }
    }
    let algorithm = algorithm.ok_or(TokenError::KeyKind)?;
    Ok((key, algorithm, certificates(session, key_label, &id)?))
}

fn is_p256(session: &Session, key: ObjectHandle) -> Result<bool, TokenError> {
    let curve = session
        .get_attributes(key, &[AttributeType::EcParams])
        .map_err(TokenError::call("read the key's curve"))?;
    Ok(curve.contains(&Attribute::EcParams(P256.to_vec())))
}

/// The chain of a key that cannot be seen without a login: by the public key of its label, or by
/// the label itself.
pub(crate) fn public_chain(session: &Session, label: &str) -> Result<Vec<Vec<u8>>, TokenError> {
    let template = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Label(label.into())];
    let keys = session.find_objects(&template).map_err(TokenError::call("find the public key"))?;
    let mut id = Vec::new();
    if let [key] = keys[..] {
        let attributes = session.get_attributes(key, &[AttributeType::Id]);
        for attribute in attributes.map_err(TokenError::call("read the public key"))? {
            if let Attribute::Id(bytes) = attribute {
                id = bytes;
            }
        }
    }
    certificates(session, label, &id)
}

/// The key's chain. Its certificate has the key's CKA_ID (PKCS#11 2.40, 4.6.3), or at least its
/// label.
fn certificates(session: &Session, label: &str, id: &[u8]) -> Result<Vec<Vec<u8>>, TokenError> {
    let template = [Attribute::Class(ObjectClass::CERTIFICATE)];
    let handles =
        session.find_objects(&template).map_err(TokenError::call("find the certificates"))?;
    let wanted = [AttributeType::Value, AttributeType::Id, AttributeType::Label];
    let (mut by_id, mut by_label, mut all) = (None, None, Vec::new());
    for handle in handles.into_iter().take(CERTIFICATES_MAX) {
        let attributes = session
            .get_attributes(handle, &wanted)
            .map_err(TokenError::call("read a certificate"))?;
        let value = attributes.iter().find_map(|attribute| match attribute {
            Attribute::Value(bytes) => Some(bytes.clone()),
            _ => None,
        });
        let Some(value) = value else { continue };
        if !id.is_empty() && attributes.contains(&Attribute::Id(id.to_vec())) {
            by_id = Some(value.clone());
        }
        if attributes.contains(&Attribute::Label(label.into())) {
            by_label = Some(value.clone());
        }
        all.push(value);
    }
    let leaf = by_id.or(by_label).ok_or(TokenError::NoCertificate)?;
    Ok(chain_from(leaf, &all))
}

/// ECDSA-Sig-Value (RFC 3279, 2.2.3) of the r and s that PKCS#11 gives side by side.
fn der_signature(raw: &[u8]) -> Result<Vec<u8>, TokenError> {
    let bad = || TokenError::SignatureLength(raw.len());
    if raw.len() != P256_SIGNATURE_BYTES {
        return Err(bad());
    }
    let (r, s) = raw.split_at(P256_SIGNATURE_BYTES / 2);
    let pair = || -> der::Result<Vec<u8>> { vec![UintRef::new(r)?, UintRef::new(s)?].to_der() };
    pair().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leading_zeros_go_and_high_bits_get_one() {
        let mut raw = [0; 64];
        raw[31] = 5;
        raw[32] = 0x80;
        let der = der_signature(&raw).expect("64 bytes");
        assert_eq!(der[..7], [0x30, 38, 2, 1, 5, 2, 33]);
        assert_eq!(der[7..9], [0, 0x80]);
    }

    proptest! {
        #[test]
        fn only_64_bytes_are_a_signature(raw in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(der_signature(&raw).is_ok(), raw.len() == 64);
        }
    }
}
