//! Setting Vietnamese official papers in type: faces, measured and wrapped text, marks on a page.
//!
//! What is printed is decided elsewhere; this package says where each line goes and draws it with
//! krilla. It never reads a file, and knows nothing of copies or books.
//!
//! Start reading at [`Sheet`], then [`Face`].

mod draw;
mod face;
mod outline;
mod sheet;
mod wording;

pub use draw::{draw, draw_text};
pub use face::{Face, FaceError, Run};
pub use outline::Segment;
pub use sheet::{Column, Ink, LEADING, Mark, Piece, Sheet, bold, regular};
pub use wording::Wording;
