//! The words of the SANE network protocol (SANE standard 1.06, 5.1 and 5.2): requests we write and
//! replies we read. Words are 32 bits, big-endian; strings carry their length, NUL included.
//!
//! Replies come from outside: every length has a limit, and what breaks one is an error.

use std::io::{self, Read};

use crate::status::Status;

/// Longest string; descriptions of options are sentences.
const STRING_BYTES_MAX: u32 = 16 * 1024;
/// Most options of a device; large backends have about 200.
const OPTIONS_MAX: u32 = 1_024;
/// Most devices of a server.
const DEVICES_MAX: u32 = 256;
/// Most entries of a constraint's list.
const LIST_MAX: u32 = 4_096;
/// Most bytes of an option's value; a gamma table of 65,536 words is the largest in use.
const VALUE_BYTES_MAX: u32 = 256 * 1024;
/// Most bytes of one reply: all strings of all options still fit.
pub(crate) const REPLY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Why a reply cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("read the reply")]
    Read(#[from] io::Error),
    #[error("{what} is {value}, more than {max}")]
    Limit { what: &'static str, value: u32, max: u32 },
    #[error("{what} is {value}, which the protocol does not know")]
    Unknown { what: &'static str, value: u32 },
}

type Result<T> = std::result::Result<T, WireError>;

/// Procedure numbers (5.2).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Procedure {
    Init = 0,
    GetDevices = 1,
    Open = 2,
    Close = 3,
    GetOptionDescriptors = 4,
    ControlOption = 5,
    GetParameters = 6,
    Start = 7,
    Cancel = 8,
    Exit = 10,
}

/// A request being written.
#[derive(Debug)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    pub(crate) fn new(procedure: Procedure) -> Self {
        Self((procedure as u32).to_be_bytes().to_vec())
    }

    pub(crate) fn word(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self = self.word(u32::try_from(text.len() + 1).unwrap_or(u32::MAX));
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        self
    }

    /// A value as CONTROL_OPTION carries it: type, size in bytes, elements.
    pub(crate) fn value(self, kind: Kind, value: &Value) -> Self {
        let request = self.word(kind as u32);
        match value {
            Value::Nothing => request.word(0).word(0),
            Value::Text(text) => {
                request.word(u32::try_from(text.len() + 1).unwrap_or(u32::MAX)).text(text)
            }
            Value::Words(words) => {
                let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
                let request = request.word(count.saturating_mul(4)).word(count);
                words.iter().fold(request, |request, word| request.word(word.cast_unsigned()))
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The type of an option's value (4.2.9.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool = 0,
    Int = 1,
    Fixed = 2,
    Text = 3,
    Button = 4,
    Group = 5,
}

/// An option's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Words(Vec<i32>),
    Text(String),
}

/// What values an option takes (4.2.9.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constraint {
    Anything,
    Range { min: i32, max: i32, step: i32 },
    Words(Vec<i32>),
    Texts(Vec<String>),
}

/// An option of a device (4.2.9), with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) unit: u32,
    pub(crate) capabilities: u32,
    pub(crate) constraint: Constraint,
}

/// A device that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) vendor: String,
    pub(crate) model: String,
    pub(crate) kind: String,
}

/// How the frame to come is laid out (4.3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) format: u32,
    pub(crate) last_frame: bool,
    pub(crate) bytes_per_line: u32,
    pub(crate) pixels_per_line: u32,
    /// `None` when the device does not know the height beforehand.
    pub(crate) lines: Option<u32>,
    pub(crate) depth: u32,
}

/// Where the data of a scan can be fetched (5.2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataPort {
    pub(crate) port: u32,
    pub(crate) big_endian: bool,
}

/// A reply being read.
#[derive(Debug)]
pub(crate) struct Reply<R>(R);

impl<R: Read> Reply<R> {
    pub(crate) fn new(source: R) -> Self {
        Self(source)
    }

