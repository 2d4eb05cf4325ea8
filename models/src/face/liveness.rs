//! Whether a living person stands before the camera: what was asked for, and what the face did.
//!
//! Pure: frames with their times come in, prompts and a verdict go out; no network, no clock, no
//! chance of its own. It resists pictures that are held, tilted, bent or shown on a screen; it
//! makes replays harder; it does not resist a mask of the person or a stream fed in behind the
//! camera by someone who answers in time. So it advises an officer, and decides nothing.
//!
//! Start with [`Challenge::draw`] and [`Liveness::see`].

mod track;
mod verdict;

use serde::{Deserialize, Serialize};

use super::mesh::{Landmarks, parallax};
use super::texture::Texture;
use track::Track;
pub use verdict::{Reason, Verdict};

/// What the person is asked for. Never a smile: faces at rest are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Turn the head to the own left.
    TurnLeft,
    /// Turn the head to the own right.
    TurnRight,
    /// Come closer.
    Closer,
    /// Shut the eyes and open them again. Only where the person can and wants to.
    Blink,
}

/// What is asked for, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One thing asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What.
    pub action: Action,
    /// Milliseconds to wait once the face is at rest, so that nobody knows when it comes.
    #[serde(default)]
    pub after_ms: u32,
    /// When it was asked for, where that is known from a recording; `after_ms` is not used then.
    #[serde(default)]
    pub at_ms: Option<u64>,
    /// Milliseconds to do it in.
    #[serde(default = "usual_within_ms")]
    pub within_ms: u32,
}

const fn usual_within_ms() -> u32 {
    10_000
}

/// More steps tire a person and prove no more.
pub const STEPS_MAX: usize = 6;
/// Longest time for a step; the extended time is below it.
pub const WITHIN_MS_MAX: u32 = 30_000;

impl Challenge {
    /// Draws both turns and coming closer, in any order, with pauses of 0.4 to 1.6 s, from
    /// bytes of an unpredictable source. `within_ms` is the time for each step.
    pub fn draw(random: [u8; 8], within_ms: u32) -> Self {
        let mut actions = [Action::TurnLeft, Action::TurnRight, Action::Closer];
        // Fisher and Yates; a byte's remainder by 3 favours none by more than 1 in 85.
        actions.swap(2, usize::from(random[0]) % 3);
        actions.swap(1, usize::from(random[1]) % 2);
        let step = |(i, action): (usize, &Action)| {
            let bytes = u16::from_le_bytes([random[2 + 2 * i], random[3 + 2 * i]]);
            let after_ms = 400 + u32::from(bytes) % 1200;
            Step { action: *action, after_ms, at_ms: None, within_ms }
        };
        Self { steps: actions.iter().enumerate().map(step).collect() }
    }

    /// Whether it can be carried out: 1 to 6 steps, each with time, one of them a turn.
    pub fn is_sound(&self) -> bool {
        let turn = |step: &Step| matches!(step.action, Action::TurnLeft | Action::TurnRight);
        let timed =
            |s: &Step| (1..=WITHIN_MS_MAX).contains(&s.within_ms) && s.after_ms <= WITHIN_MS_MAX;
        (1..=STEPS_MAX).contains(&self.steps.len())
            && self.steps.iter().any(turn)
            && self.steps.iter().all(timed)
    }
}

/// One image of the camera.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Milliseconds since some moment before the first frame.
    pub at_ms: u64,
    /// The face, where one was found.
    pub face: Option<Seen>,
}

/// A face in a frame.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its points.
    pub landmarks: Landmarks,
    /// Its texture.
    pub texture: Texture,
}

/// What the person should do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Look at the camera and hold still.
    Still,
    /// Do this.
    Do(Action),
    /// It is over.
    Over,
}

/// What counts. Lengths are in inter-eye distances.
pub(super) mod limit {
    /// A turn moves the nose by so much; a tilted picture reaches 0.11 in 95 of 100 cases.
    pub(super) const YAW: f32 = 0.20;
    /// A head's nose leaves the plane of the face by so much.
    pub(super) const PARALLAX: f32 = 0.08;
    /// Coming closer makes the face so much larger.
    pub(super) const CLOSER: f32 = 1.25;
    /// Shut eyes are so much lower than the person's own open ones.
    pub(super) const BLINK: f32 = 0.55;
    /// Between two frames of a fifteenth of a second a face moves less.
    pub(super) const JUMP: f32 = 0.35;
    /// A face may be away for so long.
    pub(super) const AWAY_MS: u64 = 1_000;
    /// Frames of the face at rest before anything is asked for.
    pub(super) const REST_FRAMES: usize = 3;
    /// At rest the nose stays so near to where it was.
    pub(super) const REST: f32 = 0.08;
    /// Waiting for a face at rest ends after so long.
    pub(super) const REST_MS: u64 = 15_000;
    /// Nobody reacts faster.
    pub(super) const REACTION_MS: u64 = 150;
    /// A fine pattern of this strength is print or screen.
    pub(super) const PATTERN: f32 = 24.0;
    /// Bright and dark bands between frames of this strength are a screen's.
    pub(super) const BANDING: f32 = 0.035;
}

/// Where the machine is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Rest { since_ms: u64 },
    Pause { until_ms: u64 },
    Ask { since_ms: u64 },
    Over,
}

/// What one step showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// What was asked for.
    pub action: Action,
    /// How far it was done: nose, growth of the face, or lids, against the limit; 1 is enough.
    pub extent: f32,
    /// How far the nose left the plane of the face, in inter-eye distances; turns only.
    pub parallax: Option<f32>,
    /// Milliseconds from the prompt until it was done; none when it was not.
    pub took_ms: Option<u64>,
}

