//! What the store promises, on a disk in memory and on a real one.

use std::sync::Arc;

use formats_files::{MemoryDisk, Random};
use time::macros::datetime;

use super::*;

mod books;
mod fees;
mod rules;

pub(super) use rules::SetClock;

#[derive(Debug, Clone, Copy)]
pub(super) struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> time::OffsetDateTime {
        datetime!(2026-11-22 09:30 +7)
    }
}

pub(super) fn approval(visit: &str) -> Record {
    Record::OfficerDecision(Decision {
        visit: visit.to_owned(),
        officer: "Trần Thị Bình".to_owned(),
        capacity: "PHÓ CHỦ TỊCH".to_owned(),
        certificate: "ab".repeat(32),
        verdict: Verdict::Approved,
    })
}

pub(super) fn row() -> RegisterRow {
    RegisterRow {
        certified_at: TestClock.now(),
        requester: "Nguyễn Văn An".to_owned(),
        original: "Giấy khai sinh".to_owned(),
        officer: "Trần Thị Bình".to_owned(),
        capacity: "PHÓ CHỦ TỊCH".to_owned(),
        copies: 1,
        fee_vnd: 2000,
        note: String::new(),
    }
}

/// Changes one byte of a file below `folder`, or cuts one.
pub(super) fn spoil(folder: &Path, random: &mut Random) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    files.sort();
    if files.is_empty() {
        return;
    }
    let file = &files[random.below(files.len() as u64) as usize];
    let mut bytes = std::fs::read(file).expect("the index file");
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len() as u64) as usize;
    if random.one_in(2) {
        bytes.truncate(at)
    } else {
        bytes[at] ^= 0x41
    }
    std::fs::write(file, bytes).expect("the spoiled index file");
}

pub(super) const BOOK: &str = "01/2026-SCT/BS";
const SEGMENT: &str = "journal/00000000000000000001.seg";

pub(super) struct Bench {
    pub(super) disk: MemoryDisk,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with_seed(1)
    }

    pub(super) fn with_seed(seed: u64) -> Self {
        Self { disk: MemoryDisk::new(seed), folder: tempfile::tempdir().expect("a folder") }
    }

    pub(super) fn index(&self) -> PathBuf {
        self.folder.path().join(INDEX)
    }

    pub(super) fn try_open(&self) -> Result<(Store, Recovery), StoreError> {
        Store::open_on(Arc::new(self.disk.clone()), Some(&self.index()), Arc::new(TestClock))
    }

    pub(super) fn open(&self) -> (Store, Recovery) {
        let (store, recovery) = self.try_open().expect("the store opens");
        store.open_book(BOOK, "UBND phường Hoàn Kiếm").expect("the book opens");
        (store, recovery)
    }
}

pub(super) fn reserve(store: &Store, visit: &str) -> Reservation {
    store.record(approval(visit)).expect("the decision is journaled");
    store.reserve(visit, &format!("CODE-{visit}")).expect("a number")
}

pub(super) fn issue(store: &Store, visit: &str) -> CopySummary {
    let reservation = reserve(store, visit);
    let bytes = format!("%PDF sealed for {visit}");
    store.commit(&reservation, bytes.as_bytes(), row()).expect("the copy is issued")
}

#[test]
fn a_copy_is_found_by_sequence_code_and_number() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let (first, second) = (issue(&store, "a"), issue(&store, "b"));
    assert_eq!((first.number, second.number), (1, 2));
    assert_eq!(store.by_sequence(2).expect("answer"), Some(second.clone()));
    assert_eq!(store.by_code("CODE-a").expect("answer"), Some(first.clone()));
    assert_eq!(store.by_number(BOOK, 2).expect("answer"), Some(second.clone()));
    assert_eq!(store.by_number(BOOK, 3).expect("answer"), None);
    assert_eq!(store.pending().expect("answer"), [first.clone(), second]);
    assert_eq!(store.copy_bytes(&first.sha256).expect("bytes"), b"%PDF sealed for a");
    assert_eq!(store.register(BOOK).expect("rows"), [(1, row()), (2, row())]);
}

