//! Any bytes as a segment of the journal: `cargo +nightly fuzz run segment`, seeded with the
//! segments below `firmware/src/store/golden`. Header, frames, records of every version are read.
#![no_main]

use kiosk::store::read_segment;
use libfuzzer_sys::fuzz_target;

const GOLDEN: [&[u8]; 2] = [
    include_bytes!("../../src/store/golden/v1/00000000000000000001.seg"),
    include_bytes!("../../src/store/golden/v2/00000000000000000001.seg"),
];

fuzz_target!(|bytes: &[u8]| {
    let _ = read_segment(bytes);
    // The input as one frame behind a true header, so that what is inside a frame is reached.
    for golden in GOLDEN {
        let length = (bytes.len() as u32).to_le_bytes();
        let crc = crc32c::crc32c_append(crc32c::crc32c(&length), bytes);
        let framed = [&golden[..56], &length, &crc.to_le_bytes(), bytes].concat();
        let _ = read_segment(&framed);
    }
});
