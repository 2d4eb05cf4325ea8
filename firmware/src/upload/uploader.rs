//! Decides which copy goes next, and when to come back. Waits for nothing but the transport and
//! the store, so that a simulation can run it on a clock of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use drivers_api::{Power, PowerState};
use time::OffsetDateTime;

use super::budget::{Budget, DAY};
use super::client::{Client, Parcel, SendError, Sent, Upload};
use super::{Identity, Policy, Transport, tls};
use crate::clock::Clock;
use crate::random::Random;
use crate::store::{CopySummary, Delivery, Priority, Store, StoreError};

/// First and longest wait after a failure, and the rest when nothing waits.
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(50);
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How often a refused copy is offered again: the registry may have been put right.
const REJECTED_PAUSE: time::Duration = time::Duration::HOUR;

/// How often receipts are asked for while the battery is low and nothing is sent.
const RECEIPTS_PAUSE: time::Duration = time::Duration::minutes(10);

/// Copies delivered before the order is looked at anew: an urgent one may have come meanwhile.
const BATCH: usize = 8;

/// What a look at the waiting copies came to, and when to look again; a new copy is a reason to
/// look at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Nothing more may go now. Come back after this long.
    Done(Duration),
    /// Something went wrong. Try again after this long.
    Failed(Duration),
    /// The device's key no longer signs; only a new transport helps.
    KeyLost,
}

/// What is known of a copy's upload; lost at a restart, where an announcement finds it again.
#[derive(Default)]
struct Progress {
    upload: Option<Upload>,
    /// When the registry refused the copy last.
    rejected: Option<OffsetDateTime>,
    /// When a receipt was last asked for, on a low battery.
    asked: Option<OffsetDateTime>,
}

/// Takes waiting copies to the registry, one [`Uploader::round`] at a time.
pub struct Uploader {
    store: Arc<Store>,
    client: Client,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    policy: Policy,
    power: Option<Mutex<Box<dyn Power>>>,
    /// By sequence.
    progress: BTreeMap<u64, Progress>,
    /// Made at the first use, from what the store knows of the last day.
    budget: Option<Budget>,
    failures: u32,
}

/// How an attempt at one copy ended.
enum Attempt {
    /// Its receipt is on record.
    Delivered,
    /// The copy needs nothing more now.
    Settled,
    /// The budget allows its next piece only after this long.
    Later(Duration),
}

impl Uploader {
    /// An uploader that has not begun. Opens no connection.
    pub fn new(
        store: Arc<Store>,
        transport: Arc<dyn Transport>,
        identity: Identity,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        policy: Policy,
    ) -> Self {
        let client = Client::new(transport, identity);
        Self {
            store,
            client,
            clock,
            random,
            policy,
            power: None,
            progress: BTreeMap::new(),
            budget: None,
            failures: 0,
        }
    }

    /// Lets `power` say when the battery is too low to send.
    #[must_use]
    pub fn with_power(mut self, power: Box<dyn Power>) -> Self {
        self.power = Some(Mutex::new(power));
        self
    }

    /// Offers every waiting copy once: those that only lack their receipt first, then urgent ones,
    /// then the oldest.
    pub async fn round(&mut self) -> Round {
        match self.offer_all().await {
            Ok(after) => {
                self.failures = 0;
                Round::Done(after)
            }
            Err(Stop::KeyLost) => Round::KeyLost,
            Err(Stop::Failed) => {
                self.failures += 1;
                Round::Failed(pause(self.failures, self.jitter()))
            }
        }
    }

