//! EF.SOD: the digests of the data groups, signed by a document signer (Doc 9303-10, 4.6.2).

use std::collections::BTreeMap;

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::signature::{Hash, is_signed};
use crate::tlv;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// `id-icao-mrtd-security-ldsSecurityObject`.
const LDS_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// Data groups of a chip.
const GROUPS_MAX: usize = 16;

/// Why EF.SOD cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SodError {
    /// It is not signed data as it should be.
    #[error("EF.SOD is malformed: {0}")]
    Malformed(&'static str),
    /// Its digest is weak or unknown.
    #[error("EF.SOD uses a digest that is weak or unknown")]
    Digest,
    /// The document signer's certificate is not in it.
    #[error("EF.SOD has no certificate of its signer")]
    NoSigner,
    /// The signature is not the document signer's.
    #[error("the signature of EF.SOD is not its signer's")]
    Signature,
}

/// The signed digests, and who signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sod {
    hash: Hash,
    digests: BTreeMap<u8, Vec<u8>>,
    signer: Certificate,
    signer_der: Vec<u8>,
}

impl Sod {
    /// Takes the file apart and holds its signature against the certificate inside. Whether that
    /// certificate is worth anything is told by the trust store.
    pub fn parse(file: &[u8]) -> Result<Self, SodError> {
        let bad = SodError::Malformed;
        let content = tlv::expect(file, 0x77).map_err(|_| bad("no tag 77"))?;
        let (content, _) = tlv::first(content).map_err(|_| bad("no content"))?;
        let info = ContentInfo::from_der(content.whole).map_err(|_| bad("no content info"))?;
        if info.content_type != SIGNED_DATA {
            return Err(bad("no signed data"));
        }
        let signed: SignedData = info.content.decode_as().map_err(|_| bad("signed data"))?;
        let object = &signed.encap_content_info;
        let content = object.econtent.as_ref().filter(|_| object.econtent_type == LDS_OBJECT);
        let content = content.ok_or(bad("no security object"))?;
        let content: OctetString = content.decode_as().map_err(|_| bad("security object"))?;
        let [signer_info] = signed.signer_infos.0.as_slice() else {
            return Err(bad("not one signer"));
        };
        let (signer, signer_der) = signer(&signed, signer_info).ok_or(SodError::NoSigner)?;
        check_signature(signer_info, &signer, content.as_bytes())?;
        let (hash, digests) = digests(content.as_bytes())?;
        Ok(Self { hash, digests, signer, signer_der })
    }

    /// The data groups whose digests are signed.
    pub fn groups(&self) -> impl Iterator<Item = u8> + '_ {
        self.digests.keys().copied()
    }

    /// Whether a whole file is the data group that was signed; none where no digest of it was.
    pub fn matches(&self, group: u8, file: &[u8]) -> Option<bool> {
        self.digests.get(&group).map(|digest| *digest == self.hash.digest(file))
    }

    pub(crate) const fn signer(&self) -> &Certificate {
        &self.signer
    }

    pub(crate) fn signer_der(&self) -> &[u8] {
        &self.signer_der
    }
}

fn signer(signed: &SignedData, info: &SignerInfo) -> Option<(Certificate, Vec<u8>)> {
    let certificates = signed.certificates.as_ref()?.0.iter().filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    });
    let mut named = certificates.filter(|certificate| is_named(certificate, &info.sid));
    let certificate = named.next()?;
    Some((certificate.clone(), certificate.to_der().ok()?))
}

fn is_named(certificate: &Certificate, sid: &SignerIdentifier) -> bool {
    let tbs = &certificate.tbs_certificate;
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer,
            serial_number,
        }) => tbs.issuer == *issuer && tbs.serial_number == *serial_number,
        SignerIdentifier::SubjectKeyIdentifier(wanted) => {
            let found = tbs.get::<SubjectKeyIdentifier>();
            found.is_ok_and(|found| found.is_some_and(|(_, found)| found == *wanted))
        }
    }
}

fn check_signature(
    info: &SignerInfo,
    signer: &Certificate,
    content: &[u8],
) -> Result<(), SodError> {
    let bad = SodError::Malformed;
    let hash = Hash::of_oid(info.digest_alg.oid).ok_or(SodError::Digest)?;
    let attributes = info.signed_attrs.as_ref().ok_or(bad("no signed attributes"))?;
    let value = |kind: ObjectIdentifier| {
        let mut found = attributes.iter().filter(|attribute| attribute.oid == kind);
        let values = &found.next()?.values;
        (found.next().is_none() && values.len() == 1).then(|| values.get(0)).flatten()
    };
    let kind = value(CONTENT_TYPE).and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let digest = value(MESSAGE_DIGEST).and_then(|any| any.decode_as::<OctetString>().ok());
    if kind != Some(LDS_OBJECT) {
        return Err(bad("content type"));
    }
    if digest.is_none_or(|digest| digest.as_bytes() != hash.digest(content)) {
        return Err(SodError::Signature);
    }
    let message = attributes.to_der().map_err(|_| bad("signed attributes"))?;
    let key = &signer.tbs_certificate.subject_public_key_info;
    let signature = info.signature.as_bytes();
    let signed = is_signed(key, &info.signature_algorithm, Some(hash), &message, signature);
    if signed { Ok(()) } else { Err(SodError::Signature) }
}

/// LDSSecurityObject: version, digest, list of numbers and digests.
fn digests(content: &[u8]) -> Result<(Hash, BTreeMap<u8, Vec<u8>>), SodError> {
    let bad = |_| SodError::Malformed("digests");
    let content = tlv::expect(content, 0x30).map_err(bad)?;
    let (_version, rest) = tlv::first(content).map_err(bad)?;
    let (algorithm, rest) = tlv::first(rest).map_err(bad)?;
    let kind = tlv::expect(algorithm.value, 0x06).map_err(bad)?;
    let kind = ObjectIdentifier::from_bytes(kind).map_err(|_| SodError::Digest)?;
    let hash = Hash::of_oid(kind).ok_or(SodError::Digest)?;
    let mut found = BTreeMap::new();
    for entry in tlv::all(tlv::expect(rest, 0x30).map_err(bad)?) {
        let (number, digest) = tlv::first(entry.map_err(bad)?.value).map_err(bad)?;
        let digest = tlv::expect(digest, 0x04).map_err(bad)?;
        let number = match number.value {
            [number] if (1..=GROUPS_MAX).contains(&usize::from(*number)) => *number,
            _ => return Err(SodError::Malformed("number of a data group")),
        };
        if found.insert(number, digest.to_vec()).is_some() {
            return Err(SodError::Malformed("two digests of one data group"));
        }
    }
    Ok((hash, found))
}
