//! Carries out what the visit asks for: one thread holds the visit, each effect runs on its own.
//!
//! The engine owns no rule of the visit. [`Machine`] feeds events in and says what is to be done,
//! [`Hands`] do it, and [`Kiosk`] runs both on threads and publishes the visit after every step;
//! screens read that and the [`Desk`].

mod card;
mod failure;
mod machine;

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drivers_api::{ClockGauge, CodeReader, Pin, Scanner, Turn};
use tokio::sync::{oneshot, watch};

use self::failure::{failed, internal};
pub use self::machine::{Job, Machine};
use crate::barcode::Standing;
use crate::clock::Clock;
use crate::config::Config;
use crate::desk::{Desk, Timing};
use crate::guard::Guard;
use crate::keys::KeyReport;
use crate::random::{Random, RandomError};
use crate::steps::sign_in::{SignInId, SignIns};
use crate::steps::{certify, check, chip, decide, defer, face, print, read, scan, speak, ticket};
use crate::store::{Record, SetByOfficer, Store};
use crate::visit::{
    Answer, Approval, ChipGap, ChipOutcome, Decision, Deferral, Dossier, Effect, Event, FaceGap,
    FaceOutcome, Issued, KindFact, PageId, State, Trouble, Visit, VisitId, Wish,
};
use crate::waits::Waits;
use crate::watchdog::Beats;

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
    /// What keeps the kiosk from signing.
    pub guard: Guard,
    /// The signs of life that the service manager's watchdog asks for.
    pub beats: Beats,
    /// What stands behind the clock.
    pub clock_gauge: Mutex<Box<dyn ClockGauge>>,
    /// The document scanner.
    pub scanner: Mutex<Box<dyn Scanner>>,
    /// Resolution of page scans, dots per inch.
    pub scan_dpi: u32,
    /// The QR reader.
    pub codes: Mutex<Box<dyn CodeReader>>,
    /// How the barcode reader is, where the board has one.
    pub barcode: Standing,
    /// The reader for the card's chip, where the board has one.
    pub chip: Option<chip::ChipStation>,
    /// Camera and face models, where the kiosk has them.
    pub face: Option<Box<dyn face::FaceStep>>,
    /// What speaks the screen's words, where the kiosk can.
    pub speaker: Option<speak::Speaker>,
    /// The ticket printer, where the board has one.
    pub ticket: Option<ticket::TicketStation>,
    /// The printer of copies, where the board has one.
    pub copy_printer: Option<print::Printer>,
    /// The page readers.
    pub readers: Box<dyn read::PageReader>,
    /// Keys of officers and authority.
    pub keys: decide::Keys,
    /// What is wrong with the keys, as they were looked at last.
    pub key_problems: Mutex<Vec<KeyReport>>,
    /// Makes the signed file.
    pub sealer: Box<dyn certify::Sealer>,
    /// The models that read the page, for the copy's manifest.
    pub models: Vec<formats_copy::ModelEntry>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// Wakes the upload when a copy was issued.
    pub copy_issued: Arc<tokio::sync::Notify>,
}

