//! One person through a challenge: what liveness sees, and that it is one person throughout.

use super::liveness::{Challenge, Frame, Liveness, Prompt, Seen, Verdict};
use super::{Face, FaceEngine, FaceError, FaceModels, Template};

/// Templates of one person, at rest and turned, are nearer than this; of two, rarely.
const OTHER_PERSON: f32 = 0.65;

/// Follows the faces of a sequence through a challenge.
pub struct Follower<'a> {
    models: &'a FaceModels,
    machine: Liveness,
    prompt: Prompt,
    first: Option<Template>,
    other: bool,
}

/// What a frame led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// What the person should do now.
    pub prompt: Prompt,
    /// A step was ended by this frame, done or not.
    pub step_ended: bool,
}

impl<'a> Follower<'a> {
    /// Begins a challenge.
    pub fn new(models: &'a FaceModels, challenge: Challenge) -> Self {
        let machine = Liveness::new(challenge);
        Self { models, machine, prompt: Prompt::Still, first: None, other: false }
    }

    /// Takes the next frame's face, where one was found. Templates are made at rest first, then at
    /// the end of each step.
    pub fn see(
        &mut self,
        engine: &mut FaceEngine,
        at_ms: u64,
        face: Option<&Face>,
    ) -> Result<Followed, FaceError> {
        let seen = face
            .map(|face| Seen { landmarks: face.landmarks.clone(), texture: face.texture.clone() });
        let prompt = self.machine.see(Frame { at_ms, face: seen });
        let step_ended = matches!(self.prompt, Prompt::Do(_)) && self.prompt != prompt;
        self.prompt = prompt;
        if let Some(face) = face.filter(|_| step_ended || self.first.is_none()) {
            let own = engine.embed(face)?;
            let known = self.first.get_or_insert_with(|| own.clone());
            self.other |= self.models.distance(known, &own) > OTHER_PERSON;
        }
        Ok(Followed { prompt, step_ended })
    }

    /// What was seen until now. A challenge that is not over is not passed.
    pub fn verdict(&self) -> Verdict {
        self.machine.verdict().with_other_person(self.other)
    }
}
