//! A token with scripted troubles before a real one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use drivers_api::{DeviceError, Fault, KeyAlgorithm, Pin, SigningSession, Token};

/// What happens at one use of the token, be it opening or signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEvent {
    /// The real token answers.
    Pass,
    /// The use fails; the real token is not asked.
    Fail(Fault),
}

/// A real token whose uses can be made to fail by a script: each opening and each signature takes
/// one event, and when the script is at its end everything passes.
pub struct SimToken {
    inner: Box<dyn Token>,
    script: Shared,
}

type Shared = Arc<Mutex<VecDeque<TokenEvent>>>;

impl SimToken {
    /// Puts a script before a token.
    pub fn new(inner: Box<dyn Token>, script: impl IntoIterator<Item = TokenEvent>) -> Self {
        Self { inner, script: Arc::new(Mutex::new(script.into_iter().collect())) }
    }

    /// Adds an event at the end of the script, also for sessions that are open.
    pub fn push(&self, event: TokenEvent) {
        lock(&self.script).push_back(event);
    }
}

impl std::fmt::Debug for SimToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimToken").field("script", &self.script).finish_non_exhaustive()
    }
}

impl Token for SimToken {
    fn open(&mut self, pin: &Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
        next(&self.script)?;
        let inner = self.inner.open(pin)?;
        Ok(Box::new(SimSession { inner, script: Arc::clone(&self.script) }))
    }

    /// A probe takes no event.
    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok(format!("{}, troubles simulated", self.inner.probe()?))
    }

    /// Takes no event either.
    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.inner.certificates()
    }
}

struct SimSession {
    inner: Box<dyn SigningSession>,
    script: Shared,
}

impl SigningSession for SimSession {
    fn chain(&self) -> &[Vec<u8>] {
        self.inner.chain()
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.inner.algorithm()
    }

    /// Takes no event.
    fn check(&mut self) -> Result<(), DeviceError> {
        self.inner.check()
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        next(&self.script)?;
        self.inner.sign_digest(digest)
    }
}

fn next(script: &Shared) -> Result<(), DeviceError> {
    match lock(script).pop_front() {
        None | Some(TokenEvent::Pass) => Ok(()),
        Some(TokenEvent::Fail(fault)) => {
            Err(DeviceError::new("simulated token", fault, "scripted"))
        }
    }
}

fn lock(script: &Shared) -> std::sync::MutexGuard<'_, VecDeque<TokenEvent>> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for a real token; its signature is the digest, so that passing can be seen.
    struct Echo;

    impl Token for Echo {
        fn open(&mut self, _pin: &Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
            Ok(Box::new(Self))
        }

        fn probe(&mut self) -> Result<String, DeviceError> {
            Ok("echo".into())
        }

        fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
            Ok(vec![vec![1]])
        }
    }

    impl SigningSession for Echo {
        fn chain(&self) -> &[Vec<u8>] {
            &[]
        }

        fn algorithm(&self) -> KeyAlgorithm {
            KeyAlgorithm::EcdsaP256Sha256
        }

        fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
            Ok(digest.to_vec())
        }
    }

    #[test]
    fn each_use_takes_an_event_and_after_the_script_the_real_token_answers() {
        let script = [TokenEvent::Fail(Fault::PinIncorrect), TokenEvent::Pass];
        let mut token = SimToken::new(Box::new(Echo), script);
        let pin = Pin::new("1");
        let error = token.open(&pin).map(|_| ()).expect_err("scripted");
        assert_eq!(error.fault, Fault::PinIncorrect);
        let mut session = token.open(&pin).expect("it passes");
        token.push(TokenEvent::Fail(Fault::Removed));
        assert_eq!(session.sign_digest(&[7; 32]).expect_err("scripted").fault, Fault::Removed);
        assert_eq!(session.sign_digest(&[7; 32]), Ok(vec![7; 32]));
    }
}
