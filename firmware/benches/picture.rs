//! How small a page may become: `cargo bench --workspace --bench picture`.
//!
//! For each way to keep a page: bytes of two pages, words that the reader reads right in what a
//! reader of the copy sees, how steep the seal's edges are and how far its colours are from those
//! that were drawn. The figures of decisions 0014 and 0019 come from here. `-- originals=N` takes
//! more originals, `-- save=FOLDER` keeps what is seen, `-- own-reader-over=LIBRARY` reads with our
//! own reader over LiteRT in place of Tesseract.
#![expect(clippy::print_stdout, reason = "the benchmark reports to the person who runs it")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use drivers_api::{PixelFormat, Raster};
use kiosk::steps::picture::{LAYERING, Layering, Picture, RECIPE, Recipe};
use models::{PageReading, Reader, Region};
use paper::{Document, Look, Sheet, draw};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Bytes of a copy of two pages.
const GOAL: usize = 700_000;
/// What a copy holds beside its pages, about.
const REST: usize = 144_000;
/// Originals, each of two pages.
const ORIGINALS: u64 = 3;

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A page as scanned, and the same without the scanner.
struct Page {
    scanned: Raster,
    drawn: Raster,
    words: Vec<String>,
    /// Where the seals are.
    seals: Vec<Region>,
}

/// What is found on the pages of all originals.
#[derive(Default)]
struct Found {
    bytes: usize,
    right: usize,
    words: usize,
    steepness: Vec<f64>,
    errors: Vec<f64>,
    milliseconds: f64,
}

fn bench() -> Result<bool, Failure> {
    let mut reader = match asked("own-reader-over") {
        Some(library) => Reader::open_own(None, library.as_ref(), 2)?,
        None => Reader::open(None, 2)?,
    };
    let mut well = true;
    for (title, look) in [
        ("office scanner", Look::default()),
        ("noisy scanner, skewed", Look { noise: 10, skew_degrees: 0.6, ..Look::default() }),
    ] {
        let pages = pages(&mut reader, &look)?;
        println!("{title}: {} originals of two pages", pages.len() / 2);
        println!(
            "  {:<44} {:>9} {:>9} {:>7} {:>7} {:>7} {:>6}",
            "", "two pages", "copy", "words", "edges", "dB", "ms"
        );
        let scans: Vec<_> = pages.iter().map(|page| page.scanned.clone()).collect();
        let plain = found(&mut reader, &pages, &scans)?;
        line("the scan itself", &plain, pages.len());
        let mut measured = |title: &str, make: &dyn Fn(&Raster) -> Result<Picture, Failure>| {
            let made = through(&mut reader, &pages, title, make)?;
            line(title, &made, pages.len());
            Ok::<_, Failure>(made)
        };
        measured("baseline, quality 85", &|page| baseline(page, 85))?;
        measured("progressive, cored, quality 85", &|page| Ok(Picture::whole(page, RECIPE)?))?;
        for (title, layering) in layerings() {
            let layered =
                |page: &Raster| Picture::layered(page, &layering).ok_or_else(|| "no layers".into());
            measured(title, &layered)?;
        }
        let chosen = measured("what the kiosk makes", &|page| Ok(Picture::of(page)?))?;
        well &= chosen.bytes / pages.len() * 2 + REST <= GOAL && chosen.right >= plain.right;
    }
    println!("{}", if well { "ok" } else { "MISSED" });
    Ok(well)
}

/// Layers around those that were chosen.
fn layerings() -> Vec<(&'static str, Layering)> {
    let paper = |quality| Layering { paper: Recipe { quality, ..LAYERING.paper }, ..LAYERING };
    let patch = |patch| Layering { patch, ..LAYERING };
    let fine = |quality| Recipe { quality, ..LAYERING.patch };
    vec![
        ("layers, seals as ink", Layering { seals_in_patches: false, ..LAYERING }),
        ("layers, paper of quality 60", paper(60)),
        ("layers, paper of quality 75", paper(75)),
        ("layers, patches as pages were", patch(RECIPE)),
        ("layers, patches of quality 85, fine colours", patch(fine(85))),
        ("layers, patches of quality 95, fine colours", patch(fine(95))),
    ]
}

