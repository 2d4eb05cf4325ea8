//! What is Vietnamese: folding and comparing text, the identity card (QR code, machine-readable
//! zone, number, expiry, and all of them against each other), fees and how they are transferred,
//! capacities of signers.
//!
//! Pure functions over strings; no I/O, no clock, and nothing here judges a person. Start with
//! [`fold::fold`].

pub mod age;
pub mod capacity;
pub mod card;
pub mod due;
pub mod fee;
pub mod fold;
pub mod id_number;
pub mod id_qr;
pub mod mrz;
pub mod vietqr;
