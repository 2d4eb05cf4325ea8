//! A small renderer: a grid with depth, a camera, bilinear textures.

use crate::Random;

/// Cells of the grid on each side.
const GRID: usize = 56;
/// How far the camera's image plane is, in pixels: a usual web camera's 60 degrees at 480 wide.
const FOCAL: f32 = 420.0;

/// Red, green, blue; rows top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Pixels.
    pub rgb: Vec<u8>,
}

impl Picture {
    fn at(&self, x: f32, y: f32) -> [f32; 3] {
        let x = x.clamp(0.0, (self.width - 2) as f32);
        let y = y.clamp(0.0, (self.height - 2) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let pixel = |dx: usize, dy: usize, c: usize| {
            f32::from(self.rgb[((y0 + dy) * self.width + x0 + dx) * 3 + c])
        };
        std::array::from_fn(|c| {
            let upper = pixel(0, 0, c) * (1.0 - fx) + pixel(1, 0, c) * fx;
            let lower = pixel(0, 1, c) * (1.0 - fx) + pixel(1, 1, c) * fx;
            upper * (1.0 - fy) + lower * fy
        })
    }
}

/// A photograph of one person, with the points of the face.
#[derive(Debug, Clone)]
pub struct Portrait {
    /// The photograph.
    pub picture: Picture,
    /// Points of the face in its pixels.
    pub points: Vec<[f32; 2]>,
    /// Their depths in pixels, nearer is negative.
    pub depths: Vec<f32>,
    /// The middles of the eyes.
    pub eyes: [[f32; 2]; 2],
}

impl Portrait {
    fn eye_distance(&self) -> f32 {
        let [a, b] = self.eyes;
        (a[0] - b[0]).hypot(a[1] - b[1])
    }

    fn middle(&self) -> [f32; 2] {
        let count = self.points.len() as f32;
        [0, 1].map(|i| self.points.iter().map(|p| p[i]).sum::<f32>() / count)
    }

    /// Depth of the head at a place of the photograph, in inter-eye distances: of the nearest
    /// points within the face, receding around it.
    fn depth(&self, x: f32, y: f32) -> f32 {
        let eye = self.eye_distance();
        let (mut sum, mut weights, mut least) = (0.0, 0.0, f32::MAX);
        for (point, depth) in self.points.iter().zip(&self.depths) {
            let square = (point[0] - x).powi(2) + (point[1] - y).powi(2);
            least = least.min(square);
            let weight = 1.0 / (square + (0.04 * eye).powi(2)).powi(2);
            sum += weight * depth;
            weights += weight;
        }
        let away = (least.sqrt() / eye - 0.15).max(0.0);
        sum / weights / eye + (1.2 * away).min(1.2)
    }
}

/// Where a head or a picture is, and how it is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Degrees about the upright axis; positive to the own left.
    pub yaw: f32,
    /// Degrees, positive with the chin down.
    pub pitch: f32,
    /// Degrees in the image plane.
    pub roll: f32,
    /// To the image's right, in inter-eye distances.
    pub x: f32,
    /// Downwards, in inter-eye distances.
    pub y: f32,
    /// From the camera, in inter-eye distances of 63 mm.
    pub away: f32,
}

/// What is before the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Surface {
    /// The head itself.
    Head,
    /// A picture, bent about its upright axis by so much of its width.
    Paper {
        /// 0 is flat.
        bend: f32,
    },
}

/// A grid of places on the photograph with depths, made once for each actor.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Place in the photograph.
    places: Vec<[f32; 2]>,
    /// Head's depth, in inter-eye distances.
    depths: Vec<f32>,
    middle: [f32; 2],
    eye: f32,
}

impl Shape {
    pub(crate) fn of(portrait: &Portrait) -> Self {
        let (middle, eye) = (portrait.middle(), portrait.eye_distance());
        let half = 2.6 * eye;
        let place = |i: usize| {
            let at = |n: usize| (n as f32 / GRID as f32 * 2.0 - 1.0) * half;
            let picture = &portrait.picture;
            let x = (middle[0] + at(i % (GRID + 1))).clamp(0.0, (picture.width - 1) as f32);
            let y = (middle[1] + at(i / (GRID + 1))).clamp(0.0, (picture.height - 1) as f32);
            [x, y]
        };
        let places: Vec<[f32; 2]> = (0..(GRID + 1) * (GRID + 1)).map(place).collect();
        let depths = places.iter().map(|[x, y]| portrait.depth(*x, *y)).collect();
        Self { places, depths, middle, eye }
    }

