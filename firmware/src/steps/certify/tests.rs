//! Who may sign at the moment of signing, and what the row of the book says of it.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use drivers_api::{ClockState, DeviceError, Pin, PixelFormat, Raster, Token, Turn};
use drivers_sim::{SimClockGauge, SimCodeReader, SimScanner};
use formats_files::MemoryDisk;
use models::PageReading;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::guard::Guard;
use crate::pin::PinSource;
use crate::random::SystemRandom;
use crate::steps::decide::Keys;
use crate::steps::picture::Picture;
use crate::steps::read::PageReader;
use crate::steps::seal_key::SealKey;
use crate::store::Store;
use crate::visit::Decision;
use crate::watchdog::Beats;

const BOOK: &str = "03/2026-SCT/BS";

/// A clock that runs while the seal's token is being opened.
#[derive(Clone)]
struct SlowClock {
    begin: OffsetDateTime,
    passed: Arc<AtomicI64>,
    opening_s: i64,
}

impl Clock for SlowClock {
    fn now(&self) -> OffsetDateTime {
        self.begin + Duration::seconds(self.passed.load(Ordering::SeqCst))
    }
}

struct Key(Option<SlowClock>, [Vec<u8>; 1]);

impl Token for Key {
    fn open(&mut self, _: &Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
        if let Some(clock) = &self.0 {
            clock.passed.fetch_add(clock.opening_s, Ordering::SeqCst);
        }
        Ok(Box::new(Self(None, self.1.clone())))
    }

    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
        Ok(self.1.to_vec())
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok("a token".into())
    }
}

impl SigningSession for Key {
    fn chain(&self) -> &[Vec<u8>] {
        &self.1
    }

    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256Sha256
    }

    fn sign_digest(&mut self, _: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        Ok(vec![])
    }
}

/// A sealer whose file is what the copy would say of its number and signer.
struct Says;

fn said(number: u32, officer: &str, capacity: &str) -> String {
    format!("%PDF {number} {officer}, {capacity}")
}

impl Sealer for Says {
    fn seal(
        &self,
        request: &CopyRequest,
        _: &str,
        _: &mut dyn SigningSession,
        _: &mut dyn SigningSession,
    ) -> Result<Sealed, Trouble> {
        let bytes = said(request.number, &request.officer, &request.capacity).into_bytes();
        Ok(Sealed { bytes, sha256: [0; 32], qr: String::new() })
    }

    fn slip(&self, slip: &formats_book::Slip) -> Result<Vec<u8>, Trouble> {
        Ok(slip.number.clone().into_bytes())
    }
}

struct NoReader;

impl PageReader for NoReader {
    fn read(&self, _: Raster) -> Result<KeptPage, Trouble> {
        Err(internal("pages are not read here"))
    }
}

fn config(pin_file: &std::path::Path, more: &serde_json::Value) -> Config {
    let key = serde_json::json!({ "token": "t", "key": "k", "pin_file": pin_file });
    let officer = |id: &str, capacity: &str, delegation: &str, until: &str| {
        serde_json::json!({
            "id": id, "name": format!("Trần Thị {id}"), "capacity": capacity,
            "delegation": delegation, "valid_from": "2026-01-01", "valid_until": until,
            "token": "o", "key": "k",
        })
    };
    let site = serde_json::json!({
        "board": "board.toml", "state_dir": "state",
        "device": { "id": "HN01-K03", "key": key },
        "authority": { "name": "UBND PHƯỜNG THỬ", "place": "Hà Nội", "key": key },
        "officers": [
            officer("chair", "CHỦ TỊCH", "", "2030-12-31"),
            officer("ended", "TUQ. CHỦ TỊCH", "Quyết định 12/QĐ-UBND", "2026-11-23"),
            officer("deputy", "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH", "Thông báo 5/TB-UBND", "2030-12-31"),
        ],
        "book": { "name": BOOK },
        "fee": more,
        "registry": {
            "device_url": "https://r", "ca": "c", "receipt_key": "k", "public_url": "https://r",
        },
        "screen": { "listen": "127.0.0.1:0" },
        "trust": { "roots": "roots.pem" },
    });
    serde_json::from_value(site).expect("the site file is right")
}

