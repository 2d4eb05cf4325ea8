//! `kiosk card FILE…`: what is told of drawn cards, and how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::{Failure, binary};
use paper::{CardScan, Issue, Side, Specimen, ZoneFace, card_side};
use serde_json::{Value, json};

fn card(files: &[PathBuf]) -> Result<(Output, Value), Failure> {
    let output = Command::new(binary("kiosk")?).args(["card", "--json"]).args(files).output()?;
    let told = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Ok((output, told))
}

fn drawn(folder: &Path, specimen: &Specimen, side: Side) -> Result<PathBuf, Failure> {
    let scan = CardScan { dpi: 200, degrees: 2.0, page_mm: [92.0, 62.0], ..CardScan::default() };
    let file = folder.join(format!("{side:?}-{}.png", &specimen.zone[0][5..14]));
    std::fs::write(&file, card_side(specimen, side, ZoneFace::OcrB, &scan, 1)?.to_png()?)?;
    Ok(file)
}

#[test]
fn both_sides_are_read_and_consistent_and_every_place_is_told() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    for (issue, fields) in [(Issue::Of2021, 7), (Issue::Of2024, 11)] {
        let specimen = Specimen::new(issue, 11);
        let sides = [Side::Front, Side::Back].map(|side| drawn(folder.path(), &specimen, side));
        let (output, told) = card(&sides.into_iter().collect::<Result<Vec<_>, _>>()?)?;
        assert_eq!(output.status.code(), Some(0), "{told}");
        let payload: Vec<&str> = specimen.payload.split('|').collect();
        assert_eq!(told["qr"]["number"], payload[0]);
        assert_eq!(told["mrz"]["number"], payload[0]);
        assert_eq!(told["qr"]["name"], payload[2]);
        assert_eq!(told["qr"]["extra"], json!(payload[7..]));
        assert_eq!((&told["consistent"], &told["mrz"]["mended"]), (&true.into(), &0.into()));
        assert!(told["age"].as_i64() > Some(10), "{told}");
        let side = usize::from(issue == Issue::Of2024);
        assert_eq!(told["pages"][side]["qr"]["fields"], fields);
        // In front the code tells which way up the card is, where there is one.
        let ways = [&told["pages"][0], &told["pages"][1]].map(|page| page["portraits"].as_array());
        let ways = ways.map(|found| found.map(Vec::len));
        assert_eq!(ways, [Some(1 + side), Some(0)], "{told}");
        let zone = &told["pages"][1]["mrz"];
        assert_eq!(zone["lines"], json!(specimen.zone));
        assert!(zone["checks"].as_object().is_some_and(|checks| checks.len() == 5), "{zone}");
        assert_eq!(zone["line_boxes"].as_array().map(Vec::len), Some(3));
        assert_eq!(String::from_utf8(output.stderr)?, "");
    }
    Ok(())
}

#[test]
fn two_peoples_sides_contradict_and_an_expired_card_only_warns() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let (one, other) = (Specimen::new(Issue::Of2021, 12), Specimen::new(Issue::Of2021, 13));
    let files =
        [drawn(folder.path(), &one, Side::Front)?, drawn(folder.path(), &other, Side::Back)?];
    let (output, told) = card(&files)?;
    assert_eq!((output.status.code(), &told["consistent"]), (Some(1), &false.into()));
    let codes: Vec<&str> = told["warnings"]
        .as_array()
        .ok_or("warnings")?
        .iter()
        .filter(|warning| warning["contradiction"] == true)
        .filter_map(|warning| warning["code"].as_str())
        .collect();
    assert!(codes.contains(&"number_differs"), "{codes:?}");
    // Nothing of either person is in a warning.
    let warnings = told["warnings"].to_string();
    let name = one.payload.split('|').nth(2).ok_or("a name")?;
    assert!(!warnings.contains(name) && !warnings.contains(&one.payload[..12]), "{warnings}");

    let mut expired = Specimen::new(Issue::Of2021, 14);
    expired.zone = [
        "IDVNM1999999991001199999999<<2".into(),
        // The worked example's, expired on 09/09/2024: its 25th birthday.
        "9909092F2409098VNM<<<<<<<<<<<8".into(),
        "NGHIEM<<THI<THU<<<<<<<<<<<<<<<".into(),
    ];
    let (output, told) = card(&[drawn(folder.path(), &expired, Side::Back)?])?;
    assert_eq!((output.status.code(), &told["expired"]), (Some(0), &true.into()), "{told}");
    assert_eq!(told["warnings"][0]["code"], "expired");
    Ok(())
}

#[test]
fn a_false_check_digit_contradicts_and_nothing_at_all_is_told() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut forged = Specimen::new(Issue::Of2021, 15);
    let digit = if forged.zone[1].starts_with('9') { "2" } else { "9" };
    forged.zone[1].replace_range(..1, digit);
    let (output, told) = card(&[drawn(folder.path(), &forged, Side::Back)?])?;
    assert_eq!((output.status.code(), &told["mrz"]), (Some(1), &Value::Null), "{told}");
    assert_eq!(told["warnings"][0]["code"], "zone_check_digits");
    assert_eq!(told["pages"][0]["mrz"]["checks"]["birth"], false);
    assert_eq!(told["pages"][0]["mrz"]["lines"], json!(forged.zone));

    let empty = folder.path().join("empty.png");
    image::GrayImage::from_pixel(800, 600, image::Luma([240])).save(&empty)?;
    let (output, told) = card(&[empty])?;
    assert_eq!((output.status.code(), &told["consistent"]), (Some(1), &false.into()));
    let (output, _) = card(&[folder.path().join("none.png")])?;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(card(&[])?.0.status.code(), Some(2));
    Ok(())
}
