//! Apache PDFBox Preflight, a validator of PDF/A-1b that nobody here wrote, judges the file.
//!
//! Our files are PDF/A-3a. What part 3 allows beyond part 1 is left out of a twin of each file: the
//! attached manifest, and the transparency of seal and signature image. All else is the same code:
//! layout, fonts, metadata, tags, and the signing of every revision. The twin must be valid, and of
//! the real file nothing else may be said than what part 3 allows.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use image::{DynamicImage, ImageFormat};
use krilla::configure::Archival;

use super::{Plan, Press, build, finished, laid_out};
use crate::common::{SEALED, assets, page, request};
use crate::draft::Draft;
use crate::revision::Role;
use crate::{Assets, CopyRequest, Product, Signer, pades};

/// Where Debian keeps the validator and what it builds on.
const CLASS_PATH: &str = "/usr/share/java/preflight.jar:/usr/share/java/pdfbox2.jar:\
    /usr/share/java/xmpbox.jar:/usr/share/java/fontbox2.jar:/usr/share/java/commons-logging.jar:\
    /usr/share/java/commons-io.jar:/usr/share/java/javax.activation.jar:\
    /usr/share/java/jaxb-api.jar";
const MAIN: &str = "org.apache.pdfbox.preflight.Validator_A1b";

/// What part 3 allows and part 1 does not, as the validator says it: code and words.
const ALLOWED: [(&str, &str); 6] = [
    ("7.11.2", "part must be 1"),
    // ISO 19005-3, 6.8: files of any kind may be attached.
    ("1.4.7", "EmbeddedFile entry is present in the Names dictionary"),
    ("1.2.9", "EmbeddedFile entry is present in a FileSpecification dictionary"),
    // ISO 19005-3, 6.2.10: transparency, here the masks of seal and signature image.
    ("2.2.2", "Soft Mask must be null or None"),
    // ISO 19005-3, 6.2.4.2: profiles of ISO 15076-1, version 4.
    ("2.1.6", "Invalid version of the ICCProfile"),
    UNSEEN,
];
/// ISO 19005-3, 6.3.3: an annotation without extent needs no appearance. Our signatures are fields
/// without extent: a picture of a signature is no signature.
const UNSEEN: (&str, &str) = ("5.3.1", "widget annotation lacks an appearance dictionary");

#[test]
fn the_twin_in_part_1_is_valid_unsigned_and_after_each_signature() {
    let verdicts = judged(&opaque(), true);
    assert_eq!(verdicts.len(), 10, "each file: {verdicts:?}");
    for (name, errors) in verdicts {
        let unsigned = name.ends_with("-0");
        let others: Vec<_> = errors.iter().filter(|error| unsigned || !is(error, UNSEEN)).collect();
        assert!(others.is_empty(), "{name}: {others:?}");
        assert_eq!(errors.is_empty(), unsigned, "{name}: the fields are seen");
    }
}

#[test]
fn of_the_real_file_nothing_is_said_but_what_part_3_allows() {
    let verdicts = judged(&assets(), false);
    assert_eq!(verdicts.len(), 10, "each file: {verdicts:?}");
    let mut said = BTreeSet::new();
    for (name, errors) in verdicts {
        for error in errors {
            let known = ALLOWED.iter().position(|allowed| is(&error, *allowed));
            said.insert(known.unwrap_or_else(|| panic!("{name}: {error:?}")));
        }
    }
    assert_eq!(said.len(), ALLOWED.len(), "nothing is excused that is never said: {said:?}");
}

fn is((code, words): &(String, String), (known, part): (&str, &str)) -> bool {
    code == known && words.contains(part)
}

/// What the validator says of each file: code and words of every error, by the file's name.
fn judged(assets: &Assets, twin: bool) -> BTreeMap<String, Vec<(String, String)>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = folder.path().join("files");
    std::fs::create_dir(&files).expect("a folder");
    for (name, request) in requests() {
        for (i, bytes) in revisions(&request, assets, twin).into_iter().enumerate() {
            std::fs::write(files.join(format!("{name}-{i}")), bytes).expect("a file");
        }
    }
    // One start of Java for all files: it writes one report beside the folder.
    let mut command = Command::new("java");
    command.args(["-cp", CLASS_PATH, MAIN, "xml", "group"]).arg(&files);
    let done = command.output().expect("java runs: `make setup` installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report = std::fs::read_to_string(folder.path().join("files.preflight.xml"));
    verdicts(&report.unwrap_or_else(|error| panic!("no report ({error}): {done:?}")))
}

