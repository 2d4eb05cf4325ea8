//! Makes the copy legal: number, file, two signatures, check, journal. All of it or none of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use drivers_api::{ClockState, KeyAlgorithm, SigningSession};
use formats_copy::{
    Assets, BuildError, ClockTrust, CopyRequest, Corrected, ImageFile, Layer, PageImage,
    PlacedWord, Press, SignatureAlgorithm, Signer, TrustAnchors, VerificationCode,
};
use formats_vn::fee::{Charge, FeeTable};

use super::decide::{Authorised, not_delegated, record_approval, store_trouble, token_trouble};
use super::print;
use super::prove::TimeStamps;
use crate::clock::VIETNAM;
use crate::config::Officer;
use crate::desk::KeptPage;
use crate::engine::Parts;
use crate::store::{RegisterRow, Reservation, SetByOfficer, StoreError};
use crate::visit::{Approval, Issued, Payment, Say, Severity, Trouble, VisitId};

/// What every copy embeds or is checked against, read once.
pub struct CopyAssets {
    /// Upright and bold face, for slips.
    fonts: [Vec<u8>; 2],
    /// Typefaces and seal.
    press: Press,
    /// The same with the signature of each officer who has an image of it, by officer id.
    signed_by: BTreeMap<String, Press>,
    trust: TrustAnchors,
    time_stamps: Option<TimeStamps>,
}

impl CopyAssets {
    /// Reads typefaces and images: `given` without a signature, `signatures` (PNG) by officer id.
    /// `trust` says whose signatures count; `time_stamps` is the site's authority, if it has one.
    pub fn new(
        given: Assets,
        signatures: &BTreeMap<String, Vec<u8>>,
        trust: TrustAnchors,
        time_stamps: Option<TimeStamps>,
    ) -> Result<Self, BuildError> {
        let press = Press::new(&given)?;
        let of = |(id, png): (&String, &Vec<u8>)| Ok((id.clone(), press.signed_by(Some(png))?));
        let signed_by = signatures.iter().map(of).collect::<Result<_, BuildError>>()?;
        let fonts = [given.regular_font, given.bold_font];
        Ok(Self { fonts, press, signed_by, trust, time_stamps })
    }
}

/// A signed file that verifies.
pub struct Sealed {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// The text of its QR code.
    pub qr: String,
}

/// Makes the signed file of an approved case, and proves that it verifies.
pub trait Sealer: Send + Sync {
    /// The file, signed by the officer with this id, then by the authority.
    fn seal(
        &self,
        request: &CopyRequest,
        officer: &str,
        officer_key: &mut dyn SigningSession,
        seal_key: &mut dyn SigningSession,
    ) -> Result<Sealed, Trouble>;

    /// An appointment slip as PDF, in the same typefaces.
    fn slip(&self, slip: &formats_book::Slip) -> Result<Vec<u8>, Trouble>;
}

impl Sealer for CopyAssets {
    fn seal(
        &self,
        request: &CopyRequest,
        officer: &str,
        officer_key: &mut dyn SigningSession,
        seal_key: &mut dyn SigningSession,
    ) -> Result<Sealed, Trouble> {
        let press = self.signed_by.get(officer).unwrap_or(&self.press);
        let fresh = press
            .seal(request, &mut Key(officer_key), &mut Key(seal_key))
            .map_err(|error| seal_trouble(&error))?;
        let qr = fresh.qr().to_owned();
        // Asserted in pairs: the very code that strangers verify with must accept what was just
        // sealed.
        let genuine = fresh.verified(&self.trust).map_err(|refusal| {
            let cause = format!("the sealed copy does not verify: {}", refusal.code());
            let remedy = "check trust.roots against the certificates on the tokens";
            Trouble { remedy: remedy.into(), ..internal(&cause) }
        })?;
        let Some(authority) = &self.time_stamps else {
            let sha256 = genuine.verified().sha256;
            return Ok(Sealed { sha256, bytes: genuine.into_bytes(), qr });
        };
        let bytes = authority.add(genuine, &self.trust);
        let sha256 = ring::digest::digest(&ring::digest::SHA256, &bytes);
        Ok(Sealed { sha256: sha256.as_ref().try_into().unwrap_or_default(), bytes, qr })
    }

