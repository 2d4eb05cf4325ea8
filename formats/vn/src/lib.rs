//! What is Vietnamese: folding and comparing text, the identity card's QR payload, fees, capacities
//! of signers.
//!
//! Pure functions over strings; no I/O, no clock, and nothing here judges a person. Start with
//! [`fold::fold`].

pub mod capacity;
pub mod due;
pub mod fee;
pub mod fold;
pub mod id_qr;
