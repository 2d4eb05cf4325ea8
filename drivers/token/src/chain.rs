//! Which certificates of a token belong to a key, leaf first. No I/O.

use der::Decode;
use x509_cert::Certificate;

/// Most certificates of a chain: a leaf, a root, and what a state authority puts between.
const CHAIN_MAX: usize = 8;

/// The chain that begins with `leaf`: each next one carries the name that issued the one before,
/// taken from `others`, up to a self-issued one or as far as they reach. All in DER.
///
/// Only names are compared: a verifier checks signatures, and a wrong chain fails there.
pub(crate) fn chain_from(leaf: Vec<u8>, others: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let others: Vec<(&Vec<u8>, Certificate)> = others
        .iter()
        .filter_map(|bytes| Some((bytes, Certificate::from_der(bytes).ok()?)))
        .collect();
    let mut chain = vec![leaf];
    while let Some(last) = chain.last().and_then(|bytes| Certificate::from_der(bytes).ok()) {
        let names = &last.tbs_certificate;
        if names.issuer == names.subject || chain.len() == CHAIN_MAX {
            break;
        }
        let issuer = others.iter().find(|(bytes, one)| {
            one.tbs_certificate.subject == names.issuer && !chain.contains(bytes)
        });
        match issuer {
            Some((bytes, _)) => chain.push((*bytes).clone()),
            None => break,
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use counterpart::{Subject, TestCa, Usage};

    use super::*;

    fn leaf(ca: &TestCa, name: &str) -> Vec<u8> {
        let subject = Subject::new(name, "Test");
        ca.issue_with_key(&subject, &Usage::DocumentSigner).expect("issued").certificate.der
    }

    #[test]
    fn the_issuer_follows_its_leaf_and_strangers_stay_out() {
        let (ca, other) = (TestCa::new("One"), TestCa::new("Other"));
        let (ca, other) = (ca.expect("a root"), other.expect("a root"));
        let officer = leaf(&ca, "officer");
        let others = [leaf(&ca, "seal"), other.root().der.clone(), ca.root().der.clone()];
        let chain = chain_from(officer.clone(), &others);
        assert_eq!(chain, [officer, ca.root().der.clone()]);
    }

    #[test]
    fn a_chain_ends_where_the_token_holds_no_more_and_at_damaged_bytes() {
        let ca = TestCa::new("One").expect("a root");
        let officer = leaf(&ca, "officer");
        assert_eq!(chain_from(officer.clone(), &[vec![0x30, 0x80]]), [officer]);
        assert_eq!(chain_from(vec![1, 2], &[ca.root().der.clone()]), [[1, 2]]);
    }
}
