//! A camera and the face models, used for one person at a time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use drivers_api::{Camera, CameraStream, DeviceError, Fault, Raster};
use drivers_camera::Watched;
use models::face::liveness::{Action, Challenge, Prompt, Reason};
use models::face::{
    Face, FaceEngine, FaceError, FaceModels, Follower, Gate, Issue, PortraitSource, Search,
    Template,
};
use tokio::sync::watch;

use super::{FaceFinding, FaceStep, Guide, Portraits, Preview};
use crate::engine::lock;
use crate::random::Random;
use crate::visit::{FaceGap, FaceOutcome, FaceResult, Say};

/// Frames whose mean is compared.
const FRAMES_MAX: usize = 5;
/// How long a good picture of a face is waited for, before any picture of one has to do.
const SETTLE: Duration = Duration::from_secs(6);
/// How long anyone is waited for.
const NOBODY: Duration = Duration::from_secs(12);
/// A try is over by then.
const WHOLE: Duration = Duration::from_secs(90);
/// Milliseconds for a step.
const WITHIN_MS: u32 = 10_000;
/// Someone who is slow gets so many times as long for everything.
const SLOWLY: u32 = 2;
/// Rivals in so many frames before it is said that several people are there.
const RIVALS_MAX: usize = 10;

/// How sure a comparison must be.
#[derive(Debug, Clone, Copy)]
pub struct FaceTuning {
    /// Share of strangers that may pass: 1e-3 or 1e-4.
    pub fmr: f64,
}

/// A camera and the face models.
pub struct FaceStation {
    camera: Mutex<Box<dyn Camera>>,
    name: String,
    models: FaceModels,
    engine: Mutex<FaceEngine>,
    tuning: FaceTuning,
    guide: watch::Sender<Guide>,
}

impl FaceStation {
    /// Loads the networks. `name` is the camera's in the board file.
    pub fn new(
        camera: Box<dyn Camera>,
        name: impl Into<String>,
        models: FaceModels,
        tuning: FaceTuning,
    ) -> Result<Self, FaceError> {
        let engine = Mutex::new(models.engine()?);
        let (camera, name, guide) = (Mutex::new(camera), name.into(), watch::Sender::default());
        Ok(Self { camera, name, models, engine, tuning, guide })
    }

    fn look_and_compare(
        &self,
        portraits: Portraits,
        slowly: bool,
        random: &dyn Random,
        wanted: &dyn Fn() -> bool,
    ) -> Result<FaceFinding, Trouble> {
        let mut engine = lock(&self.engine);
        let (portrait, source) = portrait(&mut engine, portraits)?.ok_or(FaceGap::NoPortrait)?;
        let mut bytes = [0; 8];
        random.fill(&mut bytes).map_err(|_| FaceGap::Failed)?;
        let pace = if slowly { SLOWLY } else { 1 };
        let challenge = Challenge::draw(bytes, WITHIN_MS * pace);
        let stream = lock(&self.camera).open().map_err(Trouble::Camera)?;
        let stream = Box::new(Watched::new(&self.name, stream));
        let mut session = Session {
            steps: challenge.steps.len() as u8,
            follower: Follower::new(&self.models, challenge),
            engine: &mut engine,
            models: &self.models,
            guide: &self.guide,
            pace,
            stream,
            best: Vec::new(),
            rivals: 0,
        };
        session.run(wanted)?;
        session.finding(&portrait, source, self.tuning)
    }
}

impl FaceStep for FaceStation {
    fn ready(&self) -> Result<(), FaceGap> {
        lock(&self.camera).probe().map(drop).map_err(|error| {
            tracing::warn!(error = crate::chain(&error), hint = error.hint(), "no camera");
            FaceGap::Camera
        })
    }

    fn portraits(&self, card: &Raster) -> Vec<Raster> {
        models::printed_portraits(card, None, None).into_iter().map(|found| found.image).collect()
    }

