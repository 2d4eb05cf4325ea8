//! `make eval-face DIR=…`: error rates of the comparison on a set of faces, a folder a person.
//!
//! All pairs of images are compared, and for people with four and more the first with the mean of
//! the next three. Prints a table, writes the curve of errors as SVG. Keeps nothing else.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use drivers_api::{PixelFormat, Raster};
use models::face::{FaceModels, Search, Template};

/// Distances are counted in steps of a thousandth.
const STEPS: usize = 2_000;
const RATES: [f64; 3] = [1e-2, 1e-3, 1e-4];

fn main() -> io::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, picture] = arguments.as_slice() else {
        return Err(io::Error::other("usage: eval-face FOLDER CURVE.svg"));
    };
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let models = FaceModels::open(&target.join("models"), &target.join("litert/libLiteRt.so"))
        .map_err(io::Error::other)?;
    let people = people(folder)?;
    let images: Vec<(usize, &Path)> = people
        .iter()
        .enumerate()
        .flat_map(|(i, images)| images.iter().map(move |image| (i, image.as_path())))
        .collect();
    let found = templates(&models, &images)?;
    let single = pairs(&models, &found);
    let fused = means(&models, &found, people.len());
    let mut text = format!(
        "{} images of {} people, a face in {}\n\n| compared | genuine | impostors | EER | FNMR at \
         FMR 1e-2 | at 1e-3 (distance) | at 1e-4 (distance) |\n|---|---|---|---|---|---|---|\n",
        images.len(),
        people.len(),
        found.len()
    );
    for (name, counts) in [("all pairs", &single), ("one and the mean of three", &fused)] {
        let _infallible = writeln!(text, "| {name} {}", counts.row());
    }
    std::fs::write(picture, curve(&[("all pairs", &single), ("mean of 3", &fused)]))?;
    io::Write::write_all(&mut io::stdout(), text.as_bytes())
}

/// Each person's images, in order.
fn people(folder: &Path) -> io::Result<Vec<Vec<PathBuf>>> {
    let mut people = Vec::new();
    for person in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        people.push(sorted(&person)?.into_iter().filter(|path| path.is_file()).collect());
    }
    Ok(people)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let mut paths = entries.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Person and template of each image with a face, in the images' order.
fn templates(models: &FaceModels, images: &[(usize, &Path)]) -> io::Result<Vec<(usize, Template)>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let started: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| -> io::Result<()> {
                    let mut engine = models.engine().map_err(io::Error::other)?;
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((person, path)) = images.get(at) else { return Ok(()) };
                        let Ok(raster) = raster(path) else { continue };
                        let look = engine.look(&raster, Search::Anywhere);
                        let Some(face) = look.map_err(io::Error::other)? else { continue };
                        let template = engine.embed(&face).map_err(io::Error::other)?;
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        done.push((at, *person, template));
                    }
                })
            })
            .collect();
        started.into_iter().try_for_each(|worker| worker.join().expect("a worker ends"))
    })?;
    let mut found = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(at, _, _)| *at);
    Ok(found.into_iter().map(|(_, person, template)| (person, template)).collect())
}

fn raster(path: &Path) -> io::Result<Raster> {
    let image = image::open(path).map_err(io::Error::other)?.into_rgb8();
    let (width, height) = (image.width(), image.height());
    Raster::new(width, height, PixelFormat::Rgb8, 0, image.into_raw()).map_err(io::Error::other)
}

/// How many genuine and impostor pairs are at each distance.
struct Counts {
    genuine: Vec<u64>,
    impostor: Vec<u64>,
}

impl Counts {
    fn none() -> Self {
        Self { genuine: vec![0; STEPS], impostor: vec![0; STEPS] }
    }

    fn add(&mut self, same: bool, distance: f32) {
        let step = ((distance * 1000.0) as usize).min(STEPS - 1);
        if same { self.genuine[step] += 1 } else { self.impostor[step] += 1 }
    }

    fn with(mut self, other: &Self) -> Self {
        let sums = [(&mut self.genuine, &other.genuine), (&mut self.impostor, &other.impostor)];
        for (own, others) in sums {
            own.iter_mut().zip(others).for_each(|(sum, count)| *sum += count);
        }
        self
    }

