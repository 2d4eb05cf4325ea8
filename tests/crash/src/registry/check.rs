//! Judges a registry's folder: how many copies are in it, exactly, or what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ::registry::{Service, StoreError};
use formats_wire::{LOG_START, ReceiptKey, SignedReceipt};
use rusqlite::{Connection, OpenFlags};

use super::plan::{self, Trouble, Upload};
use super::{DATABASE, StepTime, open, signer};
use crate::verdict::{Verdict, Word, ensure};
use crate::{Failure, copy_folder, time_of};

/// How many steps the registry in `dir` holds, if it is exactly the state after them; at least
/// `acknowledged`. The folder is not changed: the product's recovery runs on a copy of it.
///
/// # Errors
/// [`Verdict`]: what is wrong first.
pub fn check(dir: &Path, seed: u64, acknowledged: u64) -> Result<u64, Verdict> {
    let scratch = tempfile::tempdir().map_err(unreadable)?;
    if dir.exists() {
        copy_folder(dir, scratch.path()).map_err(unreadable)?;
    }
    let dir = scratch.path();
    let service = open(dir, &StepTime::default()).map_err(|e| judged(&*e))?;
    let steps = count(dir, seed)?;
    ensure(steps >= acknowledged, Word::Lost, || {
        format!("{acknowledged} steps acknowledged, {steps} here")
    })?;
    check_answers(&service, seed, steps)?;
    check_copies(dir, seed, steps)?;
    check_leavings(dir, seed, steps)?;
    Ok(steps)
}

fn unreadable(error: impl std::fmt::Display) -> Verdict {
    Verdict::new(Word::Unreadable, error)
}

fn judged(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Verdict {
    let word = match error.downcast_ref::<StoreError>() {
        Some(StoreError::Chain { .. }) => Word::Damaged,
        _ => Word::Unreadable,
    };
    Verdict::new(word, kiosk::chain(error))
}

fn made(seed: u64, step: u64) -> Result<Upload, Verdict> {
    plan::copy(seed, step).map_err(unreadable)
}

/// How many steps the database holds. Reads its rows without the product's code: entry i of the
/// log must be the receipt of step i + 1, chained and signed, with the row of that copy.
pub(super) fn count(dir: &Path, seed: u64) -> Result<u64, Verdict> {
    let key = signer().map_err(unreadable)?.key();
    let rows = rows(&dir.join(DATABASE)).map_err(|e| unreadable(kiosk::chain(&*e)))?;
    let mut head = LOG_START;
    for (place, row) in rows.iter().enumerate() {
        head = check_row(row, seed, place as u64 + 1, &key, &head)?;
    }
    Ok(rows.len() as u64)
}

struct RowFound {
    index: i64,
    signed: SignedReceipt,
    upload_id: String,
    device: String,
    sequence: i64,
    code: String,
    sha256: [u8; 32],
}

fn rows(database: &Path) -> Result<Vec<RowFound>, Failure> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(sound.into());
    }
    let sql = "SELECT log_index, receipt, signature, upload_id, device, sequence, code, sha256
               FROM log FULL JOIN copies USING (log_index) ORDER BY log_index";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(RowFound {
            index: row.get(0)?,
            signed: SignedReceipt { receipt: row.get(1)?, signature: row.get(2)? },
            upload_id: row.get(3)?,
            device: row.get(4)?,
            sequence: row.get(5)?,
            code: row.get(6)?,
            sha256: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The head after a row that is the one of `step`.
