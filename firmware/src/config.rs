//! The kiosk's site file: who and where this kiosk is, which keys it uses, where it keeps and
//! sends.
//!
//! Secrets are never in this file; it names the files that hold them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use formats_copy::Product;
use serde::Deserialize;
use time::Date;

/// Largest site file that is read, in bytes.
const SITE_FILE_BYTES_MAX: u64 = 256 * 1024;

/// Everything that differs from one kiosk to the next.
#[derive(Debug, Clone, Deserialize)]
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
    /// The officers who may decide here.
    pub officers: Vec<Officer>,
    /// The open register book of this device.
    pub book: Book,
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
    /// What is kept free, and how long delivered copies stay.
    #[serde(default)]
    pub space: Space,
}

/// This device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The device's identity, equal to the common name of its certificate, e.g. `HN01-K03`.
    pub id: String,
    /// The key for the connection to the registry.
    pub key: Key,
}

/// The authority that certifies, with its electronic seal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Full name, e.g. `ỦY BAN NHÂN DÂN PHƯỜNG CỬA NAM`.
    pub name: String,
    /// Place written before the date, e.g. `Hà Nội`.
    pub place: String,
    /// What its copies are in law: `chung-thuc` (the default) or `sao-y`.
    #[serde(default)]
    pub product: Product,
    /// The seal's key.
    pub key: Key,
    /// PNG of the red seal, 36 mm at 300 dpi, transparent around it.
    pub seal_image: Option<PathBuf>,
}

/// One officer with the right to certify (Decree 280/2025: capacity and instrument of delegation).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Short identity used on the officer page, e.g. `nguyen.van.a`.
    pub id: String,
    /// Full name as it is printed.
    pub name: String,
    /// Capacity string, e.g. `TUQ. CHỦ TỊCH`.
    pub capacity: String,
    /// The instrument of delegation; empty for the chair in person.
    #[serde(default)]
    pub delegation: String,
    /// First day of the delegation.
    #[serde(with = "iso_date")]
    pub valid_from: Date,
    /// Last day of the delegation.
    #[serde(with = "iso_date")]
    pub valid_until: Date,
    /// The officer's token and key. The PIN is entered for each decision and never stored.
    pub token: String,
    /// Label of the key on the token.
    pub key: String,
    /// PNG of the handwritten signature, blue on transparency.
    pub signature_image: Option<PathBuf>,
}

impl Officer {
    /// Whether the delegation is in force on `day`.
    pub fn may_decide_on(&self, day: Date) -> bool {
        self.valid_from <= day && day <= self.valid_until
    }
}

/// A key on a token whose PIN the kiosk holds (the seal and the device's own key).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Token label.
    pub token: String,
    /// Key label on the token.
    pub key: String,
    /// File with the PIN, readable by the kiosk's user only.
    pub pin_file: PathBuf,
}

/// The register book (sổ chứng thực) of this device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// Volume and symbol as on the cover, e.g. `03/2026-SCT/BS`.
    pub name: String,
}

/// The central registry.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// Address of the pages; loopback only.
    pub listen: SocketAddr,
}

/// Whose signatures count when a copy is checked before it leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// PEM of the roots above officers and authority.
    pub roots: PathBuf,
}

/// Fonts that the copy embeds: metric-compatible with Times New Roman, with all Vietnamese letters
/// (Liberation 2; version 1 lacks most of them).
#[derive(Debug, Clone, Deserialize)]
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

/// How pages are read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Folder with the Tesseract language files.
    pub tessdata: PathBuf,
    /// Pages read at the same time; 0 takes one for each processor.
    #[serde(default)]
    pub workers: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self { tessdata: "/usr/share/tesseract-ocr/5/tessdata".into(), workers: 0 }
    }
}

/// Space on the data partition.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Space {
    /// MiB that must be free before another visit begins.
    pub reserve_mib: u64,
    /// Days that a copy stays after the registry's receipt.
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
    /// Reads and checks a site file. Relative paths are taken from the file's folder.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read = |source| ConfigError::Read { path: path.into(), source };
        let bytes = std::fs::metadata(path).map_err(read)?.len();
        if bytes > SITE_FILE_BYTES_MAX {
            return Err(ConfigError::TooLarge { path: path.into(), bytes });
        }
        let text = std::fs::read_to_string(path).map_err(read)?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path: path.into(), source: Box::new(source) })?;
        config.resolve(path.parent().unwrap_or(Path::new(".")));
        config.check(path)?;
        Ok(config)
    }

    fn resolve(&mut self, folder: &Path) {
        let fixed = [
            &mut self.board,
            &mut self.state_dir,
            &mut self.device.key.pin_file,
            &mut self.authority.key.pin_file,
            &mut self.registry.ca,
            &mut self.registry.receipt_key,
            &mut self.trust.roots,
            &mut self.fonts.regular,
            &mut self.fonts.bold,
            &mut self.reading.tessdata,
        ];
        let images =
            self.officers.iter_mut().filter_map(|officer| officer.signature_image.as_mut());
        let time_stamp = self.time_stamp.as_mut().and_then(|settings| settings.ca.as_mut());
        let optional = self.authority.seal_image.as_mut().into_iter().chain(time_stamp);
        for path in fixed.into_iter().chain(optional).chain(images) {
            *path = folder.join(&*path);
        }
    }

    fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let wrong = |key, problem: &str| {
            Err(ConfigError::Value { path: path.into(), key, problem: problem.into() })
        };
        if !self.screen.listen.ip().is_loopback() {
            return wrong("screen.listen", "the pages must be served on loopback only");
        }
        if self.officers.is_empty() {
            return wrong("officers", "at least one officer must be named: only officers certify");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
        if self.device.id.is_empty()
            || self.device.id.len() > 64
            || !self.device.id.chars().all(plain)
        {
            return wrong("device.id", "use 1 to 64 of the characters A-Z a-z 0-9 - _ .");
        }
        if !self.registry.device_url.starts_with("https://") {
            return wrong("registry.device_url", "the registry is reached by https only");
        }
        if self.upload.battery_percent_min > 100 {
            return wrong("upload.battery_percent_min", "use 0 to 100");
        }
        Ok(())
    }

    /// The officer with this identity.
    pub fn officer(&self, id: &str) -> Option<&Officer> {
        self.officers.iter().find(|officer| officer.id == id)
    }
}

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = r#"
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
    fn a_page_open_to_the_network_is_refused() {
        let text = SITE.replace("127.0.0.1:8080", "0.0.0.0:8080");
        assert!(matches!(load(&text), Err(ConfigError::Value { key: "screen.listen", .. })));
    }

    #[test]
    fn a_delegation_holds_on_its_first_and_last_day_only() {
        let config = load(SITE).expect("a valid site file");
        let officer = config.officer("a").expect("officer a");
        let day = |y, m, d| Date::from_calendar_date(y, m, d).expect("a date");
        use time::Month::{December, January};
        assert!(officer.may_decide_on(day(2026, January, 1)));
        assert!(officer.may_decide_on(day(2026, December, 31)));
        assert!(!officer.may_decide_on(day(2027, January, 1)));
        assert!(!officer.may_decide_on(day(2025, December, 31)));
    }
}
