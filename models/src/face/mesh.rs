//! The 468 points of a face and what can be measured on them.
//!
//! The network is MediaPipe's face mesh. Left and right are the person's own; lengths are in
//! inter-eye distances, so that they do not depend on the size of the image.

use super::detect::Detection;
use super::geometry::{Affine, Point, between, distance, length, towards};

/// The mesh network's input is a square of so many pixels.
pub(super) const INPUT_SIDE: usize = 192;
/// Points of a face.
pub const POINTS: usize = 468;
/// The square around a face is so much larger than the detector's box.
const MARGIN: f32 = 1.5;

/// Points of the mesh by what they are.
pub(super) mod at {
    pub(in crate::face) const NOSE_TIP: usize = 1;
    pub(in crate::face) const RIGHT_EYE: [usize; 2] = [33, 133];
    pub(in crate::face) const LEFT_EYE: [usize; 2] = [362, 263];
    pub(in crate::face) const MOUTH: [usize; 2] = [61, 291];
    pub(in crate::face) const LIPS: [usize; 2] = [13, 14];
    pub(in crate::face) const FOREHEAD: usize = 10;
    pub(in crate::face) const CHIN: usize = 152;
    /// Corner, two above, corner, two below.
    pub(in crate::face) const LIDS: [[usize; 6]; 2] =
        [[33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]];
    /// Eyes, brows, mouth, chin: nearly in one plane.
    pub(in crate::face) const FLAT: [usize; 10] = [33, 133, 362, 263, 61, 291, 105, 334, 9, 17];
    /// The nose, which stands out of that plane.
    pub(in crate::face) const NOSE: [usize; 6] = [1, 4, 5, 195, 197, 2];
}

/// The map from the network's square to the image, for a face that was detected: upright on its
/// eyes.
pub(super) fn square_of(face: &Detection) -> Affine {
    let middle = between(face.low, face.high);
    let eyes = towards(face.points[0], face.points[1]);
    let (sin, cos) = eyes[1].atan2(eyes[0]).sin_cos();
    let side = (face.high[0] - face.low[0]).max(face.high[1] - face.low[1]) * MARGIN;
    let half = INPUT_SIDE as f32 / 2.0;
    let (cos, sin) = (cos * side / INPUT_SIDE as f32, sin * side / INPUT_SIDE as f32);
    Affine {
        x: [cos, -sin, middle[0] - half * cos + half * sin],
        y: [sin, cos, middle[1] - half * sin - half * cos],
    }
}

/// The points of one face in one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmarks {
    /// Places in pixels of the image.
    pub points: Vec<Point>,
    /// How far each stands behind the face's middle, in pixels of the image; nearer is negative.
    pub depths: Vec<f32>,
}

impl Landmarks {
    /// Takes points and depths; none where they are not [`POINTS`] finite ones or have no size.
    pub fn new(points: Vec<Point>, depths: Vec<f32>) -> Option<Self> {
        let whole = points.len() == POINTS
            && depths.len() == POINTS
            && points.iter().flatten().chain(&depths).all(|n| n.is_finite());
        let marks = Self { points, depths };
        (whole && marks.eye_distance() > f32::EPSILON).then_some(marks)
    }

    /// The network's answer (x, y and depth in its square), in pixels of the image.
    pub(super) fn decode(numbers: &[f32], square: &Affine) -> Option<Self> {
        let scale = square.scale();
        let points = numbers.chunks_exact(3).map(|p| square.apply([p[0], p[1]])).collect();
        Self::new(points, numbers.chunks_exact(3).map(|p| p[2] * scale).collect())
    }

    /// The middle between an eye's corners.
    fn middle_of(&self, [a, b]: [usize; 2]) -> Point {
        between(self.points[a], self.points[b])
    }

    /// The middles of the right and the left eye.
    pub fn eyes(&self) -> [Point; 2] {
        [self.middle_of(at::RIGHT_EYE), self.middle_of(at::LEFT_EYE)]
    }

    /// Pixels between the middles of the eyes.
    pub fn eye_distance(&self) -> f32 {
        let [right, left] = self.eyes();
        distance(right, left)
    }

    /// How far the nose's tip is beside the middle of the eyes, along the line of the eyes, in
    /// inter-eye distances. Positive when the person turns to the own left.
    pub fn yaw(&self) -> f32 {
        let [right, left] = self.eyes();
        self.nose_along(towards(right, left))
    }

    /// How far the nose's tip is below the line of the eyes, along the way to the mouth, in
    /// inter-eye distances.
    pub fn pitch(&self) -> f32 {
        let [right, left] = self.eyes();
        self.nose_along(towards(between(right, left), self.middle_of(at::MOUTH)))
    }

    fn nose_along(&self, way: Point) -> f32 {
        let [right, left] = self.eyes();
        let nose = towards(between(right, left), self.points[at::NOSE_TIP]);
        let long = length(way).max(f32::EPSILON);
        (nose[0] * way[0] + nose[1] * way[1]) / long / self.eye_distance()
    }

