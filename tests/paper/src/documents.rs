//! The documents: words, and where they stand. Every name, number and place is made up.

use crate::canvas::{BLACK, Canvas, RED, Style};
use crate::fonts::{Face, Fonts, OFFICE};
use crate::look::{Look, scan};
use crate::seal::{seal, signature};
use crate::{PaperError, Sheet};

/// The authority that issues the drawn papers; it does not exist.
pub const AUTHORITY: &str = "ỦY BAN NHÂN DÂN PHƯỜNG HOA SỮA";

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A decision of an authority, two sheets, sealed and signed.
    Decision,
    /// A birth certificate.
    Birth,
    /// A bachelor's diploma.
    Diploma,
    /// A rental contract between two persons, signed, without any seal.
    PrivateContract,
    /// A certificate in English, issued abroad.
    Foreign,
    /// A decision that bears a secrecy mark.
    Secret,
    /// A decision that already bears a certification statement: a copy.
    CertifiedCopy,
    /// An extract, which is itself a copy by its title.
    Extract,
    /// An empty sheet.
    Blank,
}

/// The kiosk's usual original: a decision of two pages.
pub fn original(seed: u64) -> Result<Vec<Sheet>, PaperError> {
    draw(Document::Decision, &Look::default(), seed)
}

/// Draws `document` as the scanner sees it through `look`: A4 at 300 dpi, 2480 x 3508.
pub fn draw(document: Document, look: &Look, seed: u64) -> Result<Vec<Sheet>, PaperError> {
    let fonts = Fonts::load(&OFFICE)?;
    let sheets = match document {
        Document::Decision => decision(&fonts, seed)?,
        Document::Birth => vec![birth(&fonts, seed)?],
        Document::Diploma => vec![diploma(&fonts, seed)?],
        Document::PrivateContract => vec![contract(&fonts, seed)?],
        Document::Foreign => vec![foreign(&fonts, seed)?],
        Document::Secret => secret(&fonts, seed)?,
        Document::CertifiedCopy => certified(&fonts, seed)?,
        Document::Extract => vec![extract(&fonts, seed)?],
        Document::Blank => vec![Canvas::a4(&fonts)],
    };
    let sheets = sheets.into_iter().enumerate();
    Ok(sheets.map(|(i, canvas)| scan(canvas, look, seed + i as u64)).collect())
}

fn regular(pt: f32) -> Style {
    Style::new(Face::Regular, pt)
}

fn bold(pt: f32) -> Style {
    Style::new(Face::Bold, pt)
}

fn italic(pt: f32) -> Style {
    Style::new(Face::Italic, pt)
}

/// Margins of Decree 30/2020: 30 mm left, 15 to 20 mm right, 20 to 25 mm top and bottom.
const LEFT: f32 = 30.0;
const WIDTH: f32 = 163.0;
const BOTTOM: f32 = 270.0;
const LEADING: f32 = 6.9;

/// Motto right, authority left, number and date below, as Decree 30/2020 sets them.
fn head(canvas: &mut Canvas<'_>, number: &str, date: &str) {
    canvas.centred(62.0, 24.0, "ỦY BAN NHÂN DÂN", bold(12.5));
    canvas.centred(62.0, 30.0, "PHƯỜNG HOA SỮA", bold(12.5));
    canvas.rule(50.0, 32.0, 24.0, 0.25, BLACK);
    canvas.centred(146.0, 24.0, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold(12.0));
    canvas.centred(146.0, 30.0, "Độc lập - Tự do - Hạnh phúc", bold(13.0));
    canvas.rule(116.0, 32.0, 60.0, 0.25, BLACK);
    canvas.centred(62.0, 40.0, number, regular(13.0));
    canvas.centred(146.0, 40.0, date, italic(13.0));
}

/// The motto alone, centred, as on certificates.
fn motto(canvas: &mut Canvas<'_>, y: f32) {
    canvas.centred(105.0, y, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold(13.0));
    canvas.centred(105.0, y + 7.0, "Độc lập - Tự do - Hạnh phúc", bold(13.5));
    canvas.rule(74.0, y + 9.2, 62.0, 0.3, BLACK);
}

/// Signature block on the right: capacity, signature, seal over its left third, name.
fn signed(
    canvas: &mut Canvas<'_>,
    y: f32,
    capacity: &[&str],
    name: &str,
    seed: u64,
    fonts: &Fonts,
    authority: Option<&str>,
) -> Result<(), PaperError> {
    for (i, line) in capacity.iter().enumerate() {
        canvas.centred(148.0, y + 6.0 * i as f32, line, bold(13.0));
    }
    let y = y + 6.0 * capacity.len() as f32;
    canvas.stamp(126.0, y + 2.0, &signature(seed)?);
    if let Some(authority) = authority {
        canvas.stamp(104.0, y - 6.0, &seal(fonts, authority)?);
    }
    canvas.centred(148.0, y + 30.0, name, bold(13.0));
    Ok(())
}

