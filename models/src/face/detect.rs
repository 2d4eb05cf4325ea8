//! Finds faces: what the detector's numbers mean, and where it is pointed.
//!
//! The network is BlazeFace, short range (MediaPipe): 896 anchors on a square of 128 pixels, for
//! each a box, six points and a score.

use super::geometry::Point;
use super::pixels::Window;

/// The detector's input is a square of so many pixels.
pub(super) const INPUT_SIDE: usize = 128;
/// Anchors on the finer grid (16 x 16, two each) and the coarser one (8 x 8, six each).
const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];
/// Anchors in all.
pub(super) const ANCHORS: usize = 896;
/// Numbers for each anchor: box, six points.
pub(super) const NUMBERS: usize = 16;
/// A face is one from this score on.
const SCORE_MIN: f32 = 0.5;
/// Boxes that overlap more are of one face.
const OVERLAP_MAX: f32 = 0.3;

/// A face that the detector sees, in pixels of the image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detection {
    pub(super) low: Point,
    pub(super) high: Point,
    /// Right eye, left eye, nose tip, mouth, right ear, left ear, as the person has them.
    pub(super) points: [Point; 6],
    /// 0 to 1.
    pub(super) score: f32,
}

impl Detection {
    pub(super) fn area(&self) -> f32 {
        (self.high[0] - self.low[0]).max(0.0) * (self.high[1] - self.low[1]).max(0.0)
    }

    fn overlap(&self, other: &Self) -> f32 {
        let side =
            |i: usize| (self.high[i].min(other.high[i]) - self.low[i].max(other.low[i])).max(0.0);
        let shared = side(0) * side(1);
        shared / (self.area() + other.area() - shared).max(f32::MIN_POSITIVE)
    }
}

/// The middles of all anchors, 0 to 1, in the network's order.
pub(super) fn anchors() -> Vec<Point> {
    let mut all = Vec::with_capacity(ANCHORS);
    for (grid, each) in GRIDS {
        for y in 0..grid {
            for x in 0..grid {
                let middle = [(x as f32 + 0.5) / grid as f32, (y as f32 + 0.5) / grid as f32];
                all.extend(std::iter::repeat_n(middle, each));
            }
        }
    }
    all
}

/// The faces in what the network answered for `window` of the image: `boxes` has 16 numbers for
/// each anchor, `scores` one.
pub(super) fn decode(
    anchors: &[Point],
    boxes: &[f32],
    scores: &[f32],
    window: Window,
) -> Vec<Detection> {
    let mut found: Vec<Detection> = Vec::new();
    for ((anchor, numbers), score) in anchors.iter().zip(boxes.chunks_exact(NUMBERS)).zip(scores) {
        let score = 1.0 / (1.0 + (-score.clamp(-80.0, 80.0)).exp());
        if !(score > SCORE_MIN && numbers.iter().all(|n| n.is_finite())) {
            continue;
        }
        let place = |x: f32, y: f32| {
            let side = INPUT_SIDE as f32;
            [
                window.x + (anchor[0] + x / side) * window.side,
                window.y + (anchor[1] + y / side) * window.side,
            ]
        };
        let [x, y, width, height] = [numbers[0], numbers[1], numbers[2], numbers[3]];
        found.push(Detection {
            low: place(x - width / 2.0, y - height / 2.0),
            high: place(x + width / 2.0, y + height / 2.0),
            points: std::array::from_fn(|i| place(numbers[4 + 2 * i], numbers[5 + 2 * i])),
            score,
        });
    }
    merged(found)
}

/// One detection for each face: the mean of those that overlap, by their scores; best first.
pub(super) fn merged(mut found: Vec<Detection>) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while let Some(best) = found.first().cloned() {
        let (same, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|other| best.overlap(other) > OVERLAP_MAX);
        found = others;
        faces.push(mean(&same, &best));
        // A box without area overlaps nothing, not even itself.
        if same.is_empty() {
            found.retain(|other| *other != best);
        }
    }
    faces
}

