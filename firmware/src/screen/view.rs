//! What the screens show, made from the visit and the desk. The citizen's view holds no personal
//! data; the officer's view holds what the decision needs.

use serde::Serialize;
use time::OffsetDateTime;

use super::words::{self, Sentence};
use crate::config::Config;
use crate::desk::{Desk, Timing};
use crate::engine::{Kiosk, lock};
use crate::steps::check::{Finding, Level};
use crate::steps::{chip, clock, defer, deliver, fee};
use crate::visit::{
    Appointment, Dossier, FaceOutcome, FaceResult, Issued, KindFact, PageId, Payment, RESCANS_MAX,
    RefusalReason, RescanReason, Say, Severity, State, Trouble, Visit,
};

/// The citizen's view.
#[derive(Debug, Serialize)]
pub struct VisitView {
    /// Name of the state, snake case.
    pub state: &'static str,
    /// The visit's id; none when nobody is here.
    pub visit: Option<String>,
    /// Pages taken so far.
    pub pages: usize,
    /// The pages, to see that they lie right: until the officer has them.
    pub sheets: Vec<SheetView>,
    /// What the paper was read as, while the person can still take it back.
    pub kind: Option<Sentence>,
    /// How long the officer has had the case, and what is usual.
    pub wait: Option<WaitView>,
    /// Whether the kiosk can speak.
    pub speaks: bool,
    /// Whether the kiosk works and buttons must wait.
    pub busy: bool,
    /// The sentence of this state.
    pub say: Sentence,
    /// A further sentence: what just went wrong or was mended.
    pub notice: Option<Sentence>,
    /// What to do before the camera, while it is on.
    pub face: Option<GuideView>,
    /// The copy, once issued.
    pub issued: Option<IssuedView>,
    /// When to come back, once the copy is promised for later.
    pub appointment: Option<AppointmentView>,
    /// The reason, once refused.
    pub refusal: Option<RefusalView>,
    /// The page that the officer asked for again, and why.
    pub rescan: Option<Sentence>,
    /// Whether the person may say how the service was.
    pub asks_feedback: bool,
    /// Time taken by the stages.
    pub timings: Vec<Timing>,
}

/// A page on the person's own screen.
#[derive(Debug, Serialize)]
pub struct SheetView {
    /// Its id, for the image address `/api/visit/pages/{id}.jpg`.
    pub id: u32,
    /// Whether it was read, and has an image.
    pub read: bool,
}

/// How long the officer takes.
#[derive(Debug, Serialize)]
pub struct WaitView {
    /// Seconds since the case reached the officer, or came back.
    pub seconds: i64,
    /// In how many minutes most of the last cases were done; none while too few are known.
    pub usual_minutes: Option<i64>,
}

/// The issued copy.
#[derive(Debug, Serialize)]
pub struct IssuedView {
    /// Number, book, code, digest, address.
    #[serde(flatten)]
    pub copy: Issued,
    /// The QR as SVG.
    pub qr_svg: String,
    /// Where its prints stand: `none`, `going`, `out`, `failed`.
    pub prints: &'static str,
    /// Where its fee stands: `free`, `due`, `taken`.
    pub payment: &'static str,
    /// How the fee can be transferred, while it is due.
    pub transfer: Option<TransferView>,
}

/// A transfer that the person is asked for.
#[derive(Debug, Serialize)]
pub struct TransferView {
    /// The code for banking applications, as SVG.
    pub qr_svg: String,
    /// Number of the account.
    pub account: String,
    /// Whose it is, where the site file says.
    pub name: Option<String>,
    /// What the payment is found by.
    pub purpose: String,
}

/// What was promised.
#[derive(Debug, Serialize)]
pub struct AppointmentView {
    /// Slip, times, reason.
    #[serde(flatten)]
    pub appointment: Appointment,
    /// The reason in words.
    pub words: Sentence,
}

/// A way in which the case can be promised for later.
#[derive(Debug, Serialize)]
pub struct DeferralView {
    /// Code of the reason.
    pub code: &'static str,
    /// Working days more than by the rule; none where the rule or an agreement says the day.
    pub days: Option<u8>,
    /// For when; none where the requester agrees on a day.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due: Option<OffsetDateTime>,
    /// The reason in words.
    #[serde(flatten)]
    pub words: Sentence,
}

