//! Papers of every kind that the kiosk knows, each time with other words, numbers and layout, and
//! what the reader should find on them.

use serde::Deserialize;

use crate::assorted::text;
use crate::canvas::{BLACK, Canvas, RED, Style};
use crate::fonts::{Face, Fonts, Typeface};
use crate::look::{Look, scan};
use crate::rng::Rng;
use crate::seal::{seal, signature};
use crate::{AUTHORITY, PaperError, Sheet};

const FORMS: &str = include_str!("kinds/forms.toml");

#[derive(Deserialize)]
struct Forms {
    form: Vec<Form>,
}

/// A kind of paper, as `forms.toml` describes it.
#[derive(Deserialize)]
struct Form {
    kind: String,
    head: String,
    /// Title lines, parted by `|`.
    titles: Vec<String>,
    /// Label, field and filling.
    rows: Vec<[String; 3]>,
    #[serde(default)]
    body: Vec<String>,
    /// Whether a line `Về việc …` stands below the title.
    #[serde(default)]
    subject: bool,
}

/// A drawn paper and what it says.
pub struct Paper {
    /// The image.
    pub sheet: Sheet,
    /// Its kind, as the reader names it.
    pub kind: String,
    /// Fields: the reader's name and the value as printed.
    pub fields: Vec<(String, String)>,
}

/// How many kinds there are.
pub fn kind_count() -> usize {
    forms().len()
}

fn forms() -> Vec<Form> {
    // The table is part of the program; drawing any kind shows that it parses.
    toml::from_str::<Forms>(FORMS).map(|forms| forms.form).unwrap_or_default()
}

/// Draws the paper of kind number `which` in `typeface` as the scanner sees it through `look`.
pub fn paper_of_kind(
    which: usize,
    typeface: &Typeface,
    look: &Look,
    seed: u64,
) -> Result<Paper, PaperError> {
    let mut forms = forms();
    let form = forms.swap_remove(which % forms.len());
    let fonts = Fonts::load(typeface)?;
    let mut drawing = Drawing::new(&fonts, seed);
    drawing.head(&form);
    drawing.title(&form);
    drawing.rows(&form);
    drawing.body(&form);
    drawing.signed(&fonts, &form)?;
    let Drawing { canvas, fields, .. } = drawing;
    Ok(Paper { sheet: scan(canvas, look, seed), kind: form.kind, fields })
}

struct Drawing<'f> {
    canvas: Canvas<'f>,
    rng: Rng,
    y: f32,
    left: f32,
    width: f32,
    pt: f32,
    leading: f32,
    fields: Vec<(String, String)>,
}

/// Millimetres in a point.
const POINT: f32 = 25.4 / 72.0;

impl<'f> Drawing<'f> {
    fn new(fonts: &'f Fonts, seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x4B1D_0F0A);
        let left = rng.between(20.0, 32.0);
        Self {
            y: rng.between(18.0, 28.0),
            left,
            width: 210.0 - left - rng.between(14.0, 22.0),
            pt: rng.between(11.0, 14.0),
            leading: rng.between(1.25, 1.7),
            canvas: Canvas::a4(fonts),
            fields: Vec::new(),
            rng,
        }
    }

    fn step(&self) -> f32 {
        self.pt * POINT * self.leading
    }

    fn style(&self, face: Face) -> Style {
        Style::new(face, self.pt)
    }

    fn field(&mut self, id: &str, value: &str) {
        if !id.is_empty() {
            self.fields.push((id.to_owned(), value.to_owned()));
        }
    }

