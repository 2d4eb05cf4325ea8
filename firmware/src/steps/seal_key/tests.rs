//! How often a token is opened, and what becomes of a PIN that it refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A token that takes one PIN, counts how often it was tried, and can fail to sign.
#[derive(Clone, Default)]
struct Counted {
    opened: Arc<AtomicU32>,
    fails: Arc<AtomicU32>,
}

impl Token for Counted {
    fn open(&mut self, pin: &drivers_api::Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        match pin.expose() {
            "right" => Ok(Box::new(Session(self.clone(), [b"key".to_vec()]))),
            _ => Err(DeviceError::new("token", Fault::PinIncorrect, "no")),
        }
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok("counted".into())
    }

    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
        Ok(vec![b"key".to_vec()])
    }
}

struct Session(Counted, [Vec<u8>; 1]);

impl SigningSession for Session {
    fn chain(&self) -> &[Vec<u8>] {
        &self.1
    }

    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256Sha256
    }

    fn sign_digest(&mut self, _: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        match self.0.fails.load(Ordering::SeqCst) {
            0 => Ok(vec![1]),
            _ => Err(DeviceError::new("token", Fault::Removed, "gone")),
        }
    }
}

struct Bench {
    token: Counted,
    key: SealKey,
    pin: tempfile::NamedTempFile,
}

impl Bench {
    fn new(pin: &str) -> Self {
        let (token, file) = (Counted::default(), tempfile::NamedTempFile::new().expect("a file"));
        std::fs::write(file.path(), pin).expect("the PIN is written");
        let key = SealKey::new(Box::new(token.clone()), PinSource::File(file.path().into()));
        Self { token, key, pin: file }
    }

    fn opened(&self) -> u32 {
        self.token.opened.load(Ordering::SeqCst)
    }

    fn sign(&self) -> Result<Vec<u8>, DeviceError> {
        self.key.lend()?.sign_digest(&[0; 32])
    }
}

#[test]
fn one_login_serves_many_copies_until_a_signature_fails() {
    let bench = Bench::new("right");
    bench.key.ready().expect("it opens");
    for _ in 0..3 {
        bench.key.ready().expect("still open");
        bench.sign().expect("it signs");
    }
    assert_eq!(bench.opened(), 1);
    bench.token.fails.store(1, Ordering::SeqCst);
    assert_eq!(bench.sign().expect_err("it fails").fault, Fault::Removed);
    bench.token.fails.store(0, Ordering::SeqCst);
    bench.sign().expect("it signs again");
    assert_eq!(bench.opened(), 2, "a session that failed is not used again");
    bench.key.put_down();
    bench.sign().expect("it signs");
    assert_eq!(bench.opened(), 3);
}

#[test]
fn a_refused_pin_is_offered_once_and_again_only_when_its_file_was_written() {
    let bench = Bench::new("wrong");
    for _ in 0..5 {
        let error = bench.key.ready().expect_err("refused");
        assert_eq!(error.fault, Fault::Misconfigured, "not the officer's PIN: {error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    assert_eq!(bench.opened(), 1, "tokens lock themselves after a few tries");
    std::fs::write(bench.pin.path(), "right").expect("the PIN is corrected");
    // The clock of a file system may be coarse.
    let before = PinSource::File(bench.pin.path().into()).written().expect("it has a time");
    let later = before + std::time::Duration::from_secs(2);
    bench.pin.as_file().set_modified(later).expect("a later time");
    bench.sign().expect("it signs");
}
