//! A hundred copies of all kinds hold the rules of PDF/A-3a that no judge here knows.
//!
//! `PDFA_COPIES=250` makes 500. The rules are in `rules`; what PDF/A-1 asks for is judged by PDFBox
//! Preflight besides.

mod common;
mod rules;

use std::cell::RefCell;
use std::sync::LazyLock;

use common::{SEALED, TestSigner, assets, request};
use formats_copy::{
    Assets, BuildError, CopyRequest, Layer, PageImage, PlacedWord, Product, SealError, seal,
};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use rules::violations;

/// Copies of each product; `PDFA_COPIES` asks for more.
fn copies() -> u32 {
    let asked = std::env::var("PDFA_COPIES");
    asked.map_or(50, |asked| asked.parse().expect("PDFA_COPIES is a number"))
}

/// Small images of odd sizes, grey and coloured.
static JPEGS: LazyLock<Vec<(u16, u16, Vec<u8>)>> = LazyLock::new(|| {
    let sizes = [(83, 117), (117, 83), (41, 301), (13, 90), (333, 7), (413, 585)];
    let mut images = Vec::new();
    for (i, (width, height)) in sizes.into_iter().enumerate() {
        for (kind, channels) in
            [(jpeg_encoder::ColorType::Luma, 1), (jpeg_encoder::ColorType::Rgb, 3)]
        {
            let count = usize::from(width) * usize::from(height) * channels;
            let pixels: Vec<u8> = (0..count).map(|at| ((at * 31 + i * 7) % 251) as u8).collect();
            let mut jpeg = Vec::new();
            jpeg_encoder::Encoder::new(&mut jpeg, 60)
                .encode(&pixels, width, height, kind)
                .expect("an image");
            images.push((width, height, jpeg));
        }
    }
    images
});

static ASSETS: LazyLock<Assets> = LazyLock::new(assets);

static REQUEST: LazyLock<CopyRequest> = LazyLock::new(request);

thread_local! {
    static SIGNERS: RefCell<[TestSigner; 2]> = RefCell::new([
        SEALED.ca.ec_signer("Nguyễn Thị Thử"),
        SEALED.ca.ec_signer("UBND phường Thử Nghiệm"),
    ]);
}

fn words() -> impl Strategy<Value = Vec<PlacedWord>> {
    let text = prop_oneof![
        8 => "[a-zA-ZăâđêôơưếềểễệắằẳẵặỨỪỬỮỰĐƠ0-9.,:/-]{1,12}",
        1 => Just("Nghiêng".to_owned()),
        1 => "[()<>\\\\%\"&'…–“”]{1,3}",
        // Letters that the typeface may lack.
        1 => "[字☃Ж€ﬁ\u{301}]{1,2}",
    ];
    let corner = || (-5.0f32..120.0, -5.0f32..120.0).prop_map(|(x, y)| [x, y]);
    let quad = prop_oneof![
        (0.0f32..80.0, 0.0f32..80.0, 1.0f32..40.0, 1.0f32..12.0).prop_map(|(x, y, w, h)| [
            [x, y],
            [x + w, y],
            [x + w, y + h],
            [x, y + h]
        ]),
        (corner(), corner(), corner(), corner()).prop_map(|(a, b, c, d)| [a, b, c, d]),
        corner().prop_map(|a| [a; 4]),
    ];
    let word =
        (text, quad, 0usize..4).prop_map(|(text, quad, line)| PlacedWord { text, quad, line });
    prop::collection::vec(word, 0..8)
}

fn page() -> impl Strategy<Value = PageImage> {
    let skew = prop_oneof![2 => Just(0.0f32), 1 => -15.0f32..15.0, 1 => -0.6f32..0.6];
    let dpi = prop_oneof![Just(50u32), Just(72), Just(300), 60u32..=1200];
    (0..JPEGS.len(), dpi, skew, words(), any::<[bool; 2]>()).prop_map(
        |(image, dpi, skew_degrees, words, [ink, patch])| {
            let (width, height, jpeg) = &JPEGS[image];
            let (width, height) = (u32::from(*width), u32::from(*height));
            // PDF knows no page under 3 points.
            let dpi = dpi.min(24 * width.min(height));
            PageImage {
                jpeg: jpeg.clone().into(),
                over: over(width, height, jpeg, ink, patch),
                width,
                height,
                dpi,
                skew_degrees,
                words,
            }
        },
    )
}

