//! The verification code: what a person types to find a copy.
//!
//! Fifteen random symbols (75 bits, so codes cannot be guessed) and one check symbol. The check is
//! a weighted sum over the field GF(32) with sixteen distinct non-zero weights, so it catches every
//! single wrong symbol and every swap of two symbols, wherever they stand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32: no I, L, O, U, which people misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols of a code, the check symbol included.
const SYMBOLS: usize = 16;
/// Symbols of a printed group.
const GROUP: usize = 4;

/// A code that passed its own check. Shown as `XXXX-XXXX-XXXX-XXXX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VerificationCode([u8; SYMBOLS]);

/// Why a text is not a verification code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The text has too few or too many symbols.
    #[error("a verification code has {SYMBOLS} symbols, not {found}")]
    Length {
        /// How many symbols were found.
        found: usize,
    },
    /// A character that no code contains.
    #[error("the character at place {place} is not used in verification codes")]
    Symbol {
        /// Its place, from 1, spaces and dashes not counted.
        place: usize,
    },
    /// The check symbol does not fit the others: one of them was mistyped.
    #[error("the verification code was mistyped")]
    Check,
}

impl VerificationCode {
    /// Makes a code of 75 of the 80 given bits, which must come from a secure random source.
    pub fn from_random(bytes: [u8; 10]) -> Self {
        let mut symbols = [0; SYMBOLS];
        let bits = bytes.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
        for (i, symbol) in symbols[..SYMBOLS - 1].iter_mut().enumerate() {
            *symbol = (bits >> (5 * i) & 31) as u8;
        }
        symbols[SYMBOLS - 1] = weighted_sum(&symbols);
        Self(symbols)
    }

    /// Reads a typed code, forgiving case, spaces, dashes, and O for 0, I and L for 1.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut symbols = [0; SYMBOLS];
        let mut found = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '_')) {
            let symbol = symbol_of(c).ok_or(CodeError::Symbol { place: found + 1 })?;
            if let Some(slot) = symbols.get_mut(found) {
                *slot = symbol;
            }
            found += 1;
        }
        if found != SYMBOLS {
            return Err(CodeError::Length { found });
        }
        if weighted_sum(&symbols) != 0 {
            return Err(CodeError::Check);
        }
        Ok(Self(symbols))
    }
}

fn symbol_of(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    ALPHABET.iter().position(|a| char::from(*a) == c).map(|i| i as u8)
}

/// The sum of symbol times weight; the check symbol has weight 1, so a valid code sums to zero and
/// a code with a zero check symbol sums to the check symbol it needs.
fn weighted_sum(symbols: &[u8; SYMBOLS]) -> u8 {
    let mut weight = 1;
    symbols.iter().rev().fold(0, |sum, symbol| {
        let term = multiply(*symbol, weight);
        weight = multiply(weight, 2);
        sum ^ term
    })
}

/// Multiplies in GF(2^5) modulo x^5 + x^2 + 1, where 2 generates all 31 non-zero elements.
fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a <<= 1;
        if a & 32 != 0 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    product
}

impl fmt::Display for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, symbol) in self.0.iter().enumerate() {
            if i > 0 && i % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(ALPHABET[usize::from(*symbol)]))?;
        }
        Ok(())
    }
}

impl FromStr for VerificationCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}

impl Serialize for VerificationCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VerificationCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_sixteen_weights_differ_and_none_is_zero() {
        let mut weight = 1;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..SYMBOLS {
            assert!(weight != 0 && seen.insert(weight));
            weight = multiply(weight, 2);
        }
    }

    #[test]
    fn typing_habits_are_forgiven() {
        let code = VerificationCode::from_random([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let typed = code.to_string().to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(VerificationCode::parse(&typed.replace('1', "l")), Ok(code));
    }

    #[test]
    fn wrong_lengths_and_characters_are_named() {
        assert_eq!(VerificationCode::parse("ABC"), Err(CodeError::Length { found: 3 }));
        assert_eq!(VerificationCode::parse("AB*"), Err(CodeError::Symbol { place: 3 }));
        let long = "0".repeat(1000);
        assert_eq!(VerificationCode::parse(&long), Err(CodeError::Length { found: 1000 }));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bytes: [u8; 10]) {
            let code = VerificationCode::from_random(bytes);
            prop_assert_eq!(VerificationCode::parse(&code.to_string()), Ok(code));
            let json = serde_json::to_string(&code).expect("a text");
            prop_assert_eq!(serde_json::from_str::<VerificationCode>(&json).expect("a code"), code);
        }

        #[test]
        fn every_single_wrong_symbol_is_caught(bytes: [u8; 10]) {
            let code = VerificationCode::from_random(bytes);
            for place in 0..SYMBOLS {
                for change in 1..32 {
                    let mut wrong = code;
                    wrong.0[place] ^= change;
                    prop_assert_eq!(
                        VerificationCode::parse(&wrong.to_string()), Err(CodeError::Check));
                }
            }
        }

        #[test]
        fn every_swap_of_two_different_symbols_is_caught(bytes: [u8; 10]) {
            let code = VerificationCode::from_random(bytes);
            for (a, b) in (0..SYMBOLS).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let mut wrong = code;
                wrong.0.swap(a, b);
                let read = VerificationCode::parse(&wrong.to_string());
                prop_assert_eq!(read.is_ok(), wrong == code);
            }
        }
    }
}
