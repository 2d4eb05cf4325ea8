//! Faces: found, measured, aligned and turned into numbers that are compared.
//!
//! Input is a [`Raster`]; what leaves is a distance with the threshold it was judged by, and what
//! to tell the person. Embeddings ([`Template`]) and aligned faces are wiped when dropped and are
//! never written anywhere here. A comparison advises; an officer decides.
//!
//! Start with [`FaceModels::open`], then [`FaceEngine::look`] and [`FaceModels::compare`];
//! liveness is [`liveness`], which knows no network.

mod detect;
mod follow;
mod geometry;
pub mod liveness;
mod mesh;
mod net;
mod pixels;
mod profile;
mod quality;
mod texture;

use std::path::{Path, PathBuf};

use drivers_api::Raster;
use zeroize::Zeroizing;

pub use follow::{Followed, Follower};
pub use geometry::Point;
pub use mesh::{Landmarks, POINTS, parallax};
pub use profile::{PortraitSource, Threshold};
pub use quality::{Gate, Issue, Quality};
pub use texture::{BANDS, Texture};

use crate::manifest::{Manifest, ManifestError, ModelInfo};
use crate::net::{NetError, Weights};
use detect::Detection;
use net::PixelNet;
use pixels::{Pixels, Window};
use profile::Profile;

/// A face must fill so much of the smallest tile that is searched; smaller ones are not found.
const TILE_SIDE_MIN: f32 = 96.0;
/// How often the image is divided into tiles of half the side.
const DIVISIONS_MAX: i32 = 3;
/// Tiles of a scanned page: a card's portrait, 20 to 40 mm, is well seen in them.
const PAGE_TILE_MM: f32 = 70.0;
/// Below this the mesh sees no face where the detector saw one.
const PRESENCE_MIN: f32 = 0.5;
/// A second face of more than this share of the first one's weight leaves open who is meant.
const RIVAL_MAX: f32 = 0.7;

/// A face with a higher score that is not tilted by more is not looked for in the turned image.
const UPRIGHT_SCORE: f32 = 0.9;
const UPRIGHT_DEGREES: f32 = 50.0;
/// The turned image must show the face so much better.
const TURN_GAIN_MIN: f32 = 0.03;

/// Why faces are not looked at.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// A model is not installed, or is not the one that was examined.
    #[error("take the weights of a face model")]
    Weights(#[from] ManifestError),
    /// The runtime or a network failed.
    #[error("run a face model")]
    Net(#[from] NetError),
    /// The embedding's profile cannot be read.
    #[error("read the profile {}", path.display())]
    ReadProfile {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The embedding's profile does not parse.
    #[error("parse the embedding's profile")]
    Profile(#[source] Box<toml::de::Error>),
    /// The embedding's profile says something that cannot be.
    #[error("the embedding's profile has not {what}")]
    Unfit {
        /// What is missing.
        what: &'static str,
    },
    /// A network answers with other numbers than such a network has.
    #[error("the face model {name} is of another kind")]
    Shape {
        /// The model.
        name: &'static str,
    },
}

/// The installed face models, shared by all threads.
#[derive(Clone)]
pub struct FaceModels {
    detector: Weights,
    mesh: Weights,
    embedder: Weights,
    profile: Profile,
    infos: [ModelInfo; 3],
}

impl FaceModels {
    /// Takes the models in `folder`, checked by digest, and the runtime library.
    pub fn open(folder: &Path, runtime: &Path) -> Result<Self, FaceError> {
        let profile = profile_in(folder)?;
        let manifest = Manifest::embedded()?;
        let read = |name: &str| manifest.model(name)?.read(folder);
        let (detector, mesh) = (read("face-detector")?, read("face-mesh")?);
        let embedder = match &profile.model {
            Some(model) => model.read(folder)?,
            None => read("face-embedder")?,
        };
        crate::net::load_runtime(runtime)?;
        Ok(Self {
            detector: Weights::new("face-detector", detector.1)?,
            mesh: Weights::new("face-mesh", mesh.1)?,
            embedder: Weights::new("face-embedder", embedder.1)?,
            profile,
            infos: [detector.0, mesh.0, embedder.0],
        })
    }

    /// Detector, mesh and embedder.
    pub const fn infos(&self) -> &[ModelInfo; 3] {
        &self.infos
    }

    /// Networks for one thread.
    pub fn engine(&self) -> Result<FaceEngine, FaceError> {
        let level = 1.0 / 255.0;
        Ok(FaceEngine {
            anchors: detect::anchors(),
            detector: PixelNet::new(&self.detector, 2.0 * level, -1.0)?,
            mesh: PixelNet::new(&self.mesh, level, 0.0)?,
            embedder: PixelNet::new(&self.embedder, self.profile.gain, self.profile.offset)?,
            profile: self.profile.clone(),
        })
    }

    /// Compares a document's portrait with the mean of live frames. None where no threshold was
    /// measured for this error rate, or where there is no frame.
    pub fn compare(
        &self,
        portrait: &Template,
        frames: &[&Template],
        source: PortraitSource,
        fmr: f64,
    ) -> Option<Comparison> {
        let mean = Template::mean(frames)?;
        let threshold = self.profile.threshold(frames.len(), source, fmr)?.clone();
        let distance = self.profile.distance(&portrait.0, &mean.0);
        Some(Comparison { distance, matches: distance < threshold.distance, threshold })
    }

    /// How far apart two faces are.
    pub fn distance(&self, a: &Template, b: &Template) -> f32 {
        self.profile.distance(&a.0, &b.0)
    }
}

/// The profile in the folder, or the one that is built in.
fn profile_in(folder: &Path) -> Result<Profile, FaceError> {
    let path = folder.join(profile::FILE);
    let failed = |source| FaceError::ReadProfile { path: path.clone(), source };
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Profile::embedded(),
        Err(error) => Err(failed(error)),
        Ok(found) if found.len() > profile::BYTES_MAX => {
            Err(FaceError::Unfit { what: "at most 64 kB" })
        }
        Ok(_) => Profile::parse(&std::fs::read_to_string(&path).map_err(failed)?),
    }
}

/// What a face is compared by. Wiped when dropped.
#[derive(Clone)]
pub struct Template(Zeroizing<Vec<f32>>);

impl Template {
    /// The mean of several images' templates; none of none.
    pub fn mean(of: &[&Self]) -> Option<Self> {
        let mut sum = Zeroizing::new(vec![0f32; of.first()?.0.len()]);
        for template in of {
            for (total, number) in sum.iter_mut().zip(template.0.iter()) {
                *total += number / of.len() as f32;
            }
        }
        Some(Self(sum))
    }

    /// The numbers, for evaluation.
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }
}

/// How a comparison ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Distance of the templates, smaller is more alike.
    pub distance: f32,
    /// Below the threshold.
    pub matches: bool,
    /// What it was judged by.
    pub threshold: Threshold,
}

