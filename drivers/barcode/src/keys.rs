//! Codes cut out of the keys of a reader that acts as a USB keyboard with the US layout. Needs
//! `core` and a fixed buffer only.
//!
//! Such a reader has keys for ASCII alone. A key that types nothing there (Alt, Ctrl, Caps Lock,
//! the keypad, whose meaning is that of Num Lock) spoils the code: nothing is guessed.
//!
//! Key codes: `linux/input-event-codes.h`.

use crate::held::{Flaw, Held, Scanned};

const TAB: u16 = 15;
const ENTER: u16 = 28;
const KEYPAD_ENTER: u16 = 96;
const LEFT_SHIFT: u16 = 42;
const RIGHT_SHIFT: u16 = 54;
const SPACE: u16 = 57;

/// Rows of keys that lie one after the other: the first code, then what they type without and with
/// Shift.
const ROWS: [(u16, &[u8], &[u8]); 4] = [
    (2, b"1234567890-=", b"!@#$%^&*()_+"),
    (16, b"qwertyuiop[]", b"QWERTYUIOP{}"),
    (30, b"asdfghjkl;'`", b"ASDFGHJKL:\"~"),
    (43, b"\\zxcvbnm,./", b"|ZXCVBNM<>?"),
];

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// It went up.
    Up,
    /// It went down.
    Down,
    /// The kernel says that it is still down; the reader did nothing.
    Repeat,
}

impl Stroke {
    /// By the value of the kernel's event.
    #[must_use]
    pub const fn of(value: i32) -> Option<Self> {
        Some(match value {
            0 => Self::Up,
            1 => Self::Down,
            2 => Self::Repeat,
            _ => return None,
        })
    }
}

/// Cuts strokes into codes.
#[derive(Default)]
pub struct Keys {
    held: Held,
    left_shift: bool,
    right_shift: bool,
}

impl Keys {
    /// A keyboard of which no key is down.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: Held::new(), left_shift: false, right_shift: false }
    }

    /// Whether a code has begun and not ended.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes what happened to the key with this code. Enter or Tab ends a code.
    ///
    /// # Errors
    ///
    /// At the end of what is no code. The next key begins the next code.
    pub fn take(&mut self, key: u16, stroke: Stroke) -> Result<Option<Scanned<'_>>, Flaw> {
        let down = stroke == Stroke::Down;
        match (key, stroke) {
            (_, Stroke::Repeat) => {}
            (LEFT_SHIFT, _) => self.left_shift = down,
            (RIGHT_SHIFT, _) => self.right_shift = down,
            (_, Stroke::Up) => {}
            (ENTER | KEYPAD_ENTER | TAB, Stroke::Down) => return self.held.end().transpose(),
            (key, Stroke::Down) => match typed(key, self.left_shift || self.right_shift) {
                Some(byte) => self.held.push(byte),
                None => self.held.spoil(Flaw::Garbled),
            },
        }
        Ok(None)
    }

    /// The kernel lost strokes: what was being received is no code, and no key counts as down.
    pub fn lost(&mut self) {
        self.held.spoil(Flaw::Garbled);
        (self.left_shift, self.right_shift) = (false, false);
    }

    /// No key was touched for as long as the reader never pauses within a code.
    ///
    /// # Errors
    ///
    /// When that broke off a code.
    pub fn silence(&mut self) -> Result<(), Flaw> {
        if self.is_amid() {
            self.held.spoil(Flaw::Garbled);
        }
        self.held.end().map_or(Ok(()), |ended| ended.map(drop))
    }

    /// Forgets what came, such as when the reader was pulled.
    pub fn forget(&mut self) {
        self.held.forget();
        (self.left_shift, self.right_shift) = (false, false);
    }
}

/// What a key types.
fn typed(key: u16, shift: bool) -> Option<u8> {
    if key == SPACE {
        return Some(b' ');
    }
    ROWS.iter().find_map(|(first, plain, shifted)| {
        let signs = if shift { shifted } else { plain };
        signs.get(usize::from(key.checked_sub(*first)?)).copied()
    })
}

#[cfg(test)]
mod tests {
    use drivers_api::PAYLOAD_BYTES_MAX;
    use proptest::prelude::*;

    use super::*;

    type Cut = Result<String, Flaw>;

    /// The strokes by which a US keyboard types a text.
    fn strokes(text: &str) -> Vec<(u16, Stroke)> {
        let mut strokes = vec![];
        for sign in text.bytes() {
            let found = (0..100).flat_map(|key| [(key, false), (key, true)]);
            let (key, shift) = found
                .into_iter()
                .find(|(key, shift)| typed(*key, *shift) == Some(sign))
                .expect("a key types it");
            strokes.extend(shift.then_some((RIGHT_SHIFT, Stroke::Down)));
            strokes.extend([(key, Stroke::Down), (key, Stroke::Up)]);
            strokes.extend(shift.then_some((RIGHT_SHIFT, Stroke::Up)));
        }
        strokes.extend([(ENTER, Stroke::Down), (ENTER, Stroke::Up)]);
        strokes
    }