/// A hold on the running engine, for the screens and the command line.
#[derive(Clone)]
pub struct Kiosk {
    hands: Hands,
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
        let machine = Machine::new(parts);
        let (published, watched) = watch::channel(machine.visit().clone());
        let kiosk = Self { hands: machine.hands().clone(), inbox, visit: watched };
        let engine = Engine { kiosk: kiosk.clone(), machine, published };
        std::thread::Builder::new().name("visit".into()).spawn(move || engine.run(&messages))?;
        Ok(kiosk)
    }

    /// The parts the kiosk is made of.
    pub fn parts(&self) -> &Parts {
        self.hands.parts()
    }

    /// The papers of the visit in progress.
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        self.hands.desk()
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

    /// Nobody stands before the kiosk any more: a visit that waits for a person ends.
    pub fn person_left(&self) {
        // The engine ends only with the process.
        let _ = self.inbox.send(Message { event: Event::PersonLeft, taken: None });
    }

    /// An officer put on record whether the fee of a copy was taken: its screen tells.
    pub fn fee_settled(&self, book: &str, number: u32, taken: bool) {
        let event = Event::FeeSettled { book: book.to_owned(), number, taken };
        // As above.
        let _ = self.inbox.send(Message { event, taken: None });
    }

    /// The battery ends: a visit that waits for a person or an officer ends with that word.
    pub fn power_ends(&self) {
        // As above.
        let event = Event::PowerEnds(crate::battery::trouble());
        let _ = self.inbox.send(Message { event, taken: None });
    }

    /// The upload gives a sign of life.
    pub fn upload_lives(&self) {
        self.parts().beats.upload.give(self.parts().clock.steady());
    }

    fn answer(&self, visit: VisitId, answer: Answer) {
        // As above: an answer that nobody can take any more is not missed.
        let _ = self.inbox.send(Message { event: Event::Answer(visit, answer), taken: None });
    }

    /// A citizen begins a visit. Returns its id, drawn at random.
    pub fn begin(&self, copies: u32) -> Result<(VisitId, Taken), RandomError> {
        let visit = self.hands.new_visit()?;
        let taken = self.wish(Wish::Start { visit: visit.clone(), copies });
        Ok((visit, taken))
    }

    /// An officer decides at a page that is signed in: with the PIN of the officer's token, or with
    /// the key that is open with the sign-in.
    pub fn decide(&self, decision: Decision, pin: Option<Pin>, sign_in: SignInId) -> Taken {
        {
            let mut desk = self.desk();
            (desk.pin, desk.sign_in) = (pin, Some(sign_in));
        }
        self.wish(Wish::Decide(decision))
    }

    /// Who is signed in at the officers' pages.
    pub fn sign_ins(&self) -> &SignIns {
        &self.hands.sign_ins
    }

    /// In how many minutes officers were done with most of the last cases.
    pub fn usual_minutes(&self) -> Option<i64> {
        lock(&self.hands.waits).usual_minutes()
    }

    /// The time by which visits wait, as [`Visit::since`] tells it.
    pub fn visit_time(&self) -> time::OffsetDateTime {
        self.hands.visit_time()
    }

    /// Runs an effect on its own thread and sends its answer.
    fn spawn(&self, job: Job) {
        let kiosk = self.clone();
        let visit = job.dossier.visit.clone();
        let fallback = failed(&job.effect, "an effect could not be started");
        let run = {
            let visit = visit.clone();
            move || {
                if let Some(answer) = kiosk.hands.perform(job) {
                    kiosk.answer(visit, answer);
                }
            }
        };
        if std::thread::Builder::new().name("effect".into()).spawn(run).is_err() {
            self.answer(visit, fallback);
        }
    }
}

struct Engine {
    kiosk: Kiosk,
    machine: Machine,
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
            let jobs = self.machine.take(message.event);
            let parts = self.kiosk.parts();
            parts.beats.engine.give(parts.clock.steady());
            if *self.machine.visit() != *self.published.borrow() {
                let before = self.published.send_replace(self.machine.visit().clone());
                if !matches!(before.state(), State::Issued(..)) {
                    self.acknowledge();
                }
            }
            for job in jobs {
                self.kiosk.spawn(job);
            }
            if let Some(taken) = message.taken {
                // Whoever asked may have gone away meanwhile.
                let _ = taken.send(());
            }
        }
    }
}