#[test]
fn no_number_without_an_officers_approval_and_one_copy_for_each() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let refused = |visit: &str| {
        matches!(
            store.reserve(visit, "C"),
            Err(StoreError::Refused(Contradiction::NotApproved { .. }))
        )
    };
    assert!(refused("a"));
    issue(&store, "a");
    assert!(refused("a"), "one approval makes one copy");
    store.record(approval("b")).expect("decision");
    store.record(Record::VisitWiped { visit: "b".to_owned() }).expect("wipe");
    assert!(refused("b"), "an approval ends with its visit");
}

#[test]
fn one_reservation_at_a_time_and_a_released_number_is_used_next() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let held = reserve(&store, "a");
    assert!(matches!(
        store.reserve("a", "X"),
        Err(StoreError::Refused(Contradiction::ReservationOpen { sequence: 1 }))
    ));
    store.release(&held, "token unplugged").expect("released");
    assert!(store.commit(&held, b"late", row()).is_err(), "a released number issues nothing");
    let again = store.reserve("a", "Y").expect("a number");
    assert_eq!((again.number, again.sequence), (1, 2));
    assert_eq!(store.current_book().expect("book").released, 1);
}

#[test]
fn a_number_reserved_when_the_power_went_is_released_with_its_reason() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    let held = reserve(&store, "b");
    drop(store);
    bench.disk.restart();
    let (store, recovery) = bench.open();
    assert_eq!(recovery.released, Some(held));
    assert_eq!(store.open_reservation(), None);
    store.record(approval("c")).expect("decision");
    assert_eq!(store.reserve("c", "Z").expect("a number").number, 2);
}

#[test]
fn a_receipt_is_taken_once_and_only_for_the_copys_digest() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let copy = issue(&store, "a");
    let receipt = serde_json::json!({ "signature": "xyz" });
    assert!(matches!(
        store.mark_delivered(1, &"0".repeat(64), receipt.clone()),
        Err(StoreError::Refused(Contradiction::Digest { .. }))
    ));
    store.mark_rejected(1, "signature").expect("journaled");
    assert!(matches!(store.pending().expect("answer")[0].delivery, Delivery::Rejected { .. }));
    store.mark_delivered(1, &copy.sha256, receipt.clone()).expect("delivered");
    assert!(store.mark_delivered(1, &copy.sha256, receipt.clone()).is_err());
    assert_eq!(store.pending().expect("answer"), []);
    let found = store.by_sequence(1).expect("answer").expect("the copy");
    assert_eq!(found.delivery, Delivery::Delivered { at: TestClock.now(), receipt });
}

#[test]
fn wrong_pins_are_counted_over_a_restart_until_a_right_one() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let officer = || "o1".to_owned();
    store.record(Record::OfficerPinFailed { officer: officer() }).expect("journaled");
    store.record(Record::OfficerPinFailed { officer: officer() }).expect("journaled");
    drop(store);
    bench.disk.restart();
    let (store, _) = bench.open();
    let failures = store.pin_failures("o1");
    assert_eq!(failures, PinFailures { count: 2, last: Some(TestClock.now()) });
    store.record(Record::OfficerUnlocked { officer: officer() }).expect("journaled");
    assert_eq!(store.pin_failures("o1"), PinFailures::default());
}

#[test]
fn the_next_years_book_closes_the_old_one_with_its_total() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    store.open_book("01/2027-SCT/BS", "UBND").expect("the new book opens");
    let books = store.books();
    assert_eq!((books[0].issued, books[0].copies, books[0].fees_vnd), (1, 1, 2000));
    assert_eq!(books[0].closed_at, Some(TestClock.now()));
    assert!(matches!(
        store.open_book(BOOK, "UBND"),
        Err(StoreError::Refused(Contradiction::BookClosed { .. }))
    ));
}

#[test]
fn a_full_disk_is_named_and_the_store_goes_on_when_there_is_space() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let held = reserve(&store, "a");
    bench.disk.set_full(true);
    let error = store.commit(&held, b"%PDF", row()).expect_err("the disk is full");
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
    assert!(error.hint().contains("free space"));
    assert!(store.release(&held, "disk full").is_err(), "not even the release fits");
    bench.disk.set_full(false);
    let again = store.reserve("a", "N").expect("a number");
    assert_eq!((again.number, again.sequence), (1, 2));
    store.commit(&again, b"%PDF", row()).expect("issued");
    drop(store);
    bench.disk.restart();
    assert_eq!(bench.open().0.list().expect("answer").len(), 1);
    assert!(audit::audit(&bench.disk).expect("sound").is_clean());
}

