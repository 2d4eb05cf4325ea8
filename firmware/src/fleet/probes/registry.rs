//! The way to the registry: does it answer, and can it prove who it is?
//!
//! The device's key is not used: a handshake tells of the registry's certificate before the device
//! shows its own, and whether the registry takes that is seen by the copies that arrive.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use formats_copy::{SignerCertificate, TrustAnchors};
use http::Uri;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use time::OffsetDateTime;

use crate::assemble::read_asset;
use crate::config::Config;
use crate::fleet::check::{FaultId, Finding, Subject};
use crate::keys::WARN;

/// How long a connection and each answer on it may take.
const PATIENCE: Duration = Duration::from_secs(10);
const HTTPS: u16 = 443;

/// Why there is no proof from the registry.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    /// The address in the site file is none.
    #[error("registry.device_url is no address")]
    Address,
    /// The authority in the site file cannot be used.
    #[error("cannot use registry.ca: {0}")]
    Authority(String),
    /// Nothing answers.
    #[error("no answer from {host}")]
    Silent {
        /// The host and port.
        host: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What answers is not the registry.
    #[error("{host} cannot prove that it is the registry")]
    Untrusted {
        /// The host and port.
        host: String,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
}

/// Connects and looks at the certificate.
pub fn look(config: &Config, now: OffsetDateTime) -> Finding {
    let subject = Subject::Registry;
    let error = match certificate(config) {
        Ok((host, chain)) => return of_certificate(config, &host, &chain, now),
        Err(error) => error,
    };
    let (id, remedy) = match &error {
        LinkError::Silent { .. } => (
            FaultId::RegistryUnreachable,
            "check modem or cable and registry.device_url; copies are kept until the link is back",
        ),
        LinkError::Address | LinkError::Authority(_) => (
            FaultId::RegistryUntrusted,
            "correct [registry] in the site file: `kiosk config validate`",
        ),
        LinkError::Untrusted { .. } => (
            FaultId::RegistryUntrusted,
            "compare registry.ca and the kiosk's clock with the registry's certificate; if both \
             are right, somebody stands between: report it",
        ),
    };
    Finding::fault(subject, id, crate::chain(&error), remedy)
}

fn of_certificate(config: &Config, host: &str, chain: &[Vec<u8>], now: OffsetDateTime) -> Finding {
    let subject = Subject::Registry;
    let well = || Finding::ok(subject, format!("{host} answers and proves who it is"));
    let roots = read_asset("registry CA", &config.registry.ca).ok();
    let roots = roots.and_then(|pem| TrustAnchors::from_pem(&pem).ok());
    let Some(own) = roots.and_then(|roots| SignerCertificate::read(chain, &roots, now)) else {
        return well();
    };
    let left = own.valid_until - now;
    if left >= WARN {
        return well();
    }
    let cause = format!("the certificate of {host} ends in {} days", left.whole_days());
    let remedy = "tell the registry's keeper: without a new one no copy can be delivered";
    Finding::fault(subject, FaultId::CertificateEndsSoon, cause, remedy)
}

/// The registry's host and certificates, proven.
fn certificate(config: &Config) -> Result<(String, Vec<Vec<u8>>), LinkError> {
    let uri: Uri = config.registry.device_url.parse().map_err(|_| LinkError::Address)?;
    let name = uri.host().ok_or(LinkError::Address)?;
    let host = format!("{name}:{}", uri.port_u16().unwrap_or(HTTPS));
    let server = name.trim_matches(['[', ']']).to_owned();
    let server = ServerName::try_from(server).map_err(|_| LinkError::Address)?;
    let tls = client(config)?;
    let untrusted = |source| LinkError::Untrusted { host: host.clone(), source };
    let mut client = ClientConnection::new(Arc::new(tls), server).map_err(untrusted)?;
    let silent = |source| LinkError::Silent { host: host.clone(), source };
    let mut wire = connect(&host).map_err(silent)?;
    client.complete_io(&mut wire).map_err(|error| broken(&host, error))?;
    let chain = client.peer_certificates().unwrap_or_default();
    Ok((host.clone(), chain.iter().map(|one| one.to_vec()).collect()))
}

/// A handshake that failed: by the wire, or for want of proof.
fn broken(host: &str, error: io::Error) -> LinkError {
    let host = host.to_owned();
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(cause) => LinkError::Untrusted { host, source: cause.clone() },
        None => LinkError::Silent { host, source: error },
    }
}

fn client(config: &Config) -> Result<ClientConfig, LinkError> {
    let wrong = |error: &dyn std::error::Error| LinkError::Authority(crate::chain(error));
    let pem = read_asset("registry CA", &config.registry.ca).map_err(|error| wrong(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13]);
    let versions = versions.map_err(|error| wrong(&error))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

fn connect(host: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(wire) => {
                wire.set_read_timeout(Some(PATIENCE))?;
                wire.set_write_timeout(Some(PATIENCE))?;
                return Ok(wire);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
