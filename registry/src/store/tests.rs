use std::path::PathBuf;

use formats_wire::ReceiptKey;
use ring::rand::SystemRandom;
use time::macros::datetime;

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    pkcs8: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let pkcs8 = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).expect("randomness");
        Self { folder: tempfile::tempdir().expect("a temporary folder"), pkcs8 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("registry.sqlite")
    }

    fn signer(&self) -> ReceiptSigner {
        ReceiptSigner::from_pkcs8(&self.pkcs8).expect("own key")
    }

    fn key(&self) -> ReceiptKey {
        self.signer().key()
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.path(), self.signer())
    }
}

fn facts(sequence: u64) -> Facts {
    Facts {
        specimen: false,
        product: Default::default(),
        code: format!("7YQ2-M4KD-93TB-{sequence:04}"),
        number: u32::try_from(sequence).expect("small"),
        book: "03/2026-SCT/BS".into(),
        issued_at: datetime!(2026-11-22 09:15:30 +07:00),
        authority: "UBND phường Cửa Nam".into(),
        officer: "Trần Thị B".into(),
        capacity: "TUQ. CHỦ TỊCH".into(),
        kind: "birth".into(),
        title: "GIẤY KHAI SINH".into(),
        device: "HN-VAN-03".into(),
        sequence,
        pages: 2,
    }
}

fn keep(store: &Store, facts: &Facts, digest: u8) -> Outcome {
    let upload_id = format!("{digest:032}");
    let incoming = Incoming {
        upload_id: &upload_id,
        facts,
        sha256: [digest; 32],
        bytes: 1000,
        received_at: datetime!(2026-11-22 09:20:00 +07:00),
    };
    store.keep(&incoming).expect("the database works")
}

#[test]
fn receipts_chain_and_survive_a_restart() {
    let bench = Bench::new();
    let store = bench.open().expect("a new database");
    assert_eq!(keep(&store, &facts(1), 1), Outcome::Kept);
    assert_eq!(keep(&store, &facts(2), 2), Outcome::Kept);
    drop(store);
    let store = bench.open().expect("the same database");
    let receipt = |sequence| {
        let signed = store.receipt("HN-VAN-03", sequence).expect("readable").expect("kept");
        bench.key().verify(&signed).expect("signed by the registry")
    };
    let (first, second) = (receipt(1), receipt(2));
    assert_eq!((first.log_index, second.log_index), (0, 1));
    assert_eq!(first.head_after(&LOG_START), Ok(first.log_head));
    assert_eq!(second.head_after(&first.log_head), Ok(second.log_head));
    let kept = store.by_code(&facts(2).code).expect("readable").expect("kept");
    assert_eq!((kept.facts, kept.sha256, kept.log_index), (facts(2), [2; 32], 1));
    assert_eq!(store.by_digest(&[9; 32]).expect("readable"), None);
}

#[test]
fn keeping_the_same_copy_again_adds_nothing() {
    let bench = Bench::new();
    let store = bench.open().expect("a new database");
    keep(&store, &facts(1), 1);
    let before = store.receipt("HN-VAN-03", 1).expect("readable");
    assert_eq!(keep(&store, &facts(1), 1), Outcome::Kept);
    assert_eq!(store.receipt("HN-VAN-03", 1).expect("readable"), before);
    assert_eq!(tip(&store.connection()).expect("readable").0, 1);
}

#[test]
fn a_sequence_a_code_and_a_number_belong_to_one_copy() {
    let bench = Bench::new();
    let store = bench.open().expect("a new database");
    keep(&store, &facts(1), 1);
    assert_eq!(keep(&store, &facts(1), 2), Outcome::SequenceTaken);
    let same_code = Facts { code: facts(1).code, ..facts(2) };
    assert_eq!(keep(&store, &same_code, 2), Outcome::Duplicate);
    let same_number = Facts { number: 1, ..facts(2) };
    assert_eq!(keep(&store, &same_number, 2), Outcome::Duplicate);
    let other_device = Facts { number: 1, device: "HN-01".into(), ..facts(2) };
    assert_eq!(keep(&store, &other_device, 2), Outcome::Kept);
}