#[test]
fn without_room_no_visit_begins_and_a_running_one_finishes() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let store = store.with_policy(Policy { reserve_bytes: 100_000, ..Policy::default() });
    store.room().expect("the disk has no end");
    let held = reserve(&store, "a");
    bench.disk.set_capacity(60_000);
    let error = store.room().expect_err("less than the reserve is free");
    assert!(matches!(error, StoreError::LowSpace { reserve: 100_000, .. }), "{error:?}");
    assert!(error.hint().contains("free space"));
    store.commit(&held, b"%PDF", row()).expect("what has begun is finished");
}

#[test]
fn a_store_without_an_index_answers_from_the_journal() {
    let disk = MemoryDisk::new(1);
    let open = || Store::open_on(Arc::new(disk.clone()), None, Arc::new(TestClock));
    let (store, recovery) = open().expect("opens");
    assert_eq!(recovery.index, IndexFate::Unavailable);
    store.open_book(BOOK, "UBND").expect("the book opens");
    let copy = issue(&store, "a");
    assert_eq!(store.by_code("CODE-a").expect("answer"), Some(copy.clone()));
    drop(store);
    disk.restart();
    assert_eq!(open().expect("opens").0.pending().expect("answer"), [copy]);
}

#[test]
fn a_commit_that_loses_power_at_any_operation_leaves_a_whole_copy_or_none() {
    for cut in 1..40 {
        let bench = Bench::new();
        let (store, _) = bench.open();
        let held = reserve(&store, "a");
        let before = bench.disk.operations();
        bench.disk.cut_after(cut);
        let result = store.commit(&held, b"%PDF whole", row());
        let needed = bench.disk.operations() - before;
        drop(store);
        bench.disk.restart();
        let (store, recovery) = bench.open();
        let found = store.list().expect("answer");
        assert!(recovery.unexplained.is_empty() && recovery.missing.is_empty(), "cut {cut}");
        match result {
            Ok(_) => assert_eq!(found.len(), 1, "cut {cut}"),
            Err(_) => assert!(found.len() + usize::from(recovery.released.is_some()) == 1),
        }
        for copy in found {
            assert_eq!(store.copy_bytes(&copy.sha256).expect("bytes"), b"%PDF whole");
        }
        if needed < cut {
            return;
        }
    }
    panic!("a commit takes fewer operations than that");
}

#[test]
fn a_release_after_a_failed_commit_that_is_killed_midway_loses_no_file() {
    for failing in 1..14 {
        for killed in 1..12 {
            let bench = Bench::new();
            let (store, _) = bench.open();
            let held = reserve(&store, "a");
            bench.disk.fail_after(failing);
            if store.commit(&held, b"%PDF", row()).is_ok() {
                continue;
            }
            bench.disk.cut_after(killed);
            let _ = store.release(&held, "commit failed");
            drop(store);
            bench.disk.restart_program();
            let (store, recovery) = bench.open();
            let place = format!("operation {failing} failed, killed at {killed}: {recovery:?}");
            assert!(recovery.missing.is_empty() && recovery.unexplained.is_empty(), "{place}");
            let found = store.list().expect("answer");
            bench.disk.restart();
            let (store, recovery) = bench.open();
            assert_eq!(store.list().expect("answer"), found, "what was seen stays: {place}");
            assert!(recovery.unexplained.is_empty(), "a removed file is back: {place}");
        }
    }
}

#[test]
fn a_record_seen_after_a_failed_fsync_and_a_kill_stays_through_a_power_cut() {
    for seed in 0..8 {
        let bench = Bench::with_seed(seed);
        let (store, _) = bench.open();
        let wrong_pin = || Record::OfficerPinFailed { officer: "o1".to_owned() };
        // An append is a write and an fsync.
        bench.disk.fail_after(2);
        assert!(store.record(wrong_pin()).is_err(), "the fsync fails");
        drop(store);
        bench.disk.restart_program();
        let (store, _) = bench.open();
        store.record(wrong_pin()).expect("journaled");
        let seen = store.pin_failures("o1").count;
        drop(store);
        bench.disk.restart();
        let (store, _) = bench.open();
        assert_eq!(store.pin_failures("o1").count, seen, "seed {seed}");
    }
}

