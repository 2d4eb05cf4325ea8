//! The last page: the statement (lời chứng) in the manner of a Vietnamese administrative document.

use formats_typeset::{Column, Face, Ink, Mark, Piece, bold, draw, regular};
use krilla::Document;
use krilla::geom::{Size, Transform};
use krilla::image::Image;
use krilla::page::PageSettings;
use krilla::surface::Surface;

use super::BuildError;
use super::qr::{QUIET_MODULES, Qr};
use crate::manifest::Manifest;
use crate::request::Assets;
use crate::statement::{StatementProfile, signing_time};

/// A4 in points.
const PAGE: (f32, f32) = (595.28, 841.89);
/// The text block; Decree 30/2020 asks for 20 mm above and 30 mm left, 15 to 20 mm right.
const BODY: Column = Column { x: 70.9, width: 473.4 };
const TOP: f32 = 56.7;
const BOTTOM: f32 = PAGE.1 - 51.0;
/// The header: authority at the left, country and motto at the right.
const AUTHORITY: Column = Column { x: 56.7, width: 196.0 };
const COUNTRY: Column = Column { x: 268.0, width: 277.0 };
/// Below: the code at the left, the certifier at the right.
const CODE: Column = Column { x: 70.9, width: 190.0 };
const CERTIFIER: Column = Column { x: 285.0, width: 259.3 };
/// A commune's seal is 36 mm across; its image is drawn at its real size.
const SEAL_SIDE: f32 = 36.0 / 25.4 * 72.0;
/// The box of the signature image.
const SIGNATURE: (f32, f32) = (125.0, 62.0);
/// Type is set smaller, in these steps, when long names would leave the page.
const SCALES: [f32; 6] = [1.0, 0.92, 0.84, 0.74, 0.62, 0.5];

/// What stands on the page beside text and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Qr,
    Signature,
    Seal,
}

type Sheet<'a> = formats_typeset::Sheet<'a, Room>;

/// What the page tells.
pub(super) struct Statement<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) place: &'a str,
    pub(super) verify_base: &'a str,
    pub(super) profile: &'a StatementProfile,
}

/// Adds the page.
pub(super) fn add(
    document: &mut Document,
    statement: &Statement,
    assets: &Assets,
    regular: &Face,
    bold: &Face,
    qr_text: &str,
) -> Result<(), BuildError> {
    let qr = Qr::new(qr_text)?;
    let signature = image(assets.signature_png.as_deref(), "signature")?;
    let seal = image(assets.seal_png.as_deref(), "seal")?;
    let mut sheet = Sheet::new(regular, bold);
    for scale in SCALES {
        sheet.marks.clear();
        if lay_out(&mut sheet, statement, &qr, scale) <= BOTTOM {
            break;
        }
    }
    let extent = || BuildError::Pdf { reason: "the statement page has no extent".into() };
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(extent)?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    draw(&mut surface, &sheet, |surface, what, at, room| match what {
        Room::Qr => {
            surface.set_fill(Some(Ink::Black.fill()));
            if let Some(path) = qr.path(at.0, at.1) {
                surface.draw_path(&path);
            }
        }
        Room::Signature => draw_image(surface, signature.as_ref(), at, room),
        Room::Seal => draw_image(surface, seal.as_ref(), at, room),
    });
    surface.finish();
    page.finish();
    Ok(())
}

/// Lays the whole page out at a scale of type; returns the bottom edge.
fn lay_out(sheet: &mut Sheet, statement: &Statement, qr: &Qr, scale: f32) -> f32 {
    let header = header(sheet, statement, scale);
    let title = title(sheet, statement, header + 52.0 * scale, scale);
    let rows = rows(sheet, statement, title + 30.0 * scale, scale);
    let block = rows + 40.0 * scale;
    let signed = certifier(sheet, statement, block, scale);
    let coded = code(sheet, statement, qr, block + 14.0 * scale, scale);
    footer(sheet, statement, signed.max(coded) + 14.0 * scale, scale)
}

