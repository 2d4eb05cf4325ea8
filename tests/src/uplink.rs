//! The upload alone, from a kiosk's real store to a registry: without visits, papers and tokens,
//! so that a link can be hurt for as long as a test wants.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpart::{Carried, LinkModel, PoorLink, Subject, TestCa, Usage};
use kiosk::clock::{Clock, SystemClock};
use kiosk::random::SystemRandom;
use kiosk::store::{CopySummary, Decision, Record, RegisterRow, Reservation, Store, Verdict};
use kiosk::upload::{Https, Identity, Policy, Round, Uploader};
use registry::wire::{ReceiptKey, ReceiptSigner, Rejection};
use registry::{Acceptance, Config, DeviceListener, Facts, Limits, PublicListener, Registry};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::Failure;

/// How long copies may take to arrive.
const PATIENCE: Duration = Duration::from_secs(300);
const AUTHORITY: &str = "Ủy ban nhân dân phường Cửa Nam";
const OFFICER: &str = "Nguyễn Thị Hà";
const CAPACITY: &str = "TUQ. CHỦ TỊCH";
const TITLE: &str = "Giấy khai sinh";

/// A kiosk's store and its way to a registry.
pub struct Van {
    device: String,
    store: Arc<Store>,
    tls: ClientConfig,
}

impl Van {
    /// An empty store in `folder`, for a device of `ca`.
    pub fn new(folder: &Path, ca: &TestCa, device: &str) -> Result<Self, Failure> {
        let (store, _) = Store::open(folder, Arc::new(SystemClock))?;
        store.open_book(&crate::world::book_of_today(), AUTHORITY)?;
        let identity = ca.issue_with_key(&Subject::new(device, AUTHORITY), &Usage::TlsClient)?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(ca.root().der.clone()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key_der));
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![CertificateDer::from(identity.certificate.der)], key)?;
        Ok(Self { device: device.into(), store: Arc::new(store), tls })
    }

    /// Keeps a copy of so many bytes, to be uploaded.
    pub fn issue(&self, visit: &str, length: usize) -> Result<CopySummary, Failure> {
        let row = RegisterRow {
            certified_at: SystemClock.now(),
            requester: "Nguyễn Văn An".into(),
            original: TITLE.into(),
            officer: OFFICER.into(),
            capacity: CAPACITY.into(),
            copies: 1,
            fee_vnd: 2_000,
            note: String::new(),
        };
        self.store.record(Record::OfficerDecision(Decision {
            visit: visit.into(),
            officer: OFFICER.into(),
            capacity: CAPACITY.into(),
            certificate: "ab".repeat(32),
            verdict: Verdict::Approved,
        }))?;
        let code = format!("{}-{}", self.device, visit.to_uppercase());
        let reservation = self.store.reserve(visit, &code)?;
        let bytes = copy_bytes(&facts(&self.device, &reservation), length)?;
        Ok(self.store.commit(&reservation, &bytes, row)?)
    }

    /// Uploads to the registry at `address`, known as `localhost`, until nothing waits. What the
    /// uploader remembers of a broken round is used in the next, as in the daemon.
    pub async fn deliver(&self, address: SocketAddr, key: &ReceiptKey) -> Result<(), Failure> {
        let mut uploader = self.uploader(address, key)?;
        let end = now() + PATIENCE;
        while !self.store.pending()?.is_empty() {
            match uploader.round().await {
                Round::Done(pause) | Round::Failed(pause) if now() < end => {
                    tokio::time::sleep(pause.min(Duration::from_secs(1))).await;
                }
                other => return Err(format!("not delivered in time: {other:?}").into()),
            }
        }
        Ok(())
    }

    /// The kiosk's own uploader.
    pub fn uploader(&self, address: SocketAddr, key: &ReceiptKey) -> Result<Uploader, Failure> {
        let url = format!("https://localhost:{}", address.port());
        let transport = Https::new(&url, self.tls.clone())?;
        let identity = Identity { device: self.device.clone(), receipt_key: *key };
        Ok(Uploader::new(
            Arc::clone(&self.store),
            Arc::new(transport),
            identity,
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
            Policy::default(),
        ))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

fn facts(device: &str, reservation: &Reservation) -> Facts {
    Facts {
        specimen: false,
        product: Default::default(),
        code: reservation.code.clone(),
        number: reservation.number,
        book: reservation.book.clone(),
        issued_at: SystemClock.now(),
        authority: AUTHORITY.into(),
        officer: OFFICER.into(),
        capacity: CAPACITY.into(),
        kind: "birth".into(),
        title: TITLE.into(),
        device: device.into(),
        sequence: reservation.sequence,
        pages: 2,
    }
}

/// What stands for a sealed copy here: a line of JSON that says what it is, then bytes that
/// nothing compresses and no two places share.
fn copy_bytes(facts: &Facts, length: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec(facts)?;
    bytes.push(b'\n');
    let mut block: [u8; 32] = Sha256::digest(&bytes).into();
    while bytes.len() < length {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block).into();
    }
    Ok(bytes)
}

