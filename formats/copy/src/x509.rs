//! Small questions about certificates that both time-stamps and revocation data ask.

use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use time::OffsetDateTime;
use webpki::{EndEntityCert, ring};
use x509_cert::Certificate;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::time::Time;

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
pub(crate) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(crate) const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(crate) const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// A digest by its name; `None` for those that are weak or unknown.
pub(crate) fn digest(kind: ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match kind {
        SHA256 => &::ring::digest::SHA256,
        SHA384 => &::ring::digest::SHA384,
        SHA512 => &::ring::digest::SHA512,
        _ => return None,
    };
    Some(::ring::digest::digest(algorithm, bytes).as_ref().to_vec())
}

/// SHA-1, which names certificates in older protocols; nothing rests on its strength.
pub(crate) fn sha1(bytes: &[u8]) -> Vec<u8> {
    ::ring::digest::digest(&::ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// Whether a signature is by the key of `certificate` (DER). `kind` may name the key only, as CMS
/// allows; then `digest` says the rest. Weak algorithms verify nothing.
pub(crate) fn signed_by(
    certificate: &[u8],
    kind: ObjectIdentifier,
    digest: ObjectIdentifier,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let candidates: &[&dyn SignatureVerificationAlgorithm] = match (kind, digest) {
        (RSA_SHA256, _) | (RSA, SHA256) => &[ring::RSA_PKCS1_2048_8192_SHA256],
        (RSA_SHA384, _) | (RSA, SHA384) => &[ring::RSA_PKCS1_2048_8192_SHA384],
        (RSA_SHA512, _) | (RSA, SHA512) => &[ring::RSA_PKCS1_2048_8192_SHA512],
        (ECDSA_SHA256, _) => &[ring::ECDSA_P256_SHA256, ring::ECDSA_P384_SHA256],
        (ECDSA_SHA384, _) => &[ring::ECDSA_P256_SHA384, ring::ECDSA_P384_SHA384],
        _ => &[],
    };
    let certificate = CertificateDer::from(certificate);
    let Ok(key) = EndEntityCert::try_from(&certificate) else { return false };
    candidates.iter().any(|a| key.verify_signature(*a, message, signature).is_ok())
}

pub(crate) fn parsed(der: &[u8]) -> Option<Certificate> {
    Certificate::from_der(der).ok()
}

/// Whether one certificate (DER) was issued by another: the name fits and the key did sign.
pub(crate) fn issued_by(certificate: &Certificate, issuer: &[u8]) -> bool {
    let Some(parent) = parsed(issuer) else { return false };
    let Ok(message) = certificate.tbs_certificate.to_der() else { return false };
    let kind = certificate.signature_algorithm.oid;
    parent.tbs_certificate.subject == certificate.tbs_certificate.issuer
        && signed_by(issuer, kind, kind, &message, certificate.signature.raw_bytes())
}

/// Whether a certificate names this purpose among its extended key usages.
pub(crate) fn has_purpose(certificate: &Certificate, purpose: ObjectIdentifier) -> bool {
    let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>();
    usage.is_ok_and(|usage| usage.is_some_and(|(_, usage)| usage.0.contains(&purpose)))
}

pub(crate) fn moment(time: &Time) -> OffsetDateTime {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Whether a certificate was valid at a time.
pub(crate) fn valid_at(certificate: &Certificate, at: OffsetDateTime) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    (moment(&validity.not_before)..=moment(&validity.not_after)).contains(&at)
}
