//! Lines of the NUT protocol ("Network UPS Tools", developer guide, chapter 9): cut out of bytes as
//! they come, and understood. Needs `core` and fixed buffers only.

use heapless::{String, Vec};

/// Longest line that is taken, in bytes: a variable's name and value with their words around them.
/// NUT's own client takes as many (`UPSCLI_NETBUF_LEN`).
pub const LINE_BYTES_MAX: usize = 512;
/// Longest value of a variable that is kept, in bytes. What this crate asks for is far shorter.
pub const VALUE_BYTES_MAX: usize = 128;
/// Longest name of a UPS or a variable, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Why bytes are no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// A line is longer than [`LINE_BYTES_MAX`].
    TooLong,
    /// A line is no answer to what was asked.
    NoAnswer,
}

/// What a daemon answers to `GET VAR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The variable's value.
    Value(String<VALUE_BYTES_MAX>),
    /// It says no, in its own word, such as `UNKNOWN-UPS`.
    Refused(String<NAME_BYTES_MAX>),
}

/// Cuts bytes into lines.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    bytes: Vec<u8, LINE_BYTES_MAX>,
}

impl Lines {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Takes one byte. A line's end gives the line, without it; the next byte begins the next line.
    ///
    /// # Errors
    /// When the line grows too long: then it is forgotten, and the connection with it.
    pub fn push(&mut self, byte: u8) -> Result<Option<Vec<u8, LINE_BYTES_MAX>>, LineError> {
        if byte != b'\n' {
            let pushed = self.bytes.push(byte);
            return pushed.map(|()| None).map_err(|_| {
                self.bytes.clear();
                LineError::TooLong
            });
        }
        let mut line = core::mem::take(&mut self.bytes);
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        Ok(Some(line))
    }
}

/// The question for a variable of a UPS.
///
/// # Errors
/// When a name is none: empty, too long, or with a sign that would end the word or the line.
pub fn question(ups: &str, variable: &str) -> Result<String<LINE_BYTES_MAX>, LineError> {
    let named = |name: &str| {
        !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    if !named(ups) || !named(variable) {
        return Err(LineError::NoAnswer);
    }
    let mut text = String::new();
    for part in ["GET VAR ", ups, " ", variable, "\n"] {
        text.push_str(part).map_err(|_| LineError::TooLong)?;
    }
    Ok(text)
}

/// Understands the line that answers [`question`].
pub fn answer(line: &[u8], ups: &str, variable: &str) -> Result<Answer, LineError> {
    let line = core::str::from_utf8(line).map_err(|_| LineError::NoAnswer)?;
    if let Some(why) = line.strip_prefix("ERR ") {
        let word = why.split(' ').next().unwrap_or(why);
        return Ok(Answer::Refused(String::try_from(word).map_err(|_| LineError::TooLong)?));
    }
    let value = line.strip_prefix("VAR ").and_then(|rest| rest.strip_prefix(ups));
    let value = value.and_then(|rest| rest.strip_prefix(' '));
    let value = value.and_then(|rest| rest.strip_prefix(variable));
    let value = value.and_then(|rest| rest.strip_prefix(" \""));
    unquoted(value.ok_or(LineError::NoAnswer)?).map(Answer::Value)
}

/// The text of a quoted word whose opening quote is taken: `\"` and `\\` stand for themselves.
fn unquoted(text: &str) -> Result<String<VALUE_BYTES_MAX>, LineError> {
    let mut value = String::new();
    let mut signs = text.chars();
    loop {
        let sign = match signs.next().ok_or(LineError::NoAnswer)? {
            '"' => break,
            '\\' => signs.next().ok_or(LineError::NoAnswer)?,
            sign => sign,
        };
        value.push(sign).map_err(|_| LineError::TooLong)?;
    }
    // Nothing follows the closing quote.
    if signs.next().is_some() { Err(LineError::NoAnswer) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Answer {
        Answer::Value(String::try_from(text).expect("short"))
    }

    #[test]
    fn answers_of_a_daemon_are_understood() {
        let of = |line: &str| answer(line.as_bytes(), "kiosk", "ups.status");
        assert_eq!(of("VAR kiosk ups.status \"OB LB\""), Ok(value("OB LB")));
        assert_eq!(of("VAR kiosk ups.status \"a \\\"b\\\\\""), Ok(value("a \"b\\")));
        let refused = Answer::Refused(String::try_from("DATA-STALE").expect("short"));
        assert_eq!(of("ERR DATA-STALE"), Ok(refused));
        for wrong in [
            "",
            "VAR kiosk battery.charge \"9\"",
            "VAR other ups.status \"OL\"",
            "VAR kiosk ups.status OL",
            "VAR kiosk ups.status \"OL",
            "VAR kiosk ups.status \"OL\" x",
            "VAR kiosk ups.status \"OL\\",
        ] {
            assert_eq!(of(wrong), Err(LineError::NoAnswer), "{wrong}");
        }
    }

    #[test]
    fn a_name_cannot_bring_a_command_along() {
        assert_eq!(question("kiosk", "ups.status").as_deref(), Ok("GET VAR kiosk ups.status\n"));
        for name in ["", "a b", "a\nLOGOUT", "a\"", &"x".repeat(65)] {
            assert_eq!(question(name, "ups.status"), Err(LineError::NoAnswer), "{name:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_given_up_and_the_next_one_is_whole() {
        let mut lines = Lines::new();
        let first = (0..LINE_BYTES_MAX + 1).map(|_| lines.push(b'x')).find(Result::is_err);
        assert_eq!(first, Some(Err(LineError::TooLong)));
        let taken = b"OK\r\n".iter().filter_map(|byte| lines.push(*byte).expect("short"));
        assert_eq!(taken.map(|line| line.to_vec()).collect::<std::vec::Vec<_>>(), [b"OK"]);
    }

    proptest! {
        #[test]
        fn any_value_is_read_back_as_it_was_quoted(text in "[ -~à-ỹ]{0,40}") {
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let line = std::format!("VAR u v \"{quoted}\"");
            prop_assert_eq!(answer(line.as_bytes(), "u", "v"), Ok(value(&text)));
        }

        #[test]
        fn any_bytes_are_taken_without_panic(bytes: std::vec::Vec<u8>) {
            let mut lines = Lines::new();
            for byte in bytes {
                if let Ok(Some(line)) = lines.push(byte) {
                    let _ = answer(&line, "kiosk", "ups.status");
                }
            }
        }
    }
}
