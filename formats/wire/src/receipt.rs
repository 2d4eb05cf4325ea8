//! What the registry signs when it has kept a copy, and its canonical bytes.
//!
//! Version 1 is eight lines of ASCII, each ended by one line feed, in this order:
//! ```text
//! ban-sao receipt 1
//! device HN-VAN-03
//! sequence 17
//! code 7YQ2-M4KD-93TB-XA5C
//! sha256 <64 hexadecimal digits of the sealed file>
//! log-index 5
//! received-at 2026-11-22T09:15:30+07:00
//! log-head <64 hexadecimal digits>
//! ```
//! The head chains the log: `head = SHA-256(previous head || SHA-256(the first seven lines))`,
//! starting from [`LOG_START`], so that one receipt pins every entry before it.

use ring::digest::{SHA256, digest};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::is_device_name;
use crate::tus::{parse_decimal, parse_digest};

/// Longest canonical form, in bytes; anything longer is refused unread.
pub const RECEIPT_BYTES_MAX: usize = 512;
/// The head of an empty log.
pub const LOG_START: [u8; 32] = [0; 32];

const TITLE: &str = "ban-sao receipt 1";
const VIETNAM: UtcOffset = match UtcOffset::from_hms(7, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// The registry's word that it holds a copy durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Device that uploaded.
    pub device: String,
    /// The device's own sequence number of the copy.
    pub sequence: u64,
    /// The copy's verification code, upper case with dashes.
    pub code: String,
    /// SHA-256 of the sealed file that is kept.
    pub sha256: [u8; 32],
    /// Place in the registry's log, from 0.
    pub log_index: u64,
    /// Head of the log after this entry.
    pub log_head: [u8; 32],
    /// When the copy was kept: whole seconds, Vietnam time.
    pub received_at: OffsetDateTime,
}

/// Why a receipt cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes are not a receipt of a known version.
    #[error("not a receipt of a known version")]
    Form,
    /// A field does not hold what its name calls for, or not in canonical form.
    #[error("receipt field {0} is not canonical")]
    Field(&'static str),
}

impl Receipt {
    /// The bytes that are signed.
    ///
    /// # Errors
    /// [`ReceiptError::Field`] when a field could not be read back: a name or code with foreign
    /// characters, a time that is not in whole seconds of Vietnam time.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ReceiptError> {
        let mut text = self.entry()?;
        text.push_str(&format!("log-head {}\n", hex::encode(self.log_head)));
        Ok(text.into_bytes())
    }

    /// Reads canonical bytes; any other spelling of the same receipt is refused.
    ///
    /// # Errors
    /// [`ReceiptError`] says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::Form);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ReceiptError::Form)?;
        let mut lines = text.split('\n');
        if lines.next() != Some(TITLE) {
            return Err(ReceiptError::Form);
        }
        let mut field = |name: &'static str| {
            let line = lines.next().ok_or(ReceiptError::Field(name))?;
            let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
            value.ok_or(ReceiptError::Field(name))
        };
        let number = |text: &str, name| parse_decimal(text).ok_or(ReceiptError::Field(name));
        let digest = |text: &str, name| parse_digest(text).ok_or(ReceiptError::Field(name));
        let receipt = Self {
            device: field("device")?.to_owned(),
            sequence: number(field("sequence")?, "sequence")?,
            code: field("code")?.to_owned(),
            sha256: digest(field("sha256")?, "sha256")?,
            log_index: number(field("log-index")?, "log-index")?,
            received_at: OffsetDateTime::parse(field("received-at")?, &Rfc3339)
                .map_err(|_| ReceiptError::Field("received-at"))?,
            log_head: digest(field("log-head")?, "log-head")?,
        };
        // One receipt has one spelling: whatever the reader forgave above is refused here.
        if receipt.to_bytes()? == bytes { Ok(receipt) } else { Err(ReceiptError::Form) }
    }

    /// The log's head after this entry, given the head before it. Does not read `log_head`.
    ///
    /// # Errors
    /// As [`Receipt::to_bytes`].
    pub fn head_after(&self, previous: &[u8; 32]) -> Result<[u8; 32], ReceiptError> {
        let mut chained = [0; 64];
        chained[..32].copy_from_slice(previous);
        chained[32..].copy_from_slice(digest(&SHA256, self.entry()?.as_bytes()).as_ref());
        let mut head = [0; 32];
        head.copy_from_slice(digest(&SHA256, &chained).as_ref());
        Ok(head)
    }

    /// The first seven lines: everything but the head.
    fn entry(&self) -> Result<String, ReceiptError> {
        if !is_device_name(&self.device) {
            return Err(ReceiptError::Field("device"));
        }
        if !is_code(&self.code) {
            return Err(ReceiptError::Field("code"));
        }
        let time = self.received_at;
        if time.nanosecond() != 0 || time.offset() != VIETNAM {
            return Err(ReceiptError::Field("received-at"));
        }
        let time = time.format(&Rfc3339).map_err(|_| ReceiptError::Field("received-at"))?;
        Ok(format!(
            "{TITLE}\ndevice {}\nsequence {}\ncode {}\nsha256 {}\nlog-index {}\n\
             received-at {time}\n",
            self.device,
            self.sequence,
            self.code,
            hex::encode(self.sha256),
            self.log_index,
        ))
    }
}

