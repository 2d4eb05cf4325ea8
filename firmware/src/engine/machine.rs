//! The visit and what it asks for, without threads.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{Hands, Parts, lock};
use crate::visit::{Answer, Dossier, Effect, Event, State, Visit, Wish};

/// The visit and its papers, without threads: each event gives the jobs that must be done for it.
/// [`Kiosk`] does them side by side; a simulation does them in an order of its own.
pub struct Machine {
    hands: Hands,
    visit: Visit,
    /// Since when the officer has the case.
    with_officer: Option<OffsetDateTime>,
}

/// An effect to carry out, and the case file as it was when it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The case.
    pub dossier: Dossier,
    /// What to do.
    pub effect: Effect,
}

impl Machine {
    /// A kiosk at which nobody stands.
    pub fn new(parts: Parts) -> Self {
        let began = (parts.clock.now(), parts.clock.steady());
        let visit = Visit::idle(began.0);
        let (desk, sign_ins, waits) = (Arc::default(), Arc::default(), Arc::default());
        let hands = Hands { parts: Arc::new(parts), desk, sign_ins, waits, began };
        Self { hands, visit, with_officer: None }
    }

    /// What carries out the jobs.
    pub const fn hands(&self) -> &Hands {
        &self.hands
    }

    /// The visit as it stands.
    pub const fn visit(&self) -> &Visit {
        &self.visit
    }

    /// Steps the visit. Papers that must go are gone when this returns, before anyone is told that
    /// the visit moved on.
    pub fn take(&mut self, event: Event) -> Vec<Job> {
        let now = self.hands.visit_time();
        let starting = match &event {
            Event::Wish(Wish::Start { visit, .. }) => Some(visit.clone()),
            Event::Tick
            | Event::PersonLeft
            | Event::PowerEnds(_)
            | Event::FeeSettled { .. }
            | Event::Wish(_)
            | Event::Answer(..) => None,
        };
        let card_shown = matches!(event, Event::Answer(_, Answer::CardShown { .. }));
        let (visit, effects) = self.visit.clone().step(event, now);
        self.visit = visit;
        self.time_the_officer(now);
        for effect in &effects {
            self.hands.do_at_once(effect);
        }
        if card_shown {
            // Taken by now, or shown to a visit that awaits none.
            self.hands.desk().shown = None;
        }
        let Some(dossier) = self.visit.dossier() else { return vec![] };
        if starting.as_ref() == Some(&dossier.visit) {
            self.hands.desk().begin(dossier.visit.clone());
        }
        let lasting = effects.into_iter().filter(|effect| !effect.is_done_at_once());
        lasting.map(|effect| Job { dossier: dossier.clone(), effect }).collect()
    }
}

impl Machine {
    /// Notes how long a case was with the officer, once it has its result.
    fn time_the_officer(&mut self, now: OffsetDateTime) {
        match self.visit.state() {
            State::Deciding(_) => drop(self.with_officer.get_or_insert(now)),
            State::Issued(..) | State::Refused(..) | State::Deferred(..) => {
                if let Some(since) = self.with_officer.take() {
                    lock(&self.hands.waits).note(now - since);
                }
            }
            State::Idle | State::Failed(..) | State::Collecting(_) => self.with_officer = None,
            _ => {}
        }
    }
}
