//! Whether a JPEG file is whole. Decoders fill what is missing with grey, as a browser should; here
//! half a paper must not become a certified copy.

/// Start of image, start of scan, end of image (ITU-T T.81, table B.1).
const SOI: u8 = 0xd8;
const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;

/// Whether the file's segments lead to an end-of-image marker. What follows it (phones add more
/// pictures) does not matter, and one inside a segment (a thumbnail's) does not count.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some((marker, after)) = next_marker(bytes, at) {
        at = match marker {
            EOI => return true,
            SOI => after,
            _ => {
                let Some(&[high, low]) = bytes.get(after..after + 2) else { return false };
                after + usize::from(u16::from_be_bytes([high, low]))
            }
        };
        if marker != SOS && marker != SOI && bytes.get(at) != Some(&0xff) {
            return false;
        }
    }
    false
}

/// The next marker at or after `at`, and where it ends. Stuffed zeros and restarts (D0 to D7)
/// belong to the coded data.
fn next_marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(at..)?;
    let found = rest
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff | 0xd0..=0xd7))?;
    Some((rest[found + 1], at + found + 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A head whose segment hides an end marker, then coded data with a stuffed zero and a restart.
    const WHOLE: [u8; 22] = [
        0xff, 0xd8, 0xff, 0xe1, 0, 4, 0xff, 0xd9, 0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd0, 3,
        4, 0xff, 0xd9,
    ];

    #[test]
    fn only_the_last_byte_makes_it_whole() {
        assert!(is_whole(&WHOLE));
        for end in 0..WHOLE.len() {
            assert!(!is_whole(&WHOLE[..end]), "{end} bytes");
        }
        assert!(is_whole(&[&WHOLE[..], b"more"].concat()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(
            prop_oneof![Just(0xff), Just(0xda), any::<u8>()], 0..64)) {
            let _ = is_whole(&bytes);
        }
    }
}
