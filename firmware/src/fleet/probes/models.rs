//! The models: their weights are the examined ones, and one inference with each goes through.

use drivers_api::{Bitmap, PixelFormat, Raster, RasterError};
use formats_vn::fold::fold;
use models::ReadError;
use models::face::{FaceError, FaceModels, Search};
use time::OffsetDateTime;

use crate::assemble::read_asset;
use crate::config::Config;
use crate::fleet::check::{FaultId, Finding, Subject};
use crate::steps::read::open_reader;
use crate::steps::ticket::{Press, Ticket};

/// Words on the page that is read for a trial, without marks and in small letters.
const WORDS: [&str; 2] = ["ban sao", "certified copy"];
/// Dots of its lines, and how many pixels each becomes: letters as large as on a scanned page.
const LINE_DOTS: u16 = 576;
const DOT_PIXELS: u32 = 2;

/// Why a page could not be read for a trial.
#[derive(Debug, thiserror::Error)]
enum TrialError {
    /// The typefaces of tickets, with which it is set.
    #[error("cannot set a page: {0}")]
    Type(String),
    /// It cannot be drawn.
    #[error("cannot draw a page")]
    Draw(#[source] RasterError),
    /// It cannot be read.
    #[error("cannot read a page")]
    Read(#[source] ReadError),
    /// It was read, and the words are not there.
    #[error("a page was read, and its words are not in it")]
    Words,
}

/// Opens the page reader, sets a page, reads it, and looks for its words.
pub fn page_reader(config: &Config, now: OffsetDateTime) -> Finding {
    let subject = Subject::PageReader;
    let fault = |cause: String| {
        let remedy = "check reading.runtime in the site file, or set reading.engine to tesseract \
                      with Debian's tesseract-ocr-vie installed";
        Finding::fault(subject, FaultId::PageReaderFailed, cause, remedy)
    };
    let mut reader = match open_reader(&config.reading) {
        Ok(reader) => reader,
        Err(error) => return fault(crate::chain(&error)),
    };
    let mut trial = || {
        let page = page(config, now)?;
        let readings = reader.read(&[&page]).map_err(TrialError::Read)?;
        let text = fold(&readings.iter().map(models::PageReading::text).collect::<String>());
        let found = WORDS.iter().all(|words| text.contains(words));
        if found { Ok(()) } else { Err(TrialError::Words) }
    };
    match trial() {
        Ok(()) => {
            let model = reader.model();
            Finding::ok(subject, format!("{} {} reads", model.name, model.version))
        }
        Err(error) => fault(crate::chain(&error)),
    }
}

/// A page of no meaning, set in the product's typeface.
fn page(config: &Config, now: OffsetDateTime) -> Result<Raster, TrialError> {
    let font =
        |path| read_asset("font", path).map_err(|error| TrialError::Type(crate::chain(&error)));
    let press = Press::new(&font(&config.fonts.regular)?, &font(&config.fonts.bold)?);
    let press = press.map_err(|error| TrialError::Type(crate::chain(&error)))?;
    let ticket = Ticket {
        fee: (0, None),
        authority: "BẢN SAO".into(),
        product: ["Chứng thực bản sao".into(), "Certified copy".into()],
        number: 1,
        book: config.book.name.clone(),
        code: "2KQ7-9MXW".into(),
        verify_url: "https://kiosk.invalid/v/2KQ7-9MXW".into(),
        at: now,
        place: config.device.id.clone(),
    };
    let dots = ticket.set(&press, LINE_DOTS);
    let dots = dots.ok_or_else(|| TrialError::Type("it does not fit its line".into()))?;
    enlarged(&dots).map_err(TrialError::Draw)
}

fn enlarged(dots: &Bitmap) -> Result<Raster, RasterError> {
    let [width, height] = [dots.width(), dots.height()].map(|side| u32::from(side) * DOT_PIXELS);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let dot = |(x, y): (u32, u32)| dots.is_black((x / DOT_PIXELS) as u16, (y / DOT_PIXELS) as u16);
    let grey = places.map(|place| if dot(place) { 0 } else { 255 }).collect();
    Raster::new(width, height, PixelFormat::Gray8, 0, grey)
}

/// Opens the face models and looks for a face on an empty picture.
pub fn faces(config: &Config, has_camera: bool) -> Finding {
    let subject = Subject::FaceModels;
    if !has_camera {
        return Finding::skipped(subject, "this board has no camera");
    }
    let look = || -> Result<String, FaceError> {
        let models = FaceModels::open(&config.face.models, &config.reading.runtime)?;
        let (side, data) = (256, vec![128; 256 * 256]);
        if let Ok(empty) = Raster::new(side, side, PixelFormat::Gray8, 0, data) {
            models.engine()?.look(&empty, Search::Frame)?;
        }
        Ok(models.infos().each_ref().map(|info| info.name.as_str()).join(", "))
    };
    match look() {
        Ok(names) => Finding::ok(subject, names),
        Err(error) => {
            let remedy = "run `make models`, or name what is installed in face.models";
            Finding::fault(subject, FaultId::FaceModelsFailed, crate::chain(&error), remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_becomes_a_square_of_pixels() {
        let mut dots = Bitmap::white(9, 1);
        dots.blacken(8, 0);
        let page = enlarged(&dots).expect("a picture");
        assert_eq!((page.width(), page.height()), (18, 2));
        let dark: Vec<_> = (0..36).filter(|at| page.data()[*at] == 0).collect();
        assert_eq!(dark, [16, 17, 34, 35]);
    }
}
