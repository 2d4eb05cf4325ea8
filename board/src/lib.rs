//! Which devices a kiosk has and how they are reached: one TOML file per board, and its typed
//! loader.
//!
//! A board file names drivers, addresses and nodes; it never holds secrets, people or site policy
//! (those are in the kiosk's site file). [`Board::bench`] is the board of a developer's desk.

mod barcode;
mod panel;

use std::path::{Path, PathBuf};

pub use barcode::{Barcode, BarcodeEnding};
pub use panel::{Panel, PanelLine, PanelLines};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest board file that is read, in bytes; the shipped ones are under 2 kB.
const BOARD_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The devices of one kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The board's name, as the shipped file is called.
    pub name: String,
    /// The document scanner.
    pub scanner: Scanner,
    /// The PKCS#11 module through which keys are used.
    pub token: Token,
    /// The reader for the chip of identity cards.
    #[serde(default)]
    pub chip: Chip,
    /// The reader of codes that are held before it.
    #[serde(default)]
    pub barcode: Barcode,
    /// The camera that looks at the person.
    #[serde(default)]
    pub camera: Camera,
    /// The printer of tickets.
    #[serde(default)]
    pub ticket: Ticket,
    /// The printer of copies.
    #[serde(default)]
    pub printer: Printer,
    /// The cabinet's switches and lamps.
    #[serde(default)]
    pub panel: Panel,
    /// What tells whether the kiosk runs on the mains or on a battery.
    #[serde(default)]
    pub power: Power,
    /// What tells how far the clock is to be believed.
    #[serde(default)]
    pub clock: Clock,
}

/// The document scanner and its driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Scanner {
    /// A scanner behind a SANE daemon (`saned`), local or in the same cabinet.
    Sane {
        /// `host:port`; the SANE port is 6566.
        address: String,
        /// The SANE device name, e.g. `airscan:e0:MFP` or `pnm:0`.
        device: String,
        /// Resolution in dots per inch; at least 200.
        #[serde(default = "default_dpi")]
        #[schemars(extend("x-unit" = "dots per inch", "x-source" = "Decree 30/2020, Annex I"))]
        dpi: u32,
        /// Longest silence of the device, in seconds.
        #[serde(default = "default_timeout_s")]
        #[schemars(extend("x-unit" = "s"))]
        timeout_s: u64,
        /// Options to set before each scan, as SANE names and values.
        #[serde(default)]
        options: Vec<(String, String)>,
    },
    /// The scripted simulator: each listed image is the next sheet.
    Sim {
        /// Image files, in the order in which they are "laid on the glass".
        sheets: Vec<PathBuf>,
    },
}

const fn default_dpi() -> u32 {
    300
}

const fn default_timeout_s() -> u64 {
    60
}

/// The PKCS#11 module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The shared library of the token's maker (or SoftHSM2 on a bench).
    pub module: PathBuf,
}

/// The reader for chip cards and its driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Chip {
    /// This board has none.
    #[default]
    None,
    /// A reader behind PC/SC.
    Pcsc {
        /// A part of the reader's name; empty takes any.
        #[serde(default)]
        reader: String,
        /// Longest time of one command, in seconds.
        #[serde(default = "default_command_s")]
        #[schemars(extend("x-unit" = "s"))]
        command_s: u64,
    },
}

/// Chips compute for a second or two; a reader that is silent for longer is stuck.
const fn default_command_s() -> u64 {
    10
}

/// The camera that looks at the person, and its driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Camera {
    /// This board has none.
    #[default]
    None,
    /// A camera behind Video4Linux.
    V4l2 {
        /// Its node, best one of `/dev/v4l/by-path`: another camera in its socket is noticed.
        node: PathBuf,
        /// A part of the name that the camera gives itself; empty takes any.
        #[serde(default)]
        card: String,
        /// Width and height in pixels; 90 pixels between the eyes are needed at arm's length.
        #[serde(default = "default_picture")]
        #[schemars(extend("x-unit" = "pixels"))]
        size: (u32, u32),
        /// Frames a second.
        #[serde(default = "default_rate")]
        #[schemars(extend("x-unit" = "frames per second"))]
        rate: u32,
        /// Longest silence of the camera, in seconds.
        #[serde(default = "default_silence_s")]
        #[schemars(extend("x-unit" = "s"))]
        silence_s: u64,
    },
    /// The simulator: frames that another program draws, from a socket of this machine.
    Sim {
        /// The socket at which that program listens.
        socket: PathBuf,
    },
}

const fn default_picture() -> (u32, u32) {
    (1280, 720)
}

const fn default_rate() -> u32 {
    15
}

const fn default_silence_s() -> u64 {
    3
}

