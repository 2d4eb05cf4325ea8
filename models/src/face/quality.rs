//! Whether an image of a face is good enough, after ISO/IEC 29794-5's measures that need no model.
//!
//! Limits are those that helped most on public photographs; they have to be fitted anew on the
//! kiosk's camera. A finding advises: who is compared all the same is the caller's choice.

use super::geometry::Point;
use super::mesh::Landmarks;
use super::pixels::Pixels;

/// What is measured on a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Pixels between the eyes.
    pub eye_distance: f32,
    /// Nose beside the middle of the eyes, in inter-eye distances; positive to the own left.
    pub yaw: f32,
    /// Nose below the eyes, in inter-eye distances.
    pub pitch: f32,
    /// Tilt to a shoulder in degrees.
    pub roll_degrees: f32,
    /// Variance of the Laplacian by the variance of the grey levels, on the aligned face.
    pub sharpness: f32,
    /// Mean grey level, 0 to 255.
    pub brightness: f32,
    /// Share of pixels at most 25.
    pub dark: f32,
    /// Share of pixels at least 247.
    pub bright: f32,
    /// Difference of the halves' brightness by the mean.
    pub uneven: f32,
    /// Lips apart, in inter-eye distances.
    pub mouth: f32,
    /// Height by width of the open eyes.
    pub eyes: f32,
    /// Share of the face that is beyond the image's edge.
    pub cut: f32,
    /// How little the lower face's colour is like the cheeks', 0 to 1: a mask, a scarf, a hand.
    pub covered: f32,
}

/// What to tell the person, the most helpful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Issue {
    /// The face leaves the image.
    CutOff,
    /// Come closer.
    TooSmall,
    /// Hold still; the glass may be dirty.
    Blurred,
    /// More light.
    TooDark,
    /// Less light.
    TooBright,
    /// Light from one side.
    Uneven,
    /// Look at the camera.
    Turned,
    /// Hold the head upright.
    Tilted,
    /// Close the mouth.
    MouthOpen,
    /// Open the eyes.
    EyesShut,
    /// Take the mask or scarf down.
    Covered,
}

impl Issue {
    /// The name in machine output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::TooSmall => "too-small",
            Self::Blurred => "blurred",
            Self::TooDark => "too-dark",
            Self::TooBright => "too-bright",
            Self::Uneven => "uneven-light",
            Self::Turned => "turned",
            Self::Tilted => "tilted",
            Self::MouthOpen => "mouth-open",
            Self::EyesShut => "eyes-shut",
            Self::Covered => "covered",
        }
    }
}

/// What a face must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// Fewest pixels between the eyes.
    pub eye_distance_min: f32,
    /// Least sharpness.
    pub sharpness_min: f32,
}

impl Gate {
    /// For the kiosk's camera.
    pub const LIVE: Self = Self { eye_distance_min: 90.0, sharpness_min: 0.02 };
    /// For portraits and photographs: a chip's has about 60 pixels between the eyes.
    pub const PORTRAIT: Self = Self { eye_distance_min: 40.0, sharpness_min: 0.008 };

    const YAW_MAX: f32 = 0.2;
    const ROLL_MAX_DEGREES: f32 = 15.0;
    const BRIGHTNESS: std::ops::RangeInclusive<f32> = 50.0..=205.0;
    const DARK_MAX: f32 = 0.25;
    const BRIGHT_MAX: f32 = 0.1;
    const UNEVEN_MAX: f32 = 0.45;
    const MOUTH_MAX: f32 = 0.3;
    /// Narrow eyes are open eyes: only what is surely shut is told.
    const EYES_MIN: f32 = 0.1;
    const CUT_MAX: f32 = 0.02;
    const COVERED_MAX: f32 = 0.6;

    /// What is wrong with a face; nothing for a good one.
    pub fn issues(&self, quality: &Quality) -> Vec<Issue> {
        let q = quality;
        let dark = q.dark > Self::DARK_MAX || q.brightness < *Self::BRIGHTNESS.start();
        let bright = q.bright > Self::BRIGHT_MAX || q.brightness > *Self::BRIGHTNESS.end();
        let findings = [
            (Issue::CutOff, q.cut > Self::CUT_MAX),
            (Issue::TooSmall, q.eye_distance < self.eye_distance_min),
            (Issue::Blurred, q.sharpness < self.sharpness_min),
            (Issue::TooDark, dark),
            (Issue::TooBright, bright && !dark),
            (Issue::Uneven, q.uneven > Self::UNEVEN_MAX),
            (Issue::Turned, q.yaw.abs() > Self::YAW_MAX),
            (Issue::Tilted, q.roll_degrees.abs() > Self::ROLL_MAX_DEGREES),
            (Issue::MouthOpen, q.mouth > Self::MOUTH_MAX),
            (Issue::EyesShut, q.eyes < Self::EYES_MIN),
            (Issue::Covered, q.covered > Self::COVERED_MAX),
        ];
        findings.into_iter().filter_map(|(issue, wrong)| wrong.then_some(issue)).collect()
    }
}

