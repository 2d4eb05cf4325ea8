//! An officer corrects what the reader took a paper for: the rules are looked at again, and journal
//! and copy tell what a person set.

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use paper::{Document, Look};
use serde_json::{Value, json};

fn to_the_officer(world: &World) -> Result<Citizen, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    let page = paper::draw(Document::PrivateContract, &Look::default(), 3)?.swap_remove(0);
    world.saned()?.lay(&page.to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    Ok(citizen)
}

/// What the copy says of itself.
fn manifest(world: &World, issued: &Value) -> Result<Value, Failure> {
    let copy = world
        .state_dir()
        .join("copies")
        .join(format!("{}.pdf", issued["sha256"].as_str().ok_or("no digest")?));
    let mut command = world.kiosk_command(&["verify", "--json", "--roots"])?;
    let output = command.arg(world.root_pem()).arg(copy).output()?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(told["valid"], true, "{told}");
    Ok(told["manifest"].clone())
}

fn corrections(world: &World) -> Result<Vec<String>, Failure> {
    let mut all = String::new();
    for segment in std::fs::read_dir(world.state_dir().join("journal"))? {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(segment?.path())?));
    }
    let lines = all.split("{\"v\":").filter(|line| line.contains("\"corrected\""));
    Ok(lines.map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_officers_kind_goes_before_the_readers_and_both_are_told_apart() -> Result<(), Failure>
{
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let screens = world.screens()?;
    let citizen = tokio::task::block_in_place(|| to_the_officer(&world))?;
    let browser = Browser::start(folder.path(), 1280, 800).await?;

    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    browser.text_with("#kind", "Hợp đồng").await?;
    browser.text_with("#findings", "do cá nhân lập").await?;
    browser.fill("#title", "Giấy ghi nợ lập tay").await?;
    browser.choose("#kind-choice", "decision").await?;
    browser.click("#kind-set").await?;
    browser.text_with("#kind", "Quyết định").await?;
    browser.text_with("#kind-read", "Hợp đồng").await?;
    browser.text_with("#findings", "Không thấy dấu đỏ").await?;
    let title = "return document.getElementById('title').value;";
    assert_eq!(browser.run(title).await?, "Giấy ghi nợ lập tay", "the officer's own words stay");
    browser.fill("#requester", "Nghiêm Thị Thử").await?;
    browser.fill("#pin", OFFICER_PIN).await?;
    browser.click("#approve").await?;
    let issued = tokio::task::block_in_place(|| citizen.wait_for(&["issued"]))?["issued"].clone();

    let manifest = tokio::task::block_in_place(|| manifest(&world, &issued))?;
    assert_eq!(manifest["kind"], "Quyết định", "{manifest}");
    assert_eq!(manifest["corrected"], json!(["kind", "title"]), "{manifest}");
    let set = corrections(&world)?;
    assert_eq!(set.len(), 1, "{set:?}");
    let kind = "{\"kind\":{\"read\":\"contract\",\"set\":\"decision\"}}";
    assert!(set[0].contains(kind) && set[0].contains("\"title\",\"requester\""), "{set:?}");
    assert!(!set[0].contains("Nghiêm"), "the row alone has the name");
    browser.close().await
}

#[test]
fn what_is_as_it_was_read_is_no_correction() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    let citizen = to_the_officer(&world)?;
    let officer = world.officer()?;
    let visit = officer.case()?["visit"].clone();
    let set = |kind: &str| -> Result<u16, Failure> {
        Ok(officer.0.post("/api/officer/kind", &json!({ "visit": visit, "kind": kind }))?.0)
    };
    assert_eq!(set("no such kind")?, 422);
    assert_eq!((set("birth")?, set("contract")?), (200, 200));
    let case = officer.case()?;
    assert_eq!((&case["kind_set"], &case["kind"]["id"]), (&Value::Null, &"contract".into()));
    assert_eq!(officer.approve("ha", OFFICER_PIN)?.0, 200);
    let issued = citizen.wait_for(&["issued"])?["issued"].clone();
    assert_eq!(manifest(&world, &issued)?.get("corrected"), None);
    assert_eq!(set("birth")?, 409, "the case is over");
    let set = corrections(&world)?;
    assert!(set.len() == 1 && !set[0].contains("kind\":"), "only the name was typed: {set:?}");
    Ok(())
}
