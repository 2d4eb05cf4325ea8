//! The registry: the other machine. It takes sealed copies from kiosks, keeps them, answers with a
//! signed receipt, and lets anyone check a copy by its code or by its file.
//!
//! It never signs, changes or opens the content of a copy to the public, never answers an upload
//! with success before the copy is durable, and never logs a code, a name or an address.
//!
//! Where to start reading: [`Registry`] (what runs), [`Service`] (what it is without sockets),
//! `ingest` (the way of one upload, blocking), `store` (rows and the hash-chained log), `device`
//! (mutual TLS and tus), `portal` (the pages).

mod acceptance;
mod bodies;
mod clock;
mod config;
mod device;
mod import;
mod ingest;
mod peer;
mod portal;
mod preserve;
mod refusal;
mod serve;
mod server;
mod service;
mod shelf;
mod store;
mod trace;

pub use acceptance::{Acceptance, CopyVerifier, Facts};
pub use clock::{Clock, now};
pub use config::{Config, ConfigError, DeviceListener, Limits, PublicListener};
pub use formats_wire as wire;
pub use import::{ImportError, Imported};
pub use preserve::{Preserver, Round};
pub use server::{Registry, StartError};
pub use service::{Parts, Service};
pub use store::{Kept, Proof, Store, StoreError};