/// The ticket printer (ESC/POS) and the way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ticket {
    /// This board has none.
    #[default]
    None,
    /// At a serial port, 8 bits without parity.
    Serial {
        /// The port's node, best one of `/dev/serial/by-path`.
        device: PathBuf,
        /// Bits a second, as the printer's switches say.
        #[serde(default = "default_baud")]
        #[schemars(extend("x-unit" = "bits per second"))]
        baud: u32,
        /// How the printer asks for a pause.
        #[serde(default)]
        flow: Flow,
        /// Dots of a line: 384 on paper of 58 mm, 576 on paper of 80 mm.
        #[serde(default = "default_dots")]
        #[schemars(extend("x-unit" = "dots"))]
        dots: u16,
        /// Whether it answers when it is asked how it is.
        #[serde(default = "default_answers")]
        answers: bool,
        /// Longest silence of the printer, in seconds.
        #[serde(default = "default_printer_s")]
        #[schemars(extend("x-unit" = "s"))]
        silence_s: u64,
    },
    /// At a USB port.
    Usb {
        /// Its node, such as `/dev/usb/lp0`.
        device: PathBuf,
        /// Dots of a line: 384 on paper of 58 mm, 576 on paper of 80 mm.
        #[serde(default = "default_dots")]
        #[schemars(extend("x-unit" = "dots"))]
        dots: u16,
        /// Whether it answers when it is asked how it is.
        #[serde(default = "default_answers")]
        answers: bool,
        /// Longest silence of the printer, in seconds.
        #[serde(default = "default_printer_s")]
        #[schemars(extend("x-unit" = "s"))]
        silence_s: u64,
    },
    /// In the network.
    Network {
        /// `host:port`; printers listen at 9100.
        address: String,
        /// Dots of a line: 384 on paper of 58 mm, 576 on paper of 80 mm.
        #[serde(default = "default_dots")]
        #[schemars(extend("x-unit" = "dots"))]
        dots: u16,
        /// Whether it answers when it is asked how it is.
        #[serde(default = "default_answers")]
        answers: bool,
        /// Longest silence of the printer, in seconds.
        #[serde(default = "default_printer_s")]
        #[schemars(extend("x-unit" = "s"))]
        silence_s: u64,
    },
}

/// How a printer at a serial port asks for a pause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// By a line of the cable.
    #[default]
    Hardware,
    /// By the signs XON and XOFF.
    Software,
}

/// Narrower lines have no room for the verify address as a QR; wider printers are no ticket
/// printers.
const TICKET_DOTS: std::ops::RangeInclusive<u16> = 288..=832;

const fn default_baud() -> u32 {
    115_200
}

const fn default_dots() -> u16 {
    576
}

const fn default_answers() -> bool {
    true
}

/// A ticket takes two seconds; a printer that is silent for longer is stuck or has no paper.
const fn default_printer_s() -> u64 {
    8
}

/// The printer of copies and the way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Printer {
    /// This board has none.
    #[default]
    None,
    /// A printer, or a print service before one, that speaks IPP and takes PDF.
    Ipp {
        /// Its address, such as `ipp://192.168.1.60/ipp/print`.
        uri: String,
        /// Longest time of one question, in seconds.
        #[serde(default = "default_ipp_silence_s")]
        #[schemars(extend("x-unit" = "s"))]
        silence_s: u64,
        /// How long a job may wait for paper, in seconds.
        #[serde(default = "default_stopped_s")]
        #[schemars(extend("x-unit" = "s"))]
        stopped_s: u64,
        /// Longest time of a job, in seconds.
        #[serde(default = "default_job_s")]
        #[schemars(extend("x-unit" = "s"))]
        limit_s: u64,
    },
}

/// A copy of 64 pages goes over a slow link to the printer in this time.
const fn default_ipp_silence_s() -> u64 {
    30
}

/// Time to fetch paper from the cupboard.
const fn default_stopped_s() -> u64 {
    120
}

/// Twenty copies of a long paper on a slow printer.
const fn default_job_s() -> u64 {
    900
}

/// The source of power and its driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Power {
    /// The kernel's power-supply class; a machine without a battery is on the mains.
    Sysfs {
        /// Its folder.
        #[serde(default = "default_power_class")]
        class: PathBuf,
    },
    /// A UPS behind NUT's `upsd`.
    Nut {
        /// `host:port`; NUT's port is 3493.
        #[serde(default = "default_upsd")]
        address: String,
        /// The UPS, as `upsc -l` lists it.
        ups: String,
        /// Longest silence of the daemon, in seconds.
        #[serde(default = "default_upsd_s")]
        #[schemars(extend("x-unit" = "s"))]
        silence_s: u64,
    },
    /// A battery with a fuel gauge MAX17048 or MAX17049 on an I2C bus.
    Gauge {
        /// The bus: its node, such as `/dev/i2c-1`, or the beginning of its name in
        /// `/sys/class/i2c-dev`, which stays when a bus at a USB port is plugged in anew.
        bus: String,
    },
    /// The simulator, always in the same state.
    Sim {
        /// The battery's charge in percent; absent for the mains.
        #[schemars(extend("x-unit" = "%"))]
        battery_percent: Option<u8>,
    },
}

