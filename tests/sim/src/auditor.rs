//! Looks at what a run left, from outside: the kiosks' disks byte by byte, the registry's answers,
//! and what people were shown.
//!
//! The journal is read here by its documented format (lines of JSON in checked frames) and not by
//! the product's reader, so that the two check each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use formats_files::{Disk, MemoryDisk};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::Violation;
use crate::kiosk::SimKiosk;
use crate::registry::SimRegistry;

/// Segment header: magic 8, version 4, first sequence 8, anchor 32, checksum 4.
const HEADER: usize = 56;
const FRAME_HEAD: usize = 8;
/// How far a clock may go back without an officer's word.
const CLOCK_BACK_MAX: Duration = Duration::minutes(1);

/// The latest that a slip may promise: next working day and two more, over the longest holidays.
const DUE_MAX: Duration = Duration::days(16);

/// What an audit counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Copies issued.
    pub issued: u64,
    /// Copies promised for later.
    pub deferred: u64,
    /// Copies shown to a person.
    pub shown: u64,
    /// Prints that came out, for however many copies each.
    pub printed: u64,
    /// Copies at the registry.
    pub registered: u64,
    /// Journal records.
    pub records: u64,
}

/// A copy as the journal has it.
struct Issued {
    visit: String,
    book: String,
    number: u64,
    code: String,
    sha256: String,
}

/// Checks everything. Trouble is over, and every copy has had its chance to be uploaded.
pub fn audit(kiosks: &[SimKiosk], registry: &SimRegistry) -> Result<Totals, Violation> {
    let mut totals = Totals::default();
    let mut expected = BTreeSet::new();
    for kiosk in kiosks {
        let wrong = |what: String| Violation::new(&kiosk.name, &what);
        let records = read_journal(kiosk.disk()).map_err(wrong)?;
        totals.records += records.len() as u64;
        let copies = issued(&records).map_err(wrong)?;
        check_books(&copies).map_err(wrong)?;
        check_times(&records).map_err(wrong)?;
        check_approvals(&copies, &records, kiosk).map_err(wrong)?;
        totals.deferred += check_deferred(&copies, &records, kiosk).map_err(wrong)?;
        check_shown(&copies, kiosk).map_err(wrong)?;
        check_delivered(&copies, &records, kiosk).map_err(wrong)?;
        totals.printed += check_prints(&copies, &records, kiosk).map_err(wrong)?;
        for copy in copies.values() {
            let kept = registry.kept(&copy.code).map_err(wrong)?;
            let Some((device, number, sha256)) = kept else {
                return Err(wrong(format!("copy {} is not at the registry", copy.number)));
            };
            let same = (device.as_str(), u64::from(number), sha256.as_str());
            if same != (&kiosk.name, copy.number, &copy.sha256) {
                return Err(wrong(format!("the registry has another copy {}", copy.number)));
            }
            if !registry.file_is_whole(&copy.sha256) {
                return Err(wrong(format!("the registry's file of {} is bad", copy.number)));
            }
            expected.insert(copy.sha256.clone());
        }
        totals.issued += copies.len() as u64;
        totals.shown += kiosk.seen.shown.len() as u64;
    }
    let registered = registry.digests().map_err(|what| Violation::new("registry", &what))?;
    totals.registered = registered.len() as u64;
    if let Some(extra) = registered.iter().find(|sha256| !expected.contains(*sha256)) {
        return Err(Violation::new("registry", &format!("nobody issued {extra}")));
    }
    registry.check_log().map_err(|what| Violation::new("registry", &what))?;
    Ok(totals)
}

/// Every record, in order, chain and checksums verified.
fn read_journal(disk: &MemoryDisk) -> Result<Vec<Value>, String> {
    let mut names = disk.list("journal").map_err(|error| format!("journal: {error}"))?;
    names.retain(|name| name.ends_with(".seg"));
    names.sort_unstable();
    let (mut records, mut previous) = (Vec::new(), "0".repeat(64));
    for name in names {
        let path = format!("journal/{name}");
        let bytes = disk.read(&path, u64::MAX).map_err(|error| format!("{path}: {error}"))?;
        if bytes.get(20..52).map(hex::encode).as_deref() != Some(&previous) {
            return Err(format!("{path} is not chained to the segment before it"));
        }
        let mut rest = bytes.get(HEADER..).ok_or("a segment without a header")?;
        while !rest.is_empty() {
            let length = rest.get(..4).and_then(|l| l.try_into().ok()).map(u32::from_le_bytes);
            let payload = length.and_then(|l| rest.get(FRAME_HEAD..FRAME_HEAD + l as usize));
            let payload = payload.ok_or_else(|| format!("{path}: half a frame"))?;
            // The records that one fsync made durable are the lines of one frame.
            for line in payload.split(|byte| *byte == b'\n') {
                let record: Value =
                    serde_json::from_slice(line).map_err(|error| format!("{path}: {error}"))?;
                if record["prev"] != previous || record["seq"] != records.len() + 1 {
                    return Err(format!("{path}: record {} breaks the chain", records.len() + 1));
                }
                previous = hex::encode(Sha256::digest(line));
                records.push(flat(record).ok_or_else(|| format!("{path}: a record of no kind"))?);
            }
            rest = &rest[FRAME_HEAD + payload.len()..];
        }
    }
    Ok(records)
}