    /// The authority at the left and the motto at the right, or the motto alone.
    fn head(&mut self, form: &Form) {
        let (small, bold) = (Style::new(Face::Regular, 12.0), Style::new(Face::Bold, 12.0));
        let motto = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"];
        let number = number_of(&mut self.rng);
        if form.head == "office" {
            let office = text::office(&mut self.rng);
            self.canvas.centred(58.0, self.y, office, Style::new(Face::Bold, 9.5));
            self.canvas.centred(148.0, self.y, motto[0], Style::new(Face::Bold, 11.0));
            self.canvas.centred(148.0, self.y + 6.0, motto[1], bold);
            self.canvas.rule(120.0, self.y + 8.0, 56.0, 0.3, BLACK);
            self.y += 14.0;
            self.canvas.centred(58.0, self.y, &format!("Số: {number}"), small);
            self.field("issuer", office);
            self.field("number", &number);
        } else {
            self.canvas.centred(105.0, self.y, motto[0], bold);
            self.canvas.centred(105.0, self.y + 6.5, motto[1], Style::new(Face::Bold, 13.0));
            self.canvas.rule(75.0, self.y + 8.7, 60.0, 0.3, BLACK);
            self.y += 14.0;
            if form.head == "motto" && form.rows.iter().all(|row| row[1] != "number") {
                let x = self.left + self.rng.between(0.0, self.width - 40.0);
                self.canvas.text(x, self.y, &format!("Số: {number}"), small);
                self.field("number", &number);
            }
        }
        self.y += self.rng.between(9.0, 16.0);
    }

    fn title(&mut self, form: &Form) {
        let titles = &form.titles;
        let title = &titles[self.rng.below(titles.len() as u64) as usize];
        let colour = if form.head != "office" && self.rng.chance(0.5) { RED } else { BLACK };
        let size = self.rng.between(14.0, 20.0);
        for line in title.split('|') {
            let mut style = Style { colour, ..Style::new(Face::Bold, size) };
            while self.canvas.measure(line, style) > self.width {
                style.pt -= 0.5;
            }
            self.canvas.centred(105.0, self.y, line, style);
            self.y += style.pt * POINT * 1.35;
        }
        if form.subject {
            let subject = "Về việc khen thưởng thành tích năm học";
            self.canvas.centred(105.0, self.y, subject, self.style(Face::Bold));
            self.field("subject", subject);
            self.y += self.step();
        }
        self.y += self.rng.between(3.0, 9.0);
    }

    /// `label: value`, alone on a line or two short ones beside each other, the value behind the
    /// label, after a leader, or in a column of its own.
    fn rows(&mut self, form: &Form) {
        let (label_face, value_face) = match self.rng.below(3) {
            0 => (Face::Regular, Face::Bold),
            1 => (Face::Italic, Face::Regular),
            _ => (Face::Regular, Face::Regular),
        };
        let column = self.rng.chance(0.3).then(|| {
            let widest =
                form.rows.iter().map(|row| self.canvas.measure(&row[0], self.style(label_face)));
            widest.fold(0.0, f32::max).min(0.45 * self.width) + self.rng.between(4.0, 25.0)
        });
        let beside = self.rng.chance(0.5);
        let mut rows = form.rows.iter().peekable();
        while let Some([label, field, filling]) = rows.next() {
            let value = fill(&mut self.rng, filling);
            let (label_style, value_style) = (self.style(label_face), self.style(value_face));
            let end = self.canvas.text(self.left, self.y, label, label_style);
            let x = column.map_or(end + 2.0, |column| (self.left + column).max(end + 2.0));
            let room = self.left + self.width - x;
            let lines = self.canvas.wrap(&value, value_style, room, 0.0);
            for (i, line) in lines.iter().enumerate() {
                if i > 0 {
                    self.y += self.step();
                }
                self.canvas.text(x, self.y, line, value_style);
            }
            self.field(field, &value);
            let end = x + self.canvas.measure(&value, value_style) + 8.0;
            let half = (self.left + self.width / 2.0).max(end);
            let next = rows.peek().map(|next| {
                let wide = self.canvas.measure(&next[0], label_style);
                beside
                    && column.is_none()
                    && lines.len() == 1
                    && half + wide + 45.0 < 205.0
                    && ["sex", "ethnicity", "nationality", "number", "year"]
                        .contains(&next[2].as_str())
            });
            if next == Some(true)
                && let Some([label, field, filling]) = rows.next()
            {
                let value = fill(&mut self.rng, filling);
                let end = self.canvas.text(half, self.y, label, label_style);
                self.canvas.text(end + 2.0, self.y, &value, value_style);
                self.field(field, &value);
            }
            self.y += self.step();
        }
    }