    fn compare(
        &self,
        portraits: Portraits,
        slowly: bool,
        random: &dyn Random,
        wanted: &dyn Fn() -> bool,
    ) -> FaceFinding {
        let found = self.look_and_compare(portraits, slowly, random, wanted);
        self.guide.send_replace(Guide::default());
        found.unwrap_or_else(|trouble| {
            match &trouble {
                Trouble::Camera(error) => {
                    tracing::warn!(error = crate::chain(error), hint = error.hint(), "no face");
                }
                Trouble::Models(error) => tracing::error!(error = crate::chain(error), "no face"),
                Trouble::Gap(_) => {}
            }
            FaceFinding::gap(trouble.gap())
        })
    }

    fn guide(&self) -> watch::Receiver<Guide> {
        self.guide.subscribe()
    }
}

/// Why nothing was compared.
enum Trouble {
    Camera(DeviceError),
    Models(FaceError),
    Gap(FaceGap),
}

impl Trouble {
    const fn gap(&self) -> FaceGap {
        match self {
            Self::Camera(DeviceError { fault: Fault::NoPicture, .. }) => FaceGap::Blind,
            Self::Camera(_) => FaceGap::Camera,
            Self::Models(_) => FaceGap::Failed,
            Self::Gap(gap) => *gap,
        }
    }
}

impl From<FaceError> for Trouble {
    fn from(error: FaceError) -> Self {
        Self::Models(error)
    }
}

impl From<FaceGap> for Trouble {
    fn from(gap: FaceGap) -> Self {
        Self::Gap(gap)
    }
}

/// The template of the first portrait that has a face. The rasters are wiped on return.
fn portrait(
    engine: &mut FaceEngine,
    portraits: Portraits,
) -> Result<Option<(Template, PortraitSource)>, FaceError> {
    let chip = portraits.chip.into_iter().map(|image| (image, PortraitSource::Chip));
    let printed = portraits.printed.into_iter().map(|image| (image, PortraitSource::Print));
    for (image, source) in chip.chain(printed) {
        if let Some(face) = engine.look(&image, Search::Anywhere)? {
            return Ok(Some((engine.embed(&face)?, source)));
        }
    }
    Ok(None)
}

/// One try of one person.
struct Session<'a> {
    engine: &'a mut FaceEngine,
    models: &'a FaceModels,
    guide: &'a watch::Sender<Guide>,
    follower: Follower<'a>,
    steps: u8,
    pace: u32,
    stream: Box<dyn CameraStream>,
    /// The best faces at rest, the best first: findings, then sharpness.
    best: Vec<(usize, Face)>,
    rivals: usize,
}

