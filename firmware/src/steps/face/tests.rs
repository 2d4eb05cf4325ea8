//! The face step before drawn people and pictures, with the installed models.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use drivers_api::{Camera, Fault, PixelFormat, Raster};
use drivers_sim::{SimCamera, Step};
use faces::{Actor, Asked, FRAME_MS, Kind, Picture, Portrait, Scene};
use models::face::{FaceModels, Search};

use super::*;
use crate::engine::lock;
use crate::random::SystemRandom;
use crate::visit::{FaceResult, Say};

const INTERVAL: Duration = Duration::from_millis(FRAME_MS);

fn target(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(place)
}

fn photo() -> Picture {
    let path = target("faces/astronaut.png");
    let photo = image::open(&path).expect("`make setup` installs the photograph").into_rgb8();
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    Picture { width, height, rgb: photo.into_raw() }
}

fn raster(picture: Picture) -> Raster {
    let (width, height) = (picture.width as u32, picture.height as u32);
    Raster::new(width, height, PixelFormat::Rgb8, 0, picture.rgb).expect("pixels")
}

fn installed() -> &'static (FaceModels, Actor) {
    static INSTALLED: OnceLock<(FaceModels, Actor)> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let models = FaceModels::open(&target("models"), &target("litert/libLiteRt.so"));
        let models = models.expect("`make setup` installs the face models");
        let picture = photo();
        let mut engine = models.engine().expect("networks");
        let face = engine.look(&raster(picture.clone()), Search::Frame).expect("networks run");
        let marks = face.expect("a face").landmarks;
        let eyes = marks.eyes();
        let (points, depths) = (marks.points, marks.depths);
        (models, Actor::new(Portrait { picture, points, depths, eyes }))
    })
}

fn station(camera: SimCamera) -> FaceStation {
    let models = installed().0.clone();
    let tuning = FaceTuning { fmr: 1e-3 };
    FaceStation::new(Box::new(camera), "camera", models, tuning).expect("networks")
}

/// A station before someone who does what the screen says, and what the screen said.
fn before(kind: Kind, seed: u64) -> (Arc<FaceStation>, Arc<Mutex<Vec<Say>>>) {
    type Shown = Option<tokio::sync::watch::Receiver<Guide>>;
    let guide: Arc<Mutex<Shown>> = Arc::default();
    let said: Arc<Mutex<Vec<Say>>> = Arc::default();
    let mut scene = Scene::new(&installed().1, kind, seed);
    let (shown, heard) = (Arc::clone(&guide), Arc::clone(&said));
    let camera = SimCamera::before(
        move || {
            let now = lock(&shown).as_ref().and_then(|guide| guide.borrow().say);
            let mut heard = lock(&heard);
            if let Some(say) = now.filter(|say| heard.last() != Some(say)) {
                heard.push(say);
                match say {
                    Say::FaceTurnLeft => scene.ask(Asked::Left),
                    Say::FaceTurnRight => scene.ask(Asked::Right),
                    Say::FaceCloser => scene.ask(Asked::Closer),
                    _ => {}
                }
            }
            Step::Give(raster(scene.frame()))
        },
        INTERVAL,
    );
    let station = Arc::new(station(camera));
    *lock(&guide) = Some(station.guide());
    (station, said)
}

fn of_chip() -> Portraits {
    Portraits { chip: Some(raster(photo())), printed: vec![] }
}

fn compare(station: &FaceStation, portraits: Portraits) -> FaceFinding {
    station.compare(portraits, false, &SystemRandom, &|| true)
}

fn result(finding: &FaceFinding) -> FaceResult {
    match finding.outcome {
        FaceOutcome::Compared(result) => result,
        FaceOutcome::NotCompared(gap) => panic!("{gap:?}"),
    }
}

#[test]
fn a_person_who_follows_the_screen_matches_their_portrait() {
    let (station, said) = before(Kind::Person, 7);
    let found = compare(&station, of_chip());
    let result = result(&found);
    assert_eq!(found.outcome.code(), "match", "{found:?}");
    assert!(result.score > result.threshold && result.liveness >= 500, "{result:?}");
    assert!(result.frames >= 3 && found.reasons.is_empty());
    assert!(found.model.is_some_and(|model| model.starts_with("face-embedder")));
    let said = lock(&said).clone();
    for step in [Say::FaceTurnLeft, Say::FaceTurnRight, Say::FaceCloser, Say::FaceStill] {
        assert!(said.contains(&step), "{step:?} in {said:?}");
    }
    // The camera is off: nothing of the person is left on the screen.
    let guide = station.guide().borrow().clone();
    assert!(guide.picture.is_none() && guide.say.is_none());
}

