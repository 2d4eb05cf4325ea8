//! The reader on drawn sheets: text, places, turned and empty pages, seals, kinds, fields.
//!
//! Run with `OMP_THREAD_LIMIT=1`, as `make test` does: without it each page takes three times as
//! long.

use drivers_api::{PixelFormat, Raster, Turn};
use formats_vn::fold::distance;
use models::{
    CopyMark, Language, PageReading, Quad, ReadError, Reader, Word, classify, extract, language_of,
};
use paper::{Document, Look, Sheet, TYPEFACES, assorted, draw};

fn raster(sheet: &Sheet) -> Raster {
    Raster::new(sheet.width, sheet.height, PixelFormat::Rgb8, paper::DPI, sheet.rgb.clone())
        .expect("a sheet is a page")
}

/// What `make setup` puts beside the build, and the weights of this repository.
fn own_reader() -> Reader {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = here.join("../target/litert/libLiteRt.so");
    Reader::open_own(None, &library, 1).expect("`make setup` installs LiteRT")
}

fn read(document: Document, look: &Look) -> (Vec<Sheet>, Vec<PageReading>) {
    let sheets = draw(document, look, 1).expect("draw");
    let rasters: Vec<Raster> = sheets.iter().map(raster).collect();
    let pages = own_reader().read(&rasters.iter().collect::<Vec<_>>()).expect("read");
    (sheets, pages)
}

fn middle(quad: &Quad) -> [f32; 2] {
    [0, 1].map(|i| quad.iter().map(|corner| corner[i]).sum::<f32>() / 4.0)
}

fn holds(quad: &Quad, [x, y]: [f32; 2]) -> bool {
    let span = |i: usize| {
        let values = quad.map(|corner| corner[i]);
        (values.iter().copied().fold(f32::MAX, f32::min), values.into_iter().fold(0.0, f32::max))
    };
    let ((x0, x1), (y0, y1)) = (span(0), span(1));
    (x0 - 8.0..x1 + 8.0).contains(&x) && (y0 - 8.0..y1 + 8.0).contains(&y)
}

/// Share of wrong characters over the printed lines, whatever their order, and the number of
/// characters read where nothing is printed.
fn errors(sheet: &Sheet, page: &PageReading) -> (f32, usize) {
    let mut words: Vec<&Word> = page.lines.iter().flat_map(|line| &line.words).collect();
    let (mut wrong, mut all) = (0, 0);
    let last = sheet.words.iter().map(|word| word.line).max().unwrap_or(0);
    for line in 0..=last {
        let printed: Vec<_> = sheet.words.iter().filter(|word| word.line == line).collect();
        let on_line = |w: &&Word| printed.iter().any(|p| holds(&p.quad, middle(&w.quad)));
        let (found, rest): (Vec<&Word>, Vec<&Word>) = words.into_iter().partition(on_line);
        words = rest;
        let truth: Vec<&str> = printed.iter().map(|word| word.text.as_str()).collect();
        let got: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        let chars = |words: &[&str]| words.join(" ").chars().collect::<Vec<char>>();
        wrong += distance(&chars(&truth), &chars(&got));
        all += chars(&truth).len();
    }
    let spurious = words.iter().map(|word| word.text.chars().count()).sum();
    (wrong as f32 / all.max(1) as f32, spurious)
}

/// How many printed words were read without fault and stand within so many pixels of the print.
fn words_within(sheet: &Sheet, page: &PageReading, pixels: f32) -> usize {
    let words: Vec<&Word> = page.lines.iter().flat_map(|line| &line.words).collect();
    let found = sheet.words.iter().filter(|printed| {
        words.iter().any(|word| {
            let mut corners = printed.quad.iter().zip(&word.quad);
            word.text == printed.text
                && corners.all(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1]) <= pixels)
        })
    });
    found.count()
}

#[test]
fn a_decision_is_read_with_under_one_percent_of_errors_and_every_word_in_its_place() {
    let (sheets, pages) = read(Document::Decision, &Look::default());
    for (sheet, page) in sheets.iter().zip(&pages) {
        let (rate, spurious) = errors(sheet, page);
        assert!(rate < 0.01, "error rate {rate}");
        assert!(spurious < 10, "{spurious} characters out of nothing");
        let (count, words) = (words_within(sheet, page, 4.0), sheet.words.len());
        assert!(count * 100 > words * 97, "{count} of {words} words");
        assert!(page.confidence > 0.9 && page.turn == Turn::None && !page.blank);
    }
}

