//! The visit's promises: the whole way, the ways back, and what no sequence of events can do.

use proptest::prelude::*;

use super::types::Approval;
use super::*;
use crate::steps::check::{Finding, Level, Rule};

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

fn id() -> VisitId {
    VisitId("a1".into())
}

fn trouble(say: Say) -> Trouble {
    Trouble { say, cause: "test".into(), remedy: "test".into(), severity: Severity::Retry }
}

fn kind() -> KindFact {
    KindFact {
        id: "decision".into(), vi: "Quyết định".into(), en: "Decision".into(), score: 1.0
    }
}

fn approve() -> Wish {
    let approval =
        Approval { title: "Quyết định".into(), requester: "Trần Văn Mẫu".into() };
    Wish::Decide(Decision { officer: "a".into(), verdict: Ok(approval), confirms_clock: false })
}

fn refuse(reason: RefusalReason) -> Wish {
    Wish::Decide(Decision { officer: "a".into(), verdict: Err(reason), confirms_clock: false })
}

fn issued() -> Issued {
    Issued {
        number: 1,
        book: "01/2026-SCT/BS".into(),
        fee_vnd: 2_000,
        fee_waived: None,
        code: "0000".into(),
        sha256: "00".into(),
        qr: "https://x".into(),
        verify_url: "https://x".into(),
        prints: Prints::None,
        payment: Payment::Free,
    }
}

/// Feeds events one second apart and returns the visit and all effects.
fn run(events: Vec<Event>) -> (Visit, Vec<Effect>) {
    let mut visit = Visit::idle(at(0));
    let mut all = vec![];
    for (i, event) in events.into_iter().enumerate() {
        let (next, effects) = visit.step(event, at(i64::try_from(i).expect("few events")));
        visit = next;
        all.extend(effects);
    }
    (visit, all)
}

fn wish(wish: Wish) -> Event {
    Event::Wish(wish)
}

fn answer(answer: Answer) -> Event {
    Event::Answer(id(), answer)
}

fn start() -> Event {
    wish(Wish::Start { visit: id(), copies: 1 })
}

/// The events of a two-page visit up to the officer.
fn to_the_officer() -> Vec<Event> {
    vec![
        start(),
        wish(Wish::ScanPage),
        answer(Answer::Scanned(PageId(1))),
        wish(Wish::ScanPage),
        answer(Answer::Read { page: PageId(1), turned: false }),
        answer(Answer::Scanned(PageId(2))),
        wish(Wish::PagesDone),
        answer(Answer::Read { page: PageId(2), turned: true }),
        answer(Answer::Checked { kind: kind(), findings: vec![] }),
        wish(Wish::ScanCard),
        answer(Answer::CardRead { chip: true }),
        answer(Answer::Chip(ChipOutcome::Genuine)),
        answer(Answer::Face(FaceOutcome::NotCompared(FaceGap::NoModel))),
    ]
}

/// The events of a visit up to the question whether the face may be compared.
fn to_the_camera() -> Vec<Event> {
    let mut events = to_the_officer();
    events.pop();
    events.push(answer(Answer::FaceReady));
    events
}

fn compared(matches: bool, live: bool, advice: Option<Say>) -> Event {
    let (score, threshold, liveness, frames) = (800, 750, 600, 3);
    let printed = false;
    answer(Answer::Face(FaceOutcome::Compared(FaceResult {
        matches,
        live,
        printed,
        score,
        threshold,
        liveness,
        frames,
        advice,
    })))
}

#[test]
fn a_card_before_the_barcode_reader_is_taken_as_one_on_the_glass() {
    let until_card = || to_the_officer().into_iter().take(9).collect::<Vec<_>>();
    let mut glass = until_card();
    glass.extend([wish(Wish::ScanCard), answer(Answer::CardRead { chip: true })]);
    let mut shown = until_card();
    shown.push(answer(Answer::CodeUnread(trouble(Say::CodeUnread))));
    let (waiting, effects) = run(shown.clone());
    assert!(matches!(waiting.state(), State::AwaitingCard(d) if d.say == Some(Say::CodeUnread)));
    assert!(!effects.contains(&Effect::TakeCard));
    shown.push(answer(Answer::CardShown { chip: true }));
    let ((by_glass, _), (by_reader, effects)) = (run(glass), run(shown));
    assert_eq!(by_reader.state(), by_glass.state());
    assert!(effects.ends_with(&[Effect::TakeCard, Effect::ReadChip]));
}

