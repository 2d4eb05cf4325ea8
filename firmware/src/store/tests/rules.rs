//! What the newer records allow, how groups behave, how copies age.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use formats_files::{Disk, DiskFile, MemoryDisk};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use super::*;

/// A clock that a test sets: the wall's seconds and the steady ones.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct SetClock(Arc<AtomicI64>, Arc<AtomicI64>);

impl SetClock {
    /// Time goes by.
    pub(in super::super) fn advance(&self, by: Duration) {
        self.jump(by);
        self.1.fetch_add(by.whole_seconds(), Ordering::Relaxed);
    }

    /// The clock is set.
    pub(in super::super) fn jump(&self, by: Duration) {
        self.0.fetch_add(by.whole_seconds(), Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> OffsetDateTime {
        TestClock.now() + Duration::seconds(self.0.load(Ordering::Relaxed))
    }

    fn steady(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.1.load(Ordering::Relaxed).unsigned_abs())
    }
}

fn open_at(disk: &MemoryDisk, clock: &SetClock) -> Store {
    let clock = Arc::new(clock.clone());
    let store = Store::open_on(Arc::new(disk.clone()), None, clock).expect("opens").0;
    store.open_book(BOOK, "UBND").expect("the book opens");
    store
}

fn deliver(store: &Store, copy: &CopySummary) {
    let receipt = serde_json::json!({ "n": copy.sequence });
    store.mark_delivered(copy.sequence, &copy.sha256, receipt).expect("delivered");
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Refused(_)))
}

#[test]
fn a_copy_is_acknowledged_once_and_in_the_run_that_issued_it() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    assert!(is_refused(store.acknowledge(1)), "nothing is issued");
    let held = reserve(&store, "a");
    assert!(is_refused(store.acknowledge(1)), "a reservation is no copy");
    store.commit(&held, b"%PDF", row()).expect("issued");
    store.acknowledge(1).expect("shown");
    assert!(is_refused(store.acknowledge(1)));
    issue(&store, "b");
    store.record(Record::Started { device: "k".into(), version: "1".into() }).expect("started");
    assert!(is_refused(store.acknowledge(2)), "the screen of another run");
}

#[test]
fn an_upload_goes_no_further_than_its_copy_and_ends_with_the_receipt() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let copy = issue(&store, "a");
    let sent = || store.sent_without_receipt(time::OffsetDateTime::UNIX_EPOCH);
    assert_eq!(sent(), 0);
    store.upload_progress(1, copy.bytes).expect("all of it");
    store.upload_progress(1, copy.bytes - 1).expect("is known");
    assert_eq!(sent(), copy.bytes);
    assert!(is_refused(store.upload_progress(1, copy.bytes + 1)));
    deliver(&store, &copy);
    assert_eq!(sent(), 0);
    assert!(is_refused(store.upload_progress(1, 0)));
}

#[test]
fn the_latest_time_counts_until_an_officer_confirms_the_clock() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let now = TestClock.now();
    issue(&store, "a");
    assert_eq!(store.clock_trusted(), ClockTrusted { latest: Some(now), confirmed: false });
    let confirmed = Record::ClockConfirmed { officer: "binh".into(), latest: Some(now) };
    store.record(confirmed).expect("journaled");
    assert_eq!(store.clock_trusted(), ClockTrusted { latest: Some(now), confirmed: true });
    store.record(Record::Started { device: "k".into(), version: "1".into() }).expect("started");
    assert!(!store.clock_trusted().confirmed, "the machine may have been without power");
}

#[test]
fn an_opened_cabinet_stays_on_record_until_it_is_cleared() {
    let (disk, clock) = (MemoryDisk::new(1), SetClock::default());
    let opened = |how: &str| Record::CabinetOpened { how: how.into() };
    let store = open_at(&disk, &clock);
    assert_eq!(store.cabinet_opened(), None);
    store.record(opened("door")).expect("journaled");
    store.record(opened("tampered")).expect("journaled");
    drop(store);
    let store = open_at(&disk, &clock);
    assert_eq!(store.cabinet_opened().map(|opened| opened.how).as_deref(), Some("door"));
    store.record(Record::CabinetCleared { by: "ai đó".into() }).expect("journaled");
    drop(store);
    assert_eq!(open_at(&disk, &clock).cabinet_opened(), None);
}