/// An approved case of so many pages and copies.
fn case(visit: &str, officer: &str, pages: usize, copies: u32) -> Case {
    let raster = Raster::new(1, 1, PixelFormat::Gray8, 300, vec![0]).expect("a raster");
    let page = KeptPage {
        picture: Picture::from_jpeg(vec![0], &raster),
        small: Picture::small(&raster).expect("a JPEG"),
        reading: PageReading {
            width: 1,
            height: 1,
            dpi: 300,
            sheet: None,
            turn: Turn::None,
            skew_degrees: 0.0,
            lines: vec![],
            confidence: 0.0,
            ink: 0.0,
            blank: true,
            sharpness: 0.0,
            seals: vec![],
            signatures: vec![],
        },
    };
    let page = Arc::new(page);
    Case {
        visit: VisitId(visit.into()),
        copies,
        kind: "Giấy khai sinh".into(),
        pages: vec![page; pages],
        officer: officer.into(),
        set: vec![],
        approval: Approval { title: "Giấy khai sinh".into(), requester: "Lê Thử".into() },
    }
}

pub(in crate::steps) struct Bench {
    pub(in crate::steps) parts: Parts,
    passed: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// A kiosk whose seal takes so many seconds to open.
    pub(in crate::steps) fn new(
        begin: OffsetDateTime,
        opening_s: i64,
        fee: &serde_json::Value,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pin: PathBuf = folder.path().join("pin");
        std::fs::write(&pin, "1234").expect("the PIN's file");
        let passed = Arc::new(AtomicI64::default());
        let clock = SlowClock { begin, passed: Arc::clone(&passed), opening_s };
        let disk = Arc::new(MemoryDisk::new(1));
        let store = Store::open_on(disk, None, Arc::new(clock.clone())).expect("opens").0;
        store.open_book(BOOK, "UBND PHƯỜNG THỬ").expect("the book opens");
        let seal: Box<dyn Token> = Box::new(Key(Some(clock.clone()), [vec![2]]));
        let parts = Parts {
            config: config(&pin, fee),
            clock: Arc::new(clock),
            guard: Guard::default(),
            beats: Beats::default(),
            clock_gauge: Mutex::new(Box::new(SimClockGauge::new(ClockState::Free))),
            store: Arc::new(store),
            scanner: Mutex::new(Box::new(SimScanner::new([]))),
            scan_dpi: 300,
            codes: Mutex::new(Box::new(SimCodeReader::new([]))),
            barcode: crate::barcode::Standing::default(),
            chip: None,
            face: None,
            ticket: None,
            copy_printer: None,
            speaker: None,
            readers: Box::new(NoReader),
            keys: Keys { officers: [].into(), authority: SealKey::new(seal, PinSource::File(pin)) },
            sealer: Box::new(Says),
            models: vec![],
            key_problems: Mutex::default(),
            random: Arc::new(SystemRandom),
            copy_issued: Arc::default(),
        };
        Self { parts, passed, _folder: folder }
    }

    /// Lets so many seconds pass.
    pub(in crate::steps) fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Lets time pass until this moment.
    pub(in crate::steps) fn set(&self, moment: OffsetDateTime) {
        self.pass((moment - self.parts.clock.now()).whole_seconds());
    }

    fn certify(&self, visit: &str, officer: &str, pages: usize, copies: u32) -> Outcome {
        self.certify_with(&case(visit, officer, pages, copies), officer)
    }

    /// With a key that was opened for the decision of this officer.
    fn certify_with(&self, case: &Case, decided: &str) -> Outcome {
        let verdict = Ok(case.approval.clone());
        let decision = Decision { officer: decided.into(), verdict, confirms_clock: false };
        let mut key = Authorised::new(&decision, Box::new(Key(None, [vec![1]])));
        certify(&self.parts, case, &mut key)
    }

    fn rows(&self) -> Vec<(u32, RegisterRow)> {
        self.parts.store.register(BOOK).expect("the rows")
    }
}

type Outcome = Result<Issued, Trouble>;

#[test]
fn a_key_opened_for_one_officers_decision_signs_nothing_in_anothers_name() {
    let bench = Bench::new(NOON, 0, &serde_json::json!({}));
    let trouble = bench.certify_with(&case("v1", "chair", 1, 1), "deputy").expect_err("refused");
    assert!(trouble.cause.contains("another officer"), "{trouble:?}");
    assert!(bench.rows().is_empty() && bench.parts.store.open_reservation().is_none());
}

