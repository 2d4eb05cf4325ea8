//! PINs that the kiosk itself holds: of the seal's key and of the device's own.
//!
//! A PIN is read anew for each use and wiped after it. It lies in a file, or it is a credential
//! that the service manager unseals with the machine's TPM for this service alone.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use drivers_api::{DeviceError, Fault, Pin};
use zeroize::Zeroizing;

/// Largest PIN file, in bytes.
const PIN_FILE_BYTES_MAX: u64 = 256;
/// Where the service manager says that a service's credentials are (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where a PIN comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinSource {
    /// A file that the kiosk's user alone can read.
    File(PathBuf),
    /// A credential of this name.
    Credential(String),
}

impl PinSource {
    /// Reads the PIN.
    pub fn read(&self) -> Result<Pin, DeviceError> {
        self.read_among(std::env::var_os(CREDENTIALS).map(PathBuf::from).as_deref())
    }

    /// Whether only another process can read it: a service's credential, seen from outside.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self, Self::Credential(_)) && std::env::var_os(CREDENTIALS).is_none()
    }

    /// When it was last written, if that can be told.
    pub fn written(&self) -> Option<SystemTime> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Credential(name) => PathBuf::from(std::env::var_os(CREDENTIALS)?).join(name),
        };
        path.metadata().and_then(|file| file.modified()).ok()
    }

    fn read_among(&self, credentials: Option<&Path>) -> Result<Pin, DeviceError> {
        match self {
            Self::File(path) => read(path, ""),
            Self::Credential(name) => {
                let remedy = format!(
                    "; the unit needs LoadCredentialEncrypted={name}:/etc/kiosk/{name}.cred, made \
                     by systemd-creds on this very machine"
                );
                match credentials {
                    Some(folder) => read(&folder.join(name), &remedy),
                    None => Err(wrong(format!(
                        "there is no credential {name}, for ${CREDENTIALS} is not set{remedy}"
                    ))),
                }
            }
        }
    }
}

impl std::fmt::Display for PinSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Credential(name) => write!(f, "the credential {name}"),
        }
    }
}

fn read(path: &Path, remedy: &str) -> Result<Pin, DeviceError> {
    let unreadable = |error| wrong(format!("cannot read {}: {error}{remedy}", path.display()));
    // Asked first: what is read in one piece is wiped in one piece.
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > PIN_FILE_BYTES_MAX {
        return Err(wrong(format!("{} is too long to be a PIN", path.display())));
    }
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| wrong(format!("{} is not text", path.display())))?;
    Ok(Pin::new(text.trim_end()))
}

fn wrong(detail: String) -> DeviceError {
    DeviceError::new("PIN", Fault::Misconfigured, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_read_from_the_folder_of_the_service_and_missed_with_a_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = PinSource::Credential("seal-pin".into());
        let missed = source.read_among(Some(folder.path())).expect_err("none there").to_string();
        assert!(missed.contains("LoadCredentialEncrypted=seal-pin:"), "{missed}");
        let unset = source.read_among(None).expect_err("no folder").to_string();
        assert!(unset.contains("CREDENTIALS_DIRECTORY is not set"), "{unset}");
        std::fs::write(folder.path().join("seal-pin"), "123456\n").expect("written");
        let pin = source.read_among(Some(folder.path())).expect("a PIN");
        assert_eq!(pin.expose(), "123456");
        std::fs::write(folder.path().join("seal-pin"), [b'1'; 257]).expect("written");
        assert!(source.read_among(Some(folder.path())).is_err());
    }
}
