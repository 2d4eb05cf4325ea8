//! Same input, same bytes before anyone signs; and the pages look as somebody once saw them.
//!
//! `tests/data/golden/` keeps the digest of each file and a small picture of each page. After a
//! wanted change run the tests with `BLESS=1`, look at every picture, then commit them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Plan, Press, build};
use crate::common::{assets, layered_page, page, request};
use crate::{ClockTrust, Manifest, Product, hash};

/// Of the kept pictures: an A4 page is some 200 by 280 pixels.
const DPI: &str = "24";
/// How far a picture may be from the kept one: the mean over all channels, and the part of pixels
/// that are plainly others. Renderers smooth edges differently.
const MEAN_MAX: f32 = 2.0;
const OTHERS_MAX: f32 = 0.004;
const PLAINLY: u8 = 96;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden")
}

fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Each product with one page and with three, one of them skewed and one a card; as a specimen
/// signed by a clock that nobody kept right; and with a skewed page in layers.
fn copies() -> Vec<(String, Vec<u8>)> {
    let mut copies = Vec::new();
    for product in Product::ALL {
        for (kind, pages) in [("1", 1), ("3", 3), ("specimen", 1), ("layers", 1)] {
            let (specimen, layered) = (kind == "specimen", kind == "layers");
            let mut request = request();
            if specimen {
                request.clock = ClockTrust::Unsynchronised;
            }
            request.product = product;
            let mut skewed = page(100, 2.0);
            skewed.skew_degrees = 2.0;
            request.pages = vec![page(100, 0.0), skewed, page(72, 0.0)];
            request.pages.truncate(pages);
            if layered {
                request.pages = vec![layered_page(100, 2.0)];
                request.pages[0].skew_degrees = 2.0;
            }
            let press = Press::new(&assets()).expect("typefaces and images");
            let qr = format!("https://tracuu.example.vn/v/{}#{}", request.code, "a".repeat(200));
            let plan = Plan::new(&request, &press, specimen, &qr).expect("it can be laid out");
            let manifest = request.manifest(plan.profile(), plan.entries());
            let manifest = Manifest { specimen, ..manifest };
            let json = manifest.to_bytes().expect("JSON");
            let bytes = build(&plan, &request, &manifest, &json, &qr).expect("a file");
            copies.push((format!("{}-{kind}", product.name()), bytes));
        }
    }
    copies
}

#[test]
fn the_same_request_makes_the_same_bytes_as_ever() {
    let mut found = String::new();
    for ((name, bytes), (_, again)) in copies().into_iter().zip(copies()) {
        assert!(bytes == again, "{name} is built twice alike");
        writeln!(found, "{name} {}", hex::encode(hash(&bytes))).expect("a string");
    }
    let assets = assets();
    for (name, font) in [("regular", &assets.regular_font), ("bold", &assets.bold_font)] {
        writeln!(found, "typeface-{name} {}", hex::encode(hash(font))).expect("a string");
    }
    let path = folder().join("digests.txt");
    if blessing() {
        std::fs::write(&path, &found).expect("the digests are kept");
    }
    let kept = std::fs::read_to_string(&path).expect("the digests were kept");
    assert_eq!(found, kept, "the bytes changed (or the typefaces of this machine are others)");
}

#[test]
fn every_page_looks_as_it_was_seen() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut pictures = 0;
    for (name, bytes) in copies() {
        let file = place.path().join("copy.pdf");
        std::fs::write(&file, &bytes).expect("the copy is written");
        let mut command = Command::new("pdftoppm");
        command.args(["-png", "-r", DPI]).arg(&file).arg(place.path().join(&name));
        let done = command.output().expect("pdftoppm runs: `make setup` installs it");
        assert!(done.status.success() && done.stderr.is_empty(), "{name}: {done:?}");
    }
    for entry in std::fs::read_dir(place.path()).expect("the pictures") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "png") {
            continue;
        }
        let kept = folder().join(path.file_name().expect("a name"));
        if blessing() {
            std::fs::copy(&path, &kept).expect("the picture is kept");
        }
        compare(&path, &kept);
        pictures += 1;
    }
    let kept = std::fs::read_dir(folder()).expect("the kept pictures").flatten();
    let kept = kept.filter(|entry| entry.path().extension().is_some_and(|e| e == "png")).count();
    assert_eq!((pictures, kept), (16, 16), "a picture of each page");
}

fn compare(found: &Path, kept: &Path) {
    let open = |path: &Path| image::open(path).expect("a picture").to_rgb8();
    let (found, seen) = (open(found), open(kept));
    assert_eq!(found.dimensions(), seen.dimensions(), "{}", kept.display());
    let differences = found.as_raw().iter().zip(seen.as_raw()).map(|(a, b)| a.abs_diff(*b));
    let count = found.as_raw().len() as f32;
    let (mut sum, mut others) = (0.0, 0.0);
    for difference in differences {
        sum += f32::from(difference);
        others += f32::from(u8::from(difference > PLAINLY));
    }
    let (mean, others) = (sum / count, others / count);
    let alike = mean <= MEAN_MAX && others <= OTHERS_MAX;
    assert!(alike, "{} differs: mean {mean}, {others} plainly", kept.display());
}
