//! Finds a sheet that is smaller than the scanner's bed, before a dark lid or background.
//!
//! Only a dark, even surround is recognised: a white lid looks like paper, and what may be paper is
//! never cut off. A page that fills the picture costs a look at its four sides.

use drivers_api::{PixelFormat, Raster};

use crate::page::Region;

/// A lid is no brighter than this; paper, even brown and stained, is brighter.
const LID_MAX: u8 = 100;
/// Grey levels by which a lid differs from itself at most; print, pictures and cloth differ more.
const LID_SPREAD_MAX: u8 = 24;
/// What lies on it is brighter by this at least.
const PAPER_OVER_LID_MIN: u8 = 60;
/// A side of the picture shows the lid when so much of it does.
const SIDE_SHARE_MIN: f32 = 0.6;
/// Resolution at which the sheet is looked for.
const LOOK_DPI: u32 = 50;
/// Smaller than this no sheet is: half an identity card. Anything smaller is dust or a finger.
const SHEET_MM_MIN: (u32, u32) = (40, 25);
/// Kept around the sheet, so that nothing of it is lost.
const MARGIN_MM: u32 = 1;
/// Resolution taken for a picture that does not say.
const DPI_UNKNOWN: u32 = 300;

/// Where the paper lies, if a dark lid or table shows around it; none when the picture is all paper
/// or nobody can tell. Several papers are in one region.
pub(crate) fn sheet_on_bed(picture: &Raster) -> Option<Region> {
    let dpi = if picture.dpi() == 0 { DPI_UNKNOWN } else { picture.dpi() };
    let lid = lid_of(picture, dpi)?;
    let view = View::of(picture, (dpi / LOOK_DPI).max(1));
    let on_lid = view.lid(lid);
    let paper = view.brightness_beside(&on_lid)?;
    if paper < lid.saturating_add(PAPER_OVER_LID_MIN) {
        return None;
    }
    let [left, top, right, bottom] = view.sheets(&on_lid, dpi)?;
    let margin = MARGIN_MM * dpi * 10 / 254;
    let from = |at: usize| (at as u32 * view.step).saturating_sub(margin);
    let to = |at: usize, end: u32| (at as u32 * view.step + margin).min(end);
    let (x, y) = (from(left), from(top));
    let (width, height) = (to(right, picture.width()) - x, to(bottom, picture.height()) - y);
    let whole = width == picture.width() && height == picture.height();
    (!whole).then_some(Region { x, y, width, height })
}

/// The grey level of the lid, if one side of the picture shows an even dark surface.
fn lid_of(picture: &Raster, dpi: u32) -> Option<u8> {
    let (width, height) = (picture.width(), picture.height());
    let inset = (dpi / 25).min(width / 4).min(height / 4);
    let stride = (dpi / LOOK_DPI).max(1) as usize;
    let level = |x: u32, y: u32| luma(picture, (y * width + x) as usize);
    let across = |y: u32| (0..width).step_by(stride).map(|x| level(x, y)).collect::<Vec<_>>();
    let down = |x: u32| (0..height).step_by(stride).map(|y| level(x, y)).collect::<Vec<_>>();
    let sides = [across(inset), across(height - 1 - inset), down(inset), down(width - 1 - inset)];
    sides.into_iter().filter_map(even_and_dark).min()
}

/// The middle level of a side's dark part, if that is most of it and even.
fn even_and_dark(side: Vec<u8>) -> Option<u8> {
    let wanted = side.len() as f32 * SIDE_SHARE_MIN;
    let mut dark: Vec<u8> = side.into_iter().filter(|level| *level <= LID_MAX).collect();
    if dark.is_empty() || (dark.len() as f32) < wanted {
        return None;
    }
    dark.sort_unstable();
    let at = |part: usize| dark[(dark.len() - 1) * part / 10];
    (at(9) - at(1) <= LID_SPREAD_MAX).then(|| at(5))
}

/// Luma of BT.601 in 8-bit fixed point.
fn luma(picture: &Raster, pixel: usize) -> u8 {
    match picture.format() {
        PixelFormat::Gray8 => picture.data()[pixel],
        PixelFormat::Rgb8 => {
            let at = |i: usize| u32::from(picture.data()[pixel * 3 + i]);
            ((at(0) * 77 + at(1) * 150 + at(2) * 29) >> 8) as u8
        }
    }
}

