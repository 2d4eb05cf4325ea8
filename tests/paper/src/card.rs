//! Identity cards of 2021 and 2024, both sides, fictitious, as scanners and cameras of documents
//! show them: at any turn, alone or on a larger page, small, dim, blurred, with glare.
//!
//! The layout is told, not measured: nobody's card was at hand. Start with [`Specimen::new`].

use qrcode::{Color, EcLevel, QrCode};

use crate::canvas::{Canvas, Style};
use crate::fonts::{Face, Fonts, OFFICE};
use crate::rng::Rng;
use crate::wear;
use crate::{PaperError, Sheet};

/// A card in millimetres (ISO/IEC 7810, ID-1).
pub const CARD_MM: [f32; 2] = [85.6, 54.0];
/// Cards are drawn at so many times the canvas's resolution.
const FINE: f32 = 2.0;
/// Pitch of the zone in millimetres (ICAO 9303-3), in points.
const PITCH_PT: f32 = 7.2;

/// Which card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issue {
    /// Căn cước công dân with a chip: the code in front.
    Of2021,
    /// Thẻ căn cước: the code on the back, with more in it.
    Of2024,
}

/// A side of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// With the portrait.
    Front,
    /// With the zone.
    Back,
}

/// What the zone is set in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneFace {
    /// OCR-B, as ICAO 9303 asks.
    OcrB,
    /// DejaVu Sans Mono.
    DejaVu,
    /// Liberation Mono, bold.
    Liberation,
    /// Nimbus Mono, bold: no reader of ours was trained on it.
    Nimbus,
}

impl ZoneFace {
    /// File of the typeface, and its advance in ems.
    const fn file(self) -> (&'static str, f32) {
        match self {
            Self::OcrB => ("OCRB.otf", 0.723),
            Self::DejaVu => ("DejaVuSansMono.ttf", 0.602),
            Self::Liberation => ("LiberationMono-Bold.ttf", 0.6),
            Self::Nimbus => ("NimbusMonoPS-Bold.otf", 0.6),
        }
    }
}

/// What lies on the glass, and how it is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct CardScan {
    /// Pixels per inch.
    pub dpi: u32,
    /// Turn of the card, clockwise, in degrees: any.
    pub degrees: f32,
    /// The glass in millimetres; the card lies somewhere on it.
    pub page_mm: [f32; 2],
    /// Light of what lies behind the card: the lid's white, or dark.
    pub behind: u8,
    /// Share of the light that is left, 0 to 1.
    pub light: f32,
    /// The largest change of a pixel by grain, in levels.
    pub noise: u8,
    /// Out of focus, in millimetres.
    pub blur_mm: f32,
    /// A bright spot on the card's face.
    pub glare: bool,
}

impl Default for CardScan {
    /// A card on a glass of its size, from an office scanner.
    fn default() -> Self {
        Self {
            dpi: 300,
            degrees: 0.0,
            page_mm: [100.0, 68.0],
            behind: 250,
            light: 1.0,
            noise: 6,
            blur_mm: 0.04,
            glare: false,
        }
    }
}

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specimen {
    /// Which card.
    pub issue: Issue,
    /// The payload of its code.
    pub payload: String,
    /// The lines of its zone.
    pub zone: [String; 3],
}

const FAMILY: [&str; 12] =
    ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Lý"];
const MIDDLE: [&str; 8] = ["Văn", "Thị", "Đức", "Quốc", "Minh", "Thị Ngọc", "Xuân", "Hữu"];
const GIVEN: [&str; 12] =
    ["Thử", "Mẫu", "Ảo", "Bình", "Kiều", "Quỳnh", "Oanh", "Phúc", "Giang", "Uyên", "Khôi", "Zung"];