#[test]
fn a_copy_that_does_not_read_back_as_it_was_written_is_not_issued() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let held = reserve(&store, "a");
    bench.disk.misread(".pdf");
    let refused = store.commit(&held, b"%PDF", row());
    assert!(matches!(refused, Err(StoreError::CopyDamaged { .. })), "{refused:?}");
    assert_eq!(store.list().expect("answer"), []);
    bench.disk.misread("nothing any more");
    store.release(&held, "the medium is worn out").expect("given back");
    assert_eq!(issue(&store, "b").number, held.number, "the number is used next");
}

#[test]
fn a_print_job_starts_once_and_ends_once() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    assert!(is_refused(store.print(1, "j", PrintOutcome::Started)), "no such copy");
    issue(&store, "a");
    assert!(is_refused(store.print(1, "j", PrintOutcome::Printed)), "it did not start");
    store.print(1, "j", PrintOutcome::Started).expect("started");
    drop(store);
    bench.disk.restart();
    let (store, _) = bench.open();
    assert!(is_refused(store.print(1, "j", PrintOutcome::Started)), "not after a restart either");
    store.print(1, "j", PrintOutcome::Printed).expect("printed");
    assert!(is_refused(store.print(1, "j", PrintOutcome::Printed)));
    assert_eq!(audit::audit(&bench.disk).expect("sound").sums.printed, 1);
}

#[test]
fn a_site_file_is_put_on_record_when_it_changes() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let (one, two) = ("11".repeat(32), "22".repeat(32));
    assert!(store.config_in_force(&one, "uid 0").expect("journaled"));
    assert!(!store.config_in_force(&one, "uid 0").expect("as before"));
    assert!(store.config_in_force(&two, "uid 0").expect("journaled"));
    assert!(store.config_in_force(&one, "uid 0").expect("back again"));
}

#[test]
fn only_issued_copies_are_exported() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    let held = reserve(&store, "b");
    assert!(is_refused(store.mark_exported("usb", &[1, 2])), "2 is only reserved");
    store.release(&held, "token unplugged").expect("released");
    assert!(is_refused(store.mark_exported("usb", &[2])), "2 came to nothing");
    store.mark_exported("usb", &[1]).expect("journaled");
    assert_eq!(store.pending().expect("answer").len(), 1, "a stick is no receipt");
}

#[test]
fn records_with_calls_of_their_own_are_refused_by_record() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    assert!(is_refused(store.record(Record::Acknowledged { sequence: 1 })));
    let (sha256, why) = ("0".repeat(64), AgeingReason::Kept);
    assert!(is_refused(store.record(Record::AgedOut { sequence: 1, sha256, why })));
}

#[test]
fn a_jump_of_the_clock_is_put_on_record_before_the_next_fact() {
    let (disk, clock) = (MemoryDisk::new(1), SetClock::default());
    let store = open_at(&disk, &clock);
    let wipe = |store: &Store| {
        store.record(Record::VisitWiped { visit: "v".to_owned() }).expect("journaled");
    };
    let jumps = || audit::audit(&disk).expect("sound").sums.clock_jumps;
    clock.advance(Duration::days(3));
    clock.jump(Duration::seconds(-59));
    wipe(&store);
    assert_eq!(jumps(), 0, "time went by and the clock was set right");
    clock.jump(Duration::days(-1));
    wipe(&store);
    wipe(&store);
    assert_eq!(jumps(), 1);
    clock.jump(Duration::days(400));
    wipe(&store);
    assert_eq!(jumps(), 2, "forward as well");
    drop(store);
    clock.jump(Duration::days(-2));
    wipe(&open_at(&disk, &clock));
    assert_eq!(jumps(), 3, "also while the kiosk was off");
}

