//! The officer decides; only an opened key leads on.

use super::{Answer, Decision, Dossier, Effect, Next, Prints, Refusal, State, Trouble, Wish};

/// The officer decided; the PIN must open the key before anything else happens.
pub(super) fn wish(mut dossier: Dossier, wish: Wish) -> Next {
    match wish {
        Wish::Decide(decision) => {
            dossier.trouble = None;
            let effect = Effect::OpenKey(decision.clone());
            (State::Authorising(dossier, decision), vec![effect])
        }
        Wish::Defer(deferral) => super::deferring::begin(dossier, deferral),
        Wish::CorrectKind(kind) => (State::Correcting(dossier), vec![Effect::CheckAs(kind)]),
        Wish::Rescan(request) => super::rescanning::begin(dossier, &request),
        Wish::Start { .. }
        | Wish::ScanPage
        | Wish::DropLastPage
        | Wish::PagesDone
        | Wish::ScanCard
        | Wish::SkipCard
        | Wish::CompareFace { .. }
        | Wish::SkipFace
        | Wish::WithdrawRescan
        | Wish::SlipGiven
        | Wish::PrintAgain
        | Wish::Feedback(_)
        | Wish::End => (State::Deciding(dossier), vec![]),
    }
}

/// The rules were looked at for the kind that the officer set; one that is the reader's own is no
/// correction any more.
pub(super) fn corrected(mut dossier: Dossier, answer: Answer) -> Next {
    match answer {
        Answer::CheckedAs { read, set, findings } => {
            dossier.kind_set = Some(set).filter(|set| set.id != read.id);
            dossier.kind = Some(read);
            dossier.findings = findings;
            dossier.trouble = None;
            (State::Deciding(dossier), vec![])
        }
        Answer::CheckFailed(trouble) => back(dossier, trouble),
        _ => (State::Correcting(dossier), vec![]),
    }
}

/// The key opened, or not.
pub(super) fn authorised(dossier: Dossier, decision: Decision, answer: Answer) -> Next {
    match answer {
        Answer::KeyOpened => {
            let effect = match &decision.verdict {
                Ok(_) => Effect::Certify(decision.clone()),
                Err(reason) => Effect::RecordRefusal(decision.clone(), *reason),
            };
            (State::Certifying(dossier, decision), vec![effect])
        }
        Answer::KeyRefused(trouble) => back(dossier, trouble),
        Answer::Scanned(_)
        | Answer::ScanFailed(_)
        | Answer::Read { .. }
        | Answer::PageUnusable(..)
        | Answer::Checked { .. }
        | Answer::CheckedAs { .. }
        | Answer::CheckFailed(_)
        | Answer::NoRoom(_)
        | Answer::CardRead { .. }
        | Answer::CardShown { .. }
        | Answer::CodeUnread(_)
        | Answer::Chip(_)
        | Answer::FaceReady
        | Answer::Face(_)
        | Answer::Certified(_)
        | Answer::RefusalRecorded
        | Answer::Deferred(_)
        | Answer::DeferFailed(_)
        | Answer::TicketPrinted(_)
        | Answer::TicketFailed(_)
        | Answer::CopyPrinted
        | Answer::CopyNotPrinted(_)
        | Answer::CertifyFailed(_) => (State::Authorising(dossier, decision), vec![]),
    }
}

/// The copy is durable, the refusal is recorded, or neither happened and the officer may try again.
pub(super) fn certified(mut dossier: Dossier, decision: Decision, answer: Answer) -> Next {
    match (answer, &decision.verdict) {
        (Answer::Certified(issued), _) => {
            dossier.say = None;
            let mut effects = vec![Effect::Wipe, Effect::PrintTicket(issued.clone())];
            if let Prints::Going(time) = issued.prints {
                effects.push(Effect::PrintCopy(issued.clone(), time));
            }
            (State::Issued(dossier, issued), effects)
        }
        (Answer::RefusalRecorded, Err(reason)) => {
            let refusal = Refusal { reason: *reason };
            (State::Refused(dossier, refusal), vec![Effect::Wipe])
        }
        (Answer::CertifyFailed(trouble), _) => back(dossier, trouble),
        (_, _) => (State::Certifying(dossier, decision), vec![]),
    }
}

/// Back to the officer with the trouble shown; pages and findings are kept.
pub(super) fn back(mut dossier: Dossier, trouble: Trouble) -> Next {
    dossier.trouble = Some(trouble);
    (State::Deciding(dossier), vec![])
}