impl Specimen {
    /// A fictitious person's card; another seed is another person.
    pub fn new(issue: Issue, seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xca4d);
        let pick =
            |rng: &mut Rng, from: &[&str]| from[rng.below(from.len() as u64) as usize].to_owned();
        let (family, middle) = (pick(&mut rng, &FAMILY), pick(&mut rng, &MIDDLE));
        let given = pick(&mut rng, &GIVEN);
        let woman = rng.chance(0.5);
        let year = 1948 + rng.below(62) as i32;
        let (month, day) = (1 + rng.below(12), 1 + rng.below(28));
        let century = if year < 2000 { 0 } else { 2 };
        let number = format!(
            "0{:02}{}{:02}{:06}",
            1 + rng.below(96),
            century + u64::from(woman),
            year % 100,
            rng.below(1_000_000)
        );
        let issued = if issue == Issue::Of2021 { 2021 } else { 2024 };
        // Exchanged at 14, 25, 40 and 60 years; one issued in the two years before holds on.
        let age = issued - year - 1;
        let until = [14, 25, 40, 60].into_iter().find(|until| age < until - 3);
        let expiry = until.map_or("991231".into(), |until| {
            format!("{:02}{month:02}{day:02}", (year + until) % 100)
        });
        let name = format!("{family} {middle} {given}");
        let old =
            if rng.chance(0.5) { format!("{:09}", rng.below(1_000_000_000)) } else { "".into() };
        let sex = if woman { "Nữ" } else { "Nam" };
        let home = format!("Số {} Phố Thử, Phường Cửa Nam, Hà Nội", 1 + rng.below(99));
        let mut payload =
            format!("{number}|{old}|{name}|{day:02}{month:02}{year}|{sex}|{home}|0112{issued}");
        if issue == Issue::Of2024 {
            let other = pick(&mut rng, &GIVEN);
            payload += &format!("||{family} Văn {other}|{family} Thị {given} Hai|");
        }
        let letter = if woman { 'F' } else { 'M' };
        let birth = format!("{:02}{month:02}{day:02}", year % 100);
        Self { issue, payload, zone: zone(&number, &birth, letter, &expiry, &name) }
    }
}

/// The lines of a zone (ICAO 9303-5) with Vietnam's check digit at the end of the first.
fn zone(number: &str, birth: &str, sex: char, expiry: &str, name: &str) -> [String; 3] {
    let short = &number[3..];
    let first = format!("IDVNM{short}{}{number}<<", check(short));
    let first = format!("{first}{}", check(&format!("{number}<<")));
    let (born, ends) = (format!("{birth}{}", check(birth)), format!("{expiry}{}", check(expiry)));
    let fill = "<".repeat(11);
    let whole = check(&format!("{}{born}{ends}{fill}", &first[5..]));
    let second = format!("{born}{sex}{ends}VNM{fill}{whole}");
    let plain: String = name.chars().map(plain).collect();
    let third = plain.replacen(' ', "<<", 1).replace(' ', "<");
    let third: String = third.chars().chain(std::iter::repeat('<')).take(30).collect();
    [first, second, third]
}

fn check(field: &str) -> u32 {
    let value = |c: char| c.to_digit(36).unwrap_or(0);
    field.chars().zip([7, 3, 1].into_iter().cycle()).map(|(c, w)| value(c) * w).sum::<u32>() % 10
}

/// A letter of the names above without its marks.
fn plain(letter: char) -> char {
    const ROWS: [(&str, char); 7] = [
        ("ăâảãáàạầấậẩẫằắặẳẵẢ", 'A'),
        ("đĐ", 'D'),
        ("êẻẽéèẹềếệểễ", 'E'),
        ("ịìíỉĩ", 'I'),
        ("ôơỏõóòọồốộổỗờớợởỡ", 'O'),
        ("ưủũúùụừứựửữ", 'U'),
        ("ỳýỵỷỹ", 'Y'),
    ];
    let row = ROWS.iter().find(|(letters, _)| letters.contains(letter));
    row.map_or(letter.to_ascii_uppercase(), |(_, plain)| *plain)
}

