//! What the scanner makes of a drawn sheet: skew, tint, shadow, noise, grey copies, half turns.

use crate::canvas::Canvas;
use crate::rng::Rng;
use crate::sheet::{DPI, Sheet, TruthWord};
use crate::wear;

/// How the sheet looks once scanned.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Skew of the sheet on the glass in degrees, clockwise positive.
    pub skew_degrees: f32,
    /// Sensor noise: the largest change of a channel, in grey levels.
    pub noise: u8,
    /// Colour of the bare paper.
    pub tint: [u8; 3],
    /// How much darker the right edge is than the left, 0 to 1 (a shadow at the binding).
    pub shadow: f32,
    /// The sheet lies upside down.
    pub half_turned: bool,
    /// A photocopy: no colour is left.
    pub grey: bool,
    /// How much of its strength the ink has lost, 0 to 1.
    pub fade: f32,
    /// How strongly the other side's print shines through, 0 to 1.
    pub bleed: f32,
    /// A fold across the sheet, at this share of its height.
    pub fold: Option<f32>,
    /// Out of focus: standard deviation in pixels at 300 dpi.
    pub blur: f32,
    /// What the scanner resolves, pixels per inch.
    pub dpi: u32,
}

impl Default for Look {
    /// A straight sheet from an office scanner.
    fn default() -> Self {
        Self {
            skew_degrees: 0.0,
            noise: 6,
            tint: [250, 249, 244],
            shadow: 0.02,
            half_turned: false,
            grey: false,
            fade: 0.0,
            bleed: 0.0,
            fold: None,
            blur: 0.0,
            dpi: DPI,
        }
    }
}

/// Scans the drawn sheet.
pub(crate) fn scan(canvas: Canvas<'_>, look: &Look, seed: u64) -> Sheet {
    let (width, height) = (canvas.width, canvas.height);
    let mut sheet = Sheet { width, height, rgb: canvas.rgb, words: canvas.words };
    if look.bleed > 0.0 {
        wear::bleed(&mut sheet, look.bleed);
    }
    if look.fade > 0.0 {
        wear::fade(&mut sheet, look.fade);
    }
    if let Some(at) = look.fold {
        wear::fold(&mut sheet, at);
    }
    if look.skew_degrees != 0.0 {
        sheet = skewed(&sheet, look.skew_degrees);
    }
    if look.grey {
        for pixel in sheet.rgb.chunks_exact_mut(3) {
            let [r, g, b] = [0, 1, 2].map(|i| u32::from(pixel[i]));
            pixel.fill(((r * 77 + g * 150 + b * 29) >> 8) as u8);
        }
    }
    if look.blur > 0.0 {
        wear::blur(&mut sheet, look.blur);
    }
    if look.dpi != DPI {
        sheet = wear::resampled(&sheet, look.dpi);
    }
    expose(&mut sheet, look, seed);
    if look.half_turned {
        turn_half(&mut sheet);
    }
    sheet
}

/// Paper colour, shadow and noise.
fn expose(sheet: &mut Sheet, look: &Look, seed: u64) {
    let mut rng = Rng::new(seed ^ 0x0153);
    let tint = if look.grey { [look.tint[1]; 3] } else { look.tint };
    let span = u32::from(look.noise) * 2 + 1;
    for row in sheet.rgb.chunks_exact_mut(sheet.width as usize * 3) {
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let light = 1.0 - look.shadow * (x as f32 / sheet.width as f32).powi(2);
            let bits = rng.next();
            for (i, channel) in pixel.iter_mut().enumerate() {
                let shift = if look.grey { 0 } else { i * 16 };
                let noise = ((bits >> shift) as u32 & 0xFFFF) % span;
                let level = f32::from(*channel) * f32::from(tint[i]) / 255.0 * light;
                let level = level as i32 + noise as i32 - i32::from(look.noise);
                *channel = level.clamp(0, 255) as u8;
            }
        }
    }
}

/// The sheet turned clockwise about its middle, bilinear, white outside.
fn skewed(sheet: &Sheet, degrees: f32) -> Sheet {
    let (width, height) = (sheet.width as usize, sheet.height as usize);
    let (cx, cy) = (width as f32 / 2.0, height as f32 / 2.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let mut rgb = vec![255; sheet.rgb.len()];
    for (y, row) in rgb.chunks_exact_mut(width * 3).enumerate() {
        for (x, out) in row.chunks_exact_mut(3).enumerate() {
            let (dx, dy) = (x as f32 + 0.5 - cx, y as f32 + 0.5 - cy);
            let sx = cos * dx + sin * dy + cx - 0.5;
            let sy = -sin * dx + cos * dy + cy - 0.5;
            let (x0, y0) = (sx.floor(), sy.floor());
            if x0 < 0.0 || y0 < 0.0 || x0 + 1.0 >= width as f32 || y0 + 1.0 >= height as f32 {
                continue;
            }
            let (fx, fy) = (sx - x0, sy - y0);
            let at = (y0 as usize * width + x0 as usize) * 3;
            for (i, channel) in out.iter_mut().enumerate() {
                let p = |o: usize| f32::from(sheet.rgb[at + o + i]);
                let top = p(0) * (1.0 - fx) + p(3) * fx;
                let low = p(width * 3) * (1.0 - fx) + p(width * 3 + 3) * fx;
                *channel = (top * (1.0 - fy) + low * fy) as u8;
            }
        }
    }
    let turn = |[x, y]: [f32; 2]| {
        let (dx, dy) = (x - cx, y - cy);
        [cos * dx - sin * dy + cx, sin * dx + cos * dy + cy]
    };
    Sheet { rgb, words: moved(&sheet.words, turn), ..*sheet }
}

fn moved(words: &[TruthWord], map: impl Fn([f32; 2]) -> [f32; 2]) -> Vec<TruthWord> {
    words.iter().map(|w| TruthWord { quad: w.quad.map(&map), ..w.clone() }).collect()
}

fn turn_half(sheet: &mut Sheet) {
    sheet.rgb.reverse();
    for pixel in sheet.rgb.chunks_exact_mut(3) {
        pixel.reverse();
    }
    let (w, h) = (sheet.width as f32, sheet.height as f32);
    sheet.words = moved(&sheet.words, |[x, y]| [w - x, h - y]);
}