impl Session<'_> {
    /// Waits for a good face, then follows it to the end of the challenge.
    fn run(&mut self, wanted: &dyn Fn() -> bool) -> Result<(), Trouble> {
        let (settle, nobody) = (SETTLE * self.pace, NOBODY * self.pace);
        let mut began: Option<Duration> = None;
        let mut settled = false;
        let mut done = 0;
        while wanted() {
            let frame = self.stream.next().map_err(Trouble::Camera)?;
            let waited = frame.at.saturating_sub(*began.get_or_insert(frame.at));
            let face = self.engine.look(&frame.image, Search::Frame)?;
            self.rivals += usize::from(face.as_ref().is_some_and(|face| face.rival));
            let issue = face.as_ref().map(|face| Gate::LIVE.issues(&face.quality));
            if !settled {
                match &issue {
                    Some(found) if found.is_empty() || waited > settle => settled = true,
                    None if waited > nobody => return Err(FaceGap::Nobody.into()),
                    _ => {}
                }
                let advice = issue.as_deref().and_then(|found| found.first().copied());
                let say = advice.map_or(Say::FaceLook, words_of);
                self.show(say, 0, &frame.image);
                continue;
            }
            if waited > WHOLE * self.pace {
                return Ok(());
            }
            let at_ms = u64::try_from(frame.at.as_millis()).unwrap_or(u64::MAX);
            let followed = self.follower.see(self.engine, at_ms, face.as_ref())?;
            done += u8::from(followed.step_ended);
            let at_rest = followed.prompt == Prompt::Still && !followed.step_ended;
            if let Some(face) = face.filter(|_| at_rest) {
                self.keep(face, issue.map_or(0, |found| found.len()));
            }
            self.show(words_of_prompt(followed.prompt), done, &frame.image);
            if followed.prompt == Prompt::Over {
                return Ok(());
            }
        }
        Err(FaceGap::Declined.into())
    }

    fn show(&self, say: Say, done: u8, frame: &Raster) {
        let picture = Preview::of(frame).map(Arc::new);
        self.guide.send_replace(Guide { say: Some(say), done, steps: self.steps, picture });
    }

    /// Keeps the best faces at rest.
    fn keep(&mut self, face: Face, issues: usize) {
        let rank = |(issues, face): &(usize, Face)| (*issues, -face.quality.sharpness);
        self.best.push((issues, face));
        self.best.sort_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        self.best.truncate(FRAMES_MAX);
    }

    fn finding(
        mut self,
        portrait: &Template,
        source: PortraitSource,
        tuning: FaceTuning,
    ) -> Result<FaceFinding, Trouble> {
        if self.rivals > RIVALS_MAX {
            return Err(FaceGap::Several.into());
        }
        let faces = std::mem::take(&mut self.best);
        let templates = faces.iter().map(|(_, face)| self.engine.embed(face));
        let templates: Vec<Template> = templates.collect::<Result<_, _>>()?;
        let frames: Vec<&Template> = templates.iter().collect();
        let compared = self.models.compare(portrait, &frames, source, tuning.fmr);
        // Without a face at rest there was nobody to compare.
        let compared = compared.ok_or(FaceGap::Nobody)?;
        let verdict = self.follower.verdict();
        let issues = faces.first().map(|(_, face)| Gate::LIVE.issues(&face.quality));
        let found = issues.into_iter().flatten().next().map(words_of);
        let result = FaceResult {
            matches: compared.matches,
            live: verdict.live,
            printed: source == PortraitSource::Print,
            score: thousandths(1.0 - compared.distance / 2.0),
            threshold: thousandths(1.0 - compared.threshold.distance / 2.0),
            liveness: thousandths(verdict.score),
            frames: frames.len() as u8,
            advice: found.or_else(|| verdict.reasons.first().copied().and_then(advice_of)),
        };
        let embedder = &self.models.infos()[2];
        Ok(FaceFinding {
            outcome: FaceOutcome::Compared(result),
            reasons: verdict.reasons.iter().map(|reason| reason.id()).collect(),
            model: Some(format!("{} {}", embedder.name, embedder.version)),
        })
    }
}

fn thousandths(score: f32) -> u16 {
    (score.clamp(0.0, 1.0) * 1_000.0).round() as u16
}

const fn words_of_prompt(prompt: Prompt) -> Say {
    match prompt {
        Prompt::Still | Prompt::Over => Say::FaceStill,
        Prompt::Do(Action::TurnLeft) => Say::FaceTurnLeft,
        Prompt::Do(Action::TurnRight) => Say::FaceTurnRight,
        Prompt::Do(Action::Closer) => Say::FaceCloser,
        Prompt::Do(Action::Blink) => Say::FaceBlink,
    }
}

const fn words_of(issue: Issue) -> Say {
    match issue {
        Issue::CutOff => Say::FaceCutOff,
        Issue::TooSmall => Say::FaceCloser,
        Issue::Blurred => Say::FaceBlurred,
        Issue::TooDark => Say::FaceDark,
        Issue::TooBright => Say::FaceBright,
        Issue::Uneven => Say::FaceUneven,
        Issue::Turned | Issue::Tilted => Say::FaceStraight,
        Issue::MouthOpen => Say::FaceMouth,
        Issue::EyesShut => Say::FaceEyes,
        Issue::Covered => Say::FaceCovered,
    }
}

/// What helps a living person. Nothing that tells an attacker what gave them away.
const fn advice_of(reason: Reason) -> Option<Say> {
    match reason {
        Reason::NotDone | Reason::WrongMove | Reason::TooEarly | Reason::NeverStill => {
            Some(Say::FaceMove)
        }
        Reason::Lost | Reason::Jump => Some(Say::FaceCutOff),
        _ => None,
    }
}