impl Engine {
    /// The screens show "issued" now: that is put on record, without keeping the visit waiting.
    fn acknowledge(&self) {
        let State::Issued(_, issued) = self.machine.visit().state() else { return };
        let (book, number) = (issued.book.clone(), issued.number);
        let kiosk = self.kiosk.clone();
        let put = move || {
            let store = &kiosk.parts().store;
            let copy = store.by_number(&book, number);
            let done = copy.and_then(|copy| copy.map_or(Ok(()), |c| store.acknowledge(c.sequence)));
            if let Err(error) = done {
                tracing::warn!(error = crate::chain(&error), "that it was shown is not on record");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("acknowledge".into()).spawn(put) {
            tracing::warn!(%error, "that it was shown is not on record");
        }
    }
}

/// Carries out effects with the kiosk's parts on the visit's papers.
#[derive(Clone)]
pub struct Hands {
    parts: Arc<Parts>,
    desk: Arc<Mutex<Desk>>,
    sign_ins: Arc<SignIns>,
    waits: Arc<Mutex<Waits>>,
    /// The wall clock and the steady one when the kiosk started.
    began: (time::OffsetDateTime, Duration),
}

impl Hands {
    /// The parts the kiosk is made of.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The papers of the visit in progress.
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    /// Who is signed in at the officers' pages.
    pub fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// The time by which a visit waits: the start's, and what has gone by since. A clock that is
    /// set right during a visit neither ends its waits nor makes them endless.
    fn visit_time(&self) -> time::OffsetDateTime {
        self.began.0 + self.parts.clock.steady().saturating_sub(self.began.1)
    }

    /// Draws the id of a new visit.
    pub fn new_visit(&self) -> Result<VisitId, RandomError> {
        let mut bytes = [0; 16];
        self.parts.random.fill(&mut bytes)?;
        Ok(VisitId(hex::encode(bytes)))
    }

    fn do_at_once(&self, effect: &Effect) {
        match effect {
            Effect::Wipe => self.desk().wipe(),
            Effect::KeepSlip => self.desk().keep_slip(),
            Effect::DropPage(page) => {
                let mut desk = self.desk();
                desk.scanned.remove(page);
                desk.pages.remove(page);
            }
            Effect::TakeCard => self.desk().take_shown(),
            Effect::StopFace => self.desk().looking = false,
            Effect::NoteReceived => self.desk().received = Some(self.parts.clock.now()),
            Effect::LookForRoom
            | Effect::ScanPage(_)
            | Effect::ReadPage(_)
            | Effect::Check
            | Effect::CheckAs(_)
            | Effect::ScanCard
            | Effect::ReadChip
            | Effect::LookForFace
            | Effect::CompareFace { .. }
            | Effect::RecordConsent(_)
            | Effect::RecordRescan { .. }
            | Effect::RecordFeedback(_)
            | Effect::OpenKey(_)
            | Effect::Certify(_)
            | Effect::PrintTicket(_)
            | Effect::PrintCopy(..)
            | Effect::RecordRefusal(..)
            | Effect::RecordSecretMark
            | Effect::Defer(_) => {}
        }
    }

    /// Carries out a job. There is an answer also when it panics: a visit never waits for ever
    /// (invariant 8), and a number that it held is given back.
    pub fn perform(&self, job: Job) -> Option<Answer> {
        let crashed = failed(&job.effect, "an effect panicked");
        let visit = job.dossier.visit.clone();
        match std::panic::catch_unwind(AssertUnwindSafe(|| self.work(job))) {
            Ok(answer) => answer,
            Err(_) => {
                self.give_back(&visit);
                Some(crashed)
            }
        }
    }

    fn give_back(&self, visit: &VisitId) {
        let held = self.parts.store.open_reservation().filter(|held| held.visit == visit.0);
        if let Some(held) = held
            && let Err(error) = self.parts.store.release(&held, "an effect panicked")
        {
            tracing::error!(error = crate::chain(&error), "number not given back yet");
        }
    }

    fn work(&self, job: Job) -> Option<Answer> {
        let Job { dossier, effect } = job;
        let visit = &dossier.visit;
        match effect {
            Effect::LookForRoom => self.look_for_room().err().map(Answer::NoRoom),
            Effect::ScanPage(page) => Some(self.timed("scan", || self.scan_page(visit, page))),
            Effect::ReadPage(page) => Some(self.timed("read", || self.read_page(visit, page))),
            Effect::Check => Some(self.timed("check", || self.check())),
            Effect::CheckAs(kind) => Some(self.timed("check", || self.check_as(&kind))),
            Effect::ScanCard => Some(self.timed("identify", || self.scan_card(visit))),
            Effect::ReadChip => Some(self.timed("chip", || self.read_chip(visit))),
            Effect::LookForFace => Some(self.look_for_face(visit)),
            Effect::CompareFace { slowly } => {
                Some(self.timed("face", || self.compare_face(visit, slowly)))
            }
            Effect::RecordConsent(given) => {
                let purpose = "face".into();
                self.note(Record::Consent { visit: visit.0.clone(), purpose, given });
                None
            }
            Effect::RecordFeedback(feedback) => {
                self.note(Record::FeedbackGiven(feedback));
                None
            }
            Effect::RecordRescan { request, pages } => {
                self.note(decide::rescan_asked(&self.parts, visit, &request, &pages));
                None
            }
            Effect::Defer(deferral) => Some(self.defer(&dossier, &deferral)),
            Effect::OpenKey(decision) => Some(self.open_key(visit, &decision)),
            Effect::Certify(decision) => {
                Some(self.timed("certify", || self.certify(&dossier, &decision)))
            }
            Effect::PrintTicket(issued) => self.print_ticket(&issued),
            Effect::PrintCopy(issued, time) => {
                Some(self.timed("print", || self.print_copy(&issued, dossier.copies, time)))
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
            Effect::Wipe
            | Effect::KeepSlip
            | Effect::DropPage(_)
            | Effect::TakeCard
            | Effect::StopFace
            | Effect::NoteReceived => None,
        }
    }

    /// Whether another copy can be numbered, signed and kept.
    fn look_for_room(&self) -> Result<(), Trouble> {
        let store = &self.parts.store;
        let kept = store.room().and_then(|()| store.book_in_force());
        kept.map_err(|error| decide::store_trouble(&error))?;
        self.parts.guard.may_begin(&self.parts)
    }

    /// Puts on record what may be missing there: the next record that must be written tells.
    fn note(&self, record: Record) {
        if let Err(error) = self.parts.store.record(record) {
            tracing::warn!(error = crate::chain(&error), "a step of the visit is not on record");
        }
    }

    fn timed(&self, stage: &'static str, work: impl FnOnce() -> Answer) -> Answer {
        let began = self.parts.clock.steady();
        let answer = work();
        let took = self.parts.clock.steady().saturating_sub(began);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
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
                let turned = kept.reading.turn != Turn::None;
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.pages.insert(page, Arc::new(kept));
                }
                Answer::Read { page, turned }
            }
            Err(trouble) => Answer::PageUnusable(page, trouble),
        }
    }

