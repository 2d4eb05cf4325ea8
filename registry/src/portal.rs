//! The pages where anyone checks a copy: by code, by file, by QR code. Vietnamese first.
//!
//! Never shows a copy's content, never asks for a script except to read the QR code's fragment
//! (which browsers do not send), loads nothing from elsewhere. `lookup` decides, `pages` words it.

mod html;
mod limit;
mod lookup;
mod pages;
mod text;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{
    DefaultBodyLimit, Extension, FromRequest as _, Multipart, Path, Query, Request, State,
};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use formats_wire::{Rejection, code};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::Config;
use crate::peer::Peer;
use crate::service::Service;
use crate::store::StoreError;
use crate::{clock, trace};
use limit::{Limiter, client};
use lookup::{ByCode, ByFile, CopyView, Lookup};
use pages::Page;
use text::{Lang, Texts};

/// Room for the form around a file, in bytes.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Files in memory at once, at most 96 MiB each.
const FILES_AT_ONCE: usize = 8;
/// How long sending a file may take.
const FILE_TIME: Duration = Duration::from_secs(120);
/// Longest QR proof, in characters: a digest and an RSA-8192 signature in base64.
const PROOF_CHARS_MAX: usize = 2048;

/// No inline script or style, nothing from elsewhere, no framing.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];
const ASSETS: [(&str, &str, &str); 3] = [
    ("/assets/style.css", "text/css; charset=utf-8", include_str!("portal/web/style.css")),
    ("/assets/check.js", "text/javascript; charset=utf-8", include_str!("portal/web/check.js")),
    ("/assets/mark.svg", "image/svg+xml", include_str!("portal/web/mark.svg")),
];

/// What the pages share.
pub(crate) struct Portal {
    lookup: Arc<Lookup>,
    texts: Texts,
    limiter: Limiter,
    files: Semaphore,
    public_url: String,
    behind_proxy: bool,
}

impl Portal {
    /// Reads the texts of both languages.
    pub(crate) fn new(config: &Config, service: &Service) -> Result<Self, toml::de::Error> {
        let public_url = config.public_url.trim_end_matches('/').to_owned();
        let lookup = Lookup {
            store: Arc::clone(service.store()),
            shelf: Arc::clone(service.shelf()),
            acceptance: Arc::clone(service.acceptance()),
            public_url: public_url.clone(),
        };
        Ok(Self {
            lookup: Arc::new(lookup),
            texts: Texts::load()?,
            limiter: Limiter::new(config.limits.lookups_burst, config.limits.lookups_per_minute),
            files: Semaphore::new(FILES_AT_ONCE),
            public_url,
            behind_proxy: config.public.behind_proxy,
        })
    }

    fn page(&self, lang: Lang) -> Page<'_> {
        Page { lang, text: self.texts.of(lang), public_url: &self.public_url }
    }
}

type Shared = State<Arc<Portal>>;

/// The routes of the public listener.
pub(crate) fn router(portal: Arc<Portal>) -> Router {
    let looked_up = Router::new()
        .route("/v", get(typed_code))
        .route("/v/{code}", get(by_code))
        .route("/v/file", post(by_file).get(to_start))
        .route("/api/copies/{code}", get(api_copy))
        .route("/api/check-qr", post(api_check_qr))
        .layer(DefaultBodyLimit::max(formats_copy::FILE_BYTES_MAX + FORM_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&portal), within_rate));
    let mut routes = Router::new().route("/", get(start)).merge(looked_up).fallback(nowhere);
    for (path, kind, content) in ASSETS {
        let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=3600")];
        routes = routes.route(path, get(move || async move { (headers, content) }));
    }
    routes.layer(from_fn(guard)).layer(from_fn(trace::request)).with_state(portal)
}

#[derive(Deserialize)]
struct Asked {
    code: Option<String>,
}

async fn start(State(portal): Shared, lang: Lang) -> Response {
    portal.page(lang).start()
}

async fn to_start(lang: Lang) -> Redirect {
    Redirect::to(&format!("/?lang={}", lang.tag()))
}

async fn nowhere(State(portal): Shared, lang: Lang) -> Response {
    portal.page(lang).nowhere()
}

/// The form without a script: a typed code, or a pasted address, leads to the code's own page.
async fn typed_code(State(portal): Shared, lang: Lang, Query(asked): Query<Asked>) -> Response {
    let typed = asked.code.unwrap_or_default();
    match lookup::read_code(&typed) {
        Ok(code) => Redirect::to(&format!("/v/{code}?lang={}", lang.tag())).into_response(),
        Err(error) => portal.page(lang).mistyped(&typed, error),
    }
}

