//! The right edges of the sheets: the seal in slices (giáp lai) and the mark of each sheet.
//!
//! A slice lies in a margin that is added to the page, never on the original. When the sheets are
//! fanned to the right, the first on top, their slices show one seal at its real size.

use formats_typeset::Face;
use krilla::geom::{Point, Rect, Transform};
use krilla::image::Image;
use krilla::surface::Surface;
use krilla::tagging::{Tag, TagGroup};

use super::draw;
use crate::place::TENTH_MM;
use crate::profile::Sheets;

/// The column of the mark, in tenths of a millimetre.
const MARK_COLUMN: u32 = 40;
/// The mark's type, in points.
const MARK_SIZE: f32 = 7.0;

/// What one sheet bears.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    pub(super) slice: Option<Slice>,
    /// Whether the mark is there.
    pub(super) marked: bool,
    /// The sheet, from 1.
    pub(super) sheet: usize,
    pub(super) sheets: usize,
}

/// A slice of the seal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slice {
    /// Which one, from 0 at the left.
    part: usize,
    parts: usize,
    /// The seal's side in tenths of a millimetre.
    side: u32,
    /// How far below the sheet's upper edge the seal's middle lies, in points.
    middle: f32,
}

impl Slice {
    /// In tenths of a millimetre.
    fn width(&self) -> f32 {
        self.side as f32 / self.parts as f32
    }
}

/// The edges of sheets of these heights (points), by the profile's rule.
pub(super) fn edges(rule: &Sheets, heights: &[f32], has_seal: bool) -> Vec<Edge> {
    let sheets = heights.len();
    let marked = sheets >= rule.mark_from;
    let seal = has_seal && sheets > 1 && rule.seal.sheets_max > 1;
    let group = if seal { rule.seal.sheets_max } else { sheets.max(1) };
    let mut edges = Vec::new();
    for heights in even_groups(heights, group) {
        let side = rule.seal.side_mm * 10;
        let lowest = heights.iter().copied().fold(f32::INFINITY, f32::min);
        // A sheet lower than the seal (a card) bears the mark only, and so do those with it.
        let fits = seal && side as f32 * TENTH_MM <= lowest;
        for part in 0..heights.len() {
            let slice = Slice { part, parts: heights.len(), side, middle: lowest / 2.0 };
            let slice = Some(slice).filter(|_| fits);
            edges.push(Edge { slice, marked, sheet: edges.len() + 1, sheets });
        }
    }
    edges
}

/// Groups of at most `most`, as even as can be: none is left with one sheet if two or more can be.
fn even_groups(heights: &[f32], most: usize) -> Vec<&[f32]> {
    let groups = heights.len().div_ceil(most).max(1);
    let (least, larger) = (heights.len() / groups, heights.len() % groups);
    let mut rest = heights;
    let mut found = Vec::new();
    for group in 0..groups {
        let (own, later) = rest.split_at(least + usize::from(group < larger));
        found.push(own);
        rest = later;
    }
    found
}

impl Edge {
    /// The margin that a page needs for it, in tenths of a millimetre.
    pub(super) fn margin(&self) -> u32 {
        let slice = self.slice.as_ref().map_or(0.0, |slice| slice.width().ceil());
        slice as u32 + if self.marked { MARK_COLUMN } else { 0 }
    }

    /// Draws the slice at the right edge of a page.
    pub(super) fn draw_slice(
        &self,
        surface: &mut Surface,
        page: (f32, f32),
        seal: Option<&Image>,
        alt: impl Fn(&str, &str) -> String,
    ) -> Option<TagGroup> {
        let (slice, seal) = (self.slice.as_ref()?, seal?);
        let (width, side) = (slice.width() * TENTH_MM, slice.side as f32 * TENTH_MM);
        let (left, top) = (page.0 - width, slice.middle - side / 2.0);
        let shown = draw::area(Rect::from_xywh(left, top, width, side)?)?;
        let alt = alt(&(slice.part + 1).to_string(), &slice.parts.to_string());
        let mut group = TagGroup::new(Tag::Figure(Some(alt)));
        group.push(draw::tagged(surface, |surface| {
            surface.push_clip_path(&shown, &Default::default());
            let at = (left - slice.part as f32 * width, top);
            draw::image(surface, seal, at, (side, side));
            surface.pop();
        }));
        Some(group)
    }

    /// Draws the mark upwards in its column at the right of the area, in the middle of its height.
    pub(super) fn draw_mark(
        &self,
        surface: &mut Surface,
        left: f32,
        height: f32,
        text: &str,
        face: &Face,
    ) {
        let run = face.set(text);
        if !self.marked || run.width <= 0.0 {
            return;
        }
        let size = MARK_SIZE.min(height * 0.95 / run.width);
        let column = MARK_COLUMN as f32 * TENTH_MM;
        // Capitals are some two thirds of the size high.
        let baseline = left + (column + size * 0.66) / 2.0;
        let start = height / 2.0 + run.width * size / 2.0;
        draw::aside(surface, |surface| {
            surface.push_transform(&Transform::from_row(0.0, -1.0, 1.0, 0.0, baseline, start));
            draw::run(surface, face, &run, Point::from_xy(0.0, 0.0), size);
            surface.pop();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Product, Profile};
    use time::macros::datetime;

    fn rule(product: Product) -> Sheets {
        let profile = Profile::in_force(product, datetime!(2026-11-22 09:15 +7));
        profile.expect("a profile").sheets
    }

    #[test]
    fn one_seal_covers_at_most_five_sheets_and_none_is_alone() {
        let rule = rule(Product::ChungThuc);
        for sheets in 2..40 {
            let edges = edges(&rule, &vec![800.0; sheets], true);
            assert_eq!(edges.len(), sheets);
            let slices: Vec<_> = edges.iter().filter_map(|edge| edge.slice.as_ref()).collect();
            assert_eq!(slices.len(), sheets);
            assert!(slices.iter().all(|slice| (2..=5).contains(&slice.parts)), "{sheets}");
            // Within a group the slices make up the whole seal.
            let whole: f32 = slices.iter().map(|slice| slice.width()).sum();
            let seals = slices.iter().filter(|slice| slice.part == 0).count();
            assert!((whole - 360.0 * seals as f32).abs() < 0.1, "{sheets}");
        }
    }

    #[test]
    fn a_seal_is_never_drawn_on_a_sheet_that_is_lower_nor_without_an_image() {
        let rule = rule(Product::ChungThuc);
        let low = edges(&rule, &[90.0, 842.0], true);
        let none = edges(&rule, &[842.0, 842.0], false);
        assert!(low.iter().chain(&none).all(|edge| edge.slice.is_none() && edge.marked));
        assert_eq!(none[0].margin(), MARK_COLUMN);
    }

    #[test]
    fn all_slices_of_a_seal_lie_at_one_height() {
        let edges = edges(&rule(Product::ChungThuc), &[842.0, 153.0, 842.0], true);
        let middles = edges.iter().map(|edge| edge.slice.as_ref().map(|slice| slice.middle));
        assert_eq!(middles.collect::<Vec<_>>(), [Some(76.5); 3]);
    }

    #[test]
    fn copies_by_decree_30_bear_the_mark_and_no_seal() {
        let edges = edges(&rule(Product::SaoY), &[842.0], true);
        assert!(edges.iter().all(|edge| edge.slice.is_none() && edge.marked));
    }
}
