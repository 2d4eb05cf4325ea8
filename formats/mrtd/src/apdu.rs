//! Commands to a chip and its responses (ISO 7816-4).

use std::fmt;

/// Longest response: 65,536 bytes of data and two of status.
const RESPONSE_BYTES_MAX: usize = 65_538;
/// Most bytes that a short command or response carries.
pub(crate) const SHORT_BYTES_MAX: usize = 256;

/// A command before it is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Class.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Data, at most 65,535 bytes.
    pub data: Vec<u8>,
    /// Most bytes of data wanted back, 1 to 65,536; none where no data is expected.
    pub le: Option<usize>,
}

impl Command {
    /// A command without data, which expects none.
    pub const fn new(ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla: 0, ins, p1, p2, data: Vec::new(), le: None }
    }

    /// The same with data.
    #[must_use]
    pub fn with(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    /// The same, expecting up to `le` bytes.
    #[must_use]
    pub const fn expecting(mut self, le: usize) -> Self {
        self.le = Some(le);
        self
    }

    /// The same as one of a chain that goes on.
    #[must_use]
    pub const fn chained(mut self) -> Self {
        self.cla |= 0x10;
        self
    }

    /// The bytes that go to the chip: short form where it suffices, else extended.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.cla, self.ins, self.p1, self.p2];
        let extended = self.data.len() >= SHORT_BYTES_MAX || self.le > Some(SHORT_BYTES_MAX);
        let length = u16::try_from(self.data.len()).unwrap_or(u16::MAX).to_be_bytes();
        // 256 and 65,536 are written as zeros.
        let expected = self.le.map(|le| (le & 0xffff) as u16).map(u16::to_be_bytes);
        if !extended {
            if !self.data.is_empty() {
                bytes.push(length[1]);
                bytes.extend(&self.data);
            }
            bytes.extend(expected.map(|le| le[1]));
            return bytes;
        }
        bytes.push(0);
        if !self.data.is_empty() {
            bytes.extend(length);
            bytes.extend(&self.data);
        }
        bytes.extend(expected.into_iter().flatten());
        bytes
    }
}

/// The two bytes at the end of a response.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Done.
    pub const DONE: Self = Self(0x9000);
    /// The file or application is not there.
    pub const NOT_FOUND: Self = Self(0x6a82);
    /// The end of the file came before the bytes asked for.
    pub const END_OF_FILE: Self = Self(0x6282);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({self})")
    }
}

/// A response: data and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Data.
    pub data: Vec<u8>,
    /// Status.
    pub status: Status,
}

/// Why bytes are no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApduError {
    /// Shorter than a status, or longer than any response.
    #[error("a response of {0} bytes")]
    Length(usize),
}

impl Response {
    /// Takes a response apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, ApduError> {
        match bytes.split_last_chunk::<2>() {
            Some((data, status)) if bytes.len() <= RESPONSE_BYTES_MAX => {
                Ok(Self { data: data.to_vec(), status: Status(u16::from_be_bytes(*status)) })
            }
            _ => Err(ApduError::Length(bytes.len())),
        }
    }

    /// Whether the chip did what it was told.
    pub fn is_done(&self) -> bool {
        self.status == Status::DONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_written_short_where_that_suffices_and_extended_elsewhere() {
        let select = Command::new(0xa4, 2, 0x0c).with([1, 0x1c]);
        assert_eq!(hex::encode(select.encode()), "00a4020c02011c");
        let read = Command::new(0xb0, 0, 4).expecting(256);
        assert_eq!(hex::encode(read.encode()), "00b0000400");
        let long = Command::new(0xb0, 0, 0).expecting(65_536);
        assert_eq!(hex::encode(long.encode()), "00b00000000000");
        let signed = Command::new(0x88, 0, 0).with([7; 8]).expecting(512);
        assert_eq!(hex::encode(signed.encode()), "0088000000000807070707070707070200");
        let much = Command::new(0x22, 0, 0).with(vec![0; 256]).encode();
        assert_eq!((much.len(), hex::encode(&much[4..7])), (4 + 3 + 256, "000100".into()));
    }

    #[test]
    fn a_response_has_a_status() {
        let response = Response::parse(&[1, 2, 0x62, 0x82]).expect("a response");
        assert_eq!((response.data.as_slice(), response.status), (&[1, 2][..], Status::END_OF_FILE));
        assert_eq!(Response::parse(&[0x90]), Err(ApduError::Length(1)));
    }
}
