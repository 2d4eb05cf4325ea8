//! Puts the kiosk together from its site and board files: devices, store, readers, keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use board::{
    Barcode as BarcodeSpec, BarcodeEnding, Board, BoardError, Camera as CameraSpec,
    Chip as ChipSpec, Clock as ClockSpec, Flow, Panel as PanelSpec, PanelLine, PanelLines,
    Power as PowerSpec, Printer as PrinterSpec, Scanner as ScannerSpec, SimClock,
    Ticket as TicketSpec,
};
use drivers_api::{
    BarcodeReader, Camera, CardReader, ClockGauge, ClockState, CopyPrinter, Power, PowerState,
    Scanner, TicketPrinter, Token,
};
use drivers_barcode::{Ending, KeyboardConfig, KeyboardReader, SerialConfig, SerialReader};
use drivers_camera::{V4l2Camera, V4l2Config};
use drivers_chip::{PcscConfig, PcscReader};
use drivers_clock::KernelClock;
use drivers_codes::QrReader;
use drivers_panel::{Chip, GpioPanel, Line, LineName, PanelConfig};
use drivers_power::{GaugePower, NutConfig, NutPower, SysfsPower};
use drivers_printer::{IppConfig, IppPrinter};
use drivers_scanner::{FileScanner, SaneConfig, SaneScanner};
use drivers_sim::{FilePanel, SimClockGauge, SimPower, SocketCamera};
use drivers_speech::Espeak;
use drivers_ticket::{EscPosConfig, EscPosPrinter, FlowControl, Port};
use drivers_token::{Pkcs11Config, Pkcs11Token};
use formats_book::BookName;
use formats_copy::TrustAnchors;
use formats_mrtd::TrustStore;
use formats_trust_services::{Online, Settings, SettingsError};
use models::face::{FaceError, FaceModels};
use time::OffsetDateTime;

use crate::barcode::Standing;
use crate::clock::Clock;
use crate::config::{Config, Key, Officer, Speech};
use crate::engine::Parts;
use crate::guard::Guard;
use crate::panel::PanelStation;
use crate::random::SystemRandom;
use crate::steps::chip::ChipStation;
use crate::steps::face::{FaceStation, FaceStep, FaceTuning};
use crate::steps::prove::{PATIENCE, TimeStamps};
use crate::steps::speak::Speaker;
use crate::steps::ticket::{Press, TicketStation};
use crate::steps::{certify::CopyAssets, decide::Keys, read::ReaderPool, seal_key::SealKey};
use crate::store::{self, Recovery, Store, StoreError};
use crate::watchdog::Beats;

