//! The QR code, drawn as one vector path.

use krilla::geom::{Path, PathBuilder, Rect};
use qrcode::{Color, EcLevel, QrCode};

use super::BuildError;

/// The least side of a module: 4 dots at 300 dpi, in points.
const MODULE_MIN: f32 = 4.0 / 300.0 * 72.0;
/// The side that a small code is enlarged to, in points (30 mm).
const SIDE_MIN: f32 = 85.0;
/// The blank rim that readers need, in modules (ISO/IEC 18004).
pub(super) const QUIET_MODULES: f32 = 4.0;

/// A code and its size.
pub(super) struct Qr {
    code: QrCode,
    /// A module's side in points.
    pub(super) module: f32,
    /// The code's side in points, without the quiet zone.
    pub(super) side: f32,
}

impl Qr {
    /// Encodes a text with medium error correction.
    pub(super) fn new(text: &str) -> Result<Self, BuildError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|source| BuildError::Qr { length: text.len(), source })?;
        let modules = code.width() as f32;
        let module = MODULE_MIN.max(SIDE_MIN / modules);
        Ok(Self { code, module, side: module * modules })
    }

    /// The dark modules as one path, the code's top left corner at (`x`, `y`).
    pub(super) fn path(&self, x: f32, y: f32) -> Option<Path> {
        let mut path = PathBuilder::new();
        let width = self.code.width();
        for row in 0..width {
            let mut column = 0;
            while column < width {
                let start = column;
                while column < width && self.code[(column, row)] == Color::Dark {
                    column += 1;
                }
                if column > start {
                    let (left, top) = (start as f32 * self.module, row as f32 * self.module);
                    let run = (column - start) as f32 * self.module;
                    path.push_rect(Rect::from_xywh(x + left, y + top, run, self.module)?);
                }
                column = column.max(start + 1);
            }
        }
        path.finish()
    }
}