/// Running text over as many sheets as it takes, justified.
struct Flow<'f> {
    fonts: &'f Fonts,
    sheets: Vec<Canvas<'f>>,
    y: f32,
}

impl<'f> Flow<'f> {
    fn new(fonts: &'f Fonts, first: Canvas<'f>, y: f32) -> Self {
        Self { fonts, sheets: vec![first], y }
    }

    fn sheet(&mut self) -> &mut Canvas<'f> {
        let last = self.sheets.len() - 1;
        &mut self.sheets[last]
    }

    /// Moves down, to a new sheet when `room` millimetres are not left.
    fn room(&mut self, room: f32) {
        if self.y + room > BOTTOM {
            let mut next = Canvas::a4(self.fonts);
            let number = (self.sheets.len() + 1).to_string();
            next.centred(105.0, 14.0, &number, regular(13.0));
            self.sheets.push(next);
            self.y = 26.0;
        }
    }

    fn paragraph(&mut self, text: &str, style: Style) {
        let indent = 12.7;
        let lines = self.sheet().wrap(text, style, WIDTH, indent);
        let count = lines.len();
        for (i, line) in lines.iter().enumerate() {
            self.room(LEADING);
            let shift = if i == 0 { indent } else { 0.0 };
            let y = self.y;
            if i + 1 == count {
                self.sheet().text(LEFT + shift, y, line, style);
            } else {
                self.sheet().justified(LEFT + shift, y, line, style, WIDTH - shift);
            }
            self.y += LEADING;
        }
        self.y += 1.6;
    }
}

const GROUNDS: [&str; 5] = [
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;",
    "Căn cứ Luật Thi đua, khen thưởng ngày 15 tháng 6 năm 2022 và các văn bản quy định chi tiết, \
     hướng dẫn thi hành;",
    "Căn cứ Quy chế làm việc của Ủy ban nhân dân phường Hoa Sữa nhiệm kỳ 2025 - 2030;",
    "Xét kết quả bình chọn tại hội nghị tổng kết phong trào “Toàn dân đoàn kết xây dựng đời sống \
     văn hóa” của các tổ dân phố ngày 28 tháng 02 năm 2026;",
    "Theo đề nghị của Trưởng phòng Văn hóa - Xã hội tại Tờ trình số 57/TTr-VHXH ngày 09 tháng 3 \
     năm 2026.",
];

const ARTICLES: [(&str, &str); 6] = [
    (
        "Điều 1.",
        "Công nhận danh hiệu “Gia đình văn hóa tiêu biểu” năm 2025 cho hộ gia đình bà Nghiêm Thị \
         Thử, cư trú tại số 1 phố Thử, phường Hoa Sữa, thành phố Hà Nội, và 126 hộ gia đình khác \
         có tên trong danh sách kèm theo Quyết định này.",
    ),
    (
        "Điều 2.",
        "Mức tiền thưởng cho mỗi hộ gia đình là 1.170.000 đồng (bằng chữ: một triệu một trăm bảy \
         mươi nghìn đồng), trích từ quỹ thi đua, khen thưởng của phường năm 2026. Việc chi trả \
         hoàn thành trước ngày 30 tháng 4 năm 2026 và được công khai tại trụ sở Ủy ban nhân dân \
         phường, nhà sinh hoạt cộng đồng của từng tổ dân phố.",
    ),
    (
        "Điều 3.",
        "Các hộ gia đình được công nhận có trách nhiệm giữ gìn và phát huy danh hiệu; thực hiện \
         tốt nghĩa vụ công dân, chấp hành chủ trương, đường lối của Đảng, chính sách, pháp luật \
         của Nhà nước, quy ước của cộng đồng dân cư; tham gia giữ gìn vệ sinh môi trường, cảnh \
         quan đô thị, trật tự an toàn giao thông và phòng cháy, chữa cháy tại nơi cư trú.",
    ),
    (
        "Điều 4.",
        "Giao Phòng Văn hóa - Xã hội chủ trì, phối hợp với Ủy ban Mặt trận Tổ quốc Việt Nam phường \
         tổ chức trao giấy chứng nhận, theo dõi việc duy trì danh hiệu và báo cáo kết quả trước \
         ngày 15 tháng 12 hằng năm. Danh hiệu bị thu hồi khi có vi phạm được cơ quan có thẩm quyền \
         kết luận bằng văn bản; thông tin cá nhân của các hộ gia đình được bảo mật theo quy định.",
    ),
    (
        "Điều 5.",
        "Quyết định này có hiệu lực kể từ ngày ký và thay thế Quyết định số 98/QĐ-UBND ngày 11 \
         tháng 3 năm 2025 của Ủy ban nhân dân phường về cùng nội dung. Trong quá trình thực hiện, \
         nếu có vướng mắc, các tổ dân phố phản ánh về Phòng Văn hóa - Xã hội (điện thoại 024 3999 \
         0126) để tổng hợp, trình Chủ tịch Ủy ban nhân dân phường xem xét, giải quyết.",
    ),
    (
        "Điều 6.",
        "Chánh Văn phòng Hội đồng nhân dân và Ủy ban nhân dân, Trưởng phòng Văn hóa - Xã hội, \
         Trưởng phòng Kinh tế, Hạ tầng và Đô thị, các tổ trưởng tổ dân phố và các hộ gia đình có \
         tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này./.",
    ),
];

