//! The kiosk's site file: who and where this kiosk is, which keys it uses, where it keeps and
//! sends.
//!
//! Secrets are never in this file; it names the files that hold them.

mod check;
pub mod effective;
pub mod explain;
mod officers;
pub mod validate;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use formats_copy::Product;
use formats_vn::{due, fee, vietqr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Time;

use self::check::WrongValue;
pub use self::officers::{NotInForce, Officer, OfficerPages, OfficerRole, SessionLimits};
use crate::pin::PinSource;

/// Largest site file that is read, in bytes.
const SITE_FILE_BYTES_MAX: u64 = 256 * 1024;

/// Everything that differs from one kiosk to the next.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The board file; relative paths are taken from the site file's folder.
    pub board: PathBuf,
    /// The folder of journal, copies and index.
    pub state_dir: PathBuf,
    /// This device.
    pub device: Device,
    /// The authority that certifies.
    pub authority: Authority,
    /// The officers who may decide here, and who else may sign in.
    pub officers: Vec<Officer>,
    /// The officers' pages.
    #[serde(default)]
    pub officer: OfficerPages,
    /// The open register book of this device.
    pub book: Book,
    /// What the fee depends on beside the pages.
    #[serde(default)]
    pub fee: Fee,
    /// Days on which this body works otherwise than the built-in calendar says.
    #[serde(default)]
    pub days: Days,
    /// The central registry.
    pub registry: Registry,
    /// What the link to it may cost.
    #[serde(default)]
    pub upload: crate::upload::Policy,
    /// The screens.
    pub screen: Screen,
    /// Whose signatures count.
    pub trust: Trust,
    /// The authority that proves when copies were sealed, if there is one.
    pub time_stamp: Option<formats_trust_services::Settings>,
    /// Fonts that the copy embeds.
    #[serde(default)]
    pub fonts: Fonts,
    /// How pages are read.
    #[serde(default)]
    pub reading: Reading,
    /// The chip of the identity card.
    #[serde(default)]
    pub chip: Chip,
    /// The comparison of faces.
    #[serde(default)]
    pub face: Face,
    /// The screen's words as sound.
    #[serde(default)]
    pub speech: Speech,
    /// What is kept free, and how long delivered copies stay.
    #[serde(default)]
    pub space: Space,
    /// What a low battery means.
    #[serde(default)]
    pub power: crate::battery::PowerPolicy,
}

/// This device.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The device's identity, equal to the common name of its certificate, e.g. `HN01-K03`.
    pub id: String,
    /// The key for the connection to the registry.
    pub key: Key,
}

/// The authority that certifies, with its electronic seal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Full name, e.g. `ỦY BAN NHÂN DÂN PHƯỜNG CỬA NAM`.
    pub name: String,
    /// Place written before the date, e.g. `Hà Nội`.
    pub place: String,
    /// What its copies are in law: `chung-thuc` is certified by an officer and the authority,
    /// `sao-y` is an authority's own copy of a document that it manages.
    #[serde(default)]
    #[schemars(
        with = "String",
        extend("x-source" = "Decrees 23/2015, 45/2020, 280/2025; Decree 30/2020, Annex I")
    )]
    pub product: Product,
    /// The seal's key.
    pub key: Key,
    /// PNG of the red seal, 36 mm at 300 dpi, transparent around it.
    pub seal_image: Option<PathBuf>,
}

/// A key on a token whose PIN the kiosk holds (the seal and the device's own key).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The PKCS#11 module of this token, where it is another than the board's: a TPM for the
    /// device, an HSM for the seal.
    pub module: Option<PathBuf>,
    /// Token label.
    pub token: String,
    /// Key label on the token.
    pub key: String,
    /// File with the PIN, readable by the kiosk's user only.
    pub pin_file: Option<PathBuf>,
    /// Instead of the file: name of the service's credential that holds the PIN, sealed to this
    /// machine's TPM.
    pub pin_credential: Option<String>,
}

impl Key {
    /// Where the PIN comes from. A checked site file names one of the two.
    pub fn pin(&self) -> PinSource {
        match (&self.pin_credential, &self.pin_file) {
            (Some(name), _) => PinSource::Credential(name.clone()),
            (None, file) => PinSource::File(file.clone().unwrap_or_default()),
        }
    }

