//! The card's code before a barcode reader at a serial line: the visit takes it as from the glass,
//! whatever else comes down the line, and goes on without a reader.

use std::path::Path;

use counterpart::BarcodeLine;
use e2e::{Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// A world whose barcode reader is the line.
fn world(folder: &Path, line: &BarcodeLine) -> Result<World, Failure> {
    let sheet = folder.join("sheet.ppm");
    std::fs::write(&sheet, paper::original(5)?.swap_remove(0).to_ppm())?;
    let device = line.node();
    let options = WorldOptions {
        sim_sheets: Some(vec![sheet.clone(), sheet]),
        cabinet: format!("[barcode]\ndriver = \"serial\"\ndevice = {device:?}\n"),
        ..WorldOptions::default()
    };
    World::started(&folder.join("world"), options)
}

/// Takes a visit to the card, once the screen has told whether a reader is there.
fn to_the_card(citizen: &Citizen, reader: bool) -> Result<Value, Failure> {
    citizen.start()?;
    citizen.scan_page()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    asks_for(citizen, reader)
}

fn asks_for(citizen: &Citizen, reader: bool) -> Result<Value, Failure> {
    citizen.wait("the reader in the words", |view| {
        view["state"] == "awaiting_card" && holds(&view["say"]["vi"], "đầu đọc mã") == reader
    })
}

fn holds(value: &Value, words: &str) -> bool {
    value.as_str().is_some_and(|text| text.contains(words))
}

/// What the self-test says of the reader.
fn finding(world: &World) -> Result<Value, Failure> {
    let mut command = world.kiosk_command(&["selftest", "barcode-reader", "--json", "--config"])?;
    let report: Value = serde_json::from_slice(&command.arg(world.site_file()).output()?.stdout)?;
    Ok(report["findings"][0].clone())
}

/// Nothing of the card is in the logs, in the journal but for the name, or on the citizen's screen.
fn names_nobody(world: &World, view: &Value) -> Result<(), Failure> {
    let number = paper::ID_PAYLOAD.split('|').next().unwrap_or_default();
    assert!(!view.to_string().contains(number));
    for entry in std::fs::read_dir(world.dir())? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "log") {
            let log = std::fs::read_to_string(&path)?;
            assert!(!log.contains(number) && !log.contains("Nghiêm"), "{log}");
        }
    }
    for entry in std::fs::read_dir(world.state_dir().join("journal"))? {
        let records = std::fs::read(entry?.path())?;
        assert!(!String::from_utf8_lossy(&records).contains(number));
    }
    Ok(())
}

#[test]
fn a_card_is_read_before_the_reader_after_garbage_a_pulled_plug_and_a_code_of_before()
-> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut line = BarcodeLine::new(folder.path())?;
    let world = world(folder.path(), &line)?;
    let citizen = world.citizen()?;
    let card = format!("{}\r", paper::ID_PAYLOAD);
    // Nobody waits for a card yet: it is not that of the visit to come.
    line.send(card.as_bytes())?;
    to_the_card(&citizen, true)?;
    assert_eq!(finding(&world)?["verdict"], "ok");

    line.send(b"001199999999|\xff\x00|Nghi\r")?;
    let garbled = |view: &Value| holds(&view["notice"]["en"], "could not read an ID card's code");
    citizen.wait("word of the garbage", garbled)?;
    line.unplug()?;
    asks_for(&citizen, false)?;
    let gone = finding(&world)?;
    assert_eq!(gone["id"], "barcode-reader-missing", "{gone}");
    line.plug()?;
    asks_for(&citizen, true)?;
    line.send(b"https://example.org/not-a-card\r\n")?;
    line.send(card.as_bytes())?;
    let view = citizen.wait_for(&["deciding"])?;
    let case = world.officer()?.case()?;
    assert_eq!(case["requester"]["name"], "Nghiêm Thị Thử", "{case}");
    assert_eq!(case["trouble"], Value::Null, "{case}");
    names_nobody(&world, &view)?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    citizen.wait_for(&["issued"])?;
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;

    // The next person has no card, and the last one's is gone; without a reader nothing is asked of
    // it.
    line.unplug()?;
    to_the_card(&citizen, false)?;
    citizen.touch("card-skip")?;
    let view = citizen.wait_for(&["deciding"])?;
    assert_eq!(world.officer()?.case()?["requester"], Value::Null);
    names_nobody(&world, &view)
}
