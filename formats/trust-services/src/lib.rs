//! Asks trust services (dịch vụ tin cậy) for what proves a copy for decades: a time-stamp authority
//! by RFC 3161, the responders that tell of revoked certificates by RFC 6960, both over HTTP.
//!
//! It never decides whether a copy is genuine (`formats_copy` does, before and after every
//! addition), never holds a key, and waits no longer than its settings say. The bytes that come
//! back are believed for their signatures, never for the connection they came by.
//!
//! Start reading at [`strengthen()`]: the way of a copy from B-B to B-LTA. [`Online`] is the
//! network.
//!
//! # Limits
//! | limit | value | why |
//! |---|---|---|
//! | [`ANSWER_BYTES_MAX`] | 1 MiB | what `formats_copy` takes as one piece of evidence |
//! | redirects | none | a responder's address stands in a certificate; it has no reason to move |

mod online;
mod strengthen;

use std::error::Error;

use formats_copy::Question;

pub use online::{ANSWER_BYTES_MAX, Online, ServiceError, Settings, SettingsError};
pub use strengthen::{StrengthenError, Strengthened, strengthen};

/// Whatever answers: the network, or a test.
pub trait TrustServices: Send + Sync {
    /// Answers a time-stamp request (RFC 3161, `application/timestamp-query`).
    ///
    /// # Errors
    /// When there is no answer; the copy is as good as before.
    fn time_stamp(&self, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;

    /// Answers whether a certificate was revoked (RFC 6960, `application/ocsp-request`).
    ///
    /// # Errors
    /// As [`TrustServices::time_stamp`].
    fn revocation(&self, question: &Question) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;

    /// The practice asked of the time-stamp authority, as an object identifier; any if none.
    fn policy(&self) -> Option<&str> {
        None
    }
}
