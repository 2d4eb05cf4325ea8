//! Words for assorted pages: what offices, schools, hospitals, banks and shops print. Nothing here
//! is shared with what our reader was trained on; every person, place and number is made up.

use crate::rng::Rng;

/// `{p}` a person, `{d}` a date, `{n}` a small number, `{m}` an amount, `{c}` a mark or code, `{i}`
/// twelve digits, `{t}` a time, `{f}` a decimal, `{w}` a place, `{e}` an address on the net.
const SENTENCES: [&str; 56] = [
    "Bên nhận chuyển nhượng thanh toán phần còn lại {m} đồng trong vòng {n} ngày làm việc kể từ \
     khi hoàn tất thủ tục sang tên tại cơ quan đăng ký đất đai.",
    "Hội đồng chấm thi gồm {n} thành viên, do ông {p} làm chủ tịch, họp lúc {t} ngày {d} tại phòng \
     {n}, nhà {c}.",
    "Người bệnh tỉnh, tiếp xúc tốt, da niêm mạc hồng, không phù, không xuất huyết dưới da; nhịp \
     tim đều {n} chu kỳ/phút.",
    "Cửa hàng không chịu trách nhiệm đối với hàng hóa đã rời khỏi quầy mà khách chưa kiểm tra!",
    "Tổng diện tích sàn xây dựng là {f} m2, mật độ xây dựng {n}%, chiều cao công trình {f} m.",
    "Ai là người được thừa kế theo pháp luật khi người để lại di sản không có di chúc?",
    "Đề nghị Quý phụ huynh đôn đốc các cháu ngủ sớm, ăn sáng đầy đủ trước buổi kiểm tra ngày {d}.",
    "Khoản vay được giải ngân thành {n} đợt; lãi quá hạn bằng {n}% lãi trong hạn tính trên dư nợ \
     gốc.",
    "Nước thải sau xử lý phải đạt cột B của quy chuẩn trước khi xả vào kênh thoát nước phía Bắc.",
    "Chị {p} khai nhận toàn bộ giấy tờ bị mất gồm: thẻ nhà báo, bằng lái xe máy và sổ hộ nghèo.",
    "Trưởng thôn thông báo: từ {t} ngày {d} sẽ cắt điện để thay cáp trục, bà con chủ động trữ \
     nước.",
    "Vận đơn số {c} ghi nhận {n} kiện, tổng trọng lượng {f} kg, giao nguyên đai nguyên kiện.",
    "Kết quả nội soi: thực quản bình thường, hang vị xung huyết nhẹ, test nhanh âm tính.",
    "Xe {c} bị tước phù hiệu {n} ngày do chạy quá tốc độ từ 20 km/h đến 35 km/h.",
    "Em ngoan, lễ phép, tiếp thu bài nhanh nhưng viết còn ẩu; cần rèn thêm phần số thập phân.",
    "Bản án có hiệu lực từ ngày {d}; người phải thi hành án tự nguyện thi hành trong {n} ngày.",
    "Mẫu thử được lưu ở nhiệt độ dưới -18 °C và hủy sau {n} tháng nếu khách không có yêu cầu khác.",
    "Cán bộ thụ lý: {p}; điện thoại: {n}.{n}.{n}; thư điện tử: {e}.",
    "Tập thể lớp quyên góp được {m} đồng ủng hộ đồng bào vùng lũ ống, lũ quét ở {w}.",
    "Hợp phần 2 sử dụng vốn vay ưu đãi; hợp phần 3 dùng vốn đối ứng của địa phương ({n}%).",
    "Kính gửi: Ban quản trị tòa nhà {c}, đồng kính gửi bà {p} - tổ trưởng tổ bảo vệ.",
    "Giấy mời này thay cho vé vào cửa, mỗi giấy chỉ dùng cho một người.",
    "Ông bà nội, ngoại của cháu đều khỏe mạnh, hiện sinh sống bằng nghề đan lát tại {w}.",
    "Phòng thí nghiệm được công nhận theo ISO/IEC 17025, mã số VILAS {n}.",
    "Chi phí phát sinh (nếu có) do bên yêu cầu chịu, quyết toán một lần vào quý {n} năm 2025.",
    "Bưu cục {w} nhận bưu gửi đến hết {t} các ngày trong tuần, trừ ngày lễ, Tết.",
    "Cây trồng chính: lúa nếp cẩm, khoai sọ, mướp đắng, bưởi Diễn, quýt ngọt, nhãn lồng.",
    "Cấm đỗ xe dưới lòng đường phía số chẵn vào ngày chẵn, phía số lẻ vào ngày lẻ.",
    "Sau khi nghiên cứu hồ sơ, luật sư {p} cho rằng chứng cứ buộc tội còn mâu thuẫn, chưa đủ vững.",
    "Điều dưỡng trưởng bàn giao ca trực: {n} giường bệnh, {n} ca nặng, {n} ca chuyển tuyến.",
    "Trạm bơm tiêu úng vận hành liên tục {n} giờ, mực nước sông hạ xuống {f} m.",
    "Thuê bao quý khách đã hết hạn mức; soạn KT gửi {n} để kiểm tra số dư.",
    "Xưởng may cần tuyển gấp {n} thợ vắt sổ, {n} thợ ủi; ưu tiên lao động nữ đã có tay nghề.",
    "Người được giám hộ có quyền khiếu nại hành vi của người giám hộ xâm phạm lợi ích của mình.",
    "Thẻ có giá trị đến {d}, không được tẩy xóa, cho mượn hoặc cầm cố.",
    "Khối lượng đào đắp: {m} m3 đất cấp III; cự ly vận chuyển bình quân {f} km.",
    "Bảo hành {n} tháng hoặc {m} km tùy điều kiện nào đến trước.",
    "Thuở nhỏ ông theo mẹ về quê ngoại ở {w}, học chữ quốc ngữ với cụ đồ {p}.",
    "Quyển sổ này có {n} trang, đánh số từ 01 đến {n}, đóng dấu giáp lai đầy đủ.",
    "Số tiền bằng chữ: Mười bảy triệu hai trăm năm mươi tư nghìn đồng chẵn.",
    "Chủng loại thuốc: viên nén bao phim, hàm lượng 500 mg, uống sau ăn no, ngày {n} lần.",
    "Việc xây tường rào lấn sang mương thoát nước chung {f} m là trái phép, buộc tháo dỡ.",
    "Thủ quỹ kiểm đếm đủ, ký nhận và nhập kho tiền lúc {t} cùng ngày.",
    "Biên độ dao động nhiệt trong ngày lớn, vùng núi có nơi xuất hiện sương muối, băng giá.",
    "Nhà trường tổ chức xét tuyển theo tổ hợp {c}, điểm chuẩn ngành Dược là {f}.",
    "Tờ khai hải quan {i} được thông quan luồng xanh hồi {t} ngày {d}.",
    "Nguồn gốc sử dụng: nhận tặng cho quyền sử dụng đất, thời hạn sử dụng: lâu dài.",
    "Hộ khẩu gốc lưu tại công an xã; bản trích sao do {p} lập, {p} kiểm tra.",
    "Trọng tài viên duy nhất tuyên phán quyết chung thẩm vào hồi {t} ngày {d}.",
    "Không phận sự miễn vào; xuất trình thẻ khi qua cổng số {n}.",
    "Khi nghe ba hồi chuông dài, toàn bộ nhân viên sơ tán theo lối thoát hiểm gần nhất.",
    "Đơn giá chưa gồm thuế GTGT {n}%, chi phí bốc xếp và vận chuyển tới chân công trình.",
    "Bị đơn vắng mặt lần thứ {n} không có lý do; tòa xét xử vắng mặt theo luật định.",
    "Thửa ruộng lầy thụt này trước kia là ao rau muống của hợp tác xã Quyết Thắng.",
    "Hãy giữ hóa đơn để đổi trả trong {n} ngày, áp dụng cho cả hàng khuyến mại.",
    "Học bạ ghi: Toán {f}; Ngữ văn {f}; Vật lí {f}; Hóa học {f}; Sinh học {f}; Ngoại ngữ {f}.",
];