    pub(crate) fn word(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.0.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    pub(crate) fn status(&mut self) -> Result<Status> {
        self.word().map(Status)
    }

    fn length(&mut self, what: &'static str, max: u32) -> Result<u32> {
        match self.word()? {
            value if value > max => Err(WireError::Limit { what, value, max }),
            value => Ok(value),
        }
    }

    fn bytes(&mut self, count: u32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count as usize];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A string up to its NUL; a missing one is empty. Odd bytes are replaced, not refused: makers'
    /// names are in any encoding.
    pub(crate) fn text(&mut self) -> Result<String> {
        let length = self.length("a string's length", STRING_BYTES_MAX)?;
        Ok(text_of(&self.bytes(length)?))
    }

    /// Whether a pointer points somewhere: its word is the "is null" flag.
    fn present(&mut self) -> Result<bool> {
        Ok(self.word()? == 0)
    }

    fn words(&mut self, max: u32) -> Result<Vec<i32>> {
        let count = self.length("a list's length", max)?;
        (0..count).map(|_| self.word().map(u32::cast_signed)).collect()
    }

    pub(crate) fn devices(&mut self) -> Result<Vec<Device>> {
        let count = self.length("the number of devices", DEVICES_MAX)?;
        let mut devices = Vec::new();
        for _ in 0..count {
            if self.present()? {
                devices.push(Device {
                    name: self.text()?,
                    vendor: self.text()?,
                    model: self.text()?,
                    kind: self.text()?,
                });
            }
        }
        Ok(devices)
    }

    pub(crate) fn descriptors(&mut self) -> Result<Vec<Descriptor>> {
        let count = self.length("the number of options", OPTIONS_MAX)?;
        let mut descriptors = Vec::new();
        for number in 0..count {
            if self.present()? {
                descriptors.push(self.descriptor(number)?);
            }
        }
        Ok(descriptors)
    }

    fn descriptor(&mut self, number: u32) -> Result<Descriptor> {
        let name = self.text()?;
        let (_title, _description) = (self.text()?, self.text()?);
        let kind = self.kind()?;
        let (unit, _size, capabilities) = (self.word()?, self.word()?, self.word()?);
        let constraint = match self.word()? {
            0 => Constraint::Anything,
            1 if !self.present()? => Constraint::Anything,
            1 => Constraint::Range {
                min: self.word()?.cast_signed(),
                max: self.word()?.cast_signed(),
                step: self.word()?.cast_signed(),
            },
            // The list's first word repeats its length.
            2 => Constraint::Words(self.words(LIST_MAX)?.into_iter().skip(1).collect()),
            3 => {
                let count = self.length("a list's length", LIST_MAX)?;
                let texts: Result<Vec<_>> = (0..count).map(|_| self.text()).collect();
                Constraint::Texts(texts?.into_iter().filter(|text| !text.is_empty()).collect())
            }
            value => return Err(WireError::Unknown { what: "a constraint's type", value }),
        };
        Ok(Descriptor { number, name, kind, unit, capabilities, constraint })
    }

    fn kind(&mut self) -> Result<Kind> {
        Ok(match self.word()? {
            0 => Kind::Bool,
            1 => Kind::Int,
            2 => Kind::Fixed,
            3 => Kind::Text,
            4 => Kind::Button,
            5 => Kind::Group,
            value => return Err(WireError::Unknown { what: "an option's type", value }),
        })
    }

    /// The value in a reply to CONTROL_OPTION.
    pub(crate) fn value(&mut self) -> Result<Value> {
        let kind = self.kind()?;
        let _size = self.length("a value's size", VALUE_BYTES_MAX)?;
        Ok(match kind {
            Kind::Bool | Kind::Int | Kind::Fixed => Value::Words(self.words(VALUE_BYTES_MAX / 4)?),
            Kind::Text => {
                let length = self.length("a value's length", VALUE_BYTES_MAX)?;
                Value::Text(text_of(&self.bytes(length)?))
            }
            Kind::Button | Kind::Group => {
                let length = self.length("a value's length", VALUE_BYTES_MAX)?;
                self.bytes(length)?;
                Value::Nothing
            }
        })
    }

    pub(crate) fn parameters(&mut self) -> Result<Parameters> {
        Ok(Parameters {
            format: self.word()?,
            last_frame: self.word()? != 0,
            bytes_per_line: self.word()?,
            pixels_per_line: self.word()?,
            lines: Some(self.word()?).filter(|lines| lines.cast_signed() >= 0),
            depth: self.word()?,
        })
    }

    pub(crate) fn data_port(&mut self) -> Result<DataPort> {
        let port = self.word()?;
        // 0x1234 is little-endian, 0x4321 big-endian; a failed start leaves the word zero.
        Ok(DataPort { port, big_endian: self.word()? == 0x4321 })
    }
}

fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Every decoder over the same bytes; none may panic.
pub(crate) fn decode_everything(bytes: &[u8]) {
    let _ = Reply::new(bytes).devices();
    let _ = Reply::new(bytes).descriptors();
    let _ = Reply::new(bytes).value();
    let _ = Reply::new(bytes).parameters();
    let _ = Reply::new(bytes).data_port();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes as a server does, independently of the decoder.
    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    fn text(text: &str) -> Vec<u8> {
        [words(&[text.len() as u32 + 1]), text.as_bytes().to_vec(), vec![0]].concat()
    }

    #[test]
    fn a_list_of_words_does_not_repeat_its_length() {
        let bytes = [
            words(&[1, 0]),
            text("resolution"),
            text("Resolution"),
            text("dots per inch"),
            words(&[1, 4, 4, 5, 2, 4, 3, 100, 200, 300]),
        ]
        .concat();
        let options = Reply::new(&bytes[..]).descriptors().expect("well formed");
        assert_eq!(options[0].name, "resolution");
        assert_eq!(options[0].constraint, Constraint::Words(vec![100, 200, 300]));
    }

    #[test]
    fn a_length_beyond_its_limit_is_refused_before_it_is_allocated() {
        let bytes = words(&[u32::MAX, 0, 0]);
        assert!(matches!(Reply::new(&bytes[..]).text(), Err(WireError::Limit { .. })));
        assert!(matches!(Reply::new(&bytes[..]).descriptors(), Err(WireError::Limit { .. })));
    }

    #[test]
    fn a_negative_number_of_lines_is_an_unknown_height() {
        let bytes = words(&[1, 1, 300, 100, u32::MAX, 8]);
        assert_eq!(Reply::new(&bytes[..]).parameters().expect("six words").lines, None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            decode_everything(&bytes);
        }

        /// Small words reach deeper than random ones.
        #[test]
        fn no_words_make_a_decoder_panic(values in proptest::collection::vec(0u32..8, 0..256)) {
            decode_everything(&words(&values));
        }

        #[test]
        fn a_value_is_read_back_as_it_was_written(
            words in proptest::collection::vec(any::<i32>(), 0..50),
        ) {
            let value = Value::Words(words);
            let request = Request(Vec::new()).value(Kind::Int, &value);
            prop_assert_eq!(Reply::new(request.bytes()).value().expect("ours"), value);
        }

        #[test]
        fn a_text_is_read_back_as_it_was_written(text in "[^\0]{0,80}") {
            let value = Value::Text(text);
            let request = Request(Vec::new()).value(Kind::Text, &value);
            prop_assert_eq!(Reply::new(request.bytes()).value().expect("ours"), value);
        }
    }
}
