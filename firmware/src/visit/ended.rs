//! The ways a visit ends.

use time::OffsetDateTime;

use super::{Effect, Next, Say, Severity, State, Trouble, Wish, collecting};

/// The person ends the visit. While a copy is being certified it cannot be ended any more: a number
/// is in use, and the result comes within seconds.
pub(super) fn end(state: State) -> Next {
    match state {
        State::Idle => (State::Idle, vec![]),
        State::Authorising(..) | State::Certifying(..) => (state, vec![]),
        State::Collecting(_)
        | State::Scanning(_)
        | State::Reading(_)
        | State::Checking(_)
        | State::AwaitingCard(_)
        | State::Identifying(_)
        | State::Deciding(_)
        | State::Issued(..)
        | State::Refused(..)
        | State::Failed(..) => (State::Idle, vec![Effect::Wipe]),
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
        | Wish::PagesDone
        | Wish::ScanCard
        | Wish::SkipCard
        | Wish::Decide(_)
        | Wish::End => (state, vec![]),
    }
}

/// A wait came to its end: a result is cleared, an unfinished visit is wiped and says so.
pub(super) fn expire(state: State) -> Next {
    match state {
        State::Collecting(dossier) | State::AwaitingCard(dossier) | State::Deciding(dossier) => {
            let trouble = Trouble {
                say: Say::TimedOut,
                cause: "the visit waited longer than its limit".into(),
                remedy: "nothing to repair; the person can start again".into(),
                severity: Severity::Retry,
            };
            (State::Failed(dossier, trouble), vec![Effect::Wipe])
        }
        other => end(other),
    }
}
