//! The accept loop of both listeners: bounded connections, timed handshakes and headers, an end
//! that lets requests finish.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::peer::{Peer, device_name};

/// A handshake over a slow mobile link takes under 3 s.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// From a connection's start, or its last answer, to the end of the next headers.
const HEADERS: Duration = Duration::from_secs(30);
/// Largest request head, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers in a request.
const HEADERS_MAX: usize = 64;
/// How long requests may go on after the stop.
const STOP: Duration = Duration::from_secs(20);
/// After a failed accept (no file handles left), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// One listener and what it serves.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    /// Plain HTTP when absent.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether only clients whose certificate names a device are served.
    pub(crate) devices_only: bool,
    pub(crate) router: Router,
    pub(crate) connections_max: usize,
}

/// Serves until `stop` turns true, then lets what is under way end.
pub(crate) async fn serve(listener: Listener, mut stop: watch::Receiver<bool>) {
    let seats = Arc::new(Semaphore::new(listener.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = accept(&listener.socket, &seats) => accepted,
        };
        let Some((stream, address, seat)) = accepted else { continue };
        let (tls, router) = (listener.tls.clone(), listener.router.clone());
        let (devices_only, stop) = (listener.devices_only, stop.clone());
        connections.spawn(async move {
            let _seat = seat;
            connect(stream, address, tls, devices_only, router, stop).await;
        });
        while connections.try_join_next().is_some() {}
    }
    let rest = async { while connections.join_next().await.is_some() {} };
    if timeout(STOP, rest).await.is_err() {
        tracing::warn!("requests did not end in time and were cut");
    }
}

async fn accept(
    socket: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, address)) => Some((stream, address, seat)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connect(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    devices_only: bool,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    let mut peer = Peer { address: address.ip(), device: None };
    let Some(tls) = tls else { return exchange(stream, peer, router, stop).await };
    let stream = match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "tls handshake failed"),
        Err(_) => return tracing::debug!("tls handshake took too long"),
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    peer.device = certificates.first().and_then(device_name);
    if devices_only && peer.device.is_none() {
        return tracing::warn!("a client certificate names no device");
    }
    exchange(stream, peer, router, stop).await;
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which also is the end.
    let _ = stop.wait_for(|stop| *stop).await;
}
