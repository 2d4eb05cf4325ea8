//! The round red seal and the blue signature, as transparent pictures.

use ab_glyph::{Font, OutlineCurve, ScaleFont};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
};

use crate::PaperError;
use crate::canvas::PX_PER_MM;
use crate::fonts::{Face, Fonts, OFFICE};
use crate::rng::Rng;

/// Diameter of a commune's seal in millimetres.
const SEAL_MM: f32 = 36.0;

/// The seal of `authority` as a transparent PNG: 36 mm at 300 dpi, 425 pixels a side.
pub fn seal_png(authority: &str) -> Result<Vec<u8>, PaperError> {
    png(&seal(&Fonts::load(&OFFICE)?, authority)?, "seal")
}

/// A handwritten-looking signature as a transparent PNG, about 45 x 18 mm at 300 dpi.
pub fn signature_png(seed: u64) -> Result<Vec<u8>, PaperError> {
    png(&signature(seed)?, "signature")
}

fn png(picture: &Pixmap, what: &'static str) -> Result<Vec<u8>, PaperError> {
    picture.encode_png().map_err(|e| PaperError::Encode { what, detail: e.to_string() })
}

fn paint(rgb: [u8; 3], alpha: u8) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(rgb[0], rgb[1], rgb[2], alpha));
    paint.anti_alias = true;
    paint
}

pub(crate) fn seal(fonts: &Fonts, authority: &str) -> Result<Pixmap, PaperError> {
    let side = SEAL_MM * PX_PER_MM;
    let mut map =
        Pixmap::new(side as u32, side as u32).ok_or(PaperError::Shape { what: "seal" })?;
    let red = paint([208, 24, 36], 215);
    let mid = side / 2.0;
    for (radius, width) in [(0.485, 7.0), (0.452, 2.5), (0.30, 2.5)] {
        let ring = PathBuilder::from_circle(mid, mid, side * radius)
            .ok_or(PaperError::Shape { what: "seal ring" })?;
        let stroke = Stroke { width, ..Stroke::default() };
        map.stroke_path(&ring, &red, &stroke, Transform::identity(), None);
    }
    let star = star(mid, mid, side * 0.17).ok_or(PaperError::Shape { what: "seal star" })?;
    map.fill_path(&star, &red, FillRule::Winding, Transform::identity(), None);
    let upper = format!("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM • {authority} • ");
    arc_text(&mut map, fonts, &upper, side, &red);
    Ok(map)
}

/// A five-pointed star with one point up.
fn star(x: f32, y: f32, radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for i in 0..10 {
        let r = if i % 2 == 0 { radius } else { radius * 0.382 };
        let angle = std::f32::consts::PI * (i as f32 / 5.0 - 0.5);
        let (px, py) = (x + r * angle.cos(), y + r * angle.sin());
        if i == 0 {
            path.move_to(px, py);
        } else {
            path.line_to(px, py);
        }
    }
    path.close();
    path.finish()
}

/// Writes `text` clockwise round the ring, starting at the lower left.
fn arc_text(map: &mut Pixmap, fonts: &Fonts, text: &str, side: f32, ink: &Paint<'_>) {
    let font = fonts.get(Face::Bold);
    let radius = side * 0.345;
    let fit = |px: f32| {
        let scaled = font.as_scaled(px);
        text.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum::<f32>()
    };
    let round = std::f32::consts::TAU * radius;
    let mut px = side * 0.105;
    while fit(px) > round * 0.96 {
        px *= 0.97;
    }
    let scaled = font.as_scaled(px);
    let unit = px / font.height_unscaled();
    // Leftover room becomes even letter spacing, so that the ring is closed.
    let spacing = (round - fit(px)) / text.chars().count() as f32;
    let mut along = 0.0;
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        let advance = scaled.h_advance(id);
        let middle = (along + advance / 2.0) / radius + std::f32::consts::PI;
        along += advance + spacing;
        let Some(path) = outline(font, id) else { continue };
        let place = Transform::from_scale(unit, -unit)
            .post_translate(-advance / 2.0, 0.0)
            .post_translate(0.0, -radius)
            .post_rotate(middle.to_degrees() + 22.0)
            .post_translate(side / 2.0, side / 2.0);
        map.fill_path(&path, ink, FillRule::Winding, place, None);
    }
}

fn outline(font: &impl Font, id: ab_glyph::GlyphId) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut at = None;
    for curve in font.outline(id)?.curves {
        let (from, to) = match curve {
            OutlineCurve::Line(a, b)
            | OutlineCurve::Quad(a, _, b)
            | OutlineCurve::Cubic(a, _, _, b) => (a, b),
        };
        if at != Some(from) {
            path.move_to(from.x, from.y);
        }
        match curve {
            OutlineCurve::Line(_, b) => path.line_to(b.x, b.y),
            OutlineCurve::Quad(_, c, b) => path.quad_to(c.x, c.y, b.x, b.y),
            OutlineCurve::Cubic(_, c, d, b) => path.cubic_to(c.x, c.y, d.x, d.y, b.x, b.y),
        }
        at = Some(to);
    }
    path.finish()
}

pub(crate) fn signature(seed: u64) -> Result<Pixmap, PaperError> {
    let mut rng = Rng::new(seed ^ 0x5167);
    let (width, height) = (45.0 * PX_PER_MM, 18.0 * PX_PER_MM);
    let mut map =
        Pixmap::new(width as u32, height as u32).ok_or(PaperError::Shape { what: "signature" })?;
    let ink = paint([22, 48, 160], 235);
    let mut path = PathBuilder::new();
    let (mut x, mut y) = (width * 0.08, height * 0.62);
    path.move_to(x, y);
    for i in 0..7 {
        let up = if i % 2 == 0 { 0.08 } else { 0.42 };
        let nx = width * (0.16 + 0.10 * i as f32) + rng.between(-8.0, 8.0);
        let ny = height * (0.55 + rng.between(-0.12, 0.14));
        let peak = height * (up + rng.between(-0.05, 0.1));
        path.cubic_to(
            x + rng.between(10.0, 60.0),
            peak,
            nx - rng.between(30.0, 70.0),
            peak,
            nx,
            ny,
        );
        (x, y) = (nx, ny);
    }
    path.cubic_to(x + 60.0, y + 30.0, width * 0.5, height * 0.95, width * 0.12, height * 0.86);
    path.quad_to(width * 0.6, height * 0.74, width * 0.95, height * 0.62);
    let path = path.finish().ok_or(PaperError::Shape { what: "signature" })?;
    let stroke = Stroke {
        width: 5.5,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    map.stroke_path(&path, &ink, &stroke, Transform::identity(), None);
    Ok(map)
}
