//! Whole readings of a card that other cryptography computes: true ones, false and broken ones.

use std::io;

use counterpart::BareCard;
use formats_mrtd::lds::File;
use formats_mrtd::lds::dg2::ImageKind;
use formats_mrtd::lds::dg13::Item;
use formats_mrtd::{
    AccessKey, Broken, Chip, ChipProof, Issuer, NoRandom, Opened, Passive, ReadError, Status,
    Suspicion, Transmit, TrustStore, Verdict, Wanted, read,
};
use time::OffsetDateTime;

/// The holder's zone, and the last six digits of the number.
const ZONE: &str = "199999999199090923909090";
const CAN: &str = "999999";
const ALL: Wanted = Wanted { portrait: true, details: true };
const FEW: Wanted = Wanted { portrait: false, details: false };

struct Wire<'a>(&'a mut BareCard);

impl Transmit for Wire<'_> {
    type Error = io::Error;

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, io::Error> {
        self.0.exchange(command)
    }
}

/// A card with its folder.
struct Laid {
    card: BareCard,
    _folder: tempfile::TempDir,
}

impl Laid {
    fn new(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let card = BareCard::start(folder.path(), options).expect("a card");
        Self { card, _folder: folder }
    }

    /// Whom a reader should trust.
    fn issuer(&self) -> TrustStore {
        let mut trust = TrustStore::default();
        let pem = std::fs::read(self.card.card().trust()).expect("an authority");
        trust.add_pem(&pem).expect("an authority");
        trust
    }

    fn read(&mut self, keys: &[AccessKey], wanted: Wanted, trust: &TrustStore) -> Outcome {
        self.card.reset().expect("a card");
        read(&mut Wire(&mut self.card), keys, wanted, trust, now(), &mut random)
    }
}

type Outcome = Result<Chip, ReadError<io::Error>>;

fn zone() -> AccessKey {
    AccessKey::Mrz(ZONE.into())
}

fn can() -> AccessKey {
    AccessKey::Can(CAN.into())
}

#[expect(clippy::disallowed_methods, reason = "the card's certificates begin to hold today")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn random(buffer: &mut [u8]) -> Result<(), NoRandom> {
    getrandom::fill(buffer).map_err(|_| NoRandom)
}

/// Reads a card with these options, whose issuer is trusted.
fn reading(options: &[&str], keys: &[AccessKey], wanted: Wanted) -> Outcome {
    let mut laid = Laid::new(options);
    let trust = laid.issuer();
    laid.read(keys, wanted, &trust)
}

fn verdict(options: &[&str]) -> Verdict {
    reading(options, &[zone()], FEW).expect("read").evidence.verdict()
}

#[test]
fn a_vietnamese_card_opens_by_the_six_last_digits_and_tells_everything() {
    let chip = reading(&[], &[can()], ALL).expect("read");
    assert_eq!((chip.opened, chip.evidence.chip), (Opened::PaceCan, ChipProof::Active));
    assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
    assert_eq!(chip.listed, [1, 2, 3, 13, 14, 15]);
    assert_eq!(chip.groups().collect::<Vec<_>>(), [1, 2, 13, 14, 15]);
    let zone = chip.zone(now().date()).expect("a zone");
    assert_eq!((zone.number.as_str(), zone.name.as_str()), ("001199999999", "NGHIEM THI THU"));
    let details = chip.details().expect("DG13").expect("items");
    assert_eq!(details.text(Item::Name), Some("Nghiêm Thị Thử"));
    assert_eq!(details.texts(13), ["Nghiêm Văn Cha", "Trần Thị Mẹ"]);
    let portrait = chip.portrait().expect("DG2").expect("a portrait");
    assert_eq!((portrait.kind, portrait.width, portrait.height), (ImageKind::Jpeg2000, 300, 400));
}

