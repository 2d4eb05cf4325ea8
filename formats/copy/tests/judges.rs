//! Programs that nobody here wrote judge a sealed copy: pyHanko, poppler, qpdf.
//!
//! A missing judge fails the test: `make setup` installs them. The interpreter that has pyHanko is
//! named by `JUDGE_PYTHON`, else it is `target/judges/bin/python` (`tests/judges-requirements.txt`
//! says which versions).

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{LINES, SEALED, request};

/// Runs a judge and returns what it wrote; fails the test when the judge is missing or complains.
fn judge(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|e| panic!("{name} cannot be run ({e}): run `make setup`"));
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{name} is not content: {text}");
    text
}

struct Files {
    folder: tempfile::TempDir,
    copy: PathBuf,
    root: PathBuf,
}

fn files() -> Files {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (copy, root) = (folder.path().join("copy.pdf"), folder.path().join("root.pem"));
    std::fs::write(&copy, &SEALED.copy.bytes).expect("the copy is written");
    std::fs::write(&root, &SEALED.ca.pem).expect("the root is written");
    Files { folder, copy, root }
}

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("JUDGE_PYTHON")
        .map(PathBuf::from)
        .unwrap_or_else(|| root.join("target/judges/bin/python"))
}

/// One line for each signature: field, intact, valid, trusted, coverage, modification, profile ok.
const PYHANKO: &str = r#"
import sys
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
root = load_cert_from_pemder(sys.argv[2])
reader = PdfFileReader(open(sys.argv[1], 'rb'), strict=True)
for signature in reader.embedded_signatures:
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    status = validate_pdf_signature(signature, signer_validation_context=context)
    print(signature.field_name, status.intact, status.valid, status.trusted, status.coverage.name,
          status.modification_level.name, status.bottom_line,
          signature.sig_object['/SubFilter'])
"#;

#[test]
fn pyhanko_trusts_both_signatures_and_sees_no_change_after_either() {
    let files = files();
    let args = ["-c".as_ref(), PYHANKO.as_ref(), files.copy.as_os_str(), files.root.as_os_str()];
    let text = judge(Command::new(python()).args(args));
    let lines: Vec<_> = text.lines().filter(|line| line.contains("ETSI")).collect();
    assert_eq!(
        lines,
        [
            "Officer True True True ENTIRE_REVISION FORM_FILLING True /ETSI.CAdES.detached",
            "Authority True True True ENTIRE_FILE NONE True /ETSI.CAdES.detached",
        ],
        "{text}"
    );
}

#[test]
fn poppler_finds_two_valid_cades_signatures() {
    let files = files();
    let text = judge(Command::new("pdfsig").arg("-nocert").arg(&files.copy));
    assert_eq!(text.matches("Signature is Valid").count(), 2, "{text}");
    assert_eq!(text.matches("ETSI.CAdES.detached").count(), 2, "{text}");
    assert_eq!(text.matches("Total document signed").count(), 1, "{text}");
    let (officer, authority) = (text.find("Officer"), text.find("Authority"));
    assert!(officer.is_some() && officer < authority, "officer first: {text}");
}

#[test]
fn qpdf_finds_the_structure_clean() {
    let text = judge(Command::new("qpdf").arg("--check").arg(files().copy));
    assert!(text.contains("No syntax or stream encoding errors found"), "{text}");
    assert!(!text.contains("WARNING"), "{text}");
}

#[test]
fn the_text_of_each_page_comes_out_line_by_line() {
    let files = files();
    for page in ["1", "2"] {
        let mut command = Command::new("pdftotext");
        command.args(["-f", page, "-l", page]).arg(&files.copy).arg("-");
        let text = judge(&mut command);
        for line in LINES {
            assert!(text.lines().any(|found| found == line.join(" ")), "page {page}: {text}");
        }
    }
    let mut command = Command::new("pdftotext");
    let text = judge(command.args(["-f", "3", "-layout"]).arg(&files.copy).arg("-"));
    for wanted in [
        "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH",
        "03/2026-SCT/BS",
        "Ngày 22 tháng 11 năm 2026",
        "22-11-2026 09:15:30 +07:00",
        &SEALED.copy.manifest.code.to_string(),
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

/// `pdftotext -bbox` gives each word's box in points; it must be the box of the word's quad.
#[test]
fn each_words_box_lies_on_the_word() {
    let files = files();
    let request = request();
    for (i, page) in request.pages.iter().enumerate() {
        let number = (i + 1).to_string();
        let mut command = Command::new("pdftotext");
        command.args(["-bbox", "-f", &number, "-l", &number]).arg(&files.copy).arg("-");
        let text = judge(&mut command);
        let mut boxes = boxes(&text);
        for word in &page.words {
            let found = boxes
                .get_mut(&word.text)
                .and_then(|list| (!list.is_empty()).then(|| list.remove(0)));
            let found = found.unwrap_or_else(|| panic!("page {number} has {}", word.text));
            let scale = 72.0 / page.dpi as f32;
            let bound = |axis: usize, pick: fn(f32, f32) -> f32| {
                word.quad.iter().map(|corner| corner[axis] * scale).reduce(pick).expect("corners")
            };
            let wanted =
                [bound(0, f32::min), bound(1, f32::min), bound(0, f32::max), bound(1, f32::max)];
            for (found, wanted) in found.iter().zip(wanted) {
                assert!((found - wanted).abs() < 3.0, "{}: {found} for {wanted}", word.text);
            }
        }
    }
}

fn boxes(html: &str) -> HashMap<String, Vec<[f32; 4]>> {
    let mut boxes: HashMap<String, Vec<[f32; 4]>> = HashMap::new();
    for line in html.lines().filter(|line| line.contains("<word ")) {
        let parts: Vec<_> = line.split(['"', '>', '<']).collect();
        let number = |at: usize| parts[at].parse().expect("a number");
        boxes.entry(parts[10].into()).or_default().push([
            number(2),
            number(4),
            number(6),
            number(8),
        ]);
    }
    boxes
}

#[test]
fn the_qr_code_and_the_page_render() {
    let files = files();
    let image = files.folder.path().join("statement");
    let mut command = Command::new("pdftoppm");
    judge(command.args(["-png", "-r", "100", "-f", "3"]).arg(&files.copy).arg(&image));
    let rendered = std::fs::read_dir(files.folder.path()).expect("the folder").flatten();
    let png = rendered.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "png"));
    let page = image::open(png.expect("a rendered page")).expect("a picture").to_rgb8();
    assert_eq!(page.dimensions(), (827, 1170), "A4");
    let count = |test: fn(&image::Rgb<u8>) -> bool| page.pixels().filter(|p| test(p)).count();
    assert!(count(|p| p.0[0] > 150 && p.0[1] < 110 && p.0[2] < 110) > 1000, "a red seal");
    assert!(count(|p| p.0[2] > 120 && p.0[0] < 90) > 300, "a blue signature");
}
