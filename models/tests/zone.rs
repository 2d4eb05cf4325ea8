//! The reader of zones and the finder of portraits on drawn cards: every turn, several typefaces,
//! small and worn, and what is no card.

use drivers_api::{PixelFormat, Raster};
use formats_vn::mrz::MrzError;
use models::{Quad, ZoneReading, printed_portraits, read_zone};
use paper::{CardScan, Issue, Side, Specimen, ZoneFace, card_side};

fn scan(specimen: &Specimen, side: Side, face: ZoneFace, scan: &CardScan, seed: u64) -> Raster {
    let sheet = card_side(specimen, side, face, scan, seed).expect("drawn");
    Raster::new(sheet.width, sheet.height, PixelFormat::Rgb8, scan.dpi, sheet.rgb).expect("a shape")
}

fn read(image: &Raster) -> Option<ZoneReading> {
    read_zone(image, time::macros::date!(2026 - 11 - 23))
}

/// Whether the middle of a place is where there is dark ink near.
fn on_ink(image: &Raster, quad: &Quad) -> bool {
    let [x, y] = [0, 1].map(|i| quad.iter().map(|corner| corner[i]).sum::<f32>() / 4.0);
    let near = (-14..14).flat_map(|dy| (-14..14).map(move |dx| (x as i32 + dx, y as i32 + dy)));
    near.into_iter().any(|(x, y)| {
        let at = y as usize * image.width() as usize + x as usize;
        image.data()[at * 3 + 1] < 120
    })
}

#[test]
fn the_zone_is_read_at_every_turn_small_dim_blurred_and_in_a_typeface_never_seen() {
    let plain = CardScan { dpi: 200, ..CardScan::default() };
    let square = [104.0, 104.0];
    let rows = [
        (ZoneFace::OcrB, CardScan { degrees: -5.0, ..plain.clone() }),
        (ZoneFace::DejaVu, CardScan { degrees: 92.0, page_mm: square, ..plain.clone() }),
        (ZoneFace::Liberation, CardScan { degrees: 181.0, ..plain.clone() }),
        (ZoneFace::OcrB, CardScan { degrees: 41.0, page_mm: square, ..plain.clone() }),
        (ZoneFace::DejaVu, CardScan { degrees: 207.0, page_mm: square, ..plain.clone() }),
        (ZoneFace::OcrB, CardScan { degrees: 268.0, page_mm: square, behind: 30, ..plain.clone() }),
        (ZoneFace::Nimbus, CardScan { dpi: 150, ..plain.clone() }),
        (ZoneFace::OcrB, CardScan { light: 0.4, noise: 12, ..plain.clone() }),
        (ZoneFace::Liberation, CardScan { blur_mm: 0.15, ..plain.clone() }),
    ];
    for (seed, (face, look)) in rows.into_iter().enumerate() {
        let specimen = Specimen::new(Issue::Of2021, seed as u64);
        let image = scan(&specimen, Side::Back, face, &look, seed as u64);
        let reading = read(&image).unwrap_or_else(|| panic!("no zone: {face:?} {look:?}"));
        let zone = reading.zone.as_ref().unwrap_or_else(|e| panic!("{e}: {face:?} {look:?}"));
        assert_eq!(zone.text(), specimen.zone.concat(), "{face:?} {look:?}");
        assert!(reading.lines.iter().all(|line| on_ink(&image, line)), "{:?}", reading.lines);
        // The top of the zone is where its reader says, whichever way up it lies.
        let way = reading.quad();
        let along = (way[1][1] - way[0][1]).atan2(way[1][0] - way[0][0]).to_degrees();
        let off = (along - look.degrees + 540.0).rem_euclid(360.0) - 180.0;
        assert!(off.abs() < 2.0, "{along} for {}", look.degrees);
    }
}

