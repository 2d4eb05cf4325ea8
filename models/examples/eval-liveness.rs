//! `make eval-liveness`: drawn people and drawn attacks through the challenge, as a table of
//! errors by kind.
//!
//! Says nothing about real prints, screens and people: the drawings are ours, the face is one.

mod drawn;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use drawn::{actor, installed, verdict};
use faces::{Actor, Kind};
use models::face::FaceModels;
use models::face::liveness::{Reason, Verdict};

/// Sequences of each attack, and of the person.
const ATTACKS: u64 = 30;
const PEOPLE: u64 = 60;
const MARKS: [&str; 2] = ["<!-- table -->\n", "<!-- end of table -->\n"];

type Outcome = (Kind, Verdict);

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (mut out, mut share) = (None, 1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => out = arguments.next(),
            // One of so many sequences, for a quick look.
            "--one-of" => share = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            other => return Err(std::io::Error::other(format!("unknown argument {other}"))),
        }
    }
    let models = installed();
    let actor = actor(&mut models.engine().map_err(std::io::Error::other)?);
    let people = (0..PEOPLE / share).map(|seed| (Kind::Person, seed));
    let attacks = Kind::ATTACKS.iter().flat_map(|k| (0..ATTACKS / share).map(|seed| (*k, seed)));
    let outcomes = all(&models, &actor, &people.chain(attacks).collect::<Vec<_>>());
    let table = table(&outcomes);
    use std::io::Write as _;
    match out {
        None => std::io::stdout().write_all(table.as_bytes()),
        Some(path) => {
            let page = std::fs::read_to_string(&path)?;
            let parts = page.split_once(MARKS[0]);
            let ends = parts.and_then(|(head, rest)| Some((head, rest.split_once(MARKS[1])?.1)));
            let (head, foot) = ends.ok_or_else(|| std::io::Error::other("no place for a table"))?;
            std::fs::write(&path, format!("{head}{}{table}{}{foot}", MARKS[0], MARKS[1]))
        }
    }
}

fn all(models: &FaceModels, actor: &Actor, jobs: &[(Kind, u64)]) -> Vec<Outcome> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut engine = models.engine().expect("networks of installed models");
                while let Some((kind, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = verdict(&mut engine, actor, *kind, *seed);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((*kind, found));
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| kind | sequences | taken for live | error | parallax of turns | pattern | bands | \
         why not |\n|---|---|---|---|---|---|---|---|\n",
    );
    for kind in std::iter::once(Kind::Person).chain(Kind::ATTACKS) {
        let own: Vec<&Verdict> =
            outcomes.iter().filter(|(k, _)| *k == kind).map(|(_, v)| v).collect();
        let live = own.iter().filter(|v| v.live).count();
        let wrong = if kind == Kind::Person { own.len() - live } else { live };
        let name = if kind == Kind::Person { "BPCER" } else { "APCER" };
        let parallax = own.iter().flat_map(|v| v.shown.iter().filter_map(|s| s.parallax));
        let _infallible = writeln!(
            text,
            "| {} | {} | {live} | {name} {:.1} % | {} | {} | {} | {} |",
            kind.name(),
            own.len(),
            100.0 * wrong as f32 / own.len().max(1) as f32,
            spread(parallax.collect(), 3),
            spread(own.iter().map(|v| v.pattern).collect(), 1),
            spread(own.iter().map(|v| v.banding).collect(), 3),
            reasons(&own),
        );
    }
    text
}

/// Least, median and most.
fn spread(mut values: Vec<f32>, places: usize) -> String {
    values.sort_by(f32::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else { return "-".into() };
    let median = values[values.len() / 2];
    format!("{least:.places$} / {median:.places$} / {most:.places$}")
}

fn reasons(own: &[&Verdict]) -> String {
    let mut counts: Vec<(Reason, usize)> = Vec::new();
    for reason in own.iter().flat_map(|v| &v.reasons) {
        match counts.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((*reason, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told = counts.iter().map(|(reason, count)| format!("{} {count}", reason.id()));
    told.collect::<Vec<_>>().join(", ")
}
