//! The bytes of the journal: segment headers and frames. No I/O.
//!
//! ```text
//! segment = header frame*
//! header  = magic[8] version u32 first_seq u64 anchor[32] crc32c u32     (little endian, 56 bytes)
//! frame   = length u32, crc32c(length, payload) u32, payload             (little endian)
//! payload = line ('\n' line)*                  one line only in segments of version 1
//! ```
//! A line is one record. The records that one fdatasync made durable are one frame, so a power cut
//! leaves all of them or none, and a torn frame is always the last. `anchor` is the SHA-256 of the
//! last line of the segment before, zeros in the first.

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub(super) type Hash = [u8; 32];

/// What the first frame is chained to.
pub(super) const GENESIS: Hash = [0; 32];

/// Version of segments and frames.
pub(super) const VERSION: u32 = 2;

/// Bytes of a segment header.
pub(super) const HEADER_BYTES: usize = 56;

/// Bytes before a frame's payload.
pub(super) const FRAME_HEAD_BYTES: usize = 8;

/// Longest payload, and so the longest record and the greatest group of records. An issued copy is
/// about 1 KiB; names are bounded upstream.
pub(super) const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Between two lines of a payload; JSON text has none inside.
const SEPARATOR: u8 = b'\n';

const MAGIC: &[u8; 8] = b"BANSAOJ\n";

/// Every record is a JSON object without line breaks; this is how our encoder begins it.
pub(super) const PAYLOAD_START: &[u8] = b"{\"v\":";

/// A decoded segment header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) first_seq: u64,
    pub(super) anchor: Hash,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.first_seq.to_le_bytes());
        bytes[20..52].copy_from_slice(&self.anchor);
        let crc = crc32c::crc32c(&bytes[..52]);
        bytes[52..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// None if these are not the bytes of a header.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        if &bytes[..8] != MAGIC || u32_at(bytes, 52)? != crc32c::crc32c(&bytes[..52]) {
            return None;
        }
        Some(Self {
            version: u32_at(bytes, 8)?,
            first_seq: u64_at(bytes, 12)?,
            anchor: bytes[20..52].try_into().ok()?,
        })
    }
}

/// The frame around lines that are, with their separators, at most [`PAYLOAD_BYTES_MAX`] long.
pub(super) fn encode(lines: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = vec![0; FRAME_HEAD_BYTES];
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            bytes.push(SEPARATOR);
        }
        bytes.extend_from_slice(line.as_ref());
    }
    let length = u32::try_from(bytes.len() - FRAME_HEAD_BYTES).unwrap_or(u32::MAX).to_le_bytes();
    let crc = crc32c::crc32c_append(crc32c::crc32c(&length), &bytes[FRAME_HEAD_BYTES..]);
    bytes[..4].copy_from_slice(&length);
    bytes[4..FRAME_HEAD_BYTES].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The lines of a payload, in order.
pub(super) fn lines(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    payload.split(|byte| *byte == SEPARATOR)
}

/// The payload of the frame that starts at `offset`; None if no whole, sound frame starts there.
pub(super) fn decode(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let length = u32_at(bytes, offset)? as usize;
    if !(PAYLOAD_START.len()..=PAYLOAD_BYTES_MAX).contains(&length) {
        return None;
    }
    let start = offset + FRAME_HEAD_BYTES;
    let payload = bytes.get(start..start + length)?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[offset..offset + 4]), payload);
    (u32_at(bytes, offset + 4)? == crc).then_some(payload)
}

/// Whether `bytes`, which start with an unreadable frame, are what a power cut leaves of one
/// append: no longer than a frame, and no sound frame anywhere behind.
pub(super) fn is_torn_tail(bytes: &[u8]) -> bool {
    bytes.len() <= FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX
        && !(1..bytes.len()).any(|offset| {
            bytes[offset..].get(FRAME_HEAD_BYTES..).is_some_and(|p| p.starts_with(PAYLOAD_START))
                && decode(bytes, offset).is_some()
        })
}

/// SHA-256 of some bytes.
pub(super) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The bytes of a digest in hex; text that is none gives a hash that no file is named by.
pub(super) fn digest_of(sha256: &str) -> Hash {
    let mut key = [0; 32];
    match hex::decode_to_slice(sha256, &mut key) {
        Ok(()) => key,
        Err(_) => hash(sha256.as_bytes()),
    }
}

/// The head anchor: the last record known durable, kept in a file of its own so that damage to
/// the very last frame is not taken for a torn append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

/// Bytes of an encoded [`Head`]: less than a sector, so that it is rewritten whole or not at all.
pub(super) const HEAD_BYTES: usize = 44;

impl Head {
    pub(super) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.seq.to_le_bytes());
        bytes[8..40].copy_from_slice(&self.hash);
        let crc = crc32c::crc32c(&bytes[..40]);
        bytes[40..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// None if the bytes are not a head: it is evidence, and a torn one says nothing.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_BYTES)?;
        if u32_at(bytes, 40)? != crc32c::crc32c(&bytes[..40]) {
            return None;
        }
        Some(Self { seq: u64_at(bytes, 0)?, hash: bytes[8..40].try_into().ok()? })
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn payload(text: &str) -> Vec<u8> {
        [PAYLOAD_START, text.as_bytes()].concat()
    }

    #[test]
    fn a_header_comes_back_and_every_changed_bit_is_refused() {
        let header = Header { version: VERSION, first_seq: 7, anchor: [9; 32] };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Some(header));
        for bit in 0..HEADER_BYTES * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&changed), None, "bit {bit}");
        }
    }

    #[test]
    fn zeros_that_a_power_cut_leaves_are_a_torn_tail() {
        assert!(is_torn_tail(&[0; 4096]));
    }

    proptest! {
        #[test]
        fn a_frame_comes_back_line_by_line(
            texts in prop::collection::vec("[^\n]{0,100}", 1..9),
            before: [u8; 13],
        ) {
            let payloads: Vec<Vec<u8>> = texts.iter().map(|text| payload(text)).collect();
            let given: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
            let bytes = [&before[..], &encode(&given)].concat();
            let whole = decode(&bytes, before.len()).expect("a sound frame");
            prop_assert_eq!(lines(whole).collect::<Vec<_>>(), given);
        }

        #[test]
        fn a_changed_bit_is_noticed(text in ".{0,60}", bit in any::<prop::sample::Index>()) {
            let mut bytes = encode(&[&payload(&text)]);
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(decode(&bytes, 0), None);
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes: Vec<u8>, offset in 0usize..400) {
            let _ = decode(&bytes, offset);
            let _ = Header::decode(&bytes);
            let _ = Head::decode(&bytes);
            let _ = is_torn_tail(&bytes);
        }

        #[test]
        fn a_tail_is_torn_only_when_nothing_sound_follows(
            text in "[a-z]{0,60}",
            cut in any::<prop::sample::Index>(),
        ) {
            let whole = encode(&[&payload(&text)]);
            let torn = &whole[..cut.index(whole.len())];
            prop_assert!(is_torn_tail(torn));
            prop_assert!(!is_torn_tail(&[torn, b"x", &whole].concat()));
        }
    }
}
