//! Follows the face from frame to frame: jumps, gaps, repeats, patterns, and how far a step is.

use std::collections::HashSet;

use super::super::geometry::{Point, distance};
use super::super::texture::BANDS;
use super::{Action, Frame, Reason, Seen, Shown, limit, out_of_plane};

/// Frames of a track at most: two minutes of 30 a second.
const FRAMES_MAX: usize = 3_600;
/// Frames that a repeated movement must last to be told from chance.
const LOOP_FRAMES: usize = 12;
/// Repeats this exact are no person's: in inter-eye distances.
const LOOP_EXACT: f32 = 0.006;
/// Movement below this is rest, which repeats itself.
const LOOP_MOVES: f32 = 0.08;

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    last: Option<(u64, Seen)>,
    seen_ms: Option<u64>,
    digests: HashSet<u64>,
    pub(super) frames: usize,
    /// Frames equal to the one before, pixel by pixel.
    pub(super) repeats: usize,
    poses: Vec<[f32; 4]>,
    patterns: Vec<f32>,
    bandings: Vec<f32>,
    open: Option<Shown>,
}

impl Track {
    /// Takes a frame; a reason where no camera before one person gives such a frame.
    pub(super) fn follow(&mut self, frame: &Frame) -> Option<Reason> {
        let now = frame.at_ms;
        self.frames += 1;
        if self.frames > FRAMES_MAX {
            return Some(Reason::TooLong);
        }
        let Some(face) = &frame.face else {
            let since = *self.seen_ms.get_or_insert(now);
            return (now.saturating_sub(since) > limit::AWAY_MS).then_some(Reason::Lost);
        };
        let before = self.last.replace((now, face.clone()));
        self.seen_ms = Some(now);
        self.patterns.push(face.texture.pattern);
        self.poses.push(pose(face));
        let repeated = !self.digests.insert(face.texture.digest);
        let (then, other) = before?;
        if now <= then {
            return Some(Reason::Timing);
        }
        if now - then > limit::AWAY_MS {
            return Some(Reason::Lost);
        }
        if face.texture.digest == other.texture.digest {
            self.repeats += 1;
        } else if repeated {
            return Some(Reason::Loop);
        }
        self.bandings.push(banding(&face.texture.bands, &other.texture.bands));
        let usual = ((now - then) as f32 / 66.0).max(1.0);
        let moved = distance(face.landmarks.middle(), other.landmarks.middle());
        let grown = face.landmarks.eye_distance() / other.landmarks.eye_distance();
        let jumped = moved / other.landmarks.eye_distance() > limit::JUMP * usual
            || !(0.7..1.4).contains(&grown);
        jumped.then_some(Reason::Jump)
    }

    /// Begins a step.
    pub(super) fn open(&mut self, action: Action) {
        self.open = Some(Shown { action, extent: 0.0, parallax: None, took_ms: None });
    }

    /// Ends a step with what was seen of it.
    pub(super) fn close(&mut self) -> Shown {
        let none = Shown { action: Action::Blink, extent: 0.0, parallax: None, took_ms: None };
        self.open.take().unwrap_or(none)
    }

    /// Whether the step is done, and whether something else was done instead.
    pub(super) fn measure(&mut self, action: Action, base: &Seen, face: &Seen) -> (bool, bool) {
        let yaw = face.landmarks.yaw() - base.landmarks.yaw();
        let grown = face.landmarks.eye_distance() / base.landmarks.eye_distance();
        let lids = face.landmarks.eye_opening() / base.landmarks.eye_opening().max(f32::EPSILON);
        let (extent, other_way) = match action {
            Action::TurnLeft => (yaw / limit::YAW, -yaw / limit::YAW),
            Action::TurnRight => (-yaw / limit::YAW, yaw / limit::YAW),
            Action::Closer => ((grown - 1.0) / (limit::CLOSER - 1.0), yaw.abs() / limit::YAW),
            Action::Blink => ((1.0 - lids) / (1.0 - limit::BLINK), yaw.abs() / limit::YAW),
        };
        let shown =
            self.open.get_or_insert(Shown { action, extent: 0.0, parallax: None, took_ms: None });
        shown.extent = shown.extent.max(extent);
        let mut deep = true;
        if matches!(action, Action::TurnLeft | Action::TurnRight) && extent >= 1.0 {
            let found = out_of_plane(&base.landmarks, &face.landmarks);
            shown.parallax = Some(shown.parallax.unwrap_or(0.0).max(found));
            deep = found >= limit::PARALLAX;
        }
        (extent >= 1.0 && deep, other_way > 1.25)
    }

    /// Strength of the fine pattern: the median, as single frames may be sharp or blurred.
    pub(super) fn pattern(&self) -> f32 {
        median(&self.patterns)
    }

    /// Strength of bands between neighbouring frames.
    pub(super) fn banding(&self) -> f32 {
        median(&self.bandings)
    }

    /// A movement that came a second time, more exactly than a person moves.
    pub(super) fn looped(&self) -> bool {
        let poses = &self.poses;
        let moves = |window: &[[f32; 4]]| {
            (0..4).any(|axis| {
                let values = || window.iter().map(move |p| p[axis]);
                values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min) > LOOP_MOVES
            })
        };
        let near =
            |a: &[f32; 4], b: &[f32; 4]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < LOOP_EXACT);
        let starts = poses.len().saturating_sub(LOOP_FRAMES);
        (0..starts).filter(|s| moves(&poses[*s..s + LOOP_FRAMES])).any(|first| {
            (first + LOOP_FRAMES..=starts).any(|second| {
                let pairs = poses[first..first + LOOP_FRAMES].iter().zip(&poses[second..]);
                pairs.into_iter().all(|(a, b)| near(a, b))
            })
        })
    }
}

/// Place, size and turn of a face, in inter-eye distances of a face 100 pixels wide.
fn pose(face: &Seen) -> [f32; 4] {
    let [x, y]: Point = face.landmarks.middle();
    let size = face.landmarks.eye_distance();
    [x / size, y / size, size / 100.0, face.landmarks.yaw()]
}

/// How much the rows' brightness moved against each other between two frames.
fn banding(rows: &[f32; BANDS], before: &[f32; BANDS]) -> f32 {
    let ratios: Vec<f32> = rows.iter().zip(before).map(|(a, b)| (a + 4.0) / (b + 4.0)).collect();
    // Neighbouring rows' slow changes are the person's; bands go up and down again.
    let wave: f32 = ratios.windows(5).map(|w| (w[2] - (w[0] + w[4]) / 2.0).abs()).sum();
    wave / (BANDS - 4) as f32
}

fn median(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
