//! The link between kiosks and registry: slow, lossy, doubling, late, often down.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use kiosk::clock::Clock;
use kiosk::store::Store;
use kiosk::upload::{Answering, Identity, Policy, Round, Transport, TransportError, Uploader};
use tower::ServiceExt;

use crate::Violation;
use crate::chaos::{Chaos, Trouble};
use crate::clock::TrueTime;
use crate::registry::{SimRegistry, receipt_key};

/// Requests remembered to arrive once more later.
const LATE_MAX: usize = 8;

/// The network. Clones are the same.
#[derive(Clone)]
pub struct Network(Arc<Mutex<Inner>>);

struct Inner {
    chaos: Chaos,
    truth: TrueTime,
    registry: SimRegistry,
    /// When each kiosk's link comes back, true time in milliseconds.
    down_until: BTreeMap<String, u64>,
    late: Vec<(String, Request<Bytes>)>,
    /// Bytes of bodies that were sent, and how many requests.
    traffic: Traffic,
}

/// What went over the links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

impl Network {
    /// A network with one registry on it.
    #[must_use]
    pub fn new(chaos: &Chaos, truth: &TrueTime, registry: SimRegistry) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            chaos: chaos.clone(),
            truth: truth.clone(),
            registry,
            down_until: BTreeMap::new(),
            late: vec![],
            traffic: Traffic::default(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The registry, for the auditor.
    pub fn with_registry<T>(&self, look: impl FnOnce(&mut SimRegistry) -> T) -> T {
        look(&mut self.inner().registry)
    }

    /// Ends all trouble: links are up, nothing old is under way.
    pub fn heal(&self) {
        let mut inner = self.inner();
        inner.down_until.clear();
        inner.late.clear();
    }

    /// What went over the links so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.inner().traffic
    }

    /// An uploader of this kiosk over its own link.
    #[must_use]
    pub fn uploader(
        &self,
        device: &str,
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        chaos: &Chaos,
    ) -> Uploader {
        let link = Link { network: self.clone(), device: device.to_owned() };
        let identity = Identity { device: device.to_owned(), receipt_key: receipt_key() };
        let random = Arc::new(chaos.clone());
        Uploader::new(store, Arc::new(link), identity, clock, random, Policy::default())
    }

    async fn exchange(
        &self,
        device: &str,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        let (chaos, again) = self.admit(device, &request)?;
        if let Some((device, old)) = again {
            // Its answer goes to nobody.
            let _ = self.deliver(&device, old, false).await;
        }
        if chaos.strikes(Trouble::RequestLost) {
            return Err(broken("the request was lost"));
        }
        let cut = chaos.strikes(Trouble::RequestCut);
        if chaos.strikes(Trouble::RequestTwice) {
            let _ = self.deliver(device, copy_of(&request), false).await;
        }
        let answer = self.deliver(device, request, cut).await?;
        if chaos.strikes(Trouble::AnswerLost) {
            return Err(broken("the answer was lost"));
        }
        Ok(answer)
    }

    /// Whether the link is up; and an old request that arrives just now.
    #[expect(clippy::type_complexity, reason = "a pair of what goes on and what comes late")]
    fn admit(
        &self,
        device: &str,
        request: &Request<Bytes>,
    ) -> Result<(Chaos, Option<(String, Request<Bytes>)>), TransportError> {
        let mut inner = self.inner();
        inner.truth.pass(20 + inner.chaos.below(300));
        let now = inner.truth.ms();
        if inner.chaos.strikes(Trouble::LinkDown) {
            let until = now + 1_000 * (1 + inner.chaos.below(3_600));
            inner.down_until.insert(device.to_owned(), until);
        }
        if inner.down_until.get(device).is_some_and(|until| now < *until) {
            return Err(broken("there is no link"));
        }
        inner.traffic.requests += 1;
        inner.traffic.bytes += request.body().len() as u64;
        let again = if !inner.late.is_empty() && inner.chaos.strikes(Trouble::RequestLate) {
            let at = inner.chaos.below(inner.late.len() as u64) as usize;
            Some(inner.late.swap_remove(at))
        } else {
            None
        };
        if inner.chaos.one_in(4) && inner.late.len() < LATE_MAX {
            inner.late.push((device.to_owned(), copy_of(request)));
        }
        Ok((inner.chaos.clone(), again))
    }

    /// Takes the request to the registry, whole or cut off in the middle of its body.
    async fn deliver(
        &self,
        device: &str,
        request: Request<Bytes>,
        cut: bool,
    ) -> Result<Response<Bytes>, TransportError> {
        let router = self.with_registry(|registry| registry.router(device));
        let router = router.ok_or_else(|| broken("the registry does not answer"))?;
        let (parts, body) = request.into_parts();
        let body = if cut {
            let kept = body.slice(..self.inner().chaos.below(body.len() as u64 + 1) as usize);
            let pieces = [Ok(kept), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
            Body::from_stream(futures_util::stream::iter(pieces))
        } else {
            Body::from(body)
        };
        let answered = router.oneshot(Request::from_parts(parts, body)).await;
        let survived = self.with_registry(SimRegistry::settle);
        let response = answered.map_err(|never| match never {})?;
        if cut || !survived {
            return Err(broken("the connection broke"));
        }
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| broken("the answer broke off"))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}

/// How long to wait before the next look at the outbox.
pub fn pause_of(round: Round) -> Result<Duration, Violation> {
    match round {
        Round::Done(pause) | Round::Failed(pause) => Ok(pause),
        Round::KeyLost => Err(Violation::new("kiosk", "a key was lost, and there is none")),
    }
}

/// One kiosk's way to the registry.
pub struct Link {
    network: Network,
    device: String,
}

impl Transport for Link {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        Box::pin(self.network.exchange(&self.device, request))
    }
}

fn broken(why: &'static str) -> TransportError {
    TransportError::Link(why.into())
}

fn copy_of(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
