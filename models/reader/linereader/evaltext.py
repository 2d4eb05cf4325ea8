"""Text for evaluation, from other words than training's: whole sentences and fields of papers.

Nothing is shared with ``words.py`` and ``text.py`` but the language, so that a figure measured
here does not reward phrases learnt by heart.
"""

from __future__ import annotations

import numpy as np

from .charset import normal

Rng = np.random.Generator

SENTENCES = """
Xét đề nghị của Chánh Văn phòng tại Tờ trình số {n}/TTr-VP ngày {d}.
Nay công nhận kết quả kỳ thi tuyển viên chức đợt {s} cho các ông, bà có tên trong danh sách.
Giao Phòng Nội vụ phối hợp cùng Ban Quản lý dự án lập phương án trước {d}.
Người được ủy quyền không được ủy quyền lại cho người thứ ba dưới bất kỳ hình thức nào.
Sinh viên đã hoàn thành {s} tín chỉ, điểm trung bình tích lũy {f} trên thang điểm 4.
Khu đất có phía Đông giáp mương thủy lợi, phía Bắc giáp nhà bà {p}, rộng {f} m².
Bệnh nhân nhập viện lúc {t}, mạch {s} lần/phút, huyết áp {s}/{s} mmHg, bụng mềm.
Chủ phương tiện chịu phạt vì chở hàng vượt trọng tải cầu đường, mức phạt {a} đồng.
Trẻ được sinh ra tại Bệnh viện Phụ sản, cân nặng {n} gam, con thứ {s} trong gia đình.
Vợ chồng tự nguyện gộp sổ tiết kiệm, lãi suất {f} %/năm, kỳ hạn {s} tháng.
Thí sinh {p} đạt giải Nhì môn Lịch sử, bảng B, kỳ thi học sinh giỏi cấp quốc gia.
Nguyên đơn rút đơn kiện; án phí sơ thẩm {a} đồng do bị đơn nộp.
Máy đào gầu sấp, sản xuất năm {y}, khung số {c}, tình trạng đang vận hành tốt.
Xác nhận anh {p} đã cắt khẩu chuyển đi ngày {d}, chưa nhập khẩu nơi khác.
Học viên vắng quá 20% số buổi thì không đủ điều kiện dự thi kết thúc môn.
Quỹ khuyến học trao {s} suất học bổng, mỗi suất trị giá {a} đồng (chưa gồm quà).
Kỹ thuật viên kiểm định đồng hồ nước cỡ DN{s}, sai số cho phép ±2 - 5%.
Bãi bỏ Quyết định số {n}/{y}/QĐ-SGTVT ngày {d} về tuyến xe buýt số {s}.
Ông {p} là hội viên Hội Cựu chiến binh, hưởng phụ cấp {f} hệ số lương tối thiểu.
Giấy này thay cho giấy đã thất lạc, được cấp lần thứ {s} theo đơn trình báo mất.
Thửa ruộng bị ngập úng sau bão, hoa màu thiệt hại ước {f} tấn thóc nếp.
Đề tài nghiên cứu nghiệm thu loại Khá; kinh phí quyết toán {a} đồng./.
Ghi tên: {p} - sinh quán: Kẻ Giàng; nguyên quán: Vĩnh Lộc; trú quán: Đầm Vạc.
Mọi khiếu nại gửi về hòm thư góp ý trong vòng {s} ngày, quá hạn sẽ không xem xét!
Giám thị 1 thu bài, niêm phong túi số {n}, bàn giao hội đồng lúc {t}.
Hàng dễ vỡ, xếp chồng tối đa {s} lớp, tránh ẩm ướt & ánh nắng gắt.
Em Quách Thuỵ Vy, lớp {s}A{s}, hạnh kiểm Tốt, nghỉ có phép {s} buổi, được lên lớp thẳng.
Nhà xưởng lợp tôn, kèo thép, cột bê tông, hiện do hộ bà {p} quản lý.
""".strip().splitlines()
HEADINGS = """
CỤC ĐĂNG KIỂM|PHIẾU THU TIỀN MẶT|SỔ LIÊN LẠC|BIÊN NHẬN HỒ SƠ|ĐƠN TRÌNH BÁO|PHIẾU KẾT QUẢ XÉT NGHIỆM
|VIỆN KIỂM SÁT|TRƯỜNG TIỂU HỌC ÁI MỘ|GIẤY ỦY QUYỀN|CHỨNG MINH QUÂN ĐỘI|LÝ LỊCH TRÍCH NGANG|THƯ MỜI
|BẢN CAM ĐOAN|GIẤY TRIỆU TẬP|XƯỞNG CƠ KHÍ|ĐỘI QUẢN LÝ THỊ TRƯỜNG|THUYẾT MINH|NHẬT KÝ|HỢP TÁC XÃ
""".replace("\n", "").split("|")
FIELDS = """
Người nộp: {p}|Lý do nộp: học phí kỳ {s}|Số CMND cũ: {i}|Bí danh (nếu có): Út Lượm|Chiều cao: 1m{s}
|Nhóm máu: AB|Hạn dùng: {d}|Biên số: {c}|Mã hồ sơ: {c}|Tuổi: {s}|Thuê bao: {h}|Lớp: {s}C|Phái: nữ
|Kết luận: đủ sức làm việc|Vị trí: sườn đồi|Giá gốc: {a} đ|Giảm: {f}%|Tăng: {f}%|Ngạch: {c}|Bậc: {s}
|{d}|{a}|{i}|{h}|{t} ngày {d}|{c}|{p}|{f}|Thuộc tổ: {s}|Dấu riêng: sẹo chấm C: {f}cm dưới đuôi mắt
""".replace("\n", "").split("|")
SURNAMES = (
    "Nghiêm Bế Lục Vi Nông Sầm Đàm Tiêu Cù Khổng Trương Lã Mẫn Phí Lại Giang Ngụy Kha".split()
)
FIRST_NAMES = (
    "Hướng Thuận Bằng Quyết Thùy Thưởng Đào Sửu Tỵ Hợi Mão Lượng Khuyến Nhẫn Ngoan Dậu Ổn Đệ Trạch "
    "Quảng Ngữ Sỹ Thế Thiện Diễm Uyển Xoan Lành Dần Bưởi Chắt Huấn Nghị Lễ Cửu Thập Muội Gấm"
).split()


