//! The person sees the pages as they lie, takes the last one back, and hears how long officers
//! take; nobody sees them afterwards.

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

fn scan(world: &World, citizen: &Citizen, page: usize) -> Result<(), Failure> {
    world.saned()?.lay(&paper::original(4)?[page].to_ppm())?;
    citizen.scan_page()?;
    let read = |view: &Value| {
        let sheets = view["sheets"].as_array();
        sheets.is_some_and(|all| all.iter().all(|sheet| sheet["read"] == true))
    };
    citizen.wait("all pages read", read).map(drop)
}

/// A visit of one page to its copy.
fn issue(world: &World, citizen: &Citizen) -> Result<(), Failure> {
    citizen.start()?;
    scan(world, citizen, 0)?;
    citizen.hand_in()?;
    assert_eq!(world.officer()?.approve("ha", OFFICER_PIN)?.0, 200);
    citizen.wait_for(&["issued"])?;
    citizen.touch("end").map(drop)
}

/// How many pictures of pages the browser shows, each with something in it.
async fn pictures(browser: &Browser, wanted: u64) -> Result<(), Failure> {
    let shown = "return Array.from(document.querySelectorAll('#sheets img')) \
                 .filter((picture) => picture.naturalWidth > 100).length;";
    for _ in 0..600 {
        if browser.run(shown).await? == wanted {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(format!("never {wanted} pictures").into())
}

/// Whether the kiosk shows the person this page.
fn shown(citizen: &Citizen, page: u32) -> Result<bool, Failure> {
    Ok(citizen.0.bytes(&format!("/api/visit/pages/{page}.jpg"))?.starts_with(&[0xFF, 0xD8]))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_seen_by_who_laid_them_until_the_officer_has_them() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let citizen = world.citizen()?;
    let browser = Browser::start(folder.path(), 1080, 1600).await?;
    browser.open(world.screens()?["citizen"].as_str().unwrap_or_default()).await?;

    tokio::task::block_in_place(|| {
        citizen.start()?;
        scan(&world, &citizen, 0)?;
        scan(&world, &citizen, 1)
    })?;
    pictures(&browser, 2).await?;
    browser.click("#drop-page").await?;
    browser.text_with("#notice", "Đã bỏ trang").await?;
    pictures(&browser, 1).await?;
    tokio::task::block_in_place(|| {
        assert!(shown(&citizen, 1)?);
        assert!(!shown(&citizen, 2)?, "it was taken back");
        scan(&world, &citizen, 1)
    })?;
    pictures(&browser, 2).await?;
    browser.click("#pages-done").await?;
    browser.text_with("#read-as", "Quyết định").await?;
    pictures(&browser, 2).await?;
    browser.click("#card-skip").await?;
    browser.text("html[data-state=deciding] #say").await?;
    pictures(&browser, 0).await?;
    let said = browser.text("#doing").await?;
    assert_eq!(said, "Đang chờ cán bộ", "nothing is known of how long it takes");

    tokio::task::block_in_place(|| {
        assert!(!shown(&citizen, 1)?, "the officer has them");
        let case = world.officer()?.case()?;
        assert_eq!(case["pages"].as_array().map(Vec::len), Some(2), "without the one taken back");
        assert_eq!(world.officer()?.approve("ha", OFFICER_PIN)?.0, 200);
        citizen.wait_for(&["issued"])?;
        citizen.touch("end")?;
        issue(&world, &citizen)?;
        issue(&world, &citizen)?;
        citizen.start()?;
        assert!(!shown(&citizen, 1)?, "another visit");
        scan(&world, &citizen, 0)?;
        citizen.hand_in()
    })?;
    browser.text_with("#doing", "Thường mất khoảng").await?;
    browser.close().await
}
