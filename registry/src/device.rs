//! The device side: tus over mutual TLS ([`formats_wire::tus`] tells the whole course).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, head, post};
use axum::{Json, Router};
use bytes::BytesMut;
use formats_wire::tus::{
    CHUNK_BYTES_MAX, EXTENSIONS, METADATA_BYTES_MAX, PATCH_CONTENT_TYPE, RECEIPTS, TUS_RESUMABLE,
    UPLOAD_BYTES_MAX, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, UPLOADS,
    VERSION, http_date, upload_path,
};
use formats_wire::{SignedReceipt, UploadMeta};
use futures_util::StreamExt as _;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn, spawn_blocking};
use tokio::time::timeout;

use crate::bodies::Bodies;
use crate::ingest::{Ingest, IngestError, Progress};
use crate::peer::Peer;
use crate::refusal::Refused;
use crate::store::{Store, StoreError};
use crate::trace;

/// How long a body may send nothing: a mobile link's hand-over, not more.
const BODY_IDLE: Duration = Duration::from_secs(30);
const TUS_VERSION: &str = "tus-version";
const TUS_EXTENSION: &str = "tus-extension";
const TUS_MAX_SIZE: &str = "tus-max-size";

/// What the handlers share.
pub(crate) struct DeviceSide {
    pub(crate) ingest: Ingest,
    pub(crate) store: Arc<Store>,
    /// One permit for each copy that may be verified at once.
    verifications: Semaphore,
    bodies: Bodies,
}

impl DeviceSide {
    pub(crate) fn new(ingest: Ingest, store: Arc<Store>, verifications: Semaphore) -> Self {
        Self { ingest, store, verifications, bodies: Bodies::default() }
    }
}

/// Runs what waits for the disk away from the threads that serve others. On a runtime of one
/// thread, as a simulation has, it is done in place, so that the order of events is always the
/// same.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        return spawn_blocking(work).await;
    }
    Ok(work())
}

type Shared = State<Arc<DeviceSide>>;

/// The routes of the device listener.
pub(crate) fn router(side: Arc<DeviceSide>) -> Router {
    Router::new()
        .route(UPLOADS, post(create).options(options))
        .route(&upload_path("{id}"), head(progress).patch(receive).options(options))
        .layer(from_fn(speak_tus))
        .route(&format!("{RECEIPTS}/{{device}}/{{sequence}}"), get(receipt))
        .layer(from_fn(trace::request))
        .with_state(side)
}

/// Why a request got no answer of its own.
enum Failure {
    Refused(Refused),
    /// Ours, not the device's: it keeps the copy and tries again.
    Broken(&'static str, Box<dyn std::error::Error + Send + Sync>),
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Refused(refused) => Self::Refused(refused),
            other => Self::Broken("upload", Box::new(other)),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Broken("store", Box::new(error))
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        Self::Broken("task", Box::new(error))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refused) => refused.into_response(),
            Self::Broken(what, error) => {
                trace::failure(what, error.as_ref());
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")]).into_response()
            }
        }
    }
}

