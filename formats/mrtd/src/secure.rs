//! Secure messaging (Doc 9303-11, 9.8): every command and response encrypted and authenticated,
//! counted so that none can be repeated or left out.

use zeroize::Zeroizing;

use crate::apdu::{Command, Response, SHORT_BYTES_MAX, Status};
use crate::cipher::{Key, NotBlocks, Purpose, Suite, unpad};
use crate::tlv;

const CRYPTOGRAM: u32 = 0x87;
/// As 87, in commands and responses with an odd instruction: no padding indicator before it.
const CRYPTOGRAM_ODD: u32 = 0x85;
const EXPECTED: u32 = 0x97;
const STATUS: u32 = 0x99;
const MAC: u32 = 0x8e;

/// Why a response cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecureError {
    /// The chip answered in the open: it has ended the session.
    #[error("the chip answered in the open, status {0}")]
    Open(Status),
    /// A part is missing or broken.
    #[error("the secured response is malformed")]
    Malformed,
    /// The MAC is not the chip's.
    #[error("the response is not authentic")]
    Mac,
}

impl From<NotBlocks> for SecureError {
    fn from(_: NotBlocks) -> Self {
        Self::Malformed
    }
}

/// The keys and the counter of a session with a chip.
pub(crate) struct Session {
    suite: Suite,
    encryption: Key,
    mac: Key,
    counter: Zeroizing<Vec<u8>>,
}

impl Session {
    /// A session by a shared secret; `counter` is where it begins, zeros unless BAC sets it.
    pub(crate) fn new(suite: Suite, secret: &[u8], counter: Option<[u8; 8]>) -> Self {
        let counter = counter.map_or_else(|| vec![0; suite.block()], |counter| counter.to_vec());
        Self {
            suite,
            encryption: suite.derive(secret, Purpose::Encryption),
            mac: suite.derive(secret, Purpose::Mac),
            counter: Zeroizing::new(counter),
        }
    }

    pub(crate) fn with_zero_keys(suite: Suite) -> Self {
        let zeros = || Zeroizing::new(vec![0; suite.key_bytes()]);
        let counter = Zeroizing::new(vec![0; suite.block()]);
        Self { suite, encryption: zeros(), mac: zeros(), counter }
    }

    /// Wraps a command.
    pub(crate) fn protect(&mut self, command: &Command) -> Result<Command, SecureError> {
        self.count();
        let suite = self.suite;
        let mut wrapped = command.clone();
        wrapped.cla |= 0x0c;
        let mut objects = Vec::new();
        if !command.data.is_empty() {
            let text = suite.encrypt(&self.encryption, &self.iv()?, &suite.pad(&command.data))?;
            let odd = command.ins % 2 == 1;
            let tag = if odd { CRYPTOGRAM_ODD } else { CRYPTOGRAM };
            // 01: padded by method 2.
            let indicator: &[u8] = if odd { &[] } else { &[1] };
            objects.extend(tlv::write(tag, &[indicator, &text].concat()));
        }
        if let Some(le) = command.le {
            let le = (le & 0xffff) as u16;
            let long = command.le > Some(SHORT_BYTES_MAX);
            let bytes = le.to_be_bytes();
            objects.extend(tlv::write(EXPECTED, if long { &bytes } else { &bytes[1..] }));
        }
        let head = suite.pad(&[wrapped.cla, wrapped.ins, wrapped.p1, wrapped.p2]);
        let mut message = [self.counter.as_slice(), &head].concat();
        if !objects.is_empty() {
            message.extend_from_slice(&objects);
            message = suite.pad(&message);
        }
        objects.extend(tlv::write(MAC, &suite.mac(&self.mac, &message)?));
        // The answer carries status, MAC and padding beside the data.
        let roomy = command.le > Some(SHORT_BYTES_MAX - 32) || objects.len() >= SHORT_BYTES_MAX;
        wrapped.data = objects;
        wrapped.le = Some(if roomy { 65_536 } else { SHORT_BYTES_MAX });
        Ok(wrapped)
    }

