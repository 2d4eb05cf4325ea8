//! The fee of a copy: the person's banking application reads the code from the screen, the officer
//! takes the payment down, the person sees it, and the accountant finds it after a restart.

use drivers_api::{CodeReader, PixelFormat, Raster};
use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::{Value, json};

/// A visit of one page to its copy; what its screen says of it.
fn issue(world: &World, citizen: &Citizen) -> Result<Value, Failure> {
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    Ok(citizen.wait_for(&["issued"])?["issued"].clone())
}

/// What a telephone sees on the screen.
async fn codes(browser: &Browser) -> Result<Vec<String>, Failure> {
    let picture = image::load_from_memory(&browser.screenshot().await?)?.to_luma8();
    let (width, height) = picture.dimensions();
    let page = Raster::new(width, height, PixelFormat::Gray8, 96, picture.into_raw())?;
    Ok(drivers_codes::QrReader::new().read(&page)?)
}

/// The fees as the accountant lists them, and whether none is due.
fn listed(world: &World) -> Result<(Value, bool), Failure> {
    let mut command = world.kiosk_command(&["book", "fees", "--json", "--state"])?;
    let output = command.arg(world.state_dir()).output()?;
    Ok((serde_json::from_slice(&output.stdout)?, output.status.success()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_is_asked_for_by_code_and_taken_by_an_officers_word() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let mut world = tokio::task::spawn_blocking(start).await??;
    let screens = world.screens()?;
    let citizen = world.citizen()?;
    let issued = tokio::task::block_in_place(|| issue(&world, &citizen))?;
    assert_eq!((&issued["payment"], &issued["fee_vnd"]), (&json!("due"), &json!(2000)));

    let browser = Browser::start(folder.path(), 1080, 2063).await?;
    browser.open(screens["citizen"].as_str().unwrap_or_default()).await?;
    browser.text_with("#fee", "nộp cho cán bộ").await?;
    assert_eq!(codes(&browser).await?, [issued["qr"].as_str().unwrap_or_default()]);
    browser.click("#pay").await?;
    let purpose = browser.text_with("#pay-purpose", "CT BS").await?;
    assert_eq!(browser.text("#pay-account").await?, "1500201000001, UBND phường Thử Nghiệm");
    let seen = codes(&browser).await?;
    let [code] = seen.as_slice() else { return Err(format!("{} codes", seen.len()).into()) };
    assert!(code.starts_with("00020101021238570010A0000007270127000697040501131500201000001"));
    for field in ["53037045404200058", "5922UBND PHUONG THU NGHIEM", purpose.as_str()] {
        assert!(code.contains(field), "{field} in {code}");
    }
    assert!(purpose.ends_with(" 000001"), "{purpose}");

    // The officer takes it down in the page; the person's screen says so by itself.
    let profile = folder.path().join("desk");
    std::fs::create_dir(&profile)?;
    let desk = Browser::start(&profile, 1280, 800).await?;
    desk.open_signed_in(screens["officer"].as_str().unwrap_or_default(), OFFICER_PIN).await?;
    desk.text_with("#fees-sum", "Còn thiếu 2.000").await?;
    desk.click("#fee-take-1").await?;
    desk.text_with("#fees-error", "hình thức").await?;
    desk.choose("#fee-how-1", "transfer").await?;
    desk.fill("#fee-reference-1", "FT26327001234").await?;
    desk.click("#fee-take-1").await?;
    desk.text_with("#fees-list", "Đã thu: Chuyển khoản").await?;
    browser.text_with("#notice", "đã thu phí").await?;
    browser.text_with("#fee", "đã thu").await?;
    assert_eq!(codes(&browser).await?, [issued["qr"].as_str().unwrap_or_default()]);
    desk.close().await?;
    browser.close().await?;

    tokio::task::block_in_place(|| books_tell(&mut world, &citizen))
}

/// What is on record of this and another copy, also after a restart.
fn books_tell(world: &mut World, citizen: &Citizen) -> Result<(), Failure> {
    let settle = |world: &World, body: Value| -> Result<u16, Failure> {
        Ok(world.officer()?.0.post("/api/officer/fees", &body)?.0)
    };
    let cash = |sequence: u64| json!({ "sequence": sequence, "taken": "cash" });
    assert_eq!(settle(world, cash(1))?, 409, "it was taken");
    assert_eq!(settle(world, cash(2))?, 409, "no such copy");
    let personal = json!({ "sequence": 1, "taken": null, "reference": "Nguyễn Văn A" });
    assert_eq!(settle(world, personal)?, 422, "a number, no name");
    let visitor = world.visitor()?.0.get("/api/officer/fees");
    assert!(visitor.is_err(), "nobody is signed in: {visitor:?}");
    let (told, settled) = listed(world)?;
    assert!(settled, "{told}");
    assert_eq!(told["taken_vnd"], json!({ "transfer": 2000 }));
    assert_eq!(told["fees"][0]["taken"]["reference"], "FT26327001234");
    assert_eq!(told["fees"][0]["taken"]["officer"], "ha");

    citizen.touch("end")?;
    issue(world, citizen)?;
    world.kill_kiosk();
    world.start_kiosk()?;
    let (told, settled) = listed(world)?;
    assert_eq!((&told["due_vnd"], settled), (&json!(2000), false), "{told}");
    assert_eq!(settle(world, json!({ "sequence": 1, "taken": null }))?, 204);
    assert_eq!(settle(world, cash(2))?, 204);
    let day: Value = world.officer()?.0.get("/api/officer/fees")?;
    let taken: Vec<_> = [0, 1].map(|at| day["copies"][at]["taken"].clone()).into();
    assert_eq!(taken, [Value::Null, json!("cash")], "{day}");
    let other: Value = world.officer()?.0.get("/api/officer/fees?day=2026-01-01")?;
    assert_eq!((&other["copies"], &other["due_elsewhere"]), (&json!([]), &json!(1)));
    Ok(())
}
