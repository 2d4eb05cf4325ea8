//! The words of ESC/POS that are used here, and what a printer answers. No I/O and no heap: `core`
//! alone is enough, so that it can be tested and fuzzed without a device.
//!
//! Source: Epson's ESC/POS command reference: `ESC @`, `GS v 0`, `GS V`, `GS a`, `GS r`,
//! `DLE EOT`, `DLE DC4`.

/// Switches the printer to its state after power-on. What is left in its line is forgotten.
pub const INITIALISE: [u8; 2] = [0x1b, b'@'];
/// The printer speaks only when it is asked.
pub const AUTO_STATUS_OFF: [u8; 3] = [0x1d, b'a', 0];
/// Feeds to the knife and cuts, leaving a bridge so that the ticket does not fall.
pub const CUT: [u8; 4] = [0x1d, b'V', 66, 0];
/// Asks for the paper sensors once everything before this is printed.
pub const WHEN_PRINTED: [u8; 3] = [0x1d, b'r', 1];
/// Forgets at once what was sent and is not printed yet.
pub const CLEAR: [u8; 10] = [0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8];
/// Most rows of one picture that are sent at once: printers begin to print after each.
pub const BAND_ROWS_MAX: u16 = 128;

/// Begins a picture of so many bytes a row and so many rows; its bytes follow.
#[must_use]
pub const fn raster(row_bytes: u16, rows: u16) -> [u8; 8] {
    let ([xl, xh], [yl, yh]) = (row_bytes.to_le_bytes(), rows.to_le_bytes());
    [0x1d, b'v', b'0', 0, xl, xh, yl, yh]
}

/// What can be asked at any time, also of a printer that is offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// Whether it is online.
    Printer = 1,
    /// Why it is offline.
    Offline = 2,
    /// What failed.
    Error = 3,
    /// The paper.
    Paper = 4,
}

impl Query {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Printer, Self::Offline, Self::Error, Self::Paper];

    /// The question as it is sent.
    #[must_use]
    pub const fn bytes(self) -> [u8; 3] {
        [0x10, 0x04, self as u8]
    }
}

/// How a printer is, as far as it has said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// It does not print now.
    pub offline: bool,
    /// The cover is open.
    pub cover_open: bool,
    /// There is no paper.
    pub paper_out: bool,
    /// The roll comes to its end.
    pub paper_near_end: bool,
    /// The knife is stuck.
    pub cutter: bool,
    /// An error that only switching it off ends.
    pub broken: bool,
    /// The head is too hot, or its voltage is wrong; it goes on by itself.
    pub resting: bool,
}

impl Status {
    /// Takes the answer to a question.
    pub const fn answered(&mut self, query: Query, byte: u8) {
        match query {
            Query::Printer => self.offline = has(byte, 3),
            Query::Offline => {
                self.cover_open = has(byte, 2);
                self.paper_out |= has(byte, 5);
            }
            Query::Error => {
                self.cutter = has(byte, 3);
                self.broken = has(byte, 5);
                self.resting = has(byte, 6);
            }
            Query::Paper => {
                self.paper_near_end = byte & 0b0000_1100 != 0;
                self.paper_out |= byte & 0b0110_0000 != 0;
            }
        }
    }

    /// What a printer says unasked, while that is switched on.
    #[must_use]
    pub const fn automatic(bytes: [u8; 4]) -> Self {
        let [first, error, paper, _] = bytes;
        Self {
            offline: has(first, 3),
            cover_open: has(first, 5),
            paper_out: paper & 0b1100 != 0,
            paper_near_end: paper & 0b11 != 0,
            cutter: has(error, 3),
            broken: has(error, 5),
            resting: has(error, 6),
        }
    }

    /// What the paper sensors say when all is printed.
    #[must_use]
    pub const fn of_paper(byte: u8) -> Self {
        let mut status = Self::automatic([0; 4]);
        status.paper_out = byte & 0b1100 != 0;
        status.paper_near_end = byte & 0b11 != 0;
        status
    }
}

