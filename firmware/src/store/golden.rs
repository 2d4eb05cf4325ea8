//! Golden journals: what each version of the kiosk wrote is read for ever, and what this one writes
//! is what the next one will find.

use std::sync::Arc;

use formats_files::{Disk, MemoryDisk};

use super::tests::{TestClock, approval, row};
use super::*;

const BOOK: &str = "01/2026-SCT/BS";
const SEGMENT_BYTES_MAX: u64 = 3000;

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/golden").join(version)
}

/// A disk with the journal of a folder below `golden/`.
fn golden(version: &str) -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    for entry in std::fs::read_dir(folder(version)).expect("the golden folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let name = if name == "head" { name } else { format!("journal/{name}") };
        let file = disk.create(&name).expect("a file");
        file.write_at(0, &std::fs::read(&path).expect("the golden file")).expect("written");
    }
    disk
}

fn open(disk: &MemoryDisk) -> Store {
    Store::open_on(Arc::new(disk.clone()), None, Arc::new(TestClock)).expect("opens").0
}

fn entries(disk: &MemoryDisk) -> Vec<Entry> {
    let mut found = Vec::new();
    journal::scan(disk, &mut |_, entry| {
        found.push(entry.clone());
        Ok(())
    })
    .expect("a sound journal");
    found
}

fn reserved(sequence: u64, number: u32, visit: &str, code: &str) -> Record {
    let (book, visit, code) = (BOOK.to_owned(), visit.to_owned(), code.to_owned());
    Record::NumberReserved(Reservation { sequence, number, book, visit, code })
}

fn issued(sequence: u64, number: u32, visit: &str, code: &str, pdf: &str) -> IssuedCopy {
    IssuedCopy {
        sequence,
        number,
        book: BOOK.to_owned(),
        visit: visit.to_owned(),
        code: code.to_owned(),
        sha256: copies::digest(pdf.as_bytes()),
        bytes: pdf.len() as u64,
        priority: Priority::Normal,
        row: row(),
    }
}

/// What `golden/v1` says, in today's words.
fn facts_v1() -> Vec<Record> {
    let s = str::to_owned;
    let authority = || s("UBND phường Hoàn Kiếm");
    let marked = RegisterRow { note: s("\"hai bản\"\nsao"), copies: 2, ..row() };
    vec![
        Record::Started { device: s("HN01-K03"), version: s("0.1.0") },
        Record::BookOpened { book: s(BOOK), authority: authority() },
        Record::OfficerPinFailed { officer: s("binh") },
        Record::OfficerUnlocked { officer: s("binh") },
        approval("visit-1"),
        reserved(1, 1, "visit-1", "BS1-AAAA"),
        Record::NumberReleased { sequence: 1, number: 1, book: s(BOOK), why: s("token unplugged") },
        reserved(2, 1, "visit-1", "BS1-BBBB"),
        Record::Issued(issued(2, 1, "visit-1", "BS1-BBBB", "%PDF first")),
        Record::OfficerDecision(Decision {
            visit: s("visit-2"),
            officer: s("Trần Thị Bình"),
            capacity: s("PHÓ CHỦ TỊCH"),
            certificate: "cd".repeat(32),
            verdict: Verdict::Refused { reason: s("R2") },
        }),
        Record::Refused { visit: s("visit-2"), reason: s("R2") },
        Record::VisitWiped { visit: s("visit-2") },
        Record::UploadRejected { sequence: 2, reason: s("signature") },
        Record::Delivered {
            sequence: 2,
            sha256: copies::digest(b"%PDF first"),
            receipt: serde_json::json!({ "log_index": 7, "signature": "c2ln" }),
        },
        approval("visit-3"),
        reserved(3, 2, "visit-3", "BS1-CCCC"),
        Record::Issued(IssuedCopy {
            row: marked,
            ..issued(3, 2, "visit-3", "BS1-CCCC", "%PDF second")
        }),
        Record::BookClosed { book: s(BOOK), total: 2, sums: None },
        Record::BookOpened { book: s("01/2027-SCT/BS"), authority: authority() },
    ]
}

