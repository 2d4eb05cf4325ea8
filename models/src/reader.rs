//! The reader: pages in, readings out, over as many threads as the machine lends.

use std::path::{Path, PathBuf};

use drivers_api::{Raster, Turn};

use crate::bed::sheet_on_bed;
use crate::clean::{drop_out, flatten, paper_of, split};
use crate::engine::{Engine, FoundLine, FoundWord, Recogniser};
use crate::manifest::{Manifest, ManifestError, ModelInfo};
use crate::net::NetError;
use crate::own::OwnEngine;
use crate::page::{Line, PageReading, Quad, Word, confidence_of};
use crate::plane::Plane;
use crate::{marks, skew};

/// Why a page was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The weights are missing or unknown.
    #[error("check the reading model")]
    Weights(#[from] ManifestError),
    /// The folder's path cannot be passed to the engine.
    #[error("the model folder {} is not a plain UTF-8 path", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
    },
    /// The engine did not take the weights.
    #[error("open the recogniser on {}: reinstall tesseract-ocr-vie", folder.display())]
    EngineOpen {
        /// The folder.
        folder: PathBuf,
    },
    /// The engine does not know a setting that we need.
    #[error("set {name} of the recogniser: libtesseract 5 is needed")]
    EngineSetting {
        /// The setting.
        name: String,
    },
    /// The image is too small to be a page.
    #[error("a {width}x{height} image is no page: each side needs {} pixels", SIDE_MIN)]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The engine failed on a page.
    #[error("recognise a page")]
    Recognise,
    /// Our own network failed.
    #[error("read with the network")]
    Net(#[from] NetError),
}

/// Shorter than this no side of a page is: 8 mm at 300 dpi.
const SIDE_MIN: u32 = 100;
/// Less ink than this is dust: a lone page number has 0.00004 of an A4 page.
const INK_MIN: f32 = 0.000_02;
/// Paper darker than this is the lid or a fault, not a page.
const PAPER_MIN: u8 = 70;
/// Smaller skew than this is not worth a resampling.
const LEVEL_DEGREES: f32 = 0.1;

/// Ends of the contrast that the engine gets: without the paper's grain it needs a tenth less time
/// and makes no more errors.
const BLACK: u8 = 60;
const WHITE: u8 = 225;

/// Where Debian keeps the weights.
const FOLDERS: [&str; 2] = ["/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata"];
const MODEL: &str = "tesseract-vie";
const LANGUAGE: &str = "vie";
/// Our own reader's weights in the manifest.
const OWN_MODEL: &str = "line-reader";
const OWN_WEIGHTS: &[u8] = include_bytes!("../reader/reader.tflite");

/// Tesseract's OpenMP threads fight with our own: on a busy 2-core machine a page took 15 s
/// instead of 2 s. libgomp reads the variable when the process starts, so the program must have
/// been started with `OMP_THREAD_LIMIT=1`; setting it later does nothing.
pub fn omp_thread_limit_is_set() -> bool {
    std::env::var("OMP_THREAD_LIMIT").is_ok_and(|limit| limit.trim() == "1")
}

/// Reads pages. Keeps one recogniser per thread, opened once.
pub struct Reader {
    engines: Vec<Box<dyn Recogniser>>,
    model: ModelInfo,
}

impl Reader {
    /// Checks the weights in `folder` (Debian's folders when `None`) and opens `workers`
    /// recognisers, at least one. Start the process with `OMP_THREAD_LIMIT=1`
    /// ([`omp_thread_limit_is_set`]).
    pub fn open(folder: Option<&Path>, workers: usize) -> Result<Self, ReadError> {
        let debian = || {
            let installed = FOLDERS.map(Path::new).into_iter().find(|f| f.is_dir());
            installed.unwrap_or(Path::new(FOLDERS[0]))
        };
        let folder = folder.unwrap_or_else(debian);
        let manifest = Manifest::embedded()?;
        let model = manifest.model(MODEL)?.check(folder)?;
        let open = |_| Ok(Box::new(Engine::open(folder, LANGUAGE)?) as Box<dyn Recogniser>);
        let engines: Result<_, ReadError> = (0..workers.max(1)).map(open).collect();
        Ok(Self { engines: engines?, model })
    }

