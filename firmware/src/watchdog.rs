//! Tells the service manager that the kiosk is ready and lives (sd_notify(3)). It is pinged only
//! while the work itself goes on: a visit that stands still, or an upload that neither waits nor
//! moves, stops the pings, and the manager starts the kiosk anew.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;

use crate::clock::Clock;
use crate::engine::Kiosk;
use crate::screen::view::state_name;
use crate::upload::{ANSWER_TIME_MAX, Answering, Transport};

/// How long the visit's engine may go without a step: it takes one each second.
const ENGINE_STILL_MAX: Duration = Duration::from_secs(15);
/// How long the upload may go without a sign: its longest wait is for an answer of the registry or
/// for a token's log-in.
const UPLOAD_STILL_MAX: Duration = Duration::from_secs(120).saturating_add(ANSWER_TIME_MAX);
/// How often who waits gives a sign.
pub const SIGN: Duration = Duration::from_secs(10);

/// The last sign of life of one part of the kiosk.
#[derive(Debug, Default)]
pub struct Beat(AtomicU64);

impl Beat {
    /// A sign of life at this steady time.
    pub fn give(&self, now: Duration) {
        let ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_max(ms, Ordering::Relaxed);
    }

    /// How long ago the last one was; since the clock's start if there was none.
    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

/// The signs of life of the kiosk.
#[derive(Debug, Default)]
pub struct Beats {
    /// The visit's engine.
    pub engine: Beat,
    /// The upload.
    pub upload: Beat,
}

impl Beats {
    /// What stands still at this steady time; none if all goes on.
    pub fn still(&self, now: Duration) -> Option<&'static str> {
        if self.engine.age(now) > ENGINE_STILL_MAX {
            Some("the visit's engine stands still")
        } else if self.upload.age(now) > UPLOAD_STILL_MAX {
            Some("the upload stands still")
        } else {
            None
        }
    }
}

/// A transport whose every request and answer is a sign of life of the upload.
pub struct Beating<T> {
    inner: T,
    kiosk: Kiosk,
}

impl<T> Beating<T> {
    /// This transport, for this kiosk.
    pub const fn new(inner: T, kiosk: Kiosk) -> Self {
        Self { inner, kiosk }
    }
}

impl<T: Transport> Transport for Beating<T> {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        Box::pin(async move {
            self.kiosk.upload_lives();
            let answer = self.inner.send(request).await;
            self.kiosk.upload_lives();
            answer
        })
    }
}

/// The service manager's end of the line.
#[derive(Debug)]
pub struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How often it wants to hear that the kiosk lives; none if it does not.
    interval: Option<Duration>,
}

impl Manager {
    /// The manager that started this process; none if nobody listens.
    pub fn of_process() -> io::Result<Option<Self>> {
        let Some(address) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(None) };
        let usec = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        // Set for another process of the service when it is not ours.
        let ours = std::env::var("WATCHDOG_PID").map_or(Ok(std::process::id()), |pid| pid.parse());
        let interval = usec.filter(|_| ours == Ok(std::process::id())).map(Duration::from_micros);
        Self::at(Path::new(&address), interval).map(Some)
    }

    /// The manager that listens at this address (a path, or `@` and a name without a file), and
    /// starts a kiosk anew that it has not heard of for `interval`.
    pub fn at(address: &Path, interval: Option<Duration>) -> io::Result<Self> {
        let bytes = address.as_os_str().as_bytes();
        let address = match bytes.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        Ok(Self { socket: UnixDatagram::unbound()?, address, interval })
    }

    /// Tells it something: lines `NAME=value`.
    pub fn tell(&self, lines: &str) -> io::Result<()> {
        self.socket.send_to_addr(lines.as_bytes(), &self.address).map(drop)
    }

    /// How long between two pings: half of what the manager waits for, as systemd's manual asks.
    fn pause(&self) -> Duration {
        self.interval.map_or(SIGN, |interval| interval / 2).min(SIGN)
    }

    /// Looks once whether all goes on; pings if so and says what the visit does, else says what
    /// stands still.
    pub fn ping(&self, beats: &Beats, clock: &dyn Clock, status: &str) -> io::Result<()> {
        match beats.still(clock.steady()) {
            None => self.tell(&format!("WATCHDOG=1\nSTATUS={status}")),
            Some(why) => {
                tracing::error!(why, "no ping: the service manager will start the kiosk anew");
                self.tell(&format!("STATUS={why}"))
            }
        }
    }
}

/// Says that the kiosk is ready, and pings for as long as it runs.
pub fn watch(kiosk: Kiosk, manager: Manager) -> io::Result<()> {
    manager.tell("READY=1")?;
    let work = move || {
        loop {
            let parts = kiosk.parts();
            let status = format!("visit: {}", state_name(kiosk.watch().borrow().state()));
            if let Err(error) = manager.ping(&parts.beats, parts.clock.as_ref(), &status) {
                tracing::warn!(%error, "the service manager does not hear the kiosk");
            }
            std::thread::sleep(manager.pause());
        }
    };
    std::thread::Builder::new().name("watchdog".into()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use time::OffsetDateTime;

    use super::*;

    /// A clock that a test sets.
    struct At(Mutex<Duration>);

    impl Clock for At {
        fn now(&self) -> OffsetDateTime {
            OffsetDateTime::UNIX_EPOCH
        }

        fn steady(&self) -> Duration {
            *self.0.lock().expect("nobody panicked")
        }
    }

    impl At {
        fn set(&self, seconds: u64) {
            *self.0.lock().expect("nobody panicked") = Duration::from_secs(seconds);
        }
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).expect("a word");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn a_part_that_stands_still_stops_the_pings() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let listens = UnixDatagram::bind(&path).expect("a socket");
        listens.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let manager = Manager::at(&path, Some(Duration::from_secs(8))).expect("an address");
        assert_eq!(manager.pause(), Duration::from_secs(4));
        let (beats, clock) = (Beats::default(), At(Mutex::default()));
        let ping = || {
            manager.ping(&beats, &clock, "visit: idle").expect("the manager hears");
            heard(&listens)
        };
        assert_eq!(ping(), "WATCHDOG=1\nSTATUS=visit: idle");
        clock.set(16);
        assert_eq!(ping(), "STATUS=the visit's engine stands still");
        beats.engine.give(Duration::from_secs(14));
        assert!(ping().starts_with("WATCHDOG=1"), "it goes on again");
        clock.set(200);
        beats.engine.give(Duration::from_secs(200));
        assert_eq!(ping(), "STATUS=the upload stands still");
        beats.upload.give(Duration::from_secs(199));
        assert!(ping().starts_with("WATCHDOG=1"));
        beats.upload.give(Duration::from_secs(5));
        assert!(ping().starts_with("WATCHDOG=1"), "an old sign does not take a new one back");
    }

    #[test]
    fn an_address_without_a_file_is_heard_too() {
        let name = format!("kiosk-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let listens = UnixDatagram::bind_addr(&address).expect("a socket");
        listens.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let manager = Manager::at(Path::new(&format!("@{name}")), None).expect("an address");
        manager.tell("READY=1").expect("the manager hears");
        assert_eq!(heard(&listens), "READY=1");
        assert_eq!(manager.pause(), SIGN);
    }
}
