//! The code reader.

use std::panic::{AssertUnwindSafe, catch_unwind};

use drivers_api::{CodeReader, DeviceError, Raster};
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port;
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8Source, RXingResult, RXingResultMetadataType,
    RXingResultMetadataValue,
};

use crate::ladder::{Grey, Rung};

/// Longest payload: a QR code of version 40 holds 2,953 bytes.
pub const PAYLOAD_BYTES_MAX: usize = 2_953;
/// Symbology identifiers of codes with an ECI (ISO/IEC 18004, annex F).
const STATES_ENCODING: [&str; 3] = ["]Q2", "]Q4", "]Q6"];
/// Most codes taken from one image.
pub const PAYLOADS_MAX: usize = 16;

/// Reads QR codes, upright or turned, dark on light or light on dark.
///
/// The image is tried as it is, smaller, with local contrast, smoothed, enlarged and inverted,
/// until one way finds codes; the payloads of that way are given, each once. Text is UTF-8 unless
/// the code says otherwise.
#[derive(Debug, Clone, Default)]
pub struct QrReader(());

impl QrReader {
    /// A reader.
    pub const fn new() -> Self {
        Self(())
    }
}

impl CodeReader for QrReader {
    fn read(&mut self, image: &Raster) -> Result<Vec<String>, DeviceError> {
        let image = Grey::of(image);
        let views = Rung::ALL.into_iter().filter_map(|rung| rung.view(&image));
        Ok(views.map(|view| decode(&view)).find(|found| !found.is_empty()).unwrap_or_default())
    }
}

fn decode(image: &Grey) -> Vec<String> {
    // The decoder has indexed out of bounds on odd images before; an odd image is no code.
    let found = catch_unwind(AssertUnwindSafe(|| payloads(image))).unwrap_or_default();
    let mut each_once = Vec::new();
    for payload in found {
        if payload.len() <= PAYLOAD_BYTES_MAX && !each_once.contains(&payload) {
            each_once.push(payload);
        }
    }
    each_once.truncate(PAYLOADS_MAX);
    each_once
}

fn payloads(image: &Grey) -> Vec<String> {
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
    found.into_iter().flatten().map(|code| text_of(&code)).collect()
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
