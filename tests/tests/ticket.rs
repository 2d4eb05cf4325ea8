//! The ticket of a visit: the real kiosk issues a copy, and a decoder of ESC/POS that shares
//! nothing with it reads what comes out of the printer.

use std::process::Command;

use counterpart::{Slip, VirtualTicketPrinter};
use drivers_api::{CodeReader, PixelFormat, Raster};
use e2e::{Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// Takes a visit with an identity card to its copy.
fn issue(world: &World, citizen: &Citizen) -> Result<Value, Failure> {
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
    citizen.touch("card")?;
    citizen.wait_for(&["deciding"])?;
    assert_eq!(world.officer()?.case()?["requester"]["name"], "Nghiêm Thị Thử");
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    citizen.wait("the ticket", |view| view["state"] == "issued" && !view["notice"].is_null())
}

/// The payloads of the QR codes on a ticket.
fn codes(slip: &Slip) -> Result<Vec<String>, Failure> {
    let dots = slip.rows.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0));
    let grey: Vec<u8> = dots.map(|black| if black { 0 } else { 255 }).collect();
    let (width, height) = (slip.width as u32, (grey.len() / slip.width) as u32);
    let page = Raster::new(width, height, PixelFormat::Gray8, 203, grey)?;
    Ok(drivers_codes::QrReader::new().read(&page)?)
}

/// The words on a ticket, by Tesseract.
fn words(slip: &Slip) -> Result<String, Failure> {
    let output = Command::new("tesseract")
        .arg(&slip.picture)
        .args(["-", "-l", "vie", "--psm", "4", "--dpi", "203"])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_copy_comes_with_a_ticket_and_a_printer_without_paper_stops_nobody() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let printer_dir = folder.path().join("printer");
    std::fs::create_dir(&printer_dir)?;
    let mut printer = VirtualTicketPrinter::serial(&printer_dir)?;
    let device = printer.node();
    let printers = format!(
        "[ticket]\ndriver = \"serial\"\ndevice = {device:?}\nflow = \"software\"\nsilence_s = 4\n"
    );
    let options = WorldOptions { printers, ..WorldOptions::default() };
    let world = World::started(&folder.path().join("world"), options)?;
    let citizen = world.citizen()?;

    let view = issue(&world, &citizen)?;
    assert!(view["notice"]["en"].as_str().is_some_and(|say| say.contains("take the printed")));
    assert_eq!(world.officer()?.case()?["trouble"], Value::Null);
    let slips = printer.tickets()?;
    let [slip] = slips.as_slice() else { return Err(format!("{} tickets", slips.len()).into()) };
    says_what_it_must(slip, &view["issued"])?;
    names_nobody(slip)?;
    assert!(!printer.log().contains("unknown"), "{}", printer.log());
    citizen.touch("end")?;

    // Without paper the copy is issued all the same, and each hears what concerns them.
    printer.set("out")?;
    let view = issue(&world, &citizen)?;
    assert_eq!(view["issued"]["number"], 2);
    assert!(view["notice"]["vi"].as_str().is_some_and(|say| say.starts_with("Chưa in được phiếu")));
    let trouble = world.officer()?.case()?["trouble"].clone();
    assert!(trouble["cause"].as_str().is_some_and(|cause| cause.contains("no paper")), "{trouble}");
    assert!(trouble["remedy"].as_str().is_some_and(|hint| hint.contains("roll")), "{trouble}");
    citizen.touch("end")?;

    // A new roll: the old ticket does not come out for the next person.
    printer.set("near-end")?;
    let view = issue(&world, &citizen)?;
    let slips = printer.tickets()?;
    assert_eq!(slips.len(), 2);
    says_what_it_must(&slips[1], &view["issued"])?;
    let trouble = world.officer()?.case()?["trouble"].clone();
    assert!(trouble["say"]["en"].as_str().is_some_and(|say| say.contains("comes to its end")));
    Ok(())
}

fn says_what_it_must(slip: &Slip, issued: &Value) -> Result<(), Failure> {
    let url = issued["verify_url"].as_str().ok_or("no address")?;
    assert_eq!(codes(slip)?, [url]);
    let words = words(slip)?;
    let code = issued["code"].as_str().ok_or("no code")?;
    for part in ["Chứng thực bản sao", "Xin giữ phiếu", "Please keep this ticket", "SCT/BS"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    // A reader of letters takes some signs of a code for others or for two; most stand, in order.
    let alike = words.lines().map(|line| signs_in_order(line, code)).max();
    assert!(alike.is_some_and(|alike| alike >= 14), "{code}: {words}");
    Ok(())
}

/// How many signs of a code a line has, in the code's order.
fn signs_in_order(line: &str, code: &str) -> usize {
    let mut best = vec![0; code.len() + 1];
    for sign in line.bytes() {
        let mut before = 0;
        for (at, wanted) in code.bytes().enumerate() {
            let here = best[at + 1];
            best[at + 1] = if sign == wanted { before + 1 } else { here.max(best[at]) };
            before = here;
        }
    }
    best[code.len()]
}

/// Nothing of the card is on the ticket, as a picture or in the bytes.
fn names_nobody(slip: &Slip) -> Result<(), Failure> {
    let (words, bytes) = (words(slip)?, String::from_utf8_lossy(&slip.bytes));
    for part in paper::ID_PAYLOAD.split('|').filter(|part| part.len() > 5) {
        assert!(!words.contains(part) && !bytes.contains(part), "{part}: {words}");
    }
    for part in ["Nghiêm", "Thị Thử"] {
        assert!(!words.contains(part), "{part}: {words}");
    }
    Ok(())
}