#[test]
fn a_card_shown_while_the_glass_is_scanned_or_later_is_not_taken() {
    for known in [10, 11, 13] {
        let mut events: Vec<_> = to_the_officer().into_iter().take(known).collect();
        let before = run(events.clone());
        events.push(answer(Answer::CardShown { chip: true }));
        let after = run(events);
        assert_eq!(before.0.state(), after.0.state());
        assert_eq!(before.1, after.1, "nothing is done for it");
    }
}

#[test]
fn no_face_is_looked_at_without_consent_and_the_answer_goes_on_record() {
    let (visit, effects) = run(to_the_camera());
    assert!(matches!(visit.state(), State::AwaitingFace(_)));
    assert!(!effects.iter().any(|e| matches!(e, Effect::CompareFace { .. })));

    let mut events = to_the_camera();
    events.push(wish(Wish::SkipFace));
    let (visit, effects) = run(events);
    let declined = Some(FaceOutcome::NotCompared(FaceGap::Declined));
    assert!(matches!(visit.state(), State::Deciding(d) if d.face == declined));
    assert!(effects.ends_with(&[Effect::NoteReceived, Effect::RecordConsent(false)]));

    let mut events = to_the_camera();
    events.push(wish(Wish::CompareFace { slowly: true }));
    events.push(compared(true, true, None));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Deciding(_)));
    let [consent, compare, received] = &effects[effects.len() - 3..] else { panic!("three") };
    assert_eq!(*consent, Effect::RecordConsent(true));
    assert_eq!(*compare, Effect::CompareFace { slowly: true });
    assert_eq!(*received, Effect::NoteReceived);
}

#[test]
fn a_face_that_does_not_match_may_be_tried_again_with_advice_and_never_ends_the_visit() {
    let mut events = to_the_camera();
    for advice in [Some(Say::FaceDark), None] {
        events.push(wish(Wish::CompareFace { slowly: false }));
        events.push(compared(false, true, advice));
        let (visit, _) = run(events.clone());
        let said = advice.unwrap_or(Say::FaceAgain);
        assert!(matches!(visit.state(), State::AwaitingFace(d) if d.say == Some(said)));
    }
    events.push(wish(Wish::CompareFace { slowly: false }));
    events.push(compared(true, false, None));
    let (visit, _) = run(events);
    let State::Deciding(dossier) = visit.state() else { panic!("{visit:?}") };
    assert_eq!(dossier.face_tries, FACE_TRIES_MAX);
    assert_eq!(dossier.face.map(FaceOutcome::code), Some("match_not_live"));
}

#[test]
fn who_would_rather_not_be_looked_at_any_longer_goes_on_to_the_officer() {
    let mut events = to_the_camera();
    events.push(wish(Wish::CompareFace { slowly: false }));
    events.push(wish(Wish::SkipFace));
    let (visit, effects) = run(events.clone());
    assert!(matches!(visit.state(), State::Deciding(_)));
    assert!(effects.ends_with(&[Effect::StopFace, Effect::NoteReceived]));
    // What the camera says after that changes nothing.
    events.push(compared(false, false, None));
    let declined = Some(FaceOutcome::NotCompared(FaceGap::Declined));
    assert!(matches!(run(events).0.state(), State::Deciding(d) if d.face == declined));
    // While the chip is read there is nothing to leave.
    let mut events = to_the_officer();
    events.truncate(events.len() - 2);
    events.push(wish(Wish::SkipFace));
    assert!(matches!(run(events).0.state(), State::Identifying(_)));
}

#[test]
fn a_two_page_visit_reaches_a_certified_copy() {
    let mut events = to_the_officer();
    events.push(wish(approve()));
    events.push(answer(Answer::KeyOpened));
    events.push(answer(Answer::Certified(issued())));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Issued(..)));
    let certified = effects.iter().filter(|e| matches!(e, Effect::Certify(_))).count();
    assert_eq!(certified, 1);
    assert!(effects.ends_with(&[Effect::Wipe, Effect::PrintTicket(issued())]), "{effects:?}");
}

#[test]
fn a_ticket_that_cannot_be_printed_leaves_the_copy_issued_and_both_told() {
    let mut events = to_the_officer();
    events.push(wish(approve()));
    events.push(answer(Answer::KeyOpened));
    events.push(answer(Answer::Certified(issued())));
    let (visit, _) = run(events);
    let after = |told: Answer| {
        let (visit, effects) = visit.clone().step(answer(told), at(60));
        assert!(
            effects.is_empty() && matches!(visit.state(), State::Issued(_, i) if *i == issued())
        );
        let dossier = visit.dossier().cloned().expect("a visit");
        (dossier.say, dossier.trouble)
    };
    let failed = trouble(Say::TicketFailed);
    let told = after(Answer::TicketFailed(failed.clone()));
    assert_eq!(told, (Some(Say::TicketFailed), Some(failed)));
    assert_eq!(after(Answer::TicketPrinted(None)), (Some(Say::TakeTicket), None));
    let low = Some(trouble(Say::TicketPaperLow));
    assert_eq!(after(Answer::TicketPrinted(low.clone())), (Some(Say::TakeTicket), low));
}

