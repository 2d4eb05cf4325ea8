//! How far the lines of print are from level.

use crate::plane::Plane;

/// Skew beyond this is not estimated; the person is asked to lay the page straight.
const LIMIT_DEGREES: f32 = 5.0;
/// Dark enough to be print, on a flattened page.
pub(crate) const INK: u8 = 165;
/// Print points that the estimate needs at least, in quarter scale.
const POINTS_MIN: usize = 200;
/// And at most: an even sample of more brings nothing.
const POINTS_MAX: usize = 40_000;

/// The skew of a flattened page shrunk by four, in degrees, clockwise positive, to 0.05.
///
/// Ink is projected onto a vertical axis along each angle; the one whose profile changes most
/// from row to row is along the lines (Postl 1986).
pub(crate) fn estimate(quarter: &Plane) -> f32 {
    let points = ink_points(quarter);
    if points.len() < POINTS_MIN {
        return 0.0;
    }
    let coarse = best(&points, quarter, 0.0, LIMIT_DEGREES, 0.25);
    let fine = best(&points, quarter, coarse, 0.25, 0.05);
    (fine * 20.0).round() / 20.0
}

fn ink_points(plane: &Plane) -> Vec<(f32, f32)> {
    // The rim shows the lid and the table; it has no lines.
    let rim = (plane.width.min(plane.height) / 20).max(1);
    let mut points = Vec::new();
    for y in rim..plane.height.saturating_sub(rim) {
        for (x, grey) in plane.row(y).iter().enumerate().skip(rim) {
            if *grey < INK && x < plane.width - rim {
                points.push((x as f32, y as f32));
            }
        }
    }
    let stride = points.len().div_ceil(POINTS_MAX).max(1);
    points.into_iter().step_by(stride).collect()
}

fn best(points: &[(f32, f32)], plane: &Plane, middle: f32, reach: f32, step: f32) -> f32 {
    let steps = (reach / step).round() as i32;
    let mut bins = vec![0u32; plane.height + plane.width + 2];
    let mut winner = (0u64, middle);
    // From level outwards, so that a tie goes to the smaller angle.
    for i in (0..=steps).flat_map(|i| [i, -i]) {
        let angle = middle + i as f32 * step;
        let score = score(points, plane, angle, &mut bins);
        if score > winner.0 {
            winner = (score, angle);
        }
    }
    winner.1
}

fn score(points: &[(f32, f32)], plane: &Plane, degrees: f32, bins: &mut [u32]) -> u64 {
    let slope = degrees.to_radians().tan();
    let shift = plane.width as f32 / 2.0;
    bins.fill(0);
    for (x, y) in points {
        let bin = (y - x * slope + shift) as usize;
        if let Some(count) = bins.get_mut(bin) {
            *count += 1;
        }
    }
    bins.windows(2).map(|pair| u64::from(pair[0].abs_diff(pair[1])).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(degrees: f32) -> Plane {
        let (width, height) = (600, 800);
        let slope = degrees.to_radians().tan();
        let data = (0..width * height)
            .map(|i| {
                let (x, y) = ((i % width) as f32, (i / width) as f32);
                if (y - x * slope).rem_euclid(14.0) < 5.0 { 0 } else { 250 }
            })
            .collect();
        Plane::new(width, height, data)
    }

    #[test]
    fn slopes_are_found_to_a_twentieth_of_a_degree() {
        for degrees in [-4.0, -1.5, 0.0, 0.35, 2.2, 4.9] {
            let found = estimate(&stripes(degrees));
            assert!((found - degrees).abs() <= 0.051, "{degrees} was read as {found}");
        }
    }

    #[test]
    fn an_empty_page_is_level() {
        assert_eq!(estimate(&Plane::new(100, 100, vec![250; 10_000])), 0.0);
    }
}
