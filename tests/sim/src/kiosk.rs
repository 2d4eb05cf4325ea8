//! One simulated kiosk: the product's own machine, store and uploader on a disk that fails.

use std::sync::{Arc, Mutex};

use drivers_api::{Pin, Token};
use formats_files::MemoryDisk;
use formats_vn::due::Extension;
use kiosk::barcode::Standing;
use kiosk::config::Config;
use kiosk::engine::{Job, Machine, Parts};
use kiosk::guard::Guard;
use kiosk::pin::PinSource;
use kiosk::steps::decide::Keys;
use kiosk::steps::seal_key::SealKey;
use kiosk::store::{Policy, Record, Store, StoreError};
use kiosk::upload::Uploader;
use kiosk::visit::{
    Answer, Approval, Decision, Deferral, DeferralReason, Event, Feedback, Rating, RefusalReason,
    RescanReason, RescanRequest, Say, State, Visit, VisitId, Wish,
};
use kiosk::watchdog::Beats;

use crate::Violation;
use crate::chaos::{Chaos, Trouble};
use crate::clock::{SimClock, TrueTime};
use crate::copy::{AUTHORITY_KEY, OFFICER_KEY};
use crate::devices::{
    PIN, SimCodes, SimFace, SimGauge, SimPrinter, SimReader, SimScanner, SimSealer, SimToken, Tray,
};
use crate::network::Network;
use crate::rot;

/// Starts that may fail in a row before the fault is taken for a defect.
const STARTS_MAX: u32 = 40;
/// Turns that a visit may take: far more than all its limits together.
const VISIT_TURNS_MAX: u64 = 3_000;

/// A copy that was shown as issued.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The book.
    pub book: String,
    /// The number.
    pub number: u32,
    /// The verification code.
    pub code: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

/// What the outside saw of a kiosk, whatever became of its memory.
#[derive(Debug, Default)]
pub struct Seen {
    /// Copies shown as issued.
    pub shown: Vec<Shown>,
    /// Visits that the officer approved with the right PIN.
    pub approved: Vec<VisitId>,
    /// Appointments made: the slip's number, and when the copy will be there.
    pub deferred: Vec<(VisitId, String, time::OffsetDateTime)>,
    /// Visits begun.
    pub visits: u64,
    /// Visits in which something went wrong.
    pub troubled: u64,
    /// Starts after a power cut or kill.
    pub restarts: u64,
    /// What came out of the printer.
    pub tray: Tray,
}

/// A kiosk.
pub struct SimKiosk {
    /// The device's name.
    pub name: String,
    /// What the outside saw.
    pub seen: Seen,
    chaos: Chaos,
    truth: TrueTime,
    clock: SimClock,
    disk: MemoryDisk,
    policy: Policy,
    /// The index's real folder, in some runs; without one answers come from the journal.
    index: Option<tempfile::TempDir>,
    network: Network,
    pin_file: std::path::PathBuf,
    running: Option<Running>,
    /// The person walked away from this visit, or the officer will not come to it.
    deserted: bool,
    visit_turns: u64,
    faults_before: u64,
    /// What a start found missing or unexplained.
    lost: Vec<String>,
}

struct Running {
    machine: Machine,
    store: Arc<Store>,
    uploader: Uploader,
    jobs: Vec<Job>,
    upload_at: u64,
}

impl SimKiosk {
    /// A new kiosk with an empty disk.
    pub fn new(
        name: &str,
        chaos: &Chaos,
        truth: &TrueTime,
        network: &Network,
        pin_file: &std::path::Path,
    ) -> Self {
        let disk = MemoryDisk::new(chaos.below(u64::MAX));
        let mut policy = Policy { reserve_bytes: 1, ..Policy::default() };
        if chaos.one_in(3) {
            policy = Policy { reserve_bytes: 1_000_000, keep: time::Duration::hours(2) };
            disk.set_capacity(1_500_000 + chaos.below(4_000_000));
        }
        let index = if chaos.one_in(16) { tempfile::tempdir().ok() } else { None };
        Self {
            name: name.to_owned(),
            seen: Seen::default(),
            chaos: chaos.clone(),
            truth: truth.clone(),
            clock: SimClock::new(truth),
            disk,
            policy,
            index,
            network: network.clone(),
            pin_file: pin_file.to_owned(),
            running: None,
            deserted: false,
            visit_turns: 0,
            faults_before: 0,
            lost: vec![],
        }
    }