#[test]
fn every_way_of_opening_and_every_proof_is_spoken() {
    let cases: [(&[&str], AccessKey, Opened, ChipProof); 7] = [
        (&["--access", "bac", "--proof", "aa-rsa"], zone(), Opened::Bac, ChipProof::Active),
        (&["--access", "pace", "--suite", "3des"], zone(), Opened::PaceMrz, ChipProof::Active),
        (
            &["--suite", "aes256", "--curve", "P-256", "--proof", "ca"],
            can(),
            Opened::PaceCan,
            ChipProof::Chip,
        ),
        (&["--suite", "aes192", "--curve", "P-256"], zone(), Opened::PaceMrz, ChipProof::Active),
        (&["--proof", "ca", "--ca-suite", "3des"], zone(), Opened::PaceMrz, ChipProof::Chip),
        (
            &["--access", "bac", "--proof", "ca", "--ca-suite", "aes256"],
            zone(),
            Opened::Bac,
            ChipProof::Chip,
        ),
        (&["--proof", "none"], can(), Opened::PaceCan, ChipProof::NotOffered),
    ];
    for (options, key, opened, proof) in cases {
        let chip = reading(options, &[key], FEW).expect("read");
        assert_eq!((chip.opened, chip.evidence.chip), (opened, proof), "{options:?}");
        let genuine = proof != ChipProof::NotOffered;
        let expected = if genuine { Verdict::Genuine } else { Verdict::FilesOnly };
        assert_eq!(chip.evidence.verdict(), expected, "{options:?}");
    }
}

#[test]
fn a_portrait_beyond_the_reach_of_plain_offsets_is_read_to_its_end() {
    let mut laid = Laid::new(&["--portrait", "jpeg"]);
    let file = std::fs::read(laid.card.card().file("dg2")).expect("DG2");
    assert!(file.len() > 0x8000, "{} bytes show nothing", file.len());
    let trust = laid.issuer();
    let chip = laid.read(&[can()], ALL, &trust).expect("read");
    assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
    let portrait = chip.portrait().expect("DG2").expect("a portrait");
    assert_eq!(portrait.kind, ImageKind::Jpeg);
    assert!(file.ends_with(&portrait.image));
}

#[test]
fn issuers_sign_by_rsa_too_and_with_longer_digests() {
    assert_eq!(verdict(&["--signature", "rsa", "--digest", "sha512"]), Verdict::Genuine);
    assert_eq!(verdict(&["--signature", "rsa-pss", "--digest", "sha384"]), Verdict::Genuine);
}

#[test]
fn a_wrong_password_opens_nothing_and_the_next_one_is_tried() {
    let wrong = || AccessKey::Can("123456".into());
    let other = || AccessKey::Mrz("199999999199090923909091".into());
    for access in ["pace", "bac", "both"] {
        let refused = reading(&["--access", access], &[wrong(), other()], FEW);
        // A chip that opens by PACE only does not even let its application be selected.
        let expected = match access {
            "pace" => matches!(refused, Err(ReadError::NoApplication(_))),
            _ => matches!(refused, Err(ReadError::KeyRefused { tried: 2 })),
        };
        assert!(expected, "{access}: {refused:?}");
    }
    let chip = reading(&[], &[wrong(), other(), zone()], FEW).expect("read");
    assert_eq!(chip.opened, Opened::PaceMrz);
}

#[test]
fn a_copy_of_a_chip_is_suspected_whoever_signed_its_files() {
    let suspected = Verdict::Suspected(Suspicion::NoPrivateKey);
    for proof in ["aa-rsa", "ca"] {
        assert_eq!(verdict(&["--clone", "--proof", proof]), suspected, "{proof}");
    }
    let mut copy = Laid::new(&["--clone"]);
    let chip = copy.read(&[zone()], FEW, &TrustStore::default()).expect("read");
    assert_eq!(chip.evidence.verdict(), suspected);
    // A copy that hides the file of the key it lacks.
    let hidden = verdict(&["--clone", "--withhold", "15"]);
    assert_eq!(hidden, Verdict::Suspected(Suspicion::KeyWithheld));
}

