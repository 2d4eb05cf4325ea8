//! The ways a visit ends.

use time::OffsetDateTime;

use super::{
    Answer, Dossier, Effect, Issued, Next, Payment, Prints, Say, Severity, State, Trouble, Wish,
    collecting, rescanning,
};

/// The person ends the visit. While a copy is being certified it cannot be ended any more: a number
/// is in use, and the result comes within seconds.
pub(super) fn end(state: State) -> Next {
    match state {
        State::Idle => (State::Idle, vec![]),
        // Paper with a person's data comes out: the person stays for it. The printer has limits.
        State::Issued(_, Issued { prints: Prints::Going(_), .. }) => (state, vec![]),
        State::Authorising(..)
        | State::Certifying(..)
        | State::Deferring(..)
        // The slip is not in the person's hands yet: the officer ends this.
        | State::Deferred(..) => (state, vec![]),
        State::Collecting(_)
        | State::Scanning(_)
        | State::Reading(_)
        | State::Checking(_)
        | State::AwaitingCard(_)
        | State::Identifying(_)
        | State::AwaitingFace(_)
        | State::Deciding(_)
        | State::Correcting(_)
        | State::AwaitingRescan(_)
        | State::Issued(..)
        | State::Refused(..)
        | State::Failed(..) => (State::Idle, vec![Effect::Wipe]),
    }
}

/// Ticket or prints are out, or not: the copy is issued all the same.
pub(super) fn printed(mut dossier: Dossier, mut issued: Issued, answer: Answer) -> State {
    match (answer, issued.prints) {
        (Answer::TicketPrinted(low), _) => {
            dossier.say = Some(Say::TakeTicket);
            dossier.trouble = dossier.trouble.or(low);
        }
        (Answer::TicketFailed(trouble), _) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = dossier.trouble.or(Some(trouble));
        }
        (Answer::CopyPrinted, Prints::Going(_)) => issued.prints = Prints::Out,
        (Answer::CopyNotPrinted(trouble), Prints::Going(time)) => {
            issued.prints = Prints::Failed(time);
            dossier.trouble = Some(trouble);
        }
        _ => {}
    }
    State::Issued(dossier, issued)
}

/// The fee of the copy that is shown was taken, or is due after all; nothing else is at stake.
pub(super) fn fee_settled(state: State, book: &str, number: u32, taken: bool) -> State {
    match state {
        State::Issued(dossier, mut copy) if copy.book == book && copy.number == number => {
            copy.payment = if taken { Payment::Taken } else { Payment::Due };
            State::Issued(dossier, copy)
        }
        other => other,
    }
}

/// After a copy was issued: its prints once more, or the next citizen, who waits for paper that is
/// still coming out.
pub(super) fn issued(
    mut dossier: Dossier,
    mut copy: Issued,
    wish: Wish,
    now: OffsetDateTime,
) -> Next {
    match (&wish, copy.prints) {
        (Wish::PrintAgain, Prints::Failed(times)) => {
            copy.prints = Prints::Going(times + 1);
            dossier.trouble = None;
            let effect = Effect::PrintCopy(copy.clone(), times + 1);
            (State::Issued(dossier, copy), vec![effect])
        }
        (_, Prints::Going(_)) => (State::Issued(dossier, copy), vec![]),
        _ => restart(State::Issued(dossier, copy), wish, now),
    }
}

/// After a result the next citizen may start right away.
pub(super) fn restart(state: State, wish: Wish, now: OffsetDateTime) -> Next {
    match wish {
        Wish::Start { .. } => {
            let (next, mut effects) = collecting::start(wish, now);
            effects.insert(0, Effect::Wipe);
            (next, effects)
        }
        Wish::ScanPage
        | Wish::DropLastPage
        | Wish::PagesDone
        | Wish::ScanCard
        | Wish::SkipCard
        | Wish::CompareFace { .. }
        | Wish::SkipFace
        | Wish::Decide(_)
        | Wish::Defer(_)
        | Wish::CorrectKind(_)
        | Wish::Rescan(_)
        | Wish::WithdrawRescan
        | Wish::SlipGiven
        | Wish::PrintAgain
        | Wish::Feedback(_)
        | Wish::End => (state, vec![]),
    }
}

