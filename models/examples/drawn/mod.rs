//! What the tests of faces and `make eval-liveness` have in common: the installed models, the one
//! photograph, and a drawn sequence's verdict.

use std::path::{Path, PathBuf};

use drivers_api::{PixelFormat, Raster};
use faces::{Actor, Asked, Kind, Picture, Portrait};
use models::face::liveness::{Action, Challenge, Frame, Liveness, Seen, Step, Verdict};
use models::face::{FaceEngine, FaceModels, Search};

pub(crate) fn target(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(place)
}

pub(crate) fn installed() -> FaceModels {
    let runtime = target("litert/libLiteRt.so");
    FaceModels::open(&target("models"), &runtime).expect("`make setup` installs the face models")
}

/// 512 x 512, one face.
pub(crate) fn photo() -> Picture {
    let path = target("faces/astronaut.png");
    let photo = image::open(&path).expect("`make setup` installs the photograph").into_rgb8();
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    Picture { width, height, rgb: photo.into_raw() }
}

pub(crate) fn raster(picture: &Picture) -> Raster {
    let (width, height) = (picture.width as u32, picture.height as u32);
    Raster::new(width, height, PixelFormat::Rgb8, 0, picture.rgb.clone()).expect("pixels")
}

pub(crate) fn actor(engine: &mut FaceEngine) -> Actor {
    let picture = photo();
    let landmarks = engine.look(&raster(&picture), Search::Frame);
    let landmarks = landmarks.expect("networks run").expect("a face").landmarks;
    let eyes = landmarks.eyes();
    let (points, depths) = (landmarks.points, landmarks.depths);
    Actor::new(Portrait { picture, points, depths, eyes })
}

pub(crate) fn verdict(engine: &mut FaceEngine, actor: &Actor, kind: Kind, seed: u64) -> Verdict {
    let drawn = faces::sequence(actor, kind, seed);
    let step = |(asked, at): &(Asked, u64)| {
        let action = match asked {
            Asked::Left => Action::TurnLeft,
            Asked::Right => Action::TurnRight,
            Asked::Closer => Action::Closer,
        };
        Step { action, after_ms: 0, at_ms: Some(*at), within_ms: 1_500 }
    };
    let mut machine = Liveness::new(Challenge { steps: drawn.asked.iter().map(step).collect() });
    for (at_ms, picture) in &drawn.frames {
        let face = engine.look(&raster(picture), Search::Frame).expect("networks run");
        let face = face.map(|face| Seen { landmarks: face.landmarks, texture: face.texture });
        machine.see(Frame { at_ms: *at_ms, face });
    }
    machine.verdict()
}
