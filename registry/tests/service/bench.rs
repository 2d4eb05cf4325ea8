//! A running registry, and a client that speaks to it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use counterpart::{Identity, Subject, TestCa, Usage};
use formats_copy::VerificationCode;
use http::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use registry::wire::tus::{TUS_RESUMABLE, VERSION};
use registry::wire::{ReceiptKey, ReceiptSigner, Rejection, UploadMeta};
use registry::{Acceptance, Config, DeviceListener, Facts, Limits, PublicListener, Registry};
use ring::rand::SystemRandom;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) const DEVICE: &str = "HN-VAN-03";
pub(crate) const PUBLIC_URL: &str = "https://kiemtra.example.vn";

/// A "copy" of these tests: the facts themselves in JSON, behind a mark.
pub(crate) struct Paper;

impl Paper {
    pub(crate) const GENUINE: &'static str = "Z2VudWluZQ.c2lnbmF0dXJl";
}

impl Acceptance for Paper {
    fn check(&self, bytes: &[u8]) -> Result<Facts, Rejection> {
        serde_json::from_slice(bytes)
            .map_err(|_| Rejection::new("altered", "Tệp đã bị sửa.", "The file was changed."))
    }

    fn matches_qr(&self, bytes: &[u8], qr: &str) -> bool {
        self.check(bytes)
            .is_ok_and(|facts| qr == format!("{PUBLIC_URL}/v/{}#{}", facts.code, Self::GENUINE))
    }
}

pub(crate) fn clock() -> OffsetDateTime {
    datetime!(2026-11-22 09:20:00 +07:00)
}

pub(crate) fn facts(sequence: u64) -> Facts {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&sequence.to_le_bytes());
    Facts {
        specimen: false,
        product: Default::default(),
        code: VerificationCode::from_random(random).to_string(),
        number: u32::try_from(sequence).expect("small"),
        book: "03/2026-SCT/BS".into(),
        issued_at: datetime!(2026-11-22 09:15:30 +07:00),
        authority: "Ủy ban nhân dân phường Cửa Nam".into(),
        officer: "Trần Thị Bình".into(),
        capacity: "TUQ. CHỦ TỊCH".into(),
        kind: "birth".into(),
        title: "Giấy khai sinh".into(),
        device: DEVICE.into(),
        sequence,
        pages: 2,
    }
}

/// The file that says `facts`, `length` bytes long at least.
pub(crate) fn paper(facts: &Facts, length: usize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(facts).expect("facts serialise");
    bytes.resize(bytes.len().max(length), b' ');
    bytes
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn meta(sequence: u64, bytes: &[u8]) -> UploadMeta {
    UploadMeta { device: DEVICE.into(), sequence, sha256: digest(bytes) }
}

/// Folder, authorities and keys; a registry can be started in it again and again.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ca: TestCa,
    config: Config,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ca = TestCa::new("Machines").expect("a test CA");
        let names = vec!["localhost".to_owned()];
        let server = ca
            .issue_with_key(&Subject::new("registry", "Hà Nội"), &Usage::TlsServer { names })
            .expect("a server certificate");
        let pkcs8 = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).expect("randomness");
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).expect("written");
            path
        };
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let config = Config {
            data_dir: folder.path().join("data"),
            public_url: PUBLIC_URL.into(),
            trust_anchors: put("roots.pem", ca.root().pem.as_bytes()),
            receipt_key: put("receipt.pk8", &pkcs8),
            device: DeviceListener {
                listen: any,
                certificate: put("server.pem", server.certificate.pem.as_bytes()),
                key: put("server.key", server.key_pem.as_bytes()),
                client_ca: put("devices.pem", ca.root().pem.as_bytes()),
            },
            public: PublicListener {
                listen: any,
                certificate: None,
                key: None,
                behind_proxy: false,
            },
            time_stamp: None,
            limits: Limits::default(),
        };
        Self { folder, ca, config }
    }

    pub(crate) fn with_limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    pub(crate) fn data(&self) -> &Path {
        &self.config.data_dir
    }

    pub(crate) fn device(&self, name: &str) -> Identity {
        self.ca
            .issue_with_key(&Subject::new(name, "Hà Nội"), &Usage::TlsClient)
            .expect("a device certificate")
    }

    pub(crate) async fn start(&self) -> Running {
        let registry = Registry::bind_with(&self.config, Arc::new(Paper), Arc::new(clock))
            .await
            .expect("the registry starts");
        let device = registry.device_address().expect("bound");
        let public = registry.public_address().expect("bound");
        let receipt_key = registry.receipt_key();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(registry.run(async move {
            let _ = stopped.await;
        }));
        let client = Client::new(device, &self.ca, Some(self.device(DEVICE)));
        Running { device, public, receipt_key, client, stop, task }
    }
}

/// A registry that serves.
pub(crate) struct Running {
    pub(crate) device: SocketAddr,
    pub(crate) public: SocketAddr,
    pub(crate) receipt_key: ReceiptKey,
    /// The device's own client.
    pub(crate) client: Client,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.send(()).expect("still running");
        self.task.await.expect("no panic");
    }

    /// A request to the public listener.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let stream = TcpStream::connect(self.public).await.expect("connects");
        exchange(stream, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).expect("a request")).await
    }
}

/// A TLS client with or without a certificate.
pub(crate) struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, ca: &TestCa, identity: Option<Identity>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(ca.root().der.clone())).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots);
        let config = match identity {
            Some(identity) => {
                let chain = vec![CertificateDer::from(identity.certificate.der)];
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key_der));
                builder.with_client_auth_cert(chain, key).expect("a usable identity")
            }
            None => builder.with_no_client_auth(),
        };
        Self { address, config: Arc::new(config) }
    }

    pub(crate) async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await
    }

    /// A tus request.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(TUS_RESUMABLE, VERSION).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let stream = self.connect().await.expect("connects");
        exchange(stream, request.body(body.into()).expect("a request")).await
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).expect("the JSON that was agreed")
    }

    pub(crate) fn code(&self) -> String {
        self.json::<Rejection>().code
    }
}

pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> Answer {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(Body::new(body), 1 << 26).await.expect("a whole answer").to_vec();
    drop(sender);
    let _ = connection.await;
    Answer { status: parts.status, headers: parts.headers, body }
}
