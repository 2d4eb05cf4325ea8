//! One Tesseract instance: grey plane in, words with upright boxes out.

use std::ffi::CStr;
use std::path::Path;

use formats_vn::fold::nfc;
use leptess::tesseract::TessApi;

use crate::ReadError;
use crate::plane::Plane;

/// A word in the coordinates of the plane that was read.
pub(crate) struct FoundWord {
    pub(crate) text: String,
    /// Left, top, right, bottom.
    pub(crate) rect: [f32; 4],
    pub(crate) confidence: f32,
    /// The same of each letter; empty where it is told of words only.
    pub(crate) letters: Vec<f32>,
}

/// Words of one line, in reading order.
pub(crate) type FoundLine = Vec<FoundWord>;

/// Whatever finds and reads the lines of a flattened, levelled page; for one thread at a time.
pub(crate) trait Recogniser: Send {
    /// Below this mean confidence the page may not lie upright.
    fn doubt(&self) -> f32;
    /// Lines of words, from the top, in pixels of the plane. What is no print may be painted over.
    /// `spare` is memory of the plane's size that is of no more use.
    fn read(
        &mut self,
        plane: &mut Plane,
        spare: Vec<u8>,
        dpi: u32,
    ) -> Result<Vec<FoundLine>, ReadError>;
}

/// Tesseract, for one thread. Costs about 40 ms and 30 MB to open, so it is kept.
pub(crate) struct Engine {
    api: TessApi,
}

/// One column of text of varying sizes: measured best on Vietnamese office pages (fewest lost
/// lines) of the modes 3, 4, 6 and 11.
const PAGE_SEGMENTATION: &CStr = c"4";

/// A word of signs alone is dropped below this confidence.
const SIGN_MIN: f32 = 0.6;

impl Engine {
    /// Opens the weights `<language>.traineddata` in `folder`.
    pub(crate) fn open(folder: &Path, language: &str) -> Result<Self, ReadError> {
        let path = folder.to_str().filter(|p| !p.contains('\0'));
        let path = path.ok_or_else(|| ReadError::Folder { folder: folder.to_path_buf() })?;
        let mut api = TessApi::new(Some(path), language)
            .map_err(|_| ReadError::EngineOpen { folder: folder.to_path_buf() })?;
        for (name, value) in [
            (c"tessedit_pageseg_mode", PAGE_SEGMENTATION),
            // The page is flattened already; white-on-black passes cost time and find noise.
            (c"tessedit_do_invert", c"0"),
        ] {
            api.raw.set_variable(name, value).map_err(|_| ReadError::EngineSetting {
                name: name.to_string_lossy().into_owned(),
            })?;
        }
        Ok(Self { api })
    }
}

impl Recogniser for Engine {
    /// Print the right way up has over 0.8, upside down under 0.5.
    fn doubt(&self) -> f32 {
        0.65
    }

    fn read(
        &mut self,
        plane: &mut Plane,
        _spare: Vec<u8>,
        dpi: u32,
    ) -> Result<Vec<FoundLine>, ReadError> {
        let (width, height) = (plane.width as i32, plane.height as i32);
        let raw = &mut self.api.raw;
        raw.set_image(&plane.data, width, height, 1, width).map_err(|_| ReadError::Recognise)?;
        raw.set_source_resolution(dpi as i32);
        raw.recognize().map_err(|_| ReadError::Recognise)?;
        let tsv = self.api.get_tsv_text(0).map_err(|_| ReadError::Recognise)?;
        Ok(lines_of(&tsv))
    }
}

/// Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height,
/// confidence (0 to 100, -1 for none), text. Level 4 opens a line, level 5 is a word.
fn lines_of(tsv: &str) -> Vec<FoundLine> {
    let mut lines: Vec<FoundLine> = Vec::new();
    for row in tsv.lines() {
        let mut cells = row.splitn(12, '\t');
        let mut number = || cells.next().and_then(|c| c.parse::<f32>().ok());
        let Some(level) = number() else { continue };
        if level == 4.0 {
            lines.push(Vec::new());
        }
        if level != 5.0 {
            continue;
        }
        let place: Vec<f32> = (0..5).filter_map(|_| number()).collect();
        let rect: Vec<f32> = (0..4).filter_map(|_| number()).collect();
        let (5, [x, y, w, h]) = (place.len(), rect.as_slice()) else { continue };
        let confidence = (number().unwrap_or(0.0) / 100.0).clamp(0.0, 1.0);
        let text = nfc(cells.next().unwrap_or("").trim());
        // Frames and strokes are read as unsure signs; a sure sign is a dash or a bullet.
        let sign = !text.chars().any(char::is_alphanumeric);
        let nothing = text.is_empty() || (sign && confidence < SIGN_MIN);
        if let (false, Some(line)) = (nothing, lines.last_mut()) {
            line.push(FoundWord {
                text,
                rect: [*x, *y, x + w, y + h],
                confidence,
                letters: vec![],
            });
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_becomes_lines_of_words() {
        let tsv = "1\t1\t0\t0\t0\t0\t0\t0\t99\t99\t-1\t\n\
                   4\t1\t1\t1\t1\t0\t10\t10\t50\t9\t-1\t\n\
                   5\t1\t1\t1\t1\t1\t10\t10\t20\t9\t96.5\tQUYE\u{302}\u{301}T\n\
                   5\t1\t1\t1\t1\t2\t40\t10\t20\t9\t91\tĐỊNH\n\
                   4\t1\t1\t1\t2\t0\t10\t30\t50\t9\t-1\t\n\
                   5\t1\t1\t1\t2\t1\t10\t30\t20\t9\t95\t \n";
        let lines = lines_of(tsv);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0][0].text, "QUYẾT");
        assert_eq!(lines[0][1].rect, [40.0, 10.0, 60.0, 19.0]);
        assert!((lines[0][0].confidence - 0.965).abs() < 1e-6);
    }

    #[test]
    fn a_broken_table_gives_no_words() {
        assert!(lines_of("5\tx\n\n4\n5\t1\t1").is_empty());
    }
}