    fn slip(&self, slip: &formats_book::Slip) -> Result<Vec<u8>, Trouble> {
        let faces = formats_book::Faces { regular: &self.fonts[0], bold: &self.fonts[1] };
        formats_book::print_slip(slip, faces).map_err(|error| Trouble {
            remedy: "check the fonts in the site file".into(),
            ..internal(&crate::chain(&error))
        })
    }
}

/// A case the officer has approved.
pub struct Case {
    /// The visit.
    pub visit: VisitId,
    /// Copies made together under one number.
    pub copies: u32,
    /// Kind of the original: its Vietnamese name in the document table.
    pub kind: String,
    /// The pages in order.
    pub pages: Vec<Arc<KeptPage>>,
    /// The officer's id.
    pub officer: String,
    /// What of kind, title and requester the officer set.
    pub set: Vec<SetByOfficer>,
    /// Title and requester, as the officer confirmed them.
    pub approval: Approval,
}

/// Certifies the case. On any failure the number is given back and nothing signed is kept.
pub fn certify(parts: &Parts, case: &Case, authorised: &mut Authorised) -> Result<Issued, Trouble> {
    let Some(officer) = parts.config.officer(&case.officer) else {
        return Err(internal("the officer is not in the site file"));
    };
    if authorised.officer() != officer.id {
        return Err(internal("the key was opened for another officer's decision"));
    }
    let officer_key = authorised.key();
    super::clock::require(parts)?;
    let leaf = officer_key.chain().first().cloned().unwrap_or_default();
    record_approval(parts, &case.visit, officer, &case.set, &leaf)?;

    let mut random = [0; 10];
    parts.random.fill(&mut random).map_err(|error| internal(&error.to_string()))?;
    let code = VerificationCode::from_random(random);
    let store = |error: StoreError| store_trouble(&error);
    let reservation = parts.store.reserve(&case.visit.0, &code.to_string()).map_err(store)?;

    let kept = seal_and_check(parts, case, officer, officer_key, code, &reservation).and_then(
        |(sealed, row, charge)| {
            // It may have been set while the keys signed.
            super::clock::require(parts)?;
            parts.store.commit(&reservation, &sealed.bytes, row).map_err(store)?;
            Ok(issued(parts, &reservation, &sealed, charge))
        },
    );
    if let Err(trouble) = &kept
        && let Err(error) = parts.store.release(&reservation, &trouble.cause)
    {
        // The store gives the number back as soon as it can write again, at the latest at start.
        tracing::error!(error = crate::chain(&error), "number not given back yet");
    }
    kept
}

fn issued(parts: &Parts, reservation: &Reservation, sealed: &Sealed, charge: Charge) -> Issued {
    let base = parts.config.registry.public_url.trim_end_matches('/');
    Issued {
        number: reservation.number,
        book: reservation.book.clone(),
        fee_vnd: charge.total_vnd,
        payment: if charge.total_vnd > 0 { Payment::Due } else { Payment::Free },
        fee_waived: charge.waived,
        code: reservation.code.clone(),
        sha256: hex::encode(sealed.sha256),
        qr: sealed.qr.clone(),
        verify_url: format!("{base}/v/{}", reservation.code),
        prints: print::at_first(parts.copy_printer.as_ref()),
    }
}

fn seal_and_check(
    parts: &Parts,
    case: &Case,
    officer: &Officer,
    officer_key: &mut dyn SigningSession,
    code: VerificationCode,
    reservation: &Reservation,
) -> Result<(Sealed, RegisterRow, Charge), Trouble> {
    let mut seal_key = parts.keys.authority.lend().map_err(|error| token_trouble(&error))?;
    let now = parts.clock.now();
    // The officer may have opened the case when the delegation still held: this moment counts.
    officer.may_sign_at(now).map_err(|why| not_delegated(&why.to_string()))?;
    parts.store.book_in_force().map_err(|error| store_trouble(&error))?;
    let charge = charge(parts, case, now)?;
    let request = request(parts, case, officer, code, reservation, now);
    let sealed = parts.sealer.seal(&request, &officer.id, officer_key, &mut seal_key)?;
    drop(seal_key);
    let row = RegisterRow {
        certified_at: now,
        requester: case.approval.requester.clone(),
        original: case.approval.title.clone(),
        officer: officer.name.clone(),
        capacity: officer.capacity.clone(),
        copies: case.copies,
        fee_vnd: charge.total_vnd,
        note: note(officer, &charge),
    };
    Ok((sealed, row, charge))
}

