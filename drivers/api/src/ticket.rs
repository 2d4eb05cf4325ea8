//! Ticket printers.

use crate::DeviceError;

/// A printer of narrow slips from a roll.
///
/// Promises of every implementation: a call ends within its limits, whatever the printer does; a
/// ticket that failed is not printed later, when somebody else stands there; between two calls
/// nothing is held open, so the printer may be unplugged and plugged in again at any time.
pub trait TicketPrinter: Send {
    /// Width of its line in dots; 8 of them make a millimetre.
    fn dots(&self) -> u16;

    /// Prints and cuts one ticket, and waits until it is out. No paper is
    /// [`Fault::PaperOut`](crate::Fault::PaperOut), an open cover
    /// [`Fault::CoverOpen`](crate::Fault::CoverOpen), a stuck knife
    /// [`Fault::Cutter`](crate::Fault::Cutter); a ticket that is wider or longer than the printer
    /// takes is [`Fault::Misconfigured`](crate::Fault::Misconfigured).
    fn print(&mut self, ticket: &Bitmap) -> Result<TicketPaper, DeviceError>;

    /// How the printer is. Nothing is printed.
    fn probe(&mut self) -> Result<TicketPaper, DeviceError>;
}

/// How much paper is left on the roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketPaper {
    /// Enough.
    Enough,
    /// The roll comes to its end; some tickets can still be printed.
    NearEnd,
    /// The printer does not tell.
    Unknown,
}

/// A picture of black and white dots, rows from top to bottom.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: u16,
    height: u16,
    bytes: Vec<u8>,
}

impl Bitmap {
    /// A white picture of so many dots.
    #[must_use]
    pub fn white(width: u16, height: u16) -> Self {
        let bytes = vec![0; usize::from(width.div_ceil(8)) * usize::from(height)];
        Self { width, height, bytes }
    }

    /// Width in dots.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Height in dots.
    #[must_use]
    pub const fn height(&self) -> u16 {
        self.height
    }

    /// Bytes that a row takes: 8 dots each, the highest bit to the left, 1 for black. Dots beyond
    /// the width are white.
    #[must_use]
    pub const fn row_bytes(&self) -> u16 {
        self.width.div_ceil(8)
    }

    /// All rows, one after the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Blackens a dot; one outside the picture is left out.
    pub fn blacken(&mut self, x: u16, y: u16) {
        if x < self.width && y < self.height {
            let at = usize::from(y) * usize::from(self.row_bytes()) + usize::from(x / 8);
            self.bytes[at] |= 0x80 >> (x % 8);
        }
    }

    /// Whether a dot is black; outside the picture all is white.
    #[must_use]
    pub fn is_black(&self, x: u16, y: u16) -> bool {
        let at = usize::from(y) * usize::from(self.row_bytes()) + usize::from(x / 8);
        x < self.width && y < self.height && self.bytes[at] & (0x80 >> (x % 8)) != 0
    }
}

impl std::fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bitmap({}x{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_lie_where_they_were_put_and_none_beyond_the_edge() {
        let mut picture = Bitmap::white(10, 2);
        for (x, y) in [(0, 0), (9, 1), (10, 0), (0, 2)] {
            picture.blacken(x, y);
        }
        assert_eq!(picture.bytes(), [0x80, 0, 0, 0x40]);
        assert!(picture.is_black(9, 1) && !picture.is_black(9, 0) && !picture.is_black(17, 0));
    }
}
