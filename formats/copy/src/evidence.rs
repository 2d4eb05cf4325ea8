//! Revocation data: OCSP answers (RFC 6960) and revocation lists (RFC 5280), what they say about a
//! certificate at a time, and what to ask for.

use der::asn1::{Null, ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Tag};
use spki::AlgorithmIdentifierOwned;
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspRequest, OcspResponse, Request, SingleResponse,
    TbsRequest,
};

use crate::x509::{self, SHA1, SHA256};

const OCSP_BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
/// One certificate, answer or list. Lists of large authorities are too long to travel with every
/// copy: ask for an answer instead.
pub const EVIDENCE_BYTES_MAX: usize = 1 << 20;
/// Certificates, answers and lists in one update: two signers and one time-stamp authority need
/// some ten.
pub const EVIDENCE_COUNT_MAX: usize = 64;

/// One piece of what a copy needs to be verified for decades, in DER.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// A certificate.
    Certificate(Vec<u8>),
    /// An OCSP answer.
    Ocsp(Vec<u8>),
    /// A certificate revocation list.
    Crl(Vec<u8>),
}

impl Evidence {
    /// Tells by the bytes what they are; `None` if they are none of the three, or too long.
    pub fn of(der: &[u8]) -> Option<Self> {
        if der.len() > EVIDENCE_BYTES_MAX {
            None
        } else if Certificate::from_der(der).is_ok() {
            Some(Self::Certificate(der.to_vec()))
        } else if basic(der).is_some() {
            Some(Self::Ocsp(der.to_vec()))
        } else if CertificateList::from_der(der).is_ok() {
            Some(Self::Crl(der.to_vec()))
        } else {
            None
        }
    }

    /// Its bytes.
    pub fn der(&self) -> &[u8] {
        match self {
            Self::Certificate(der) | Self::Ocsp(der) | Self::Crl(der) => der,
        }
    }
}

/// A certificate whose state is asked for, and how to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The certificate, in DER.
    pub certificate: Vec<u8>,
    /// Its issuer's certificate, in DER.
    pub issuer: Vec<u8>,
    /// The request to send (`application/ocsp-request`), without a nonce: answers may be cached.
    pub ocsp_request: Vec<u8>,
    /// Where its issuer says that answers are given.
    pub ocsp_addresses: Vec<String>,
    /// Where its issuer says that its revocation lists are.
    pub crl_addresses: Vec<String>,
}

impl Question {
    pub(crate) fn new(certificate: &[u8], issuer: &[u8]) -> Option<Self> {
        let (own, parent) = (x509::parsed(certificate)?, x509::parsed(issuer)?);
        let id = certificate_id(&own, &parent, SHA1)?;
        let request = Request { req_cert: id, single_request_extensions: None };
        let request = TbsRequest { request_list: vec![request], ..TbsRequest::default() };
        let request = OcspRequest { tbs_request: request, optional_signature: None };
        Some(Self {
            certificate: certificate.to_vec(),
            issuer: issuer.to_vec(),
            ocsp_request: request.to_der().ok()?,
            ocsp_addresses: responders(&own),
            crl_addresses: lists(&own),
        })
    }
}

fn responders(certificate: &Certificate) -> Vec<String> {
    let access = certificate.tbs_certificate.get::<AuthorityInfoAccessSyntax>();
    let access = access.ok().flatten().map(|(_, access)| access.0).unwrap_or_default();
    let ocsp = access.into_iter().filter(|entry| entry.access_method == OCSP);
    ocsp.filter_map(|entry| address(entry.access_location)).collect()
}

/// Lists that have every reason and come from the issuer itself.
fn lists(certificate: &Certificate) -> Vec<String> {
    let points = certificate.tbs_certificate.get::<CrlDistributionPoints>();
    let points = points.ok().flatten().map(|(_, points)| points.0).unwrap_or_default();
    let whole = points.into_iter().filter(|p| p.reasons.is_none() && p.crl_issuer.is_none());
    let names = whole.filter_map(|point| match point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        _ => None,
    });
    names.flatten().filter_map(address).collect()
}

fn address(name: GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(address) => Some(address.to_string()),
        _ => None,
    }
}

fn certificate_id(
    certificate: &Certificate,
    issuer: &Certificate,
    kind: ObjectIdentifier,
) -> Option<CertId> {
    let name = issuer.tbs_certificate.subject.to_der().ok()?;
    let key = issuer.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    let hash = |bytes: &[u8]| match kind {
        SHA1 => Some(x509::sha1(bytes)),
        kind => x509::digest(kind, bytes),
    };
    let null = Any::new(Tag::Null, Null.to_der().ok()?.get(2..)?).ok()?;
    Some(CertId {
        hash_algorithm: AlgorithmIdentifierOwned { oid: kind, parameters: Some(null) },
        issuer_name_hash: OctetString::new(hash(&name)?).ok()?,
        issuer_key_hash: OctetString::new(hash(key)?).ok()?,
        serial_number: certificate.tbs_certificate.serial_number.clone(),
    })
}

fn basic(der: &[u8]) -> Option<BasicOcspResponse> {
    let bytes = OcspResponse::from_der(der).ok()?.response_bytes?;
    (bytes.response_type == OCSP_BASIC).then_some(())?;
    BasicOcspResponse::from_der(bytes.response.as_bytes()).ok()
}

/// What is known about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It was good at the time asked about.
    Good,
    /// It was revoked at this time.
    Revoked(OffsetDateTime),
    /// Nothing usable says anything.
    Unknown,
}

