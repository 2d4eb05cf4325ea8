//! Attacks on a sealed copy, by the classes that were published on PDF signatures, each refused
//! with its reason.
//!
//! Classes: incremental saving, signature wrapping and universal forgery (Mladenov et al., "1
//! Trillion Dollar Refund", 2019); shadow attacks: hide, replace, hide and replace (Mainka et al.,
//! NDSS 2021); certification attacks (Rohlmann et al., "Breaking the Specification", 2021); and
//! what a dishonest holder of right keys can sign. The tables say: attack, expected code, file.

#[path = "../common/mod.rs"]
mod common;

mod certificates;
mod forge;
mod insider;
mod structure;
mod update;

use common::SEALED;
use formats_copy::verify;

/// One attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// The code of the refusal it must meet.
    pub(crate) expected: &'static str,
    pub(crate) file: Vec<u8>,
}

pub(crate) fn attack(name: &'static str, expected: &'static str, file: Vec<u8>) -> Attack {
    Attack { name, expected, file }
}

/// Checks all attacks of a class at once, so that one run shows every wrong reason.
fn refused(class: &str, attacks: &[Attack], at_least: usize) {
    let trust = SEALED.ca.trust();
    let mut wrong = Vec::new();
    for Attack { name, expected, file } in attacks {
        let found = match verify(file, &trust) {
            Ok(_) => "ACCEPTED".to_owned(),
            Err(refusal) if refusal.code() == *expected => continue,
            Err(refusal) => format!("{} ({refusal:?})", refusal.code()),
        };
        wrong.push(format!("{name}: expected {expected}, found {found}"));
    }
    assert!(wrong.is_empty(), "{class}:\n{}", wrong.join("\n"));
    assert!(attacks.len() >= at_least, "{class} has {} attacks", attacks.len());
}

#[test]
fn updates_appended_without_a_key_are_refused() {
    refused("incremental saving and shadow attacks", &update::appended(), 34);
}

#[test]
fn bytes_changed_cut_moved_or_wrapped_are_refused() {
    refused("changed and wrapped bytes", &update::changed(), 30);
}

#[test]
fn forged_signature_structures_are_refused() {
    refused("signature structures", &structure::attacks(), 24);
}

#[test]
fn wrong_certificates_and_signers_are_refused() {
    refused("certificates", &certificates::attacks(), 18);
}

#[test]
fn documents_prepared_before_signing_are_refused_though_both_keys_are_right() {
    refused("prepared documents", &insider::attacks(), 80);
}

/// Without this, every refusal above could be the forger's own mistake.
#[test]
fn what_the_forger_makes_without_a_deviation_is_accepted() {
    let trust = SEALED.ca.trust();
    for (name, file) in [
        ("signed again", insider::honest(|_| {})),
        ("written anew and signed again", insider::honest_rewritten()),
        ("with RSA keys", certificates::honest_rsa()),
        ("signed by the authority alone", insider::honest_alone()),
    ] {
        verify(&file, &trust).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    }
}

#[test]
fn codes_of_another_copy_do_not_fit() {
    let verified = verify(&SEALED.copy.bytes, &SEALED.ca.trust()).expect("the copy verifies");
    let own = &SEALED.copy.qr;
    let other = insider::other_copy().qr;
    assert!(verified.matches_qr(own));
    let (address, proof) = own.split_once('#').expect("two parts");
    let (other_address, other_proof) = other.split_once('#').expect("two parts");
    let (digest, signature) = proof.split_once('.').expect("two parts");
    let (other_digest, other_signature) = other_proof.split_once('.').expect("two parts");
    for (name, text) in [
        ("QR of another copy", other.clone()),
        ("code of another copy", format!("{other_address}#{proof}")),
        ("proof of another copy", format!("{address}#{other_proof}")),
        ("digest of another copy", format!("{address}#{other_digest}.{signature}")),
        ("signature of another copy", format!("{address}#{digest}.{other_signature}")),
        ("no signature", format!("{address}#{digest}.")),
        ("no proof", address.to_owned()),
    ] {
        assert!(!verified.matches_qr(&text), "{name}: {text}");
    }
}
