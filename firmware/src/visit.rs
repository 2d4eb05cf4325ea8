//! One citizen's visit as a pure state machine: `step(state, event, now) -> (state, effects)`.
//!
//! Nothing here does I/O: devices, store and screens are the engine's. One file per group of
//! states.
//!
//! ```text
//!  Idle -> Collecting <-> Scanning          each page is read while the next
//!              |                            is laid
//!           Reading -> Checking -> AwaitingCard <-> Identifying <-> AwaitingFace
//!                         |             |                |               |
//!      (secret mark: wipe)|          Deciding <----------+---------------+
//!                         |           |   ^
//!                         |           |   +-> Authorising (the officer's PIN opens the key)
//!                         v           |            |
//!                      Refused <------+            +-> Certifying -> Issued
//!                                     |                     |
//!                                     |     Deciding <------+ (token or disk trouble)
//!                                     |
//!                                     +-> AwaitingRescan <-> Scanning, Reading -> Checking
//!                                     |          (a page once more; then Deciding)
//!                                     +-> Correcting -> Deciding (the paper is of another kind)
//!                                     +-> Deferring -> Deferred (pages wiped; a slip tells when)
//! ```
//!
//! Invariants: no path reaches `Certifying` but through `Authorising`, so every certificate has a
//! named officer's decision behind it; an answer of another visit is ignored; every waiting state
//! has a limit after which the pages are wiped.

mod collecting;
mod deciding;
mod deferring;
mod ended;
mod face;
mod feedback;
mod identifying;
mod reading;
mod rescanning;
mod types;

use time::{Duration, OffsetDateTime};

pub use deferring::{Appointment, Deferral, DeferralReason};
pub use face::{FACE_TRIES_MAX, FaceGap, FaceOutcome, FaceResult};
pub use feedback::{Complaint, Feedback, Rating};
pub use rescanning::{RESCANS_MAX, Rescan, RescanReason, RescanRequest};
pub use types::{
    Answer, Approval, ChipGap, ChipOutcome, ChipSuspicion, Decision, Dossier, Effect, Event,
    Issued, KindFact, PageId, Payment, Prints, Refusal, RefusalReason, Say, Severity, Trouble,
    VisitId, Wish,
};

/// Pages of one original at most; the longest paper seen in practice is a school record book.
pub const PAGE_COUNT_MAX: usize = 64;
/// Copies of one original made together, one number for all (Decree 23/2015).
pub const COPY_COUNT_MAX: u32 = 50;
/// How long the kiosk waits for the person before it wipes the pages and starts over.
pub const PERSON_WAIT_MAX: Duration = Duration::minutes(5);
/// How long a case waits for an officer.
pub const OFFICER_WAIT_MAX: Duration = Duration::hours(2);
/// How long a slip can be printed before it is wiped with the requester's name on it.
pub const SLIP_KEPT_MAX: Duration = Duration::minutes(10);
/// How long the result stays on the screen.
pub const RESULT_SHOWN_MAX: Duration = Duration::minutes(3);
/// How long it stays while its fee is due: to open a banking application takes a while.
pub const DUE_SHOWN_MAX: Duration = Duration::minutes(6);

/// Where the visit stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Nobody is here.
    Idle,
    /// The next page is awaited, or the word that all pages are in.
    Collecting(Dossier),
    /// The scanner runs.
    Scanning(Dossier),
    /// All pages are in; the last ones are being read.
    Reading(Dossier),
    /// The refusal rules are being checked.
    Checking(Dossier),
    /// The identity card is awaited.
    AwaitingCard(Dossier),
    /// The card, its chip or the face are being looked at.
    Identifying(Dossier),
    /// The person's word is awaited whether the face may be compared.
    AwaitingFace(Dossier),
    /// An officer's decision is awaited.
    Deciding(Dossier),
    /// The rules are looked at again, for the kind that the officer set.
    Correcting(Dossier),
    /// A page is awaited once more, as the officer asked.
    AwaitingRescan(Dossier),
    /// The officer's key is being opened with the PIN just entered.
    Authorising(Dossier, Decision),
    /// Number, file, signatures and journal are being made.
    Certifying(Dossier, Decision),
    /// The appointment is being put on record.
    Deferring(Dossier, Deferral),
    /// The copy is issued and kept.
    Issued(Dossier, Issued),
    /// The copy is promised for later; only the slip is still on the desk.
    Deferred(Dossier, Appointment),
    /// The copy was refused.
    Refused(Dossier, Refusal),
    /// The visit ended without a result.
    Failed(Dossier, Trouble),
}

/// A visit: its state and since when it is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    state: State,
    since: OffsetDateTime,
}

/// A state and the effects that lead on from it.
type Next = (State, Vec<Effect>);

impl Visit {
    /// A kiosk at which nobody stands.
    pub const fn idle(now: OffsetDateTime) -> Self {
        Self { state: State::Idle, since: now }
    }

    /// Where the visit stands.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Since when it stands there.
    pub const fn since(&self) -> OffsetDateTime {
        self.since
    }

    /// The case file of the visit; none when nobody is here.
    pub const fn dossier(&self) -> Option<&Dossier> {
        match &self.state {
            State::Idle => None,
            State::Collecting(dossier)
            | State::Scanning(dossier)
            | State::Reading(dossier)
            | State::Checking(dossier)
            | State::AwaitingCard(dossier)
            | State::Identifying(dossier)
            | State::AwaitingFace(dossier)
            | State::Deciding(dossier)
            | State::Correcting(dossier)
            | State::AwaitingRescan(dossier)
            | State::Authorising(dossier, _)
            | State::Certifying(dossier, _)
            | State::Deferring(dossier, _)
            | State::Deferred(dossier, _)
            | State::Issued(dossier, _)
            | State::Refused(dossier, _)
            | State::Failed(dossier, _) => Some(dossier),
        }
    }

