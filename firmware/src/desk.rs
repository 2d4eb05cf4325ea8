//! What the visit in progress holds in memory: pages, text, card, PIN, opened key.
//!
//! All personal data of a visit is here and nowhere else; [`Desk::wipe`] ends it (invariant 6).

use std::collections::BTreeMap;
use std::sync::Arc;

use drivers_api::{Pin, Raster};
use formats_vn::id_qr::CardQr;
use formats_vn::mrz::Mrz;
use models::PageReading;
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroize;

use crate::steps::decide::Authorised;
use crate::steps::picture::{Picture, Wiped};
use crate::steps::sign_in::SignInId;
use crate::visit::{PageId, VisitId};

/// A page as it goes into the copy, with what was read from it.
pub struct KeptPage {
    /// The page in colour; its files are embedded in the copy as they are.
    pub picture: Picture,
    /// The page as a small JPEG, for the person's screen.
    pub small: Arc<Wiped>,
    /// Lines, words, measures.
    pub reading: PageReading,
}

/// How long a stage of the visit took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// The stage: scan, read, check, identify, chip, face, certify.
    pub stage: &'static str,
    /// Milliseconds of wall time.
    pub ms: u64,
}

/// The visit's papers.
#[derive(Default)]
pub struct Desk {
    /// The visit whose papers these are.
    pub visit: Option<VisitId>,
    /// Pages scanned and not yet read.
    pub scanned: BTreeMap<PageId, Raster>,
    /// Pages read.
    pub pages: BTreeMap<PageId, Arc<KeptPage>>,
    /// What the original is called, as the reader proposes it.
    pub title: String,
    /// Fields read from the pages.
    pub fields: Vec<models::Field>,
    /// A card whose code was held before the barcode reader, until the visit has taken it.
    pub shown: Option<CardQr>,
    /// The requester's card.
    pub card: Option<CardQr>,
    /// Its machine-readable zone, where that was on the same side as the code.
    pub zone: Option<Mrz>,
    /// What was read from its chip.
    pub chip: Option<formats_mrtd::Chip>,
    /// What may be portraits on the scan of the card.
    pub portraits: Vec<Raster>,
    /// Whether the kiosk may look at the person just now.
    pub looking: bool,
    /// The PIN just entered by the officer.
    pub pin: Option<Pin>,
    /// The sign-in from which the officer decides.
    pub sign_in: Option<SignInId>,
    /// The officer's opened key, for the decision just made.
    pub key: Option<Authorised>,
    /// When the case reached the officer: paper and request are complete.
    pub received: Option<OffsetDateTime>,
    /// The appointment slip as PDF, with the requester's name on it.
    pub slip: Option<Vec<u8>>,
    /// Time taken by each stage so far.
    pub timings: Vec<Timing>,
}

impl Desk {
    /// Forgets everything of the visit but how long its stages took, which names nobody.
    pub fn wipe(&mut self) {
        self.slip.zeroize();
        let timings = std::mem::take(&mut self.timings);
        *self = Self { timings, ..Self::default() };
    }

    /// Takes the card that was held before the barcode reader for the requester's.
    pub fn take_shown(&mut self) {
        (self.card, self.zone) = (self.shown.take(), None);
        self.portraits = Vec::new();
    }

    /// As [`Desk::wipe`], but the appointment slip stays until it is handed over.
    pub fn keep_slip(&mut self) {
        let (visit, slip) = (self.visit.take(), self.slip.take());
        self.wipe();
        (self.visit, self.slip) = (visit, slip);
    }

    /// Begins a visit on an empty desk.
    pub fn begin(&mut self, visit: VisitId) {
        *self = Self { visit: Some(visit), ..Self::default() };
    }
}
