//! The issuers that are trusted: certificates of Country Signing CAs, and their revocation lists.

use der::{Decode, Encode};
use rustls_pki_types::pem::{PemObject, SectionKind};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::time::Time;

use crate::passive::Issuer;
use crate::signature::is_signed;
use crate::tlv;

/// Certificates and lists together; all states of the ICAO's directory have some 700.
const ENTRIES_MAX: usize = 4096;

/// Why a file of trusted issuers cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The text is not PEM.
    #[error("the trust file is not PEM")]
    Pem,
    /// An entry is neither a certificate nor a revocation list.
    #[error("entry {0} of the trust file is neither a certificate nor a revocation list")]
    Entry(usize),
    /// A certificate is not one of an authority.
    #[error("certificate {0} of the trust file is not an authority's")]
    NotAuthority(usize),
    /// More than [`ENTRIES_MAX`].
    #[error("the trust files have more than {ENTRIES_MAX} entries")]
    TooMany,
}

/// Country Signing CAs and their revocation lists.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    issuers: Vec<Certificate>,
    lists: Vec<(CertificateList, Vec<u8>)>,
}

impl TrustStore {
    /// Adds certificates and revocation lists in PEM; returns how many.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<usize, TrustError> {
        let mut count = 0;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            let (kind, der) = section.map_err(|_| TrustError::Pem)?;
            count += 1;
            self.add(kind, der, count)?;
        }
        Ok(count)
    }

    fn add(&mut self, kind: SectionKind, der: Vec<u8>, place: usize) -> Result<(), TrustError> {
        if self.issuers.len() + self.lists.len() == ENTRIES_MAX {
            return Err(TrustError::TooMany);
        }
        match kind {
            SectionKind::Certificate => {
                let issuer = Certificate::from_der(&der).map_err(|_| TrustError::Entry(place))?;
                let constraints = issuer.tbs_certificate.get::<BasicConstraints>();
                if !constraints.is_ok_and(|found| found.is_some_and(|(_, found)| found.ca)) {
                    return Err(TrustError::NotAuthority(place));
                }
                self.issuers.push(issuer);
            }
            SectionKind::Crl => {
                let list = CertificateList::from_der(&der).map_err(|_| TrustError::Entry(place))?;
                self.lists.push((list, der));
            }
            _ => return Err(TrustError::Entry(place)),
        }
        Ok(())
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    /// What this store says about a document signer, at a time.
    pub(crate) fn judge(&self, signer: &Certificate, der: &[u8], now: OffsetDateTime) -> Issuer {
        let tbs = &signer.tbs_certificate;
        let mut named = self.issuers.iter().filter(|issuer| {
            let issuer = &issuer.tbs_certificate;
            issuer.subject == tbs.issuer && signed_by(der, &signer.signature_algorithm, issuer)
        });
        let Some(issuer) = named.next() else { return Issuer::Unknown };
        let issuer = &issuer.tbs_certificate;
        if self.is_revoked(tbs, issuer) {
            return Issuer::Revoked;
        }
        let holds = |tbs: &x509_cert::TbsCertificate| {
            moment(&tbs.validity.not_before) <= now && now <= moment(&tbs.validity.not_after)
        };
        if holds(tbs) && holds(issuer) { Issuer::Trusted } else { Issuer::OutOfDate }
    }

    fn is_revoked(
        &self,
        signer: &x509_cert::TbsCertificate,
        issuer: &x509_cert::TbsCertificate,
    ) -> bool {
        self.lists
            .iter()
            .filter(|(list, der)| {
                list.tbs_cert_list.issuer == issuer.subject
                    && signed_by(der, &list.signature_algorithm, issuer)
            })
            .flat_map(|(list, _)| list.tbs_cert_list.revoked_certificates.iter().flatten())
            .any(|revoked| revoked.serial_number == signer.serial_number)
    }
}

/// Whether a certificate or list in DER is signed by an issuer's key.
fn signed_by(
    der: &[u8],
    algorithm: &spki::AlgorithmIdentifierOwned,
    issuer: &x509_cert::TbsCertificate,
) -> bool {
    let Ok(content) = tlv::expect(der, 0x30) else { return false };
    let Ok((signed, rest)) = tlv::first(content) else { return false };
    let Ok((stated, rest)) = tlv::first(rest) else { return false };
    // The signature's algorithm is not signed itself: it must be the one stated inside.
    if algorithm.to_der().ok().as_deref() != Some(stated.whole) {
        return false;
    }
    let Ok([0, signature @ ..]) = tlv::expect(rest, 0x03) else { return false };
    is_signed(&issuer.subject_public_key_info, algorithm, None, signed.whole, signature)
}

fn moment(time: &Time) -> OffsetDateTime {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