/// Draws a side as it is scanned.
pub fn card_side(
    specimen: &Specimen,
    side: Side,
    face: ZoneFace,
    scan: &CardScan,
    seed: u64,
) -> Result<Sheet, PaperError> {
    let (file, advance) = face.file();
    let fonts = Fonts::load(&OFFICE)?.with_zone(file)?;
    let [width, height] = CARD_MM.map(|mm| (mm * FINE * crate::canvas::PX_PER_MM) as u32);
    let mut canvas = Canvas::new(&fonts, width, height);
    background(&mut canvas, side, seed);
    match side {
        Side::Front => front(&mut canvas, specimen)?,
        Side::Back => back(&mut canvas, specimen, PITCH_PT / advance)?,
    }
    let card = Sheet { width, height, rgb: canvas.rgb, words: canvas.words };
    Ok(scanned(&card, scan, seed))
}

/// Text on a card, in millimetres of the card.
fn text(canvas: &mut Canvas<'_>, x: f32, y: f32, words: &str, face: Face, pt: f32) {
    canvas.text(x * FINE, y * FINE, words, Style::new(face, pt * FINE));
}

fn background(canvas: &mut Canvas<'_>, side: Side, seed: u64) {
    let tint = if side == Side::Front { [216, 234, 228] } else { [228, 232, 224] };
    canvas.fill(0.0, 0.0, CARD_MM[0] * FINE, CARD_MM[1] * FINE, tint);
    // The fine waves of security print.
    let mut rng = Rng::new(seed ^ 0x9a11);
    for line in 0..45 {
        let (from, period) = (1.2 * line as f32, rng.between(9.0, 16.0));
        for i in 0..340 {
            let x = 0.25 * i as f32;
            let y = from + 0.8 * (x * std::f32::consts::TAU / period).sin();
            canvas.fill(x * FINE, y * FINE, 0.25 * FINE, 0.08 * FINE, [226, 236, 236]);
        }
    }
}

fn front(canvas: &mut Canvas<'_>, specimen: &Specimen) -> Result<(), PaperError> {
    let fields: Vec<&str> = specimen.payload.split('|').collect();
    let title =
        if specimen.issue == Issue::Of2021 { "CĂN CƯỚC CÔNG DÂN" } else { "CĂN CƯỚC" };
    text(canvas, 22.0, 5.0, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", Face::SansBold, 5.5);
    text(canvas, 29.0, 8.5, "Độc lập - Tự do - Hạnh phúc", Face::Sans, 5.0);
    text(canvas, 28.0, 15.5, title, Face::SansBold, 9.0);
    portrait(canvas);
    let date = |at: usize| crate::id_card::day(fields.get(at).copied().unwrap_or_default());
    let name = fields[2].to_uppercase();
    let rows = [
        ("Số định danh cá nhân / No.", fields[0]),
        ("Họ và tên / Full name", name.as_str()),
        ("Ngày sinh / Date of birth", &date(3)),
        ("Giới tính / Sex", fields[4]),
        ("Nơi thường trú / Place of residence", fields[5]),
    ];
    for (i, (label, value)) in rows.into_iter().enumerate() {
        let y = 22.0 + 6.4 * i as f32;
        text(canvas, 28.0, y, label, Face::Sans, 4.8);
        text(canvas, 28.0, y + 3.0, value, Face::SansBold, 6.4);
    }
    if specimen.issue == Issue::Of2021 {
        code(canvas, &specimen.payload, [66.5, 3.0], 16.0)?;
    }
    Ok(())
}

/// A grey figure where the portrait is.
fn portrait(canvas: &mut Canvas<'_>) {
    canvas.fill(4.0 * FINE, 18.0 * FINE, 20.0 * FINE, 26.0 * FINE, [206, 218, 226]);
    for i in 0..60 {
        let y = i as f32 / 10.0 - 3.0;
        let (head, chest) = (3.9 * (1.0 - (y / 3.0).powi(2)).max(0.0).sqrt(), 8.0 - 0.5 * y.abs());
        let row = |canvas: &mut Canvas<'_>, x: f32, y: f32, half: f32, ink: [u8; 3]| {
            canvas.fill((x - half) * FINE, y * FINE, 2.0 * half * FINE, 0.4 * FINE, ink);
        };
        row(canvas, 14.0, 28.0 + 1.7 * y, head, [196, 160, 140]);
        row(canvas, 14.0, 39.0 + 1.6 * y, chest, [70, 74, 92]);
    }
}

