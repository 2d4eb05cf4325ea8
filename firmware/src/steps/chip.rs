//! The chip of the identity card: opened with what the card's face says, read, proven.
//!
//! Whatever comes of it is for the officer to see: a visit never ends or waits longer for want of a
//! chip. What is read stays on the desk; only the outcome's code goes on record.

use std::sync::Mutex;
use std::time::Duration;

use drivers_api::{CardReader, CardSession, DeviceError, Fault, Raster};
use formats_mrtd::{
    AccessKey, Chip, NoRandom, ReadError, Suspicion, Transmit, TrustStore, Verdict, Wanted,
};
use formats_vn::age::expiry_by_law;
use formats_vn::card::{CardFinding, Claim, Source, cross_check};
use formats_vn::id_number::card_access_number;
use formats_vn::id_qr::CardQr;
use formats_vn::mrz::{self, Expiry, Mrz};
use models::PortraitError;
use time::OffsetDateTime;

use crate::clock::VIETNAM;
use crate::engine::lock;
use crate::random::Random;
use crate::visit::{ChipGap, ChipOutcome, ChipSuspicion};

/// A card reader, and whose cards are believed.
pub struct ChipStation {
    /// The reader.
    pub reader: Mutex<Box<dyn CardReader>>,
    /// The issuers that are trusted; none while their certificates are not at hand.
    pub trust: TrustStore,
    /// How long a card is waited for.
    pub patience: Duration,
}

/// Passwords by what was read of a card: the surest first, and each once.
pub fn keys(zone: Option<&Mrz>, card: Option<&CardQr>) -> Vec<AccessKey> {
    let mut keys = zone.map(keys_of_zone).unwrap_or_default();
    for key in card.map(keys_of_qr).unwrap_or_default() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Passwords for a card whose QR code was read: the card access number is part of the number, and
/// the zone follows from birth and the expiry that the law gives.
pub fn keys_of_qr(card: &CardQr) -> Vec<AccessKey> {
    let can = card_access_number(&card.number).map(|can| AccessKey::Can(can.to_owned()));
    let expiry = card.issued.map(|issued| expiry_by_law(card.born, issued));
    let zone = expiry.and_then(|expiry| mrz::chip_key(&card.number, card.born, expiry));
    // Cards for life may have been issued before the age at which the law gives them.
    let life = mrz::chip_key(&card.number, card.born, Expiry::Never);
    let life = life.filter(|life| zone.as_ref() != Some(life));
    can.into_iter().chain([zone, life].into_iter().flatten().map(AccessKey::Mrz)).collect()
}

/// Passwords for a card whose zone was read.
pub fn keys_of_zone(zone: &Mrz) -> Vec<AccessKey> {
    let can = card_access_number(&zone.number).map(|can| AccessKey::Can(can.to_owned()));
    std::iter::once(AccessKey::Mrz(zone.chip_key())).chain(can).collect()
}

/// Why there is no chip's word.
#[derive(Debug, thiserror::Error)]
pub enum ChipError {
    /// No card, or the reader failed.
    #[error("use the card reader")]
    Reader(#[source] DeviceError),
    /// The chip could not be read.
    #[error("read the chip")]
    Read(#[source] ReadError<DeviceError>),
}

impl ChipError {
    /// The same for visit and record.
    pub const fn gap(&self) -> ChipGap {
        match self {
            Self::Reader(error) | Self::Read(ReadError::Card(error)) => match error.fault {
                Fault::NoCard => ChipGap::NoCard,
                Fault::Removed => ChipGap::Removed,
                Fault::Timeout => ChipGap::Silent,
                _ => ChipGap::Reader,
            },
            Self::Read(ReadError::KeyRefused { .. } | ReadError::NoApplication(_)) => {
                ChipGap::KeyRefused
            }
            Self::Read(_) => ChipGap::Unreadable,
        }
    }

    /// What a technician should do now.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Reader(error) | Self::Read(ReadError::Card(error)) => error.hint(),
            Self::Read(ReadError::KeyRefused { .. }) => {
                "compare number, dates and access number with the card's face"
            }
            Self::Read(ReadError::NoApplication(_)) => {
                "lay an identity card on the reader, or give its access number"
            }
            Self::Read(ReadError::Random(_)) => "restart the machine: it gives no random numbers",
            Self::Read(_) => "lay the card down again and leave it; then try another card",
        }
    }
}

/// The card as the protocol wants it.
struct Wire(Box<dyn CardSession>);

impl Transmit for Wire {
    type Error = DeviceError;

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        self.0.transmit(command)
    }
}

/// Waits for a card and reads its chip.
pub fn read(
    station: &ChipStation,
    keys: &[AccessKey],
    wanted: Wanted,
    now: OffsetDateTime,
    random: &dyn Random,
) -> Result<Chip, ChipError> {
    let session = lock(&station.reader).connect(station.patience).map_err(ChipError::Reader)?;
    let mut fill = |buffer: &mut [u8]| random.fill(buffer).map_err(|_| NoRandom);
    let mut wire = Wire(session);
    formats_mrtd::read(&mut wire, keys, wanted, &station.trust, now, &mut fill)
        .map_err(ChipError::Read)
}

/// The chip's portrait in pixels; none where the chip gave none.
pub fn portrait(chip: &Chip) -> Option<Result<Raster, PortraitError>> {
    let portrait = chip.portrait()?.ok()?;
    Some(models::decode_portrait(&portrait.image))
}

