//! Brings the parts together: opens the stores, binds both listeners, runs until told to stop.

use std::fs;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use formats_copy::{TrustAnchors, TrustError};
use formats_files::RealDisk;
use formats_trust_services::{Online, SettingsError};
use formats_wire::{KeyError, ReceiptKey, ReceiptSigner};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::portal::{self, Portal};
use crate::preserve::Preserver;
use crate::serve::{Listener, serve};
use crate::service::{Parts, Service};
use crate::store::{Store, StoreError};
use crate::{Acceptance, Clock, Config, CopyVerifier, trace};

/// How often the space of expired uploads is freed.
const SWEEP: Duration = Duration::from_secs(3600);

/// How often copies are looked for whose proof is due.
const PRESERVE: Duration = Duration::from_secs(5);
/// How long a trust service may take to answer.
const SERVICE_PATIENCE: Duration = Duration::from_secs(30);

/// Why the registry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file of the configuration cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A PEM file does not hold what it should.
    #[error("cannot use {path} as PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// The document roots cannot be used.
    #[error("cannot use {path} as document roots")]
    Trust {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: TrustError,
    },
    /// The receipt key cannot be used; `registry keygen` makes one.
    #[error("cannot use {path} as receipt key")]
    ReceiptKey {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// A server certificate and its key do not serve.
    #[error("cannot use {path} as server certificate")]
    Tls {
        /// The certificate file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The authorities that name devices cannot be used.
    #[error("cannot use {path} as device authorities")]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: VerifierBuilderError,
    },
    /// The data folder cannot be used.
    #[error("cannot use data folder {path}")]
    Data {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be used.
    #[error("cannot open the store")]
    Store(#[source] StoreError),
    /// The portal's texts, which are part of this program, cannot be read.
    #[error("cannot read the portal's texts")]
    Texts(#[source] toml::de::Error),
    /// The time-stamp authority's settings cannot be used.
    #[error("cannot use the time-stamp authority of the configuration")]
    TimeStamps(#[source] SettingsError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A registry whose stores are open and whose sockets are bound.
pub struct Registry {
    device: Listener,
    public: Listener,
    receipt_key: ReceiptKey,
    service: Arc<Service>,
    preserver: Option<Preserver>,
}

impl Registry {
    /// Opens everything the configuration names, with the verifier that production uses.
    ///
    /// # Errors
    /// [`StartError`] names what could not be opened.
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        Self::bind_with(config, verifier(config)?, Arc::new(crate::now)).await
    }

    /// As [`Registry::bind`], with another verifier of copies and another clock.
    ///
    /// # Errors
    /// As [`Registry::bind`].
    pub async fn bind_with(
        config: &Config,
        acceptance: Arc<dyn Acceptance>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let (service, receipt_key) = open(config, acceptance, Arc::clone(&clock))?;
        let service = Arc::new(service);
        let preserver = preserver(config, &service, clock)?;
        let limits = config.limits;
        let portal = Portal::new(config, &service).map_err(StartError::Texts)?;
        Ok(Self {
            device: Listener {
                socket: listen(config.device.listen).await?,
                tls: Some(device_tls(config)?),
                devices_only: true,
                router: service.routes(),
                connections_max: limits.connections,
            },
            public: Listener {
                socket: listen(config.public.listen).await?,
                tls: public_tls(config)?,
                devices_only: false,
                router: portal::router(Arc::new(portal)),
                connections_max: limits.connections,
            },
            receipt_key,
            service,
            preserver,
        })
    }

    /// Where kiosks connect; tells the port when the configuration asked for any.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn device_address(&self) -> io::Result<SocketAddr> {
        self.device.socket.local_addr()
    }

    /// Where people connect.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn public_address(&self) -> io::Result<SocketAddr> {
        self.public.socket.local_addr()
    }

    /// The key that kiosks verify receipts with.
    #[must_use]
    pub fn receipt_key(&self) -> ReceiptKey {
        self.receipt_key
    }

    /// Serves until `stop` ends, then lets requests under way finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (tell, told) = watch::channel(false);
        let stop = async {
            stop.await;
            tracing::info!("stopping");
            // Nobody listens only when both loops have ended already.
            let _ = tell.send(true);
        };
        let sweeping = sweep(self.service, told.clone());
        let preserving = preserve(self.preserver, told.clone());
        let (device, public) = (serve(self.device, told.clone()), serve(self.public, told));
        tokio::join!(device, public, sweeping, preserving, stop);
    }
}

impl Service {
    /// What the configuration names, without its sockets: for work beside a running registry.
    ///
    /// # Errors
    /// [`StartError`] names what could not be opened.
    pub fn from_config(config: &Config) -> Result<Self, StartError> {
        open(config, verifier(config)?, Arc::new(crate::now)).map(|(service, _)| service)
    }
}

fn verifier(config: &Config) -> Result<Arc<CopyVerifier>, StartError> {
    let path = &config.trust_anchors;
    let verifier = CopyVerifier::from_pem(&read(path)?)
        .map_err(|source| StartError::Trust { path: path.clone(), source })?;
    Ok(Arc::new(verifier))
}

fn open(
    config: &Config,
    acceptance: Arc<dyn Acceptance>,
    clock: Clock,
) -> Result<(Service, ReceiptKey), StartError> {
    let path = &config.receipt_key;
    let signer = ReceiptSigner::from_pkcs8(&read(path)?)
        .map_err(|source| StartError::ReceiptKey { path: path.clone(), source })?;
    let receipt_key = signer.key();
    let data = &config.data_dir;
    let folder = |source| StartError::Data { path: data.clone(), source };
    fs::create_dir_all(data).map_err(folder)?;
    let store = Store::open(&data.join("registry.sqlite"), signer).map_err(StartError::Store)?;
    let disk = Arc::new(RealDisk::new(data.clone()));
    let parts = Parts { disk, store, acceptance, clock, limits: config.limits };
    Ok((Service::open(parts).map_err(folder)?, receipt_key))
}

fn preserver(
    config: &Config,
    service: &Arc<Service>,
    clock: Clock,
) -> Result<Option<Preserver>, StartError> {
    let Some(settings) = &config.time_stamp else {
        tracing::warn!("no [time_stamp]: copies are not proven beyond their certificates' end");
        return Ok(None);
    };
    let path = &config.trust_anchors;
    let trust = TrustAnchors::from_pem(&read(path)?)
        .map_err(|source| StartError::Trust { path: path.clone(), source })?;
    let online = Online::new(settings.clone(), SERVICE_PATIENCE).map_err(StartError::TimeStamps)?;
    Ok(Some(Preserver::new(Arc::clone(service), trust, Box::new(online), clock)))
}

/// Proves kept copies for the decades, a few at a time.
async fn preserve(preserver: Option<Preserver>, mut stop: watch::Receiver<bool>) {
    let Some(preserver) = preserver.map(Arc::new) else { return };
    let mut pause = Duration::ZERO;
    while timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        let worker = Arc::clone(&preserver);
        pause = match spawn_blocking(move || worker.round()).await {
            Ok(Ok(round)) if round.stronger > 0 => Duration::ZERO,
            Ok(Ok(_)) => PRESERVE,
            Ok(Err(error)) => {
                trace::failure("preservation", &error);
                PRESERVE
            }
            Err(error) => {
                trace::failure("preservation", &error);
                PRESERVE
            }
        };
    }
}

