//! Copies sealed by earlier versions of the format, kept for ever. If a test here fails, do not
//! change the test or its data: copies like them are in people's hands and must go on being
//! verified.

use formats_copy::{Product, TrustAnchors, verify};
use time::macros::datetime;

const COPY: &[u8] = include_bytes!("data/copy-v1.pdf");
const ROOT: &[u8] = include_bytes!("data/root-v1.pem");
const COPY_2: &[u8] = include_bytes!("data/copy-v2.pdf");
const ROOT_2: &[u8] = include_bytes!("data/root-v2.pem");

#[test]
fn a_copy_of_format_version_1_still_verifies() {
    let trust = TrustAnchors::from_pem(ROOT).expect("the root of that copy");
    let verified = verify(COPY, &trust).expect("a copy of version 1 verifies");
    assert_eq!(verified.manifest.version, 1);
    assert_eq!(verified.manifest.product, Product::ChungThuc);
    assert_eq!(verified.manifest.code.to_string(), "7R7E-G30S-9R1P-T6XA");
    assert_eq!(verified.manifest.issued_at, datetime!(2026-11-22 09:15:30 +7));
    let officer = verified.officer.expect("two signed");
    assert_eq!(officer.common_name, "Nguyễn Thị Thử");
}

/// Version 2 knew turned pages and margins, and no layers. Its number is signed with it, so a file
/// of version 3 cannot call itself older (`tests/attacks`).
#[test]
fn a_copy_of_format_version_2_still_verifies() {
    let trust = TrustAnchors::from_pem(ROOT_2).expect("the root of that copy");
    let verified = verify(COPY_2, &trust).expect("a copy of version 2 verifies");
    assert_eq!(verified.manifest.version, 2);
    assert_eq!(verified.manifest.product, Product::ChungThuc);
    assert_eq!(verified.manifest.pages.len(), 2);
    assert_eq!(verified.manifest.pages[1].skew, 500);
    assert!(verified.manifest.pages.iter().all(|page| page.over.is_empty()));
    let officer = verified.officer.expect("two signed");
    assert_eq!(officer.common_name, "Nguyễn Thị Thử");
}
