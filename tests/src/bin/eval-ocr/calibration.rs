//! Whether a confidence means something: of the letters told with nine in ten, nine in ten should
//! be right.

/// Classes of confidence. Most letters are told with nearly 1: the classes hold as many each.
const CLASSES: usize = 15;

/// What was read with which confidence, and whether it is right.
#[derive(Debug, Default, Clone)]
pub(crate) struct Calibration(Vec<(f32, bool)>);

impl Calibration {
    /// Adds what was read for `truth`; the pairs are found by the cheapest way from one to the
    /// other. What was left out has no confidence and does not count.
    pub(crate) fn add<T: PartialEq>(&mut self, truth: &[T], read: &[(T, f32)]) {
        let rows = read.len() + 1;
        let mut cost: Vec<usize> = (0..(truth.len() + 1) * rows).map(|i| i % rows).collect();
        for t in 1..=truth.len() {
            cost[t * rows] = t;
            for r in 1..rows {
                let same = usize::from(truth[t - 1] != read[r - 1].0);
                let swap = cost[(t - 1) * rows + r - 1] + same;
                let skip = cost[(t - 1) * rows + r].min(cost[t * rows + r - 1]) + 1;
                cost[t * rows + r] = swap.min(skip);
            }
        }
        let (mut t, mut r) = (truth.len(), read.len());
        while r > 0 {
            let here = cost[t * rows + r];
            let same = t > 0 && truth[t - 1] == read[r - 1].0;
            if t > 0 && here == cost[(t - 1) * rows + r - 1] + usize::from(!same) {
                self.0.push((read[r - 1].1, same));
                (t, r) = (t - 1, r - 1);
            } else if here == cost[t * rows + r - 1] + 1 {
                self.0.push((read[r - 1].1, false));
                r -= 1;
            } else {
                t -= 1;
            }
        }
    }

    /// Expected calibration error in per cent: how far confidence and share of right ones are
    /// apart in each class, weighted by the classes' sizes. None where nothing was read.
    pub(crate) fn error_percent(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let size = sorted.len().div_ceil(CLASSES).max(1);
        let gap = |class: &[(f32, bool)]| {
            let sure: f64 = class.iter().map(|(sure, _)| f64::from(*sure)).sum();
            let right = class.iter().filter(|(_, right)| *right).count() as f64;
            (sure - right).abs()
        };
        let total: f64 = sorted.chunks(size).map(gap).sum();
        (!sorted.is_empty()).then(|| 100.0 * total / sorted.len() as f64)
    }

    /// Of those told with less than `most`: how many, how many per cent of them are right, and what
    /// was told of them in the mean. None where there are none.
    pub(crate) fn below(&self, most: f32) -> Option<(usize, f64, f64)> {
        let doubtful: Vec<_> = self.0.iter().filter(|(sure, _)| *sure < most).collect();
        let count = doubtful.len();
        let share = |sum: f64| 100.0 * sum / count.max(1) as f64;
        let right = doubtful.iter().filter(|(_, right)| *right).count() as f64;
        let sure = doubtful.iter().map(|(sure, _)| f64::from(*sure)).sum();
        (count > 0).then(|| (count, share(right), share(sure)))
    }
}