    fn cut(keys: &mut Keys, strokes: impl IntoIterator<Item = (u16, Stroke)>) -> Vec<Cut> {
        let own = |scanned: Scanned<'_>| String::from_utf8(scanned.to_vec()).expect("ASCII");
        let one = |(key, stroke)| keys.take(key, stroke).map(|code| code.map(own)).transpose();
        strokes.into_iter().filter_map(one).collect()
    }

    #[test]
    fn every_sign_of_ascii_has_its_key_and_tab_ends_a_code_too() {
        let text: String = (0x20..0x7f).map(char::from).collect();
        let mut all = strokes(&text);
        let end = all.len() - 2;
        all.splice(end.., [(TAB, Stroke::Down), (TAB, Stroke::Up), (ENTER, Stroke::Down)]);
        assert_eq!(cut(&mut Keys::new(), all), [Ok(text)]);
    }

    #[test]
    fn keys_of_the_us_layout_are_where_the_kernel_has_them() {
        // KEY_Q, KEY_P, KEY_A, KEY_L, KEY_Z, KEY_M, KEY_0, KEY_GRAVE, KEY_BACKSLASH, KEY_SLASH.
        let known = [16, 25, 30, 38, 44, 50, 11, 41, 43, 53];
        let typed: Vec<u8> = known.iter().filter_map(|key| typed(*key, false)).collect();
        assert_eq!(typed, b"qpalzm0`\\/");
        // KEY_ESC, KEY_BACKSPACE, KEY_LEFTCTRL, KEY_KP1, KEY_102ND, KEY_LEFTMETA.
        assert!([1, 14, 29, 79, 86, 125].iter().all(|key| super::typed(*key, false).is_none()));
    }

    #[test]
    fn an_unknown_key_a_gap_and_a_break_garble_one_code() {
        // KEY_LEFTALT, as before a number on the keypad.
        for key in [56, 29, 58, 79, 86, 240, u16::MAX] {
            let mut keys = Keys::new();
            let mut all = strokes("0011");
            all.insert(4, (key, Stroke::Down));
            all.extend(strokes("next"));
            assert_eq!(cut(&mut keys, all), [Err(Flaw::Garbled), Ok("next".into())], "{key}");
        }
        let mut keys = Keys::new();
        assert!(cut(&mut keys, strokes("0011").into_iter().take(6)).is_empty());
        keys.lost();
        assert_eq!(cut(&mut keys, strokes("22")), [Err(Flaw::Garbled)]);
        assert!(cut(&mut keys, strokes("0011").into_iter().take(6)).is_empty());
        assert_eq!((keys.silence(), keys.silence()), (Err(Flaw::Garbled), Ok(())));
        assert_eq!(cut(&mut keys, strokes("next")), [Ok("next".into())]);
    }

    #[test]
    fn a_repeat_types_nothing_and_a_shift_of_before_is_forgotten_with_the_plug() {
        let mut keys = Keys::new();
        let held = [(30, Stroke::Down), (30, Stroke::Repeat), (30, Stroke::Up)];
        assert!(cut(&mut keys, held).is_empty());
        assert_eq!(cut(&mut keys, strokes("b")), [Ok("ab".into())]);
        assert!(cut(&mut keys, [(LEFT_SHIFT, Stroke::Down), (30, Stroke::Down)]).is_empty());
        keys.forget();
        assert_eq!(cut(&mut keys, strokes("b")), [Ok("b".into())]);
        let long = "0".repeat(PAYLOAD_BYTES_MAX + 1);
        assert_eq!(cut(&mut keys, strokes(&long)), [Err(Flaw::TooLong)]);
    }

    proptest! {
        #[test]
        fn codes_come_out_as_they_were_typed(
            codes in prop::collection::vec("[ -~]{1,60}", 0..6),
        ) {
            let mut keys = Keys::new();
            let typed = codes.iter().flat_map(|code| strokes(code));
            let expected: Vec<Cut> = codes.iter().cloned().map(Ok).collect();
            prop_assert_eq!(cut(&mut keys, typed), expected);
        }

        #[test]
        fn any_strokes_give_ascii_or_nothing(
            strokes in prop::collection::vec((0_u16..130, 0_i32..4), 0..600),
        ) {
            let mut keys = Keys::new();
            for (key, value) in strokes {
                let Some(stroke) = Stroke::of(value) else { continue };
                if let Ok(Some(code)) = keys.take(key, stroke) {
                    prop_assert!(!code.is_empty() && code.is_ascii());
                }
            }
        }
    }
}