fn decision(fonts: &Fonts, seed: u64) -> Result<Vec<Canvas<'_>>, PaperError> {
    let mut page = Canvas::a4(fonts);
    let number = format!("Số: {}/QĐ-UBND", 126 + seed % 800);
    head(&mut page, &number, "Hà Nội, ngày 12 tháng 3 năm 2026");
    page.centred(105.0, 54.0, "QUYẾT ĐỊNH", bold(14.5));
    page.centred(
        105.0,
        61.0,
        "Về việc công nhận danh hiệu “Gia đình văn hóa tiêu biểu”",
        bold(14.0),
    );
    page.centred(105.0, 67.5, "năm 2025 trên địa bàn phường Hoa Sữa", bold(14.0));
    page.rule(88.0, 70.0, 34.0, 0.25, BLACK);
    page.centred(105.0, 81.0, "CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG HOA SỮA", bold(13.5));
    let mut flow = Flow::new(fonts, page, 91.0);
    for ground in GROUNDS {
        flow.paragraph(ground, italic(14.0));
    }
    flow.room(14.0);
    let y = flow.y + 2.0;
    flow.sheet().centred(105.0, y, "QUYẾT ĐỊNH:", bold(14.0));
    flow.y += 11.0;
    for (head, body) in ARTICLES {
        flow.paragraph(&format!("{head} {body}"), regular(14.0));
    }
    flow.room(62.0);
    let y = flow.y + 6.0;
    let last = flow.sheet();
    last.text(30.0, y, "Nơi nhận:", Style::new(Face::Italic, 12.0));
    for (i, line) in [
        "- Như Điều 6;",
        "- Thường trực Đảng ủy (để b/c);",
        "- Cổng thông tin phường;",
        "- Lưu: VT, VHXH.",
    ]
    .iter()
    .enumerate()
    {
        last.text(30.0, y + 5.2 * (i + 1) as f32, line, regular(11.0));
    }
    let capacity = ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"];
    signed(last, y, &capacity, "Trần Văn Mẫu", seed, fonts, Some(AUTHORITY))?;
    Ok(flow.sheets)
}

/// Lines of `label: value`, from `y` down; returns where the next would stand.
fn rows(canvas: &mut Canvas<'_>, mut y: f32, step: f32, list: &[(&str, &str)]) -> f32 {
    for (label, value) in list {
        let end = canvas.text(LEFT, y, label, regular(13.0));
        canvas.text(end + 1.6, y, value, bold(13.0));
        y += step;
    }
    y
}

const BIRTH_ROWS: [(&str, &str); 14] = [
    ("Họ, chữ đệm, tên:", "NGHIÊM THỊ THỬ"),
    ("Ngày, tháng, năm sinh:", "09/09/1999"),
    ("Ghi bằng chữ:", "Ngày chín, tháng chín, năm một nghìn chín trăm chín mươi chín"),
    ("Giới tính:", "Nữ"),
    ("Dân tộc:", "Kinh"),
    ("Quốc tịch:", "Việt Nam"),
    ("Nơi sinh:", "Bệnh viện Phụ sản Hoa Sữa, thành phố Hà Nội"),
    ("Quê quán:", "Xã Đồng Lúa, tỉnh Ninh Bình"),
    ("Số định danh cá nhân:", "001199999999"),
    ("Họ, chữ đệm, tên người mẹ:", "LÊ THỊ KIỂM"),
    ("Năm sinh:", "1973"),
    ("Họ, chữ đệm, tên người cha:", "NGHIÊM VĂN THÍ"),
    ("Nơi đăng ký khai sinh:", "Ủy ban nhân dân phường Hoa Sữa, thành phố Hà Nội"),
    ("Ngày, tháng, năm đăng ký:", "20/9/1999"),
];

