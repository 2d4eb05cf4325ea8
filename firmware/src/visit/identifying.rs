//! Who asks for the copy: the card's code, its chip where there is a reader, then the face.

use super::{Answer, ChipGap, ChipOutcome, Dossier, Effect, Next, Say, State, Wish};

/// The person lays the card, or has none today.
pub(super) fn wish(mut dossier: Dossier, wish: Wish) -> Next {
    match wish {
        Wish::ScanCard => {
            dossier.say = None;
            dossier.trouble = None;
            (State::Identifying(dossier), vec![Effect::ScanCard])
        }
        Wish::SkipCard => {
            dossier.say = None;
            (State::Identifying(dossier), vec![Effect::CompareFace])
        }
        Wish::Start { .. }
        | Wish::ScanPage
        | Wish::PagesDone
        | Wish::Decide(_)
        | Wish::Defer(_)
        | Wish::SlipGiven
        | Wish::End => (State::AwaitingCard(dossier), vec![]),
    }
}

/// The card or the face was looked at.
pub(super) fn answer(mut dossier: Dossier, answer: Answer) -> Next {
    match answer {
        Answer::CardRead { chip: true } => {
            dossier.card_read = true;
            dossier.say = Some(Say::LayCardOnReader);
            (State::Identifying(dossier), vec![Effect::ReadChip])
        }
        Answer::CardRead { chip: false } => {
            dossier.card_read = true;
            dossier.chip = Some(ChipOutcome::NotRead(ChipGap::NoReader));
            (State::Identifying(dossier), vec![Effect::CompareFace])
        }
        // Whatever came of it, the visit goes on: the officer sees it.
        Answer::Chip(outcome) => {
            dossier.chip = Some(outcome);
            dossier.say = None;
            (State::Identifying(dossier), vec![Effect::CompareFace])
        }
        Answer::ScanFailed(trouble) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            (State::AwaitingCard(dossier), vec![])
        }
        Answer::Face(outcome) => {
            dossier.face = Some(outcome);
            dossier.say = Some(Say::OfficerLooks);
            (State::Deciding(dossier), vec![])
        }
        Answer::Scanned(_)
        | Answer::Read { .. }
        | Answer::PageUnusable(..)
        | Answer::Checked { .. }
        | Answer::CheckFailed(_)
        | Answer::NoRoom(_)
        | Answer::KeyOpened
        | Answer::KeyRefused(_)
        | Answer::Certified(_)
        | Answer::RefusalRecorded
        | Answer::Deferred(_)
        | Answer::DeferFailed(_)
        | Answer::CertifyFailed(_) => (State::Identifying(dossier), vec![]),
    }
}
