//! How many bytes may go now on a link that is paid by the byte: a token bucket over the clock.
//!
//! Nothing of it is stored. After a restart the day's bucket begins with what the copies that went
//! up in the last day leave of it, so that a kiosk unplugged ten times a day does not get ten
//! budgets.

use std::time::Duration;

use time::OffsetDateTime;

use super::Policy;
use crate::store::{CopySummary, Delivery};

pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// What may be sent.
#[derive(Debug)]
pub(super) struct Budget {
    day: Option<Bucket>,
    rate: Option<Bucket>,
}

/// Fills evenly, up to `capacity`, and may be overdrawn by one piece: a piece larger than the
/// bucket must pass some time.
#[derive(Debug)]
struct Bucket {
    capacity: f64,
    /// Bytes a second that come in.
    filling: f64,
    level: f64,
    at: OffsetDateTime,
}

impl Bucket {
    fn fill(&mut self, now: OffsetDateTime) {
        // A clock that was set back fills nothing; time begins again from there.
        let passed = (now - self.at).as_seconds_f64().max(0.0);
        self.level = (self.level + passed * self.filling).min(self.capacity);
        self.at = now;
    }

    /// How long until the next piece may go.
    fn wait(&self) -> Option<Duration> {
        (self.level < 1.0).then(|| Duration::from_secs_f64((1.0 - self.level) / self.filling))
    }
}

impl Budget {
    /// The budget of `policy` at `now`. `copies` have all that were delivered in the last day;
    /// `unfinished` bytes went up for others.
    pub(super) fn new(
        policy: &Policy,
        now: OffsetDateTime,
        copies: &[CopySummary],
        unfinished: u64,
    ) -> Self {
        let recent = |copy: &&CopySummary| match copy.delivery {
            Delivery::Delivered { at, .. } => at <= now && now - at < DAY,
            Delivery::Waiting | Delivery::Rejected { .. } => false,
        };
        let spent: u64 =
            copies.iter().filter(recent).map(|copy| copy.bytes).sum::<u64>() + unfinished;
        let day = policy.bytes_per_day.map(|bytes| {
            let capacity = bytes.get() as f64;
            let level = (capacity - spent as f64).max(0.0);
            Bucket { capacity, filling: capacity / DAY.as_secs_f64(), level, at: now }
        });
        let rate = policy.bytes_per_second.map(|bytes| {
            let filling = bytes.get() as f64;
            Bucket { capacity: filling, filling, level: filling, at: now }
        });
        Self { day, rate }
    }

    /// Counts `bytes` as sent, or says how long they must wait.
    pub(super) fn take(&mut self, bytes: u64, now: OffsetDateTime) -> Result<(), Duration> {
        let mut buckets = [&mut self.day, &mut self.rate];
        let mut wait = None;
        for bucket in buckets.iter_mut().filter_map(|b| b.as_mut()) {
            bucket.fill(now);
            wait = wait.max(bucket.wait());
        }
        if let Some(wait) = wait.filter(|_| bytes > 0) {
            return Err(wait);
        }
        for bucket in buckets.into_iter().flatten() {
            bucket.level -= bytes as f64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 +7);

    fn metered(per_day: u64, per_second: u64) -> Policy {
        Policy {
            bytes_per_day: NonZeroU64::new(per_day),
            bytes_per_second: NonZeroU64::new(per_second),
            ..Policy::default()
        }
    }

    fn copy(bytes: u64, delivered: Option<OffsetDateTime>) -> CopySummary {
        CopySummary {
            sequence: 1,
            number: 1,
            book: "01/2026-SCT/BS".to_owned(),
            code: "CODE".to_owned(),
            sha256: "00".repeat(32),
            bytes,
            issued_at: NOON - DAY,
            priority: crate::store::Priority::Normal,
            aged_out_at: None,
            delivery: match delivered {
                Some(at) => Delivery::Delivered { at, receipt: serde_json::Value::Null },
                None => Delivery::Waiting,
            },
        }
    }

    /// Bytes that pass within `seconds`, in pieces of `piece` sent as soon as they may.
    fn passes(budget: &mut Budget, piece: u64, seconds: u64) -> u64 {
        let (mut now, mut sent) = (NOON, 0);
        while now < NOON + Duration::from_secs(seconds) {
            match budget.take(piece, now) {
                Ok(()) => sent += piece,
                Err(wait) => now += wait.max(Duration::from_millis(1)),
            }
        }
        sent
    }

    #[test]
    fn without_limits_everything_passes_at_once() {
        let mut budget = Budget::new(&Policy::default(), NOON, &[], 0);
        assert!((0..1000).all(|_| budget.take(1 << 30, NOON).is_ok()));
    }

    #[test]
    fn a_day_passes_its_budget_and_what_flows_in_meanwhile_but_no_more() {
        let mut budget = Budget::new(&metered(10_000_000, 0), NOON, &[], 0);
        let sent = passes(&mut budget, 100_000, 24 * 3600);
        assert!((19_800_000..=20_200_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_restart_counts_what_was_delivered_within_a_day() {
        let hour = time::Duration::HOUR;
        let copies = [
            copy(6_000_000, Some(NOON - hour)),
            copy(6_000_000, Some(NOON - 23 * hour)),
            copy(6_000_000, Some(NOON - 25 * hour)),
            copy(6_000_000, None),
        ];
        let mut budget = Budget::new(&metered(10_000_000, 0), NOON, &copies, 0);
        let wait = budget.take(100_000, NOON).expect_err("12 of 10 MB are spent");
        assert!(wait <= Duration::from_secs(1), "it fills at once, slowly: {wait:?}");
        assert!(passes(&mut budget, 100_000, 3600) <= 600_000, "an hour brings a 24th");
    }

    #[test]
    fn a_restart_counts_what_was_sent_of_copies_that_lack_their_receipt() {
        let policy = metered(10_000_000, 0);
        assert!(Budget::new(&policy, NOON, &[], 9_999_999).take(1, NOON).is_ok());
        assert!(Budget::new(&policy, NOON, &[], 10_000_000).take(1, NOON).is_err());
    }

    #[test]
    fn a_rate_spreads_pieces_larger_than_itself() {
        let mut budget = Budget::new(&metered(0, 50_000), NOON, &[], 0);
        let sent = passes(&mut budget, 200_000, 60);
        assert!((2_900_000..=3_300_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_clock_that_jumps_back_neither_stops_nor_refills_the_bucket() {
        let mut budget = Budget::new(&metered(86_400, 0), NOON, &[], 0);
        assert!(budget.take(86_400, NOON).is_ok());
        let earlier = NOON - time::Duration::days(400);
        let wait = budget.take(1, earlier).expect_err("spent");
        assert!(wait <= Duration::from_secs(2), "{wait:?}");
        assert!(budget.take(1, earlier + Duration::from_secs(2)).is_ok());
    }

    #[test]
    fn asking_for_a_receipt_is_free() {
        let mut budget = Budget::new(&metered(100, 0), NOON, &[], 0);
        assert!(budget.take(1000, NOON).is_ok());
        assert!(budget.take(1, NOON).is_err());
        assert!(budget.take(0, NOON).is_ok());
    }
}
