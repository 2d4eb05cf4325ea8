//! The officer asks for a page again: the person lays it, it is read, the rules are checked again,
//! and the case is back with the officer.
//!
//! Until its new picture has been read, a page stays as it was: who cannot lay it again, or has
//! left, loses nothing, and the officer decides on what there is.

use serde::{Deserialize, Serialize};

use super::{
    Answer, Dossier, Effect, Next, PAGE_COUNT_MAX, PageId, Say, Severity, State, Trouble, Wish,
    collecting, deciding,
};

/// How often the officer may ask in one visit: a paper that three more scans do not show is one for
/// the officer's own eyes.
pub const RESCANS_MAX: u8 = 3;

/// Why a page must be scanned again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RescanReason {
    /// Its picture is blurred.
    Blurred,
    /// Its edges are cut off.
    CutOff,
    /// Something covers it: a fold, a finger, another sheet.
    Covered,
    /// It is too dark, too bright, or shines.
    Light,
    /// It is another page or side than the one that belongs here.
    WrongPage,
    /// A page or side of the original is missing: one more is asked for, behind the others.
    Missing,
}

impl RescanReason {
    /// All reasons, in the order in which an officer sees them.
    pub const ALL: [Self; 6] =
        [Self::Blurred, Self::CutOff, Self::Covered, Self::Light, Self::WrongPage, Self::Missing];

    /// The reason with this code.
    pub fn with_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The code in the journal and in the words file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blurred => "BLURRED",
            Self::CutOff => "CUT_OFF",
            Self::Covered => "COVERED",
            Self::Light => "LIGHT",
            Self::WrongPage => "WRONG_PAGE",
            Self::Missing => "MISSING",
        }
    }
}

/// What an officer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescanRequest {
    /// The officer, by the id of the site file.
    pub officer: String,
    /// Why.
    pub reason: RescanReason,
    /// The pages; all if none is named. Nothing to [`RescanReason::Missing`].
    pub pages: Vec<PageId>,
}

/// A request that is not fulfilled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescan {
    /// Why.
    pub reason: RescanReason,
    /// The pages that are still to be laid, in their order.
    pub wanted: Vec<PageId>,
    /// Whether a page has been replaced or added since the rules were checked.
    pub changed: bool,
}

/// The officer asks.
pub(super) fn begin(mut dossier: Dossier, request: &RescanRequest) -> Next {
    if dossier.rescans >= RESCANS_MAX {
        return deciding::back(dossier, too_often());
    }
    let wanted = match request.reason {
        RescanReason::Missing if dossier.pages.len() >= PAGE_COUNT_MAX => vec![],
        RescanReason::Missing => vec![dossier.next_page],
        _ => {
            let asked = |id: &PageId| request.pages.is_empty() || request.pages.contains(id);
            dossier.pages.iter().map(|(id, _)| *id).filter(asked).collect()
        }
    };
    if wanted.is_empty() {
        return (State::Deciding(dossier), vec![]);
    }
    if request.reason == RescanReason::Missing {
        dossier.next_page = PageId(dossier.next_page.0 + 1);
    }
    dossier.rescans += 1;
    dossier.say = None;
    dossier.trouble = None;
    let effect = Effect::RecordRescan { request: request.clone(), pages: wanted.clone() };
    dossier.rescan = Some(Rescan { reason: request.reason, wanted, changed: false });
    (State::AwaitingRescan(dossier), vec![effect])
}

fn too_often() -> Trouble {
    Trouble {
        say: Say::RescanTooOften,
        cause: format!("pages were asked for again {RESCANS_MAX} times in this visit"),
        remedy: "look at the paper itself, or end the visit and begin another".into(),
        severity: Severity::Retry,
    }
}

/// The person lays the page, or the officer does without it.
pub(super) fn wish(mut dossier: Dossier, wish: &Wish) -> Next {
    let page = dossier.rescan.as_ref().and_then(|rescan| rescan.wanted.first().copied());
    match (wish, page) {
        (Wish::ScanPage, Some(page)) => {
            dossier.say = None;
            dossier.trouble = None;
            (State::Scanning(dossier), vec![Effect::ScanPage(page)])
        }
        (Wish::WithdrawRescan, _) => back(dossier, None),
        _ => (State::AwaitingRescan(dossier), vec![]),
    }
}

/// The page was scanned, or not.
pub(super) fn scanned(mut dossier: Dossier, answer: Answer) -> Next {
    let wanted = dossier.rescan.as_ref().and_then(|rescan| rescan.wanted.first().copied());
    match answer {
        Answer::Scanned(page) if wanted == Some(page) => {
            match dossier.pages.iter_mut().find(|(id, _)| *id == page) {
                Some((_, read)) => *read = false,
                None => dossier.pages.push((page, false)),
            }
            (State::Reading(dossier), vec![Effect::ReadPage(page)])
        }
        Answer::ScanFailed(trouble) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            (State::AwaitingRescan(dossier), vec![])
        }
        _ => (State::Scanning(dossier), vec![]),
    }
}

/// The new picture was read and takes its page's place, or it is of no use and must be laid again.
pub(super) fn read(mut dossier: Dossier, answer: Answer) -> Next {
    let Some(rescan) = &mut dossier.rescan else { return (State::Reading(dossier), vec![]) };
    match answer {
        Answer::PageUnusable(page, trouble) if rescan.wanted.first() == Some(&page) => {
            let added = rescan.reason == RescanReason::Missing;
            if added {
                dossier.pages.retain(|(id, _)| *id != page);
            }
            dossier.pages.iter_mut().filter(|(id, _)| *id == page).for_each(|(_, read)| {
                *read = true;
            });
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            (State::AwaitingRescan(dossier), vec![])
        }
        Answer::Read { page, turned } if rescan.wanted.first() == Some(&page) => {
            rescan.wanted.remove(0);
            rescan.changed = true;
            let done = rescan.wanted.is_empty();
            let effects = collecting::take_reading(&mut dossier, Answer::Read { page, turned });
            if done {
                let check = dossier.check_again();
                return (State::Checking(dossier), [effects, vec![check]].concat());
            }
            (State::AwaitingRescan(dossier), effects)
        }
        _ => (State::Reading(dossier), vec![]),
    }
}

/// The person did not lay the page in time.
pub(super) fn expire(dossier: Dossier) -> Next {
    let trouble = Trouble {
        say: Say::RescanNotDone,
        cause: "the page that was asked for was not laid in time".into(),
        remedy: "look whether the person needs help; the pages are those of before".into(),
        severity: Severity::Retry,
    };
    back(dossier, Some(trouble))
}

/// Back to the officer; by way of the rules if other pages were replaced already.
fn back(mut dossier: Dossier, trouble: Option<Trouble>) -> Next {
    let changed = dossier.rescan.as_ref().is_some_and(|rescan| rescan.changed);
    dossier.trouble = trouble;
    if changed {
        let check = dossier.check_again();
        return (State::Checking(dossier), vec![check]);
    }
    (returned(dossier), vec![])
}

/// The case is with the officer again.
pub(super) fn returned(mut dossier: Dossier) -> State {
    dossier.rescan = None;
    dossier.say = Some(Say::OfficerLooks);
    State::Deciding(dossier)
}
