//! Faces in photographs: found where they are, compared, and measured; and challenges followed on
//! drawn sequences of a head and of pictures of it.
//!
//! `make setup` installs the models, the runtime and the one photograph (NASA, public domain).

#[path = "../examples/drawn/mod.rs"]
mod drawn;

use std::path::Path;

use drawn::{actor, installed, photo, raster, target, verdict};
use faces::{Kind, Picture, Random};
use models::face::{
    Face, FaceEngine, FaceError, FaceModels, Gate, Issue, PortraitSource, Search, Template,
};

fn engine() -> FaceEngine {
    installed().engine().expect("networks")
}

fn face(engine: &mut FaceEngine, picture: &Picture) -> Option<Face> {
    engine.look(&raster(picture), Search::Anywhere).expect("networks run")
}

fn template(engine: &mut FaceEngine, picture: &Picture) -> Template {
    let face = face(engine, picture).expect("a face");
    engine.embed(&face).expect("networks run")
}

/// The picture on grey, its upper left corner at `at`.
fn placed(picture: &Picture, [width, height]: [usize; 2], at: [i64; 2]) -> Picture {
    let mut out = Picture { width, height, rgb: vec![128; width * height * 3] };
    for y in 0..picture.height {
        for x in 0..picture.width {
            let (to_x, to_y) = (x as i64 + at[0], y as i64 + at[1]);
            if to_x >= 0 && to_y >= 0 && to_x < width as i64 && to_y < height as i64 {
                let to = (to_y as usize * width + to_x as usize) * 3;
                let from = (y * picture.width + x) * 3;
                out.rgb[to..to + 3].copy_from_slice(&picture.rgb[from..from + 3]);
            }
        }
    }
    out
}

