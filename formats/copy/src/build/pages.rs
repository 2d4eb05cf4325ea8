//! The pages of the original: the image as it was captured, over its invisible text.

use formats_typeset::Face;
use krilla::Document;
use krilla::geom::{Point, Size, Transform};
use krilla::image::Image;
use krilla::page::PageSettings;
use krilla::surface::Surface;

use super::BuildError;
use crate::request::{PageImage, PlacedWord};

/// Points an inch.
const POINTS: f32 = 72.0;
/// The size that words are set in before they are fitted to their quads.
const NOMINAL_SIZE: f32 = 10.0;

/// Adds one page, `number` counted from 1.
pub(super) fn add(
    document: &mut Document,
    page: &PageImage,
    number: usize,
    face: &Face,
) -> Result<(), BuildError> {
    let bad = |reason: &str| BuildError::Page { page: number, reason: reason.into() };
    let image = Image::from_jpeg(page.jpeg.clone().into(), false).map_err(|reason| bad(&reason))?;
    if image.size() != (page.width, page.height) {
        return Err(bad("the size differs"));
    }
    let scale = POINTS / page.dpi as f32;
    let (width, height) = (page.width as f32 * scale, page.height as f32 * scale);
    let settings = PageSettings::from_wh(width, height).ok_or_else(|| bad("no extent"))?;
    let size = Size::from_wh(width, height).ok_or_else(|| bad("no extent"))?;
    let mut sheet = document.start_page_with(settings);
    let mut surface = sheet.surface();
    // The text lies under the image: it is found, selected and copied, and never seen. krilla has
    // no invisible text mode, and fully transparent text would bring transparency into the file.
    for (i, word) in page.words.iter().enumerate() {
        let followed = page.words.get(i + 1).is_some_and(|next| next.line == word.line);
        add_word(&mut surface, word, followed, scale, face);
    }
    surface.draw_image(image, size);
    surface.finish();
    sheet.finish();
    Ok(())
}

/// Sets one word so that its line box fills the word's quad: turned, stretched, sheared as the
/// quad.
fn add_word(surface: &mut Surface, word: &PlacedWord, followed: bool, scale: f32, face: &Face) {
    let text = word.text.trim();
    let width = face.set(text).width * NOMINAL_SIZE;
    if width <= 0.0 {
        return;
    }
    // The space stands in the word's own run, so readers end the word there whatever the gap is.
    let run = face.set(&if followed { format!("{text} ") } else { text.to_owned() });
    let [top_left, top_right, _, bottom_left] =
        word.quad.map(|[x, y]| Point::from_xy(x * scale, y * scale));
    let height = (face.ascent + face.descent) * NOMINAL_SIZE;
    let fit = Transform::from_row(
        (top_right.x - top_left.x) / width,
        (top_right.y - top_left.y) / width,
        (bottom_left.x - top_left.x) / height,
        (bottom_left.y - top_left.y) / height,
        top_left.x,
        top_left.y,
    );
    // A quad without area cannot be drawn in; its word would break the page for some readers.
    if fit.invert().is_none() {
        return;
    }
    surface.push_transform(&fit);
    let start = Point::from_xy(0.0, face.ascent * NOMINAL_SIZE);
    surface.draw_glyphs(start, &run.glyphs, face.font.clone(), &run.text, NOMINAL_SIZE, false);
    surface.pop();
}