    /// Opens `workers` of our own readers, at least one, over the LiteRT library at `library`, with
    /// the weights in `folder`, or those that are built in. Either must be in the manifest.
    pub fn open_own(
        folder: Option<&Path>,
        library: &Path,
        workers: usize,
    ) -> Result<Self, ReadError> {
        let manifest = Manifest::embedded()?;
        let listed = manifest.model(OWN_MODEL)?;
        let (model, weights) = match folder {
            Some(folder) => listed.read(folder)?,
            None => listed.examined(Path::new("built in"), OWN_WEIGHTS.to_vec())?,
        };
        let engines = OwnEngine::open(library, weights, workers.max(1))?;
        let boxed = |engine| Box::new(engine) as Box<dyn Recogniser>;
        Ok(Self { engines: engines.into_iter().map(boxed).collect(), model })
    }

    /// The weights in use.
    pub fn model(&self) -> &ModelInfo {
        &self.model
    }

    /// Reads `pages`, in parallel, each on one thread; readings come in the order of the pages.
    pub fn read(&mut self, pages: &[&Raster]) -> Result<Vec<PageReading>, ReadError> {
        let workers = self.engines.len();
        let mut readings: Vec<Option<Result<PageReading, ReadError>>> = Vec::new();
        readings.resize_with(pages.len(), || None);
        let mut shares: Vec<Vec<_>> = (0..workers).map(|_| Vec::new()).collect();
        for (i, slot) in readings.iter_mut().enumerate() {
            shares[i % workers].push((pages[i], slot));
        }
        std::thread::scope(|scope| {
            for (engine, share) in self.engines.iter_mut().zip(shares) {
                scope.spawn(move || {
                    for (page, slot) in share {
                        *slot = Some(read_page(engine.as_mut(), page));
                    }
                });
            }
        });
        readings.into_iter().map(|reading| reading.unwrap_or(Err(ReadError::Recognise))).collect()
    }
}

fn read_page(engine: &mut dyn Recogniser, picture: &Raster) -> Result<PageReading, ReadError> {
    let Some(sheet) = sheet_on_bed(picture) else { return read_sheet(engine, picture) };
    let mut page = picture.clone();
    page.crop(sheet.x, sheet.y, sheet.width, sheet.height);
    Ok(PageReading { sheet: Some(sheet), ..read_sheet(engine, &page)? })
}

fn read_sheet(engine: &mut dyn Recogniser, page: &Raster) -> Result<PageReading, ReadError> {
    let (width, height) = (page.width(), page.height());
    if width < SIDE_MIN || height < SIDE_MIN {
        return Err(ReadError::TooSmall { width, height });
    }
    let mut best = read_as_it_lies(engine, page)?;
    // A sheet laid the other way round is what happens most.
    for turn in [Turn::Half, Turn::Quarter, Turn::ThreeQuarters] {
        if best.blank || best.confidence >= engine.doubt() {
            break;
        }
        let mut turned = page.clone();
        turned.turn(turn);
        let reading = read_as_it_lies(engine, &turned)?;
        if sense(&reading) > sense(&best) {
            best = PageReading { turn, ..reading };
        }
    }
    Ok(best)
}

fn read_as_it_lies(engine: &mut dyn Recogniser, page: &Raster) -> Result<PageReading, ReadError> {
    let (mut reading, flat) = looked_at(page);
    if reading.blank {
        return Ok(reading);
    }
    let (mut straight, spare) = levelled(flat, reading.skew_degrees);
    let found = engine.read(&mut straight, spare, reading.dpi)?;
    let lines = found.into_iter().flat_map(split_columns).map(|line| place(line, &reading));
    reading.lines = lines.filter(|line| !is_stroke(line, &reading)).collect();
    let words: Vec<Word> = reading.lines.iter().flat_map(|l| l.words.iter().cloned()).collect();
    reading.confidence = confidence_of(&words);
    Ok(reading)
}

/// How much of a reading makes sense: letters, each by how much surer than a guess it is.
fn sense(reading: &PageReading) -> f32 {
    let words = reading.lines.iter().flat_map(|line| &line.words);
    words.map(|word| word.text.chars().count() as f32 * (2.0 * word.confidence - 1.0)).sum()
}