/// The picture at about [`LOOK_DPI`].
struct View {
    step: u32,
    width: usize,
    height: usize,
    levels: Vec<u8>,
}

impl View {
    fn of(picture: &Raster, step: u32) -> Self {
        let (width, height) = (picture.width() / step, picture.height() / step);
        let mean = |column: u32, row: u32| {
            // The middle of each quarter stands for its block.
            let (near, far) = (step / 4, step * 3 / 4);
            let points = [(near, near), (far, near), (near, far), (far, far)];
            let sum: u32 = points
                .iter()
                .map(|(dx, dy)| (row * step + dy) * picture.width() + column * step + dx)
                .map(|pixel| u32::from(luma(picture, pixel as usize)))
                .sum();
            (sum / 4) as u8
        };
        let rows = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
        let levels = rows.map(|(column, row)| mean(column, row)).collect();
        Self { step, width: width as usize, height: height as usize, levels }
    }

    /// Which places show the lid: all that are as dark as it and connected to the picture's edge
    /// by such.
    fn lid(&self, lid: u8) -> Vec<bool> {
        let limit = lid.saturating_add(LID_SPREAD_MAX);
        let edge = |at: &usize| {
            let (x, y) = (at % self.width, at / self.width);
            x == 0 || y == 0 || x + 1 == self.width || y + 1 == self.height
        };
        let dark = |at: &usize| self.levels[*at] <= limit;
        let start = (0..self.levels.len()).filter(edge).filter(dark).collect();
        let mut lid = vec![false; self.levels.len()];
        self.spread(start, &mut lid, dark);
        lid
    }

    /// Marks what can be reached from `start` over places that `holds` accepts; says how much.
    fn spread(
        &self,
        start: Vec<usize>,
        marked: &mut [bool],
        holds: impl Fn(&usize) -> bool,
    ) -> Vec<usize> {
        let mut open = start;
        let mut reached = Vec::new();
        open.iter().for_each(|at| marked[*at] = true);
        while let Some(at) = open.pop() {
            reached.push(at);
            let x = at % self.width;
            let beside = [
                (x > 0).then(|| at - 1),
                (x + 1 < self.width).then_some(at + 1),
                at.checked_sub(self.width),
                Some(at + self.width).filter(|below| *below < self.levels.len()),
            ];
            for next in beside.into_iter().flatten() {
                if !marked[next] && holds(&next) {
                    marked[next] = true;
                    open.push(next);
                }
            }
        }
        reached
    }

    /// The usual brightness of what is not lid.
    fn brightness_beside(&self, lid: &[bool]) -> Option<u8> {
        let beside = self.levels.iter().zip(lid).filter(|(_, lid)| !**lid);
        let mut levels: Vec<u8> = beside.map(|(level, _)| *level).collect();
        let middle = levels.len() / 2;
        (!levels.is_empty()).then(|| *levels.select_nth_unstable(middle).1)
    }

    /// The box around everything of a sheet's size that lies on the lid: left, top, and what is
    /// just behind right and bottom.
    fn sheets(&self, lid: &[bool], dpi: u32) -> Option<[usize; 4]> {
        let places = |mm: u32| (mm * dpi * 10 / 254 / self.step) as usize;
        let (long, short) = (places(SHEET_MM_MIN.0), places(SHEET_MM_MIN.1));
        let mut seen = lid.to_vec();
        let mut found: Option<[usize; 4]> = None;
        for at in 0..seen.len() {
            if seen[at] {
                continue;
            }
            let piece = self.spread(vec![at], &mut seen, |next| !lid[*next]);
            let [left, top, right, bottom] = self.bounds(&piece);
            let (width, height) = (right - left, bottom - top);
            if width.max(height) < long || width.min(height) < short {
                continue;
            }
            found = Some(match found {
                None => [left, top, right, bottom],
                Some([l, t, r, b]) => [l.min(left), t.min(top), r.max(right), b.max(bottom)],
            });
        }
        found
    }

