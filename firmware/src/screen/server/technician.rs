//! The technician's page, and what the command line asks of the running daemon.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use board::Board;
use serde::Deserialize;
use serde_json::json;

use super::ScreenState;
use crate::cli::cabinet::NAME_MAX;
use crate::fleet::check::Subject;
use crate::fleet::probes::Bench;
use crate::fleet::{selftest, status};

/// What to check; all if there are none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelftestBody {
    #[serde(default)]
    subjects: Vec<Subject>,
}

/// Says that the daemon is there, and nothing else.
pub(super) async fn hello() -> Json<serde_json::Value> {
    Json(json!({ "kiosk": env!("CARGO_PKG_VERSION") }))
}

/// How the daemon is.
pub(super) async fn status(State(state): State<Arc<ScreenState>>) -> Response {
    ask(state, |state, board| {
        let uptime = state.kiosk.parts().clock.steady().saturating_sub(state.started);
        match status::status(&state.kiosk, board, uptime) {
            Ok(status) => Json(status).into_response(),
            Err(error) => {
                tracing::error!(error = crate::chain(&error), hint = error.hint(), "no status");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    })
    .await
}

/// Does checks.
pub(super) async fn selftest(
    State(state): State<Arc<ScreenState>>,
    Json(body): Json<SelftestBody>,
) -> Response {
    ask(state, move |state, board| {
        let parts = state.kiosk.parts();
        let bench = Bench::of_kiosk(&state.kiosk, board);
        let clock = parts.clock.as_ref();
        let report = selftest::report(&parts.config, board, bench, &body.subjects, clock);
        Json(report).into_response()
    })
    .await
}

/// Who looked at the cabinet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClearBody {
    by: String,
}

/// Puts on record that the cabinet is whole; says why not, or null.
pub(super) async fn clear_cabinet(
    State(state): State<Arc<ScreenState>>,
    Json(body): Json<ClearBody>,
) -> Response {
    if body.by.is_empty() || body.by.chars().count() > NAME_MAX {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    ask(state, move |state, _| {
        let parts = state.kiosk.parts();
        match parts.guard.clear(parts, &body.by) {
            Ok(()) => Json(None::<String>).into_response(),
            Err(error) => {
                tracing::warn!(error = crate::chain(&error), hint = error.hint(), "not cleared");
                Json(Some(crate::chain(&error))).into_response()
            }
        }
    })
    .await
}

/// Does what takes its time beside the screens, one at a time: two would find each other at the
/// devices and take that for a visit.
async fn ask(
    state: Arc<ScreenState>,
    work: impl FnOnce(&ScreenState, &Board) -> Response + Send + 'static,
) -> Response {
    let _one = state.checking.lock().await;
    let of = Arc::clone(&state);
    let done =
        tokio::task::spawn_blocking(move || match Board::load(&of.kiosk.parts().config.board) {
            Ok(board) => work(&of, &board),
            Err(error) => {
                tracing::error!(
                    error = crate::chain(&error),
                    "the board file changed for the worse"
                );
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        });
    done.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
