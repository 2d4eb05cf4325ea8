//! Time-stamps and revocation data behind a copy. The authorities are openssl's, the second judge
//! is pyHanko; the time of a check is simulated by asking about it.

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use common::{TestSigner, assets, request};
use counterpart::{Identity, Revocation, Subject, TestCa, TimeStampAuthority, Usage};
use formats_copy::{
    Ask, ExtendError, GenuineCopy, Level, Question, Refusal, Role, TimeStampError, TrustAnchors,
    seal, verify, verify_at,
};
use time::{Duration, OffsetDateTime};

/// An authority, its services, and a copy that two of its signers sealed a minute ago.
struct World {
    ca: TestCa,
    tsa: TimeStampAuthority,
    officer: Identity,
    authority: Identity,
    sealed: Vec<u8>,
    stamped: Vec<u8>,
}

#[expect(clippy::disallowed_methods, reason = "openssl stamps with the real clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn signer(ca: &TestCa, identity: &Identity) -> TestSigner {
    TestSigner::of(vec![identity.certificate.der.clone(), ca.root().der.clone()], &identity.key_pem)
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let ca = TestCa::new("Test Root").expect("a root");
    let issue = |name: &str| {
        let subject = Subject::new(name, "Test");
        ca.issue_with_key(&subject, &Usage::DocumentSigner).expect("a signer")
    };
    let (officer, authority) = (issue("Nguyễn Thị Thử"), issue("UBND phường Thử Nghiệm"));
    let mut request = request();
    request.issued_at = now() - Duration::minutes(1);
    let (mut a, mut b) = (signer(&ca, &officer), signer(&ca, &authority));
    let sealed = seal(&request, &assets(), &mut a, &mut b).expect("a copy").bytes;
    let tsa = TimeStampAuthority::new(&ca).expect("an authority");
    let stamped = stamped(&sealed, &trust(&ca), &tsa).expect("a time-stamp");
    World { ca, tsa, officer, authority, sealed, stamped }
});

fn trust(ca: &TestCa) -> TrustAnchors {
    TrustAnchors::from_pem(ca.root().pem.as_bytes()).expect("the root is usable")
}

fn genuine(copy: &[u8], trust: &TrustAnchors) -> GenuineCopy {
    GenuineCopy::read(copy.to_vec(), trust).expect("a genuine copy")
}

/// The copy with a time-stamp; a failure leaves it as it was.
fn time_stamp(
    copy: &[u8],
    trust: &TrustAnchors,
    nonce: [u8; 16],
    policy: Option<&str>,
    ask: &mut Ask,
) -> Result<Vec<u8>, ExtendError> {
    let mut longer = genuine(copy, trust);
    let done = longer.time_stamp(trust, nonce, policy, ask);
    assert_eq!(done.is_ok(), longer.bytes() != copy);
    done.map(|()| longer.into_bytes())
}

/// The copy with revocation data; a failure leaves it as it was.
fn add_evidence(
    copy: &[u8],
    trust: &TrustAnchors,
    answers: &[Vec<u8>],
) -> Result<Vec<u8>, ExtendError> {
    let mut longer = genuine(copy, trust);
    let done = longer.add_evidence(trust, answers);
    assert_eq!(done.is_ok(), longer.bytes() != copy);
    done.map(|()| longer.into_bytes())
}

fn stamped(
    copy: &[u8],
    trust: &TrustAnchors,
    tsa: &TimeStampAuthority,
) -> Result<Vec<u8>, ExtendError> {
    time_stamp(copy, trust, [7; 16], None, &mut |request| Ok(tsa.answer(request)?))
}

impl World {
    fn trust(&self) -> TrustAnchors {
        trust(&self.ca)
    }

    /// The answers to all questions about a copy, with one certificate revoked at a time.
    fn answers(&self, copy: &[u8], revoked: Option<(&[u8], OffsetDateTime)>) -> Vec<Vec<u8>> {
        let mut revocation = Revocation::new(&self.ca).expect("a responder");
        let questions = genuine(copy, &self.trust()).evidence_needed();
        for question in &questions {
            let at = revoked.filter(|(der, _)| *der == question.certificate).map(|(_, at)| at);
            revocation.enter(&question.certificate, at).expect("entered");
        }
        let answer = |q: &Question| revocation.answer(&q.ocsp_request);
        questions.iter().map(|q| answer(q).expect("an answer")).collect()
    }

    fn long_term(&self) -> Vec<u8> {
        let answers = self.answers(&self.stamped, None);
        add_evidence(&self.stamped, &self.trust(), &answers).expect("revocation data")
    }
}

fn level(file: &[u8]) -> Level {
    verify(file, &WORLD.trust()).expect("the copy verifies").level
}