/// A refusal.
#[derive(Debug, Serialize)]
pub struct RefusalView {
    /// Its code.
    pub code: &'static str,
    /// Its words.
    #[serde(flatten)]
    pub words: Sentence,
    /// The article it rests on.
    pub ground: Sentence,
}

/// The officer's view.
#[derive(Debug, Serialize)]
pub struct CaseView {
    /// Name of the state, snake case.
    pub state: &'static str,
    /// The visit's id; none when no case waits.
    pub visit: Option<String>,
    /// What the copies of this site are in law.
    pub product: Sentence,
    /// Since when the visit is in this state.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Copies asked for.
    pub copies: u32,
    /// What the paper is, as it was read.
    pub kind: Option<KindFact>,
    /// What it is to the officer, where that is something else.
    pub kind_set: Option<KindFact>,
    /// All kinds that it may be.
    pub kinds: Vec<KindView>,
    /// Name proposed for column 4 of the register.
    pub title: String,
    /// Fields read.
    pub fields: Vec<FieldView>,
    /// What the rules found.
    pub findings: Vec<FindingView>,
    /// The pages.
    pub pages: Vec<PageView>,
    /// The requester by the card; none when no card was read.
    pub requester: Option<RequesterView>,
    /// What came of the card's chip.
    pub chip: Option<Sentence>,
    /// What the face step says.
    pub face: Option<Sentence>,
    /// Scores of the comparison of faces.
    pub face_scores: Option<FaceScores>,
    /// The last trouble: for officer and technician.
    pub trouble: Option<TroubleView>,
    /// Reasons of refusal.
    pub reasons: Vec<RefusalView>,
    /// Ways to promise the copy for later; none for a product without appointments.
    pub deferrals: Vec<DeferralView>,
    /// The result, once there is one.
    pub issued: Option<IssuedView>,
    /// Reasons to ask for pages again; none once that was done too often.
    pub rescans: Vec<RescanView>,
    /// What the person was asked for, until the case is back.
    pub rescan: Option<Sentence>,
    /// When the copy was promised for, while its slip can be printed.
    pub appointment: Option<AppointmentView>,
    /// The kiosk's clock.
    pub clock: ClockView,
    /// What is wrong with the signing keys.
    pub keys: Vec<Sentence>,
}

/// A kind of the document table.
#[derive(Debug, Serialize)]
pub struct KindView {
    /// Its id.
    pub id: &'static str,
    /// Its names.
    #[serde(flatten)]
    pub words: Sentence,
}

/// A reason to ask for pages again.
#[derive(Debug, Serialize)]
pub struct RescanView {
    /// Its code.
    pub code: &'static str,
    /// Whether it asks for one page more, not for some of those that are there.
    pub adds: bool,
    /// Its words.
    #[serde(flatten)]
    pub words: Sentence,
}

/// Scores of the comparison of faces, in thousandths.
#[derive(Debug, Serialize)]
pub struct FaceScores {
    /// How it ended.
    #[serde(flatten)]
    pub result: FaceResult,
    /// How often the person tried.
    pub tries: u8,
}

/// What the person before the camera sees.
#[derive(Debug, Serialize)]
pub struct GuideView {
    /// What to do.
    pub say: Sentence,
    /// Steps done.
    pub done: u8,
    /// Steps in all.
    pub steps: u8,
}

/// The kiosk's clock, as the officer sees it.
#[derive(Debug, Serialize)]
pub struct ClockView {
    /// What it says.
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
    /// Whether the officer must confirm it before anything is signed.
    pub doubtful: bool,
}

/// A field read from the paper.
#[derive(Debug, Serialize)]
pub struct FieldView {
    /// Short name, as in the document table.
    pub id: String,
    /// The value as printed.
    pub value: String,
    /// Page, from 0.
    pub page: usize,
    /// Where it stands, in pixels.
    pub quad: models::Quad,
    /// 0..1.
    pub confidence: f32,
}

