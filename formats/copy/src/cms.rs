//! The signature inside a hole: CMS SignedData in the CAdES baseline B shape (ETSI EN 319 122-1).
//!
//! Signed attributes: content type, message digest, signing-certificate-v2 naming every carried
//! certificate. No signing time: PAdES keeps it in the signature dictionary (EN 319 142-1, 5.3).
//!
//! There is one encoding for given contents. A verifier encodes again what it read and compares, so
//! no byte of the structure can change unnoticed, though part of it lies outside the signature.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier,
    SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec, Uint};
use der::{Decode, Encode, Sequence, Tag};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::KeyUsage;

use crate::verify::organisation;
use crate::{SPECIMEN, SignatureAlgorithm, hash};

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// The longest DER signature of P-256: two 33-byte integers.
const ECDSA_BYTES_MAX: usize = 72;
/// The shortest RSA key, in bits (ETSI TS 119 312).
const RSA_BITS_MIN: usize = 2048;
/// Certificates of one chain; deeper ones do not occur.
const CHAIN_MAX: usize = 8;

/// RFC 5035; the hash algorithm is left out because SHA-256 is its default.
#[derive(Sequence)]
struct EssCertIdV2 {
    hash: OctetString,
}

#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
}

/// RFC 8017, A.1.1.
#[derive(Sequence)]
struct RsaPublicKey {
    modulus: Uint,
    exponent: Uint,
}

fn modulus_bits(modulus: &Uint) -> usize {
    let bytes = modulus.as_bytes();
    let zeros = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
    (8 * bytes.len()).saturating_sub(zeros)
}

/// A signer's certificates, checked for use in a signature.
#[derive(Debug)]
pub(crate) struct Chain {
    /// DER, the signer's own first, self-issued ones left out.
    pub(crate) der: Vec<Vec<u8>>,
    certificates: Vec<Certificate>,
    pub(crate) algorithm: SignatureAlgorithm,
}

/// Why a signature cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CmsError {
    /// The signer has no certificate, or a chain that is too long.
    #[error("a chain has 1 to {CHAIN_MAX} certificates, not {count}")]
    ChainLength {
        /// How many there are.
        count: usize,
    },
    /// A certificate is not valid DER.
    #[error("certificate {place} of the chain cannot be read")]
    Certificate {
        /// Its place in the chain, from 1.
        place: usize,
        /// The decoder's reason.
        #[source]
        source: der::Error,
    },
    /// The structure cannot be encoded or decoded.
    #[error("the signature structure is malformed")]
    Structure(#[from] der::Error),
    /// The structure is not the one that is written here.
    #[error("the signature has an unexpected {part}")]
    Shape {
        /// Which part.
        part: &'static str,
    },
}

impl Chain {
    pub(crate) fn new(chain: &[Vec<u8>], algorithm: SignatureAlgorithm) -> Result<Self, CmsError> {
        if chain.is_empty() || chain.len() > CHAIN_MAX {
            return Err(CmsError::ChainLength { count: chain.len() });
        }
        let mut kept = Self { der: Vec::new(), certificates: Vec::new(), algorithm };
        for (i, der) in chain.iter().enumerate() {
            let certificate = Certificate::from_der(der)
                .map_err(|source| CmsError::Certificate { place: i + 1, source })?;
            if i == 0 || !self_issued(&certificate) {
                kept.der.push(der.clone());
                kept.certificates.push(certificate);
            }
        }
        Ok(kept)
    }

    /// The signer's own certificate.
    pub(crate) fn own(&self) -> Option<&Certificate> {
        self.certificates.first()
    }

    /// Whether the signer's certificate is a demonstration's.
    pub(crate) fn is_specimen(&self) -> bool {
        let subject = self.own().map(|own| &own.tbs_certificate.subject);
        subject.and_then(organisation).is_some_and(|name| name == SPECIMEN)
    }

    /// Whether both chains are of one signer: the same key, whatever the certificates say.
    pub(crate) fn same_signer(&self, other: &Self) -> bool {
        self.own().map(public_key) == other.own().map(public_key)
    }