/// What `golden/v2` says: all of version 1, and the kinds that are new.
fn facts_v2() -> Vec<Record> {
    let s = str::to_owned;
    let print = |outcome| Record::Print { sequence: 3, job: s("job-1"), outcome };
    let mut facts = facts_v1();
    if let Record::Issued(copy) = &mut facts[16] {
        copy.priority = Priority::Urgent;
    }
    facts.extend([
        Record::Acknowledged { sequence: 3 },
        Record::UploadProgress { sequence: 3, sent: 0 },
        Record::UploadProgress { sequence: 3, sent: 11 },
        print(PrintOutcome::Started),
        print(PrintOutcome::Failed { reason: s("no paper") }),
        Record::ConfigChanged { sha256: "ef".repeat(32), by: s("uid 0") },
        Record::OfficerLoggedIn { officer: s("binh"), certificate: "ab".repeat(32) },
        Record::ClockJumped { from: time::macros::datetime!(2027-01-01 00:00 +7) },
        Record::Exported { medium: s("usb-1"), sequences: vec![2, 3] },
        Record::AgedOut {
            sequence: 2,
            sha256: copies::digest(b"%PDF first"),
            why: AgeingReason::Kept,
        },
        Record::Scrubbed { damaged: 1, unexplained: 0 },
        Record::BookClosed {
            book: s("01/2027-SCT/BS"),
            total: 0,
            sums: Some(ClosingSums { copies: 0, fees_vnd: 0 }),
        },
        Record::ClockConfirmed { officer: s("binh"), latest: None },
        Record::ClockConfirmed {
            officer: s("binh"),
            latest: Some(time::macros::datetime!(2027-01-01 00:00 +7)),
        },
        Record::Deferred(Deferral {
            visit: s("visit-4"),
            slip: s("VISIT4"),
            reason: s("MANY"),
            officer: s("Trần Thị Bình"),
            received: time::macros::datetime!(2026-11-23 15:10 +7),
            due: time::macros::datetime!(2026-11-25 17:00 +7),
        }),
        Record::ChipLookedAt { visit: s("visit-5"), outcome: s("genuine") },
        Record::Consent { visit: s("visit-5"), purpose: s("face"), given: true },
        Record::FaceLookedAt {
            visit: s("visit-5"),
            outcome: s("match_not_live"),
            score: Some(801),
            threshold: Some(748),
            liveness: Some(320),
            reasons: vec![s("flat")],
            model: Some(s("face-embedder 1")),
        },
        Record::FaceLookedAt {
            visit: s("visit-6"),
            outcome: s("not_compared_nobody"),
            score: None,
            threshold: None,
            liveness: None,
            reasons: vec![],
            model: None,
        },
    ]);
    facts.extend(facts_of_officers());
    facts.extend(facts_of_cabinet_and_fees());
    facts
}

/// What an officer's page adds to version 2.
fn facts_of_officers() -> Vec<Record> {
    let s = str::to_owned;
    vec![
        Record::RescanAsked {
            visit: s("visit-7"),
            officer: s("Trần Thị Bình"),
            reason: s("BLURRED"),
            pages: vec![2],
        },
        Record::RescanAsked {
            visit: s("visit-7"),
            officer: s("Trần Thị Bình"),
            reason: s("MISSING"),
            pages: vec![4],
        },
        Record::Corrected {
            visit: s("visit-7"),
            officer: s("Trần Thị Bình"),
            set: vec![
                SetByOfficer::Kind { read: s("other"), set: s("birth") },
                SetByOfficer::Title,
                SetByOfficer::Requester,
            ],
        },
        Record::Corrected {
            visit: s("visit-8"),
            officer: s("Trần Thị Bình"),
            set: vec![SetByOfficer::Title],
        },
        Record::OfficerSignedIn { officer: s("binh"), minutes: 30, signatures: 20 },
        Record::OfficerSignedOut { officer: s("binh"), why: SignOut::UsedUp, signed: 20 },
    ]
}

