//! The authority's key, kept open between copies so that the seal costs a signature and no log-in.
//!
//! The PIN is read from its source for each log-in and forgotten. A token that was taken out, or
//! changed for another, is noticed at the next decision, before the officer's PIN is spent. A PIN
//! that the token refused is not offered again until its source or the token changed: tokens lock
//! themselves for good after a few tries.

use std::sync::Mutex;
use std::time::SystemTime;

use drivers_api::{DeviceError, Fault, KeyAlgorithm, SigningSession, Token};

use crate::engine::lock;
use crate::pin::PinSource;

/// The authority's token with the session that stays open on it.
pub struct SealKey(Mutex<Inner>);

struct Inner {
    token: Box<dyn Token>,
    pin: PinSource,
    session: Option<Box<dyn SigningSession>>,
    refused: Option<Refused>,
}

/// A PIN that its token refused: which state of its source, which key.
#[derive(PartialEq)]
struct Refused {
    written: Option<SystemTime>,
    certificate: Option<Vec<u8>>,
}

impl SealKey {
    /// The key of `token`, and where its PIN comes from. Nothing is opened yet.
    pub fn new(token: Box<dyn Token>, pin: PinSource) -> Self {
        Self(Mutex::new(Inner { token, pin, session: None, refused: None }))
    }

    /// Makes sure that the key can sign: the token is there, is the one that was opened, and is
    /// logged in. Opens it anew otherwise.
    pub fn ready(&self) -> Result<(), DeviceError> {
        lock(&self.0).ready()
    }

    /// The open key; opened if it is not.
    pub fn lend(&self) -> Result<Lent<'_>, DeviceError> {
        let mut inner = lock(&self.0);
        let session = match inner.session.take() {
            Some(session) => session,
            None => inner.open()?,
        };
        Ok(Lent { home: &self.0, session: Some(session), failed: false })
    }

    /// Logs out until the next need: some modules look for tokens anew only while none is open.
    pub fn put_down(&self) {
        lock(&self.0).session = None;
    }

    /// The key's certificates, without a PIN.
    pub fn certificates(&self) -> Result<Vec<Vec<u8>>, DeviceError> {
        lock(&self.0).token.certificates()
    }
}

impl Inner {
    fn ready(&mut self) -> Result<(), DeviceError> {
        if let Some(mut session) = self.session.take() {
            let shown = self.token.certificates();
            let same = shown.is_ok_and(|shown| shown.first() == session.chain().first());
            if same && session.check().is_ok() {
                self.session = Some(session);
                return Ok(());
            }
            tracing::warn!("the seal's token was out or is another: opened anew");
        }
        let session = self.open()?;
        self.session = Some(session);
        Ok(())
    }

    fn open(&mut self) -> Result<Box<dyn SigningSession>, DeviceError> {
        let now = Refused {
            written: self.pin.written(),
            certificate: self.token.certificates().ok().and_then(|chain| chain.first().cloned()),
        };
        if self.refused.as_ref() == Some(&now) {
            return Err(wrong_pin(&self.pin));
        }
        let opened = self.token.open(&self.pin.read()?);
        match &opened {
            Ok(_) => self.refused = None,
            Err(error) if error.fault == Fault::PinIncorrect => {
                self.refused = Some(now);
                return Err(wrong_pin(&self.pin));
            }
            Err(_) => {}
        }
        opened
    }
}

/// Not the officer's PIN, so not a thing to try again.
fn wrong_pin(pin: &PinSource) -> DeviceError {
    let detail = format!("its token refuses the PIN in {pin}; not tried again until that changes");
    DeviceError::new("the authority's seal", Fault::Misconfigured, detail)
}

/// The open key while a copy is sealed; given back when dropped. A key that failed is not kept.
pub struct Lent<'a> {
    home: &'a Mutex<Inner>,
    session: Option<Box<dyn SigningSession>>,
    failed: bool,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if !self.failed {
            lock(self.home).session = self.session.take();
        }
    }
}

impl SigningSession for Lent<'_> {
    fn chain(&self) -> &[Vec<u8>] {
        self.session.as_ref().map_or(&[], |session| session.chain())
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.session.as_ref().map_or(KeyAlgorithm::EcdsaP256Sha256, |session| session.algorithm())
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        let none = || DeviceError::new("the authority's seal", Fault::Removed, "it is not open");
        let signed = self.session.as_mut().ok_or_else(none)?.sign_digest(digest);
        self.failed |= signed.is_err();
        signed
    }
}

#[cfg(test)]
mod tests;
