//! Takes sealed copies to the registry and brings their receipts back.
//!
//! A copy counts as delivered only when the registry's signed receipt names this device, this
//! copy and this digest, and is journaled; never by an HTTP status. Copies that only lack their
//! receipt go first, then the oldest, each read back and checked against its digest before a byte
//! leaves. A broken link is tried again after 0.05 to 60 s; what the registry has of a copy is not
//! sent twice. A copy that the registry refuses stays here, marked with the reason, and is offered
//! again once an hour. A link that is paid by the byte has its budget, a low battery sends nothing.
//!
//! This module never changes or removes a copy and knows nothing of visits. Start at [`Uploader`],
//! then `client.rs` for the protocol and `transport.rs` for the wire; [`run`] is the daemon's loop.

mod budget;
mod client;
pub mod device_key;
#[cfg(test)]
mod tests;
pub mod tls;
mod transport;
mod uploader;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use formats_wire::ReceiptKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

pub use client::ReceiptFault;
pub use transport::{
    ANSWER_BYTES_MAX, ANSWER_TIME_MAX, Answering, Https, Transport, TransportError,
};
pub use uploader::{Round, Uploader};

use crate::watchdog::SIGN;

/// Who uploads, and whose receipts it believes.
#[derive(Debug, Clone)]
pub struct Identity {
    /// This device's name, the common name of its certificate.
    pub device: String,
    /// The key that the registry signs receipts with.
    pub receipt_key: ReceiptKey,
}

/// What the link may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Most payload bytes in 24 hours on a metered link; absent for no limit. Unused bytes are
    /// kept up to one day's worth.
    #[schemars(extend("x-unit" = "bytes per day"))]
    pub bytes_per_day: Option<NonZeroU64>,
    /// Most payload bytes in a second, on average over the pieces; absent for no limit.
    #[schemars(extend("x-unit" = "bytes per second"))]
    pub bytes_per_second: Option<NonZeroU64>,
    /// On battery below so many percent only receipts are fetched.
    #[schemars(extend("x-unit" = "%"))]
    pub battery_percent_min: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self { bytes_per_day: None, bytes_per_second: None, battery_percent_min: 20 }
    }
}

/// Uploads what waits, and whatever comes, until `stopped` turns true or is dropped. Returns early
/// only when the device's key fails, as when its token was pulled: make a new transport and call
/// again. `woken` makes it look at once. While it waits for its next turn it calls `lives` now and
/// then; what happens in a turn is its transport's to tell.
pub async fn run(
    mut uploader: Uploader,
    woken: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
    lives: impl Fn(),
) {
    while !*stopped.borrow() {
        lives();
        let round = tokio::select! {
            round = uploader.round() => round,
            _ = stopped.changed() => return,
        };
        let pause = match round {
            Round::Done(pause) | Round::Failed(pause) => pause,
            Round::KeyLost => return,
        };
        tokio::select! {
            () = rest(pause, &lives) => {}
            () = woken.notified() => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Waits for so long, with a sign of life now and then. A sleep that never wakes gives none.
pub async fn rest(pause: Duration, lives: &impl Fn()) {
    let mut left = pause;
    while !left.is_zero() {
        let part = left.min(SIGN);
        tokio::time::sleep(part).await;
        left -= part;
        lives();
    }
}
