//! The device side: tus, receipts, refusals.

use std::fs;
use std::time::Duration;

use http::{Method, StatusCode};
use registry::wire::tus::{
    PATCH_CONTENT_TYPE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, UPLOADS, receipt_path,
};
use registry::wire::{Receipt, SignedReceipt, UploadMeta, code};
use registry::{Facts, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bench::{Answer, Bench, Client, DEVICE, Running, clock, digest, facts, meta, paper};

async fn create(client: &Client, meta: &UploadMeta, length: usize) -> Answer {
    let (metadata, length) = (meta.encode(), length.to_string());
    let headers = [(UPLOAD_METADATA, metadata.as_str()), (UPLOAD_LENGTH, length.as_str())];
    client.send(Method::POST, UPLOADS, &headers, Vec::new()).await
}

async fn patch(client: &Client, path: &str, offset: usize, bytes: &[u8]) -> Answer {
    let offset = offset.to_string();
    let headers = [(UPLOAD_OFFSET, offset.as_str()), ("content-type", PATCH_CONTENT_TYPE)];
    client.send(Method::PATCH, path, &headers, bytes.to_vec()).await
}

async fn upload(client: &Client, sequence: u64, bytes: &[u8]) -> Answer {
    let made = create(client, &meta(sequence, bytes), bytes.len()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    patch(client, made.header("location"), 0, bytes).await
}

async fn receipt(running: &Running, sequence: u64) -> Option<Receipt> {
    let path = receipt_path(DEVICE, sequence);
    let answer = running.client.send(Method::GET, &path, &[], Vec::new()).await;
    if answer.status == StatusCode::NOT_FOUND {
        return None;
    }
    let signed: SignedReceipt = answer.json();
    Some(running.receipt_key.verify(&signed).expect("signed by the registry"))
}

#[tokio::test]
async fn an_uploaded_copy_is_kept_and_its_receipt_verifies() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 700_000);
    let done = upload(&running.client, 1, &bytes).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(done.header(UPLOAD_OFFSET), bytes.len().to_string());
    let receipt = receipt(&running, 1).await.expect("a receipt");
    assert_eq!((receipt.device.as_str(), receipt.sequence), (DEVICE, 1));
    assert_eq!((receipt.sha256, receipt.code), (digest(&bytes), facts(1).code));
    assert_eq!(receipt.received_at, clock());
    let name = hex::encode(digest(&bytes));
    let kept = bench.data().join("copies").join(&name[..2]).join(format!("{name}.pdf"));
    assert_eq!(fs::read(kept).expect("the kept file"), bytes);
    let left = fs::read_dir(bench.data().join("uploads")).expect("a folder").count();
    assert_eq!(left, 0, "the upload's own files are cleared");
}

