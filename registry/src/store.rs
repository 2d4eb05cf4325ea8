//! Rows of kept copies and the log of receipts, in SQLite.
//!
//! The log is a hash chain ([`formats_wire::Receipt::head_after`]); triggers refuse to change or
//! delete what was written, and [`Store::open`] walks the whole chain, because SQLite itself does
//! not notice a damaged sector. One commit holds the row, the log entry and the signed receipt.

mod chain;
mod proofs;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use formats_wire::{LOG_START, Receipt, ReceiptError, ReceiptSigner, SignedReceipt};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Facts;
pub(crate) use proofs::Due;
pub use proofs::Proof;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened or brought to this version.
    #[error("cannot open the registry's database {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The database was written by a later registry.
    #[error("database version {found} is later than this registry's {known}")]
    Version {
        /// What the file says.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The log does not chain: the file was damaged or changed. Nothing may be added to it.
    #[error("the log of receipts is broken at entry {index}")]
    Chain {
        /// The first entry that does not fit.
        index: u64,
    },
    /// A query failed.
    #[error("cannot {action} in the registry's database")]
    Query {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// What is stored on a copy cannot be written or read.
    #[error("cannot write or read the facts on a copy")]
    Facts(#[source] serde_json::Error),
    /// A stored time cannot be read.
    #[error("cannot read when a copy was received")]
    Time(#[source] time::error::Parse),
    /// A kept copy's file cannot be read.
    #[error("cannot read the kept copy {path}")]
    Copy {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A receipt has no canonical form.
    #[error("cannot sign a receipt")]
    Receipt(#[source] ReceiptError),
}

/// A copy that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What the copy says about itself.
    pub facts: Facts,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Place in the log.
    pub log_index: u64,
    /// When it was kept.
    pub received_at: OffsetDateTime,
    /// How far its proof has come.
    pub proof: Proof,
}

/// A verified copy about to be kept.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) upload_id: &'a str,
    pub(crate) facts: &'a Facts,
    pub(crate) sha256: [u8; 32],
    pub(crate) bytes: u64,
    pub(crate) received_at: OffsetDateTime,
}

/// What became of an [`Incoming`] copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is kept, now or since an earlier try.
    Kept,
    /// Its device used the sequence for another file.
    SequenceTaken,
    /// Its code, or its number in the book, belongs to another copy.
    Duplicate,
}

/// The database.
pub struct Store {
    connection: Mutex<Connection>,
    signer: ReceiptSigner,
}

impl Store {
    /// Opens or makes the database and checks its log from end to end.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Chain`] when the log was damaged.
    pub fn open(path: &Path, signer: ReceiptSigner) -> Result<Self, StoreError> {
        let open = |source| StoreError::Open { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(open)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(open)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(open)?;
        Self::on(connection, path, signer)
    }

    /// A database in memory, empty or as [`Store::snapshot`] gave it: for a simulation, which lets
    /// it survive a crash by its snapshot.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn in_memory(snapshot: Option<&[u8]>, signer: ReceiptSigner) -> Result<Self, StoreError> {
        let path = Path::new(":memory:");
        let open = |source| StoreError::Open { path: path.to_owned(), source };
        let mut connection = Connection::open_in_memory().map_err(open)?;
        if let Some(bytes) = snapshot {
            connection.deserialize_read_exact("main", bytes, bytes.len(), false).map_err(open)?;
        }
        Self::on(connection, path, signer)
    }

    /// The database's bytes after the last commit; what [`Store::in_memory`] takes.
    ///
    /// # Errors
    /// When SQLite cannot give them.
    pub fn snapshot(&self) -> Result<Vec<u8>, StoreError> {
        let connection = self.connection();
        let bytes = connection.serialize("main").map_err(query("take a snapshot"))?;
        Ok(bytes.to_vec())
    }

    /// Asks `allow` before every commit; one that it does not allow fails and is rolled back, as on
    /// a full or failing disk. For a simulation.
    ///
    /// # Errors
    /// When SQLite takes no hook.
    pub fn set_commit_gate(
        &self,
        allow: impl Fn() -> bool + Send + 'static,
    ) -> Result<(), StoreError> {
        let hook = self.connection().commit_hook(Some(move || !allow()));
        hook.map_err(query("watch commits"))
    }

    fn on(
        mut connection: Connection,
        path: &Path,
        signer: ReceiptSigner,
    ) -> Result<Self, StoreError> {
        let open = |source| StoreError::Open { path: path.to_owned(), source };
        connection.pragma_update(None, "foreign_keys", true).map_err(open)?;
        schema::migrate(&mut connection, path)?;
        chain::check(&connection)?;
        Ok(Self { connection: Mutex::new(connection), signer })
    }

    /// The receipt for a device's copy.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn receipt(
        &self,
        device: &str,
        sequence: u64,
    ) -> Result<Option<SignedReceipt>, StoreError> {
        let sql = "SELECT receipt, signature FROM log JOIN copies USING (log_index)
                   WHERE device = ?1 AND sequence = ?2";
        self.connection()
            .query_row(sql, params![device, sequence.cast_signed()], |row| {
                Ok(SignedReceipt { receipt: row.get(0)?, signature: row.get(1)? })
            })
            .optional()
            .map_err(query("find a receipt"))
    }

    /// The digest kept under a device's sequence number.
    pub(crate) fn digest_of(
        &self,
        device: &str,
        sequence: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        digest_of(&self.connection(), device, sequence)
    }

    /// Device and length of a finished upload.
    pub(crate) fn finished(&self, upload_id: &str) -> Result<Option<(String, u64)>, StoreError> {
        let sql = "SELECT device, bytes FROM copies WHERE upload_id = ?1";
        self.connection()
            .query_row(sql, [upload_id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
            .optional()
            .map(|found| found.map(|(device, bytes)| (device, bytes.cast_unsigned())))
            .map_err(query("find an upload"))
    }

    /// The copy with this code, in canonical form.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn by_code(&self, code: &str) -> Result<Option<Kept>, StoreError> {
        self.find("code = ?1", code)
    }

    /// The copy that is this very file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn by_digest(&self, sha256: &[u8; 32]) -> Result<Option<Kept>, StoreError> {
        self.find("copies.sha256 = ?1", sha256)
    }

    /// Keeps a copy: its row, its log entry and its receipt, durable together when this returns.
    pub(crate) fn keep(&self, incoming: &Incoming<'_>) -> Result<Outcome, StoreError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(query("begin"))?;
        if let Some(outcome) = conflict(&transaction, incoming)? {
            return Ok(outcome);
        }
        self.append(&transaction, incoming)?;
        transaction.commit().map_err(query("commit a copy"))?;
        Ok(Outcome::Kept)
    }

    fn append(&self, to: &Transaction<'_>, incoming: &Incoming<'_>) -> Result<(), StoreError> {
        let (log_index, previous) = tip(to)?;
        let facts = incoming.facts;
        let mut receipt = Receipt {
            device: facts.device.clone(),
            sequence: facts.sequence,
            code: facts.code.clone(),
            sha256: incoming.sha256,
            log_index,
            log_head: LOG_START,
            received_at: incoming.received_at,
        };
        receipt.log_head = receipt.head_after(&previous).map_err(StoreError::Receipt)?;
        let signed = self.signer.sign(&receipt).map_err(StoreError::Receipt)?;
        let received_at = incoming
            .received_at
            .format(&Rfc3339)
            .map_err(|_| StoreError::Receipt(ReceiptError::Field("received-at")))?;
        to.execute(
            "INSERT INTO log (log_index, receipt, signature, head) VALUES (?1, ?2, ?3, ?4)",
            params![log_index.cast_signed(), signed.receipt, signed.signature, receipt.log_head],
        )
        .map_err(query("append to the log"))?;
        to.execute(
            "INSERT INTO copies (log_index, upload_id, device, sequence, code, book, number,
                                 sha256, bytes, received_at, facts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                log_index.cast_signed(),
                incoming.upload_id,
                facts.device,
                facts.sequence.cast_signed(),
                facts.code,
                facts.book,
                facts.number,
                incoming.sha256,
                incoming.bytes.cast_signed(),
                received_at,
                serde_json::to_string(facts).map_err(StoreError::Facts)?,
            ],
        )
        .map_err(query("add a copy"))?;
        to.execute("INSERT INTO proofs (log_index) VALUES (?1)", [log_index.cast_signed()])
            .map_err(query("note a proof"))?;
        Ok(())
    }

    fn find(
        &self,
        condition: &'static str,
        value: impl rusqlite::ToSql,
    ) -> Result<Option<Kept>, StoreError> {
        let sql = format!(
            "SELECT facts, copies.sha256, bytes, log_index, received_at,
                    level, proofs.sha256, revoked
             FROM copies JOIN proofs USING (log_index) WHERE {condition}"
        );
        let row = self.connection().query_row(&sql, [value], KeptRow::read).optional();
        row.map_err(query("find a copy"))?.map(KeptRow::kept).transpose()
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction rolled it back, so the connection is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row as SQLite gives it.
struct KeptRow {
    facts: String,
    sha256: [u8; 32],
    bytes: i64,
    log_index: i64,
    received_at: String,
    proof: Proof,
}

impl KeptRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            facts: row.get(0)?,
            sha256: row.get(1)?,
            bytes: row.get(2)?,
            log_index: row.get(3)?,
            received_at: row.get(4)?,
            proof: Proof { level: row.get(5)?, sha256: row.get(6)?, revoked: row.get(7)? },
        })
    }

    fn kept(self) -> Result<Kept, StoreError> {
        Ok(Kept {
            facts: serde_json::from_str(&self.facts).map_err(StoreError::Facts)?,
            sha256: self.sha256,
            bytes: self.bytes.cast_unsigned(),
            log_index: self.log_index.cast_unsigned(),
            received_at: OffsetDateTime::parse(&self.received_at, &Rfc3339)
                .map_err(StoreError::Time)?,
            proof: self.proof,
        })
    }
}

