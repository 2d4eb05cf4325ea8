//! What a page in layers shows, and that nothing of it is lost.

use super::*;

const WIDTH: usize = 640;
const HEIGHT: usize = 512;

/// A page of paper with grain on which `draw` says what is printed, in red, green and blue.
fn page(most: i32, draw: impl Fn(usize, usize) -> Option<[i32; 3]>) -> Raster {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut grain = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as i32 % (2 * most + 1) - most
    };
    let mut data = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for at in 0..WIDTH * HEIGHT {
        let colour = draw(at % WIDTH, at / WIDTH).unwrap_or([240, 238, 230]);
        data.extend(colour.map(|level| (level + grain()).clamp(0, 255) as u8));
    }
    Raster::new(WIDTH as u32, HEIGHT as u32, PixelFormat::Rgb8, 300, data).expect("a raster")
}

const BLACK: [i32; 3] = [25, 25, 28];
const RED: [i32; 3] = [208, 40, 50];
const BLUE: [i32; 3] = [30, 50, 150];

/// Strokes as letters have them.
fn letters(x: usize, y: usize) -> bool {
    (40..480).contains(&y) && (40..360).contains(&x) && x % 16 < 4 && y % 40 < 24
}

fn layers(page: &Raster) -> Picture {
    Picture::layered(page, &LAYERING).expect("layers")
}

fn mean(page: &Raster, xs: std::ops::Range<usize>, ys: std::ops::Range<usize>) -> [f32; 3] {
    let (mut sums, mut count) = ([0.0; 3], 0.0);
    for (x, y) in ys.flat_map(|y| xs.clone().map(move |x| (x, y))) {
        let at = 3 * (y * WIDTH + x);
        sums.iter_mut().zip(&page.data()[at..]).for_each(|(sum, v)| *sum += f32::from(*v));
        count += 1.0;
    }
    sums.map(|sum| sum / count)
}

fn near(a: [f32; 3], b: [f32; 3], most: f32) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= most)
}

#[test]
fn a_page_of_letters_is_paper_and_ink_and_looks_like_the_scan() {
    let page = page(6, |x, y| letters(x, y).then_some(BLACK));
    let picture = layers(&page);
    let [ink] = picture.over.as_slice() else { panic!("{} layers", picture.over.len()) };
    assert!(ink.ink.is_some());
    let shown = picture.shown().expect("it decodes");
    for y in (0..HEIGHT).step_by(64) {
        for x in (0..WIDTH).step_by(64) {
            let (a, b) = (mean(&page, x..x + 64, y..y + 64), mean(&shown, x..x + 64, y..y + 64));
            assert!(near(a, b, 4.0), "{x} {y}: {a:?} {b:?}");
        }
    }
    // Strokes stand where they stood, to the pixel.
    for (x, y) in (60..80).flat_map(|y| (40..360).map(move |x| (x, y))) {
        let dark = shown.data()[3 * (y * WIDTH + x)] < 128;
        assert_eq!(dark, letters(x, y), "{x} {y}");
    }
    let whole = Picture::whole(&page, RECIPE).expect("a JPEG");
    assert!(picture.bytes() * 2 < whole.bytes(), "{} {}", picture.bytes(), whole.bytes());
}

#[test]
fn a_faint_stroke_of_pencil_and_a_stain_stay_in_the_paper() {
    let pencil = |x: usize, y: usize| (500..504).contains(&x) && (50..450).contains(&y);
    let stain = |x: usize, y: usize| (x as i32 - 200).pow(2) + (y as i32 - 250).pow(2) < 6400;
    let page = page(4, |x, y| {
        if letters(x, y) {
            Some(BLACK)
        } else if pencil(x, y) {
            Some([232, 230, 222])
        } else {
            stain(x, y).then_some([228, 220, 200])
        }
    });
    let shown = layers(&page).shown().expect("it decodes");
    let drop = mean(&shown, 520..540, 100..400)[0] - mean(&shown, 501..503, 100..400)[0];
    assert!(drop > 5.0, "the pencil is {drop} darker than the paper");
    // Between two strokes, inside the stain and outside.
    let (inside, outside) = (mean(&shown, 199..205, 240..262), mean(&shown, 199..205, 40..62));
    assert!(near(inside, [228.0, 220.0, 200.0], 6.0), "{inside:?}");
    assert!(near(outside, [240.0, 238.0, 230.0], 4.0), "{outside:?}");
}