    /// Places in the camera's image with their distance.
    fn projected(&self, pose: &Pose, surface: Surface, size: [usize; 2]) -> Vec<[f32; 3]> {
        let (sy, cy) = pose.yaw.to_radians().sin_cos();
        let (sp, cp) = pose.pitch.to_radians().sin_cos();
        let (sr, cr) = pose.roll.to_radians().sin_cos();
        let one = |(place, depth): (&[f32; 2], &f32)| {
            let x = (place[0] - self.middle[0]) / self.eye;
            let y = (place[1] - self.middle[1]) / self.eye;
            // A head turns about its neck, half a head behind the face.
            let (z, pivot) = match surface {
                Surface::Head => (*depth, 1.2),
                Surface::Paper { bend } => (bend * (x * x / 2.6 - 0.4), 0.0),
            };
            let (x1, z1) = (cy * x - sy * (z - pivot), sy * x + cy * (z - pivot));
            let (y2, z2) = (cp * y - sp * z1, sp * y + cp * z1);
            let (x3, y3) = (cr * x1 - sr * y2, sr * x1 + cr * y2);
            let far = (z2 + pivot + pose.away).max(0.5);
            [
                size[0] as f32 / 2.0 + FOCAL * (x3 + pose.x) / far,
                size[1] as f32 / 2.0 + FOCAL * (y3 + pose.y) / far,
                far,
            ]
        };
        self.places.iter().zip(&self.depths).map(one).collect()
    }
}

/// What the camera sees: `texture` on the surface before `background`.
pub(crate) fn seen(
    shape: &Shape,
    texture: &Picture,
    pose: &Pose,
    surface: Surface,
    background: &Picture,
) -> Picture {
    let (width, height) = (background.width, background.height);
    let mut out = background.clone();
    let mut far = vec![f32::MAX; width * height];
    let corners = shape.projected(pose, surface, [width, height]);
    for cell in 0..GRID * GRID {
        let first = cell / GRID * (GRID + 1) + cell % GRID;
        let quad = [first, first + 1, first + GRID + 1, first + GRID + 2];
        for triangle in [[quad[0], quad[1], quad[2]], [quad[1], quad[3], quad[2]]] {
            let shown = triangle.map(|i| corners[i]);
            let from = triangle.map(|i| shape.places[i]);
            fill(&mut out, &mut far, texture, shown, from);
        }
    }
    out
}

fn fill(
    out: &mut Picture,
    far: &mut [f32],
    texture: &Picture,
    shown: [[f32; 3]; 3],
    from: [[f32; 2]; 3],
) {
    let [a, b, c] = shown;
    let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if area.abs() < 1e-6 {
        return;
    }
    let bounds = |axis: usize, end: usize| {
        let low = shown.iter().map(|p| p[axis]).fold(f32::MAX, f32::min).floor().max(0.0);
        let high = shown.iter().map(|p| p[axis]).fold(f32::MIN, f32::max).ceil();
        (low as usize, (high.max(0.0) as usize).min(end.saturating_sub(1)))
    };
    let ((x0, x1), (y0, y1)) = (bounds(0, out.width), bounds(1, out.height));
    for y in y0..=y1 {
        for x in x0..=x1 {
            let (px, py) = (x as f32, y as f32);
            let wb = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) / area;
            let wc = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) / area;
            let wa = 1.0 - wb - wc;
            if wa < -1e-4 || wb < -1e-4 || wc < -1e-4 {
                continue;
            }
            let depth = wa * a[2] + wb * b[2] + wc * c[2];
            let at = y * out.width + x;
            if depth >= far[at] {
                continue;
            }
            far[at] = depth;
            let place = |i: usize| wa * from[0][i] + wb * from[1][i] + wc * from[2][i];
            let colour = texture.at(place(0), place(1));
            for (value, level) in out.rgb[at * 3..at * 3 + 3].iter_mut().zip(colour) {
                *value = level as u8;
            }
        }
    }
}

/// A room behind the person: soft and still.
pub(crate) fn room(random: &mut Random, width: usize, height: usize) -> Picture {
    let (a, b, level) =
        (random.within(0.01, 0.03), random.within(0.01, 0.03), random.within(70.0, 150.0));
    let tint: [f32; 3] = std::array::from_fn(|_| random.within(0.85, 1.1));
    let pixel = |i: usize| {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let grey = level + 25.0 * (a * x).sin() + 25.0 * (b * y + a * x).cos();
        tint.map(|t| (grey * t).clamp(0.0, 255.0) as u8)
    };
    Picture { width, height, rgb: (0..width * height).flat_map(pixel).collect() }
}

/// The camera's light and grain.
pub(crate) fn exposed(mut picture: Picture, random: &mut Random, gain: f32, grain: f32) -> Picture {
    for value in &mut picture.rgb {
        // Cheap and bell-shaped enough: the sum of four even bytes.
        let bits = random.bits();
        let sum: u32 = (0..4).map(|i| (bits >> (8 * i)) as u32 & 255).sum();
        let noise = (sum as f32 - 510.0) / 147.0 * grain;
        *value = (f32::from(*value) * gain + noise).round().clamp(0.0, 255.0) as u8;
    }
    picture
}
