//! Files that are not what was sealed: each is refused, none makes the verifier panic.

mod common;

use common::{SEALED, TestCa, assets, request};
use formats_copy::{FILE_BYTES_MAX, Refusal, seal, verify};
use proptest::prelude::*;

fn refusal(bytes: &[u8]) -> Refusal {
    verify(bytes, &SEALED.ca.trust()).expect_err("a changed file is refused")
}

/// The hole of the last signature: from its `<` to behind its `>`.
fn last_hole(bytes: &[u8]) -> std::ops::Range<usize> {
    let mark = b"/Contents <";
    let start = bytes.windows(mark.len()).rposition(|w| w == mark).expect("a signature");
    let start = start + mark.len() - 1;
    let length = bytes[start..].iter().position(|b| *b == b'>').expect("its end") + 1;
    start..start + length
}

#[test]
fn every_byte_of_the_signature_parts_is_guarded() {
    let sealed = &SEALED.copy.bytes;
    let mark = b"ETSI.CAdES";
    let first = sealed.windows(mark.len()).position(|w| w == mark).expect("a signature");
    let mut bytes = sealed.clone();
    // All bits of the zeros behind the structures, of the hex digits, of the tables; a stride that
    // visits every place class keeps it short.
    for at in (first - 100..sealed.len()).step_by(5) {
        for bit in [0x01, 0x20] {
            bytes[at] ^= bit;
            let result = verify(&bytes, &SEALED.ca.trust());
            assert!(result.is_err(), "byte {at} of {} changed by {bit:#x}", sealed.len());
            bytes[at] ^= bit;
        }
    }
}

#[test]
fn each_kind_of_damage_has_its_own_reason() {
    let sealed = &SEALED.copy.bytes;
    let mut changed = sealed.clone();
    changed[sealed.len() / 3] ^= 1;
    assert_eq!(refusal(&changed).code(), "changed");
    assert_eq!(refusal(&sealed[..sealed.len() - 1000]).code(), "cut");
    assert_eq!(refusal(&[sealed, b"\nmore".as_slice()].concat()).code(), "cut");
    assert_eq!(refusal(b"").code(), "not-pdf");
    assert_eq!(refusal(b"GIF89a").code(), "not-pdf");
    assert_eq!(refusal(b"%PDF-1.7\nstartxref\n0\n%%EOF\n").code(), "not-certified-copy");
    let mut padding = sealed.clone();
    let at = last_hole(sealed).end - 2;
    assert_eq!(padding[at], b'0', "the hole ends in padding");
    padding[at] = b'1';
    assert_eq!(refusal(&padding).code(), "signature-malformed");
    let mut huge = sealed.clone();
    huge.resize(FILE_BYTES_MAX + 1, 0);
    assert_eq!(refusal(&huge).code(), "too-large");
}

#[test]
fn a_copy_with_only_the_officers_signature_is_refused() {
    let sealed = &SEALED.copy.bytes;
    let ends: Vec<_> = sealed.windows(6).enumerate().filter(|(_, w)| w == b"%%EOF\n").collect();
    let first_end = ends[ends.len() - 2].0 + 6;
    assert_eq!(refusal(&sealed[..first_end]).code(), "signature-missing");
    let unsigned_end = ends[ends.len() - 3].0 + 5;
    assert_eq!(refusal(&sealed[..unsigned_end]).code(), "not-certified-copy");
}

#[test]
fn signatures_in_the_wrong_fields_are_refused() {
    let mut bytes = SEALED.copy.bytes.clone();
    let (from, to) = ("/T(Officer)/TU<feff00", "/T(Authority)/TU<feff");
    let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect("the field");
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    assert_eq!(refusal(&bytes).code(), "wrong-order");
}

#[test]
fn an_increment_added_behind_the_signatures_is_refused() {
    let sealed = &SEALED.copy.bytes;
    let table = sealed.len() + 30;
    let more = format!(
        "{:<30}xref\n0 0\ntrailer\n<<>>\nstartxref\n{table}\n%%EOF\n",
        "\n9 0 obj 1 endobj"
    );
    assert_eq!(refusal(&[sealed, more.as_bytes()].concat()).code(), "added");
}

#[test]
fn strangers_expired_and_tls_certificates_are_refused() {
    let ca = TestCa::new("Test Root");
    let stranger = TestCa::new("Stranger");
    let reason = |mut officer: common::TestSigner, mut authority: common::TestSigner| {
        let copy = seal(&request(), &assets(), &mut officer, &mut authority).expect("a copy");
        verify(&copy.bytes, &ca.trust()).expect_err("refused").code()
    };
    assert_eq!(reason(stranger.ec_signer("a"), ca.ec_signer("b")), "unknown-issuer");
    assert_eq!(reason(ca.ec_signer("a"), stranger.ec_signer("b")), "unknown-issuer");
    assert_eq!(reason(ca.expired_signer("a"), ca.ec_signer("b")), "not-valid-then");
    assert_eq!(reason(ca.tls_signer("a"), ca.ec_signer("b")), "wrong-purpose");
}

#[test]
fn every_refusal_speaks_both_languages() {
    let sealed = &SEALED.copy.bytes;
    for refusal in [refusal(b""), refusal(&sealed[..sealed.len() - 9])] {
        assert!(refusal.vi().ends_with('.') && refusal.en().ends_with('.'));
        assert_ne!(refusal.vi(), refusal.en());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_single_changed_bit_anywhere_is_refused(
        at in any::<prop::sample::Index>(),
        bit in 0u32..8,
    ) {
        let mut bytes = SEALED.copy.bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        prop_assert!(verify(&bytes, &SEALED.ca.trust()).is_err(), "byte {at}, bit {bit}");
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        prop_assert!(verify(&bytes, &SEALED.ca.trust()).is_err());
        let framed = [b"%PDF-1.7\n", bytes.as_slice(), b"\nstartxref\n9\n%%EOF\n"].concat();
        prop_assert!(verify(&framed, &SEALED.ca.trust()).is_err());
    }

    #[test]
    fn cut_spliced_and_repeated_copies_are_refused(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        insert in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let sealed = &SEALED.copy.bytes;
        let (a, b) = (from.index(sealed.len()), to.index(sealed.len()));
        let spliced = [&sealed[..a], insert.as_slice(), &sealed[b..]].concat();
        prop_assume!(&spliced != sealed);
        prop_assert!(verify(&spliced, &SEALED.ca.trust()).is_err());
    }
}
