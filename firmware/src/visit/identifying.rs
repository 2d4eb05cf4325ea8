//! Who asks for the copy: the card's code, its chip where there is a reader, then the face where
//! there is a camera and the person consents.

use super::{
    Answer, ChipGap, ChipOutcome, Dossier, Effect, FACE_TRIES_MAX, FaceGap, FaceOutcome, Next, Say,
    State, Wish,
};

/// The person lays the card, or has none today.
pub(super) fn wish(mut dossier: Dossier, wish: Wish) -> Next {
    match wish {
        Wish::ScanCard => {
            dossier.say = None;
            dossier.trouble = None;
            (State::Identifying(dossier), vec![Effect::ScanCard])
        }
        Wish::SkipCard => {
            dossier.face = Some(FaceOutcome::NotCompared(FaceGap::NoPortrait));
            to_officer(dossier)
        }
        Wish::Start { .. }
        | Wish::ScanPage
        | Wish::DropLastPage
        | Wish::PagesDone
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
        | Wish::End => (State::AwaitingCard(dossier), vec![]),
    }
}

/// The person says whether the face may be compared.
pub(super) fn face_wish(mut dossier: Dossier, wish: &Wish) -> Next {
    match wish {
        Wish::CompareFace { slowly } => {
            dossier.face_tries += 1;
            dossier.say = None;
            let compare = Effect::CompareFace { slowly: *slowly };
            (State::Identifying(dossier), vec![Effect::RecordConsent(true), compare])
        }
        Wish::SkipFace => {
            let consented = dossier.face_tries > 0;
            dossier.face.get_or_insert(FaceOutcome::NotCompared(FaceGap::Declined));
            let (state, mut effects) = to_officer(dossier);
            if !consented {
                effects.push(Effect::RecordConsent(false));
            }
            (state, effects)
        }
        _ => (State::AwaitingFace(dossier), vec![]),
    }
}

/// While the kiosk looks at the person, they may leave it to the officer at any time.
pub(super) fn leave(mut dossier: Dossier, wish: &Wish) -> Next {
    if !matches!(wish, Wish::SkipFace) || dossier.face_tries == 0 {
        return (State::Identifying(dossier), vec![]);
    }
    dossier.face.get_or_insert(FaceOutcome::NotCompared(FaceGap::Declined));
    let (state, mut effects) = to_officer(dossier);
    effects.insert(0, Effect::StopFace);
    (state, effects)
}

/// A code was held before the barcode reader while the card is awaited.
pub(super) fn shown(mut dossier: Dossier, answer: Answer) -> Next {
    match answer {
        Answer::CardShown { chip } => {
            dossier.say = None;
            dossier.trouble = None;
            let (state, mut effects) = self::answer(dossier, Answer::CardRead { chip });
            effects.insert(0, Effect::TakeCard);
            (state, effects)
        }
        Answer::CodeUnread(trouble) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            (State::AwaitingCard(dossier), vec![])
        }
        _ => (State::AwaitingCard(dossier), vec![]),
    }
}

/// The card, its chip or the face was looked at.
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
            (State::Identifying(dossier), vec![Effect::LookForFace])
        }
        // Whatever came of it, the visit goes on: the officer sees it.
        Answer::Chip(outcome) => {
            dossier.chip = Some(outcome);
            dossier.say = None;
            (State::Identifying(dossier), vec![Effect::LookForFace])
        }
        Answer::ScanFailed(trouble) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            (State::AwaitingCard(dossier), vec![])
        }
        Answer::FaceReady => {
            dossier.say = None;
            (State::AwaitingFace(dossier), vec![])
        }
        Answer::Face(outcome) => {
            dossier.face = Some(outcome);
            match outcome.retry().filter(|_| (1..FACE_TRIES_MAX).contains(&dossier.face_tries)) {
                Some(advice) => {
                    dossier.say = Some(advice);
                    (State::AwaitingFace(dossier), vec![])
                }
                None => to_officer(dossier),
            }
        }
        Answer::CardShown { .. }
        | Answer::CodeUnread(_)
        | Answer::Scanned(_)
        | Answer::Read { .. }
        | Answer::PageUnusable(..)
        | Answer::Checked { .. }
        | Answer::CheckedAs { .. }
        | Answer::CheckFailed(_)
        | Answer::NoRoom(_)
        | Answer::KeyOpened
        | Answer::KeyRefused(_)
        | Answer::Certified(_)
        | Answer::RefusalRecorded
        | Answer::Deferred(_)
        | Answer::DeferFailed(_)
        | Answer::TicketPrinted(_)
        | Answer::TicketFailed(_)
        | Answer::CopyPrinted
        | Answer::CopyNotPrinted(_)
        | Answer::CertifyFailed(_) => (State::Identifying(dossier), vec![]),
    }
}

/// Paper and request are complete.
fn to_officer(mut dossier: Dossier) -> Next {
    dossier.say = Some(Say::OfficerLooks);
    (State::Deciding(dossier), vec![Effect::NoteReceived])
}
