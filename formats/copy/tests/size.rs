//! What a copy weighs beside the images that it carries.

mod common;

use common::{SEALED, assets, request};
use formats_copy::{Assets, CopyRequest, PageImage, PlacedWord, seal};

/// Words, typefaces, signatures, structure and manifest together take at most a twentieth.
const RATIO_MAX: f64 = 1.05;

/// A page that layers do not suit: one JPEG of quality 85, half the resolution for colour.
fn kept(sheet: &paper::Sheet) -> PageImage {
    let mut jpeg = Vec::new();
    let (width, height) = (sheet.width as u16, sheet.height as u16);
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 85);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.encode(&sheet.rgb, width, height, jpeg_encoder::ColorType::Rgb).expect("a JPEG");
    let word = |word: &paper::TruthWord| PlacedWord {
        text: word.text.clone(),
        quad: word.quad,
        line: word.line,
    };
    let words = sheet.words.iter().map(word).collect();
    let (width, height) = (sheet.width, sheet.height);
    let (jpeg, over, dpi) = (jpeg.into(), Vec::new(), paper::DPI);
    PageImage { jpeg, over, width, height, dpi, skew_degrees: 0.0, words }
}

/// The compressed images of a copy: its pages, the seal, the signature image, and their masks.
fn image_bytes(copy: &[u8]) -> usize {
    let document = lopdf::Document::load_mem(copy).expect("a PDF");
    let streams = document.objects.values().filter_map(|object| object.as_stream().ok());
    let images = streams.filter(|stream| {
        stream.dict.get(b"Subtype").is_ok_and(|kind| kind.as_name().ok() == Some(b"Image"))
    });
    images.map(|stream| stream.content.len()).sum()
}

#[test]
fn a_copy_of_two_office_pages_weighs_little_more_than_its_images() {
    let sheets = paper::original(0).expect("an original");
    assert_eq!(sheets.len(), 2, "two pages");
    let assets = Assets {
        seal_png: Some(paper::seal_png(paper::AUTHORITY).expect("a seal")),
        signature_png: Some(paper::signature_png(1).expect("a signature")),
        ..assets()
    };
    let (mut officer, mut authority) = (SEALED.ca.ec_signer("a"), SEALED.ca.rsa_signer("b"));
    let pages: Vec<_> = sheets.iter().map(kept).collect();
    let request = CopyRequest { pages, ..request() };
    let copy = seal(&request, &assets, &mut officer, &mut authority).expect("a copy");
    let images = image_bytes(&copy.bytes);
    let ratio = copy.bytes.len() as f64 / images as f64;
    assert!(ratio <= RATIO_MAX, "{} bytes for {images} of images: {ratio:.3}", copy.bytes.len());
}
