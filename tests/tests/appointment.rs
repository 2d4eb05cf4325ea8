//! An officer promises a copy for later: a slip, a record, no number, no pictures kept.

use std::process::Command;

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};
use paper::{Document, Look};
use serde_json::Value;

/// The name that the simulated officer enters.
const REQUESTER: &str = "Nghiêm Thị Thử";

fn to_the_officer(world: &World) -> Result<e2e::Citizen, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    let page = paper::draw(Document::Decision, &Look::default(), 3)?.swap_remove(0);
    world.saned()?.lay(&page.to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    Ok(citizen)
}

#[test]
fn a_copy_is_promised_for_later_with_a_slip_and_made_in_another_visit() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    let citizen = to_the_officer(&world)?;
    let officer = world.officer()?;
    let case = officer.case()?;
    assert_eq!(case["product"]["vi"], "Chứng thực bản sao từ bản chính");
    let codes: Vec<_> = case["deferrals"].as_array().into_iter().flatten().collect();
    assert!(codes.iter().any(|choice| choice["code"] == "MANY" && choice["days"] == 2), "{case}");
    let page = format!("/api/officer/pages/{}.jpg", case["pages"][0]["id"]);
    assert!(officer.0.bytes(&page)?.starts_with(&[0xff, 0xd8]), "the page is on the desk");

    let (status, answer) = officer.defer("ha", "MANY", Some(3))?;
    assert_eq!((status, &answer["id"]), (422, &"no_appointment".into()), "{answer}");
    assert_eq!(officer.case()?["state"], "deciding", "nothing is lost");
    let (status, answer) = officer.defer("ha", "MANY", Some(1))?;
    assert_eq!(status, 200, "{answer}");
    let appointment = &answer["deferred"];

    let view = citizen.wait_for(&["deferred"])?;
    assert_eq!(view["appointment"]["due"], appointment["due"]);
    assert!(!view.to_string().contains(REQUESTER), "the citizen's screen names nobody");
    assert!(officer.0.bytes(&page)?.is_empty(), "the pages are wiped at once");
    the_slip_says_when(folder.path(), &officer.0.bytes("/api/officer/slip.pdf")?, appointment)?;
    citizen.touch("end")?;
    assert_eq!(citizen.view()?["state"], "deferred", "a touch does not take the slip away");
    officer.slip_given()?;
    citizen.wait_for(&["idle"])?;
    assert!(officer.0.bytes("/api/officer/slip.pdf")?.is_empty(), "the slip is wiped");
    on_record(&world, appointment)?;

    let citizen = to_the_officer(&world)?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!((status, &answer["issued"]["number"]), (200, &1.into()), "no number was used up");
    citizen.wait_for(&["issued"]).map(drop)
}

/// What the requester takes home, as poppler and qpdf read it.
fn the_slip_says_when(
    folder: &std::path::Path,
    pdf: &[u8],
    appointment: &Value,
) -> Result<(), Failure> {
    let path = folder.join("slip.pdf");
    std::fs::write(&path, pdf)?;
    let checked = Command::new("qpdf").arg("--check").arg(&path).output()?;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let text = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output()?;
    let text = String::from_utf8(text.stdout)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let due = appointment["due"].as_str().ok_or("no time")?;
    let [year, month, day] = [&due[..4], &due[5..7], &due[8..10]];
    let wanted = [
        "PHIẾU HẸN TRẢ KẾT QUẢ".to_owned(),
        format!("Số: {}", appointment["slip"].as_str().ok_or("no number")?),
        format!("17 giờ 00, ngày {day} tháng {month} năm {year}"),
        REQUESTER.to_owned(),
        "01 trang; 01 bản sao".into(),
    ];
    for wanted in wanted {
        assert!(text.contains(&wanted), "{wanted:?} is not in {text}");
    }
    Ok(())
}

/// The journal knows what was promised, and not to whom.
fn on_record(world: &World, appointment: &Value) -> Result<(), Failure> {
    let state = world.state_dir();
    let mut command = world.kiosk_command(&["book", "appointments", "--json", "--state"])?;
    let output = command.arg(&state).output()?;
    let listed: Value = serde_json::from_slice(&output.stdout)?;
    let found = &listed["appointments"];
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&found[0]["slip"], &found[0]["code"]), (&appointment["slip"], &"MANY".into()));
    for segment in std::fs::read_dir(state.join("journal"))? {
        let text = String::from_utf8_lossy(&std::fs::read(segment?.path())?).into_owned();
        assert!(!text.contains(REQUESTER), "the journal names the requester of no copy");
    }
    let copies = std::fs::read_dir(state.join("copies"))?.count();
    assert_eq!(copies, 0, "no copy came of the visit");
    Ok(())
}