#[test]
fn tesseract_reads_where_it_is_chosen() {
    let sheet = draw(Document::Diploma, &Look::default(), 1).expect("draw").swap_remove(0);
    let mut reader = Reader::open(None, 1).expect("tesseract-ocr-vie is installed");
    let page = reader.read(&[&raster(&sheet)]).expect("read").remove(0);
    assert!(errors(&sheet, &page).0 < 0.02);
    assert_eq!(page.turn, Turn::None);
}

#[test]
fn a_skewed_and_shadowed_sheet_is_read_and_its_words_are_where_they_lie() {
    let look = Look { skew_degrees: 1.5, shadow: 0.5, noise: 16, ..Look::default() };
    let (sheets, pages) = read(Document::Decision, &look);
    for (sheet, page) in sheets.iter().zip(&pages) {
        assert!((page.skew_degrees - 1.5).abs() <= 0.1, "skew {}", page.skew_degrees);
        assert!(errors(sheet, page).0 < 0.01);
        let (count, words) = (words_within(sheet, page, 6.0), sheet.words.len());
        assert!(count * 100 > words * 97, "{count} of {words} words");
    }
}

#[test]
fn a_sheet_upside_down_is_told_and_its_places_are_those_of_the_turned_page() {
    let look = Look { half_turned: true, ..Look::default() };
    let (mut sheets, pages) = read(Document::Diploma, &look);
    assert_eq!(pages[0].turn, Turn::Half);
    let (w, h) = (sheets[0].width as f32, sheets[0].height as f32);
    for word in &mut sheets[0].words {
        word.quad = word.quad.map(|[x, y]| [w - x, h - y]);
    }
    assert!(errors(&sheets[0], &pages[0]).0 < 0.02);
    let seal = pages[0].seals.first().expect("the seal is seen");
    assert!(seal.y > pages[0].height / 2, "the seal stands in the lower half once turned");
}

/// The sheet somewhere on a dark bed, and where.
fn on_a_bed(sheet: &Sheet, beyond: u32, at: (u32, u32)) -> Raster {
    let (width, height) = (sheet.width + beyond, sheet.height + beyond);
    let mut data: Vec<u8> = (0..width * height * 3).map(|i| 18 + (i % 7) as u8).collect();
    let rows = sheet.rgb.chunks_exact(sheet.width as usize * 3);
    for (row, y) in rows.zip(at.1 as usize..) {
        let from = (y * width as usize + at.0 as usize) * 3;
        data[from..from + row.len()].copy_from_slice(row);
    }
    Raster::new(width, height, PixelFormat::Rgb8, paper::DPI, data).expect("a picture")
}

#[test]
fn a_sheet_on_a_dark_bed_is_found_however_it_lies() {
    let mut reader = own_reader();
    for (half_turned, turn) in [(false, Turn::None), (true, Turn::Half)] {
        let look = Look { half_turned, ..Look::default() };
        let sheet = draw(Document::Diploma, &look, 1).expect("draw").swap_remove(0);
        let bed = on_a_bed(&sheet, 900, (330, 150));
        let page = reader.read(&[&bed]).expect("read").remove(0);
        assert_eq!(page.turn, turn);
        let mut cut = bed.clone();
        page.cut_out(&mut cut);
        assert_eq!((cut.width(), cut.height()), (page.width, page.height));
        assert!(cut.width().abs_diff(sheet.width) < 40 && cut.height().abs_diff(sheet.height) < 40);

        let page = page.on_picture(bed.width(), bed.height());
        assert_eq!((page.width, page.height), (bed.width(), bed.height()));
        let place = |[x, y]: [f32; 2]| {
            let (x, y) = (x + 330.0, y + 150.0);
            if half_turned { [bed.width() as f32 - x, bed.height() as f32 - y] } else { [x, y] }
        };
        let mut truth = sheet;
        truth.words.iter_mut().for_each(|word| word.quad = word.quad.map(place));
        assert!(errors(&truth, &page).0 < 0.02);
    }
}