    async fn offer_all(&mut self) -> Result<Duration, Stop> {
        let mut waiting = self.with_store(Store::pending).await.map_err(unread)?;
        self.progress.retain(|sequence, _| waiting.iter().any(|c| c.sequence == *sequence));
        let whole = |copy: &CopySummary, all: &BTreeMap<u64, Progress>| {
            let upload = all.get(&copy.sequence).and_then(|p| p.upload.as_ref());
            upload.is_some_and(|u| u.is_whole(copy.bytes))
        };
        // A stable sort: the store gives the oldest first.
        waiting
            .sort_by_key(|copy| (!whole(copy, &self.progress), copy.priority != Priority::Urgent));
        let (mut failed, mut delivered) = (false, 0);
        for copy in waiting {
            let only_receipts = self.battery_is_low();
            if !self.is_due(&copy, only_receipts) {
                continue;
            }
            let attempt = if only_receipts {
                self.fetch_receipt(&copy).await
            } else {
                self.deliver(&copy).await
            };
            match attempt {
                Ok(Attempt::Settled) => {}
                Ok(Attempt::Delivered) => delivered += 1,
                Ok(Attempt::Later(after)) => return Ok(after.min(PAUSE_MAX)),
                Err(error) => {
                    self.blame(&copy, error)?;
                    failed = true;
                }
            }
            if delivered >= BATCH {
                return Ok(Duration::ZERO);
            }
        }
        if failed { Err(Stop::Failed) } else { Ok(PAUSE_MAX) }
    }

    fn is_due(&self, copy: &CopySummary, only_receipts: bool) -> bool {
        let now = self.clock.now();
        // A clock that was set back makes a copy due, not late.
        let recent =
            |at: Option<OffsetDateTime>, pause| at.is_some_and(|at| at <= now && now - at < pause);
        let Some(progress) = self.progress.get(&copy.sequence) else { return true };
        let waits = recent(progress.rejected, REJECTED_PAUSE)
            || only_receipts && recent(progress.asked, RECEIPTS_PAUSE);
        !waits
    }

    /// Logs why a copy did not go; an error when the others need not try.
    fn blame(&self, copy: &CopySummary, error: DeliverError) -> Result<(), Stop> {
        let sequence = copy.sequence;
        match error {
            DeliverError::Store(error) => {
                let (error, hint) = (crate::chain(&error), error.hint());
                tracing::error!(sequence, error, hint, "copy not delivered");
                Ok(())
            }
            DeliverError::Send(error) => {
                if let Some(cause) = tls::key_failure(&error) {
                    tracing::error!(%cause, hint = cause.hint(), "the device key is lost");
                    return Err(Stop::KeyLost);
                }
                let is_link = error.is_link();
                tracing::warn!(sequence, error = crate::chain(&error), "copy not delivered yet");
                if is_link { Err(Stop::Failed) } else { Ok(()) }
            }
        }
    }

    async fn deliver(&mut self, copy: &CopySummary) -> Result<Attempt, DeliverError> {
        let sha256 = copy.sha256.clone();
        let bytes = Bytes::from(self.with_store(move |store| store.copy_bytes(&sha256)).await?);
        let mut upload =
            self.progress.get_mut(&copy.sequence).and_then(|known| known.upload.take());
        let mut parcel = Parcel { copy, bytes, upload: &mut upload, doubts: 0 };
        let end = loop {
            let next = self.client.next_bytes(copy, parcel.upload.as_ref());
            match self.allow(next).await {
                Ok(None) => {}
                Ok(Some(after)) => break Ok(Attempt::Later(after)),
                Err(error) => break Err(error.into()),
            }
            match self.client.step(&mut parcel, self.clock.now()).await {
                Ok(Sent::Part) => {}
                Ok(Sent::Receipt(signed)) => break self.keep_receipt(copy, &signed).await,
                Err(SendError::Rejected(reason)) => break self.note_refusal(copy, reason).await,
                Err(error) => break Err(error.into()),
            }
        };
        let sent = upload.as_ref().map_or(0, Upload::seen);
        self.progress.entry(copy.sequence).or_default().upload = upload;
        if sent > 0 && !matches!(end, Ok(Attempt::Delivered)) {
            let sequence = copy.sequence;
            self.with_store(move |store| store.upload_progress(sequence, sent)).await?;
        }
        end
    }

