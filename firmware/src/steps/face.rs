//! The face: a living person before the camera, compared with the portrait of the card.
//!
//! Advises and decides nothing. Frames and templates live only while [`FaceStep::compare`] runs;
//! the picture on the person's screen is wiped when it ends.

mod guide;
mod station;
#[cfg(test)]
mod tests;

use drivers_api::Raster;

pub use guide::{Guide, Preview};
pub use station::{FaceStation, FaceTuning};

use crate::random::Random;
use crate::visit::{FaceGap, FaceOutcome};

/// The portraits that a face may be compared with, the surest first.
pub struct Portraits {
    /// The chip's.
    pub chip: Option<Raster>,
    /// What may be portraits on the scan of the card.
    pub printed: Vec<Raster>,
}

impl Portraits {
    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.chip.is_none() && self.printed.is_empty()
    }
}

/// What came of a comparison, for visit and record. It describes nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceFinding {
    /// For the visit.
    pub outcome: FaceOutcome,
    /// What speaks against a living person, by the ids of `models::face::liveness::Reason`.
    pub reasons: Vec<&'static str>,
    /// The embedding's name and version; none where nothing was compared.
    pub model: Option<String>,
}

impl FaceFinding {
    /// Nothing was compared.
    pub const fn gap(gap: FaceGap) -> Self {
        Self { outcome: FaceOutcome::NotCompared(gap), reasons: Vec::new(), model: None }
    }
}

/// Looks at a person and compares.
pub trait FaceStep: Send + Sync {
    /// Whether the camera is there.
    fn ready(&self) -> Result<(), FaceGap>;

    /// What may be portraits on a scan of a card, the likelier way up first.
    fn portraits(&self, card: &Raster) -> Vec<Raster>;

    /// Guides the person through a challenge and compares. Ends soon after `wanted` says no.
    fn compare(
        &self,
        portraits: Portraits,
        slowly: bool,
        random: &dyn Random,
        wanted: &dyn Fn() -> bool,
    ) -> FaceFinding;

    /// What the person should do and see meanwhile.
    fn guide(&self) -> tokio::sync::watch::Receiver<Guide>;
}
