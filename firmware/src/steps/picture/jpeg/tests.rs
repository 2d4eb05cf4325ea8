//! What coring leaves out, and what it must not.

use super::*;

const SIZE: usize = 256;

/// Grain of a fixed sequence: each level off by at most `most`.
fn grain(most: i32) -> impl FnMut() -> i32 {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as i32 % (2 * most + 1) - most
    }
}

/// Paper with grain, on which `draw` says what is printed.
fn paper(most: i32, draw: impl Fn(usize, usize) -> i32) -> Plane {
    let mut grain = grain(most);
    let level = |i: usize| draw(i % SIZE, i / SIZE) + grain();
    let data = (0..SIZE * SIZE).map(level).map(|level| level.clamp(0, 255) as u8).collect();
    Plane::new(SIZE, SIZE, data)
}

fn worst(plane: &Plane, truth: impl Fn(usize, usize) -> i32) -> i32 {
    let off = |(i, level): (usize, &u8)| (i32::from(*level) - truth(i % SIZE, i / SIZE)).abs();
    plane.data.iter().enumerate().map(off).max().unwrap_or_default()
}

#[test]
fn the_grain_of_paper_goes_and_its_strength_is_measured() {
    let mut plane = paper(6, |_, _| 240);
    // A throw of 13 equal levels has a deviation of 3.74.
    assert!((3.4..4.1).contains(&plane.grain()), "{}", plane.grain());
    plane.core(3.5);
    let off = |level: &&u8| level.abs_diff(240) > 2;
    let kept = plane.data.iter().filter(off).count();
    assert!(kept < SIZE * SIZE / 50, "{kept} pixels are still grainy");
}

#[test]
fn print_and_faint_marks_stay_where_they_are() {
    // A letter's stem of two pixels, and a stroke of pencil eight levels off the paper.
    let drawn = |x: usize, y: usize| match x % 64 {
        20 | 21 if y > 30 => 30,
        40..=43 => 232,
        _ => 240,
    };
    let mut plane = paper(4, drawn);
    plane.core(3.5);
    assert!(worst(&plane, drawn) <= 14, "off by {}", worst(&plane, drawn));
    let mean = |column: usize| {
        (0..SIZE).map(|y| f32::from(plane.data[y * SIZE + column])).sum::<f32>() / SIZE as f32
    };
    assert!(mean(32) - mean(41) > 6.0, "the pencil is {} and {}", mean(32), mean(41));
}

#[test]
fn a_page_without_grain_is_not_touched() {
    let drawn = |x: usize, y: usize| ((x * 7 + y * 13) % 50 + 100) as i32;
    let flat = |x: usize, _: usize| if x % 64 < 8 { 239 } else { 240 };
    for truth in [&drawn as &dyn Fn(usize, usize) -> i32, &flat] {
        let mut plane = paper(0, truth);
        let before = plane.data.clone();
        let grain = plane.grain();
        plane.core(3.5);
        if grain == 0.0 {
            assert_eq!(plane.data, before);
        } else {
            assert!(worst(&plane, truth) < 40, "strong patterns are no grain");
        }
    }
}

#[test]
fn pages_of_any_size_and_kind_become_jpegs_of_that_size() {
    for (width, height) in [(1, 1), (7, 9), (8, 8), (17, 33)] {
        for (format, channels) in [(PixelFormat::Rgb8, 3), (PixelFormat::Gray8, 1)] {
            let data = vec![200; (width * height * channels) as usize];
            let page = Raster::new(width, height, format, 300, data).expect("a raster");
            let jpeg = encode(&page, RECIPE).expect("a JPEG");
            let read = image::load_from_memory(&jpeg).expect("it decodes");
            assert_eq!((read.width(), read.height()), (width, height));
            assert_eq!(read.color().channel_count(), channels as u8);
        }
    }
}
