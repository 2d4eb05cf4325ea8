//! A fictitious identity card with its QR code, as a document scanner sees it.

use qrcode::{Color, EcLevel, QrCode};

use crate::canvas::{Canvas, PX_PER_MM, Style};
use crate::fonts::{Face, Fonts, OFFICE};
use crate::look::{Look, scan};
use crate::{PaperError, Sheet};

/// The QR payload of a fictitious card of 2021: seven fields, with an old nine-digit number.
pub const ID_PAYLOAD: &str = "001199999999|012345678|Nghiêm Thị Thử|09091999|Nữ|\
Số 1 Phố Thử, Phường Cửa Nam, Hà Nội|10092024";

/// The same kind of payload with the old number empty.
pub const ID_PAYLOAD_WITHOUT_OLD_NUMBER: &str = "001204000001||Trần Văn Mẫu|15032004|Nam|\
Số 2 Ngõ Mẫu, Phường Cửa Nam, Hà Nội|01072021";

/// Pixels a QR module takes; print and scan keep 4 readable, the card has room for 6.
const MODULE_PX: f32 = 6.0;

/// Draws the front of a card that carries `payload`, on the glass of a scanner.
pub fn id_card(payload: &str) -> Result<Sheet, PaperError> {
    let fonts = Fonts::load(&OFFICE)?;
    let mut canvas = Canvas::new(&fonts, 1300, 900);
    let fields: Vec<&str> = payload.split('|').collect();
    let field = |i: usize| fields.get(i).copied().unwrap_or("");
    canvas.fill(12.0, 10.0, 85.6, 54.0, [222, 238, 232]);
    canvas.frame(12.0, 10.0, 85.6, 54.0, 0.3, [130, 150, 145]);
    let head = Style::new(Face::SansBold, 6.5);
    canvas.centred(44.0, 15.0, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", head);
    canvas.centred(44.0, 18.5, "Độc lập - Tự do - Hạnh phúc", Style::new(Face::Sans, 6.0));
    let title = Style { colour: [190, 30, 40], ..Style::new(Face::SansBold, 10.0) };
    canvas.centred(44.0, 25.0, "CĂN CƯỚC CÔNG DÂN", title);
    canvas.fill(15.0, 30.0, 19.0, 26.0, [150, 165, 170]);
    let label = Style::new(Face::Sans, 5.5);
    let value = Style::new(Face::SansBold, 7.0);
    let rows = [
        ("Số / No.", field(0).to_owned()),
        ("Họ và tên / Full name", field(2).to_uppercase()),
        ("Ngày sinh / Date of birth", day(field(3))),
        ("Giới tính / Sex", field(4).to_owned()),
        ("Nơi thường trú / Place of residence", field(5).to_owned()),
    ];
    for (i, (name, text)) in rows.iter().enumerate() {
        let y = 31.0 + 6.4 * i as f32;
        canvas.text(37.0, y, name, label);
        canvas.text(37.0, y + 3.2, text, value);
    }
    qr(&mut canvas, payload)?;
    Ok(scan(canvas, &Look::default(), 21))
}

/// `ddMMyyyy` as it is printed.
pub(crate) fn day(digits: &str) -> String {
    match (digits.get(..2), digits.get(2..4), digits.get(4..)) {
        (Some(d), Some(m), Some(y)) => format!("{d}/{m}/{y}"),
        _ => digits.to_owned(),
    }
}

fn qr(canvas: &mut Canvas<'_>, payload: &str) -> Result<(), PaperError> {
    let code = QrCode::with_error_correction_level(payload, EcLevel::L)
        .map_err(|e| PaperError::Qr { detail: e.to_string() })?;
    let module = MODULE_PX / PX_PER_MM;
    let side = code.width() as f32 * module;
    let (left, top) = (96.0 - side, 12.0);
    for (i, colour) in code.to_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            let (x, y) = (i % code.width(), i / code.width());
            let (x, y) = (left + x as f32 * module, top + y as f32 * module);
            canvas.fill(x, y, module, module, [20, 20, 20]);
        }
    }
    Ok(())
}