fn check_row(
    row: &RowFound,
    seed: u64,
    step: u64,
    key: &ReceiptKey,
    head: &[u8; 32],
) -> Result<[u8; 32], Verdict> {
    let (upload, facts) = (made(seed, step)?, plan::facts(seed, step));
    let receipt = key.verify(&row.signed).map_err(|e| Verdict::new(Word::Damaged, e))?;
    let index = step - 1;
    let same = row.index.cast_unsigned() == index
        && row.upload_id == upload.id()
        && row.device == facts.device
        && row.sequence.cast_unsigned() == facts.sequence
        && row.code == facts.code
        && row.sha256 == upload.meta.sha256;
    let (found, device) = (row.sequence, &row.device);
    let word =
        if row.sequence.cast_unsigned() < facts.sequence { Word::Duplicate } else { Word::Extra };
    ensure(same, word, || format!("entry {index} is copy {found} of {device}, not step {step}"))?;
    let after = receipt.head_after(head).map_err(|e| Verdict::new(Word::Damaged, e))?;
    let same = receipt.device == facts.device
        && receipt.sequence == facts.sequence
        && receipt.code == facts.code
        && receipt.sha256 == upload.meta.sha256
        && receipt.log_index == index
        && receipt.log_head == after
        && receipt.received_at == time_of(step);
    ensure(same, Word::Wrong, || format!("the receipt of entry {index}"))?;
    Ok(after)
}

/// What the registry answers about each copy.
fn check_answers(service: &Service, seed: u64, steps: u64) -> Result<(), Verdict> {
    for step in 1..=steps {
        let (upload, facts) = (made(seed, step)?, plan::facts(seed, step));
        let store = service.store();
        let by_code = store.by_code(&facts.code).map_err(|e| judged(&e))?;
        let by_digest = store.by_digest(&upload.meta.sha256).map_err(|e| judged(&e))?;
        let same = by_code == by_digest
            && by_code.is_some_and(|kept| {
                kept.facts == facts
                    && kept.sha256 == upload.meta.sha256
                    && kept.bytes == upload.bytes.len() as u64
                    && kept.log_index == step - 1
            });
        ensure(same, Word::Wrong, || format!("asked for the copy of step {step}"))?;
        let receipt = store.receipt(&facts.device, facts.sequence).map_err(|e| judged(&e))?;
        ensure(receipt.is_some(), Word::Wrong, || format!("no receipt for step {step}"))?;
    }
    Ok(())
}

/// Each copy's file, whole; besides them at most the one that the next step had placed already.
fn check_copies(dir: &Path, seed: u64, steps: u64) -> Result<(), Verdict> {
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(dir.join("copies")).map_err(unreadable)? {
        for file in fs::read_dir(folder.map_err(unreadable)?.path()).map_err(unreadable)? {
            let file = file.map_err(unreadable)?;
            found.insert(file.file_name().to_string_lossy().into_owned(), file.path());
        }
    }
    for step in 1..=steps + 1 {
        let upload = made(seed, step)?;
        let name = format!("{}.pdf", hex::encode(upload.meta.sha256));
        match found.remove(&name) {
            Some(path) => {
                let whole = fs::read(path).map_err(unreadable)? == upload.bytes;
                ensure(whole, Word::Damaged, || format!("file of step {step}, {name}"))?;
            }
            None if step > steps => {}
            None => return Err(Verdict::new(Word::Lost, format!("file of step {step}, {name}"))),
        }
        // The file that never got its name is written again by the next try.
        if step > steps {
            found.remove(&format!("{name}.new"));
        }
    }
    match found.keys().next() {
        Some(name) => Err(Verdict::new(Word::Extra, format!("file {name} among the copies"))),
        None => Ok(()),
    }
}

/// Uploads under way and notes on refused ones are those of the steps that left them.
fn check_leavings(dir: &Path, seed: u64, steps: u64) -> Result<(), Verdict> {
    let next = steps + 1;
    let mut refused = BTreeSet::new();
    for step in 1..=next {
        if plan::trouble(seed, step) == Trouble::Refused {
            refused.insert(plan::refused(seed, step).id());
        }
    }
    let under_way = BTreeSet::from([made(seed, next)?.id(), plan::refused(seed, next).id()]);
    let known = [("refused", &refused), ("uploads", &under_way)];
    for (folder, known) in known {
        for entry in fs::read_dir(dir.join(folder)).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
            let id = name.split('.').next().unwrap_or_default();
            ensure(known.contains(id), Word::Extra, || format!("file {folder}/{name}"))?;
        }
    }
    Ok(())
}
