//! Signatures of issuers: RSA (PKCS#1 v1.5 and PSS) and ECDSA, on the curves and digests that
//! Doc 9303-12 allows. SHA-1 verifies nothing.

use der::asn1::ObjectIdentifier;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use ring::signature as rsa;
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::curve::Curve;
use crate::tlv;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const RSA_KEY: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const EC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
/// `rsaEncryption` and `…withRSAEncryption`: 11, 12, 13.
const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");

/// A digest that is strong enough to believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of_oid(kind: ObjectIdentifier) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512].into_iter().find(|hash| hash.oid() == kind)
    }

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => oid("2.16.840.1.101.3.4.2.1"),
            Self::Sha384 => oid("2.16.840.1.101.3.4.2.2"),
            Self::Sha512 => oid("2.16.840.1.101.3.4.2.3"),
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        digest(self.algorithm(), bytes).as_ref().to_vec()
    }
}

/// How a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1(Hash),
    Pss(Hash),
    Ecdsa(Hash),
}

/// The scheme of an algorithm; `rsaEncryption` alone leaves the digest to `stated`.
fn scheme(algorithm: &AlgorithmIdentifierOwned, stated: Option<Hash>) -> Option<Scheme> {
    Some(match algorithm.oid {
        RSA_SHA256 => Scheme::Pkcs1(Hash::Sha256),
        RSA_SHA384 => Scheme::Pkcs1(Hash::Sha384),
        RSA_SHA512 => Scheme::Pkcs1(Hash::Sha512),
        RSA_KEY => Scheme::Pkcs1(stated?),
        RSA_PSS => Scheme::Pss(pss_hash(algorithm)?),
        ECDSA_SHA256 => Scheme::Ecdsa(Hash::Sha256),
        ECDSA_SHA384 => Scheme::Ecdsa(Hash::Sha384),
        ECDSA_SHA512 => Scheme::Ecdsa(Hash::Sha512),
        _ => return None,
    })
}

/// The digest of PSS, where mask and salt are as Doc 9303-12 asks: by the same digest, as long as
/// it.
fn pss_hash(algorithm: &AlgorithmIdentifierOwned) -> Option<Hash> {
    let parameters = algorithm.parameters.as_ref()?.value();
    let first_oid = |bytes| ObjectIdentifier::from_bytes(tlv::find(bytes, 0x06)?).ok();
    let hash = Hash::of_oid(first_oid(tlv::expect(tlv::find(parameters, 0xa0)?, 0x30).ok()?)?)?;
    let mask = tlv::expect(tlv::find(parameters, 0xa1)?, 0x30).ok()?;
    let mask_hash = first_oid(tlv::find(mask, 0x30)?)?;
    let salt = tlv::expect(tlv::find(parameters, 0xa2)?, 0x02).ok()?;
    let fits = mask_hash == hash.oid() && salt == [hash.algorithm().output_len() as u8];
    fits.then_some(hash)
}

/// Whether a message is signed by the key. `stated` is the digest that the signed data names
/// beside an algorithm which does not.
pub(crate) fn is_signed(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    stated: Option<Hash>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    match scheme(algorithm, stated) {
        Some(Scheme::Ecdsa(hash)) => {
            let curve = ec_key(key);
            curve.is_some_and(|(curve, point)| {
                curve.is_signed(point, &hash.digest(message), signature, true)
            })
        }
        Some(Scheme::Pkcs1(hash)) => rsa_signed(
            key,
            message,
            signature,
            match hash {
                Hash::Sha256 => &rsa::RSA_PKCS1_2048_8192_SHA256,
                Hash::Sha384 => &rsa::RSA_PKCS1_2048_8192_SHA384,
                Hash::Sha512 => &rsa::RSA_PKCS1_2048_8192_SHA512,
            },
        ),
        Some(Scheme::Pss(hash)) => rsa_signed(
            key,
            message,
            signature,
            match hash {
                Hash::Sha256 => &rsa::RSA_PSS_2048_8192_SHA256,
                Hash::Sha384 => &rsa::RSA_PSS_2048_8192_SHA384,
                Hash::Sha512 => &rsa::RSA_PSS_2048_8192_SHA512,
            },
        ),
        None => false,
    }
}

fn rsa_signed(
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
    parameters: &'static rsa::RsaParameters,
) -> bool {
    let Some((n, e)) = rsa_key(key) else { return false };
    rsa::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
}

/// Modulus and exponent of an RSA key, without leading zeros.
pub(crate) fn rsa_key(key: &SubjectPublicKeyInfoOwned) -> Option<(&[u8], &[u8])> {
    if key.algorithm.oid != RSA_KEY && key.algorithm.oid != RSA_PSS {
        return None;
    }
    let content = tlv::expect(key.subject_public_key.as_bytes()?, 0x30).ok()?;
    let (n, rest) = tlv::first(content).ok()?;
    let e = tlv::expect(rest, 0x02).ok()?;
    let plain = |bytes: &'_ [u8]| bytes.iter().position(|byte| *byte != 0);
    Some((&n.value[plain(n.value)?..], &e[plain(e)?..]))
}

/// Curve and point of an elliptic key.
pub(crate) fn ec_key(key: &SubjectPublicKeyInfoOwned) -> Option<(Curve, &[u8])> {
    let parameters = key.algorithm.parameters.as_ref().filter(|_| key.algorithm.oid == EC_KEY)?;
    let parameters =
        tlv::write(u32::from(u8::from(der::Tagged::tag(parameters))), parameters.value());
    Some((Curve::of_parameters(&parameters)?, key.subject_public_key.as_bytes()?))
}