/// What a refusal rule found.
#[derive(Debug, Serialize)]
pub struct FindingView {
    /// Code of the rule.
    pub rule: &'static str,
    /// `clear`, `officer_only`, `warn` or `stop`.
    pub level: &'static str,
    /// Its words.
    #[serde(flatten)]
    pub words: Sentence,
    /// Where to look.
    pub evidence: Vec<EvidenceView>,
}

/// Where the cause of a finding is seen.
#[derive(Debug, Serialize)]
pub struct EvidenceView {
    /// Page, from 0.
    pub page: usize,
    /// Corners in pixels.
    pub quad: models::Quad,
}

/// One page for the officer.
#[derive(Debug, Serialize)]
pub struct PageView {
    /// Page id, for the image address `/api/officer/pages/{id}.jpg`.
    pub id: u32,
    /// Rises with each request to scan again: the image at that address may be another.
    pub scan: u8,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Mean confidence, 0..1.
    pub confidence: f32,
    /// The lines of text.
    pub lines: Vec<LineView>,
}

/// One line of text.
#[derive(Debug, Serialize)]
pub struct LineView {
    /// The text.
    pub text: String,
    /// Box in pixels: left, top, right, bottom.
    #[serde(rename = "box")]
    pub bounds: [f32; 4],
    /// Lowest confidence of its words, 0..1.
    pub confidence: f32,
}

/// The requester, as far as the officer must see.
#[derive(Debug, Serialize)]
pub struct RequesterView {
    /// Name on the card.
    pub name: String,
    /// Number on the card.
    pub number: String,
    /// Date of birth, ISO 8601.
    pub born: String,
    /// Whether the name is found in the text of the pages.
    pub named_in_paper: bool,
    /// Things about the card that do not fit together; signals, never gates.
    pub warnings: Vec<Sentence>,
}

/// A trouble with its words.
#[derive(Debug, Serialize)]
pub struct TroubleView {
    /// The sentence for people.
    pub say: Sentence,
    /// Which part, and what it said.
    pub cause: String,
    /// What the technician should do.
    pub remedy: String,
    /// Whether the same step can be repeated.
    pub severity: Severity,
}

/// A state's name, as pages and reports have it.
pub(crate) const fn state_name(state: &State) -> &'static str {
    match state {
        State::Idle => "idle",
        State::Collecting(_) => "collecting",
        State::Scanning(_) => "scanning",
        State::Reading(_) => "reading",
        State::Checking(_) => "checking",
        State::AwaitingCard(_) => "awaiting_card",
        State::Identifying(_) => "identifying",
        State::AwaitingFace(_) => "awaiting_face",
        State::Deciding(_) => "deciding",
        State::Correcting(_) => "correcting",
        State::AwaitingRescan(_) => "awaiting_rescan",
        State::Authorising(..) => "authorising",
        State::Certifying(..) => "certifying",
        State::Deferring(..) => "deferring",
        State::Deferred(..) => "deferred",
        State::Issued(..) => "issued",
        State::Refused(..) => "refused",
        State::Failed(..) => "failed",
    }
}

const fn state_say(state: &State) -> Say {
    match state {
        State::Idle => Say::Welcome,
        State::Collecting(dossier) if dossier.pages.is_empty() => Say::LayFirstPage,
        State::Collecting(_) => Say::LayNextPage,
        State::Scanning(_) => Say::Scanning,
        State::Reading(_) => Say::Reading,
        State::Checking(_) => Say::Checking,
        State::AwaitingCard(_) => Say::LayCard,
        State::Identifying(dossier) if dossier.face_tries > 0 => Say::FaceLook,
        State::Identifying(_) => Say::Identifying,
        State::AwaitingFace(_) => Say::AskFace,
        State::Deciding(_) | State::Correcting(_) => Say::OfficerLooks,
        State::AwaitingRescan(_) => Say::RescanPage,
        State::Authorising(..) => Say::OfficerConfirms,
        State::Certifying(..) => Say::Certifying,
        State::Deferring(..) => Say::Deferring,
        State::Deferred(..) => Say::Deferred,
        State::Issued(..) => Say::Issued,
        State::Refused(_, refusal) if matches!(refusal.reason, RefusalReason::R3) => {
            Say::SecretMark
        }
        State::Refused(..) => Say::Refused,
        State::Failed(..) => Say::Ended,
    }
}

