//! Certificates and signers that may not certify a copy.

use formats_copy::SignatureAlgorithm;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose as Purpose, IsCa,
    KeyUsagePurpose as Usage,
};
use time::macros::datetime;

use crate::Attack;
use crate::attack as a;
use crate::common::{SEALED, TestCa, TestSigner};
use crate::forge::{self, File, Forgery};

/// Signers of one try; by default both are right.
fn signed(mut officer: TestSigner, mut authority: TestSigner) -> Vec<u8> {
    let fine = Forgery::default();
    forge::seal(&File::unsigned(), (&mut officer, &fine), (&mut authority, &fine))
}

pub(crate) fn honest_rsa() -> Vec<u8> {
    signed(SEALED.ca.rsa_signer("a"), SEALED.ca.rsa_signer("b"))
}

fn with(change: impl FnOnce(&mut CertificateParams)) -> TestSigner {
    SEALED.ca.signer_with("a", change)
}

pub(crate) fn attacks() -> Vec<Attack> {
    let mut all = of_certificates();
    all.extend(of_issuers());
    all.extend(of_keys());
    all.extend(of_roles());
    all
}

fn of_certificates() -> Vec<Attack> {
    let right = || SEALED.ca.ec_signer("b");
    let officer = |name, expected, signer| a(name, expected, signed(signer, right()));
    let purpose = |purpose| with(|p| p.extended_key_usages = vec![purpose]);
    vec![
        officer(
            "expired",
            "not-valid-then",
            with(|p| {
                p.not_after = datetime!(2026-01-01 00:00 UTC);
            }),
        ),
        officer(
            "not yet valid",
            "not-valid-then",
            with(|p| {
                p.not_before = datetime!(2027-01-01 00:00 UTC);
            }),
        ),
        officer("for TLS clients", "wrong-purpose", purpose(Purpose::ClientAuth)),
        officer("for TLS servers", "wrong-purpose", purpose(Purpose::ServerAuth)),
        officer("for programs", "wrong-purpose", purpose(Purpose::CodeSigning)),
        officer("for time-stamps", "wrong-purpose", purpose(Purpose::TimeStamping)),
        officer("for revocation answers", "wrong-purpose", purpose(Purpose::OcspSigning)),
        officer(
            "key usage: agreement",
            "wrong-purpose",
            with(|p| {
                p.key_usages = vec![Usage::KeyAgreement];
            }),
        ),
        officer(
            "key usage: certificates",
            "wrong-purpose",
            with(|p| {
                p.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
            }),
        ),
        officer(
            "an authority's certificate",
            "wrong-purpose",
            with(|p| {
                p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }),
        ),
        a("authority's certificate expired", "not-valid-then", {
            signed(right(), with(|p| p.not_after = datetime!(2026-01-01 00:00 UTC)))
        }),
    ]
}

fn of_issuers() -> Vec<Attack> {
    let right = || SEALED.ca.ec_signer("b");
    let stranger = TestCa::new("Stranger");
    let namesake = TestCa::new("Test Root");
    // A signer's certificate used as if it were an authority's.
    let leaf = SEALED.ca.ec_signer("leaf");
    let mut below = leaf.issue("below");
    below.chain = vec![below.chain[0].clone(), leaf.chain[0].clone()];
    let deep = SEALED.ca.intermediate("First").intermediate("Second");
    let mut too_deep = deep.ec_signer("deep");
    too_deep.chain.push(SEALED.ca.intermediate("First").der);
    vec![
        a("root unknown", "unknown-issuer", signed(stranger.ec_signer("a"), right())),
        a("authority's root unknown", "unknown-issuer", {
            signed(right(), stranger.ec_signer("a"))
        }),
        a("root of the same name", "unknown-issuer", signed(namesake.ec_signer("a"), right())),
        a("issued by a signer", "wrong-purpose", signed(below, right())),
        a("issued too deep", "certificate-unusable", signed(too_deep, right())),
    ]
}

fn of_keys() -> Vec<Attack> {
    let right = || SEALED.ca.ec_signer("b");
    let by = |digest: &str| {
        let mut signer = SEALED.ca.ec_signer("weak");
        signer.chain = vec![signer.reissued(&SEALED.ca, digest, None)];
        signer
    };
    let short = {
        let signer = SEALED.ca.ec_signer("short");
        signer.with_rsa(&SEALED.ca, "1024")
    };
    assert_eq!(short.algorithm, SignatureAlgorithm::RsaPkcs1Sha256);
    vec![
        a("certificate signed by SHA-1", "certificate-unusable", signed(by("-sha1"), right())),
        a("certificate signed by SHA-224", "certificate-unusable", signed(by("-sha224"), right())),
        a("RSA of 1024 bits", "weak-key", signed(short, right())),
    ]
}

fn of_roles() -> Vec<Attack> {
    let fine = Forgery::default();
    let base = File::unsigned();
    let ca = &SEALED.ca;
    let right = || ca.ec_signer("b");
    let name = "Nguyễn Thị Thử";
    let mut one = ca.ec_signer("a");
    let same = forge::seal(&base, (&mut one.twin(), &fine), (&mut one, &fine));
    let renewed = {
        let mut renewed = one.twin();
        renewed.chain = vec![one.reissued(ca, "-sha256", None)];
        forge::seal(&base, (&mut one, &fine), (&mut renewed, &fine))
    };
    let (mut a_signer, mut b_signer) = (ca.ec_signer("a"), ca.ec_signer("b"));
    let officer_only = forge::sign(&base.bytes, &base, "Officer", &mut a_signer, &fine);
    let authority_only = forge::sign(&base.bytes, &base, "Authority", &mut b_signer, &fine);
    let reversed = forge::sign(&authority_only, &base, "Officer", &mut a_signer, &fine);
    let twice = forge::sign(&officer_only, &base, "Officer", &mut b_signer, &fine);
    let mut three = forge::sign(&officer_only, &base, "Authority", &mut b_signer, &fine);
    three = forge::sign(&three, &base, "Authority", &mut a_signer, &fine);
    vec![
        a("one certificate twice", "same-signer", same),
        a("one key, two certificates", "same-signer", renewed),
        a("officer's certificate in the authority's place", "wrong-order", {
            signed(ca.ec_signer("a"), ca.ec_signer(name))
        }),
        a("certificates changed about", "wrong-order", signed(right(), ca.ec_signer(name))),
        a("officer alone", "signature-missing", officer_only),
        a("authority alone", "signature-missing", authority_only),
        a("authority first", "wrong-order", reversed),
        a("officer twice", "wrong-order", twice),
        a("authority twice", "wrong-order", three),
    ]
}
