//! The cabinet's switches and lamps, line by line.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cabinet's switches and lamps, and the way to their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Panel {
    /// This board has none.
    #[default]
    None,
    /// Lines of a chip behind the kernel's GPIO character device, on any Linux board.
    Gpio {
        /// The chip: its node, such as `/dev/gpiochip0`, or its label, which stays when a chip at
        /// a USB port is plugged in anew. `gpiodetect` shows both.
        chip: String,
        /// How long a contact must be still to count.
        #[serde(default = "default_debounce_ms")]
        #[schemars(extend("x-unit" = "ms"))]
        debounce_ms: u64,
        /// How long nobody may stand before the kiosk until the visit ends.
        #[serde(default = "default_away_s")]
        #[schemars(extend("x-unit" = "s"))]
        away_s: u64,
        /// Which line is what.
        lines: PanelLines,
    },
    /// Lines of a Raspberry Pi, by the numbers of its processor (BCM). Inputs that mean their low
    /// level are pulled up, the others down.
    RaspberryPi {
        /// How long a contact must be still to count.
        #[serde(default = "default_debounce_ms")]
        #[schemars(extend("x-unit" = "ms"))]
        debounce_ms: u64,
        /// How long nobody may stand before the kiosk until the visit ends.
        #[serde(default = "default_away_s")]
        #[schemars(extend("x-unit" = "s"))]
        away_s: u64,
        /// Which line is what.
        lines: PanelLines,
    },
    /// The simulator: switches from a file, lamps into one.
    Sim {
        /// The file that names what is active, a word a line: `person`, `door-open`, `tampered`,
        /// `stop`. Without it the panel is unplugged. What shines is in the file of the same name
        /// with `.lamps` added.
        file: PathBuf,
        /// How long nobody may stand before the kiosk until the visit ends.
        #[serde(default = "default_away_s")]
        #[schemars(extend("x-unit" = "s"))]
        away_s: u64,
    },
}

/// Contacts of switches bounce for a few milliseconds.
const fn default_debounce_ms() -> u64 {
    30
}

/// Time to step aside for a pen, and short for a stranger to read the screen.
const fn default_away_s() -> u64 {
    30
}

/// Which line is what; absent for what the cabinet does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PanelLines {
    /// Active while a person stands before the kiosk.
    pub person: Option<PanelLine>,
    /// Active while the door is open: signing is locked then, until a technician clears it.
    pub door_open: Option<PanelLine>,
    /// Active once the cabinet was forced: signing is locked then, until a technician clears it.
    pub tampered: Option<PanelLine>,
    /// Active while the button that ends the visit is pressed.
    pub stop: Option<PanelLine>,
    /// The lamp that says that the next person may come.
    pub ready: Option<PanelLine>,
    /// The lamp that calls officer or technician.
    pub attention: Option<PanelLine>,
    /// The strip of light over glass and card reader.
    pub strip: Option<PanelLine>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PanelLine {
    /// Its number on the chip, in quotes like `"17"`, or the name that the device tree gives it.
    pub line: String,
    /// Whether its low level is what makes it active, as with a contact to ground.
    #[serde(default)]
    pub active_low: bool,
}

impl PanelLines {
    fn all(&self) -> impl Iterator<Item = &PanelLine> {
        let inputs = [&self.person, &self.door_open, &self.tampered, &self.stop];
        let outputs = [&self.ready, &self.attention, &self.strip];
        inputs.into_iter().chain(outputs).flatten()
    }
}

impl Panel {
    /// A line's name where lines have numbers only.
    pub(crate) fn name_without_meaning(&self) -> Option<&str> {
        let Self::RaspberryPi { lines, .. } = self else { return None };
        let mut names = lines.all().map(|line| line.line.as_str());
        names.find(|name| name.parse::<u32>().is_err())
    }
}