fn issued_view(config: &Config, state: &State) -> Option<IssuedView> {
    match state {
        State::Issued(_, copy) => Some(IssuedView {
            qr_svg: deliver::qr_svg(&copy.qr),
            prints: copy.prints.name(),
            payment: copy.payment.name(),
            transfer: transfer_view(config, copy),
            copy: copy.clone(),
        }),
        _ => None,
    }
}

fn transfer_view(config: &Config, copy: &Issued) -> Option<TransferView> {
    let asked = fee::transfer(config, copy)?;
    let account = config.fee.transfer.as_ref()?;
    Some(TransferView {
        qr_svg: deliver::qr_svg(&asked.code),
        account: account.number.clone(),
        name: account.name.clone(),
        purpose: asked.purpose,
    })
}

fn appointment_view(state: &State) -> Option<AppointmentView> {
    match state {
        State::Deferred(_, appointment) => Some(AppointmentView {
            appointment: appointment.clone(),
            words: words::deferral(appointment.reason),
        }),
        _ => None,
    }
}

fn deferral_views(kiosk: &Kiosk, received: Option<OffsetDateTime>) -> Vec<DeferralView> {
    let config = &kiosk.parts().config;
    let choices = received.map(|at| defer::choices(config, at, kiosk.parts().clock.now()));
    let view = |choice: defer::Choice| DeferralView {
        code: choice.reason.code(),
        days: choice.days,
        due: choice.due,
        words: words::deferral(choice.reason),
    };
    choices.into_iter().flatten().map(view).collect()
}

fn guide_view(kiosk: &Kiosk) -> Option<GuideView> {
    let guide = kiosk.parts().face.as_ref()?.guide().borrow().clone();
    Some(GuideView { say: words::say(guide.say?), done: guide.done, steps: guide.steps })
}

fn face_scores(dossier: &Dossier) -> Option<FaceScores> {
    match dossier.face? {
        FaceOutcome::Compared(result) => Some(FaceScores { result, tries: dossier.face_tries }),
        FaceOutcome::NotCompared(_) => None,
    }
}

const fn asks_feedback(state: &State) -> bool {
    matches!(
        state,
        State::Issued(Dossier { feedback_given: false, .. }, _)
            | State::Refused(Dossier { feedback_given: false, .. }, _)
            | State::Deferred(Dossier { feedback_given: false, .. }, _)
    )
}

/// The pages of a visit that the officer does not have yet.
pub(super) fn sheets(visit: &Visit) -> Vec<SheetView> {
    match visit.state() {
        State::Collecting(dossier)
        | State::Scanning(dossier)
        | State::Reading(dossier)
        | State::Checking(dossier)
        | State::AwaitingCard(dossier) => {
            dossier.pages.iter().map(|&(PageId(id), read)| SheetView { id, read }).collect()
        }
        _ => vec![],
    }
}

fn kind_words(dossier: &Dossier) -> Option<Sentence> {
    let KindFact { vi, en, .. } = dossier.kind_in_force()?;
    Some(Sentence { vi: vi.clone(), en: en.clone() })
}

fn wait_view(kiosk: &Kiosk, visit: &Visit) -> Option<WaitView> {
    matches!(visit.state(), State::Deciding(_)).then(|| WaitView {
        seconds: (kiosk.visit_time() - visit.since()).whole_seconds().max(0),
        usual_minutes: kiosk.usual_minutes(),
    })
}

fn kind_views() -> Vec<KindView> {
    let view = |kind: &'static models::Kind| KindView {
        id: &kind.id,
        words: Sentence { vi: kind.vi.clone(), en: kind.en.clone() },
    };
    models::kinds().iter().map(view).collect()
}