const fn has(byte: u8, bit: u8) -> bool {
    byte & (1 << bit) != 0
}

/// One thing that a printer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The answer to a [`Query`]: to which, only the asker knows.
    Answer(u8),
    /// Its state, unasked.
    Automatic(Status),
    /// The paper sensors: everything before [`WHEN_PRINTED`] is printed.
    Printed(Status),
}

/// Tells the replies in a stream of bytes apart, by the bits that are fixed in each. What belongs
/// to none (flow control, noise) is passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replies {
    held: [u8; 4],
    count: usize,
}

impl Replies {
    /// A stream at its beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: [0; 4], count: 0 }
    }

    /// Takes the next byte.
    pub const fn take(&mut self, byte: u8) -> Option<Reply> {
        let answer = byte & 0b1001_0011 == 0b0001_0010;
        let unasked = byte & 0b1001_0011 == 0b0001_0000;
        let plain = byte & 0b1001_0000 == 0;
        if answer {
            // It may come between the bytes of an automatic status, which it does not end.
            return Some(Reply::Answer(byte));
        }
        if unasked {
            self.held[0] = byte;
            self.count = 1;
            return None;
        }
        if !plain {
            return None;
        }
        if self.count == 0 {
            return Some(Reply::Printed(Status::of_paper(byte)));
        }
        self.held[self.count] = byte;
        self.count += 1;
        if self.count < self.held.len() {
            return None;
        }
        self.count = 0;
        Some(Reply::Automatic(Status::automatic(self.held)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(bytes: &[u8]) -> Vec<Reply> {
        let mut replies = Replies::new();
        bytes.iter().filter_map(|byte| replies.take(*byte)).collect()
    }

    #[test]
    fn every_bit_that_the_reference_names_is_told() {
        let told = |query, byte| {
            let mut status = Status::default();
            status.answered(query, byte);
            status
        };
        let none = Status::default();
        for query in Query::ALL {
            assert_eq!(told(query, 0x12), none, "{query:?}: all well");
        }
        assert_eq!(told(Query::Printer, 0x1a), Status { offline: true, ..none });
        assert_eq!(told(Query::Offline, 0x16), Status { cover_open: true, ..none });
        assert_eq!(told(Query::Offline, 0x32), Status { paper_out: true, ..none });
        assert_eq!(told(Query::Error, 0x1a), Status { cutter: true, ..none });
        assert_eq!(told(Query::Error, 0x32), Status { broken: true, ..none });
        assert_eq!(told(Query::Error, 0x52), Status { resting: true, ..none });
        assert_eq!(told(Query::Paper, 0x1e), Status { paper_near_end: true, ..none });
        assert_eq!(told(Query::Paper, 0x72), Status { paper_out: true, ..none });
    }

    #[test]
    fn an_answer_in_the_middle_of_an_automatic_status_spoils_neither() {
        let out =
            Status { offline: true, paper_out: true, paper_near_end: true, ..Status::default() };
        assert_eq!(
            said(&[0x18, 0x00, 0x12, 0x0f, 0x00, 0x03]),
            [
                Reply::Answer(0x12),
                Reply::Automatic(out),
                Reply::Printed(Status { paper_near_end: true, ..Status::default() }),
            ]
        );
    }

    #[test]
    fn flow_control_is_no_reply() {
        assert_eq!(said(&[0x11, 0x13, 0xff, 0x90]), []);
    }

    proptest! {
        #[test]
        fn noise_never_yields_more_replies_than_bytes_and_the_next_answer_is_understood(
            noise in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let mut replies = Replies::new();
            let heard = noise.iter().filter(|byte| replies.take(**byte).is_some()).count();
            prop_assert!(heard <= noise.len());
            prop_assert_eq!(replies.take(0x16), Some(Reply::Answer(0x16)));
        }
    }
}