/// The page in even light, without seals' and signatures' ink, and what is to be seen of it before
/// it is read.
fn looked_at(page: &Raster) -> (PageReading, Plane) {
    let dpi = dpi_of(page);
    let mut channels = split(page);
    let seals = marks::seals(&channels.red, dpi);
    let signatures = marks::signatures(&channels.blue, dpi);
    for region in seals.iter().chain(&signatures) {
        drop_out(&mut channels.value, page, region);
    }
    let paper = paper_of(&channels.value);
    let mut flat = channels.value;
    flatten(&mut flat, &paper);
    let quarter = flat.shrunk::<4>();
    let ink = marks::ink_share(&quarter);
    let blank = ink < INK_MIN || median(&paper) < PAPER_MIN;
    let skew = if blank { 0.0 } else { skew::estimate(&quarter) };
    let reading = PageReading {
        width: page.width(),
        height: page.height(),
        dpi,
        sheet: None,
        turn: Turn::None,
        skew_degrees: if skew.abs() >= LEVEL_DEGREES { skew } else { 0.0 },
        lines: Vec::new(),
        confidence: 0.0,
        ink,
        blank,
        sharpness: marks::sharpness(&flat),
        seals,
        signatures,
    };
    (reading, flat)
}

/// The page with its lines level and in full contrast, and memory that is not needed any more.
fn levelled(flat: Plane, skew_degrees: f32) -> (Plane, Vec<u8>) {
    if skew_degrees == 0.0 {
        return (flat.stretched(BLACK, WHITE), Vec::new());
    }
    (flat.rotated(-skew_degrees).stretched(BLACK, WHITE), flat.data)
}

/// Whether a line is a letter or two on a seal or a signature: a stroke of it, not print.
fn is_stroke(line: &Line, reading: &PageReading) -> bool {
    const LETTERS_MAX: usize = 2;
    let letters: usize = line.words.iter().map(|word| word.text.chars().count()).sum();
    letters <= LETTERS_MAX
        && line.words.iter().all(|word| {
            let middle = [0, 1].map(|i| word.quad.iter().map(|p| p[i]).sum::<f32>() / 4.0);
            reading.seals.iter().chain(&reading.signatures).any(|region| region.holds(middle))
        })
}

/// The engine joins columns that stand on one baseline (authority and motto); a gap of three
/// line heights parts them.
fn split_columns(line: FoundLine) -> Vec<FoundLine> {
    let height = line.iter().map(|w| w.rect[3] - w.rect[1]).fold(0.0, f32::max);
    let mut parts: Vec<FoundLine> = Vec::new();
    let mut right = f32::MIN;
    for word in line {
        let near = word.rect[0] - right < 3.0 * height;
        right = word.rect[2];
        match parts.last_mut() {
            Some(part) if near => part.push(word),
            _ => parts.push(vec![word]),
        }
    }
    parts
}

/// Puts a line found on the levelled page back onto the page.
fn place(line: FoundLine, reading: &PageReading) -> Line {
    let (sin, cos) = reading.skew_degrees.to_radians().sin_cos();
    let (cx, cy) = (reading.width as f32 / 2.0, reading.height as f32 / 2.0);
    let back = |x: f32, y: f32| {
        let (dx, dy) = (x - cx, y - cy);
        [cos * dx - sin * dy + cx, sin * dx + cos * dy + cy]
    };
    let word = |FoundWord { text, rect: [x0, y0, x1, y1], confidence, letters }| {
        let quad: Quad = [back(x0, y0), back(x1, y0), back(x1, y1), back(x0, y1)];
        Word { text, quad, confidence, letters }
    };
    Line { words: line.into_iter().map(word).collect() }
}

/// Resolution of the page; a page that does not say is taken for A4.
fn dpi_of(page: &Raster) -> u32 {
    const A4_WIDTH_INCHES: f32 = 8.27;
    let guessed = (page.width().min(page.height()) as f32 / A4_WIDTH_INCHES) as u32;
    let dpi = if page.dpi() == 0 { guessed } else { page.dpi() };
    dpi.clamp(70, 1200)
}

fn median(plane: &Plane) -> u8 {
    let mut levels = plane.data.clone();
    let middle = levels.len() / 2;
    *levels.select_nth_unstable(middle).1
}
