//! A drawn sheet and the truth about it.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

use crate::PaperError;

/// Resolution of every sheet.
pub const DPI: u32 = 300;

/// A word as it was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct TruthWord {
    /// The word, NFC.
    pub text: String,
    /// Corners of its ink, TL, TR, BR, BL seen along the reading direction, in pixels.
    pub quad: [[f32; 2]; 4],
    /// The printed line it stands on, counted over the sheet.
    pub line: usize,
}

/// A scanned sheet: RGB, 8 bits a channel, rows top to bottom.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixels, `width * height * 3` bytes.
    pub rgb: Vec<u8>,
    /// Every printed word, in drawing order.
    pub words: Vec<TruthWord>,
}

impl Sheet {
    /// The sheet as a PNG file.
    pub fn to_png(&self) -> Result<Vec<u8>, PaperError> {
        self.encode(ImageFormat::Png)
    }

    /// The sheet as a binary PPM file (P6).
    pub fn to_ppm(&self) -> Vec<u8> {
        let mut file = format!("P6\n{} {}\n255\n", self.width, self.height).into_bytes();
        file.extend_from_slice(&self.rgb);
        file
    }

    fn encode(&self, format: ImageFormat) -> Result<Vec<u8>, PaperError> {
        let image = RgbImage::from_raw(self.width, self.height, self.rgb.clone())
            .ok_or(PaperError::Shape { what: "sheet" })?;
        let mut file = Cursor::new(Vec::new());
        image
            .write_to(&mut file, format)
            .map_err(|e| PaperError::Encode { what: "sheet", detail: e.to_string() })?;
        Ok(file.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Document, ID_PAYLOAD, Look, draw, id_card, original};

    #[test]
    fn the_same_seed_draws_the_same_sheets() {
        let (a, b) = (original(3).expect("draw"), original(3).expect("draw"));
        assert_eq!(a.len(), 2);
        assert!(a.iter().zip(&b).all(|(a, b)| a.rgb == b.rgb && a.words == b.words));
        assert_ne!(a[0].rgb, original(4).expect("draw")[0].rgb);
    }

    #[test]
    fn words_lie_on_their_ink_on_a_skewed_and_turned_sheet() {
        let look = Look { skew_degrees: 1.5, half_turned: true, noise: 0, ..Look::default() };
        let sheet = &draw(Document::Birth, &look, 1).expect("draw")[0];
        for word in &sheet.words {
            let x = word.quad.iter().map(|p| p[0]).sum::<f32>() / 4.0;
            let y = word.quad.iter().map(|p| p[1]).sum::<f32>() / 4.0;
            let dark = (-22..22).any(|dx| {
                let at = (y as usize * sheet.width as usize + (x as i32 + dx) as usize) * 3;
                sheet.rgb[at + 1] < 160
            });
            assert!(dark || word.text.len() < 3, "no ink in the middle of {}", word.text);
        }
    }

    #[test]
    fn a_card_is_a_small_sheet() {
        let card = id_card(ID_PAYLOAD).expect("draw");
        assert_eq!((card.width, card.height), (1300, 900));
        assert_eq!(card.to_ppm().len(), 1300 * 900 * 3 + b"P6\n1300 900\n255\n".len());
    }
}
