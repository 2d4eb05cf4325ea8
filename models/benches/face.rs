//! What the face step costs: `cargo bench --workspace --bench face`.
//!
//! Processor time of each stage on camera frames of one person, frames a second of the guidance
//! (find and measure, as the screen follows the person), and the memory that the models take. The
//! frames are a public-domain photograph in two sizes.
#![expect(clippy::print_stdout, reason = "the benchmark reports to the person who runs it")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use drivers_api::{PixelFormat, Raster};
use models::face::{FaceEngine, FaceModels, Search};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Frames a second that the guidance needs.
const RATE_MIN: f64 = 15.0;
/// MB that the models may take.
const MEMORY_MAX: f64 = 60.0;
const ROUNDS: usize = 7;
const FRAMES: u32 = 10;

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

fn bench() -> Result<bool, Failure> {
    let before = resident_mb()?;
    let models = FaceModels::open(&target("models"), &target("litert/libLiteRt.so"))?;
    let mut engine = models.engine()?;
    let mut rate = f64::INFINITY;
    println!("frame      find and measure   embed   guidance");
    for (width, height) in [(640, 480), (1280, 720)] {
        let frame = frame(width, height)?;
        let face = engine.look(&frame, Search::Frame)?.ok_or("no face in the frame")?;
        let look = median(|| {
            engine.look(&frame, Search::Frame)?;
            Ok(())
        })?;
        let embed = median(|| {
            engine.embed(&face)?;
            Ok(())
        })?;
        let own = 1.0 / look.as_secs_f64();
        rate = rate.min(own);
        println!(
            "{width}x{height:<5} {:>13.1} ms {:>5.1} ms {own:>6.0}/s",
            look.as_secs_f64() * 1e3,
            embed.as_secs_f64() * 1e3,
        );
    }
    let memory = memory_of(&mut engine)? - before;
    let word = |held| if held { "held" } else { "MISSED" };
    let (fast, small) = (rate >= RATE_MIN, memory <= MEMORY_MAX);
    println!("guidance {rate:.0} frames a second (goal {RATE_MIN}): {}", word(fast));
    println!("models and networks {memory:.0} MB (goal {MEMORY_MAX}): {}", word(small));
    Ok(fast && small)
}

fn target(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(place)
}

/// The photograph in the middle of a frame: the face is as large as at arm's length.
fn frame(width: u32, height: u32) -> Result<Raster, Failure> {
    let photo = image::open(target("faces/astronaut.png"))?.into_rgb8();
    let photo =
        image::imageops::resize(&photo, height, height, image::imageops::FilterType::Triangle);
    let mut frame = image::RgbImage::from_pixel(width, height, image::Rgb([120, 120, 120]));
    image::imageops::overlay(&mut frame, &photo, i64::from((width - height) / 2), 0);
    Ok(Raster::new(width, height, PixelFormat::Rgb8, 0, frame.into_raw())?)
}

/// Median of the rounds, for one frame.
fn median(mut work: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let began = now();
        for _ in 0..FRAMES {
            work()?;
        }
        rounds.push(began.elapsed() / FRAMES);
    }
    rounds.sort();
    Ok(rounds[ROUNDS / 2])
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// Memory once every network has run.
fn memory_of(engine: &mut FaceEngine) -> Result<f64, Failure> {
    let frame = frame(640, 480)?;
    engine.look(&frame, Search::Frame)?;
    drop(frame);
    resident_mb()
}

/// Resident memory of this process.
fn resident_mb() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kb: f64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    Ok(kb / 1024.0)
}