    fn body(&mut self, form: &Form) {
        for text in &form.body {
            let style = self.style(Face::Regular);
            for line in self.canvas.wrap(text, style, self.width, 0.0) {
                self.canvas.text(self.left, self.y, &line, style);
                self.y += self.step();
            }
        }
        let count = self.rng.below(3);
        for _ in 0..count {
            let text = text::sentence(&mut self.rng);
            let style = self.style(Face::Regular);
            for line in self.canvas.wrap(&text, style, self.width, 0.0) {
                self.canvas.text(self.left, self.y, &line, style);
                self.y += self.step();
            }
        }
    }

    fn signed(&mut self, fonts: &Fonts, form: &Form) -> Result<(), PaperError> {
        self.y += 6.0;
        let middle = 148.0;
        let place = ["Hà Nội", "Gò Sỏi", "Cửa Lũy"][self.rng.below(3) as usize];
        let date = date_in_words(&mut self.rng);
        let italic = Style::new(Face::Italic, 12.0);
        self.canvas.centred(middle, self.y, &format!("{place}, {date}"), italic);
        self.field("date", &date);
        let official = form.kind != "private" && form.kind != "contract";
        let capacity = if official {
            ["CHỦ TỊCH", "GIÁM ĐỐC", "HIỆU TRƯỞNG"][self.rng.below(3) as usize]
        } else {
            "NGƯỜI VIẾT GIẤY"
        };
        self.canvas.centred(middle, self.y + 7.0, capacity, Style::new(Face::Bold, 12.5));
        self.canvas.stamp(middle - 20.0, self.y + 9.0, &signature(self.rng.next())?);
        let name = text::person(&mut self.rng);
        if official {
            self.canvas.stamp(middle - 42.0, self.y + 3.0, &seal(fonts, AUTHORITY)?);
            self.field("signer", &name);
        }
        self.canvas.centred(middle, self.y + 38.0, &name, Style::new(Face::Bold, 12.5));
        Ok(())
    }
}

fn number_of(rng: &mut Rng) -> String {
    let tail = ["QĐ-UBND", "TLKS-BS", "XNTTHN", "ĐKKH", "GCN-SXD"][rng.below(5) as usize];
    match rng.below(3) {
        0 => format!("{}/{tail}", 1 + rng.below(3000)),
        1 => format!("{:02}/{}", 1 + rng.below(400), 1990 + rng.below(36)),
        _ => format!("{}/{}/{tail}", 1 + rng.below(900), 2010 + rng.below(16)),
    }
}

fn date_in_words(rng: &mut Rng) -> String {
    let (day, month, year) = (1 + rng.below(28), 1 + rng.below(12), 1985 + rng.below(41));
    format!("ngày {day:02} tháng {month:02} năm {year}")
}

fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.below(of.len() as u64) as usize]
}