/// `{"fact": {kind: {…}}}` as `{"kind": kind, …}`.
fn flat(mut record: Value) -> Option<Value> {
    let mut fact = record.as_object_mut()?.remove("fact")?;
    let (kind, fields) = fact.as_object_mut()?.iter_mut().next()?;
    let outer = record.as_object_mut()?;
    outer.insert("kind".to_owned(), Value::from(kind.as_str()));
    outer.append(fields.as_object_mut()?);
    Some(record)
}

/// Issued copies by sequence.
fn issued(records: &[Value]) -> Result<BTreeMap<u64, Issued>, String> {
    let mut found = BTreeMap::new();
    for record in records.iter().filter(|record| record["kind"] == "issued") {
        let text = |key: &str| record[key].as_str().map(str::to_owned).ok_or("a field is missing");
        let number = |key: &str| record[key].as_u64().ok_or("a number is missing");
        let copy = Issued {
            visit: text("visit")?,
            book: text("book")?,
            number: number("number")?,
            code: text("code")?,
            sha256: text("sha256")?,
        };
        let sequence = number("sequence")?;
        if found.insert(sequence, copy).is_some() {
            return Err(format!("sequence {sequence} was used twice"));
        }
    }
    Ok(found)
}

/// No number twice, no gap, no code twice.
fn check_books(copies: &BTreeMap<u64, Issued>) -> Result<(), String> {
    let mut books: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut codes = BTreeSet::new();
    for copy in copies.values() {
        books.entry(&copy.book).or_default().push(copy.number);
        if !codes.insert(&copy.code) {
            return Err(format!("code of copy {} was used twice", copy.number));
        }
    }
    for (book, numbers) in books {
        if !numbers.iter().copied().eq(1..=numbers.len() as u64) {
            return Err(format!("numbers of {book} are not 1 to {}: {numbers:?}", numbers.len()));
        }
    }
    Ok(())
}

/// A copy is issued at a time after everything before it, or an officer has confirmed the clock.
fn check_times(records: &[Value]) -> Result<(), String> {
    let mut latest = None;
    for record in records {
        let at = record["at"].as_str().unwrap_or_default();
        let at = OffsetDateTime::parse(at, &Rfc3339).map_err(|error| format!("time: {error}"))?;
        match record["kind"].as_str() {
            Some("clock_confirmed") => latest = Some(at),
            Some("issued") if latest.is_some_and(|latest| at + CLOCK_BACK_MAX < latest) => {
                return Err(format!("copy {} is issued at a time gone by", record["number"]));
            }
            _ => latest = latest.max(Some(at)),
        }
    }
    Ok(())
}

/// Every copy has its own approval by the officer: on record, and in the officer's memory.
fn check_approvals(
    copies: &BTreeMap<u64, Issued>,
    records: &[Value],
    kiosk: &SimKiosk,
) -> Result<(), String> {
    let said =
        |record: &&Value| record["kind"] == "officer_decision" && record["verdict"] == "approved";
    let recorded: BTreeSet<&str> =
        records.iter().filter(said).filter_map(|record| record["visit"].as_str()).collect();
    let meant: BTreeSet<&str> = kiosk.seen.approved.iter().map(|visit| visit.0.as_str()).collect();
    let mut used = BTreeSet::new();
    for copy in copies.values() {
        let visit = copy.visit.as_str();
        if !recorded.contains(visit) || !meant.contains(visit) {
            return Err(format!("copy {} was issued without an approval", copy.number));
        }
        if !used.insert(visit) {
            return Err(format!("copy {} is a second one of its visit", copy.number));
        }
    }
    Ok(())
}

