//! The reader as the kiosk sees it: every call comes back in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use drivers_api::{CardReader, CardSession, DeviceError, Fault};
use zeroize::Zeroizing;

use crate::fault::DEVICE;
use crate::worker;

/// How long the service may take beside the wait for a card: a reader powers a card in about a
/// second.
const SERVICE_TIME: Duration = Duration::from_secs(5);
/// How long the end of a session waits until the card is let go.
const LET_GO: Duration = Duration::from_secs(2);
/// Threads left behind in calls that never came back. More means that nothing will: only a restart
/// of the service or of the kiosk helps.
const STUCK_MAX: usize = 4;

/// Which reader, and how long a card may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcscConfig {
    /// A part of the reader's name as PC/SC gives it; empty takes any.
    pub reader: String,
    /// Longest time of one command.
    pub command_time: Duration,
}

/// A reader behind PC/SC.
#[derive(Debug)]
pub struct PcscReader {
    config: PcscConfig,
    stuck: Arc<AtomicUsize>,
}

impl PcscReader {
    /// A reader that is looked for only when it is used.
    pub fn new(config: PcscConfig) -> Self {
        Self { config, stuck: Arc::default() }
    }

    /// Starts a thread for `work`, unless too many never came back.
    fn spawn(&self, work: impl FnOnce() + Send + 'static) -> Result<(), DeviceError> {
        if self.stuck.load(Ordering::Relaxed) >= STUCK_MAX {
            let detail = format!("{STUCK_MAX} earlier calls never came back");
            return Err(DeviceError::new(DEVICE, Fault::Timeout, detail));
        }
        // Counted as stuck from the beginning; the end takes it back.
        let guard = Running::new(&self.stuck);
        let thread = std::thread::Builder::new().name("card reader".into());
        let spawned = thread.spawn(move || {
            let _guard = guard;
            work();
        });
        let failed = |error: std::io::Error| DeviceError::new(DEVICE, Fault::Io, error.to_string());
        spawned.map(|_| ()).map_err(failed)
    }
}

/// A thread that has not come back yet.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl CardReader for PcscReader {
    fn connect(&mut self, patience: Duration) -> Result<Box<dyn CardSession>, DeviceError> {
        let (connected, when_connected) = channel();
        let (commands, to_card) = channel();
        let (from_card, answers) = channel();
        let name = self.config.reader.clone();
        self.spawn(move || worker::run(&name, patience, &connected, &to_card, &from_card))?;
        wait(&when_connected, patience + SERVICE_TIME, "the card reader's service")??;
        let time = self.config.command_time;
        Ok(Box::new(PcscSession { commands: Some(commands), answers, time, over: false }))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        let (found, when_found) = channel();
        let name = self.config.reader.clone();
        self.spawn(move || {
            let readers = worker::context().and_then(|context| worker::readers(&context, &name));
            // Who asked may have given up meanwhile.
            let _ = found.send(readers);
        })?;
        let names = wait(&when_found, SERVICE_TIME, "the card reader's service")??;
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        if names.is_empty() {
            return Err(DeviceError::new(DEVICE, Fault::Absent, "no reader is plugged in"));
        }
        Ok(names.join(", "))
    }
}

fn wait<T>(from: &Receiver<T>, time: Duration, what: &str) -> Result<T, DeviceError> {
    from.recv_timeout(time).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            DeviceError::new(DEVICE, Fault::Timeout, format!("{what} does not answer"))
        }
        RecvTimeoutError::Disconnected => {
            DeviceError::new(DEVICE, Fault::Io, format!("the call to {what} ended"))
        }
    })
}

struct PcscSession {
    /// Until the session ends.
    commands: Option<Sender<Zeroizing<Vec<u8>>>>,
    answers: Receiver<worker::Answer>,
    time: Duration,
    /// After a command without an answer the next answer would be to that one.
    over: bool,
}

impl CardSession for PcscSession {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        let gone = || DeviceError::new(DEVICE, Fault::Removed, "the session is over");
        if self.over {
            return Err(gone());
        }
        let commands = self.commands.as_ref().ok_or_else(gone)?;
        commands.send(Zeroizing::new(command.to_vec())).map_err(|_| gone())?;
        let answer = wait(&self.answers, self.time, "the card").and_then(|answer| answer);
        self.over = answer.is_err();
        answer.map(|mut answer| std::mem::take(&mut *answer))
    }
}

impl Drop for PcscSession {
    fn drop(&mut self) {
        self.commands = None;
        // The thread drops its end when the card is free for the next session; one that is stuck
        // is not waited for.
        if !self.over {
            let _ = self.answers.recv_timeout(LET_GO);
        }
    }
}
