//! Does the workload through the product's store and says after each durable step how far it is.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kiosk::store::{Decision, Record, Store, StoreError, Verdict as OfficerVerdict};

use super::plan::{self, Step};
use super::story::Story;
use super::{StepClock, journal};
use crate::Failure;

/// Between two tries of a step that failed.
const PAUSE: Duration = Duration::from_millis(10);

/// How much a run does.
#[derive(Debug, Clone)]
pub struct Load {
    /// Steps after which it ends; none: until it is killed.
    pub steps: Option<u64>,
    /// Threads that journal records of their own beside the steps.
    pub sides: usize,
    /// How often a failed step is tried again before the run gives up.
    pub tries: u32,
}

/// Goes on with the workload in `dir` where it stopped. After each durable step its count is
/// written to `out` as a line; a side lane's count is a line `lane:count`.
///
/// # Errors
/// A [`Verdict`](crate::verdict::Verdict) when what a former run left is not the state after any
/// number of steps; else what the store said when it could not go on.
pub fn run(dir: &Path, seed: u64, load: &Load, out: impl Write + Send) -> Result<(), Failure> {
    let clock = Arc::new(StepClock::default());
    let (store, _) = Store::open(dir, Arc::clone(&clock) as _)?;
    let mut story = Story::read(seed, &journal::read(dir)?)?;
    clock.set(story.model.steps);
    let device = "KIOSK-CRASH".to_owned();
    let started = Record::Started { device, version: "crash".to_owned() };
    let mut tries = load.tries;
    retried(&mut tries, || store.record(started.clone()))?;
    let out = Mutex::new(out);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for lane in 1..=load.sides {
            let from = story.sides.get(&lane).copied().unwrap_or_default();
            let (store, out, stop) = (&store, &out, &stop);
            scope.spawn(move || side_lane(store, lane, from, stop, out));
        }
        let mut worker = Worker { store: &store, story: &mut story, tries: load.tries };
        let ended = (0..load.steps.unwrap_or(u64::MAX)).try_for_each(|_| {
            clock.set(worker.story.model.steps + 1);
            worker.step()?;
            say(&out, worker.story.model.steps)
        });
        stop.store(true, Ordering::SeqCst);
        ended
    })
}

fn say(out: &Mutex<impl Write>, line: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = out.lock().map_err(|_| "another thread panicked while it wrote")?;
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Refusals of visits of its own, so that the store has several writers at once. Ends with the
/// steps, or when the store or the reader of the counts is gone.
fn side_lane(store: &Store, lane: usize, from: u64, stop: &AtomicBool, out: &Mutex<impl Write>) {
    let mut count = from;
    while !stop.load(Ordering::SeqCst) {
        let (visit, reason) = (plan::side_visit(lane, count + 1), plan::reason(0));
        if store.record(Record::Refused { visit, reason }).is_err() {
            std::thread::sleep(PAUSE);
            continue;
        }
        count += 1;
        if say(out, format_args!("{lane}:{count}")).is_err() {
            return;
        }
    }
}

/// Tries until it succeeds or the tries are used up.
fn retried<T>(
    tries: &mut u32,
    mut work: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        match work() {
            Err(_) if *tries > 0 => {
                *tries -= 1;
                std::thread::sleep(PAUSE);
            }
            other => return other,
        }
    }
}

struct Worker<'a> {
    store: &'a Store,
    story: &'a mut Story,
    tries: u32,
}

impl Worker<'_> {
    /// Does the next step, again from its beginning when the store fails.
    fn step(&mut self) -> Result<(), Failure> {
        let step = self.story.model.next();
        let mut tries = self.tries;
        while let Err(error) = self.perform(&step) {
            if let Some(open) = self.store.open_reservation() {
                let gives_back = step == Step::GiveBack;
                let why = plan::reason(self.story.model.steps + 1);
                let why = if gives_back { why.as_str() } else { "the step failed" };
                retried(&mut tries, || self.store.release(&open, why))?;
                if gives_back {
                    break;
                }
            }
            if tries == 0 {
                return Err(error.into());
            }
            tries -= 1;
            std::thread::sleep(PAUSE);
        }
        self.story.model.apply(&step);
        Ok(())
    }

    fn perform(&mut self, step: &Step) -> Result<(), StoreError> {
        let n = self.story.model.steps + 1;
        let (visit, reason) = (plan::visit(n), plan::reason(n));
        let sequences = &self.story.sequences;
        match step {
            Step::Book(book) => self.store.open_book(book, "UBND phường Thử Nghiệm"),
            Step::Issue => self.issue(n),
            Step::GiveBack => {
                self.decide(n, OfficerVerdict::Approved)?;
                let reservation = self.store.reserve(&visit, &self.story.model.code(n))?;
                self.store.release(&reservation, &reason)
            }
            Step::Refuse => {
                self.decide(n, OfficerVerdict::Refused { reason: reason.clone() })?;
                self.store.record(Record::Refused { visit, reason })
            }
            Step::Deliver(copy) => {
                let made = self.story.model.copies[*copy].step;
                let sha256 = hex::encode(sha256(&self.story.model.bytes(made)));
                self.store.mark_delivered(sequences[*copy], &sha256, plan::receipt(n))
            }
            Step::Reject(copy) => self.store.mark_rejected(sequences[*copy], &reason),
            Step::WrongPin(officer) => {
                self.store.record(Record::OfficerPinFailed { officer: officer.clone() })
            }
            Step::Unlock(officer) => {
                self.store.record(Record::OfficerUnlocked { officer: officer.clone() })
            }
            Step::Wipe => self.store.record(Record::VisitWiped { visit }),
        }
    }

    fn issue(&mut self, n: u64) -> Result<(), StoreError> {
        self.decide(n, OfficerVerdict::Approved)?;
        let reservation = self.store.reserve(&plan::visit(n), &self.story.model.code(n))?;
        let bytes = self.story.model.bytes(n);
        let copy = self.store.commit(&reservation, &bytes, plan::row(n))?;
        self.story.sequences.push(copy.sequence);
        Ok(())
    }

    fn decide(&self, n: u64, verdict: OfficerVerdict) -> Result<(), StoreError> {
        let decision = Decision {
            visit: plan::visit(n),
            officer: "Cán bộ Một".to_owned(),
            capacity: "PHÓ CHỦ TỊCH".to_owned(),
            certificate: hex::encode([7; 32]),
            verdict,
        };
        self.store.record(Record::OfficerDecision(decision))
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