/// A face in an image.
#[derive(Clone)]
pub struct Face {
    /// Its points.
    pub landmarks: Landmarks,
    /// What was measured on it.
    pub quality: Quality,
    /// Traces of print or screen in its texture.
    pub texture: Texture,
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    /// Faces in the image.
    pub faces: usize,
    /// Another face is nearly as large and near the middle: whose face is meant is open.
    pub rival: bool,
    /// Quarter turns clockwise after which the face was upright.
    pub turns: u8,
    chip: Pixels,
}

impl Face {
    fn is_upright(&self) -> bool {
        self.quality.roll_degrees.abs() < UPRIGHT_DEGREES
    }

    fn surely_upright(&self) -> bool {
        self.score > UPRIGHT_SCORE && self.is_upright()
    }
}

/// How thoroughly a face is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// In the whole image, upright: a frame of the camera.
    Frame,
    /// Small ones and turned ones too: a photograph, a scanned page.
    Anywhere,
}

/// The networks of one thread.
pub struct FaceEngine {
    anchors: Vec<Point>,
    detector: PixelNet,
    mesh: PixelNet,
    embedder: PixelNet,
    profile: Profile,
}

impl FaceEngine {
    /// The face in an image, where there is one: of several the one that is large and in the
    /// middle.
    pub fn look(&mut self, image: &Raster, search: Search) -> Result<Option<Face>, FaceError> {
        let upright = Pixels::of(image);
        let found = self.found(&upright, detect::whole(upright.width, upright.height))?;
        let mut best = self.best(&upright, found, 0)?;
        if search == Search::Frame || best.as_ref().is_some_and(Face::surely_upright) {
            return Ok(best);
        }
        if best.is_none() {
            best = self.in_tiles(&upright, image.dpi())?;
        }
        // A face that lies or stands on its head is often seen, and seen wrongly.
        for turns in 1..4 {
            let turned = upright.turned(turns);
            let found = self.found(&turned, detect::whole(turned.width, turned.height))?;
            let other = self.best(&turned, found, turns)?;
            let score = best.as_ref().map_or(0.0, |face| face.score + TURN_GAIN_MIN);
            best = other.filter(|face| face.score > score && face.is_upright()).or(best);
        }
        Ok(best)
    }

    /// The face's template.
    pub fn embed(&mut self, face: &Face) -> Result<Template, FaceError> {
        let mut numbers = Zeroizing::new(self.numbers(&face.chip)?);
        if self.profile.mirror {
            let mirrored = Zeroizing::new(self.numbers(&face.chip.mirrored())?);
            for (number, other) in numbers.iter_mut().zip(mirrored.iter()) {
                *number = (*number + other) / 2.0;
            }
        }
        Ok(Template(numbers))
    }