#[test]
fn a_printed_portrait_gives_advice_and_is_told_from_the_chips() {
    let (station, _) = before(Kind::Person, 8);
    let printed = vec![raster(photo())];
    let found = compare(&station, Portraits { chip: None, printed });
    assert_eq!(found.outcome.code(), "match_printed", "{found:?}");
}

#[test]
fn a_photograph_held_before_the_camera_is_not_living() {
    for (kind, seed) in [(Kind::Print, 3), (Kind::StillAndNoise, 4)] {
        let (station, _) = before(kind, seed);
        let found = compare(&station, of_chip());
        let result = result(&found);
        assert!(!result.live && result.liveness < 500, "{kind:?}: {found:?}");
        assert!(!found.reasons.is_empty(), "{kind:?}");
    }
}

#[test]
fn without_anyone_or_a_portrait_nothing_is_compared() {
    let mut level = 0u8;
    let wall = move || {
        level = level.wrapping_add(1);
        let data = (0..640 * 480 * 3).map(|i| 120 + ((i as u8) ^ level) % 8).collect();
        Step::Give(Raster::new(640, 480, PixelFormat::Rgb8, 0, data).expect("pixels"))
    };
    let found = compare(&station(SimCamera::before(wall, INTERVAL)), of_chip());
    assert_eq!(found, FaceFinding::gap(FaceGap::Nobody));

    let (station, said) = before(Kind::Person, 9);
    let blank = Raster::new(64, 64, PixelFormat::Gray8, 0, vec![200; 64 * 64]).expect("pixels");
    let found = compare(&station, Portraits { chip: Some(blank), printed: vec![] });
    assert_eq!(found, FaceFinding::gap(FaceGap::NoPortrait));
    assert!(lock(&said).is_empty(), "the camera stays off");
}

#[test]
fn a_camera_that_fails_in_the_middle_is_told_and_ends_the_try() {
    let mut scene = Scene::new(&installed().1, Kind::Person, 5);
    let mut frames = 0;
    let pulled = move || {
        frames += 1;
        if frames > 9 { Step::Fail(Fault::Removed) } else { Step::Give(raster(scene.frame())) }
    };
    let station = station(SimCamera::before(pulled, INTERVAL));
    assert_eq!(compare(&station, of_chip()), FaceFinding::gap(FaceGap::Camera));
    assert!(station.guide().borrow().picture.is_none());

    let black = Raster::new(64, 64, PixelFormat::Gray8, 0, vec![2; 64 * 64]).expect("pixels");
    let covered = SimCamera::before(move || Step::Give(black.clone()), INTERVAL);
    let station = super::tests::station(covered);
    assert_eq!(compare(&station, of_chip()), FaceFinding::gap(FaceGap::Blind));
}

#[test]
fn looking_ends_when_the_person_no_longer_wants_it() {
    let (station, _) = before(Kind::Person, 6);
    let left = Mutex::new(5);
    let wanted = || {
        let mut left = lock(&left);
        *left -= 1;
        *left > 0
    };
    let found = station.compare(of_chip(), false, &SystemRandom, &wanted);
    assert_eq!(found, FaceFinding::gap(FaceGap::Declined));
    assert!(*lock(&left) >= -1, "at once");
    assert!(station.guide().borrow().picture.is_none());
}

#[test]
fn a_camera_that_is_not_there_is_told_before_anyone_is_asked() {
    struct None;
    impl Camera for None {
        fn open(&mut self) -> Result<Box<dyn drivers_api::CameraStream>, drivers_api::DeviceError> {
            Err(drivers_api::DeviceError::new("camera", Fault::Absent, "test"))
        }
        fn probe(&mut self) -> Result<String, drivers_api::DeviceError> {
            Err(drivers_api::DeviceError::new("camera", Fault::Absent, "test"))
        }
    }
    let models = installed().0.clone();
    let tuning = FaceTuning { fmr: 1e-3 };
    let station = FaceStation::new(Box::new(None), "camera", models, tuning).expect("networks");
    assert_eq!(station.ready(), Err(FaceGap::Camera));
    assert_eq!(compare(&station, of_chip()), FaceFinding::gap(FaceGap::Camera));
}