fn verdicts(report: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let between = |text: &str, start: &str, end: &str| {
        let after = text.split_once(start).map(|(_, after)| after);
        after.and_then(|text| text.split_once(end)).map(|(inside, _)| inside.to_owned())
    };
    let mut verdicts = BTreeMap::new();
    for file in report.split("<preflight ").skip(1) {
        let name = between(file, "name=\"", "\"").expect("a name");
        let valid = between(file, "<isValid type=\"PDF/A1-b\">", "<").expect("a verdict");
        let errors: Vec<_> = file
            .split("<error ")
            .skip(1)
            .map(|error| {
                let part = |tag: &str| between(error, &format!("<{tag}>"), "</").expect("told");
                (part("code"), part("details"))
            })
            .collect();
        assert_eq!(valid == "true", errors.is_empty(), "{name}: {file}");
        verdicts.insert(name, errors);
    }
    verdicts
}

fn requests() -> Vec<(String, CopyRequest)> {
    let mut requests = Vec::new();
    for product in Product::ALL {
        for pages in [1, 3] {
            let mut request = request();
            request.product = product;
            let mut skewed = page(100, 2.0);
            skewed.skew_degrees = 2.0;
            request.pages = vec![page(100, 0.0), skewed, page(72, 0.0)];
            request.pages.truncate(pages);
            requests.push((format!("{}-{pages}", product.name()), request));
        }
    }
    requests
}

/// The seal and the signature image on white.
fn opaque() -> Assets {
    let flat = |png: &Option<Vec<u8>>| {
        let png = png.as_ref().expect("an image");
        let mut image = image::load_from_memory(png).expect("a PNG").to_rgba8();
        for pixel in image.pixels_mut() {
            let [r, g, b, a] = pixel.0.map(u32::from);
            let over = |c: u32| ((c * a + 255 * (255 - a)) / 255) as u8;
            pixel.0 = [over(r), over(g), over(b), 255];
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        let image = DynamicImage::ImageRgba8(image).to_rgb8();
        image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
        Some(bytes.into_inner())
    };
    let assets = assets();
    Assets {
        seal_png: flat(&assets.seal_png),
        signature_png: flat(&assets.signature_png),
        ..assets
    }
}

/// The file unsigned, signed once and, where two sign, signed twice.
fn revisions(request: &CopyRequest, assets: &Assets, twin: bool) -> Vec<Vec<u8>> {
    let press = Press::new(assets).expect("typefaces and images");
    let qr = format!("https://tracuu.example.vn/v/{}#{}", request.code, "a".repeat(200));
    let plan = Plan::new(request, &press, false, &qr).expect("it can be laid out");
    let manifest = request.manifest(plan.profile(), plan.entries());
    let json = manifest.to_bytes().expect("JSON");
    let file = if twin {
        let document = laid_out(Archival::A1_A, &plan, request, &manifest, &qr);
        finished(document.expect("a twin"), &plan, request, &manifest, &json)
    } else {
        build(&plan, request, &manifest, &json, &qr)
    };
    let mut files = vec![file.expect("a file")];
    let mut draft = Draft::new(files[0].clone(), &[]).expect("a base");
    let signers = manifest.product.signers();
    let mut keys = [SEALED.ca.ec_signer("Officer"), SEALED.ca.rsa_signer("Authority")];
    for (i, role) in signers.iter().enumerate() {
        let key: &mut dyn Signer = &mut keys[usize::from(*role == Role::Authority)];
        let signed = pades::sign(&mut draft, &signers[..=i], manifest.issued_at, key);
        signed.expect("it is signed");
        files.push(draft.bytes().to_vec());
    }
    files
}