#[test]
fn each_addition_raises_the_level_and_keeps_the_sealed_bytes() {
    let world = &*WORLD;
    let lt = world.long_term();
    let lta = stamped(&lt, &world.trust(), &world.tsa).expect("a second time-stamp");
    let again = stamped(&lta, &world.trust(), &world.tsa).expect("a third time-stamp");
    let levels = [&world.sealed, &world.stamped, &lt, &lta, &again].map(|file| level(file));
    use Level::{Archived, Basic, LongTerm, TimeStamped};
    assert_eq!(levels, [Basic, TimeStamped, LongTerm, Archived, Archived]);
    assert!(again.starts_with(&world.sealed), "sealed bytes never change");
    let sealed = verify(&world.sealed, &world.trust()).expect("it verifies");
    let extended = verify(&again, &world.trust()).expect("it verifies");
    assert_eq!(extended.sealed_sha256, sealed.sha256, "the register still finds it");
    assert_eq!(extended.manifest, sealed.manifest);
    assert_eq!(extended.time_stamps.len(), 3);
    assert_eq!(extended.time_stamps[0].authority, "Test time-stamps");
    assert_eq!(extended.time_stamps[0].policy, "1.2.3.4.1");
}

#[test]
fn a_time_stamp_outlives_the_signers_certificates_and_nothing_else_does() {
    let world = &*WORLD;
    let trust = world.trust();
    let later = now() + Duration::days(1_000);
    let code = |file: &[u8], at| verify_at(file, &trust, at).map_err(|e| e.code());
    assert!(code(&world.sealed, now()).is_ok());
    assert_eq!(code(&world.sealed, later).err(), Some("not-valid-then"));
    assert!(code(&world.stamped, later).is_ok());
    let lta = stamped(&world.long_term(), &trust, &world.tsa).expect("a second time-stamp");
    assert!(code(&lta, later).is_ok());
    let much_later = now() + Duration::days(5_000);
    assert_eq!(code(&lta, much_later).err(), Some("time-stamp"));
    let before = now() - Duration::days(1);
    assert_eq!(code(&world.stamped, before).err(), Some("not-yet-signed"));
}

