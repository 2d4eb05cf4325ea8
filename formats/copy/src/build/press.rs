//! What is the same on every copy of a site, read once for all of them.

use std::sync::Arc;

use formats_typeset::{Face, FaceError};
use krilla::image::Image;
use krilla::text::Font;

use super::{BuildError, words};
use crate::profile::Profile;
use crate::request::Assets;

/// The typefaces and images that copies are printed with, ready for use. Reading them takes longer
/// than printing a copy does, so it is done once; a clone shares them.
#[derive(Clone, Debug)]
pub struct Press {
    pub(super) regular: Arc<Face>,
    pub(super) bold: Arc<Face>,
    pub(super) seal: Option<Image>,
    pub(super) signature: Option<Image>,
    /// For the words under the pages.
    pub(super) unseen: Font,
    /// The words of all products.
    pub(super) profiles: Arc<[Profile]>,
}

impl Press {
    /// Reads typefaces and images.
    pub fn new(assets: &Assets) -> Result<Self, BuildError> {
        let press = Self {
            regular: Arc::new(face(&assets.regular_font, "regular")?),
            bold: Arc::new(face(&assets.bold_font, "bold")?),
            seal: image(assets.seal_png.as_deref(), "seal")?,
            signature: None,
            unseen: words::typeface().ok_or(BuildError::Font { name: "unseen" })?,
            profiles: Profile::built_in()?.into(),
        };
        press.signed_by(assets.signature_png.as_deref())
    }

    /// The same with the signature image (PNG) of another officer, or with none.
    pub fn signed_by(&self, signature_png: Option<&[u8]>) -> Result<Self, BuildError> {
        Ok(Self { signature: image(signature_png, "signature")?, ..self.clone() })
    }
}

fn image(png: Option<&[u8]>, name: &'static str) -> Result<Option<Image>, BuildError> {
    let read = |png: &[u8]| Image::from_png(png.to_vec().into(), false);
    png.map(read).transpose().map_err(|reason| BuildError::Image { name, reason })
}

fn face(bytes: &[u8], name: &'static str) -> Result<Face, BuildError> {
    Face::new(bytes).map_err(|error| match error {
        FaceError::Font => BuildError::Font { name },
        FaceError::Letters => BuildError::FontLetters { name },
    })
}
