//! The code reader on codes drawn by another library, as glass and camera show them.

use drivers_api::{CodeReader, PixelFormat, Raster};
use drivers_codes::QrReader;
use paper::{ID_PAYLOAD, ID_PAYLOAD_WITHOUT_OLD_NUMBER, id_card};
use proptest::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// A drawing of a code: light of ink and paper, pixels a module, quiet zone of four modules.
fn drawn(payload: &str, module: usize, ink: u8, paper: u8) -> Raster {
    let code = QrCode::with_error_correction_level(payload, EcLevel::M).expect("it fits");
    drawing(&code, module, ink, paper)
}

fn drawing(code: &QrCode, module: usize, ink: u8, paper: u8) -> Raster {
    let modules = code.width();
    let side = (modules + 8) * module;
    let light = |i: usize| {
        let (x, y) = ((i % side) / module, (i / side) / module);
        let inside = (4..modules + 4).contains(&x) && (4..modules + 4).contains(&y);
        if inside && code[(x - 4, y - 4)] == Color::Dark { ink } else { paper }
    };
    grey(side, side, (0..side * side).map(light).collect())
}

fn grey(width: usize, height: usize, pixels: Vec<u8>) -> Raster {
    Raster::new(width as u32, height as u32, PixelFormat::Gray8, 300, pixels).expect("a shape")
}

/// Every pixel the mean of those within `radius`.
fn blurred(image: &Raster, radius: usize) -> Raster {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mean = |i: usize| {
        let (x, y) = (i % width, i / width);
        let (mut sum, mut count) = (0u32, 0u32);
        for y in y.saturating_sub(radius)..=(y + radius).min(height - 1) {
            for x in x.saturating_sub(radius)..=(x + radius).min(width - 1) {
                sum += u32::from(image.data()[y * width + x]);
                count += 1;
            }
        }
        (sum / count) as u8
    };
    grey(width, height, (0..width * height).map(mean).collect())
}

/// The image turned by some degrees on white, nearest pixel.
fn turned(image: &Raster, degrees: f64) -> Raster {
    let side = (f64::from(image.width()) * 1.5) as usize;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle, centre) = (side as f64 / 2.0, f64::from(image.width()) / 2.0);
    let light = |i: usize| {
        let (x, y) = ((i % side) as f64 - middle, (i / side) as f64 - middle);
        let (from_x, from_y) = (x * cos + y * sin + centre, y * cos - x * sin + centre);
        let inside = |v: f64| (0.0..f64::from(image.width())).contains(&v);
        if inside(from_x) && inside(from_y) {
            image.data()[from_y as usize * image.width() as usize + from_x as usize]
        } else {
            255
        }
    };
    grey(side, side, (0..side * side).map(light).collect())
}

fn read(image: &Raster) -> Vec<String> {
    QrReader::new().read(image).expect("reading does not fail")
}

#[test]
fn the_code_of_a_scanned_card_is_read_letter_by_letter() {
    for payload in [ID_PAYLOAD, ID_PAYLOAD_WITHOUT_OLD_NUMBER] {
        let card = id_card(payload).expect("a card");
        let page = Raster::new(card.width, card.height, PixelFormat::Rgb8, 300, card.rgb);
        assert_eq!(read(&page.expect("a shape")), [payload]);
    }
}

#[test]
fn small_faint_blurred_inverted_and_turned_codes_are_read() {
    let clear = drawn(ID_PAYLOAD, 6, 0, 255);
    for (what, image) in [
        ("clear", clear.clone()),
        ("two pixels a module", drawn(ID_PAYLOAD, 2, 0, 255)),
        ("faint", drawn(ID_PAYLOAD, 5, 196, 220)),
        ("dark", drawn(ID_PAYLOAD, 5, 8, 40)),
        ("blurred", blurred(&clear, 3)),
        ("light on dark", drawn(ID_PAYLOAD, 5, 230, 20)),
        ("a quarter turn", turned(&clear, 90.0)),
        ("upside down", turned(&clear, 180.0)),
        ("askew", turned(&clear, 33.0)),
    ] {
        assert_eq!(read(&image), [ID_PAYLOAD], "{what}");
    }
}

#[test]
fn a_small_code_on_a_large_page_is_found_with_its_place() {
    let code = drawn(ID_PAYLOAD, 2, 40, 215);
    let (width, height, left, top) = (2480, 3508, 1700, 2300);
    let mut page = vec![240u8; width * height];
    for (y, row) in code.data().chunks_exact(code.width() as usize).enumerate() {
        let at = (top + y) * width + left;
        page[at..at + row.len()].copy_from_slice(row);
    }
    for (i, level) in page.iter_mut().enumerate() {
        // Grain, so that two pixels a module are hard.
        *level = level.saturating_sub((((i * 2_654_435_761) >> 13) & 63) as u8);
    }
    let found = QrReader::new().find(&grey(width, height, page));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].payload, ID_PAYLOAD);
    // The quiet zone is no part of the code.
    let (near, far) = (8.0, code.width() as f32 - 8.0);
    let corners = [[near, near], [far, near], [far, far], [near, far]];
    for (corner, [x, y]) in found[0].corners.iter().zip(corners) {
        let off = (corner[0] - left as f32 - x).hypot(corner[1] - top as f32 - y);
        assert!(off < 4.0, "{:?}", found[0]);
    }
}

#[test]
fn all_codes_of_an_image_are_read_each_once() {
    let (one, two) = (drawn("thẻ một", 5, 0, 255), drawn("thẻ hai", 5, 0, 255));
    assert_eq!(one.width(), two.width());
    let pixels = [one.data(), two.data(), one.data()].concat();
    let side = one.width() as usize;
    let mut found = read(&grey(side, side * 3, pixels));
    found.sort();
    assert_eq!(found, ["thẻ hai", "thẻ một"]);
}

#[test]
fn the_largest_payload_is_read_and_an_empty_page_has_none() {
    let long = "a".repeat(2_331);
    assert_eq!(read(&drawn(&long, 4, 0, 255)), [long]);
    assert!(read(&grey(800, 600, vec![250; 480_000])).is_empty());
    assert!(read(&grey(1, 1, vec![0])).is_empty());
}

#[test]
fn vietnamese_that_looks_like_japanese_is_read_as_vietnamese() {
    assert_eq!(read(&drawn("ÃAộAỗầ", 4, 0, 255)), ["ÃAộAỗầ"]);
}

#[test]
fn a_code_that_states_its_encoding_is_read_in_it() {
    let mut bits = qrcode::bits::Bits::new(qrcode::Version::Normal(3));
    // ECI 3 is ISO 8859-1; these bytes would also be the UTF-8 of another text.
    bits.push_eci_designator(3).expect("it fits");
    bits.push_byte_data(&[0xc3, 0xa9]).expect("it fits");
    bits.push_terminator(EcLevel::M).expect("it fits");
    let code = QrCode::with_bits(bits, EcLevel::M).expect("a code");
    assert_eq!(read(&drawing(&code, 4, 0, 255)), ["Ã©"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_vietnamese_text_is_read_as_it_was_drawn(
        payload in "[a-zA-Z0-9|ăâđêôơưÁẠẢÃấầậẫổỗộữừ ,.-]{1,120}",
    ) {
        prop_assert_eq!(read(&drawn(&payload, 4, 0, 255)), [payload]);
    }

    #[test]
    fn noise_makes_nothing_panic(
        width in 1usize..90,
        pixels in proptest::collection::vec(any::<u8>(), 90 * 60),
    ) {
        let _ = read(&grey(width, 60, pixels[..width * 60].to_vec()));
    }
}
