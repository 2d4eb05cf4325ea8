//! What time and bad machines do to a sheet: folds, fading, blur, print of the other side, fewer
//! pixels.

use crate::sheet::{DPI, Sheet, TruthWord};

/// Print of the other side shines through: the sheet's own, mirrored, as strong as `share` of its
/// ink.
pub(crate) fn bleed(sheet: &mut Sheet, share: f32) {
    for row in sheet.rgb.chunks_exact_mut(sheet.width as usize * 3) {
        let behind: Vec<u8> = row.chunks_exact(3).rev().map(|pixel| pixel[1]).collect();
        for (pixel, behind) in row.chunks_exact_mut(3).zip(behind) {
            let keep = 1.0 - share * (1.0 - f32::from(behind) / 255.0);
            pixel.iter_mut().for_each(|channel| *channel = (f32::from(*channel) * keep) as u8);
        }
    }
}

/// Ink that lost this share of its strength.
pub(crate) fn fade(sheet: &mut Sheet, share: f32) {
    for channel in &mut sheet.rgb {
        *channel = 255 - (f32::from(255 - *channel) * (1.0 - share)) as u8;
    }
}

/// A fold across the sheet at this share of its height, slightly inclined: a dark line beside a
/// bright one, and shade that runs out below.
pub(crate) fn fold(sheet: &mut Sheet, at: f32) {
    const SHADE_PX: f32 = 160.0;
    let (width, height) = (sheet.width as usize, sheet.height as f32);
    for (y, row) in sheet.rgb.chunks_exact_mut(width * 3).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let line = at * height + 0.01 * x as f32;
            let below = y as f32 - line;
            let light = match below {
                d if (-3.0..0.0).contains(&d) => 0.72,
                d if (0.0..3.0).contains(&d) => 1.08,
                d if (3.0..SHADE_PX).contains(&d) => 0.86 + 0.14 * d / SHADE_PX,
                _ => continue,
            };
            for channel in pixel {
                *channel = (f32::from(*channel) * light).min(255.0) as u8;
            }
        }
    }
}

/// Out of focus: a Gaussian of this standard deviation in pixels.
pub(crate) fn blur(sheet: &mut Sheet, sigma: f32) {
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f32> =
        (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
    let whole: f32 = weights.iter().sum();
    let (width, height) = (sheet.width as isize, sheet.height as isize);
    for across in [true, false] {
        let from = sheet.rgb.clone();
        let (length, lines, step, next) =
            if across { (width, height, 3, width * 3) } else { (height, width, width * 3, 3) };
        for line in 0..lines {
            for i in 0..length {
                for channel in 0..3 {
                    let at = |i: isize| {
                        from[(line * next + i.clamp(0, length - 1) * step + channel) as usize]
                    };
                    let sum: f32 = (-reach..=reach)
                        .zip(&weights)
                        .map(|(d, weight)| weight * f32::from(at(i + d)))
                        .sum();
                    sheet.rgb[(line * next + i * step + channel) as usize] = (sum / whole) as u8;
                }
            }
        }
    }
}

/// The sheet as a scanner of `dpi` gives it: each pixel the mean of those that it covers.
pub(crate) fn resampled(sheet: &Sheet, dpi: u32) -> Sheet {
    let scale = DPI as f32 / dpi as f32;
    let (width, height) = (sheet.width * dpi / DPI, sheet.height * dpi / DPI);
    let span = |i: u32, end: u32| {
        let from = (i as f32 * scale) as u32;
        from..(((i + 1) as f32 * scale).ceil() as u32).min(end)
    };
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let (mut sums, mut count) = ([0u32; 3], 0);
            for sy in span(y, sheet.height) {
                for sx in span(x, sheet.width) {
                    let at = (sy as usize * sheet.width as usize + sx as usize) * 3;
                    sums.iter_mut().zip(&sheet.rgb[at..]).for_each(|(s, c)| *s += u32::from(*c));
                    count += 1;
                }
            }
            rgb.extend(sums.map(|sum| (sum / count.max(1)) as u8));
        }
    }
    let shrink = |word: &TruthWord| TruthWord {
        quad: word.quad.map(|point| point.map(|n| n / scale)),
        ..word.clone()
    };
    Sheet { width, height, rgb, words: sheet.words.iter().map(shrink).collect() }
}