#[test]
fn a_seal_is_kept_in_a_patch_as_the_scanner_saw_it() {
    let ring = |x: usize, y: usize| {
        let r = (x as f32 - 500.0).hypot(y as f32 - 250.0);
        (70.0..75.0).contains(&r) || r < 20.0
    };
    let page = page(6, |x, y| if ring(x, y) { Some(RED) } else { letters(x, y).then_some(BLACK) });
    let picture = layers(&page);
    let [_, patch] = picture.over.as_slice() else { panic!("{} layers", picture.over.len()) };
    assert!(patch.ink.is_none());
    let [left, top, width, height] = patch.area;
    assert!(left <= 425 && top <= 175 && left + width >= 575 && top + height >= 325);
    let shown = picture.shown().expect("it decodes");
    assert!(near(mean(&shown, 490..510, 240..260), RED.map(|v| v as f32), 4.0));
}

#[test]
fn a_page_filled_in_with_blue_ink_keeps_its_colours_without_patches() {
    let blue = |x: usize, y: usize| {
        (20..620).contains(&x) && (20..490).contains(&y) && x % 20 < 5 && y % 40 < 20
    };
    let page = page(6, |x, y| blue(x, y).then_some(BLUE));
    let picture = layers(&page);
    assert_eq!(picture.over.len(), 1);
    let shown = picture.shown().expect("it decodes");
    let found = mean(&shown, 301..304, 121..138);
    assert!(near(found, BLUE.map(|v| v as f32), 12.0), "{found:?}");
}

#[test]
fn fine_lines_and_shades_that_layers_would_lose_are_kept_in_patches() {
    // Lines of one pixel, too faint to be ink and too fine for the paper.
    let fine = |x: usize, y: usize| (400..600).contains(&x) && (100..200).contains(&y);
    let lines = |x: usize, y: usize| (fine(x, y) && x % 6 < 2).then_some([198, 196, 190]);
    let page = page(3, |x, y| lines(x, y).or(letters(x, y).then_some(BLACK)));
    let shown = layers(&page).shown().expect("it decodes");
    for x in (402..598).step_by(6) {
        let (x, ys) = (x / 6 * 6, 110..190);
        let line = mean(&shown, x..x + 2, ys.clone())[0];
        let between = mean(&shown, x + 3..x + 5, ys)[0];
        assert!(between - line > 30.0, "{x}: {line} {between}");
    }
}

#[test]
fn a_photograph_is_one_jpeg() {
    let photo = |x: usize, y: usize| {
        let wave = |a: usize, b: usize| ((x * a + y * b) as f32 / 97.0).sin() * 60.0;
        Some([
            (128.0 + wave(3, 5)) as i32,
            (128.0 + wave(7, 2)) as i32,
            (100.0 + wave(1, 9)) as i32,
        ])
    };
    let page = page(3, photo);
    let picture = Picture::of(&page).expect("a picture");
    assert!(picture.over.is_empty());
    assert_eq!(picture.preview().as_deref(), Some(picture.jpeg.bytes()));
}

#[test]
fn pages_of_any_size_and_kind_are_shown_in_that_size() {
    for (width, height) in [(1, 1), (2, 3), (33, 7), (31, 65), (64, 64)] {
        for (format, channels) in [(PixelFormat::Rgb8, 3), (PixelFormat::Gray8, 1)] {
            let level = |at: u32| if at.is_multiple_of(5) { 20 } else { 240 };
            let data = (0..width * height * channels).map(|at| level(at / channels)).collect();
            let page = Raster::new(width, height, format, 300, data).expect("a raster");
            let picture = Picture::of(&page).expect("a picture");
            let shown = picture.shown().expect("it decodes");
            assert_eq!((shown.width(), shown.height(), shown.format()), (width, height, format));
            let screen = image::load_from_memory(&picture.preview().expect("a preview"));
            let screen = screen.expect("it decodes");
            assert_eq!((screen.width(), screen.height()), (width, height));
        }
    }
}