fn header(sheet: &mut Sheet, statement: &Statement, scale: f32) -> f32 {
    let authority = bold(statement.manifest.authority.to_uppercase());
    let left = sheet.centred(AUTHORITY, TOP, 12.0 * scale, &authority);
    let rule = AUTHORITY.width / 3.0;
    sheet.marks.push(Mark::Rule { x: AUTHORITY.middle() - rule / 2.0, y: left + 4.0, width: rule });
    let country = bold(statement.profile.country.text.clone());
    let y = sheet.centred(COUNTRY, TOP, 12.0 * scale, &country);
    let motto = bold(statement.profile.motto.text.clone());
    let right = sheet.centred(COUNTRY, y, 13.0 * scale, &motto);
    let rule = sheet.width(&motto, 13.0 * scale).min(COUNTRY.width);
    sheet.marks.push(Mark::Rule { x: COUNTRY.middle() - rule / 2.0, y: right + 4.0, width: rule });
    left.max(right)
}

fn title(sheet: &mut Sheet, statement: &Statement, y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.manifest, statement.profile);
    let y = sheet.centred(BODY, y, 16.0 * scale, &bold(profile.title.text.clone()));
    let number = Piece { ink: Ink::Red, ..bold(format!("{:02}", manifest.number)) };
    let pieces = [
        regular(format!("{} ", profile.number_label.text)),
        number,
        regular(format!("     {} {}", profile.book_label.text, manifest.book)),
    ];
    sheet.centred_pieces(BODY, y + 6.0 * scale, 13.0 * scale, &pieces)
}

fn rows(sheet: &mut Sheet, statement: &Statement, mut y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.manifest, statement.profile);
    let size = 13.0 * scale;
    let pages = format!("{:02}", manifest.pages.len());
    let rows = [
        (&profile.kind_label, manifest.kind.clone()),
        (&profile.document_label, manifest.title.clone()),
        (&profile.pages_label, profile.pages.filled(&[("pages", &pages)])),
        (&profile.place_label, statement.place.to_owned()),
    ];
    let label_width = rows
        .iter()
        .map(|(label, _)| sheet.width(&regular(label.text.clone()), size))
        .fold(0.0, f32::max);
    let labels = Column { x: BODY.x, width: label_width + 1.0 };
    let indent = label_width + 12.0;
    let values = Column { x: BODY.x + indent, width: BODY.width - indent };
    for (label, value) in rows {
        let label_bottom = sheet.left(labels, y, size, &regular(label.text.clone()));
        y = sheet.left(values, y, size, &bold(value)).max(label_bottom) + 7.0 * scale;
    }
    y
}

/// Date, capacity, signature under the seal, name, time of signing.
fn certifier(sheet: &mut Sheet, statement: &Statement, y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.manifest, statement.profile);
    let at = manifest.issued_at;
    let day = format!("{:02}", at.day());
    let month = format!("{:02}", u8::from(at.month()));
    let year = at.year().to_string();
    let date = profile.date.filled(&[("day", &day), ("month", &month), ("year", &year)]);
    let mut y = sheet.centred(CERTIFIER, y, 12.5 * scale, &regular(date));
    y = sheet.centred(CERTIFIER, y, 12.5 * scale, &bold(profile.certifier.text.clone()));
    let note = regular(profile.certifier_note.text.clone());
    y = sheet.centred(CERTIFIER, y, 11.0 * scale, &note) + 3.0 * scale;
    for line in manifest.capacity.split(" / ") {
        y = sheet.centred(CERTIFIER, y, 12.5 * scale, &bold(line));
    }
    let space = SEAL_SIDE + 8.0;
    let signature_x = CERTIFIER.middle() - SIGNATURE.0 / 2.0;
    let signature_y = y + (space - SIGNATURE.1) / 2.0;
    sheet.marks.push(Mark::Room {
        x: signature_x,
        y: signature_y,
        width: SIGNATURE.0,
        height: SIGNATURE.1,
        what: Room::Signature,
    });
    // The seal covers the left third of the signature (Decree 99/2016 on ink, kept by Decree 30).
    let seal_x = signature_x + SIGNATURE.0 / 3.0 - SEAL_SIDE;
    sheet.marks.push(Mark::Room {
        x: seal_x,
        y: y + 4.0,
        width: SEAL_SIDE,
        height: SEAL_SIDE,
        what: Room::Seal,
    });
    y = sheet.centred(CERTIFIER, y + space, 13.0 * scale, &bold(manifest.officer.clone()));
    let time = profile.signed_at.filled(&[("time", &signing_time(at))]);
    sheet.centred(CERTIFIER, y + 2.0 * scale, 10.0 * scale, &regular(time))
}