    fn check_pin(&self) -> Result<(), &'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match (&self.pin_credential, &self.pin_file) {
            (Some(_), Some(_)) | (None, None) => Err("name either pin_file or pin_credential"),
            (Some(name), None) if name.is_empty() || !name.chars().all(plain) => {
                Err("use the characters A-Z a-z 0-9 - _ for pin_credential")
            }
            (Some(_), None) | (None, Some(_)) => Ok(()),
        }
    }
}

/// The register book (sổ chứng thực) of this device.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// Volume and symbol as on the cover, e.g. `03/2026-SCT/BS`.
    #[schemars(extend("x-source" = "Decree 23/2015"))]
    pub name: String,
}

/// Days on which this body works otherwise than the built-in calendar says.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Days {
    /// Days off.
    #[schemars(with = "Vec<String>", extend("x-unit" = "YYYY-MM-DD"))]
    pub off: Vec<due::Day>,
    /// Saturdays and Sundays that are worked.
    #[schemars(with = "Vec<String>", extend("x-unit" = "YYYY-MM-DD"))]
    pub worked: Vec<due::Day>,
    /// Until when copies are handed out, such as `17:00`; appointments are made for this time.
    #[schemars(with = "String", extend("x-unit" = "HH:MM"))]
    pub until: Until,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Until(
    #[serde(with = "hours_minutes")]
    #[schemars(with = "String")]
    pub Time,
);

impl Default for Until {
    /// The end of the working day of public bodies in Hanoi.
    fn default() -> Self {
        Self(time::macros::time!(17:00))
    }
}

/// What the fee depends on beside the pages. Whether a kiosk counts as filing online is not settled
/// in law, so the site says it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fee {
    /// How a visit at this kiosk counts.
    #[schemars(extend("x-source" = "Resolution 77/2025/NQ-HĐND of Hanoi"))]
    pub channel: fee::Channel,
    /// What is not charged, and why.
    pub waivers: Vec<fee::Waiver>,
    /// The account that fees can be transferred to, by a QR code on the screen; without it they are
    /// paid at the officer's desk only.
    pub transfer: Option<vietqr::Account>,
}

/// The central registry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Base address of the device interface, `https://…`.
    pub device_url: String,
    /// PEM of the authority that issued the registry's server certificate.
    pub ca: PathBuf,
    /// File with the registry's public receipt key.
    pub receipt_key: PathBuf,
    /// Base address of the public verification pages; it is printed into every QR.
    pub public_url: String,
}

/// The screens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// Address of the pages; loopback only.
    pub listen: SocketAddr,
}

/// Whose signatures count when a copy is checked before it leaves.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// PEM of the roots above officers and authority.
    pub roots: PathBuf,
}

/// Fonts that the copy embeds: metric-compatible with Times New Roman, with all Vietnamese letters
/// (Liberation 2; version 1 lacks most of them).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fonts {
    /// Upright face.
    pub regular: PathBuf,
    /// Bold face.
    pub bold: PathBuf,
}

impl Default for Fonts {
    fn default() -> Self {
        let folder = Path::new("/usr/share/fonts/truetype/liberation2");
        Self {
            regular: folder.join("LiberationSerif-Regular.ttf"),
            bold: folder.join("LiberationSerif-Bold.ttf"),
        }
    }
}

/// Who reads a page's letters.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum ReadingEngine {
    /// Our own line reader over LiteRT.
    #[default]
    Own,
    /// Tesseract with Debian's Vietnamese data.
    Tesseract,
}

/// How pages are read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// Who reads.
    pub engine: ReadingEngine,
    /// Folder with the Tesseract language files.
    pub tessdata: PathBuf,
    /// Folder with our own weights, in place of those that are built in.
    pub models: Option<PathBuf>,
    /// The LiteRT library, which runs them.
    pub runtime: PathBuf,
    /// Pages read at the same time; 0 takes one for each processor.
    #[schemars(extend("x-unit" = "pages"))]
    pub workers: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            engine: ReadingEngine::default(),
            tessdata: "/usr/share/tesseract-ocr/5/tessdata".into(),
            models: None,
            runtime: runtime(),
            workers: 0,
        }
    }
}

/// Where the image keeps the LiteRT library, or where `make setup` puts it.
fn runtime() -> PathBuf {
    installed("/usr/lib/kiosk/libLiteRt.so", "litert/libLiteRt.so")
}

