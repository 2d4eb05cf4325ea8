//! ISO/IEC 9796-2, scheme 1: RSA signatures that carry part of what they sign, as Active
//! Authentication uses them (Doc 9303-11, 6.1). Public operations only.

use num_bigint::BigUint;
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};

use crate::secure::same;

/// Longest modulus, in bytes.
const MODULUS_BYTES_MAX: usize = 1024;
/// Shortest modulus: chips of 2006 have 1024 bits.
const MODULUS_BYTES_MIN: usize = 128;

/// Opens a signature with modulus and exponent; none where they cannot be a key.
pub(crate) fn open(modulus: &[u8], exponent: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let size = modulus.len();
    let sound = (MODULUS_BYTES_MIN..=MODULUS_BYTES_MAX).contains(&size) && exponent.len() <= 8;
    let odd = modulus.last().is_some_and(|last| last % 2 == 1);
    if !sound || !odd || signature.len() != size {
        return None;
    }
    let (n, s) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(signature));
    if s >= n {
        return None;
    }
    let opened = s.modpow(&BigUint::from_bytes_be(exponent), &n);
    // The scheme lets a signer take n minus the block, whichever is smaller.
    let ends = |number: &BigUint| number.to_bytes_be().last().is_some_and(|b| b % 16 == 0x0c);
    let opened = if ends(&opened) { opened } else { n - opened };
    let bytes = opened.to_bytes_be();
    let mut block = vec![0; size.checked_sub(bytes.len())?];
    block.extend(bytes);
    Some(block)
}

/// Whether an opened block signs its own part followed by `challenge`: `6A`, the recovered part,
/// the digest, and a trailer that names the digest.
pub(crate) fn is_signed(block: &[u8], challenge: &[u8]) -> bool {
    let Some((hash, rest)) = trailer(block) else { return false };
    // Bits 01 and "partial recovery", then padding up to a nibble A.
    let content = match rest {
        [0x6a, content @ ..] => content,
        [0x4b, padded @ ..] | [0x6b, padded @ ..] => {
            match padded.iter().position(|byte| *byte != 0xbb) {
                Some(end) if padded[end] == 0xba => &padded[end + 1..],
                _ => return false,
            }
        }
        _ => return false,
    };
    let Some(at) = content.len().checked_sub(hash.output_len()) else { return false };
    let (recovered, expected) = content.split_at(at);
    same(digest(hash, &[recovered, challenge].concat()).as_ref(), expected)
}

/// The digest that the trailer names, and what is before the trailer.
fn trailer(block: &[u8]) -> Option<(&'static Algorithm, &[u8])> {
    match block {
        [rest @ .., 0xbc] => Some((&SHA1_FOR_LEGACY_USE_ONLY, rest)),
        [rest @ .., 0x33, 0xcc] => Some((&SHA1_FOR_LEGACY_USE_ONLY, rest)),
        [rest @ .., 0x34, 0xcc] => Some((&SHA256, rest)),
        [rest @ .., 0x36, 0xcc] => Some((&SHA384, rest)),
        [rest @ .., 0x35, 0xcc] => Some((&SHA512, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of 128 bytes that signs `recovered` and the challenge by SHA-256.
    fn block(challenge: &[u8]) -> Vec<u8> {
        let recovered = [5; 128 - 1 - 32 - 2];
        let hash = digest(&SHA256, &[&recovered, challenge].concat());
        [&[0x6a][..], &recovered, hash.as_ref(), &[0x34, 0xcc]].concat()
    }

    #[test]
    fn a_block_signs_its_own_challenge_and_no_other() {
        let block = block(b"12345678");
        assert!(is_signed(&block, b"12345678"));
        assert!(!is_signed(&block, b"12345679"));
        for at in 0..block.len() {
            let mut changed = block.clone();
            changed[at] ^= 1;
            assert!(!is_signed(&changed, b"12345678"), "byte {at}");
        }
    }

    #[test]
    fn what_cannot_be_a_key_or_a_signature_opens_nothing() {
        let odd = [vec![0xff; 127], vec![1]].concat();
        assert!(open(&odd, &[3], &[1; 128]).is_some());
        assert_eq!(open(&odd, &[3], &[1; 127]), None);
        assert_eq!(open(&odd, &[3], &[0xff; 128]), None);
        assert_eq!(open(&[0xff; 64], &[3], &[1; 64]), None);
        assert_eq!(open(&[0xfe; 128], &[3], &[1; 128]), None);
        assert!(
            !is_signed(&[], b"x") && !is_signed(&[0xbc], b"x") && !is_signed(&[0x6a, 0xbc], b"x")
        );
    }
}