    /// How much the head is tilted to a shoulder, in degrees.
    pub fn roll_degrees(&self) -> f32 {
        let way = towards(self.points[at::RIGHT_EYE[0]], self.points[at::LEFT_EYE[1]]);
        way[1].atan2(way[0]).to_degrees()
    }

    /// How far the lips are apart, in inter-eye distances.
    pub fn mouth_opening(&self) -> f32 {
        distance(self.points[at::LIPS[0]], self.points[at::LIPS[1]]) / self.eye_distance()
    }

    /// How far the eyes are open: height by width of the lids, mean of both.
    pub fn eye_opening(&self) -> f32 {
        let one = |lid: &[usize; 6]| {
            let gap = |a: usize, b: usize| distance(self.points[lid[a]], self.points[lid[b]]);
            (gap(1, 5) + gap(2, 4)) / (2.0 * gap(0, 3)).max(f32::EPSILON)
        };
        at::LIDS.iter().map(one).sum::<f32>() / 2.0
    }

    /// Forehead to chin, in pixels.
    pub fn face_height(&self) -> f32 {
        distance(self.points[at::FOREHEAD], self.points[at::CHIN])
    }

    /// Share of the points that are beyond an image's edges.
    pub fn share_outside(&self, width: u32, height: u32) -> f32 {
        let inside =
            |p: &Point| p[0] >= 0.0 && p[1] >= 0.0 && p[0] <= width as f32 && p[1] <= height as f32;
        self.points.iter().filter(|p| !inside(p)).count() as f32 / POINTS as f32
    }

    /// The middle of all points.
    pub fn middle(&self) -> Point {
        [0, 1].map(|i| self.points.iter().map(|p| p[i]).sum::<f32>() / POINTS as f32)
    }

    /// The points of another image of the same face, both upright and of size 1: how far the
    /// points moved within the face, in inter-eye distances.
    pub fn change_of_shape(&self, other: &Self) -> f32 {
        let Some(map) = Affine::similarity(&other.points, &self.points) else { return 0.0 };
        let moved = other.points.iter().zip(&self.points);
        let total: f32 = moved.map(|(p, q)| distance(map.apply(*p), *q)).sum();
        total / POINTS as f32 / self.eye_distance()
    }
}

/// How far the nose is from where it would be if the face were a flat picture, in inter-eye
/// distances: the plane that carries eyes, brows and mouth from one image to the other is carried
/// on to the nose. Near 0 for a picture however it is held, and for two images of one pose. None
/// where no plane can be told.
pub fn parallax(before: &Landmarks, after: &Landmarks) -> Option<f32> {
    let scale = 1.0 / before.eye_distance();
    let normal = |marks: &Landmarks, i: usize| {
        let [middle, point] = [before.middle(), marks.points[i]];
        [f64::from((point[0] - middle[0]) * scale), f64::from((point[1] - middle[1]) * scale)]
    };
    let pairs = at::FLAT.map(|i| (normal(before, i), normal(after, i)));
    let plane = homography(&pairs)?;
    let mut way = [0.0; 2];
    for i in at::NOSE {
        let [x, y] = normal(before, i);
        let depth = plane[6] * x + plane[7] * y + 1.0;
        if depth.abs() < 1e-6 {
            return None;
        }
        let predicted = [
            (plane[0] * x + plane[1] * y + plane[2]) / depth,
            (plane[3] * x + plane[4] * y + plane[5]) / depth,
        ];
        let seen = normal(after, i);
        way[0] += (seen[0] - predicted[0]) / at::NOSE.len() as f64;
        way[1] += (seen[1] - predicted[1]) / at::NOSE.len() as f64;
    }
    let found = (way[0].hypot(way[1]) as f32) * before.eye_distance() / after.eye_distance();
    found.is_finite().then_some(found)
}

/// The projective map with the least squared algebraic error; its ninth number is 1.
fn homography(pairs: &[([f64; 2], [f64; 2])]) -> Option<[f64; 8]> {
    let mut normal = [[0.0f64; 9]; 8];
    for ([x, y], [u, v]) in pairs {
        let rows = [
            [*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, *u],
            [0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y, *v],
        ];
        for row in rows {
            for (i, sums) in normal.iter_mut().enumerate() {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += row[i] * value;
                }
            }
        }
    }
    solved(normal)
}

