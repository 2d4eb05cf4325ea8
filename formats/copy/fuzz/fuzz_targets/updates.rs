//! Any bytes as updates behind a sealed copy: framed as time-stamps and validation data are, so
//! that the deep checks are reached. No such file may prove more than the sealed copy does.
#![no_main]

use std::sync::LazyLock;

use formats_copy::{Level, TrustAnchors, verify};
use libfuzzer_sys::fuzz_target;

const COPY: &[u8] = include_bytes!("../../tests/data/copy-v1.pdf");
static TRUST: LazyLock<TrustAnchors> = LazyLock::new(|| {
    TrustAnchors::from_pem(include_bytes!("../../tests/data/root-v1.pem")).expect("a root")
});

fuzz_target!(|bytes: &[u8]| {
    let object = COPY.len() + 1;
    let head = format!("\n38 0 obj\n<</Length {}>>\nstream\n", bytes.len());
    let mut file = [COPY, head.as_bytes(), bytes, b"\nendstream\nendobj\n"].concat();
    file.extend(b"39 0 obj\n<</Type/DSS>>\nendobj\n");
    let table = file.len();
    file.extend(format!("xref\n38 1\n{object:010} 00000 n \ntrailer\n<<>>\n").as_bytes());
    file.extend(format!("startxref\n{table}\n%%EOF\n").as_bytes());
    assert!(verify(&file, &TRUST).is_err());
    // And the bytes as the whole update.
    let end = format!("\nxref\n1 1\n{object:010} 00000 n \ntrailer\n<<>>\nstartxref\n");
    let mut file = [COPY, b"\n", bytes].concat();
    let table = file.len() + 1;
    file.extend(end.as_bytes());
    file.extend(format!("{table}\n%%EOF\n").as_bytes());
    assert!(verify(&file, &TRUST).map_or(true, |found| found.level == Level::Basic));
});