#[test]
fn copies_are_found_by_standing_and_by_time_with_and_without_an_index() {
    let bench = Bench::new();
    let clock = SetClock::default();
    let open = |index: Option<&Path>| {
        Store::open_on(Arc::new(bench.disk.clone()), index, Arc::new(clock.clone()))
    };
    let store = open(Some(&bench.index())).expect("opens").0;
    store.open_book(BOOK, "UBND").expect("the book opens");
    for (visit, days) in [("a", 0), ("b", 3), ("c", -2), ("d", 1)] {
        clock.jump(Duration::days(days));
        issue(&store, visit);
    }
    store.mark_rejected(2, "signature").expect("journaled");
    deliver(&store, &store.by_sequence(1).expect("answer").expect("a copy"));
    let sequences = |found: Vec<CopySummary>| found.iter().map(|c| c.sequence).collect::<Vec<_>>();
    let check = |store: &Store| {
        let standing = |s| sequences(store.in_standing(s).expect("answer"));
        assert_eq!(standing(Standing::Pending), [2, 3, 4]);
        assert_eq!(standing(Standing::Rejected), [2]);
        assert_eq!(standing(Standing::Delivered), [1]);
        let between = |from: i64, to: i64| {
            let day = |n| TestClock.now() + Duration::days(n);
            sequences(store.issued_between(day(from), day(to)).expect("answer"))
        };
        assert_eq!(between(0, 9), [1, 3, 4, 2], "by time, not by sequence");
        assert_eq!(between(1, 3), [3, 4], "the end does not belong to it");
        assert!(between(3, 1).is_empty() && between(4, 9).is_empty());
    };
    check(&store);
    drop(store);
    check(&open(None).expect("opens").0);
}

#[test]
fn delivered_copies_age_out_after_their_time_and_no_others() {
    let (disk, clock) = (MemoryDisk::new(1), SetClock::default());
    let store = open_at(&disk, &clock);
    let (first, second) = (issue(&store, "a"), issue(&store, "b"));
    deliver(&store, &first);
    clock.advance(Duration::days(29));
    assert!(store.age_out().expect("done").is_empty());
    clock.advance(Duration::days(1));
    assert_eq!(store.age_out().expect("done"), [1]);
    assert!(store.age_out().expect("done").is_empty());
    let error = store.copy_bytes(&first.sha256).expect_err("it is gone");
    assert!(matches!(error, StoreError::NotKept { .. }), "{error:?}");
    assert!(store.copy_bytes(&second.sha256).is_ok(), "no receipt, so it stays");
    let found = store.by_sequence(1).expect("answer").expect("on record for ever");
    assert_eq!(found.aged_out_at, Some(clock.now()));
    assert!(matches!(found.delivery, Delivery::Delivered { .. }));
    let audit = audit::audit(&disk).expect("sound");
    assert!(audit.is_clean() && audit.sums.aged_out == 1, "{audit:?}");
}

#[test]
fn below_the_reserve_the_copies_delivered_first_go_until_there_is_room() {
    let (disk, clock) = (MemoryDisk::new(1), SetClock::default());
    let store = open_at(&disk, &clock);
    let policy = Policy { reserve_bytes: 40_000, ..Policy::default() };
    let store = store.with_policy(policy);
    for (visit, size) in [("a", 10_000), ("b", 10_000), ("c", 10_000), ("d", 10_000)] {
        let held = reserve(&store, visit);
        let bytes = visit.repeat(size);
        store.commit(&held, bytes.as_bytes(), row()).expect("issued");
    }
    let copies = store.list().expect("answer");
    for copy in [&copies[2], &copies[0], &copies[1]] {
        deliver(&store, copy);
        clock.advance(Duration::hours(1));
    }
    // The journal has a few thousand bytes beside the copies.
    disk.set_capacity(40_000 + 28_000);
    store.room().expect_err("too little is free");
    assert_eq!(store.age_out().expect("done"), [3, 1]);
    store.room().expect("there is room again");
    disk.set_capacity(40_000);
    assert_eq!(store.age_out().expect("done"), [2]);
    store.room().expect_err("what has no receipt stays whatever happens");
    assert_eq!(store.pending().expect("answer").len(), 1);
    assert!(store.copy_bytes(&copies[3].sha256).is_ok());
}

