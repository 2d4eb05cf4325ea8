//! A sign-in lasts as long as it may, and a key is open no longer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use drivers_api::{Fault, Token};
use time::macros::datetime;

use super::super::certify::tests::Bench;
use super::*;
use crate::config::OfficerPages;
use crate::visit::{Approval, RefusalReason};

const NOON: time::OffsetDateTime = datetime!(2026-11-23 12:00 +7);
const MINUTE: i64 = 60;
const RIGHT: &str = "246810";

/// A token with a PIN that can be taken out; it counts its open sessions.
#[derive(Clone, Default)]
struct Card {
    open: Arc<AtomicUsize>,
    out: Arc<AtomicBool>,
}

struct Session(Card);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Card {
    fn look(&self) -> Result<(), DeviceError> {
        let gone = || DeviceError::new("card", Fault::Removed, "it is out");
        if self.out.load(Ordering::SeqCst) { Err(gone()) } else { Ok(()) }
    }

    fn open_now(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Token for Card {
    fn open(&mut self, pin: &Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
        self.look()?;
        if pin.expose() != RIGHT {
            return Err(DeviceError::new("card", Fault::PinIncorrect, "no"));
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Session(self.clone())))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.look().map(|()| "a card".into())
    }

    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.look().map(|()| vec![vec![7]])
    }
}

impl SigningSession for Session {
    fn chain(&self) -> &[Vec<u8>] {
        &[]
    }

    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256Sha256
    }

    fn check(&mut self) -> Result<(), DeviceError> {
        self.0.look()
    }

    fn sign_digest(&mut self, _: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        self.0.look().map(|()| vec![1])
    }
}

/// A desk with one card for both officers, and these bounds of a session.
struct Desk {
    bench: Bench,
    card: Card,
    sign_ins: Arc<SignIns>,
}

impl Desk {
    fn new(minutes: u32, signatures: u32) -> Self {
        let mut bench = Bench::new(NOON, 0, &serde_json::json!({}));
        let card = Card::default();
        for id in ["chair", "deputy", "ended"] {
            let token: Box<dyn Token> = Box::new(card.clone());
            bench.parts.keys.officers.insert(id.into(), Mutex::new(token));
        }
        bench.parts.config.officer = OfficerPages {
            session_minutes: minutes,
            session_signatures: signatures,
            ..OfficerPages::default()
        };
        Self { bench, card, sign_ins: Arc::default() }
    }

    fn sign_in(&self, officer: &str) -> SignInId {
        let signed = self.sign_ins.sign_in(&self.bench.parts, officer, &Pin::new(RIGHT));
        signed.unwrap_or_else(|trouble| panic!("{trouble:?}"))
    }

    fn who(&self, id: &SignInId) -> Option<SignedIn> {
        self.sign_ins.who(&self.bench.parts, id)
    }

    /// What a decision of the officer at this page is told; the key is given back at once.
    fn decide(&self, id: &SignInId, officer: &str) -> Result<(), Say> {
        self.lend(id, officer).map(drop).map_err(|trouble| trouble.say)
    }

    fn lend(&self, id: &SignInId, officer: &str) -> Result<Authorised, Trouble> {
        let approval = Approval { title: "Giấy khai sinh".into(), requester: "Lê Thử".into() };
        let decision =
            Decision { officer: officer.into(), verdict: Ok(approval), confirms_clock: false };
        self.sign_ins.lend(&self.bench.parts, id, &decision)
    }
}

#[test]
fn without_bounds_of_a_session_a_sign_in_opens_no_key() {
    let desk = Desk::new(0, 0);
    let id = desk.sign_in("chair");
    let who = desk.who(&id).expect("signed in");
    assert_eq!((who.officer.as_str(), who.signatures), ("chair", None));
    assert_eq!(desk.card.open_now(), 0, "the token is logged out at once");
    assert_eq!(desk.decide(&id, "chair"), Err(Say::SignedOut));
    assert!(desk.who(&id).is_some(), "the page stays signed in");
    assert!(desk.who(&SignInId::new("00")).is_none());
    desk.bench.pass(10 * 60 * MINUTE);
    assert!(desk.who(&id).is_none(), "a working day is over");
}

