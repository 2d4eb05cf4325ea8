//! The running daemon's state, for the technician: what it does, what waits, what is wrong. Nothing
//! of the citizen is in it.

use std::time::Duration;

use board::Board;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::check::{Finding, Subject};
use super::probes::Bench;
use super::{probes, selftest};
use crate::engine::{Kiosk, lock};
use crate::keys::{KeyReport, Problem};
use crate::screen::view::state_name;
use crate::store::{Delivery, Standing, StoreError};

/// What is asked of the devices for a status: what takes no more than moments.
const QUICK: [Subject; 11] = [
    Subject::Scanner,
    Subject::ChipReader,
    Subject::BarcodeReader,
    Subject::Camera,
    Subject::TicketPrinter,
    Subject::CopyPrinter,
    Subject::Cabinet,
    Subject::Keys,
    Subject::Clock,
    Subject::Power,
    Subject::Space,
];

/// How the daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The device, as its certificate names it.
    pub device: String,
    /// Version of the daemon.
    pub version: String,
    /// The board's name.
    pub board: String,
    /// Which models read pages, with their versions.
    pub models: Vec<String>,
    /// The time.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Seconds since the daemon's start.
    pub uptime_s: u64,
    /// Memory that the daemon has in use, in bytes; none where the system does not say.
    pub memory_bytes: Option<u64>,
    /// What the visit is doing.
    pub visit: VisitStatus,
    /// The open book; none while none is open.
    pub book: Option<BookStatus>,
    /// The copies on their way.
    pub outbox: OutboxStatus,
    /// The devices, the machine, the keys that need care.
    pub findings: Vec<Finding>,
}

/// What the visit is doing, without whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitStatus {
    /// Its state's name, `idle` when nobody is there.
    pub state: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// The open book. A book has no last number: it ends with its year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookStatus {
    /// Its name.
    pub name: String,
    /// Numbers issued; the next one is one more.
    pub issued: u32,
    /// Whole days until its year ends; negative once it has.
    pub days_left: i64,
}

/// The copies on their way to the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxStatus {
    /// Copies that wait for their receipt.
    pub waiting: usize,
    /// Copies that the registry refuses.
    pub rejected: usize,
    /// Bytes of both.
    pub bytes: u64,
    /// When the oldest of them was issued.
    #[serde(with = "time::serde::rfc3339::option")]
    pub oldest: Option<OffsetDateTime>,
    /// When the registry's last receipt came.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_receipt: Option<OffsetDateTime>,
}

/// The daemon's state now. Asks the devices that no visit uses.
pub fn status(kiosk: &Kiosk, board: &Board, uptime: Duration) -> Result<Status, StoreError> {
    let parts = kiosk.parts();
    let visit = kiosk.watch().borrow().clone();
    let bench = Bench::of_kiosk(kiosk, board);
    let report = selftest::report(&parts.config, board, bench, &QUICK, parts.clock.as_ref());
    let mut findings = report.findings;
    // What the daily look alone can tell: it asks the issuers.
    let revoked = |report: &&KeyReport| matches!(report.problem, Some(Problem::Revoked { .. }));
    let problems = lock(&parts.key_problems);
    findings.extend(problems.iter().filter(revoked).map(probes::keys::of_report));
    drop(problems);
    findings.sort_by_key(|finding| finding.subject);
    let models = parts.models.iter().map(|model| format!("{} {}", model.name, model.version));
    Ok(Status {
        device: parts.config.device.id.clone(),
        version: report.version,
        board: board.name.clone(),
        models: models.collect(),
        at: report.at,
        uptime_s: uptime.as_secs(),
        memory_bytes: memory(),
        visit: VisitStatus { state: state_name(visit.state()).into(), since: visit.since() },
        book: book(kiosk, report.at),
        outbox: outbox(kiosk)?,
        findings,
    })
}

fn book(kiosk: &Kiosk, now: OffsetDateTime) -> Option<BookStatus> {
    let open = kiosk.parts().store.books().into_iter().find(|book| !book.is_closed())?;
    let year = open.book.parse::<formats_book::BookName>().ok()?.year;
    let end = time::Date::from_calendar_date(year, time::Month::December, 31).ok()?;
    let today = now.to_offset(crate::clock::VIETNAM).date();
    Some(BookStatus { name: open.book, issued: open.issued, days_left: (end - today).whole_days() })
}

fn outbox(kiosk: &Kiosk) -> Result<OutboxStatus, StoreError> {
    let store = &kiosk.parts().store;
    let pending = store.pending()?;
    let is_rejected = |delivery: &Delivery| matches!(delivery, Delivery::Rejected { .. });
    let rejected = pending.iter().filter(|copy| is_rejected(&copy.delivery)).count();
    let delivered = store.in_standing(Standing::Delivered)?;
    let received = delivered.iter().filter_map(|copy| match copy.delivery {
        Delivery::Delivered { at, .. } => Some(at),
        Delivery::Waiting | Delivery::Rejected { .. } => None,
    });
    Ok(OutboxStatus {
        waiting: pending.len() - rejected,
        rejected,
        bytes: pending.iter().map(|copy| copy.bytes).sum(),
        oldest: pending.iter().map(|copy| copy.issued_at).min(),
        last_receipt: received.max(),
    })
}

/// Memory of this process that lies in the machine's, in bytes (proc_pid_status(5)).
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
