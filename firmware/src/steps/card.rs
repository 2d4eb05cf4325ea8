//! An identity card on images: its QR code and its machine-readable zone, wherever they are, set
//! against each other over all images that are given.
//!
//! What is found here warns and never gates; what the card says stays in memory.

use drivers_api::Raster;
use drivers_codes::QrReader;
use formats_vn::card::{CardFinding, Claim, Source, cross_check};
use formats_vn::id_qr::{self, CardQr};
use formats_vn::mrz::{self, Mrz, MrzError};
use models::{PrintedPortrait, Quad, ZoneReading, printed_portraits};
use time::Date;

/// A zone whose signs are this sure and whose check digits do not hold was not misread: the card
/// says so.
const SURE: f32 = 0.9;

/// What one image shows of a card.
#[derive(Debug, Default)]
pub struct CardView {
    /// The code's content, and its corners.
    pub code: Option<(CardQr, Quad)>,
    /// The zone, also one that does not stand.
    pub zone: Option<ZoneReading>,
    /// The zone as a reader of pages read it, where it was asked because the other does not stand.
    pub zone_of_page: Option<Mrz>,
}

/// What speaks against a card, or should be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardNote {
    /// What follows from what was read.
    Finding(CardFinding),
    /// The zone was read surely, and its check digits do not hold.
    FalseZone(MrzError),
    /// The zone could not be read for sure.
    UnsureZone(MrzError),
}

impl CardNote {
    /// Whether the card contradicts itself. Everything else is for information.
    pub const fn contradicts(self) -> bool {
        match self {
            Self::Finding(finding) => matches!(finding, CardFinding::Differs { .. }),
            Self::FalseZone(_) => true,
            Self::UnsureZone(_) => false,
        }
    }

    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Finding(finding) => finding.code(),
            Self::FalseZone(_) => "zone_check_digits",
            Self::UnsureZone(_) => "zone_unsure",
        }
    }

    /// The sentence in Vietnamese.
    pub fn vi(self) -> String {
        match self {
            Self::Finding(finding) => finding.vi(),
            Self::FalseZone(_) => "Số kiểm tra của dòng máy đọc (MRZ) không đúng".into(),
            Self::UnsureZone(_) => "Chưa đọc chắc chắn được dòng máy đọc (MRZ)".into(),
        }
    }

    /// The sentence in English.
    pub fn en(self) -> String {
        match self {
            Self::Finding(finding) => finding.en(),
            Self::FalseZone(error) => format!("the machine-readable zone is false: {error}"),
            Self::UnsureZone(error) => {
                format!("the machine-readable zone was not read for sure: {error}")
            }
        }
    }
}

impl CardView {
    /// Looks for both on an image. `today` settles the century of birth.
    pub fn of(image: &Raster, today: Date) -> Self {
        let found = QrReader::new().find(image);
        let code = found
            .into_iter()
            .find_map(|code| Some((id_qr::parse(&code.payload).ok()?, code.corners)));
        Self { code, zone: models::read_zone(image, today), zone_of_page: None }
    }

    /// Where the portrait may be on the same image, cut out: the likelier way up first; none of a
    /// card's back.
    pub fn portraits(&self, image: &Raster) -> Vec<PrintedPortrait> {
        let zone = self.zone.as_ref().map(ZoneReading::quad);
        printed_portraits(image, self.code.as_ref().map(|(_, corners)| corners), zone.as_ref())
    }

    /// The zone, where it stands.
    pub fn mrz(&self) -> Option<&Mrz> {
        let zone = self.zone.as_ref().and_then(|reading| reading.zone.as_ref().ok());
        zone.or(self.zone_of_page.as_ref())
    }

    const fn note(zone: &ZoneReading) -> Option<CardNote> {
        match &zone.zone {
            Ok(_) => None,
            Err(error @ MrzError::Check(_)) if zone.confidence >= SURE => {
                Some(CardNote::FalseZone(*error))
            }
            Err(error) => Some(CardNote::UnsureZone(*error)),
        }
    }
}

/// Lets the code tell the letters of a name that the zone shows doubtfully: those that the code
/// has, where the zone's reader took them for possible. Nothing else proves a name.
pub fn settle_names(views: &mut [CardView]) {
    let names: Vec<String> =
        views.iter().filter_map(|view| Some(view.code.as_ref()?.0.name.clone())).collect();
    for view in views {
        let Some(ZoneReading { seen, zone: Ok(zone), .. }) = &mut view.zone else { continue };
        for name in &names {
            mrz::settle_name(zone, &seen[2], name);
        }
    }
}

/// What all views together say against the card.
pub fn notes(views: &[CardView], today: Date) -> Vec<CardNote> {
    let codes = views.iter().filter_map(|view| Some(Claim::of_qr(&view.code.as_ref()?.0)));
    let zones = views.iter().filter_map(|view| Some(Claim::of_mrz(Source::Mrz, view.mrz()?)));
    let claims: Vec<Claim<'_>> = codes.chain(zones).collect();
    let findings = cross_check(&claims, today).into_iter().map(CardNote::Finding);
    // A zone that one image shows badly may stand on another.
    let stands = views.iter().any(|view| view.mrz().is_some());
    let zones = views.iter().filter_map(|view| CardView::note(view.zone.as_ref()?));
    findings.chain(zones.filter(|note| note.contradicts() || !stands)).collect()
}