const TITLES: [&str; 24] = [
    "BIÊN BẢN NGHIỆM THU",
    "GIẤY RA VIỆN",
    "HÓA ĐƠN BÁN HÀNG",
    "SỔ TAY SINH HOẠT",
    "PHIẾU XUẤT KHO",
    "THÔNG BÁO NỘP PHÍ",
    "CHỨNG CHỈ NGHỀ",
    "KẾ HOẠCH QUÝ IV",
    "ĐƠN XIN CHUYỂN TRƯỜNG",
    "GIẤY BẢO LÃNH",
    "BẢNG ĐIỂM HỌC KỲ",
    "HỢP ĐỒNG VẬN CHUYỂN",
    "TỜ TRÌNH",
    "VĂN BẢN THỎA THUẬN",
    "GIẤY XÁC NHẬN CƯ TRÚ",
    "BẢNG KÊ CHI TIẾT",
    "PHỤ LỤC HỢP ĐỒNG",
    "GIẤY CHỨNG NHẬN SỨC KHỎE",
    "QUY CHẾ NỘI BỘ",
    "BÁO CÁO KẾT QUẢ",
    "Giấy đề nghị thanh toán",
    "Danh sách trúng tuyển",
    "Thẻ bảo hiểm y tế",
    "Phiếu kiểm định thiết bị",
];