#[test]
fn ageing_that_loses_power_at_any_operation_is_finished_at_the_next_start() {
    for cut in 1..30 {
        let (disk, clock) = (MemoryDisk::new(cut), SetClock::default());
        let store = open_at(&disk, &clock);
        let (a, b) = (issue(&store, "a"), issue(&store, "b"));
        deliver(&store, &a);
        deliver(&store, &b);
        clock.advance(Duration::days(40));
        let before = disk.operations();
        disk.cut_after(cut);
        let result = store.age_out();
        let needed = disk.operations() - before;
        drop(store);
        disk.restart();
        let store = open_at(&disk, &clock);
        let audit = audit::audit(&disk).expect("sound");
        assert!(audit.is_clean(), "cut {cut}: {audit:?}");
        for copy in store.list().expect("answer") {
            let here = store.copy_bytes(&copy.sha256).is_ok();
            assert_eq!(here, copy.aged_out_at.is_none(), "cut {cut}: {copy:?}");
            assert!(here || disk.read(&copies::path(&copy.sha256), 1 << 20).is_err());
        }
        if result.is_ok() && needed < cut {
            return;
        }
    }
    panic!("ageing takes fewer operations than that");
}

#[test]
fn a_scrub_finds_a_changed_copy_and_is_due_again_after_a_day() {
    let (disk, clock) = (MemoryDisk::new(1), SetClock::default());
    let store = open_at(&disk, &clock);
    let copy = issue(&store, "a");
    assert!(store.scrub_is_due());
    assert!(store.scrub().expect("a sound journal").is_clean());
    assert!(!store.scrub_is_due());
    clock.advance(Duration::hours(24));
    assert!(store.scrub_is_due());
    disk.damage(&copies::path(&copy.sha256), |bytes| bytes[3] ^= 4);
    assert_eq!(store.scrub().expect("a sound journal").damaged_copies, [copy.sha256]);
    disk.damage("journal/00000000000000000001.seg", |bytes| bytes[80] ^= 1);
    assert!(matches!(store.scrub(), Err(StoreError::Damaged { .. })));
}

/// A disk that counts fdatasyncs and is slow at them, so that a group gathers meanwhile.
struct SlowDisk(MemoryDisk, Arc<AtomicI64>);

struct SlowFile(Box<dyn DiskFile>, Arc<AtomicI64>);

impl DiskFile for SlowFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn sync(&self) -> std::io::Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(std::time::Duration::from_millis(2));
        self.0.sync()
    }

    fn set_length(&self, length: u64) -> std::io::Result<()> {
        self.0.set_length(length)
    }
}

impl Disk for SlowDisk {
    fn make_folder(&self, path: &str) -> std::io::Result<()> {
        self.0.make_folder(path)
    }

    fn list(&self, folder: &str) -> std::io::Result<Vec<String>> {
        self.0.list(folder)
    }

    fn folders(&self, folder: &str) -> std::io::Result<Vec<String>> {
        self.0.folders(folder)
    }
    fn read(&self, path: &str, max: u64) -> std::io::Result<Vec<u8>> {
        self.0.read(path, max)
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
        self.0.read_at(path, offset, length)
    }

    fn length(&self, path: &str) -> std::io::Result<u64> {
        self.0.length(path)
    }

    fn create(&self, path: &str) -> std::io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(SlowFile(self.0.create(path)?, Arc::clone(&self.1))))
    }

    fn open(&self, path: &str) -> std::io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(SlowFile(self.0.open(path)?, Arc::clone(&self.1))))
    }

    fn rename(&self, from: &str, to: &str) -> std::io::Result<()> {
        self.0.rename(from, to)
    }

    fn link(&self, from: &str, to: &str) -> std::io::Result<()> {
        self.0.link(from, to)
    }

    fn remove(&self, path: &str) -> std::io::Result<()> {
        self.0.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> std::io::Result<()> {
        self.0.sync_folder(folder)
    }

    fn free_bytes(&self) -> std::io::Result<u64> {
        self.0.free_bytes()
    }
}