    async fn fetch_receipt(&mut self, copy: &CopySummary) -> Result<Attempt, DeliverError> {
        let now = self.clock.now();
        match self.client.receipt(copy).await? {
            Some(signed) => self.keep_receipt(copy, &signed).await,
            None => {
                self.progress.entry(copy.sequence).or_default().asked = Some(now);
                Ok(Attempt::Settled)
            }
        }
    }

    async fn keep_receipt(
        &self,
        copy: &CopySummary,
        signed: &formats_wire::SignedReceipt,
    ) -> Result<Attempt, DeliverError> {
        let (sequence, sha256) = (copy.sequence, copy.sha256.clone());
        let receipt = serde_json::to_value(signed).map_err(|e| StoreError::Encode(e.into()))?;
        self.with_store(move |store| store.mark_delivered(sequence, &sha256, receipt)).await?;
        tracing::info!(sequence, "copy delivered");
        Ok(Attempt::Delivered)
    }

    async fn note_refusal(
        &mut self,
        copy: &CopySummary,
        reason: String,
    ) -> Result<Attempt, DeliverError> {
        let sequence = copy.sequence;
        self.progress.entry(sequence).or_default().rejected = Some(self.clock.now());
        let known = matches!(&copy.delivery, Delivery::Rejected { reason: r, .. } if *r == reason);
        if !known {
            tracing::error!(sequence, reason, "the registry refuses a copy");
            self.with_store(move |store| store.mark_rejected(sequence, &reason)).await?;
        }
        Ok(Attempt::Settled)
    }

    /// None if `bytes` may go now (they are counted), else how long they must wait.
    async fn allow(&mut self, bytes: u64) -> Result<Option<Duration>, StoreError> {
        if bytes > 0 && self.battery_is_low() {
            return Ok(Some(PAUSE_MAX));
        }
        let now = self.clock.now();
        if self.budget.is_none() {
            let (copies, unfinished) = match self.policy.bytes_per_day {
                Some(_) => {
                    let ask = move |store: &Store| {
                        Ok((store.list()?, store.sent_without_receipt(now - DAY)))
                    };
                    self.with_store(ask).await?
                }
                None => (Vec::new(), 0),
            };
            self.budget = Some(Budget::new(&self.policy, now, &copies, unfinished));
        }
        let Some(budget) = &mut self.budget else { return Ok(None) };
        Ok(budget.take(bytes, now).err())
    }

    fn battery_is_low(&self) -> bool {
        let Some(power) = &self.power else { return false };
        let read = power.lock().unwrap_or_else(PoisonError::into_inner).read();
        match read {
            Ok(PowerState::Battery { percent }) => percent < self.policy.battery_percent_min,
            Ok(PowerState::Ending) => true,
            Ok(PowerState::Mains) => false,
            Err(error) => {
                // A kiosk whose gauge is broken still delivers.
                tracing::warn!(%error, hint = error.hint(), "the power source does not answer");
                false
            }
        }
    }

    fn jitter(&self) -> u8 {
        let mut byte = [0];
        // Without randomness there is no jitter, and uploads go on.
        let _ = self.random.fill(&mut byte);
        byte[0]
    }

    /// The store waits for the disk, so it is asked away from the threads that serve others. On a
    /// runtime of one thread, or on none, there is nobody to hold up.
    async fn with_store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        use tokio::runtime::{Handle, RuntimeFlavor};
        let shared = Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if !shared {
            return ask(&self.store);
        }
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || ask(&store)).await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down and will drop this task too.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Why a round ended before its end.
enum Stop {
    Failed,
    KeyLost,
}

fn unread(error: StoreError) -> Stop {
    tracing::error!(error = crate::chain(&error), hint = error.hint(), "outbox unread");
    Stop::Failed
}

#[derive(Debug, thiserror::Error)]
enum DeliverError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Send(#[from] SendError),
}

/// The wait after so many failures in a row: doubles up to the longest, less up to half of it, so
/// that kiosks cut off together do not come back together.
pub(super) fn pause(failures: u32, jitter: u8) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    (whole - whole * u32::from(jitter) / 512).max(PAUSE_MIN)
}