#[test]
fn a_changed_file_is_suspected_and_named() {
    for group in [2, 13] {
        let mut laid = Laid::new(&["--alter", &group.to_string()]);
        let trust = laid.issuer();
        let chip = laid.read(&[zone()], ALL, &trust).expect("read");
        let altered = Suspicion::Altered(Broken::Group(group));
        assert_eq!(chip.evidence.verdict(), Verdict::Suspected(altered), "DG{group}");
        // What is not read cannot be told.
        let chip = laid.read(&[zone()], FEW, &trust).expect("read");
        assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
    }
    let forged = verdict(&["--swap-sod"]);
    assert!(matches!(forged, Verdict::Suspected(Suspicion::Altered(Broken::Sod(_)))), "{forged:?}");
    let weak = verdict(&["--digest", "sha1"]);
    assert!(matches!(weak, Verdict::Suspected(Suspicion::Altered(Broken::Sod(_)))), "{weak:?}");
}

#[test]
fn an_issuer_that_is_unknown_out_of_date_or_has_revoked_is_told_apart() {
    let mut laid = Laid::new(&[]);
    // Nobody, and another authority of the same name.
    for trust in [TrustStore::default(), Laid::new(&[]).issuer()] {
        let chip = laid.read(&[zone()], FEW, &trust).expect("read");
        assert_eq!(chip.evidence.verdict(), Verdict::IssuerUnknown(Issuer::Unknown));
        assert_eq!(chip.evidence.chip, ChipProof::Active);
    }
    let late = verdict(&["--signer", "expired"]);
    assert_eq!(late, Verdict::IssuerUnknown(Issuer::OutOfDate));
    let revoked = verdict(&["--signer", "revoked"]);
    assert_eq!(revoked, Verdict::Suspected(Suspicion::Revoked));
}

#[test]
fn a_file_that_is_missing_or_refused_is_noted_and_the_rest_is_read() {
    let chip = reading(&["--without", "13"], &[zone()], ALL).expect("read");
    assert!(chip.details().is_none() && chip.refused.is_empty());
    assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
    let chip = reading(&["--withhold", "2"], &[zone()], ALL).expect("read");
    assert_eq!(chip.refused, [(File::Dg(2), Status(0x6982))]);
    assert!(chip.portrait().is_none());
    assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
}

#[test]
fn a_card_that_gives_none_of_the_signed_files_proves_nothing() {
    let all = ["1", "2", "13", "14", "15"].map(|group| ["--withhold", group]).concat();
    let chip = reading(&all, &[zone()], ALL).expect("read");
    assert_eq!(chip.groups().count(), 0);
    assert_eq!(chip.evidence.passive, Passive::Broken(Broken::Nothing));
    assert!(matches!(chip.evidence.verdict(), Verdict::Suspected(_)), "{:?}", chip.evidence);
}

#[test]
fn a_card_that_is_taken_away_at_any_moment_is_an_error_and_no_verdict() {
    for after in [3, 20] {
        let read = reading(&["--remove-after", &after.to_string()], &[zone()], ALL);
        assert!(matches!(read, Err(ReadError::Card(_))), "after {after} commands: {read:?}");
    }
}

#[test]
fn the_master_file_dg3_and_dg11_are_refused_as_vietnams_chips_do() {
    let mut card = Laid::new(&["--access", "bac"]).card;
    let mut status = |command: &str| {
        let command = hex::decode(command).expect("hex");
        let answer = card.exchange(&command).expect("an answer");
        hex::encode(&answer[answer.len() - 2..])
    };
    assert_eq!(status("00A4000C023F00"), "6d00");
    assert_eq!(status("00A4040C07A0000002471001"), "9000");
    assert_eq!(status("00A4020C020103"), "6982");
    assert_eq!(status("00A4020C02010B"), "6a82");
    assert_eq!(status("00A4020C02011C"), "6a82");
}