fn back(canvas: &mut Canvas<'_>, specimen: &Specimen, pt: f32) -> Result<(), PaperError> {
    text(canvas, 5.0, 5.0, "Đặc điểm nhận dạng / Personal identification:", Face::Sans, 5.0);
    text(canvas, 5.0, 8.5, "Nốt ruồi cách 1 cm dưới mắt phải", Face::SansBold, 5.6);
    text(canvas, 5.0, 13.0, "Ngày, tháng, năm / Date, month, year: 01/12/2021", Face::Sans, 5.0);
    text(canvas, 34.0, 18.0, "CỤC TRƯỞNG CỤC CẢNH SÁT", Face::SansBold, 5.2);
    // The chip's contacts, and fingerprints as stripes.
    canvas.fill(6.0 * FINE, 17.0 * FINE, 12.0 * FINE, 10.0 * FINE, [214, 190, 120]);
    canvas.frame(6.0 * FINE, 17.0 * FINE, 12.0 * FINE, 10.0 * FINE, 0.3 * FINE, [150, 130, 80]);
    if specimen.issue == Issue::Of2024 {
        code(canvas, &specimen.payload, [63.0, 3.0], 19.5)?;
    } else {
        for i in 0..18 {
            let y = 4.0 + 0.8 * i as f32;
            canvas.fill(66.0 * FINE, y * FINE, 14.0 * FINE, 0.35 * FINE, [170, 150, 150]);
        }
    }
    for (i, line) in specimen.zone.iter().enumerate() {
        text(canvas, 4.8, 36.2 + 6.3 * i as f32, line, Face::Zone, pt);
    }
    Ok(())
}

fn code(
    canvas: &mut Canvas<'_>,
    payload: &str,
    [left, top]: [f32; 2],
    side: f32,
) -> Result<(), PaperError> {
    let code = QrCode::with_error_correction_level(payload, EcLevel::L)
        .map_err(|e| PaperError::Qr { detail: e.to_string() })?;
    let module = side / code.width() as f32;
    // On light ground, as the code has on a card.
    let quiet = 2.0 * module;
    canvas.lighten(
        (left - quiet) * FINE,
        (top - quiet) * FINE,
        (side + 2.0 * quiet) * FINE,
        (side + 2.0 * quiet) * FINE,
    );
    for (i, colour) in code.to_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            let (x, y) = ((i % code.width()) as f32, (i / code.width()) as f32);
            let (x, y) = (left + x * module, top + y * module);
            canvas.fill(x * FINE, y * FINE, module * FINE, module * FINE, [24, 24, 26]);
        }
    }
    Ok(())
}