/// Where the image keeps a thing, unless only a build has it: beside the program's folder or below
/// `target` here.
fn installed(image: &str, build: &str) -> PathBuf {
    let image = PathBuf::from(image);
    let program = std::env::current_exe().unwrap_or_default();
    let beside = program.parent().and_then(Path::parent).map(|folder| folder.join(build));
    let here = std::path::absolute(Path::new("target").join(build)).ok();
    let built = beside.into_iter().chain(here).find(|built| built.exists());
    built.filter(|_| !image.exists()).unwrap_or(image)
}

/// How the chip of the identity card is read, where the board has a reader.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Chip {
    /// PEM files with the certificates of the issuing authorities (CSCA) and their revocation
    /// lists. Without any, every chip's issuer is unknown.
    pub trust: Vec<PathBuf>,
    /// Seconds for which a card is waited for on the reader.
    #[schemars(extend("x-unit" = "s"))]
    pub wait_s: u8,
}

impl Default for Chip {
    /// Long enough to take the card from the scanner to the reader, and short for who has left.
    fn default() -> Self {
        Self { trust: vec![], wait_s: 20 }
    }
}

/// How faces are compared, where the board has a camera.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Face {
    /// Folder with the face models.
    pub models: PathBuf,
    /// Share of strangers that may pass: 1e-3 or 1e-4.
    #[schemars(extend("x-unit" = "share, 0 to 1"))]
    pub fmr: f64,
}

impl Default for Face {
    /// One in a thousand: who does not match loses a minute, not the copy; the officer looks.
    fn default() -> Self {
        Self { models: face_models(), fmr: 1e-3 }
    }
}

/// Where the image keeps the face models, or where `make models` puts them.
pub(crate) fn face_models() -> PathBuf {
    installed("/usr/share/kiosk/models", "models")
}

/// How the screen's words are spoken.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Speech {
    /// eSpeak NG; a kiosk without it is silent.
    pub program: PathBuf,
    /// Its Vietnamese voice: the north's, `vi-vn-x-central` or `vi-vn-x-south`.
    pub vietnamese: String,
    /// Its English voice.
    pub english: String,
    /// How fast it speaks.
    #[schemars(extend("x-unit" = "words per minute"))]
    pub words_per_minute: u16,
    /// Folder with recordings by a person, `vi/ID.wav` and `en/ID.wav`, which take its place.
    pub recordings: Option<PathBuf>,
}

impl Default for Speech {
    /// Slower than people speak to each other: a machine's voice takes getting used to.
    fn default() -> Self {
        Self {
            program: "/usr/bin/espeak-ng".into(),
            vietnamese: "vi".into(),
            english: "en".into(),
            words_per_minute: 150,
            recordings: None,
        }
    }
}

/// Space on the data partition.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Space {
    /// Space that must be free before another visit begins.
    #[schemars(extend("x-unit" = "MiB"))]
    pub reserve_mib: u64,
    /// How long a copy stays after the registry's receipt.
    #[schemars(extend("x-unit" = "days"))]
    pub keep_days: u32,
}

impl Default for Space {
    /// 512 MiB hold more than ten copies of the greatest length beside the journal's growth; a
    /// month lets a citizen come back for a print of the very file.
    fn default() -> Self {
        Self { reserve_mib: 512, keep_days: 30 }
    }
}