/// Gauss's elimination with the largest pivot of each column.
fn solved(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot =
            (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        if rows[pivot][column].abs() < 1e-9 {
            return None;
        }
        rows.swap(column, pivot);
        let head = rows[column];
        for (i, row) in rows.iter_mut().enumerate() {
            if i != column {
                let factor = row[column] / head[column];
                for (value, above) in row.iter_mut().zip(head).skip(column) {
                    *value -= factor * above;
                }
            }
        }
    }
    Some(std::array::from_fn(|i| rows[i][8] / rows[i][i]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A face drawn by rule, 100 pixels between the eyes: an ellipsoid with a nose.
    pub(crate) fn head() -> Vec<[f32; 3]> {
        let golden = 2.399_963_2f32;
        let mut points: Vec<[f32; 3]> = (0..POINTS)
            .map(|i| {
                let (r, a) = (((i as f32 + 0.5) / POINTS as f32).sqrt(), i as f32 * golden);
                let (x, y) = (r * a.cos() * 110.0, r * a.sin() * 140.0);
                [x, y, 60.0 * r * r]
            })
            .collect();
        let known = [
            (33, [-70.0, -30.0, 10.0]),
            (133, [-30.0, -30.0, 6.0]),
            (362, [30.0, -30.0, 6.0]),
            (263, [70.0, -30.0, 10.0]),
            (61, [-35.0, 70.0, 8.0]),
            (291, [35.0, 70.0, 8.0]),
            (105, [-55.0, -55.0, 6.0]),
            (334, [55.0, -55.0, 6.0]),
            (9, [0.0, -45.0, 0.0]),
            (17, [0.0, 85.0, 4.0]),
            (1, [0.0, 30.0, -60.0]),
            (4, [0.0, 25.0, -58.0]),
            (5, [0.0, 15.0, -50.0]),
            (195, [0.0, 5.0, -40.0]),
            (197, [0.0, -8.0, -28.0]),
            (2, [0.0, 38.0, -45.0]),
            (10, [0.0, -120.0, 20.0]),
            (152, [0.0, 130.0, 20.0]),
            (234, [-105.0, 0.0, 60.0]),
            (454, [105.0, 0.0, 60.0]),
            (13, [0.0, 70.0, 0.0]),
            (14, [0.0, 74.0, 0.0]),
            (160, [-58.0, -36.0, 5.0]),
            (158, [-42.0, -36.0, 5.0]),
            (153, [-42.0, -24.0, 5.0]),
            (144, [-58.0, -24.0, 5.0]),
            (385, [42.0, -36.0, 5.0]),
            (387, [58.0, -36.0, 5.0]),
            (373, [58.0, -24.0, 5.0]),
            (380, [42.0, -24.0, 5.0]),
        ];
        for (i, point) in known {
            points[i] = point;
        }
        points
    }

    /// A camera's view of points turned about the upright axis, at `distance` pixels.
    pub(crate) fn seen(points: &[[f32; 3]], degrees: f32, distance: f32) -> Landmarks {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let turned: Vec<[f32; 3]> =
            points.iter().map(|[x, y, z]| [cos * x + sin * -z, *y, sin * x + cos * z]).collect();
        let view = |[x, y, z]: &[f32; 3]| {
            let k = 1000.0 / (distance + z);
            [320.0 + x * k, 240.0 + y * k]
        };
        let depths = turned.iter().map(|p| p[2]).collect();
        Landmarks::new(turned.iter().map(view).collect(), depths).expect("a face")
    }

    #[test]
    fn a_head_shows_parallax_and_a_tilted_picture_does_not() {
        let head = head();
        let straight = seen(&head, 0.0, 1000.0);
        let turned = seen(&head, 20.0, 1000.0);
        assert!(parallax(&straight, &turned).expect("a plane") > 0.12);
        let picture: Vec<[f32; 3]> = head.iter().map(|[x, y, _]| [*x, *y, 0.0]).collect();
        for degrees in [-35.0, -20.0, 15.0, 30.0] {
            let (flat, tilted) = (seen(&picture, 0.0, 1000.0), seen(&picture, degrees, 900.0));
            assert!(parallax(&flat, &tilted).expect("a plane") < 0.01);
            assert!((tilted.yaw() - flat.yaw()).abs() < 0.08);
        }
        assert!((turned.yaw() - straight.yaw()).abs() > 0.2);
    }

    #[test]
    fn measures_are_those_of_the_drawn_face() {
        let face = seen(&head(), 0.0, 1000.0);
        assert!((face.eye_distance() - 100.0).abs() < 2.0);
        assert!(face.yaw().abs() < 0.01 && face.roll_degrees().abs() < 0.01);
        assert!((face.eye_opening() - 0.3).abs() < 0.01, "{}", face.eye_opening());
        assert!((face.mouth_opening() - 0.04).abs() < 0.01);
        assert!(face.pitch() > 0.5 && face.pitch() < 0.8, "{}", face.pitch());
        assert_eq!(face.share_outside(640, 480), 0.0);
        assert!(face.share_outside(320, 480) > 0.4);
        assert!(face.change_of_shape(&face) < 1e-3);
    }

    #[test]
    fn points_that_are_no_face_are_refused() {
        assert!(Landmarks::new(vec![[1.0, 1.0]; POINTS], vec![0.0; POINTS]).is_none());
        assert!(Landmarks::new(vec![[1.0, 1.0]; 5], vec![0.0; 5]).is_none());
        let mut points = seen(&head(), 0.0, 1000.0).points;
        points[7][1] = f32::NAN;
        assert!(Landmarks::new(points, vec![0.0; POINTS]).is_none());
    }
}
