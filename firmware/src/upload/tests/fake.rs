//! A registry that misbehaves by script.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use counterpart::{Subject, TestCa, Usage};
use formats_wire::{Receipt, ReceiptKey, ReceiptSigner, Rejection, UploadMeta, code, tus};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(super) const DEVICE: &str = "HN-TEST-01";

/// What goes wrong, once each, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A `PATCH` keeps so many bytes, then the connection drops.
    CutPatch { after: usize },
    /// A `PATCH` is kept whole, then the connection drops before the answer.
    CutAnswer,
    /// A `PATCH` is answered with this status and nothing is kept.
    Status(u16),
    /// A `PATCH` is told that its offset is wrong.
    WrongOffset,
    /// The upload is forgotten before a `PATCH`.
    Forget,
    /// The copy is refused when it is whole.
    Reject,
    /// The registry stops between the last byte and the receipt.
    NoReceiptYet,
    /// The receipt is signed by someone else.
    WrongSigner,
    /// The receipt is for other bytes.
    OtherDigest,
    /// The receipt is for another code.
    OtherCode,
    /// The receipt is for another sequence.
    OtherSequence,
}

struct Upload {
    meta: UploadMeta,
    length: usize,
    data: Vec<u8>,
    accepted: bool,
}

struct State {
    faults: VecDeque<Fault>,
    uploads: BTreeMap<String, Upload>,
    names: u32,
    log: Vec<String>,
    kept: Vec<String>,
    bytes_taken: usize,
    down: bool,
    expires: Option<OffsetDateTime>,
}

pub(super) struct FakeRegistry {
    port: u16,
    signer: Arc<ReceiptSigner>,
    state: Arc<Mutex<State>>,
}

fn signer() -> ReceiptSigner {
    let random = ring::rand::SystemRandom::new();
    let pkcs8 = ReceiptSigner::generate_pkcs8(&random).expect("a key");
    ReceiptSigner::from_pkcs8(&pkcs8).expect("a signer")
}

fn acceptor(ca: &TestCa) -> TlsAcceptor {
    let usage = Usage::TlsServer { names: vec!["localhost".to_owned()] };
    let server = ca.issue_with_key(&Subject::new("registry", "Test"), &usage).expect("server");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(ca.root().der.clone())).expect("the root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(
            vec![CertificateDer::from(server.certificate.der)],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.key_der)),
        )
        .expect("a server certificate");
    TlsAcceptor::from(Arc::new(config))
}