def _filled(rng: Rng, template: str) -> str:
    integer = rng.integers
    while "{" in template:
        at = template.index("{")
        key = template[at + 1]
        value = {
            "n": f"{int(integer(1, 4000))}",
            "s": f"{int(integer(1, 99))}",
            "y": f"{int(integer(1975, 2027))}",
            "d": f"{int(integer(1, 32)):02d}/{int(integer(1, 13)):02d}/{int(integer(1945, 2027))}",
            "f": f"{rng.uniform(0, 99):.2f}".replace(".", ","),
            "t": f"{int(integer(24))} giờ {int(integer(60)):02d}",
            "a": f"{int(10 ** rng.uniform(4, 10)):,}".replace(",", "."),
            "i": "".join(str(d) for d in integer(0, 10, 12)),
            "h": "09" + "".join(str(d) for d in integer(0, 10, 8)),
            "c": "".join("ABCDEGHKLMNPRSTUVXYZ"[int(j)] for j in integer(20, size=2))
            + f"-{int(integer(1, 99999)):05d}",
            "p": " ".join(
                (
                    SURNAMES[int(integer(len(SURNAMES)))],
                    *(FIRST_NAMES[int(j)] for j in integer(len(FIRST_NAMES), size=2)),
                )
            ),
        }[key]
        template = template[:at] + value + template[at + 3 :]
    return template


def line(rng: Rng) -> str:
    """A line of a paper: two thirds prose, the rest fields and headings."""
    dice = rng.random()
    if dice < 0.1:
        return normal(HEADINGS[int(rng.integers(len(HEADINGS)))])
    if dice < 0.35:
        return normal(_filled(rng, FIELDS[int(rng.integers(len(FIELDS)))]))
    text = normal(_filled(rng, SENTENCES[int(rng.integers(len(SENTENCES)))]))
    return text.upper() if dice > 0.95 else text
