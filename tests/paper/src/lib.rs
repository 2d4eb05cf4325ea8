//! Draws synthetic Vietnamese originals, with the truth about every word on them.
//!
//! The kiosk's tests, demo and benchmarks lay these sheets on the virtual scanner. Everything is
//! fictitious, drawn from Debian's fonts, and the same for the same seed. It never draws a real
//! person's paper and never leaves an image on disk by itself. Start with [`original`] and
//! [`draw`]; the words of each document are in `documents.rs`. [`assorted`] draws pages
//! whose layout and typeface differ each time, for judging the reader.

mod assorted;
mod canvas;
mod card;
mod documents;
mod fonts;
mod id_card;
mod kinds;
mod look;
mod rng;
mod seal;
mod sheet;
mod wear;

pub use assorted::assorted;
pub use card::{CARD_MM, CardScan, Issue, Side, Specimen, ZoneFace, card_side};
pub use documents::{AUTHORITY, Document, draw, original};
pub use fonts::{PaperError, TYPEFACES, Typeface};
pub use id_card::{ID_PAYLOAD, ID_PAYLOAD_WITHOUT_OLD_NUMBER, id_card};
pub use kinds::{Paper, kind_count, paper_of_kind};
pub use look::Look;
pub use seal::{seal_png, signature_png};
pub use sheet::{DPI, Sheet, TruthWord};
