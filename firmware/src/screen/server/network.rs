//! The officers' pages on the network: TLS 1.3, and nothing for anyone without a client certificate
//! that the site file names.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ScreenError;
use crate::assemble::read_asset;
use crate::config::{Config, Officer, OfficerPages};

/// Handshakes under way at once; more wait their turn.
const HANDSHAKES_MAX: usize = 16;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After a failed accept (no file handles left), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Whose certificate a connection has shown.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// The officer's id in the site file.
    pub(super) officer: String,
}

/// Connections whose certificate is an officer's.
pub(super) struct OfficersOnly {
    address: SocketAddr,
    met: mpsc::Receiver<(TlsStream<TcpStream>, Peer)>,
}

impl OfficersOnly {
    /// Listens as the site file says; none if it names no address.
    pub(super) async fn bind(config: &Config) -> Result<Option<Self>, ScreenError> {
        let pages = &config.officer;
        let Some(wanted) = pages.listen else { return Ok(None) };
        let acceptor = TlsAcceptor::from(Arc::new(tls(pages)?));
        let listen = |source| ScreenError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (meet, met) = mpsc::channel(HANDSHAKES_MAX);
        let officers = Arc::new(config.officers.clone());
        tokio::spawn(welcome(listener, acceptor, officers, meet));
        Ok(Some(Self { address, met }))
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl axum::serve::Listener for OfficersOnly {
    type Io = TlsStream<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.met.recv().await {
            Some(met) => met,
            // The welcoming task ends only with this listener.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(Peer { officer: String::new() })
    }
}

impl Connected<IncomingStream<'_, OfficersOnly>> for Peer {
    fn connect_info(stream: IncomingStream<'_, OfficersOnly>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Shakes hands beside each other, so that a slow one keeps nobody waiting.
async fn welcome(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    officers: Arc<Vec<Officer>>,
    meet: mpsc::Sender<(TlsStream<TcpStream>, Peer)>,
) {
    let seats = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept an officer's connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (acceptor, officers, meet) = (acceptor.clone(), Arc::clone(&officers), meet.clone());
        tokio::spawn(async move {
            let _seat = seat;
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => match peer(&stream, &officers) {
                    // Nobody listens any more only when the pages end.
                    Some(peer) => drop(meet.send((stream, peer)).await),
                    None => tracing::warn!("a client certificate is no officer's"),
                },
                Ok(Err(error)) => tracing::debug!(%error, "an officer's page: no handshake"),
                Err(_) => tracing::debug!("an officer's page: the handshake took too long"),
            }
        });
    }
}

/// Whose certificate it is, by the site file.
fn peer(stream: &TlsStream<TcpStream>, officers: &[Officer]) -> Option<Peer> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let digest = hex::encode(Sha256::digest(certificate));
    let own = officers.iter().find(|officer| officer.certificates.contains(&digest))?;
    Some(Peer { officer: own.id.clone() })
}

fn tls(pages: &OfficerPages) -> Result<ServerConfig, ScreenError> {
    let file = |key: &'static str, path: &Option<std::path::PathBuf>| {
        let path = path.as_deref().ok_or(ScreenError::Unnamed { key })?;
        read_asset(key, path).map_err(|source| ScreenError::File { source: Box::new(source) })
    };
    let pem = |key, source| ScreenError::Pem { key, source };
    let certificates = |key: &'static str, bytes: &[u8]| {
        CertificateDer::pem_slice_iter(bytes)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| pem(key, source))
    };
    let own =
        certificates("officer.certificate", &file("officer.certificate", &pages.certificate)?)?;
    let secret = zeroize::Zeroizing::new(file("officer.key", &pages.key)?);
    let key = PrivateKeyDer::from_pem_slice(&secret).map_err(|s| pem("officer.key", s))?;
    let mut roots = RootCertStore::empty();
    for root in certificates("officer.client_ca", &file("officer.client_ca", &pages.client_ca)?)? {
        roots.add(root).map_err(|source| ScreenError::Tls { source: Box::new(source) })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let wrong = |source: rustls::Error| ScreenError::Tls { source: Box::new(source) };
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|source| ScreenError::Tls { source: Box::new(source) })?;
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(wrong)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(own, key)
        .map_err(wrong)
}