#[tokio::test]
async fn an_upload_cut_in_the_middle_goes_on_where_it_stopped() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 900_000);
    let made = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    let path = made.header("location").to_owned();
    // A PATCH that promises everything and is cut after 600,000 bytes.
    let mut stream = running.client.connect().await.expect("connects");
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: localhost\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\n\
         content-type: {PATCH_CONTENT_TYPE}\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(&bytes[..600_000]).await.expect("sent");
    // Closed in order and drained, so that the kernel throws nothing away that was sent.
    stream.shutdown().await.expect("closed");
    let _ = stream.read_to_end(&mut Vec::new()).await;
    drop(stream);
    let mut offset = 0;
    for _ in 0..100 {
        let found = running.client.send(Method::HEAD, &path, &[], Vec::new()).await;
        offset = found.header(UPLOAD_OFFSET).parse().expect("a number");
        if offset == 600_000 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(offset, 600_000, "every byte that arrived counts");
    assert!(receipt(&running, 1).await.is_none(), "no receipt before the whole is there");
    let wrong = patch(&running.client, &path, 0, &bytes).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::CONFLICT, code::WRONG_OFFSET.into()));
    let done = patch(&running.client, &path, offset, &bytes[offset..]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(receipt(&running, 1).await.expect("a receipt").sha256, digest(&bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_back_is_told_of_every_byte_of_its_dead_connection() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 900_000);
    let made = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    let path = made.header("location").to_owned();
    // The link dies without a word: the connection stays open and nothing more comes.
    let mut dead = running.client.connect().await.expect("connects");
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: localhost\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\n\
         content-type: {PATCH_CONTENT_TYPE}\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    dead.write_all(head.as_bytes()).await.expect("sent");
    dead.write_all(&bytes[..100_000]).await.expect("sent");
    dead.flush().await.expect("sent");
    // What the kernel has of it must first be read; then one question is enough.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let found = running.client.send(Method::HEAD, &path, &[], Vec::new()).await;
    assert_eq!(found.header(UPLOAD_OFFSET), "100000", "nothing is to be sent twice");
    // Whatever the dead connection still brings is too late to do harm.
    let _ = dead.write_all(&bytes[100_000..300_000]).await;
    let done = patch(&running.client, &path, 100_000, &bytes[100_000..]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text());
    assert_eq!(receipt(&running, 1).await.expect("a receipt").sha256, digest(&bytes));
}

#[tokio::test]
async fn announcing_the_same_copy_again_gives_the_same_upload() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 10_000);
    let first = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    let path = first.header("location").to_owned();
    patch(&running.client, &path, 0, &bytes[..4_000]).await;
    let again = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    assert_eq!((again.header("location"), again.header(UPLOAD_OFFSET)), (path.as_str(), "4000"));
    patch(&running.client, &path, 4_000, &bytes[4_000..]).await;
    let receipt_before = receipt(&running, 1).await.expect("a receipt");
    let after = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    assert_eq!((after.header("location"), after.header(UPLOAD_OFFSET)), (path.as_str(), "10000"));
    let empty = patch(&running.client, &path, bytes.len(), &[]).await;
    assert_eq!(empty.status, StatusCode::NO_CONTENT);
    assert_eq!(receipt(&running, 1).await, Some(receipt_before));
}

#[tokio::test]
async fn a_sequence_number_is_used_for_one_file_only() {
    let bench = Bench::new();
    let running = bench.start().await;
    let (first, second) = (paper(&facts(1), 100), paper(&facts(1), 2_000));
    create(&running.client, &meta(1, &first), first.len()).await;
    let while_open = create(&running.client, &meta(1, &second), second.len()).await;
    assert_eq!(while_open.status, StatusCode::CONFLICT);
    assert_eq!(while_open.code(), code::SEQUENCE_TAKEN);
    upload(&running.client, 1, &first).await;
    let when_kept = create(&running.client, &meta(1, &second), second.len()).await;
    assert_eq!(when_kept.status, StatusCode::CONFLICT);
    assert_eq!(when_kept.code(), code::SEQUENCE_TAKEN);
}

#[tokio::test]
async fn a_code_or_number_of_another_copy_is_refused() {
    let bench = Bench::new();
    let running = bench.start().await;
    upload(&running.client, 1, &paper(&facts(1), 0)).await;
    for taken in [Facts { code: facts(1).code, ..facts(2) }, Facts { number: 1, ..facts(2) }] {
        let answer = upload(&running.client, 2, &paper(&taken, 0)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.code(), code::DUPLICATE);
    }
    let copies = walk(&bench.data().join("copies"));
    assert_eq!(copies, 1, "a refused copy is not kept");
}

#[tokio::test]
async fn bytes_that_are_not_the_announced_ones_are_refused_and_may_come_again() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 5_000);
    let made = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    let mut damaged = bytes.clone();
    damaged[4_000] ^= 1;
    let answer = patch(&running.client, made.header("location"), 0, &damaged).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.code(), code::DIGEST_MISMATCH);
    assert_eq!(upload(&running.client, 1, &bytes).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_copy_that_does_not_verify_leaves_a_note_and_nothing_else() {
    let bench = Bench::new();
    let running = bench.start().await;
    let answer = upload(&running.client, 1, b"%PDF-1.7 not a copy").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.code(), "altered");
    assert!(receipt(&running, 1).await.is_none());
    assert_eq!(walk(&bench.data().join("copies")), 0);
    let note = fs::read_dir(bench.data().join("refused")).expect("a folder").next();
    let note = fs::read_to_string(note.expect("a note").expect("readable").path());
    let note = note.expect("readable");
    assert!(note.contains("\"altered\"") && !note.contains("not a copy"), "{note}");
}