fn rescan_views(dossier: Option<&Dossier>) -> Vec<RescanView> {
    if dossier.is_none_or(|dossier| dossier.rescans >= RESCANS_MAX) {
        return vec![];
    }
    let view = |reason: RescanReason| RescanView {
        code: reason.code(),
        adds: reason == RescanReason::Missing,
        words: words::rescan(reason),
    };
    RescanReason::ALL.into_iter().map(view).collect()
}

/// Which page is asked for, by its place among the pages, from 1.
fn rescan_page(dossier: &Dossier) -> Option<Sentence> {
    let rescan = dossier.rescan.as_ref()?;
    let wanted = rescan.wanted.first()?;
    let place = dossier.pages.iter().take_while(|(id, _)| id != wanted).count();
    Some(words::rescan_page(rescan.reason, place + 1))
}

fn refusal_view(reason: RefusalReason) -> RefusalView {
    RefusalView {
        code: reason.code(),
        words: words::refusal(reason),
        ground: words::refusal_ground(reason),
    }
}

/// The citizen's view of the kiosk.
pub fn visit_view(kiosk: &Kiosk, visit: &Visit) -> VisitView {
    let state = visit.state();
    let dossier = visit.dossier();
    let mut says = [None; 3];
    says[0] = match state {
        State::Failed(_, trouble) => Some(trouble.say),
        State::Collecting(d)
        | State::AwaitingCard(d)
        | State::Scanning(d)
        | State::Identifying(d)
        | State::AwaitingFace(d)
        | State::AwaitingRescan(d) => d.say,
        State::Refused(d, _) | State::Deferred(d, _) => {
            d.say.filter(|say| *say == Say::FeedbackThanks)
        }
        State::Issued(d, copy) => {
            says[1] = d.say;
            says[2] = (copy.payment == Payment::Taken).then_some(Say::FeeTaken);
            copy.prints.say()
        }
        _ => None,
    };
    let say = match state {
        State::AwaitingCard(_) if kiosk.parts().barcode.is_there() => Say::ShowOrLayCard,
        state => state_say(state),
    };
    let notice = says.into_iter().flatten().filter(|say| *say != state_say(state));
    VisitView {
        state: state_name(state),
        visit: dossier.map(|dossier| dossier.visit.0.clone()),
        pages: dossier.map_or(0, |dossier| dossier.pages.len()),
        sheets: sheets(visit),
        kind: match state {
            State::AwaitingCard(dossier) => kind_words(dossier),
            _ => None,
        },
        wait: wait_view(kiosk, visit),
        speaks: kiosk.parts().speaker.is_some(),
        busy: matches!(
            state,
            State::Scanning(_)
                | State::Reading(_)
                | State::Checking(_)
                | State::Identifying(_)
                | State::Authorising(..)
                | State::Certifying(..)
                | State::Deferring(..)
        ),
        say: words::say(say),
        notice: words::together(notice.map(words::say)),
        face: guide_view(kiosk),
        issued: issued_view(&kiosk.parts().config, state),
        appointment: appointment_view(state),
        refusal: match state {
            State::Refused(_, refusal) => Some(refusal_view(refusal.reason)),
            _ => None,
        },
        rescan: match state {
            State::AwaitingRescan(dossier) => rescan_page(dossier),
            _ => None,
        },
        asks_feedback: asks_feedback(state),
        timings: kiosk.desk().timings.clone(),
    }
}

