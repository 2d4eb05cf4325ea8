//! Signing tokens behind PKCS#11: smart cards, USB tokens, HSMs, TPMs, and SoftHSM2 on a bench.
//!
//! A key never leaves its token; this package asks the token to sign a digest. It never keeps a PIN
//! outside types that wipe themselves, never writes to a token, and never decides who may sign.
//!
//! Start with [`Pkcs11Token`]; `module` holds what a process may have only once, `session` what one
//! signer has, `fault` what a token's answers mean.

mod chain;
mod fault;
mod module;
mod session;
mod token;

pub use token::{Pkcs11Config, Pkcs11Token};
