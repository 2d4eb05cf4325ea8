//! All pages are in: the last are read, then the refusal rules are checked.

use super::collecting::take_reading;
use super::{Answer, Dossier, Effect, Next, Refusal, RefusalReason, State};
use crate::steps::check::{Level, Rule};

/// A page is read; when all are, checking begins. A page that fails sends the person back to it.
pub(super) fn answer(mut dossier: Dossier, answer: Answer) -> Next {
    let unusable = matches!(answer, Answer::PageUnusable(..));
    let mut effects = take_reading(&mut dossier, answer);
    if unusable {
        return (State::Collecting(dossier), effects);
    }
    if dossier.all_read() {
        effects.push(Effect::Check);
        return (State::Checking(dossier), effects);
    }
    (State::Reading(dossier), effects)
}

/// The rules were checked. A secret mark (R3) ends the visit at once and wipes the pages;
/// everything else is for the officer to judge.
pub(super) fn checked(mut dossier: Dossier, answer: Answer) -> Next {
    let (kind, set, findings) = match answer {
        Answer::Checked { kind, findings } => (kind, None, findings),
        Answer::CheckedAs { read, set, findings } => (read, Some(set), findings),
        Answer::CheckFailed(trouble) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            // Pages that were replaced and not checked reach no officer: the way begins at them.
            dossier.rescan = None;
            return (State::Collecting(dossier), vec![]);
        }
        _ => return (State::Checking(dossier), vec![]),
    };
    let secret = findings.iter().any(|f| f.rule == Rule::R3Secret && f.level == Level::Stop);
    dossier.kind_set = set.filter(|set| set.id != kind.id);
    dossier.kind = Some(kind);
    dossier.findings = findings;
    if secret {
        // Evidence points into pages that are about to be gone.
        dossier.findings.clear();
        let refusal = Refusal { reason: RefusalReason::R3 };
        let effects = vec![Effect::Wipe, Effect::RecordSecretMark];
        return (State::Refused(dossier, refusal), effects);
    }
    if dossier.rescan.is_some() {
        return (super::rescanning::returned(dossier), vec![]);
    }
    (State::AwaitingCard(dossier), vec![])
}
