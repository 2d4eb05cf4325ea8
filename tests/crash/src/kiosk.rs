//! The kiosk's store under a made-up workload.
//!
//! `plan` says what step n is, `run` does it through [`kiosk::store::Store`], `journal` reads what
//! is on the disk without the product's help, `story` finds in it how many steps happened, and
//! `check` compares all of that with what the store answers.

mod check;
mod journal;
mod plan;
mod run;
mod story;

pub use check::{Acknowledged, check};
pub use run::{Load, run};

use std::sync::atomic::{AtomicI64, Ordering};

use ::kiosk::clock::Clock;
use ::kiosk::store::StoreError;
use time::OffsetDateTime;

use crate::time_of;
use crate::verdict::{Verdict, Word};

/// The clock that the workload sets.
#[derive(Debug, Default)]
struct StepClock(AtomicI64);

impl StepClock {
    fn set(&self, step: u64) {
        self.0.store(step.cast_signed(), Ordering::SeqCst);
    }
}

impl Clock for StepClock {
    fn now(&self) -> OffsetDateTime {
        time_of(self.0.load(Ordering::SeqCst).cast_unsigned())
    }
}

/// How many copies are issued in so many steps of a seed's workload.
#[must_use]
pub fn copies_after(seed: u64, steps: u64) -> u64 {
    let mut model = plan::Model::new(seed);
    while model.steps < steps {
        let step = model.next();
        model.apply(&step);
    }
    model.copies.len() as u64
}

/// What a store's error means for a judge.
fn judged(error: &StoreError) -> Verdict {
    let word = match error {
        StoreError::Damaged { .. } | StoreError::CopyDamaged { .. } => Word::Damaged,
        StoreError::Locked { .. } => Word::Locked,
        _ => Word::Unreadable,
    };
    Verdict::new(word, ::kiosk::chain(error))
}
