//! A seeded run of the store against a failing disk; the model knows only what was acknowledged.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use formats_files::{MemoryDisk, Random};

use super::tests::{self, SetClock};
use super::*;

const STEPS: u64 = 100;
const SEEDS: u64 = 40;

/// The greatest copy here is about 3 kB.
const POLICY: Policy = Policy { reserve_bytes: 20_000, keep: time::Duration::days(6) };

/// A copy as its caller knows it.
#[derive(Debug, Clone)]
struct Known {
    number: u32,
    sha256: String,
    bytes: Vec<u8>,
    delivered: bool,
    /// Its removal was acknowledged.
    aged: bool,
}

struct Run<'a> {
    random: Random,
    disk: MemoryDisk,
    dir: &'a Path,
    store: Option<Store>,
    known: BTreeMap<u64, Known>,
    /// An issue or delivery whose call failed: it may have happened if the power went meanwhile.
    doubtful_copy: Option<(u64, Known)>,
    doubtful_delivery: Option<u64>,
    wrong_pins: u32,
    /// Wrong PINs of one group whose writing failed: all of them are on record, or none.
    doubtful_pins: u32,
    clock: SetClock,
    /// Nothing is made to fail at this step but for want of space.
    calm: bool,
    visits: u64,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    issued: u64,
    failed: u64,
    restarts: u64,
    aged: u64,
    turned_away: u64,
}