fn mean(same: &[Detection], best: &Detection) -> Detection {
    let total: f32 = same.iter().map(|d| d.score).sum();
    if total <= 0.0 {
        return best.clone();
    }
    let weigh = |of: &dyn Fn(&Detection) -> Point| {
        [0, 1].map(|i| same.iter().map(|d| of(d)[i] * d.score).sum::<f32>() / total)
    };
    Detection {
        low: weigh(&|d| d.low),
        high: weigh(&|d| d.high),
        points: std::array::from_fn(|i| weigh(&|d| d.points[i])),
        score: best.score,
    }
}

/// The square around the whole image, which is in its middle.
pub(super) fn whole(width: usize, height: usize) -> Window {
    let (width, height) = (width as f32, height as f32);
    let side = width.max(height);
    Window { x: (width - side) / 2.0, y: (height - side) / 2.0, side }
}

/// Squares of `side` pixels, each overlapping the next by half, over the whole image.
pub(super) fn tiles(width: usize, height: usize, side: f32) -> Vec<Window> {
    let starts = |size: usize| -> Vec<f32> {
        let room = size as f32 - side;
        if room <= 0.0 {
            return vec![room / 2.0];
        }
        let steps = (room / (side / 2.0)).ceil();
        (0..=steps as usize).map(|i| room * i as f32 / steps).collect()
    };
    let columns = starts(width);
    starts(height)
        .iter()
        .flat_map(|y| columns.iter().map(|x| Window { x: *x, y: *y, side }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, y: f32, side: f32, score: f32) -> Detection {
        Detection { low: [x, y], high: [x + side, y + side], points: [[x, y]; 6], score }
    }

    #[test]
    fn there_are_as_many_anchors_as_the_network_has() {
        let all = anchors();
        assert_eq!(all.len(), ANCHORS);
        assert_eq!(all[0], [0.03125, 0.03125]);
        assert_eq!(all[895], [0.9375, 0.9375]);
    }

    #[test]
    fn an_anchor_above_the_score_is_a_face_in_the_windows_pixels() {
        let all = anchors();
        let (mut boxes, mut scores) = (vec![0.0; ANCHORS * NUMBERS], vec![-9.0; ANCHORS]);
        boxes[2..4].copy_from_slice(&[12.8, 12.8]);
        scores[0] = 3.0;
        boxes[16] = f32::NAN;
        scores[1] = 9.0;
        let window = Window { x: 100.0, y: 0.0, side: 1280.0 };
        let faces = decode(&all, &boxes, &scores, window);
        assert_eq!(faces.len(), 1, "a face with numbers that are none is no face");
        assert!((faces[0].low[0] - (100.0 + 40.0 - 64.0)).abs() < 0.01, "{faces:?}");
        assert!((faces[0].high[1] - (40.0 + 64.0)).abs() < 0.01);
    }

    #[test]
    fn boxes_of_one_face_become_one_and_others_stay() {
        let faces = merged(vec![
            face(0.0, 0.0, 10.0, 0.6),
            face(1.0, 1.0, 10.0, 0.9),
            face(40.0, 0.0, 10.0, 0.7),
            face(80.0, 0.0, 0.0, 0.65),
        ]);
        assert_eq!(faces.len(), 3);
        assert!((faces[0].low[0] - 0.6).abs() < 1e-5, "{faces:?}");
        assert_eq!(faces[0].score, 0.9);
    }

    #[test]
    fn tiles_cover_every_pixel_and_whole_is_one_square() {
        for (width, height, side) in [(2480, 3508, 827.0), (300, 100, 150.0), (50, 60, 128.0)] {
            let all = tiles(width, height, side);
            let reach = |of: &dyn Fn(&Window) -> f32| all.iter().map(of).fold(f32::MIN, f32::max);
            assert!(reach(&|w| w.x + side) >= width as f32 - 0.5);
            assert!(reach(&|w| w.y + side) >= height as f32 - 0.5);
            assert!(all.iter().any(|w| w.x <= 0.0 && w.y <= 0.0));
        }
        assert_eq!(whole(200, 100), Window { x: 0.0, y: -50.0, side: 200.0 });
    }
}
