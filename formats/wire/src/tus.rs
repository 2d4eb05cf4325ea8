//! The upload: tus 1.0 core, creation and expiration
//! (<https://tus.io/protocols/resumable-upload>), narrowed.
//!
//! 1. `POST` [`UPLOADS`] with [`UPLOAD_LENGTH`] and [`UPLOAD_METADATA`] gives 201, `Location` and
//!    [`UPLOAD_OFFSET`]. The same (device, sequence, digest) always gives the same upload; another
//!    digest under the same device and sequence gives 409.
//! 2. `PATCH` the location from [`UPLOAD_OFFSET`] with [`PATCH_CONTENT_TYPE`]; on any doubt `HEAD`.
//! 3. The `PATCH` that completes the upload answers 204 only after the copy was verified and kept.
//!    A completed upload without a receipt (the registry died in between) is tried again by an
//!    empty `PATCH` at the end. A copy that does not verify gives 422 and the upload is gone.
//! 4. Every answer about an unfinished upload tells in [`UPLOAD_EXPIRES`] until when its bytes are
//!    kept; work on it moves that on. Later it gives 410 or 404, and a `POST` begins it anew.
//! 5. `GET` [`receipt_path`] gives the [`SignedReceipt`](crate::SignedReceipt), as often as asked.
//!
//! Every 4xx carries a [`Rejection`](crate::Rejection) in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use crate::is_device_name;

/// The protocol version, value of [`TUS_RESUMABLE`] in every request and response.
pub const VERSION: &str = "1.0.0";
/// Header: protocol version.
pub const TUS_RESUMABLE: &str = "tus-resumable";
/// Header: whole length of the upload in bytes.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// Header: how many bytes the registry holds durably.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// Header: [`UploadMeta`] in tus form.
pub const UPLOAD_METADATA: &str = "upload-metadata";
/// Header: until when an unfinished upload is kept, an HTTP date (RFC 9110, 5.6.7).
pub const UPLOAD_EXPIRES: &str = "upload-expires";
/// The extensions of tus that the registry offers.
pub const EXTENSIONS: &str = "creation,expiration";
/// Content type of a `PATCH`.
pub const PATCH_CONTENT_TYPE: &str = "application/offset+octet-stream";

/// Collection of uploads.
pub const UPLOADS: &str = "/v1/uploads";
/// Prefix of receipts.
pub const RECEIPTS: &str = "/v1/receipts";

/// Largest copy, in bytes: no less than the largest that can be sealed (`FILE_BYTES_MAX`).
pub const UPLOAD_BYTES_MAX: u64 = 96 * 1024 * 1024;
/// Longest metadata header, in bytes: three keys, a device name and a digest need under 300.
pub const METADATA_BYTES_MAX: usize = 1024;
/// Smallest useful piece of a `PATCH`, in bytes (1.3-1.6x bytes on a link cut every 400 kB).
pub const CHUNK_BYTES_MIN: usize = 128 * 1024;
/// Largest piece of a `PATCH`, in bytes: what a cut link may cost.
pub const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// What the kiosk says about a copy before it sends it. Identifies the upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadMeta {
    /// Name of the device, equal to the common name of its client certificate.
    pub device: String,
    /// The device's own sequence number of the copy, never used twice.
    pub sequence: u64,
    /// SHA-256 of the sealed file.
    pub sha256: [u8; 32],
}

