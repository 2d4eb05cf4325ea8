//! Whom a verifier trusts, and whether a signer's certificates lead there.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage,
    RequiredEkuNotFoundContext, anchor_from_trusted_cert,
};

/// Roots in one file; more is a mistake.
const ANCHORS_MAX: usize = 256;

/// Key purposes that a document signer's certificate may name, as DER: document signing
/// (RFC 9336), Microsoft's document signing, e-mail protection, any.
const DOCUMENTS: [&[u8]; 4] = [
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x24],
    &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x03, 0x0c],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04],
    &[0x55, 0x1d, 0x25, 0x00],
];
/// Time-stamping, as DER (RFC 3161, 2.3).
const TIME_STAMPS: [&[u8]; 1] = [&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08]];

/// The roots that signers' chains must end in.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    anchors: Vec<TrustAnchor<'static>>,
    /// The same roots' certificates in DER, in the same order.
    certificates: Vec<Vec<u8>>,
}

/// Certificates from a signer's own up to its root, in DER.
#[derive(Debug, Clone)]
pub(crate) struct Path(Vec<Vec<u8>>);

impl Path {
    /// Each certificate with its issuer's.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.windows(2).map(|pair| (pair[0].as_slice(), pair[1].as_slice()))
    }

    pub(crate) fn certificates(&self) -> &[Vec<u8>] {
        &self.0
    }
}

/// What a certificate is used for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// To sign documents: it names no purpose, or one of [`DOCUMENTS`]. A device's TLS certificate
    /// from the same root cannot seal.
    Documents,
    /// To sign time-stamps: it names that.
    TimeStamps,
}

/// Why roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The text is not PEM.
    #[error("the trust file is not PEM")]
    Pem(#[source] rustls_pki_types::pem::Error),
    /// A certificate in it cannot be a root.
    #[error("certificate {place} of the trust file cannot be a root")]
    Certificate {
        /// Its place in the file, from 1.
        place: usize,
        /// What is wrong.
        #[source]
        source: webpki::Error,
    },
    /// None, or too many.
    #[error("a trust file has 1 to {ANCHORS_MAX} certificates, not {count}")]
    Count {
        /// How many there are.
        count: usize,
    },
}

impl TrustAnchors {
    /// Reads root certificates from PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TrustError> {
        let (mut anchors, mut certificates) = (Vec::new(), Vec::new());
        for (i, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let certificate = certificate.map_err(TrustError::Pem)?;
            let anchor = anchor_from_trusted_cert(&certificate)
                .map_err(|source| TrustError::Certificate { place: i + 1, source })?;
            anchors.push(anchor.to_owned());
            certificates.push(certificate.to_vec());
        }
        if anchors.is_empty() || anchors.len() > ANCHORS_MAX {
            return Err(TrustError::Count { count: anchors.len() });
        }
        Ok(Self { anchors, certificates })
    }

    /// Finds the way from a chain (DER, own certificate first) to a root, at a time. Revocation is
    /// not looked at here.
    pub(crate) fn path(
        &self,
        chain: &[Vec<u8>],
        at: OffsetDateTime,
        purpose: Purpose,
    ) -> Result<Path, webpki::Error> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let (own_der, others) = chain.split_first().ok_or(webpki::Error::BadDer)?;
        let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let own = EndEntityCert::try_from(own_der)?;
        let verified = own.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &self.anchors,
            others,
            time,
            purpose,
            None,
            None,
        )?;
        let mut path = vec![own_der.to_vec()];
        path.extend(verified.intermediate_certificates().map(|issuer| issuer.der().to_vec()));
        let root = self.anchors.iter().position(|anchor| anchor == verified.anchor());
        path.extend(root.and_then(|place| self.certificates.get(place)).cloned());
        Ok(Path(path))
    }
}

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let (wanted, needed): (&[&[u8]], bool) = match self {
            Self::Documents => (&DOCUMENTS, false),
            Self::TimeStamps => (&TIME_STAMPS, true),
        };
        let mut present = Vec::new();
        for purpose in purposes {
            let purpose = purpose?;
            if wanted.iter().any(|der| webpki::KeyPurposeId::new(der) == purpose) {
                return Ok(());
            }
            present.push(purpose.to_decoded_oid());
        }
        if present.is_empty() && !needed {
            return Ok(());
        }
        let required = KeyUsage::required(wanted[0]);
        Err(webpki::Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext {
            required,
            present,
        }))
    }
}