const OFFICES: [&str; 14] = [
    "SỞ TÀI NGUYÊN SÔNG HẬU",
    "BỆNH VIỆN ĐA KHOA ÁNH DƯƠNG",
    "TRƯỜNG THPT NGUYỄN THỬ",
    "CÔNG TY CỔ PHẦN VẬN TẢI BÈ",
    "TÒA ÁN NHÂN DÂN KHU VỰC 99",
    "HỘI CHỮ THẬP ĐỎ XÃ ĐÔNG ẤP",
    "NGÂN HÀNG HỢP TÁC MIỀN QUÊ",
    "VĂN PHÒNG CÔNG CHỨNG Ô MÔI",
    "BAN CHỈ HUY QUÂN SỰ HUYỆN",
    "CÔNG AN PHƯỜNG HOA MƯỚP",
    "TRUNG TÂM Y TẾ DỰ PHÒNG",
    "CHI CỤC THUẾ KHU VỰC VII",
    "HTX NÔNG NGHIỆP SẠCH",
    "ĐẢNG ỦY XÃ LŨNG KHỈ",
];

const LABELS: [&str; 20] = [
    "Họ và tên người nộp:",
    "Địa chỉ thường trú:",
    "Ngày sinh:",
    "Nghề nghiệp:",
    "Số tài khoản:",
    "Mở tại:",
    "Lý do:",
    "Nội dung thu:",
    "Số tiền:",
    "Kèm theo:",
    "Hộ chiếu số:",
    "Cấp ngày:",
    "Điện thoại:",
    "Dân tộc:",
    "Quốc tịch:",
    "Trình độ:",
    "Người giám hộ:",
    "Chẩn đoán:",
    "Phương pháp điều trị:",
    "Mã bệnh nhân:",
];

const HEADS: [&str; 14] = [
    "STT",
    "Tên hàng",
    "ĐVT",
    "Số lượng",
    "Đơn giá",
    "Thành tiền",
    "Ghi chú",
    "Họ và tên",
    "Lớp",
    "Điểm",
    "Quê quán",
    "Mã số",
    "Xếp loại",
    "Ngày nhập",
];

const CELLS: [&str; 22] = [
    "Xi măng PCB40",
    "Thép cuộn phi 6",
    "Gạch ống",
    "Cát mịn",
    "Sữa tươi tiệt trùng",
    "Bút bi xanh",
    "Giấy A4 70 gsm",
    "Ghế xếp",
    "Quạt trần",
    "Dây điện đôi mềm",
    "Đạt yêu cầu",
    "Chưa nộp",
    "Giỏi",
    "Khá",
    "Trung bình",
    "Cái",
    "Bộ",
    "Thùng",
    "Mét",
    "Vắng có phép",
    "Kiểm tra lại tại kho",
    "Phải bảo quản ở nơi khô ráo",
];

const FAMILY: [&str; 18] = [
    "Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Hoàng", "Vũ", "Võ", "Phan", "Trương", "Bùi", "Đặng",
    "Đỗ", "Ngô", "Hồ", "Dương", "Quách", "Thạch",
];
const MIDDLE: [&str; 12] =
    ["Văn", "Thị", "Đức", "Ngọc", "Hữu", "Quỳnh", "Xuân", "Minh", "Thị Thúy", "Bảo", "Gia", "Kỳ"];