fn birth(fonts: &Fonts, seed: u64) -> Result<Canvas<'_>, PaperError> {
    let mut page = Canvas::a4(fonts);
    motto(&mut page, 34.0);
    page.text(158.0, 54.0, "Số: 86/1999", regular(13.0));
    page.centred(105.0, 68.0, "GIẤY KHAI SINH", Style { colour: RED, ..bold(22.0) });
    page.frame(16.0, 16.0, 178.0, 264.0, 0.8, [176, 120, 60]);
    let y = rows(&mut page, 86.0, 8.6, &BIRTH_ROWS);
    signed(&mut page, y + 8.0, &["CHỦ TỊCH"], "Phạm Văn Thật", seed, fonts, Some(AUTHORITY))?;
    Ok(page)
}

fn extract(fonts: &Fonts, seed: u64) -> Result<Canvas<'_>, PaperError> {
    let mut page = Canvas::a4(fonts);
    head(&mut page, "Số: 311/TLKS-BS", "Hà Nội, ngày 05 tháng 8 năm 2026");
    page.centred(105.0, 58.0, "TRÍCH LỤC KHAI SINH", bold(18.0));
    page.centred(105.0, 66.0, "(BẢN SAO)", bold(14.0));
    let y = rows(&mut page, 84.0, 8.8, &BIRTH_ROWS);
    let capacity = ["TUQ. CHỦ TỊCH", "CÔNG CHỨC TƯ PHÁP"];
    signed(&mut page, y + 8.0, &capacity, "Đỗ Thị Chuẩn", seed, fonts, Some(AUTHORITY))?;
    Ok(page)
}

const SCHOOL: &str = "TRƯỜNG ĐẠI HỌC SÔNG MẪU";

fn diploma(fonts: &Fonts, seed: u64) -> Result<Canvas<'_>, PaperError> {
    let mut page = Canvas::a4(fonts);
    page.frame(12.0, 12.0, 186.0, 272.0, 1.4, [196, 150, 60]);
    page.frame(15.0, 15.0, 180.0, 266.0, 0.5, [196, 150, 60]);
    motto(&mut page, 36.0);
    page.centred(105.0, 66.0, "HIỆU TRƯỞNG", bold(14.0));
    page.centred(105.0, 74.0, SCHOOL, bold(15.0));
    page.centred(105.0, 84.0, "cấp", italic(14.0));
    page.centred(105.0, 99.0, "BẰNG CỬ NHÂN", Style { colour: RED, ..bold(26.0) });
    page.centred(105.0, 110.0, "Ngành: Luật kinh tế", bold(15.0));
    let list = [
        ("Cho:", "Bà Nghiêm Thị Thử"),
        ("Ngày sinh:", "09/9/1999"),
        ("Nơi sinh:", "Thành phố Hà Nội"),
        ("Hạng tốt nghiệp:", "Giỏi"),
        ("Hình thức đào tạo:", "Chính quy"),
        ("Năm tốt nghiệp:", "2021"),
    ];
    rows(&mut page, 130.0, 10.0, &list);
    page.centred(148.0, 204.0, "Hà Nội, ngày 30 tháng 6 năm 2021", italic(13.0));
    signed(&mut page, 212.0, &["HIỆU TRƯỞNG"], "PGS.TS. Vũ Đình Giả", seed, fonts, Some(SCHOOL))?;
    page.text(LEFT, 256.0, "Số hiệu: SMU-0012671", regular(12.0));
    page.text(LEFT, 263.0, "Số vào sổ gốc cấp bằng: 2021/L-0457", regular(12.0));
    Ok(page)
}

