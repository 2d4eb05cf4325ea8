//! One line a request: id, method, route (never the path, which may hold a code), status, time.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use tracing::Instrument as _;

use crate::clock;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Middleware: numbers the request, logs its end, and tells the number in `x-request-id`.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    async {
        let start = clock::instant();
        let mut response = next.run(request).await;
        let ms = start.elapsed().as_millis();
        tracing::info!(status = response.status().as_u16(), ms, "answered");
        response.headers_mut().insert("x-request-id", HeaderValue::from(id));
        response
    }
    .instrument(span)
    .await
}

/// Logs a failure of our own with its whole chain.
pub(crate) fn failure(what: &str, error: &(dyn Error + 'static)) {
    tracing::error!(what, error = chain(error), "failed");
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    chain
}