/// Accepts such copies.
#[derive(Debug)]
struct FirstLine;

impl Acceptance for FirstLine {
    fn check(&self, bytes: &[u8]) -> Result<Facts, Rejection> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let why = "không phải bản sao của phép thử này";
        serde_json::from_slice(line).map_err(|error| Rejection::new("TEST", why, error.to_string()))
    }

    fn matches_qr(&self, _: &[u8], _: &str) -> bool {
        false
    }
}

/// A registry with its real listeners, store and upload, in this process; only what a copy must
/// be is replaced by the form that [`Van::issue`] makes. It stops when it is dropped.
pub struct Central {
    address: SocketAddr,
    receipt_key: ReceiptKey,
    data: PathBuf,
    _stop: oneshot::Sender<()>,
}

impl Central {
    /// Starts a registry that keeps everything in `folder` and believes devices of `ca`.
    pub async fn start(folder: &Path, ca: &TestCa) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let usage = Usage::TlsServer { names: vec!["localhost".into()] };
        let server = ca.issue_with_key(&Subject::new("localhost", AUTHORITY), &usage)?;
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).map(|()| path)
        };
        let signer = ReceiptSigner::generate_pkcs8(&ring::rand::SystemRandom::new())?;
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let config = Config {
            data_dir: folder.join("data"),
            public_url: "https://kiemtra.example.vn".into(),
            trust_anchors: put("roots.pem", ca.root().pem.as_bytes())?,
            receipt_key: put("receipt.pk8", &signer)?,
            device: DeviceListener {
                listen: any,
                certificate: put("server.pem", server.certificate.pem.as_bytes())?,
                key: put("server.key", server.key_pem.as_bytes())?,
                client_ca: put("devices.pem", ca.root().pem.as_bytes())?,
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
        let registry =
            Registry::bind_with(&config, Arc::new(FirstLine), Arc::new(registry::now)).await?;
        let (address, receipt_key) = (registry.device_address()?, registry.receipt_key());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(registry.run(async {
            let _ = stopped.await;
        }));
        Ok(Self { address, receipt_key, data: config.data_dir, _stop: stop })
    }

    /// Where devices connect, under the name `localhost`.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that its receipts are signed with.
    pub const fn receipt_key(&self) -> &ReceiptKey {
        &self.receipt_key
    }

    /// Digests of the copies it keeps, from the files themselves.
    pub fn kept(&self) -> Result<BTreeSet<String>, Failure> {
        digests_below(&self.data.join("copies"))
    }
}

/// SHA-256 of every file in a folder and its folders, lower-case hex.
pub fn digests_below(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.append(&mut digests_below(&path)?);
        } else {
            found.insert(hex::encode(Sha256::digest(fs::read(path)?)));
        }
    }
    Ok(found)
}

/// What some kiosks' uploads through poor links came to.
#[derive(Debug, Clone, Copy)]
pub struct Toll {
    /// Bytes of all copies.
    pub payload: u64,
    /// What the links carried, together.
    pub carried: Carried,
    /// How long it took.
    pub took: Duration,
}

impl Toll {
    /// Bytes sent for each byte of payload.
    pub fn ratio(&self) -> f64 {
        self.carried.sent as f64 / self.payload as f64
    }
}

/// Lets so many kiosks, each behind a link of its own, upload so many copies of `length` bytes to
/// one registry; an error unless it keeps every one of them.
pub async fn through_poor_links(
    folder: &Path,
    model: LinkModel,
    (vans, copies): (u64, u64),
    length: usize,
) -> Result<Toll, Failure> {
    let ca = TestCa::new("Machines")?;
    let central = Central::start(&folder.join("central"), &ca).await?;
    let (began, key) = (now(), *central.receipt_key());
    let (mut issued, mut payload) = (BTreeSet::new(), 0);
    let (mut links, mut uploads) = (vec![], vec![]);
    for n in 1..=vans {
        let device = format!("HN-VAN-{n:02}");
        let van = Van::new(&folder.join(&device), &ca, &device)?;
        for copy in 1..=copies {
            let copy = van.issue(&format!("v{copy}"), length)?;
            payload += copy.bytes;
            issued.insert(copy.sha256);
        }
        let link = PoorLink::before(central.address(), LinkModel { seed: n, ..model })?;
        let address = link.address();
        links.push(link);
        uploads.push(tokio::spawn(async move { van.deliver(address, &key).await }));
    }
    for upload in uploads {
        upload.await??;
    }
    if central.kept()? != issued {
        return Err("the registry keeps other copies than were issued".into());
    }
    let mut carried = Carried { sent: 0, arrived: 0, cuts: 0 };
    for link in links.iter().map(PoorLink::carried) {
        carried.sent += link.sent;
        carried.arrived += link.arrived;
        carried.cuts += link.cuts;
    }
    Ok(Toll { payload, carried, took: began.elapsed() })
}

#[expect(clippy::disallowed_methods, reason = "links take real time")]
fn now() -> Instant {
    Instant::now()
}