impl FakeRegistry {
    pub(super) async fn start(ca: &TestCa, faults: impl IntoIterator<Item = Fault>) -> Self {
        let acceptor = acceptor(ca);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let signer = Arc::new(signer());
        let state = Arc::new(Mutex::new(State {
            faults: faults.into_iter().collect(),
            uploads: BTreeMap::new(),
            names: 0,
            log: Vec::new(),
            kept: Vec::new(),
            bytes_taken: 0,
            down: false,
            expires: None,
        }));
        let (served, key) = (Arc::clone(&state), Arc::clone(&signer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if served.lock().expect("state").down {
                    continue;
                }
                let (acceptor, state, key) = (acceptor.clone(), Arc::clone(&served), key.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| answer(request, &state, &key));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { port, signer, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panics")
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(super) fn receipt_key(&self) -> ReceiptKey {
        self.signer.key()
    }

    /// Refuses connections, and drops the open ones at their next request.
    pub(super) fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// Says of every upload that is announced from now on when it ends.
    pub(super) fn set_expires(&self, at: OffsetDateTime) {
        self.state().expires = Some(at);
    }

    /// Digests accepted, in order.
    pub(super) fn kept(&self) -> Vec<String> {
        self.state().kept.clone()
    }

    /// Bytes of pieces that were kept.
    pub(super) fn bytes_taken(&self) -> usize {
        self.state().bytes_taken
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    pub(super) fn faults_left(&self) -> usize {
        self.state().faults.len()
    }
}

type Answer = io::Result<Response<Full<Bytes>>>;

fn plain(status: StatusCode) -> http::response::Builder {
    Response::builder().status(status).header(tus::TUS_RESUMABLE, tus::VERSION)
}

fn empty(builder: http::response::Builder) -> Answer {
    builder.body(Full::default()).map_err(io::Error::other)
}

fn refuse(status: StatusCode, code: &str) -> Answer {
    let body = serde_json::to_vec(&Rejection::new(code, "không nhận", "not taken"))?;
    plain(status).body(Full::from(body)).map_err(io::Error::other)
}

fn number(headers: &HeaderMap, name: &str) -> usize {
    let value = headers.get(name).and_then(|v| v.to_str().ok()).expect("the header is there");
    value.parse().expect("a number")
}

async fn answer(
    request: Request<Incoming>,
    state: &Mutex<State>,
    signer: &ReceiptSigner,
) -> Answer {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method, parts.uri.path().to_owned());
    let fault = {
        let mut state = state.lock().expect("state");
        if state.down {
            return Err(io::Error::other("down"));
        }
        take_fault(&mut state, &method)
    };
    assert_eq!(parts.headers.get(tus::TUS_RESUMABLE).expect("a version"), tus::VERSION);
    let mut piece = Vec::new();
    let mut body = body;
    let cut = match fault {
        Some(Fault::CutPatch { after }) => after,
        _ => usize::MAX,
    };
    while piece.len() < cut
        && let Some(frame) = body.frame().await
    {
        piece.extend(frame.map_err(io::Error::other)?.into_data().unwrap_or_default());
    }
    piece.truncate(cut);
    let mut state = state.lock().expect("state");
    match method {
        Method::POST => create(&mut state, &parts.headers),
        Method::HEAD => head(&mut state, &path),
        Method::PATCH => patch(&mut state, &path, &parts.headers, &piece, fault),
        Method::GET => receipt(&mut state, &path, signer, fault),
        _ => refuse(StatusCode::METHOD_NOT_ALLOWED, code::BAD_REQUEST),
    }
}

/// The next fault of the script, if it is one for this method.
fn take_fault(state: &mut State, method: &Method) -> Option<Fault> {
    let for_get = matches!(
        state.faults.front()?,
        Fault::WrongSigner | Fault::OtherDigest | Fault::OtherCode | Fault::OtherSequence
    );
    let wanted = if for_get { Method::GET } else { Method::PATCH };
    if *method == wanted { state.faults.pop_front() } else { None }
}

fn create(state: &mut State, headers: &HeaderMap) -> Answer {
    let text = headers.get(tus::UPLOAD_METADATA).and_then(|v| v.to_str().ok()).expect("metadata");
    let meta = UploadMeta::parse(text).expect("sound metadata");
    assert_eq!(meta.device, DEVICE);
    state.log.push(format!("POST {}", meta.sequence));
    let known = state.uploads.iter().find(|(_, upload)| upload.meta == meta);
    let (id, offset) = match known {
        Some((id, upload)) => (id.clone(), upload.data.len()),
        None => {
            state.names += 1;
            let id = format!("u{}", state.names);
            let length = number(headers, tus::UPLOAD_LENGTH);
            let upload = Upload { meta, length, data: Vec::new(), accepted: false };
            state.uploads.insert(id.clone(), upload);
            (id, 0)
        }
    };
    let mut made = plain(StatusCode::CREATED)
        .header("location", tus::upload_path(&id))
        .header(tus::UPLOAD_OFFSET, offset.to_string());
    if let Some(at) = state.expires {
        made = made.header(tus::UPLOAD_EXPIRES, tus::http_date(at).expect("a date"));
    }
    empty(made)
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn head(state: &mut State, path: &str) -> Answer {
    state.log.push("HEAD".to_owned());
    match state.uploads.get(id_of(path)) {
        Some(upload) => {
            let offset = upload.data.len().to_string();
            empty(plain(StatusCode::OK).header(tus::UPLOAD_OFFSET, offset))
        }
        None => empty(plain(StatusCode::NOT_FOUND)),
    }
}

fn patch(
    state: &mut State,
    path: &str,
    headers: &HeaderMap,
    piece: &[u8],
    fault: Option<Fault>,
) -> Answer {
    let offset = number(headers, tus::UPLOAD_OFFSET);
    state.log.push(format!("PATCH {offset}+{}", piece.len()));
    match fault {
        Some(Fault::Status(status)) => {
            return empty(plain(StatusCode::from_u16(status).expect("a status")));
        }
        Some(Fault::WrongOffset) => return refuse(StatusCode::CONFLICT, code::WRONG_OFFSET),
        Some(Fault::Forget) => drop(state.uploads.remove(id_of(path))),
        _ => {}
    }
    let Some(upload) = state.uploads.get_mut(id_of(path)) else {
        return refuse(StatusCode::NOT_FOUND, code::UNKNOWN);
    };
    if offset != upload.data.len() {
        return refuse(StatusCode::CONFLICT, code::WRONG_OFFSET);
    }
    upload.data.extend(piece);
    state.bytes_taken += piece.len();
    if upload.data.len() == upload.length {
        if fault == Some(Fault::Reject) {
            let id = id_of(path).to_owned();
            state.uploads.remove(&id);
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, "signature");
        }
        let digest: [u8; 32] = Sha256::digest(&upload.data).into();
        assert_eq!(digest, upload.meta.sha256, "the bytes are the ones announced");
        if fault != Some(Fault::NoReceiptYet) && !upload.accepted {
            upload.accepted = true;
            state.kept.push(hex::encode(digest));
        }
    }
    if matches!(fault, Some(Fault::CutPatch { .. } | Fault::CutAnswer)) {
        return Err(io::Error::other("the link is cut"));
    }
    let offset = (offset + piece.len()).to_string();
    empty(plain(StatusCode::NO_CONTENT).header(tus::UPLOAD_OFFSET, offset))
}

fn receipt(state: &mut State, path: &str, honest: &ReceiptSigner, fault: Option<Fault>) -> Answer {
    state.log.push(format!("GET {path}"));
    let found = state
        .uploads
        .values()
        .find(|u| u.accepted && path == tus::receipt_path(DEVICE, u.meta.sequence));
    let Some(upload) = found else {
        return refuse(StatusCode::NOT_FOUND, code::UNKNOWN);
    };
    let visit = upload.data.first().map(|b| *b as char).expect("bytes");
    let mut receipt = Receipt {
        device: DEVICE.to_owned(),
        sequence: upload.meta.sequence,
        code: String::new(),
        sha256: upload.meta.sha256,
        log_index: 0,
        log_head: [7; 32],
        received_at: datetime!(2026-11-22 09:31 +7),
    };
    receipt.code = match visit {
        'g' => "CODE-GOOD".to_owned(),
        other => format!("CODE-{}", other.to_ascii_uppercase()),
    };
    match fault {
        Some(Fault::OtherDigest) => receipt.sha256 = [1; 32],
        Some(Fault::OtherCode) => receipt.code = "CODE-OTHER".to_owned(),
        Some(Fault::OtherSequence) => receipt.sequence += 1,
        _ => {}
    }
    let forger = signer();
    let signer = if fault == Some(Fault::WrongSigner) { &forger } else { honest };
    let body = serde_json::to_vec(&signer.sign(&receipt).expect("canonical"))?;
    plain(StatusCode::OK).body(Full::from(body)).map_err(io::Error::other)
}
