//! What belongs to an embedding: how its images are cut, how distances are told, and thresholds.

use serde::Deserialize;

use super::FaceError;
use super::geometry::{Affine, Point};
use super::mesh::{Landmarks, POINTS};
use crate::manifest::ModelFile;

/// The profile that is built in.
const EMBEDDED: &str = include_str!("../../face/embedder.toml");
/// A file of this name in the models folder takes its place.
pub(super) const FILE: &str = "face-embedder.toml";
/// Longer profiles are refused unread.
pub(super) const BYTES_MAX: u64 = 64 * 1024;
/// Chips have no more pixels a side: no published network takes larger ones.
const SIDE_MAX: usize = 512;

/// An embedding's profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// The weights; the manifest's own where a profile has none.
    pub(super) model: Option<ModelFile>,
    landmarks: Vec<usize>,
    template: Vec<Point>,
    padding: f32,
    pub(super) side: usize,
    pub(super) gain: f32,
    pub(super) offset: f32,
    pub(super) mirror: bool,
    metric: Metric,
    threshold: Vec<Threshold>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Metric {
    L2,
    Cosine,
}

/// Where the portrait on the document's side comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortraitSource {
    /// The chip of the identity card.
    Chip,
    /// The card's print, scanned: advice only, never a match by itself.
    Print,
    /// A photograph.
    Photo,
    /// Thresholds that hold wherever a portrait comes from.
    Any,
}

/// A distance from which on two faces are taken for two people.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Live frames in the mean that is compared.
    pub frames: usize,
    /// Where the portrait comes from.
    pub source: PortraitSource,
    /// Share of impostors that pass.
    pub fmr: f64,
    /// The distance.
    pub distance: f32,
    /// What it was measured on.
    pub provenance: String,
}

impl Profile {
    pub(super) fn embedded() -> Result<Self, FaceError> {
        Self::parse(EMBEDDED)
    }

    pub(super) fn parse(text: &str) -> Result<Self, FaceError> {
        let profile: Self = toml::from_str(text).map_err(|e| FaceError::Profile(Box::new(e)))?;
        let unfit = |what| Err(FaceError::Unfit { what });
        if profile.landmarks.len() != profile.template.len() || profile.landmarks.len() < 3 {
            return unfit("as many landmarks as template points, three at least");
        }
        if profile.landmarks.iter().any(|i| *i >= POINTS) {
            return unfit("landmarks that are points of the mesh");
        }
        if !(16..=SIDE_MAX).contains(&profile.side) {
            return unfit("a side of 16 to 512 pixels");
        }
        let points = profile.template.iter().flatten();
        if !points.chain([&profile.padding, &profile.gain, &profile.offset]).all(|n| n.is_finite())
        {
            return unfit("finite numbers");
        }
        if profile.chip_map_of(&profile.template).is_none() {
            return unfit("template points that differ");
        }
        if profile.threshold.is_empty() {
            return unfit("a threshold");
        }
        Ok(profile)
    }

    fn chip_map_of(&self, points: &[Point]) -> Option<Affine> {
        let place = |n: &f32| (n + self.padding) / (2.0 * self.padding + 1.0) * self.side as f32;
        let target: Vec<Point> = self.template.iter().map(|[x, y]| [place(x), place(y)]).collect();
        Affine::similarity(points, &target)
    }

    /// The map from the image to the chip.
    pub(super) fn chip_map(&self, marks: &Landmarks) -> Option<Affine> {
        let points: Vec<Point> = self.landmarks.iter().map(|i| marks.points[*i]).collect();
        self.chip_map_of(&points)
    }

    /// How far apart two embeddings are; more than any threshold where their lengths differ.
    pub(super) fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        if a.len() != b.len() {
            return f32::INFINITY;
        }
        let pairs = || a.iter().zip(b);
        match self.metric {
            Metric::L2 => pairs().map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt(),
            Metric::Cosine => {
                let dot: f32 = pairs().map(|(a, b)| a * b).sum();
                let size = |v: &[f32]| v.iter().map(|n| n * n).sum::<f32>().sqrt();
                1.0 - dot / (size(a) * size(b)).max(f32::MIN_POSITIVE)
            }
        }
    }

    /// The threshold for a mean of `frames` live frames. Where that number was not measured, the
    /// next larger one, whose threshold is stricter, else the largest; a source of its own is
    /// better than any. None where no threshold has this error rate.
    pub(super) fn threshold(
        &self,
        frames: usize,
        source: PortraitSource,
        fmr: f64,
    ) -> Option<&Threshold> {
        let rate = |t: &&Threshold| (t.fmr / fmr - 1.0).abs() < 0.01;
        let of = |source| {
            let fit = || self.threshold.iter().filter(rate).filter(move |t| t.source == source);
            let above = fit().filter(|t| t.frames >= frames).min_by_key(|t| t.frames);
            above.or_else(|| fit().max_by_key(|t| t.frames))
        };
        of(source).or_else(|| of(PortraitSource::Any))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_frames_are_judged_by_the_mean_of_three_and_two_as_strictly() {
        let profile = Profile::embedded().expect("built in");
        let at =
            |frames, fmr| profile.threshold(frames, PortraitSource::Chip, fmr).map(|t| t.distance);
        assert_eq!(at(1, 1e-3), Some(0.544));
        assert_eq!(at(2, 1e-3), Some(0.505));
        assert_eq!(at(9, 1e-4), Some(0.456));
        assert_eq!(at(1, 1e-6), None);
    }

    #[test]
    fn profiles_that_cannot_work_are_refused() {
        let wrong = |from: &str, to: &str| {
            let text = EMBEDDED.replace(from, to);
            assert_ne!(text, EMBEDDED);
            assert!(Profile::parse(&text).is_err(), "{to}");
        };
        wrong("[263, 362,", "[468, 362,");
        wrong("[263, 362,", "[362,");
        wrong("side = 150", "side = 100000");
        wrong("padding = 0.25", "padding = nan");
        wrong("\"l2\"", "\"l3\"");
        assert!(Profile::parse("").is_err());
    }

    #[test]
    fn distances_follow_the_metric() {
        let profile = Profile::embedded().expect("built in");
        assert_eq!(profile.distance(&[0.0, 3.0], &[4.0, 0.0]), 5.0);
        assert_eq!(profile.distance(&[0.0], &[4.0, 0.0]), f32::INFINITY);
        let cosine = Profile::parse(&EMBEDDED.replace("\"l2\"", "\"cosine\"")).expect("fits");
        assert!((cosine.distance(&[0.0, 3.0], &[4.0, 0.0]) - 1.0).abs() < 1e-6);
    }
}