impl<'a> Run<'a> {
    fn new(seed: u64, dir: &'a Path) -> Self {
        Self {
            random: Random(seed ^ 0x5eed),
            disk: MemoryDisk::new(seed),
            dir,
            store: None,
            known: BTreeMap::new(),
            doubtful_copy: None,
            doubtful_delivery: None,
            wrong_pins: 0,
            doubtful_pins: 0,
            clock: SetClock::default(),
            calm: false,
            visits: 0,
            counts: Counts::default(),
        }
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            if self.store.is_none() {
                self.start();
            }
            let fail_one_in = [0, 60, 15][self.random.below(3) as usize];
            self.disk.fail_one_in(fail_one_in);
            self.calm = fail_one_in == 0;
            if self.random.one_in(8) {
                self.disk.cut_after(1 + self.random.below(30));
                self.calm = false;
            }
            match self.random.below(14) {
                0 | 1 => self.wrong_pins(),
                2 => self.reopen(),
                3..=5 => self.deliver(),
                6 => self.age(),
                7 => self.squeeze(),
                _ => self.issue(),
            }
            if self.disk.is_without_power() || self.random.one_in(25) {
                self.store = None;
                self.counts.restarts += 1;
                self.restart();
                self.spoil_index();
            }
        }
        self.store = None;
        self.disk.restart();
        self.start();
    }

    /// Opens the store, perhaps failing or losing power on the way, and audits it from outside.
    fn start(&mut self) {
        self.disk.set_capacity(u64::MAX);
        for attempt in 0..20 {
            self.disk.fail_one_in(if attempt < 5 { 40 } else { 0 });
            if attempt < 5 && self.random.one_in(6) {
                self.disk.cut_after(1 + self.random.below(12));
            }
            let disk = Arc::new(self.disk.clone());
            let index = self.dir.join(INDEX);
            match Store::open_on(disk, Some(&index), Arc::new(self.clock.clone())) {
                Ok((store, recovery)) if !self.disk.is_without_power() => {
                    assert!(recovery.missing.is_empty(), "missing copies: {recovery:?}");
                    assert!(recovery.unexplained.is_empty(), "unexplained: {recovery:?}");
                    self.disk.fail_one_in(0);
                    store.open_book("01/2026-SCT/BS", "UBND").expect("a sound disk");
                    self.audit(&store);
                    self.store = Some(store.with_policy(POLICY));
                    return;
                }
                Ok(_) | Err(StoreError::Io { .. } | StoreError::NoSpace { .. }) => {}
                Err(error) => panic!("opening said {error:?}"),
            }
            if self.disk.is_without_power() {
                self.restart();
            }
        }
        panic!("the store does not open on a sound disk");
    }

    /// The machine loses power, or only the program is killed.
    fn restart(&mut self) {
        if self.random.one_in(3) { self.disk.restart_program() } else { self.disk.restart() }
    }

    fn audit(&mut self, store: &Store) {
        let found = store.list().expect("the list of copies");
        if let Some((sequence, copy)) = self.doubtful_copy.take()
            && found.iter().any(|c| c.sequence == sequence)
        {
            self.known.insert(sequence, copy);
        }
        assert_eq!(found.len(), self.known.len(), "copies issued and copies known");
        let doubtful = self.doubtful_delivery.take();
        for (index, (copy, (sequence, known))) in found.iter().zip(&mut self.known).enumerate() {
            assert_eq!((copy.sequence, copy.number), (*sequence, known.number));
            assert_eq!(copy.number as usize, index + 1, "a gap or a number twice");
            assert_eq!(copy.sha256, known.sha256);
            let delivered = matches!(copy.delivery, Delivery::Delivered { .. });
            if doubtful == Some(*sequence) {
                known.delivered = delivered;
            }
            assert_eq!(delivered, known.delivered, "delivery of {sequence}");
            match store.copy_bytes(&copy.sha256) {
                Ok(bytes) => assert!(bytes == known.bytes && copy.aged_out_at.is_none()),
                Err(StoreError::NotKept { .. }) => {
                    assert!(delivered && copy.aged_out_at.is_some(), "{sequence} is gone");
                    known.aged = true;
                }
                Err(error) => panic!("copy {sequence}: {error:?}"),
            }
            assert_eq!(known.aged, copy.aged_out_at.is_some(), "ageing of {sequence}");
        }
        let waiting = store.pending().expect("the copies that wait");
        let expected = self.known.iter().filter(|(_, k)| !k.delivered).map(|(s, _)| *s);
        assert!(waiting.iter().map(|c| c.sequence).eq(expected), "copies that wait");
        let counted = store.pin_failures("o1").count;
        let doubtful = std::mem::take(&mut self.doubtful_pins);
        assert!(counted == self.wrong_pins || counted == self.wrong_pins + doubtful, "a part");
        self.wrong_pins = counted;
        let audit = audit::audit(&self.disk).expect("a sound journal");
        assert!(audit.is_clean(), "{audit:?}");
    }

    fn issue(&mut self) {
        let store = self.store.as_ref().expect("the store is open");
        if store.room().is_err() {
            self.counts.turned_away += 1;
            return;
        }
        self.visits += 1;
        let visit = format!("v{}", self.visits);
        if store.record(tests::approval(&visit)).is_err() {
            self.counts.failed += 1;
            return;
        }
        let Ok(reservation) = store.reserve(&visit, &format!("CODE-{}", self.visits)) else {
            self.counts.failed += 1;
            // A reservation that the disk holds without our knowing is released at the next start.
            return;
        };
        // The number was held again, so what was in doubt is settled: it did not happen.
        self.doubtful_copy = None;
        let length = 1 + self.random.below(3000) as usize;
        let mut bytes = format!("copy {} ", self.visits).into_bytes();
        bytes.resize_with(length + 12, || self.random.next() as u8);
        if self.random.one_in(6) {
            let _ = store.release(&reservation, "token unplugged");
            return;
        }
        let known = Known {
            number: reservation.number,
            sha256: copies::digest(&bytes),
            bytes: bytes.clone(),
            delivered: false,
            aged: false,
        };
        match store.commit(&reservation, &bytes, tests::row()) {
            Ok(copy) => {
                assert_eq!(copy.sha256, known.sha256);
                self.counts.issued += 1;
                self.known.insert(reservation.sequence, known);
            }
            Err(error) => {
                let full = matches!(error, StoreError::NoSpace { .. });
                assert!(!(full && self.calm), "the reserve did not hold for a visit that began");
                self.counts.failed += 1;
                if store.release(&reservation, "commit failed").is_err() {
                    self.doubtful_copy = Some((reservation.sequence, known));
                }
            }
        }
    }

    fn deliver(&mut self) {
        let store = self.store.as_ref().expect("the store is open");
        let Some((&sequence, known)) = self.known.iter_mut().find(|(_, k)| !k.delivered) else {
            return;
        };
        match store.mark_delivered(sequence, &known.sha256, serde_json::json!({"n": sequence})) {
            Ok(()) => known.delivered = true,
            Err(StoreError::Refused(_)) => panic!("a first receipt was refused"),
            Err(_) => self.doubtful_delivery = Some(sequence),
        }
        // The next append cuts a failed record off, so doubt ends unless the power goes first.
        if self.doubtful_delivery.is_some() && store.reopen().is_ok() {
            self.doubtful_delivery = None;
        }
    }

    /// Several records wait for one write.
    fn wrong_pins(&mut self) {
        let store = self.store.as_ref().expect("the store is open");
        let count = 1 + self.random.below(6) as u32;
        let wrong_pin = || Record::OfficerPinFailed { officer: "o1".to_owned() };
        let stage = |_| store.stage(wrong_pin()).expect("a plain record");
        let tickets: Vec<_> = (0..count).map(stage).collect();
        let done = tickets.iter().filter(|ticket| store.wait(ticket).is_ok()).count() as u32;
        assert!(done == 0 || done == count, "{done} of a group of {count}");
        self.wrong_pins += done;
        if done == 0 && store.reopen().is_err() {
            self.doubtful_pins = count;
            self.store = None;
            self.disk.restart();
        }
    }

    /// Days go by; copies whose receipt is old enough go, or more when space is short.
    fn age(&mut self) {
        self.clock.advance(time::Duration::hours(self.random.below(100) as i64));
        if self.random.one_in(5) {
            self.clock.jump(time::Duration::days(self.random.below(9) as i64 - 4));
        }
        let store = self.store.as_ref().expect("the store is open");
        let Ok(gone) = store.age_out() else { return };
        self.counts.aged += gone.len() as u64;
        for sequence in gone {
            let known = self.known.get_mut(&sequence).expect("a copy that was issued");
            assert!(known.delivered || self.doubtful_delivery == Some(sequence));
            known.aged = true;
        }
    }

    /// Someone else fills the disk, or empties it.
    fn squeeze(&mut self) {
        let capacity = [u64::MAX, 400_000, 150_000, 60_000][self.random.below(4) as usize];
        self.disk.set_capacity(capacity);
    }

    fn reopen(&self) {
        let _ = self.store.as_ref().expect("the store is open").reopen();
    }

    /// The index is on another disk, which may lose or change anything.
    fn spoil_index(&mut self) {
        match self.random.below(4) {
            0 => drop(std::fs::remove_dir_all(self.dir.join(INDEX))),
            1 => tests::spoil(&self.dir.join(INDEX), &mut self.random),
            _ => {}
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_on_a_failing_disk() {
    let only = std::env::var("STORE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    let mut total = Counts::default();
    for seed in seeds {
        let folder = tempfile::tempdir().expect("a folder for the index");
        let mut run = Run::new(seed, folder.path());
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| run.run())) {
            let said = cause.downcast_ref::<String>().map_or("see above", String::as_str);
            panic!("STORE_SEED={seed} replays this failure: {said}");
        }
        total.issued += run.counts.issued;
        total.failed += run.counts.failed;
        total.restarts += run.counts.restarts;
        total.aged += run.counts.aged;
        total.turned_away += run.counts.turned_away;
    }
    if only.is_none() {
        assert!(total.issued > 500 && total.failed > 200 && total.restarts > 200, "{total:?}");
        assert!(total.aged > 50 && total.turned_away > 20, "{total:?}");
    }
}