    /// Whether the key is as long as a signature of today needs (RSA: 2048 bits).
    pub(crate) fn strong(&self) -> bool {
        let key = self.own().map(public_key).unwrap_or_default();
        match self.algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => true,
            // A key of another kind makes no signature of this kind: that is found later.
            SignatureAlgorithm::RsaPkcs1Sha256 => RsaPublicKey::from_der(key)
                .map_or(true, |key| modulus_bits(&key.modulus) >= RSA_BITS_MIN),
        }
    }

    /// Whether the certificate's key usage, if it names one, is to sign (RFC 5280, 4.2.1.3).
    pub(crate) fn may_sign(&self) -> bool {
        let usage = self.own().map(|own| own.tbs_certificate.get::<KeyUsage>());
        match usage {
            Some(Ok(Some((_, usage)))) => usage.digital_signature() || usage.non_repudiation(),
            Some(Ok(None)) => true,
            Some(Err(_)) | None => false,
        }
    }

    /// Whether `signature` over `message` is by the signer's key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match self.algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
            SignatureAlgorithm::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = self.own().map(public_key).unwrap_or_default();
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
    }

    /// The most bytes that a signature with this key takes.
    pub(crate) fn signature_bytes_max(&self) -> usize {
        match self.algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => ECDSA_BYTES_MAX,
            // The key's encoding is a little longer than its modulus, which a signature is as
            // long as.
            SignatureAlgorithm::RsaPkcs1Sha256 => self.own().map(public_key).unwrap_or(&[]).len(),
        }
    }

    /// The most bytes that a signature structure with this chain takes.
    pub(crate) fn room(&self) -> Result<usize, CmsError> {
        Ok(encode(self, &[0; 32], &vec![0xff; self.signature_bytes_max()])?.len())
    }
}

fn public_key(certificate: &Certificate) -> &[u8] {
    certificate.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes()
}

fn self_issued(certificate: &Certificate) -> bool {
    certificate.tbs_certificate.issuer == certificate.tbs_certificate.subject
}

/// The bytes that the signer's key signs, for a document digest.
pub(crate) fn signed_attributes(chain: &Chain, digest: &[u8; 32]) -> Result<Vec<u8>, CmsError> {
    Ok(attributes(chain, digest)?.to_der()?)
}

fn attributes(chain: &Chain, digest: &[u8; 32]) -> Result<SignedAttributes, CmsError> {
    let reference = |der: &Vec<u8>| Ok(EssCertIdV2 { hash: OctetString::new(hash(der))? });
    let certs = chain.der.iter().map(reference).collect::<der::Result<_>>()?;
    Ok(SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, &DATA)?,
        attribute(MESSAGE_DIGEST, &OctetString::new(*digest)?)?,
        attribute(SIGNING_CERTIFICATE_V2, &SigningCertificateV2 { certs })?,
    ])?)
}

fn attribute(oid: ObjectIdentifier, value: &impl Encode) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![any(value)?])? })
}

fn any(value: &impl Encode) -> der::Result<Any> {
    Any::from_der(&value.to_der()?)
}

/// The whole structure.
pub(crate) fn encode(
    chain: &Chain,
    digest: &[u8; 32],
    signature: &[u8],
) -> Result<Vec<u8>, CmsError> {
    let own = chain.own().ok_or(CmsError::ChainLength { count: 0 })?;
    let sha256 = AlgorithmIdentifierOwned { oid: SHA256, parameters: None };
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: own.tbs_certificate.issuer.clone(),
            serial_number: own.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: sha256.clone(),
        signed_attrs: Some(attributes(chain, digest)?),
        signature_algorithm: algorithm_identifier(chain.algorithm)?,
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = chain.certificates.iter().cloned().map(CertificateChoices::Certificate);
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![sha256])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: DATA, econtent: None },
        certificates: Some(CertificateSet(SetOfVec::try_from(certificates.collect::<Vec<_>>())?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    };
    Ok(ContentInfo { content_type: SIGNED_DATA, content: any(&data)? }.to_der()?)
}