#[test]
fn an_empty_sheet_and_a_black_one_are_blank_and_a_dot_of_an_image_is_refused() {
    let (_, pages) = read(Document::Blank, &Look::default());
    assert!(pages[0].blank && pages[0].lines.is_empty());
    let gray = |side: u32, level: u8| {
        let data = vec![level; (side * side) as usize];
        Raster::new(side, side, PixelFormat::Gray8, 300, data).expect("shape")
    };
    let mut reader = own_reader();
    assert!(reader.read(&[&gray(900, 3)]).expect("read")[0].blank);
    let refused = reader.read(&[&gray(1, 0)]);
    assert!(matches!(refused, Err(ReadError::TooSmall { width: 1, height: 1 })));
    assert!(reader.read(&[]).expect("no pages").is_empty());
}

#[test]
fn a_seal_is_seen_in_colour_and_not_on_a_grey_copy() {
    let (_, pages) = read(Document::Birth, &Look::default());
    let seal = pages[0].seals.first().expect("the seal is seen");
    // 36 mm at 300 dpi are 425 pixels.
    assert!(seal.width.abs_diff(425) < 30 && seal.height.abs_diff(425) < 30, "{seal:?}");
    assert_eq!(pages[0].seals.len(), 1);
    assert_eq!(pages[0].signatures.len(), 1);
    let (_, grey) = read(Document::Birth, &Look { grey: true, ..Look::default() });
    assert!(grey[0].seals.is_empty() && grey[0].signatures.is_empty());
}

fn check_kind(document: Document, id: &str, fields: &[(&str, &str)]) -> Vec<PageReading> {
    let (_, pages) = read(document, &Look::default());
    let found = classify(&pages);
    assert_eq!(found.kind.id, id, "title {:?}", found.title);
    let extracted = extract(&pages, &found);
    for (id, value) in fields {
        let field = extracted.iter().find(|f| f.id == *id);
        assert_eq!(field.map(|f| f.value.as_str()), Some(*value), "{id}");
    }
    pages
}

#[test]
fn a_birth_certificate_gives_its_kind_under_a_red_title_and_its_fields() {
    let fields = [
        ("number", "86/1999"),
        ("holder", "NGHIÊM THỊ THỬ"),
        ("birth_date", "09/09/1999"),
        ("personal_number", "001199999999"),
        ("mother", "LÊ THỊ KIỂM"),
        ("signer", "Phạm Văn Thật"),
    ];
    check_kind(Document::Birth, "birth", &fields);
}

#[test]
fn a_decision_a_diploma_and_a_contract_give_their_kinds_and_fields() {
    let fields = [
        ("number", "127/QĐ-UBND"),
        ("date", "ngày 12 tháng 3 năm 2026"),
        ("issuer", "ỦY BAN NHÂN DÂN PHƯỜNG HOA SỮA"),
        ("signer", "Trần Văn Mẫu"),
    ];
    check_kind(Document::Decision, "decision", &fields);
    let fields = [("serial", "SMU-0012671"), ("date", "ngày 30 tháng 6 năm 2021")];
    check_kind(Document::Diploma, "dip_uni", &fields);
    let fields = [("date", "ngày 02 tháng 5 năm 2026")];
    let pages = check_kind(Document::PrivateContract, "contract", &fields);
    assert!(pages[0].seals.is_empty());
}

#[test]
fn a_foreign_paper_is_other_and_foreign() {
    let pages = check_kind(Document::Foreign, "other", &[]);
    assert_eq!(language_of(&pages), Language::Foreign);
}

#[test]
fn copies_and_secrets_are_read_as_such() {
    let (_, pages) = read(Document::CertifiedCopy, &Look::default());
    let marks: Vec<CopyMark> = classify(&pages).copies.iter().map(|c| c.mark).collect();
    assert_eq!(marks, [CopyMark::Certified]);
    let pages = check_kind(Document::Extract, "birth_x", &[]);
    assert!(classify(&pages).copies.iter().any(|c| c.mark == CopyMark::Extract));
    let (_, pages) = read(Document::Secret, &Look::default());
    let mark = pages[0].lines.iter().any(|line| line.text().contains("MẬT"));
    assert!(mark, "the red mark is not read");
}

