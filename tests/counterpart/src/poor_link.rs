//! A poor mobile link on loopback: TCP goes through it slowly, with losses, and breaks.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::CounterpartError;

/// Payload of one TCP segment on Ethernet, with time-stamps (RFC 7323): 1500 - 20 - 20 - 12.
const SEGMENT_BYTES: usize = 1_448;

/// How poor a link is.
///
/// It is modelled above TCP, since no kernel here need know netem. Bytes that go up are taken in
/// segments; each arrives one round trip later, and until then counts as unacknowledged: as many as
/// `window` are on the way at once. A lost segment is sent twice, and holds all behind it up for
/// one more round trip, as a fast retransmission does. A cut is seen by both ends at once, and what
/// was on its way is gone; a connection takes one round trip to open. Answers come down unhindered:
/// the round trip was waited for on the way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkModel {
    /// Time from a segment's departure to its acknowledgement.
    pub round_trip: Duration,
    /// Most segments on the way.
    pub window: usize,
    /// Of so many segments one is lost; 0 for none.
    pub loss_one_in: u64,
    /// Every connection breaks each time that so many bytes have arrived; 0 for never.
    pub cut_every: u64,
    /// Seed of the losses.
    pub seed: u64,
}

impl LinkModel {
    /// 300 ms, 2 % loss, a cut every 200 kB. At such loss TCP keeps about 1.22 / sqrt(0.02) = 9
    /// segments on the way (Mathis et al. 1997), which is 43 kB/s.
    pub const POOR: Self = Self {
        round_trip: Duration::from_millis(300),
        window: 9,
        loss_one_in: 50,
        cut_every: 200_000,
        seed: 1,
    };

    /// The same losses and cuts, without the waiting.
    pub const POOR_BUT_QUICK: Self = Self { round_trip: Duration::ZERO, ..Self::POOR };
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    model: LinkModel,
    sent: AtomicU64,
    arrived: AtomicU64,
    cuts: AtomicU32,
    dice: AtomicU64,
    closing: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// What a [`PoorLink`] has carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Bytes that left the client: TLS, HTTP, payload, and segments sent twice.
    pub sent: u64,
    /// Bytes that reached the server.
    pub arrived: u64,
    /// How often the link broke.
    pub cuts: u32,
}

/// A proxy that behaves like its [`LinkModel`], until it is dropped.
#[derive(Debug)]
pub struct PoorLink {
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

impl PoorLink {
    /// Puts a link before `server`.
    pub fn before(server: SocketAddr, model: LinkModel) -> Result<Self, CounterpartError> {
        let port = |source| CounterpartError::Port { what: "the poor link", source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(port)?;
        let address = listener.local_addr().map_err(port)?;
        let state = Arc::new(State {
            server,
            model,
            sent: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            cuts: AtomicU32::new(0),
            // Never zero, where xorshift would stay.
            dice: AtomicU64::new(model.seed | 1),
            closing: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let listener = std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.closing.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                // An end that fails to open is a link that broke, which is what this is for.
                std::thread::spawn(move || drop(state.carry(client)));
            }
        });
        Ok(Self { address, state, listener: Some(listener) })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has carried so far.
    pub fn carried(&self) -> Carried {
        Carried {
            sent: self.state.sent.load(Ordering::SeqCst),
            arrived: self.state.arrived.load(Ordering::SeqCst),
            cuts: self.state.cuts.load(Ordering::SeqCst),
        }
    }
}

impl Drop for PoorLink {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        self.state.cut();
        // The listener wakes by one more connection.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl State {
    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) {
        for stream in self.open().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// One connection, from its opening to its end.
    fn carry(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        std::thread::sleep(self.model.round_trip);
        let server = TcpStream::connect(self.server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.open().extend([client.try_clone()?, server.try_clone()?]);
        let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        // One segment more is in the hands of each end of the channel.
        let (way, arriving) = sync_channel(self.model.window.saturating_sub(2));
        let state = Arc::clone(self);
        std::thread::spawn(move || state.send(client, &way));
        self.deliver(server, &arriving)
    }

    /// Takes segments from the client as fast as the window allows.
    fn send(&self, mut client: TcpStream, way: &SyncSender<(Instant, Vec<u8>)>) {
        let mut segment = [0; SEGMENT_BYTES];
        let mut due = now();
        while let Ok(length @ 1..) = client.read(&mut segment) {
            self.sent.fetch_add(length as u64, Ordering::SeqCst);
            due = due.max(now() + self.model.round_trip);
            if self.is_lost() {
                self.sent.fetch_add(length as u64, Ordering::SeqCst);
                due += self.model.round_trip;
            }
            if way.send((due, segment[..length].to_vec())).is_err() {
                return;
            }
        }
    }

    /// Hands segments to the server when they are due, and breaks the link when its time has come.
    fn deliver(
        &self,
        mut server: TcpStream,
        arriving: &Receiver<(Instant, Vec<u8>)>,
    ) -> io::Result<()> {
        while let Ok((due, segment)) = arriving.recv() {
            std::thread::sleep(due.saturating_duration_since(now()));
            server.write_all(&segment)?;
            let length = segment.len() as u64;
            let before = self.arrived.fetch_add(length, Ordering::SeqCst);
            let cuts = |bytes: u64| bytes.checked_div(self.model.cut_every);
            if cuts(before) != cuts(before + length) {
                self.cuts.fetch_add(1, Ordering::SeqCst);
                self.cut();
                return Ok(());
            }
        }
        server.shutdown(Shutdown::Both)
    }

    fn is_lost(&self) -> bool {
        let next = |mut x: u64| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x
        };
        let rolled = self.dice.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |x| Some(next(x)));
        let rolled = rolled.unwrap_or_default();
        rolled.checked_rem(self.model.loss_one_in) == Some(0)
    }
}

#[expect(clippy::disallowed_methods, reason = "a link takes real time")]
fn now() -> Instant {
    Instant::now()
}