/// Ink of the page's own colours in short strokes, and a corner of it once more.
fn over(width: u32, height: u32, jpeg: &[u8], ink: bool, patch: bool) -> Vec<Layer> {
    let layer = |area, mask| Layer { jpeg: jpeg.to_vec().into(), area, mask };
    let ink = ink.then(|| layer([0, 0, width, height], Some(strokes(width, height).into())));
    let corner = [0, 0, width.div_ceil(2), height.div_ceil(2)];
    ink.into_iter().chain(patch.then(|| layer(corner, None))).collect()
}

/// A mask coded by ITU-T T.6.
fn strokes(width: u32, height: u32) -> Vec<u8> {
    let bit = |inked| if inked { fax::Color::Black } else { fax::Color::White };
    let mut fax = fax::encoder::Encoder::new(fax::VecWriter::new());
    for y in 0..height {
        let row = (0..width).map(|x| bit((x / 8 + y).is_multiple_of(2)));
        let Ok(()) = fax.encode_line(row, width);
    }
    let Ok(mask) = fax.finish().map(fax::VecWriter::finish);
    mask
}

fn text() -> impl Strategy<Value = String> {
    let name = "(Ủy ban|NGUYỄN|Giấy chứng nhận|Đỗ|sử dụng đất|& Cộng sự|<Thử>|số 12/2020)";
    let words = prop::collection::vec(name.prop_map(|word: String| word), 1..9);
    words.prop_map(|words| words.join(" "))
}

fn copy(product: Product) -> impl Strategy<Value = (CopyRequest, [bool; 2])> {
    let count = prop_oneof![8 => 1usize..5, 1 => 5usize..41];
    let pages = count.prop_flat_map(|count| prop::collection::vec(page(), count));
    let texts = (text(), text(), text(), text());
    (pages, texts, 1u32..100_000, any::<[bool; 2]>()).prop_map(
        move |(mut pages, (authority, officer, kind, title), number, images)| {
            if product == Product::SaoY {
                // The note stands above the first page, so that is a sheet of paper.
                let (width, height, jpeg) = JPEGS[JPEGS.len() - 1].clone();
                let (width, height) = (width.into(), height.into());
                pages[0] =
                    PageImage { jpeg: jpeg.into(), width, height, dpi: 50, ..pages[0].clone() };
            }
            let request = CopyRequest {
                product,
                pages,
                authority,
                officer,
                kind,
                title,
                number,
                ..REQUEST.clone()
            };
            (request, images)
        },
    )
}

fn hold(product: Product) {
    let config = ProptestConfig {
        cases: copies(),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Default::default()
    };
    let mut runner = TestRunner::new(config);
    let done = runner.run(&copy(product), |(request, [with_seal, with_signature])| {
        let assets = Assets {
            seal_png: ASSETS.seal_png.clone().filter(|_| with_seal),
            signature_png: ASSETS.signature_png.clone().filter(|_| with_signature),
            ..ASSETS.clone()
        };
        let sealed = SIGNERS
            .with_borrow_mut(|[officer, authority]| seal(&request, &assets, officer, authority));
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(error) => return Err(TestCaseError::fail(format!("{error:?}"))),
        };
        let found = violations(&sealed.bytes);
        prop_assert!(found.is_empty(), "{:?}", found);
        Ok(())
    });
    // The smallest copy that fails, without the bytes of its images.
    if let Err(error) = done {
        let TestError::Fail(reason, (request, images)) = error else { panic!("{error}") };
        let pages: Vec<_> = request
            .pages
            .iter()
            .map(|page| (page.width, page.height, page.dpi, page.skew_degrees, &page.words))
            .collect();
        panic!("{reason}\n{pages:?} {images:?} {}", request.title);
    }
}