    fn check(&self) -> Answer {
        let readings = self.readings();
        let outcome = read::understand(&readings);
        let (kind, findings) = self.checked(&readings, outcome);
        Answer::Checked { kind, findings }
    }

    /// As [`Hands::check`], for the kind with this id in the place of the reader's own.
    fn check_as(&self, kind: &str) -> Answer {
        let Some(kind) = models::kinds().iter().find(|known| known.id == kind) else {
            return Answer::CheckFailed(internal("the table has no such kind"));
        };
        let readings = self.readings();
        let read = read::understand(&readings).kind;
        let (set, findings) = self.checked(&readings, read::understand_as(&readings, kind));
        Answer::CheckedAs { read, set, findings }
    }

    fn readings(&self) -> Vec<models::PageReading> {
        self.desk().pages.values().map(|page| page.reading.clone()).collect()
    }

    /// Holds the rules against what the pages say, and lays the proposals on the desk.
    fn checked(
        &self,
        readings: &[models::PageReading],
        outcome: read::Understanding,
    ) -> (KindFact, Vec<check::Finding>) {
        let findings = check::check(readings, &outcome.classification);
        let mut desk = self.desk();
        desk.title = outcome.title;
        desk.fields = outcome.fields;
        (outcome.kind, findings)
    }

    /// Reads the card's chip. The outcome goes on record by its code; a record that cannot be
    /// written is told by the next that must be.
    fn read_chip(&self, visit: &VisitId) -> Answer {
        let desk = self.desk_of(visit);
        let keys = desk.map(|desk| chip::keys(desk.zone.as_ref(), desk.card.as_ref()));
        let outcome = match (&self.parts.chip, keys) {
            (Some(station), Some(keys)) => self.chip_outcome(visit, station, &keys),
            _ => ChipOutcome::NotRead(ChipGap::NoReader),
        };
        self.note(Record::ChipLookedAt { visit: visit.0.clone(), outcome: outcome.code().into() });
        Answer::Chip(outcome)
    }

