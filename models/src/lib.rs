//! Reading pages: clean-up, lines, words with boxes and confidence, document kind, fields.
//! Comparing faces.
//!
//! Input is a [`drivers_api::Raster`], output a [`PageReading`] in pixels of that page. Clean-up is
//! for reading only: the kept page is never changed here. Nothing is written to disk and no text
//! is ever logged. A reading carries its confidence and decides nothing; an officer does.
//!
//! Start with [`Reader`], then [`classify`] and [`extract`]; faces are apart, in [`face`].
//! `manifest.toml` pins the weights by digest; each has a model card in `cards/`.

mod bed;
mod clean;
mod engine;
pub mod face;
mod fields;
mod ink;
mod kind;
mod language;
mod lines;
mod manifest;
mod marks;
mod net;
mod own;
mod page;
mod plane;
mod portrait;
mod reader;
mod skew;
mod syllable;
mod zone;

pub use fields::{Field, extract};
pub use kind::{Classification, CopyMark, CopySign, FieldSpec, Kind, Sort, classify, kinds};
pub use language::{Language, language_of};
pub use manifest::{Manifest, ManifestError, ModelFile, ModelInfo, Weights};
pub use net::NetError;
pub use page::{Line, PageReading, Quad, Region, Word};
pub use portrait::{
    PORTRAIT_BYTES_MAX, PORTRAIT_SIDE_MAX, PORTRAIT_SIDE_MIN, PortraitError, PrintedPortrait,
    decode_portrait, printed_portraits,
};
pub use reader::{ReadError, Reader, omp_thread_limit_is_set};
pub use zone::{ZoneReading, read_zone};
