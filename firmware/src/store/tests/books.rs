//! Books: their year, their totals, their closing; refusals.

use std::sync::Arc;

use formats_files::MemoryDisk;
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::store::books::refusals;

fn open_at(disk: &MemoryDisk, clock: &SetClock) -> Store {
    Store::open_on(Arc::new(disk.clone()), None, Arc::new(clock.clone())).expect("opens").0
}

fn refused(result: Result<impl std::fmt::Debug, StoreError>) -> Contradiction {
    match result {
        Err(StoreError::Refused(contradiction)) => contradiction,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_book_is_closed_with_its_totals_and_never_opened_again() {
    let disk = MemoryDisk::new(1);
    let store = open_at(&disk, &SetClock::default());
    assert_eq!(refused(store.close_book(BOOK)), Contradiction::NoBook);
    store.open_book(BOOK, "UBND").expect("opened");
    for (visit, copies) in [("a", 1), ("b", 3)] {
        let held = reserve(&store, visit);
        let row = RegisterRow { copies, fee_vnd: 2_000 * u64::from(copies), ..row() };
        store.commit(&held, visit.as_bytes(), row).expect("issued");
    }
    assert_eq!(refused(store.close_book("02/2026-SCT/BS")), Contradiction::NoBook);
    let closed = store.close_book(BOOK).expect("closed");
    assert_eq!((closed.issued, closed.copies, closed.fees_vnd), (2, 4, 8_000));
    assert_eq!(closed.closed_at, Some(TestClock.now()));
    assert_eq!(store.current_book(), None);
    assert_eq!(refused(store.book_in_force()), Contradiction::NoBook);
    store.record(approval("c")).expect("journaled");
    assert_eq!(refused(store.reserve("c", "C")), Contradiction::NoBook);
    let again = Contradiction::BookClosed { book: BOOK.to_owned() };
    assert_eq!(refused(store.open_book(BOOK, "UBND")), again);
    drop(store);
    disk.restart();
    assert_eq!(open_at(&disk, &SetClock::default()).books(), [closed]);
    assert!(audit::audit(&disk).expect("the totals are proved").is_clean());
}

#[test]
fn no_book_is_closed_while_a_number_is_held() {
    let store = open_at(&MemoryDisk::new(1), &SetClock::default());
    store.open_book(BOOK, "UBND").expect("opened");
    let held = reserve(&store, "a");
    let open = Contradiction::ReservationOpen { sequence: held.sequence };
    assert_eq!(refused(store.close_book(BOOK)), open);
    assert_eq!(refused(store.open_book("02/2026-SCT/BS", "UBND")), open);
    store.release(&held, "given up").expect("released");
    store.close_book(BOOK).expect("closed");
}

#[test]
fn a_wish_for_a_closed_book_leaves_the_open_one_open() {
    let store = open_at(&MemoryDisk::new(1), &SetClock::default());
    store.open_book(BOOK, "UBND").expect("opened");
    store.open_book("02/2026-SCT/BS", "UBND").expect("the next one");
    let closed = Contradiction::BookClosed { book: BOOK.to_owned() };
    assert_eq!(refused(store.open_book(BOOK, "UBND")), closed);
    assert_eq!(store.current_book().map(|book| book.book).as_deref(), Some("02/2026-SCT/BS"));
}

#[test]
fn a_book_numbers_its_own_year_only_and_the_next_begins_at_1() {
    let clock = SetClock::default();
    let store = open_at(&MemoryDisk::new(1), &clock);
    store.open_book(BOOK, "UBND").expect("opened");
    let held = reserve(&store, "a");
    let new_year = RegisterRow { certified_at: datetime!(2027-01-01 00:00 +7), ..row() };
    let other = Contradiction::BookYear { book: BOOK.to_owned(), year: 2027 };
    assert_eq!(refused(store.commit(&held, b"%PDF", new_year)), other);
    let still = RegisterRow { certified_at: datetime!(2026-12-31 16:59:59 UTC), ..row() };
    store.commit(&held, b"%PDF", still).expect("still 2026 in Vietnam");
    clock.advance(Duration::days(60));
    assert_eq!(refused(store.book_in_force()), other);
    store.record(approval("b")).expect("journaled");
    assert_eq!(refused(store.reserve("b", "B")), other);
    store.open_book("01/2027-SCT/BS", "UBND").expect("the new year's book");
    assert_eq!(store.reserve("b", "B").expect("a number").number, 1);
}

#[test]
fn a_closing_that_says_other_sums_is_a_contradiction() {
    let store = open_at(&MemoryDisk::new(1), &SetClock::default());
    store.open_book(BOOK, "UBND").expect("opened");
    issue(&store, "a");
    let found = ClosingSums { copies: 1, fees_vnd: 2_001 };
    let record = Record::BookClosed { book: BOOK.to_owned(), total: 1, sums: Some(found) };
    let why = store.inner().ahead.check(&record).expect_err("one đồng too much");
    let expected = ClosingSums { copies: 1, fees_vnd: 2_000 };
    assert_eq!(why, Contradiction::BookSums { book: BOOK.to_owned(), expected, found });
}

#[test]
fn each_refusal_is_listed_once_with_who_refused() {
    let disk = MemoryDisk::new(1);
    let store = open_at(&disk, &SetClock::default());
    let Record::OfficerDecision(approved) = approval("a") else { panic!("a decision") };
    let verdict = Verdict::Refused { reason: "R2".to_owned() };
    store.record(Record::OfficerDecision(Decision { verdict, ..approved })).expect("journaled");
    let both = [("a", "R2"), ("b", "R3")];
    for (visit, reason) in both {
        let (visit, reason) = (visit.to_owned(), reason.to_owned());
        store.record(Record::Refused { visit, reason }).expect("journaled");
    }
    let found = refusals(&disk).expect("a sound journal");
    let said: Vec<_> = found.iter().map(|r| (r.visit.as_str(), r.reason.as_str())).collect();
    assert_eq!(said, both);
    assert_eq!(found[0].officer.as_deref(), Some("Trần Thị Bình"));
    assert_eq!(found[1].officer, None, "the machine stopped by itself");
}