#[test]
fn a_person_stays_for_the_print_and_a_failed_one_is_printed_again_once_somebody_asks() {
    let printing = |time| Issued { prints: Prints::Going(time), ..issued() };
    let mut events = to_the_officer();
    events.push(wish(approve()));
    events.push(answer(Answer::KeyOpened));
    events.push(answer(Answer::Certified(printing(1))));
    let (visit, effects) = run(events);
    assert_eq!(effects.last(), Some(&Effect::PrintCopy(printing(1), 1)));
    let still = |event| {
        let (next, effects) = visit.clone().step(event, at(100_000));
        assert!(effects.is_empty() && next.state() == visit.state());
    };
    still(wish(Wish::End));
    still(wish(Wish::PrintAgain));
    still(wish(Wish::Start { visit: VisitId("other".into()), copies: 1 }));
    still(Event::Tick);

    let failed = trouble(Say::CopyNotPrinted);
    let (visit, _) = visit.step(answer(Answer::CopyNotPrinted(failed.clone())), at(100_000));
    assert_eq!(visit.dossier().and_then(|d| d.trouble.clone()), Some(failed));
    let shown = time::Duration::seconds(1) - RESULT_SHOWN_MAX;
    let (visit, _) = visit.step(Event::Tick, at(100_000) - shown);
    assert!(matches!(visit.state(), State::Issued(..)), "it is shown as long as any result");
    let (gone, _) = visit.clone().step(wish(Wish::End), at(100_001));
    assert_eq!(gone.state(), &State::Idle);

    let (visit, effects) = visit.step(wish(Wish::PrintAgain), at(100_002));
    assert_eq!(effects, [Effect::PrintCopy(printing(2), 2)], "a job's number is used once");
    let (visit, _) = visit.step(answer(Answer::CopyPrinted), at(100_003));
    let State::Issued(dossier, copy) = visit.state() else { panic!("issued") };
    assert_eq!((copy.prints, &dossier.trouble), (Prints::Out, &None));
    assert!(visit.clone().step(wish(Wish::PrintAgain), at(100_004)).1.is_empty());
    assert_eq!(visit.step(wish(Wish::End), at(100_005)).0.state(), &State::Idle);
}

#[test]
fn a_wrong_pin_leaves_the_case_with_the_officer() {
    let mut events = to_the_officer();
    events.push(wish(approve()));
    events.push(answer(Answer::KeyRefused(trouble(Say::PinWrong))));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Deciding(_)));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Certify(_) | Effect::Wipe)));
}

#[test]
fn a_token_pulled_while_signing_brings_the_case_back_to_the_officer() {
    let mut events = to_the_officer();
    events.push(wish(approve()));
    events.push(answer(Answer::KeyOpened));
    events.push(answer(Answer::CertifyFailed(trouble(Say::TokenMissing))));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Deciding(d) if d.pages.len() == 2));
    assert!(!effects.contains(&Effect::Wipe));
}

#[test]
fn a_refusal_is_recorded_and_the_pages_are_wiped() {
    let mut events = to_the_officer();
    events.push(wish(refuse(RefusalReason::R6)));
    events.push(answer(Answer::KeyOpened));
    events.push(answer(Answer::RefusalRecorded));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Refused(_, r) if r.reason == RefusalReason::R6));
    assert!(effects.iter().any(|e| matches!(e, Effect::RecordRefusal(_, RefusalReason::R6))));
    assert_eq!(effects.last(), Some(&Effect::Wipe));
}

fn defer() -> Wish {
    let (title, requester) = ("Quyết định".into(), "Trần Văn Mẫu".into());
    let (reason, extension) = (DeferralReason::Rule, formats_vn::due::Extension::None);
    Wish::Defer(Deferral { officer: "a".into(), reason, extension, title, requester })
}

fn appointment() -> Appointment {
    let (received, due) = (at(0), at(86_400));
    Appointment { slip: "A1".into(), reason: DeferralReason::Rule, received, due }
}

