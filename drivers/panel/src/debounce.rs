//! A contact's level once it has stopped bouncing. Needs `core` only.

use core::time::Duration;

/// Takes samples of a contact and holds the last level that stayed for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debounce {
    level: bool,
    /// Since when the samples have been of the other level.
    other_since: Option<Duration>,
}

impl Debounce {
    /// A contact that was first seen so: the first sample counts at once.
    pub const fn new(level: bool) -> Self {
        Self { level, other_since: None }
    }

    /// The level as it counts now.
    pub const fn level(&self) -> bool {
        self.level
    }

    /// Takes a sample at the time `now`, of any steady clock, and gives the level that counts: the
    /// sample's, once every sample for `hold` has been so.
    pub fn sample(&mut self, level: bool, now: Duration, hold: Duration) -> bool {
        if level == self.level {
            self.other_since = None;
            return self.level;
        }
        let since = *self.other_since.get_or_insert(now);
        if now.saturating_sub(since) >= hold {
            *self = Self::new(level);
        }
        self.level
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLD: Duration = Duration::from_millis(30);

    #[test]
    fn a_bouncing_contact_changes_once() {
        let mut contact = Debounce::new(false);
        let samples = [(0, true), (5, false), (10, true), (20, false), (25, true), (40, true)];
        for (at, level) in samples {
            assert!(!contact.sample(level, Duration::from_millis(at), HOLD), "at {at}");
        }
        assert!(contact.sample(true, Duration::from_millis(55), HOLD));
        assert!(contact.sample(false, Duration::from_millis(60), HOLD), "a spike");
        assert!(contact.sample(true, Duration::from_millis(70), HOLD));
    }

    proptest! {
        /// The level that counts is always one that every sample of the last `hold` has shown, or
        /// the one from before.
        #[test]
        fn a_level_counts_only_after_it_held(
            first in any::<bool>(),
            samples in prop::collection::vec((any::<bool>(), 1_u64..40), 1..60),
        ) {
            let mut contact = Debounce::new(first);
            let mut now = Duration::ZERO;
            let mut seen: Vec<(Duration, bool)> = vec![];
            let mut before = first;
            for (level, pause) in samples {
                now += Duration::from_millis(pause);
                seen.push((now, level));
                let counts = contact.sample(level, now, HOLD);
                if counts != before {
                    let other = seen.iter().rev().take_while(|(_, level)| *level == counts);
                    let held = other.last().map_or(Duration::ZERO, |(since, _)| now - *since);
                    prop_assert!(held >= HOLD, "{held:?}");
                }
                before = counts;
            }
        }
    }
}
