//! The face in a visit: consent, the camera, the chip's portrait, the officer's page, the record.
//!
//! The kiosk is the real one with the installed models; before its camera stands a drawn person
//! who reads the kiosk's screen and does what it says.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use e2e::{Browser, Citizen, Failure, World, WorldOptions, workspace};
use faces::{Actor, Asked, Kind, Picture, Portrait, Scene};
use models::face::{FaceModels, Search};
use serde_json::Value;

fn photo() -> Result<image::RgbImage, Failure> {
    Ok(image::open(workspace().join("target/faces/astronaut.png"))?.into_rgb8())
}

/// The person of the photograph, who can be drawn.
fn actor() -> Result<Actor, Failure> {
    let target = workspace().join("target");
    let models = FaceModels::open(&target.join("models"), &target.join("litert/libLiteRt.so"))?;
    let photo = photo()?;
    let (width, height) = photo.dimensions();
    let rgb = photo.into_raw();
    let format = drivers_api::PixelFormat::Rgb8;
    let raster = drivers_api::Raster::new(width, height, format, 0, rgb.clone())?;
    let face = models.engine()?.look(&raster, Search::Frame)?.ok_or("no face in the photograph")?;
    let picture = Picture { width: width as usize, height: height as usize, rgb };
    let marks = face.landmarks;
    let eyes = marks.eyes();
    Ok(Actor::new(Portrait { picture, points: marks.points, depths: marks.depths, eyes }))
}

/// What stands before the camera while it is open: a new scene for each time it is switched on.
type Next = Arc<Mutex<Option<(Kind, u64)>>>;

/// Serves frames to the kiosk's camera; the person looks at the screen before each.
fn stand_before(socket: &Path, actor: Actor, citizen: Citizen, next: Next) -> Result<(), Failure> {
    let listener = UnixListener::bind(socket)?;
    std::thread::spawn(move || -> Result<(), Failure> {
        for camera in listener.incoming() {
            let mut camera = camera?;
            let (kind, seed) =
                next.lock().unwrap_or_else(PoisonError::into_inner).ok_or("nobody there")?;
            let mut scene = Scene::new(&actor, kind, seed);
            let mut before = Value::Null;
            while camera.read_exact(&mut [0]).is_ok() {
                let told = citizen.view()?["face"]["say"]["en"].clone();
                if told != before {
                    before = told.clone();
                    let told = told.as_str().unwrap_or_default();
                    for (words, asked) in [
                        ("YOUR LEFT", Asked::Left),
                        ("YOUR RIGHT", Asked::Right),
                        ("bring your face closer", Asked::Closer),
                    ] {
                        if told.contains(words) {
                            scene.ask(asked);
                        }
                    }
                }
                let frame = scene.frame();
                let size = [frame.width as u32, frame.height as u32].map(u32::to_le_bytes).concat();
                if camera.write_all(&[size, frame.rgb].concat()).is_err() {
                    break;
                }
            }
        }
        Ok(())
    });
    Ok(())
}

/// Takes a visit to the question whether the face may be compared.
fn to_the_camera(world: &World, citizen: &Citizen) -> Result<(), Failure> {
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
    citizen.touch("card")?;
    let view = citizen.wait_for(&["awaiting_face", "deciding"])?;
    if view["state"] != "awaiting_face" {
        return Err(format!("not asked: {}", world.officer()?.case()?["face"]).into());
    }
    Ok(())
}

