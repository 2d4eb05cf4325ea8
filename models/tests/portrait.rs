//! Portraits of chips: decoded, or refused with their reason before they cost anything.

use std::io::Cursor;

use drivers_api::PixelFormat;
use models::{PORTRAIT_BYTES_MAX, PORTRAIT_SIDE_MAX, PortraitError, decode_portrait};

/// 48 by 64 pixels, red above blue, made by OpenJPEG: boxes, and a bare codestream in grey.
const BOXES: &[u8] = include_bytes!("../../tests/fuzz/seeds/portrait/colour.jp2");
const CODESTREAM: &[u8] = include_bytes!("../../tests/fuzz/seeds/portrait/grey.j2k");

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let image = image::RgbImage::from_fn(width, height, |_, y| {
        if y < height / 2 { image::Rgb([200, 30, 30]) } else { image::Rgb([20, 30, 210]) }
    });
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, image::ImageFormat::Jpeg).expect("a JPEG");
    file.into_inner()
}

#[test]
fn jpeg_and_jpeg_2000_give_the_same_pixels_but_for_what_compression_loses() {
    for file in [BOXES.to_vec(), jpeg(48, 64)] {
        let portrait = decode_portrait(&file).expect("a portrait");
        assert_eq!((portrait.width(), portrait.height()), (48, 64));
        assert_eq!(portrait.format(), PixelFormat::Rgb8);
        let pixel = |y: usize| &portrait.data()[(y * 48 + 24) * 3..][..3];
        assert!(pixel(10)[0] > 160 && pixel(10)[2] < 80, "{:?}", pixel(10));
        assert!(pixel(50)[2] > 160 && pixel(50)[0] < 80, "{:?}", pixel(50));
    }
    let grey = decode_portrait(CODESTREAM).expect("a portrait");
    assert_eq!((grey.format(), grey.width(), grey.height()), (PixelFormat::Gray8, 48, 64));
    assert!(grey.data()[10 * 48 + 24] > grey.data()[50 * 48 + 24]);
}

#[test]
fn nothing_too_much_and_another_kind_are_told_apart() {
    assert!(matches!(decode_portrait(&[]), Err(PortraitError::Empty)));
    assert!(matches!(decode_portrait(b"GIF89a"), Err(PortraitError::Kind)));
    let long = [BOXES, &vec![0; PORTRAIT_BYTES_MAX]].concat();
    assert!(matches!(decode_portrait(&long), Err(PortraitError::TooLong { .. })));
    let wide = decode_portrait(&jpeg(PORTRAIT_SIDE_MAX + 1, 20));
    assert!(matches!(wide, Err(PortraitError::Size { .. })), "{wide:?}");
    assert!(matches!(decode_portrait(&jpeg(8, 8)), Err(PortraitError::Size { .. })));
}

#[test]
fn a_jpeg_2000_that_states_a_huge_size_is_refused_by_its_head() {
    let mut huge = CODESTREAM.to_vec();
    // SOC, SIZ, length, capabilities; then width and height of the grid, and of a tile.
    huge[8..16].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    huge[24..32].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let refused = decode_portrait(&huge);
    assert!(matches!(refused, Err(PortraitError::Size { width: 65535, .. })), "{refused:?}");
}

#[test]
fn a_portrait_that_ends_anywhere_makes_nothing_panic() {
    for file in [BOXES, CODESTREAM] {
        assert!(decode_portrait(&file[..40.min(file.len())]).is_err());
        for end in (0..file.len()).step_by(7) {
            let _ = decode_portrait(&file[..end]);
        }
    }
}
