//! Carries out what the visit asks for: one thread holds the visit, each effect runs on its own.
//!
//! The engine owns no rule of the visit. It feeds events in, starts effects, and publishes the
//! visit after every step; screens read that and the [`Desk`].

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drivers_api::{CodeReader, Pin, Scanner};
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::config::Config;
use crate::desk::{Desk, Timing};
use crate::steps::{certify, check, decide, identify, read, scan};
use crate::store::Store;
use crate::visit::{
    Answer, Decision, Effect, Event, PageId, Say, Severity, Trouble, Visit, VisitId, Wish,
};

/// How often time is told to the visit.
const TICK: Duration = Duration::from_secs(1);

/// Everything the effects need.
pub struct Parts {
    /// The site file.
    pub config: Config,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Journal, copies, index.
    pub store: Arc<Store>,
    /// The document scanner.
    pub scanner: Mutex<Box<dyn Scanner>>,
    /// Resolution of page scans, dots per inch.
    pub scan_dpi: u32,
    /// The QR reader.
    pub codes: Mutex<Box<dyn CodeReader>>,
    /// The page readers.
    pub readers: read::ReaderPool,
    /// Keys of officers and authority.
    pub keys: decide::Keys,
    /// Fonts, seal, trust.
    pub assets: certify::CopyAssets,
    /// Wakes the upload when a copy was issued.
    pub copy_issued: Arc<tokio::sync::Notify>,
}

/// A hold on the running engine, for the screens and the command line.
#[derive(Clone)]
pub struct Kiosk {
    parts: Arc<Parts>,
    desk: Arc<Mutex<Desk>>,
    inbox: Sender<Message>,
    visit: watch::Receiver<Visit>,
}

/// Resolves once the visit has taken a wish and every screen can see what came of it.
pub type Taken = oneshot::Receiver<()>;

struct Message {
    event: Event,
    taken: Option<oneshot::Sender<()>>,
}

/// Takes a lock even when a thread panicked while holding it: every holder leaves the data whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kiosk {
    /// Starts the engine.
    pub fn start(parts: Parts) -> std::io::Result<Self> {
        let (inbox, messages) = std::sync::mpsc::channel();
        let visit = Visit::idle(parts.clock.now());
        let (published, watched) = watch::channel(visit.clone());
        let kiosk = Self {
            parts: Arc::new(parts),
            desk: Arc::default(),
            inbox: inbox.clone(),
            visit: watched,
        };
        let engine = Engine { kiosk: kiosk.clone(), visit, published };
        std::thread::Builder::new().name("visit".into()).spawn(move || engine.run(&messages))?;
        Ok(kiosk)
    }

    /// The parts the kiosk is made of.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The papers of the visit in progress.
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    /// The visit as it stands, and every change to come.
    pub fn watch(&self) -> watch::Receiver<Visit> {
        self.visit.clone()
    }

    /// A person asks for something.
    pub fn wish(&self, wish: Wish) -> Taken {
        let (taken, when_taken) = oneshot::channel();
        // The engine ends only with the process; then nobody waits for an answer either.
        let _ = self.inbox.send(Message { event: Event::Wish(wish), taken: Some(taken) });
        when_taken
    }

    fn answer(&self, visit: VisitId, answer: Answer) {
        // As above: an answer that nobody can take any more is not missed.
        let _ = self.inbox.send(Message { event: Event::Answer(visit, answer), taken: None });
    }

    /// A citizen begins a visit. Returns its id, drawn at random.
    pub fn begin(&self, copies: u32) -> Result<(VisitId, Taken), getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let visit = VisitId(hex::encode(bytes));
        let taken = self.wish(Wish::Start { visit: visit.clone(), copies });
        Ok((visit, taken))
    }

    /// An officer decides, with the PIN of the officer's token.
    pub fn decide(&self, decision: Decision, pin: Pin) -> Taken {
        self.desk().pin = Some(pin);
        self.wish(Wish::Decide(decision))
    }
}

struct Engine {
    kiosk: Kiosk,
    visit: Visit,
    published: watch::Sender<Visit>,
}

