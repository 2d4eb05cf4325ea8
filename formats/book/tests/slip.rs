//! The appointment slip, as qpdf and poppler read it.

mod common;

use common::{fonts, run};
use formats_book::{Faces, Slip, print_slip};
use time::macros::datetime;

fn slip() -> Slip {
    Slip {
        number: "A1B2C3D4".into(),
        authority: "Ủy ban nhân dân phường Thử Nghiệm".into(),
        place: "Hà Nội".into(),
        device: "HN01-K03".into(),
        requester: "Nguyễn Thị Thử".into(),
        original: "Quyết định 12/QĐ-UBND về việc thử nghiệm máy chứng thực".into(),
        pages: 12,
        copies: 5,
        reason: "Nhiều loại giấy tờ, nhiều trang hoặc nhiều bản sao".into(),
        receiver: "Trần Văn Mẫu".into(),
        received: datetime!(2026-11-23 15:10 +7),
        due: datetime!(2026-11-25 17:00 +7),
    }
}

fn printed(slip: &Slip) -> Vec<u8> {
    let [regular, bold] = fonts();
    print_slip(slip, Faces { regular: &regular, bold: &bold }).expect("the slip prints")
}

#[test]
fn a_slip_states_hour_and_day_for_whom_and_why() {
    let file = printed(&slip());
    assert_eq!(file, printed(&slip()), "the same arguments give the same bytes");
    run("qpdf", &["--check", "{}"], &file);
    let text = run("pdftotext", &["-layout", "{}", "-"], &file);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "PHIẾU HẸN TRẢ KẾT QUẢ",
        "Số: A1B2C3D4",
        "Nguyễn Thị Thử",
        "12 trang; 05 bản sao",
        "15 giờ 10, ngày 23 tháng 11 năm 2026",
        "TRẢ KẾT QUẢ TRƯỚC 17 giờ 00, ngày 25 tháng 11 năm 2026",
        "Người tiếp nhận (ký, ghi rõ họ tên)",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}

#[test]
fn the_longest_texts_still_make_one_page() {
    let long = "Công Tằng Tôn Nữ Hoàng Thị Phương Quỳnh ".repeat(50);
    let slip = Slip {
        requester: long.clone(),
        original: long.clone(),
        reason: long,
        receiver: "W".repeat(200),
        ..slip()
    };
    let info = run("pdfinfo", &["{}"], &printed(&slip));
    assert!(info.lines().any(|line| line.split_whitespace().eq(["Pages:", "1"])), "{info}");
    let boxes = run("pdftotext", &["-bbox", "{}", "-"], &printed(&slip));
    let lowest = boxes.lines().filter_map(|line| line.split("yMax=\"").nth(1)?.split('"').next());
    let lowest = lowest.filter_map(|y| y.parse::<f32>().ok()).fold(0.0, f32::max);
    assert!(lowest < 595.0, "a line is below the page: {lowest}");
}
