//! Codes cut out of the bytes of a serial line. Needs `core` and a fixed buffer only.
//!
//! A reader ends each code with CR, LF or both, or just falls silent, as it is set. What was broken
//! off, has control characters or is no UTF-8 is no code: nothing is guessed or mended.

use crate::held::{Flaw, Held, Scanned};

/// What ends a code besides CR and LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing: silence within a code means that the rest of it was lost.
    Line,
    /// Silence.
    Silence,
}

/// Cuts bytes into codes.
pub struct Frames {
    ending: Ending,
    held: Held,
}

impl Frames {
    /// A line at its beginning.
    #[must_use]
    pub const fn new(ending: Ending) -> Self {
        Self { ending, held: Held::new() }
    }

    /// Whether a code has begun and not ended.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes one byte. CR or LF ends a code; a second one after it, or before the first code, ends
    /// nothing.
    ///
    /// # Errors
    ///
    /// At the end of what is no code. The next byte begins the next code.
    pub fn push(&mut self, byte: u8) -> Result<Option<Scanned<'_>>, Flaw> {
        if matches!(byte, b'\r' | b'\n') {
            return self.held.end().transpose();
        }
        self.held.push(byte);
        Ok(None)
    }

    /// No byte came for as long as the reader never pauses within a code.
    ///
    /// # Errors
    ///
    /// When that broke off a code.
    pub fn silence(&mut self) -> Result<Option<Scanned<'_>>, Flaw> {
        if self.ending == Ending::Line && self.is_amid() {
            self.held.spoil(Flaw::Garbled);
        }
        self.held.end().transpose()
    }

    /// Forgets what came, such as when the line was pulled.
    pub fn forget(&mut self) {
        self.held.forget();
    }
}

#[cfg(test)]
mod tests {
    use drivers_api::PAYLOAD_BYTES_MAX;
    use proptest::prelude::*;

    use super::*;

    type Cut = Result<Vec<u8>, Flaw>;

    fn own(cut: Result<Option<Scanned<'_>>, Flaw>) -> Option<Cut> {
        cut.map(|scanned| scanned.map(|bytes| bytes.to_vec())).transpose()
    }

    fn cut(frames: &mut Frames, bytes: &[u8]) -> Vec<Cut> {
        bytes.iter().filter_map(|byte| own(frames.push(*byte))).collect()
    }

    #[test]
    fn cr_lf_and_both_end_a_code_once() {
        let mut frames = Frames::new(Ending::Line);
        let found = cut(&mut frames, "\r\nmột\rhai\nba\r\nbốn\n\r\r".as_bytes());
        let words = ["một", "hai", "ba", "bốn"].map(|word| Ok(word.as_bytes().to_vec()));
        assert_eq!(found, words);
        assert!(!frames.is_amid());
    }

    #[test]
    fn silence_ends_a_code_or_breaks_it_off_as_the_reader_is_set() {
        for (ending, expected) in
            [(Ending::Silence, Ok(b"half".to_vec())), (Ending::Line, Err(Flaw::Garbled))]
        {
            let mut frames = Frames::new(ending);
            assert!(own(frames.silence()).is_none(), "nothing came");
            assert!(cut(&mut frames, b"half").is_empty());
            assert_eq!(own(frames.silence()), Some(expected));
            assert!(own(frames.silence()).is_none(), "told once");
            assert_eq!(cut(&mut frames, b"whole\r"), [Ok(b"whole".to_vec())]);
        }
    }

    #[test]
    fn a_code_with_a_stray_byte_is_garbled_and_the_next_is_well() {
        for stray in [&b"\0"[..], b"\x11", b"\x1b", b"\x7f", b"\xff", b"\xc3", b"\t", b"\xc2\x85"] {
            let mut frames = Frames::new(Ending::Line);
            let bytes = [b"001", stray, b"|A\rnext\r"].concat();
            let expected = [Err(Flaw::Garbled), Ok(b"next".to_vec())];
            assert_eq!(cut(&mut frames, &bytes), expected, "{stray:?}");
        }
    }

    #[test]
    fn the_longest_code_is_taken_and_a_longer_one_told_at_its_end() {
        let mut frames = Frames::new(Ending::Line);
        let mut bytes = vec![b'a'; PAYLOAD_BYTES_MAX];
        let longest = bytes.clone();
        bytes.push(b'\r');
        bytes.extend(vec![b'b'; PAYLOAD_BYTES_MAX + 1]);
        bytes.extend(b"\xff still the same\rnext\r");
        let expected = [Ok(longest), Err(Flaw::TooLong), Ok(b"next".to_vec())];
        assert_eq!(cut(&mut frames, &bytes), expected);
    }

    #[test]
    fn what_was_forgotten_is_no_part_of_the_next_code() {
        let mut frames = Frames::new(Ending::Silence);
        assert!(cut(&mut frames, b"the half of a co").is_empty());
        frames.forget();
        assert_eq!(cut(&mut frames, b"next\n"), [Ok(b"next".to_vec())]);
    }

    proptest! {
        #[test]
        fn codes_come_out_as_they_were_sent(
            codes in prop::collection::vec("[^\\p{Cc}]{1,80}", 0..8),
            ends in prop::collection::vec(prop::sample::select(vec!["\r", "\n", "\r\n"]), 8),
        ) {
            let mut frames = Frames::new(Ending::Line);
            let sent: String = codes.iter().zip(ends).flat_map(|(c, e)| [c.as_str(), e]).collect();
            let expected: Vec<Cut> = codes.iter().map(|c| Ok(c.clone().into_bytes())).collect();
            prop_assert_eq!(cut(&mut frames, sent.as_bytes()), expected);
        }

        #[test]
        fn noise_gives_plain_text_within_the_limit_or_nothing(
            noise in prop::collection::vec(any::<u8>(), 0..4_000),
            silences in prop::collection::vec(any::<bool>(), 4_000),
        ) {
            let mut frames = Frames::new(Ending::Silence);
            let mut found = vec![];
            for (byte, silent) in noise.iter().zip(silences) {
                found.extend(own(frames.push(*byte)));
                if silent {
                    found.extend(own(frames.silence()));
                }
            }
            for code in found.into_iter().flatten() {
                prop_assert!(drivers_api::Payload::new(&code).is_some());
            }
            let _ = own(frames.silence());
            prop_assert_eq!(cut(&mut frames, b"next\r"), [Ok(b"next".to_vec())]);
        }
    }
}
