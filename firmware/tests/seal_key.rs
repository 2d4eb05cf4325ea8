//! The seal's key between copies, on real SoftHSM2 tokens: taken out, put back, changed.

use std::path::{Path, PathBuf};

use counterpart::{SoftTokens, Subject, TestCa, TokenKey, TokenSpec, Usage, in_own_process};
use drivers_api::{Fault, Pin, SigningSession, Token};
use drivers_token::{Pkcs11Config, Pkcs11Token};
use kiosk::pin::PinSource;
use kiosk::steps::seal_key::SealKey;

const PIN: &str = "246810";

fn spec(label: &str) -> TokenSpec {
    TokenSpec {
        label: label.into(),
        pin: PIN.into(),
        key_label: label.into(),
        key: TokenKey::EcP256,
        subject: Subject::new(label, "UBND phường Cầu Giấy"),
        usage: Usage::DocumentSigner,
    }
}

struct Bench {
    folder: PathBuf,
    ca: TestCa,
    tokens: SoftTokens,
    seal: SealKey,
}

impl Bench {
    fn token(&self, label: &str) -> Pkcs11Token {
        token(self.tokens.module(), label)
    }

    fn certificate(&self, label: &str) -> Vec<u8> {
        self.tokens.certificate(label).expect("made").der.clone()
    }

    /// Signs with the seal; its certificate.
    fn sign(&self) -> Vec<u8> {
        let mut key = self.seal.lend().expect("it is open");
        key.sign_digest(&[7; 32]).expect("it signs");
        key.chain()[0].clone()
    }
}

fn token(module: &Path, label: &str) -> Pkcs11Token {
    Pkcs11Token::new(Pkcs11Config { module: module.into(), token: label.into(), key: label.into() })
}

/// Runs this test's body in a process that sees its tokens.
fn bench(test: &str, body: impl FnOnce(&Bench)) {
    in_own_process(test, |folder| {
        let ca = TestCa::new("Test root").expect("a root");
        let specs = [spec("authority"), spec("officer")];
        let tokens = SoftTokens::create(folder, &ca, &specs).expect("tokens");
        let pin = folder.join("pin");
        std::fs::write(&pin, PIN).expect("the PIN is written");
        let seal =
            SealKey::new(Box::new(token(tokens.module(), "authority")), PinSource::File(pin));
        body(&Bench { folder: folder.into(), ca, tokens, seal });
    });
}

#[test]
fn a_seal_that_was_out_is_noticed_and_signs_again_once_it_is_back() {
    let name = "a_seal_that_was_out_is_noticed_and_signs_again_once_it_is_back";
    bench(name, |bench| {
        bench.seal.ready().expect("it opens");
        bench.sign();
        bench.tokens.unplug("authority").expect("it was in");
        assert_eq!(bench.seal.ready().expect_err("it is out").fault, Fault::Removed);
        assert_eq!(bench.seal.ready().expect_err("still out").fault, Fault::Removed);
        bench.tokens.plug("authority").expect("it was out");
        bench.seal.ready().expect("it is back");
        assert_eq!(bench.sign(), bench.certificate("authority"));
        // Out and back between two looks.
        bench.tokens.unplug("authority").expect("it was in");
        bench.tokens.plug("authority").expect("it was out");
        bench.seal.ready().expect("it is there");
        bench.sign();
        // Pulled while a copy is made: that copy fails, the next does not.
        bench.tokens.unplug("authority").expect("it was in");
        let failed = bench.seal.lend().expect("open").sign_digest(&[7; 32]);
        assert_eq!(failed.expect_err("it is out").fault, Fault::Removed);
        bench.tokens.plug("authority").expect("it was out");
        bench.seal.ready().expect("it is back");
        bench.sign();
    });
}

#[test]
fn another_token_of_the_same_name_is_not_taken_for_the_one_before() {
    let name = "another_token_of_the_same_name_is_not_taken_for_the_one_before";
    bench(name, |bench| {
        let other = bench.folder.join("other");
        std::fs::create_dir(&other).expect("a folder");
        let new = SoftTokens::create(&other, &bench.ca, &[spec("authority")]).expect("a token");
        bench.seal.ready().expect("it opens");
        let before = bench.sign();
        bench.tokens.unplug("authority").expect("it was in");
        for token in std::fs::read_dir(other.join("tokens")).expect("the other token").flatten() {
            let place = bench.folder.join("tokens").join(token.file_name());
            std::fs::rename(token.path(), place).expect("the other token goes in");
        }
        bench.seal.ready().expect("the other token opens");
        let after = bench.sign();
        assert_eq!(after, new.certificate("authority").expect("made").der);
        assert_ne!(after, before);
    });
}

#[test]
fn an_officers_token_put_in_later_opens_when_the_seal_is_put_down() {
    let name = "an_officers_token_put_in_later_opens_when_the_seal_is_put_down";
    bench(name, |bench| {
        bench.tokens.unplug("officer").expect("it was in");
        bench.seal.ready().expect("it opens");
        let mut officer = bench.token("officer");
        let open = |officer: &mut Pkcs11Token| officer.open(&Pin::new(PIN)).map(|_| ());
        assert_eq!(open(&mut officer).expect_err("it is out").fault, Fault::Removed);
        bench.tokens.plug("officer").expect("it was out");
        bench.seal.put_down();
        let mut key = officer.open(&Pin::new(PIN)).expect("it opens");
        bench.seal.ready().expect("it opens beside the officer's");
        bench.sign();
        key.sign_digest(&[7; 32]).expect("the officer signs");
    });
}
