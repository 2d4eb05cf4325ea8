//! The body of every 4xx answer.

use serde::{Deserialize, Serialize};

/// Why the registry refuses, for a program and for people. Sent as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// A word for programs: a constant of [`code`], or the code of the copy's own refusal.
    pub code: String,
    /// The reason as a Vietnamese sentence.
    pub vi: String,
    /// The reason as an English sentence.
    pub en: String,
}

impl Rejection {
    /// A rejection from its three texts.
    pub fn new(code: impl Into<String>, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code: code.into(), vi: vi.into(), en: en.into() }
    }
}

/// Codes that the device side of the registry gives; a copy that fails verification carries the
/// code of its own refusal instead.
pub mod code {
    /// The request breaks the upload protocol; sending it again will not help.
    pub const BAD_REQUEST: &str = "bad-request";
    /// The client certificate names another device. Status 403.
    pub const WRONG_DEVICE: &str = "wrong-device";
    /// The device already used this sequence number for another file. Status 409.
    pub const SEQUENCE_TAKEN: &str = "sequence-taken";
    /// The copy's number, in its book, or its verification code is already held. Status 422.
    pub const DUPLICATE: &str = "duplicate";
    /// The bytes are not the ones announced. Status 422; upload again from the start.
    pub const DIGEST_MISMATCH: &str = "digest-mismatch";
    /// The copy's own record names another device or sequence. Status 422.
    pub const MANIFEST_MISMATCH: &str = "manifest-mismatch";
    /// The offset is not the registry's. Status 409; ask with `HEAD`.
    pub const WRONG_OFFSET: &str = "wrong-offset";
    /// The file is longer than the registry takes. Status 413.
    pub const TOO_LARGE: &str = "too-large";
    /// No such upload or receipt. Status 404.
    pub const UNKNOWN: &str = "unknown";
    /// The upload was not finished in time. Status 410; announce it again.
    pub const EXPIRED: &str = "expired";
    /// Too many at once; come back later. Status 429.
    pub const BUSY: &str = "busy";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_names_are_what_kiosks_in_the_field_read() {
        let rejection = Rejection::new(code::UNKNOWN, "Không có", "None");
        let json = serde_json::to_string(&rejection).expect("strings serialise");
        assert_eq!(json, r#"{"code":"unknown","vi":"Không có","en":"None"}"#);
        assert_eq!(serde_json::from_str::<Rejection>(&json).expect("own json"), rejection);
    }
}