#[test]
fn writers_that_wait_together_share_a_sync_and_all_their_records_are_kept() {
    let (memory, syncs) = (MemoryDisk::new(1), Arc::new(AtomicI64::new(0)));
    let disk = Arc::new(SlowDisk(memory.clone(), Arc::clone(&syncs)));
    let store = Store::open_on(disk, None, Arc::new(TestClock)).expect("opens").0;
    let before = syncs.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        for writer in 0..16 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..10 {
                    let visit = format!("{writer}-{n}");
                    store.record(Record::VisitWiped { visit }).expect("journaled");
                }
            });
        }
    });
    let shared = syncs.load(Ordering::Relaxed) - before;
    assert!(shared < 80, "{shared} syncs for 160 records");
    drop(store);
    memory.restart();
    assert_eq!(audit::audit(&memory).expect("sound").records, 160);
}

#[test]
fn a_failed_group_fails_all_its_writers_and_what_was_chained_to_it() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    let before = audit::audit(&bench.disk).expect("sound");
    let stage = |visit: &str| {
        let record = Record::VisitWiped { visit: visit.to_owned() };
        store.stage(record).expect("it may follow")
    };
    let tickets = [stage("x"), stage("y"), stage("z")];
    bench.disk.set_full(true);
    for ticket in &tickets {
        let error = store.wait(ticket).expect_err("the disk is full");
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
    }
    bench.disk.set_full(false);
    issue(&store, "b");
    let audit = audit::audit(&bench.disk).expect("sound");
    assert_eq!((audit.records, audit.torn_bytes), (before.records + 3, 0));
}

#[test]
fn records_of_one_group_are_checked_against_each_other() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let copy = issue(&store, "a");
    let receipt = || Record::Delivered {
        sequence: 1,
        sha256: copy.sha256.clone(),
        receipt: serde_json::json!({}),
    };
    let first = store.stage(receipt()).expect("the first receipt");
    let second = store.stage(receipt());
    assert!(matches!(second, Err(StoreError::Refused(Contradiction::NotPending { .. }))));
    assert_eq!(store.pending().expect("answer").len(), 1, "nothing is told before it is durable");
    store.wait(&first).expect("journaled");
    assert!(store.pending().expect("answer").is_empty());
    store.record(approval("b")).expect("decision");
    let wanted = store.inner().ahead.next_reservation("b", "C").expect("a number");
    let reserve = || store.stage(Record::NumberReserved(wanted.clone()));
    let first = reserve().expect("the first");
    assert!(is_refused(reserve()), "one number, one holder");
    store.wait(&first).expect("journaled");
}

#[test]
fn a_group_too_great_for_one_frame_takes_several() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let before = audit::audit(&bench.disk).expect("sound").records;
    let tickets: Vec<_> = (0..7)
        .map(|n| {
            let reason = "x".repeat(20_000);
            let record = Record::Refused { visit: n.to_string(), reason };
            store.stage(record).expect("it may follow")
        })
        .collect();
    for ticket in tickets.iter().rev() {
        store.wait(ticket).expect("journaled");
    }
    let record = Record::Refused { visit: "n".into(), reason: "x".repeat(70_000) };
    assert!(matches!(store.record(record), Err(StoreError::RecordTooLong { .. })));
    issue(&store, "a");
    assert_eq!(audit::audit(&bench.disk).expect("sound").records, before + 7 + 3);
}

#[test]
fn a_group_that_loses_power_at_any_operation_is_there_whole_or_not_at_all() {
    for seed in 0..40 {
        let bench = Bench::with_seed(seed);
        let (store, _) = bench.open();
        let before = audit::audit(&bench.disk).expect("sound").records;
        let stage = |n: usize| {
            let record = Record::Refused { visit: n.to_string(), reason: "R".repeat(n * 211) };
            store.stage(record).expect("it may follow")
        };
        let tickets: Vec<_> = (0..9).map(stage).collect();
        // A write and a sync.
        bench.disk.cut_after(1 + seed % 3);
        let acknowledged = store.wait(&tickets[0]).is_ok();
        drop(store);
        bench.disk.restart();
        drop(bench.open());
        let found = audit::audit(&bench.disk).expect("sound").records - before;
        assert!(found == 9 || found == 0 && !acknowledged, "seed {seed}: {found} of 9");
    }
}

