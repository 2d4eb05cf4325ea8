//! Fees: taken once, given up when that was a mistake, and told alike by store and journal.

use super::*;

const DAY: time::Duration = time::Duration::days(1);

fn standing(store: &Store, sequence: u64) -> Option<(u64, Option<FeeMeans>)> {
    store.fee(sequence).map(|fee| (fee.vnd, fee.taken))
}

fn refused(result: Result<(), StoreError>) -> Contradiction {
    match result {
        Err(StoreError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_fee_is_taken_once_and_again_only_after_a_mistake_was_put_right() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    let due = refused(store.take_fee(1, FeeMeans::Cash, None, "binh"));
    assert_eq!(due, Contradiction::FeeNotDue { sequence: 1, vnd: 0 }, "no copy yet");
    issue(&store, "a");
    issue(&store, "b");
    assert_eq!((standing(&store, 1), store.fees_due()), (Some((2000, None)), 2));
    assert_eq!(standing(&store, 3), None);

    store.take_fee(1, FeeMeans::Transfer, Some("FT26327001234"), "binh").expect("journaled");
    assert_eq!(standing(&store, 1), Some((2000, Some(FeeMeans::Transfer))));
    let twice = refused(store.take_fee(1, FeeMeans::Cash, None, "binh"));
    assert_eq!(twice, Contradiction::FeeNotDue { sequence: 1, vnd: 2000 });
    let never = refused(store.fee_due_again(2, "binh"));
    assert_eq!(never, Contradiction::FeeNotTaken { sequence: 2 });

    store.fee_due_again(1, "binh").expect("journaled");
    assert_eq!((standing(&store, 1), store.fees_due()), (Some((2000, None)), 2));
    store.take_fee(1, FeeMeans::Card, None, "binh").expect("journaled");
    let now = TestClock.now();
    let of_day = store.fees_between(now - DAY, now + DAY).expect("an answer");
    let of_day: Vec<_> = of_day.iter().map(|(copy, fee)| (copy.number, fee.taken)).collect();
    assert_eq!(of_day, [(1, Some(FeeMeans::Card)), (2, None)]);
    assert!(store.fees_between(now + DAY, now + DAY * 2).expect("an answer").is_empty());
}

#[test]
fn a_restart_and_who_reads_beside_the_kiosk_see_the_same_fees() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    let held = reserve(&store, "b");
    let free = RegisterRow { fee_vnd: 0, ..row() };
    store.commit(&held, b"%PDF free", free).expect("issued");
    store.take_fee(1, FeeMeans::Transfer, Some("FT1"), "binh").expect("journaled");
    drop(store);
    let (store, _) = bench.open();
    assert_eq!(standing(&store, 1), Some((2000, Some(FeeMeans::Transfer))));
    assert_eq!((standing(&store, 2), store.fees_due()), (None, 0), "the second is free");
    let told = super::super::fees::fees(&bench.disk).expect("an answer");
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].number, told[0].vnd, told[0].book.as_str()), (1, 2000, BOOK));
    let taken = told[0].taken.as_ref().expect("taken");
    assert_eq!((taken.means, taken.officer.as_str()), (FeeMeans::Transfer, "binh"));
    assert_eq!(taken.reference.as_deref(), Some("FT1"));
}

#[test]
fn only_the_store_itself_writes_of_fees() {
    let bench = Bench::new();
    let (store, _) = bench.open();
    issue(&store, "a");
    let officer = "binh".to_owned();
    let record = Record::FeeDueAgain { sequence: 1, officer };
    assert_eq!(refused(store.record(record)), Contradiction::OwnRecord);
}
