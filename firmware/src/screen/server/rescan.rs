//! The officer asks for pages to be scanned again, or does without them after all.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::appointment::NoFields;
use super::{Here, ScreenState, answer_when, say_error, waits};
use crate::visit::{PAGE_COUNT_MAX, PageId, RescanReason, RescanRequest, Say, Wish};

/// A request as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RescanBody {
    visit: String,
    officer: String,
    /// Code of the reason.
    reason: String,
    /// Ids of the pages; all if none is named.
    #[serde(default)]
    pages: Vec<u32>,
}

/// Asks the person for the pages.
pub(super) async fn ask(
    State(state): State<Arc<ScreenState>>,
    Extension(here): Extension<Here>,
    Json(body): Json<RescanBody>,
) -> Response {
    let RescanBody { visit, officer, reason, pages } = body;
    if !waits(&state.kiosk.watch().borrow(), &visit) {
        return StatusCode::CONFLICT.into_response();
    }
    let parts = state.kiosk.parts();
    let person = parts.config.officer(&officer);
    let now = parts.clock.now();
    if !here.is(&officer) || person.is_none_or(|person| person.may_sign_at(now).is_err()) {
        return say_error(StatusCode::FORBIDDEN, Say::NotDelegated);
    }
    let reason = RescanReason::with_code(&reason).filter(|_| pages.len() <= PAGE_COUNT_MAX);
    let Some(reason) = reason else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    let pages = pages.into_iter().map(PageId).collect();
    answer_when(state.kiosk.wish(Wish::Rescan(RescanRequest { officer, reason, pages })), json!({}))
        .await
}

/// Takes the case back as it is.
pub(super) async fn withdraw(
    State(state): State<Arc<ScreenState>>,
    Json(NoFields {}): Json<NoFields>,
) -> Response {
    answer_when(state.kiosk.wish(Wish::WithdrawRescan), json!({})).await
}
