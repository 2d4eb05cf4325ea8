//! The code reader.

use std::panic::{AssertUnwindSafe, catch_unwind};

use drivers_api::{CodeReader, DeviceError, PAYLOAD_BYTES_MAX, Raster};
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port;
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8Source, RXingResult, RXingResultMetadataType,
    RXingResultMetadataValue,
};

use crate::ladder::{Grey, Rung};

/// Symbology identifiers of codes with an ECI (ISO/IEC 18004, annex F).
const STATES_ENCODING: [&str; 3] = ["]Q2", "]Q4", "]Q6"];
/// Most codes taken from one image.
pub const PAYLOADS_MAX: usize = 16;

/// A code, and where it is.
#[derive(Clone, PartialEq)]
pub struct FoundCode {
    /// Its text. It may be personal data, and is not shown by `Debug`.
    pub payload: String,
    /// Top left, top right, bottom right and bottom left of the code as it is to be held, in
    /// pixels of the image.
    pub corners: [[f32; 2]; 4],
}

impl std::fmt::Debug for FoundCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FoundCode({:?}, …)", self.corners)
    }
}

/// Reads QR codes, upright or turned, dark on light or light on dark.
///
/// The image is tried as it is, smaller, with local contrast, smoothed, enlarged and inverted, then
/// those parts of a large one that look most like a code, enlarged, until one way finds codes; the
/// payloads of that way are given, each once. Text is UTF-8 unless the code says otherwise.
#[derive(Debug, Clone, Default)]
pub struct QrReader(());

impl QrReader {
    /// A reader.
    pub const fn new() -> Self {
        Self(())
    }

    /// The codes on an image, with their places.
    pub fn find(&mut self, image: &Raster) -> Vec<FoundCode> {
        let image = Grey::of(image);
        let views = Rung::ALL.into_iter().filter_map(|rung| Some((rung, rung.view(&image)?)));
        let found = views
            .map(|(rung, view)| decode(&view, [0.0; 2], rung.scale()))
            .find(|found| !found.is_empty());
        found.or_else(|| in_parts(&image)).unwrap_or_default()
    }
}

impl CodeReader for QrReader {
    fn read(&mut self, image: &Raster) -> Result<Vec<String>, DeviceError> {
        Ok(self.find(image).into_iter().map(|code| code.payload).collect())
    }
}

/// Codes too small to be seen on the whole image.
fn in_parts(image: &Grey) -> Option<Vec<FoundCode>> {
    let parts = image.parts();
    let looks = parts.iter().flat_map(|part| [(Rung::Double, part), (Rung::DoubleContrast, part)]);
    let codes = looks.filter_map(|(rung, ([x, y], part))| {
        Some(decode(&*rung.view(part)?, [*x as f32, *y as f32], rung.scale()))
    });
    codes.into_iter().find(|found| !found.is_empty())
}

/// The codes of a view whose corner is at `origin` and whose pixels are so many of the image's.
fn decode(view: &Grey, origin: [f32; 2], scale: f32) -> Vec<FoundCode> {
    // The decoder has indexed out of bounds on odd images before; an odd image is no code.
    let found = catch_unwind(AssertUnwindSafe(|| codes(view))).unwrap_or_default();
    let mut each_once: Vec<FoundCode> = Vec::new();
    for mut code in found {
        let known = each_once.iter().any(|other| other.payload == code.payload);
        if code.payload.len() <= PAYLOAD_BYTES_MAX && !known {
            for corner in &mut code.corners {
                *corner = [0, 1].map(|i| origin[i] + corner[i] * scale);
            }
            each_once.push(code);
        }
    }
    each_once.truncate(PAYLOADS_MAX);
    each_once
}

fn codes(image: &Grey) -> Vec<FoundCode> {
    let (Ok(width), Ok(height)) = (u32::try_from(image.width), u32::try_from(image.height)) else {
        return Vec::new();
    };
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some([BarcodeFormat::QR_CODE].into_iter().collect()),
        ..DecodeHints::default()
    };
    let Ok(source) = Luma8Source::new_with_slice(&image.pixels, width, height) else {
        return Vec::new();
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let found = cpp_port::QrReader.decode_multiple_with_hints(&mut bitmap, &hints);
    let code = |code: RXingResult| {
        let points = code.getPoints();
        let corner = |i: usize| points.get(i).map_or([0.0; 2], |point| [point.x, point.y]);
        // The decoder tells the lower left one before the lower right.
        FoundCode { payload: text_of(&code), corners: [0, 1, 3, 2].map(corner) }
    };
    found.into_iter().flatten().map(code).collect()
}

/// The decoder guesses the encoding where a code states none, and takes some Vietnamese for
/// Japanese. Bytes that are UTF-8 are UTF-8, unless the code itself says otherwise.
fn text_of(code: &RXingResult) -> String {
    let symbology =
        code.getRXingResultMetadata().get(&RXingResultMetadataType::SYMBOLOGY_IDENTIFIER);
    let states_encoding = match symbology {
        Some(RXingResultMetadataValue::SymbologyIdentifier(id)) => STATES_ENCODING.contains(&&**id),
        _ => false,
    };
    match std::str::from_utf8(code.getRawBytes()) {
        Ok(text) if !states_encoding => text.to_owned(),
        _ => code.getText().to_owned(),
    }
}
