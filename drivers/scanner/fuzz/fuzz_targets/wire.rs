//! No bytes of a SANE server may make the driver panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drivers_scanner::fuzz_wire(bytes));
