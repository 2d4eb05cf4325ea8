//! How marks become content of a page, each with its place in the structure of the document.

use formats_typeset::{Face, Ink, Piece, Run, draw_text};
use krilla::color::luma;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag};

/// Draws content that is read out at the place of the identifier in the structure.
pub(super) fn tagged(surface: &mut Surface, draw: impl FnOnce(&mut Surface)) -> Identifier {
    let identifier = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
    draw(surface);
    surface.end_tagged();
    identifier
}

/// Draws content that readers for the blind skip: rules, marks that repeat on each sheet.
pub(super) fn aside(surface: &mut Surface, draw: impl FnOnce(&mut Surface)) {
    let layout = Artifact::with_kind(ArtifactType::Layout);
    surface.start_tagged(ContentTag::Artifact(layout));
    draw(surface);
    surface.end_tagged();
}

/// A text on one line, followed by a space where another line of it follows.
pub(super) fn text(
    surface: &mut Surface,
    face: &Face,
    piece: &Piece,
    at: (f32, f32),
    size: f32,
    followed: bool,
) {
    if followed {
        let piece = Piece { text: format!("{} ", piece.text), ..piece.clone() };
        draw_text(surface, face, &piece, at, size);
    } else {
        draw_text(surface, face, piece, at, size);
    }
}

/// A run of black glyphs.
pub(super) fn run(surface: &mut Surface, face: &Face, run: &Run, at: Point, size: f32) {
    surface.set_fill(Some(Ink::Black.fill()));
    surface.draw_glyphs(at, &run.glyphs, face.font.clone(), &run.text, size, false);
}

pub(super) fn black_path(surface: &mut Surface, path: &Path) {
    surface.set_fill(Some(Ink::Black.fill()));
    surface.draw_path(path);
}

/// A white area over what lies below.
pub(super) fn white(surface: &mut Surface, path: &Path) {
    let paint = luma::Color::white().into();
    let rule = FillRule::default();
    surface.set_fill(Some(Fill { paint, opacity: NormalizedF32::ONE, rule }));
    surface.draw_path(path);
}

/// A rectangle as a path.
pub(super) fn area(rect: Rect) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    path.finish()
}

/// Draws an image as large as fits the room, in its middle.
pub(super) fn image(surface: &mut Surface, image: &Image, at: (f32, f32), room: (f32, f32)) {
    let (width, height) = (image.size().0 as f32, image.size().1 as f32);
    let scale = (room.0 / width).min(room.1 / height);
    let Some(size) = Size::from_wh(width * scale, height * scale) else { return };
    let x = at.0 + (room.0 - size.width()) / 2.0;
    let y = at.1 + (room.1 - size.height()) / 2.0;
    surface.push_transform(&Transform::from_translate(x, y));
    surface.draw_image(image.clone(), size);
    surface.pop();
}
