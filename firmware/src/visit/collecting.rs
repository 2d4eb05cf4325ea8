//! The person lays page after page; each is read while the next is laid.

use time::OffsetDateTime;

use super::{
    Answer, COPY_COUNT_MAX, Dossier, Effect, Next, PAGE_COUNT_MAX, PageId, Say, State, Wish,
};

/// A citizen steps up.
pub(super) fn start(wish: Wish, now: OffsetDateTime) -> Next {
    let Wish::Start { visit, copies } = wish else {
        return (State::Idle, vec![]);
    };
    let dossier = Dossier {
        visit,
        began: now,
        copies: copies.clamp(1, COPY_COUNT_MAX),
        pages: vec![],
        next_page: PageId(1),
        kind: None,
        kind_set: None,
        findings: vec![],
        card_read: false,
        chip: None,
        face: None,
        face_tries: 0,
        rescan: None,
        rescans: 0,
        feedback_given: false,
        say: None,
        trouble: None,
    };
    (State::Collecting(dossier), vec![Effect::LookForRoom])
}

/// The person wants a scan, or says that all pages are in.
pub(super) fn wish(mut dossier: Dossier, wish: Wish) -> Next {
    match wish {
        Wish::ScanPage if dossier.pages.len() >= PAGE_COUNT_MAX => {
            dossier.say = Some(Say::TooManyPages);
            (State::Collecting(dossier), vec![])
        }
        Wish::ScanPage => {
            dossier.say = None;
            dossier.trouble = None;
            let page = dossier.next_page;
            dossier.next_page = PageId(page.0 + 1);
            (State::Scanning(dossier), vec![Effect::ScanPage(page)])
        }
        Wish::DropLastPage => drop_last(dossier),
        Wish::PagesDone if dossier.pages.is_empty() => {
            dossier.say = Some(Say::LayFirstPage);
            (State::Collecting(dossier), vec![])
        }
        Wish::PagesDone if dossier.all_read() => {
            dossier.say = None;
            (State::Checking(dossier), vec![Effect::Check])
        }
        Wish::PagesDone => (State::Reading(dossier), vec![]),
        Wish::Start { .. }
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
        | Wish::End => (State::Collecting(dossier), vec![]),
    }
}

/// Takes the last page back, once it was read: before that, the reader would put it on the desk
/// behind this.
fn drop_last(mut dossier: Dossier) -> Next {
    let Some((page, true)) = dossier.pages.last().copied() else {
        return (State::Collecting(dossier), vec![]);
    };
    dossier.pages.pop();
    dossier.say = Some(Say::PageDropped);
    dossier.trouble = None;
    (State::Collecting(dossier), vec![Effect::DropPage(page)])
}

/// The scanner or the reader answers; `stay` is the state in which the visit is now.
pub(super) fn answer(mut dossier: Dossier, answer: Answer, stay: fn(Dossier) -> State) -> Next {
    match answer {
        Answer::Scanned(page) => {
            dossier.pages.push((page, false));
            (State::Collecting(dossier), vec![Effect::ReadPage(page)])
        }
        Answer::ScanFailed(trouble) => {
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            (State::Collecting(dossier), vec![])
        }
        read_or_unusable => {
            let effects = take_reading(&mut dossier, read_or_unusable);
            (stay(dossier), effects)
        }
    }
}

/// Notes what the reader said of a page; an unusable one is dropped and must be laid again.
pub(super) fn take_reading(dossier: &mut Dossier, answer: Answer) -> Vec<Effect> {
    match answer {
        Answer::Read { page, turned } => {
            for (id, read) in &mut dossier.pages {
                *read |= *id == page;
            }
            if turned {
                dossier.say = Some(Say::PageTurned);
            }
            vec![]
        }
        Answer::PageUnusable(page, trouble) => {
            dossier.pages.retain(|(id, _)| *id != page);
            dossier.say = Some(trouble.say);
            dossier.trouble = Some(trouble);
            vec![Effect::DropPage(page)]
        }
        Answer::Scanned(_)
        | Answer::ScanFailed(_)
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
        | Answer::CertifyFailed(_) => vec![],
    }
}