    fn bounds(&self, piece: &[usize]) -> [usize; 4] {
        piece.iter().fold([usize::MAX, usize::MAX, 0, 0], |[l, t, r, b], at| {
            let (x, y) = (at % self.width, at / self.width);
            [l.min(x), t.min(y), r.max(x + 1), b.max(y + 1)]
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DPI: u32 = 100;

    /// A picture of a bed of `size` pixels with paper at a place, lines of print on it.
    fn bed(size: (u32, u32), lid: u8, paper: &[Region]) -> Raster {
        let inside = |region: &Region, x: u32, y: u32| {
            (region.x..region.x + region.width).contains(&x)
                && (region.y..region.y + region.height).contains(&y)
        };
        let mut data = Vec::new();
        for (y, x) in (0..size.1).flat_map(|y| (0..size.0).map(move |x| (y, x))) {
            let print = y % 20 < 3 && x % 9 < 6;
            data.push(match paper.iter().any(|region| inside(region, x, y)) {
                true if print => 30,
                true => 235,
                // Grain.
                false => lid + ((x * 7 + y * 13) % 5) as u8,
            });
        }
        Raster::new(size.0, size.1, PixelFormat::Gray8, DPI, data).expect("shape")
    }

    #[test]
    fn a_card_on_a_dark_bed_is_found_with_a_margin() {
        let card = Region { x: 70, y: 90, width: 337, height: 213 };
        let found = sheet_on_bed(&bed((827, 1169), 20, &[card])).expect("a card");
        assert!(found.x <= 70 && found.x >= 60, "{found:?}");
        assert!(found.y <= 90 && found.y >= 80, "{found:?}");
        assert!((337..360).contains(&found.width), "{found:?}");
        assert!((213..236).contains(&found.height), "{found:?}");
    }

    #[test]
    fn a_page_that_fills_the_picture_and_a_white_lid_are_left_alone() {
        let all = Region { x: 0, y: 0, width: 827, height: 1169 };
        assert_eq!(sheet_on_bed(&bed((827, 1169), 20, &[all])), None);
        let page = Region { x: 0, y: 0, width: 583, height: 827 };
        assert_eq!(sheet_on_bed(&bed((827, 1169), 225, &[page])), None);
    }

    #[test]
    fn dust_is_no_sheet_and_an_empty_bed_has_none() {
        let dust = Region { x: 300, y: 300, width: 30, height: 20 };
        assert_eq!(sheet_on_bed(&bed((827, 1169), 20, &[dust])), None);
        assert_eq!(sheet_on_bed(&bed((827, 1169), 20, &[])), None);
    }

    #[test]
    fn dark_cloth_and_pictures_are_no_lid() {
        let data =
            (0..827 * 1169u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
        let cloth = Raster::new(827, 1169, PixelFormat::Gray8, DPI, data).expect("shape");
        assert_eq!(sheet_on_bed(&cloth), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn no_part_of_any_sheet_is_cut_off(
            lid in 0u8..60,
            sheets in prop::collection::vec((0u32..400, 0u32..600, 170u32..420, 110u32..560), 1..3),
        ) {
            let paper: Vec<Region> = sheets
                .into_iter()
                .map(|(x, y, width, height)| Region { x, y, width, height })
                .collect();
            if let Some(found) = sheet_on_bed(&bed((827, 1169), lid, &paper)) {
                for sheet in paper {
                    prop_assert!(found.x <= sheet.x && found.y <= sheet.y);
                    prop_assert!(found.x + found.width >= sheet.x + sheet.width);
                    prop_assert!(found.y + found.height >= sheet.y + sheet.height);
                }
            }
        }

        #[test]
        fn any_picture_is_looked_at_without_panic(
            width in 1u32..80, height in 1u32..80, dpi in 0u32..1300, seed: u8,
        ) {
            let data = (0..width * height * 3).map(|i| (i as u8).wrapping_mul(seed)).collect();
            let picture = Raster::new(width, height, PixelFormat::Rgb8, dpi, data).expect("shape");
            if let Some(found) = sheet_on_bed(&picture) {
                prop_assert!(found.x + found.width <= width && found.y + found.height <= height);
            }
        }
    }
}
