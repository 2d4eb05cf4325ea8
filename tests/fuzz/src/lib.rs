//! Bytes from strangers into every parser that meets them: nothing may panic, and nothing but the
//! true copy may be accepted.
//!
//! Each target is a plain function. `make fuzz` runs them under libFuzzer; the tests run them over
//! their seeds, which are also the fuzzer's first inputs, and over whatever once failed.
//!
//! Start reading at [`TARGETS`].

mod chip;
mod copy;
mod page;

use drivers_api::Payload;
use drivers_barcode::Ending;
use drivers_barcode::frames::Frames;
use drivers_barcode::keys::{Keys, Stroke};
use drivers_camera::Coding;
use drivers_ticket::escpos::{Query, Replies, Reply, Status};
use formats_vn::card::{Claim, Source, cross_check};
use formats_vn::mrz::{self, LINE_CHARS, Seen};
use formats_wire::stick::StickIndex;
use formats_wire::{Receipt, UploadMeta, stick, tus};
use kiosk::store::read_segment;

/// A parser under fire.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also that of its folder below `seeds/`.
    pub name: &'static str,
    /// Takes any bytes; panics where something is wrong.
    pub run: fn(&[u8]),
    /// Further folders with inputs to begin with, from the root of the repository.
    pub golden: &'static [&'static str],
}

/// The day on which it is read.
const TODAY: time::Date = time::macros::date!(2026 - 11 - 23);

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, golden: &[] }
}

/// All of them.
pub const TARGETS: [Target; 24] = [
    target("verify", copy::verify),
    target("updates", copy::updates),
    target("cms", copy::cms),
    target("x509", copy::x509),
    target("timestamp", copy::timestamp),
    target("ocsp", copy::ocsp),
    target("code", copy::code),
    target("qr", copy::qr),
    target("id_qr", id_qr),
    target("mrz", mrz_lines),
    target("zone", zone),
    target("portrait", portrait),
    target("picture", drivers_scanner::fuzz_image),
    target("page", page::page),
    target("frame", frame),
    target("lds", chip::lds),
    target("chip", chip::conversation),
    target("scanner", drivers_scanner::fuzz_wire),
    target("ticket", ticket),
    target("barcode", barcode),
    target("keyboard", keyboard),
    target("ups", ups),
    Target { golden: &["formats/wire/golden"], ..target("wire", wire) },
    Target {
        golden: &["firmware/src/store/golden/v1", "firmware/src/store/golden/v2"],
        ..target("segment", segment)
    },
];

/// A camera's frame, as Motion JPEG and as YUYV.
fn frame(bytes: &[u8]) {
    for coding in [Coding::MotionJpeg, Coding::Yuyv { full_range: false }] {
        let decoded = drivers_camera::decode(bytes, coding, (64, 48), 0);
        assert!(decoded.is_err() || decoded.is_ok_and(|image| image.data().len() == 64 * 48 * 3));
    }
}

/// What a ticket printer says, one byte after the other.
fn ticket(bytes: &[u8]) {
    let mut replies = Replies::new();
    for (at, byte) in bytes.iter().enumerate() {
        match replies.take(*byte) {
            Some(Reply::Answer(answer)) => {
                let mut status = Status::default();
                Query::ALL.into_iter().for_each(|query| status.answered(query, answer));
            }
            Some(Reply::Automatic(_)) => assert!(at >= 3, "of four bytes"),
            Some(Reply::Printed(_)) | None => {}
        }
    }
    assert_eq!(replies.take(0x12), Some(Reply::Answer(0x12)), "it is still understood");
}

/// What a barcode reader sends on a serial line, whichever way it ends its codes.
fn barcode(bytes: &[u8]) {
    for ending in [Ending::Line, Ending::Silence] {
        let mut frames = Frames::new(ending);
        for byte in bytes {
            if let Ok(Some(scanned)) = frames.push(*byte) {
                assert!(Payload::new(&scanned).is_some(), "a code is plain text");
            }
        }
        let amid = frames.is_amid();
        let last = frames.silence().map(|scanned| scanned.is_some());
        assert!(last != Ok(true) || amid && ending == Ending::Silence, "a code out of nothing");
        let _ = bytes.iter().filter(|byte| frames.push(**byte).is_err()).count();
        frames.forget();
        assert!(!frames.is_amid(), "nothing is left of it");
    }
}

/// What a barcode reader in keyboard mode types: a key's code and what happened to it, by turns.
fn keyboard(bytes: &[u8]) {
    let mut keys = Keys::new();
    for pair in bytes.chunks_exact(2) {
        let [key, value] = [pair[0], pair[1]];
        let Some(stroke) = Stroke::of(i32::from(value)) else {
            keys.lost();
            continue;
        };
        if let Ok(Some(scanned)) = keys.take(u16::from(key), stroke) {
            assert!(scanned.is_ascii() && Payload::new(&scanned).is_some(), "a code is plain text");
        }
    }
    let amid = keys.is_amid();
    assert_eq!(keys.silence().is_err(), amid, "a code that is broken off is none");
    assert!(!keys.is_amid() && keys.silence().is_ok(), "nothing is left of it");
}