fn face_of(world: &World) -> Result<(String, Value), Failure> {
    let case = world.officer()?.case()?;
    let words = case["face"]["en"].as_str().unwrap_or_default().to_owned();
    Ok((words, case["face_scores"].clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_compared_with_the_chip_by_consent_and_a_photograph_is_not_taken_for_them()
-> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let browser = Browser::start(folder.path(), 1080, 1600).await?;
    let (at, page) = (folder.path(), &browser);
    tokio::task::block_in_place(|| visits(at, page, &tokio::runtime::Handle::current()))?;
    browser.close().await
}

/// What the person sees on the kiosk's own page while the camera is on.
async fn mirror(browser: &Browser) -> Result<(), Failure> {
    browser.text_with("#say", "so khuôn mặt").await?;
    browser.click("#face").await?;
    browser.text_with("#say", "nhìn").await?;
    let seen = "const i = document.querySelector('#face-picture'); \
                return i.naturalWidth === 240 && !document.querySelector('#mirror').hidden;";
    for _ in 0..200 {
        if browser.run(seen).await? == true {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err("the person does not see themselves".into())
}

/// One visit after the other.
fn visits(at: &Path, browser: &Browser, run: &tokio::runtime::Handle) -> Result<(), Failure> {
    let socket = at.join("camera");
    let options =
        WorldOptions { card_reader: true, camera: Some(socket.clone()), ..WorldOptions::default() };
    let mut world = World::new(&at.join("world"), options)?;
    let portrait = at.join("portrait.png");
    image::imageops::crop_imm(&photo()?, 120, 0, 195, 260).to_image().save(&portrait)?;
    let photo = portrait.to_string_lossy().into_owned();
    let card = world.card_readers()?.insert(&["--photo", &photo])?;
    world.start_registry()?;
    world.start_kiosk()?;
    let citizen = world.citizen()?;

    // Without a camera nobody is asked.
    let asked = to_the_camera(&world, &citizen).map(drop);
    assert!(asked.is_err_and(|e| e.to_string().contains("the camera does not work")));
    citizen.touch("end")?;

    let next: Next = Arc::new(Mutex::new(Some((Kind::Person, 7))));
    stand_before(&socket, actor()?, citizen.clone(), Arc::clone(&next))?;
    to_the_camera(&world, &citizen)?;
    let screens = world.screens()?;
    run.block_on(browser.open(screens["citizen"].as_str().unwrap_or_default()))?;
    run.block_on(mirror(browser))?;
    let view = citizen.wait("the camera", |view| view["face"]["steps"] == 3)?;
    assert_eq!(view["state"], "identifying");
    let picture = first_picture(&citizen)?;
    assert_eq!(image::load_from_memory(&picture)?.width(), 240, "half of the camera's");
    citizen.wait_for(&["deciding", "awaiting_face"])?;
    let (words, scores) = face_of(&world)?;
    assert!(words.contains("like the chip's portrait"), "{words} {scores}");
    assert!(scores["score"].as_u64() > scores["threshold"].as_u64(), "{scores}");
    assert_eq!(citizen.0.get("/api/visit")?["face"], Value::Null, "the camera is off");
    citizen.touch("end")?;

    // A print is told from a person, as often as it is tried; the officer decides all the same.
    *next.lock().unwrap_or_else(PoisonError::into_inner) = Some((Kind::Print, 3));
    to_the_camera(&world, &citizen)?;
    citizen.touch("face")?;
    let view = citizen.wait_for(&["awaiting_face", "deciding"])?;
    assert_eq!(view["state"], "awaiting_face", "a second try is offered");
    assert!(view["notice"]["vi"].is_string(), "with advice");
    citizen.touch("face-skip")?;
    citizen.wait_for(&["deciding"])?;
    let (words, scores) = face_of(&world)?;
    assert!(words.contains("not sure that a living person"), "{words} {scores}");
    citizen.touch("end")?;

    // Who declines goes straight on.
    to_the_camera(&world, &citizen)?;
    citizen.touch("face-skip")?;
    citizen.wait_for(&["deciding"])?;
    assert!(face_of(&world)?.0.contains("chose that the officer compares"));
    drop(card);
    on_record(&world)
}

/// The first image of the stream that the person sees as a mirror.
fn first_picture(citizen: &Citizen) -> Result<Vec<u8>, Failure> {
    let mut stream = citizen.0.stream("/api/face.mjpeg")?;
    let mut bytes = vec![];
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk)?;
        bytes.extend(&chunk[..read]);
        let find = |marker: [u8; 2]| bytes.windows(2).position(|pair| pair == marker);
        if let (Some(from), Some(to)) = (find([0xff, 0xd8]), find([0xff, 0xd9])) {
            return Ok(bytes[from..to + 2].to_vec());
        }
        if read == 0 || bytes.len() > 1_000_000 {
            return Err("no picture in the stream".into());
        }
    }
}

/// Consent and outcome are in the journal, and nothing that describes a face.
fn on_record(world: &World) -> Result<(), Failure> {
    let mut records = String::new();
    for entry in std::fs::read_dir(world.state_dir().join("journal"))? {
        records += &String::from_utf8_lossy(&std::fs::read(entry?.path())?);
    }
    for told in [
        "\"purpose\":\"face\",\"given\":true",
        "\"purpose\":\"face\",\"given\":false",
        "\"outcome\":\"match\"",
        "\"model\":\"face-embedder",
    ] {
        assert!(records.contains(told), "{told}");
    }
    let looked = records.matches("not_live\"").count();
    assert_eq!(looked, 1, "one try with the print");
    Ok(())
}
