//! The chip of a machine-readable travel document, as ICAO Doc 9303 parts 10, 11 and 12 describe
//! it: opening it (BAC, PACE), talking with it in secret, its files, and what proves that they and
//! the chip are genuine.
//!
//! No I/O: commands go out and answers come in through [`Transmit`], random bytes, time and trusted
//! issuers are passed in. Nothing here knows readers, visits or screens, and nothing here judges a
//! person: [`Verdict`] is about the chip. Names are those of Doc 9303.
//!
//! Start with [`read`]: it opens a chip, reads its files and proves them.

mod access;
mod active;
mod apdu;
mod bac;
mod chip_auth;
mod cipher;
mod curve;
mod iso9796;
pub mod lds;
mod pace;
mod passive;
mod read;
mod secure;
mod signature;
mod sod;
pub mod tlv;
mod trust;
mod verdict;

pub use access::AccessKey;
pub use apdu::{ApduError, Command, Response, Status};
pub use passive::{Broken, Issuer, Passive};
pub use read::{Chip, Opened, ReadError, Transmit, Wanted, read};
pub use secure::SecureError;
pub use sod::{Sod, SodError};
pub use trust::{TrustError, TrustStore};
pub use verdict::{ChipProof, Evidence, Suspicion, Verdict};

/// Fills a buffer with random bytes.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), NoRandom>;

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers")]
pub struct NoRandom;

/// Bytes from strangers through every parser of this package, for fuzzing; panics are what is
/// looked for.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::pace::offered as pace_offered;

    /// A response to a command under secure messaging, with keys of zeros.
    pub fn secured_response(bytes: &[u8]) {
        for suite in crate::cipher::Suite::ALL {
            let mut session = crate::secure::Session::with_zero_keys(suite);
            let _ = crate::Response::parse(bytes).map(|response| session.open(&response));
        }
    }

    /// A signature of Active Authentication with message recovery, by its opened block.
    pub fn recovered_block(block: &[u8]) {
        let _ = crate::iso9796::is_signed(block, &[1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