#[test]
fn a_copy_promised_for_later_wipes_the_pages_and_waits_until_the_slip_is_handed_over() {
    let mut events = to_the_officer();
    events.push(wish(defer()));
    events.push(answer(Answer::Deferred(appointment())));
    events.push(wish(Wish::End));
    events.push(start());
    let (visit, effects) = run(events.clone());
    assert!(matches!(visit.state(), State::Deferred(_, a) if *a == appointment()), "{visit:?}");
    assert_eq!(effects.last(), Some(&Effect::KeepSlip), "the person cannot lose the slip");
    events.push(wish(Wish::SlipGiven));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Idle));
    assert_eq!(effects.last(), Some(&Effect::Wipe));
    assert!(!effects.iter().any(|e| matches!(e, Effect::OpenKey(_) | Effect::Certify(_))));
}

#[test]
fn a_slip_that_nobody_takes_is_wiped_and_a_failed_appointment_goes_back_to_the_officer() {
    let mut events = to_the_officer();
    events.push(wish(defer()));
    let (visit, _) = run(events);
    let (back, effects) =
        visit.clone().step(answer(Answer::DeferFailed(trouble(Say::NoAppointment))), at(20));
    assert!(matches!(back.state(), State::Deciding(d) if d.pages.len() == 2));
    assert!(effects.is_empty());
    let (deferred, _) = visit.step(answer(Answer::Deferred(appointment())), at(20));
    let (idle, effects) = deferred.step(Event::Tick, at(20) + SLIP_KEPT_MAX);
    assert!(matches!(idle.state(), State::Idle));
    assert_eq!(effects, [Effect::Wipe]);
}

fn ask_again(reason: RescanReason, pages: &[u32]) -> Event {
    let pages = pages.iter().copied().map(PageId).collect();
    wish(Wish::Rescan(RescanRequest { officer: "a".into(), reason, pages }))
}

