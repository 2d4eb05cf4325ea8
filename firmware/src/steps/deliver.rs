//! Hands the result over: the QR on the screen.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// The QR as an SVG picture, 4 modules of quiet zone around it (ISO/IEC 18004). Empty when the text
/// does not fit a QR, which the sealing step has ruled out before.
pub fn qr_svg(text: &str) -> String {
    QrCode::with_error_correction_level(text, EcLevel::M)
        .map(|code| code.render::<svg::Color<'_>>().min_dimensions(240, 240).build())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_address_still_makes_a_picture() {
        let text = format!("https://xacthuc.example/v/AAAA-BBBB#{}", "x".repeat(600));
        assert!(super::qr_svg(&text).contains("<svg"));
    }
}
