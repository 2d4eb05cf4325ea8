//! The registry's acceptance under a made-up workload, through [`registry::Service`] in process:
//! the very routes that the listeners serve, without sockets, on a real folder.
//!
//! Step n brings copy n to the registry and ends with its receipt. Before that, some steps send a
//! copy that is refused, send an old copy once more, or claim an old sequence for other bytes:
//! none of that may leave a row. A run that was killed goes on with a half-sent upload.

mod check;
mod plan;
mod run;

pub use check::check;
pub use run::run;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ::registry::{Acceptance, Facts, Limits, Parts, Service, Store};
use formats_files::RealDisk;
use formats_wire::{KeyError, ReceiptSigner, Rejection};

use crate::Failure;
use crate::time_of;

/// The database's file.
const DATABASE: &str = "registry.sqlite";

/// An Ed25519 private key of 32 times 7, as PKCS#8 version 1 (RFC 8410). It signs nothing but made
/// up receipts.
const KEY_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

fn signer() -> Result<ReceiptSigner, KeyError> {
    ReceiptSigner::from_pkcs8(&[&KEY_HEAD[..], &[7; 32]].concat())
}

/// Takes what the workload made: the first line says what the copy is.
struct MadeUp;

impl Acceptance for MadeUp {
    fn check(&self, bytes: &[u8]) -> Result<Facts, Rejection> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice(line)
            .map_err(|_| Rejection::new("made-up", "không phải bản thử", "not a made-up copy"))
    }

    fn matches_qr(&self, _: &[u8], _: &str) -> bool {
        false
    }
}

/// The time of the step that is being done.
#[derive(Clone, Default)]
struct StepTime(Arc<AtomicI64>);

impl StepTime {
    fn set(&self, step: u64) {
        self.0.store(step.cast_signed(), Ordering::SeqCst);
    }
}

/// Opens the registry in a folder.
fn open(dir: &Path, time: &StepTime) -> Result<Service, Failure> {
    let store = Store::open(&dir.join(DATABASE), signer()?)?;
    let time = time.clone();
    let parts = Parts {
        disk: Arc::new(RealDisk::new(dir.to_owned())),
        store,
        acceptance: Arc::new(MadeUp),
        clock: Arc::new(move || time_of(time.0.load(Ordering::SeqCst).cast_unsigned())),
        limits: Limits::default(),
    };
    Ok(Service::open(parts)?)
}
