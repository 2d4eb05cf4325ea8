//! The seeded simulation: kiosks and registry in one process, on simulated time, disks, network,
//! devices and people, through the product's own visit, steps, store, upload and acceptance.
//!
//! A run is a pure function of its seed. [`run`] makes trouble of every kind for a number of
//! visits, then lets everything heal, and has an [`auditor`] look at what is left from outside.
//! What is simulated away: the reading of pixels, PDF and its signatures, TLS (each has tests of
//! its own), and SQLite's own files, which are taken as durable at each commit. Start reading at
//! [`run`], then `kiosk.rs`.

pub mod auditor;
pub mod chaos;
pub mod clock;
pub mod copy;
pub mod devices;
pub mod kiosk;
pub mod network;
pub mod registry;
pub mod rot;

use std::collections::BTreeMap;
use std::panic::PanicHookInfo;

use chaos::{Chaos, Trouble};
use clock::TrueTime;
use kiosk::SimKiosk;
use network::Network;
use registry::SimRegistry;

/// Turns without an end are a violation too: a visit takes some dozens.
const TURNS_PER_VISIT_MAX: u64 = 4_000;
/// Looks at the outbox, an hour or more apart, until every copy must have its receipt.
const ROUNDS_MAX: u32 = 60;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The machine.
    pub machine: String,
    /// What is wrong there.
    pub what: String,
}

impl Violation {
    fn new(machine: &str, what: &str) -> Self {
        Self { machine: machine.to_owned(), what: what.to_owned() }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.machine, self.what)
    }
}

impl std::error::Error for Violation {}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Visits begun.
    pub visits: u64,
    /// Visits in which at least one trouble struck.
    pub troubled: u64,
    /// Starts after a power cut or a kill.
    pub restarts: u64,
    /// What the auditor counted.
    pub totals: auditor::Totals,
    /// What went over the links.
    pub traffic: network::Traffic,
    /// How often each trouble struck.
    pub struck: BTreeMap<Trouble, u64>,
}

impl Report {
    /// Adds another run.
    pub fn add(&mut self, other: &Self) {
        self.visits += other.visits;
        self.troubled += other.troubled;
        self.restarts += other.restarts;
        self.totals.issued += other.totals.issued;
        self.totals.deferred += other.totals.deferred;
        self.totals.printed += other.totals.printed;
        self.totals.shown += other.totals.shown;
        self.totals.registered += other.totals.registered;
        self.totals.records += other.totals.records;
        self.traffic.requests += other.traffic.requests;
        self.traffic.bytes += other.traffic.bytes;
        for (trouble, times) in &other.struck {
            *self.struck.entry(*trouble).or_default() += times;
        }
    }
}

/// Runs one world of one to three kiosks until `visits` citizens have come, and audits it.
pub fn run(seed: u64, visits: u64) -> Result<Report, Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| Violation::new("simulation", &error.to_string()))?;
    let secrets = tempfile::tempdir().map_err(|e| Violation::new("simulation", &e.to_string()))?;
    let pin_file = secrets.path().join("pin");
    std::fs::write(&pin_file, devices::PIN)
        .map_err(|error| Violation::new("simulation", &error.to_string()))?;
    let (chaos, truth) = (Chaos::new(seed), TrueTime::default());
    let network = Network::new(&chaos, &truth, SimRegistry::new(&chaos, &truth));
    let mut kiosks: Vec<SimKiosk> = (0..=chaos.below(3))
        .map(|n| SimKiosk::new(&format!("HN-K{n}"), &chaos, &truth, &network, &pin_file))
        .collect();

    let mut turns = 0;
    while kiosks.iter().map(|kiosk| kiosk.seen.visits).sum::<u64>() < visits {
        turns += 1;
        if turns > visits * TURNS_PER_VISIT_MAX {
            return Err(Violation::new("simulation", "the visits do not come to an end"));
        }
        let at = chaos.below(kiosks.len() as u64) as usize;
        kiosks[at].turn(&runtime)?;
    }

    kiosks.iter_mut().for_each(SimKiosk::close_visit);
    chaos.set_on(false);
    network.heal();
    network.with_registry(SimRegistry::heal)?;
    for kiosk in &mut kiosks {
        kiosk.heal()?;
    }
    deliver_all(&mut kiosks, &runtime)?;
    for kiosk in &mut kiosks {
        kiosk.reboot()?;
    }
    let totals = network.with_registry(|registry| auditor::audit(&kiosks, registry))?;
    let mut report =
        Report { totals, traffic: network.traffic(), struck: chaos.struck(), ..Report::default() };
    for kiosk in &kiosks {
        report.visits += kiosk.seen.visits;
        report.troubled += kiosk.seen.troubled;
        report.restarts += kiosk.seen.restarts;
    }
    Ok(report)
}

fn deliver_all(
    kiosks: &mut [SimKiosk],
    runtime: &tokio::runtime::Runtime,
) -> Result<(), Violation> {
    for kiosk in kiosks {
        let mut rounds = 0;
        loop {
            kiosk.upload_now(runtime)?;
            let Some(store) = kiosk.store() else { break };
            let waiting = store.pending().map_err(|error| {
                Violation::new(&kiosk.name, &format!("the outbox cannot be read: {error}"))
            })?;
            if waiting.is_empty() {
                break;
            }
            rounds += 1;
            if rounds > ROUNDS_MAX {
                let what =
                    format!("{} copies never get a receipt: {:?}", waiting.len(), waiting[0]);
                return Err(Violation::new(&kiosk.name, &what));
            }
        }
    }
    Ok(())
}

/// Keeps simulated crashes from filling the screen; other panics are shown as ever.
pub fn hide_simulated_crashes() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        let said = info.payload().downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| info.payload().downcast_ref::<&str>().copied());
        if said != Some(devices::CRASH) {
            before(info);
        }
    }));
}
