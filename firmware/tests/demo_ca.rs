//! The demonstration's authority: openssl finds it in order, and what it signs is a specimen
//! everywhere.

#[path = "../../formats/copy/tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::process::Command;

use common::{TestSigner, assets, request};
use formats_copy::{SPECIMEN, TrustAnchors, seal, verify};
use kiosk::clock::{Clock, SystemClock};
use kiosk::demo_ca::{Cast, Made, make};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

fn made() -> Vec<Made> {
    let request = request();
    let cast = Cast {
        authority: request.authority,
        officer: request.officer,
        device: "MAU-01".into(),
        registry: vec!["localhost".into(), "127.0.0.1".into()],
        services: "http://127.0.0.1:8318".into(),
    };
    make(&cast, SystemClock.now()).expect("names that fit")
}

fn of<'a>(made: &'a [Made], role: &str) -> &'a Made {
    made.iter().find(|made| made.role == role).expect("it was made")
}

fn openssl(arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(arguments).current_dir(folder).output().expect("openssl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}{:?}", output.stderr);
    text
}

#[test]
fn openssl_finds_every_certificate_in_order_for_its_own_purpose_and_marked() {
    let (made, folder) = (made(), tempfile::tempdir().expect("a folder"));
    for each in &made {
        let path = folder.path().join(format!("{}.pem", each.role));
        std::fs::write(path, &each.certificate).expect("written");
    }
    for (role, purpose) in [
        ("officer", "any"),
        ("authority", "any"),
        ("device", "sslclient"),
        ("registry", "sslserver"),
        ("time-stamp", "timestampsign"),
        ("responder", "ocsphelper"),
    ] {
        let file = format!("{role}.pem");
        let chain = ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "-purpose", purpose];
        openssl(&[&["verify", "-x509_strict"], &chain[..], &[&file]].concat(), folder.path());
        let shown = ["x509", "-noout", "-text", "-nameopt", "utf8", "-in", &file];
        let text = openssl(&shown, folder.path());
        let subject = text.lines().find(|line| line.contains("Subject:")).unwrap_or_default();
        assert!(subject.contains(SPECIMEN), "{text}");
        let watched = matches!(role, "officer" | "authority" | "time-stamp");
        assert_eq!(text.contains("OCSP - URI:http://127.0.0.1:8318/ocsp"), watched, "{text}");
    }
}

#[test]
fn what_it_signs_is_a_specimen_on_paper_and_to_every_verifier() {
    let made = made();
    let der = |role: &str| {
        let pem = of(&made, role).certificate.as_bytes();
        CertificateDer::from_pem_slice(pem).expect("PEM").to_vec()
    };
    let signer = |role: &str| TestSigner::of(vec![der(role), der("issuing")], &of(&made, role).key);
    let mut request = request();
    request.issued_at = SystemClock.now();
    let (mut officer, mut authority) = (signer("officer"), signer("authority"));
    let copy = seal(&request, &assets(), &mut officer, &mut authority).expect("sealed");
    assert!(copy.manifest.specimen);
    let trust = TrustAnchors::from_pem(of(&made, "root").certificate.as_bytes()).expect("usable");
    let verified = verify(&copy.bytes, &trust).expect("genuine for who trusts that root");
    assert!(verified.is_specimen());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.pdf");
    std::fs::write(&file, &copy.bytes).expect("written");
    let output = Command::new("pdftotext").arg(&file).arg("-").output().expect("poppler runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains(SPECIMEN));
}
