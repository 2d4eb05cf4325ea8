//! What is Vietnamese about text: folding, comparing, the identity card's QR payload.
//!
//! Pure functions over strings; no I/O, no clock, and nothing here judges a person. Start with
//! [`fold::fold`].

pub mod fee;
pub mod fold;
pub mod id_qr;
