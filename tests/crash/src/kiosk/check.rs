//! Judges a store's folder: how many steps are in it, exactly, or what is wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kiosk::store::{CopySummary, Delivery, Store, verify_journal};
use sha2::{Digest as _, Sha256};

use super::plan::{self, Copy};
use super::story::Story;
use super::{StepClock, journal, judged};
use crate::copy_folder;
use crate::verdict::{Verdict, Word, ensure};

/// What a run said was durable before it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// The last count printed.
    pub steps: u64,
    /// The last count printed of each side lane, as (lane, count).
    pub sides: Vec<(usize, u64)>,
}

/// How many steps the store in `dir` holds, if it is exactly the state after them. The folder is
/// not changed: the product's recovery runs on a copy of it.
///
/// # Errors
/// [`Verdict`]: what is wrong first.
pub fn check(dir: &Path, seed: u64, acknowledged: &Acknowledged) -> Result<u64, Verdict> {
    let failed = |e: std::io::Error| Verdict::new(Word::Unreadable, e);
    let scratch = tempfile::tempdir().map_err(failed)?;
    if dir.exists() {
        copy_folder(dir, scratch.path()).map_err(failed)?;
    }
    let dir = scratch.path();
    let clock = Arc::new(StepClock::default());
    if dir.join("journal").exists() {
        let as_found = verify_journal(dir).map_err(|e| judged(&e))?;
        clock.set(as_found.records);
    }
    let (store, recovery) = Store::open(dir, clock).map_err(|e| judged(&e))?;
    let none = recovery.missing.is_empty();
    ensure(none, Word::Lost, || format!("files of the copies {:?}", recovery.missing))?;
    let none = recovery.unexplained.is_empty();
    ensure(none, Word::Extra, || format!("files {:?}", recovery.unexplained))?;
    let story = Story::read(seed, &journal::read(dir)?)?;
    check_acknowledged(&story, acknowledged)?;
    check_files(dir, &story)?;
    check_copies(&store, &story)?;
    check_totals(&store, &story)?;
    drop(store);
    check_audit(dir, &story)?;
    Ok(story.model.steps)
}

fn check_acknowledged(story: &Story, acknowledged: &Acknowledged) -> Result<(), Verdict> {
    let (found, wanted) = (story.model.steps, acknowledged.steps);
    ensure(found >= wanted, Word::Lost, || format!("{wanted} steps acknowledged, {found} here"))?;
    for (lane, wanted) in &acknowledged.sides {
        let found = story.sides.get(lane).copied().unwrap_or_default();
        ensure(found >= *wanted, Word::Lost, || {
            format!("side lane {lane}: {wanted} records acknowledged, {found} here")
        })?;
    }
    Ok(())
}

/// Every copy, its row and its delivery, asked for in every way.
fn check_copies(store: &Store, story: &Story) -> Result<(), Verdict> {
    let listed = store.list().map_err(|e| judged(&e))?;
    let copies = &story.model.copies;
    ensure(listed.len() == copies.len(), Word::Wrong, || {
        format!("{} copies listed, {} made", listed.len(), copies.len())
    })?;
    for (at, copy) in copies.iter().enumerate() {
        let (sequence, found) = (story.sequences[at], &listed[at]);
        let bytes = story.model.bytes(copy.step);
        check_summary(copy, sequence, &bytes, found)?;
        let ways = [
            store.by_sequence(sequence),
            store.by_code(&copy.code),
            store.by_number(&copy.book, copy.number),
        ];
        for answer in ways {
            let answer = answer.map_err(|e| judged(&e))?;
            ensure(answer.as_ref() == Some(found), Word::Wrong, || {
                format!("asked by sequence, code and number: copy {sequence} differs")
            })?;
        }
        let held = store.copy_bytes(&found.sha256).map_err(|e| judged(&e))?;
        ensure(held == bytes, Word::Damaged, || format!("bytes of copy {sequence}"))?;
    }
    let pending: Vec<u64> =
        store.pending().map_err(|e| judged(&e))?.iter().map(|copy| copy.sequence).collect();
    let waiting = copies.iter().zip(&story.sequences).filter(|(copy, _)| copy.delivered.is_none());
    let waiting: Vec<u64> = waiting.map(|(_, sequence)| *sequence).collect();
    ensure(pending == waiting, Word::Wrong, || {
        format!("copies {pending:?} wait, {waiting:?} should")
    })
}

