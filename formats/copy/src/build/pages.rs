//! The pages of the original: the image as captured, turned upright, over its invisible text.

use krilla::Document;
use krilla::geom::{Rect, Size, Transform};
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::tagging::{Tag, TagGroup};

use super::qr::Qr;
use super::{BuildError, Plan, Words, draw, words};
use crate::place::Place;
use crate::request::PageImage;

/// The sides of a page in points (ISO 19005-3, 6.1.13).
const SIDES: std::ops::RangeInclusive<f32> = 3.0..=14_400.0;

/// How high a page's image stands, in points.
pub(super) fn height(page: &PageImage) -> f32 {
    Place::new(&page.entry([0; 32], (0, 0))).map_or(0.0, |place| place.area.1)
}

/// Adds one page, `index` counted from 0; returns its part of the document's structure.
pub(super) fn add(
    document: &mut Document,
    plan: &Plan,
    words: &Words,
    page: &PageImage,
    index: usize,
    qr: &Qr,
) -> Result<TagGroup, BuildError> {
    let bad = |reason: &str| BuildError::Page { page: index + 1, reason: reason.into() };
    let layers = plan.stand_ins.get(index).ok_or_else(|| bad("no image"))?;
    let entry = words.manifest.pages.get(index).ok_or_else(|| bad("no entry"))?;
    let place = Place::new(entry).ok_or_else(|| bad("no extent"))?;
    let (width, height) = place.page();
    if ![width, height].iter().all(|side| SIDES.contains(side)) {
        return Err(bad("no PDF page is so small or so large"));
    }
    let settings = PageSettings::from_wh(width, height).ok_or_else(|| bad("no extent"))?;
    let area = Rect::from_xywh(0.0, place.top, place.area.0, place.area.1).and_then(draw::area);
    let area = area.ok_or_else(|| bad("no extent"))?;

    let mut sheet = document.start_page_with(settings);
    let mut surface = sheet.surface();
    let mut parts = Vec::new();
    if let Some(note) = plan.note.as_ref().filter(|_| index == 0) {
        let alt = words.fill(&plan.profile.spoken.qr, &[]);
        parts.extend(note.draw(&mut surface, &plan.press.regular, qr, alt));
    }
    let edge = plan.edges.get(index).map(|edge| margin(&mut surface, plan, words, edge, &place));
    // The text lies under the image as well, for readers that paint what should not be painted.
    surface.push_clip_path(&area, &Default::default());
    let press = plan.press;
    let text = words::stand_in(&mut surface, &plan.alphabet, &press.unseen, page, index);
    surface.pop();
    if !place.is_upright() {
        // Else words would show where the turned image leaves the corners free.
        draw::aside(&mut surface, |surface| draw::white(surface, &area));
    }
    let number = (index + 1).to_string();
    let alt = words.fill(&plan.profile.spoken.page, &[("page", &number)]);
    let mut figure = TagGroup::new(Tag::Figure(Some(alt)));
    figure.push(draw::tagged(&mut surface, |surface| {
        surface.push_transform(&transform(&place));
        for layer in layers {
            let [left, top, width, height] = place.part(layer.area);
            let Some(size) = Size::from_wh(width, height) else { continue };
            surface.push_transform(&Transform::from_translate(left, top));
            surface.draw_image(layer.image.clone(), size);
            surface.pop();
        }
        surface.pop();
    }));
    surface.finish();
    sheet.finish();
    parts.push(figure);
    parts.extend(text);
    parts.extend(edge.flatten());
    let children = parts.into_iter().map(Into::into).collect();
    Ok(TagGroup::with_children(Tag::Section, children))
}

/// What the margin at the right bears.
fn margin(
    surface: &mut Surface,
    plan: &Plan,
    words: &Words,
    edge: &super::edge::Edge,
    place: &Place,
) -> Option<TagGroup> {
    let sheets = &plan.profile.sheets;
    let (sheet, count) = (edge.sheet.to_string(), edge.sheets.to_string());
    let mark = words.fill(&sheets.mark, &[("sheet", &sheet), ("sheets", &count)]);
    edge.draw_mark(surface, place.area.0, place.page().1, &mark, &plan.press.regular);
    let spoken = &plan.profile.spoken.edge_seal;
    let alt = |part: &str, parts: &str| words.fill(spoken, &[("part", part), ("parts", parts)]);
    edge.draw_slice(surface, place.page(), plan.press.seal.as_ref(), alt)
}

/// From the image's own points to the page's, both from the top left corner.
fn transform(place: &Place) -> Transform {
    let ([x, y], [right, down], [left, below]) =
        (place.turned([0.0, 0.0]), place.turned([1.0, 0.0]), place.turned([0.0, 1.0]));
    Transform::from_row(right - x, down - y, left - x, below - y, x, y)
}
