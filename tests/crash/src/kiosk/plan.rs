//! What each step is, and what the store holds after it: a pure function of seed and step.

use std::collections::{BTreeMap, VecDeque};

use kiosk::store::RegisterRow;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::time_of;

/// A book is closed and the next one opened once in so many steps.
const BOOK_STEPS: u64 = 61;
/// Copies that may wait for delivery before deliveries become the rule.
const WAITING_MAX: usize = 12;

/// Uses of the dice within one step.
const CHOICE: u64 = 1;
const CODE: u64 = 2;
const LENGTH: u64 = 3;
const CONTENT: u64 = 4;

/// What one step does. Copies are named by their place in [`Model::copies`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Opens a book; another that is open is closed by that.
    Book(String),
    /// An approved visit whose copy is issued.
    Issue,
    /// An approved visit whose number is given back.
    GiveBack,
    /// A visit that the officer refuses.
    Refuse,
    /// The registry's receipt for a copy.
    Deliver(usize),
    /// The registry's refusal of a copy.
    Reject(usize),
    /// An officer's wrong PIN.
    WrongPin(String),
    /// An officer's right PIN.
    Unlock(String),
    /// A visit's images are wiped.
    Wipe,
}

/// A copy as the workload made it.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    /// The step that issued it.
    pub(super) step: u64,
    pub(super) book: String,
    pub(super) number: u32,
    pub(super) code: String,
    /// The step that delivered it.
    pub(super) delivered: Option<u64>,
    /// The step that last brought the registry's refusal.
    pub(super) rejected: Option<u64>,
}

/// The state after so many steps.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) seed: u64,
    /// Steps done.
    pub(super) steps: u64,
    /// Books in the order of their opening, with how many numbers each has given.
    pub(super) books: Vec<(String, u32)>,
    pub(super) copies: Vec<Copy>,
    /// Places of the copies without a receipt, oldest first.
    waiting: VecDeque<usize>,
    /// Wrong PINs since the last right one.
    pub(super) wrong_pins: BTreeMap<String, u32>,
}

impl Model {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            seed,
            steps: 0,
            books: Vec::new(),
            copies: Vec::new(),
            waiting: VecDeque::new(),
            wrong_pins: BTreeMap::new(),
        }
    }

    /// The step that comes now.
    pub(super) fn next(&self) -> Step {
        let step = self.steps + 1;
        if step % BOOK_STEPS == 1 {
            return Step::Book(format!("{:02}/2026-SCT/BS", self.books.len() + 1));
        }
        let mut dice = Dice::of(self.seed, step, CHOICE);
        let officer = format!("officer-{}", dice.below(3));
        let choice = dice.below(100);
        if self.waiting.len() > WAITING_MAX && choice < 60 {
            return Step::Deliver(self.waiting[0]);
        }
        match (choice, self.waiting.front()) {
            (0..50, _) => Step::Issue,
            (50..58, _) => Step::GiveBack,
            (58..65, _) => Step::Refuse,
            (65..83, Some(&oldest)) => Step::Deliver(oldest),
            (83..87, Some(&oldest)) => Step::Reject(oldest),
            (87..92, _) => Step::Wipe,
            (92..96, _) => Step::Unlock(officer),
            _ => Step::WrongPin(officer),
        }
    }

    /// Adds the step that [`Model::next`] gave.
    pub(super) fn apply(&mut self, step: &Step) {
        self.steps += 1;
        match step {
            Step::Book(book) => self.books.push((book.clone(), 0)),
            Step::Issue => {
                let (book, number) = self.next_number();
                let (step, code) = (self.steps, self.code(self.steps));
                let copy = Copy { step, book, number, code, delivered: None, rejected: None };
                self.waiting.push_back(self.copies.len());
                self.copies.push(copy);
                if let Some((_, issued)) = self.books.last_mut() {
                    *issued += 1;
                }
            }
            Step::Deliver(copy) => {
                self.waiting.retain(|waiting| waiting != copy);
                self.copies[*copy].delivered = Some(self.steps);
            }
            Step::Reject(copy) => self.copies[*copy].rejected = Some(self.steps),
            Step::WrongPin(officer) => *self.wrong_pins.entry(officer.clone()).or_default() += 1,
            Step::Unlock(officer) => drop(self.wrong_pins.remove(officer)),
            Step::GiveBack | Step::Refuse | Step::Wipe => {}
        }
    }

    /// The open book and its next number.
    pub(super) fn next_number(&self) -> (String, u32) {
        self.books.last().map_or((String::new(), 1), |(book, issued)| (book.clone(), issued + 1))
    }

    /// The code of a step's copy.
    pub(super) fn code(&self, step: u64) -> String {
        Dice::of(self.seed, step, CODE).code()
    }

    /// The sealed bytes of a step's copy: mostly small, some of several blocks, never twice the
    /// same. No reader opens them.
    pub(super) fn bytes(&self, step: u64) -> Vec<u8> {
        let mut dice = Dice::of(self.seed, step, LENGTH);
        let longest = if dice.one_in(8) { 60_000 } else { 6_000 };
        let length = 200 + dice.below(longest) as usize;
        let mut bytes = format!("made-up copy {} of seed {}\n", step, self.seed).into_bytes();
        bytes.extend(Dice::of(self.seed, step, CONTENT).bytes(length));
        bytes
    }
}

/// The visit of a step.
pub(super) fn visit(step: u64) -> String {
    format!("visit-{step}")
}

/// The register's row of a step's copy.
pub(super) fn row(step: u64) -> RegisterRow {
    RegisterRow {
        certified_at: time_of(step),
        requester: format!("Người yêu cầu thứ {step}"),
        original: "Bằng tốt nghiệp".to_owned(),
        officer: "Cán bộ Một".to_owned(),
        capacity: "PHÓ CHỦ TỊCH".to_owned(),
        copies: 1,
        fee_vnd: 2000 * (1 + step % 4),
        note: String::new(),
    }
}

/// The receipt that a step delivers.
pub(super) fn receipt(step: u64) -> Value {
    json!({ "receipt": format!("made up in step {step}"), "signature": "none" })
}

/// Why a step gives its number back, refuses its visit or rejects a copy.
pub(super) fn reason(step: u64) -> String {
    format!("reason of step {step}")
}

/// The visit of a side lane's record: `lane` from 1, `count` from 1.
pub(super) fn side_visit(lane: usize, count: u64) -> String {
    format!("side-{lane}-{count}")
}
