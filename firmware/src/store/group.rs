//! Group commit: one fdatasync serves all threads that wait for one.
//!
//! A record is checked against everything before it, durable or not, takes its place in the chain
//! and waits in a queue. The first who finds nobody writing writes the whole queue as one frame and
//! wakes the others, each by itself and after all locks are free: on a fast disk the group's
//! speed is the price of waking. No timer, no thread of its own: a lone writer writes at once, and
//! while one group is on its way to the disk the next one gathers.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};

use time::{Duration, OffsetDateTime};

use super::error::StoreError;
use super::frame::{self, Head};
use super::journal::{Journal, Position};
use super::record::{self, Record};
use super::{Inner, Store};
use crate::clock::VIETNAM;

/// A clock that is off by less than this was set right and did not jump.
const JUMP: Duration = Duration::minutes(1);

/// Turns of the scheduler without a new record after which a group leaves.
const QUIET_TURNS: u32 = 3;

/// When the record was written, or why it is not on record.
type Outcome = Result<OffsetDateTime, StoreError>;

/// What a caller waits for, in the thread that staged the record.
pub(super) type Ticket = Arc<OnceLock<Outcome>>;

/// The other end of a ticket: whatever becomes of it, its thread learns the outcome.
struct Promise {
    ticket: Ticket,
    thread: Thread,
}

impl Promise {
    fn new(ticket: &Ticket) -> Self {
        Self { ticket: Arc::clone(ticket), thread: thread::current() }
    }

    fn keep(self, outcome: Outcome) {
        let _ = self.ticket.set(outcome);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        // Too late after `keep`; a panic of the writing thread leaves it to this.
        let _ = self.ticket.set(Err(StoreError::Interrupted));
        self.thread.unpark();
    }
}

/// A record with its place in the journal, not durable yet.
struct Staged {
    seq: u64,
    at: OffsetDateTime,
    record: Record,
    /// The record as JSON.
    fact: String,
    promise: Promise,
}

/// The records that wait for the disk.
pub(super) struct Queue {
    staged: VecDeque<Staged>,
    /// The last record's number, waiting or durable.
    seq: u64,
}

impl Queue {
    pub(super) const fn new(seq: u64) -> Self {
        Self { staged: VecDeque::new(), seq }
    }

    /// Takes from the front what fits into one frame.
    fn take_group(&mut self) -> Vec<Staged> {
        let mut bytes = 0;
        let fits = |staged: &&Staged| {
            bytes += record::line_bytes_max(&staged.fact) + 1;
            bytes - 1 <= frame::PAYLOAD_BYTES_MAX
        };
        let count = self.staged.iter().take_while(fits).count();
        self.staged.drain(..count).collect()
    }
}

impl Inner {
    /// What the clock should say, if it says something else. Over a restart only a step back shows.
    fn jump(&self, now: OffsetDateTime, steady: std::time::Duration) -> Option<OffsetDateTime> {
        match self.seen {
            Some((wall, since)) => {
                let expected = wall + steady.saturating_sub(since);
                ((now - expected).abs() > JUMP).then_some(expected)
            }
            None => self.ahead.last_at().filter(|last| now + JUMP < *last),
        }
    }

    fn put_in_queue(&mut self, at: OffsetDateTime, record: Record, fact: String) -> Ticket {
        let (seq, at) = (self.queue.seq + 1, at.to_offset(VIETNAM));
        self.ahead.apply(at, &record);
        self.queue.seq = seq;
        let ticket = Ticket::default();
        let promise = Promise::new(&ticket);
        self.queue.staged.push_back(Staged { seq, at, record, fact, promise });
        ticket
    }

    /// A group is durable: state and index learn of it. Its promises are to be kept.
    fn settle_group(&mut self, group: &[Staged], first: Position, head: Head) {
        let places = (0..).map(|line| Position { line, ..first });
        for staged in group {
            self.durable.apply(staged.at, &staged.record);
        }
        self.head = head;
        let records = group.iter().zip(places);
        self.add_to_index(records.map(|(staged, place)| (place, staged.at, &staged.record)));
    }

    /// A group is not on record, and nothing that was chained to it can be: what waits behind it.
    fn fail_group(&mut self) -> VecDeque<Staged> {
        self.ahead = self.durable.clone();
        self.queue.seq = self.head.seq;
        std::mem::take(&mut self.queue.staged)
    }
}

impl Store {
    /// Makes one record durable and says when it was written.
    pub(super) fn append(&self, record: Record) -> Outcome {
        let ticket = self.stage(record)?;
        self.wait(&ticket)
    }

