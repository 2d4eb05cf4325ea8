//! Pictures: files that decoders meet, and whatever may lie on a scanner's glass.

use std::cell::RefCell;
use std::path::Path;

use drivers_api::{PixelFormat, Raster};
use models::{PageReading, Reader};

/// Resolutions at which a picture says it was taken: none, both ends, the usual ones.
const DPI: [u32; 6] = [0, 70, 200, 300, 600, 1200];
/// Bytes of one shape on a drawn page.
const SHAPE_BYTES: usize = 8;
/// Most shapes: enough for a page full of print.
const SHAPES_MAX: usize = 400;

thread_local! {
    static READER: RefCell<Option<Reader>> = const { RefCell::new(None) };
}

/// The bytes as a program that draws a page, which is then read.
pub(crate) fn page(bytes: &[u8]) {
    let Some((head, shapes)) = bytes.split_first_chunk::<4>() else { return };
    let picture = drawn(*head, shapes);
    READER.with_borrow_mut(|reader| {
        let reader = reader.get_or_insert_with(open);
        let mut readings = reader.read(&[&picture]).expect("it is large enough to be a page");
        let reading = readings.pop().expect("a reading for each page");
        check(&reading);
        let (mut cut, whole) = (picture.clone(), (picture.width(), picture.height()));
        reading.cut_out(&mut cut);
        assert_eq!((cut.width(), cut.height()), (reading.width, reading.height));
        check(&reading.on_picture(whole.0, whole.1));
    });
}

fn open() -> Reader {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/litert/libLiteRt.so");
    Reader::open_own(None, &library, 1).expect("`make setup` installs LiteRT")
}

/// What every reading of a page keeps to.
fn check(reading: &PageReading) {
    let (width, height) = (reading.width as f32, reading.height as f32);
    let sure = 0.0..=1.0;
    assert!(sure.contains(&reading.confidence) && sure.contains(&reading.ink));
    for word in reading.lines.iter().flat_map(|line| &line.words) {
        assert!(!word.text.is_empty() && !word.text.contains(char::is_whitespace));
        assert!(sure.contains(&word.confidence), "{}", word.confidence);
        // A line at the edge may begin a letter's height outside.
        let beyond = width.max(height);
        for [x, y] in word.quad {
            assert!((-beyond..=2.0 * beyond).contains(&x), "{:?}", word.quad);
            assert!((-beyond..=2.0 * beyond).contains(&y), "{:?}", word.quad);
        }
    }
    for region in reading.seals.iter().chain(&reading.signatures) {
        assert!(region.x + region.width <= reading.width, "{region:?}");
        assert!(region.y + region.height <= reading.height, "{region:?}");
    }
}

/// A page of up to 1,120 pixels a side, with shapes one over the other.
fn drawn([wide, high, look, paper]: [u8; 4], shapes: &[u8]) -> Raster {
    let (width, height) = (100 + 4 * u32::from(wide), 100 + 4 * u32::from(high));
    let format = if look & 1 == 0 { PixelFormat::Rgb8 } else { PixelFormat::Gray8 };
    let dpi = DPI[usize::from(look >> 1) % DPI.len()];
    let channels = format.bytes();
    let mut data = vec![paper; width as usize * height as usize * channels];
    for shape in shapes.as_chunks::<SHAPE_BYTES>().0.iter().take(SHAPES_MAX) {
        draw(&mut data, width, height, channels, *shape);
    }
    Raster::new(width, height, format, dpi, data).expect("the shape it was made for")
}

/// One shape: place and size in 255ths of the page, colour, and how it is filled.
fn draw(data: &mut [u8], width: u32, height: u32, channels: usize, shape: [u8; SHAPE_BYTES]) {
    let [x, y, wide, high, red, green, blue, fill] = shape;
    let part = |of: u32, share: u8| of * u32::from(share) / 255;
    let (left, top) = (part(width, x), part(height, y));
    let right = (left + part(width, wide).max(1)).min(width);
    let low = (top + part(height, high).max(1)).min(height);
    let pitch = u32::from(fill >> 2).max(2);
    for (row, column) in (top..low).flat_map(|row| (left..right).map(move |column| (row, column))) {
        let inked = match fill & 3 {
            0 => true,
            // Strokes as of letters, and lines of them.
            1 => column % pitch < pitch.div_ceil(3),
            2 => column % pitch < pitch.div_ceil(3) && row % (2 * pitch) < pitch,
            _ => (row ^ column.wrapping_mul(31)).wrapping_mul(2_654_435_761) >> 26 < pitch,
        };
        if inked {
            let at = (row * width + column) as usize * channels;
            data[at..at + channels].copy_from_slice(&[red, green, blue][..channels]);
        }
    }
}