const GIVEN: [&str; 24] = [
    "Hường",
    "Thưởng",
    "Quyên",
    "Diễm",
    "Bình",
    "Phước",
    "Nghĩa",
    "Tuyết",
    "Khởi",
    "Ý",
    "Yến",
    "Uyên",
    "Được",
    "Mẫn",
    "Trúc",
    "Lẫm",
    "Vỹ",
    "Hạnh",
    "Nhật",
    "Châu",
    "Sương",
    "Đăng",
    "Loan",
    "Tùng",
];
const PLACES: [&str; 16] = [
    "bản Nậm Rỉnh",
    "xã Đông Ấp",
    "thị trấn Gò Sỏi",
    "phường Hoa Mướp",
    "ấp Rạch Ổi",
    "thôn Vẽ",
    "huyện Khe Nước",
    "tỉnh Cửa Lũy",
    "đảo Hòn Tép",
    "buôn Ea Rông",
    "xóm Chợ Cũ",
    "làng Ngói",
    "khu phố 7",
    "cầu Bến Lội",
    "chợ Ô Rô",
    "núi Đá Bia",
];

pub(crate) fn pick<'a>(rng: &mut Rng, list: &[&'a str]) -> &'a str {
    list[(rng.next() % list.len() as u64) as usize]
}

pub(crate) fn title(rng: &mut Rng) -> &'static str {
    pick(rng, &TITLES)
}

pub(crate) fn office(rng: &mut Rng) -> &'static str {
    pick(rng, &OFFICES)
}

pub(crate) fn label(rng: &mut Rng) -> &'static str {
    pick(rng, &LABELS)
}

pub(crate) fn column_head(rng: &mut Rng) -> &'static str {
    pick(rng, &HEADS)
}

pub(crate) fn person(rng: &mut Rng) -> String {
    format!("{} {} {}", pick(rng, &FAMILY), pick(rng, &MIDDLE), pick(rng, &GIVEN))
}

pub(crate) fn date(rng: &mut Rng) -> String {
    let (day, month) = (1 + rng.below(28), 1 + rng.below(12));
    let year = 1950 + rng.below(77);
    match rng.below(4) {
        0 => format!("{day:02}/{month:02}/{year}"),
        1 => format!("{day}-{month}-{year}"),
        2 => format!("{day:02}.{month:02}.{year}"),
        _ => format!("{day:02} tháng {month:02} năm {year}"),
    }
}

pub(crate) fn amount(rng: &mut Rng) -> String {
    let (high, low) = (1 + rng.below(999), rng.below(1000));
    match rng.below(3) {
        0 => format!("{high}.{low:03}"),
        1 => format!("{high}.{low:03}.000"),
        _ => format!("{high},{:02}", low % 100),
    }
}

pub(crate) fn code(rng: &mut Rng) -> String {
    let letter = |rng: &mut Rng| char::from(b'A' + rng.below(26) as u8);
    let (a, b) = (letter(rng), letter(rng));
    let number = rng.below(90_000);
    match rng.below(4) {
        0 => format!("{}{a}-{number:05}", 11 + rng.below(88)),
        1 => format!("{a}{b}{number:06}"),
        2 => format!("{number}/2024/{a}{b}-PX"),
        _ => format!("{a}{b}.{}.{}", number % 1000, rng.below(100)),
    }
}

/// What fills a form's line or a table's cell.
pub(crate) fn value(rng: &mut Rng) -> String {
    match rng.below(7) {
        0 => person(rng),
        1 => date(rng),
        2 => amount(rng),
        3 => code(rng),
        4 => pick(rng, &PLACES).to_owned(),
        5 => format!("{:012}", rng.next() % 1_000_000_000_000),
        _ => pick(rng, &CELLS).to_owned(),
    }
}

/// A sentence with its gaps filled.
pub(crate) fn sentence(rng: &mut Rng) -> String {
    let mut out = String::new();
    let mut parts = pick(rng, &SENTENCES).split('{');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (gap, rest) = part.split_once('}').unwrap_or((part, ""));
        let filled = match gap {
            "p" => person(rng),
            "d" => date(rng),
            "n" => (2 + rng.below(97)).to_string(),
            "m" => amount(rng),
            "c" => code(rng),
            "i" => format!("{:012}", rng.next() % 1_000_000_000_000),
            "t" => format!("{}h{:02}", 6 + rng.below(15), rng.below(60)),
            "f" => format!("{},{}", 1 + rng.below(90), rng.below(100)),
            "w" => pick(rng, &PLACES).to_owned(),
            _ => format!("hop.thu{}@vidu.vn", rng.below(100)),
        };
        out.push_str(&filled);
        out.push_str(rest);
    }
    out
}

/// So many sentences as one paragraph.
pub(crate) fn paragraph(rng: &mut Rng, sentences: u64) -> String {
    (0..sentences).map(|_| sentence(rng)).collect::<Vec<_>>().join(" ")
}