/// The kiosk cannot keep another copy: a visit that has not reached the officer ends before more of
/// the person's time goes into it. Later it goes on, for the reserve is there for those who began.
pub(super) fn no_room(state: State, trouble: Trouble) -> Next {
    if state_of_rescan(&state) {
        return (state, vec![]);
    }
    match state {
        State::Collecting(mut dossier)
        | State::Scanning(mut dossier)
        | State::Reading(mut dossier)
        | State::Checking(mut dossier)
        | State::AwaitingCard(mut dossier) => {
            dossier.trouble = Some(trouble.clone());
            (State::Failed(dossier, trouble), vec![Effect::Wipe])
        }
        State::Idle
        | State::Identifying(_)
        | State::AwaitingFace(_)
        | State::Deciding(_)
        | State::Correcting(_)
        | State::AwaitingRescan(_)
        | State::Authorising(..)
        | State::Certifying(..)
        | State::Deferring(..)
        | State::Deferred(..)
        | State::Issued(..)
        | State::Refused(..)
        | State::Failed(..) => (state, vec![]),
    }
}

/// The battery ends: what waits for a person or an officer is wiped and says so, a result goes from
/// the screen. What a device or the store is doing comes to its end, and this is said again.
pub(super) fn power_ends(state: State, trouble: Trouble) -> Next {
    match state {
        State::Collecting(mut dossier)
        | State::AwaitingCard(mut dossier)
        | State::AwaitingFace(mut dossier)
        | State::Deciding(mut dossier)
        | State::AwaitingRescan(mut dossier) => {
            dossier.trouble = Some(trouble.clone());
            (State::Failed(dossier, trouble), vec![Effect::Wipe])
        }
        // Who was told that the battery ends reads it until the end.
        State::Failed(dossier, why) if why.say == trouble.say => {
            (State::Failed(dossier, why), vec![])
        }
        State::Scanning(_)
        | State::Reading(_)
        | State::Checking(_)
        | State::Correcting(_)
        | State::Identifying(_) => (state, vec![]),
        // The appointment is on record; only its slip goes.
        State::Deferred(..) => (State::Idle, vec![Effect::Wipe]),
        other => end(other),
    }
}

/// The person went away: what waits for a person, or shows a person's result, ends as after a long
/// wait. What waits for an officer goes on, who may have asked the person over.
pub(super) fn left(state: State) -> Next {
    match state {
        // A printer's paper is still coming out.
        State::Issued(_, Issued { prints: Prints::Going(_), .. }) => (state, vec![]),
        State::Collecting(_)
        | State::AwaitingCard(_)
        | State::AwaitingFace(_)
        | State::AwaitingRescan(_)
        | State::Issued(..)
        | State::Refused(..)
        | State::Failed(..) => expire(state),
        State::Idle
        | State::Scanning(_)
        | State::Reading(_)
        | State::Checking(_)
        | State::Identifying(_)
        | State::Deciding(_)
        | State::Correcting(_)
        | State::Authorising(..)
        | State::Certifying(..)
        | State::Deferring(..)
        | State::Deferred(..) => (state, vec![]),
    }
}

/// Whether the officer had the case already and waits for a page of it.
const fn state_of_rescan(state: &State) -> bool {
    matches!(
        state,
        State::Scanning(Dossier { rescan: Some(_), .. })
            | State::Reading(Dossier { rescan: Some(_), .. })
            | State::Checking(Dossier { rescan: Some(_), .. })
    )
}

/// A wait came to its end: a result is cleared, an unfinished visit is wiped and says so.
pub(super) fn expire(state: State) -> Next {
    match state {
        State::Collecting(dossier)
        | State::AwaitingCard(dossier)
        | State::AwaitingFace(dossier)
        | State::Deciding(dossier) => {
            let trouble = Trouble {
                say: Say::TimedOut,
                cause: "the visit waited longer than its limit".into(),
                remedy: "nothing to repair; the person can start again".into(),
                severity: Severity::Retry,
            };
            (State::Failed(dossier, trouble), vec![Effect::Wipe])
        }
        State::AwaitingRescan(dossier) => rescanning::expire(dossier),
        State::Deferred(..) => (State::Idle, vec![Effect::Wipe]),
        other => end(other),
    }
}
