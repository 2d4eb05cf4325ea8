//! Deviations in the signature structure, made with the right keys.

use der::asn1::{Any, OctetString, SetOfVec};
use der::{Encode, Tag};
use x509_cert::attr::Attribute;

use crate::Attack;
use crate::attack as a;
use crate::common::SEALED;
use crate::forge::{self, File, Forgery, SHA256, algorithm, any, attribute, oid, wrapped};

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
const SHA1: &str = "1.3.14.3.2.26";
const MD5: &str = "1.2.840.113549.2.5";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";

fn without(attributes: &mut Vec<Attribute>, kind: &str) {
    attributes.retain(|attribute| attribute.oid != oid(kind));
}

fn instead(attributes: &mut Vec<Attribute>, kind: &str, value: Any) {
    without(attributes, kind);
    attributes.push(attribute(kind, value));
}

/// A DER header of indefinite length (BER) around the same content.
fn indefinite(der: Vec<u8>) -> Vec<u8> {
    let header = if der[1] == 0x82 { 4 } else { 3 };
    [&[0x30, 0x80], &der[header..], &[0, 0]].concat()
}

/// The same length in one byte more than it needs.
fn long_length(der: Vec<u8>) -> Vec<u8> {
    assert_eq!(der[1], 0x82, "two bytes of length");
    [&[0x30, 0x83, 0x00], &der[2..]].concat()
}

type Case = (&'static str, &'static str, Forgery);

fn of_attributes() -> Vec<Case> {
    let case =
        |name, expected, attributes| (name, expected, Forgery { attributes, ..Forgery::default() });
    let bad = "signature-malformed";
    vec![
        case("content type missing", bad, |s| without(s, CONTENT_TYPE)),
        case("content type wrong", bad, |s| {
            instead(s, CONTENT_TYPE, any(&oid("1.2.840.113549.1.7.2")));
        }),
        case("message digest missing", bad, |s| without(s, MESSAGE_DIGEST)),
        case("message digest of something else", "changed", |s| {
            instead(s, MESSAGE_DIGEST, wrapped(&[7; 32], 0));
        }),
        case("message digest shortened", bad, |s| {
            instead(s, MESSAGE_DIGEST, wrapped(&[7; 20], 0));
        }),
        case("certificate reference missing", bad, |s| without(s, SIGNING_CERTIFICATE_V2)),
        case("certificate reference to another", bad, |s| {
            instead(s, SIGNING_CERTIFICATE_V2, wrapped(&[9; 32], 3));
        }),
        case("certificate reference of version 1", bad, |s| {
            without(s, SIGNING_CERTIFICATE_V2);
            s.push(attribute(SIGNING_CERTIFICATE, wrapped(&[9; 20], 3)));
        }),
        case("an attribute more", bad, |s| {
            s.push(attribute("1.2.840.113549.1.9.16.2.15", any(&oid("1.2.3"))));
        }),
    ]
}

fn of_signers() -> Vec<Case> {
    let case = |name, expected, info| (name, expected, Forgery { info, ..Forgery::default() });
    let bad = "signature-malformed";
    vec![
        case("attributes not signed", bad, |i| i.signed_attrs = None),
        case("digest by SHA-1", bad, |i| i.digest_alg = algorithm(SHA1)),
        case("digest by MD5", bad, |i| i.digest_alg = algorithm(MD5)),
        case("signer's digest another than the list's", bad, |i| {
            i.digest_alg = algorithm(SHA512);
        }),
        case("signature by SHA-1", bad, |i| {
            i.signature_algorithm = algorithm("1.2.840.10045.4.1");
        }),
        case("signature algorithm of another key", "signature-false", |i| {
            i.signature_algorithm = algorithm("1.2.840.113549.1.1.11");
            i.signature_algorithm.parameters = Some(Any::new(Tag::Null, []).expect("null"));
        }),
        case("signature empty", "signature-false", |i| {
            i.signature = OctetString::new([]).expect("short");
        }),
        case("signature of zeros", "signature-false", |i| {
            i.signature = OctetString::new([0x30, 6, 2, 1, 0, 2, 1, 0]).expect("short");
        }),
        case("an attribute outside the signature", bad, |i| {
            let value = attribute("1.2.840.113549.1.9.16.2.14", any(&oid("1.2.3")));
            i.unsigned_attrs = Some(SetOfVec::try_from(vec![value]).expect("one"));
        }),
        case("signer of version 3", bad, |i| i.version = cms::content_info::CmsVersion::V3),
    ]
}

fn of_structures() -> Vec<Case> {
    let data = |name, data| (name, "signature-malformed", Forgery { data, ..Forgery::default() });
    let der =
        |name, encoded| (name, "signature-malformed", Forgery { encoded, ..Forgery::default() });
    vec![
        data("two signers", |d| {
            let mut infos = d.signer_infos.0.clone().into_vec();
            let mut other = infos[0].clone();
            other.signature = OctetString::new([1; 64]).expect("short");
            infos.push(other);
            d.signer_infos.0 = SetOfVec::try_from(infos).expect("two");
        }),
        data("no signer", |d| d.signer_infos.0 = SetOfVec::new()),
        data("content inside", |d| {
            d.encap_content_info.econtent = Some(wrapped(b"another document", 0));
        }),
        data("content of another type", |d| {
            d.encap_content_info.econtent_type = oid("1.2.840.113549.1.9.16.1.4");
        }),
        data("no certificates", |d| d.certificates = None),
        data("a second digest", |d| {
            let both = vec![algorithm(SHA256), algorithm(SHA1)];
            d.digest_algorithms = SetOfVec::try_from(both).expect("two");
        }),
        der("indefinite length", indefinite),
        der("length longer than needed", long_length),
        der("a byte behind the structure", |der| [der, vec![1]].concat()),
        (
            "structure cut",
            "signature-false",
            Forgery { encoded: |der| der[..der.len() - 9].to_vec(), ..Forgery::default() },
        ),
        der("structure empty", |_| Vec::new()),
        der("another structure", |_| wrapped(&[0; 99], 9).to_der().expect("it encodes")),
        (
            "capital digits",
            "altered",
            Forgery { hex: |text| text.to_ascii_uppercase(), ..Forgery::default() },
        ),
        (
            "not digits",
            "altered",
            Forgery { hex: |text| text.replace("06", "0g"), ..Forgery::default() },
        ),
    ]
}

pub(crate) fn attacks() -> Vec<Attack> {
    let base = File::unsigned();
    let (mut officer, mut authority) = (SEALED.ca.ec_signer("a"), SEALED.ca.ec_signer("b"));
    let fine = Forgery::default();
    let mut file =
        |forgery: &Forgery| forge::seal(&base, (&mut officer, &fine), (&mut authority, forgery));
    let cases = [of_attributes(), of_signers(), of_structures()].into_iter().flatten();
    let mut all: Vec<_> =
        cases.map(|(name, expected, forgery)| a(name, expected, file(&forgery))).collect();
    all.push(a("officer's structure forged too", "signature-malformed", {
        let forgery = Forgery { encoded: indefinite, ..Forgery::default() };
        let mut other = SEALED.ca.ec_signer("c");
        forge::seal(&base, (&mut other, &forgery), (&mut SEALED.ca.ec_signer("d"), &fine))
    }));
    all
}
