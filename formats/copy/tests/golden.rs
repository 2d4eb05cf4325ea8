//! A copy sealed by version 1 of the format, kept for ever. If a test here fails, do not change the
//! test or its data: copies like it are in people's hands and must go on being verified.

use formats_copy::{Product, TrustAnchors, verify};
use time::macros::datetime;

const COPY: &[u8] = include_bytes!("data/copy-v1.pdf");
const ROOT: &[u8] = include_bytes!("data/root-v1.pem");

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