#[test]
fn missing_weights_name_the_package_to_install() {
    let folder = tempfile::tempdir().expect("folder");
    let error = Reader::open(Some(folder.path()), 1).err().expect("no weights there");
    let source = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(source.contains("tesseract-ocr-vie"), "{source}");
}

#[test]
fn our_own_reader_finds_every_line_and_each_word_where_it_stands() {
    let mut reader = own_reader();
    assert_eq!(reader.model().name, "line-reader");
    for (look, errors_max) in [
        (Look::default(), 0.01),
        (Look { skew_degrees: 1.3, noise: 12, ..Look::default() }, 0.01),
        (Look { grey: true, noise: 20, shadow: 0.3, ..Look::default() }, 0.01),
    ] {
        for document in [Document::Decision, Document::Birth] {
            for sheet in draw(document, &look, 3).expect("draw") {
                let page = reader.read(&[&raster(&sheet)]).expect("read").remove(0);
                let (rate, spurious) = errors(&sheet, &page);
                let said = format!("{document:?} in {look:?}: {rate}, {spurious} out of nothing");
                assert!(rate < errors_max && spurious < 20, "{said}");
                let near = words_within(&sheet, &page, 2.0);
                assert!(near * 100 > sheet.words.len() * 97, "{near} of {}", sheet.words.len());
            }
        }
    }
}

#[test]
fn layouts_that_nobody_tuned_the_line_finder_on_are_read() {
    let mut reader = own_reader();
    let office = [Look::default(), Look { skew_degrees: 0.7, noise: 10, ..Look::default() }];
    let hard = [
        Look { fold: Some(0.4), shadow: 0.25, ..Look::default() },
        Look { fade: 0.5, bleed: 0.12, ..Look::default() },
    ];
    for (looks, errors_max, strays_max) in [(office, 0.004, 3), (hard, 0.01, 12)] {
        let (mut rates, mut strays) = (0.0, 0);
        for (seed, look) in (40..).zip(&looks) {
            let sheet = assorted(&TYPEFACES[0], look, seed).expect("draw");
            let page = reader.read(&[&raster(&sheet)]).expect("read").remove(0);
            let (rate, spurious) = errors(&sheet, &page);
            rates += rate / looks.len() as f32;
            strays += spurious;
        }
        assert!(rates < errors_max, "{rates} of the letters are wrong");
        assert!(strays <= strays_max, "{strays} letters out of nothing");
    }
}

#[test]
fn our_own_reader_tells_how_a_sheet_lies() {
    let sheet = draw(Document::Decision, &Look::default(), 3).expect("draw").swap_remove(0);
    let mut reader = own_reader();
    let turns = [
        (Turn::Quarter, Turn::ThreeQuarters),
        (Turn::Half, Turn::Half),
        (Turn::ThreeQuarters, Turn::Quarter),
    ];
    for (laid, back) in turns {
        let mut page = raster(&sheet);
        page.turn(laid);
        let page = reader.read(&[&page]).expect("read").remove(0);
        assert_eq!(page.turn, back);
        assert_eq!((page.width, page.height), (sheet.width, sheet.height));
        assert!(errors(&sheet, &page).0 < 0.005, "{laid:?}");
        let (count, words) = (words_within(&sheet, &page, 4.0), sheet.words.len());
        assert!(count * 100 > words * 97, "{count} of {words} words");
    }
}

#[test]
fn a_runtime_that_nobody_examined_is_not_loaded() {
    let folder = tempfile::tempdir().expect("folder");
    let library = folder.path().join("libLiteRt.so");
    std::fs::write(&library, b"another library").expect("write");
    let refused = tflite_abi::check(&library);
    assert!(matches!(refused, Err(tflite_abi::LoadError::Digest { .. })), "{refused:?}");
    let missing = Reader::open_own(Some(&folder.path().join("none")), &library, 1);
    assert!(matches!(missing, Err(ReadError::Weights(_))));
}
