//! Marks of a sheet as dots.

use drivers_api::Bitmap;
use formats_typeset::{Face, FaceError, Mark, Segment, Sheet};
use qrcode::{Color, EcLevel, QrCode};
use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

/// A dot is black from this coverage on: thin strokes stay whole, accents stay apart.
const BLACK_MIN: u8 = 112;
/// Dots of a QR's module at least: half a millimetre, which any telephone reads.
pub(super) const MODULE_DOTS_MIN: u16 = 4;
/// White modules around a QR (ISO/IEC 18004).
const QUIET_MODULES: u16 = 4;

/// The product's typeface.
pub struct Press {
    regular: Face,
    bold: Face,
}

impl Press {
    /// Takes the typeface's files.
    pub fn new(regular: &[u8], bold: &[u8]) -> Result<Self, FaceError> {
        Ok(Self { regular: Face::new(regular)?, bold: Face::new(bold)? })
    }

    /// An empty sheet, whose points are dots.
    pub fn sheet(&self) -> Sheet<'_, QrCode> {
        Sheet::new(&self.regular, &self.bold)
    }
}

/// The QR of a text.
pub(super) fn qr(text: &str) -> Option<QrCode> {
    QrCode::with_error_correction_level(text, EcLevel::M).ok()
}

/// Modules of a QR's side, its quiet zone included.
pub(super) fn modules(qr: &QrCode) -> u16 {
    u16::try_from(qr.width()).unwrap_or(u16::MAX).saturating_add(2 * QUIET_MODULES)
}

/// The sheet in black and white. Rules are not drawn: a ticket has none.
pub(super) fn dots(sheet: &Sheet<'_, QrCode>, width: u16, height: u16) -> Option<Bitmap> {
    let mut ink = Mask::new(width.into(), height.into())?;
    let mut picture = Bitmap::white(width, height);
    for mark in &sheet.marks {
        match mark {
            Mark::Text { x, y, size, piece } => {
                let face = if piece.bold { sheet.bold } else { sheet.regular };
                draw(&mut ink, &face.outline(&piece.text), (*x, *y), *size);
            }
            Mark::Room { x, y, width, what, .. } => code(&mut picture, what, (*x, *y), *width),
            Mark::Rule { .. } | Mark::Upright { .. } => {}
        }
    }
    for (row, y) in ink.data().chunks_exact(width.into()).zip(0..) {
        for (_, x) in row.iter().zip(0..).filter(|(level, _)| **level >= BLACK_MIN) {
            picture.blacken(x, y);
        }
    }
    Some(picture)
}

fn draw(ink: &mut Mask, outline: &[Segment], from: (f32, f32), size: f32) {
    let mut path = PathBuilder::new();
    for segment in outline {
        match *segment {
            Segment::Move([x, y]) => path.move_to(x, y),
            Segment::Line([x, y]) => path.line_to(x, y),
            Segment::Quad([cx, cy], [x, y]) => path.quad_to(cx, cy, x, y),
            Segment::Cubic([ax, ay], [bx, by], [x, y]) => path.cubic_to(ax, ay, bx, by, x, y),
            Segment::Close => path.close(),
        }
    }
    if let Some(path) = path.finish() {
        let place = Transform::from_row(size, 0.0, 0.0, -size, from.0, from.1);
        ink.fill_path(&path, FillRule::Winding, true, place);
    }
}

/// Draws a QR in whole dots; `room` has place for its quiet zone.
fn code(picture: &mut Bitmap, qr: &QrCode, at: (f32, f32), room: f32) {
    let side = qr.width();
    let module = (room as u16) / modules(qr);
    let (left, top) = (at.0 as u16 + QUIET_MODULES * module, at.1 as u16 + QUIET_MODULES * module);
    for (color, place) in qr.to_colors().into_iter().zip(0..) {
        if color == Color::Light {
            continue;
        }
        let (column, row) = ((place % side) as u16, (place / side) as u16);
        for (x, y) in (0..module).flat_map(|y| (0..module).map(move |x| (x, y))) {
            picture.blacken(left + column * module + x, top + row * module + y);
        }
    }
}
