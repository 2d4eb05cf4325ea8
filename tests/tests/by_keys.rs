//! A whole visit with a keypad and by ear: the screen is never read, only what the kiosk says, and
//! only keys are pressed. Then an officer decides with a keyboard alone.

use e2e::{Browser, Failure, OFFICER_PIN, World, WorldOptions};
use fantoccini::key::Key;

/// Most things that one goes through to find a button.
const BUTTONS_MAX: usize = 14;

async fn spoken(browser: &Browser) -> Result<String, Failure> {
    let said = browser.run("return document.documentElement.dataset.spoken || '';").await?;
    Ok(said.as_str().unwrap_or_default().to_owned())
}

/// Waits until the kiosk says something with these words.
async fn hear(browser: &Browser, words: &str) -> Result<(), Failure> {
    let mut last = String::new();
    for _ in 0..1200 {
        last = spoken(browser).await?;
        if last.contains(words) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(format!("never heard {words:?}; last: {last:?}").into())
}

/// Goes from button to button until the kiosk says this one's name, and presses it.
async fn press(browser: &Browser, name: &str) -> Result<(), Failure> {
    let mut heard = vec![];
    for _ in 0..BUTTONS_MAX {
        let said = spoken(browser).await?;
        if said == name {
            return browser.press(&[Key::Enter.into()]).await;
        }
        browser.press(&[Key::Down.into()]).await?;
        // The name of where one stands now breaks off what was said before.
        for _ in 0..40 {
            if spoken(browser).await? != said {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        heard.push(said);
    }
    Err(format!("no button is called {name:?}: {heard:?}").into())
}

/// Goes on by Tab to the element with this id; a person sees where they are.
async fn tab_to(browser: &Browser, id: &str) -> Result<(), Failure> {
    for _ in 0..60 {
        browser.press(&[Key::Tab.into()]).await?;
        if browser.run("return document.activeElement.id;").await? == id {
            return Ok(());
        }
    }
    Err(format!("Tab never comes to {id}").into())
}

/// Keys as a person types them.
async fn enter(browser: &Browser, text: &str) -> Result<(), Failure> {
    for key in text.chars() {
        browser.press(&[key]).await?;
    }
    browser.press(&[Key::Enter.into()]).await
}

fn lay(world: &World, sheet: &paper::Sheet) -> Result<(), Failure> {
    tokio::task::block_in_place(|| Ok(world.saned()?.lay(&sheet.to_ppm())?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_done_by_keys_and_by_ear_alone() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let screens = world.screens()?;
    let browser = Browser::start(folder.path(), 1080, 1920).await?;
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text("html[data-state=idle] #say").await?;

    // The key that turns the voice on is the last above the way's steps.
    tab_to(&browser, "voice").await?;
    browser.press(&[Key::Enter.into()]).await?;
    hear(&browser, "Xin chào").await?;
    press(&browser, "Thêm một bản").await?;
    press(&browser, "Bắt đầu").await?;
    hear(&browser, "VNeID").await?;
    press(&browser, "Tôi đã có trên VNeID").await?;
    hear(&browser, "Xin hỏi họ trước").await?;
    press(&browser, "Đồng ý, bắt đầu").await?;
    hear(&browser, "Đặt trang đầu").await?;
    let papers = paper::original(4)?;
    for (sheet, said) in papers.iter().zip(["Đã quét: 1 trang", "Đã quét: 2 trang"]) {
        lay(&world, sheet)?;
        press(&browser, "Quét trang").await?;
        hear(&browser, said).await?;
    }
    press(&browser, "Đã đủ trang").await?;
    hear(&browser, "thẻ căn cước").await?;
    lay(&world, &paper::id_card(paper::ID_PAYLOAD)?)?;
    press(&browser, "Quét thẻ").await?;
    hear(&browser, "Cán bộ").await?;

    officer_decides(&browser, &screens).await?;

    // Back before the citizen's screen, which begins anew in silence.
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text("html[data-state=issued] #say").await?;
    tab_to(&browser, "voice").await?;
    browser.press(&[Key::Enter.into()]).await?;
    hear(&browser, "Xong rồi").await?;
    let issued = tokio::task::block_in_place(|| world.citizen()?.view())?["issued"].clone();
    let code = issued["code"].as_str().ok_or("no code")?;
    let signs = code.split("").filter(|sign| !sign.is_empty()).collect::<Vec<_>>().join(" ");
    hear(&browser, &signs).await?;
    press(&browser, "Xong").await?;
    browser.text("html[data-state=idle] #say").await?;
    assert_eq!(issued["number"], 1);
    browser.close().await
}

/// A wrong PIN, then the right one, by Tab and Enter.
async fn officer_decides(browser: &Browser, screens: &serde_json::Value) -> Result<(), Failure> {
    browser.open(screens["officer"].as_str().unwrap_or_default()).await?;
    browser.text("html[data-signed=out] #sign-in").await?;
    if browser.run("return document.activeElement.id;").await? != "sign-in-pin" {
        tab_to(browser, "sign-in-pin").await?;
    }
    enter(browser, OFFICER_PIN).await?;
    browser.text_with("#findings", "R1").await?;
    tab_to(browser, "pin").await?;
    enter(browser, "000000").await?;
    browser.text_with("#error", "PIN").await?;
    if browser.run("return document.activeElement.id;").await? != "pin" {
        tab_to(browser, "pin").await?;
    }
    browser.run("document.getElementById('pin').select();").await?;
    enter(browser, OFFICER_PIN).await?;
    browser.text_with("#result #code", "-").await.map(drop)
}
