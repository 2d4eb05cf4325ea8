//! Group commit: one fdatasync serves all threads that wait for one.
//!
//! A record is checked against everything before it, durable or not, takes its place in the chain
//! and waits in a queue. The first who finds nobody writing writes the whole queue as one frame and
//! wakes the others. No timer, no thread of its own: a lone writer writes at once, and while one
//! group is on its way to the disk the next one gathers.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, PoisonError};

use time::{Duration, OffsetDateTime};

use super::error::StoreError;
use super::frame::{self, Head};
use super::journal::{Journal, Position};
use super::record::{self, Entry, Record};
use super::{Inner, Store};
use crate::clock::{Clock, VIETNAM};

/// A clock that is off by less than this was set right and did not jump.
const JUMP: Duration = Duration::minutes(1);

/// Turns of the scheduler without a new record after which a group leaves.
const QUIET_TURNS: u32 = 3;

/// When the record was written, or why it is not on record.
type Outcome = Result<OffsetDateTime, StoreError>;

/// What a caller waits for.
pub(super) type Ticket = Arc<OnceLock<Outcome>>;

/// A record with its place in the chain, not durable yet.
struct Staged {
    entry: Entry,
    line: Vec<u8>,
    head: Head,
    ticket: Ticket,
}

/// The records that wait for the disk.
pub(super) struct Queue {
    staged: VecDeque<Staged>,
    /// The last record's place in the chain, waiting or durable.
    head: Head,
}

impl Queue {
    pub(super) const fn new(head: Head) -> Self {
        Self { staged: VecDeque::new(), head }
    }

    /// Takes from the front what fits into one frame.
    fn take_group(&mut self) -> Vec<Staged> {
        let mut bytes = 0;
        let fits = |staged: &&Staged| {
            bytes += staged.line.len() + 1;
            bytes - 1 <= frame::PAYLOAD_BYTES_MAX
        };
        let count = self.staged.iter().take_while(fits).count();
        self.staged.drain(..count).collect()
    }
}

impl Inner {
    /// Checks a record and gives it its place behind all others; it is on record once the ticket
    /// says so. A jump of the clock is put on record before it.
    pub(super) fn stage(
        &mut self,
        clock: &dyn Clock,
        record: Record,
    ) -> Result<Ticket, StoreError> {
        self.ahead.check(&record)?;
        let (now, steady) = (clock.now(), clock.steady());
        if let Some(from) = self.jump(now, steady) {
            self.stage_checked(now, Record::ClockJumped { from })?;
        }
        self.seen = Some((now, steady));
        self.stage_checked(now, record)
    }

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

    fn stage_checked(&mut self, now: OffsetDateTime, record: Record) -> Result<Ticket, StoreError> {
        let entry = Entry {
            v: record::VERSION,
            seq: self.queue.head.seq + 1,
            at: now.to_offset(VIETNAM),
            prev: hex::encode(self.queue.head.hash),
            record,
        };
        let line = serde_json::to_vec(&entry).map_err(|e| StoreError::Encode(Arc::new(e)))?;
        if line.len() > frame::PAYLOAD_BYTES_MAX {
            let max = frame::PAYLOAD_BYTES_MAX;
            return Err(StoreError::RecordTooLong { bytes: line.len(), max });
        }
        self.ahead.apply(entry.at, &entry.record);
        let head = Head { seq: entry.seq, hash: frame::hash(&line) };
        self.queue.head = head;
        let ticket = Ticket::default();
        self.queue.staged.push_back(Staged { entry, line, head, ticket: Arc::clone(&ticket) });
        Ok(ticket)
    }

    /// A group is durable: state and index learn of it, and its callers.
    fn settle_group(&mut self, group: Vec<Staged>, first: Position, head: Head) {
        let places = (0..).map(|line| Position { line, ..first });
        for staged in &group {
            self.durable.apply(staged.entry.at, &staged.entry.record);
        }
        self.head = head;
        self.add_to_index(places.zip(group.iter().map(|staged| &staged.entry)));
        for staged in group {
            let _ = staged.ticket.set(Ok(staged.entry.at));
        }
    }

    /// A group is not on record, and nothing that was chained to it can be.
    fn fail_group(&mut self, group: Vec<Staged>, error: &StoreError) {
        let later = std::mem::take(&mut self.queue.staged);
        self.ahead = self.durable.clone();
        self.queue.head = self.head;
        for staged in group.into_iter().chain(later) {
            let _ = staged.ticket.set(Err(error.clone()));
        }
    }
}

impl Store {
    /// Makes one record durable and says when it was written.
    pub(super) fn append(&self, record: Record) -> Outcome {
        let ticket = self.inner().stage(&*self.clock, record)?;
        self.wait(&ticket)
    }

    /// Waits until a staged record is durable or cannot be, and does the writing if nobody does.
    pub(super) fn wait(&self, ticket: &Ticket) -> Outcome {
        let mut inner = self.inner();
        loop {
            if let Some(outcome) = ticket.get() {
                return outcome.clone();
            }
            if inner.writing {
                inner = self.written.wait(inner).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            inner.writing = true;
            drop(inner);
            let writing = Writing(self);
            self.let_others_board();
            let wrote = self.write_group(&mut self.journal());
            drop(writing);
            inner = self.inner();
            if !wrote && ticket.get().is_none() {
                return Err(StoreError::Interrupted);
            }
        }
    }

    /// Those whom the last group has woken are about to write again: as long as records arrive,
    /// they come along, at the price of a few turns of the scheduler for a lone writer.
    fn let_others_board(&self) {
        let (mut waiting, mut quiet) = (self.inner().queue.staged.len(), 0);
        while quiet < QUIET_TURNS {
            std::thread::yield_now();
            let now = self.inner().queue.staged.len();
            quiet = if now > waiting { 0 } else { quiet + 1 };
            waiting = now;
        }
    }

    /// Writes what waits, as far as one frame holds it; false if nothing does.
    fn write_group(&self, journal: &mut Journal) -> bool {
        let group = self.inner().queue.take_group();
        let (Some(start), Some(end)) = (group.first(), group.last()) else { return false };
        let (head, follows) = (end.head, start.entry.seq == journal.head().seq + 1);
        let lines: Vec<&[u8]> = group.iter().map(|staged| &staged.line[..]).collect();
        // Only a panic in here can part the two; its group is lost, and so is what follows it.
        let written =
            if follows { journal.append(&lines, head) } else { Err(StoreError::Interrupted) };
        let mut inner = self.inner();
        match written {
            Ok(first) => inner.settle_group(group, first, head),
            Err(error) => inner.fail_group(group, &error),
        }
        true
    }
}

/// The one thread that writes; the others are told when it ends, however it ends.
struct Writing<'a>(&'a Store);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.inner().writing = false;
        self.0.written.notify_all();
    }
}