#[test]
fn nothing_of_a_failed_append_stays_behind_the_next_record() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let refused = |reason: String| Record::Refused { visit: "a".to_owned(), reason };
    for _ in 0..20 {
        bench.disk.set_full(true);
        assert!(store.record(refused("R1 ".repeat(400))).is_err(), "the disk is full");
        bench.disk.set_full(false);
        store.record(refused("R1".to_owned())).expect("there is space");
        assert_eq!(audit::audit(&bench.disk).expect("sound").torn_bytes, 0);
    }
}

#[test]
fn a_torn_last_record_is_cut_at_every_length_and_nothing_before_it() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    let before = bench.disk.length(SEGMENT).expect("length");
    drop(store);
    let whole = {
        let (store, _) = bench.open();
        store.record(Record::Refused { visit: "b".into(), reason: "R1".into() }).expect("journal");
        bench.disk.read(SEGMENT, u64::MAX - 1).expect("bytes")
    };
    for length in before..whole.len() as u64 {
        let torn = Bench::new();
        drop(torn.open());
        // An append that was never acknowledged is not in the head anchor.
        torn.disk.damage("head", Vec::clear);
        torn.disk.damage(SEGMENT, |bytes| *bytes = whole[..length as usize].to_vec());
        let (_, recovery) = torn.try_open().expect("a torn tail is no damage");
        assert_eq!(recovery.torn_bytes, length - before, "length {length}");
        assert_eq!(torn.disk.length(SEGMENT).expect("length"), before);
    }
}

#[test]
fn an_acknowledged_record_that_is_gone_is_reported_not_cut() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    drop(store);
    let bytes = bench.disk.read(SEGMENT, u64::MAX - 1).expect("bytes");
    bench.disk.damage(SEGMENT, |bytes| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    });
    let error = bench.try_open().expect_err("the last record was acknowledged");
    assert!(matches!(error, StoreError::Damaged { damage: Damage::HeadLost(4), .. }), "{error:?}");
    assert_eq!(bench.disk.length(SEGMENT).expect("length"), bytes.len() as u64, "nothing is cut");
}

#[test]
fn a_flipped_bit_anywhere_is_refused_with_its_place_and_nothing_is_changed() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    issue(&store, "b");
    drop(store);
    let sound = bench.disk.read(SEGMENT, u64::MAX - 1).expect("bytes");
    for at in (0..sound.len()).step_by(7) {
        bench.disk.damage(SEGMENT, |bytes| {
            bytes.clone_from(&sound);
            bytes[at] ^= 1 << (at % 8);
        });
        let error = bench.try_open().err();
        assert!(matches!(error, Some(StoreError::Damaged { .. })), "byte {at}: {error:?}");
        let left = bench.disk.read(SEGMENT, u64::MAX - 1).expect("bytes");
        assert_eq!(left.len(), sound.len(), "byte {at}: truncated");
    }
}

#[test]
fn a_record_replaced_by_a_well_formed_one_breaks_the_chain() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    drop(store);
    let offset = frame::HEADER_BYTES;
    bench.disk.damage(SEGMENT, |bytes| {
        let payload = frame::decode(bytes, offset).expect("the first frame").to_vec();
        let text = String::from_utf8(payload).expect("JSON").replace("Hoàn Kiếm", "Ba Đình!!!");
        let forged = frame::encode(&[text.as_bytes()]);
        bytes.splice(offset..offset + forged.len(), forged);
    });
    let error = bench.try_open().expect_err("forged");
    assert!(matches!(error, StoreError::Damaged { damage: Damage::Chain, .. }), "{error:?}");
}

#[test]
fn a_newer_journal_is_called_newer() {
    let bench = Bench::new();
    drop(bench.open());
    let payload = br#"{"v":9,"shape":"unknown"}"#;
    bench.disk.damage(SEGMENT, |bytes| {
        bytes.truncate(frame::HEADER_BYTES);
        bytes.extend(frame::encode(&[payload]));
    });
    assert!(matches!(bench.try_open(), Err(StoreError::Newer { found: 9, known: 2, .. })));
}

#[test]
fn segments_are_chained_and_a_missing_one_is_reported() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    store.journal().set_segment_bytes_max(600);
    for visit in ["a", "b", "c", "d"] {
        issue(&store, visit);
    }
    drop(store);
    bench.disk.restart();
    let (store, recovery) = bench.open();
    assert_eq!((store.list().expect("answer").len(), recovery.records), (4, 13));
    drop(store);
    let names = bench.disk.list("journal").expect("names");
    assert!(names.len() > 3, "{names:?}");
    bench.disk.remove(&format!("journal/{}", names[1])).expect("removed");
    let error = bench.try_open().expect_err("a segment is gone");
    assert!(
        matches!(error, StoreError::Damaged { damage: Damage::Sequence { .. }, .. }),
        "{error:?}"
    );
}