    /// Whether there is a portrait, a model and a camera.
    fn look_for_face(&self, visit: &VisitId) -> Answer {
        let none = |gap| Answer::Face(FaceOutcome::NotCompared(gap));
        let Some(step) = &self.parts.face else { return none(FaceGap::NoModel) };
        let portrait = self.desk_of(visit).is_some_and(|desk| {
            let chip = desk.chip.as_ref().is_some_and(|chip| chip.portrait().is_some());
            chip || !desk.portraits.is_empty()
        });
        if !portrait {
            return none(FaceGap::NoPortrait);
        }
        step.ready().map_or_else(none, |()| Answer::FaceReady)
    }

    /// Compares the person with the card's portrait while the person wants it and the visit lasts.
    fn compare_face(&self, visit: &VisitId, slowly: bool) -> Answer {
        let gap = |gap| Answer::Face(FaceOutcome::NotCompared(gap));
        let Some(step) = &self.parts.face else { return gap(FaceGap::NoModel) };
        let Some(mut desk) = self.desk_of(visit) else { return gap(FaceGap::NoPortrait) };
        desk.looking = true;
        let chip = desk.chip.as_ref().and_then(chip::portrait).and_then(Result::ok);
        let portraits = face::Portraits { chip, printed: desk.portraits.clone() };
        drop(desk);
        let wanted = || self.desk_of(visit).is_some_and(|desk| desk.looking);
        let found = step.compare(portraits, slowly, self.parts.random.as_ref(), &wanted);
        let (score, threshold, liveness) = match found.outcome {
            FaceOutcome::Compared(result) => {
                (Some(result.score), Some(result.threshold), Some(result.liveness))
            }
            FaceOutcome::NotCompared(_) => (None, None, None),
        };
        // A person who has left is not on record but for the consent.
        if wanted() {
            self.note(Record::FaceLookedAt {
                visit: visit.0.clone(),
                outcome: found.outcome.code().into(),
                score,
                threshold,
                liveness,
                reasons: found.reasons.iter().map(|&reason| reason.into()).collect(),
                model: found.model,
            });
        }
        Answer::Face(found.outcome)
    }