#[test]
fn every_certified_copy_holds_the_rules_of_pdf_a() {
    hold(Product::ChungThuc);
}

#[test]
fn every_copy_by_decree_30_holds_the_rules_of_pdf_a() {
    hold(Product::SaoY);
}

/// Changes of the same length, and the clause that each breaks.
const FAULTS: [(&str, &str, &str); 21] = [
    ("%PDF-1.7", "%PDF-2.0", "6.1.2"),
    ("/ID[", "/IX[", "6.1.3"),
    ("/FlateDecode", "/LZWDecode  ", "6.1.7.2"),
    ("/S/GTS_PDFA1", "/S/GTS_PDFX1", "6.2.3"),
    ("/FontFile2", "/FontFile9", "6.2.11.4.1"),
    ("/ToUnicode", "/ToUnicodf", "6.2.11.7"),
    ("/Identity-H", "/Identity-V", "6.2.11.3.3"),
    ("/CIDToGIDMap", "/CIDToGIDMaq", "6.2.11.3.2"),
    ("/F 132/Rect", "/F 134/Rect", "6.3.2"),
    ("/Rect[0 0 0 0]", "/Rect[0 0 9 9]", "6.3.3"),
    ("/Marked true", "/Marked null", "6.7.2.2"),
    ("/Lang(vi)", "/Lanh(vi)", "6.7.4"),
    ("/S/Figure", "/S/Fogure", "6.7.3.3"),
    ("/Alt", "/Als", "6.7.5"),
    ("/AFRelationship/Data", "/AFRelationship/Dada", "6.8"),
    ("/Subtype/application", "/Subtipe/application", "6.8"),
    ("<pdfaid:part>3<", "<pdfaid:part>2<", "6.6.4"),
    ("<pdfaid:conformance>A<", "<pdfaid:conformance>B<", "6.6.4"),
    ("<pdfaProperty:name>Code<", "<pdfaProperty:name>Kode<", "6.6.2.3.1"),
    ("<xmp:CreatorTool>B", "<xmp:CreatorTool>C", "6.6.3"),
    ("/MediaBox", "/MediaBix", "6.1.13"),
];

#[test]
fn each_rule_that_is_broken_is_told_by_its_clause() {
    let good = &SEALED.copy.bytes;
    assert_eq!(violations(good), Vec::<String>::new());
    for (from, to, clause) in FAULTS {
        let mut bytes = good.clone();
        let places: Vec<_> = (0..bytes.len() - from.len())
            .filter(|at| bytes[*at..].starts_with(from.as_bytes()))
            .collect();
        assert!(!places.is_empty(), "no {from}");
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        let found = violations(&bytes);
        assert!(found.iter().any(|v| v.starts_with(clause)), "{from}: {found:?}");
    }
}

#[test]
fn a_page_beyond_the_sizes_of_pdf_is_refused() {
    for (dpi, width, height) in [(1200, 13, 13), (50, 16, 10_001)] {
        let mut jpeg = Vec::new();
        let pixels = vec![200; usize::from(width) * usize::from(height)];
        jpeg_encoder::Encoder::new(&mut jpeg, 60)
            .encode(&pixels, width, height, jpeg_encoder::ColorType::Luma)
            .expect("an image");
        let (width, height) = (width.into(), height.into());
        let words = Vec::new();
        let page = PageImage {
            jpeg: jpeg.into(),
            over: Vec::new(),
            width,
            height,
            dpi,
            skew_degrees: 0.0,
            words,
        };
        let request = CopyRequest { pages: vec![page], ..REQUEST.clone() };
        let sealed = SIGNERS
            .with_borrow_mut(|[officer, authority]| seal(&request, &ASSETS, officer, authority));
        let refused = matches!(sealed, Err(SealError::Build(BuildError::Page { page: 1, .. })));
        let error = sealed.err();
        assert!(refused, "{width} x {height} at {dpi}: {error:?}");
    }
}
