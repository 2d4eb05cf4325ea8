//! `kiosk face …`: the face step on files, to be judged by on sets of images.
//!
//! Ends with 0 for a match or a living person, 1 for none, 2 for misuse.

mod compare;
mod embed;
mod live;

use std::path::{Path, PathBuf};

use drivers_api::Raster;
use models::face::{Face as FoundFace, FaceModels, Gate, Quality};
use serde_json::{Value, json};

use super::{Outcome, complain, thousandths};
use crate::config::{Reading, face_models};
use crate::photo::{self, PHOTO_BYTES_MAX, PhotoError};

/// Compares faces and follows challenges on image files.
#[derive(Debug, clap::Subcommand)]
pub enum Face {
    /// Compares a document's portrait with one or more live frames of a person.
    Compare(compare::Compare),
    /// Writes the templates of many images, for evaluation.
    Embed(embed::Embed),
    /// Says whether a sequence of frames shows a living person who did what was asked for.
    Live(live::Live),
}

/// Where the models are.
#[derive(Debug, clap::Args)]
struct Models {
    /// Folder with the face models. Without it: where a kiosk has them, else where `make models`
    /// puts them.
    #[arg(long)]
    models: Option<PathBuf>,
    /// The inference runtime, libLiteRt.so; without it, as above.
    #[arg(long)]
    runtime: Option<PathBuf>,
}

/// Runs the command.
pub fn face(args: &Face) -> Outcome {
    match args {
        Face::Compare(args) => compare::compare(args),
        Face::Embed(args) => embed::embed(args),
        Face::Live(args) => live::live(args),
    }
}

impl Models {
    fn open(&self) -> Result<FaceModels, Outcome> {
        let folder = self.models.clone().unwrap_or_else(face_models);
        let runtime = self.runtime.clone().unwrap_or_else(|| Reading::default().runtime);
        FaceModels::open(&folder, &runtime).map_err(|error| {
            complain(&error, "run `make models`, or name what is installed: --models, --runtime");
            Outcome::Misuse
        })
    }
}

/// Why an image file is not looked at.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("use {}", path.display())]
    Photo {
        path: PathBuf,
        #[source]
        source: PhotoError,
    },
}

fn photo(path: &Path) -> Result<Raster, FileError> {
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let photo = |source| FileError::Photo { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(read)?.len();
    if bytes > PHOTO_BYTES_MAX {
        return Err(photo(PhotoError::Bytes { bytes }));
    }
    photo::decode(&std::fs::read(path).map_err(read)?).map_err(photo)
}

/// A face's quality, with three places.
fn quality(face: &FoundFace, gate: &Gate) -> Value {
    let Quality { eye_distance, yaw, pitch, roll_degrees, sharpness, .. } = face.quality;
    let Quality { brightness, dark, bright, uneven, mouth, eyes, cut, covered, .. } = face.quality;
    let issues = gate.issues(&face.quality);
    json!({
        "score": thousandths(face.score), "faces": face.faces, "rival": face.rival,
        "turns": face.turns, "eye_distance": thousandths(eye_distance),
        "yaw": thousandths(yaw), "pitch": thousandths(pitch), "roll": thousandths(roll_degrees),
        "sharpness": thousandths(sharpness), "brightness": thousandths(brightness),
        "dark": thousandths(dark), "bright": thousandths(bright), "uneven": thousandths(uneven),
        "mouth": thousandths(mouth), "eyes": thousandths(eyes), "cut": thousandths(cut),
        "covered": thousandths(covered),
        "issues": issues.iter().map(|issue| issue.id()).collect::<Vec<_>>(),
    })
}

/// The models in use, by name and digest.
fn models(models: &FaceModels) -> Value {
    let infos = models.infos().iter();
    infos.map(|m| json!({ "name": m.name, "version": m.version, "sha256": m.sha256 })).collect()
}