#[test]
fn what_was_written_can_be_neither_changed_nor_deleted() {
    let bench = Bench::new();
    let store = bench.open().expect("a new database");
    keep(&store, &facts(1), 1);
    let connection = store.connection();
    for sql in [
        "DELETE FROM log",
        "UPDATE log SET receipt = ''",
        "DELETE FROM copies",
        "UPDATE copies SET number = 9",
    ] {
        let error = connection.execute(sql, []).expect_err(sql);
        assert!(error.to_string().contains("grows") || error.to_string().contains("changes"));
    }
}

#[test]
fn a_log_changed_behind_our_back_is_not_opened() {
    for (damage, index) in [
        ("UPDATE log SET head = zeroblob(32) WHERE log_index = 1", 1),
        ("DELETE FROM log WHERE log_index = 0", 0),
        ("UPDATE copies SET sha256 = zeroblob(32) WHERE log_index = 1", 1),
        ("DELETE FROM copies WHERE log_index = 0", 0),
    ] {
        let bench = Bench::new();
        let store = bench.open().expect("a new database");
        keep(&store, &facts(1), 1);
        keep(&store, &facts(2), 2);
        drop(store);
        let connection = Connection::open(bench.path()).expect("opens");
        let off = "PRAGMA foreign_keys = OFF; DROP TRIGGER log_keeps; DROP TRIGGER log_stays;
                   DROP TRIGGER copies_keep; DROP TRIGGER copies_stay;";
        connection.execute_batch(off).expect("an intruder with the file can");
        connection.execute(damage, []).expect(damage);
        drop(connection);
        match bench.open() {
            Err(StoreError::Chain { index: found }) => assert_eq!(found, index, "{damage}"),
            other => panic!("{damage}: opened: {}", other.is_ok()),
        }
    }
}

#[test]
fn a_database_of_a_later_registry_is_left_alone() {
    let bench = Bench::new();
    drop(bench.open().expect("a new database"));
    let connection = Connection::open(bench.path()).expect("opens");
    connection.pragma_update(None, "user_version", 99).expect("set");
    drop(connection);
    assert!(matches!(bench.open(), Err(StoreError::Version { found: 99, known: 2 })));
}

#[test]
fn copies_of_version_1_are_proven_like_new_ones() {
    let bench = Bench::new();
    let store = bench.open().expect("a new database");
    keep(&store, &facts(1), 1);
    keep(&store, &facts(2), 2);
    drop(store);
    let connection = Connection::open(bench.path()).expect("opens");
    connection.execute_batch("DROP TABLE proofs; PRAGMA user_version = 1;").expect("as it was");
    drop(connection);
    let store = bench.open().expect("brought to this version");
    let due = store.proofs_due(datetime!(2026-11-22 09:15:30 +07:00), 10).expect("asked");
    assert_eq!(due.iter().map(|due| due.received).collect::<Vec<_>>(), [[1; 32], [2; 32]]);
    let kept = store.by_code(&facts(1).code).expect("asked").expect("kept");
    assert_eq!(kept.proof, Proof::default());
}

#[test]
fn a_proof_is_due_again_when_its_time_has_come() {
    let bench = Bench::new();
    let store = bench.open().expect("a new database");
    keep(&store, &facts(1), 1);
    let now = datetime!(2026-11-22 09:15:30 +07:00);
    let [due] = &store.proofs_due(now, 10).expect("asked")[..] else { panic!("one is due") };
    let level = Some("B-T".to_owned());
    let proof = Proof { level, sha256: Some([9; 32]), revoked: false };
    let later = now + time::Duration::hours(1);
    store.note_proof(due.log_index, &proof, 3, later).expect("noted");
    assert_eq!(store.proofs_due(now, 10).expect("asked"), []);
    let [again] = &store.proofs_due(later, 10).expect("asked")[..] else { panic!("due again") };
    assert_eq!((again.strongest, again.tries), (Some([9; 32]), 3));
    assert_eq!(store.by_digest(&[1; 32]).expect("asked").expect("kept").proof, proof);
}