/// The card on its glass, seen.
fn scanned(card: &Sheet, scan: &CardScan, seed: u64) -> Sheet {
    let mut rng = Rng::new(seed ^ 0x5ca9);
    let mm = scan.dpi as f32 / 25.4;
    let [width, height] = scan.page_mm.map(|side| (side * mm) as usize);
    let (sin, cos) = scan.degrees.to_radians().sin_cos();
    // Anywhere on the glass where the whole card is.
    let half = [
        (CARD_MM[0] * cos.abs() + CARD_MM[1] * sin.abs()) / 2.0 + 1.0,
        (CARD_MM[0] * sin.abs() + CARD_MM[1] * cos.abs()) / 2.0 + 1.0,
    ];
    let middle: [f32; 2] = std::array::from_fn(|i| {
        let (low, high) = (half[i], scan.page_mm[i] - half[i]);
        if low < high { rng.between(low, high) } else { scan.page_mm[i] / 2.0 }
    });
    let spot = [rng.between(15.0, 70.0), rng.between(10.0, 50.0)];
    let fine = FINE * crate::canvas::PX_PER_MM;
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let mut sums = [0.0f32; 3];
            for part in [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]] {
                let (dx, dy) =
                    ((x as f32 + part[0]) / mm - middle[0], (y as f32 + part[1]) / mm - middle[1]);
                let at = [
                    cos * dx + sin * dy + CARD_MM[0] / 2.0,
                    -sin * dx + cos * dy + CARD_MM[1] / 2.0,
                ];
                let level = level_at(card, at.map(|n| n * fine), scan.behind);
                let bright = if scan.glare { glare(at, spot) } else { 0.0 };
                sums.iter_mut().zip(level).for_each(|(sum, level)| {
                    *sum += level + (275.0 - level) * bright;
                });
            }
            rgb.extend(sums.map(|sum| (sum / 4.0 * scan.light).min(255.0) as u8));
        }
    }
    let mut sheet = Sheet { width: width as u32, height: height as u32, rgb, words: Vec::new() };
    if scan.blur_mm > 0.0 {
        wear::blur(&mut sheet, scan.blur_mm * mm);
    }
    let span = u64::from(scan.noise) * 2 + 1;
    for channel in &mut sheet.rgb {
        let level = i32::from(*channel) + rng.below(span) as i32 - i32::from(scan.noise);
        *channel = level.clamp(0, 255) as u8;
    }
    sheet
}

/// How much of the light is the lamp's own, at a place of the card.
fn glare([x, y]: [f32; 2], [spot_x, spot_y]: [f32; 2]) -> f32 {
    let far = ((x - spot_x) / 16.0).powi(2) + ((y - spot_y) / 6.0).powi(2);
    0.75 * (-far).exp()
}

fn level_at(card: &Sheet, [x, y]: [f32; 2], behind: u8) -> [f32; 3] {
    let (column, row) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (width, height) = (card.width as f32, card.height as f32);
    if column < 0.0 || row < 0.0 || column + 1.0 >= width || row + 1.0 >= height {
        return [f32::from(behind); 3];
    }
    let (fx, fy) = (x - 0.5 - column, y - 0.5 - row);
    let at = (row as usize * card.width as usize + column as usize) * 3;
    let next = card.width as usize * 3;
    std::array::from_fn(|i| {
        let p = |o: usize| f32::from(card.rgb[at + o + i]);
        let (top, low) = (p(0) * (1.0 - fx) + p(3) * fx, p(next) * (1.0 - fx) + p(next + 3) * fx);
        top * (1.0 - fy) + low * fy
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_that_of_the_worked_example() {
        let lines = zone("001199999999", "990909", 'F', "390909", "Nghiêm Thị Thử");
        assert_eq!(
            lines,
            [
                "IDVNM1999999991001199999999<<2",
                "9909092F3909090VNM<<<<<<<<<<<6",
                "NGHIEM<<THI<THU<<<<<<<<<<<<<<<",
            ]
        );
    }

    #[test]
    fn a_specimen_of_2024_has_more_fields_and_both_are_drawn_in_their_size() {
        let count = |issue| Specimen::new(issue, 7).payload.split('|').count();
        assert_eq!((count(Issue::Of2021), count(Issue::Of2024)), (7, 11));
        let specimen = Specimen::new(Issue::Of2024, 7);
        let scan = CardScan { dpi: 200, ..CardScan::default() };
        let sheet = card_side(&specimen, Side::Back, ZoneFace::OcrB, &scan, 7).expect("drawn");
        assert_eq!((sheet.width, sheet.height), (787, 535));
    }
}