const NOON: OffsetDateTime = datetime!(2026-11-23 12:00 +7);

#[test]
fn a_delegation_that_ends_between_approval_and_signature_gives_the_number_back() {
    let bench = Bench::new(datetime!(2026-11-23 23:59:50 +7), 20, &serde_json::json!({}));
    let trouble = bench.certify("a", "ended", 1, 1).expect_err("the delegation has ended");
    assert_eq!(trouble.say, Say::NotDelegated);
    assert!(trouble.cause.contains("2026-11-23"), "{}", trouble.cause);
    assert_eq!(bench.parts.store.open_reservation(), None);
    assert_eq!(bench.rows(), []);
    let issued = bench.certify("a", "chair", 1, 1).expect("the chair may sign");
    assert_eq!(issued.number, 1, "the number was given back");
    assert_eq!(bench.parts.store.books()[0].released, 1);
}

#[test]
fn copies_made_together_share_a_number_and_each_is_charged() {
    let bench = Bench::new(NOON, 1, &serde_json::json!({}));
    let issued = bench.certify("a", "ended", 3, 4).expect("the delegation holds all day");
    bench.certify("b", "chair", 1, 1).expect("issued");
    let rows = bench.rows();
    assert_eq!((rows[0].0, rows[0].1.copies, rows[0].1.fee_vnd), (issued.number, 4, 20_000));
    assert_eq!((rows[1].0, rows[1].1.copies, rows[1].1.fee_vnd), (2, 1, 2_000));
    let totals = bench.parts.store.current_book().expect("an open book");
    assert_eq!((totals.issued, totals.copies, totals.fees_vnd), (2, 5, 22_000));
}

#[test]
fn the_book_and_the_copy_name_the_same_signer_in_the_same_capacity() {
    let bench = Bench::new(NOON, 1, &serde_json::json!({}));
    bench.certify("a", "deputy", 1, 1).expect("issued");
    bench.certify("b", "chair", 1, 1).expect("issued");
    let (store, rows) = (&bench.parts.store, bench.rows());
    for (copy, (number, row)) in store.list().expect("copies").iter().zip(&rows) {
        let file = store.copy_bytes(&copy.sha256).expect("the file");
        assert_eq!(file, said(*number, &row.officer, &row.capacity).as_bytes());
    }
    assert_eq!(rows[0].1.capacity, "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH");
    assert_eq!(rows[0].1.note, "Thông báo 5/TB-UBND", "column 8 names the instrument");
    assert_eq!(rows[1].1.note, "");
}

#[test]
fn what_is_waived_is_not_charged_and_the_book_says_why() {
    let fee = serde_json::json!({
        "channel": "online",
        "waivers": [{
            "channel": "online", "percent": 100, "valid_from": "2026-01-01",
            "reason": "Miễn phí: Nghị quyết 77/2025/NQ-HĐND",
        }],
    });
    let bench = Bench::new(NOON, 1, &fee);
    let issued = bench.certify("a", "ended", 2, 2).expect("issued");
    let why = Some("Miễn phí: Nghị quyết 77/2025/NQ-HĐND");
    assert_eq!((issued.fee_vnd, issued.fee_waived.as_deref()), (0, why), "the citizen reads it");
    let (_, row) = &bench.rows()[0];
    assert_eq!((row.fee_vnd, row.copies), (0, 2));
    assert_eq!(row.note, "Quyết định 12/QĐ-UBND; Miễn phí: Nghị quyết 77/2025/NQ-HĐND");
}

#[test]
fn the_old_years_book_takes_no_copy_of_the_new_year() {
    let bench = Bench::new(datetime!(2026-12-31 23:59:50 +7), 20, &serde_json::json!({}));
    let late = bench.certify("a", "chair", 1, 1).expect_err("signed in the new year");
    assert_eq!((late.say, bench.rows().len()), (Say::NoBook, 0));
    let next = bench.certify("b", "chair", 1, 1).expect_err("not even reserved");
    assert_eq!(next.say, Say::NoBook);
    bench.parts.store.open_book("03/2027-SCT/BS", "UBND PHƯỜNG THỬ").expect("opened");
    assert_eq!(bench.certify("c", "chair", 1, 1).expect("issued").number, 1);
    let books = bench.parts.store.books();
    assert_eq!((books[0].issued, books[0].released, books[0].is_closed()), (0, 1, true));
}
