//! No payload of a QR code may make the parser panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(payload) = std::str::from_utf8(bytes) {
        let _ = formats_vn::id_qr::parse(payload).map(|card| card.warnings());
    }
});
