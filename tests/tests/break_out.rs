//! Nobody leaves the kiosk by its screen, and nobody sees what is of another person: keys, touches,
//! addresses, crafted cards and requests from elsewhere are tried on the real kiosk in a browser.

use e2e::{Browser, Failure, OFFICER_PIN, Person, World, WorldOptions};
use fantoccini::key::Key;
use serde_json::{Value, json};

const NAME: &str = "Nghiêm Thị Thử";

/// Keys that make a browser print, save, open, search, zoom, look behind a page, leave it or quit.
fn keys() -> Vec<Vec<char>> {
    let [control, alt, meta, shift] =
        [Key::Control, Key::Alt, Key::Meta, Key::Shift].map(char::from);
    let mut keys: Vec<Vec<char>> = "psofuadhjklegr+-0".chars().map(|k| vec![control, k]).collect();
    keys.extend("ijck".chars().map(|key| vec![control, shift, key]));
    keys.extend([Key::Left, Key::Right, Key::Home].map(|key| vec![alt, key.into()]));
    let alone = [Key::F1, Key::F3, Key::F5, Key::F6, Key::F7, Key::F10, Key::F11, Key::F12];
    keys.extend(alone.map(|key| vec![key.into()]));
    keys.extend([Key::Backspace, Key::Delete, Key::Insert].map(|key| vec![key.into()]));
    keys.extend([vec![meta, 'l'], vec!['/'], vec!['\''], vec!['x']]);
    keys
}

/// What a page would let the browser do by itself, and what leads elsewhere.
const LOOK: &str = "
    const kinds = ['contextmenu', 'dragstart', 'dragover', 'drop', 'auxclick', 'copy', 'cut',
        'paste', 'selectstart', 'beforeinput', 'gesturestart'];
    const let_through = kinds.filter((kind) => document.body.dispatchEvent(
        new Event(kind, { bubbles: true, cancelable: true })));
    const zoom = new WheelEvent('wheel', { ctrlKey: true, bubbles: true, cancelable: true });
    if (document.body.dispatchEvent(zoom)) { let_through.push('wheel'); }
    const doors = 'a, area, form, iframe, object, embed, input, textarea, select, [target], \
        [contenteditable], link[rel=search], [download]';
    return {
        let_through,
        doors: [...document.querySelectorAll(doors)].map((door) => door.outerHTML),
        stored: [localStorage.length, sessionStorage.length, document.cookie],
        address: location.pathname + location.search + location.hash,
    };";

/// Tries everything on the screen as it is.
async fn stays(browser: &Browser, screen: &str) -> Result<(), Failure> {
    let before = browser.run("return document.documentElement.dataset.state;").await?;
    let found = browser.run(LOOK).await?;
    assert_eq!(found["let_through"], json!([]), "{screen}");
    assert_eq!(found["doors"], json!([]), "{screen}");
    assert_eq!(found["stored"], json!([0, 0, ""]), "{screen}: nothing stays in the browser");
    assert_eq!(found["address"], "/", "{screen}: no key in the address");

    browser
        .run(
            "window.through = []; window.addEventListener('keydown', (event) => { \
                const alone = ['Control', 'Alt', 'Meta', 'Shift'].includes(event.key); \
                if (!alone && !event.defaultPrevented) { window.through.push(event.key); } });",
        )
        .await?;
    for combination in keys() {
        browser.press(&combination).await?;
        let through = browser.run("return window.through;").await?;
        assert_eq!(through, json!([]), "{screen}: {combination:?}");
    }
    assert_eq!(browser.windows().await?, 1, "{screen}");
    let after = browser.run("return document.documentElement.dataset.state;").await?;
    assert_eq!(before, after, "{screen}: nothing of this is a touch");
    Ok(())
}

/// Addresses that are not for a citizen's screen.
const ADDRESSES: &[&str] = &[
    "/officer",
    "/officer?key=",
    "/?key=0000",
    "/api/officer/case",
    "/api/officer/events",
    "/api/officer/pages/1.jpg",
    "/api/officer/slip.pdf",
    "/technician",
    "/technician?key=",
    "/api/technician/hello",
    "/api/technician/status",
    "/assets/../Cargo.toml",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/assets/officer.html",
    "/etc/passwd",
    "//example.org/",
    "/copies",
    "/.git/config",
];