/// Every `step`th pixel of the means.
fn shrunk(picture: &Picture, step: usize) -> Picture {
    let (width, height) = (picture.width / step, picture.height / step);
    let value = |i: usize| {
        let (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
        let cells = (0..step * step).map(|n| {
            let at = ((y * step + n / step) * picture.width + x * step + n % step) * 3 + c;
            u32::from(picture.rgb[at])
        });
        (cells.sum::<u32>() / (step * step) as u32) as u8
    };
    Picture { width, height, rgb: (0..width * height * 3).map(value).collect() }
}

fn turned(picture: &Picture) -> Picture {
    let (width, height) = (picture.height, picture.width);
    let from = |i: usize| {
        let (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
        picture.rgb[((picture.height - 1 - x) * picture.width + y) * 3 + c]
    };
    Picture { width, height, rgb: (0..width * height * 3).map(from).collect() }
}

#[test]
fn one_person_is_near_however_the_photograph_is_changed() {
    let (installed, mut engine, photo) = (installed(), engine(), photo());
    let own = template(&mut engine, &photo);
    assert_eq!(own.numbers().len(), 128);
    let grey = {
        let levels = photo.rgb.chunks_exact(3).flat_map(|p| {
            let sum = u32::from(p[0]) * 3 + u32::from(p[1]) * 6 + u32::from(p[2]);
            [(sum / 10) as u8; 3]
        });
        Picture { rgb: levels.collect(), ..photo.clone() }
    };
    let dark = Picture { rgb: photo.rgb.iter().map(|v| v / 2).collect(), ..photo.clone() };
    let far = placed(&shrunk(&photo, 4), [1400, 1000], [1100, 700]);
    let cases = [
        ("grey", grey, 0.4),
        ("dark", dark, 0.3),
        ("half the size", shrunk(&photo, 2), 0.3),
        ("turned", turned(&photo), 0.25),
        ("small in a large image", far, 0.5),
    ];
    for (name, picture, limit) in cases {
        let found = face(&mut engine, &picture).unwrap_or_else(|| panic!("no face: {name}"));
        assert_eq!((found.faces, found.rival), (1, false), "{name}");
        let other = engine.embed(&found).expect("networks run");
        let distance = installed.distance(&own, &other);
        assert!(distance < limit, "{name}: {distance}");
    }
    assert_eq!(face(&mut engine, &turned(&photo)).map(|f| f.turns), Some(3));
}

#[test]
fn a_comparison_is_judged_by_the_threshold_of_its_frames() {
    let (installed, mut engine, photo) = (installed(), engine(), photo());
    let own = template(&mut engine, &photo);
    let frames = [&own, &own, &own];
    let found = installed.compare(&own, &frames, PortraitSource::Chip, 1e-3).expect("measured");
    assert!(found.matches && found.distance < 1e-3);
    assert_eq!((found.threshold.frames, found.threshold.distance), (3, 0.505));
    assert!(installed.compare(&own, &frames, PortraitSource::Chip, 1e-7).is_none());
    assert!(installed.compare(&own, &[], PortraitSource::Chip, 1e-3).is_none());
}

#[test]
fn no_face_two_faces_and_a_face_at_the_edge_are_told() {
    let (mut engine, photo) = (engine(), photo());
    let mut random = Random::new(7);
    let noise = (0..300 * 300 * 3).map(|_| random.bits() as u8).collect();
    let noise = Picture { width: 300, height: 300, rgb: noise };
    assert!(face(&mut engine, &noise).is_none());
    let tiny = Picture { width: 3, height: 2, rgb: vec![90; 18] };
    assert!(face(&mut engine, &tiny).is_none());
    let half = shrunk(&photo, 2);
    let mut two = placed(&half, [512, 256], [0, 0]);
    let other = placed(&half, [512, 256], [256, 0]);
    for (i, value) in two.rgb.iter_mut().enumerate() {
        if i / 3 % 512 >= 256 {
            *value = other.rgb[i];
        }
    }
    let found = face(&mut engine, &two).expect("two faces");
    assert_eq!((found.faces, found.rival), (2, true));
    // The face is at 165 to 285 from the left.
    let edge = placed(&photo, [512, 512], [-225, 0]);
    if let Some(found) = face(&mut engine, &edge) {
        assert!(Gate::PORTRAIT.issues(&found.quality).contains(&Issue::CutOff));
    }
}

#[test]
fn blur_and_darkness_are_told() {
    let (mut engine, photo) = (engine(), photo());
    let told = |engine: &mut FaceEngine, picture: &Picture| {
        let found = face(engine, picture).expect("a face");
        Gate::PORTRAIT.issues(&found.quality)
    };
    let clean = told(&mut engine, &photo);
    assert!(!clean.contains(&Issue::Blurred) && !clean.contains(&Issue::TooDark), "{clean:?}");
    let dark = Picture { rgb: photo.rgb.iter().map(|v| v / 5).collect(), ..photo.clone() };
    assert!(told(&mut engine, &dark).contains(&Issue::TooDark));
    let small = shrunk(&photo, 4);
    let level = |i: usize| {
        let (x, y, c) = (i / 3 % 512, i / 3 / 512, i % 3);
        small.rgb[((y / 4) * 128 + x / 4) * 3 + c]
    };
    let coarse = Picture { rgb: (0..512 * 512 * 3).map(level).collect(), ..photo };
    let found = face(&mut engine, &coarse).expect("a face");
    assert!(found.quality.eye_distance > 40.0);
}

#[test]
fn models_that_are_missing_or_changed_are_named() {
    let folder = tempfile::tempdir().expect("folder");
    let runtime = target("litert/libLiteRt.so");
    let error = FaceModels::open(folder.path(), &runtime).err().expect("nothing is installed");
    assert!(matches!(error, FaceError::Weights(_)), "{error}");
    for file in ["face-detector.tflite", "face-mesh.tflite", "face-embedder.tflite"] {
        std::fs::copy(target("models").join(file), folder.path().join(file)).expect("copied");
    }
    assert!(FaceModels::open(folder.path(), &runtime).is_ok());
    let profile = folder.path().join("face-embedder.toml");
    std::fs::write(&profile, "side = 1").expect("written");
    let error = FaceModels::open(folder.path(), &runtime).err().expect("no such profile");
    assert!(matches!(error, FaceError::Profile(_)), "{error}");
}

/// Another embedding takes the place of ours by its files alone.
#[test]
fn another_embedding_is_dropped_in_by_a_profile() {
    let folder = tempfile::tempdir().expect("folder");
    for file in ["face-detector.tflite", "face-mesh.tflite", "face-embedder.tflite"] {
        std::fs::copy(target("models").join(file), folder.path().join(file)).expect("copied");
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("face/embedder.toml");
    let own = std::fs::read_to_string(here).expect("our profile");
    let model = "\n[model]\nname = \"other\"\nfile = \"face-embedder.tflite\"\norigin = \"here\"\n\
                 licence = \"CC0-1.0\"\ncard = \"none\"\n[[model.weights]]\nversion = \"1\"\n\
                 sha256 = \"e8c6bc002504e9e00070bec36b8afa362e5a8587300e28e3936b6f40814056e3\"\n\
                 bytes = 5728520\n";
    let profile = own.replace("\"l2\"", "\"cosine\"") + model;
    std::fs::write(folder.path().join("face-embedder.toml"), profile).expect("written");
    let models = FaceModels::open(folder.path(), &target("litert/libLiteRt.so")).expect("fits");
    assert_eq!(models.infos()[2].name, "other");
    let template = template(&mut models.engine().expect("networks"), &photo());
    let found = models.compare(&template, &[&template], PortraitSource::Photo, 1e-3);
    assert!(found.expect("measured").distance.abs() < 1e-5);
}

#[test]
fn a_drawn_head_passes_and_no_kind_of_picture_does() {
    let mut engine = engine();
    let actor = actor(&mut engine);
    let person = verdict(&mut engine, &actor, Kind::Person, 0);
    assert!(person.live && person.score >= 0.5, "{person:?}");
    for kind in Kind::ATTACKS {
        let attack = verdict(&mut engine, &actor, kind, 1);
        assert!(!attack.live && attack.score < 0.5, "{}: {attack:?}", kind.name());
        assert!(!attack.reasons.is_empty());
    }
}