/// What `evidence` says about a certificate at a time. A revocation outweighs any good answer;
/// answers that are not signed as they must be say nothing.
pub(crate) fn status(
    certificate: &[u8],
    issuer: &[u8],
    evidence: &[Evidence],
    at: OffsetDateTime,
) -> Status {
    let (Some(own), Some(parent)) = (x509::parsed(certificate), x509::parsed(issuer)) else {
        return Status::Unknown;
    };
    let asked = Asked { own: &own, parent: &parent, issuer, at };
    let mut known = Status::Unknown;
    for piece in evidence {
        let said = match piece {
            Evidence::Certificate(_) => continue,
            Evidence::Ocsp(der) => asked.ocsp(der),
            Evidence::Crl(der) => asked.crl(der),
        };
        known = match (known, said) {
            (Status::Revoked(a), Status::Revoked(b)) => Status::Revoked(a.min(b)),
            (Status::Revoked(a), _) => Status::Revoked(a),
            (known, Status::Unknown) => known,
            (_, said) => said,
        };
    }
    known
}

struct Asked<'a> {
    own: &'a Certificate,
    parent: &'a Certificate,
    /// The parent in DER.
    issuer: &'a [u8],
    at: OffsetDateTime,
}

impl Asked<'_> {
    /// Whether an answer made at `from`, good until `to`, speaks of the time asked about. One made
    /// later does, while the certificate had not expired: nobody tells of it after that.
    fn covers(&self, from: OffsetDateTime, to: Option<OffsetDateTime>) -> bool {
        let end = x509::moment(&self.own.tbs_certificate.validity.not_after);
        from <= end && (from >= self.at || to.is_some_and(|to| to >= self.at))
    }

    fn ocsp(&self, der: &[u8]) -> Status {
        let Some(answer) = basic(der).filter(|answer| self.may_answer(answer)) else {
            return Status::Unknown;
        };
        let single = answer.tbs_response_data.responses.iter().find(|single| self.is_about(single));
        let Some(single) = single else { return Status::Unknown };
        let moment = |time: &x509_ocsp::OcspGeneralizedTime| {
            x509::moment(&x509_cert::time::Time::GeneralTime(time.0))
        };
        match &single.cert_status {
            CertStatus::Revoked(info) => Status::Revoked(moment(&info.revocation_time)),
            CertStatus::Good(_)
                if self.covers(
                    moment(&single.this_update),
                    single.next_update.as_ref().map(moment),
                ) =>
            {
                Status::Good
            }
            _ => Status::Unknown,
        }
    }

    fn is_about(&self, single: &SingleResponse) -> bool {
        let found = &single.cert_id;
        let kind = found.hash_algorithm.oid;
        matches!(kind, SHA1 | SHA256)
            && certificate_id(self.own, self.parent, kind).is_some_and(|id| {
                id.serial_number == found.serial_number
                    && id.issuer_name_hash == found.issuer_name_hash
                    && id.issuer_key_hash == found.issuer_key_hash
            })
    }

    /// Signed by the issuer itself, or by one whom it made a responder (RFC 6960, 4.2.2.2).
    fn may_answer(&self, answer: &BasicOcspResponse) -> bool {
        let Ok(message) = answer.tbs_response_data.to_der() else { return false };
        let kind = answer.signature_algorithm.oid;
        let signature = answer.signature.raw_bytes();
        let by = |der: &[u8]| x509::signed_by(der, kind, kind, &message, signature);
        let at = x509_cert::time::Time::GeneralTime(answer.tbs_response_data.produced_at.0);
        let at = x509::moment(&at);
        let responder = |certificate: &Certificate| {
            x509::has_purpose(certificate, OCSP_SIGNING)
                && x509::valid_at(certificate, at)
                && x509::issued_by(certificate, self.issuer)
                && certificate.to_der().is_ok_and(|der| by(&der))
        };
        let carried = answer.certs.as_deref().unwrap_or_default();
        by(self.issuer) || carried.iter().take(4).any(responder)
    }

    fn crl(&self, der: &[u8]) -> Status {
        let Ok(list) = CertificateList::from_der(der) else { return Status::Unknown };
        let body = &list.tbs_cert_list;
        let Ok(message) = body.to_der() else { return Status::Unknown };
        let kind = list.signature_algorithm.oid;
        let signed = x509::signed_by(self.issuer, kind, kind, &message, list.signature.raw_bytes());
        // Lists of a part, of changes, of others: none of them says that a certificate is good.
        let special = body.crl_extensions.iter().flatten().any(|extension| extension.critical);
        if !signed || special || body.issuer != self.parent.tbs_certificate.subject {
            return Status::Unknown;
        }
        let serial = &self.own.tbs_certificate.serial_number;
        let entries = body.revoked_certificates.as_deref().unwrap_or_default();
        if let Some(entry) = entries.iter().find(|entry| entry.serial_number == *serial) {
            return Status::Revoked(x509::moment(&entry.revocation_date));
        }
        let next = body.next_update.as_ref().map(x509::moment);
        if self.covers(x509::moment(&body.this_update), next) {
            Status::Good
        } else {
            Status::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn evidence_of_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(Evidence::of(&bytes), None);
            let evidence = [Evidence::Ocsp(bytes.clone()), Evidence::Crl(bytes.clone())];
            let at = OffsetDateTime::UNIX_EPOCH;
            prop_assert_eq!(status(&bytes, &bytes, &evidence, at), Status::Unknown);
        }
    }
}
