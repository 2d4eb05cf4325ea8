//! The crash programs as processes.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Tally;
use crate::Failure;
use crate::kiosk::Acknowledged;

/// Whose store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The kiosk's.
    Kiosk,
    /// The registry's.
    Registry,
}

impl Kind {
    const fn program(self) -> &'static str {
        match self {
            Self::Kiosk => "kiosk-crash",
            Self::Registry => "registry-crash",
        }
    }

    /// What a table calls it.
    #[must_use]
    pub const fn store(self) -> &'static str {
        match self {
            Self::Kiosk => "the kiosk's store",
            Self::Registry => "the registry's acceptance",
        }
    }

    /// How many copies are acknowledged by so many steps of a seed.
    #[must_use]
    pub fn copies(self, seed: u64, steps: u64) -> u64 {
        match self {
            Self::Kiosk => crate::kiosk::copies_after(seed, steps),
            // Each step ends with the receipt of one copy.
            Self::Registry => steps,
        }
    }
}

/// Where the crash programs are, and where checks may copy stores to.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    scratch: PathBuf,
}

/// A running workload.
pub struct Running {
    child: Child,
    reader: Option<JoinHandle<()>>,
    seen: Arc<Mutex<Acknowledged>>,
}

/// Called with each count as it is printed.
type Listener = Box<dyn FnMut(u64) + Send>;

impl Programs {
    /// The programs that were built beside this one; `scratch` is a folder for what checks copy.
    ///
    /// # Errors
    /// When this program's own path is unknown or its neighbours are missing.
    pub fn beside_this(scratch: &Path) -> Result<Self, Failure> {
        let own = std::env::current_exe()?;
        let folder = own.parent().ok_or("this program has no folder")?.to_owned();
        if !folder.join("kiosk-crash").exists() {
            return Err(format!("no kiosk-crash in {}: build the package", folder.display()).into());
        }
        Ok(Self { folder, scratch: scratch.to_owned() })
    }

    /// Starts the workload of a seed in a folder; `more` are further arguments of `run`.
    ///
    /// # Errors
    /// When the program does not start.
    pub fn run(
        &self,
        kind: Kind,
        dir: &Path,
        seed: u64,
        more: &[&str],
        mut heard: Listener,
    ) -> Result<Running, Failure> {
        let mut child = Command::new(self.folder.join(kind.program()))
            .arg("run")
            .args(["--seed", &seed.to_string(), "--dir"])
            .arg(dir)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or("the workload has no output")?;
        let seen = Arc::new(Mutex::new(Acknowledged::default()));
        let reader = std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if let Some(count) = note(&seen, &line) {
                        heard(count);
                    }
                }
            }
        });
        Ok(Running { child, reader: Some(reader), seen })
    }

    /// What `check` says of a folder: how many steps, or its line.
    ///
    /// # Errors
    /// When the program does not run, or prints neither.
    pub fn check(
        &self,
        kind: Kind,
        dir: &Path,
        seed: u64,
        acknowledged: &Acknowledged,
    ) -> Result<Result<u64, String>, Failure> {
        let mut command = Command::new(self.folder.join(kind.program()));
        command.env("TMPDIR", &self.scratch).arg("check");
        command.args(["--seed", &seed.to_string(), "--dir"]).arg(dir);
        command.args(["--acked", &acknowledged.steps.to_string()]);
        for (lane, count) in &acknowledged.sides {
            command.args(["--side-acked", &format!("{lane}:{count}")]);
        }
        let output = command.stderr(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["OK", found, again] if found == again && output.status.success() => {
                Ok(Ok(found.parse()?))
            }
            [word, ..] if word != "OK" && output.status.code() == Some(1) => Ok(Err(text)),
            _ => Err(format!("check ended with {}: {text:?}", output.status).into()),
        }
    }

    /// [`Programs::check`], counted: what failed is put into words with all that repeats it.
    ///
    /// # Errors
    /// As [`Programs::check`].
    pub fn judge(
        &self,
        kind: Kind,
        dir: &Path,
        seed: u64,
        acknowledged: &Acknowledged,
        tally: &mut Tally,
    ) -> Result<bool, Failure> {
        let judged = self.check(kind, dir, seed, acknowledged)?;
        let good = judged.is_ok();
        if let Err(line) = judged {
            let dir = dir.display();
            let acked = acknowledged.steps;
            tally.fail(&line, format!("{line} (seed {seed}, {acked} acknowledged, in {dir})"));
        }
        Ok(good)
    }
}

fn note(seen: &Mutex<Acknowledged>, line: &str) -> Option<u64> {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((lane, count)) = line.split_once(':') {
        let (lane, count) = (lane.parse().ok()?, count.parse().ok()?);
        match seen.sides.iter_mut().find(|(known, _)| *known == lane) {
            Some(known) => known.1 = count,
            None => seen.sides.push((lane, count)),
        }
        return None;
    }
    seen.steps = line.parse().ok()?;
    Some(seen.steps)
}

impl Running {
    /// What it has printed so far.
    #[must_use]
    pub fn seen(&self) -> Acknowledged {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has printed a count of at least `steps`, for at most `patience`.
    #[must_use]
    pub fn reaches(&self, steps: u64, patience: Duration) -> bool {
        let pause = Duration::from_millis(5);
        let mut left = patience.as_millis() / pause.as_millis();
        while self.seen().steps < steps && left > 0 {
            std::thread::sleep(pause);
            left -= 1;
        }
        self.seen().steps >= steps
    }

    /// Kills it, and returns all that it had printed.
    ///
    /// # Errors
    /// When it had ended by itself before: the trial is no trial then.
    pub fn kill(mut self) -> Result<Acknowledged, Failure> {
        let ended = self.child.try_wait()?;
        self.child.kill()?;
        self.child.wait()?;
        self.join();
        match ended {
            None => Ok(self.seen()),
            Some(status) => Err(format!("the workload ended by itself: {status}").into()),
        }
    }

    /// Whether it gave up by itself.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn has_ended(&mut self) -> Result<bool, Failure> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// [`Running::kill`] for a workload that may have given up by itself.
    ///
    /// # Errors
    /// When the system does not kill.
    pub fn kill_or_ended(mut self) -> Result<Acknowledged, Failure> {
        self.child.kill()?;
        self.child.wait()?;
        self.join();
        Ok(self.seen())
    }

    /// Waits until it ends, and returns all that it had printed.
    ///
    /// # Errors
    /// When it did not end well.
    pub fn wait(mut self) -> Result<Acknowledged, Failure> {
        let status = self.child.wait()?;
        self.join();
        if status.success() {
            Ok(self.seen())
        } else {
            Err(format!("the workload: {status}").into())
        }
    }

    fn join(&mut self) {
        if let Some(reader) = self.reader.take() {
            // A reader that panicked has noted less than was printed, which only weakens a check.
            let _ = reader.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The later of two notes; a run that was killed early may have printed nothing.
#[must_use]
pub fn later(a: &Acknowledged, b: &Acknowledged) -> Acknowledged {
    let mut sides = a.sides.clone();
    for (lane, count) in &b.sides {
        match sides.iter_mut().find(|(known, _)| known == lane) {
            Some(known) => known.1 = known.1.max(*count),
            None => sides.push((*lane, *count)),
        }
    }
    Acknowledged { steps: a.steps.max(b.steps), sides }
}
