//! Space and care of the disk: what is kept free, how long delivered copies stay, when everything
//! is read again.

use time::Duration;

use super::Store;
use super::audit::{self, Audit};
use super::copies;
use super::error::StoreError;
use super::frame::Hash;
use super::record::{AgeingReason, Record};

/// Everything is read again this long after the last time.
const SCRUB_EVERY: Duration = Duration::hours(24);

/// Copies that age out with one fdatasync.
const AGEING_GROUP: usize = 64;

/// What the kiosk does about space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Bytes that must be free before another visit begins.
    pub reserve_bytes: u64,
    /// How long a copy stays after the registry's receipt was put on record.
    pub keep: Duration,
}

impl Default for Policy {
    /// 512 MiB hold more than ten copies of the greatest length beside the journal's growth; a
    /// month lets a citizen come back for a print of the very file.
    fn default() -> Self {
        Self { reserve_bytes: 512 * 1024 * 1024, keep: Duration::days(30) }
    }
}

impl Store {
    /// The same store with another policy than the default.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether there is room for another visit: no fewer free bytes than the reserve, which is kept
    /// for the visits that have begun and for the journal. Begin no visit on an error; those that
    /// run may finish. Asks the file system, so call it when a visit begins, not in a loop.
    pub fn room(&self) -> Result<(), StoreError> {
        let (free, reserve) = (self.free_bytes()?, self.policy.reserve_bytes);
        if free < reserve {
            return Err(StoreError::LowSpace { free, reserve });
        }
        Ok(())
    }

    fn free_bytes(&self) -> Result<u64, StoreError> {
        self.disk.free_bytes().map_err(|e| StoreError::disk("measure", ".", e))
    }

    /// Removes the files of delivered copies that were kept for long enough, then, while less than
    /// the reserve is free, those that were delivered longest ago. A copy without a receipt on
    /// record stays. Returns the sequences; an error may come after some are gone.
    pub fn age_out(&self) -> Result<Vec<u64>, StoreError> {
        let now = self.clock.now();
        let mut kept: Vec<_> = self
            .inner()
            .durable
            .kept()
            .iter()
            .map(|(s, k)| (k.delivered_at, *s, k.digest))
            .collect();
        kept.sort_unstable();
        let due = kept.partition_point(|(at, ..)| *at + self.policy.keep <= now);
        let mut gone = Vec::new();
        for part in kept[..due].chunks(AGEING_GROUP) {
            let part: Vec<_> = part.iter().map(|(_, s, digest)| (*s, *digest)).collect();
            self.remove_delivered(&part, AgeingReason::Kept, &mut gone)?;
        }
        for (_, sequence, digest) in &kept[due..] {
            if self.free_bytes()? >= self.policy.reserve_bytes {
                break;
            }
            self.remove_delivered(&[(*sequence, *digest)], AgeingReason::Space, &mut gone)?;
        }
        Ok(gone)
    }

    /// The record comes first: a file whose record is durable goes at the next start at the latest,
    /// while a file that went without one would be damage.
    fn remove_delivered(
        &self,
        copies: &[(u64, Hash)],
        why: AgeingReason,
        gone: &mut Vec<u64>,
    ) -> Result<(), StoreError> {
        let mut tickets = Vec::with_capacity(copies.len());
        for (sequence, digest) in copies {
            let sha256 = hex::encode(digest);
            let record = Record::AgedOut { sequence: *sequence, sha256, why };
            tickets.push(self.stage(record)?);
        }
        for ticket in &tickets {
            self.wait(ticket)?;
        }
        for (sequence, digest) in copies {
            // Two copies of the same bytes share a file.
            if !self.inner().durable.files().any(|other| other == *digest) {
                copies::discard(&*self.disk, &hex::encode(digest))?;
            }
            gone.push(*sequence);
        }
        Ok(())
    }

    /// Whether the last [`Store::scrub`] was a day ago or never.
    pub fn scrub_is_due(&self) -> bool {
        let last = self.inner().durable.last_scrub();
        last.is_none_or(|last| (self.clock.now() - last).abs() >= SCRUB_EVERY)
    }

    /// Reads journal and copies again while the kiosk runs, and puts on record what it found.
    /// Damage to the journal is the error; damaged copies are in the answer.
    pub fn scrub(&self) -> Result<Audit, StoreError> {
        let found = audit::audit(&*self.disk)?;
        let damaged = found.damaged_copies.len() as u64;
        let unexplained = found.unexplained.len() as u64;
        self.append(Record::Scrubbed { damaged, unexplained })?;
        Ok(found)
    }
}
