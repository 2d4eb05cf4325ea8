//! Mutual TLS 1.3 with the device's key, which never leaves its token.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use drivers_api::{DeviceError, KeyAlgorithm, SigningSession};
use rustls::client::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{OtherError, RootCertStore, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};
use sha2::{Digest, Sha256};

/// Why the device's key or the registry's authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The device's key is of a kind that TLS 1.3 does not sign with here.
    #[error("the device key must be ECDSA on P-256")]
    Algorithm,
    /// The token holds no certificate for the device's key.
    #[error("the token has no certificate for the device key")]
    NoCertificate,
    /// The registry's authority is not PEM.
    #[error("could not read the registry's authority")]
    Authority(#[source] pem::Error),
    /// The file has no certificate in it.
    #[error("the registry's authority file holds no certificate")]
    NoAuthority,
    /// rustls refuses one of the parts.
    #[error("could not set up TLS")]
    Setup(#[from] rustls::Error),
}

/// A client that proves itself with `key` and believes servers that `authority` (PEM) vouches for.
/// TLS 1.3 only.
pub fn client_config(
    key: Box<dyn SigningSession>,
    authority: &[u8],
) -> Result<ClientConfig, TlsError> {
    if key.algorithm() != KeyAlgorithm::EcdsaP256Sha256 {
        return Err(TlsError::Algorithm);
    }
    let chain: Vec<_> = key.chain().iter().cloned().map(CertificateDer::from).collect();
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority) {
        roots.add(certificate.map_err(TlsError::Authority)?)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoAuthority);
    }
    let key = CertifiedKey::new(chain, Arc::new(DeviceKey(Arc::new(Mutex::new(key)))));
    Ok(ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))))
}

/// The failure of the device's token among an error's causes, if that is what went wrong.
pub(super) fn key_failure<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a DeviceError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::Other(OtherError(other))) = error.downcast_ref() {
            return other.downcast_ref::<DeviceError>();
        }
        // An I/O error's source skips the error it wraps.
        cause = match error.downcast_ref::<std::io::Error>().and_then(|e| e.get_ref()) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// Signs a handshake. Blocks for as long as the token takes, some tens of milliseconds, once a
/// connection.
#[derive(Clone)]
struct DeviceKey(Arc<Mutex<Box<dyn SigningSession>>>);

impl SigningKey for DeviceKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for DeviceKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let digest = Sha256::digest(message).into();
        let mut session = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        session.sign_digest(&digest).map_err(|e| rustls::Error::Other(OtherError(Arc::new(e))))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey")
    }
}