/// Frees expired uploads now and then.
async fn sweep(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    while timeout(SWEEP, stop.wait_for(|stop| *stop)).await.is_err() {
        let service = Arc::clone(&service);
        if let Err(error) = spawn_blocking(move || service.sweep()).await {
            tracing::error!(%error, "sweeping failed");
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Bind { address, source })
}

/// TLS 1.3 only; a client certificate from one of our authorities, or nothing.
fn device_tls(config: &Config) -> Result<TlsAcceptor, StartError> {
    let path = &config.device.client_ca;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|source| StartError::Tls { path: path.clone(), source })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|source| StartError::ClientCa { path: path.clone(), source })?;
    let (certificate, key) = (&config.device.certificate, &config.device.key);
    let tls = |source| StartError::Tls { path: certificate.clone(), source };
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(tls)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(certificate)?, private_key(key)?)
        .map_err(tls)?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

/// TLS 1.3 here too; browsers too old for it are served through a proxy.
fn public_tls(config: &Config) -> Result<Option<TlsAcceptor>, StartError> {
    let (Some(certificate), Some(key)) = (&config.public.certificate, &config.public.key) else {
        return Ok(None);
    };
    let tls = |source| StartError::Tls { path: certificate.clone(), source };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(tls)?
        .with_no_client_auth()
        .with_single_cert(certificates(certificate)?, private_key(key)?)
        .map_err(tls)?;
    Ok(Some(TlsAcceptor::from(Arc::new(server))))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let pem = read(path)?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|source| StartError::Pem { path: path.to_owned(), source })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, StartError> {
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|source| StartError::Pem { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    fs::read(path).map_err(|source| StartError::Read { path: path.to_owned(), source })
}
