//! What opens a chip: the machine-readable zone, or the card access number.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::cipher::{Key, Purpose, Suite};

/// A password of the chip. Personal data: wiped when dropped, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub enum AccessKey {
    /// Document number, birth and expiry with their check digits, as `formats_vn::mrz::Mrz`'s
    /// `chip_key` gives them; for BAC and PACE.
    Mrz(String),
    /// The card access number, for PACE.
    Can(String),
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mrz(_) => "Mrz(…)",
            Self::Can(_) => "Can(…)",
        })
    }
}

impl AccessKey {
    /// The number by which PACE refers to the password (Doc 9303-11, 4.4.4.1).
    pub(crate) const fn reference(&self) -> u8 {
        match self {
            Self::Mrz(_) => 1,
            Self::Can(_) => 2,
        }
    }

    /// The key that the chip's nonce is encrypted with (Doc 9303-11, 9.7.3).
    pub(crate) fn password_key(&self, suite: Suite) -> Key {
        match self {
            Self::Mrz(text) => suite.derive(&sha1(text), Purpose::Password),
            Self::Can(text) => suite.derive(text.as_bytes(), Purpose::Password),
        }
    }

    /// The seed of the keys of BAC (Doc 9303-11, 9.7.2); none for a card access number.
    pub(crate) fn bac_seed(&self) -> Option<Key> {
        match self {
            Self::Mrz(text) => Some(Zeroizing::new(sha1(text)[..16].to_vec())),
            Self::Can(_) => None,
        }
    }
}

fn sha1(text: &str) -> Key {
    Zeroizing::new(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().to_vec())
}
