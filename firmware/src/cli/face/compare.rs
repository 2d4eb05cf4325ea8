//! `kiosk face compare A B…`: one portrait against the mean of live frames.

use std::path::{Path, PathBuf};

use models::face::{
    Comparison, Face, FaceEngine, FaceModels, Gate, PortraitSource, Search, Template,
};
use serde_json::{Value, json};

use super::{FileError, Models, Outcome, complain, models, photo, quality, thousandths};
use crate::cli::{refuse, say};

/// Compares a portrait with live frames.
#[derive(Debug, clap::Args)]
pub struct Compare {
    /// The document's portrait: a JPEG, PNG or PNM file.
    portrait: PathBuf,
    /// Frames of the person; with several, the mean of their templates is compared.
    #[arg(required = true)]
    frames: Vec<PathBuf>,
    /// Where the portrait is from. A printed one is advice only.
    #[arg(long, value_enum, default_value_t = Source::Photo)]
    source: Source,
    /// Share of impostors that may pass: 1e-3 or 1e-4.
    #[arg(long, default_value_t = 1e-3)]
    fmr: f64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Models,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Source {
    Chip,
    Print,
    Photo,
}

/// An image, and the face in it that can be compared.
struct Looked {
    path: PathBuf,
    face: Option<Face>,
    template: Option<Template>,
}

pub(super) fn compare(args: &Compare) -> Outcome {
    let installed = match args.place.open() {
        Ok(installed) => installed,
        Err(outcome) => return outcome,
    };
    let looked = installed.engine().map(|mut engine| {
        let files = std::iter::once(&args.portrait).chain(&args.frames);
        files.map(|path| look(&mut engine, path)).collect::<Result<Vec<_>, _>>()
    });
    let looked = match looked {
        Ok(Ok(looked)) => looked,
        Ok(Err(outcome)) => return outcome,
        Err(error) => {
            complain(&error, "run `make models`");
            return Outcome::Misuse;
        }
    };
    let source = match args.source {
        Source::Chip => PortraitSource::Chip,
        Source::Print => PortraitSource::Print,
        Source::Photo => PortraitSource::Photo,
    };
    let Some((portrait, frames)) = looked.split_first() else { return Outcome::Misuse };
    let usable: Vec<&Template> = frames.iter().filter_map(|f| f.template.as_ref()).collect();
    let pair = portrait.template.as_ref().filter(|_| !usable.is_empty());
    let compared = pair.map(|p| installed.compare(p, &usable, source, args.fmr));
    if let Some(None) = compared {
        let problem = format!("no threshold was measured for a false match rate of {}", args.fmr);
        return refuse(problem, "give --fmr 1e-3 or 1e-4");
    }
    let compared = compared.flatten();
    report(args, &installed, portrait, frames, compared.as_ref());
    if compared.is_some_and(|found| found.matches) { Outcome::Done } else { Outcome::Failed }
}

fn look(engine: &mut FaceEngine, path: &Path) -> Result<Looked, Outcome> {
    let give_up = |error: &dyn std::error::Error, hint: &str| {
        complain(error, hint);
        Outcome::Misuse
    };
    let raster = photo(path)
        .map_err(|error: FileError| give_up(&error, "give readable JPEG, PNG or PNM files"))?;
    let mut found = || {
        let face = engine.look(&raster, Search::Anywhere)?;
        let single = face.as_ref().filter(|face| !face.rival);
        let template = single.map(|face| engine.embed(face)).transpose()?;
        Ok(Looked { path: path.to_owned(), face, template })
    };
    found().map_err(|error: models::face::FaceError| give_up(&error, "run `make models`"))
}

/// 1 for the same numbers, 0 for opposite ones: distances of unit length run from 0 to 2.
fn score(found: &Comparison) -> f64 {
    thousandths((1.0 - found.distance / 2.0).clamp(0.0, 1.0))
}

fn decision(portrait: &Looked, frames: &[Looked], compared: Option<&Comparison>) -> &'static str {
    match compared {
        Some(found) if found.matches => "match",
        Some(_) => "no-match",
        None => {
            let rival = |looked: &Looked| looked.face.as_ref().is_some_and(|face| face.rival);
            let several = rival(portrait) || frames.iter().any(rival);
            if several { "several-faces" } else { "no-face" }
        }
    }
}

fn report(
    args: &Compare,
    installed: &FaceModels,
    portrait: &Looked,
    frames: &[Looked],
    compared: Option<&Comparison>,
) {
    let decision = decision(portrait, frames, compared);
    if args.json {
        let image = |looked: &Looked, gate: &Gate| {
            json!({
                "file": looked.path.display().to_string(),
                "found": looked.face.is_some(), "used": looked.template.is_some(),
                "quality": looked.face.as_ref().map(|face| quality(face, gate)),
            })
        };
        let frames: Vec<Value> = frames.iter().map(|f| image(f, &Gate::LIVE)).collect();
        say(json!({
            "decision": decision,
            "advisory": matches!(args.source, Source::Print),
            "score": compared.map(score),
            "distance": compared.map(|c| f64::from(c.distance)),
            "threshold": compared.map(|c| json!({
                "distance": thousandths(c.threshold.distance), "fmr": c.threshold.fmr,
                "frames": c.threshold.frames, "provenance": c.threshold.provenance,
            })),
            "portrait": image(portrait, &Gate::PORTRAIT),
            "frames": frames,
            "models": models(installed),
        }));
        return;
    }
    say(decision);
    if let Some(found) = compared {
        say(format_args!(
            "score {:.3}, distance {:.3}, threshold {:.3} (false match rate {})",
            score(found),
            found.distance,
            found.threshold.distance,
            found.threshold.fmr
        ));
    }
    let gates = std::iter::once(&Gate::PORTRAIT).chain(std::iter::repeat(&Gate::LIVE));
    for (looked, gate) in std::iter::once(portrait).chain(frames).zip(gates) {
        let told = looked.face.as_ref().map_or_else(
            || "no face".to_owned(),
            |face| {
                let issues = gate.issues(&face.quality);
                let mut words: Vec<&str> = issues.iter().map(|issue| issue.id()).collect();
                if face.rival {
                    words.push("several-faces");
                }
                if words.is_empty() { "good".to_owned() } else { words.join(", ") }
            },
        );
        say(format_args!("{}: {told}", looked.path.display()));
    }
}
