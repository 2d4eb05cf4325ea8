//! Trust services over real HTTP, answered by openssl.

#[path = "../../copy/tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::{TestSigner, assets, request};
use counterpart::{Identity, Subject, TestCa, TrustHttp, Usage};
use formats_copy::{ExtendError, GenuineCopy, Level, Refusal, TrustAnchors, seal, verify};
use formats_trust_services::{Online, Settings, StrengthenError, Strengthened, strengthen};
use time::OffsetDateTime;

struct World {
    http: TrustHttp,
    ca: TestCa,
    officer: Identity,
    authority: Identity,
    sealed: Vec<u8>,
}

#[expect(clippy::disallowed_methods, reason = "openssl stamps with the real clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

impl World {
    fn new() -> Self {
        let world = Self::of_strangers();
        for identity in [&world.officer, &world.authority] {
            world.http.enter(&identity.certificate.der, None).expect("entered");
        }
        world
    }

    /// The responder has never heard of the signers' certificates.
    fn of_strangers() -> Self {
        let (http, ca) = TrustHttp::start("Test Root").expect("services start");
        let issue = |name: &str| {
            let subject = Subject::new(name, "Test");
            ca.issue_with_key(&subject, &Usage::DocumentSigner).expect("a signer")
        };
        let (officer, authority) = (issue("Nguyễn Thị Thử"), issue("UBND phường Thử Nghiệm"));
        let signer = |identity: &Identity| {
            let chain = vec![identity.certificate.der.clone(), ca.root().der.clone()];
            TestSigner::of(chain, &identity.key_pem)
        };
        let mut request = request();
        request.issued_at = now() - time::Duration::minutes(1);
        let (mut a, mut b) = (signer(&officer), signer(&authority));
        let sealed = seal(&request, &assets(), &mut a, &mut b).expect("a copy").bytes;
        Self { http, ca, officer, authority, sealed }
    }

    fn trust(&self) -> TrustAnchors {
        TrustAnchors::from_pem(self.ca.root().pem.as_bytes()).expect("the root is usable")
    }

    fn to(&self, wanted: Level, copy: &[u8]) -> Strengthened {
        let url = self.http.time_stamp_url();
        let settings = Settings { url, policy: Some("1.2.3.4.5".into()), ca: None };
        let online = Online::new(settings, Duration::from_secs(10)).expect("usable settings");
        let mut count = 0;
        let mut nonce = || {
            count += 1;
            [count; 16]
        };
        let copy = GenuineCopy::read(copy.to_vec(), &self.trust()).expect("a genuine copy");
        strengthen(copy, &self.trust(), wanted, &online, &mut nonce)
    }
}

#[test]
fn a_copy_becomes_archived_over_the_network_and_is_renewed_later() {
    let world = World::new();
    let stamped = world.to(Level::TimeStamped, &world.sealed);
    assert_eq!(world.http.asked(), ["/tsa"]);
    assert_eq!(stamped.level, Level::TimeStamped);
    let archived = world.to(Level::Archived, &stamped.bytes);
    assert!(archived.shortfall.is_none(), "{:?}", archived.shortfall);
    assert_eq!(archived.level, Level::Archived);
    assert_eq!(world.http.asked()[1..], ["/ocsp", "/ocsp", "/ocsp", "/tsa"]);
    assert!(archived.proven_until > Some(now() + time::Duration::days(3_000)));
    let renewed = world.to(Level::Archived, &archived.bytes);
    assert!(renewed.shortfall.is_none(), "{:?}", renewed.shortfall);
    assert_eq!(renewed.level, Level::Archived);
    let verified = verify(&renewed.bytes, &world.trust()).expect("it verifies");
    assert_eq!(verified.time_stamps.len(), 3);
    assert_eq!(verified.time_stamps[2].policy, "1.2.3.4.5");
    assert!(
        renewed.bytes.starts_with(&archived.bytes) && archived.bytes.starts_with(&world.sealed)
    );
}

#[test]
fn services_that_are_down_leave_the_copy_as_it_was() {
    let world = World::new();
    world.http.set_down(true);
    let same = world.to(Level::Archived, &world.sealed);
    assert_eq!((same.level, same.bytes == world.sealed), (Level::Basic, true));
    let shortfall = same.shortfall.expect("nothing was reached");
    assert!(matches!(shortfall, StrengthenError::Extend(ExtendError::Ask(_))), "{shortfall:?}");
}

#[test]
fn a_revocation_list_stands_in_for_a_responder_in_trouble() {
    let world = World::new();
    world.http.break_path("/ocsp");
    let archived = world.to(Level::Archived, &world.sealed);
    assert_eq!(archived.level, Level::Archived, "{:?}", archived.shortfall);
    assert!(world.http.asked().iter().any(|path| path == "/crl"));
    world.http.break_path("/crl");
    let stamped = world.to(Level::Archived, &world.sealed);
    assert_eq!(stamped.level, Level::TimeStamped);
    assert!(matches!(stamped.shortfall, Some(StrengthenError::Responder(_))));
}

#[test]
fn a_signer_revoked_before_the_time_stamp_is_found_out() {
    let world = World::new();
    let before = now() - time::Duration::hours(5);
    world.http.enter(&world.officer.certificate.der, Some(before)).expect("entered");
    let stamped = world.to(Level::Archived, &world.sealed);
    assert_eq!(stamped.level, Level::TimeStamped);
    let shortfall = stamped.shortfall.expect("a revocation");
    let StrengthenError::Extend(ExtendError::Extended(refusal)) = &shortfall else {
        panic!("{shortfall:?}")
    };
    assert!(matches!(refusal, Refusal::Revoked { .. }), "{refusal:?}");
}

#[test]
fn answers_that_say_nothing_do_not_travel_with_the_copy() {
    let world = World::of_strangers();
    let stamped = world.to(Level::Archived, &world.sealed);
    assert_eq!(stamped.level, Level::TimeStamped);
    assert!(matches!(stamped.shortfall, Some(StrengthenError::Incomplete)));
    assert!(!stamped.bytes.windows(4).any(|bytes| bytes == b"/DSS"));
}
