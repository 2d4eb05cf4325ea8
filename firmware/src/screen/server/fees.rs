//! The fees of a day at the officers' desk: what is due, what was taken and how.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use super::{Here, ScreenState};
use crate::clock::VIETNAM;
use crate::engine::Kiosk;
use crate::store::{CopySummary, FeeMeans, FeeStanding, StoreError};

/// Longest number of a payment that an officer may enter, in characters.
const REFERENCE_CHARS_MAX: usize = 40;

/// Which day, such as `2026-11-23`; today if none is named.
#[derive(Deserialize)]
pub(super) struct DayQuery {
    day: Option<String>,
}

/// A day's fees. It names no requester.
#[derive(Serialize)]
struct FeesView {
    /// The day, ISO 8601, by Vietnam's calendar.
    day: String,
    copies: Vec<FeeView>,
    /// Fees that are due of other days.
    due_elsewhere: usize,
}

#[derive(Serialize)]
struct FeeView {
    sequence: u64,
    number: u32,
    book: String,
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
    vnd: u64,
    /// How it was paid; none while it is due.
    taken: Option<FeeMeans>,
}

impl FeeView {
    fn new((copy, fee): (CopySummary, FeeStanding)) -> Self {
        Self {
            sequence: copy.sequence,
            number: copy.number,
            book: copy.book,
            issued_at: copy.issued_at,
            vnd: fee.vnd,
            taken: fee.taken,
        }
    }
}

/// The fees of a day.
pub(super) async fn of_day(
    State(state): State<Arc<ScreenState>>,
    Query(DayQuery { day }): Query<DayQuery>,
) -> Response {
    let written = format_description!("[year]-[month]-[day]");
    let day = match day.map(|day| Date::parse(&day, written)) {
        None => state.kiosk.parts().clock.now().to_offset(VIETNAM).date(),
        Some(Ok(day)) => day,
        Some(Err(_)) => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    let kiosk = state.kiosk.clone();
    match tokio::task::spawn_blocking(move || fees(&kiosk, day)).await {
        Ok(Ok(view)) => Json(view).into_response(),
        Ok(Err(error)) => unavailable(&error),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn fees(kiosk: &Kiosk, day: Date) -> Result<FeesView, StoreError> {
    let store = &kiosk.parts().store;
    let from = day.with_time(Time::MIDNIGHT).assume_offset(VIETNAM);
    let copies = store.fees_between(from, from + time::Duration::DAY)?;
    let due = copies.iter().filter(|(_, fee)| fee.taken.is_none()).count();
    Ok(FeesView {
        day: day.to_string(),
        due_elsewhere: store.fees_due().saturating_sub(due),
        copies: copies.into_iter().map(FeeView::new).collect(),
    })
}

/// What an officer says of a fee.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleBody {
    sequence: u64,
    /// How it was paid; none where that was on record by mistake.
    taken: Option<FeeMeans>,
    /// The bank's own number of the payment.
    #[serde(default)]
    reference: String,
}

/// Puts on record what the officer says; refused where it is on record already.
pub(super) async fn settle(
    State(state): State<Arc<ScreenState>>,
    Extension(here): Extension<Here>,
    Json(SettleBody { sequence, taken, reference }): Json<SettleBody>,
) -> Response {
    let reference = reference.trim().to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-./ ".contains(c);
    if reference.len() > REFERENCE_CHARS_MAX || !reference.chars().all(plain) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let kiosk = state.kiosk.clone();
    let put = move || -> Result<(), StoreError> {
        let store = &kiosk.parts().store;
        let officer = &here.who.officer;
        let reference = Some(reference.as_str()).filter(|text| !text.is_empty());
        match taken {
            Some(means) => store.take_fee(sequence, means, reference, officer)?,
            None => store.fee_due_again(sequence, officer)?,
        }
        if let Some(copy) = store.by_sequence(sequence)? {
            kiosk.fee_settled(&copy.book, copy.number, taken.is_some());
        }
        Ok(())
    };
    match tokio::task::spawn_blocking(put).await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(StoreError::Refused(_))) => StatusCode::CONFLICT.into_response(),
        Ok(Err(error)) => unavailable(&error),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(error = crate::chain(error), hint = error.hint(), "no word on fees");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