#[test]
fn a_page_is_scanned_again_in_its_place_and_the_case_comes_back() {
    let mut events = to_the_officer();
    events.push(ask_again(RescanReason::Blurred, &[2, 9]));
    let (visit, effects) = run(events.clone());
    assert!(matches!(visit.state(), State::AwaitingRescan(d) if d.pages.len() == 2));
    let Some(Effect::RecordRescan { pages, .. }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(pages, &[PageId(2)], "a page that there is none of is not asked for");
    events.push(wish(approve()));
    assert!(matches!(run(events.clone()).0.state(), State::AwaitingRescan(_)), "nothing is signed");

    // The first try is of no use: the page stays as it was, and is asked for again.
    events.push(wish(Wish::ScanPage));
    events.push(answer(Answer::Scanned(PageId(2))));
    events.push(answer(Answer::PageUnusable(PageId(2), trouble(Say::PageBlank))));
    let (visit, effects) = run(events.clone());
    let State::AwaitingRescan(dossier) = visit.state() else { panic!("{visit:?}") };
    assert_eq!((dossier.say, dossier.pages.len()), (Some(Say::PageBlank), 2));
    assert!(dossier.all_read() && !effects.contains(&Effect::DropPage(PageId(2))));

    events.push(wish(Wish::ScanPage));
    events.push(answer(Answer::Scanned(PageId(2))));
    events.push(answer(Answer::Read { page: PageId(2), turned: false }));
    let (visit, effects) = run(events.clone());
    assert!(matches!(visit.state(), State::Checking(_)));
    assert_eq!(effects.last(), Some(&Effect::Check));
    events.push(answer(Answer::Checked { kind: kind(), findings: vec![] }));
    let (visit, _) = run(events);
    let State::Deciding(dossier) = visit.state() else { panic!("{visit:?}") };
    assert_eq!(dossier.pages, [(PageId(1), true), (PageId(2), true)]);
    assert!(dossier.rescan.is_none() && dossier.card_read, "the card is not asked for again");
}

#[test]
fn all_pages_or_one_more_are_laid_one_after_the_other() {
    let lay = |page| {
        [
            wish(Wish::ScanPage),
            answer(Answer::Scanned(PageId(page))),
            answer(Answer::Read { page: PageId(page), turned: false }),
        ]
    };
    let mut events = to_the_officer();
    events.push(ask_again(RescanReason::Light, &[]));
    events.extend(lay(1));
    let (visit, _) = run(events.clone());
    assert!(matches!(visit.state(), State::AwaitingRescan(_)));
    events.extend(lay(2));
    events.push(answer(Answer::Checked { kind: kind(), findings: vec![] }));
    events.push(ask_again(RescanReason::Missing, &[1]));
    events.extend(lay(3));
    events.push(answer(Answer::Checked { kind: kind(), findings: vec![] }));
    let (visit, _) = run(events);
    let State::Deciding(dossier) = visit.state() else { panic!("{visit:?}") };
    assert_eq!(dossier.pages.len(), 3);
    assert_eq!((dossier.rescans, dossier.next_page), (2, PageId(4)));
}

#[test]
fn a_page_that_nobody_lays_again_brings_the_case_back_as_it_was() {
    let mut events = to_the_officer();
    events.push(ask_again(RescanReason::CutOff, &[1, 2]));
    let (visit, _) = run(events.clone());
    let (late, effects) = visit.clone().step(Event::Tick, at(60) + PERSON_WAIT_MAX);
    let State::Deciding(dossier) = late.state() else { panic!("{late:?}") };
    assert_eq!(dossier.trouble.as_ref().map(|t| t.say), Some(Say::RescanNotDone));
    assert!(effects.is_empty() && dossier.pages.len() == 2);
    let (back, _) = visit.clone().step(wish(Wish::WithdrawRescan), at(60));
    assert!(matches!(back.state(), State::Deciding(d) if d.trouble.is_none()));
    // One page was replaced: the rules look at it before the officer does.
    events.push(wish(Wish::ScanPage));
    events.push(answer(Answer::Scanned(PageId(1))));
    events.push(answer(Answer::Read { page: PageId(1), turned: false }));
    let (visit, _) = run(events);
    let (late, effects) = visit.step(Event::Tick, at(60) + PERSON_WAIT_MAX);
    assert!(matches!(late.state(), State::Checking(_)));
    assert_eq!(effects, [Effect::Check]);
    let checked = answer(Answer::Checked { kind: kind(), findings: vec![] });
    let (late, _) = late.step(checked, at(9_000));
    let told = |t: &Trouble| t.say == Say::RescanNotDone;
    assert!(matches!(late.state(), State::Deciding(d) if d.trouble.as_ref().is_some_and(told)));
}

fn birth() -> KindFact {
    KindFact { id: "birth".into(), vi: "Giấy khai sinh".into(), en: "Birth".into(), score: 1.0 }
}

fn correct(kind: &str) -> Event {
    wish(Wish::CorrectKind(kind.into()))
}

fn checked_as(set: KindFact) -> Event {
    answer(Answer::CheckedAs { read: kind(), set, findings: vec![] })
}

#[test]
fn a_kind_that_the_officer_sets_is_checked_for_and_goes_before_the_readers() {
    let mut events = to_the_officer();
    events.push(correct("birth"));
    let (visit, effects) = run(events.clone());
    assert!(matches!(visit.state(), State::Correcting(_)));
    assert_eq!(effects.last(), Some(&Effect::CheckAs("birth".into())));
    let (same, none) = visit.step(wish(approve()), at(50));
    assert!(matches!(same.state(), State::Correcting(_)) && none.is_empty(), "not yet");
    events.push(checked_as(birth()));
    let (visit, _) = run(events.clone());
    let State::Deciding(dossier) = visit.state() else { panic!("{visit:?}") };
    assert_eq!((dossier.kind_in_force(), &dossier.kind), (Some(&birth()), &Some(kind())));

    // Pages that are laid again are checked for that kind, too.
    let mut again = events.clone();
    again.push(ask_again(RescanReason::Blurred, &[1]));
    again.push(wish(Wish::ScanPage));
    again.push(answer(Answer::Scanned(PageId(1))));
    again.push(answer(Answer::Read { page: PageId(1), turned: false }));
    let (_, effects) = run(again.clone());
    assert_eq!(effects.last(), Some(&Effect::CheckAs("birth".into())));
    again.push(checked_as(birth()));
    let (visit, _) = run(again);
    assert!(matches!(visit.state(), State::Deciding(d) if d.kind_set == Some(birth())));

    // What the reader had said is no correction any more; a failure changes nothing.
    events.push(correct("decision"));
    events.push(checked_as(kind()));
    events.push(correct("birth"));
    events.push(answer(Answer::CheckFailed(trouble(Say::Internal))));
    let (visit, _) = run(events);
    assert!(matches!(visit.state(), State::Deciding(d) if d.kind_set.is_none()));
}

#[test]
fn pages_are_asked_for_again_a_few_times_only() {
    let mut events = to_the_officer();
    for _ in 0..RESCANS_MAX {
        events.push(ask_again(RescanReason::Blurred, &[]));
        events.push(wish(Wish::WithdrawRescan));
    }
    events.push(ask_again(RescanReason::Blurred, &[]));
    let (visit, effects) = run(events);
    let State::Deciding(dossier) = visit.state() else { panic!("{visit:?}") };
    assert_eq!(dossier.trouble.as_ref().map(|t| t.say), Some(Say::RescanTooOften));
    let asked = effects.iter().filter(|e| matches!(e, Effect::RecordRescan { .. }));
    assert_eq!(asked.count(), usize::from(RESCANS_MAX));
}

#[test]
fn a_secret_mark_on_a_page_laid_again_ends_the_visit_too() {
    let mut events = to_the_officer();
    events.push(ask_again(RescanReason::WrongPage, &[1]));
    events.push(wish(Wish::ScanPage));
    events.push(answer(Answer::Scanned(PageId(1))));
    events.push(answer(Answer::Read { page: PageId(1), turned: false }));
    let finding = Finding {
        rule: Rule::R3Secret,
        level: Level::Stop,
        vi: "mật".into(),
        en: "secret".into(),
        evidence: vec![],
    };
    events.push(answer(Answer::Checked { kind: kind(), findings: vec![finding] }));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Refused(..)));
    assert!(effects.ends_with(&[Effect::Wipe, Effect::RecordSecretMark]));
}

