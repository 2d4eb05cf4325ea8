//! The print of a copy: the real kiosk issues, and Debian's `ippeveprinter` says what came out.

use std::time::Duration;

use counterpart::IppEvePrinter;
use e2e::{Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Takes a visit without a card to its copy, for two prints.
fn issue(world: &World, citizen: &Citizen) -> Result<(), Failure> {
    citizen.start_for(2)?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    Ok(())
}

fn prints(citizen: &Citizen, word: &str) -> Result<Value, Failure> {
    citizen.wait(word, |view| view["issued"]["prints"] == word)
}

#[test]
fn the_very_bytes_come_out_and_a_printer_without_paper_takes_nothing_back() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let printer_dir = folder.path().join("printer");
    std::fs::create_dir(&printer_dir)?;
    let printer = IppEvePrinter::start(&printer_dir)?;
    let uri = printer.uri();
    let printers = format!("[printer]\ndriver = \"ipp\"\nuri = {uri:?}\nstopped_s = 2\n");
    let options = WorldOptions { printers, ..WorldOptions::default() };
    let world = World::started(&folder.path().join("world"), options)?;
    let citizen = world.citizen()?;

    issue(&world, &citizen)?;
    let view = prints(&citizen, "out")?;
    assert!(view["notice"]["en"].as_str().is_some_and(|say| say.contains("printed copy")));
    let out = printer.printed()?;
    let [(pdf, 2)] = out.as_slice() else { return Err(format!("{} jobs", out.len()).into()) };
    let digest = format!("{:x}", Sha256::digest(pdf));
    assert_eq!(view["issued"]["sha256"], digest, "the sealed bytes, unchanged");
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;

    // Without paper: nobody walks away while it may still come out, then both are told.
    printer.set("media-empty")?;
    issue(&world, &citizen)?;
    prints(&citizen, "going")?;
    citizen.touch("end")?;
    let view = prints(&citizen, "failed")?;
    assert_eq!((&view["state"], &view["issued"]["number"]), (&json!("issued"), &json!(2)));
    assert!(view["notice"]["vi"].as_str().is_some_and(|say| say.contains("Chưa in được bản sao")));
    let trouble = world.officer()?.case()?["trouble"].clone();
    assert!(trouble["cause"].as_str().is_some_and(|cause| cause.contains("PaperOut")), "{trouble}");

    // Paper is in, but nothing comes out unasked.
    printer.set("well")?;
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(printer.printed()?.len(), 1);
    citizen.touch("print-again")?;
    let view = prints(&citizen, "out")?;
    let out = printer.printed()?;
    assert_eq!(out.len(), 2);
    assert_eq!(view["issued"]["sha256"], format!("{:x}", Sha256::digest(&out[1].0)));
    assert_eq!(world.officer()?.case()?["trouble"], Value::Null);
    for name in ["Nghiêm", "HN01-K03"] {
        assert!(!printer.log().contains(name), "jobs bear no name");
    }
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;
    Ok(())
}