impl Engine {
    fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            let message = match inbox.recv_timeout(TICK) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => Message { event: Event::Tick, taken: None },
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.take(message.event);
            if let Some(taken) = message.taken {
                // Whoever asked may have gone away meanwhile.
                let _ = taken.send(());
            }
        }
    }

    fn take(&mut self, event: Event) {
        let now = self.kiosk.parts.clock.now();
        let starting = match &event {
            Event::Wish(Wish::Start { visit, .. }) => Some(visit.clone()),
            Event::Tick | Event::Wish(_) | Event::Answer(..) => None,
        };
        let (visit, effects) = self.visit.clone().step(event, now);
        let mut begun = None;
        if let (Some(started), Some(dossier)) = (starting, visit.dossier())
            && started == dossier.visit
        {
            begun = Some(started);
        }
        let changed = visit != self.visit;
        self.visit = visit;
        let of = self.visit.dossier().map(|dossier| dossier.visit.clone());
        // Wiping and forgetting happen before anyone is told that the visit moved on.
        for effect in &effects {
            self.forget(effect);
        }
        if let Some(visit) = begun {
            self.kiosk.desk().begin(visit);
        }
        if changed {
            self.published.send_replace(self.visit.clone());
        }
        for effect in effects {
            if let Some(visit) = of.clone() {
                self.kiosk.spawn(visit, effect);
            }
        }
    }

    fn forget(&self, effect: &Effect) {
        match effect {
            Effect::Wipe => self.kiosk.desk().wipe(),
            Effect::DropPage(page) => {
                let mut desk = self.kiosk.desk();
                desk.scanned.remove(page);
                desk.pages.remove(page);
            }
            Effect::ScanPage(_)
            | Effect::ReadPage(_)
            | Effect::Check
            | Effect::ScanCard
            | Effect::CompareFace
            | Effect::OpenKey(_)
            | Effect::Certify(_)
            | Effect::RecordRefusal(..)
            | Effect::RecordSecretMark => {}
        }
    }
}

impl Kiosk {
    /// Runs an effect on its own thread and sends its answer, also when the effect panics: a visit
    /// never waits for ever (invariant 8).
    fn spawn(&self, visit: VisitId, effect: Effect) {
        if matches!(effect, Effect::Wipe | Effect::DropPage(_)) {
            return;
        }
        let kiosk = self.clone();
        let of = visit.clone();
        let fallback = failed(&effect, "an effect could not be started");
        let run = move || {
            let crashed = failed(&effect, "an effect panicked");
            let answer = std::panic::catch_unwind(AssertUnwindSafe(|| kiosk.perform(&of, effect)))
                .unwrap_or(Some(crashed));
            if let Some(answer) = answer {
                kiosk.answer(of, answer);
            }
        };
        if std::thread::Builder::new().name("effect".into()).spawn(run).is_err() {
            self.answer(visit, fallback);
        }
    }

    fn perform(&self, visit: &VisitId, effect: Effect) -> Option<Answer> {
        match effect {
            Effect::ScanPage(page) => Some(self.timed("scan", || self.scan_page(visit, page))),
            Effect::ReadPage(page) => Some(self.timed("read", || self.read_page(visit, page))),
            Effect::Check => Some(self.timed("check", || self.check())),
            Effect::ScanCard => Some(self.timed("identify", || self.scan_card(visit))),
            Effect::CompareFace => Some(Answer::Face(identify::compare_face())),
            Effect::OpenKey(decision) => Some(self.open_key(visit, &decision)),
            Effect::Certify(decision) => {
                Some(self.timed("certify", || self.certify(visit, &decision)))
            }
            Effect::RecordRefusal(decision, reason) => {
                Some(match decide::record_refusal(&self.parts, visit, &decision, reason) {
                    Ok(()) => Answer::RefusalRecorded,
                    Err(trouble) => Answer::CertifyFailed(trouble),
                })
            }
            Effect::RecordSecretMark => {
                if let Err(trouble) = decide::record_secret_mark(&self.parts, visit) {
                    tracing::error!(cause = trouble.cause, "secret mark not recorded");
                }
                None
            }
            Effect::Wipe | Effect::DropPage(_) => None,
        }
    }

    fn timed(&self, stage: &'static str, work: impl FnOnce() -> Answer) -> Answer {
        let began = self.parts.clock.now();
        let answer = work();
        let took = self.parts.clock.now() - began;
        let ms = u64::try_from(took.whole_milliseconds()).unwrap_or(0);
        tracing::info!(stage, ms, "stage done");
        self.desk().timings.push(Timing { stage, ms });
        answer
    }

