//! The registry without sockets, on a disk and a clock that a test rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use axum::body::Body;
use formats_files::{Disk as _, MemoryDisk};
use http::{Method, Request, Response, StatusCode};
use registry::wire::tus::{
    self, PATCH_CONTENT_TYPE, TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA,
    UPLOAD_OFFSET, UPLOADS, VERSION, receipt_path,
};
use registry::wire::{ReceiptSigner, SignedReceipt};
use registry::{Limits, Parts, Service, Store};
use ring::rand::SystemRandom;
use time::Duration;
use tower::ServiceExt as _;

use crate::bench::{DEVICE, Paper, clock, digest, facts, meta, paper};

/// A machine that can lose its power.
struct Machine {
    disk: MemoryDisk,
    pkcs8: Vec<u8>,
    /// Seconds since the tests' noon.
    time: Arc<AtomicI64>,
    may_commit: Arc<AtomicBool>,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let pkcs8 = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).expect("randomness");
        let may_commit = Arc::new(AtomicBool::new(true));
        Self { disk: MemoryDisk::new(seed), pkcs8, time: Arc::default(), may_commit }
    }

    fn signer(&self) -> ReceiptSigner {
        ReceiptSigner::from_pkcs8(&self.pkcs8).expect("own key")
    }

    fn start(&self, snapshot: Option<&[u8]>) -> Service {
        let store = Store::in_memory(snapshot, self.signer()).expect("a sound database");
        let gate = Arc::clone(&self.may_commit);
        store.set_commit_gate(move || gate.load(Ordering::SeqCst)).expect("a hook");
        let time = Arc::clone(&self.time);
        Service::open(Parts {
            disk: Arc::new(self.disk.clone()),
            store,
            acceptance: Arc::new(Paper),
            clock: Arc::new(move || clock() + Duration::seconds(time.load(Ordering::SeqCst))),
            limits: Limits::default(),
        })
        .expect("the disk works")
    }

    fn pass(&self, time: Duration) {
        self.time.fetch_add(time.whole_seconds(), Ordering::SeqCst);
    }

    fn files_of_uploads(&self) -> usize {
        self.disk.files().iter().filter(|name| name.starts_with("uploads/")).count()
    }
}

async fn ask(
    service: &Service,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header(TUS_RESUMABLE, VERSION);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_vec())).expect("a request");
    service.device_router(DEVICE).oneshot(request).await.expect("always an answer")
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

async fn create(service: &Service, sequence: u64, bytes: &[u8]) -> Response<Body> {
    let (metadata, length) = (meta(sequence, bytes).encode(), bytes.len().to_string());
    let headers = [(UPLOAD_METADATA, metadata.as_str()), (UPLOAD_LENGTH, length.as_str())];
    ask(service, Method::POST, UPLOADS, &headers, &[]).await
}

async fn patch(service: &Service, path: &str, offset: usize, bytes: &[u8]) -> Response<Body> {
    let offset = offset.to_string();
    let headers = [(UPLOAD_OFFSET, offset.as_str()), ("content-type", PATCH_CONTENT_TYPE)];
    ask(service, Method::PATCH, path, &headers, bytes).await
}

/// Sends a copy in one piece; the status of the last answer.
async fn upload(service: &Service, sequence: u64, bytes: &[u8]) -> StatusCode {
    let made = create(service, sequence, bytes).await;
    if made.status() != StatusCode::CREATED {
        return made.status();
    }
    let offset = header(&made, UPLOAD_OFFSET).parse().expect("a number");
    let path = header(&made, "location").to_owned();
    patch(service, &path, offset, &bytes[offset..]).await.status()
}

async fn receipt(service: &Service, sequence: u64) -> Option<SignedReceipt> {
    let answer = ask(service, Method::GET, &receipt_path(DEVICE, sequence), &[], &[]).await;
    if answer.status() != StatusCode::OK {
        return None;
    }
    let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.expect("a whole answer");
    serde_json::from_slice(&body).ok()
}

#[tokio::test]
async fn an_unfinished_upload_expires_and_begins_anew() {
    let machine = Machine::new(1);
    let service = machine.start(None);
    let bytes = paper(&facts(1), 10_000);
    let made = create(&service, 1, &bytes).await;
    let path = header(&made, "location").to_owned();
    let expires = tus::parse_http_date(header(&made, UPLOAD_EXPIRES)).expect("a date");
    assert_eq!(expires, clock() + Duration::days(14));

    machine.pass(Duration::days(13));
    let patched = patch(&service, &path, 0, &bytes[..4_000]).await;
    let moved = tus::parse_http_date(header(&patched, UPLOAD_EXPIRES)).expect("a date");
    assert_eq!(moved, clock() + Duration::days(27), "work on an upload keeps it");

    machine.pass(Duration::days(14));
    let gone = ask(&service, Method::HEAD, &path, &[], &[]).await;
    assert_eq!(gone.status(), StatusCode::GONE);
    assert_eq!(patch(&service, &path, 4_000, &bytes[4_000..]).await.status(), StatusCode::GONE);
    let again = create(&service, 1, &bytes).await;
    assert_eq!((header(&again, "location"), header(&again, UPLOAD_OFFSET)), (path.as_str(), "0"));
    assert_eq!(upload(&service, 1, &bytes).await, StatusCode::NO_CONTENT);
    assert!(receipt(&service, 1).await.is_some());
}