fn check_summary(
    copy: &Copy,
    sequence: u64,
    bytes: &[u8],
    found: &CopySummary,
) -> Result<(), Verdict> {
    let same = found.sequence == sequence
        && found.number == copy.number
        && found.book == copy.book
        && found.code == copy.code
        && found.sha256 == hex::encode(Sha256::digest(bytes))
        && found.bytes == bytes.len() as u64;
    ensure(same, Word::Wrong, || format!("copy {sequence} is listed with other facts"))?;
    let same = match (&found.delivery, copy.delivered, copy.rejected) {
        (Delivery::Delivered { receipt, .. }, Some(step), _) => *receipt == plan::receipt(step),
        (Delivery::Rejected { reason, .. }, None, Some(step)) => *reason == plan::reason(step),
        (Delivery::Waiting, None, None) => true,
        _ => false,
    };
    ensure(same, Word::Wrong, || format!("delivery of copy {sequence} is {:?}", found.delivery))
}

/// One whole file for each copy and none besides.
fn check_files(dir: &Path, story: &Story) -> Result<(), Verdict> {
    let failed = |e: std::io::Error| Verdict::new(Word::Unreadable, e);
    let mut wanted = BTreeSet::new();
    for copy in &story.model.copies {
        let digest = Sha256::digest(story.model.bytes(copy.step));
        wanted.insert(format!("{}.pdf", hex::encode(digest)));
    }
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir.join("copies")).map_err(failed)? {
        found.insert(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    if let Some(lost) = wanted.difference(&found).next() {
        return Err(Verdict::new(Word::Lost, format!("file copies/{lost}")));
    }
    match found.difference(&wanted).next() {
        Some(extra) => Err(Verdict::new(Word::Extra, format!("file copies/{extra}"))),
        None => Ok(()),
    }
}

/// Books, registers, wrong PINs; nothing is reserved.
fn check_totals(store: &Store, story: &Story) -> Result<(), Verdict> {
    let books = store.books();
    let model = &story.model;
    let current = model.books.len().saturating_sub(1);
    ensure(books.len() == model.books.len(), Word::Wrong, || format!("{} books", books.len()))?;
    for (at, ((name, issued), book)) in model.books.iter().zip(&books).enumerate() {
        let released = story.released.get(name).copied().unwrap_or_default();
        let same = book.book == *name
            && book.issued == *issued
            && book.released == released
            // Between closing a book and opening the next one a crash may have come.
            && (at != current || book.is_closed() == store.current_book().is_none())
            && (at == current || book.is_closed());
        ensure(same, Word::Wrong, || format!("totals of book {name}: {book:?}"))?;
        let copies = model.copies.iter().filter(|copy| copy.book == *name);
        let rows: Vec<_> = copies.map(|copy| (copy.number, plan::row(copy.step))).collect();
        let kept = store.register(name).map_err(|e| judged(&e))?;
        ensure(kept == rows, Word::Wrong, || format!("the register of book {name}"))?;
    }
    for officer in (0..3).map(|at| format!("officer-{at}")) {
        let wanted = model.wrong_pins.get(&officer).copied().unwrap_or_default();
        let found = store.pin_failures(&officer).count;
        ensure(found == wanted, Word::Wrong, || {
            format!("{officer} has {found} wrong PINs, {wanted} were entered")
        })?;
    }
    let open = store.open_reservation();
    ensure(open.is_none(), Word::Extra, || format!("open reservation {open:?}"))
}

/// The product's own audit says the same.
fn check_audit(dir: &Path, story: &Story) -> Result<(), Verdict> {
    let audit = verify_journal(dir).map_err(|e| judged(&e))?;
    let copies = &story.model.copies;
    let delivered = copies.iter().filter(|copy| copy.delivered.is_some()).count();
    let released: u32 = story.released.values().sum();
    let same = audit.is_clean()
        && audit.torn_bytes == 0
        && audit.sums.issued == copies.len() as u64
        && audit.sums.delivered == delivered as u64
        && audit.released == u64::from(released)
        && audit.reserved == story.reserved;
    ensure(same, Word::Wrong, || format!("the audit says otherwise: {audit:?}"))
}
