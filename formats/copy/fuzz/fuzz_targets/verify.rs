//! Any bytes into the verifier: `cargo +nightly fuzz run verify`, seeded with
//! `formats/copy/tests/data/copy-v1.pdf`. Nothing but that file may be accepted.
#![no_main]

use std::sync::LazyLock;

use formats_copy::{TrustAnchors, verify};
use libfuzzer_sys::fuzz_target;

const COPY: &[u8] = include_bytes!("../../tests/data/copy-v1.pdf");
static TRUST: LazyLock<TrustAnchors> = LazyLock::new(|| {
    TrustAnchors::from_pem(include_bytes!("../../tests/data/root-v1.pem")).expect("a root")
});

fuzz_target!(|bytes: &[u8]| {
    // The changes of the input are laid over a true copy, so that the deep checks are reached.
    let mut copy = COPY.to_vec();
    for change in bytes.chunks_exact(4) {
        let at = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize % copy.len();
        copy[at] = change[3];
    }
    assert!(copy == COPY || verify(&copy, &TRUST).is_err());
    assert!(bytes == COPY || verify(bytes, &TRUST).is_err());
});