/// What is to be thought of a chip, for visit and record.
pub const fn outcome(chip: &Chip) -> ChipOutcome {
    match chip.evidence.verdict() {
        Verdict::Genuine => ChipOutcome::Genuine,
        Verdict::FilesOnly => ChipOutcome::FilesOnly,
        Verdict::IssuerUnknown(_) => ChipOutcome::IssuerUnknown,
        Verdict::Suspected(suspicion) => ChipOutcome::Suspected(match suspicion {
            Suspicion::Altered(_) => ChipSuspicion::Altered,
            Suspicion::Revoked => ChipSuspicion::Revoked,
            Suspicion::NoPrivateKey | Suspicion::KeyWithheld => ChipSuspicion::Copied,
        }),
    }
}

/// What the officer should look at: the card's QR code, zone and chip against each other.
pub fn findings(
    qr: Option<&CardQr>,
    zone: Option<&Mrz>,
    chip: Option<&Chip>,
    now: OffsetDateTime,
) -> Vec<CardFinding> {
    let today = now.to_offset(VIETNAM).date();
    let inside = chip.and_then(|chip| chip.zone(today).ok());
    let claims: Vec<Claim<'_>> = qr
        .map(Claim::of_qr)
        .into_iter()
        .chain(zone.map(|zone| Claim::of_mrz(Source::Mrz, zone)))
        .chain(inside.as_ref().map(|zone| Claim::of_mrz(Source::Chip, zone)))
        .collect();
    cross_check(&claims, today)
}

#[cfg(test)]
mod tests {
    use drivers_sim::{SimCardReader, Step};

    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_code_gives_the_access_number_the_zone_by_law_and_the_zone_for_life() {
        let payload = "001199999999||Nghiêm Thị Thử|09091999|Nữ|Hà Nội|10092024";
        let card = formats_vn::id_qr::parse(payload).expect("a card");
        let expected = [
            AccessKey::Can("999999".into()),
            AccessKey::Mrz("199999999199090923909090".into()),
            AccessKey::Mrz("199999999199090929912315".into()),
        ];
        assert!(keys_of_qr(&card) == expected);
        let zone = [
            "IDVNM1999999991001199999999<<2",
            "9909092F3909090VNM<<<<<<<<<<<6",
            "NGHIEM<<THI<THU<<<<<<<<<<<<<<<",
        ];
        let today = time::macros::date!(2026 - 11 - 23);
        let zone = mrz::parse(zone, today).expect("a zone");
        let [can, by_law, for_life] = expected;
        assert!(keys(Some(&zone), Some(&card)) == [by_law, can, for_life]);
        let old = "001060123456||Nguyễn Văn Mẫu|15011960|Nam|Hà Nội|10092024";
        let old = formats_vn::id_qr::parse(old).expect("a card");
        assert_eq!(keys_of_qr(&old).len(), 2, "the law gives this one for life");
        let undated = formats_vn::id_qr::parse(&payload.replace("10092024", "")).expect("a card");
        assert_eq!(keys_of_qr(&undated).len(), 2);
    }

    /// What comes of a card that answers so.
    fn gap(card: Step<Vec<Step<Vec<u8>>>>) -> ChipGap {
        let station = ChipStation {
            reader: Mutex::new(Box::new(SimCardReader::new([card]))),
            trust: TrustStore::default(),
            patience: Duration::from_millis(20),
        };
        let keys = [AccessKey::Mrz("199999999199090923909090".into())];
        let wanted = Wanted { portrait: true, details: true };
        let now = time::macros::datetime!(2026-11-23 09:00 +7);
        read(&station, &keys, wanted, now, &SystemRandom).expect_err("no chip").gap()
    }

    #[test]
    fn a_reading_that_fails_at_any_step_ends_with_its_reason() {
        let give = |status: [u8; 2]| Step::Give(status.to_vec());
        let (done, missing, refused) = (give([0x90, 0]), give([0x6a, 0x82]), give([0x63, 0]));
        assert_eq!(gap(Step::Fail(Fault::NoCard)), ChipGap::NoCard);
        assert_eq!(gap(Step::Fail(Fault::Absent)), ChipGap::Reader);
        assert_eq!(gap(Step::Wait(Duration::from_millis(40))), ChipGap::Silent);
        assert_eq!(gap(Step::Give(vec![])), ChipGap::Removed);
        let empty = vec![missing.clone(), missing.clone()];
        assert_eq!(gap(Step::Give(empty)), ChipGap::KeyRefused);
        let challenge = Step::Give([&[7; 8][..], &[0x90, 0]].concat());
        let wrong = vec![missing.clone(), done.clone(), challenge.clone(), refused];
        assert_eq!(gap(Step::Give(wrong)), ChipGap::KeyRefused);
        let pulled = vec![missing.clone(), done.clone(), challenge];
        assert_eq!(gap(Step::Give(pulled)), ChipGap::Removed);
        // The reader itself is pulled out in the middle.
        let unplugged = vec![missing.clone(), done.clone(), Step::Fail(Fault::Absent)];
        assert_eq!(gap(Step::Give(unplugged)), ChipGap::Reader);
        assert_eq!(gap(Step::Give(vec![Step::Give(vec![0x90])])), ChipGap::Unreadable);
    }

    #[test]
    fn every_way_to_have_no_chip_has_its_own_word() {
        let reader = |fault| ChipError::Reader(DeviceError::new("r", fault, "x")).gap();
        assert_eq!(reader(Fault::NoCard), ChipGap::NoCard);
        assert_eq!(reader(Fault::Absent), ChipGap::Reader);
        assert_eq!(reader(Fault::Timeout), ChipGap::Silent);
        let gone = DeviceError::new("r", Fault::Removed, "x");
        assert_eq!(ChipError::Read(ReadError::Card(gone)).gap(), ChipGap::Removed);
        let refused = ChipError::Read(ReadError::KeyRefused { tried: 3 });
        assert_eq!(refused.gap(), ChipGap::KeyRefused);
    }
}