/// Every slip that an officer held is on record with its time, and no copy came of its visit; what
/// is on record was promised by the law's rule: within two working days, which are never more than
/// a week and a half even over holidays of a day or two, but for the run of days off at Tết.
fn check_deferred(
    copies: &BTreeMap<u64, Issued>,
    records: &[Value],
    kiosk: &SimKiosk,
) -> Result<u64, String> {
    let mut recorded = BTreeMap::new();
    for record in records.iter().filter(|record| record["kind"] == "deferred") {
        let time = |key: &str| {
            let text = record[key].as_str().unwrap_or_default();
            OffsetDateTime::parse(text, &Rfc3339).map_err(|error| format!("{key}: {error}"))
        };
        let (received, due) = (time("received")?, time("due")?);
        let late = received.hour() > 15 || (received.hour() == 15 && received.minute() > 0);
        if due <= received || (late && due.date() == received.date()) {
            return Err(format!("slip {} promises {due} for {received}", record["slip"]));
        }
        if due - received > DUE_MAX {
            return Err(format!("slip {} promises {due} for {received}", record["slip"]));
        }
        let extended = record["reason"] != "RULE";
        if extended && due.date() == received.date() {
            return Err(format!("slip {} is extended to the same day", record["slip"]));
        }
        let (visit, slip) = (record["visit"].as_str(), record["slip"].as_str());
        let (visit, slip) = visit.zip(slip).ok_or("a field of an appointment is missing")?;
        if recorded.insert(visit, (slip, due)).is_some() {
            return Err(format!("two appointments of visit {visit}"));
        }
    }
    if let Some(copy) = copies.values().find(|copy| recorded.contains_key(copy.visit.as_str())) {
        return Err(format!("copy {} was issued although it was promised for later", copy.number));
    }
    for (visit, slip, due) in &kiosk.seen.deferred {
        if recorded.get(visit.0.as_str()) != Some(&(slip.as_str(), *due)) {
            return Err(format!("slip {slip} was given and is not on record"));
        }
    }
    Ok(recorded.len() as u64)
}

/// Only issued copies came out of the printer, none more often than jobs of it are on record, and
/// no job is on record twice.
fn check_prints(
    copies: &BTreeMap<u64, Issued>,
    records: &[Value],
    kiosk: &SimKiosk,
) -> Result<u64, String> {
    let mut jobs = BTreeSet::new();
    let mut left: BTreeMap<&str, u64> = BTreeMap::new();
    let started = |record: &&Value| record["kind"] == "print" && record["outcome"] == "started";
    for record in records.iter().filter(started) {
        if !jobs.insert(record["job"].as_str()) {
            return Err(format!("print job {} was given twice", record["job"]));
        }
        let copy = record["sequence"].as_u64().and_then(|sequence| copies.get(&sequence));
        let copy = copy.ok_or_else(|| format!("print job {} is of no copy", record["job"]))?;
        *left.entry(&copy.sha256).or_default() += 1;
    }
    let tray = kiosk.seen.tray.lock().unwrap_or_else(PoisonError::into_inner);
    for sha256 in tray.iter() {
        match left.get_mut(sha256.as_str()) {
            Some(jobs) if *jobs > 0 => *jobs -= 1,
            _ => return Err(format!("{sha256} came out of the printer without a job on record")),
        }
    }
    Ok(tray.len() as u64)
}

/// What a person was shown is kept, under the number and digest that were shown.
fn check_shown(copies: &BTreeMap<u64, Issued>, kiosk: &SimKiosk) -> Result<(), String> {
    for shown in &kiosk.seen.shown {
        let kept = copies.values().any(|copy| {
            (copy.book.as_str(), copy.number) == (shown.book.as_str(), u64::from(shown.number))
                && (copy.code == shown.code && copy.sha256 == shown.sha256)
        });
        if !kept {
            return Err(format!("copy {} was shown as issued and is lost", shown.number));
        }
    }
    Ok(())
}

/// Every copy has exactly one receipt on record, for its own digest; its file is still whole unless
/// it was let go on record.
fn check_delivered(
    copies: &BTreeMap<u64, Issued>,
    records: &[Value],
    kiosk: &SimKiosk,
) -> Result<(), String> {
    let of_kind = |kind: &'static str| {
        records.iter().filter(move |record| record["kind"] == kind).filter_map(|record| {
            Some((record["sequence"].as_u64()?, record["sha256"].as_str().unwrap_or_default()))
        })
    };
    let mut delivered = BTreeMap::new();
    for (sequence, sha256) in of_kind("delivered") {
        if delivered.insert(sequence, sha256).is_some() {
            return Err(format!("sequence {sequence} has two receipts"));
        }
    }
    let let_go: BTreeSet<u64> = of_kind("aged_out").map(|(sequence, _)| sequence).collect();
    for (sequence, copy) in copies {
        if delivered.get(sequence) != Some(&copy.sha256.as_str()) {
            return Err(format!("copy {} has no receipt of its own", copy.number));
        }
        if let_go.contains(sequence) {
            continue;
        }
        let file = kiosk.disk().read(&format!("copies/{}.pdf", copy.sha256), u64::MAX);
        let whole = file.is_ok_and(|bytes| hex::encode(Sha256::digest(bytes)) == copy.sha256);
        if !whole {
            return Err(format!("the file of copy {} is gone or changed", copy.number));
        }
    }
    match delivered.keys().find(|sequence| !copies.contains_key(sequence)) {
        Some(sequence) => Err(format!("a receipt for sequence {sequence}, which is no copy")),
        None => Ok(()),
    }
}