/// Refuses other protocol versions and names ours in every answer.
async fn speak_tus(request: Request, next: Next) -> Response {
    let said = request.headers().get(TUS_RESUMABLE).is_some_and(|v| v == VERSION);
    let mut response = if said || request.method() == http::Method::OPTIONS {
        next.run(request).await
    } else {
        let refused = Refused::bad_request("this is tus 1.0.0; send tus-resumable");
        (StatusCode::PRECONDITION_FAILED, [(TUS_VERSION, VERSION)], Json(refused.rejection))
            .into_response()
    };
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn options() -> Response {
    let max = UPLOAD_BYTES_MAX.to_string();
    let headers =
        [(TUS_VERSION, VERSION), (TUS_EXTENSION, EXTENSIONS), (TUS_MAX_SIZE, max.as_str())];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn create(
    State(side): Shared,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let metadata = text(&headers, UPLOAD_METADATA)
        .filter(|value| value.len() <= METADATA_BYTES_MAX)
        .ok_or_else(|| Refused::bad_request("upload-metadata is missing or too long"))?;
    let meta =
        UploadMeta::parse(metadata).map_err(|error| Refused::bad_request(&error.to_string()))?;
    let length = number(&headers, UPLOAD_LENGTH)?;
    if peer.device.as_ref() != Some(&meta.device) {
        return Err(Refused::wrong_device().into());
    }
    if i64::try_from(meta.sequence).is_err() {
        return Err(Refused::bad_request("the sequence number is too large").into());
    }
    let made = blocking(move || side.ingest.create(&meta, length)).await??;
    let headers = [(LOCATION.as_str(), upload_path(&made.id))];
    Ok((StatusCode::CREATED, headers, state(&made)).into_response())
}

async fn progress(
    State(side): Shared,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let device = peer.device.ok_or_else(Refused::wrong_device)?;
    side.bodies.end(&device, &id).await;
    let found = blocking(move || side.ingest.progress(&device, &id)).await??;
    let length = [(UPLOAD_LENGTH, found.length.to_string())];
    Ok((StatusCode::OK, length, state(&found)).into_response())
}

async fn receive(
    State(side): Shared,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let device = peer.device.ok_or_else(Refused::wrong_device)?;
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != PATCH_CONTENT_TYPE) {
        let mut refused = Refused::bad_request("a PATCH carries application/offset+octet-stream");
        refused.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(refused.into());
    }
    let offset = number(&headers, UPLOAD_OFFSET)?;
    side.bodies.end(&device, &id).await;
    // A task of its own: when the link is cut, the bytes that came are still written.
    let settled = spawn(take_in(side, device, id, offset, body)).await??;
    Ok((StatusCode::NO_CONTENT, state(&settled)).into_response())
}

/// Writes a body piece by piece; a cut body counts as far as it came.
async fn take_in(
    side: Arc<DeviceSide>,
    device: String,
    id: String,
    mut offset: u64,
    body: Body,
) -> Result<Progress, Failure> {
    let mut stream = body.into_data_stream();
    let mut buffer = BytesMut::with_capacity(CHUNK_BYTES_MAX);
    let turn = side.bodies.begin(&device, &id);
    loop {
        let piece = tokio::select! {
            // In this order always, so that a simulation replays.
            biased;
            piece = timeout(BODY_IDLE, stream.next()) => piece.ok().flatten().and_then(Result::ok),
            () = turn.ended() => None,
        };
        let last = piece.is_none();
        buffer.extend_from_slice(&piece.unwrap_or_default());
        if last || buffer.len() >= CHUNK_BYTES_MAX {
            let (side, device, id) = (Arc::clone(&side), device.clone(), id.clone());
            let bytes = buffer.split().freeze();
            offset = blocking(move || side.ingest.append(&device, &id, offset, &bytes)).await??;
        }
        if last {
            break;
        }
    }
    let _permit = side.verifications.acquire().await;
    let side = Arc::clone(&side);
    Ok(blocking(move || side.ingest.settle(&device, &id)).await??)
}

async fn receipt(
    State(side): Shared,
    Extension(peer): Extension<Peer>,
    Path((device, sequence)): Path<(String, u64)>,
) -> Result<Json<SignedReceipt>, Failure> {
    if peer.device.as_ref() != Some(&device) {
        return Err(Refused::wrong_device().into());
    }
    let found = blocking(move || side.store.receipt(&device, sequence)).await??;
    Ok(Json(found.ok_or_else(Refused::unknown)?))
}

/// The headers that tell how far an upload is, and until when it is kept.
fn state(progress: &Progress) -> AppendHeaders<Vec<(&'static str, String)>> {
    let expires = progress.expires.and_then(http_date).map(|date| (UPLOAD_EXPIRES, date));
    let offset = (UPLOAD_OFFSET, progress.offset.to_string());
    AppendHeaders(std::iter::once(offset).chain(expires).collect())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Result<u64, Refused> {
    text(headers, name)
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| Refused::bad_request(&format!("{name} must be a number")))
}