async fn by_code(State(portal): Shared, lang: Lang, Path(typed): Path<String>) -> Response {
    let lookup = Arc::clone(&portal.lookup);
    let asked = typed.clone();
    let page = portal.page(lang);
    match blocking(move || lookup.by_code(&asked)).await {
        Some(ByCode::Found(kept)) => page.found(&kept),
        Some(ByCode::Unknown(code)) => page.unknown(&code.to_string()),
        Some(ByCode::Mistyped(error)) => page.mistyped(&typed, error),
        None => page.broken(),
    }
}

async fn by_file(State(portal): Shared, lang: Lang, request: Request) -> Response {
    let json = wants_json(request.headers());
    let page = portal.page(lang);
    let Ok(_permit) = portal.files.try_acquire() else {
        return page.busy(StatusCode::SERVICE_UNAVAILABLE);
    };
    let bytes = match timeout(FILE_TIME, file_bytes(request)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(status)) => return page.no_file(status),
        Err(_) => return page.no_file(StatusCode::REQUEST_TIMEOUT),
    };
    let lookup = Arc::clone(&portal.lookup);
    match blocking(move || lookup.by_file(&bytes)).await {
        Some(outcome) if json => api_file(&outcome),
        Some(outcome) => page.file(&outcome),
        None => page.broken(),
    }
}

/// The file in a request: the whole body, or the field `file` of a form.
async fn file_bytes(request: Request) -> Result<Bytes, StatusCode> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        return Bytes::from_request(request, &()).await.map_err(|error| error.status());
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| error.status())?;
    while let Some(field) = form.next_field().await.map_err(|error| error.status())? {
        if field.name() == Some("file") {
            return field.bytes().await.map_err(|error| error.status());
        }
    }
    Err(StatusCode::BAD_REQUEST)
}

async fn api_copy(State(portal): Shared, Path(typed): Path<String>) -> Response {
    let lookup = Arc::clone(&portal.lookup);
    match blocking(move || lookup.by_code(&typed)).await {
        Some(ByCode::Found(kept)) => Json(CopyView::new(&kept)).into_response(),
        Some(ByCode::Unknown(_)) => {
            rejected(&portal, StatusCode::NOT_FOUND, code::UNKNOWN, |t| &t.unknown_title)
        }
        Some(ByCode::Mistyped(_)) => {
            rejected(&portal, StatusCode::BAD_REQUEST, "mistyped", |t| &t.mistyped_title)
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// What the page's script read from the fragment of the QR code's address.
#[derive(Deserialize)]
struct QrAsked {
    code: String,
    proof: String,
}

async fn api_check_qr(State(portal): Shared, Json(asked): Json<QrAsked>) -> Response {
    if asked.proof.len() > PROOF_CHARS_MAX {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let lookup = Arc::clone(&portal.lookup);
    match blocking(move || lookup.matches_qr(&asked.code, &asked.proof)).await {
        Some(Some(genuine)) => Json(serde_json::json!({ "genuine": genuine })).into_response(),
        Some(None) => rejected(&portal, StatusCode::NOT_FOUND, code::UNKNOWN, |t| &t.unknown_title),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn api_file(outcome: &ByFile) -> Response {
    let (status, value) = outcome.to_json();
    (status, Json(value)).into_response()
}

fn rejected(
    portal: &Portal,
    status: StatusCode,
    code: &str,
    sentence: fn(&text::Text) -> &str,
) -> Response {
    let [vi, en] = [Lang::Vi, Lang::En].map(|lang| sentence(portal.texts.of(lang)));
    (status, Json(Rejection::new(code, vi, en))).into_response()
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

/// Runs file and database work on a thread for it; a failure is logged and answered as none.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Option<T> {
    match spawn_blocking(work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            trace::failure("look-up", &error);
            None
        }
        Err(error) => {
            trace::failure("look-up", &error);
            None
        }
    }
}

async fn within_rate(
    State(portal): Shared,
    Extension(peer): Extension<Peer>,
    lang: Lang,
    request: Request,
    next: Next,
) -> Response {
    let address = client(request.headers(), peer.address, portal.behind_proxy);
    if portal.limiter.take(address, clock::instant()) {
        return next.run(request).await;
    }
    if request.uri().path().starts_with("/api/") {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = rejected(&portal, status, code::BUSY, |t| &t.busy_title);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    portal.page(lang).busy(StatusCode::TOO_MANY_REQUESTS)
}

/// The headers of every answer.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
