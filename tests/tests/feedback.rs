//! What people say of the service at the end of a visit: one answer each, which names nobody.

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::{Value, json};

fn to_the_officer(world: &World, citizen: &Citizen) -> Result<(), Failure> {
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()
}

fn listed(world: &World) -> Result<Value, Failure> {
    let mut command = world.kiosk_command(&["feedback", "--json", "--state"])?;
    let output = command.arg(world.state_dir()).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn people_say_how_it_was_once_and_the_day_adds_up() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let citizen = world.citizen()?;
    let browser = Browser::start(folder.path(), 1080, 1600).await?;
    browser.open(world.screens()?["citizen"].as_str().unwrap_or_default()).await?;
    tokio::task::block_in_place(|| {
        to_the_officer(&world, &citizen)?;
        assert_eq!(world.officer()?.approve("ha", OFFICER_PIN)?.0, 200);
        citizen.wait_for(&["issued"]).map(drop)
    })?;
    browser.text_with("#feedback-ask", "phục vụ thế nào").await?;
    browser.click("[data-rating=good]").await?;
    browser.text_with("#notice", "góp ý").await?;
    let asked = "return document.getElementById('feedback').hidden;";
    assert_eq!(browser.run(asked).await?, true, "one answer");
    browser.click("#end").await?;

    let visit = tokio::task::block_in_place(|| -> Result<String, Failure> {
        to_the_officer(&world, &citizen)?;
        assert_eq!(world.officer()?.refuse("ha", OFFICER_PIN, "R2")?.0, 200);
        let view = citizen.wait_for(&["refused"])?;
        Ok(view["visit"].as_str().unwrap_or_default().to_owned())
    })?;
    browser.click("[data-rating=poor]").await?;
    browser.text_with("#feedback-ask", "chưa được").await?;
    browser.click("[data-complaint=wait]").await?;
    browser.text_with("#notice", "góp ý").await?;
    browser.close().await?;

    tokio::task::block_in_place(|| {
        let again = json!({ "rating": "good" });
        assert_eq!(citizen.0.post("/api/visit/feedback", &again)?.0, 200, "it changes nothing");
        let odd = json!({ "rating": "good", "name": "Nguyễn Văn A" });
        assert_eq!(citizen.0.post("/api/visit/feedback", &odd)?.0, 422);
        let told = listed(&world)?;
        let day = &told["days"][0];
        assert_eq!(day["ratings"], json!({ "good": 1, "poor": 1 }), "{told}");
        assert_eq!(day["complaints"], json!({ "wait": 1 }));
        names_nobody(&world, &visit)
    })
}

/// An answer on record leads back to no visit.
fn names_nobody(world: &World, visit: &str) -> Result<(), Failure> {
    let mut all = String::new();
    for segment in std::fs::read_dir(world.state_dir().join("journal"))? {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(segment?.path())?));
    }
    let lines: Vec<_> =
        all.split("{\"v\":").filter(|line| line.contains("feedback_given")).collect();
    assert_eq!(lines.len(), 2);
    assert!(!visit.is_empty() && lines.iter().all(|line| !line.contains(visit)), "{lines:?}");
    Ok(())
}
