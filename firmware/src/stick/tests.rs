//! A stick that is full, pulled out, damaged; a spool that lies.

use std::sync::Arc;

use formats_files::{MemoryDisk, Random};
use formats_wire::{Receipt, ReceiptSigner};
use ring::rand::SystemRandom;
use time::macros::datetime;

use super::*;
use crate::clock::SystemClock;
use crate::store::{Decision, Delivery, Record, RegisterRow, Store, Verdict};
use crate::upload::Identity;

const DEVICE: &str = "HN-VAN-03";

fn copy(sequence: u64, bytes: &[u8]) -> CopySummary {
    CopySummary {
        sequence,
        number: u32::try_from(sequence).expect("few copies"),
        book: "01/2026-SCT/BS".into(),
        code: format!("CODE-{sequence}"),
        sha256: hex::encode(Sha256::digest(bytes)),
        bytes: bytes.len() as u64,
        issued_at: datetime!(2026-11-22 09:30 +7),
        priority: crate::store::Priority::Normal,
        delivery: Delivery::Waiting,
        aged_out_at: None,
    }
}

fn paper(sequence: u64) -> Vec<u8> {
    vec![u8::try_from(sequence).expect("few copies"); 10_000]
}

fn copies(count: u64) -> Vec<CopySummary> {
    (1..=count).map(|sequence| copy(sequence, &paper(sequence))).collect()
}

fn read(copy: &CopySummary) -> Result<Vec<u8>, StoreError> {
    Ok(paper(copy.sequence))
}

fn index(stick: &MemoryDisk) -> StickIndex {
    let bytes = stick.read(&stick::index_path(DEVICE), u64::MAX).expect("an index");
    StickIndex::from_bytes(&bytes).expect("a sound index")
}

#[test]
fn a_full_stick_takes_what_fits_and_says_what_is_left() {
    let to = MemoryDisk::new(1);
    to.set_capacity(35_000);
    let export = export(&to, DEVICE, &copies(5), read).expect("it ends well");
    assert_eq!((export.on_stick, export.left), (vec![1, 2, 3], 2));
    assert_eq!(index(&to).copies.len(), 3);
    assert!(to.files().iter().all(|path| !path.ends_with(".new")), "{:?}", to.files());
}

#[test]
fn the_last_copy_gives_way_when_only_the_index_finds_no_room() {
    let to = MemoryDisk::new(1);
    to.set_capacity(30_050);
    let export = export(&to, DEVICE, &copies(5), read).expect("it ends well");
    assert_eq!((export.on_stick, export.left), (vec![1, 2], 3));
}

#[test]
fn a_second_export_writes_only_what_is_missing_or_damaged() {
    let to = MemoryDisk::new(1);
    export(&to, DEVICE, &copies(3), read).expect("the first");
    let damaged = stick::copy_path(DEVICE, &copies(3)[1].sha256);
    to.damage(&damaged, |bytes| bytes[5] ^= 1);
    let again = export(&to, DEVICE, &copies(4), read).expect("the second");
    assert_eq!((again.before, again.on_stick.len(), again.left), (2, 4, 0));
    assert_eq!(to.read(&damaged, u64::MAX).expect("it is there"), paper(2));
}

#[test]
fn a_stick_pulled_out_at_any_moment_never_lists_a_copy_that_is_not_whole() {
    let mut random = Random(7);
    for moment in 1..60 {
        let to = MemoryDisk::new(random.next());
        export(&to, DEVICE, &copies(2), read).expect("the first");
        to.cut_after(moment);
        let pulled = export(&to, DEVICE, &copies(5), read).is_err();
        to.restart();
        let index = index(&to);
        assert!(pulled || index.copies.len() == 5, "an export that ended is durable");
        for copy in &index.copies {
            let path = stick::copy_path(DEVICE, &hex::encode(copy.sha256));
            let bytes = to.read(&path, u64::MAX).expect("a listed copy is there");
            assert_eq!(Sha256::digest(bytes)[..], copy.sha256, "pulled at {moment}");
        }
    }
}

/// A store with one issued copy.
fn with_one_copy() -> (Store, CopySummary) {
    let disk = Arc::new(MemoryDisk::new(2));
    let (store, _) = Store::open_on(disk, None, Arc::new(SystemClock)).expect("it opens");
    store.open_book("01/2026-SCT/BS", "UBND").expect("a book");
    let decision = Decision {
        visit: "v".into(),
        officer: "Trần Thị Bình".into(),
        capacity: "PHÓ CHỦ TỊCH".into(),
        certificate: "ab".repeat(32),
        verdict: Verdict::Approved,
    };
    store.record(Record::OfficerDecision(decision)).expect("an approval");
    let held = store.reserve("v", "CODE-1").expect("a number");
    let row = RegisterRow {
        certified_at: datetime!(2026-11-22 09:30 +7),
        requester: "Nguyễn Văn An".into(),
        original: "Giấy khai sinh".into(),
        officer: "Trần Thị Bình".into(),
        capacity: "PHÓ CHỦ TỊCH".into(),
        copies: 1,
        fee_vnd: 2000,
        note: String::new(),
    };
    let issued = store.commit(&held, b"sealed", row).expect("a copy");
    (store, issued)
}

fn signer() -> ReceiptSigner {
    let key = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).expect("a key");
    ReceiptSigner::from_pkcs8(&key).expect("it is one")
}

fn receipt(signer: &ReceiptSigner, device: &str, copy: &CopySummary) -> SignedReceipt {
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&copy.sha256, &mut sha256).expect("a digest");
    let receipt = Receipt {
        device: device.into(),
        sequence: copy.sequence,
        code: copy.code.clone(),
        sha256,
        log_index: 0,
        log_head: [0; 32],
        received_at: datetime!(2026-11-22 10:00 +7),
    };
    signer.sign(&receipt).expect("it is signed")
}

#[test]
fn a_spooled_receipt_delivers_once_and_a_false_one_never() {
    let (store, issued) = with_one_copy();
    let (registry, stranger) = (signer(), signer());
    let identity = Identity { device: DEVICE.into(), receipt_key: registry.key() };
    let state: Arc<MemoryDisk> = Arc::new(MemoryDisk::new(3));
    let put = |receipt: &SignedReceipt| put_receipt(&*state, 1, receipt).expect("it is laid down");
    let drained = || drain(&*state, &store, &identity).expect("it drains");

    let forged = receipt(&stranger, DEVICE, &issued);
    let another = receipt(&registry, "HN-OTHER", &issued);
    for false_one in [forged, another] {
        put(&false_one);
        assert_eq!(drained().unbelieved.len(), 1);
        assert_eq!(store.pending().expect("it answers").len(), 1, "it still waits");
    }
    put(&receipt(&registry, DEVICE, &issued));
    assert_eq!(drained().delivered, [1]);
    assert!(store.pending().expect("it answers").is_empty());
    put(&receipt(&registry, DEVICE, &issued));
    assert_eq!(drained(), Drained { known: vec![1], ..Drained::default() });
    assert_eq!(drained(), Drained::default(), "the spool is empty");

    put_export(&*state, "a1b2", &[1]).expect("it is laid down");
    put_export(&*state, "c3d4", &[9]).expect("it is laid down");
    assert_eq!(drained().unbelieved.len(), 1, "copy 9 does not exist");
}
