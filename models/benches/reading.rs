//! Processor time of our reader against Tesseract's, beside a busy neighbour, and its memory:
//! `cargo bench --workspace --bench reading`.
//!
//! Drawn office pages lie as plain PPM files, so that nobody unpacks anything. For each paper of a
//! few pages one process of ours starts, opens the reader, reads the files and tells words and
//! boxes; so does `tesseract -l vie`. Both in turns, each with `OMP_THREAD_LIMIT=1`. The neighbour
//! is a process that does nothing but keep one processor busy.
#![expect(clippy::print_stdout, reason = "the benchmark reports to the person who runs it")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};

use drivers_api::{PixelFormat, Raster};
use models::Reader;
use paper::{Look, TYPEFACES, assorted};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The part of Tesseract's time that ours may take.
const GOAL: f64 = 1.0 / 15.0;
/// How much more processor time a page may take beside a busy neighbour.
const NEIGHBOUR_GOAL: f64 = 1.05;
/// The most memory that reading a paper may take, in megabytes.
const MEMORY_GOAL: f64 = 200.0;
const PAPERS: u64 = 2;
const PAGES: u64 = 4;
const ROUNDS: usize = 3;
/// Cheap ones, so more of them.
const NEIGHBOUR_ROUNDS: usize = 7;
/// Names the list of a paper's pages to the child that reads them.
const LIST: &str = "READING_BENCH_LIST";
/// Names the file into which that child writes its greatest resident size.
const MEMORY: &str = "READING_BENCH_MEMORY";
/// Tells a child to be the busy neighbour.
const NEIGHBOUR: &str = "READING_BENCH_NEIGHBOUR";