impl Default for Power {
    fn default() -> Self {
        Self::Sysfs { class: default_power_class() }
    }
}

fn default_upsd() -> String {
    "127.0.0.1:3493".into()
}

/// `upsd` answers from memory; one that needs longer hangs.
const fn default_upsd_s() -> u64 {
    3
}

fn default_power_class() -> PathBuf {
    "/sys/class/power_supply".into()
}

/// What stands behind the clock, and its driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clock {
    /// The kernel tells: time service, battery-backed clock, or nothing.
    #[default]
    Kernel,
    /// The simulator, always in the same state.
    Sim {
        /// What it says.
        state: SimClock,
    },
}

/// What a simulated clock gauge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SimClock {
    /// A time service keeps the clock right.
    Synchronised,
    /// The battery-backed clock set it.
    Free,
    /// Nothing set it.
    Unset,
}

/// Why a board file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// The file cannot be read.
    #[error("cannot read board file {path}")]
    Read {
        /// The board file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is too large to be a board file.
    #[error("board file {path} has {bytes} bytes, more than {BOARD_FILE_BYTES_MAX}")]
    TooLarge {
        /// The board file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The text is not a board.
    #[error("board file {path} does not describe a board")]
    Parse {
        /// The board file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A resolution below what the law asks.
    #[error("board file {path}: {dpi} dpi is less than the 200 dpi a certified copy needs")]
    Resolution {
        /// The board file.
        path: PathBuf,
        /// The resolution found.
        dpi: u32,
    },
    /// A line of a Raspberry Pi that is called by a name.
    #[error("board file {path}: a Raspberry Pi's line is called by its number, not {name:?}")]
    PanelLine {
        /// The board file.
        path: PathBuf,
        /// The name found.
        name: String,
    },
    /// A value that no barcode reader can have.
    #[error("board file {path}: barcode.{key} is {low} to {high}, not {found}")]
    Barcode {
        /// The board file.
        path: PathBuf,
        /// The key in the section `[barcode]`.
        key: &'static str,
        /// The least that it can be.
        low: u64,
        /// The most that it can be.
        high: u64,
        /// What was found.
        found: u64,
    },
    /// A line of the ticket printer that no ticket fits, or that no ticket printer has.
    #[error("board file {path}: a ticket printer's line has 288 to 832 dots, not {dots}")]
    TicketDots {
        /// The board file.
        path: PathBuf,
        /// The dots found.
        dots: u16,
    },
}

impl Board {
    /// Reads and checks a board file.
    pub fn load(path: &Path) -> Result<Self, BoardError> {
        let read = |source| BoardError::Read { path: path.into(), source };
        let bytes = std::fs::metadata(path).map_err(read)?.len();
        if bytes > BOARD_FILE_BYTES_MAX {
            return Err(BoardError::TooLarge { path: path.into(), bytes });
        }
        Self::parse(path, &std::fs::read_to_string(path).map_err(read)?)
    }

    /// The board of a developer's desk: `saned` on loopback, SoftHSM2 as token.
    pub fn bench() -> Result<Self, BoardError> {
        Self::parse(Path::new("board/bench.toml"), include_str!("../bench.toml"))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, BoardError> {
        let board: Self = toml::from_str(text)
            .map_err(|source| BoardError::Parse { path: path.into(), source })?;
        if let Scanner::Sane { dpi, .. } = board.scanner
            && dpi < 200
        {
            return Err(BoardError::Resolution { path: path.into(), dpi });
        }
        if let Some(name) = board.panel.name_without_meaning() {
            return Err(BoardError::PanelLine { path: path.into(), name: name.into() });
        }
        if let Some((key, found, range)) = board.barcode.wrong() {
            let (low, high) = range.into_inner();
            return Err(BoardError::Barcode { path: path.into(), key, low, high, found });
        }
        match board.ticket {
            Ticket::Serial { dots, .. }
            | Ticket::Usb { dots, .. }
            | Ticket::Network { dots, .. }
                if !TICKET_DOTS.contains(&dots) =>
            {
                Err(BoardError::TicketDots { path: path.into(), dots })
            }
            _ => Ok(board),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Board, BoardError> {
        Board::parse(Path::new("test.toml"), text)
    }

    #[test]
    fn the_shipped_bench_board_loads() {
        let board = Board::bench().expect("the shipped file is valid");
        assert_eq!(board.name, "bench");
        assert!(matches!(board.scanner, Scanner::Sane { dpi: 300, .. }));
        assert_eq!(board.power, Power::default(), "a desk needs no word about its socket");
    }

    #[test]
    fn a_resolution_below_the_legal_minimum_is_refused() {
        let text = "name='x'\n[scanner]\ndriver='sane'\naddress='a:1'\ndevice='d'\ndpi=150\n\
                    [token]\nmodule='m'";
        assert!(matches!(parse(text), Err(BoardError::Resolution { dpi: 150, .. })));
    }

    #[test]
    fn a_ticket_printer_is_named_with_its_port_and_a_line_that_a_ticket_fits() {
        let with = |ticket: &str| {
            parse(&format!(
                "name='x'\n[scanner]\ndriver='sim'\nsheets=[]\n[token]\nmodule='m'\n{ticket}"
            ))
        };
        assert_eq!(with("").expect("a board").ticket, Ticket::None);
        let serial = with("[ticket]\ndriver='serial'\ndevice='/dev/ttyUSB0'").expect("a board");
        let device = "/dev/ttyUSB0".into();
        let (baud, flow, dots, answers, silence_s) = (115_200, Flow::Hardware, 576, true, 8);
        let expected = Ticket::Serial { device, baud, flow, dots, answers, silence_s };
        assert_eq!(serial.ticket, expected);
        let narrow = with("[ticket]\ndriver='usb'\ndevice='/dev/usb/lp0'\ndots=200");
        assert!(matches!(narrow, Err(BoardError::TicketDots { dots: 200, .. })));
        for wrong in ["driver='serial'", "driver='network'\naddress='a:9100'\nbaud=9600"] {
            assert!(matches!(with(&format!("[ticket]\n{wrong}")), Err(BoardError::Parse { .. })));
        }
    }

    #[test]
    fn a_barcode_reader_is_named_with_its_port_and_how_it_sends() {
        let with = |barcode: &str| {
            parse(&format!(
                "name='x'\n[scanner]\ndriver='sim'\nsheets=[]\n[token]\nmodule='m'\n{barcode}"
            ))
        };
        assert_eq!(with("").expect("a board").barcode, Barcode::None);
        let serial = "[barcode]\ndriver='serial'\ndevice='/dev/ttyACM0'\n";
        let (device, baud, ending, silence_ms) =
            ("/dev/ttyACM0".into(), 9_600, BarcodeEnding::Line, 200);
        let expected = Barcode::Serial { device, baud, ending, silence_ms };
        assert_eq!(with(serial).expect("a board").barcode, expected);
        assert!(with(&format!("{serial}ending='silence'\nsilence_ms=50")).is_ok());
        for (line, wrong) in [("baud=0", "baud"), ("silence_ms=60000", "silence_ms")] {
            let refused = with(&format!("{serial}{line}"));
            assert!(matches!(refused, Err(BoardError::Barcode { key, .. }) if key == wrong));
        }
        let keyboard = "[barcode]\ndriver='keyboard'\ndevice='/dev/input/event3'\n";
        let device = "/dev/input/event3".into();
        let expected = Barcode::Keyboard { device, silence_ms: 200 };
        assert_eq!(with(keyboard).expect("a board").barcode, expected);
        assert!(matches!(with(&format!("{keyboard}baud=1")), Err(BoardError::Parse { .. })));
        assert!(matches!(with("[barcode]\ndriver='serial'"), Err(BoardError::Parse { .. })));
    }

    #[test]
    fn lines_are_called_by_number_or_name_but_a_raspberry_pis_by_number() {
        let with = |panel: &str| {
            parse(&format!(
                "name='x'\n[scanner]\ndriver='sim'\nsheets=[]\n[token]\nmodule='m'\n{panel}"
            ))
        };
        let lines = "[panel.lines]\ndoor_open={line='DOOR',active_low=true}\nready={line='17'}";
        let gpio = with(&format!("[panel]\ndriver='gpio'\nchip='/dev/gpiochip0'\n{lines}"));
        let Panel::Gpio { lines: read, debounce_ms: 30, away_s: 30, .. } =
            gpio.expect("a board").panel
        else {
            panic!("another panel");
        };
        let door = PanelLine { line: "DOOR".into(), active_low: true };
        assert_eq!((read.door_open, read.tampered), (Some(door), None));
        let pi = with(&format!("[panel]\ndriver='raspberry-pi'\n{lines}"));
        assert!(matches!(pi, Err(BoardError::PanelLine { name, .. }) if name == "DOOR"));
        let numbers = lines.replace("DOOR", "4");
        assert!(with(&format!("[panel]\ndriver='raspberry-pi'\n{numbers}")).is_ok());
    }

    #[test]
    fn an_unknown_key_is_an_error_not_a_silence() {
        let text = "name='x'\nscaner=1\n[scanner]\ndriver='sim'\nsheets=[]\n[token]\nmodule='m'";
        assert!(matches!(parse(text), Err(BoardError::Parse { .. })));
    }
}