/// What `NAME=` on the command line says.
fn asked(name: &str) -> Option<String> {
    std::env::args().find_map(|a| Some(a.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

fn line(title: &str, found: &Found, pages: usize) {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
    let two = found.bytes / pages * 2;
    println!(
        "  {title:<44} {two:>9} {:>9} {:>6.2}% {:>7.3} {:>7.1} {:>6.0}",
        two + REST,
        100.0 * found.right as f64 / found.words.max(1) as f64,
        mean(&found.steepness),
        mean(&found.errors),
        found.milliseconds / pages as f64,
    );
}

fn pages(reader: &mut Reader, look: &Look) -> Result<Vec<Page>, Failure> {
    let bare = Look { noise: 0, ..look.clone() };
    let mut pages = Vec::new();
    let originals = asked("originals").map_or(Ok(ORIGINALS), |number| number.parse())?;
    for seed in 0..originals {
        let scanned = draw(Document::Decision, look, seed)?;
        for (scan, drawn) in scanned.iter().zip(draw(Document::Decision, &bare, seed)?.iter()) {
            let words = scan.words.iter().map(|word| word.text.clone()).collect();
            let (scanned, drawn) = (raster(scan)?, raster(drawn)?);
            let seals = reader.read(&[&drawn])?.pop().map(|read| read.seals).unwrap_or_default();
            pages.push(Page { scanned, drawn, words, seals });
        }
    }
    Ok(pages)
}

fn raster(sheet: &Sheet) -> Result<Raster, Failure> {
    let (width, height) = (sheet.width, sheet.height);
    Ok(Raster::new(width, height, PixelFormat::Rgb8, paper::DPI, sheet.rgb.clone())?)
}

/// As the kiosk made its JPEGs before.
fn baseline(page: &Raster, quality: u8) -> Result<Picture, Failure> {
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    let (width, height) = (page.width() as u16, page.height() as u16);
    encoder.encode(page.data(), width, height, jpeg_encoder::ColorType::Rgb)?;
    Ok(Picture::from_jpeg(jpeg, page))
}

fn through(
    reader: &mut Reader,
    pages: &[Page],
    title: &str,
    make: &dyn Fn(&Raster) -> Result<Picture, Failure>,
) -> Result<Found, Failure> {
    let began = Instant::now();
    let pictures: Vec<_> = pages.iter().map(|p| make(&p.scanned)).collect::<Result<_, _>>()?;
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    let bytes = pictures.iter().map(Picture::bytes).sum();
    let seen = pictures.iter().map(|picture| picture.shown().ok_or("it cannot be shown"));
    let seen: Vec<_> = seen.collect::<Result<_, _>>()?;
    if let Some(folder) = asked("save") {
        for (i, page) in seen.iter().enumerate() {
            let path = format!("{folder}/{} {i}.png", title.replace(',', ""));
            let (width, height) = (page.width(), page.height());
            image::save_buffer(path, page.data(), width, height, image::ColorType::Rgb8)?;
        }
    }
    Ok(Found { bytes, milliseconds, ..found(reader, pages, &seen)? })
}

/// What can be seen of the pages in the images made of them.
fn found(reader: &mut Reader, pages: &[Page], seen: &[Raster]) -> Result<Found, Failure> {
    let mut found = Found::default();
    let readings = reader.read(&seen.iter().collect::<Vec<_>>())?;
    for (i, page) in pages.iter().enumerate() {
        found.words += page.words.len();
        found.right += right(&page.words, &readings[i]);
        for seal in &page.seals {
            let steep = steepness(&seen[i], seal) / steepness(&page.drawn, seal);
            found.steepness.push(steep);
            found.errors.push(likeness(&seen[i], &page.drawn, seal));
        }
    }
    Ok(found)
}

/// How many of the words were read, wherever.
fn right(truth: &[String], reading: &PageReading) -> usize {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for word in reading.lines.iter().flat_map(|line| &line.words) {
        *left.entry(&word.text).or_default() += 1;
    }
    let mut take = |word: &String| {
        let left = left.get_mut(word.as_str()).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    };
    truth.iter().filter(|word| take(word)).count()
}

fn pixel(page: &Raster, x: u32, y: u32) -> [f64; 3] {
    let at = 3 * (y * page.width() + x) as usize;
    [0, 1, 2].map(|i| f64::from(page.data()[at + i]))
}

/// The step in redness between pixels two apart that one in twenty exceeds.
fn steepness(page: &Raster, seal: &Region) -> f64 {
    let red = |x, y| {
        let [r, g, b] = pixel(page, x, y);
        r - g.max(b)
    };
    let mut steps = Vec::new();
    for y in seal.y..(seal.y + seal.height).min(page.height()) {
        for x in seal.x + 2..(seal.x + seal.width).min(page.width()) {
            steps.push((red(x, y) - red(x - 2, y)).abs());
        }
    }
    steps.sort_by(f64::total_cmp);
    steps[steps.len() * 19 / 20]
}

/// The peak signal-to-noise ratio of the seal's colours, in decibels, beside the drawn ones.
fn likeness(page: &Raster, drawn: &Raster, seal: &Region) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for y in seal.y..(seal.y + seal.height).min(page.height()) {
        for x in seal.x..(seal.x + seal.width).min(page.width()) {
            let (a, b) = (pixel(page, x, y), pixel(drawn, x, y));
            sum += a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            count += 3.0;
        }
    }
    10.0 * (255.0f64.powi(2) * count / sum).log10()
}
