//! Does the checks side by side, none for longer than its limit.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use board::Board;

use super::check::{FaultId, Finding, Report, Subject};
use super::probes::{Bench, keys, machine, models, registry, state};
use crate::clock::Clock;
use crate::config::Config;

/// How long most checks may take: the drivers' own limits are shorter.
const QUICK: Duration = Duration::from_secs(30);
/// How long a printer in the network may take: one of its questions has 30 s by itself.
const SLOW: Duration = Duration::from_secs(60);
/// How long reading all copies may take here; `kiosk journal verify` takes all it needs.
const READ_ALL: Duration = Duration::from_secs(120);
/// How long loading networks may take on the slowest board.
const LOAD: Duration = Duration::from_secs(60);
/// How long all checks take at most.
pub const WHOLE_MAX: Duration = READ_ALL;

/// The work of a check.
type Work = Box<dyn FnOnce() -> Vec<Finding> + Send>;

/// A check that was not done yet.
pub struct Check {
    subject: Subject,
    limit: Duration,
    work: Work,
}

impl Check {
    fn new(
        subject: Subject,
        limit: Duration,
        work: impl FnOnce() -> Vec<Finding> + Send + 'static,
    ) -> Self {
        Self { subject, limit, work: Box::new(work) }
    }
}

/// Does the checks of these subjects; of all if there are none.
pub fn report(
    config: &Config,
    board: &Board,
    bench: Bench,
    wanted: &[Subject],
    clock: &dyn Clock,
) -> Report {
    let by_daemon = bench.is_daemons();
    let mut checks = checks(config, board, bench, clock);
    checks.retain(|check| wanted.is_empty() || wanted.contains(&check.subject));
    let mut findings = run(checks, clock);
    findings.sort_by_key(|finding| finding.subject);
    Report {
        device: config.device.id.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        at: clock.now(),
        by_daemon,
        findings,
    }
}

/// All checks of a kiosk.
fn checks(config: &Config, board: &Board, bench: Bench, clock: &dyn Clock) -> Vec<Check> {
    let now = clock.now();
    let Bench { scanner, chip, barcode, camera, ticket, copies, cabinet, keys: chains, daemon } =
        bench;
    let of_keys = config.clone();
    let of_state = |look: fn(&Path, &Config, time::OffsetDateTime) -> Vec<Finding>| {
        let config = config.clone();
        move || look(&config.state_dir, &config, now)
    };
    let (reading, face) = (config.clone(), config.clone());
    let has_camera = board.camera != board::Camera::None;
    let to_registry = config.clone();
    let (power, gauge) = (board.power.clone(), board.clock.clone());
    let (speech, battery_min) = (config.speech.clone(), config.upload.battery_percent_min);
    vec![
        Check::new(Subject::Daemon, QUICK, move || vec![daemon]),
        Check::new(Subject::Scanner, QUICK, move || vec![scanner.look()]),
        Check::new(Subject::ChipReader, QUICK, move || vec![chip.look()]),
        Check::new(Subject::BarcodeReader, QUICK, move || vec![barcode.look()]),
        Check::new(Subject::Camera, QUICK, move || vec![camera.look()]),
        Check::new(Subject::TicketPrinter, QUICK, move || vec![ticket.look()]),
        Check::new(Subject::CopyPrinter, SLOW, move || vec![copies.look()]),
        Check::new(Subject::Cabinet, QUICK, move || vec![cabinet.look()]),
        Check::new(Subject::Keys, QUICK, move || keys::look(&of_keys, chains(), now)),
        Check::new(Subject::Clock, QUICK, move || vec![machine::clock(&gauge)]),
        Check::new(Subject::Power, QUICK, move || vec![machine::power(&power, battery_min)]),
        Check::new(Subject::Speech, QUICK, move || vec![machine::speech(&speech)]),
        Check::new(Subject::Space, QUICK, of_state(state::space)),
        Check::new(Subject::Journal, READ_ALL, of_state(state::journal)),
        Check::new(Subject::Book, QUICK, of_state(state::book)),
        Check::new(Subject::Outbox, QUICK, of_state(state::outbox)),
        Check::new(Subject::PageReader, LOAD, move || vec![models::page_reader(&reading, now)]),
        Check::new(Subject::FaceModels, LOAD, move || vec![models::faces(&face, has_camera)]),
        Check::new(Subject::Registry, QUICK, move || vec![registry::look(&to_registry, now)]),
    ]
}

/// Does checks side by side, and waits for each no longer than its limit.
fn run(checks: Vec<Check>, clock: &dyn Clock) -> Vec<Finding> {
    let began = clock.steady();
    let running: Vec<_> = checks.into_iter().map(start).collect();
    let mut findings = Vec::new();
    for (subject, limit, found) in running {
        let left = limit.saturating_sub(clock.steady().saturating_sub(began));
        match found.recv_timeout(left) {
            Ok(found) => findings.extend(found),
            Err(why) => findings.push(unfinished(subject, limit, why)),
        }
    }
    findings
}

fn start(check: Check) -> (Subject, Duration, Receiver<Vec<Finding>>) {
    let Check { subject, limit, work } = check;
    let (found, when_found) = channel();
    let thread = std::thread::Builder::new().name("check".into());
    // Who waits may have given up meanwhile. A thread that does not start drops its end, which is
    // told as a check that ended.
    let _ = thread.spawn(move || found.send(work()));
    (subject, limit, when_found)
}

fn unfinished(subject: Subject, limit: Duration, why: RecvTimeoutError) -> Finding {
    let cause = match why {
        RecvTimeoutError::Timeout => format!("it takes longer than {} s", limit.as_secs()),
        RecvTimeoutError::Disconnected => "it ended without an answer".into(),
    };
    let remedy = match subject {
        Subject::Journal => "run `kiosk journal verify`, which takes all the time it needs",
        _ => "run the check again by itself; report it if it ends so again",
    };
    Finding::fault(subject, FaultId::CheckUnfinished, cause, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_check_that_hangs_or_panics_holds_up_nobody() {
        let (hold, held) = channel::<()>();
        let checks = vec![
            Check::new(Subject::Scanner, Duration::ZERO, move || {
                // Until the test is over.
                let _ = held.recv();
                vec![]
            }),
            Check::new(Subject::Camera, QUICK, || panic!("a driver's mistake")),
            Check::new(Subject::Clock, QUICK, || vec![Finding::ok(Subject::Clock, "well")]),
        ];
        let found = run(checks, &SystemClock);
        let ids: Vec<_> = found.iter().map(|finding| finding.id).collect();
        let unfinished = Some(FaultId::CheckUnfinished);
        assert_eq!(ids, [unfinished, unfinished, None]);
        drop(hold);
    }
}
