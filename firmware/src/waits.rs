//! How long officers take just now, so that who waits hears an honest time: the middle of the last
//! cases of this run. Nothing is said before there are enough of them.

use std::collections::VecDeque;

use time::Duration;

/// Cases that count.
const CASES_MAX: usize = 15;
/// Fewer than these say nothing.
const CASES_MIN: usize = 3;

/// The last cases' times from the officer's page to their end.
#[derive(Debug, Clone, Default)]
pub struct Waits(VecDeque<Duration>);

impl Waits {
    /// A case came to its end after so long.
    pub fn note(&mut self, took: Duration) {
        if self.0.len() == CASES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(took);
    }

    /// In how many whole minutes, rounded up, half of the last cases were done; none while too few
    /// are known.
    pub fn usual_minutes(&self) -> Option<i64> {
        if self.0.len() < CASES_MIN {
            return None;
        }
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let middle = sorted[sorted.len() / 2].whole_seconds();
        Some(((middle + 59) / 60).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seconds: &[i64]) -> Option<i64> {
        let mut waits = Waits::default();
        seconds.iter().for_each(|seconds| waits.note(Duration::seconds(*seconds)));
        waits.usual_minutes()
    }

    #[test]
    fn one_long_case_changes_nothing_and_two_cases_say_nothing() {
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[60, 60]), None);
        assert_eq!(told(&[30, 50, 7_000]), Some(1));
        assert_eq!(told(&[61, 61, 61]), Some(2));
        assert_eq!(told(&[0, 0, 0]), Some(1), "never none at all");
    }

    #[test]
    fn what_is_long_ago_no_longer_counts() {
        let seconds: Vec<_> = std::iter::repeat_n(3_000, 15).chain([120; 15]).collect();
        assert_eq!(told(&seconds), Some(2));
    }
}
