//! A gate on the wire before a real saned: everything passes, until a fault is asked for.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::CounterpartError;

/// No fault is waiting.
const NO_STATUS: u32 = u32::MAX;
/// Number of the START procedure (SANE standard 1.06, 5.2.8).
const PROCEDURE_START: u32 = 7;

#[derive(Debug, Default)]
struct State {
    status: AtomicU32,
    skip: AtomicU32,
    silent: AtomicBool,
    closing: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// Forwards the control connections of clients to a real saned, and can answer in its place.
///
/// Only the control connection passes here; page data goes straight from saned to the client.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

impl Gate {
    pub(crate) fn before(server: SocketAddr) -> Result<Self, CounterpartError> {
        let port = |source| CounterpartError::Port { what: "the gate", source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(port)?;
        let address = listener.local_addr().map_err(port)?;
        let state = Arc::new(State { status: AtomicU32::new(NO_STATUS), ..State::default() });
        let shared = Arc::clone(&state);
        let listener = std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.closing.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(server) = TcpStream::connect(server) {
                    forward(&shared, client, server);
                }
            }
        });
        Ok(Self { address, state, listener: Some(listener) })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// After `good` more scans, answers one start of a scan with this SANE status instead of its
    /// own (6 jammed, 7 no documents, 8 cover open, 3 busy, 11 access denied).
    pub fn fail_start_after(&self, good: u32, status: u32) {
        self.state.skip.store(good, Ordering::SeqCst);
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// Whether replies are swallowed, as by a server that hangs.
    pub fn set_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }

    /// Cuts every open connection, as a pulled cable does.
    pub fn cut(&self) {
        if let Ok(mut open) = self.state.open.lock() {
            for stream in open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        self.cut();
        // The listener wakes by one more connection.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// Starts the two directions. Threads end when either side closes.
fn forward(state: &Arc<State>, client: TcpStream, server: TcpStream) {
    let copies = (client.try_clone(), client.try_clone(), client.try_clone());
    let (Ok(client_back), Ok(client_back_too), Ok(client_held)) = copies else { return };
    let (Ok(server_back), Ok(server_held)) = (server.try_clone(), server.try_clone()) else {
        return;
    };
    if let Ok(mut open) = state.open.lock() {
        open.extend([client_held, server_held]);
    }
    let shared = Arc::clone(state);
    let mut answer = client_back_too;
    std::thread::spawn(move || {
        // A client writes each request at once, so a read that begins with START is a start.
        pump(client, server, |bytes| match due_at_start(&shared, bytes) {
            Some(status) => {
                // Status, port, byte order, no resource to log in to. The server is not asked.
                let reply = [status, 0, 0, 0].map(u32::to_be_bytes).concat();
                let _ = answer.write_all(&reply);
                false
            }
            None => true,
        });
    });
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        pump(server_back, client_back, |_| !state.silent.load(Ordering::SeqCst));
    });
}

/// The fault that is due when this request is a start.
fn due_at_start(state: &State, request: &[u8]) -> Option<u32> {
    if word(request) != Some(PROCEDURE_START) {
        return None;
    }
    let good = |left: u32| left.checked_sub(1);
    if state.skip.fetch_update(Ordering::SeqCst, Ordering::SeqCst, good).is_ok() {
        return None;
    }
    Some(state.status.swap(NO_STATUS, Ordering::SeqCst)).filter(|status| *status != NO_STATUS)
}

fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn pump(mut from: TcpStream, mut to: TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if passes(&buffer[..count]) && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
