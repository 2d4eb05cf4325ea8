//! The registry from outside: real sockets, real TLS, a real database. Only the judgement of a copy
//! is replaced ([`bench::Paper`]), so that a test chooses what a file says without signing keys.

mod bench;
mod inside;
mod portal;
mod transport;
mod upload;
