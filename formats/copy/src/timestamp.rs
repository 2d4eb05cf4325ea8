//! Time-stamps by RFC 3161: what is asked of an authority, what it answers, whether to believe it.
//!
//! The codec is small and our own: the ready-made one knows no fractions of a second, which real
//! authorities write, and brings two protocols that nobody here speaks.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerInfo};
use der::asn1::{Any, ObjectIdentifier, OctetString, Uint};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use spki::AlgorithmIdentifierOwned;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use x509_cert::Certificate;
use x509_cert::ext::pkix::ExtendedKeyUsage;

use crate::x509::{self, SHA256};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// The largest token: a signature, and a chain of three RSA-4096 certificates, take some 7 kB.
pub(crate) const TOKEN_BYTES_MAX: usize = 10 << 10;
/// Certificates in a token; more is a mistake.
const CERTIFICATES_MAX: usize = 8;

/// Why an answer or a token is not a usable time-stamp.
#[derive(Debug, thiserror::Error)]
pub enum TimeStampError {
    /// The authority did not grant the request.
    #[error("the time-stamp authority refused with status {status}")]
    Refused {
        /// Its status (RFC 3161, 2.4.2).
        status: u8,
    },
    /// The bytes are not what RFC 3161 describes.
    #[error("the time-stamp is malformed")]
    Structure(#[from] der::Error),
    /// A part is missing, unexpected or too large.
    #[error("the time-stamp has an unusable {part}")]
    Shape {
        /// Which part.
        part: &'static str,
    },
    /// It is the answer to another question.
    #[error("the time-stamp answers another question: its {part} differs")]
    Unasked {
        /// What differs.
        part: &'static str,
    },
    /// The signature is not by the certificate that the token names.
    #[error("the time-stamp's signature is false")]
    Signature,
    /// The certificate is not one for time-stamping alone (RFC 3161, 2.3).
    #[error("the time-stamp's certificate is not for time-stamping")]
    Purpose,
    /// The certificate does not lead to a trusted root.
    #[error("the time-stamp authority is not trusted")]
    Untrusted(#[source] webpki::Error),
    /// The authority's certificate was revoked before anything proves the token.
    #[error("the time-stamp authority's certificate was revoked")]
    Revoked,
    /// The time is before the one of the signature or of an earlier time-stamp.
    #[error("the time-stamp is earlier than what it covers")]
    Order,
}

#[derive(Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

#[derive(Sequence)]
struct Request {
    version: u8,
    imprint: MessageImprint,
    #[asn1(optional = "true")]
    policy: Option<ObjectIdentifier>,
    nonce: Uint,
    cert_req: bool,
}

#[derive(Sequence)]
struct Response {
    status: Any,
    #[asn1(optional = "true")]
    token: Option<Any>,
}

/// A question to a time-stamp authority: its SHA-256 digest, a nonce, perhaps a policy.
#[derive(Debug, Clone)]
pub struct TimeStampQuery {
    digest: [u8; 32],
    nonce: Uint,
    policy: Option<ObjectIdentifier>,
}

impl TimeStampQuery {
    /// A question about a digest. The nonce must come from a secure random source; `policy` is the
    /// object identifier of the practice that is asked for, such as `1.2.3.4.1`.
    pub fn new(
        digest: [u8; 32],
        nonce: [u8; 16],
        policy: Option<&str>,
    ) -> Result<Self, TimeStampError> {
        let policy = policy.map(ObjectIdentifier::new).transpose();
        let policy = policy.map_err(|_| TimeStampError::Shape { part: "policy" })?;
        Ok(Self { digest, nonce: Uint::new(&nonce)?, policy })
    }

    /// The request's bytes (`application/timestamp-query`).
    pub fn to_der(&self) -> Result<Vec<u8>, TimeStampError> {
        let sha256 = AlgorithmIdentifierOwned { oid: SHA256, parameters: None };
        let imprint = MessageImprint {
            hash_algorithm: sha256,
            hashed_message: OctetString::new(self.digest)?,
        };
        let nonce = self.nonce.clone();
        Ok(Request { version: 1, imprint, policy: self.policy, nonce, cert_req: true }.to_der()?)
    }

    /// The token in an answer (`application/timestamp-reply`), checked to be the answer to this
    /// very question and signed by its own certificate. Trust is checked by [`verify`].
    ///
    /// [`verify`]: crate::verify()
    pub fn token(&self, answer: &[u8]) -> Result<Vec<u8>, TimeStampError> {
        let response = Response::from_der(answer)?;
        let mut info = SliceReader::new(response.status.value())?;
        let status = u8::decode(&mut info)?;
        // Granted, or granted with modifications, which are then found below.
        let token = match (status, response.token) {
            (0 | 1, Some(token)) => token.to_der()?,
            _ => return Err(TimeStampError::Refused { status }),
        };
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TimeStampError::Shape { part: "length" });
        }
        let read = Token::read(&token)?;
        let unasked = |part| Err(TimeStampError::Unasked { part });
        if read.digest != self.digest {
            return unasked("digest");
        }
        if read.nonce.as_ref() != Some(&self.nonce) {
            return unasked("nonce");
        }
        if self.policy.is_some_and(|policy| policy != read.policy) {
            return unasked("policy");
        }
        Ok(token)
    }
}