    /// One small step of whatever goes on at this kiosk.
    pub fn turn(&mut self, runtime: &tokio::runtime::Runtime) -> Result<(), Violation> {
        if self.running.is_none() {
            self.start()?;
        }
        self.meddle();
        self.housekeeping()?;
        let outcome = match self.running.as_ref().map_or(0, |r| r.jobs.len()) {
            jobs if jobs > 0 && !self.chaos.one_in(4) => self.work(),
            _ if self.chaos.one_in(3) => self.upload(runtime),
            _ => self.people(),
        };
        outcome?;
        self.let_time_pass();
        if self.disk.is_without_power() {
            return self.stop(true);
        }
        if self.chaos.strikes(Trouble::Kill) {
            return self.stop(false);
        }
        self.take(Event::Tick);
        self.check_desk()
    }

    /// What the daemon does on a timer: old copies go, everything is read again.
    fn housekeeping(&self) -> Result<(), Violation> {
        let Some(running) = &self.running else { return Ok(()) };
        if self.chaos.one_in(40) {
            // A failure is tried again with the next timer.
            let _ = running.store.age_out();
        }
        if self.chaos.one_in(400)
            && let Ok(found) = running.store.scrub()
            && !(found.damaged_copies.is_empty() && found.unexplained.is_empty())
        {
            return Err(Violation::new(&self.name, &format!("a scrub finds damage: {found:?}")));
        }
        Ok(())
    }

    /// Disk and clock troubles come on their own.
    fn meddle(&mut self) {
        if self.chaos.strikes(Trouble::Disk) {
            self.disk.fail_after(1 + self.chaos.below(12));
        }
        if self.chaos.strikes(Trouble::PowerCut) {
            self.disk.cut_after(1 + self.chaos.below(25));
        }
        if self.chaos.strikes(Trouble::DiskFull) {
            self.disk.set_full(true);
        } else if self.chaos.one_in(8) {
            self.disk.set_full(false);
        }
        if self.chaos.strikes(Trouble::ClockJump) {
            let days = self.chaos.pick(&[-20 * 365, -30, -1, 1, 400]);
            self.clock.set_error(days * 86_400);
        } else if self.chaos.one_in(60) {
            self.clock.set_error(0);
        }
    }

    fn let_time_pass(&mut self) {
        let ms = match self.chaos.below(40) {
            0 => 60_000 * (1 + self.chaos.below(10)),
            _ if self.deserted => 60_000,
            _ => 200 + self.chaos.below(2_000),
        };
        self.truth.pass(ms);
    }