#[test]
fn a_secret_mark_wipes_the_pages_before_any_officer_sees_them() {
    let secret = Finding {
        rule: Rule::R3Secret,
        level: Level::Stop,
        vi: "mật".into(),
        en: "secret".into(),
        evidence: vec![],
    };
    let (visit, effects) = run(vec![
        start(),
        wish(Wish::ScanPage),
        answer(Answer::Scanned(PageId(1))),
        answer(Answer::Read { page: PageId(1), turned: false }),
        wish(Wish::PagesDone),
        answer(Answer::Checked { kind: kind(), findings: vec![secret] }),
    ]);
    assert!(matches!(visit.state(), State::Refused(_, r) if r.reason == RefusalReason::R3));
    assert_eq!(effects[effects.len() - 2..], [Effect::Wipe, Effect::RecordSecretMark]);
}

#[test]
fn a_jam_on_page_two_keeps_page_one() {
    let (visit, _) = run(vec![
        start(),
        wish(Wish::ScanPage),
        answer(Answer::Scanned(PageId(1))),
        wish(Wish::ScanPage),
        answer(Answer::ScanFailed(trouble(Say::ScannerJammed))),
    ]);
    let dossier = visit.dossier().expect("a visit");
    assert!(matches!(visit.state(), State::Collecting(_)));
    assert_eq!(dossier.pages.len(), 1);
    assert_eq!(dossier.say, Some(Say::ScannerJammed));
}

#[test]
fn a_blank_page_found_late_sends_the_person_back_to_the_glass() {
    let (visit, effects) = run(vec![
        start(),
        wish(Wish::ScanPage),
        answer(Answer::Scanned(PageId(1))),
        wish(Wish::PagesDone),
        answer(Answer::PageUnusable(PageId(1), trouble(Say::PageBlank))),
    ]);
    assert!(matches!(visit.state(), State::Collecting(d) if d.pages.is_empty()));
    assert!(effects.contains(&Effect::DropPage(PageId(1))));
}

#[test]
fn an_answer_of_another_visit_changes_nothing() {
    let (before, _) = run(vec![start(), wish(Wish::ScanPage)]);
    let stranger = Event::Answer(VisitId("b2".into()), Answer::Scanned(PageId(1)));
    let (after, effects) = before.clone().step(stranger, at(9));
    assert_eq!((after, effects), (before, vec![]));
}

#[test]
fn an_abandoned_visit_is_wiped_after_its_limit() {
    let (visit, _) = run(vec![start()]);
    let late = at(0) + PERSON_WAIT_MAX + Duration::seconds(1);
    let (visit, effects) = visit.step(Event::Tick, late);
    assert!(matches!(visit.state(), State::Failed(_, t) if t.say == Say::TimedOut));
    assert_eq!(effects, [Effect::Wipe]);
}

#[test]
fn nobody_can_end_a_visit_while_a_number_is_in_use() {
    let mut events = to_the_officer();
    events.push(wish(approve()));
    events.push(answer(Answer::KeyOpened));
    events.push(wish(Wish::End));
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Certifying(..)));
    assert!(!effects.contains(&Effect::Wipe));
}

