//! Finds in the journal's records how many steps happened: each record must be the next one of the
//! step that is due, or one that a crash or a failed try of that step explains.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::plan::{self, Model, Step};
use crate::verdict::{Verdict, Word, ensure};

/// What the records add up to.
#[derive(Debug)]
pub(super) struct Story {
    /// The state after all whole steps.
    pub(super) model: Model,
    /// The sequence of each copy, as in [`Model::copies`]: a number given back costs a sequence,
    /// so these depend on where the crashes were.
    pub(super) sequences: Vec<u64>,
    /// Reservations in all.
    pub(super) reserved: u64,
    /// Reservations given back, by book.
    pub(super) released: BTreeMap<String, u32>,
    /// The last count of each side lane.
    pub(super) sides: BTreeMap<usize, u64>,
    /// The records that the due step still has to write, in order, and how many of them are there.
    due: Vec<Value>,
    found: usize,
    /// The open reservation's book.
    open: Option<String>,
}

impl Story {
    /// The story of a seed's workload, from the journal's records.
    pub(super) fn read(seed: u64, records: &[Value]) -> Result<Self, Verdict> {
        let mut story = Self {
            model: Model::new(seed),
            sequences: Vec::new(),
            reserved: 0,
            released: BTreeMap::new(),
            sides: BTreeMap::new(),
            due: Vec::new(),
            found: 0,
            open: None,
        };
        story.begin_step();
        for record in records {
            story.take(record)?;
        }
        Ok(story)
    }

    fn begin_step(&mut self) {
        self.due = self.expected(&self.model.next());
        self.found = 0;
    }

    fn take(&mut self, record: &Value) -> Result<(), Verdict> {
        let kind = record["kind"].as_str().unwrap_or_default();
        if kind == "started" || kind == "clock_jumped" {
            return Ok(());
        }
        if let Some(side) = side(record) {
            return self.take_side(side);
        }
        if fits(record, &self.due[self.found]) {
            return self.advance(record);
        }
        if kind == "number_released" && self.open.is_some() {
            // A crash or a failed write ended the try; the number goes to the next one.
            self.close();
            self.begin_step();
            return Ok(());
        }
        // A try that came to nothing leaves no more than a decision; the next one starts over.
        if self.found > 0 && self.open.is_none() && fits(record, &self.due[0]) {
            self.found = 0;
            return self.advance(record);
        }
        Err(self.misfit(record))
    }

    fn advance(&mut self, record: &Value) -> Result<(), Verdict> {
        self.found += 1;
        match record["kind"].as_str() {
            Some("number_reserved") => {
                self.reserved += 1;
                self.open = Some(self.model.next_number().0);
            }
            Some("number_released") => self.close(),
            Some("issued") => {
                self.open = None;
                self.sequences.push(self.reserved);
            }
            _ => {}
        }
        if self.found == self.due.len() {
            let step = self.model.next();
            self.model.apply(&step);
            self.begin_step();
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(book) = self.open.take() {
            *self.released.entry(book).or_default() += 1;
        }
    }

    fn take_side(&mut self, (lane, count): (usize, u64)) -> Result<(), Verdict> {
        let last = self.sides.entry(lane).or_default();
        ensure(count > *last, Word::Duplicate, || format!("record {count} of side lane {lane}"))?;
        let expected = *last + 1;
        ensure(count == expected, Word::Lost, || format!("record {expected} of side lane {lane}"))?;
        *last = count;
        Ok(())
    }

    /// The records of a step, each with the fields that must be in it.
    fn expected(&self, step: &Step) -> Vec<Value> {
        let n = self.model.steps + 1;
        let visit = plan::visit(n);
        let decided = |verdict| {
            json!({"kind": "officer_decision", "visit": visit,
            "verdict": verdict})
        };
        let (book, number) = self.model.next_number();
        let sequence = self.reserved + 1;
        let reserved = json!({"kind": "number_reserved", "sequence": sequence, "number": number,
            "book": book, "visit": visit, "code": self.model.code(n)});
        match step {
            Step::Book(next) => {
                let opened = json!({"kind": "book_opened", "book": next});
                let closed = self.model.books.last().map(
                    |(book, issued)| json!({"kind": "book_closed", "book": book, "total": issued}),
                );
                closed.into_iter().chain([opened]).collect()
            }
            Step::Issue => {
                let bytes = self.model.bytes(n);
                let issued = json!({"kind": "issued", "sequence": sequence, "number": number,
                    "book": book, "visit": visit, "code": self.model.code(n),
                    "sha256": hex::encode(Sha256::digest(&bytes)), "bytes": bytes.len(),
                    "row": plan::row(n)});
                vec![decided("approved"), reserved, issued]
            }
            Step::GiveBack => {
                let released = json!({"kind": "number_released", "sequence": sequence,
                    "number": number, "book": book, "why": plan::reason(n)});
                vec![decided("approved"), reserved, released]
            }
            Step::Refuse => {
                let refused = json!({"kind": "refused", "visit": visit, "reason": plan::reason(n)});
                vec![decided("refused"), refused]
            }
            Step::Deliver(copy) => {
                let sha256 = hex::encode(Sha256::digest(self.bytes_of(*copy)));
                vec![json!({"kind": "delivered", "sequence": self.sequences[*copy],
                    "sha256": sha256, "receipt": plan::receipt(n)})]
            }
            Step::Reject(copy) => vec![json!({"kind": "upload_rejected",
                "sequence": self.sequences[*copy], "reason": plan::reason(n)})],
            Step::WrongPin(o) => vec![json!({"kind": "officer_pin_failed", "officer": o})],
            Step::Unlock(o) => vec![json!({"kind": "officer_unlocked", "officer": o})],
            Step::Wipe => vec![json!({"kind": "visit_wiped", "visit": visit})],
        }
    }

    fn bytes_of(&self, copy: usize) -> Vec<u8> {
        self.model.bytes(self.model.copies[copy].step)
    }

    /// What a record that does not belong here is.
    fn misfit(&self, record: &Value) -> Verdict {
        let (seq, kind) = (&record["seq"], record["kind"].as_str().unwrap_or("without kind"));
        let number = (record["book"].as_str(), record["number"].as_u64());
        let taken = |book: &str, given: u64| {
            let mut copies = self.model.copies.iter();
            copies.any(|copy| copy.book == book && u64::from(copy.number) == given)
        };
        let step = self.model.steps + 1;
        match number {
            (Some(book), Some(given)) if kind != "number_released" && taken(book, given) => {
                let text = format!("record {seq}: number {given} of book {book} once more");
                Verdict::new(Word::Duplicate, text)
            }
            _ => Verdict::new(
                Word::Extra,
                format!(
                    "record {seq}, {kind}, is no part of step {step} ({:?})",
                    self.model.next()
                ),
            ),
        }
    }
}

/// Lane and count of a side lane's record.
fn side(record: &Value) -> Option<(usize, u64)> {
    let rest = record["visit"].as_str()?.strip_prefix("side-")?;
    let (lane, count) = rest.split_once('-')?;
    Some((lane.parse().ok()?, count.parse().ok()?))
}

/// Whether a record has every expected field; it may have more.
fn fits(record: &Value, expected: &Value) -> bool {
    expected.as_object().is_some_and(|o| o.iter().all(|(name, value)| record[name] == *value))
}
