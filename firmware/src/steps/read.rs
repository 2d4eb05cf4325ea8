//! Reads a page: text with boxes, measures, the picture that goes into the copy; then all pages
//! together: what the paper is and what it says.

use std::sync::{Condvar, Mutex};

use drivers_api::Raster;
use models::{Classification, PageReading, ReadError, Reader};

use super::picture::Picture;
use crate::config::{Reading, ReadingEngine};
use crate::desk::KeptPage;
use crate::engine::lock;
use crate::visit::{KindFact, Say, Severity, Trouble};

/// Shortest side of a page in pixels: an ID card, the smallest original, is 54 mm or 425 px at 200
/// dpi.
pub const PAGE_SIDE_MIN: u32 = 400;

/// Longest proposed title, in characters: the register's column 4 is one or two lines.
const TITLE_CHARS_MAX: usize = 200;

/// Page readers, one for each page that is read at the same time.
pub struct ReaderPool {
    idle: Mutex<Vec<Reader>>,
    returned: Condvar,
}

/// A reader taken from the pool; goes back when dropped.
struct Taken<'a> {
    pool: &'a ReaderPool,
    reader: Option<Reader>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            lock(&self.pool.idle).push(reader);
            self.pool.returned.notify_one();
        }
    }
}

impl ReaderPool {
    /// Opens one reader for each page that may be read at the same time, and says which model
    /// reads.
    pub fn open(config: &Reading) -> Result<(Self, models::ModelInfo), ReadError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = if config.workers == 0 { cores } else { config.workers };
        let open = || open_reader(config);
        let readers = (0..workers).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
        let model = readers
            .first()
            .map(|reader| reader.model().clone())
            .map_or_else(|| open().map(|reader| reader.model().clone()), Ok)?;
        Ok((Self { idle: Mutex::new(readers), returned: Condvar::new() }, model))
    }

    fn take(&self) -> Taken<'_> {
        let mut idle = lock(&self.idle);
        loop {
            if let Some(reader) = idle.pop() {
                return Taken { pool: self, reader: Some(reader) };
            }
            idle = self.returned.wait(idle).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

/// A reader for one page at a time, with the engine of the site file.
pub fn open_reader(config: &Reading) -> Result<Reader, ReadError> {
    match config.engine {
        ReadingEngine::Tesseract => Reader::open(Some(&config.tessdata), 1),
        ReadingEngine::Own => Reader::open_own(config.models.as_deref(), &config.runtime, 1),
    }
}

/// Reads pages.
pub trait PageReader: Send + Sync {
    /// Reads a page and makes its picture. A page that did not lie upright is turned.
    fn read(&self, raster: Raster) -> Result<KeptPage, Trouble>;
}

impl PageReader for ReaderPool {
    fn read(&self, mut raster: Raster) -> Result<KeptPage, Trouble> {
        if raster.width().min(raster.height()) < PAGE_SIDE_MIN {
            let size = format!("{}x{} pixels", raster.width(), raster.height());
            return Err(unusable(Say::PageTooSmall, size));
        }
        let mut taken = self.take();
        let Some(reader) = taken.reader.as_mut() else {
            return Err(unusable(Say::Internal, "no reader".into()));
        };
        let mut readings = reader.read(&[&raster]).map_err(|error| read_trouble(&error))?;
        drop(taken);
        let Some(reading) = readings.pop() else {
            return Err(unusable(Say::Internal, "the reader gave no page".into()));
        };
        if reading.blank {
            return Err(unusable(Say::PageBlank, format!("ink on {:.4} of the page", reading.ink)));
        }
        reading.cut_out(&mut raster);
        let no_jpeg = |error| unusable(Say::Internal, format!("JPEG: {error}"));
        let small = Picture::small(&raster).map_err(no_jpeg)?;
        let picture = Picture::of(&raster).map_err(no_jpeg)?;
        Ok(KeptPage { picture, small, reading })
    }
}

fn read_trouble(error: &ReadError) -> Trouble {
    let say = match error {
        ReadError::TooSmall { .. } => Say::PageTooSmall,
        _ => Say::PageUnreadable,
    };
    unusable(say, crate::chain(error))
}

/// A page that must be laid again.
fn unusable(say: Say, cause: String) -> Trouble {
    let severity = if say == Say::Internal { Severity::Service } else { Severity::Retry };
    let remedy = match say {
        Say::PageBlank => "turn the sheet over, or leave the empty page out",
        Say::PageTooSmall => "check the scan area and resolution in the board file",
        Say::PageUnreadable => "clean the glass; check the language data with `kiosk run` at start",
        _ => "collect the log and report it",
    };
    Trouble { say, cause, remedy: remedy.into(), severity }
}

/// What all pages together say.
pub struct Understanding {
    /// What the paper is.
    pub kind: KindFact,
    /// Name proposed for column 4 of the register.
    pub title: String,
    /// Fields found.
    pub fields: Vec<models::Field>,
    /// The classification, for the refusal rules.
    pub classification: Classification,
}

/// Tells what the paper is and what it says.
pub fn understand(pages: &[PageReading]) -> Understanding {
    say_of(pages, models::classify(pages))
}

/// Tells what the paper says if it is of this kind, as an officer knows. A paper without a title of
/// its own has the kind's name for one.
pub fn understand_as(pages: &[PageReading], kind: &'static models::Kind) -> Understanding {
    let mut classification = models::classify(pages);
    (classification.kind, classification.score) = (kind, 1.0);
    if classification.title.is_empty() {
        classification.title.clone_from(&kind.vi);
    }
    say_of(pages, classification)
}

fn say_of(pages: &[PageReading], classification: Classification) -> Understanding {
    let fields = models::extract(pages, &classification);
    let subject = fields.iter().find(|field| field.id == "subject");
    let mut title = classification.title.clone();
    if let Some(subject) = subject {
        title = format!("{title} {}", subject.value);
    }
    let kind = classification.kind;
    Understanding {
        kind: KindFact {
            id: kind.id.clone(),
            vi: kind.vi.clone(),
            en: kind.en.clone(),
            score: classification.score,
        },
        title: title.trim().chars().take(TITLE_CHARS_MAX).collect(),
        fields,
        classification,
    }
}