    /// For each distance the shares of impostors below and of genuine pairs above.
    fn errors(&self) -> Vec<(f64, f64)> {
        let total = |of: &[u64]| of.iter().sum::<u64>().max(1) as f64;
        let (genuine, impostor) = (total(&self.genuine), total(&self.impostor));
        let (mut passed, mut kept) = (0, 0);
        let steps = self.genuine.iter().zip(&self.impostor);
        let shares = steps.map(|(g, i)| {
            kept += g;
            passed += i;
            (passed as f64 / impostor, 1.0 - kept as f64 / genuine)
        });
        shares.collect()
    }

    fn row(&self) -> String {
        let errors = self.errors();
        let equal = errors.iter().min_by(|a, b| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()));
        let equal = equal.map_or(1.0, |(fmr, fnmr)| (fmr + fnmr) / 2.0);
        let impostors: u64 = self.impostor.iter().sum();
        let at = |rate: f64| {
            // Fewer than ten errors say nothing about a rate.
            if (impostors as f64) * rate < 10.0 {
                return "too few pairs".to_owned();
            }
            let step = errors.iter().rposition(|(fmr, _)| *fmr <= rate).unwrap_or(0);
            format!("{:.2} % ({:.3})", 100.0 * errors[step].1, (step + 1) as f64 / 1000.0)
        };
        let genuine: u64 = self.genuine.iter().sum();
        let rates = RATES.map(at).join(" | ");
        format!("| {genuine} | {impostors} | {:.2} % | {rates} |", 100.0 * equal)
    }
}

fn pairs(models: &FaceModels, found: &[(usize, Template)]) -> Counts {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let started: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut counts = Counts::none();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((person, template)) = found.get(at) else { return counts };
                        for (other, second) in &found[at + 1..] {
                            counts.add(person == other, models.distance(template, second));
                        }
                    }
                })
            })
            .collect();
        let parts = started.into_iter().map(|worker| worker.join().expect("a worker ends"));
        parts.fold(Counts::none(), |sum, part| sum.with(&part))
    })
}

/// The first image of each person against the mean of three others, own and strangers'.
fn means(models: &FaceModels, found: &[(usize, Template)], people: usize) -> Counts {
    let mut counts = Counts::none();
    let of = |person| found.iter().filter(move |(p, _)| *p == person).map(|(_, t)| t);
    let sets: Vec<Vec<&Template>> = (0..people)
        .map(|person| of(person).take(4).collect())
        .filter(|s: &Vec<_>| s.len() == 4)
        .collect();
    let means: Vec<Template> = sets.iter().filter_map(|s| Template::mean(&s[1..])).collect();
    for (i, set) in sets.iter().enumerate() {
        for (j, mean) in means.iter().enumerate() {
            counts.add(i == j, models.distance(set[0], mean));
        }
    }
    counts
}

/// False non-matches over false matches, both logarithmic.
fn curve(lines: &[(&str, &Counts)]) -> String {
    const COLOURS: [&str; 2] = ["#1f4e9c", "#b3471d"];
    let place = |rate: f64, size: f64| (rate.max(1e-5).log10() + 5.0) / 5.0 * size;
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 520 420\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"520\" height=\"420\" fill=\"white\"/>\n",
    );
    for power in 0..=5 {
        let rate = 10f64.powi(power - 5);
        let (x, y) = (60.0 + place(rate, 420.0), 370.0 - place(rate, 340.0));
        let _infallible = writeln!(
            svg,
            "<path d=\"M{x:.1} 30V370M60 {y:.1}H480\" stroke=\"#ddd\"/>\n<text x=\"{x:.1}\" \
             y=\"386\" text-anchor=\"middle\">{rate:.0e}</text>\n<text x=\"54\" y=\"{:.1}\" \
             text-anchor=\"end\">{rate:.0e}</text>",
            y + 4.0
        );
    }
    svg.push_str(
        "<text x=\"270\" y=\"408\" text-anchor=\"middle\">false match rate</text>\n<text x=\"60\" \
         y=\"20\">false non-match rate</text>\n",
    );
    for (i, (name, counts)) in lines.iter().enumerate() {
        let points: Vec<String> = counts
            .errors()
            .iter()
            .map(|(fmr, fnmr)| {
                format!("{:.1},{:.1}", 60.0 + place(*fmr, 420.0), 370.0 - place(*fnmr, 340.0))
            })
            .collect();
        let colour = COLOURS[i % COLOURS.len()];
        let _infallible = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" points=\"{}\"/>\n<text x=\"300\" y=\"{}\" \
             fill=\"{colour}\">{name}</text>",
            points.join(" "),
            50 + 16 * i
        );
    }
    svg.push_str("</svg>\n");
    svg
}