/// What cabinet and fees add to version 2.
fn facts_of_cabinet_and_fees() -> Vec<Record> {
    use crate::visit::{Complaint, Feedback, Rating};

    let s = str::to_owned;
    let taken = |means, reference| Record::FeeTaken {
        sequence: 2,
        vnd: row().fee_vnd,
        means,
        reference,
        officer: s("binh"),
    };
    vec![
        Record::CabinetOpened { how: s("door") },
        Record::CabinetCleared { by: s("uid 0") },
        taken(FeeMeans::Transfer, Some(s("FT26327001234"))),
        Record::FeeDueAgain { sequence: 2, officer: s("binh") },
        taken(FeeMeans::Cash, None),
        Record::FeeDueAgain { sequence: 2, officer: s("binh") },
        taken(FeeMeans::Card, None),
        Record::FeedbackGiven(Feedback { rating: Rating::Good, complaint: None }),
        Record::FeedbackGiven(Feedback {
            rating: Rating::Poor,
            complaint: Some(Complaint::HardToUse),
        }),
    ]
}

fn assert_says(found: &[Entry], version: u32, facts: &[Record]) {
    assert_eq!(found.len(), facts.len());
    for (seq, (entry, fact)) in (1..).zip(found.iter().zip(facts)) {
        assert_eq!((entry.v, entry.seq, entry.at), (version, seq, TestClock.now()));
        assert_eq!(&entry.record, fact, "record {seq}");
    }
}

/// Writes the facts, two records in each group.
fn write(facts: &[Record]) -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    let store = open(&disk);
    store.journal().set_segment_bytes_max(SEGMENT_BYTES_MAX);
    for pair in facts.chunks(2) {
        let stage = |fact: &Record| store.stage(fact.clone()).expect("it may follow");
        for ticket in pair.iter().map(stage).collect::<Vec<_>>() {
            store.wait(&ticket).expect("journaled");
        }
    }
    disk
}

#[test]
fn a_journal_of_version_1_is_read_and_its_bytes_stay_as_they_are() {
    let disk = golden("v1");
    assert_says(&entries(&disk), 1, &facts_v1());
    let store = open(&disk);
    assert_eq!(store.list().expect("answer")[1].priority, Priority::Normal);
    store.record(approval("visit-4")).expect("journaled");
    drop(store);
    for entry in std::fs::read_dir(folder("v1")).expect("the golden folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name != "head" {
            let found = disk.read(&format!("journal/{name}"), u64::MAX - 1).expect("a segment");
            assert_eq!(found, std::fs::read(&path).expect("the golden file"), "{name}");
        }
    }
    let last = entries(&disk).pop().expect("a record");
    assert_eq!((last.v, last.seq), (2, 20));
    let audit = audit::audit(&disk).expect("sound");
    assert_eq!((audit.segments, audit.torn_bytes), (3, 0), "version 2 has a segment of its own");
}

#[test]
fn a_journal_of_version_2_is_read_and_written_to_the_byte() {
    let facts = facts_v2();
    let written = write(&facts);
    if std::env::var_os("BLESS").is_some() {
        // Only ever appended to: a changed segment is a changed format.
        for name in written.files().into_iter().filter(|n| n == "head" || n.starts_with("journal/"))
        {
            let bytes = written.read(&name, u64::MAX - 1).expect("bytes");
            let name = name.trim_start_matches("journal/");
            std::fs::write(folder("v2").join(name), bytes).expect("the golden folder");
        }
    }
    assert_says(&entries(&golden("v2")), 2, &facts);
    let names = |disk: &MemoryDisk| {
        let names = disk.files().into_iter();
        names.filter(|n| n == "head" || n.starts_with("journal/")).collect::<Vec<_>>()
    };
    assert_eq!(names(&written), names(&golden("v2")));
    for name in names(&written) {
        let bytes = |disk: &MemoryDisk| disk.read(&name, u64::MAX - 1).expect("bytes");
        assert!(bytes(&written) == bytes(&golden("v2")), "{name} is written otherwise");
    }
}

#[test]
fn a_version_1_record_that_calls_itself_otherwise_is_no_record() {
    let line =
        br#"{"v":0,"seq":1,"at":"2026-11-22T09:30:00+07:00","prev":"","kind":"visit_wiped"}"#;
    assert!(matches!(record::read(line), Err(record::Unreadable::NoRecord(_))));
    assert!(matches!(record::read(br#"{"v":3,"x":1}"#), Err(record::Unreadable::Newer(3))));
}
