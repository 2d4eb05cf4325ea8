//! The registry without sockets: stores and rules, put together from parts. The listeners serve it;
//! a simulation calls the same routes in its own process.

use std::sync::Arc;

use axum::{Extension, Router};
use formats_files::Disk;
use tokio::sync::Semaphore;

use crate::device::{self, DeviceSide};
use crate::ingest::Ingest;
use crate::peer::Peer;
use crate::shelf::Shelf;
use crate::trace;
use crate::{Acceptance, Clock, Kept, Limits, Store};

/// What a registry is made of.
pub struct Parts {
    /// The data folder: uploads under way, kept copies, notes on refused ones.
    pub disk: Arc<dyn Disk>,
    /// The open database.
    pub store: Store,
    /// The judge of copies.
    pub acceptance: Arc<dyn Acceptance>,
    /// The time.
    pub clock: Clock,
    /// Bounds.
    pub limits: Limits,
}

/// A registry that can be asked.
pub struct Service {
    side: Arc<DeviceSide>,
    shelf: Arc<Shelf>,
    acceptance: Arc<dyn Acceptance>,
}

impl Service {
    /// Puts the parts together and clears what a crash left of uploads.
    ///
    /// # Errors
    /// When the data folder cannot be used.
    pub fn open(parts: Parts) -> std::io::Result<Self> {
        let Parts { disk, store, acceptance, clock, limits } = parts;
        let shelf = Arc::new(Shelf::open(disk)?);
        let store = Arc::new(store);
        let ingest = Ingest::new(
            Arc::clone(&shelf),
            Arc::clone(&store),
            Arc::clone(&acceptance),
            clock,
            limits.uploads_per_device,
        );
        let verifications = Semaphore::new(limits.verifications);
        let side = Arc::new(DeviceSide::new(ingest, store, verifications));
        let service = Self { side, shelf, acceptance };
        service.sweep();
        Ok(service)
    }

    /// The routes of the device listener as `device` sees them, to be called in this process. The
    /// listener takes the device's name from its certificate; here the caller vouches for it.
    pub fn device_router(&self, device: &str) -> Router {
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let peer = Peer { address, device: Some(device.to_owned()) };
        self.routes().layer(Extension(peer))
    }

    /// Rows, log and receipts.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.side.store
    }

    /// A kept copy's bytes, as they are on the disk.
    ///
    /// # Errors
    /// When there is none of this digest, or it cannot be read.
    pub fn copy(&self, sha256: &[u8; 32]) -> std::io::Result<Vec<u8>> {
        self.shelf.copy(sha256)
    }

    /// The file of a kept copy that proves most: the copy as it was received, perhaps with
    /// time-stamps and revocation data behind it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn strongest(&self, kept: &Kept) -> std::io::Result<Vec<u8>> {
        self.shelf.strongest(&kept.sha256, kept.proof.sha256.as_ref())
    }

    /// Frees the space of uploads that have expired. Blocking; done at opening and every hour.
    pub fn sweep(&self) {
        if let Err(error) = self.side.ingest.sweep() {
            trace::failure("sweep", &error);
        }
    }

    pub(crate) fn ingest(&self) -> &Ingest {
        &self.side.ingest
    }

    pub(crate) fn routes(&self) -> Router {
        device::router(Arc::clone(&self.side))
    }

    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    pub(crate) fn acceptance(&self) -> &Arc<dyn Acceptance> {
        &self.acceptance
    }
}