    /// Checks a record and gives it its place behind all others; it is on record once the ticket
    /// says so. A jump of the clock is put on record before it.
    pub(super) fn stage(&self, record: Record) -> Result<Ticket, StoreError> {
        let fact = json(&record)?;
        let mut inner = self.inner();
        inner.ahead.check(&record)?;
        let (now, steady) = (self.clock.now(), self.clock.steady());
        if let Some(from) = inner.jump(now, steady) {
            let jumped = Record::ClockJumped { from };
            let fact = json(&jumped)?;
            inner.put_in_queue(now, jumped, fact);
        }
        inner.seen = Some((now, steady));
        let ticket = inner.put_in_queue(now, record, fact);
        self.boarded.fetch_add(1, Ordering::Relaxed);
        Ok(ticket)
    }

    /// Waits until a record that this thread staged is durable or cannot be, and does the writing
    /// if nobody does.
    pub(super) fn wait(&self, ticket: &Ticket) -> Outcome {
        loop {
            if let Some(outcome) = ticket.get() {
                return outcome.clone();
            }
            if let Some(writing) = Writing::begin(self) {
                self.let_others_board();
                self.write_group(&mut self.journal(), writing);
            } else {
                // Whoever writes has seen this record in the queue when it ends.
                thread::park();
            }
        }
    }

    /// Those whom the last group has woken are about to write again: as long as records arrive,
    /// they come along, at the price of a few turns of the scheduler for a lone writer.
    fn let_others_board(&self) {
        let (mut boarded, mut quiet) = (self.boarded.load(Ordering::Relaxed), 0);
        while quiet < QUIET_TURNS {
            thread::yield_now();
            let now = self.boarded.load(Ordering::Relaxed);
            quiet = if now == boarded { quiet + 1 } else { 0 };
            boarded = now;
        }
    }

    /// Writes what waits, as far as one frame holds it, and tells those who wait for it.
    fn write_group(&self, journal: &mut Journal, writing: Writing<'_>) {
        let group = self.inner().queue.take_group();
        let Some(first) = group.first() else { return };
        // Only a panic in here can part the two; its group is lost, and so is what follows it.
        let written = if first.seq == journal.head().seq + 1 {
            chain(&group, journal.head())
                .and_then(|(lines, head)| Ok((journal.append(&lines, head)?, head)))
        } else {
            Err(StoreError::Interrupted)
        };
        let mut inner = self.inner();
        match written {
            Ok((first, head)) => {
                inner.settle_group(&group, first, head);
                drop(inner);
                drop(writing);
                for staged in group {
                    staged.promise.keep(Ok(staged.at));
                }
            }
            Err(error) => {
                let later = inner.fail_group();
                drop(inner);
                drop(writing);
                for staged in group.into_iter().chain(later) {
                    staged.promise.keep(Err(error.clone()));
                }
            }
        }
    }
}

/// The lines of records that follow one another, each with the hash of the one before, and the
/// last one's place.
fn chain(group: &[Staged], mut head: Head) -> Result<(Vec<Vec<u8>>, Head), StoreError> {
    let mut lines = Vec::with_capacity(group.len());
    for staged in group {
        let line = record::line(staged.seq, staged.at, &head.hash, &staged.fact);
        let line = line.map_err(|e| StoreError::Encode(Arc::new(e)))?;
        head = Head { seq: staged.seq, hash: frame::hash(&line) };
        lines.push(line);
    }
    Ok((lines, head))
}

/// A record as JSON, if a frame can hold its line.
fn json(record: &Record) -> Result<String, StoreError> {
    let fact = serde_json::to_string(record).map_err(|e| StoreError::Encode(Arc::new(e)))?;
    let (bytes, max) = (record::line_bytes_max(&fact), frame::PAYLOAD_BYTES_MAX);
    if bytes > max {
        return Err(StoreError::RecordTooLong { bytes, max });
    }
    Ok(fact)
}

/// The one thread that writes. When it ends, however it ends, those who came too late for its
/// group learn that one of them is next.
struct Writing<'a>(&'a Store);

impl<'a> Writing<'a> {
    /// None while another thread writes.
    fn begin(store: &'a Store) -> Option<Self> {
        (!store.writing.swap(true, Ordering::SeqCst)).then(|| Self(store))
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writing.store(false, Ordering::SeqCst);
        // Only now: who was told that somebody writes is in the queue by then.
        let inner = self.0.inner();
        let next: Vec<Thread> =
            inner.queue.staged.iter().map(|staged| staged.promise.thread.clone()).collect();
        drop(inner);
        next.iter().for_each(Thread::unpark);
    }
}
