//! How small a page may become: `cargo bench --workspace --bench picture`.
//!
//! For each way to make the JPEG of a page: bytes of two pages, words that the reader reads right,
//! how steep the seal's edges are and how far its colours are from those that were drawn. The
//! figures of decision 0014 come from here. `-- QUALITY:CORING…` tries others.
#![expect(clippy::print_stdout, reason = "the benchmark reports to the person who runs it")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use drivers_api::{PixelFormat, Raster};
use kiosk::steps::picture::{RECIPE, Recipe, encode};
use models::{PageReading, Reader, Region};
use paper::{Document, Look, Sheet, draw};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Bytes of a copy of two pages.
const GOAL: usize = 700_000;
/// What a copy holds beside its pages, about.
const REST: usize = 144_000;
/// Originals, each of two pages.
const SEEDS: std::ops::Range<u64> = 0..3;

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
    let mut reader = Reader::open(None, 2)?;
    let mut well = true;
    for (title, look) in [
        ("office scanner", Look::default()),
        ("noisy scanner, skewed", Look { noise: 10, skew_degrees: 0.6, ..Look::default() }),
    ] {
        let pages = pages(&mut reader, &look)?;
        println!("{title}: {} originals of two pages", SEEDS.end);
        println!(
            "  {:<34} {:>9} {:>9} {:>7} {:>7} {:>7} {:>6}",
            "", "two pages", "copy", "words", "edges", "dB", "ms"
        );
        let scans: Vec<_> = pages.iter().map(|page| page.scanned.clone()).collect();
        let plain = found(&mut reader, &pages, &scans)?;
        line("the scan itself", &plain);
        for quality in [85, 65, 20] {
            let made = through(&mut reader, &pages, |page| baseline(page, quality))?;
            line(&format!("baseline, quality {quality}"), &made);
        }
        for (quality, coring) in recipes()? {
            let recipe = Recipe { quality, coring };
            let made = through(&mut reader, &pages, |page| Ok(encode(page, recipe)?))?;
            line(&format!("progressive, quality {quality}, coring {coring}"), &made);
            if recipe == RECIPE {
                let small = made.bytes / pages.len() * 2 + REST <= GOAL;
                well &= small && made.right >= plain.right;
            }
        }
    }
    println!("chosen {RECIPE:?}: {}", if well { "ok" } else { "MISSED" });
    Ok(well)
}

/// Those named as `QUALITY:CORING` on the command line, or some around the chosen one.
fn recipes() -> Result<Vec<(u8, f32)>, Failure> {
    let named = std::env::args().filter_map(|a| {
        a.split_once(':').map(|(quality, coring)| Ok((quality.parse()?, coring.parse()?)))
    });
    let named: Vec<_> = named.collect::<Result<_, Failure>>()?;
    let usual = [85, 75, 65, 50, 40, 30].map(|quality| (quality, RECIPE.coring));
    let chosen = [(RECIPE.quality, 0.0), (RECIPE.quality, RECIPE.coring)];
    Ok(if named.is_empty() { usual.into_iter().chain(chosen).collect() } else { named })
}

fn line(title: &str, found: &Found) {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
    let pages = (SEEDS.end * 2) as usize;
    let two = found.bytes / pages * 2;
    println!(
        "  {title:<34} {two:>9} {:>9} {:>6.2}% {:>7.3} {:>7.1} {:>6.0}",
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
    for seed in SEEDS {
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
fn baseline(page: &Raster, quality: u8) -> Result<Vec<u8>, Failure> {
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    let (width, height) = (page.width() as u16, page.height() as u16);
    encoder.encode(page.data(), width, height, jpeg_encoder::ColorType::Rgb)?;
    Ok(jpeg)
}

fn through(
    reader: &mut Reader,
    pages: &[Page],
    encode: impl Fn(&Raster) -> Result<Vec<u8>, Failure>,
) -> Result<Found, Failure> {
    let (mut seen, mut bytes) = (Vec::new(), 0);
    let began = Instant::now();
    let jpegs: Vec<_> = pages.iter().map(|p| encode(&p.scanned)).collect::<Result<_, _>>()?;
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    for jpeg in jpegs {
        bytes += jpeg.len();
        let image = image::load_from_memory(&jpeg)?.into_rgb8();
        let (width, height) = image.dimensions();
        seen.push(Raster::new(width, height, PixelFormat::Rgb8, paper::DPI, image.into_raw())?);
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
