//! Where a page's image lies: the one geometry that is drawn by and verified by.
//!
//! The image keeps its true scale. A skewed one is turned about itself until the original stands
//! upright, and the page grows until no corner of it is lost. Margins are added around that, so
//! nothing printed later covers the original.

use crate::manifest::PageEntry;
use crate::request::Area;

/// Points an inch.
const POINTS: f32 = 72.0;
/// Points a tenth of a millimetre.
pub(crate) const TENTH_MM: f32 = POINTS / 254.0;
/// The most that an image is turned, in thousandths of a degree; a scanner's feed skews less.
pub(crate) const SKEW_MAX: i32 = 15_000;
/// The widest margins: a note of many lines above; a slice of half a seal and the mark beside it at
/// the right. In tenths of a millimetre.
pub(crate) const MARGIN_TOP_MAX: u32 = 1000;
pub(crate) const MARGIN_RIGHT_MAX: u32 = 260;

/// A page and its image, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// The part of the page that belongs to the image, from its lower left corner.
    pub(crate) area: (f32, f32),
    /// The margin above the area.
    pub(crate) top: f32,
    /// The margin to its right.
    pub(crate) right: f32,
    /// Points a pixel.
    scale: f32,
    sin: f32,
    cos: f32,
    /// What shifts the turned image to the area's top left corner.
    shift: (f32, f32),
}

impl Place {
    /// The place of an entry's image; `None` if the entry is beyond the format's limits.
    pub(crate) fn new(entry: &PageEntry) -> Option<Self> {
        let within = entry.dpi > 0
            && entry.skew.abs() <= SKEW_MAX
            && entry.margin_top <= MARGIN_TOP_MAX
            && entry.margin_right <= MARGIN_RIGHT_MAX;
        within.then_some(())?;
        let scale = POINTS / entry.dpi as f32;
        let (sin, cos) = (entry.skew as f32 / 1000.0).to_radians().sin_cos();
        let (width, height) = (entry.width as f32 * scale, entry.height as f32 * scale);
        let area = (width * cos + height * sin.abs(), width * sin.abs() + height * cos);
        let shift = if sin >= 0.0 { (0.0, width * sin) } else { (-height * sin, 0.0) };
        let margin = |tenths: u32| tenths as f32 * TENTH_MM;
        let (top, right) = (margin(entry.margin_top), margin(entry.margin_right));
        Some(Self { area, top, right, scale, sin, cos, shift })
    }

    /// The page's width and height.
    pub(crate) fn page(&self) -> (f32, f32) {
        (self.area.0 + self.right, self.area.1 + self.top)
    }

    /// A part of the image in points: left, top, width, height.
    pub(crate) fn part(&self, area: Area) -> [f32; 4] {
        area.map(|side| side as f32 * self.scale)
    }

    /// Where a point of the image lands, both counted in points from the top left corner.
    pub(crate) fn turned(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [
            x * self.cos + y * self.sin + self.shift.0,
            y * self.cos - x * self.sin + self.shift.1 + self.top,
        ]
    }

    /// The matrix that draws an image over a part of the page's, in a PDF's own coordinates
    /// (ISO 32000-1, 8.9.5: an image is one unit wide and high).
    pub(crate) fn matrix(&self, area: Area) -> [f32; 6] {
        let [left, top, width, height] = self.part(area);
        let bottom = self.turned([left, top + height]);
        let origin = [bottom[0], self.page().1 - bottom[1]];
        [
            width * self.cos,
            width * self.sin,
            -height * self.sin,
            height * self.cos,
            origin[0],
            origin[1],
        ]
    }

    pub(crate) fn is_upright(&self) -> bool {
        self.sin == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(width: u32, height: u32, skew: i32) -> PageEntry {
        let sha256 = String::new();
        let (margin_top, margin_right, coarseness, over) = (0, 0, 1, Vec::new());
        let dpi = 100;
        PageEntry { sha256, width, height, dpi, skew, margin_top, margin_right, coarseness, over }
    }

    #[test]
    fn an_upright_image_fills_its_area() {
        let mut entry = entry(1000, 2000, 0);
        (entry.margin_top, entry.margin_right) = (254, 127);
        let place = Place::new(&entry).expect("within the limits");
        assert_eq!((place.area, place.page()), ((720.0, 1440.0), (756.0, 1512.0)));
        assert_eq!(place.matrix([0, 0, 1000, 2000]), [720.0, 0.0, 0.0, 1440.0, 0.0, 0.0]);
    }

    #[test]
    fn entries_beyond_the_limits_have_no_place() {
        for change in [
            |entry: &mut PageEntry| entry.dpi = 0,
            |entry: &mut PageEntry| entry.skew = -SKEW_MAX - 1,
            |entry: &mut PageEntry| entry.margin_top = MARGIN_TOP_MAX + 1,
            |entry: &mut PageEntry| entry.margin_right = MARGIN_RIGHT_MAX + 1,
        ] {
            let mut entry = entry(10, 10, 0);
            change(&mut entry);
            assert_eq!(Place::new(&entry), None, "{entry:?}");
        }
    }

    proptest! {
        #[test]
        fn a_turned_image_keeps_its_scale_and_all_its_corners(
            width in 100u32..4000,
            height in 100u32..4000,
            skew in -SKEW_MAX..=SKEW_MAX,
        ) {
            let place = Place::new(&entry(width, height, skew)).expect("within the limits");
            let [_, _, w, h] = place.part([0, 0, width, height]);
            let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|at| place.turned(at));
            let side = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
            prop_assert!((side(corners[0], corners[1]) - w).abs() < 0.05);
            prop_assert!((side(corners[1], corners[2]) - h).abs() < 0.05);
            for axis in 0..2 {
                let bound = |pick: fn(f32, f32) -> f32| {
                    corners.iter().map(|corner| corner[axis]).reduce(pick).unwrap_or(f32::NAN)
                };
                let extent = [place.area.0, place.area.1][axis];
                prop_assert!(bound(f32::min).abs() < 0.05);
                prop_assert!((bound(f32::max) - extent).abs() < 0.05);
            }
            // A line that lies turned in the image by the skew stands upright on the page.
            let (sin, cos) = (skew as f32 / 1000.0).to_radians().sin_cos();
            let (from, to) = (place.turned([0.0, 0.0]), place.turned([50.0 * cos, 50.0 * sin]));
            prop_assert!((from[1] - to[1]).abs() < 0.01 && to[0] > from[0]);
            // The matrix and the point by point way agree.
            let [a, b, c, d, e, f] = place.matrix([0, 0, width, height]);
            let unit = [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]];
            for ([s, t], corner) in unit.iter().zip(corners) {
                let (x, y) = (a * s + c * t + e, b * s + d * t + f);
                prop_assert!((x - corner[0]).abs() < 0.05);
                prop_assert!((place.page().1 - y - corner[1]).abs() < 0.05);
            }
        }
    }
}
