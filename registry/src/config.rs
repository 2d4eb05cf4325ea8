//! `registry.toml`, typed. Relative paths count from the folder of the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The registry's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of everything the registry keeps; made when absent.
    pub data_dir: PathBuf,
    /// Address of the portal as people know it, such as `https://kiemtra.example.vn`. Shown on
    /// every page, so that a cloned site gives itself away.
    pub public_url: String,
    /// PEM file of the roots that officers' and authorities' document certificates must lead to.
    pub trust_anchors: PathBuf,
    /// PKCS#8 file made by `registry keygen`.
    pub receipt_key: PathBuf,
    /// Where kiosks upload.
    pub device: DeviceListener,
    /// Where people check.
    pub public: PublicListener,
    /// The authority that proves when copies were sealed. Without one, kept copies are not proven
    /// for longer than their signers' certificates last.
    pub time_stamp: Option<formats_trust_services::Settings>,
    /// Bounds on what anyone may ask.
    #[serde(default)]
    pub limits: Limits,
}

/// The listener for kiosks: TLS 1.3, client certificate required.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceListener {
    /// Address and port.
    pub listen: SocketAddr,
    /// PEM file of the server's chain.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// PEM file of the authorities that name devices.
    pub client_ca: PathBuf,
}

/// The listener for everyone: plain HTTP behind a proxy, or TLS when a certificate is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicListener {
    /// Address and port.
    pub listen: SocketAddr,
    /// PEM file of the server's chain; with `key`.
    pub certificate: Option<PathBuf>,
    /// PEM file of its private key; with `certificate`.
    pub key: Option<PathBuf>,
    /// Whether a proxy of ours stands in front and appends the client to `X-Forwarded-For`.
    #[serde(default)]
    pub behind_proxy: bool,
}

/// Bounds. The upload size itself is part of the protocol
/// ([`formats_wire::tus::UPLOAD_BYTES_MAX`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once, each listener.
    pub connections: usize,
    /// Unfinished uploads a device may have.
    pub uploads_per_device: usize,
    /// Copies verified at once; each holds its whole file in memory.
    pub verifications: usize,
    /// Look-ups an address may make at once before it is slowed down. Mobile networks put many
    /// people behind one address, so this is generous.
    pub lookups_burst: u32,
    /// Look-ups a minute an address gets back.
    pub lookups_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            uploads_per_device: 16,
            verifications: 2,
            lookups_burst: 240,
            lookups_per_minute: 240,
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what the registry expects.
    #[error("configuration {path} is not valid")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Certificate and key must both be given or both be absent.
    #[error("configuration {path}: [public] needs both certificate and key, or neither")]
    HalfTls {
        /// The file.
        path: PathBuf,
    },
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and the reason.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut config: Self = toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        if config.public.certificate.is_some() != config.public.key.is_some() {
            return Err(ConfigError::HalfTls { path: path.to_owned() });
        }
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    fn resolve(&mut self, folder: &Path) {
        let device = &mut self.device;
        let paths = [
            &mut self.data_dir,
            &mut self.trust_anchors,
            &mut self.receipt_key,
            &mut device.certificate,
            &mut device.key,
            &mut device.client_ca,
        ];
        let optional = [&mut self.public.certificate, &mut self.public.key];
        let time_stamp = self.time_stamp.as_mut().and_then(|settings| settings.ca.as_mut());
        let optional = optional.into_iter().flatten().chain(time_stamp);
        for path in paths.into_iter().chain(optional) {
            *path = folder.join(&*path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../registry.example.toml");

    fn load(text: &str) -> Result<(Config, PathBuf), ConfigError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("registry.toml");
        std::fs::write(&path, text).expect("written");
        Config::load(&path).map(|config| (config, folder.path().to_owned()))
    }

    #[test]
    fn relative_paths_count_from_the_file_and_absolute_ones_stay() {
        let (config, folder) = load(SAMPLE).expect("valid");
        assert_eq!(config.device.key, folder.join("server.key"));
        assert_eq!(config.data_dir, Path::new("/var/lib/ban-sao-registry"));
        assert_eq!(config.limits, Limits::default());
    }

    #[test]
    fn a_misspelt_key_is_refused_rather_than_ignored() {
        let text = SAMPLE.replace("client_ca", "client_cas");
        assert!(matches!(load(&text), Err(ConfigError::Parse { .. })));
    }

    #[test]
    fn a_certificate_without_its_key_is_refused_rather_than_served_in_plain() {
        let text = SAMPLE.replace("behind_proxy = true", "certificate = \"public.pem\"");
        assert!(matches!(load(&text), Err(ConfigError::HalfTls { .. })));
    }
}