/// Largest font, image or certificate file that is read at start, in bytes.
const ASSET_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why the kiosk cannot be put together. Each has a remedy.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The board file is unusable.
    #[error("cannot use the board file")]
    Board(#[source] BoardError),
    /// The store does not open.
    #[error("cannot open the store {path}")]
    Store {
        /// The state folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// A file named by the site file cannot be read.
    #[error("cannot read {what} {path}")]
    File {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The page reader does not start.
    #[error("cannot start the page reader")]
    Reader(#[source] models::ReadError),
    /// The trust file holds no usable roots.
    #[error("cannot use the trust file {path}")]
    Trust {
        /// The trust file.
        path: PathBuf,
        /// Why.
        #[source]
        source: formats_copy::TrustError,
    },
    /// A file of trusted card issuers cannot be used.
    #[error("cannot use the file of card issuers {path}")]
    Issuers {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: formats_mrtd::TrustError,
    },
    /// The typeface is not usable for tickets.
    #[error("cannot use the typefaces of tickets")]
    Typeface(#[source] formats_typeset::FaceError),
    /// A typeface, the seal or a signature image is not usable.
    #[error("cannot use the typefaces and images of copies")]
    Press(#[source] formats_copy::BuildError),
    /// The time-stamp authority's settings cannot be used.
    #[error("cannot use the time-stamp authority")]
    TimeStamps(#[source] SettingsError),
    /// A sheet of the simulated scanner cannot be read.
    #[error("cannot use the simulated scanner's sheets")]
    Sheets(#[source] drivers_api::DeviceError),
}

impl AssembleError {
    /// What the technician should do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Board(_) => "correct the board file that the site file names",
            Self::Store { source, .. } => source.hint(),
            Self::File { .. } => "check the path in the site file and the file's permissions",
            Self::Reader(_) => {
                "check reading.runtime in the site file, or set reading.engine to tesseract with \
                 Debian's tesseract-ocr-vie installed"
            }
            Self::Trust { .. } => "put the PEM of the issuing root into trust.roots",
            Self::Issuers { .. } => {
                "put certificates and revocation lists of card issuers, as PEM, into chip.trust"
            }
            Self::Press(_) | Self::Typeface(_) => {
                "name Liberation Serif 2 under fonts in the site file, and PNG files as images"
            }
            Self::TimeStamps(_) => "correct [time_stamp] in the site file",
            Self::Sheets(_) => "correct the sheets listed in the board file",
        }
    }
}

/// The assembled kiosk and what the store did when it was opened.
pub struct Assembled {
    /// The parts, ready for the engine.
    pub parts: Parts,
    /// What the store found and mended.
    pub recovery: Recovery,
}

/// Puts the kiosk together. `scanner` replaces the board's scanner, for papers given as files.
pub fn assemble(
    config: Config,
    clock: Arc<dyn Clock>,
    scanner: Option<Box<dyn Scanner>>,
) -> Result<Assembled, AssembleError> {
    let board = Board::load(&config.board).map_err(AssembleError::Board)?;
    let (store, recovery) = Store::open(&config.state_dir, Arc::clone(&clock))
        .map_err(|source| AssembleError::Store { path: config.state_dir.clone(), source })?;
    let store = store.with_policy(store::Policy {
        reserve_bytes: config.space.reserve_mib.saturating_mul(1024 * 1024),
        keep: time::Duration::days(config.space.keep_days.into()),
    });
    open_book(&store, &config, clock.now())
        .map_err(|source| AssembleError::Store { path: config.state_dir.clone(), source })?;
    let (readers, model) = ReaderPool::open(&config.reading).map_err(AssembleError::Reader)?;
    let scan_dpi = match &board.scanner {
        ScannerSpec::Sane { dpi, .. } => *dpi,
        ScannerSpec::Sim { .. } => 300,
    };
    // Papers given as files have nobody before the kiosk to take ticket and copy.
    let (ticket, printer) = match scanner {
        None => (ticket_printer(&board.ticket), copy_printer(&board.printer)),
        Some(_) => (None, None),
    };
    let scanner = match scanner {
        Some(scanner) => scanner,
        None => scanner_of(&board)?,
    };
    let parts = Parts {
        keys: keys(&config, &board.token.module),
        key_problems: Mutex::default(),
        sealer: Box::new(assets(&config, &clock)?),
        models: vec![formats_copy::ModelEntry {
            name: model.name,
            version: model.version,
            sha256: model.sha256,
        }],
        random: Arc::new(SystemRandom),
        clock,
        guard: Guard::default(),
        beats: Beats::default(),
        clock_gauge: Mutex::new(clock_gauge(&board.clock)),
        store: Arc::new(store),
        scanner: Mutex::new(scanner),
        scan_dpi,
        codes: Mutex::new(Box::new(QrReader::new())),
        barcode: Standing::default(),
        chip: chip_station(&board.chip, &config)?,
        face: face_step(&board.camera, &config),
        speaker: speaker(&config.speech),
        ticket: ticket.map(|printer| ticket_station(printer, &config)).transpose()?,
        copy_printer: printer.map(Mutex::new),
        readers: Box::new(readers),
        copy_issued: Arc::default(),
        config,
    };
    Ok(Assembled { parts, recovery })
}

/// Opens the site file's book, closing the one before it. Closing cannot be undone, so neither
/// happens while the book does not fit the clock's year, nor for a book that was closed; then the
/// kiosk starts and says that no book is open.
fn open_book(store: &Store, config: &Config, now: OffsetDateTime) -> Result<(), StoreError> {
    let wanted = &config.book.name;
    let this_year = wanted.parse::<BookName>().is_ok_and(|name| name.year == now.year());
    let closed = store.books().iter().any(|book| book.book == *wanted && book.is_closed());
    if this_year && !closed {
        return store.open_book(wanted, &config.authority.name);
    }
    if store.book_in_force().is_err() {
        tracing::error!(
            book = wanted,
            closed,
            "the site file's book is closed or of another year: no copy is numbered until \
             `kiosk book open`"
        );
    }
    Ok(())
}

/// The board's scanner; it is looked for only when it is used.
pub(crate) fn scanner_of(board: &Board) -> Result<Box<dyn Scanner>, AssembleError> {
    Ok(match &board.scanner {
        ScannerSpec::Sane { address, device, dpi, timeout_s, options } => {
            Box::new(SaneScanner::new(SaneConfig {
                address: address.clone(),
                device: device.clone(),
                options: options.clone(),
                default_dpi: *dpi,
                timeout: Duration::from_secs(*timeout_s),
            }))
        }
        ScannerSpec::Sim { sheets } => {
            Box::new(FileScanner::open(sheets).map_err(AssembleError::Sheets)?)
        }
    })
}

fn chip_station(spec: &ChipSpec, config: &Config) -> Result<Option<ChipStation>, AssembleError> {
    let Some(reader) = card_reader(spec) else { return Ok(None) };
    let trust = card_issuers(&config.chip.trust)?;
    let patience = Duration::from_secs(config.chip.wait_s.into());
    Ok(Some(ChipStation { reader: Mutex::new(reader), trust, patience }))
}

/// What speaks, where its program is installed.
fn speaker(speech: &Speech) -> Option<Speaker> {
    if !speech.program.is_file() {
        tracing::warn!(program = %speech.program.display(), "not installed: the kiosk is silent");
        return None;
    }
    let voice = Espeak {
        program: speech.program.clone(),
        vietnamese: speech.vietnamese.clone(),
        english: speech.english.clone(),
        words_per_minute: speech.words_per_minute,
    };
    Some(Speaker::new(Box::new(voice), speech.recordings.clone()))
}

/// Camera and face models. A kiosk without the models works, and says that nothing is compared.
fn face_step(spec: &CameraSpec, config: &Config) -> Option<Box<dyn FaceStep>> {
    let (camera, name) = camera(spec)?;
    match face_station(camera, name, config) {
        Ok(station) => Some(Box::new(station)),
        Err(error) => {
            let hint = "run `make models`, or name what is installed in face.models";
            tracing::error!(error = crate::chain(&error), hint, "no faces are compared");
            None
        }
    }
}

fn face_station(
    camera: Box<dyn Camera>,
    name: String,
    config: &Config,
) -> Result<FaceStation, FaceError> {
    let models = FaceModels::open(&config.face.models, &config.reading.runtime)?;
    FaceStation::new(camera, name, models, FaceTuning { fmr: config.face.fmr })
}

/// The board's camera and its name; it is looked for only when it is used.
pub(crate) fn camera(spec: &CameraSpec) -> Option<(Box<dyn Camera>, String)> {
    match spec {
        CameraSpec::None => None,
        CameraSpec::V4l2 { node, card, size, rate, silence_s } => {
            let camera = V4l2Camera::new(V4l2Config {
                node: node.clone(),
                card: card.clone(),
                size: *size,
                rate: *rate,
                silence: Duration::from_secs(*silence_s),
            });
            Some((Box::new(camera), node.display().to_string()))
        }
        CameraSpec::Sim { socket } => {
            // Frames count as taken so far apart, however long they took to be drawn.
            const INTERVAL: Duration = Duration::from_millis(80);
            let camera = SocketCamera::new(socket.clone(), INTERVAL);
            Some((Box::new(camera), socket.display().to_string()))
        }
    }
}

/// The board's ticket printer; it is looked for only when it is used.
pub fn ticket_printer(spec: &TicketSpec) -> Option<Box<dyn TicketPrinter>> {
    let (port, dots, answers, silence_s) = match spec {
        TicketSpec::None => return None,
        TicketSpec::Serial { device, baud, flow, dots, answers, silence_s } => {
            let flow = match flow {
                Flow::Hardware => FlowControl::Hardware,
                Flow::Software => FlowControl::Software,
            };
            let port = Port::Serial { node: device.clone(), baud: *baud, flow };
            (port, dots, answers, silence_s)
        }
        TicketSpec::Usb { device, dots, answers, silence_s } => {
            (Port::Usb { node: device.clone() }, dots, answers, silence_s)
        }
        TicketSpec::Network { address, dots, answers, silence_s } => {
            (Port::Network { address: address.clone() }, dots, answers, silence_s)
        }
    };
    let silence = Duration::from_secs(*silence_s);
    let config = EscPosConfig { port, dots: *dots, answers: *answers, silence };
    Some(Box::new(EscPosPrinter::new(config)))
}

/// The board's printer of copies; it is looked for only when it is used.
pub fn copy_printer(spec: &PrinterSpec) -> Option<Box<dyn CopyPrinter>> {
    match spec {
        PrinterSpec::None => None,
        PrinterSpec::Ipp { uri, silence_s, stopped_s, limit_s } => {
            let [silence, stopped, limit] =
                [silence_s, stopped_s, limit_s].map(|seconds| Duration::from_secs(*seconds));
            Some(Box::new(IppPrinter::new(IppConfig { uri: uri.clone(), silence, stopped, limit })))
        }
    }
}

fn ticket_station(
    printer: Box<dyn TicketPrinter>,
    config: &Config,
) -> Result<TicketStation, AssembleError> {
    let regular = read_asset("font", &config.fonts.regular)?;
    let bold = read_asset("font", &config.fonts.bold)?;
    let press = Press::new(&regular, &bold).map_err(AssembleError::Typeface)?;
    Ok(TicketStation { printer: Mutex::new(printer), press })
}

/// The board's card reader; it is looked for only when it is used.
pub fn card_reader(spec: &ChipSpec) -> Option<Box<dyn CardReader>> {
    match spec {
        ChipSpec::None => None,
        ChipSpec::Pcsc { reader, command_s } => Some(Box::new(PcscReader::new(PcscConfig {
            reader: reader.clone(),
            command_time: Duration::from_secs(*command_s),
        }))),
    }
}

/// The board's barcode reader; it is looked for only when it is used.
pub fn barcode_reader(spec: &BarcodeSpec) -> Option<Box<dyn BarcodeReader>> {
    match spec {
        BarcodeSpec::None => None,
        BarcodeSpec::Serial { device, baud, ending, silence_ms } => {
            Some(Box::new(SerialReader::new(SerialConfig {
                node: device.clone(),
                baud: *baud,
                ending: match ending {
                    BarcodeEnding::Line => Ending::Line,
                    BarcodeEnding::Silence => Ending::Silence,
                },
                silence: Duration::from_millis(*silence_ms),
            })))
        }
        BarcodeSpec::Keyboard { device, silence_ms } => {
            let silence = Duration::from_millis(*silence_ms);
            let config = KeyboardConfig { node: device.clone(), silence };
            Some(Box::new(KeyboardReader::new(config)))
        }
    }
}

/// The card issuers of some files.
pub fn card_issuers(files: &[PathBuf]) -> Result<TrustStore, AssembleError> {
    let mut trust = TrustStore::default();
    for path in files {
        let pem = read_asset("file of card issuers", path)?;
        let failed = |source| AssembleError::Issuers { path: path.clone(), source };
        trust.add_pem(&pem).map_err(failed)?;
    }
    Ok(trust)
}

/// The cabinet's switches and lamps; their lines are looked for only when they are used.
pub fn panel(spec: &PanelSpec) -> Option<PanelStation> {
    let gpio = |chip, lines: &PanelLines| Box::new(GpioPanel::new(wired(chip, lines)));
    let guards = |lines: &PanelLines| lines.door_open.is_some() || lines.tampered.is_some();
    let station = |panel, debounce_ms: u64, away_s: u64, guards| PanelStation {
        panel,
        debounce: Duration::from_millis(debounce_ms),
        away: Duration::from_secs(away_s),
        guards,
    };
    match spec {
        PanelSpec::None => None,
        PanelSpec::Gpio { chip, debounce_ms, away_s, lines } => {
            let panel = gpio(Chip::Kernel(chip.clone()), lines);
            Some(station(panel, *debounce_ms, *away_s, guards(lines)))
        }
        PanelSpec::RaspberryPi { debounce_ms, away_s, lines } => {
            Some(station(gpio(Chip::RaspberryPi, lines), *debounce_ms, *away_s, guards(lines)))
        }
        PanelSpec::Sim { file, away_s } => {
            Some(station(Box::new(FilePanel::new(file)), 0, *away_s, true))
        }
    }
}

fn wired(chip: Chip, lines: &PanelLines) -> PanelConfig {
    let line = |line: &Option<PanelLine>| {
        line.as_ref().map(|line| Line {
            at: match line.line.parse() {
                Ok(number) => LineName::Number(number),
                Err(_) => LineName::Name(line.line.clone()),
            },
            active_low: line.active_low,
        })
    };
    PanelConfig {
        chip,
        person: line(&lines.person),
        door_open: line(&lines.door_open),
        tampered: line(&lines.tampered),
        stop: line(&lines.stop),
        ready: line(&lines.ready),
        attention: line(&lines.attention),
        strip: line(&lines.strip),
    }
}

/// What tells the board's source of power.
pub fn power(spec: &PowerSpec) -> Box<dyn Power> {
    match spec {
        PowerSpec::Sysfs { class } => Box::new(SysfsPower::new(class)),
        PowerSpec::Nut { address, ups, silence_s } => Box::new(NutPower::new(NutConfig {
            address: address.clone(),
            ups: ups.clone(),
            silence: Duration::from_secs(*silence_s),
        })),
        PowerSpec::Gauge { bus } => Box::new(GaugePower::new(bus)),
        PowerSpec::Sim { battery_percent } => {
            let battery = battery_percent.map(|percent| PowerState::Battery { percent });
            Box::new(SimPower::new(battery.unwrap_or(PowerState::Mains)))
        }
    }
}

/// What tells what stands behind the board's clock.
pub(crate) fn clock_gauge(spec: &ClockSpec) -> Box<dyn ClockGauge> {
    match spec {
        ClockSpec::Kernel => Box::new(KernelClock::default()),
        ClockSpec::Sim { state } => Box::new(SimClockGauge::new(match state {
            SimClock::Synchronised => ClockState::Synchronised { error_max: Duration::ZERO },
            SimClock::Free => ClockState::Free,
            SimClock::Unset => ClockState::Unset,
        })),
    }
}

/// A token that the kiosk itself opens; it is looked for only when it is used, so it may be plugged
/// in later. `module` is the board's.
pub fn token(module: &Path, key: &Key) -> Pkcs11Token {
    pkcs11(key.module.as_deref().unwrap_or(module), &key.token, &key.key)
}

/// An officer's token, as [`token`].
pub fn officers_token(module: &Path, officer: &Officer) -> Pkcs11Token {
    pkcs11(officer.module.as_deref().unwrap_or(module), &officer.token, &officer.key)
}

fn pkcs11(module: &Path, token: &str, key: &str) -> Pkcs11Token {
    Pkcs11Token::new(Pkcs11Config { module: module.into(), token: token.into(), key: key.into() })
}

fn keys(config: &Config, module: &Path) -> Keys {
    let boxed = |token| -> Mutex<Box<dyn Token>> { Mutex::new(Box::new(token)) };
    let officers = config.officers.iter();
    let seal = &config.authority.key;
    Keys {
        officers: officers.map(|o| (o.id.clone(), boxed(officers_token(module, o)))).collect(),
        authority: SealKey::new(Box::new(token(module, seal)), seal.pin()),
    }
}

fn assets(config: &Config, clock: &Arc<dyn Clock>) -> Result<CopyAssets, AssembleError> {
    let optional = |what, path: &Option<PathBuf>| {
        path.as_deref().map(|path| read_asset(what, path)).transpose()
    };
    let mut signatures = BTreeMap::new();
    for officer in &config.officers {
        if let Some(png) = optional("signature image", &officer.signature_image)? {
            signatures.insert(officer.id.clone(), png);
        }
    }
    let roots = &config.trust.roots;
    let trust = TrustAnchors::from_pem(&read_asset("trust file", roots)?)
        .map_err(|source| AssembleError::Trust { path: roots.clone(), source })?;
    let given = formats_copy::Assets {
        regular_font: read_asset("font", &config.fonts.regular)?,
        bold_font: read_asset("font", &config.fonts.bold)?,
        seal_png: optional("seal image", &config.authority.seal_image)?,
        signature_png: None,
    };
    let time_stamps = config.time_stamp.as_ref().map(|s| time_stamps(s, clock)).transpose()?;
    CopyAssets::new(given, &signatures, trust, time_stamps).map_err(AssembleError::Press)
}

fn time_stamps(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<TimeStamps, AssembleError> {
    let online = Online::new(settings.clone(), PATIENCE).map_err(AssembleError::TimeStamps)?;
    Ok(TimeStamps::new(Box::new(online), Arc::clone(clock), Arc::new(SystemRandom)))
}

/// Reads a file named by the site file, within its size limit.
pub fn read_asset(what: &'static str, path: &Path) -> Result<Vec<u8>, AssembleError> {
    let failed = |source| AssembleError::File { what, path: path.into(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > ASSET_BYTES_MAX {
        return Err(failed(std::io::Error::from(std::io::ErrorKind::FileTooLarge)));
    }
    std::fs::read(path).map_err(failed)
}
