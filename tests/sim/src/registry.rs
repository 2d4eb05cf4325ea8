//! The simulated registry: the product's own service on a disk and a database that lose power.
//!
//! The database is SQLite in memory. Its state after each commit is what a crash leaves; a commit
//! counts as an operation of the disk, so the power may go just before it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use formats_files::{Disk, MemoryDisk};
use formats_wire::{ReceiptKey, ReceiptSigner};
use registry::{Clock, Limits, Parts, Service, Store};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::Violation;
use crate::chaos::{Chaos, Trouble};
use crate::clock::TrueTime;
use crate::copy::SimAcceptance;

/// How long a registry is away after a power cut, in milliseconds at most.
const AWAY_MS_MAX: u64 = 600_000;

/// An Ed25519 private key of 32 times 7, as PKCS#8 version 1 (RFC 8410).
const RECEIPT_KEY_HEAD: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A registry machine.
pub struct SimRegistry {
    chaos: Chaos,
    truth: TrueTime,
    disk: MemoryDisk,
    /// The database as it is on the disk.
    database: Option<Vec<u8>>,
    committed: Arc<AtomicBool>,
    service: Option<Service>,
    /// When it starts again, true time in milliseconds.
    back_at: u64,
}

fn signer() -> Result<ReceiptSigner, String> {
    let key = [&RECEIPT_KEY_HEAD[..], &[7; 32]].concat();
    ReceiptSigner::from_pkcs8(&key).map_err(|error| error.to_string())
}

/// The key that verifies this registry's receipts.
#[must_use]
pub fn receipt_key() -> ReceiptKey {
    signer().expect("the constant key is a key").key()
}

impl SimRegistry {
    /// A registry that has nothing yet and is switched off.
    #[must_use]
    pub fn new(chaos: &Chaos, truth: &TrueTime) -> Self {
        Self {
            chaos: chaos.clone(),
            truth: truth.clone(),
            disk: MemoryDisk::new(chaos.below(u64::MAX)),
            database: None,
            committed: Arc::default(),
            service: None,
            back_at: 0,
        }
    }

    /// The routes as `device` sees them; none while the registry is away.
    pub fn router(&mut self, device: &str) -> Option<Router> {
        if self.truth.ms() < self.back_at {
            return None;
        }
        if self.service.is_none() && self.start().is_err() {
            self.crash();
            return None;
        }
        if self.chaos.strikes(Trouble::RegistryPowerCut) {
            self.disk.cut_after(1 + self.chaos.below(30));
        }
        if self.chaos.strikes(Trouble::RegistryDisk) {
            self.disk.fail_after(1 + self.chaos.below(20));
        }
        self.service.as_ref().map(|service| service.device_router(device))
    }

    /// After a request: notes what was committed. False if the registry went down meanwhile, so
    /// that nobody got an answer.
    pub fn settle(&mut self) -> bool {
        let Some(service) = &self.service else { return false };
        if self.committed.swap(false, Ordering::SeqCst) || self.database.is_none() {
            // The gate lets nothing be committed without power, so this holds also after a cut.
            self.database = service.store().snapshot().ok();
        }
        if self.disk.is_without_power() {
            self.crash();
            return false;
        }
        true
    }

    fn crash(&mut self) {
        self.service = None;
        self.disk.restart();
        self.back_at = self.truth.ms() + self.chaos.below(AWAY_MS_MAX);
    }

    fn start(&mut self) -> Result<(), String> {
        if self.chaos.is_on() && self.chaos.one_in(6) {
            self.disk.cut_after(1 + self.chaos.below(20));
        }
        let store = Store::in_memory(self.database.as_deref(), signer()?).map_err(text)?;
        let (disk, committed) = (self.disk.clone(), Arc::clone(&self.committed));
        let gate = move || {
            let allowed = disk.sync_folder("").is_ok();
            committed.fetch_or(allowed, Ordering::SeqCst);
            allowed
        };
        store.set_commit_gate(gate).map_err(text)?;
        let truth = self.truth.clone();
        let clock: Clock = Arc::new(move || {
            let now = truth.date();
            now.replace_nanosecond(0).unwrap_or(now)
        });
        let parts = Parts {
            disk: Arc::new(self.disk.clone()),
            store,
            acceptance: Arc::new(SimAcceptance(self.chaos.clone())),
            clock,
            limits: Limits::default(),
        };
        let service = Service::open(parts).map_err(text)?;
        if self.disk.is_without_power() {
            return Err("the power went while it started".to_owned());
        }
        self.service = Some(service);
        Ok(())
    }

    /// Ends all trouble here; the registry starts once more from what it has on disk.
    pub fn heal(&mut self) -> Result<(), Violation> {
        self.disk.calm();
        self.crash();
        self.back_at = 0;
        self.start().map_err(|what| {
            Violation::new("registry", &format!("it does not start any more: {what}"))
        })
    }

    fn service(&self) -> Result<&Service, String> {
        self.service.as_ref().ok_or_else(|| "the registry is away".to_owned())
    }

    /// Device, number and digest of the copy with this code.
    pub fn kept(&self, code: &str) -> Result<Option<(String, u32, String)>, String> {
        let kept = self.service()?.store().by_code(code).map_err(text)?;
        Ok(kept.map(|k| (k.facts.device, k.facts.number, hex::encode(k.sha256))))
    }

    /// Whether the file with this digest is there, unchanged.
    #[must_use]
    pub fn file_is_whole(&self, sha256: &str) -> bool {
        let mut digest = [0; 32];
        hex::decode_to_slice(sha256, &mut digest).is_ok()
            && self.service.as_ref().is_some_and(|service| {
                let bytes = service.copy(&digest);
                bytes.is_ok_and(|bytes| Sha256::digest(bytes)[..] == digest)
            })
    }

    /// Digests of all copies, read from the database as it is on the disk.
    pub fn digests(&self) -> Result<BTreeSet<String>, String> {
        let Some(bytes) = &self.database else { return Ok(BTreeSet::new()) };
        let mut database = Connection::open_in_memory().map_err(text)?;
        let length = bytes.len();
        database.deserialize_read_exact("main", &bytes[..], length, true).map_err(text)?;
        let mut query = database.prepare("SELECT lower(hex(sha256)) FROM copies").map_err(text)?;
        let rows = query.query_map([], |row| row.get::<_, String>(0)).map_err(text)?;
        rows.collect::<Result<_, _>>().map_err(text)
    }

    /// Whether the hash-chained log is sound: the registry refuses to open one that is not.
    pub fn check_log(&self) -> Result<(), String> {
        Store::in_memory(self.database.as_deref(), signer()?).map(drop).map_err(text)
    }
}

fn text(error: impl std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        source = cause.source();
    }
    said
}