    fn numbers(&mut self, chip: &Pixels) -> Result<Vec<f32>, FaceError> {
        match self.embedder.run(&chip.data)? {
            [numbers, ..] if numbers.iter().all(|n| n.is_finite()) => Ok(numbers.clone()),
            _ => Err(FaceError::Shape { name: "face-embedder" }),
        }
    }

    fn found(&mut self, image: &Pixels, window: Window) -> Result<Vec<Detection>, FaceError> {
        // Black is 0 to the levels, not to the network: so it was measured.
        let input = Zeroizing::new(image.square(window, detect::INPUT_SIDE, 0));
        let outputs = self.detector.run(&input)?;
        let of = |length| outputs.iter().find(|numbers| numbers.len() == length);
        let (Some(boxes), Some(scores)) =
            (of(detect::ANCHORS * detect::NUMBERS), of(detect::ANCHORS))
        else {
            return Err(FaceError::Shape { name: "face-detector" });
        };
        Ok(detect::decode(&self.anchors, boxes, scores, window))
    }

    /// Looks at ever smaller parts of the image until one has a face.
    fn in_tiles(&mut self, image: &Pixels, dpi: u32) -> Result<Option<Face>, FaceError> {
        let long = image.width.max(image.height) as f32;
        let page_tile = PAGE_TILE_MM / 25.4 * dpi as f32;
        let halves = (1..=DIVISIONS_MAX).map(|n| long / 2f32.powi(n));
        let sides = (page_tile >= TILE_SIDE_MIN).then_some(page_tile).into_iter().chain(halves);
        for side in sides.filter(|side| *side >= TILE_SIDE_MIN) {
            let mut found = Vec::new();
            for window in detect::tiles(image.width, image.height, side) {
                found.extend(self.found(image, window)?);
            }
            if let Some(face) = self.best(image, detect::merged(found), 0)? {
                return Ok(Some(face));
            }
        }
        Ok(None)
    }

    /// The face that is meant: large and near the middle of the image.
    fn best(
        &mut self,
        image: &Pixels,
        found: Vec<Detection>,
        turns: u8,
    ) -> Result<Option<Face>, FaceError> {
        let middle = [image.width as f32 / 2.0, image.height as f32 / 2.0];
        let half = middle[0].max(middle[1]).max(1.0);
        let weight = |face: &Detection| {
            let away = geometry::distance(geometry::between(face.low, face.high), middle) / half;
            face.area() * (-away * away).exp()
        };
        let mut ranked: Vec<(f32, Detection)> =
            found.into_iter().map(|face| (weight(&face), face)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let faces = ranked.len();
        for (i, (own, detection)) in ranked.iter().enumerate() {
            if let Some(landmarks) = self.landmarks(image, detection)? {
                let rival = ranked.get(i + 1).is_some_and(|(other, _)| *other > RIVAL_MAX * own);
                let face = Found { landmarks, score: detection.score, faces: faces - i, rival };
                return Ok(self.measured(image, face, turns));
            }
        }
        Ok(None)
    }

    fn landmarks(
        &mut self,
        image: &Pixels,
        detection: &Detection,
    ) -> Result<Option<Landmarks>, FaceError> {
        let square = mesh::square_of(detection);
        if !(square.scale() > 1e-3 && square.scale().is_finite()) {
            return Ok(None);
        }
        let outputs = self.mesh.run(&image.warped(&square, mesh::INPUT_SIDE).data)?;
        let of = |length| outputs.iter().find(|numbers| numbers.len() == length);
        let (Some(points), Some(presence)) = (of(mesh::POINTS * 3), of(1)) else {
            return Err(FaceError::Shape { name: "face-mesh" });
        };
        let present = 1.0 / (1.0 + (-presence[0]).exp()) > PRESENCE_MIN;
        Ok(present.then(|| Landmarks::decode(points, &square)).flatten())
    }

    fn measured(&self, image: &Pixels, found: Found, turns: u8) -> Option<Face> {
        let Found { landmarks, score, faces, rival } = found;
        let map = self.profile.chip_map(&landmarks)?;
        let chip = image.warped(&map.inverse()?, self.profile.side);
        let places: Vec<Point> = landmarks.points.iter().map(|p| map.apply(*p)).collect();
        let size = (image.width as u32, image.height as u32);
        let quality = quality::measure(&landmarks, size, &chip, &places);
        let texture = texture::of(image, &landmarks);
        Some(Face { landmarks, quality, texture, score, faces, rival, turns, chip })
    }
}

struct Found {
    landmarks: Landmarks,
    score: f32,
    faces: usize,
    rival: bool,
}
