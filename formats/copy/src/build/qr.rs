//! The QR code, drawn as one vector path.
//!
//! `qrcode` encodes it. Which of its masks reads best is found here, by the same points (ISO/IEC
//! 18004, 7.8.3) for all modules of a row at once: that was the longest part of a small copy.

use krilla::geom::{Path, PathBuilder, Rect, Transform};
use krilla::surface::Surface;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, bits, ec};

use super::{BuildError, draw};

/// The least side of a module: 4 dots at 300 dpi, in points.
const MODULE_MIN: f32 = 4.0 / 300.0 * 72.0;
/// The side that a small code is enlarged to, in points (30 mm).
const SIDE_MIN: f32 = 85.0;
/// The blank rim that readers need, in modules (ISO/IEC 18004).
const QUIET_MODULES: f32 = 4.0;

/// The widest code that is held a row in an integer; wider ones are left to `qrcode`.
const ROW_BITS: usize = 128;
const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// A code and its size.
pub(super) struct Qr {
    /// Row by row.
    modules: Vec<Color>,
    width: usize,
    /// A module's side in points.
    module: f32,
    /// The code's side in points, without the quiet zone.
    pub(super) side: f32,
}

impl Qr {
    /// Encodes a text with medium error correction.
    pub(super) fn new(text: &str) -> Result<Self, BuildError> {
        let (modules, width) =
            encoded(text).map_err(|source| BuildError::Qr { length: text.len(), source })?;
        let module = MODULE_MIN.max(SIDE_MIN / width as f32);
        Ok(Self { modules, width, module, side: module * width as f32 })
    }

    /// The blank rim around it, in points.
    pub(super) fn quiet(&self) -> f32 {
        QUIET_MODULES * self.module
    }

    /// Draws the dark modules as one path, the code's top left corner at a point. A module is the
    /// unit of the path: whole numbers are a quarter as long, and so is the content of the page.
    pub(super) fn draw(&self, surface: &mut Surface, (x, y): (f32, f32)) {
        let Some(path) = self.path() else { return };
        surface.push_transform(&Transform::from_row(self.module, 0.0, 0.0, self.module, x, y));
        draw::black_path(surface, &path);
        surface.pop();
    }

    /// The dark modules, each one unit wide and high.
    fn path(&self) -> Option<Path> {
        let mut path = PathBuilder::new();
        for (row, modules) in self.modules.chunks(self.width).enumerate() {
            let mut column = 0;
            while column < self.width {
                let start = column;
                while modules.get(column) == Some(&Color::Dark) {
                    column += 1;
                }
                if column > start {
                    let run = (column - start) as f32;
                    path.push_rect(Rect::from_xywh(start as f32, row as f32, run, 1.0)?);
                }
                column = column.max(start + 1);
            }
        }
        path.finish()
    }
}

/// The modules of a text's code and its width.
fn encoded(text: &str) -> Result<(Vec<Color>, usize), QrError> {
    let bits = bits::encode_auto(text.as_bytes(), EcLevel::M)?;
    let version = bits.version();
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, EcLevel::M)?;
    let mut canvas = Canvas::new(version, EcLevel::M);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    let width = usize::try_from(version.width()).unwrap_or_default();
    Ok((masked(&canvas, width), width))
}

/// The canvas under its best mask.
fn masked(canvas: &Canvas, width: usize) -> Vec<Color> {
    if width > ROW_BITS {
        return canvas.apply_best_mask().into_colors();
    }
    let under = |mask: MaskPattern| {
        let mut canvas = canvas.clone();
        canvas.apply_mask(mask);
        canvas.into_colors()
    };
    let best = MASKS.into_iter().map(under).min_by_key(|modules| penalty(modules, width));
    best.unwrap_or_default()
}

/// The points against a code: fewer read better.
fn penalty(modules: &[Color], width: usize) -> u32 {
    let (mut rows, mut columns) = (vec![0u128; width], vec![0u128; width]);
    for (y, row) in modules.chunks(width).enumerate() {
        for (x, module) in row.iter().enumerate() {
            if *module == Color::Dark {
                rows[y] |= 1 << x;
                columns[x] |= 1 << y;
            }
        }
    }
    let lines = rows.iter().chain(&columns).map(|line| runs(*line, width) + finders(*line, width));
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    // Two hundredths a point, as far as it is from one half.
    let balance = (dark as usize * 200 / (width * width)).abs_diff(100) as u32;
    lines.sum::<u32>() + blocks(&rows, width) + balance
}

/// The first bits of a row.
fn first(bits: usize) -> u128 {
    u128::MAX >> (ROW_BITS - bits)
}

/// Which modules of a line are as their next.
fn alike(line: u128, width: usize) -> u128 {
    !(line ^ (line >> 1)) & first(width - 1)
}

/// For each run of five or more: its length, less two.
fn runs(line: u128, width: usize) -> u32 {
    let same = alike(line, width);
    let fifth = same & same >> 1 & same >> 2 & same >> 3;
    fifth.count_ones() + 2 * (fifth & !(fifth << 1)).count_ones()
}

/// Three for each square of two by two.
fn blocks(rows: &[u128], width: usize) -> u32 {
    let squares = rows.windows(2).map(|pair| {
        let both = alike(pair[0], width) & alike(pair[1], width) & !(pair[0] ^ pair[1]);
        both.count_ones()
    });
    3 * squares.sum::<u32>()
}

/// Forty for each `#.###.#` with four light modules before or after it.
fn finders(line: u128, width: usize) -> u32 {
    let at = |by: u32| line >> by;
    let found = at(0) & !at(1) & at(2) & at(3) & at(4) & !at(5) & at(6) & first(width - 6);
    let before = line << 1 | line << 2 | line << 3 | line << 4;
    let after = at(7) | at(8) | at(9) | at(10);
    40 * (found & !(before & after)).count_ones()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use qrcode::QrCode;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_code_is_the_one_that_the_library_makes(text in "[ -~]{1,1300}") {
            let expected = QrCode::with_error_correction_level(&text, EcLevel::M).expect("it fits");
            let (modules, width) = encoded(&text).expect("it fits");
            prop_assert_eq!(width, expected.width());
            prop_assert_eq!(modules, expected.into_colors());
        }
    }
}