/// A token, its signature checked against the certificate that it names.
pub(crate) struct Token {
    pub(crate) digest: [u8; 32],
    pub(crate) at: OffsetDateTime,
    pub(crate) policy: ObjectIdentifier,
    nonce: Option<Uint>,
    /// DER, the authority's own first.
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Token {
    /// Reads a token; `bytes` may have zeros after it, nothing else.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, TimeStampError> {
        let shape = |part| TimeStampError::Shape { part };
        let length = crate::cms::structure_length(bytes).ok_or(shape("length"))?;
        let content = bytes.get(..length).ok_or(shape("length"))?;
        if bytes[length..].iter().any(|byte| *byte != 0) {
            return Err(shape("byte after its end"));
        }
        let info = ContentInfo::from_der(content)?;
        if info.content_type != SIGNED_DATA {
            return Err(shape("type"));
        }
        let data = SignedData::from_der(&info.content.to_der()?)?;
        if data.encap_content_info.econtent_type != TST_INFO {
            return Err(shape("content type"));
        }
        let content = data.encap_content_info.econtent.as_ref().ok_or(shape("content"))?;
        let content = content.decode_as::<OctetString>()?;
        let [signer] = data.signer_infos.0.as_slice() else { return Err(shape("signer")) };
        let certificates = certificates(&data)?;
        let own =
            signed_certificate(signer, &certificates).ok_or(shape("certificate reference"))?;
        check_signature(signer, content.as_bytes(), &certificates[own])?;
        check_purpose(&certificates[own])?;
        let mut certificates = certificates;
        certificates.swap(0, own);
        let mut token = read_info(content.as_bytes())?;
        token.certificates = certificates;
        Ok(token)
    }
}

fn certificates(data: &SignedData) -> Result<Vec<Vec<u8>>, TimeStampError> {
    let carried = data.certificates.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    if carried.is_empty() || carried.len() > CERTIFICATES_MAX {
        return Err(TimeStampError::Shape { part: "number of certificates" });
    }
    let plain = carried.iter().filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.to_der()),
        CertificateChoices::Other(_) => None,
    });
    Ok(plain.collect::<Result<_, _>>()?)
}

fn attribute(signer: &SignerInfo, kind: ObjectIdentifier) -> Option<&Any> {
    let mut found = signer.signed_attrs.as_ref()?.iter().filter(|a| a.oid == kind);
    let attribute = found.next()?;
    let [value] = attribute.values.as_slice() else { return None };
    found.next().is_none().then_some(value)
}

/// The certificate that the signed attributes name (RFC 5035): its place among `certificates`.
fn signed_certificate(signer: &SignerInfo, certificates: &[Vec<u8>]) -> Option<usize> {
    let reference = |value: &Any| {
        // SigningCertificate ::= SEQUENCE { SEQUENCE OF ESSCertID, … }; the first is the signer's.
        let first = |any: Any| Any::from_der(any.value()).ok().or_else(|| first_of(any.value()));
        first(first(value.clone())?)
    };
    if let Some(value) = attribute(signer, SIGNING_CERTIFICATE_V2) {
        let id = reference(value)?;
        let mut reader = SliceReader::new(id.value()).ok()?;
        let head = Any::decode(&mut reader).ok()?;
        let (kind, hash) = if head.tag() == Tag::Sequence {
            let kind = AlgorithmIdentifierOwned::from_der(&head.to_der().ok()?).ok()?.oid;
            (kind, Any::decode(&mut reader).ok()?)
        } else {
            (SHA256, head)
        };
        let is = |der: &Vec<u8>| x509::digest(kind, der).is_some_and(|d| d == hash.value());
        return certificates.iter().position(is);
    }
    let id = reference(attribute(signer, SIGNING_CERTIFICATE)?)?;
    let hash = first_of(id.value())?;
    certificates.iter().position(|der| x509::sha1(der) == hash.value())
}