/// The officer's view of the case.
pub fn case_view(kiosk: &Kiosk, visit: &Visit) -> CaseView {
    let state = visit.state();
    let shown = matches!(
        state,
        State::Deciding(_)
            | State::Correcting(_)
            | State::Authorising(..)
            | State::Certifying(..)
            | State::Deferring(..)
    );
    let dossier = visit.dossier();
    let now = kiosk.parts().clock.now();
    let product = kiosk.parts().config.authority.product;
    let desk = kiosk.desk();
    CaseView {
        state: state_name(state),
        visit: dossier.map(|dossier| dossier.visit.0.clone()),
        product: Sentence { vi: product.vi().into(), en: product.en().into() },
        since: visit.since(),
        copies: dossier.map_or(0, |dossier| dossier.copies),
        kind: dossier.and_then(|dossier| dossier.kind.clone()),
        kind_set: dossier.and_then(|dossier| dossier.kind_set.clone()),
        kinds: if shown { kind_views() } else { vec![] },
        title: if shown { desk.title.clone() } else { String::new() },
        fields: if shown { desk.fields.iter().map(field_view).collect() } else { vec![] },
        findings: dossier.into_iter().flat_map(|d| d.findings.iter().map(finding_view)).collect(),
        pages: if shown { page_views(&desk, dossier.map_or(0, |d| d.rescans)) } else { vec![] },
        requester: if shown { requester_view(&desk, now) } else { None },
        chip: dossier.and_then(|dossier| dossier.chip).map(words::chip),
        face: dossier.and_then(|dossier| dossier.face).map(words::face),
        face_scores: dossier.and_then(face_scores),
        trouble: dossier.and_then(|dossier| dossier.trouble.clone()).map(trouble_view),
        reasons: RefusalReason::ALL.into_iter().map(refusal_view).collect(),
        deferrals: if shown { deferral_views(kiosk, desk.received) } else { vec![] },
        rescans: rescan_views(dossier),
        rescan: dossier.and_then(rescan_page),
        issued: issued_view(&kiosk.parts().config, state),
        appointment: appointment_view(state),
        keys: lock(&kiosk.parts().key_problems).iter().filter_map(words::key).collect(),
        clock: ClockView {
            now: kiosk.parts().clock.now(),
            doubtful: clock::doubt(kiosk.parts()).is_some(),
        },
    }
}

fn trouble_view(trouble: Trouble) -> TroubleView {
    TroubleView {
        say: words::say(trouble.say),
        cause: trouble.cause,
        remedy: trouble.remedy,
        severity: trouble.severity,
    }
}

fn field_view(field: &models::Field) -> FieldView {
    FieldView {
        id: field.id.clone(),
        value: field.value.clone(),
        page: field.page,
        quad: field.quad,
        confidence: field.confidence,
    }
}

fn finding_view(finding: &Finding) -> FindingView {
    let evidence = finding.evidence.iter();
    FindingView {
        rule: finding.rule.code(),
        level: match finding.level {
            Level::Clear => "clear",
            Level::OfficerOnly => "officer_only",
            Level::Warn => "warn",
            Level::Stop => "stop",
        },
        words: Sentence { vi: finding.vi.clone(), en: finding.en.clone() },
        evidence: evidence.map(|e| EvidenceView { page: e.page, quad: e.quad }).collect(),
    }
}

fn page_views(desk: &Desk, scan: u8) -> Vec<PageView> {
    desk.pages
        .iter()
        .map(|(id, page)| PageView {
            id: id.0,
            scan,
            width: page.picture.width,
            height: page.picture.height,
            confidence: page.reading.confidence,
            lines: page.reading.lines.iter().map(line_view).collect(),
        })
        .collect()
}

fn line_view(line: &models::Line) -> LineView {
    let corners = || line.words.iter().flat_map(|word| word.quad);
    let least = |axis: usize| corners().map(|p| p[axis]).fold(f32::INFINITY, f32::min);
    let most = |axis: usize| corners().map(|p| p[axis]).fold(0.0, f32::max);
    LineView {
        text: line.text(),
        bounds: [least(0), least(1), most(0), most(1)],
        confidence: line.words.iter().map(|word| word.confidence).fold(1.0, f32::min),
    }
}

fn requester_view(desk: &Desk, now: OffsetDateTime) -> Option<RequesterView> {
    let card = desk.card.as_ref()?;
    let name = formats_vn::fold::fold(&card.name);
    let named = desk.pages.values().any(|page| {
        page.reading.lines.iter().any(|line| formats_vn::fold::fold(&line.text()).contains(&name))
    });
    Some(RequesterView {
        name: card.name.clone(),
        number: card.number.clone(),
        born: card.born.to_string(),
        named_in_paper: named,
        warnings: chip::findings(Some(card), desk.zone.as_ref(), desk.chip.as_ref(), now)
            .into_iter()
            .map(|finding| Sentence { vi: finding.vi(), en: finding.en() })
            .collect(),
    })
}
