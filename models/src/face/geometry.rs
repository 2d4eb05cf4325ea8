//! Points, affine maps, and the best similarity between two sets of points.

/// A place in an image.
pub type Point = [f32; 2];

/// An affine map: `x' = x[0] * x + x[1] * y + x[2]`, the same for y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub(super) x: [f32; 3],
    pub(super) y: [f32; 3],
}

impl Affine {
    pub(super) fn apply(&self, [x, y]: Point) -> Point {
        let row = |r: &[f32; 3]| r[0] * x + r[1] * y + r[2];
        [row(&self.x), row(&self.y)]
    }

    /// How much longer lengths become, on the mean.
    pub(super) fn scale(&self) -> f32 {
        (self.x[0] * self.y[1] - self.x[1] * self.y[0]).abs().sqrt()
    }

    /// Followed by a shift.
    pub(super) fn moved(mut self, [dx, dy]: Point) -> Self {
        self.x[2] += dx;
        self.y[2] += dy;
        self
    }

    /// Followed by a change of scale.
    pub(super) fn scaled(mut self, by: f32) -> Self {
        self.x.iter_mut().chain(&mut self.y).for_each(|n| *n *= by);
        self
    }

    /// The map back; none for a map onto a line.
    pub(super) fn inverse(&self) -> Option<Self> {
        let ([a, b, e], [c, d, f]) = (self.x, self.y);
        let determinant = a * d - b * c;
        if determinant.abs() < 1e-12 || !determinant.is_finite() {
            return None;
        }
        let (a, b, c, d) = (d / determinant, -b / determinant, -c / determinant, a / determinant);
        Some(Self { x: [a, b, -(a * e + b * f)], y: [c, d, -(c * e + d * f)] })
    }

    /// Turn, scale and shift that bring `from` onto `to` with the least squared distance.
    pub(super) fn similarity(from: &[Point], to: &[Point]) -> Option<Self> {
        let count = from.len().min(to.len());
        if count < 2 {
            return None;
        }
        let mean = |points: &[Point]| {
            [0, 1].map(|i| {
                points[..count].iter().map(|p| f64::from(p[i])).sum::<f64>() / count as f64
            })
        };
        let (middle, target) = (mean(from), mean(to));
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let p = [0, 1].map(|i| f64::from(p[i]) - middle[i]);
            let q = [0, 1].map(|i| f64::from(q[i]) - target[i]);
            dot += p[0] * q[0] + p[1] * q[1];
            cross += p[0] * q[1] - p[1] * q[0];
            spread += p[0] * p[0] + p[1] * p[1];
        }
        if spread < 1e-9 {
            return None;
        }
        let (cos, sin) = (dot / spread, cross / spread);
        let x = target[0] - cos * middle[0] + sin * middle[1];
        let y = target[1] - sin * middle[0] - cos * middle[1];
        let narrow = |row: [f64; 3]| row.map(|n| n as f32);
        Some(Self { x: narrow([cos, -sin, x]), y: narrow([sin, cos, y]) })
    }
}

/// The point halfway.
pub(super) fn between(a: Point, b: Point) -> Point {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}

/// The way from `a` to `b`.
pub(super) fn towards(a: Point, b: Point) -> Point {
    [b[0] - a[0], b[1] - a[1]]
}

/// How long a way is.
pub(super) fn length([x, y]: Point) -> f32 {
    x.hypot(y)
}

/// How far two points are apart.
pub(super) fn distance(a: Point, b: Point) -> f32 {
    length(towards(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_is_found_again_and_undone() {
        let known = Affine { x: [1.5, -0.5, 10.0], y: [0.5, 1.5, -4.0] };
        let from = [[0.0, 0.0], [10.0, 1.0], [3.0, 8.0], [-2.0, 5.0]];
        let to = from.map(|p| known.apply(p));
        let found = Affine::similarity(&from, &to).expect("points differ");
        let back = found.inverse().expect("not a line");
        for (p, q) in from.iter().zip(&to) {
            assert!(distance(found.apply(*p), *q) < 1e-3);
            assert!(distance(back.apply(*q), *p) < 1e-3);
        }
        assert!((found.scale() - 2.5f32.sqrt()).abs() < 1e-4);
    }

    #[test]
    fn points_on_one_spot_have_no_similarity() {
        assert!(Affine::similarity(&[[1.0, 1.0]; 3], &[[2.0, 2.0]; 3]).is_none());
        assert!(Affine::similarity(&[[1.0, 1.0]], &[[2.0, 2.0]]).is_none());
        assert!(Affine { x: [1.0, 1.0, 0.0], y: [1.0, 1.0, 0.0] }.inverse().is_none());
    }
}
