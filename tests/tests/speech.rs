//! The kiosk speaks: in a browser by a touch, with the same words as on the screen.

use e2e::{Browser, Failure, World, WorldOptions};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn who_touches_listen_hears_each_screen_and_each_button() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let screens = world.screens()?;
    let browser = Browser::start(folder.path(), 1080, 1600).await?;
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text("#start").await?;
    assert_eq!(browser.run("return document.documentElement.dataset.spoken || '';").await?, "");

    browser.click("#voice").await?;
    heard(&browser, "Xin chào").await?;
    // The sound arrived, is one, and is played.
    until(&browser, "return player.duration > 1 && player.currentTime > 0;").await?;
    browser.run("at('start').focus();").await?;
    heard(&browser, "Bắt đầu").await?;
    browser.click("#start").await?;
    heard(&browser, "VNeID").await?;
    heard(&browser, "được lưu theo luật").await?;
    browser.click("#agree").await?;
    heard(&browser, "Đặt trang đầu").await?;
    // Then the button on which the person stands.
    heard(&browser, "Quét trang").await?;
    browser.click("#lang-en").await?;
    heard(&browser, "Lay the first page").await?;

    // The next person begins in silence.
    browser.click("#end").await?;
    browser.text("#start").await?;
    until(&browser, "return !('spoken' in document.documentElement.dataset);").await?;
    browser.close().await?;

    let citizen = world.citizen()?;
    let said =
        |text: &str| citizen.0.post("/api/speech", &json!({ "vietnamese": true, "text": text }));
    assert_eq!(said(&"a".repeat(2_000))?.0, 422, "no screen says so much");
    assert_eq!(said(" ")?.0, 422);
    assert_eq!(said("Đã quét: 2 trang")?.0, 200);
    let officer = world.officer()?;
    let refused = officer.0.post("/api/speech", &json!({ "vietnamese": true, "text": "a" }))?;
    assert_eq!(refused.0, 403, "the person's own screen only");
    Ok(())
}

async fn heard(browser: &Browser, words: &str) -> Result<(), Failure> {
    let script =
        format!("return (document.documentElement.dataset.spoken || '').includes({words:?});");
    until(browser, &script).await
}

async fn until(browser: &Browser, script: &str) -> Result<(), Failure> {
    for _ in 0..200 {
        if browser.run(script).await? == true {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let spoken = browser.run("return document.documentElement.dataset.spoken || '';").await?;
    Err(format!("waited for {script}; spoken last: {spoken}").into())
}
