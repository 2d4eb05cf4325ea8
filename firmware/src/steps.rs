//! One effect of the visit per file, over device traits: what [`crate::visit`] asks for, done.

pub mod card;
pub mod certify;
pub mod check;
pub mod chip;
pub mod clock;
pub mod decide;
pub mod defer;
pub mod deliver;
pub mod face;
pub mod fee;
pub mod identify;
pub mod picture;
pub mod print;
pub mod prove;
pub mod read;
pub mod scan;
pub mod seal_key;
pub mod sign_in;
pub mod speak;
pub mod ticket;
