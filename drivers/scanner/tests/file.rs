//! Pages from files: each kind is read as it is, each bad file says what is wrong and is passed
//! over.

use std::io::Cursor;
use std::path::PathBuf;

use drivers_api::{Fault, PixelFormat, ScanSettings, Scanner};
use drivers_scanner::FileScanner;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use tempfile::TempDir;

const SIDES: (u32, u32) = (420, 600);

fn picture() -> RgbImage {
    RgbImage::from_fn(SIDES.0, SIDES.1, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 77]))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encodable");
    bytes.into_inner()
}

/// A PDF of `pages` A5 pages, each with a black square at a corner; written by hand, so that the
/// renderer is not judged by a relative of its own.
fn pdf(pages: usize) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|i| format!("{} 0 R", 4 + i)).collect();
    let draw = format!("0 g 0 0 {} 100 re f", 100);
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {pages} >>", kids.join(" ")),
        format!("<< /Length {} >>\nstream\n{draw}\nendstream", draw.len()),
    ];
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 3 0 R >>";
    objects.extend(std::iter::repeat_n(page.to_owned(), pages));
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = file.len();
    let size = objects.len() + 1;
    file += &format!("{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

fn scanner(files: &[Vec<u8>]) -> (FileScanner, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |index: usize| dir.path().join(format!("nguyen-van-a-{index}"));
    let paths: Vec<PathBuf> = (0..files.len()).map(path).collect();
    for (path, bytes) in paths.iter().zip(files) {
        std::fs::write(path, bytes).expect("written");
    }
    (FileScanner::open(&paths).expect("they are there"), dir)
}

#[test]
fn png_and_pnm_pages_equal_their_pixels_and_then_there_is_no_paper() {
    let image = DynamicImage::ImageRgb8(picture());
    let files = [encoded(&image, ImageFormat::Png), encoded(&image, ImageFormat::Pnm)];
    let (mut scanner, _dir) = scanner(&files);
    for _ in 0..2 {
        let page = scanner.scan_page(&ScanSettings::default()).expect("a page");
        assert_eq!((page.width(), page.height(), page.dpi()), (SIDES.0, SIDES.1, 300));
        assert!(page.data() == picture().as_raw().as_slice(), "the same pixels");
    }
    let error = scanner.scan_page(&ScanSettings::default()).expect_err("no more");
    assert_eq!(error.fault, Fault::NoPaper);
}

#[test]
fn a_grey_picture_stays_grey_and_a_see_through_one_lies_on_white() {
    let grey = DynamicImage::ImageRgb8(picture()).into_luma8();
    let glass = RgbaImage::from_pixel(SIDES.0, SIDES.1, Rgba([0, 0, 0, 0]));
    let files = [
        encoded(&DynamicImage::ImageLuma8(grey), ImageFormat::Png),
        encoded(&DynamicImage::ImageRgba8(glass), ImageFormat::Png),
    ];
    let (mut scanner, _dir) = scanner(&files);
    let page = scanner.scan_page(&ScanSettings::default()).expect("a page");
    assert_eq!(page.format(), PixelFormat::Gray8);
    let page = scanner.scan_page(&ScanSettings::default()).expect("a page");
    assert!(page.data().iter().all(|byte| *byte == 255), "white paper");
}

/// A TIFF block with the one tag Orientation = 6 (turn right), as phones write it, after the JPEG
/// head.
#[test]
fn a_phone_picture_is_turned_upright() {
    let jpeg = encoded(&DynamicImage::ImageRgb8(picture()), ImageFormat::Jpeg);
    let tiff = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = u16::try_from(tiff.len() + 2).expect("short").to_be_bytes();
    let turned = [&jpeg[..2], &[0xff, 0xe1], &length, tiff, &jpeg[2..]].concat();
    let (mut scanner, _dir) = scanner(&[jpeg, turned]);
    let page = scanner.scan_page(&ScanSettings::default()).expect("a page");
    assert_eq!((page.width(), page.height()), SIDES);
    let page = scanner.scan_page(&ScanSettings::default()).expect("a page");
    assert_eq!((page.height(), page.width()), SIDES);
}

#[test]
fn each_page_of_a_pdf_is_drawn_at_the_resolution_asked_for() {
    let (mut scanner, _dir) = scanner(&[pdf(2)]);
    for _ in 0..2 {
        let page = scanner.scan_page(&ScanSettings { dpi: 144 }).expect("a page");
        assert_eq!((page.width(), page.height(), page.dpi()), (840, 1190, 144));
        let pixel = |x: usize, y: usize| page.data()[(y * 840 + x) * 3];
        assert_eq!((pixel(100, 1100), pixel(300, 1100), pixel(100, 900)), (0, 255, 255));
    }
    assert_eq!(scanner.files_left(), 0);
}

#[test]
fn every_bad_file_says_what_is_wrong_without_its_name_and_the_next_one_is_taken() {
    let whole = DynamicImage::ImageRgb8(picture());
    let half = |format| {
        let bytes = encoded(&whole, format);
        bytes[..bytes.len() / 2].to_vec()
    };
    let bad = [
        (half(ImageFormat::Pnm), "truncated PNM"),
        (half(ImageFormat::Png), "truncated PNG"),
        (half(ImageFormat::Jpeg), "truncated JPEG"),
        (encoded(&DynamicImage::new_rgb8(1, 1), ImageFormat::Png), "1x1 image"),
        (encoded(&DynamicImage::new_luma8(13_000, 400), ImageFormat::Png), "13000x400 image"),
        (b"P6\n4000000000 4000000000\n255\n".to_vec(), "too large"),
        (b"hello".to_vec(), "not a PNG"),
        (Vec::new(), "not a PNG"),
        (b"%PDF-1.4\nnothing".to_vec(), "PDF"),
        (pdf(201), "201 pages"),
    ];
    let mut files: Vec<Vec<u8>> = bad.iter().map(|(bytes, _)| bytes.clone()).collect();
    files.push(encoded(&whole, ImageFormat::Png));
    let (mut scanner, _dir) = scanner(&files);
    for (_, words) in bad {
        let error = scanner.scan_page(&ScanSettings::default()).expect_err(words);
        assert_eq!(error.fault, Fault::BadPage, "{error}");
        assert!(error.detail.contains(words), "{error}");
        assert!(!error.to_string().contains("nguyen"), "{error}");
    }
    assert!(scanner.scan_page(&ScanSettings::default()).is_ok());
}

#[test]
fn a_missing_file_is_absent_at_once_and_one_taken_away_when_it_is_scanned() {
    let error = FileScanner::open(&[PathBuf::from("/nowhere/at/all")]).expect_err("none");
    assert_eq!(error.fault, Fault::Absent);
    let (mut scanner, dir) = scanner(&[pdf(1)]);
    drop(dir);
    let error = scanner.scan_page(&ScanSettings::default()).expect_err("gone");
    assert_eq!(error.fault, Fault::Absent);
}
