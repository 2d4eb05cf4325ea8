//! A program started in the background, ended with all its children when dropped.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::CounterpartError;

/// How long a counterpart may take until it answers. Slow, because the machine may be busy
/// building.
const READY_SECONDS_MAX: u64 = 30;
/// How often its port is tried meanwhile.
const READY_POLL: Duration = Duration::from_millis(50);
/// How long one try to connect may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How much of a log goes into an error.
const LOG_TAIL_BYTES: usize = 2_000;

/// A port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> Result<u16, CounterpartError> {
    let port = |source| CounterpartError::Port { what: "a counterpart", source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(port)?;
    Ok(listener.local_addr().map_err(port)?.port())
}

/// A running program in a process group of its own; dropping it kills the group and reaps the
/// child.
#[derive(Debug)]
pub struct Started {
    child: Child,
    program: String,
    log: PathBuf,
}

impl Started {
    /// Starts `command` with its output going to the file `log`. `package` is the Debian package
    /// that holds it.
    pub fn spawn(
        command: Command,
        package: &'static str,
        log: &Path,
    ) -> Result<Self, CounterpartError> {
        Self::spawn_with_input(command, package, log, Stdio::null())
    }

    /// As [`Started::spawn`], with something as the program's standard input.
    pub(crate) fn spawn_with_input(
        mut command: Command,
        package: &'static str,
        log: &Path,
        input: Stdio,
    ) -> Result<Self, CounterpartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let output = File::create(log).map_err(CounterpartError::file(log))?;
        let errors = output.try_clone().map_err(CounterpartError::file(log))?;
        let child =
            command.stdin(input).stdout(output).stderr(errors).process_group(0).spawn().map_err(
                |source| CounterpartError::Run { program: program.clone(), package, source },
            )?;
        Ok(Self { child, program, log: log.to_path_buf() })
    }

    /// Waits until something accepts connections at `address` while the program lives.
    pub fn wait_for_port(&mut self, address: SocketAddr) -> Result<(), CounterpartError> {
        self.wait_until(|_| TcpStream::connect_timeout(&address, CONNECT).is_ok())
    }

    /// Waits until the program has written something while it lives.
    pub(crate) fn wait_for_word(&mut self, word: &str) -> Result<(), CounterpartError> {
        self.wait_until(|program| program.log().contains(word))
    }

    fn wait_until(&mut self, ready: impl Fn(&Self) -> bool) -> Result<(), CounterpartError> {
        let end = now() + Duration::from_secs(READY_SECONDS_MAX);
        loop {
            if ready(self) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                let output = format!("{status}: {}", self.log_tail());
                return Err(CounterpartError::Failed { program: self.program.clone(), output });
            }
            if now() > end {
                return Err(CounterpartError::NotReady {
                    program: self.program.clone(),
                    seconds: READY_SECONDS_MAX,
                    output: self.log_tail(),
                });
            }
            std::thread::sleep(READY_POLL);
        }
    }

    /// The program's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program has written so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let start = log.len().saturating_sub(LOG_TAIL_BYTES);
        log.chars().skip(log[..log.floor_char_boundary(start)].chars().count()).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a real program gets ready in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Drop for Started {
    fn drop(&mut self) {
        // The group was made for this child, so its id is the child's; an already dead group is
        // fine.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
