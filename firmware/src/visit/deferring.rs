//! The copy is promised for later (hẹn trả): the pages are wiped, a slip says when to come back.
//!
//! The original stays with its owner and is scanned again on the day. Deferring needs no PIN: it
//! signs nothing, and one reason for it is that nobody who may sign is there.

use formats_vn::due::Extension;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Answer, Dossier, Effect, Next, State, Wish, deciding};

/// Why a copy is promised for later (Decree 23/2015 on certification, articles 7 and 21, by
/// secondary sources).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferralReason {
    /// Within the ordinary time: later the same day, or received after 15:00.
    Rule,
    /// Many kinds of papers, many pages, many copies.
    Many,
    /// The content is hard to compare.
    Hard,
    /// The requester agreed to a later day in writing.
    Agreed,
}

impl DeferralReason {
    /// All reasons, in the order in which an officer sees them.
    pub const ALL: [Self; 4] = [Self::Rule, Self::Many, Self::Hard, Self::Agreed];

    /// The reason with this code.
    pub fn with_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The code in the journal and in the words file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rule => "RULE",
            Self::Many => "MANY",
            Self::Hard => "HARD",
            Self::Agreed => "AGREED",
        }
    }

    /// Whether this reason allows that much more time.
    pub const fn allows(self, extension: Extension) -> bool {
        matches!(
            (self, extension),
            (Self::Rule, Extension::None)
                | (Self::Many | Self::Hard, Extension::WorkingDays(_))
                | (Self::Agreed, Extension::Agreed(_))
        )
    }
}

/// What an officer promises.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deferral {
    /// Who receives the paper, by the id of the site file.
    pub officer: String,
    /// Why the copy comes later.
    pub reason: DeferralReason,
    /// How much later than by the rule.
    #[serde(skip)]
    pub extension: Extension,
    /// Name of the original, for the slip.
    pub title: String,
    /// Name of the person who asks for the copy, for the slip; wiped with the visit.
    #[serde(skip)]
    pub requester: String,
}

/// What was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Appointment {
    /// Number on the slip and in the journal; tells nothing of the person.
    pub slip: String,
    /// Why the copy comes later.
    pub reason: DeferralReason,
    /// When paper and request were complete.
    #[serde(with = "time::serde::rfc3339")]
    pub received: OffsetDateTime,
    /// When the copy will be there.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
}

/// The officer promises the copy for later.
pub(super) fn begin(mut dossier: Dossier, deferral: Deferral) -> Next {
    dossier.trouble = None;
    let effect = Effect::Defer(deferral.clone());
    (State::Deferring(dossier, deferral), vec![effect])
}

/// The appointment is on record, or the officer may try otherwise.
pub(super) fn answer(dossier: Dossier, deferral: Deferral, answer: Answer) -> Next {
    match answer {
        Answer::Deferred(appointment) => {
            (State::Deferred(dossier, appointment), vec![Effect::KeepSlip])
        }
        Answer::DeferFailed(trouble) => deciding::back(dossier, trouble),
        _ => (State::Deferring(dossier, deferral), vec![]),
    }
}

/// Only the officer ends this state early: the person's touch must not take the slip away.
pub(super) fn wish(dossier: Dossier, appointment: Appointment, wish: Wish) -> Next {
    match wish {
        Wish::SlipGiven => (State::Idle, vec![Effect::Wipe]),
        _ => (State::Deferred(dossier, appointment), vec![]),
    }
}