#[test]
fn a_forged_digit_is_read_as_it_stands_and_does_not_hold() {
    let mut specimen = Specimen::new(Issue::Of2021, 5);
    let digit = if specimen.zone[1].starts_with('9') { "2" } else { "9" };
    specimen.zone[1].replace_range(..1, digit);
    let look = CardScan { dpi: 200, ..CardScan::default() };
    let image = scan(&specimen, Side::Back, ZoneFace::OcrB, &look, 5);
    let reading = read(&image).expect("a zone");
    assert!(matches!(reading.zone, Err(MrzError::Check(_))), "{:?}", reading.zone);
    assert_eq!(formats_vn::mrz::likeliest(&reading.seen), specimen.zone);
    assert!(reading.confidence > 0.9, "{reading:?}");
}

#[test]
fn a_front_a_page_of_text_and_nothing_have_no_zone() {
    let specimen = Specimen::new(Issue::Of2021, 9);
    let look = CardScan { dpi: 200, ..CardScan::default() };
    assert!(read(&scan(&specimen, Side::Front, ZoneFace::OcrB, &look, 9)).is_none());
    let page = paper::original(3).expect("drawn").swap_remove(0);
    let page = Raster::new(page.width, page.height, PixelFormat::Rgb8, 300, page.rgb);
    assert!(read(&page.expect("a shape")).is_none());
    for (width, height) in [(1, 1), (250, 250), (3, 900)] {
        let empty =
            Raster::new(width, height, PixelFormat::Gray8, 0, vec![9; (width * height) as usize]);
        assert!(read(&empty.expect("a shape")).is_none());
    }
}

#[test]
fn the_portrait_is_cut_out_of_a_scan_whichever_way_the_card_lies() {
    for (degrees, behind) in [(0.0, 250), (4.0, 250), (93.0, 30), (184.0, 250), (271.0, 250)] {
        let look =
            CardScan { dpi: 150, degrees, behind, page_mm: [104.0, 104.0], ..CardScan::default() };
        let specimen = Specimen::new(Issue::Of2024, 3);
        let image = scan(&specimen, Side::Front, ZoneFace::OcrB, &look, 3);
        let found = printed_portraits(&image, None, None);
        assert_eq!(found.len(), 2, "either way up: {degrees}");
        let hits = found.iter().filter(|portrait| is_portrait(&portrait.image)).count();
        assert_eq!(hits, 1, "{degrees}: {:?}", found.iter().map(|f| f.quad).collect::<Vec<_>>());
        // A quad around the card's zone says that this is a back.
        let all = [[0.0, 0.0], [600.0, 0.0], [600.0, 600.0], [0.0, 600.0]];
        assert!(printed_portraits(&image, None, Some(&all)).is_empty());
    }
}

/// Whether the drawn figure is where a portrait's is: a face above a dark chest.
fn is_portrait(image: &Raster) -> bool {
    let at = |x: f32, y: f32| {
        let (x, y) = ((x * image.width() as f32) as usize, (y * image.height() as f32) as usize);
        let pixel = &image.data()[(y * image.width() as usize + x) * 3..][..3];
        [pixel[0], pixel[1], pixel[2]]
    };
    // In millimetres of the card the cut begins at (1, 13) and is 28 by 37 wide and high.
    let face = at((14.0 - 1.0) / 28.0, (28.0 - 13.0) / 37.0);
    let chest = at((14.0 - 1.0) / 28.0, (41.0 - 13.0) / 37.0);
    face[0] > face[2].saturating_add(30) && chest.iter().all(|level| *level < 120)
}

#[test]
fn a_code_tells_which_way_up_the_card_is() {
    let look = CardScan { dpi: 150, degrees: 180.0, ..CardScan::default() };
    let specimen = Specimen::new(Issue::Of2021, 4);
    let image = scan(&specimen, Side::Front, ZoneFace::OcrB, &look, 4);
    // Upside down, the code reads from the right to the left.
    let code = [[200.0, 380.0], [110.0, 380.0], [110.0, 290.0], [200.0, 290.0]];
    let found = printed_portraits(&image, Some(&code), None);
    assert_eq!(found.len(), 1);
    assert!(is_portrait(&found[0].image));
}