fn main() -> ExitCode {
    if std::env::var_os(NEIGHBOUR).is_some() {
        loop {
            std::hint::spin_loop();
        }
    }
    let done = match std::env::var_os(LIST) {
        Some(list) => read(Path::new(&list)).map(|()| true),
        None => bench(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<bool, Failure> {
    let folder = tempfile::tempdir()?;
    let papers: Result<Vec<PathBuf>, Failure> =
        (0..PAPERS).map(|paper| draw(folder.path(), paper)).collect();
    let papers = papers?;
    let faster = against_tesseract(&papers)?;
    let undisturbed = beside_a_neighbour(&papers)?;
    let small = memory(folder.path(), &papers)?;
    Ok(faster && undisturbed && small)
}

fn against_tesseract(papers: &[PathBuf]) -> Result<bool, Failure> {
    println!(
        "{PAPERS} papers of {PAGES} pages, {ROUNDS} rounds; CPU milliseconds (user + system) a page"
    );
    println!("round   own   tesseract -l vie   ratio");
    let mut ratios = Vec::new();
    let pages = (PAPERS * PAGES) as f64;
    for round in 1..=ROUNDS {
        let (mut ours, mut theirs) = (0.0, 0.0);
        for list in papers {
            ours += own_milliseconds(list)? / pages;
            let mut tesseract = command(Path::new("tesseract"));
            tesseract.arg(list).args(["-", "-l", "vie", "--dpi", "300", "tsv"]);
            theirs += cpu_milliseconds(&mut tesseract)? / pages;
        }
        println!("{round:>5} {ours:>5.0} {theirs:>18.0}    1/{:.1}", theirs / ours);
        ratios.push(ours / theirs);
    }
    let median = median(ratios);
    let held = held(median <= GOAL);
    println!("median 1/{:.1} of Tesseract's time (goal 1/{:.0}): {held}", 1.0 / median, 1.0 / GOAL);
    Ok(median <= GOAL)
}

/// Kills the neighbour when it goes.
struct Neighbour(Child);

impl Neighbour {
    fn begin() -> Result<Self, Failure> {
        Ok(Self(Command::new(std::env::current_exe()?).env(NEIGHBOUR, "1").spawn()?))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processor time of a page alone and beside a busy process, in turns.
fn beside_a_neighbour(papers: &[PathBuf]) -> Result<bool, Failure> {
    let mut ratios = Vec::new();
    for _ in 0..NEIGHBOUR_ROUNDS {
        let (mut alone, mut beside) = (0.0, 0.0);
        for list in papers {
            alone += own_milliseconds(list)?;
            let neighbour = Neighbour::begin()?;
            beside += own_milliseconds(list)?;
            drop(neighbour);
        }
        ratios.push(beside / alone);
    }
    let median = median(ratios);
    let held = held(median <= NEIGHBOUR_GOAL);
    println!("beside a busy process {median:.3} of the time alone (goal {NEIGHBOUR_GOAL}): {held}");
    Ok(median <= NEIGHBOUR_GOAL)
}

/// The most memory that one process takes for a paper.
fn memory(folder: &Path, papers: &[PathBuf]) -> Result<bool, Failure> {
    let note = folder.join("memory");
    let mut most = 0.0f64;
    for list in papers {
        let mut own = command(&std::env::current_exe()?);
        cpu_milliseconds(own.env(LIST, list).env(MEMORY, &note))?;
        let status = std::fs::read_to_string(&note)?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
        most = most.max(kilobytes.parse::<f64>()? / 1000.0);
    }
    let held = held(most <= MEMORY_GOAL);
    println!("{most:.0} MB for a paper of {PAGES} pages (goal {MEMORY_GOAL:.0} MB): {held}");
    Ok(most <= MEMORY_GOAL)
}

fn own_milliseconds(list: &Path) -> Result<f64, Failure> {
    cpu_milliseconds(command(&std::env::current_exe()?).env(LIST, list))
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

const fn held(goal: bool) -> &'static str {
    if goal { "held" } else { "MISSED" }
}

/// A paper's pages, each of another layout, askew by up to 0.9 degrees as an office's scanner gives
/// them, and the list of their files.
fn draw(folder: &Path, paper: u64) -> Result<PathBuf, Failure> {
    let faces: Vec<_> = TYPEFACES.iter().filter(|face| face.trained).collect();
    let mut list = String::new();
    for page in paper * PAGES..(paper + 1) * PAGES {
        let skew_degrees = 0.3 * (page % 7) as f32 - 0.9;
        let look = Look { skew_degrees, noise: 8, ..Look::default() };
        let sheet = assorted(faces[page as usize % faces.len()], &look, 500 + page)?;
        let file = folder.join(format!("{page}.ppm"));
        std::fs::write(&file, sheet.to_ppm())?;
        list += &format!("{}\n", file.display());
    }
    let file = folder.join(format!("{paper}.txt"));
    std::fs::write(&file, list)?;
    Ok(file)
}

/// The program under bash's `time`, which knows milliseconds where /proc has hundredths.
fn command(program: &Path) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", "TIMEFORMAT='%U %S'; time \"$0\" \"$@\" 2>/dev/null >/dev/null"]);
    command.arg(program).env("OMP_THREAD_LIMIT", "1");
    command
}

fn cpu_milliseconds(command: &mut Command) -> Result<f64, Failure> {
    let output = command.output()?;
    let said = String::from_utf8(output.stderr)?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {said}").into());
    }
    let seconds: Result<Vec<f64>, _> = said.split_whitespace().map(str::parse).collect();
    Ok(seconds?.iter().sum::<f64>() * 1000.0)
}

/// What a process of ours does: all of a reading, from the files to words with their boxes.
fn read(list: &Path) -> Result<(), Failure> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = here.join("../target/litert/libLiteRt.so");
    let mut reader = Reader::open_own(None, &library, 1)?;
    for file in std::fs::read_to_string(list)?.lines() {
        for line in reader.read(&[&pixmap(Path::new(file))?])?.iter().flat_map(|page| &page.lines) {
            for word in &line.words {
                println!("{:?} {}", word.quad, word.text);
            }
        }
    }
    if let Some(note) = std::env::var_os(MEMORY) {
        std::fs::copy("/proc/self/status", note)?;
    }
    Ok(())
}

fn pixmap(file: &Path) -> Result<Raster, Failure> {
    let file = File::open(file)?;
    let mut data = Vec::with_capacity(file.metadata()?.len() as usize);
    let mut file = BufReader::new(file);
    let mut head = String::new();
    for _ in 0..3 {
        file.read_line(&mut head)?;
    }
    let size = head.strip_prefix("P6\n").and_then(|head| head.strip_suffix("\n255\n"));
    let (width, height) = size.and_then(|s| s.split_once(' ')).ok_or("not a plain pixmap")?;
    file.read_to_end(&mut data)?;
    Ok(Raster::new(width.parse()?, height.parse()?, PixelFormat::Rgb8, 300, data)?)
}