fn any_event() -> impl Strategy<Value = Event> {
    let page = (1u32..4).prop_map(PageId);
    let wishes = prop_oneof![
        Just(Wish::Start { visit: id(), copies: 1 }),
        Just(Wish::ScanPage),
        Just(Wish::PagesDone),
        Just(Wish::ScanCard),
        Just(Wish::SkipCard),
        any::<bool>().prop_map(|slowly| Wish::CompareFace { slowly }),
        Just(Wish::SkipFace),
        Just(approve()),
        Just(refuse(RefusalReason::R1)),
        Just(defer()),
        Just(Wish::SlipGiven),
        (proptest::sample::select(&RescanReason::ALL[..]), proptest::option::of(page.clone()))
            .prop_map(|(reason, page)| {
                let pages = page.into_iter().collect();
                Wish::Rescan(RescanRequest { officer: "a".into(), reason, pages })
            }),
        Just(Wish::WithdrawRescan),
        Just(Wish::CorrectKind("birth".into())),
        Just(Wish::PrintAgain),
        Just(Wish::End),
    ];
    let answers = prop_oneof![
        page.clone().prop_map(Answer::Scanned),
        Just(Answer::ScanFailed(trouble(Say::ScannerEmpty))),
        page.clone().prop_map(|page| Answer::Read { page, turned: false }),
        page.prop_map(|page| Answer::PageUnusable(page, trouble(Say::PageBlank))),
        Just(Answer::Checked { kind: kind(), findings: vec![] }),
        Just(Answer::CheckedAs { read: kind(), set: birth(), findings: vec![] }),
        any::<bool>().prop_map(|chip| Answer::CardRead { chip }),
        any::<bool>().prop_map(|chip| Answer::CardShown { chip }),
        Just(Answer::CodeUnread(trouble(Say::CodeUnread))),
        proptest::sample::select(ChipOutcome::ALL.as_slice()).prop_map(Answer::Chip),
        Just(Answer::FaceReady),
        proptest::sample::select(FaceOutcome::all()).prop_map(Answer::Face),
        Just(Answer::KeyOpened),
        Just(Answer::KeyRefused(trouble(Say::PinWrong))),
        Just(Answer::Certified(issued())),
        Just(Answer::Certified(Issued { prints: Prints::Going(1), ..issued() })),
        Just(Answer::RefusalRecorded),
        Just(Answer::Deferred(appointment())),
        Just(Answer::DeferFailed(trouble(Say::NoAppointment))),
        Just(Answer::TicketPrinted(None)),
        Just(Answer::TicketFailed(trouble(Say::TicketFailed))),
        Just(Answer::CopyPrinted),
        Just(Answer::CopyNotPrinted(trouble(Say::CopyNotPrinted))),
        Just(Answer::CertifyFailed(trouble(Say::DiskFull))),
        Just(Answer::NoRoom(trouble(Say::DiskFull))),
    ];
    prop_oneof![
        4 => wishes.prop_map(Event::Wish),
        8 => answers.prop_map(|answer| Event::Answer(id(), answer)),
        1 => Just(Event::Tick),
        1 => Just(Event::PersonLeft),
        1 => any::<bool>().prop_map(fee_settled),
        1 => Just(Event::PowerEnds(trouble(Say::PowerLow))),
    ]
}

fn fee_settled(taken: bool) -> Event {
    let Issued { book, number, .. } = issued();
    Event::FeeSettled { book, number, taken }
}

#[test]
fn the_fee_is_told_on_the_screen_of_its_copy_and_gives_time_to_pay() {
    let way = [start(), Event::Wish(Wish::ScanPage)];
    let due = Issued { payment: Payment::Due, ..issued() };
    let shown = |payment| {
        let mut dossier = run(way.to_vec()).0.dossier().cloned().expect("a visit");
        dossier.say = None;
        let state = State::Issued(dossier, Issued { payment, ..issued() });
        Visit { state, since: at(0) }
    };
    let (still, _) = shown(Payment::Due).step(Event::Tick, at(0) + RESULT_SHOWN_MAX);
    assert!(matches!(still.state(), State::Issued(..)), "time to open a banking application");
    let (over, effects) = still.step(Event::Tick, at(0) + DUE_SHOWN_MAX);
    assert_eq!((over.state(), effects), (&State::Idle, vec![Effect::Wipe]));

    let (taken, effects) = shown(Payment::Due).step(fee_settled(true), at(9));
    let state = |visit: &Visit| match visit.state() {
        State::Issued(_, copy) => copy.payment,
        other => panic!("{other:?}"),
    };
    assert_eq!((state(&taken), effects, taken.since()), (Payment::Taken, vec![], at(0)));
    let (again, _) = taken.step(fee_settled(false), at(10));
    assert_eq!(state(&again), Payment::Due);
    let other = Event::FeeSettled { book: due.book.clone(), number: due.number + 1, taken: true };
    assert_eq!(state(&again.step(other, at(11)).0), Payment::Due, "another copy's fee");
    let idle = Visit::idle(at(0));
    assert_eq!(idle.clone().step(fee_settled(true), at(1)).0, idle);
}