fn contract(fonts: &Fonts, seed: u64) -> Result<Canvas<'_>, PaperError> {
    let mut page = Canvas::a4(fonts);
    motto(&mut page, 26.0);
    page.centred(105.0, 52.0, "HỢP ĐỒNG THUÊ NHÀ", bold(18.0));
    let mut flow = Flow::new(fonts, page, 66.0);
    for text in [
        "Hôm nay, ngày 02 tháng 5 năm 2026, tại số 1 phố Thử, phường Hoa Sữa, thành phố Hà Nội, \
         chúng tôi gồm:",
        "Bên A (bên cho thuê): Ông Trần Văn Mẫu, sinh năm 1964, số định danh cá nhân 001064000001, \
         cư trú tại số 2 ngõ Mẫu, phường Hoa Sữa, thành phố Hà Nội.",
        "Bên B (bên thuê): Bà Nghiêm Thị Thử, sinh năm 1999, số định danh cá nhân 001199999999.",
        "Điều 1. Bên A cho bên B thuê căn nhà hai tầng, diện tích sử dụng 64 m2, để ở trong thời \
         hạn 24 tháng kể từ ngày 15 tháng 5 năm 2026.",
        "Điều 2. Giá thuê là 9.500.000 đồng một tháng, trả trước ngày 05 hằng tháng bằng chuyển \
         khoản. Bên B đặt cọc một tháng tiền thuê và được hoàn lại khi hợp đồng kết thúc.",
        "Điều 3. Hai bên cam kết giữ bí mật thông tin của nhau và giải quyết tranh chấp bằng \
         thương lượng; hợp đồng lập thành hai bản có giá trị như nhau, mỗi bên giữ một bản.",
    ] {
        flow.paragraph(text, regular(14.0));
    }
    let y = flow.y + 8.0;
    let last = flow.sheet();
    last.centred(62.0, y, "BÊN B", bold(13.0));
    last.stamp(40.0, y + 6.0, &signature(seed + 7)?);
    last.centred(62.0, y + 36.0, "Nghiêm Thị Thử", bold(13.0));
    signed(last, y, &["BÊN A"], "Trần Văn Mẫu", seed, fonts, None)?;
    flow.sheets.truncate(1);
    flow.sheets.pop().ok_or(PaperError::Shape { what: "contract" })
}

fn foreign(fonts: &Fonts, seed: u64) -> Result<Canvas<'_>, PaperError> {
    let mut page = Canvas::a4(fonts);
    page.centred(105.0, 40.0, "NORTHFIELD INSTITUTE OF TECHNOLOGY", bold(17.0));
    page.centred(105.0, 48.0, "Office of the Registrar, Northfield", italic(13.0));
    page.centred(105.0, 70.0, "CERTIFICATE OF COMPLETION", bold(20.0));
    let mut flow = Flow::new(fonts, page, 90.0);
    for text in [
        "This is to certify that Ms. Thu Thi Nghiem, born on 9 September 1999, has successfully \
         completed the graduate programme in international commercial law and has been awarded the \
         degree of Master of Laws with distinction.",
        "The programme was conducted in English between September 2022 and July 2024 and comprised \
         one hundred and twenty credits of coursework together with a supervised dissertation.",
        "Issued under the authority of the Academic Board on the fifteenth day of July, two \
         thousand and twenty-four. Certificate number NIT 2024 00871.",
    ] {
        flow.paragraph(text, regular(14.0));
    }
    let y = flow.y + 12.0;
    let last = flow.sheet();
    let seal = Some("NORTHFIELD INSTITUTE");
    signed(last, y, &["REGISTRAR"], "Eleanor M. Whitcombe", seed, fonts, seal)?;
    flow.sheets.pop().ok_or(PaperError::Shape { what: "certificate" })
}

fn secret(fonts: &Fonts, seed: u64) -> Result<Vec<Canvas<'_>>, PaperError> {
    let mut sheets = decision(fonts, seed)?;
    let mark = Style { colour: RED, ..bold(15.0) };
    if let Some(first) = sheets.first_mut() {
        first.centred(62.0, 49.5, "MẬT", mark);
        first.frame(52.0, 43.0, 20.0, 8.6, 0.5, RED);
    }
    Ok(sheets)
}

fn certified(fonts: &Fonts, seed: u64) -> Result<Vec<Canvas<'_>>, PaperError> {
    let mut sheets = decision(fonts, seed)?;
    if let Some(last) = sheets.last_mut() {
        let x = 66.0;
        let y = 228.0;
        last.centred(x, y, "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH", bold(9.5));
        last.centred(x, y + 5.0, "Số chứng thực: 1203   quyển số: 02/2026 - SCT/BS", regular(9.5));
        last.centred(x, y + 10.0, "Ngày 20 tháng 3 năm 2026", regular(9.5));
        last.centred(x, y + 15.0, "Người thực hiện chứng thực", bold(9.5));
        last.stamp(x - 14.0, y + 15.0, &seal(fonts, "ỦY BAN NHÂN DÂN PHƯỜNG TRE XANH")?);
    }
    Ok(sheets)
}