#[test]
fn losing_or_spoiling_the_index_loses_nothing() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let expected = [issue(&store, "a"), issue(&store, "b")];
    drop(store);
    let mut random = Random(7);
    for round in 0..12 {
        match round % 3 {
            0 => std::fs::remove_dir_all(bench.index()).expect("removed"),
            1 => spoil(&bench.index(), &mut random),
            _ => {}
        }
        let (store, recovery) = bench.open();
        if round % 3 == 0 {
            assert_eq!(recovery.index, IndexFate::Rebuilt);
        }
        assert_eq!(store.list().expect("answer"), expected, "round {round}");
        assert_eq!(store.by_code("CODE-b").expect("answer"), Some(expected[1].clone()));
    }
}

#[test]
fn an_index_of_another_time_is_rebuilt() {
    let bench = Bench::new();
    drop(bench.open());
    let old = bench.folder.path().join("old");
    let copy = std::process::Command::new("cp").arg("-r").arg(bench.index()).arg(&old).status();
    assert!(copy.expect("cp runs").success());
    let expected = [issue(&bench.open().0, "a")];
    std::fs::remove_dir_all(bench.index()).expect("removed");
    std::fs::rename(&old, bench.index()).expect("the old index is put back");
    let (store, recovery) = bench.open();
    assert_eq!(recovery.index, IndexFate::Rebuilt);
    assert_eq!(store.pending().expect("answer"), expected);
}

#[test]
fn an_index_that_cannot_be_made_is_done_without() {
    let bench = Bench::new();
    std::fs::write(bench.index(), b"a file where a folder should be").expect("written");
    let (store, recovery) = bench.open();
    assert_eq!(recovery.index, IndexFate::Unavailable);
    let copy = issue(&store, "a");
    assert_eq!(store.by_number(BOOK, 1).expect("answer"), Some(copy));
}

#[test]
fn a_changed_copy_is_never_handed_out() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let copy = issue(&store, "a");
    bench.disk.damage(&copies::path(&copy.sha256), |bytes| bytes[0] ^= 1);
    assert!(matches!(store.copy_bytes(&copy.sha256), Err(StoreError::CopyDamaged { .. })));
    let audit = audit::audit(&bench.disk).expect("the journal is sound");
    assert_eq!(audit.damaged_copies, [copy.sha256]);
}

#[test]
fn on_a_real_disk_a_second_process_is_refused_and_all_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("store");
    let (store, _) = Store::open(&dir, Arc::new(TestClock)).expect("opens");
    store.open_book(BOOK, "UBND").expect("the book opens");
    let copy = issue(&store, "a");
    assert!(matches!(Store::open(&dir, Arc::new(TestClock)), Err(StoreError::Locked { .. })));
    drop(store);
    let audit = verify_journal(&dir).expect("sound");
    assert!(audit.is_clean() && audit.sums.issued == 1 && audit.books[0].issued == 1, "{audit:?}");
    assert_eq!(list_copies(&dir).expect("answer"), std::slice::from_ref(&copy));
    let (store, _) = Store::open(&dir, Arc::new(TestClock)).expect("opens");
    assert_eq!(std::fs::read(store.copy_path(&copy.sha256)).expect("file"), b"%PDF sealed for a");
    assert_eq!(store.pending().expect("answer"), [copy]);
}

#[test]
fn many_threads_get_every_number_once() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..10 {
                    let visit = format!("{thread}-{n}");
                    store.record(approval(&visit)).expect("decision");
                    let held = loop {
                        match store.reserve(&visit, &visit) {
                            Ok(held) => break held,
                            Err(StoreError::Refused(_)) => std::thread::yield_now(),
                            Err(error) => panic!("{error:?}"),
                        }
                    };
                    store.commit(&held, visit.as_bytes(), row()).expect("issued");
                }
            });
        }
    });
    let numbers: Vec<u32> = store.list().expect("answer").iter().map(|c| c.number).collect();
    assert!(numbers.into_iter().eq(1..=40));
}