/// Why upload metadata cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// The header is longer than [`METADATA_BYTES_MAX`].
    #[error("upload metadata of {0} bytes is too long")]
    TooLong(usize),
    /// A key that the upload needs is absent or given twice.
    #[error("upload metadata needs {0} exactly once")]
    NotOnce(&'static str),
    /// The value of a key is not base64, or not what the key calls for.
    #[error("upload metadata: {0} is not valid")]
    Value(&'static str),
}

impl UploadMeta {
    /// Value of [`UPLOAD_METADATA`]: `device …,sequence …,sha256 …`, each value in base64 of its
    /// text; the digest's text is lower-case hexadecimal.
    #[must_use]
    pub fn encode(&self) -> String {
        let value = |text: &str| STANDARD.encode(text);
        format!(
            "device {},sequence {},sha256 {}",
            value(&self.device),
            value(&self.sequence.to_string()),
            value(&hex::encode(self.sha256))
        )
    }

    /// Reads the value of [`UPLOAD_METADATA`]. Unknown keys are passed over, order is free.
    ///
    /// # Errors
    /// [`MetaError`] says which key is missing, doubled or wrong.
    pub fn parse(header: &str) -> Result<Self, MetaError> {
        if header.len() > METADATA_BYTES_MAX {
            return Err(MetaError::TooLong(header.len()));
        }
        let device = value(header, "device")?;
        if !is_device_name(&device) {
            return Err(MetaError::Value("device"));
        }
        let sequence = parse_decimal(&value(header, "sequence")?);
        let sha256 = parse_digest(&value(header, "sha256")?);
        Ok(Self {
            device,
            sequence: sequence.ok_or(MetaError::Value("sequence"))?,
            sha256: sha256.ok_or(MetaError::Value("sha256"))?,
        })
    }
}

/// The one spelling of an HTTP date that is written.
const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// A time as the value of [`UPLOAD_EXPIRES`], in whole seconds. None outside the years 0 to 9999.
#[must_use]
pub fn http_date(at: OffsetDateTime) -> Option<String> {
    at.checked_to_offset(UtcOffset::UTC)?.format(HTTP_DATE).ok()
}

/// Reads the value of [`UPLOAD_EXPIRES`].
#[must_use]
pub fn parse_http_date(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, HTTP_DATE).ok().map(PrimitiveDateTime::assume_utc)
}

/// Path of one upload.
#[must_use]
pub fn upload_path(id: &str) -> String {
    format!("{UPLOADS}/{id}")
}

/// Path of the receipt for a device's copy.
#[must_use]
pub fn receipt_path(device: &str, sequence: u64) -> String {
    format!("{RECEIPTS}/{device}/{sequence}")
}

/// The decoded value of `key`, which must occur exactly once.
fn value(header: &str, key: &'static str) -> Result<String, MetaError> {
    let mut found = header.split(',').filter_map(|pair| {
        let (name, value) = pair.trim().split_once(' ')?;
        (name == key).then(|| value.trim())
    });
    let (Some(encoded), None) = (found.next(), found.next()) else {
        return Err(MetaError::NotOnce(key));
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| MetaError::Value(key))?;
    String::from_utf8(bytes).map_err(|_| MetaError::Value(key))
}

/// A decimal without sign or leading zeros: one number, one text.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// 64 lower-case hexadecimal digits.
pub(crate) fn parse_digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok()?;
    (hex::encode(digest) == text).then_some(digest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn metadata_survives_the_header(
            device in "[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}",
            sequence: u64,
            sha256: [u8; 32],
        ) {
            let meta = UploadMeta { device, sequence, sha256 };
            let header = meta.encode();
            prop_assert!(header.len() <= METADATA_BYTES_MAX);
            prop_assert_eq!(UploadMeta::parse(&header), Ok(meta));
        }

        #[test]
        fn dates_survive_the_header(seconds in 0_i64..4_102_444_800) {
            let at = OffsetDateTime::from_unix_timestamp(seconds).expect("in range");
            let text = http_date(at).expect("a year of four digits");
            prop_assert_eq!(parse_http_date(&text), Some(at));
        }

        #[test]
        fn any_date_is_read_or_refused_without_panic(text in ".{0,60}") {
            let _ = parse_http_date(&text);
        }

        #[test]
        fn any_header_is_read_or_refused_without_panic(header in ".{0,1200}") {
            let _ = UploadMeta::parse(&header);
        }
    }

    #[test]
    fn a_date_is_spelt_as_http_spells_it() {
        let at = time::macros::datetime!(1994-11-06 15:49:37 +7);
        assert_eq!(http_date(at).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }

    #[test]
    fn a_doubled_key_is_refused_because_two_readers_could_disagree() {
        let meta = UploadMeta { device: "HN-01".into(), sequence: 7, sha256: [1; 32] };
        let twice = format!("{},{}", meta.encode(), "sequence OA==");
        assert_eq!(UploadMeta::parse(&twice), Err(MetaError::NotOnce("sequence")));
    }

    #[test]
    fn a_device_name_that_climbs_out_of_a_folder_is_refused() {
        for name in ["../x", "..", ".hidden", "a/b", "a b", "a\nb"] {
            let meta = UploadMeta { device: name.into(), sequence: 1, sha256: [0; 32] };
            assert_eq!(UploadMeta::parse(&meta.encode()), Err(MetaError::Value("device")));
        }
    }

    #[test]
    fn a_missing_digest_is_named() {
        let header = format!("device {},sequence {}", STANDARD.encode("d"), STANDARD.encode("1"));
        assert_eq!(UploadMeta::parse(&header), Err(MetaError::NotOnce("sha256")));
    }
}