/// A value of a sort. In capitals where the sort's name is.
fn fill(rng: &mut Rng, sort: &str) -> String {
    let letter = |rng: &mut Rng| char::from(b'A' + rng.below(26) as u8);
    match sort {
        "PERSON" | "NATIONALITY" => fill(rng, &sort.to_lowercase()).to_uppercase(),
        "person" => text::person(rng),
        "date" if rng.chance(0.4) => date_in_words(rng),
        "date" => {
            format!("{:02}/{:02}/{}", 1 + rng.below(28), 1 + rng.below(12), 1940 + rng.below(86))
        }
        "moment" => format!("{} giờ {} phút, {}", rng.below(24), rng.below(60), date_in_words(rng)),
        "year" => (1940 + rng.below(86)).to_string(),
        "id" => format!("0{:02}{:09}", 1 + rng.below(96), rng.below(1_000_000_000)),
        "number" => (1 + rng.below(400)).to_string(),
        "decimal" => format!("{},{}", rng.below(10), rng.below(10)),
        "place" => format!(
            "{} {}, {}, {}",
            one(rng, &["số", "tổ", "thôn"]),
            1 + rng.below(90),
            one(rng, &["phường Hoa Sữa", "xã Đông Ấp", "phường Bồ Đề"]),
            one(rng, &["thành phố Hà Nội", "tỉnh Cửa Lũy", "quận Long Biên, Hà Nội"]),
        ),
        "ward" => format!(
            "Ủy ban nhân dân {}",
            one(rng, &["phường Hoa Sữa", "xã Đông Ấp, Hà Nội", "phường Bồ Đề"])
        ),
        "serial" => format!("{}{} {:06}", letter(rng), letter(rng), rng.below(1_000_000)),
        "SERIAL8" => format!("{}{} {:08}", letter(rng), letter(rng), rng.below(100_000_000)),
        "register" => format!("{}{}{:05}", letter(rng), letter(rng), rng.below(100_000)),
        "student" => format!("{:08}", rng.below(100_000_000)),
        "class" => format!("{}A{}", 6 + rng.below(7), 1 + rng.below(9)),
        "area" => format!("{},{} m2", 30 + rng.below(300), rng.below(10)),
        "engine" => format!("{}{}{:07}", letter(rng), letter(rng), rng.below(10_000_000)),
        "frame" => format!("RLH{}{}{:08}", letter(rng), letter(rng), rng.below(100_000_000)),
        "plate" => format!(
            "{}{}-{:03}.{:02}",
            29 + rng.below(5),
            letter(rng),
            rng.below(1000),
            rng.below(100)
        ),
        "tax" => tax_code(rng),
        "company" => format!(
            "{} {}",
            one(rng, &["CÔNG TY TNHH", "CÔNG TY CỔ PHẦN", "HỘ KINH DOANH"]),
            text::person(rng).to_uppercase()
        ),
        "money" => format!("{}.000.000 đồng", 10 + rng.below(900)),
        _ => word(rng, sort).to_owned(),
    }
}

/// A value of a sort that has few.
fn word(rng: &mut Rng, sort: &str) -> &'static str {
    match sort {
        "sex" => one(rng, &["Nam", "Nữ"]),
        "ethnicity" => one(rng, &["Kinh", "Tày", "Mường", "Khmer", "Hoa"]),
        "nationality" => "Việt Nam",
        "marital" => one(rng, &["Chưa đăng ký kết hôn với ai", "Đã ly hôn, chưa kết hôn lại"]),
        "purpose" => one(rng, &["Đăng ký kết hôn", "Vay vốn ngân hàng", "Mua bán nhà đất"]),
        "relation" => one(rng, &["Con đẻ", "Vợ", "Chủ hộ", "Cháu ruột"]),
        "school" => one(rng, &["THPT Hoa Mướp", "THPT Gò Sỏi", "THCS Đông Ấp"]),
        "branch" => one(
            rng,
            &[
                "Công nghệ thông tin",
                "Kế toán",
                "Sư phạm Ngữ văn",
                "Y đa khoa",
                "Bán buôn thực phẩm",
            ],
        ),
        "grade" => one(rng, &["Giỏi", "Khá", "Xuất sắc", "Trung bình"]),
        "mode" => one(rng, &["Chính quy", "Vừa làm vừa học"]),
        "land" => one(rng, &["Đất ở tại đô thị", "Đất trồng cây lâu năm", "Đất ở tại nông thôn"]),
        "term" => one(rng, &["Lâu dài", "Đến ngày 15/10/2063"]),
        "licence" => one(rng, &["B2", "A1", "C", "B", "D1"]),
        "make" => one(rng, &["HONDA", "TOYOTA", "VINFAST"]),
        "colour" => one(rng, &["Đen", "Trắng", "Xanh bạc"]),
        _ => one(
            rng,
            &["Sử dụng riêng", "Không", "Cấp lần đầu theo quy định", "Theo dõi thêm tại nhà"],
        ),
    }
}

/// Ten digits, of which the last checks the others.
fn tax_code(rng: &mut Rng) -> String {
    loop {
        let digits: Vec<u64> = (0..9).map(|i| if i == 0 { 0 } else { rng.below(10) }).collect();
        let sum: u64 =
            digits.iter().zip([31, 29, 23, 19, 17, 13, 7, 5, 3]).map(|(d, w)| d * w).sum();
        if !sum.is_multiple_of(11) {
            let text: String = digits.iter().map(u64::to_string).collect();
            return format!("{text}{}", 10 - sum % 11);
        }
    }
}