    /// The desk, if it still holds this visit's papers: a late answer must not put papers on the
    /// desk of the next person.
    fn desk_of(&self, visit: &VisitId) -> Option<MutexGuard<'_, Desk>> {
        let desk = self.desk();
        (desk.visit.as_ref() == Some(visit)).then_some(desk)
    }

    fn scan_page(&self, visit: &VisitId, page: PageId) -> Answer {
        let scanned = scan::scan(lock(&self.parts.scanner).as_mut(), self.parts.scan_dpi);
        match scanned {
            Ok(raster) => {
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.scanned.insert(page, raster);
                }
                Answer::Scanned(page)
            }
            Err(trouble) => Answer::ScanFailed(trouble),
        }
    }

    fn read_page(&self, visit: &VisitId, page: PageId) -> Answer {
        let raster = self.desk_of(visit).and_then(|mut desk| desk.scanned.remove(&page));
        let Some(raster) = raster else {
            return Answer::PageUnusable(page, internal("the page is no longer on the desk"));
        };
        match self.parts.readers.read(raster) {
            Ok(kept) => {
                let turned = kept.reading.turned_half;
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.pages.insert(page, Arc::new(kept));
                }
                Answer::Read { page, turned }
            }
            Err(trouble) => Answer::PageUnusable(page, trouble),
        }
    }

    fn check(&self) -> Answer {
        let pages: Vec<_> = self.desk().pages.values().cloned().collect();
        let readings: Vec<_> = pages.iter().map(|page| page.reading.clone()).collect();
        let outcome = read::understand(&readings);
        let findings = check::check(&readings, &outcome.classification);
        let mut desk = self.desk();
        desk.title = outcome.title;
        desk.fields = outcome.fields;
        Answer::Checked { kind: outcome.kind, findings }
    }

    fn scan_card(&self, visit: &VisitId) -> Answer {
        let mut scanner = lock(&self.parts.scanner);
        let mut codes = lock(&self.parts.codes);
        match identify::card_from_scanner(scanner.as_mut(), codes.as_mut()) {
            Ok(card) => {
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.card = Some(card);
                }
                Answer::CardRead
            }
            Err(trouble) => Answer::ScanFailed(trouble),
        }
    }

    fn open_key(&self, visit: &VisitId, decision: &Decision) -> Answer {
        let pin = self.desk_of(visit).and_then(|mut desk| desk.pin.take());
        let Some(pin) = pin else {
            return Answer::KeyRefused(internal("no PIN came with the decision"));
        };
        match decide::open_key(&self.parts, &decision.officer, &pin) {
            Ok(key) => {
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.key = Some(key);
                }
                Answer::KeyOpened
            }
            Err(trouble) => Answer::KeyRefused(trouble),
        }
    }

    fn certify(&self, visit: &VisitId, decision: &Decision) -> Answer {
        let watched = self.visit.borrow().dossier().cloned();
        let (Some(dossier), Some(mut desk)) = (watched, self.desk_of(visit)) else {
            return Answer::CertifyFailed(internal("the visit is no longer on the desk"));
        };
        let key = desk.key.take();
        let case = certify::Case {
            visit: visit.clone(),
            copies: dossier.copies,
            kind: dossier.kind.map_or_else(|| "Giấy tờ khác".into(), |kind| kind.vi),
            pages: desk.pages.values().cloned().collect(),
            officer: decision.officer.clone(),
            approval: match &decision.verdict {
                Ok(approval) => approval.clone(),
                Err(_) => return Answer::CertifyFailed(internal("the decision is a refusal")),
            },
        };
        drop(desk);
        let Some(mut key) = key else {
            return Answer::CertifyFailed(internal("the officer's key is not open"));
        };
        match certify::certify(&self.parts, &case, key.as_mut()) {
            Ok(issued) => {
                self.parts.copy_issued.notify_one();
                Answer::Certified(issued)
            }
            Err(trouble) => Answer::CertifyFailed(trouble),
        }
    }
}

/// A trouble inside the kiosk itself.
fn internal(cause: &str) -> Trouble {
    Trouble {
        say: Say::Internal,
        cause: cause.into(),
        remedy: "collect the log and report it; the visit can be started again".into(),
        severity: Severity::Service,
    }
}

/// The failing answer of an effect that did not come to an end.
fn failed(effect: &Effect, cause: &str) -> Answer {
    let trouble = internal(cause);
    match effect {
        Effect::ScanPage(_) | Effect::ScanCard => Answer::ScanFailed(trouble),
        Effect::ReadPage(page) => Answer::PageUnusable(*page, trouble),
        Effect::OpenKey(_) => Answer::KeyRefused(trouble),
        Effect::Certify(_) | Effect::RecordRefusal(..) => Answer::CertifyFailed(trouble),
        Effect::Check | Effect::DropPage(_) | Effect::RecordSecretMark | Effect::Wipe => {
            Answer::CheckFailed(trouble)
        }
        Effect::CompareFace => Answer::Face(identify::compare_face()),
    }
}