    /// Takes one event. Events that mean nothing in this state leave it as it is.
    pub fn step(self, event: Event, now: OffsetDateTime) -> (Self, Vec<Effect>) {
        let before = std::mem::discriminant(&self.state);
        let since = self.since;
        let sign_of_life = matches!(event, Event::Wish(_));
        let printing = self.is_printing();
        let (state, effects) = match event {
            Event::Tick => tick(self.state, now - since),
            Event::PowerEnds(trouble) => ended::power_ends(self.state, trouble),
            Event::PersonLeft => ended::left(self.state),
            Event::FeeSettled { book, number, taken } => {
                (ended::fee_settled(self.state, &book, number, taken), vec![])
            }
            Event::Wish(Wish::End) => ended::end(self.state),
            Event::Wish(Wish::Feedback(feedback)) => feedback::give(self.state, feedback),
            Event::Wish(wish) => on_wish(self.state, wish, now),
            Event::Answer(visit, answer) => {
                if self.dossier().is_some_and(|dossier| dossier.visit == visit) {
                    on_answer(self.state, answer)
                } else {
                    (self.state, vec![])
                }
            }
        };
        let mut next = Self { state, since };
        // A wish shows that the person is still here, even when the state stays the same; and who
        // has waited for a print needs time to read on.
        let moved = sign_of_life
            || std::mem::discriminant(&next.state) != before
            || printing != next.is_printing();
        if moved {
            next.since = now;
        }
        (next, effects)
    }

    const fn is_printing(&self) -> bool {
        matches!(self.state, State::Issued(_, Issued { prints: Prints::Going(_), .. }))
    }
}

fn on_wish(state: State, wish: Wish, now: OffsetDateTime) -> Next {
    match state {
        State::Idle => collecting::start(wish, now),
        State::Collecting(dossier) => collecting::wish(dossier, wish),
        State::AwaitingCard(dossier) => identifying::wish(dossier, wish),
        State::Identifying(dossier) => identifying::leave(dossier, &wish),
        State::AwaitingFace(dossier) => identifying::face_wish(dossier, &wish),
        State::Deciding(dossier) => deciding::wish(dossier, wish),
        State::AwaitingRescan(dossier) => rescanning::wish(dossier, &wish),
        State::Issued(dossier, issued) => ended::issued(dossier, issued, wish, now),
        State::Refused(dossier, why) => ended::restart(State::Refused(dossier, why), wish, now),
        State::Failed(dossier, why) => ended::restart(State::Failed(dossier, why), wish, now),
        State::Deferred(dossier, appointment) => deferring::wish(dossier, appointment, wish),
        busy @ (State::Scanning(_)
        | State::Reading(_)
        | State::Checking(_)
        | State::Correcting(_)
        | State::Authorising(..)
        | State::Certifying(..)
        | State::Deferring(..)) => (busy, vec![]),
    }
}

fn on_answer(state: State, answer: Answer) -> Next {
    let answer = match answer {
        Answer::NoRoom(trouble) => return ended::no_room(state, trouble),
        answer => answer,
    };
    match state {
        State::Collecting(dossier) => collecting::answer(dossier, answer, State::Collecting),
        State::Scanning(dossier) if dossier.rescan.is_some() => {
            rescanning::scanned(dossier, answer)
        }
        State::Reading(dossier) if dossier.rescan.is_some() => rescanning::read(dossier, answer),
        State::Scanning(dossier) => collecting::answer(dossier, answer, State::Scanning),
        State::Reading(dossier) => reading::answer(dossier, answer),
        State::Checking(dossier) => reading::checked(dossier, answer),
        State::AwaitingCard(dossier) => identifying::shown(dossier, answer),
        State::Identifying(dossier) => identifying::answer(dossier, answer),
        State::Correcting(dossier) => deciding::corrected(dossier, answer),
        State::Authorising(dossier, decision) => deciding::authorised(dossier, decision, answer),
        State::Certifying(dossier, decision) => deciding::certified(dossier, decision, answer),
        State::Deferring(dossier, deferral) => deferring::answer(dossier, deferral, answer),
        State::Issued(dossier, issued) => (ended::printed(dossier, issued, answer), vec![]),
        still @ (State::Idle
        | State::AwaitingFace(_)
        | State::Deciding(_)
        | State::AwaitingRescan(_)
        | State::Deferred(..)
        | State::Refused(..)
        | State::Failed(..)) => (still, vec![]),
    }
}

fn tick(state: State, waited: Duration) -> Next {
    let limit = match &state {
        State::Collecting(_)
        | State::AwaitingCard(_)
        | State::AwaitingFace(_)
        | State::AwaitingRescan(_) => PERSON_WAIT_MAX,
        State::Deciding(_) => OFFICER_WAIT_MAX,
        State::Deferred(..) => SLIP_KEPT_MAX,
        // A printer has limits of its own, too.
        State::Issued(_, Issued { prints: Prints::Going(_), .. }) => return (state, vec![]),
        State::Issued(_, Issued { payment: Payment::Due, .. }) => DUE_SHOWN_MAX,
        State::Issued(..) | State::Refused(..) | State::Failed(..) => RESULT_SHOWN_MAX,
        // Devices and store have limits of their own and always answer.
        State::Idle
        | State::Scanning(_)
        | State::Reading(_)
        | State::Checking(_)
        | State::Identifying(_)
        | State::Correcting(_)
        | State::Authorising(..)
        | State::Certifying(..)
        | State::Deferring(..) => return (state, vec![]),
    };
    if waited < limit {
        return (state, vec![]);
    }
    ended::expire(state)
}

#[cfg(test)]
mod tests;