fn algorithm_identifier(algorithm: SignatureAlgorithm) -> der::Result<AlgorithmIdentifierOwned> {
    Ok(match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => {
            AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None }
        }
        SignatureAlgorithm::RsaPkcs1Sha256 => AlgorithmIdentifierOwned {
            oid: RSA_SHA256,
            parameters: Some(Any::new(Tag::Null, Vec::new())?),
        },
    })
}

/// A signature read back.
pub(crate) struct Decoded {
    pub(crate) chain: Chain,
    /// The digest of the document that the signer saw.
    pub(crate) digest: [u8; 32],
    pub(crate) signature: Vec<u8>,
}

/// Reads a structure as [`encode`] writes it; `bytes` may have zeros after it, nothing else.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, CmsError> {
    let shape = |part| CmsError::Shape { part };
    let content = bytes.get(..structure_length(bytes).ok_or(shape("length"))?);
    let content = content.ok_or(shape("length"))?;
    if bytes[content.len()..].iter().any(|b| *b != 0) {
        return Err(shape("byte after its end"));
    }
    let info = ContentInfo::from_der(content)?;
    let data = SignedData::from_der(&info.content.to_der()?)?;
    let [signer] = data.signer_infos.0.as_slice() else { return Err(shape("number of signers")) };
    let algorithm = match signer.signature_algorithm.oid {
        RSA_SHA256 => SignatureAlgorithm::RsaPkcs1Sha256,
        ECDSA_SHA256 => SignatureAlgorithm::EcdsaP256Sha256,
        _ => return Err(shape("algorithm")),
    };
    let attributes = signer.signed_attrs.as_ref().ok_or(shape("lack of attributes"))?;
    let digest: OctetString = value(attributes, MESSAGE_DIGEST).ok_or(shape("digest"))?;
    let named: SigningCertificateV2 =
        value(attributes, SIGNING_CERTIFICATE_V2).ok_or(shape("certificate reference"))?;
    let chain = named_chain(data.certificates.as_ref(), &named, algorithm)?;
    let digest: [u8; 32] = digest.as_bytes().try_into().map_err(|_| shape("digest"))?;
    let signature = signer.signature.as_bytes().to_vec();
    if encode(&chain, &digest, &signature)? != content {
        return Err(shape("encoding"));
    }
    Ok(Decoded { chain, digest, signature })
}

/// The carried certificates in the order of the signed references; each referred to once.
fn named_chain(
    carried: Option<&CertificateSet>,
    named: &SigningCertificateV2,
    algorithm: SignatureAlgorithm,
) -> Result<Chain, CmsError> {
    let carried = carried.map(|set| set.0.as_slice()).unwrap_or_default();
    let count = carried.len().max(named.certs.len());
    if count > CHAIN_MAX {
        return Err(CmsError::ChainLength { count });
    }
    let encoded = carried.iter().map(Encode::to_der).collect::<der::Result<Vec<_>>>()?;
    let of = |reference: &EssCertIdV2| {
        let found = encoded.iter().find(|der| hash(der) == reference.hash.as_bytes());
        found.cloned().ok_or(CmsError::Shape { part: "certificate reference" })
    };
    let chain = named.certs.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    Chain::new(&chain, algorithm)
}

fn value<T: for<'a> Decode<'a>>(attributes: &SignedAttributes, oid: ObjectIdentifier) -> Option<T> {
    let attribute = attributes.iter().find(|attribute| attribute.oid == oid)?;
    let [value] = attribute.values.as_slice() else { return None };
    T::from_der(&value.to_der().ok()?).ok()
}

/// The length of the DER value at the beginning, by its own header.
pub(crate) fn structure_length(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [0x30, length @ 0..=0x7f, ..] => Some(2 + usize::from(length)),
        [0x30, 0x81, a, ..] => Some(3 + usize::from(a)),
        [0x30, 0x82, a, b, ..] => Some(4 + usize::from(u16::from_be_bytes([a, b]))),
        _ => None,
    }
}
