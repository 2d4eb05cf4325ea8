//! What the person says of the service, once the visit has its result: one answer, which names
//! nobody, and nothing that the visit depends on. The names are the journal's.

use serde::{Deserialize, Serialize};

use super::{Effect, Next, Say, State};

/// How the person found the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// Content.
    Good,
    /// Neither.
    Fair,
    /// Not content.
    Poor,
}

/// What was not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complaint {
    /// It took too long.
    Wait,
    /// It was hard to understand or to use.
    HardToUse,
    /// How people were treated.
    Manner,
    /// The machine failed.
    Machine,
    /// Something else.
    Other,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// How the person found the service.
    pub rating: Rating,
    /// What was not well, where the person says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<Complaint>,
}

/// Takes one answer of a visit that has a result; further ones change nothing.
pub(super) fn give(mut state: State, feedback: Feedback) -> Next {
    let (State::Issued(dossier, _) | State::Refused(dossier, _) | State::Deferred(dossier, _)) =
        &mut state
    else {
        return (state, vec![]);
    };
    if dossier.feedback_given {
        return (state, vec![]);
    }
    dossier.feedback_given = true;
    dossier.say = Some(Say::FeedbackThanks);
    (state, vec![Effect::RecordFeedback(feedback)])
}
