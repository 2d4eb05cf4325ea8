//! Bodies under way. A device that comes back to an upload says that its last connection is dead,
//! however alive it looks from here: what came of the old body is written at once, so that the
//! device is told of every byte that arrived and sends none twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long the newer request waits for the older body to be written.
const WRITING: Duration = Duration::from_secs(5);

/// An upload, by its device and id: nobody ends another device's body.
type Key = (String, String);

/// What is being received, one body an upload.
#[derive(Default)]
pub(crate) struct Bodies {
    open: Arc<Mutex<HashMap<Key, Arc<watch::Sender<bool>>>>>,
}

/// The right to receive a body; ended by a newer request for the same upload. Dropped when all that
/// came is written.
pub(crate) struct Turn {
    open: Arc<Mutex<HashMap<Key, Arc<watch::Sender<bool>>>>>,
    key: Key,
    tell: Arc<watch::Sender<bool>>,
    told: watch::Receiver<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is one insertion or removal, so a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bodies {
    /// Announces that a body of this upload is being received.
    pub(crate) fn begin(&self, device: &str, id: &str) -> Turn {
        let key = (device.to_owned(), id.to_owned());
        let (tell, told) = watch::channel(false);
        let tell = Arc::new(tell);
        if let Some(older) = lock(&self.open).insert(key.clone(), Arc::clone(&tell)) {
            older.send_replace(true);
        }
        Turn { open: Arc::clone(&self.open), key, tell, told }
    }

    /// Ends the body of this upload that is being received, if any, and waits until it is written.
    pub(crate) async fn end(&self, device: &str, id: &str) {
        let key = (device.to_owned(), id.to_owned());
        let Some(older) = lock(&self.open).get(&key).map(Arc::clone) else { return };
        older.send_replace(true);
        if timeout(WRITING, older.closed()).await.is_err() {
            tracing::warn!("a dead connection's bytes are not written yet");
        }
    }
}

impl Turn {
    /// Ends when a newer request came.
    pub(crate) async fn ended(&self) {
        // The sender is our own, so this cannot fail before it is told.
        let _ = self.told.clone().wait_for(|ended| *ended).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        // The entry may be a newer body's by now.
        if open.get(&self.key).is_some_and(|tell| Arc::ptr_eq(tell, &self.tell)) {
            open.remove(&self.key);
        }
    }
}
