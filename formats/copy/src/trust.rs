//! Whom a verifier trusts, and whether a signer's certificates lead there.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage,
    RequiredEkuNotFoundContext, anchor_from_trusted_cert,
};

/// Roots in one file; more is a mistake.
const ANCHORS_MAX: usize = 256;

/// Key purposes that a document signer's certificate may name, as DER: document signing
/// (RFC 9336), Microsoft's document signing, e-mail protection, any.
const PURPOSES: [&[u8]; 4] = [
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x24],
    &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x03, 0x0c],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04],
    &[0x55, 0x1d, 0x25, 0x00],
];

/// The roots that signers' chains must end in.
#[derive(Debug, Clone)]
pub struct TrustAnchors(Vec<TrustAnchor<'static>>);

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
        let mut anchors = Vec::new();
        for (i, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let certificate = certificate.map_err(TrustError::Pem)?;
            let anchor = anchor_from_trusted_cert(&certificate)
                .map_err(|source| TrustError::Certificate { place: i + 1, source })?;
            anchors.push(anchor.to_owned());
        }
        if anchors.is_empty() || anchors.len() > ANCHORS_MAX {
            return Err(TrustError::Count { count: anchors.len() });
        }
        Ok(Self(anchors))
    }

    /// Checks that a chain (DER, own certificate first) led to a root at a time, in seconds of the
    /// Unix epoch. Revocation is not checked here: the registry keeps that at the time of receipt.
    pub(crate) fn check(&self, chain: &[Vec<u8>], at_seconds: u64) -> Result<(), webpki::Error> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let (own, others) = chain.split_first().ok_or(webpki::Error::BadDer)?;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at_seconds));
        let own = EndEntityCert::try_from(own)?;
        own.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &self.0,
            others,
            time,
            DocumentSigning,
            None,
            None,
        )?;
        Ok(())
    }
}

/// Accepts certificates that name no purpose, or one of [`PURPOSES`]: a device's TLS certificate
/// from the same root cannot seal documents.
struct DocumentSigning;

impl ExtendedKeyUsageValidator for DocumentSigning {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut present = Vec::new();
        for purpose in purposes {
            let purpose = purpose?;
            if PURPOSES.iter().any(|der| webpki::KeyPurposeId::new(der) == purpose) {
                return Ok(());
            }
            present.push(purpose.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::required(PURPOSES[0]);
        Err(webpki::Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext {
            required,
            present,
        }))
    }
}
