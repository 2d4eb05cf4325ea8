//! An officer asks for a page once more in a real browser; the person hears which and why, lays it,
//! and the case comes back with the new picture in the old one's place.

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

fn to_the_officer(world: &World) -> Result<Citizen, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    for page in paper::original(4)? {
        world.saned()?.lay(&page.to_ppm())?;
        citizen.scan_page()?;
    }
    citizen.hand_in()?;
    Ok(citizen)
}

/// The pictures of the case's pages, in their order.
fn pictures(world: &World) -> Result<Vec<Vec<u8>>, Failure> {
    let officer = world.officer()?;
    let case = officer.case()?;
    let pages = case["pages"].as_array().ok_or("no pages")?;
    pages
        .iter()
        .map(|page| officer.0.bytes(&format!("/api/officer/pages/{}.jpg", page["id"])))
        .collect()
}

async fn spoken(browser: &Browser, words: &str) -> Result<(), Failure> {
    let mut last = Value::Null;
    for _ in 0..600 {
        last = browser.run("return document.documentElement.dataset.spoken || '';").await?;
        if last.as_str().is_some_and(|said| said.contains(words)) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(format!("never heard {words:?}; last: {last}").into())
}

fn journal(world: &World) -> Result<String, Failure> {
    let mut all = String::new();
    for segment in std::fs::read_dir(world.state_dir().join("journal"))? {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(segment?.path())?));
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_asked_for_again_and_the_case_comes_back() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let screens = world.screens()?;
    let citizen = tokio::task::block_in_place(|| to_the_officer(&world))?;
    let before = tokio::task::block_in_place(|| pictures(&world))?;
    assert_eq!(before.len(), 2);
    let browser = Browser::start(folder.path(), 1280, 800).await?;

    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    browser.text_with("#findings", "R1").await?;
    browser.click("#rescan").await?;
    browser.text_with("#error", "quét lại").await?;
    browser.choose("#rescan-why", "CUT_OFF").await?;
    let second = "return document.getElementById('rescan-pages').options[2].value;";
    let second = browser.run(second).await?;
    browser.choose("#rescan-pages", second.as_str().unwrap_or_default()).await?;
    browser.click("#rescan").await?;
    browser.text_with("#rescan-what", "Trang 2").await?;

    // The person's screen says which page and what to do otherwise, to the eye and to the ear.
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text_with("html[data-state=awaiting_rescan] #refusal", "sát góc kính").await?;
    browser.click("#voice").await?;
    spoken(&browser, "Trang 2").await?;
    browser.click("#lang-en").await?;
    browser.text_with("#refusal", "Page 2").await?;
    let other = paper::original(5)?.swap_remove(1);
    tokio::task::block_in_place(|| world.saned()?.lay(&other.to_ppm()).map_err(Failure::from))?;
    browser.click("#scan").await?;
    browser.text("html[data-state=deciding] #say").await?;

    let after = tokio::task::block_in_place(|| pictures(&world))?;
    assert_eq!(after.len(), 2, "a page takes the place of a page");
    assert!(after[0] == before[0] && after[1] != before[1]);
    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    browser.text_with("#findings", "R1").await?;
    let (status, answer) =
        tokio::task::block_in_place(|| world.officer()?.approve("ha", OFFICER_PIN))?;
    assert_eq!(status, 200, "{answer}");
    tokio::task::block_in_place(|| citizen.wait_for(&["issued"]))?;
    let journal = journal(&world)?;
    let asked = journal.find("\"rescan_asked\"").ok_or("not on record")?;
    let asked = journal[asked..].lines().next().unwrap_or_default();
    assert!(asked.contains("CUT_OFF") && asked.contains("\"pages\":[2]"), "{asked}");
    browser.close().await
}

#[test]
fn the_officer_can_go_on_without_the_page_and_ask_for_one_that_is_missing() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    let citizen = to_the_officer(&world)?;
    let officer = world.officer()?;
    assert_eq!(officer.rescan("nobody", "BLURRED", &[])?.0, 403);
    assert_eq!(officer.rescan("ha", "UGLY", &[])?.0, 422);
    let before = pictures(&world)?;
    assert_eq!(officer.rescan("ha", "BLURRED", &[])?.0, 200);
    assert_eq!(officer.approve("ha", OFFICER_PIN)?.0, 409, "the case is not with the officer");
    assert_eq!(officer.0.post("/api/officer/rescan-withdrawn", &serde_json::json!({}))?.0, 200);
    citizen.wait_for(&["deciding"])?;
    assert!(pictures(&world)? == before, "the pages are those of before");

    assert_eq!(officer.rescan("ha", "MISSING", &[])?.0, 200);
    let view = citizen.wait_for(&["awaiting_rescan"])?;
    assert!(view["rescan"]["vi"].as_str().is_some_and(|vi| vi.contains("thiếu")), "{view}");
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.touch("scan")?;
    citizen.wait_for(&["deciding"])?;
    assert_eq!(pictures(&world)?.len(), 3);
    assert_eq!(officer.rescan("ha", "BLURRED", &[])?.0, 200);
    officer.0.post("/api/officer/rescan-withdrawn", &serde_json::json!({}))?;
    citizen.wait_for(&["deciding"])?;
    assert_eq!(officer.case()?["rescans"].as_array().map(Vec::len), Some(0), "often enough");
    Ok(())
}