/// Why a site file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read site file {path}")]
    Read {
        /// The site file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("site file {path} has {bytes} bytes, more than {SITE_FILE_BYTES_MAX}")]
    TooLarge {
        /// The site file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The text is not a site file.
    #[error("site file {path} cannot be understood")]
    Parse {
        /// The site file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value that would make the kiosk unsafe or useless.
    #[error("site file {path}: {key}: {problem}")]
    Value {
        /// The site file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Config {
    /// The working days of this body.
    pub fn calendar(&self) -> Result<due::Calendar, due::CalendarError> {
        Ok(due::Calendar::built_in()?.with(&self.days.off, &self.days.worked))
    }

    /// Reads and checks a site file. Relative paths are taken from the file's folder.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let config = Self::parse(path, &read(path)?)?;
        match config.wrong_values().into_iter().next() {
            None => Ok(config),
            Some(WrongValue { key, problem }) => {
                Err(ConfigError::Value { path: path.into(), key, problem })
            }
        }
    }

    /// The site file's text as it stands, unchecked; relative paths are taken from its folder.
    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|source| ConfigError::Parse { path: path.into(), source: Box::new(source) })?;
        config.resolve(path.parent().unwrap_or(Path::new(".")));
        Ok(config)
    }

    fn resolve(&mut self, folder: &Path) {
        let fixed = [
            &mut self.board,
            &mut self.state_dir,
            &mut self.registry.ca,
            &mut self.registry.receipt_key,
            &mut self.trust.roots,
            &mut self.fonts.regular,
            &mut self.fonts.bold,
            &mut self.reading.tessdata,
            &mut self.reading.runtime,
            &mut self.face.models,
            &mut self.power.off_file,
        ];
        let officers = self.officers.iter_mut();
        let of_officers =
            officers.flat_map(|o| [o.signature_image.as_mut(), o.module.as_mut()]).flatten();
        let issuers = self.chip.trust.iter_mut();
        let time_stamp = self.time_stamp.as_mut().and_then(|settings| settings.ca.as_mut());
        let optional = [
            self.authority.seal_image.as_mut(),
            self.authority.key.module.as_mut(),
            self.device.key.module.as_mut(),
            self.authority.key.pin_file.as_mut(),
            self.device.key.pin_file.as_mut(),
            self.reading.models.as_mut(),
            self.speech.recordings.as_mut(),
            self.officer.certificate.as_mut(),
            self.officer.key.as_mut(),
            self.officer.client_ca.as_mut(),
            time_stamp,
        ];
        let optional = optional.into_iter().flatten();
        for path in fixed.into_iter().chain(optional).chain(of_officers).chain(issuers) {
            *path = folder.join(&*path);
        }
    }

    /// The officer with this identity.
    pub fn officer(&self, id: &str) -> Option<&Officer> {
        self.officers.iter().find(|officer| officer.id == id)
    }
}