#[test]
fn one_pin_serves_so_many_copies_and_then_the_key_is_closed() {
    let desk = Desk::new(30, 2);
    let id = desk.sign_in("chair");
    assert_eq!(desk.decide(&id, "chair"), Ok(()));
    assert_eq!(desk.who(&id).and_then(|who| who.signatures), Some(1));
    let mut lent = desk.lend(&id, "chair").expect("the second");
    assert_eq!(lent.officer(), "chair");
    assert!(lent.key().sign_digest(&[0; 32]).is_ok());
    assert_eq!(desk.decide(&id, "chair"), Err(Say::SignedOut), "one decision at a time");
    drop(lent);
    assert_eq!(desk.card.open_now(), 1);
    desk.sign_ins.sweep(&desk.bench.parts);
    assert_eq!((desk.who(&id), desk.card.open_now()), (None, 0));
    assert_eq!(desk.decide(&id, "chair"), Err(Say::SignedOut));
}

#[test]
fn a_refusal_signs_nothing_and_uses_nothing_up() {
    let desk = Desk::new(30, 1);
    let id = desk.sign_in("chair");
    let verdict = Err(RefusalReason::R1);
    let refusal = Decision { officer: "chair".into(), verdict, confirms_clock: false };
    assert!(desk.sign_ins.lend(&desk.bench.parts, &id, &refusal).is_ok());
    assert_eq!(desk.who(&id).and_then(|who| who.signatures), Some(1));
}

#[test]
fn time_a_token_and_wrong_pins_elsewhere_end_a_session_and_close_its_key() {
    let desk = Desk::new(30, 9);
    let id = desk.sign_in("chair");
    let lent = desk.lend(&id, "chair").expect("open");
    desk.bench.pass(30 * MINUTE);
    desk.sign_ins.sweep(&desk.bench.parts);
    assert!(desk.who(&id).is_none());
    drop(lent);
    assert_eq!(desk.card.open_now(), 0, "a key that comes back late is closed");

    let id = desk.sign_in("chair");
    desk.card.out.store(true, Ordering::SeqCst);
    assert_eq!(desk.decide(&id, "chair"), Err(Say::SignedOut));
    desk.card.out.store(false, Ordering::SeqCst);
    assert_eq!(desk.decide(&id, "chair"), Err(Say::SignedOut), "the PIN must be entered again");
    assert_eq!(desk.card.open_now(), 0);

    let id = desk.sign_in("chair");
    for expected in [Say::PinWrong, Say::PinWrong, Say::PinLocked, Say::PinLocked] {
        let wrong = desk.sign_ins.sign_in(&desk.bench.parts, "chair", &Pin::new("0"));
        assert_eq!(wrong.err().map(|trouble| trouble.say), Some(expected));
    }
    desk.sign_ins.sweep(&desk.bench.parts);
    assert_eq!((desk.who(&id), desk.card.open_now()), (None, 0));
}

#[test]
fn a_session_decides_only_in_its_own_officers_name_and_while_the_delegation_holds() {
    let desk = Desk::new(240, 9);
    let id = desk.sign_in("ended");
    assert_eq!(desk.decide(&id, "chair"), Err(Say::SignedOut), "not in another's name");
    assert_eq!(desk.decide(&id, "ended"), Ok(()));
    // The last day of the delegation ends while the session is open.
    desk.bench.set(datetime!(2026-11-24 00:00 +7));
    let again = desk.sign_in("ended");
    assert_eq!(desk.decide(&again, "ended"), Err(Say::NotDelegated));
}

#[test]
fn who_may_only_look_is_signed_in_and_never_lent_a_key() {
    let mut desk = Desk::new(30, 9);
    desk.bench.parts.config.officers[0].role = OfficerRole::Look;
    let id = desk.sign_in("chair");
    let who = desk.who(&id).expect("signed in");
    assert_eq!((who.role, who.signatures, desk.card.open_now()), (OfficerRole::Look, None, 0));
    assert_eq!(desk.decide(&id, "chair"), Err(Say::NotDelegated));
}

#[test]
fn a_sign_out_and_a_crowd_of_pages_close_keys() {
    let desk = Desk::new(30, 9);
    let id = desk.sign_in("chair");
    desk.sign_ins.sign_out(&desk.bench.parts, &id);
    assert_eq!((desk.who(&id), desk.card.open_now()), (None, 0));
    let first = desk.sign_in("chair");
    let last = (0..SIGN_INS_MAX).map(|_| desk.sign_in("deputy")).last().expect("some");
    assert!(desk.who(&first).is_none() && desk.who(&last).is_some());
    assert_eq!(desk.card.open_now(), SIGN_INS_MAX);
}
