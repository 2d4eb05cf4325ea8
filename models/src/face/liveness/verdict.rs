//! What a challenge showed: live or not, how surely, and why not.

use super::track::Track;
use super::{Shown, limit};

/// Why a person was not taken for living.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing was asked for, or what was asked for proves nothing.
    NoChallenge,
    /// The sequence ends before the challenge.
    NotOver,
    /// The face was never at rest.
    NeverStill,
    /// What was asked for was not done in time.
    NotDone,
    /// Something else was done than what was asked for.
    WrongMove,
    /// It was done sooner than a person can react.
    TooEarly,
    /// The face turned like a flat picture.
    Flat,
    /// The face was away.
    Lost,
    /// The face was suddenly elsewhere, or another.
    Jump,
    /// The frames' times do not run forward.
    Timing,
    /// Frames or movements came again.
    Loop,
    /// The image stands still.
    Stuck,
    /// It takes too long.
    TooLong,
    /// The fine pattern of a print or screen.
    Pattern,
    /// The bands of a screen.
    Banding,
    /// The person changed on the way.
    OtherPerson,
}

impl Reason {
    /// The name in machine output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::NoChallenge => "no-challenge",
            Self::NotOver => "not-over",
            Self::NeverStill => "never-still",
            Self::NotDone => "not-done",
            Self::WrongMove => "wrong-move",
            Self::TooEarly => "too-early",
            Self::Flat => "flat",
            Self::Lost => "face-lost",
            Self::Jump => "jump",
            Self::Timing => "timing",
            Self::Loop => "loop",
            Self::Stuck => "stuck",
            Self::TooLong => "too-long",
            Self::Pattern => "pattern",
            Self::Banding => "banding",
            Self::OtherPerson => "other-person",
        }
    }
}

/// What a challenge showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Nothing speaks against a living person.
    pub live: bool,
    /// How clearly, 0 to 1: 0.5 and more only where `live`.
    pub score: f32,
    /// What speaks against it; empty where `live`.
    pub reasons: Vec<Reason>,
    /// What each step showed.
    pub shown: Vec<Shown>,
    /// Strength of the fine pattern over the face.
    pub pattern: f32,
    /// Strength of bands between frames.
    pub banding: f32,
}

impl Verdict {
    /// Adds what only the comparison of faces can tell: that one person did it all.
    pub fn with_other_person(mut self, other: bool) -> Self {
        if other && !self.reasons.contains(&Reason::OtherPerson) {
            self.reasons.push(Reason::OtherPerson);
            self.live = false;
            self.score = self.score.min(FAILED_MAX);
        }
        self
    }
}

/// The score of what failed is below one half.
const FAILED_MAX: f32 = 0.49;

pub(super) fn of(shown: &[Shown], faults: &[Reason], track: &Track, open: bool) -> Verdict {
    let mut reasons = faults.to_vec();
    if open && reasons.is_empty() {
        reasons.push(Reason::NotOver);
    }
    let (pattern, banding) = (track.pattern(), track.banding());
    let findings = [
        (Reason::Stuck, track.repeats * 10 > track.frames),
        (Reason::Loop, track.looped()),
        (Reason::Pattern, pattern > limit::PATTERN),
        (Reason::Banding, banding > limit::BANDING),
    ];
    for (reason, found) in findings {
        if found && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    // Each measure by its limit: 0.5 is just enough, twice the limit 0.67.
    let share = |value: f32, limit: f32| value.max(0.0) / (value.max(0.0) + limit);
    let steps = shown.iter().map(|step| match step.parallax {
        Some(parallax) => share(parallax, limit::PARALLAX),
        None => share(step.extent, 1.0),
    });
    let calm = [share(limit::PATTERN, pattern), share(limit::BANDING, banding)];
    let least = steps.chain(calm).fold(1.0, f32::min);
    let live = reasons.is_empty();
    let score = if live { least.max(0.5) } else { least.min(FAILED_MAX) };
    Verdict { live, score, reasons, shown: shown.to_vec(), pattern, banding }
}