#[test]
fn a_certificate_revoked_before_the_proven_time_is_refused_and_later_is_not() {
    let world = &*WORLD;
    let trust = world.trust();
    for (role, der) in [
        (Role::Officer, &world.officer.certificate.der),
        (Role::Authority, &world.authority.certificate.der),
    ] {
        let early = world.answers(&world.stamped, Some((der, now() - Duration::hours(5))));
        let error = add_evidence(&world.stamped, &trust, &early).expect_err("refused");
        let ExtendError::Extended(Refusal::Revoked { role: found, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(found, role);
        let late = world.answers(&world.stamped, Some((der, now() + Duration::hours(5))));
        let file = add_evidence(&world.stamped, &trust, &late).expect("older than that");
        assert_eq!(level(&file), Level::LongTerm);
        // Without a time-stamp nothing says that the signature is older.
        let error = add_evidence(&world.sealed, &trust, &late).expect_err("refused");
        assert!(matches!(error, ExtendError::Extended(Refusal::Revoked { .. })), "{error:?}");
    }
    let tsa = &world.tsa.certificate().der;
    let early = world.answers(&world.stamped, Some((tsa, now() - Duration::hours(5))));
    let error = add_evidence(&world.stamped, &trust, &early).expect_err("refused");
    let revoked = matches!(
        error,
        ExtendError::Extended(Refusal::TimeStamp { source: TimeStampError::Revoked })
    );
    assert!(revoked, "{error:?}");
}

#[test]
fn revocation_lists_serve_as_well_as_answers() {
    let world = &*WORLD;
    let mut revocation = Revocation::new(&world.ca).expect("an authority");
    let list = revocation.list().expect("an empty list");
    let file = add_evidence(&world.stamped, &world.trust(), &[list]).expect("added");
    assert_eq!(level(&file), Level::LongTerm);
    let officer = &world.officer.certificate.der;
    revocation.enter(officer, Some(now() - Duration::hours(5))).expect("entered");
    let list = revocation.list().expect("a list");
    let error = add_evidence(&world.stamped, &world.trust(), &[list]).expect_err("refused");
    assert!(matches!(error, ExtendError::Extended(Refusal::Revoked { .. })), "{error:?}");
}

#[test]
fn answers_of_others_say_nothing() {
    let world = &*WORLD;
    let stranger = TestCa::new("Test Root").expect("a root of the same name");
    let mut forged = Revocation::new(&stranger).expect("a responder");
    let questions = genuine(&world.stamped, &world.trust()).evidence_needed();
    assert_eq!(questions.len(), 3, "officer, authority, time-stamps");
    assert_eq!(questions[0].ocsp_addresses, ["http://trust.test/ocsp"]);
    assert_eq!(questions[0].crl_addresses, ["http://trust.test/crl"]);
    for question in &questions {
        forged.enter(&question.certificate, None).expect("entered");
    }
    // openssl refuses to answer for certificates of another authority: the list it does sign.
    let list = forged.list().expect("a list");
    let file = add_evidence(&world.stamped, &world.trust(), &[list]).expect("added");
    assert_eq!(level(&file), Level::TimeStamped);
    let error = add_evidence(&world.stamped, &world.trust(), &[b"junk".to_vec()]);
    assert!(matches!(error, Err(ExtendError::Evidence { place: 1 })));
}

#[test]
fn time_stamps_that_cannot_be_believed_are_not_added() {
    let world = &*WORLD;
    let trust = world.trust();
    let stranger = TestCa::new("Stranger").expect("a root");
    let tsa = TimeStampAuthority::new(&stranger).expect("an authority");
    let error = stamped(&world.sealed, &trust, &tsa).expect_err("refused");
    assert!(matches!(error, ExtendError::Extended(Refusal::TimeStamp { .. })), "{error:?}");
    let other = |request: &[u8]| {
        let mut request = request.to_vec();
        // The imprint, not the nonce: an answer to another question.
        request[40] ^= 1;
        world.tsa.answer(&request)
    };
    let error = time_stamp(&world.sealed, &trust, [7; 16], None, &mut |r| Ok(other(r)?));
    let error = error.expect_err("refused");
    assert!(
        matches!(error, ExtendError::TimeStamp(TimeStampError::Unasked { part: "digest" })),
        "{error:?}"
    );
    let old = world.tsa.answer(
        &formats_copy::TimeStampQuery::new([1; 32], [8; 16], None).expect("q").to_der().expect("q"),
    );
    let old = old.expect("an answer");
    let replayed = time_stamp(&world.sealed, &trust, [7; 16], None, &mut |_| Ok(old.clone()));
    assert!(matches!(replayed, Err(ExtendError::TimeStamp(TimeStampError::Unasked { .. }))));
    let policy = |policy| {
        time_stamp(&world.sealed, &trust, [7; 16], Some(policy), &mut |r| {
            Ok(world.tsa.answer(r)?)
        })
    };
    assert!(policy("1.2.3.4.5").is_ok(), "a practice that the authority follows");
    let error = policy("1.2.3.4.9").expect_err("refused");
    assert!(matches!(error, ExtendError::TimeStamp(TimeStampError::Refused { .. })), "{error:?}");
    let failing = time_stamp(&world.sealed, &trust, [7; 16], None, &mut |_| Err("no link".into()));
    assert!(matches!(failing, Err(ExtendError::Ask(_))));
}

#[test]
fn every_byte_of_the_updates_is_guarded() {
    let world = &*WORLD;
    let trust = world.trust();
    let file = stamped(&world.long_term(), &trust, &world.tsa).expect("archived");
    let genuine = verify(&file, &trust).expect("it verifies");
    // The last token has parts that its own signature does not cover, such as its version.
    let token = last_token(&file);
    let mut bytes = file.clone();
    for at in (world.sealed.len()..file.len()).step_by(101) {
        bytes[at] ^= 1;
        match verify(&bytes, &trust) {
            Err(_) => {}
            Ok(other) if token.contains(&at) => assert_eq!(other.time_stamps, genuine.time_stamps),
            Ok(_) => panic!("byte {at} of {}", file.len()),
        }
        bytes[at] ^= 1;
    }
    for end in (world.sealed.len() + 1..file.len()).step_by(4_999) {
        assert!(verify(&file[..end], &trust).is_err(), "cut at {end} of {}", file.len());
    }
}

#[test]
fn updates_in_an_order_that_nobody_writes_are_judged_by_what_they_prove() {
    let world = &*WORLD;
    let answers = world.answers(&world.sealed, None);
    let early = add_evidence(&world.sealed, &world.trust(), &answers).expect("added");
    assert_eq!(level(&early), Level::Basic, "nothing proves when");
    let error = add_evidence(&early, &world.trust(), &answers).expect_err("nothing new");
    assert!(matches!(error, ExtendError::EvidenceCount { count: 0 }), "{error:?}");
}

/// The last token of a file: its place, between `<` and `>`.
fn last_token(file: &[u8]) -> std::ops::Range<usize> {
    let mark = b"/Contents <";
    let start = file.windows(mark.len()).rposition(|w| w == mark).expect("a token") + mark.len();
    start..start + file[start..].iter().position(|b| *b == b'>').expect("its end")
}

#[test]
fn attacks_on_the_updates_meet_their_reasons() {
    let world = &*WORLD;
    let trust = world.trust();
    let lt = world.long_term();
    let token = last_token(&world.stamped);
    let replayed = {
        // The token of this copy's first time-stamp in the place of its second one.
        let mut file = stamped(&lt, &trust, &world.tsa).expect("archived");
        let place = last_token(&file);
        file[place].copy_from_slice(&world.stamped[token.clone()]);
        file
    };
    let emptied = {
        let mut file = world.stamped.clone();
        file[token.clone()].fill(b'0');
        file
    };
    let capitals = {
        let mut file = world.stamped.clone();
        file[token].make_ascii_uppercase();
        file
    };
    let (stamp, evidence) = (&world.stamped[world.sealed.len()..], &lt[world.stamped.len()..]);
    let foreign = b"\n9 0 obj\n<</S/JavaScript>>\nendobj\n".as_slice();
    for (name, expected, file) in [
        ("time-stamp of another file", "time-stamp", replayed),
        ("time-stamp emptied", "time-stamp", emptied),
        ("time-stamp in capitals", "added", capitals),
        ("time-stamp cut out", "added", [world.sealed.as_slice(), evidence].concat()),
        ("time-stamp twice", "added", [world.stamped.as_slice(), stamp].concat()),
        ("validation data twice", "added", [lt.as_slice(), evidence].concat()),
        ("an object between", "added", [&world.stamped, foreign, evidence].concat()),
        ("an object behind", "cut", [&lt, foreign].concat()),
    ] {
        let found = verify(&file, &trust).map(|v| v.level).map_err(|refusal| refusal.code());
        assert_eq!(found, Err(expected), "{name}");
    }
}

/// As of a simulated time: the last time-stamp is judged at that time, each earlier one and then
/// the signatures at the time of the next one, with the revocation data in the file.
const PYHANKO: &str = r#"
import sys
from datetime import datetime, timezone
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import (
    DocumentSecurityStore, validate_pdf_signature, validate_pdf_timestamp)
root = load_cert_from_pemder(sys.argv[2])
reader = PdfFileReader(open(sys.argv[1], 'rb'), strict=True)
store = DocumentSecurityStore.read_dss(reader)
proven, mode = datetime.fromtimestamp(int(sys.argv[3]), timezone.utc), 'none'
def context():
    return store.as_validation_context({
        'trust_roots': [root], 'allow_fetching': False, 'moment': proven,
        'revocation_mode': mode, 'retroactive_revinfo': True})
for stamp in reversed(list(reader.embedded_timestamp_signatures)):
    status = validate_pdf_timestamp(stamp, context())
    print('Stamp', status.intact, status.valid, status.trusted, mode,
          stamp.sig_object['/SubFilter'])
    proven, mode = status.timestamp, 'require'
for signature in reader.embedded_regular_signatures:
    status = validate_pdf_signature(signature, context())
    print(signature.field_name, status.intact, status.valid, status.trusted,
          status.bottom_line, mode, status.modification_level.name)
"#;

fn pyhanko(file: &[u8], at: OffsetDateTime) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (copy, root) = (folder.path().join("copy.pdf"), folder.path().join("root.pem"));
    std::fs::write(&copy, file).expect("the copy is written");
    std::fs::write(&root, &WORLD.ca.root().pem).expect("the root is written");
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::env::var_os("JUDGE_PYTHON");
    let python = python.map_or_else(|| house.join("target/judges/bin/python"), Into::into);
    let mut command = Command::new(python);
    command.args(["-c", PYHANKO]).arg(copy).arg(root);
    let text = common::run(command.arg(at.unix_timestamp().to_string()));
    String::from_utf8(text).expect("text")
}

#[test]
fn pyhanko_trusts_an_archived_copy_today_and_after_its_certificates_expired() {
    let world = &*WORLD;
    let lta = stamped(&world.long_term(), &world.trust(), &world.tsa).expect("archived");
    for days in [0, 1_000] {
        let at = now() + Duration::minutes(1) + Duration::days(days);
        let text = pyhanko(&lta, at);
        let expected = "\
            Stamp True True True none /ETSI.RFC3161\n\
            Stamp True True True require /ETSI.RFC3161\n\
            Officer True True True True require FORM_FILLING\n\
            Authority True True True True require LTA_UPDATES\n";
        assert_eq!(text, expected, "after {days} days");
    }
}

#[test]
fn qpdf_and_poppler_find_an_archived_copy_in_order() {
    let world = &*WORLD;
    let lta = stamped(&world.long_term(), &world.trust(), &world.tsa).expect("archived");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &lta).expect("it is written");
    let text = common::run(Command::new("qpdf").arg("--check").arg(file.path()));
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("No syntax or stream encoding errors found"), "{text}");
    let text = common::run(Command::new("pdfsig").arg("-nocert").arg(file.path()));
    let text = String::from_utf8_lossy(&text);
    // This poppler verifies no document time-stamps, but must see that they are there.
    assert_eq!(text.matches("Signature is Valid").count(), 2, "{text}");
    assert_eq!(text.matches("Test time-stamps").count(), 4, "{text}");
}