#[tokio::test]
async fn a_copy_that_names_another_device_or_sequence_is_refused() {
    let bench = Bench::new();
    let running = bench.start().await;
    for facts in [Facts { device: "HN-01".into(), ..facts(1) }, facts(2)] {
        let answer = upload(&running.client, 1, &paper(&facts, 0)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.code(), code::MANIFEST_MISMATCH);
    }
}

#[tokio::test]
async fn everything_kept_and_begun_is_there_after_a_restart() {
    let bench = Bench::new();
    let running = bench.start().await;
    let (kept, begun) = (paper(&facts(1), 3_000), paper(&facts(2), 3_000));
    upload(&running.client, 1, &kept).await;
    let made = create(&running.client, &meta(2, &begun), begun.len()).await;
    let path = made.header("location").to_owned();
    patch(&running.client, &path, 0, &begun[..1_000]).await;
    let before = receipt(&running, 1).await.expect("a receipt");
    running.stop().await;
    let running = bench.start().await;
    assert_eq!(receipt(&running, 1).await, Some(before.clone()));
    let found = running.client.send(Method::HEAD, &path, &[], Vec::new()).await;
    assert_eq!(found.header(UPLOAD_OFFSET), "1000");
    let done = patch(&running.client, &path, 1_000, &begun[1_000..]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    let after = receipt(&running, 2).await.expect("a receipt");
    assert_eq!(after.head_after(&before.log_head), Ok(after.log_head), "the log goes on");
}

#[tokio::test]
async fn a_whole_upload_whose_answer_was_lost_is_accepted_by_an_empty_patch() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 3_000);
    let made = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    let path = made.header("location").to_owned();
    // As a registry that died after the last byte and before the row would leave it.
    let id = path.rsplit('/').next().expect("an id");
    let part = bench.data().join("uploads").join(format!("{id}.part"));
    fs::write(part, &bytes).expect("written");
    let found = running.client.send(Method::HEAD, &path, &[], Vec::new()).await;
    assert_eq!(found.header(UPLOAD_OFFSET), "3000");
    assert!(receipt(&running, 1).await.is_none());
    let done = patch(&running.client, &path, bytes.len(), &[]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert!(receipt(&running, 1).await.is_some());
}

#[tokio::test]
async fn limits_hold() {
    let limits = Limits { uploads_per_device: 2, ..Limits::default() };
    let bench = Bench::new().with_limits(limits);
    let running = bench.start().await;
    let bytes = paper(&facts(1), 0);
    let huge = create(&running.client, &meta(9, &bytes), 97 << 20).await;
    assert_eq!((huge.status, huge.code()), (StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE.into()));
    let made = create(&running.client, &meta(1, &bytes), bytes.len()).await;
    let longer = patch(&running.client, made.header("location"), 0, &[b' '; 4_000]).await;
    assert_eq!(longer.status, StatusCode::PAYLOAD_TOO_LARGE);
    create(&running.client, &meta(2, &bytes), bytes.len()).await;
    let third = create(&running.client, &meta(3, &bytes), bytes.len()).await;
    assert_eq!((third.status, third.code()), (StatusCode::TOO_MANY_REQUESTS, code::BUSY.into()));
    let no_metadata = running.client.send(Method::POST, UPLOADS, &[], Vec::new()).await;
    assert_eq!(no_metadata.status, StatusCode::BAD_REQUEST);
    let climbing = running.client.send(Method::HEAD, "/v1/uploads/..%2f..", &[], Vec::new()).await;
    assert_eq!(climbing.status, StatusCode::NOT_FOUND);
}

/// Files in a folder and those below it.
fn walk(folder: &std::path::Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("readable").path())
        .map(|path| if path.is_dir() { walk(&path) } else { 1 })
        .sum()
}
