//! The officer promises the copy for later, prints the slip and hands it over.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use formats_vn::due::Extension;
use serde::Deserialize;
use serde_json::json;
use time::Date;
use time::macros::format_description;

use super::{Here, ScreenState, answer_when, fits, say_error, settle, waits};
use crate::visit::{Deferral, DeferralReason, Say, Wish};

/// A promise as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeferBody {
    visit: String,
    officer: String,
    /// Code of the reason.
    reason: String,
    /// Working days more than by the rule.
    #[serde(default)]
    days: Option<u8>,
    /// The day that the requester agreed to in writing, such as `2026-12-01`.
    #[serde(default)]
    agreed: Option<String>,
    title: String,
    requester: String,
}

impl DeferBody {
    fn into_deferral(self) -> Option<Deferral> {
        let Self { officer, reason, days, agreed, title, requester, .. } = self;
        let named = |text: &str| fits(text) && !text.trim().is_empty();
        if !named(&title) || !named(&requester) {
            return None;
        }
        let extension = match (days, agreed) {
            (None, None) => Extension::None,
            (Some(days), None) => Extension::WorkingDays(days),
            (None, Some(day)) => {
                let day = Date::parse(&day, format_description!("[year]-[month]-[day]")).ok()?;
                Extension::Agreed(day)
            }
            (Some(_), Some(_)) => return None,
        };
        let reason = DeferralReason::with_code(&reason)?;
        Some(Deferral { officer, reason, extension, title, requester })
    }
}

pub(super) async fn defer(
    State(state): State<Arc<ScreenState>>,
    axum::Extension(here): axum::Extension<Here>,
    Json(body): Json<DeferBody>,
) -> Response {
    if !here.is(&body.officer) {
        return say_error(StatusCode::FORBIDDEN, Say::NotDelegated);
    }
    let mut watched = state.kiosk.watch();
    if !waits(&watched.borrow_and_update(), &body.visit) {
        return StatusCode::CONFLICT.into_response();
    }
    let Some(deferral) = body.into_deferral() else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    drop(state.kiosk.wish(Wish::Defer(deferral)));
    settle(watched).await
}

pub(super) async fn slip(State(state): State<Arc<ScreenState>>) -> Response {
    let slip = state.kiosk.desk().slip.clone();
    match slip {
        Some(pdf) => ([(header::CONTENT_TYPE, "application/pdf")], pdf).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A JSON POST without fields, as a foreign page cannot send.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFields {}

pub(super) async fn given(
    State(state): State<Arc<ScreenState>>,
    Json(NoFields {}): Json<NoFields>,
) -> Response {
    answer_when(state.kiosk.wish(Wish::SlipGiven), json!({})).await
}