/// A site file's text, within its size limit.
fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.into(), source };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > SITE_FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.into(), bytes });
    }
    std::fs::read_to_string(path).map_err(failed)
}

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");
time::serde::format_description!(hours_minutes, Time, "[hour]:[minute]");

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    pub(super) const SITE: &str = r#"
board = "board.toml"
state_dir = "state"
[device]
id = "HN01-K03"
key = { token = "device", key = "device", pin_file = "device.pin" }
[authority]
name = "ỦY BAN NHÂN DÂN PHƯỜNG CỬA NAM"
place = "Hà Nội"
key = { token = "authority", key = "seal", pin_file = "seal.pin" }
[[officers]]
id = "a"
name = "Nguyễn Văn A"
capacity = "TUQ. CHỦ TỊCH"
delegation = "Quyết định 12/QĐ-UBND"
valid_from = "2026-01-01"
valid_until = "2026-12-31"
token = "officer"
key = "officer"
[book]
name = "03/2026-SCT/BS"
[registry]
device_url = "https://localhost:1"
ca = "ca.pem"
receipt_key = "receipt.pub"
public_url = "https://xacthuc.example"
[screen]
listen = "127.0.0.1:8080"
[trust]
roots = "roots.pem"
"#;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("kiosk.toml");
        std::fs::write(&path, text).expect("write the site file");
        Config::load(&path)
    }

    #[test]
    fn paths_are_taken_from_the_folder_of_the_file() {
        let config = load(SITE).expect("a valid site file");
        assert!(config.state_dir.is_absolute() && config.state_dir.ends_with("state"));
    }

    #[test]
    fn copies_are_certified_ones_unless_the_file_says_otherwise() {
        assert_eq!(load(SITE).expect("a site file").authority.product, Product::ChungThuc);
        let text = SITE.replace("place = \"Hà Nội\"", "place = \"Hà Nội\"\nproduct = \"sao-y\"");
        assert_eq!(load(&text).expect("a site file").authority.product, Product::SaoY);
        let text = text.replace("sao-y", "sao-luc");
        assert!(matches!(load(&text), Err(ConfigError::Parse { .. })));
    }

    #[test]
    fn a_pin_comes_from_a_file_or_is_a_credential_and_never_both() {
        let config = load(SITE).expect("a site file");
        assert!(matches!(config.device.key.pin(), PinSource::File(path) if path.is_absolute()));
        let line = SITE.lines().find(|line| line.contains("pin_file")).expect("a key");
        let (start, _) = line.split_once("pin_file").expect("a PIN");
        let with = |pin: &str| load(&SITE.replacen(line, &format!("{start}{pin} }}"), 1));
        let config = with("pin_credential = \"device-pin\"").expect("a site file");
        assert_eq!(config.device.key.pin(), PinSource::Credential("device-pin".into()));
        for wrong in [
            "pin_credential = \"../x\"",
            "pin_credential = \"a\", pin_file = \"b\"",
            "module = \"m\"",
        ] {
            assert!(matches!(with(wrong), Err(ConfigError::Value { key: "device.key", .. })));
        }
    }

    #[test]
    fn a_page_open_to_the_network_is_refused() {
        let text = SITE.replace("127.0.0.1:8080", "0.0.0.0:8080");
        assert!(matches!(load(&text), Err(ConfigError::Value { key: "screen.listen", .. })));
    }

    #[test]
    fn a_delegation_holds_from_its_first_moment_to_its_last_in_vietnams_time() {
        let config = load(SITE).expect("a valid site file");
        let officer = config.officer("a").expect("officer a");
        assert_eq!(officer.may_sign_at(datetime!(2026-01-01 00:00 +7)), Ok(()));
        assert_eq!(officer.may_sign_at(datetime!(2026-12-31 23:59:59 +7)), Ok(()));
        let outside =
            Err(NotInForce::Validity { from: officer.valid_from, until: officer.valid_until });
        assert_eq!(officer.may_sign_at(datetime!(2027-01-01 00:00 +7)), outside);
        assert_eq!(officer.may_sign_at(datetime!(2026-12-31 17:00 UTC)), outside);
        assert_eq!(officer.may_sign_at(datetime!(2025-12-31 23:59 +7)), outside);
    }

    #[test]
    fn a_delegated_capacity_needs_its_instrument_and_the_chair_none() {
        let bare = SITE.replace("delegation = \"Quyết định 12/QĐ-UBND\"\n", "");
        let at = datetime!(2026-11-23 09:00 +7);
        for capacity in ["TUQ. CHỦ TỊCH", "TL. CHỦ TỊCH", "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH", "PHÓ"]
        {
            let text = bare.replace("TUQ. CHỦ TỊCH", capacity);
            assert!(matches!(load(&text), Err(ConfigError::Value { key: "officers", .. })));
            let mut officer = load(SITE).expect("a valid site file").officers.remove(0);
            officer.delegation.clear();
            officer.capacity = capacity.into();
            if capacity != "PHÓ" {
                assert_eq!(officer.may_sign_at(at), Err(NotInForce::Instrument), "{capacity}");
            }
        }
        // Whoever copies a document that the body manages is not of those who certify.
        let records = |capacity| {
            let text =
                bare.replace("place = \"Hà Nội\"", "place = \"Hà Nội\"\nproduct = \"sao-y\"");
            load(&text.replace("TUQ. CHỦ TỊCH", capacity))
        };
        assert!(records("CHÁNH VĂN PHÒNG").is_ok() && records("TL. GIÁM ĐỐC").is_err());
        for capacity in ["CHỦ TỊCH", "Q. CHỦ TỊCH", "CÔNG CHỨNG VIÊN"] {
            let config = load(&bare.replace("TUQ. CHỦ TỊCH", capacity)).expect("a valid site file");
            assert_eq!(config.officers[0].may_sign_at(at), Ok(()), "{capacity}");
        }
    }

    #[test]
    fn a_book_has_a_year_and_a_waiver_a_reason() {
        let unnamed = SITE.replace("03/2026-SCT/BS", "quyen ba");
        assert!(matches!(load(&unnamed), Err(ConfigError::Value { key: "book.name", .. })));
        let waiver = |percent, reason| {
            let text = "[[fee.waivers]]\nchannel = \"online\"\nvalid_from = \"2026-01-01\"\n";
            format!("{SITE}\n{text}percent = {percent}\nreason = \"{reason}\"\n")
        };
        let config = load(&waiver(100, "Nghị quyết 77/2025/NQ-HĐND")).expect("a waiver");
        assert_eq!(config.fee.channel, fee::Channel::InPerson);
        for text in [waiver(0, "x"), waiver(101, "x"), waiver(50, " ")] {
            assert!(matches!(load(&text), Err(ConfigError::Value { key: "fee.waivers", .. })));
        }
    }
}
