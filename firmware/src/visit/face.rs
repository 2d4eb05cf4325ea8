//! What the face step can say, and when it is asked again. It advises; an officer decides.

use serde::Serialize;

use super::Say;

/// How often a person may try within one visit: enough for glasses, a turned head and a bad light.
pub const FACE_TRIES_MAX: u8 = 3;

/// What came of the face step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceOutcome {
    /// Nothing was compared.
    NotCompared(FaceGap),
    /// A living face and a portrait were compared.
    Compared(FaceResult),
}

/// Why no faces were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceGap {
    /// This kiosk has no camera or no face model.
    NoModel,
    /// No card was read, or its portrait was not found.
    NoPortrait,
    /// The person chose that the officer compares.
    Declined,
    /// The camera is missing or failed.
    Camera,
    /// The camera's picture is black or stands still.
    Blind,
    /// Nobody came before the camera.
    Nobody,
    /// Several people stood before it.
    Several,
    /// The face models failed.
    Failed,
}

/// How a comparison ended. Scores are in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FaceResult {
    /// The faces are alike enough.
    pub matches: bool,
    /// Nothing speaks against a living person.
    pub live: bool,
    /// The portrait is the card's print: advice only.
    pub printed: bool,
    /// How alike the faces are.
    pub score: u16,
    /// From which score on they are alike enough.
    pub threshold: u16,
    /// How clearly the person is living; 500 and more only where `live`.
    pub liveness: u16,
    /// Frames in the mean that was compared.
    pub frames: u8,
    /// What would help most in another try.
    pub advice: Option<Say>,
}

impl FaceOutcome {
    /// The code in the journal and in the words file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotCompared(FaceGap::NoModel) => "not_compared_no_model",
            Self::NotCompared(FaceGap::NoPortrait) => "not_compared_no_portrait",
            Self::NotCompared(FaceGap::Declined) => "not_compared_declined",
            Self::NotCompared(FaceGap::Camera) => "not_compared_camera",
            Self::NotCompared(FaceGap::Blind) => "not_compared_blind",
            Self::NotCompared(FaceGap::Nobody) => "not_compared_nobody",
            Self::NotCompared(FaceGap::Several) => "not_compared_several",
            Self::NotCompared(FaceGap::Failed) => "not_compared_failed",
            Self::Compared(FaceResult { matches: true, live: true, printed: false, .. }) => "match",
            Self::Compared(FaceResult { matches: true, live: true, .. }) => "match_printed",
            Self::Compared(FaceResult { matches: true, live: false, .. }) => "match_not_live",
            Self::Compared(FaceResult { matches: false, live: true, printed: false, .. }) => {
                "no_match"
            }
            Self::Compared(FaceResult { matches: false, live: true, .. }) => "no_match_printed",
            Self::Compared(FaceResult { matches: false, live: false, .. }) => "no_match_not_live",
        }
    }

    /// Whether another try could bring more, and what helps; nothing for a match or a gap that
    /// the person cannot close.
    pub(super) fn retry(self) -> Option<Say> {
        match self {
            Self::Compared(FaceResult { matches: true, live: true, .. }) => None,
            Self::Compared(result) => Some(result.advice.unwrap_or(Say::FaceAgain)),
            Self::NotCompared(FaceGap::Nobody) => Some(Say::FaceNotSeen),
            Self::NotCompared(FaceGap::Several) => Some(Say::FaceSeveral),
            Self::NotCompared(_) => None,
        }
    }

    /// One of each code.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        use FaceGap::{Blind, Camera, Declined, Failed, NoModel, NoPortrait, Nobody, Several};
        let gaps = [NoModel, NoPortrait, Declined, Camera, Blind, Nobody, Several, Failed];
        let result = |bits: u8| {
            Self::Compared(FaceResult {
                matches: bits & 1 != 0,
                live: bits & 2 != 0,
                printed: bits & 4 != 0,
                score: 700,
                threshold: 750,
                liveness: 600,
                frames: 3,
                advice: None,
            })
        };
        gaps.into_iter().map(Self::NotCompared).chain((0..8).map(result)).collect()
    }
}