    /// Unwraps the response to the command that was wrapped last.
    pub(crate) fn open(&mut self, response: &Response) -> Result<Response, SecureError> {
        if response.data.is_empty() {
            return Err(SecureError::Open(response.status));
        }
        self.count();
        let (mut covered, mut mac) = (Vec::new(), None);
        let (mut text, mut status) = (None, None);
        for object in tlv::all(&response.data) {
            let object = object.map_err(|_| SecureError::Malformed)?;
            match object.tag {
                MAC => mac = Some(object.value),
                CRYPTOGRAM => {
                    text = Some(object.value.split_first().ok_or(SecureError::Malformed)?.1)
                }
                CRYPTOGRAM_ODD => text = Some(object.value),
                STATUS => status = object.value.first_chunk::<2>(),
                _ => {}
            }
            if object.tag != MAC {
                covered.extend_from_slice(object.whole);
            }
        }
        let message = self.suite.pad(&[self.counter.as_slice(), &covered].concat());
        let expected = self.suite.mac(&self.mac, &message)?;
        if !mac.is_some_and(|mac| same(mac, &expected)) {
            return Err(SecureError::Mac);
        }
        let data = match text {
            Some(text) => {
                let plain = self.suite.decrypt(&self.encryption, &self.iv()?, text)?;
                unpad(&plain).ok_or(SecureError::Malformed)?.to_vec()
            }
            None => Vec::new(),
        };
        let status = status.copied().map_or(response.status, |s| Status(u16::from_be_bytes(s)));
        Ok(Response { data, status })
    }

    fn count(&mut self) {
        for byte in self.counter.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// AES takes the encrypted counter, 3DES zeros.
    fn iv(&self) -> Result<Vec<u8>, NotBlocks> {
        match self.suite {
            Suite::TripleDes => Ok(Vec::new()),
            suite => suite.encrypt(&self.encryption, &[], &self.counter),
        }
    }
}

/// Compares without telling by its time where the first difference is.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The session of Doc 9303-11, D.3.
    fn session() -> Session {
        let hex = |text: &str| Zeroizing::new(hex::decode(text).expect("hex"));
        Session {
            suite: Suite::TripleDes,
            encryption: hex("979EC13B1CBFE9DCD01AB0FED307EAE5"),
            mac: hex("F1CB1F1FB5ADF208806B89DC579DC1F8"),
            counter: hex("887022120C06C226"),
        }
    }

    fn exchange(session: &mut Session, command: &Command, sent: &str, answer: &str) -> Vec<u8> {
        let wrapped = session.protect(command).expect("wrapped");
        assert_eq!(hex::encode_upper(wrapped.encode()), sent);
        let answer = Response::parse(&hex::decode(answer).expect("hex")).expect("a response");
        let opened = session.open(&answer).expect("opened");
        assert!(opened.is_done());
        opened.data
    }

    #[test]
    fn the_worked_example_of_appendix_d_is_met_byte_for_byte() {
        let mut session = session();
        let select = Command::new(0xa4, 2, 0x0c).with([1, 0x1e]);
        let sent = "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800";
        let data = exchange(&mut session, &select, sent, "990290008E08FA855A5D4C50A8ED9000");
        assert!(data.is_empty(), "{data:02x?}");
        let head = Command::new(0xb0, 0, 0).expecting(4);
        let sent = "0CB000000D9701048E08ED6705417E96BA5500";
        let answer = "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000";
        assert_eq!(hex::encode(exchange(&mut session, &head, sent, answer)), "60145f01");
        let rest = Command::new(0xb0, 0, 4).expecting(18);
        let sent = "0CB000040D9701128E082EA28A70F3C7B53500";
        let answer = "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A\
                      990290008E08C8B2787EAEA07D749000";
        let data = exchange(&mut session, &rest, sent, answer);
        assert_eq!(hex::encode(data), "04303130365f36063034303030305c026175");
    }

    #[test]
    fn a_changed_or_repeated_answer_is_not_believed() {
        let answer = hex::decode("990290008E08FA855A5D4C50A8ED9000").expect("hex");
        for at in 0..answer.len() - 2 {
            let mut session = session();
            let command = Command::new(0xa4, 2, 0x0c).with([1, 0x1e]);
            session.protect(&command).expect("wrapped");
            let mut changed = answer.clone();
            changed[at] ^= 1;
            let changed = Response::parse(&changed).expect("a response");
            assert!(session.open(&changed).is_err(), "byte {at}");
        }
        let mut session = session();
        let command = Command::new(0xa4, 2, 0x0c).with([1, 0x1e]);
        let answer = Response::parse(&answer).expect("a response");
        session.protect(&command).expect("wrapped");
        assert!(session.open(&answer).is_ok());
        session.protect(&command).expect("wrapped");
        assert_eq!(session.open(&answer), Err(SecureError::Mac));
        let open = Response { data: vec![], status: Status(0x6988) };
        assert_eq!(session.open(&open), Err(SecureError::Open(Status(0x6988))));
    }

    #[test]
    fn the_counter_carries_over() {
        let mut session = session();
        session.counter = Zeroizing::new(vec![0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        session.count();
        assert_eq!(session.counter.as_slice(), [0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
