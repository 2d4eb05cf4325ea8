//! `kiosk selftest [DEVICE…]`: does every part of this kiosk work?

use std::path::PathBuf;

use board::Board;

use super::{Outcome, complain, say};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::fleet::check::{FaultId, Finding, Report, Subject, Verdict};
use crate::fleet::daemon::{AskError, Daemon, Found, find};
use crate::fleet::probes::Bench;
use crate::fleet::selftest::report;

/// Checks devices and parts, each within its time. While the daemon runs, it checks them itself,
/// and leaves alone what a visit uses. Ends with 1 when something does not work, 3 when a person
/// should see to something; `docs/checks.md` has a section for each fault.
#[derive(Debug, clap::Args)]
pub struct Selftest {
    /// What to check; everything if absent.
    subjects: Vec<Subject>,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn selftest(args: &Selftest) -> Outcome {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "`kiosk config validate` tells all that is wrong"),
    };
    let board = match Board::load(&config.board) {
        Ok(board) => board,
        Err(error) => return complain(&error, "`kiosk config validate` tells all that is wrong"),
    };
    let report = match look(&config, &board, &args.subjects) {
        Ok(report) => report,
        Err(error) => return complain(&*error, "run `kiosk selftest` again; then restart kiosk"),
    };
    if args.json {
        match serde_json::to_string(&report) {
            Ok(text) => say(text),
            Err(error) => return complain(&error, "report this"),
        }
    } else {
        let by = if report.by_daemon { "the daemon" } else { "this command; no daemon runs" };
        say(format_args!("{} {}, checked by {by}", report.device, report.version));
        report.findings.iter().for_each(print);
    }
    outcome(&report.findings)
}

/// What the daemon finds, or this process where none runs.
pub(super) fn look(
    config: &Config,
    board: &Board,
    subjects: &[Subject],
) -> Result<Report, Box<dyn std::error::Error>> {
    Ok(match find(&config.state_dir) {
        Found::Running(daemon) => daemon.selftest(subjects)?,
        Found::None => {
            let bench = Bench::of_board(board, config)?;
            report(config, board, bench, subjects, &SystemClock)
        }
        Found::Silent(error) => {
            report(config, board, Bench::held(board, silent(&error)), subjects, &SystemClock)
        }
    })
}

/// That a process has the kiosk's state, and its pages do not answer.
fn silent(error: &AskError) -> Finding {
    let cause = format!("a process has the kiosk's state: {}", crate::chain(error));
    let remedy = "wait half a minute after a start; then `systemctl restart kiosk`";
    Finding::fault(Subject::Daemon, FaultId::DaemonSilent, cause, remedy)
}

/// The running daemon, or why there is none, in the technician's words.
pub(super) fn running(config: &Config) -> Result<Daemon, String> {
    match find(&config.state_dir) {
        Found::Running(daemon) => Ok(daemon),
        Found::None => Err("no daemon runs".into()),
        Found::Silent(error) => Err(silent(&error).detail),
    }
}

/// A finding as one line, or as three.
pub(super) fn print(finding: &Finding) {
    let Finding { subject, verdict, id, detail, remedy } = finding;
    let verdict = match verdict {
        Verdict::Ok => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Warn => "WARNING",
        Verdict::Fail => "FAIL",
    };
    let subject = serde_json::to_value(subject).ok();
    let subject = subject.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let id = id.map(|id| format!("{}: ", id.name())).unwrap_or_default();
    say(format_args!("{verdict:<8} {subject:<15} {id}{detail}"));
    if let Some(remedy) = remedy {
        say(format_args!("  hint: {remedy}"));
    }
}

/// How a command ends that found this.
pub(super) fn outcome(findings: &[Finding]) -> Outcome {
    match findings.iter().map(|finding| finding.verdict).max() {
        Some(Verdict::Fail) => Outcome::Failed,
        Some(Verdict::Warn) => Outcome::Degraded,
        Some(Verdict::Ok | Verdict::Skipped) | None => Outcome::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_how_a_command_ends() {
        let ok = Finding::ok(Subject::Clock, "");
        let skipped = Finding::skipped(Subject::Camera, "this board has none");
        let warn = Finding::fault(Subject::Clock, FaultId::ClockFree, "", "");
        let fail = Finding::fault(Subject::Space, FaultId::SpaceOut, "", "");
        assert_eq!(outcome(&[]), Outcome::Done);
        assert_eq!(outcome(&[ok.clone(), skipped]), Outcome::Done);
        assert_eq!(outcome(&[ok, warn.clone()]), Outcome::Degraded);
        assert_eq!(outcome(&[warn, fail]), Outcome::Failed);
    }
}