    /// Does one of the jobs that wait.
    fn work(&mut self) -> Result<(), Violation> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let at = self.chaos.below(running.jobs.len() as u64) as usize;
        let job = running.jobs.swap_remove(at);
        let visit = job.dossier.visit.clone();
        let answer = running.machine.hands().perform(job);
        if self.disk.is_without_power() {
            // The machine stopped in the middle; nobody saw an answer.
            return Ok(());
        }
        let Some(answer) = answer else { return Ok(()) };
        let certified = match &answer {
            Answer::Certified(issued) => Some(issued.clone()),
            _ => None,
        };
        if let Answer::Deferred(made) = &answer {
            self.seen.deferred.push((visit.clone(), made.slip.clone(), made.due));
        }
        self.take(Event::Answer(visit, answer));
        if let Some(issued) = certified {
            let shown = self.running.as_ref().is_some_and(
                |r| matches!(r.machine.visit().state(), State::Issued(_, i) if *i == issued),
            );
            if !shown {
                return Err(Violation::new(&self.name, "a certified copy was not shown"));
            }
            let (book, number) = (issued.book, issued.number);
            let (code, sha256) = (issued.code, issued.sha256);
            self.seen.shown.push(Shown { book, number, code, sha256 });
        }
        Ok(())
    }

    fn take(&mut self, event: Event) {
        let Some(running) = &mut self.running else { return };
        let jobs = running.machine.take(event);
        running.jobs.extend(jobs);
    }

    fn upload(&mut self, runtime: &tokio::runtime::Runtime) -> Result<(), Violation> {
        let Some(running) = &mut self.running else { return Ok(()) };
        if self.truth.ms() < running.upload_at {
            return Ok(());
        }
        let pause = runtime.block_on(running.uploader.round());
        let pause = crate::network::pause_of(pause)?;
        running.upload_at = self.truth.ms() + u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// What citizen and officer do now.
    fn people(&mut self) -> Result<(), Violation> {
        let Some(running) = &self.running else { return Ok(()) };
        let visit = running.machine.visit().clone();
        self.visit_turns += 1;
        if self.visit_turns > VISIT_TURNS_MAX {
            let state =
                format!("a visit does not end: {:?}", std::mem::discriminant(visit.state()));
            return Err(Violation::new(&self.name, &state));
        }
        match visit.state() {
            State::Idle => self.begin(),
            State::Issued(..) | State::Refused(..) | State::Failed(..) if self.chaos.one_in(2) => {
                self.begin();
            }
            _ if self.deserted => {}
            State::Issued(..) | State::Refused(..) | State::Deferred(..)
                if self.chaos.one_in(3) =>
            {
                self.answer();
            }
            State::Collecting(dossier) => self.collect(dossier.pages.is_empty()),
            State::AwaitingCard(_) => {
                let wish = if self.chaos.one_in(2) { Wish::ScanCard } else { Wish::SkipCard };
                self.take(Event::Wish(wish));
            }
            State::AwaitingFace(_) => {
                let slowly = self.chaos.one_in(4);
                let skip = self.chaos.one_in(3);
                let wish = if skip { Wish::SkipFace } else { Wish::CompareFace { slowly } };
                self.take(Event::Wish(wish));
            }
            State::Deciding(_) => self.decide(&visit),
            State::AwaitingRescan(_) if self.chaos.strikes(Trouble::CitizenLeaves) => {
                self.deserted = true;
            }
            State::AwaitingRescan(_) => {
                let officer = self.chaos.one_in(5);
                let wish = if officer { Wish::WithdrawRescan } else { Wish::ScanPage };
                self.take(Event::Wish(wish));
            }
            State::Deferred(..) if self.chaos.one_in(8) => self.deserted = true,
            State::Deferred(..) => self.take(Event::Wish(Wish::SlipGiven)),
            State::Issued(..) | State::Refused(..) | State::Failed(..) => {
                let wish = if self.chaos.one_in(2) { Wish::PrintAgain } else { Wish::End };
                self.take(Event::Wish(wish));
            }
            State::Scanning(_)
            | State::Reading(_)
            | State::Checking(_)
            | State::Identifying(_)
            | State::Correcting(_)
            | State::Authorising(..)
            | State::Certifying(..)
            | State::Deferring(..) => {
                // An impatient person touches what is no longer there.
                if self.chaos.one_in(10) {
                    let wishes = [
                        Wish::ScanPage,
                        Wish::DropLastPage,
                        Wish::PagesDone,
                        Wish::End,
                        Wish::SkipFace,
                    ];
                    let wish = wishes[self.chaos.below(5) as usize].clone();
                    self.take(Event::Wish(wish));
                }
            }
        }
        Ok(())
    }

    /// The person says how it was.
    fn answer(&mut self) {
        let rating = self.chaos.pick(&[Rating::Good, Rating::Fair, Rating::Poor]);
        let feedback = Feedback { rating, complaint: None };
        self.take(Event::Wish(Wish::Feedback(feedback)));
    }

    /// The person lays a page, takes one back, has laid all, or goes away.
    fn collect(&mut self, no_page: bool) {
        if self.chaos.strikes(Trouble::CitizenLeaves) {
            self.deserted = true;
        } else if no_page || self.chaos.one_in(3) {
            self.take(Event::Wish(Wish::ScanPage));
        } else if self.chaos.one_in(8) {
            self.take(Event::Wish(Wish::DropLastPage));
        } else {
            self.take(Event::Wish(Wish::PagesDone));
        }
    }

    fn begin(&mut self) {
        self.close_visit();
        let Some(running) = &self.running else { return };
        let Ok(visit) = running.machine.hands().new_visit() else { return };
        self.chaos.plan();
        self.seen.visits += 1;
        self.deserted = false;
        self.visit_turns = 0;
        let copies = 1 + u32::try_from(self.chaos.below(3)).unwrap_or(0);
        self.take(Event::Wish(Wish::Start { visit, copies }));
    }

    /// Counts the visit that ended as troubled if anything struck since it began.
    pub fn close_visit(&mut self) {
        let faults = self.chaos.total() + self.disk.faults();
        if self.seen.visits > 0 && faults > self.faults_before && self.visit_turns > 0 {
            self.seen.troubled += 1;
        }
        self.faults_before = faults;
        self.visit_turns = 0;
    }

    fn decide(&mut self, visit: &Visit) {
        if self.chaos.strikes(Trouble::OfficerAway) {
            self.deserted = true;
            return;
        }
        let Some(dossier) = visit.dossier() else { return };
        if self.chaos.one_in(10) {
            let deferral = self.deferral();
            return self.take(Event::Wish(Wish::Defer(deferral)));
        }
        if self.chaos.one_in(10) {
            let kind = self.chaos.pick(&["birth", "decision", "other", "none such"]);
            return self.take(Event::Wish(Wish::CorrectKind(kind.into())));
        }
        if self.chaos.one_in(8) {
            let reason = self.chaos.pick(&RescanReason::ALL);
            let first = dossier.pages.first().map(|(page, _)| *page);
            let pages = first.filter(|_| self.chaos.one_in(2)).into_iter().collect();
            let request = RescanRequest { officer: OFFICER_KEY.into(), reason, pages };
            return self.take(Event::Wish(Wish::Rescan(request)));
        }
        let verdict = if self.chaos.one_in(8) {
            Err(self.chaos.pick(&RefusalReason::ALL))
        } else {
            Ok(Approval {
                title: "Quyết định thử".into(), requester: "Nguyễn Văn Thử".into()
            })
        };
        let pin = if self.chaos.strikes(Trouble::WrongPin) { "000000" } else { PIN };
        if verdict.is_ok() && pin == PIN {
            self.seen.approved.push(dossier.visit.clone());
        }
        if let Some(running) = &self.running {
            running.machine.hands().desk().pin = Some(Pin::new(pin));
        }
        // Who is told that the clock is in doubt looks at it, and confirms it.
        let told = dossier.trouble.as_ref().map(|trouble| trouble.say);
        let confirms_clock = matches!(told, Some(Say::ClockBack | Say::ClockUnset));
        let decision = Decision { officer: OFFICER_KEY.into(), verdict, confirms_clock };
        self.take(Event::Wish(Wish::Decide(decision)));
    }

    /// A promise, now and then one that the rules do not allow.
    fn deferral(&self) -> Deferral {
        let reason = self.chaos.pick(&DeferralReason::ALL);
        let extension = match self.chaos.below(5) {
            0 | 1 => Extension::None,
            days => Extension::WorkingDays(u8::try_from(days - 1).unwrap_or(1)),
        };
        let (title, requester) = ("Quyết định thử".into(), "Nguyễn Văn Thử".into());
        Deferral { officer: OFFICER_KEY.into(), reason, extension, title, requester }
    }

    /// Papers are on the desk only while their visit goes on (invariant 6).
    fn check_desk(&self) -> Result<(), Violation> {
        let Some(running) = &self.running else { return Ok(()) };
        let ended = matches!(
            running.machine.visit().state(),
            State::Idle | State::Issued(..) | State::Refused(..) | State::Deferred(..)
        );
        let slip_stays = matches!(running.machine.visit().state(), State::Deferred(..));
        let desk = running.machine.hands().desk();
        let papers = !desk.pages.is_empty()
            || !desk.scanned.is_empty()
            || desk.card.is_some()
            || desk.zone.is_some()
            || desk.chip.is_some()
            || desk.pin.is_some()
            || desk.key.is_some()
            || (desk.slip.is_some() && !slip_stays);
        if ended && papers {
            return Err(Violation::new(&self.name, "papers stay on the desk after the visit"));
        }
        Ok(())
    }

    /// The machine stops: by the switch, or the program alone.
    fn stop(&mut self, power: bool) -> Result<(), Violation> {
        self.running = None;
        if power {
            self.disk.restart();
        } else {
            self.disk.restart_program();
        }
        self.seen.restarts += 1;
        self.deserted = false;
        self.truth.pass(20_000 + self.chaos.below(100_000));
        if self.chaos.strikes(Trouble::Rot) { self.rot() } else { Ok(()) }
    }

    /// While the machine is off, one bit of its disk changes. The next start must notice; then the
    /// disk is repaired, as a technician does from the registry or a second medium.
    fn rot(&mut self) -> Result<(), Violation> {
        let Some(flip) = rot::choose(&self.disk, &self.chaos) else { return Ok(()) };
        self.disk.calm();
        flip.apply(&self.disk);
        let noticed = rot::is_noticed(&flip, self.open().map(|running| running.store));
        flip.apply(&self.disk);
        self.disk.restart_program();
        self.lost.clear();
        if noticed {
            return Ok(());
        }
        Err(Violation::new(&self.name, &format!("nobody notices a flipped bit: {flip:?}")))
    }

    /// Starts the program, through further faults if there are any.
    pub fn start(&mut self) -> Result<(), Violation> {
        for attempt in 1..=STARTS_MAX {
            if self.chaos.is_on() && attempt < STARTS_MAX / 2 {
                match self.chaos.below(12) {
                    0 => self.disk.cut_after(1 + self.chaos.below(40)),
                    1 => self.disk.fail_after(1 + self.chaos.below(40)),
                    _ => {}
                }
            } else {
                self.disk.set_full(false);
            }
            match self.open() {
                Ok(running) => {
                    self.running = Some(running);
                    return match self.lost.first() {
                        None => Ok(()),
                        Some(lost) => Err(Violation::new(&self.name, &format!("lost: {lost}"))),
                    };
                }
                Err(StoreError::Damaged { segment, offset, damage }) => {
                    let text = format!("journal {segment} at {offset}: {damage}");
                    return Err(Violation::new(&self.name, &text));
                }
                Err(_) if self.disk.is_without_power() => self.disk.restart(),
                Err(_) => self.disk.restart_program(),
            }
        }
        Err(Violation::new(&self.name, "the store does not open any more"))
    }

    fn open(&mut self) -> Result<Running, StoreError> {
        let clock: Arc<SimClock> = Arc::new(self.clock.clone());
        let index = self.index.as_ref().map(|folder| folder.path().join("index"));
        if let Some(index) = &index
            && self.chaos.one_in(2)
        {
            rot::spoil_index(index, &self.chaos);
        }
        let disk = Arc::new(self.disk.clone());
        let (store, recovery) = Store::open_on(disk, index.as_deref(), clock.clone())?;
        let store = store.with_policy(self.policy);
        self.lost.extend(recovery.missing.iter().map(|sequence| format!("copy {sequence}")));
        self.lost.extend(recovery.unexplained.iter().map(|file| format!("origin of {file}")));
        let (device, version) = (self.name.clone(), "sim".to_owned());
        store.record(Record::Started { device, version })?;
        store.open_book("01/2026-SCT/BS", "UBND PHƯỜNG THỬ")?;
        let store = Arc::new(store);
        let uploader =
            self.network.uploader(&self.name, Arc::clone(&store), clock.clone(), &self.chaos);
        let machine = Machine::new(self.parts(Arc::clone(&store), clock));
        Ok(Running { machine, store, uploader, jobs: vec![], upload_at: 0 })
    }

    fn parts(&self, store: Arc<Store>, clock: Arc<SimClock>) -> Parts {
        let token = |name: &str| -> Box<dyn Token> {
            Box::new(SimToken { chaos: self.chaos.clone(), name: name.to_owned() })
        };
        Parts {
            config: config(&self.name, &self.pin_file),
            clock,
            guard: Guard::default(),
            beats: Beats::default(),
            clock_gauge: Mutex::new(Box::new(SimGauge(self.chaos.clone()))),
            store,
            scanner: Mutex::new(Box::new(SimScanner(self.chaos.clone()))),
            scan_dpi: 300,
            codes: Mutex::new(Box::new(SimCodes(self.chaos.clone()))),
            barcode: Standing::default(),
            chip: None,
            speaker: None,
            ticket: None,
            copy_printer: Some(Mutex::new(Box::new(SimPrinter {
                chaos: self.chaos.clone(),
                tray: Arc::clone(&self.seen.tray),
            }))),
            face: Some(Box::new(SimFace::new(self.chaos.clone()))),
            readers: Box::new(SimReader(self.chaos.clone())),
            keys: Keys {
                officers: [(OFFICER_KEY.to_owned(), Mutex::new(token(OFFICER_KEY)))].into(),
                authority: SealKey::new(
                    token(AUTHORITY_KEY),
                    PinSource::File(self.pin_file.clone()),
                ),
            },
            key_problems: Mutex::default(),
            sealer: Box::new(SimSealer(self.chaos.clone())),
            models: vec![],
            random: Arc::new(self.chaos.clone()),
            copy_issued: Arc::default(),
        }
    }

    /// Ends all trouble here and lets the visit run out.
    pub fn heal(&mut self) -> Result<(), Violation> {
        self.disk.calm();
        self.clock.set_error(0);
        if self.running.is_none() || self.chaos.one_in(2) {
            self.reboot()?;
        }
        while self.running.as_ref().is_some_and(|running| !running.jobs.is_empty()) {
            self.work()?;
        }
        for _ in 0..200 {
            self.truth.pass(60_000);
            self.take(Event::Tick);
        }
        match self.running.as_ref().map(|r| r.machine.visit().state()) {
            Some(State::Idle) => self.check_desk(),
            _ => Err(Violation::new(&self.name, "no citizen can begin after three hours")),
        }
    }

    /// Starts once more, after the switch or a kill: what is durable is what counts.
    pub fn reboot(&mut self) -> Result<(), Violation> {
        self.stop(self.chaos.one_in(2))?;
        self.start()
    }

    /// The open store.
    #[must_use]
    pub fn store(&self) -> Option<&Store> {
        self.running.as_ref().map(|running| &*running.store)
    }

    /// The disk.
    #[must_use]
    pub const fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    /// One look at what waits for upload, whatever the pause.
    pub fn upload_now(&mut self, runtime: &tokio::runtime::Runtime) -> Result<(), Violation> {
        if let Some(running) = &mut self.running {
            running.upload_at = 0;
        }
        self.truth.pass(4_000_000);
        self.upload(runtime)
    }
}

fn config(name: &str, pin_file: &std::path::Path) -> Config {
    let key = serde_json::json!({ "token": "t", "key": "k", "pin_file": pin_file });
    let site = serde_json::json!({
        "board": "board.toml",
        "state_dir": "state",
        "device": { "id": name, "key": key },
        "authority": { "name": "UBND PHƯỜNG THỬ", "place": "Hà Nội", "key": key },
        "officers": [{
            "id": OFFICER_KEY, "name": "Trần Thị Thử", "capacity": "TUQ. CHỦ TỊCH",
            "delegation": "Quyết định 1/QĐ-UBND", "valid_from": "2020-01-01",
            "valid_until": "2030-12-31", "token": "o", "key": "k",
        }],
        "book": { "name": "01/2026-SCT/BS" },
        "registry": {
            "device_url": "https://registry", "ca": "ca.pem", "receipt_key": "key",
            "public_url": "https://sim",
        },
        "screen": { "listen": "127.0.0.1:0" },
        "trust": { "roots": "roots.pem" },
    });
    serde_json::from_value(site).expect("the simulated site file is right")
}
