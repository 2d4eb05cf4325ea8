//! Any bytes as the answers of others: time-stamps (RFC 3161, CMS, X.509), OCSP, revocation lists.
//! None may panic, and none made of noise may be taken for an answer to our question.
#![no_main]

use std::sync::LazyLock;

use formats_copy::{Evidence, TimeStampQuery, TrustAnchors, add_evidence};
use libfuzzer_sys::fuzz_target;

const COPY: &[u8] = include_bytes!("../../tests/data/copy-v1.pdf");
static TRUST: LazyLock<TrustAnchors> = LazyLock::new(|| {
    TrustAnchors::from_pem(include_bytes!("../../tests/data/root-v1.pem")).expect("a root")
});

fuzz_target!(|bytes: &[u8]| {
    let query = TimeStampQuery::new([7; 32], [9; 16], None).expect("a question");
    assert!(query.token(bytes).is_err());
    // What has the form of evidence may be carried; it must not change the judgement by itself.
    if Evidence::of(bytes).is_some() {
        let _ = add_evidence(COPY, &TRUST, &[bytes.to_vec()]);
    }
    let _ = TrustAnchors::from_pem(bytes);
});