fn query(action: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Query { action, source }
}

fn digest_of(
    from: &Connection,
    device: &str,
    sequence: u64,
) -> Result<Option<[u8; 32]>, StoreError> {
    let sql = "SELECT sha256 FROM copies WHERE device = ?1 AND sequence = ?2";
    from.query_row(sql, params![device, sequence.cast_signed()], |row| row.get(0))
        .optional()
        .map_err(query("find a sequence number"))
}

/// Why `incoming` adds nothing: it is there already, or stands against a copy that is.
fn conflict(in_: &Transaction<'_>, incoming: &Incoming<'_>) -> Result<Option<Outcome>, StoreError> {
    let facts = incoming.facts;
    match digest_of(in_, &facts.device, facts.sequence)? {
        Some(digest) if digest == incoming.sha256 => return Ok(Some(Outcome::Kept)),
        Some(_) => return Ok(Some(Outcome::SequenceTaken)),
        None => {}
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM copies WHERE code = ?1 OR sha256 = ?2
               OR (device = ?3 AND book = ?4 AND number = ?5))";
    let values = params![facts.code, incoming.sha256, facts.device, facts.book, facts.number];
    let taken: bool =
        in_.query_row(sql, values, |row| row.get(0)).map_err(query("look for duplicates"))?;
    Ok(taken.then_some(Outcome::Duplicate))
}

/// The next log index and the head so far.
fn tip(of: &Connection) -> Result<(u64, [u8; 32]), StoreError> {
    let sql = "SELECT log_index + 1, head FROM log ORDER BY log_index DESC LIMIT 1";
    of.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))
        .optional()
        .map(|tip| tip.unwrap_or((0, LOG_START)))
        .map_err(query("read the log's head"))
}

#[cfg(test)]
mod tests;