/// The fee of the day for all copies under the number, less what the site waives.
fn charge(parts: &Parts, case: &Case, now: time::OffsetDateTime) -> Result<Charge, Trouble> {
    let pages = u32::try_from(case.pages.len()).unwrap_or(u32::MAX);
    let table = FeeTable::built_in().map_err(|error| internal(&crate::chain(&error)))?;
    let (day, fee) = (now.to_offset(VIETNAM).date(), &parts.config.fee);
    table
        .charge(day, pages, case.copies, fee.channel, &fee.waivers)
        .ok_or_else(|| internal(&format!("no fee is known for {day}: check the clock")))
}

/// Column 8: by what instrument the officer signs, and why less than the fee is charged.
fn note(officer: &Officer, charge: &Charge) -> String {
    let notes = [Some(officer.delegation.trim()), charge.waived.as_deref()];
    let notes: Vec<_> = notes.into_iter().flatten().filter(|note| !note.is_empty()).collect();
    notes.join("; ")
}

fn request(
    parts: &Parts,
    case: &Case,
    officer: &Officer,
    code: VerificationCode,
    reservation: &Reservation,
    now: time::OffsetDateTime,
) -> CopyRequest {
    let config = &parts.config;
    CopyRequest {
        product: config.authority.product,
        code,
        number: reservation.number,
        book: reservation.book.clone(),
        issued_at: now,
        authority: config.authority.name.clone(),
        place: config.authority.place.clone(),
        officer: officer.name.clone(),
        capacity: officer.capacity.clone(),
        kind: case.kind.clone(),
        title: case.approval.title.clone(),
        corrected: case.set.iter().filter_map(corrected).collect(),
        device: config.device.id.clone(),
        sequence: reservation.sequence,
        pages: case.pages.iter().map(|page| page_image(page)).collect(),
        models: parts.models.clone(),
        clock: match super::clock::state(parts) {
            ClockState::Synchronised { .. } => ClockTrust::Synchronised,
            ClockState::Free | ClockState::Unset => ClockTrust::Unsynchronised,
        },
        verify_base: config.registry.public_url.trim_end_matches('/').into(),
    }
}

/// What of the corrections a copy tells: nothing of its requester.
const fn corrected(set: &SetByOfficer) -> Option<Corrected> {
    match set {
        SetByOfficer::Kind { .. } => Some(Corrected::Kind),
        SetByOfficer::Title => Some(Corrected::Title),
        SetByOfficer::Requester => None,
    }
}

fn page_image(page: &KeptPage) -> PageImage {
    let words = page.reading.lines.iter().enumerate().flat_map(|(line, read)| {
        read.words.iter().map(move |word| PlacedWord {
            text: word.text.clone(),
            quad: word.quad,
            line,
        })
    });
    let picture = &page.picture;
    let over = picture.over.iter().map(|layer| Layer {
        jpeg: ImageFile::of(Arc::clone(&layer.jpeg)),
        area: layer.area,
        mask: layer.ink.clone().map(ImageFile::of),
    });
    PageImage {
        jpeg: ImageFile::of(Arc::clone(&picture.jpeg)),
        over: over.collect(),
        width: picture.width,
        height: picture.height,
        dpi: picture.dpi,
        skew_degrees: page.reading.skew_degrees,
        words: words.collect(),
    }
}

/// A token's key in the words of the copy format.
struct Key<'a>(&'a mut dyn SigningSession);

impl Signer for Key<'_> {
    fn chain(&self) -> &[Vec<u8>] {
        self.0.chain()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.algorithm() {
            KeyAlgorithm::EcdsaP256Sha256 => SignatureAlgorithm::EcdsaP256Sha256,
            KeyAlgorithm::RsaPkcs1Sha256 => SignatureAlgorithm::RsaPkcs1Sha256,
        }
    }

    fn sign_digest(
        &mut self,
        digest: &[u8; 32],
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.0.sign_digest(digest).map_err(Into::into)
    }
}

/// A sealing failure; the token's own words when a token caused it.
fn seal_trouble(error: &formats_copy::SealError) -> Trouble {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(device) = cause.downcast_ref::<drivers_api::DeviceError>() {
            return token_trouble(device);
        }
        source = cause.source();
    }
    internal(&crate::chain(error))
}

fn internal(cause: &str) -> Trouble {
    Trouble {
        say: Say::Internal,
        cause: cause.into(),
        remedy: "the number was given back; collect the log and report it".into(),
        severity: Severity::Service,
    }
}

#[cfg(test)]
pub(super) mod tests;
