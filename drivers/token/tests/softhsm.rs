//! The token driver against real SoftHSM2 tokens.

use std::path::Path;

use counterpart::{SoftTokens, Subject, TestCa, TokenKey, TokenSpec, Usage, in_own_process};
use drivers_api::{DeviceError, Fault, KeyAlgorithm, Pin, SigningSession, Token};
use drivers_token::{Pkcs11Config, Pkcs11Token};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

const PIN: &str = "246810";
const MESSAGE: &[u8] = "Bản sao đúng với bản chính".as_bytes();

/// What a test has in its own process.
struct Bench {
    tokens: SoftTokens,
    ca: TestCa,
}

impl Bench {
    fn token(&self, label: &str, key: &str) -> Pkcs11Token {
        let module = self.tokens.module().to_path_buf();
        Pkcs11Token::new(Pkcs11Config { module, token: label.into(), key: key.into() })
    }

    fn open(&self, label: &str, key: &str) -> Box<dyn SigningSession> {
        self.token(label, key).open(&Pin::new(PIN)).expect("the token opens")
    }

    fn verifies(&self, session: &mut dyn SigningSession) -> bool {
        let signature = session.sign_digest(&digest()).expect("it signs");
        let algorithm: &dyn VerificationAlgorithm = match session.algorithm() {
            KeyAlgorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
            KeyAlgorithm::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = public_key(&session.chain()[0]);
        UnparsedPublicKey::new(algorithm, key).verify(MESSAGE, &signature).is_ok()
    }
}

fn digest() -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, MESSAGE);
    digest.as_ref().try_into().expect("32 bytes")
}

/// The key that a certificate certifies, found by a parser that the driver does not use for it.
fn public_key(certificate: &[u8]) -> Vec<u8> {
    use der::Decode;
    let certificate = x509_cert::Certificate::from_der(certificate).expect("a certificate");
    let info = certificate.tbs_certificate.subject_public_key_info;
    info.subject_public_key.raw_bytes().to_vec()
}

fn spec(label: &str, key_label: &str, key: TokenKey) -> TokenSpec {
    TokenSpec {
        label: label.into(),
        pin: PIN.into(),
        key_label: key_label.into(),
        key,
        subject: Subject::new(key_label, "UBND phường Cầu Giấy"),
        usage: Usage::DocumentSigner,
    }
}

fn fault<T>(result: Result<T, DeviceError>) -> Fault {
    result.map(|_| ()).expect_err("a fault was made").fault
}

/// Runs this test's body in a process that sees its tokens.
fn bench(test: &str, specs: &[TokenSpec], body: impl FnOnce(&Bench)) {
    in_own_process(test, |folder| {
        let ca = TestCa::new("Test root").expect("a root");
        let tokens = SoftTokens::create(folder, &ca, specs).expect("tokens");
        body(&Bench { tokens, ca });
    });
}

#[test]
fn ec_and_rsa_keys_on_two_tokens_sign_what_their_certificates_verify() {
    let specs = [
        spec("officer", "officer-key", TokenKey::EcP256),
        spec("authority", "seal-key", TokenKey::Rsa3072),
    ];
    let name = "ec_and_rsa_keys_on_two_tokens_sign_what_their_certificates_verify";
    bench(name, &specs, |bench| {
        let mut officer = bench.open("officer", "officer-key");
        let mut seal = bench.open("authority", "seal-key");
        assert_eq!(officer.algorithm(), KeyAlgorithm::EcdsaP256Sha256);
        assert_eq!(seal.algorithm(), KeyAlgorithm::RsaPkcs1Sha256);
        for (session, key) in [(&mut officer, "officer-key"), (&mut seal, "seal-key")] {
            assert!(bench.verifies(session.as_mut()), "{key}");
            let leaf = bench.tokens.certificate(key).expect("made").der.clone();
            assert_eq!(session.chain(), [leaf, bench.ca.root().der.clone()], "{key}");
        }
        drop((officer, seal));
        for (label, key) in [("officer", "officer-key"), ("authority", "seal-key")] {
            let shown = bench.token(label, key).certificates().expect("no PIN is needed");
            let leaf = bench.tokens.certificate(key).expect("made").der.clone();
            assert_eq!(shown, [leaf, bench.ca.root().der.clone()], "{key}");
        }
        let missing = bench.token("officer", "no-such-key").certificates();
        assert_eq!(fault(missing), Fault::Misconfigured);
    });
}