#[tokio::test]
async fn an_announcement_whose_bytes_were_lost_is_made_again() {
    let machine = Machine::new(1);
    let service = machine.start(None);
    let bytes = paper(&facts(1), 10_000);
    let made = create(&service, 1, &bytes).await;
    let path = header(&made, "location").to_owned();
    patch(&service, &path, 0, &bytes[..4_000]).await;
    let lost = machine.disk.files().into_iter().find(|file| file.ends_with(".part"));
    machine.disk.remove(&lost.expect("the bytes so far")).expect("removed");
    let gone = ask(&service, Method::HEAD, &path, &[], &[]).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    let again = create(&service, 1, &bytes).await;
    assert_eq!((header(&again, "location"), header(&again, UPLOAD_OFFSET)), (path.as_str(), "0"));
    assert_eq!(upload(&service, 1, &bytes).await, StatusCode::NO_CONTENT);
    assert!(receipt(&service, 1).await.is_some());
}

#[tokio::test]
async fn the_space_of_expired_uploads_is_freed_and_others_stay() {
    let machine = Machine::new(1);
    let service = machine.start(None);
    let (old, new) = (paper(&facts(1), 10_000), paper(&facts(2), 10_000));
    create(&service, 1, &old).await;
    machine.pass(Duration::days(10));
    let made = create(&service, 2, &new).await;
    machine.pass(Duration::days(5));
    service.sweep();
    assert_eq!(machine.files_of_uploads(), 2, "{:?}", machine.disk.files());
    let path = header(&made, "location").to_owned();
    let head = ask(&service, Method::HEAD, &path, &[], &[]).await;
    assert_eq!(head.status(), StatusCode::OK);
    machine.pass(Duration::days(30));
    drop(service);
    machine.start(None);
    assert_eq!(machine.files_of_uploads(), 0, "also at the start");
}

/// Crashes at every operation of the disk in turn, and sees that what was answered is true.
#[tokio::test]
async fn whatever_was_answered_with_success_survives_a_power_cut_at_any_operation() {
    let bytes = paper(&facts(1), 3_000);
    let mut accepted = 0;
    for cut in 1..200 {
        let machine = Machine::new(cut);
        let service = machine.start(None);
        machine.disk.cut_after(cut);
        let status = upload(&service, 1, &bytes).await;
        let whole = !machine.disk.is_without_power();
        let snapshot = service.store().snapshot().expect("readable");
        drop(service);
        machine.disk.restart();
        let service = machine.start(Some(&snapshot));
        let kept = receipt(&service, 1).await;
        if status.is_success() {
            accepted += 1;
            assert!(kept.is_some(), "cut {cut}: answered {status} without a receipt");
        }
        if kept.is_some() {
            let copy = service.copy(&digest(&bytes)).expect("a receipt has its file");
            assert_eq!(copy, bytes, "cut {cut}");
        }
        assert_eq!(upload(&service, 1, &bytes).await, StatusCode::NO_CONTENT, "cut {cut}");
        assert!(receipt(&service, 1).await.is_some(), "cut {cut}: it can be finished");
        if whole {
            assert!(cut > 20 && accepted > 0, "every operation was cut once: {cut}");
            return;
        }
    }
    panic!("the upload never came to its end");
}

#[tokio::test]
async fn bytes_that_were_answered_for_are_there_after_a_power_cut() {
    let bytes = paper(&facts(1), 9_000);
    for seed in 0..20 {
        let machine = Machine::new(seed);
        let service = machine.start(None);
        let made = create(&service, 1, &bytes).await;
        let path = header(&made, "location").to_owned();
        let answered = patch(&service, &path, 0, &bytes[..5_000]).await;
        assert_eq!(header(&answered, UPLOAD_OFFSET), "5000");
        let snapshot = service.store().snapshot().expect("readable");
        drop(service);
        machine.disk.restart();
        let service = machine.start(Some(&snapshot));
        let asked = ask(&service, Method::HEAD, &path, &[], &[]).await;
        assert_eq!(header(&asked, UPLOAD_OFFSET), "5000", "seed {seed}");
        let rest = patch(&service, &path, 5_000, &bytes[5_000..]).await;
        assert_eq!(rest.status(), StatusCode::NO_CONTENT, "seed {seed}: the bytes are the same");
        assert!(receipt(&service, 1).await.is_some(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_disk_that_fails_and_lies_about_a_later_sync_loses_no_receipted_copy() {
    let bytes = paper(&facts(1), 3_000);
    // Each operation of an upload fails once; after a failed sync the disk may say that all is
    // well though it has dropped what it could not write, as its seed decides.
    for (failing, seed) in (1..30).flat_map(|n| (0..8).map(move |seed| (n, seed))) {
        let machine = Machine::new(seed);
        let service = machine.start(None);
        machine.disk.fail_after(failing);
        for _ in 0..3 {
            upload(&service, 1, &bytes).await;
        }
        let promised = receipt(&service, 1).await.is_some();
        let snapshot = service.store().snapshot().expect("readable");
        drop(service);
        machine.disk.restart();
        let service = machine.start(Some(&snapshot));
        assert!(promised, "operation {failing}, seed {seed}: it comes to its end");
        let kept = service.copy(&digest(&bytes)).expect("a receipt has its file");
        assert!(kept == bytes, "operation {failing}, seed {seed}: the copy is lost");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_committed_gives_no_receipt_and_costs_no_second_transfer() {
    let machine = Machine::new(1);
    let service = machine.start(None);
    let bytes = paper(&facts(1), 3_000);
    machine.may_commit.store(false, Ordering::SeqCst);
    assert_eq!(upload(&service, 1, &bytes).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(receipt(&service, 1).await.is_none());
    machine.may_commit.store(true, Ordering::SeqCst);
    let made = create(&service, 1, &bytes).await;
    assert_eq!(header(&made, UPLOAD_OFFSET), bytes.len().to_string(), "nothing is sent again");
    assert_eq!(upload(&service, 1, &bytes).await, StatusCode::NO_CONTENT);
    assert!(receipt(&service, 1).await.is_some());
}