/// What NUT's daemon says, byte by byte.
fn ups(bytes: &[u8]) {
    use drivers_power::line::{LINE_BYTES_MAX, Lines, VALUE_BYTES_MAX, answer, question};
    let mut lines = Lines::new();
    for byte in bytes {
        let Ok(Some(line)) = lines.push(*byte) else { continue };
        assert!(line.len() < LINE_BYTES_MAX + 1);
        if let Ok(drivers_power::line::Answer::Value(value)) = answer(&line, "kiosk", "ups.status")
        {
            assert!(value.len() <= VALUE_BYTES_MAX);
        }
    }
    // A name that came from there brings no line's end along.
    if let Ok(name) = std::str::from_utf8(bytes)
        && let Ok(asked) = question(name, "ups.status")
    {
        assert_eq!(asked.matches('\n').count(), 1);
    }
}

/// The payload of an identity card's QR code.
fn id_qr(bytes: &[u8]) {
    if let Ok(payload) = std::str::from_utf8(bytes) {
        let _ = formats_vn::id_qr::parse(payload).map(|card| card.warnings());
    }
}

/// Lines of a page in which the machine-readable zone is looked for.
fn mrz_lines(bytes: &[u8]) {
    let Ok(page) = std::str::from_utf8(bytes) else { return };
    let Ok(zone) = mrz::find(page.lines(), TODAY) else { return };
    // What is found stands by itself: read as it is, it is the same card.
    let text = zone.text();
    let again = mrz::parse([&text[..30], &text[30..60], &text[60..]], TODAY);
    assert!(again.is_ok_and(|again| again.number == zone.number), "the zone does not stand");
    let claim = Claim::of_mrz(Source::Mrz, &zone);
    assert!(cross_check(&[claim.clone(), claim], TODAY).len() <= 5, "it differs from itself");
}

/// A zone as a reader of signs may see it: what each place is taken for, then what else it may be.
fn zone(bytes: &[u8]) {
    let sign = |at: usize| bytes.get(at).copied();
    let seen = std::array::from_fn(|line| {
        std::array::from_fn(|at| {
            let place = line * LINE_CHARS + at;
            let allowed = |sign: &u8| mrz::may_stand(line, at, *sign);
            let read = sign(place).unwrap_or(b'<');
            let others = std::array::from_fn(|i| sign(place + 90 + i).filter(allowed));
            let fallback = (b'0'..=b'Z').find(allowed).unwrap_or(b'<');
            let best = Some(read).filter(allowed).unwrap_or(fallback);
            Seen { read, best, others }
        })
    });
    let Ok(mut found) = mrz::settle(&seen, TODAY) else { return };
    let _ = mrz::settle_name(&mut found, &seen[2], "Nghiêm Thị Thử");
    let text = found.text();
    let again = mrz::parse([&text[..30], &text[30..60], &text[60..]], TODAY);
    assert!(again.is_ok_and(|again| again.name == found.name), "the zone does not stand");
    assert!(mrz::held(&text[..30], &text[30..60]).iter().all(|(_, holds)| *holds), "a digit fails");
}

/// The portrait of a chip, and any image where a card is looked for.
fn portrait(bytes: &[u8]) {
    if let Ok(portrait) = models::decode_portrait(bytes) {
        let side = portrait.width().max(portrait.height());
        assert!(side <= models::PORTRAIT_SIDE_MAX, "larger than any portrait");
        // What it shows may as well be a card.
        let _ = models::read_zone(&portrait, TODAY);
        let _ = models::printed_portraits(&portrait, None, None);
    }
}

/// What kiosk and registry say to each other, and what lies on a stick between them.
fn wire(bytes: &[u8]) {
    let _ = Receipt::from_bytes(bytes);
    let _ = StickIndex::from_bytes(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = UploadMeta::parse(text).map(|meta| meta.encode());
        let _ = tus::parse_http_date(text);
        let _ = stick::answered(text);
    }
}

/// A segment of the journal: header, frames, records of every version.
fn segment(bytes: &[u8]) {
    const GOLDEN: [&[u8]; 2] = [
        include_bytes!("../../../firmware/src/store/golden/v1/00000000000000000001.seg"),
        include_bytes!("../../../firmware/src/store/golden/v2/00000000000000000001.seg"),
    ];
    let _ = read_segment(bytes);
    // The input as one frame behind a true header, so that what is inside a frame is reached.
    for golden in GOLDEN {
        let length = (bytes.len() as u32).to_le_bytes();
        let crc = crc32c::crc32c_append(crc32c::crc32c(&length), bytes);
        let framed = [&golden[..56], &length, &crc.to_le_bytes(), bytes].concat();
        let _ = read_segment(&framed);
    }
}
