//! Updates: what is refused, what is taken, and what gives way again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Board, Disk, Machine, Probe, VmError};

/// Emulated on a busy machine, a start takes minutes and an installation some more.
const START: Duration = Duration::from_mins(30);
/// Starts that a bad version may take before the one before it is back.
const BAD_STARTS_MAX: usize = 2;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was offered.
    pub offered: String,
    /// What must become of it.
    pub expected: &'static str,
    /// What became of it.
    pub verdict: Result<String, String>,
}

/// What is refused before anything is written: file name, and what RAUC says.
const REFUSED: &[(&str, &str)] = &[
    ("bad-signature", "ignature verification failed"),
    ("wrong-board", "ompatible"),
    ("older", "ersion"),
    ("truncated", ""),
];

/// A card, and all it takes to start it.
struct Bench<'a> {
    board: Board,
    disk: &'a Disk,
    stick: &'a Path,
    out: &'a Path,
    starts: usize,
}

/// Runs the whole matrix on a card that was never started, or whose slot A is good.
pub fn matrix(board: Board, disk: &Disk, stick: &Path, out: &Path) -> Result<Vec<Row>, VmError> {
    let mut bench = Bench { board, disk, stick, out, starts: 0 };
    let mut rows = bench.refusals_and_good()?;
    rows.push(bench.taken()?);
    for (name, what) in [("no-start", "a kernel that stops"), ("hangs", "a start without an end")] {
        rows.push(bench.gives_way(name, what)?);
    }
    Ok(rows)
}

fn install(name: &str) -> String {
    format!("rauc install /run/bundles/{name}.raucb")
}

impl Bench<'_> {
    /// Starts the card once and lets the probe speak; `None` when the machine went off before.
    fn start(&mut self, probe: Probe) -> Result<Option<String>, VmError> {
        self.starts += 1;
        let dir = self.out.join(format!("start-{}", self.starts));
        let mount = "mkdir -p /run/bundles && mount -o ro /dev/disk/by-label/BUNDLES /run/bundles";
        let probe = probe
            .first("slot", "sed -n 's/.*rauc.slot=\\(.\\).*/\\1/p' /proc/cmdline")
            .first("stick", mount)
            .ask("off", "sync; rauc status; journalctl -b -u rauc -u kiosk-good --no-pager");
        let sticks: Vec<PathBuf> = vec![self.stick.to_path_buf()];
        let mut machine = Machine::start(self.board, self.disk, &probe, &sticks, &dir)?;
        let through = machine.wait(START, |m| Probe::is_through(&m.probe_output()))?;
        let output = machine.probe_output();
        if through {
            machine.press_power()?;
            machine.wait(machine.age() + Duration::from_mins(5), |_| false)?;
        }
        Ok(through.then_some(output))
    }

    fn refusals_and_good(&mut self) -> Result<Vec<Row>, VmError> {
        let probe = REFUSED.iter().fold(Probe::after("kiosk-good.service"), |probe, (name, _)| {
            probe.ask(name, &install(name))
        });
        let output = self.start(probe.ask("good", &install("good")))?;
        let output = output.ok_or_else(|| VmError("the machine went off".into()))?;
        let answers = Probe::answers(&output);
        let told = |name: &str| {
            answers.get(name).ok_or_else(|| VmError(format!("nothing was said of {name}")))
        };
        let mut rows = vec![];
        for (name, says) in REFUSED {
            let answer = told(name)?;
            let refused = answer.status != 0 && answer.text.contains(says);
            let last = answer.text.lines().last().unwrap_or_default().to_owned();
            rows.push(Row {
                offered: (*name).into(),
                expected: "refused",
                verdict: if refused { Ok(last) } else { Err(answer.text.clone()) },
            });
        }
        let good = told("good")?;
        let verdict = if good.status == 0 { Ok(String::new()) } else { Err(good.text.clone()) };
        rows.push(Row { offered: "good".into(), expected: "written", verdict });
        Ok(rows)
    }

    /// The good version of the start before is in slot B and says that it is good.
    fn taken(&mut self) -> Result<Row, VmError> {
        let probe = Probe::after("kiosk-good.service")
            .ask("good", "systemctl is-active kiosk-good.service")
            .ask("no-start", &install("no-start"));
        let output = self.start(probe)?;
        let answers = output.as_deref().map(Probe::answers).unwrap_or_default();
        let slot = answers.get("slot").map(|a| a.text.clone()).unwrap_or_default();
        let good = answers.get("good").is_some_and(|a| a.status == 0);
        let written = answers.get("no-start").is_some_and(|a| a.status == 0);
        let verdict = if slot == "B" && good && written {
            Ok("slot B, marked good".into())
        } else {
            Err(format!("slot {slot:?}, good {good}, next one written {written}: {output:?}"))
        };
        Ok(Row { offered: "good".into(), expected: "runs after the next start", verdict })
    }

    /// The bad version in slot A was written at the start before. It may start twice; then slot B
    /// runs again, and takes the next one.
    fn gives_way(&mut self, name: &str, what: &str) -> Result<Row, VmError> {
        for failed in 0..=BAD_STARTS_MAX {
            let probe = Probe::after("kiosk-good.service").ask("next", &install("hangs"));
            let Some(output) = self.start(probe)? else { continue };
            let answers = Probe::answers(&output);
            let slot = answers.get("slot").map(|answer| answer.text.clone()).unwrap_or_default();
            let verdict = if slot == "B" && failed > 0 {
                Ok(format!("slot B again after {failed} starts"))
            } else {
                Err(format!("slot {slot} after {failed} starts"))
            };
            return Ok(Row {
                offered: format!("{name}: {what}"),
                expected: "gives way within two starts",
                verdict,
            });
        }
        Ok(Row {
            offered: format!("{name}: {what}"),
            expected: "gives way within two starts",
            verdict: Err("no version runs any more".into()),
        })
    }
}