/// The shape of a verification code; its check symbol is the business of the copy's own format.
fn is_code(code: &str) -> bool {
    (1..=32).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn sample() -> Receipt {
        let received_at = OffsetDateTime::from_unix_timestamp(1_795_313_730).expect("in range");
        Receipt {
            device: "HN-VAN-03".into(),
            sequence: 17,
            code: "7YQ2-M4KD-93TB-XA5C".into(),
            sha256: [0xAB; 32],
            log_index: 5,
            log_head: [0x5C; 32],
            received_at: received_at.to_offset(VIETNAM),
        }
    }

    prop_compose! {
        fn receipts()(
            device in "[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}",
            code in "[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}",
            numbers: (u64, u64),
            digests: ([u8; 32], [u8; 32]),
            seconds in 0_i64..4_102_444_800,
        ) -> Receipt {
            let received_at = OffsetDateTime::from_unix_timestamp(seconds).expect("in range");
            Receipt {
                device, code, sequence: numbers.0, log_index: numbers.1,
                sha256: digests.0, log_head: digests.1,
                received_at: received_at.to_offset(VIETNAM),
            }
        }
    }

    proptest! {
        #[test]
        fn receipts_survive_their_bytes(receipt in receipts()) {
            let bytes = receipt.to_bytes().expect("canonical fields");
            prop_assert!(bytes.len() <= RECEIPT_BYTES_MAX);
            prop_assert_eq!(Receipt::from_bytes(&bytes), Ok(receipt));
        }

        #[test]
        fn a_changed_byte_is_another_receipt_or_none(
            receipt in receipts(), at: prop::sample::Index, mask in 1_u8..,
        ) {
            let mut bytes = receipt.to_bytes().expect("canonical fields");
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
            prop_assert_ne!(Receipt::from_bytes(&bytes), Ok(receipt));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes: Vec<u8>) {
            let _ = Receipt::from_bytes(&bytes);
        }
    }

    #[test]
    fn a_time_in_another_zone_or_with_a_fraction_is_not_canonical() {
        let mut receipt = sample();
        receipt.received_at = receipt.received_at.to_offset(UtcOffset::UTC);
        assert_eq!(receipt.to_bytes(), Err(ReceiptError::Field("received-at")));
        let mut receipt = sample();
        receipt.received_at += time::Duration::milliseconds(1);
        assert_eq!(receipt.to_bytes(), Err(ReceiptError::Field("received-at")));
    }

    #[test]
    fn a_line_feed_in_a_name_cannot_forge_a_field() {
        let mut receipt = sample();
        receipt.device = "a\nsequence 99".into();
        assert_eq!(receipt.to_bytes(), Err(ReceiptError::Field("device")));
    }

    #[test]
    fn the_head_depends_on_the_entry_and_on_what_came_before() {
        let receipt = sample();
        let head = receipt.head_after(&LOG_START).expect("canonical");
        assert_ne!(head, receipt.head_after(&[1; 32]).expect("canonical"));
        let other = Receipt { sequence: 18, ..receipt.clone() };
        assert_ne!(head, other.head_after(&LOG_START).expect("canonical"));
        let same = Receipt { log_head: head, ..receipt };
        assert_eq!(head, same.head_after(&LOG_START).expect("canonical"));
    }
}
