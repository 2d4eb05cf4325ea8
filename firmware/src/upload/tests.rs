//! The uploader against a scripted registry, over real mutual TLS 1.3 on loopback.

mod fake;

use std::io::Write;
use std::num::NonZeroU64;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use counterpart::{Subject, TestCa, Usage};
use drivers_api::{DeviceError, Fault as DeviceFault, KeyAlgorithm, PowerState, SigningSession};
use drivers_sim::SimPower;
use time::macros::datetime;

use super::uploader::{PAUSE_MAX, PAUSE_MIN, pause};
use super::*;
use crate::clock::Clock;
use crate::random::SystemRandom;
use crate::store::{
    CopySummary, Decision, Delivery, Priority, Record, RegisterRow, Store, Verdict,
};
use fake::{DEVICE, FakeRegistry, Fault};

/// Longest that a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> time::OffsetDateTime {
        datetime!(2026-11-22 09:30 +7)
    }
}

/// A device key in a file, used by the openssl program; it can be pulled out.
struct FileKey {
    chain: Vec<Vec<u8>>,
    file: tempfile::NamedTempFile,
    gone: Arc<AtomicBool>,
}

impl SigningSession for FileKey {
    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256Sha256
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(DeviceError::new("device key", DeviceFault::Removed, "pulled out"));
        }
        let mut openssl = Command::new("openssl")
            .args(["pkeyutl", "-sign", "-inkey"])
            .arg(self.file.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl starts");
        openssl.stdin.take().expect("piped").write_all(digest).expect("the digest is taken");
        Ok(openssl.wait_with_output().expect("openssl ends").stdout)
    }
}

