//! The barcode reader and the way to it.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The slowest and the fastest line of readers on the market.
const BAUD: RangeInclusive<u64> = 1_200..=921_600;
/// Readers pause for some milliseconds within a code; a person is not quicker than two seconds.
const SILENCE_MS: RangeInclusive<u64> = 10..=2_000;

/// The reader of bar and QR codes that are held before it, and its driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Barcode {
    /// This board has none.
    #[default]
    None,
    /// At a serial port or in USB CDC mode, 8 bits without parity, sending UTF-8.
    Serial {
        /// The port's node, best one of `/dev/serial/by-id`.
        device: PathBuf,
        /// Bits a second, as the reader is set; in USB CDC mode any will do.
        #[serde(default = "default_baud")]
        #[schemars(extend("x-unit" = "bits per second"))]
        baud: u32,
        /// What the reader ends each code with.
        #[serde(default)]
        ending: BarcodeEnding,
        /// Longer than the reader ever pauses within a code.
        #[serde(default = "default_silence_ms")]
        #[schemars(extend("x-unit" = "ms"))]
        silence_ms: u64,
    },
    /// A USB keyboard of the US layout (HID), which the kiosk takes away from all other programs.
    /// It has no keys for Vietnamese letters, so no card is read through it.
    Keyboard {
        /// The reader's event node, best one of `/dev/input/by-id`; never a keyboard for people.
        device: PathBuf,
        /// Longer than the reader ever pauses within a code.
        #[serde(default = "default_silence_ms")]
        #[schemars(extend("x-unit" = "ms"))]
        silence_ms: u64,
    },
}

/// What a barcode reader ends each code with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BarcodeEnding {
    /// CR, LF or both.
    #[default]
    Line,
    /// Nothing: it falls silent.
    Silence,
}

/// What readers are set to in the factory.
const fn default_baud() -> u32 {
    9_600
}

const fn default_silence_ms() -> u64 {
    200
}

impl Barcode {
    /// The first value that no reader can have: its key, what was found, what can be.
    pub(crate) fn wrong(&self) -> Option<(&'static str, u64, RangeInclusive<u64>)> {
        let (baud, silence_ms) = match self {
            Self::None => return None,
            Self::Serial { baud, silence_ms, .. } => (Some(*baud), *silence_ms),
            Self::Keyboard { silence_ms, .. } => (None, *silence_ms),
        };
        let baud = baud.map(|baud| ("baud", u64::from(baud), BAUD));
        baud.into_iter()
            .chain([("silence_ms", silence_ms, SILENCE_MS)])
            .find(|(_, found, range)| !range.contains(found))
    }
}