fn any_record() -> impl Strategy<Value = Record> {
    let text = ".{0,40}";
    prop_oneof![
        (text, text).prop_map(|(visit, reason)| Record::Refused { visit, reason }),
        (text, text, any::<u64>()).prop_map(|(book, why, sequence)| Record::NumberReleased {
            sequence,
            number: 7,
            book,
            why
        }),
        (text, any::<u64>(), any::<u32>(), any::<u64>()).prop_map(
            |(t, sequence, number, bytes)| {
                Record::Issued(IssuedCopy {
                    sequence,
                    number,
                    book: t.clone(),
                    visit: t.clone(),
                    code: t.clone(),
                    sha256: t.clone(),
                    bytes,
                    priority: if bytes % 2 == 0 { Priority::Normal } else { Priority::Urgent },
                    row: RegisterRow { requester: t, ..row() },
                })
            }
        ),
        text.prop_map(|visit| approval(&visit)),
        (text, any::<u64>()).prop_map(|(job, sequence)| Record::Print {
            sequence,
            job: job.clone(),
            outcome: PrintOutcome::Failed { reason: job },
        }),
        (text, text).prop_map(|(sha256, by)| Record::ConfigChanged { sha256, by }),
        (text, text)
            .prop_map(|(officer, certificate)| Record::OfficerLoggedIn { officer, certificate }),
        (text, prop::collection::vec(any::<u64>(), 0..9))
            .prop_map(|(medium, sequences)| Record::Exported { medium, sequences }),
        (any::<u64>(), any::<u64>())
            .prop_map(|(sequence, sent)| Record::UploadProgress { sequence, sent }),
        (-60_000_000_000i64..200_000_000_000).prop_map(|seconds| Record::ClockJumped {
            from: OffsetDateTime::from_unix_timestamp(seconds).expect("a year from 0 to 9999"),
        }),
        (text, prop::option::of(-60_000_000_000i64..200_000_000_000)).prop_map(
            |(officer, latest)| Record::ClockConfirmed {
                officer,
                latest:
                    latest
                        .map(|s| OffsetDateTime::from_unix_timestamp(s)
                            .expect("a year from 0 to 9999")),
            }
        ),
        text.prop_map(|how| Record::CabinetOpened { how }),
        text.prop_map(|by| Record::CabinetCleared { by }),
        (text, any::<u64>()).prop_map(|(sha256, sequence)| Record::AgedOut {
            sequence,
            sha256,
            why: AgeingReason::Space,
        }),
        (text, any::<u64>()).prop_map(|(sha256, sequence)| Record::Delivered {
            sequence,
            sha256,
            receipt: serde_json::json!({ "log_index": sequence }),
        }),
    ]
}

proptest! {
    #[test]
    fn every_record_is_read_back_as_it_was_written(record in any_record(), seq in any::<u64>()) {
        let (v, at, prev) = (record::VERSION, TestClock.now(), "0".repeat(64));
        let entry = Entry { v, seq, at, prev, record };
        let text = serde_json::to_vec(&entry).expect("encodes");
        prop_assert!(text.starts_with(frame::PAYLOAD_START));
        prop_assert_eq!(record::read(&text).expect("decodes"), entry.clone());
        let fact = serde_json::to_string(&entry.record).expect("encodes");
        let line = record::line(seq, at, &[0; 32], &fact).expect("encodes");
        prop_assert!(line.len() <= record::line_bytes_max(&fact));
        prop_assert_eq!(line, text);
    }

    #[test]
    fn any_bytes_are_read_as_a_segment_without_panic(bytes: Vec<u8>, at in 0usize..9000, put: u8) {
        let _ = read_segment(&bytes);
        let _ = record::read(&bytes);
        for golden in [
            &include_bytes!("../golden/v1/00000000000000000001.seg")[..],
            &include_bytes!("../golden/v2/00000000000000000001.seg")[..],
        ] {
            let whole = read_segment(golden).expect("a golden segment").len();
            let mut changed = golden.to_vec();
            let at = at % golden.len();
            changed[at] = put;
            let fewer = |entries: Vec<Entry>| entries.len() < whole;
            prop_assert!(put == golden[at] || read_segment(&changed).map_or(true, fewer));
        }
    }
}
