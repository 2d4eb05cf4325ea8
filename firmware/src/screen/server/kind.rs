//! The officer says what kind of paper it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::{DECISION_WAIT_MAX, ScreenState, say_error, waits};
use crate::visit::{Say, State as VisitState, Wish};

/// A correction as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindBody {
    visit: String,
    /// Id of the document table.
    kind: String,
}

/// Sets the kind; answers when the rules were looked at for it.
pub(super) async fn set(
    State(state): State<Arc<ScreenState>>,
    Json(body): Json<KindBody>,
) -> Response {
    let mut watched = state.kiosk.watch();
    if !waits(&watched.borrow_and_update(), &body.visit) {
        return StatusCode::CONFLICT.into_response();
    }
    if !models::kinds().iter().any(|kind| kind.id == body.kind) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    drop(state.kiosk.wish(Wish::CorrectKind(body.kind)));
    let settled = async {
        watched.changed().await?;
        let done = |state: &VisitState| !matches!(state, VisitState::Correcting(_));
        watched.wait_for(|visit| done(visit.state())).await.map(|visit| visit.clone())
    };
    match tokio::time::timeout(DECISION_WAIT_MAX, settled).await {
        Ok(Ok(visit)) => match visit.state() {
            VisitState::Deciding(dossier) if dossier.trouble.is_none() => {
                Json(json!({})).into_response()
            }
            VisitState::Deciding(_) => say_error(StatusCode::SERVICE_UNAVAILABLE, Say::Internal),
            _ => StatusCode::CONFLICT.into_response(),
        },
        Ok(Err(_)) | Err(_) => say_error(StatusCode::GATEWAY_TIMEOUT, Say::Internal),
    }
}