    fn chip_outcome(
        &self,
        visit: &VisitId,
        station: &chip::ChipStation,
        keys: &[formats_mrtd::AccessKey],
    ) -> ChipOutcome {
        let wanted = formats_mrtd::Wanted { portrait: true, details: true };
        let parts = &self.parts;
        match chip::read(station, keys, wanted, parts.clock.now(), parts.random.as_ref()) {
            Ok(read) => {
                let outcome = chip::outcome(&read);
                tracing::info!(outcome = outcome.code(), "chip read");
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.chip = Some(read);
                }
                outcome
            }
            Err(error) => {
                tracing::warn!(error = crate::chain(&error), hint = error.hint(), "chip not read");
                ChipOutcome::NotRead(error.gap())
            }
        }
    }

    fn open_key(&self, visit: &VisitId, decision: &Decision) -> Answer {
        let desk = self.desk_of(visit);
        let means = desk.map(|mut desk| (desk.pin.take(), desk.sign_in.take()));
        let opened = match means.unwrap_or_default() {
            (Some(pin), _) => decide::open_key(&self.parts, decision, &pin),
            (None, Some(sign_in)) => self.sign_ins.lend(&self.parts, &sign_in, decision),
            (None, None) => Err(internal("neither PIN nor session came with the decision")),
        };
        match opened {
            Ok(key) => {
                if let Some(mut desk) = self.desk_of(visit) {
                    desk.key = Some(key);
                }
                Answer::KeyOpened
            }
            Err(trouble) => Answer::KeyRefused(trouble),
        }
    }

    fn defer(&self, dossier: &Dossier, deferral: &Deferral) -> Answer {
        let Some(received) = self.desk_of(&dossier.visit).and_then(|desk| desk.received) else {
            return Answer::DeferFailed(internal("the visit is no longer on the desk"));
        };
        match defer::defer(&self.parts, dossier, received, deferral) {
            Ok((appointment, slip)) => {
                if let Some(mut desk) = self.desk_of(&dossier.visit) {
                    desk.slip = Some(slip);
                }
                Answer::Deferred(appointment)
            }
            Err(trouble) => Answer::DeferFailed(trouble),
        }
    }

    /// Prints the ticket, where there is a printer.
    fn print_ticket(&self, issued: &Issued) -> Option<Answer> {
        let station = self.parts.ticket.as_ref()?;
        let ticket = ticket::Ticket::new(&self.parts.config, issued, self.parts.clock.now());
        Some(match ticket::print(station, &ticket) {
            Ok(low) => Answer::TicketPrinted(low),
            Err(trouble) => {
                tracing::warn!(cause = trouble.cause, hint = trouble.remedy, "no ticket");
                Answer::TicketFailed(trouble)
            }
        })
    }

    fn print_copy(&self, issued: &Issued, copies: u32, time: u32) -> Answer {
        match print::print(&self.parts, issued, copies, time) {
            Ok(()) => Answer::CopyPrinted,
            Err(trouble) => {
                tracing::warn!(cause = trouble.cause, hint = trouble.remedy, "copy not printed");
                Answer::CopyNotPrinted(trouble)
            }
        }
    }

    fn certify(&self, dossier: &Dossier, decision: &Decision) -> Answer {
        let visit = &dossier.visit;
        // The cabinet may have been opened since the officer's key was.
        if let Err(trouble) = self.parts.guard.may_sign(&self.parts) {
            return Answer::CertifyFailed(trouble);
        }
        let Some(mut desk) = self.desk_of(visit) else {
            return Answer::CertifyFailed(internal("the visit is no longer on the desk"));
        };
        let key = desk.key.take();
        let Ok(approval) = &decision.verdict else {
            return Answer::CertifyFailed(internal("the decision is a refusal"));
        };
        let case = certify::Case {
            visit: visit.clone(),
            copies: dossier.copies,
            kind: dossier
                .kind_in_force()
                .map_or_else(|| "Giấy tờ khác".into(), |kind| kind.vi.clone()),
            pages: desk.pages.values().cloned().collect(),
            officer: decision.officer.clone(),
            set: set_by_officer(dossier, &desk, approval),
            approval: approval.clone(),
        };
        drop(desk);
        let Some(mut key) = key else {
            return Answer::CertifyFailed(internal("the officer's key is not open"));
        };
        match certify::certify(&self.parts, &case, &mut key) {
            Ok(issued) => {
                self.parts.copy_issued.notify_one();
                Answer::Certified(issued)
            }
            Err(trouble) => Answer::CertifyFailed(trouble),
        }
    }
}

/// What the officer set otherwise than the machine read it, or where it read nothing.
fn set_by_officer(dossier: &Dossier, desk: &Desk, approval: &Approval) -> Vec<SetByOfficer> {
    let mut set = Vec::new();
    if let (Some(kind), Some(read)) = (&dossier.kind_set, &dossier.kind) {
        set.push(SetByOfficer::Kind { read: read.id.clone(), set: kind.id.clone() });
    }
    if approval.title.trim() != desk.title.trim() {
        set.push(SetByOfficer::Title);
    }
    if desk.card.as_ref().is_none_or(|card| card.name.trim() != approval.requester.trim()) {
        set.push(SetByOfficer::Requester);
    }
    set
}
