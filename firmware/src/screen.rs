//! The pages of citizen and officer, served on loopback to the kiosk's own browser.
//!
//! [`view`] makes what is shown, [`server`] serves it, [`words`] holds every sentence. No page
//! loads anything from elsewhere, and no address carries personal data.

pub mod server;
pub mod view;
pub mod words;
