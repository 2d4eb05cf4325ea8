//! A real browser walks the officer's page and the verification pages, in both languages.

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};

fn wait_for_officer(world: &World) -> Result<Citizen, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    for page in paper::original(4)? {
        world.saned()?.lay(&page.to_ppm())?;
        citizen.scan_page()?;
    }
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
    citizen.touch("card")?;
    citizen.wait_for(&["deciding"])?;
    Ok(citizen)
}

#[tokio::test(flavor = "multi_thread")]
async fn officer_and_verification_pages_work_in_a_browser() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let world =
        tokio::task::spawn_blocking(move || World::started(&at, WorldOptions::default())).await??;
    let citizen = tokio::task::block_in_place(|| wait_for_officer(&world))?;
    let browser = Browser::start(folder.path(), 1366, 900).await?;

    let screens = world.screens()?;
    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    officer_page(&browser).await?;
    let issued = tokio::task::block_in_place(|| citizen.wait_for(&["issued"]))?["issued"].clone();
    let code = issued["code"].as_str().ok_or("no code")?;
    browser.text_with("#result #code", code).await?;

    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text_with("#code", code).await?;
    browser.click("#end").await?;
    browser.text("#start").await?;
    promised_for_later(&browser, &world, &screens).await?;

    tokio::task::block_in_place(|| world.wait_delivered())?;
    let sha256 = issued["sha256"].as_str().ok_or("no digest")?;
    let copy = world.state_dir().join(format!("copies/{sha256}.pdf"));
    let qr = issued["qr"].as_str().ok_or("no QR")?;
    verification_pages(&browser, &world.public_url(), code, &copy, qr).await?;
    browser.close().await
}

/// What an officer sees and does: original, text, findings; a wrong PIN, then the right one.
async fn officer_page(browser: &Browser) -> Result<(), Failure> {
    browser.text_with("#lines", "CỘNG HÒA").await?;
    browser.text_with("#findings", "R1").await?;
    // The picture is put together from the page's layers when it is asked for.
    let shown = "const i = document.querySelector('img[id^=page-], image[id^=page-]'); \
                 return i !== null && (i.naturalWidth === undefined || i.naturalWidth > 1000);";
    let end = std::time::Duration::from_secs(30);
    let waiting = async {
        while browser.run(shown).await? != true {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok::<(), Failure>(())
    };
    tokio::time::timeout(end, waiting).await.map_err(|_| "the original is not shown")??;
    browser.fill("#pin", "000000").await?;
    browser.click("#approve").await?;
    browser.text_with("#error", "PIN").await?;
    browser.fill("#pin", OFFICER_PIN).await?;
    browser.click("#approve").await?;
    Ok(())
}

/// The officer promises the next copy for later; the citizen reads until when.
async fn promised_for_later(
    browser: &Browser,
    world: &World,
    screens: &serde_json::Value,
) -> Result<(), Failure> {
    tokio::task::block_in_place(|| wait_for_officer(world)).map(drop)?;
    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    browser.text_with("#product", "Chứng thực").await?;
    browser.click("#defer").await?;
    browser.text_with("#error", "hẹn").await?;
    browser.choose("#defer-how", "MANY:2").await?;
    browser.click("#defer").await?;
    browser.text_with("#slip-due", "17:00").await?;
    let print = browser.run("return document.querySelector('#slip-print').href").await?;
    assert!(print.as_str().is_some_and(|href| href.ends_with("/api/officer/slip.pdf")), "{print}");
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text_with("#refusal", "17:00").await?;
    browser.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    browser.click("#slip-given").await?;
    browser.text("#empty").await.map(drop)
}

/// What anyone does: by code, by a mistyped code, by the QR's address, by file, by a changed file.
async fn verification_pages(
    browser: &Browser,
    public: &str,
    code: &str,
    copy: &std::path::Path,
    qr: &str,
) -> Result<(), Failure> {
    browser.open(&format!("{public}/?lang=vi")).await?;
    assert_eq!(browser.run("return document.documentElement.lang").await?, "vi");
    browser.fill("#code", code).await?;
    browser.click("form[action='/v'] button").await?;
    browser.text(".banner.good").await?;
    browser.text_with(".facts", code).await?;

    browser.open(&format!("{public}/v/{code}?lang=en")).await?;
    browser.text_with(".facts", code).await?;
    assert_eq!(browser.run("return document.documentElement.lang").await?, "en");

    browser.open(qr).await?;
    browser.text("#qr.good").await?;
    let (address, proof) = qr.split_once('#').ok_or("the QR has no proof")?;
    let forged = proof.replacen(&proof[..1], if proof.starts_with('A') { "B" } else { "A" }, 1);
    // An address that differs in its fragment only would not load the page anew.
    browser.open(public).await?;
    browser.open(&format!("{address}#{forged}")).await?;
    browser.text("#qr.bad").await?;

    let last = if code.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &code[..code.len() - 1]);
    browser.open(&format!("{public}/v/{mistyped}?lang=en")).await?;
    browser.text(".banner.wait").await?;

    browser.open(&format!("{public}/?lang=en")).await?;
    browser.choose_file("#file", copy).await?;
    browser.click("#file-form button").await?;
    browser.text(".banner.good").await?;
    browser.text_with(".facts", code).await?;

    let mut bytes = std::fs::read(copy)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    let folder = tempfile::tempdir()?;
    let changed = folder.path().join("changed.pdf");
    std::fs::write(&changed, bytes)?;
    browser.open(&format!("{public}/?lang=en")).await?;
    browser.choose_file("#file", &changed).await?;
    browser.click("#file-form button").await?;
    browser.text_with(".banner.bad", "chang").await?;
    assert!(browser.run("return document.querySelector('.facts')").await?.is_null());
    Ok(())
}