/// The QR code, the verification code, where to look it up.
fn code(sheet: &mut Sheet, statement: &Statement, qr: &Qr, y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.manifest, statement.profile);
    let quiet = QUIET_MODULES * qr.module;
    let side = qr.side + 2.0 * quiet;
    sheet.marks.push(Mark::Room {
        x: CODE.middle() - qr.side / 2.0,
        y: y + quiet,
        width: qr.side,
        height: qr.side,
        what: Room::Qr,
    });
    let size = 10.0 * scale;
    let mut y = sheet.centred(CODE, y + side, size, &regular(profile.qr_note.text.clone()));
    y = sheet.centred(CODE, y + 4.0 * scale, size, &regular(profile.code_label.text.clone()));
    y = sheet.centred(CODE, y, 12.5 * scale, &bold(manifest.code.to_string()));
    y = sheet.centred(CODE, y + 2.0, size, &regular(profile.address_label.text.clone()));
    sheet.centred(CODE, y, size, &regular(statement.verify_base))
}

/// The conversion mark and what a print of the copy is worth, at the foot of the page.
fn footer(sheet: &mut Sheet, statement: &Statement, y: f32, scale: f32) -> f32 {
    let (manifest, profile) = (statement.manifest, statement.profile);
    let size = 9.5 * scale;
    let conversion = profile.conversion.filled(&[
        ("authority", &manifest.authority),
        ("officer", &manifest.officer),
        ("time", &signing_time(manifest.issued_at)),
        ("code", &manifest.code.to_string()),
    ]);
    let start = sheet.marks.len();
    let first = sheet.left(BODY, y + 6.0, size, &regular(conversion));
    let second = regular(profile.signatures.text.clone());
    let bottom = sheet.left(BODY, first + 3.0 * scale, size, &second);
    sheet.marks.push(Mark::Rule { x: BODY.x, y, width: BODY.width });
    let drop = (BOTTOM - bottom).max(0.0);
    for mark in &mut sheet.marks[start..] {
        if let Mark::Text { y, .. } | Mark::Rule { y, .. } = mark {
            *y += drop;
        }
    }
    bottom
}

fn image(png: Option<&[u8]>, name: &'static str) -> Result<Option<Image>, BuildError> {
    let read = |png: &[u8]| Image::from_png(png.to_vec().into(), false);
    png.map(read).transpose().map_err(|reason| BuildError::Image { name, reason })
}

/// Draws an image as large as fits the box, in its middle.
fn draw_image(surface: &mut Surface, image: Option<&Image>, at: (f32, f32), room: (f32, f32)) {
    let Some(image) = image else { return };
    let (width, height) = (image.size().0 as f32, image.size().1 as f32);
    let scale = (room.0 / width).min(room.1 / height);
    let Some(size) = Size::from_wh(width * scale, height * scale) else { return };
    let x = at.0 + (room.0 - size.width()) / 2.0;
    let y = at.1 + (room.1 - size.height()) / 2.0;
    surface.push_transform(&Transform::from_translate(x, y));
    surface.draw_image(image.clone(), size);
    surface.pop();
}
