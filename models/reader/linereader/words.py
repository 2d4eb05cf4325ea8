"""Word lists for training text: names, places, offices, administrative phrases, all our own.

No person is meant: family, middle and given names are combined at random.
"""

from __future__ import annotations


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", " ").split("|") if part.strip())


FAMILY = tuple(
    "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Đào Đoàn Trịnh "
    "Mai Tô Cao Lương Hà Thái Châu Tạ Phùng Quách Tăng Kiều Vương Lâm Chu Triệu Nghiêm Giáp Khuất "
    "Bạch Thạch Viên Ứng Ông Lưu Âu Doãn Thân Tống Ninh Từ Hứa Mạc".split()
)
MIDDLE = tuple(
    "Văn Thị Hữu Đức Minh Quang Ngọc Thanh Xuân Thu Hồng Kim Bích Anh Gia Khánh Bảo Tuấn Đình Công "
    "Duy Quốc Trọng Mạnh Thế Như Mỹ Diệu Phương Thùy Thuỳ Huyền Cẩm Tố Ánh Vĩnh Nhật Hải "
    "Phúc Đăng Việt Trung Tiến Hoài Kiều Lệ Nguyệt Ái Ý Yến Ỷ".split()
)
GIVEN = tuple(
    "An Anh Ánh Bình Bảo Cường Chi Châu Chiến Dung Dũng Duy Duyên Đạt Đông Đức Giang Hà Hải Hạnh "
    "Hằng Hiền Hiếu Hiệp Hoa Hoà Hòa Hoàng Hồng Huệ Hùng Huy Huyền Hương Hường Kiên Khoa Khôi "
    "Khuê Lan Lâm Liên Linh Loan Long Lộc Ly Lý Mai Mẫn Minh My Nam Nga Ngân Nghĩa Ngọc Nguyên "
    "Nhàn Nhi Nhung Oanh Phát Phong Phú Phúc Phương Phượng Quân Quý Quyên Quỳnh Sơn Sáng Tài Tâm "
    "Tân Thảo Thắng Thành Thịnh Thoa Thơ Thu Thủy Thuỷ Thúy Thư Tiến Toàn Trang Trâm Trí Trinh "
    "Trung Tú Tuấn Tùng Tuyết Tường Uyên Vân Vinh Vũ Vượng Vy Xuân Xuyến Yên Yến Ước Ưng".split()
)
STREETS = _list("""
Hàng Bài|Hàng Bông|Hàng Đào|Hàng Gai|Tràng Thi|Tràng Tiền|Lý Thường Kiệt|Trần Hưng Đạo|Hai Bà Trưng
|Bà Triệu|Phố Huế|Bạch Mai|Đại Cồ Việt|Giải Phóng|Lê Duẩn|Điện Biên Phủ|Kim Mã|Nguyễn Thái Học
|Cầu Giấy|Xuân Thủy|Hồ Tùng Mậu|Phạm Văn Đồng|Nguyễn Trãi|Khuất Duy Tiến|Lê Văn Lương|Tố Hữu
|Láng Hạ|Thái Hà|Chùa Bộc|Tôn Đức Thắng|Ô Chợ Dừa|La Thành|Đê La Thành|Đội Cấn|Hoàng Hoa Thám
|Thụy Khuê|Lạc Long Quân|Âu Cơ|Yên Phụ|Nghi Tàm|Trần Duy Hưng|Nguyễn Chí Thanh|Vũ Trọng Phụng
|Ngọc Lâm|Nguyễn Văn Cừ|Cổ Linh|Trương Định|Minh Khai|Tam Trinh|Lĩnh Nam|Kim Ngưu|Lò Đúc|Ngõ Quỳnh
""")
WARDS = _list("""
Hoàn Kiếm|Cửa Nam|Ba Đình|Ngọc Hà|Giảng Võ|Hai Bà Trưng|Vĩnh Tuy|Bạch Mai|Đống Đa|Kim Liên
|Văn Miếu - Quốc Tử Giám|Láng|Ô Chợ Dừa|Hồng Hà|Lĩnh Nam|Hoàng Mai|Vĩnh Hưng|Tương Mai|Định Công
|Hoàng Liệt|Yên Sở|Thanh Xuân|Khương Đình|Phương Liệt|Cầu Giấy|Nghĩa Đô|Yên Hòa|Tây Hồ|Phú Thượng
|Tây Tựu|Phú Diễn|Xuân Đỉnh|Đông Ngạc|Thượng Cát|Từ Liêm|Xuân Phương|Tây Mỗ|Đại Mỗ|Long Biên|Bồ Đề
|Việt Hưng|Phúc Lợi|Hà Đông|Dương Nội|Yên Nghĩa|Phú Lương|Kiến Hưng|Thanh Liệt|Chương Mỹ|Sơn Tây
|Gia Lâm|Thuận An|Bát Tràng|Phù Đổng|Thư Lâm|Đông Anh|Phúc Thịnh|Thiên Lộc|Vĩnh Thanh|Mê Linh
|Sóc Sơn|Kim Anh|Nội Bài|Ứng Thiên|Ứng Hòa|Mỹ Đức|Phú Xuyên|Thường Tín|Quốc Oai|Thạch Thất|Ba Vì
""")
PLACES = _list("""
thành phố Hà Nội|tỉnh Bắc Ninh|tỉnh Hưng Yên|tỉnh Phú Thọ|tỉnh Thái Nguyên|tỉnh Ninh Bình
|thành phố Hải Phòng|thành phố Huế|tỉnh Quảng Trị|thành phố Đà Nẵng|tỉnh Quảng Ngãi|tỉnh Gia Lai
|tỉnh Đắk Lắk|tỉnh Khánh Hòa|tỉnh Lâm Đồng|tỉnh Đồng Nai|Thành phố Hồ Chí Minh|tỉnh Tây Ninh
|tỉnh Đồng Tháp|tỉnh An Giang|tỉnh Vĩnh Long|thành phố Cần Thơ|tỉnh Cà Mau|tỉnh Lào Cai|tỉnh Sơn La
|tỉnh Điện Biên|tỉnh Lai Châu|tỉnh Cao Bằng|tỉnh Lạng Sơn|tỉnh Tuyên Quang|tỉnh Quảng Ninh
|tỉnh Thanh Hóa|tỉnh Nghệ An|tỉnh Hà Tĩnh|huyện Thủy Nguyên|thị xã Từ Sơn|huyện Vũ Thư
""")
TITLES = _list("""
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM|CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM|Độc lập - Tự do - Hạnh phúc
|GIẤY KHAI SINH|GIẤY KHAI SINH (BẢN SAO)|TRÍCH LỤC KHAI SINH (BẢN SAO)|GIẤY CHỨNG NHẬN KẾT HÔN
|GIẤY CHỨNG NHẬN ĐĂNG KÝ KẾT HÔN|TRÍCH LỤC KẾT HÔN|GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN|GIẤY CHỨNG TỬ
|TRÍCH LỤC KHAI TỬ|GIẤY XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ|SỔ HỘ KHẨU|CĂN CƯỚC CÔNG DÂN|CĂN CƯỚC
|HỘ CHIẾU|BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG|BẰNG TỐT NGHIỆP TRUNG HỌC CƠ SỞ|BẰNG CỬ NHÂN
|BẰNG KỸ SƯ|BẰNG BÁC SĨ|BẰNG THẠC SĨ|BẰNG TIẾN SĨ|BẰNG TỐT NGHIỆP ĐẠI HỌC|PHỤ LỤC VĂN BẰNG|HỌC BẠ
|BẢNG ĐIỂM|CHỨNG CHỈ|GIẤY CHỨNG NHẬN|GIẤY CHỨNG NHẬN QUYỀN SỬ DỤNG ĐẤT
|QUYỀN SỞ HỮU TÀI SẢN GẮN LIỀN VỚI ĐẤT|QUYỀN SỞ HỮU NHÀ Ở VÀ TÀI SẢN KHÁC GẮN LIỀN VỚI ĐẤT
|GIẤY PHÉP LÁI XE|CHỨNG NHẬN ĐĂNG KÝ XE Ô TÔ|CHỨNG NHẬN ĐĂNG KÝ XE MÔ TÔ, XE MÁY
|GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP|CÔNG TY TRÁCH NHIỆM HỮU HẠN MỘT THÀNH VIÊN|CÔNG TY CỔ PHẦN
|GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH|QUYẾT ĐỊNH|HỢP ĐỒNG LAO ĐỘNG|HỢP ĐỒNG THUÊ NHÀ
|LỜI CHỨNG CỦA CÔNG CHỨNG VIÊN|THẺ BẢO HIỂM Y TẾ|GIẤY KHÁM SỨC KHỎE|GIẤY RA VIỆN
|BẰNG TỔ QUỐC GHI CÔNG|GIẤY XÁC NHẬN KHUYẾT TẬT|TỜ KHAI|BIÊN BẢN|ỦY BAN NHÂN DÂN|UỶ BAN NHÂN DÂN
|BỘ GIÁO DỤC VÀ ĐÀO TẠO|SỞ TƯ PHÁP|SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG|BỘ CÔNG AN|CHỦ TỊCH|PHÓ CHỦ TỊCH
|TM. ỦY BAN NHÂN DÂN|KT. CHỦ TỊCH|TL. GIÁM ĐỐC|HIỆU TRƯỞNG|GIÁM ĐỐC|NGƯỜI LÀM CHỨNG|ĐÃ KÝ
|TUQ. CHỦ TỊCH|CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH|KHÔNG ĐƯỢC SAO CHỤP|MẬT|TỐI MẬT|HỎA TỐC
|Citizen Identity Card|PASSPORT|DRIVER'S LICENSE|SOCIALIST REPUBLIC OF VIET NAM|BACHELOR OF SCIENCE
|THE DEGREE OF ENGINEER|Independence - Freedom - Happiness|IDENTITY CARD|Full name|Date of birth
""")
LABELS = _list("""
Họ và tên|Họ, chữ đệm, tên|Họ tên|Ngày, tháng, năm sinh|Ngày sinh|Giới tính|Dân tộc|Quốc tịch
|Tôn giáo|Nơi sinh|Quê quán|Nơi thường trú|Nơi cư trú|Nơi đăng ký khai sinh|Số định danh cá nhân
|Số căn cước|Giấy tờ tùy thân|Ngày cấp|Nơi cấp|Có giá trị đến|Họ tên cha|Họ tên mẹ|Năm sinh|Vợ
|Chồng|Số|Quyển số|Số vào sổ|Số hiệu|Số hiệu văn bằng|Vào sổ cấp bằng số|Ngành đào tạo
|Hạng tốt nghiệp
|Xếp loại|Hình thức đào tạo|Khóa thi|Trường|Thửa đất số|Tờ bản đồ số|Địa chỉ|Diện tích|Loại đất
|Mục đích sử dụng|Thời hạn sử dụng|Nguồn gốc sử dụng|Biển số đăng ký|Số máy|Số khung|Nhãn hiệu
|Màu sơn|Hạng|Mã số doanh nghiệp|Mã số thuế|Vốn điều lệ|Người đại diện theo pháp luật|Chức vụ
|Điện thoại|Email|Ngành, nghề kinh doanh|Tên công ty viết bằng tiếng Việt|Số tài khoản|Bên A|Bên B
|Đại diện|Ghi chú|Kính gửi|Nơi nhận|Căn cứ|Số, ngày, tháng, năm|Người yêu cầu|Quan hệ với chủ hộ
|Trích yếu|Tổng cộng|Bằng chữ|Lý do|Đơn vị tính|Số lượng|Thành tiền|STT|Nội dung|Học kỳ|Điểm TB
""")
PHRASES = _list("""
căn cứ|theo quy định của pháp luật|trong thời hạn|kể từ ngày|có hiệu lực thi hành|chịu trách nhiệm
|Ủy ban nhân dân|Hội đồng nhân dân|Chủ tịch nước|Thủ tướng Chính phủ|Bộ trưởng Bộ Tư pháp|Quốc hội
|thành phố trực thuộc trung ương|cơ quan có thẩm quyền|tổ chức, cá nhân|quyền và nghĩa vụ|việc cấp
|bản sao từ sổ gốc|chứng thực bản sao từ bản chính|chứng thực chữ ký|hợp đồng, giao dịch
|hồ sơ gồm có
|đăng ký hộ tịch|giấy tờ tùy thân|xuất trình|tiếp nhận|giải quyết|trả kết quả|phí và lệ phí
|miễn, giảm
|người yêu cầu chứng thực|người thực hiện chứng thực|văn phòng công chứng
|Trung tâm Phục vụ hành chính công
|quyền sử dụng đất|nhà ở và tài sản gắn liền với đất|đất ở tại đô thị|đất trồng cây lâu năm|thửa đất
|lâu dài|đến hết tháng|năm học|kết quả học tập|khen thưởng|kỷ luật|tốt nghiệp|hạng giỏi|xuất sắc
|nghĩa vụ quân sự|bảo hiểm xã hội|bảo hiểm y tế|khám chữa bệnh|chẩn đoán|điều trị|ra viện|sức khỏe
|vốn điều lệ|thành viên góp vốn|cổ đông sáng lập|kinh doanh có điều kiện|xuất nhập khẩu|vận tải|thuế
|giá trị gia tăng|thu nhập cá nhân|hóa đơn|biên lai|phương tiện|giấy phép|niên hạn sử dụng|động cơ
|hai bên thỏa thuận|bồi thường thiệt hại|đơn phương chấm dứt|tranh chấp|Tòa án nhân dân|khởi kiện
|đã đọc, hiểu rõ|tự nguyện ký tên|điểm chỉ|trước mặt tôi|làm thành hai bản chính|có giá trị như nhau
|nơi cư trú cuối cùng|không thay đổi|đính chính|bổ sung|sửa đổi|bãi bỏ|thay thế|hướng dẫn thi hành
|ban hành kèm theo|thông tư liên tịch|nghị định|nghị quyết|luật|pháp lệnh|chỉ thị|công văn|kế hoạch
|khoản 1 Điều 5|điểm a khoản 2|Điều 12|Chương II|Mục 3|Phụ lục I|và|của|các|cho|được|về|là|tại|với
|không|những|này|đã|để|khi|hoặc|phải|trên|dưới|từ|đến|ông|bà|anh|chị|em|con|cháu|sinh năm|ngụ tại
|một|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|trăm|nghìn|triệu|tỷ|đồng chẵn|mét vuông|phần trăm
|ki-lô-gam
|đường|phố|ngõ|ngách|hẻm|số nhà|tổ dân phố|thôn|xóm|ấp|khu tập thể|chung cư|tầng|phòng|khối|cụm
|thường xuyên|khuyến khích|nghiệp vụ|nguyên tắc|tuyên truyền|chuyển nhượng|khuyết điểm|huỷ bỏ|lưỡng
|xoá án tích|ngoại ngữ|tiếng Anh|tin học|kỹ thuật|công nghệ|quản lý|giáo dục|y khoa|dược học|luật sư
|Kinh|Tày|Nùng|Mường|Thái|Hoa|Khơ-me|Ê-đê|Nam|Nữ|Việt Nam|Không|Phật giáo|Công giáo|Trung Quốc
""")
LATIN = _list("""
Full name|Date of birth|Place of birth|Nationality|Date of issue|Date of expiry|Signature|Sex
|Bachelor|Engineer|Master of Science|Degree classification|Good|Excellent|Major
|University of Science
|Reg. No.|Given by|upon|Mode of study|Full-time|Website|Company Limited|Joint Stock|Ltd.|Co.|JSC|Fax
|Honda Wave|Toyota Vios|Piaggio|Ford Ranger|Windows|IELTS|TOEIC|Jazz|Fuji|William|Jennifer|Zoe|Felix
|www|http|gov.vn|hanoi.gov.vn|gmail.com|Quebec|New York|Sydney|Frankfurt|Warszawa|Kraków
|Johannesburg
""")
UNITS = _list("m²|m2|km|kg|ha|đ|đồng|VNĐ|VND|%|°C|kW|tr.đ|tháng|năm|ngày|giờ|tuổi|người|m|cc|USD")
AGENCIES = tuple(
    "UBND HĐND BTP BGDĐT BCA BTNMT NĐ-CP TT-BTP TT-BTC QĐ-UBND QĐ-TTg TTLT NQ-HĐND VPCP CV KH TB "
    "STP SXD ĐKKD HCC PVHCC CNTT BB HĐ GCN CCCD TP.HN CT-UBND TTr BC GM GP GT ĐHBK "
    "ĐHQG THPT".split()
)
