//! What is answered where the kiosk itself fails: every effect has an answer that says so.

use crate::steps::print;
use crate::visit::{
    Answer, ChipGap, ChipOutcome, Effect, FaceGap, FaceOutcome, Say, Severity, Trouble,
};

/// A trouble inside the kiosk itself.
pub(super) fn internal(cause: &str) -> Trouble {
    Trouble {
        say: Say::Internal,
        cause: cause.into(),
        remedy: "collect the log and report it; the visit can be started again".into(),
        severity: Severity::Service,
    }
}

/// The failing answer of an effect that did not come to an end.
pub(super) fn failed(effect: &Effect, cause: &str) -> Answer {
    let trouble = internal(cause);
    match effect {
        Effect::LookForRoom => Answer::NoRoom(trouble),
        Effect::ScanPage(_) | Effect::ScanCard => Answer::ScanFailed(trouble),
        Effect::ReadPage(page) => Answer::PageUnusable(*page, trouble),
        Effect::OpenKey(_) => Answer::KeyRefused(trouble),
        Effect::Certify(_) | Effect::RecordRefusal(..) => Answer::CertifyFailed(trouble),
        Effect::Defer(_) => Answer::DeferFailed(trouble),
        Effect::PrintTicket(_) => {
            Answer::TicketFailed(Trouble { say: Say::TicketFailed, ..trouble })
        }
        Effect::PrintCopy(..) => Answer::CopyNotPrinted(print::not_tried(trouble)),
        Effect::Check
        | Effect::CheckAs(_)
        | Effect::DropPage(_)
        | Effect::RecordSecretMark
        | Effect::RecordConsent(_)
        | Effect::RecordRescan { .. }
        | Effect::RecordFeedback(_)
        | Effect::TakeCard
        | Effect::StopFace
        | Effect::NoteReceived
        | Effect::KeepSlip
        | Effect::Wipe => Answer::CheckFailed(trouble),
        Effect::ReadChip => Answer::Chip(ChipOutcome::NotRead(ChipGap::Reader)),
        Effect::LookForFace | Effect::CompareFace { .. } => {
            Answer::Face(FaceOutcome::NotCompared(FaceGap::Failed))
        }
    }
}