/// Measures a face: `chip` is the aligned face, `places` its points there.
pub(super) fn measure(
    marks: &Landmarks,
    (width, height): (u32, u32),
    chip: &Pixels,
    places: &[Point],
) -> Quality {
    let grey = chip.grey();
    let face = inner(&grey, chip.width);
    let count = face.levels.len().max(1) as f32;
    let mean = face.levels.iter().sum::<f32>() / count;
    let variance = face.levels.iter().map(|l| (l - mean).powi(2)).sum::<f32>() / count;
    let share =
        |of: &dyn Fn(f32) -> bool| face.levels.iter().filter(|l| of(**l)).count() as f32 / count;
    let half = |right: bool| {
        let rows = face.levels.chunks_exact(face.width.max(1));
        let side = |row: &[f32]| -> f32 {
            let (a, b) = row.split_at(row.len() / 2);
            if right { b.iter().sum() } else { a.iter().sum() }
        };
        rows.map(side).sum::<f32>() / (count / 2.0)
    };
    Quality {
        eye_distance: marks.eye_distance(),
        yaw: marks.yaw(),
        pitch: marks.pitch(),
        roll_degrees: marks.roll_degrees(),
        sharpness: laplacian_variance(&face) / variance.max(1.0),
        brightness: mean,
        dark: share(&|l| l <= 25.0),
        bright: share(&|l| l >= 247.0),
        uneven: (half(false) - half(true)).abs() / mean.max(1.0),
        mouth: marks.mouth_opening(),
        eyes: marks.eye_opening(),
        cut: marks.share_outside(width, height),
        covered: covered(chip, places),
    }
}

struct Levels {
    width: usize,
    levels: Vec<f32>,
}

/// The inner part of an aligned face, without hair and background.
fn inner(grey: &[f32], side: usize) -> Levels {
    let (low, high, left, right) = (side / 5, side * 13 / 15, side / 5, side * 4 / 5);
    let rows = grey.chunks_exact(side.max(1)).take(high).skip(low);
    Levels { width: right - left, levels: rows.flat_map(|r| r[left..right].to_vec()).collect() }
}

fn laplacian_variance(face: &Levels) -> f32 {
    let width = face.width;
    let height = face.levels.len() / width.max(1);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let (mut sum, mut squares, mut count) = (0f64, 0f64, 0f64);
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let i = y * width + x;
            let around = face.levels[i - 1]
                + face.levels[i + 1]
                + face.levels[i - width]
                + face.levels[i + width];
            let value = f64::from(around - 4.0 * face.levels[i]);
            sum += value;
            squares += value * value;
            count += 1.0;
        }
    }
    ((squares / count) - (sum / count).powi(2)) as f32
}

/// Cheeks below the eyes against upper lip and chin, as red and green shares of the light: skin
/// is alike on both whatever its tone, a mask is not.
fn covered(chip: &Pixels, places: &[Point]) -> f32 {
    const UPPER: [usize; 4] = [50, 280, 117, 346];
    const LOWER: [usize; 6] = [164, 199, 200, 175, 186, 410];
    /// Skin of one face differs by less, cloth by more.
    const DIFFERENCE: f32 = 0.09;
    let colour = |points: &[usize]| -> Option<[f32; 2]> {
        let mut sums = [0f32; 3];
        for i in points {
            let [x, y] = *places.get(*i)?;
            let inside = x >= 1.0 && y >= 1.0;
            let (x, y) = (x as usize, y as usize);
            if !inside || x + 1 >= chip.width || y + 1 >= chip.height {
                continue;
            }
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let at = ((y + dy) * chip.width + x + dx) * 3;
                for (sum, value) in sums.iter_mut().zip(&chip.data[at..at + 3]) {
                    *sum += f32::from(*value);
                }
            }
        }
        let total: f32 = sums.iter().sum();
        (total > 0.0).then(|| [sums[0] / total, sums[1] / total])
    };
    let (Some(upper), Some(lower)) = (colour(&UPPER), colour(&LOWER)) else { return 0.0 };
    let apart = (upper[0] - lower[0]).hypot(upper[1] - lower[1]);
    (apart / (2.0 * DIFFERENCE)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::mesh::tests::{head, seen};
    use super::*;

    fn chip(level: impl Fn(usize, usize) -> u8) -> Pixels {
        let mut chip = Pixels::new(150, 150);
        for (i, pixel) in chip.data.chunks_exact_mut(3).enumerate() {
            pixel.fill(level(i % 150, i / 150));
        }
        chip
    }

    fn issues(chip: &Pixels) -> Vec<Issue> {
        let marks = seen(&head(), 0.0, 1000.0);
        Gate::LIVE.issues(&measure(&marks, (640, 480), chip, &[]))
    }

    #[test]
    fn light_and_sharpness_are_told_apart() {
        let checks = |x: usize, y: usize| if (x / 3 + y / 3).is_multiple_of(2) { 90 } else { 150 };
        assert_eq!(issues(&chip(checks)), []);
        assert_eq!(issues(&chip(|x, y| checks(x, y) / 5)), [Issue::TooDark]);
        assert_eq!(issues(&chip(|x, y| checks(x, y) / 2 + 180)), [Issue::TooBright]);
        let side = |x: usize, y: usize| if x < 75 { checks(x, y) / 2 } else { checks(x, y) };
        assert_eq!(issues(&chip(side)), [Issue::Uneven]);
        assert_eq!(issues(&chip(|x, _| 60 + x as u8 / 2)), [Issue::Blurred]);
    }

    #[test]
    fn a_turned_far_and_cut_face_is_told() {
        let good = chip(|x, y| if (x / 3 + y / 3).is_multiple_of(2) { 90 } else { 150 });
        let told = |marks: &Landmarks, size| Gate::LIVE.issues(&measure(marks, size, &good, &[]));
        assert_eq!(told(&seen(&head(), 25.0, 1000.0), (640, 480)), [Issue::Turned]);
        assert_eq!(told(&seen(&head(), 0.0, 2500.0), (640, 480)), [Issue::TooSmall]);
        assert_eq!(told(&seen(&head(), 0.0, 1000.0), (330, 480)), [Issue::CutOff]);
    }
}
