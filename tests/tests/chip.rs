//! The chip of the identity card: in a visit, and in the technician's hands.

use std::path::Path;
use std::process::{Command, Output};

use counterpart::CardReaders;
use e2e::{Citizen, Failure, OFFICER_PIN, World, WorldOptions, binary};
use serde_json::Value;

/// What is personal of the card in the reader.
const PERSONAL: [&str; 5] = ["NGHIEM", "Nghiêm", "001199999999", "1999-09-09", "Cửa Nam"];

/// Takes a visit from its start to the officer.
fn to_the_officer(world: &World, citizen: &Citizen) -> Result<Value, Failure> {
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
    citizen.touch("card")?;
    citizen.wait_for(&["deciding"])?;
    world.officer()?.case()
}

fn holds(value: &Value, words: &str) -> bool {
    value.as_str().is_some_and(|text| text.contains(words))
}

#[test]
fn a_chip_reaches_officer_and_record_and_its_lack_stops_nobody() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let options = WorldOptions { card_reader: true, ..WorldOptions::default() };
    let mut world = World::new(&folder.path().join("world"), options)?;
    let card = world.card_readers()?.insert(&[])?;
    world.start_registry()?;
    world.start_kiosk()?;
    let citizen = world.citizen()?;
    let case = to_the_officer(&world, &citizen)?;
    assert!(holds(&case["chip"]["en"], "Genuine chip"), "{}", case["chip"]);
    assert!(holds(&case["chip"]["vi"], "Chip thật"), "{}", case["chip"]);
    assert_eq!(case["requester"]["warnings"].as_array().map(Vec::len), Some(0), "{case}");
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    citizen.wait_for(&["issued"])?;

    drop(card);
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;
    let case = to_the_officer(&world, &citizen)?;
    assert!(holds(&case["chip"]["en"], "Chip not read: no card"), "{}", case["chip"]);
    assert_eq!(case["requester"]["name"], "Nghiêm Thị Thử", "the code was read all the same");

    let mut records = String::new();
    for entry in std::fs::read_dir(world.state_dir().join("journal"))? {
        records += &String::from_utf8_lossy(&std::fs::read(entry?.path())?);
    }
    for outcome in ["genuine", "not_read_no_card"] {
        assert!(records.contains(&format!("\"outcome\":\"{outcome}\"")), "{outcome}");
    }
    for entry in std::fs::read_dir(world.dir())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read_to_string(&path)?;
            let told = PERSONAL.iter().find(|secret| text.contains(*secret));
            assert_eq!(told, None, "in {}", path.display());
        }
    }
    Ok(())
}

/// `kiosk card read` at a reader.
fn read(readers: &CardReaders, args: &[&str], trust: Option<&Path>) -> Result<Output, Failure> {
    let mut command = Command::new(binary("kiosk")?);
    command.args(["card", "read", "--reader", "Virtual", "--json"]).args(args);
    command.envs([readers.environment()]);
    if let Some(trust) = trust {
        command.arg("--trust").arg(trust);
    }
    Ok(command.output()?)
}

fn said(output: &Output) -> Result<Value, Failure> {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).map_err(|error| format!("{error}: {output:?}").into())
}

#[test]
fn a_technician_is_told_what_the_chip_is_and_nothing_personal_unasked() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let readers = CardReaders::start(folder.path())?;
    let can = ["--can", "001199999999"];
    let none = read(&readers, &[can[0], can[1], "--wait-s", "1"], None)?;
    assert_eq!(
        (none.status.code(), &said(&none)?["outcome"]),
        (Some(1), &"not_read_no_card".into())
    );

    let card = readers.insert(&[])?;
    let trust = card.trust();
    let genuine = read(&readers, &can, Some(&trust))?;
    let told = said(&genuine)?;
    assert_eq!((genuine.status.code(), &told["outcome"]), (Some(0), &"genuine".into()), "{told}");
    assert_eq!(
        (&told["opened"], &told["portrait"]["kind"]),
        (&"PaceCan".into(), &"jpeg2000".into())
    );
    assert!(told["portrait"]["pixels"].is_array(), "the portrait is decoded: {told}");
    let text = told.to_string();
    assert_eq!(PERSONAL.iter().find(|secret| text.contains(*secret)), None, "{text}");

    let unknown = read(&readers, &[can[0], can[1], "--show"], None)?;
    let told = said(&unknown)?;
    assert_eq!((unknown.status.code(), &told["outcome"]), (Some(3), &"issuer_unknown".into()));
    assert_eq!(told["holder"]["full_name"], "Nghiêm Thị Thử");

    let by_dates = ["--number", "001199999999", "--born", "1999-09-09", "--expires", "2039-09-08"];
    let refused = read(&readers, &by_dates, Some(&trust))?;
    let told = said(&refused)?;
    assert_eq!(
        (refused.status.code(), &told["outcome"]),
        (Some(1), &"not_read_key_refused".into())
    );
    let misuse = read(&readers, &[], None)?;
    assert_eq!(misuse.status.code(), Some(2));

    drop(card);
    // The reader looks now and then; nobody changes cards between two looks.
    let gone = || -> Result<bool, Failure> {
        let look = read(&readers, &[can[0], can[1], "--wait-s", "1"], None)?;
        Ok(said(&look)?["outcome"] == "not_read_no_card")
    };
    let mut looks = 0..10;
    while !gone()? {
        looks.next().ok_or("the reader still sees the card")?;
    }
    let copy = readers.insert(&["--clone"])?;
    let suspected = read(&readers, &can, Some(&copy.trust()))?;
    let told = said(&suspected)?;
    assert_eq!((suspected.status.code(), &told["outcome"]), (Some(3), &"suspected_copied".into()));
    Ok(())
}

#[test]
fn the_code_on_an_image_of_a_card_is_told() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("card.png");
    std::fs::write(&file, paper::id_card(paper::ID_PAYLOAD)?.to_png()?)?;
    let mut command = Command::new(binary("kiosk")?);
    let output =
        command.env("OMP_THREAD_LIMIT", "1").args(["card", "--json"]).arg(&file).output()?;
    let told = said(&output)?;
    assert_eq!((output.status.code(), &told["qr"]["number"]), (Some(0), &"001199999999".into()));
    assert_eq!((&told["mrz"], &told["mrz_error"]), (&Value::Null, &Value::Null));
    assert_eq!(told["findings"].as_array().map(Vec::len), Some(0));
    Ok(())
}
