//! Any text as a verification code and as the text of a QR code.
#![no_main]

use std::sync::LazyLock;

use formats_copy::{TrustAnchors, VerificationCode, Verified, verify};
use libfuzzer_sys::fuzz_target;

static COPY: LazyLock<Verified> = LazyLock::new(|| {
    let trust = TrustAnchors::from_pem(include_bytes!("../../tests/data/root-v1.pem"));
    let bytes = include_bytes!("../../tests/data/copy-v1.pdf");
    verify(bytes, &trust.expect("a root")).expect("the copy verifies")
});

fuzz_target!(|text: &str| {
    if let Ok(code) = VerificationCode::parse(text) {
        assert_eq!(code.to_string().parse(), Ok(code));
    }
    // No text can be right without the authority's signature, which is not in the seeds.
    assert!(!COPY.matches_qr(text));
    let digest = hex::encode(COPY.manifest_sha256);
    assert!(!COPY.matches_qr(&format!("https://a/v/{}#{digest}.{text}", COPY.manifest.code)));
});