fn first_of(bytes: &[u8]) -> Option<Any> {
    Any::decode(&mut SliceReader::new(bytes).ok()?).ok()
}

fn check_signature(
    signer: &SignerInfo,
    content: &[u8],
    certificate: &[u8],
) -> Result<(), TimeStampError> {
    let shape = |part| TimeStampError::Shape { part };
    let kind = attribute(signer, CONTENT_TYPE).ok_or(shape("content type"))?;
    if kind.decode_as::<ObjectIdentifier>()? != TST_INFO {
        return Err(shape("content type"));
    }
    let digest = x509::digest(signer.digest_alg.oid, content).ok_or(shape("digest"))?;
    let stated = attribute(signer, MESSAGE_DIGEST).ok_or(shape("digest"))?;
    let message = signer.signed_attrs.as_ref().ok_or(shape("attributes"))?.to_der()?;
    let signature = signer.signature.as_bytes();
    let kind = signer.signature_algorithm.oid;
    let signed = x509::signed_by(certificate, kind, signer.digest_alg.oid, &message, signature);
    if signed && stated.value() == digest { Ok(()) } else { Err(TimeStampError::Signature) }
}

/// One purpose, and critical.
fn check_purpose(certificate: &[u8]) -> Result<(), TimeStampError> {
    let certificate = Certificate::from_der(certificate)?;
    match certificate.tbs_certificate.get::<ExtendedKeyUsage>()? {
        Some((true, usage)) if usage.0 == [TIME_STAMPING] => Ok(()),
        _ => Err(TimeStampError::Purpose),
    }
}

/// TSTInfo (RFC 3161, 2.4.2), with an empty list of certificates.
fn read_info(bytes: &[u8]) -> Result<Token, TimeStampError> {
    let shape = |part| TimeStampError::Shape { part };
    let whole = Any::from_der(bytes)?;
    if whole.tag() != Tag::Sequence {
        return Err(shape("content"));
    }
    let mut reader = SliceReader::new(whole.value())?;
    if u8::decode(&mut reader)? != 1 {
        return Err(shape("version"));
    }
    let policy = ObjectIdentifier::decode(&mut reader)?;
    let imprint = MessageImprint::decode(&mut reader)?;
    if imprint.hash_algorithm.oid != SHA256 {
        return Err(shape("digest"));
    }
    let digest = imprint.hashed_message.as_bytes().try_into().map_err(|_| shape("digest"))?;
    Any::decode(&mut reader)?;
    let time = Any::decode(&mut reader)?;
    if time.tag() != Tag::GeneralizedTime {
        return Err(shape("time"));
    }
    let at = read_time(time.value()).ok_or(shape("time"))?;
    let mut nonce = None;
    while !reader.is_finished() {
        let part = Any::decode(&mut reader)?;
        match part.tag() {
            Tag::Integer => nonce = Some(Uint::from_der(&part.to_der()?)?),
            // What an extension means is not known here, and it may be critical.
            tag if tag.is_context_specific() && tag.number().value() == 1 => {
                return Err(shape("extension"));
            }
            _ => {}
        }
    }
    Ok(Token { digest, at, policy, nonce, certificates: Vec::new() })
}

const TIME: &[BorrowedFormatItem] = format_description!("[year][month][day][hour][minute][second]");

/// `20261122021530Z`, or with a fraction, which is dropped: a time-stamp never proves a later time
/// than the authority said.
fn read_time(bytes: &[u8]) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(fraction)).then_some(())?;
    Some(PrimitiveDateTime::parse(whole, TIME).ok()?.assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    #[test]
    fn times_are_read_with_and_without_fractions() {
        let at = datetime!(2026-11-22 02:15:30 UTC);
        assert_eq!(read_time(b"20261122021530Z"), Some(at));
        assert_eq!(read_time(b"20261122021530.25Z"), Some(at));
        for wrong in ["20261122021530", "20261122021530.Z", "2026112202153Z", "2026-1122021530Z"] {
            assert_eq!(read_time(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_policy_that_is_none_is_refused() {
        let error = TimeStampQuery::new([0; 32], [1; 16], Some("policy")).expect_err("refused");
        assert!(matches!(error, TimeStampError::Shape { part: "policy" }));
    }

    proptest! {
        #[test]
        fn answers_of_any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let query = TimeStampQuery::new([7; 32], [9; 16], None).expect("a question");
            prop_assert!(query.token(&bytes).is_err());
            prop_assert!(read_info(&bytes).is_err());
        }
    }
}
