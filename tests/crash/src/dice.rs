//! Numbers that look random and are a pure function of a seed.

/// A small deterministic generator (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The generator of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator of one step of a seed's workload; `use_` keeps two uses in a step apart.
    #[must_use]
    pub fn of(seed: u64, step: u64, use_: u64) -> Self {
        let mut mixed = Self(seed);
        for part in [step, use_] {
            mixed = Self(mixed.roll() ^ part);
        }
        mixed
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit.max(1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.roll().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    /// A verification code in canonical form: 16 symbols of Crockford's alphabet in four groups.
    pub fn code(&mut self) -> String {
        const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut code = String::with_capacity(19);
        for place in 0..16 {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(SYMBOLS[self.below(32) as usize]));
        }
        code
    }
}
