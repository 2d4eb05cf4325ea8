//! The fuzzer: libFuzzer feeds the target that `FUZZ_TARGET` names. It never runs by itself; start
//! at `tests/fuzz.sh`.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = fuzz::TARGETS.iter().find(|target| target.name == name);
    found.map(|target| target.run).expect("FUZZ_TARGET names one of fuzz::TARGETS")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET(bytes));
