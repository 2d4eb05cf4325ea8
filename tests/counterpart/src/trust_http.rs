//! Trust services as the network sees them: openssl's time-stamps, OCSP answers and lists behind a
//! small HTTP server. The server only carries; what it carries is openssl's.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use time::OffsetDateTime;

use crate::{CounterpartError, Revocation, TestCa, TimeStampAuthority};

/// Longest request that is read.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;
/// A client that stops in the middle is given up.
const PATIENCE: Duration = Duration::from_secs(5);

struct Shared {
    time_stamps: TimeStampAuthority,
    revocation: Revocation,
    asked: Vec<String>,
    /// Paths that answer with trouble.
    broken: Vec<String>,
}

/// A running server on a loopback port: `/tsa`, `/ocsp`, `/crl`.
pub struct TrustHttp {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    down: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TrustHttp {
    /// Starts the services of a new authority, whose certificates name them.
    pub fn start(name: &str) -> Result<(Self, TestCa), CounterpartError> {
        let run = |source| CounterpartError::Run {
            program: "http server".into(),
            package: "none",
            source,
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(run)?;
        let address = listener.local_addr().map_err(run)?;
        let ca = TestCa::with_services(name, &format!("http://{address}"))?;
        let time_stamps = TimeStampAuthority::new(&ca)?;
        let mut revocation = Revocation::new(&ca)?;
        revocation.enter(&time_stamps.certificate().der, None)?;
        let shared = Shared { time_stamps, revocation, asked: Vec::new(), broken: Vec::new() };
        let shared = Arc::new(Mutex::new(shared));
        let (down, stop) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let served = (Arc::clone(&shared), Arc::clone(&down), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let (shared, down, stop) = served;
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                // A client that went away is no concern of the next one.
                if let Ok(stream) = stream
                    && !down.load(Ordering::SeqCst)
                {
                    let _ = serve(&stream, &shared);
                }
            }
        });
        Ok((Self { address, shared, down, stop, thread: Some(thread) }, ca))
    }

    /// Address of the time-stamp authority.
    #[must_use]
    pub fn time_stamp_url(&self) -> String {
        format!("http://{}/tsa", self.address)
    }

    /// Enters a certificate (DER): good, or revoked since a time.
    pub fn enter(
        &self,
        certificate: &[u8],
        revoked: Option<OffsetDateTime>,
    ) -> Result<(), CounterpartError> {
        self.shared().revocation.enter(certificate, revoked)
    }

    /// Cuts every connection from now on, or serves again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Lets one path answer with status 500.
    pub fn break_path(&self, path: &str) {
        self.shared().broken.push(path.to_owned());
    }

    /// The paths asked for so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.shared().asked.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TrustHttp {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread from its wait.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, shared: &Mutex<Shared>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asked.push(path.clone());
    let broken = shared.broken.contains(&path);
    let answer = match path.as_str() {
        _ if broken => Err(CounterpartError::Failed { program: path, output: String::new() }),
        "/tsa" => shared.time_stamps.answer(&body),
        "/ocsp" => shared.revocation.answer(&body),
        "/crl" => shared.revocation.list(),
        _ => return write!(&*stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    };
    let mut stream = stream;
    match answer {
        Ok(bytes) => {
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length";
            write!(stream, "{head}: {}\r\n\r\n", bytes.len())?;
            stream.write_all(&bytes)
        }
        Err(_) => {
            write!(stream, "HTTP/1.1 500 Trouble\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        }
    }
}
