//! Copies that come on a stick, through the same acceptance as uploads. Blocking.
//!
//! A stick is put in by a person of the registry; whose copies are on it is proven by the copies
//! themselves, which two keys of the device's ward have signed. Answers are written back beside
//! them: the signed receipt once a copy is durable here, or the refusal.

use std::io;

use formats_files::Disk;
use formats_wire::stick::{
    self, ANSWER_BYTES_MAX, FOLDER, INDEX_BYTES_MAX, StickCopy, StickError, StickIndex,
};
use formats_wire::tus::UPLOAD_BYTES_MAX;
use formats_wire::{Rejection, UploadMeta, is_device_name};

use crate::Service;
use crate::ingest::IngestError;

/// Most devices on one stick.
const DEVICE_COUNT_MAX: usize = 1_000;

/// What became of the copies on a stick.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Copies that are here now and have their receipt on the stick, those from before included.
    pub kept: usize,
    /// Copies that were refused, with device, sequence and code.
    pub refused: Vec<(String, u64, String)>,
    /// Devices whose index cannot be used, and why.
    pub damaged: Vec<(String, String)>,
}

/// Why an import stopped. What was kept before stays kept; run it again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The stick failed.
    #[error("cannot {action} {path} on the stick")]
    Stick {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The registry's own disk or database failed.
    #[error("the registry cannot keep a copy")]
    Registry(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Service {
    /// Takes every copy of every device on a stick and writes the answers back to it.
    ///
    /// # Errors
    /// [`ImportError`] when stick or registry fail; a copy that is refused is no error.
    pub fn import(&self, from: &dyn Disk) -> Result<Imported, ImportError> {
        let mut imported = Imported::default();
        let mut devices = from.folders(FOLDER).map_err(failed("list", FOLDER))?;
        devices.retain(|device| is_device_name(device));
        devices.sort_unstable();
        devices.truncate(DEVICE_COUNT_MAX);
        for device in devices {
            match index(from, &device)? {
                Ok(index) => self.import_device(from, &index, &mut imported)?,
                Err(why) => imported.damaged.push((device, why.to_string())),
            }
        }
        Ok(imported)
    }

    fn import_device(
        &self,
        from: &dyn Disk,
        index: &StickIndex,
        imported: &mut Imported,
    ) -> Result<(), ImportError> {
        let device = &index.device;
        let (receipts, refusals) = (stick::receipts(device), stick::refusals(device));
        for folder in [&receipts, &refusals] {
            from.make_folder(folder).map_err(failed("make", folder))?;
        }
        for copy in &index.copies {
            let sequence = copy.sequence;
            match self.import_copy(from, device, copy)? {
                None => {
                    let receipt = self.store().receipt(device, sequence).map_err(broken)?;
                    let path = stick::answer_path(&receipts, sequence);
                    answer(from, &path, &receipt)?;
                    remove(from, &stick::answer_path(&refusals, sequence))?;
                    imported.kept += 1;
                }
                Some(rejection) => {
                    tracing::warn!(device, sequence, code = rejection.code, "copy refused");
                    answer(from, &stick::answer_path(&refusals, sequence), &rejection)?;
                    imported.refused.push((device.clone(), sequence, rejection.code));
                }
            }
        }
        Ok(())
    }

    /// Keeps one copy, or says why not.
    fn import_copy(
        &self,
        from: &dyn Disk,
        device: &str,
        copy: &StickCopy,
    ) -> Result<Option<Rejection>, ImportError> {
        let path = stick::copy_path(device, &hex::encode(copy.sha256));
        let bytes = match from.read(&path, UPLOAD_BYTES_MAX) {
            Ok(bytes) => bytes,
            // A file that is gone or too long cannot have the digest that the index names.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) =>
            {
                Vec::new()
            }
            Err(source) => return Err(ImportError::Stick { action: "read", path, source }),
        };
        let (device, sequence) = (device.to_owned(), copy.sequence);
        let meta = UploadMeta { device, sequence, sha256: copy.sha256 };
        match self.ingest().import(&meta, &bytes) {
            Ok(()) => Ok(None),
            Err(IngestError::Refused(refused)) => Ok(Some(refused.rejection)),
            Err(error) => Err(broken(error)),
        }
    }
}

/// A device's index; the inner error is one of the index itself.
fn index(from: &dyn Disk, device: &str) -> Result<Result<StickIndex, StickError>, ImportError> {
    let path = stick::index_path(device);
    let bytes = match from.read(&path, INDEX_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) =>
        {
            return Ok(Err(StickError::Damaged));
        }
        Err(source) => return Err(ImportError::Stick { action: "read", path, source }),
    };
    let index = StickIndex::from_bytes(&bytes);
    Ok(index.and_then(|index| {
        if index.device == device { Ok(index) } else { Err(StickError::Field("device")) }
    }))
}

fn answer(to: &dyn Disk, path: &str, said: &impl serde::Serialize) -> Result<(), ImportError> {
    let bytes = serde_json::to_vec(said).map_err(broken)?;
    debug_assert!(bytes.len() as u64 <= ANSWER_BYTES_MAX, "the kiosk would not read it");
    to.write_whole(path, &bytes).map_err(failed("write", path))
}

fn remove(on: &dyn Disk, path: &str) -> Result<(), ImportError> {
    match on.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

fn failed(action: &'static str, path: &str) -> impl Fn(io::Error) -> ImportError {
    let path = path.to_owned();
    move |source| ImportError::Stick { action, path: path.clone(), source }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> ImportError {
    ImportError::Registry(Box::new(error))
}
