//! The printed book, as qpdf and poppler read it.

mod common;

use common::{fonts, run};
use formats_book::{Book, Faces, Refused, Row, Span, Totals, money, print};
use proptest::prelude::*;
use time::macros::{date, datetime};
use time::{Duration, Month, OffsetDateTime};

const AT: OffsetDateTime = datetime!(2026-12-31 17:05 +7);

fn printed(book: &Book, span: Span) -> Vec<u8> {
    let [regular, bold] = fonts();
    print(book, span, Faces { regular: &regular, bold: &bold }, AT).expect("the book prints")
}

/// The text of the file with runs of blanks as one.
fn text(file: &[u8]) -> String {
    let text = run("pdftotext", &["-layout", "{}", "-"], file);
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

fn row(number: u32) -> Row {
    Row {
        number,
        date: date!(2026 - 10 - 20) + Duration::days(i64::from(number) / 3),
        requester: format!("Nguyễn Thị Thử {number}"),
        original: "Giấy khai sinh".into(),
        signer: "Trần Văn Mẫu".into(),
        capacity: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH".into(),
        copies: 1 + number % 3,
        fee_vnd: 2_000 * u64::from(1 + number % 3),
        note: String::new(),
    }
}

fn book() -> Book {
    let mut rows: Vec<_> = (1..=60).map(row).collect();
    rows[4].requester = "Công Tằng Tôn Nữ Hoàng Thị Phương Quỳnh Diễm Trang Nhã ".repeat(4);
    rows[4].note = "Miễn phí: Nghị quyết 77/2025/NQ-HĐND".into();
    Book {
        name: "03/2026-SCT/BS".into(),
        authority: "Ủy ban nhân dân phường Thử Nghiệm".into(),
        opened: date!(2026 - 10 - 20),
        closed: Some(date!(2026 - 12 - 31)),
        rows,
        refusals: vec![Refused {
            at: datetime!(2026-11-03 10:12 +7),
            code: "R5".into(),
            reason: "Giấy tờ nước ngoài chưa được hợp pháp hóa lãnh sự".into(),
            article: "Nghị định 23/2015/NĐ-CP, Điều 22 khoản 5".into(),
            officer: Some("Trần Văn Mẫu".into()),
        }],
    }
}

#[test]
fn the_whole_book_has_cover_columns_totals_closing_and_annex() {
    let (book, file) = (book(), printed(&book(), Span::Whole));
    run("qpdf", &["--check", "{}"], &file);
    let text = text(&file);
    let sum = Totals::of(&book.rows);
    for wanted in [
        "SỔ CHỨNG THỰC BẢN SAO TỪ BẢN CHÍNH".to_owned(),
        "Quyển số: 03/2026-SCT/BS".into(),
        "Mở sổ ngày 20 tháng 10 năm 2026".into(),
        "Khóa sổ ngày 31 tháng 12 năm 2026".into(),
        "(1) (2) (3) (4) (5) (6) (7) (8)".into(),
        "Cộng tháng 10/2026: 35 số chứng thực".into(),
        "Cộng tháng 11/2026: 25 số chứng thực".into(),
        format!("Cộng cả sổ: 60 số chứng thực {} {}", sum.copies, money(sum.fees_vnd)),
        format!("{} bản sao; phí {} đồng", sum.copies, money(sum.fees_vnd)),
        "03/11/2026 10:12 R5 Giấy tờ nước ngoài".into(),
        "Cộng: 01 trường hợp".into(),
    ] {
        assert!(text.contains(&wanted), "{wanted:?} is not in\n{text}");
    }
    for number in 1..=60 {
        let wanted = format!("Nguyễn Thị Thử {number} ");
        assert_eq!(text.matches(&wanted).count(), usize::from(number != 5), "{wanted}");
    }
}

#[test]
fn the_head_is_repeated_and_every_page_has_its_number() {
    let file = printed(&book(), Span::Whole);
    let info = run("pdfinfo", &["{}"], &file);
    let pages = info.lines().find_map(|l| l.strip_prefix("Pages:")).expect("a count of pages");
    let pages: usize = pages.trim().parse().expect("a number");
    let text = text(&file);
    assert!(pages >= 4, "60 rows fill some pages");
    // Every page with rows carries the eight columns; the closing may stand on a page of its own.
    let mut with_rows = 0;
    for page in run("pdftotext", &["-layout", "{}", "-"], &file).split('\u{c}') {
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.contains("Nguyễn Thị Thử") {
            with_rows += 1;
            assert!(words.contains("(1) (2) (3) (4) (5) (6) (7) (8)"), "{words}");
        }
    }
    assert!(with_rows >= 3, "{with_rows} pages with rows");
    for page in 1..pages {
        assert!(text.contains(&format!("Trang {page}/{}", pages - 1)), "{page}");
    }
    assert!(info.contains("PDF subtype:     PDF/A-2u") || info.contains("841.89 x 595.28"));
}

#[test]
fn a_month_has_its_own_rows_and_the_sums_so_far() {
    let book = book();
    let text = text(&printed(&book, Span::Month(2026, Month::October)));
    let sum = Totals::of(&book.rows[..35]);
    assert!(text.contains("Bản in tháng 10 năm 2026") && !text.contains("/11/2026"));
    assert!(!text.contains("Cộng tháng 11"));
    let so_far =
        format!("Lũy kế từ khi mở sổ: 35 số chứng thực {} {}", sum.copies, money(sum.fees_vnd));
    assert!(text.contains(&so_far), "{text}");
    assert!(text.contains("Cộng: 00 trường hợp"), "the refusal was in November");
}

#[test]
fn an_open_book_without_rows_says_so() {
    let book = Book { rows: vec![], closed: None, refusals: vec![], ..book() };
    let text = text(&printed(&book, Span::Whole));
    assert!(text.contains("Không có việc chứng thực nào."));
    assert!(text.contains("Cộng cả sổ: 0 số chứng thực 0 0"));
    assert!(text.contains("Khóa sổ ngày ……") && !text.contains("NGƯỜI ĐỨNG ĐẦU"));
}

#[test]
fn the_same_book_prints_to_the_same_bytes() {
    assert_eq!(printed(&book(), Span::Whole), printed(&book(), Span::Whole));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_stands_in_a_row_is_printed_as_a_sound_file(
        requester in "\\PC{0,400}", original in "[A-ZĐ ]{0,3000}", note in "\\PC{0,2000}",
        fee_vnd: u64,
    ) {
        let row = Row { requester, original, note, fee_vnd, ..row(1) };
        let book = Book { rows: vec![row; 2], ..book() };
        let file = printed(&book, Span::Whole);
        run("qpdf", &["--check", "{}"], &file);
        // A row that left its page would leave a page without rows behind it.
        let pages = run("pdfinfo", &["{}"], &file);
        let count = pages.lines().find_map(|l| l.strip_prefix("Pages:")).map(str::trim);
        let count: u32 = count.and_then(|c| c.parse().ok()).expect("a count of pages");
        prop_assert!(count <= 6, "{count} pages for two rows");
    }
}
