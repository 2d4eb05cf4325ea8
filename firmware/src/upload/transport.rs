//! One HTTP request to the registry and its answer. What is below (connections, TLS, time-outs) is
//! here; what the requests mean is in `client.rs`. A simulation has a transport of its own.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

/// Longest wait for one answer: the smallest piece takes 43 s at 3 kB/s, the poorest link in use.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Longest answer: a receipt or a rejection takes under 2 kB.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// An answer on its way.
pub type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'a>>;

/// Carries requests to the registry. The address of a request is its path alone, from `/`.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the whole answer, or says why there is none. The request
    /// may have arrived, in whole or in part, whatever comes back.
    fn send(&self, request: Request<Bytes>) -> Answering<'_>;
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("the link to the registry failed")]
    Link(#[source] Box<dyn Error + Send + Sync>),
    /// The answer broke off.
    #[error("the registry's answer broke off")]
    Answer(#[source] Box<dyn Error + Send + Sync>),
    /// The answer is longer than [`ANSWER_BYTES_MAX`].
    #[error("the registry's answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// No answer in time.
    #[error("the registry did not answer within {} s", ANSWER_TIME_MAX.as_secs())]
    Timeout,
    /// The request's address cannot be written.
    #[error("cannot address a request to the registry")]
    Address(#[source] http::Error),
}

/// HTTP/1.1 over TLS to one registry; connections are kept and reused.
#[derive(Debug, Clone)]
pub struct Https {
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    registry: Authority,
}

impl Https {
    /// A transport to the registry at `base_url`, `https://host:port`.
    pub fn new(base_url: &str, tls: rustls::ClientConfig) -> Result<Self, TransportError> {
        let address = |e: http::uri::InvalidUri| TransportError::Address(e.into());
        let base: Uri = base_url.parse().map_err(address)?;
        let parts = base.into_parts();
        let registry = match parts.authority {
            Some(registry) => registry,
            None => Authority::try_from("").map_err(address)?,
        };
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        let http = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, registry })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (mut parts, body) = request.into_parts();
        let mut uri = parts.uri.into_parts();
        (uri.scheme, uri.authority) = (Some(Scheme::HTTPS), Some(self.registry.clone()));
        parts.uri = Uri::from_parts(uri).map_err(|e| TransportError::Address(e.into()))?;
        let request = Request::from_parts(parts, Full::new(body));
        let sent = self.http.request(request).await;
        let (parts, body) = sent.map_err(|e| TransportError::Link(Box::new(e)))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|e| {
            let too_long = e.is::<LengthLimitError>();
            if too_long { TransportError::TooLong } else { TransportError::Answer(e) }
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

impl Transport for Https {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        Box::pin(async {
            let exchange = tokio::time::timeout(ANSWER_TIME_MAX, self.exchange(request));
            exchange.await.unwrap_or(Err(TransportError::Timeout))
        })
    }
}
