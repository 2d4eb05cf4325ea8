//! Numbers by chance that a seed repeats.

/// A generator (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`.
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * ((self.bits() >> 40) as f32 / (1u64 << 24) as f32)
    }

    /// A whole number below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// Around 0, with deviation 1: twelve even ones' sum is as good as normal here.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.within(0.0, 1.0)).sum::<f32>() - 6.0
    }
}