proptest! {
    /// Whatever happens in whatever order, nothing is certified without a key that an officer's PIN
    /// opened after the decision, and every way out of a visit wipes it.
    #[test]
    fn no_order_of_events_certifies_without_an_opened_key(
        events in proptest::collection::vec(any_event(), 0..80)
    ) {
        let mut visit = Visit::idle(at(0));
        for (i, event) in events.into_iter().enumerate() {
            let authorising = matches!(visit.state(), State::Authorising(..));
            let opened = authorising && event == answer(Answer::KeyOpened);
            let was_busy = visit.dossier().is_some();
            let before = matches!(
                visit.state(),
                State::Identifying(_) | State::AwaitingCard(_) | State::AwaitingFace(_)
            );
            let (next, effects) = visit.step(event, at(i64::try_from(i).expect("few")));
            if effects.iter().any(|e| matches!(e, Effect::Certify(_) | Effect::RecordRefusal(..))) {
                prop_assert!(opened);
            }
            if was_busy && next.dossier().is_none() {
                prop_assert!(effects.contains(&Effect::Wipe));
            }
            // Nobody is looked at without consent on record, nor more often than promised.
            if effects.iter().any(|e| matches!(e, Effect::CompareFace { .. })) {
                prop_assert!(effects.contains(&Effect::RecordConsent(true)));
                let tries = next.dossier().map(|dossier| dossier.face_tries);
                prop_assert!(tries.is_some_and(|tries| tries <= FACE_TRIES_MAX));
            }
            // What is decided on was read and checked; a person is not sent back without end.
            if let State::Deciding(dossier) | State::Certifying(dossier, _) = next.state() {
                prop_assert!(dossier.all_read() && dossier.rescan.is_none());
            }
            prop_assert!(next.dossier().is_none_or(|dossier| dossier.rescans <= RESCANS_MAX));
            // The law's time limits begin when the officer has the case.
            let waits = |v: &Visit| matches!(v.state(), State::Deciding(_));
            prop_assert_eq!(before && waits(&next), effects.contains(&Effect::NoteReceived));
            visit = next;
        }
    }
}

#[test]
fn without_room_a_visit_ends_before_the_officer_and_goes_on_after() {
    let full = || answer(Answer::NoRoom(trouble(Say::DiskFull)));
    let (visit, effects) = run(vec![start(), full()]);
    assert!(matches!(visit.state(), State::Failed(..)), "{visit:?}");
    assert_eq!(effects, [Effect::LookForRoom, Effect::Wipe]);

    let mut events = to_the_officer();
    events.push(full());
    let (visit, effects) = run(events);
    assert!(matches!(visit.state(), State::Deciding(_)), "{visit:?}");
    assert!(!effects.contains(&Effect::Wipe));
}

#[test]
fn one_answer_is_taken_once_there_is_a_result_and_changes_nothing_else() {
    let said = |rating| wish(Wish::Feedback(Feedback { rating, complaint: None }));
    let (visit, effects) = run(vec![start(), said(Rating::Poor)]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::RecordFeedback(_))));
    let dossier = visit.dossier().cloned().expect("a visit");
    let state = State::Refused(dossier, Refusal { reason: RefusalReason::R1 });
    let refused = Visit { state, since: at(0) };
    let (thanked, effects) = refused.step(said(Rating::Good), at(1));
    let good = Feedback { rating: Rating::Good, complaint: None };
    assert_eq!(effects, [Effect::RecordFeedback(good)]);
    assert!(matches!(thanked.state(), State::Refused(..)));
    assert_eq!(thanked.dossier().and_then(|dossier| dossier.say), Some(Say::FeedbackThanks));
    assert!(thanked.step(said(Rating::Poor), at(2)).1.is_empty(), "one answer");
}

#[test]
fn the_last_page_can_be_taken_back_once_it_was_read_and_never_before() {
    let page = PageId(1);
    let scanned = vec![start(), wish(Wish::ScanPage), answer(Answer::Scanned(page))];
    let drop_last = wish(Wish::DropLastPage);
    let (visit, effects) = run([scanned.clone(), vec![drop_last.clone()]].concat());
    assert!(!effects.contains(&Effect::DropPage(page)), "the reader has it still");
    assert_eq!(visit.dossier().map(|dossier| dossier.pages.len()), Some(1));
    let read = answer(Answer::Read { page, turned: false });
    let (visit, effects) = run([scanned, vec![read, drop_last.clone(), drop_last]].concat());
    assert_eq!(effects.iter().filter(|e| **e == Effect::DropPage(page)).count(), 1);
    let dossier = visit.dossier().expect("a visit");
    assert!(dossier.pages.is_empty() && dossier.say == Some(Say::PageDropped));
    let (_, effects) = visit.step(wish(Wish::PagesDone), at(9));
    assert!(effects.is_empty(), "no page, no check");
}
