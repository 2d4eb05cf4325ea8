//! Takes sealed copies to the registry and brings their receipts back.
//!
//! A copy counts as delivered only when the registry's signed receipt names this device, this
//! copy and this digest, and is journaled; never by an HTTP status. Copies go oldest first, each
//! read back and checked against its digest before a byte leaves. A broken link is tried again
//! after 0.05 to 60 s; what the registry has of a copy is not sent twice. A copy that the registry
//! refuses stays here, marked with the reason, and is offered again once an hour.
//!
//! This module never changes or removes a copy and knows nothing of visits. Start at [`run`], then
//! `client.rs` for the protocol and `tls.rs` for the device's key.

mod client;
pub mod device_key;
#[cfg(test)]
mod tests;
pub mod tls;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use formats_wire::ReceiptKey;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::store::{CopySummary, Delivery, Store, StoreError};
use client::{Client, SendError};

/// First and longest wait after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How often a refused copy is offered again: the registry may have been put right.
const REJECTED_PAUSE: Duration = Duration::from_secs(3600);

/// Longest refusal that is kept, in characters.
const REASON_CHARS_MAX: usize = 500;

/// Where copies go and as whom.
#[derive(Debug, Clone)]
pub struct Link {
    /// The registry's device interface, `https://host:port`.
    pub base_url: String,
    /// TLS with the device's own key; see [`tls::client_config`].
    pub tls: rustls::ClientConfig,
    /// This device's name, the common name of its certificate.
    pub device: String,
    /// The key that the registry signs receipts with.
    pub receipt_key: ReceiptKey,
}

/// What a look at the waiting copies came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Nothing waits that could go now.
    Done,
    /// Something went wrong; try again after a pause.
    Failed,
    /// The device's key no longer signs; only a new [`Link`] helps.
    KeyLost,
}

/// Uploads what waits, and whatever comes, until `stopped` turns true or is dropped. Returns early
/// only when the device's key fails, as when its token was pulled: open it again and call again.
/// `woken` makes it look at once.
pub async fn run(
    store: Arc<Store>,
    link: Link,
    woken: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut uploader = Uploader { store, client: Client::new(link), rejected: HashMap::new() };
    let mut failures = 0;
    while !*stopped.borrow() {
        let round = tokio::select! {
            round = uploader.round() => round,
            _ = stopped.changed() => return,
        };
        let pause = match round {
            Round::Done => {
                failures = 0;
                PAUSE_MAX
            }
            Round::Failed => {
                failures += 1;
                pause(failures, jitter())
            }
            Round::KeyLost => return,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = woken.notified() => {}
            _ = stopped.changed() => return,
        }
    }
}

/// The wait after so many failures in a row: doubles up to the longest, less up to half of it, so
/// that kiosks cut off together do not come back together.
fn pause(failures: u32, jitter: u8) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    (whole - whole * u32::from(jitter) / 512).max(PAUSE_MIN)
}

fn jitter() -> u8 {
    let mut byte = [0];
    // Without randomness there is no jitter, and uploads go on.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

struct Uploader {
    store: Arc<Store>,
    client: Client,
    /// When refused copies were offered last, by sequence.
    rejected: HashMap<u64, Instant>,
}

impl Uploader {
    /// Offers every waiting copy once, oldest first.
    async fn round(&mut self) -> Round {
        let waiting = match self.with_store(|store| store.pending()).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(error = crate::chain(&error), hint = error.hint(), "outbox unread");
                return Round::Failed;
            }
        };
        self.rejected.retain(|_, offered| offered.elapsed() < REJECTED_PAUSE);
        let mut round = Round::Done;
        for copy in waiting {
            if self.rejected.contains_key(&copy.sequence) {
                continue;
            }
            match self.deliver(&copy).await {
                Ok(()) => {}
                Err(DeliverError::Store(error)) => {
                    let (error, hint) = (crate::chain(&error), error.hint());
                    tracing::error!(sequence = copy.sequence, error, hint, "copy not delivered");
                    round = Round::Failed;
                }
                Err(DeliverError::Send(error)) => {
                    if let Some(cause) = tls::key_failure(&error) {
                        tracing::error!(%cause, hint = cause.hint(), "the device key is lost");
                        return Round::KeyLost;
                    }
                    let is_link = error.is_link();
                    let error = crate::chain(&error);
                    tracing::warn!(sequence = copy.sequence, error, "copy not delivered yet");
                    round = Round::Failed;
                    if is_link {
                        return round;
                    }
                }
            }
        }
        round
    }

    async fn deliver(&mut self, copy: &CopySummary) -> Result<(), DeliverError> {
        let sha256 = copy.sha256.clone();
        let bytes = Bytes::from(self.with_store(move |store| store.copy_bytes(&sha256)).await?);
        let sequence = copy.sequence;
        match self.client.send(copy, &bytes).await {
            Ok(signed) => {
                let sha256 = copy.sha256.clone();
                let receipt = serde_json::to_value(&signed).map_err(StoreError::Encode)?;
                self.with_store(move |s| s.mark_delivered(sequence, &sha256, receipt)).await?;
                tracing::info!(sequence, "copy delivered");
            }
            Err(SendError::Rejected(reason)) => {
                self.rejected.insert(sequence, Instant::now());
                let known = matches!(&copy.delivery, Delivery::Rejected { reason: r, .. }
                    if *r == reason);
                if !known {
                    tracing::error!(sequence, reason, "the registry refuses a copy");
                    self.with_store(move |s| s.mark_rejected(sequence, &reason)).await?;
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The store waits for the disk, so it is asked away from the async threads.
    async fn with_store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || ask(&store)).await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down and will drop this task too.
            Err(_) => std::future::pending().await,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum DeliverError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Send(#[from] SendError),
}