fn other_addresses(person: &Person) -> Result<(), Failure> {
    for address in ADDRESSES {
        let status = person.status(address)?;
        assert!([403, 404].contains(&status), "{address}: {status}");
    }
    for wish in ["decide", "certify", "print", "../officer/decide", "", "start/x"] {
        let (status, _) = person.post(&format!("/api/visit/{wish}"), &json!({}))?;
        assert!([403, 404, 405].contains(&status), "{wish}: {status}");
    }
    let decide = json!({ "visit": "x", "officer": "ha", "pin": OFFICER_PIN, "verdict": "approve" });
    assert_eq!(person.post("/api/officer/decide", &decide)?.0, 403);
    assert_eq!(person.post("/api/technician/selftest", &json!({}))?.0, 403);
    let long = json!({ "copies": 1, "more": "x".repeat(3_000_000) });
    // The kiosk may hang up in the middle of it.
    if let Ok((status, _)) = person.post("/api/visit/start", &long) {
        assert!([413, 422].contains(&status), "{status}");
    }
    assert_eq!(person.get("/api/visit")?["state"], "idle");
    Ok(())
}

/// What the citizen's page and its answers hold of a person.
fn names_nobody(page: &Value, what: &str) {
    let page = page.to_string();
    for part in paper::ID_PAYLOAD.split('|').filter(|part| part.len() > 5).chain([NAME]) {
        assert!(!page.contains(part), "{what} says {part}");
    }
}

const TEXT: &str = "return document.documentElement.outerHTML;";

#[tokio::test(flavor = "multi_thread")]
async fn no_key_touch_address_or_card_leads_out_of_the_kiosk_or_to_another_person()
-> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let screens = world.screens()?;
    let citizen = world.citizen()?;
    let browser = Browser::start(folder.path(), 1080, 1920).await?;
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text("html[data-state=idle] #say").await?;
    stays(&browser, "idle").await?;
    tokio::task::block_in_place(|| other_addresses(&citizen.0))?;

    browser.click("#start").await?;
    browser.text_with("#before", "VNeID").await?;
    stays(&browser, "before the start").await?;
    browser.click("#agree").await?;
    tokio::task::block_in_place(|| -> Result<(), Failure> {
        citizen.wait_for(&["collecting"])?;
        world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
        citizen.scan_page().map(drop)
    })?;
    browser.text_with("#count", "1").await?;
    stays(&browser, "collecting").await?;
    browser.click("#pages-done").await?;
    browser.text("html[data-state=awaiting_card] #say").await?;
    stays(&browser, "the card").await?;
    tokio::task::block_in_place(|| -> Result<(), Failure> {
        world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
        citizen.touch("card")?;
        citizen.wait_for(&["deciding"])?;
        assert_eq!(world.officer()?.case()?["requester"]["name"], NAME);
        Ok(())
    })?;
    browser.text("html[data-state=deciding] #say").await?;
    stays(&browser, "the officer looks").await?;
    names_nobody(&browser.run(TEXT).await?, "the citizen's page");
    let code = tokio::task::block_in_place(|| -> Result<String, Failure> {
        names_nobody(&citizen.view()?, "the citizen's view");
        let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
        assert_eq!(status, 200, "{answer}");
        let view = citizen.wait_for(&["issued"])?;
        Ok(view["issued"]["code"].as_str().ok_or("no code")?.to_owned())
    })?;
    browser.text_with("#code", &code).await?;
    stays(&browser, "issued").await?;

    next_person(&browser, &screens, &code).await?;
    tokio::task::block_in_place(|| crafted_card(&world))?;
    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    browser.text_with("#findings", "R1").await?;
    assert!(browser.run("return window.broken === undefined;").await? == true);
    assert_eq!(
        browser
            .run("return document.querySelectorAll('script[src=x], img[src=x]').length;")
            .await?,
        0
    );
    browser.close().await
}

/// The next person finds nothing of the one before, going back included.
async fn next_person(browser: &Browser, screens: &Value, code: &str) -> Result<(), Failure> {
    browser.click("#end").await?;
    browser.text("html[data-state=idle] #say").await?;
    browser.run("history.back();").await?;
    browser.run("history.forward();").await?;
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text("html[data-state=idle] #say").await?;
    let page = browser.run(TEXT).await?;
    names_nobody(&page, "the next person's page");
    assert!(!page.to_string().contains(code), "the code of the one before");
    stays(browser, "idle again").await?;
    Ok(())
}

/// A card whose code holds markup, brought before the officer.
fn crafted_card(world: &World) -> Result<(), Failure> {
    let citizen = world.citizen()?;
    let name = "<img src=x onerror=window.broken=1><script>window.broken=1</script>";
    let payload = format!("001185012345|123456789|{name}|02031985|Nữ|javascript:alert(1)|12072021");
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(&payload)?.to_ppm())?;
    citizen.touch("card")?;
    let view = citizen.wait_for(&["deciding", "awaiting_card"])?;
    if view["state"] == "awaiting_card" {
        citizen.touch("card-skip")?;
        citizen.wait_for(&["deciding"])?;
    }
    Ok(())
}