#[test]
fn a_wrong_pin_is_told_and_the_right_one_opens_after_it() {
    let specs = [spec("officer", "officer-key", TokenKey::EcP256)];
    bench("a_wrong_pin_is_told_and_the_right_one_opens_after_it", &specs, |bench| {
        let mut token = bench.token("officer", "officer-key");
        for pin in ["135790", "1", ""] {
            assert_eq!(fault(token.open(&Pin::new(pin))), Fault::PinIncorrect, "{pin:?}");
        }
        let mut first = token.open(&Pin::new(PIN)).expect("it opens");
        // The token itself would let a second opener in without looking at the PIN.
        assert_eq!(fault(token.open(&Pin::new("135790"))), Fault::PinIncorrect);
        assert!(bench.verifies(first.as_mut()), "the open session is unharmed");
        drop(first);
        assert_eq!(fault(token.open(&Pin::new("135790"))), Fault::PinIncorrect, "logged out");
        assert!(token.open(&Pin::new(PIN)).is_ok());
    });
}

#[test]
fn sessions_of_one_token_are_independent() {
    let specs = [
        spec("both", "officer-key", TokenKey::EcP256),
        spec("both", "seal-key", TokenKey::Rsa2048),
    ];
    bench("sessions_of_one_token_are_independent", &specs, |bench| {
        let mut officer = bench.open("both", "officer-key");
        let seal = bench.open("both", "seal-key");
        drop(seal);
        assert!(bench.verifies(officer.as_mut()), "the other's end logged nobody out");
        let mut seal = bench.open("both", "seal-key");
        drop(officer);
        assert!(bench.verifies(seal.as_mut()));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let mut session = bench.open("both", "officer-key");
                std::thread::spawn(move || session.sign_digest(&digest()).is_ok())
            })
            .collect();
        assert!(threads.into_iter().all(|thread| thread.join().expect("no panic")));
    });
}

#[test]
fn a_token_taken_out_is_removed_and_one_put_back_opens_again() {
    let specs = [
        spec("officer", "officer-key", TokenKey::EcP256),
        spec("authority", "seal-key", TokenKey::Rsa2048),
    ];
    let name = "a_token_taken_out_is_removed_and_one_put_back_opens_again";
    bench(name, &specs, |bench| {
        let mut token = bench.token("officer", "officer-key");
        let mut officer = token.open(&Pin::new(PIN)).expect("it opens");
        let mut seal = bench.open("authority", "seal-key");
        bench.tokens.unplug("officer").expect("it was in");
        assert_eq!(fault(officer.sign_digest(&digest())), Fault::Removed, "in mid-session");
        assert_eq!(fault(token.open(&Pin::new(PIN))), Fault::Removed, "a new session");
        assert_eq!(fault(token.probe()), Fault::Removed);
        assert!(bench.verifies(seal.as_mut()), "the other token is unharmed");
        drop((officer, seal));
        assert_eq!(fault(token.open(&Pin::new(PIN))), Fault::Removed, "still out");
        bench.tokens.plug("officer").expect("it was out");
        let mut again = token.open(&Pin::new(PIN)).expect("it opens again");
        assert!(bench.verifies(again.as_mut()));
    });
}

#[test]
fn what_is_missing_is_named() {
    let specs = [spec("officer", "officer-key", TokenKey::EcP256)];
    bench("what_is_missing_is_named", &specs, |bench| {
        let pin = Pin::new(PIN);
        let mut other_key = bench.token("officer", "nobody-key");
        assert_eq!(fault(other_key.open(&pin)), Fault::Misconfigured);
        assert_eq!(fault(bench.token("nobody", "officer-key").open(&pin)), Fault::Removed);
        let config = Pkcs11Config {
            module: Path::new("/nowhere/libnone.so").into(),
            token: "officer".into(),
            key: "officer-key".into(),
        };
        assert_eq!(fault(Pkcs11Token::new(config).open(&pin)), Fault::Misconfigured);
        let line = bench.token("officer", "officer-key").probe().expect("present");
        assert!(line.contains("officer") && line.contains("SoftHSM"), "{line}");
    });
}
