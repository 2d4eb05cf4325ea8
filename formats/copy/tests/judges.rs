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

/// mupdf knows no test root, so it judges digests, signatures and what came after them.
#[test]
fn mupdf_finds_two_signatures_and_nothing_behind_the_last() {
    let text = judge(Command::new("mutool").args(["sign", "-v"]).arg(files().copy));
    assert_eq!(text.matches("Verifying signature").count(), 2, "{text}");
    let officer = "The signature is valid but there have been edits since signing.";
    let authority = "The document is unchanged since signing.";
    assert_eq!((text.matches(officer).count(), text.matches(authority).count()), (1, 1), "{text}");
    let names = [text.find("cn=Nguyễn Thị Thử"), text.find("cn=UBND phường Thử Nghiệm")];
    assert!(names[0].is_some() && names[0] < names[1], "officer first: {text}");
}

/// openssl takes each signature for what it is without knowing of PDF: a detached CMS over bytes.
#[test]
fn openssl_verifies_each_signature_over_the_bytes_that_it_names() {
    let files = files();
    let copy = &SEALED.copy.bytes;
    let text = String::from_utf8_lossy(copy);
    let ranges: Vec<Vec<usize>> = text
        .split("/ByteRange")
        .skip(1)
        .map(|rest| {
            let inside = rest.split(['[', ']']).nth(1).expect("a range");
            inside.split_whitespace().map(|number| number.parse().expect("a number")).collect()
        })
        .collect();
    assert_eq!(ranges.len(), 2);
    let path = |name: &str| files.folder.path().join(name);
    for range in ranges {
        let &[from, length, then, rest] = range.as_slice() else { panic!("four numbers") };
        let content = [&copy[from..from + length], &copy[then..then + rest]].concat();
        let hole = std::str::from_utf8(&copy[from + length + 1..then - 1]).expect("hex");
        let padded = hex::decode(hole).expect("hex");
        std::fs::write(path("signature"), &padded).expect("written");
        let verify = |content: &[u8]| {
            std::fs::write(path("content"), content).expect("written");
            let mut command = Command::new("openssl");
            command.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-in"]);
            command.arg(path("signature")).arg("-content").arg(path("content"));
            command.arg("-CAfile").arg(&files.root).args(["-no_check_time", "-out", "/dev/null"]);
            command.output().expect("openssl runs")
        };
        let found = verify(&content);
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        let mut changed = content;
        changed[100] ^= 1;
        assert!(!verify(&changed).status.success(), "a changed byte is found");
    }
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

/// The words of a line stand at one height once the page is turned upright, as does its picture.
#[test]
fn a_skewed_page_is_turned_upright_with_its_words() {
    let mut request = request();
    request.pages = vec![common::page(100, 3.0)];
    request.pages[0].skew_degrees = 3.0;
    let (mut officer, mut authority) = (SEALED.ca.ec_signer("a"), SEALED.ca.ec_signer("b"));
    let assets = common::assets();
    let copy = formats_copy::seal(&request, &assets, &mut officer, &mut authority);
    let copy = copy.expect("a copy");
    formats_copy::verify(&copy.bytes, &SEALED.ca.trust()).expect("it verifies");
    let jpeg = request.pages[0].jpeg.read().expect("it is in memory");
    assert!(copy.bytes.windows(jpeg.len()).any(|window| window == &*jpeg), "the scan is untouched");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("copy.pdf");
    std::fs::write(&file, &copy.bytes).expect("the copy is written");
    let mut command = Command::new("pdftotext");
    let text = judge(command.args(["-bbox", "-l", "1"]).arg(&file).arg("-"));
    let boxes = boxes(&text);
    for line in LINES {
        let tops = line.iter().map(|word| boxes[*word][0][1]);
        let (least, most) = tops.fold((f32::MAX, f32::MIN), |(a, b), y| (a.min(y), b.max(y)));
        assert!(most - least < 0.5, "{line:?}: {least} to {most}");
    }
    // A row of the picture through the middle of the longest line is grey from word to word.
    let mut command = Command::new("pdftoppm");
    let picture = folder.path().join("page");
    judge(command.args(["-png", "-r", "72", "-l", "1", "-singlefile"]).arg(&file).arg(&picture));
    let page = image::open(picture.with_extension("png")).expect("a picture").to_luma8();
    let (first, last) = (&boxes[LINES[3][0]][0], &boxes[LINES[3][9]][0]);
    let row = ((first[1] + first[3]) / 2.0) as u32;
    let grey = (first[0] as u32..last[2] as u32).filter(|x| page.get_pixel(*x, row).0[0] < 190);
    assert!(grey.count() as f32 > (last[2] - first[0]) * 0.7, "the boxes lie on the row");
}

/// Each element of the structure, in the order of reading: its kind, then its alternate text or the
/// number of its pieces.
const STRUCTURE: &str = r#"
import sys
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject
def kids(element):
    kids = element.get('/K', ())
    return [k.get_object() for k in (kids if isinstance(kids, ArrayObject) else [kids])]
def walk(element):
    if isinstance(element, DictionaryObject) and '/S' in element:
        alt = element.get('/Alt')
        print(element['/S'][1:], len(kids(element)) if alt is None else alt)
    if isinstance(element, DictionaryObject):
        for kid in kids(element):
            walk(kid)
root = PdfFileReader(open(sys.argv[1], 'rb'), strict=True).root
assert root['/Lang'] == 'vi' and root['/MarkInfo']['/Marked']
walk(root['/StructTreeRoot'])
"#;

/// What a reader for the blind, and a search in metadata, find.
#[test]
fn the_file_is_tagged_and_described() {
    let files = files();
    let text = judge(Command::new("pdfinfo").arg(&files.copy));
    let says = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{name}: {text}")).split_at(name.len()).1.trim().to_owned()
    };
    assert_eq!(says("Tagged:"), "yes");
    assert_eq!(says("JavaScript:"), "no");
    assert!(says("Title:").starts_with("Bản sao chứng thực: Giấy khai sinh"), "{text}");
    let text = judge(Command::new(python()).args(["-c", STRUCTURE]).arg(&files.copy));
    let places: Vec<_> = [
        "Figure Trang 1 của bản chính: Giấy khai sinh, ảnh chụp.",
        "P 4",
        "Figure Phần 1/3 của dấu giáp lai.",
        "Figure Trang 2 của bản chính: Giấy khai sinh, ảnh chụp.",
        "H1 1",
        "Figure Hình chữ ký của Nguyễn Thị Thử.",
        "Figure Hình con dấu của Ủy ban nhân dân phường Thử Nghiệm.",
        "Figure Mã QR để kiểm tra bản sao.",
        "Figure Phần 3/3 của dấu giáp lai.",
    ]
    .iter()
    .map(|wanted| text.find(wanted).unwrap_or_else(|| panic!("{wanted}: {text}")))
    .collect();
    assert!(text.lines().filter(|line| line.starts_with("Figure")).all(|line| line.len() > 9));
    assert!(places.is_sorted(), "in the order of reading: {places:?}");
    let described = judge(Command::new("pdfinfo").arg("-meta").arg(&files.copy));
    let manifest = SEALED.copy.manifest.to_bytes().expect("JSON");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&manifest);
    for wanted in [
        format!("<copy:ManifestSHA256>{}<", hex::encode(digest)),
        format!("<rdf:li>{}</rdf:li>", SEALED.copy.manifest.pages[1].sha256),
        format!("<copy:Code>{}<", SEALED.copy.manifest.code),
        "<copy:Product>chung-thuc<".into(),
        "<copy:Device>HN-0001<".into(),
        "<rdf:li>tesseract-vie 4.1.0</rdf:li>".into(),
        "<pdfaid:conformance>A<".into(),
    ] {
        assert!(described.contains(&wanted), "{wanted}: {described}");
    }
    const PARSE: &str = "import sys, xml.dom.minidom as x; x.parseString(sys.argv[1])";
    judge(Command::new(python()).args(["-c", PARSE, described.trim()]));
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
