//! Reads the codes that are held before the barcode reader, for as long as the kiosk runs.
//!
//! Whatever is read while no card is awaited is dropped at once, so that no code of before, or of
//! the person before, comes up in a visit. Nothing of a payload is logged.

use std::time::Duration;

use drivers_api::{BarcodeReader, DeviceError, Fault};
use tokio::sync::watch;

use crate::engine::Kiosk;
use crate::steps::identify;

/// How long one look for a code lasts.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long after a look for a reader that is away the next one comes.
const AGAIN: Duration = Duration::from_secs(1);
/// A reader that sends nothing but noise is not listened to without end.
const BREATH: Duration = Duration::from_millis(200);

/// How the barcode reader was when it was last listened to.
#[derive(Debug)]
pub struct Standing(watch::Sender<Option<Result<(), DeviceError>>>);

impl Default for Standing {
    /// That of a kiosk without a reader, or of one that has just started.
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Standing {
    /// Whether a code can be held before it now.
    pub fn is_there(&self) -> bool {
        matches!(*self.0.borrow(), Some(Ok(())))
    }

    /// How it is; none before the first look.
    pub fn last(&self) -> Option<Result<(), DeviceError>> {
        self.0.borrow().clone()
    }

    /// Every change to come.
    pub fn watch(&self) -> watch::Receiver<Option<Result<(), DeviceError>>> {
        self.0.subscribe()
    }

    /// Takes what a look has shown; a reader that went or came back is told once.
    fn take(&self, now: Result<(), DeviceError>) {
        let before = self.is_there();
        match &now {
            Ok(()) if !before => tracing::info!("the barcode reader is there"),
            Err(error) if before || self.last().is_none() => {
                tracing::warn!(%error, hint = error.hint(), "the barcode reader does not answer");
            }
            Ok(()) | Err(_) => {}
        }
        self.0.send_if_modified(|last| {
            let is_new = last.as_ref() != Some(&now);
            *last = Some(now);
            is_new
        });
    }
}

/// Listens until the process ends.
pub fn watch(kiosk: Kiosk, mut reader: Box<dyn BarcodeReader>) -> std::io::Result<()> {
    let listen = move || {
        loop {
            std::thread::sleep(look(&kiosk, reader.as_mut()));
        }
    };
    std::thread::Builder::new().name("barcode".into()).spawn(listen).map(drop)
}

/// Looks once for a code and gives it to the visit; says how long to wait until the next look.
fn look(kiosk: &Kiosk, reader: &mut dyn BarcodeReader) -> Duration {
    let standing = &kiosk.parts().barcode;
    let shown = match reader.read(PATIENCE) {
        Ok(None) => {
            standing.take(Ok(()));
            return Duration::ZERO;
        }
        Ok(Some(payload)) => identify::card_from_payload(&payload),
        Err(error) if matches!(error.fault, Fault::Garbled | Fault::TooLong) => {
            Err(identify::code_unread(error.to_string(), error.hint()))
        }
        Err(error) => {
            standing.take(Err(error));
            return AGAIN;
        }
    };
    standing.take(Ok(()));
    kiosk.show_card(shown);
    BREATH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_goes_and_comes_is_told_to_whoever_watches() {
        let standing = Standing::default();
        let mut watched = standing.watch();
        assert!(!standing.is_there() && standing.last().is_none());
        standing.take(Ok(()));
        assert!(standing.is_there() && watched.has_changed().expect("it lives"));
        watched.mark_unchanged();
        standing.take(Ok(()));
        assert!(!watched.has_changed().expect("it lives"), "nothing is new");
        let gone = DeviceError::new("reader", Fault::Removed, "hung up");
        standing.take(Err(gone.clone()));
        assert!(!standing.is_there() && watched.has_changed().expect("it lives"));
        assert_eq!(standing.last(), Some(Err(gone)));
    }
}