/// Follows one person through a challenge.
#[derive(Debug, Clone)]
pub struct Liveness {
    challenge: Challenge,
    phase: Phase,
    rest: Vec<Seen>,
    /// The face at rest that the step is measured from.
    base: Option<Seen>,
    /// The nose's place at the first rest, where it has to return to.
    home: Option<f32>,
    shown: Vec<Shown>,
    faults: Vec<Reason>,
    track: Track,
    began: bool,
}

impl Liveness {
    /// A machine for a challenge that [`Challenge::is_sound`].
    pub fn new(challenge: Challenge) -> Self {
        let faults = if challenge.is_sound() { Vec::new() } else { vec![Reason::NoChallenge] };
        Self {
            challenge,
            phase: Phase::Rest { since_ms: 0 },
            rest: Vec::new(),
            base: None,
            home: None,
            shown: Vec::new(),
            faults,
            track: Track::default(),
            began: false,
        }
    }

    /// Takes the next frame and says what the person should do.
    pub fn see(&mut self, frame: Frame) -> Prompt {
        let now = frame.at_ms;
        if !self.began {
            self.began = true;
            self.phase = Phase::Rest { since_ms: now };
        }
        if self.phase != Phase::Over
            && let Some(fault) = self.track.follow(&frame)
        {
            self.fail(fault);
        }
        self.advance(now, frame.face);
        match self.phase {
            Phase::Rest { .. } | Phase::Pause { .. } => Prompt::Still,
            Phase::Ask { .. } => self.step().map_or(Prompt::Over, |step| Prompt::Do(step.action)),
            Phase::Over => Prompt::Over,
        }
    }

    fn step(&self) -> Option<Step> {
        self.challenge.steps.get(self.shown.len()).copied()
    }

    fn fail(&mut self, reason: Reason) {
        if !self.faults.contains(&reason) {
            self.faults.push(reason);
        }
        self.phase = Phase::Over;
    }

    fn advance(&mut self, now: u64, face: Option<Seen>) {
        match self.phase {
            Phase::Over => {}
            Phase::Rest { since_ms } => {
                if let Some(face) = face {
                    self.rest_with(face, now);
                }
                let due = self.step().and_then(|step| step.at_ms).is_some_and(|at| now >= at);
                if due && self.base.is_some() {
                    self.open(now);
                } else if now.saturating_sub(since_ms) > limit::REST_MS {
                    self.fail(Reason::NeverStill);
                }
            }
            Phase::Pause { until_ms } => {
                if now >= until_ms {
                    self.open(now);
                }
            }
            Phase::Ask { since_ms } => self.ask(now, since_ms, face),
        }
    }

    /// Shows the prompt.
    fn open(&mut self, now: u64) {
        if let Some(step) = self.step() {
            self.track.open(step.action);
            self.phase = Phase::Ask { since_ms: now };
        }
    }

    /// Collects frames of the face at rest; a move begins the collection anew.
    fn rest_with(&mut self, face: Seen, now: u64) {
        let yaw = face.landmarks.yaw();
        let home = self.home.is_none_or(|home| (yaw - home).abs() < limit::REST);
        let still = self.rest.first().is_none_or(|first| {
            let grown = face.landmarks.eye_distance() / first.landmarks.eye_distance();
            (yaw - first.landmarks.yaw()).abs() < limit::REST && (grown - 1.0).abs() < limit::REST
        });
        if !home || !still {
            self.rest.clear();
        }
        if home {
            self.rest.push(face);
        }
        if self.rest.len() >= limit::REST_FRAMES {
            self.home.get_or_insert(yaw);
            self.base = self.rest.pop();
            self.rest.clear();
            let step = self.step().filter(|step| step.at_ms.is_none());
            if let Some(step) = step {
                self.phase = Phase::Pause { until_ms: now + u64::from(step.after_ms) };
            }
        }
    }

    fn ask(&mut self, now: u64, since_ms: u64, face: Option<Seen>) {
        let Some(step) = self.step() else {
            self.phase = Phase::Over;
            return;
        };
        let took = now.saturating_sub(since_ms);
        if let Some((face, base)) = face.as_ref().zip(self.base.as_ref()) {
            let (done, wrong) = self.track.measure(step.action, base, face);
            if wrong {
                self.fail(Reason::WrongMove);
                return;
            }
            if done {
                let mut shown = self.track.close();
                shown.took_ms = Some(took);
                self.shown.push(shown);
                if took < limit::REACTION_MS {
                    self.fail(Reason::TooEarly);
                } else {
                    // The next step starts from the face at rest again.
                    self.phase = match self.step() {
                        Some(_) => Phase::Rest { since_ms: now },
                        None => Phase::Over,
                    };
                }
                return;
            }
        }
        if took > u64::from(step.within_ms) {
            let shown = self.track.close();
            self.shown.push(shown);
            let flat = shown.parallax.is_some_and(|p| shown.extent >= 1.0 && p < limit::PARALLAX);
            self.fail(if flat { Reason::Flat } else { Reason::NotDone });
        }
    }

    /// What was seen until now. A challenge that is not over is not passed.
    pub fn verdict(&self) -> Verdict {
        let open = self.shown.len() < self.challenge.steps.len() || self.phase != Phase::Over;
        verdict::of(&self.shown, &self.faults, &self.track, open)
    }
}

/// How far the nose of `after` is from where a flat picture would have it; 0 where that cannot be
/// told.
fn out_of_plane(before: &Landmarks, after: &Landmarks) -> f32 {
    parallax(before, after).unwrap_or(0.0)
}