struct Bench {
    registry: FakeRegistry,
    store: Arc<Store>,
    woken: Arc<Notify>,
    stop: watch::Sender<bool>,
    key_gone: Arc<AtomicBool>,
    tls: rustls::ClientConfig,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let ca = TestCa::new("Test root").expect("a test authority");
        let registry = FakeRegistry::start(&ca, faults).await;
        let subject = Subject::new(DEVICE, "UBND");
        let identity =
            ca.issue_with_key(&subject, &Usage::TlsClient).expect("a device certificate");
        let mut file = tempfile::NamedTempFile::new().expect("a key file");
        file.write_all(identity.key_pem.as_bytes()).expect("the key is written");
        let key_gone = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&key_gone);
        let key = FileKey { chain: vec![identity.certificate.der], file, gone };
        let tls = tls::client_config(Box::new(key), ca.root().pem.as_bytes()).expect("TLS");
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path(), Arc::new(TestClock)).expect("the store opens");
        store.open_book("01/2026-SCT/BS", "UBND").expect("the book opens");
        let (stop, _) = watch::channel(false);
        let (store, woken) = (Arc::new(store), Arc::default());
        Self { registry, store, woken, stop, key_gone, tls, _folder: folder }
    }

    /// Issues a copy of so many bytes.
    fn issue(&self, visit: &str, length: usize) -> CopySummary {
        self.issue_as(visit, length, Priority::Normal)
    }

    fn issue_as(&self, visit: &str, length: usize, priority: Priority) -> CopySummary {
        let decision = Decision {
            visit: visit.to_owned(),
            officer: "Trần Thị Bình".to_owned(),
            capacity: "PHÓ CHỦ TỊCH".to_owned(),
            certificate: "ab".repeat(32),
            verdict: Verdict::Approved,
        };
        self.store.record(Record::OfficerDecision(decision)).expect("the decision is kept");
        let row = RegisterRow {
            certified_at: TestClock.now(),
            requester: "Nguyễn Văn An".to_owned(),
            original: "Giấy khai sinh".to_owned(),
            officer: "Trần Thị Bình".to_owned(),
            capacity: "PHÓ CHỦ TỊCH".to_owned(),
            copies: 1,
            fee_vnd: 2000,
            note: String::new(),
        };
        let code = format!("CODE-{}", visit.to_uppercase());
        let reservation = self.store.reserve(visit, &code).expect("a number");
        let bytes: Vec<u8> = visit.bytes().cycle().take(length).collect();
        self.store.commit_with(&reservation, &bytes, row, priority).expect("the copy is issued")
    }

    fn uploader(&self) -> Uploader {
        self.uploader_with(Policy::default())
    }

    fn uploader_with(&self, policy: Policy) -> Uploader {
        self.uploader_by(policy, Arc::new(TestClock))
    }

    fn uploader_by(&self, policy: Policy, clock: Arc<dyn Clock>) -> Uploader {
        let store = Arc::clone(&self.store);
        let transport = Https::new(&self.registry.url(), self.tls.clone()).expect("an address");
        let identity =
            Identity { device: DEVICE.to_owned(), receipt_key: self.registry.receipt_key() };
        let random = Arc::new(SystemRandom);
        let transport = Arc::new(transport);
        Uploader::new(store, transport, identity, clock, random, policy)
    }

    fn start(&self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(run(self.uploader(), Arc::clone(&self.woken), self.stop.subscribe(), || ()))
    }

    async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let wait = async {
            while !done(self) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, wait).await;
        assert!(in_time.is_ok(), "{what}; the registry saw {:?}", self.registry.log());
    }

    /// Runs until nothing waits, then stops.
    async fn deliver_all(&self) {
        let running = self.start();
        self.until("all copies are delivered", |b| b.waiting() == 0).await;
        self.stop.send_replace(true);
        running.await.expect("the uploader ends");
    }

    fn waiting(&self) -> usize {
        self.store.pending().expect("answer").len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_go_up_oldest_first_and_come_back_with_receipts() {
    let bench = Bench::new([]).await;
    let copies = [bench.issue("a", 1000), bench.issue("b", 600_000)];
    bench.deliver_all().await;
    assert_eq!(bench.registry.kept(), copies.clone().map(|c| c.sha256));
    for copy in copies {
        let found = bench.store.by_sequence(copy.sequence).expect("answer").expect("the copy");
        assert!(matches!(found.delivery, Delivery::Delivered { .. }));
        assert!(bench.store.copy_bytes(&copy.sha256).is_ok(), "the file stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_copies_go_before_older_ones() {
    let bench = Bench::new([]).await;
    let old = bench.issue("a", 1000);
    let urgent = bench.issue_as("b", 1000, Priority::Urgent);
    bench.deliver_all().await;
    assert_eq!(bench.registry.kept(), [urgent.sha256, old.sha256]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_has_is_not_sent_again_when_the_link_is_cut() {
    let cut = Fault::CutPatch { after: 100_000 };
    let bench = Bench::new([cut, cut, Fault::CutAnswer, cut]).await;
    let copy = bench.issue("a", 900_000);
    bench.deliver_all().await;
    assert_eq!(bench.registry.kept(), [copy.sha256]);
    let sent = bench.registry.bytes_taken();
    assert_eq!(sent, 900_000, "every byte once; {:?}", bench.registry.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_within_every_piece_gets_no_rest_while_bytes_arrive() {
    let bench = Bench::new([Fault::CutPatch { after: 20_000 }; 8]).await;
    let copy = bench.issue("a", 400_000);
    let round = bench.uploader().round().await;
    assert!(matches!(round, Round::Done(_)), "{round:?}: {:?}", bench.registry.log());
    assert_eq!(bench.registry.kept(), [copy.sha256]);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_registry_is_waited_out() {
    let faults = [
        Fault::Status(503),
        Fault::Status(429),
        Fault::WrongOffset,
        Fault::Forget,
        Fault::Status(500),
    ];
    let bench = Bench::new(faults).await;
    let copy = bench.issue("a", 300_000);
    bench.deliver_all().await;
    assert_eq!(bench.registry.kept(), [copy.sha256]);
    assert_eq!(bench.registry.faults_left(), 0, "{:?}", bench.registry.log());
    assert!(bench.registry.log().contains(&"HEAD".to_owned()), "a wrong offset is asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_died_before_the_receipt_is_asked_to_take_the_copy_up_again() {
    let bench = Bench::new([Fault::NoReceiptYet]).await;
    let copy = bench.issue("a", 1000);
    bench.deliver_all().await;
    assert_eq!(bench.registry.kept(), [copy.sha256]);
    assert!(bench.registry.log().iter().any(|line| line.ends_with("1000+0")), "an empty PATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_forged_or_for_another_copy_delivers_nothing() {
    for fault in [Fault::WrongSigner, Fault::OtherDigest, Fault::OtherCode, Fault::OtherSequence] {
        let bench = Bench::new([fault]).await;
        bench.issue("a", 1000);
        let running = bench.start();
        bench.until("the bad receipt is served", |b| b.registry.faults_left() == 0).await;
        let first = bench.registry.log().len();
        assert_eq!(bench.waiting(), 1, "{fault:?} was believed");
        bench.until("it is asked for again", |b| b.registry.log().len() > first).await;
        bench.until("the true receipt is taken", |b| b.waiting() == 0).await;
        bench.stop.send_replace(true);
        running.await.expect("the uploader ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_copy_is_kept_with_the_reason_and_holds_nobody_up() {
    let bench = Bench::new([Fault::Reject]).await;
    let (bad, good) = (bench.issue("bad", 1000), bench.issue("good", 1000));
    let running = bench.start();
    bench
        .until("the second copy is delivered", |b| b.registry.kept() == [good.sha256.clone()])
        .await;
    bench.until("one copy is left", |b| b.waiting() == 1).await;
    let left = bench.store.pending().expect("answer").remove(0);
    let Delivery::Rejected { reason, .. } = &left.delivery else { panic!("{left:?}") };
    assert!(left.sequence == bad.sequence && reason.contains("signature"), "{left:?}");
    let log = bench.registry.log().len();
    bench.woken.notify_one();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bench.registry.log().len(), log, "it is not offered again at once");
    bench.stop.send_replace(true);
    running.await.expect("the uploader ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_changed_on_the_disk_does_not_leave_and_holds_nobody_up() {
    let bench = Bench::new([]).await;
    let (bad, good) = (bench.issue("bad", 1000), bench.issue("good", 1000));
    std::fs::write(bench.store.copy_path(&bad.sha256), b"changed").expect("changed");
    let running = bench.start();
    bench.until("the sound copy is delivered", |b| b.waiting() == 1).await;
    bench.stop.send_replace(true);
    running.await.expect("the uploader ends");
    assert_eq!(bench.registry.kept(), [good.sha256]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_waits_for_a_registry_that_is_down_and_goes_up_when_it_is_back() {
    let bench = Bench::new([]).await;
    bench.registry.set_down(true);
    let copy = bench.issue("a", 1000);
    let running = bench.start();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(bench.waiting(), 1);
    bench.registry.set_down(false);
    bench.until("it goes up by itself", |b| b.waiting() == 0).await;
    assert_eq!(bench.registry.kept(), [copy.sha256]);
    bench.issue("b", 1000);
    bench.woken.notify_one();
    bench.until("a new copy goes up at once", |b| b.waiting() == 0).await;
    bench.stop.send_replace(true);
    running.await.expect("the uploader ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_key_that_is_pulled_out_ends_the_run() {
    let bench = Bench::new([]).await;
    bench.issue("a", 1000);
    bench.key_gone.store(true, Ordering::SeqCst);
    let ended = tokio::time::timeout(PATIENCE, bench.start()).await;
    ended.expect("it ends by itself").expect("without a panic");
    assert_eq!(bench.waiting(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_low_battery_only_receipts_are_fetched_and_on_the_mains_all_goes() {
    let bench = Bench::new([Fault::WrongSigner]).await;
    let low = Policy::default().battery_percent_min - 1;
    let dial = SimPower::new(PowerState::Mains);
    let mut uploader = bench.uploader().with_power(Box::new(dial.clone()));
    let first = bench.issue("a", 300_000);
    assert!(matches!(uploader.round().await, Round::Failed(_)), "the receipt is not believed");
    assert_eq!(bench.registry.kept().len(), 1, "but the registry has the copy");

    let second = bench.issue("b", 300_000);
    dial.set(Ok(PowerState::Battery { percent: low }));
    assert!(matches!(uploader.round().await, Round::Done(_)));
    let waiting = bench.store.pending().expect("answer");
    assert_eq!(waiting, std::slice::from_ref(&second), "the first has its receipt");
    let sent = bench.registry.bytes_taken();
    assert_eq!(sent, 300_000, "nothing is sent: {:?}", bench.registry.log());
    let asked = bench.registry.log().len();
    assert!(matches!(uploader.round().await, Round::Done(_)));
    assert_eq!(bench.registry.log().len(), asked, "it is not asked for again at once");

    dial.set(Ok(PowerState::Battery { percent: low + 1 }));
    assert!(matches!(uploader.round().await, Round::Done(_)));
    assert_eq!(bench.registry.kept(), [first.sha256, second.sha256], "enough charge is enough");
    let third = bench.issue("c", 1000);
    dial.set(Ok(PowerState::Battery { percent: 0 }));
    uploader.round().await;
    assert_eq!(bench.store.pending().expect("answer"), [third]);
    dial.set(Ok(PowerState::Mains));
    uploader.round().await;
    assert_eq!(bench.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_whose_gauge_is_broken_still_delivers() {
    let bench = Bench::new([]).await;
    let dial = SimPower::new(PowerState::Mains);
    dial.set(Err(DeviceFault::Io));
    let mut uploader = bench.uploader().with_power(Box::new(dial));
    bench.issue("a", 1000);
    uploader.round().await;
    assert_eq!(bench.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metered_link_says_when_to_come_back() {
    let bench = Bench::new([]).await;
    let (large, small) = (bench.issue("a", 300_000), bench.issue("b", 100));
    let policy = Policy { bytes_per_second: NonZeroU64::new(1000), ..Policy::default() };
    let piece = formats_wire::tus::CHUNK_BYTES_MAX;
    let mut uploader = bench.uploader_with(policy);
    let Round::Done(pause) = uploader.round().await else { panic!("no trouble") };
    assert!(pause > Duration::from_secs(30), "a piece is far ahead of the rate: {pause:?}");
    assert_eq!(bench.registry.bytes_taken(), piece);
    assert!(matches!(uploader.round().await, Round::Done(_)));
    assert_eq!(bench.registry.bytes_taken(), piece, "too early");
    // Without a limit the same goes on where it stopped, and then the next copy.
    let mut uploader = bench.uploader();
    assert!(matches!(uploader.round().await, Round::Done(_)));
    assert_eq!(bench.registry.bytes_taken(), 300_100, "{:?}", bench.registry.log());
    assert_eq!(bench.registry.kept(), [large.sha256, small.sha256]);
}

/// A clock that a test moves by hours.
#[derive(Default)]
struct Hours(AtomicI64);

impl Clock for Hours {
    fn now(&self) -> time::OffsetDateTime {
        TestClock.now() + time::Duration::hours(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_has_expired_meanwhile_is_announced_anew() {
    let bench = Bench::new([]).await;
    bench.registry.set_expires(TestClock.now() + time::Duration::hours(1));
    let copy = bench.issue("a", 600_000);
    let clock = Arc::new(Hours::default());
    let policy = Policy { bytes_per_second: NonZeroU64::new(1000), ..Policy::default() };
    let mut uploader = bench.uploader_by(policy, Arc::clone(&clock) as _);
    uploader.round().await;
    let announced = || bench.registry.log().iter().filter(|l| l.starts_with("POST")).count();
    assert_eq!((announced(), bench.registry.kept().len()), (1, 0), "the rest has to wait");
    for hour in 2..20 {
        clock.0.store(hour, Ordering::SeqCst);
        uploader.round().await;
        assert!(announced() >= 2, "{:?}", bench.registry.log());
    }
    assert_eq!(bench.registry.kept(), [copy.sha256]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_ahead_of_the_registrys_does_not_announce_for_ever() {
    let bench = Bench::new([]).await;
    bench.registry.set_expires(TestClock.now() - time::Duration::days(365));
    let copy = bench.issue("a", 600_000);
    bench.uploader().round().await;
    assert_eq!(bench.registry.kept(), [copy.sha256]);
    let log = bench.registry.log();
    assert_eq!(log.iter().filter(|l| l.starts_with("POST")).count(), 1, "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_amid_a_copy_brings_no_new_budget() {
    let bench = Bench::new([]).await;
    bench.issue("a", 600_000);
    let policy = Policy { bytes_per_day: NonZeroU64::new(200_000), ..Policy::default() };
    for _start in 0..3 {
        bench.uploader_with(policy).round().await;
    }
    let taken = bench.registry.bytes_taken();
    let pieces = 200_000_usize.div_ceil(formats_wire::tus::CHUNK_BYTES_MAX);
    assert_eq!(taken, pieces * formats_wire::tus::CHUNK_BYTES_MAX, "{:?}", bench.registry.log());
    assert_eq!(bench.store.sent_without_receipt(TestClock.now()), 0, "of what came later");
}

#[test]
fn pauses_grow_from_a_twentieth_of_a_second_to_a_minute() {
    assert_eq!(pause(1, 0), PAUSE_MIN);
    assert_eq!(pause(2, 0), Duration::from_millis(100));
    assert_eq!(pause(40, 0), PAUSE_MAX);
    for failures in 1..60 {
        assert!((PAUSE_MIN..=PAUSE_MAX).contains(&pause(failures, 255)));
        assert!(pause(failures, 255) >= pause(failures, 0) / 2);
    }
}
