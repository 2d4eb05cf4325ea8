//! `kiosk face live DIR`: a recorded sequence and its challenge.
//!
//! DIR has the frames (JPEG, PNG, PNM) in the order of their names, and `challenge.json`:
//!
//! ```json
//! { "frame_ms": 66.7,
//!   "steps": [ { "action": "turn-left", "at_ms": 1000, "within_ms": 4000 },
//!              { "action": "closer" } ] }
//! ```
//!
//! `frame_ms` is the time between frames, or `times_ms` lists each frame's. Actions: `turn-left`,
//! `turn-right` (the person's own), `closer`, `blink`. A step is measured from the face at rest
//! before it. With `at_ms` it was asked for at that time; without, as soon as the face rests again
//! and `after_ms` are over. It has `within_ms` (10 s unless given).

use std::path::{Path, PathBuf};

use models::face::liveness::{Challenge, Step, Verdict};
use models::face::{FaceError, FaceModels, Follower, Search};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Models, Outcome, complain, models, photo, thousandths};
use crate::cli::{refuse, say};

/// The side file in the folder of frames.
const CHALLENGE: &str = "challenge.json";
/// Longer side files are refused.
const CHALLENGE_BYTES_MAX: u64 = 1024 * 1024;
/// Frames at most: two minutes of 30 a second.
const FRAMES_MAX: usize = 3_600;

/// Follows a recorded challenge.
#[derive(Debug, clap::Args)]
pub struct Live {
    /// Folder with the frames, in the order of their names, and challenge.json.
    folder: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Models,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SideFile {
    #[serde(default = "usual_frame_ms")]
    frame_ms: f64,
    #[serde(default)]
    times_ms: Vec<u64>,
    #[serde(default)]
    steps: Vec<Step>,
}

const fn usual_frame_ms() -> f64 {
    1000.0 / 15.0
}

impl SideFile {
    fn time(&self, frame: usize) -> u64 {
        let even = (frame as f64 * self.frame_ms).round() as u64;
        self.times_ms.get(frame).copied().unwrap_or(even)
    }
}

pub(super) fn live(args: &Live) -> Outcome {
    let (side, frames) = match (side_file(&args.folder), frames(&args.folder)) {
        (Ok(side), Ok(frames)) => (side, frames),
        (Err(error), _) | (_, Err(error)) => {
            let hint = "give a folder with frames and challenge.json; see `kiosk face live --help`";
            return refuse(error, hint);
        }
    };
    let installed = match args.place.open() {
        Ok(installed) => installed,
        Err(outcome) => return outcome,
    };
    let followed = match follow(&installed, &side, &frames) {
        Ok(followed) => followed,
        Err(error) => {
            complain(&error, "run `make models`");
            return Outcome::Misuse;
        }
    };
    report(args, &installed, &followed);
    if followed.verdict.live { Outcome::Done } else { Outcome::Failed }
}

/// The challenge; one without steps where there is no file, which proves nothing.
fn side_file(folder: &Path) -> Result<SideFile, String> {
    let path = folder.join(CHALLENGE);
    let told = |error: &dyn std::error::Error| format!("read {}: {error}", path.display());
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(SideFile {
                frame_ms: usual_frame_ms(),
                times_ms: Vec::new(),
                steps: Vec::new(),
            });
        }
        Err(error) => return Err(told(&error)),
        Ok(found) if found.len() > CHALLENGE_BYTES_MAX => {
            return Err(format!("{} is over {CHALLENGE_BYTES_MAX} bytes", path.display()));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(|error| told(&error))?;
    let side: SideFile = serde_json::from_str(&text).map_err(|error| told(&error))?;
    if !(side.frame_ms > 0.0 && side.frame_ms < 60_000.0) {
        return Err(format!("{}: frame_ms is to be between 0 and 60000", path.display()));
    }
    let sound = Challenge { steps: side.steps.clone() }.is_sound();
    if !sound && !side.steps.is_empty() {
        return Err(format!("{}: no sound challenge, which has a turn", path.display()));
    }
    Ok(side)
}

fn frames(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |error: std::io::Error| format!("read {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let kind = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let image =
            kind.is_some_and(|k| ["jpg", "jpeg", "png", "ppm", "pgm", "pnm"].contains(&k.as_str()));
        if image {
            files.push(path);
        }
    }
    files.sort();
    match files.len() {
        0 => Err(format!("{} has no frames", folder.display())),
        count if count > FRAMES_MAX => Err(format!("{count} frames, over {FRAMES_MAX}")),
        _ => Ok(files),
    }
}

struct Sequence {
    verdict: Verdict,
    frames: usize,
    faces: usize,
    unreadable: usize,
}

fn follow(
    installed: &FaceModels,
    side: &SideFile,
    frames: &[PathBuf],
) -> Result<Sequence, FaceError> {
    let mut engine = installed.engine()?;
    let mut follower = Follower::new(installed, Challenge { steps: side.steps.clone() });
    let (mut faces, mut unreadable) = (0, 0);
    for (i, path) in frames.iter().enumerate() {
        let face = match photo(path) {
            Ok(raster) => engine.look(&raster, Search::Frame)?,
            Err(_) => {
                unreadable += 1;
                None
            }
        };
        faces += usize::from(face.is_some());
        follower.see(&mut engine, side.time(i), face.as_ref())?;
    }
    Ok(Sequence { verdict: follower.verdict(), frames: frames.len(), faces, unreadable })
}

fn report(args: &Live, installed: &FaceModels, followed: &Sequence) {
    let Sequence { verdict, frames, faces, unreadable } = followed;
    let reasons: Vec<&str> = verdict.reasons.iter().map(|reason| reason.id()).collect();
    if args.json {
        let steps: Vec<Value> = verdict
            .shown
            .iter()
            .map(|step| {
                json!({
                    "action": step.action, "extent": thousandths(step.extent),
                    "parallax": step.parallax.map(thousandths), "took_ms": step.took_ms,
                })
            })
            .collect();
        say(json!({
            "live": verdict.live, "score": thousandths(verdict.score), "reasons": reasons,
            "steps": steps, "pattern": thousandths(verdict.pattern),
            "banding": thousandths(verdict.banding),
            "frames": frames, "faces": faces, "unreadable": unreadable,
            "models": models(installed),
        }));
        return;
    }
    say(if verdict.live { "live" } else { "not live" });
    say(format_args!("score {:.3}, a face in {faces} of {frames} frames", verdict.score));
    if !reasons.is_empty() {
        say(format_args!("reasons: {}", reasons.join(", ")));
    }
}
