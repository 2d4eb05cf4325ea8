//! The register book (sổ chứng thực bản sao từ bản chính) as the law has it kept: its name, its
//! rows and totals, and its print as PDF/A; and the slip for who must come back for a copy.
//!
//! Pure: rows in, bytes out. It never reads a store or a clock, never decides what may be
//! certified, and prints every row that it is given.
//!
//! Start reading at [`Book`], then [`print()`].

mod book;
mod name;
mod print;
mod slip;
mod words;

pub use book::{Book, Refused, Row, Span, Totals};
pub use name::{BookName, BookNameError};
pub use print::{CELL_CHARS_MAX, Faces, PrintError, print};
pub use slip::{Slip, print_slip};
pub use words::{Words, money};
