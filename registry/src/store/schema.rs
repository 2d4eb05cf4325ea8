//! The database's versions, each by its own frozen step.

use std::path::Path;

use rusqlite::Connection;

use super::{StoreError, query};

/// Version 1. `log` may only grow; `copies` says what each entry is about.
const V1: &str = "
    CREATE TABLE log (
        log_index INTEGER PRIMARY KEY,
        receipt   TEXT NOT NULL,
        signature TEXT NOT NULL,
        head      BLOB NOT NULL
    ) STRICT;
    CREATE TABLE copies (
        log_index   INTEGER PRIMARY KEY REFERENCES log (log_index),
        upload_id   TEXT NOT NULL UNIQUE,
        device      TEXT NOT NULL,
        sequence    INTEGER NOT NULL,
        code        TEXT NOT NULL UNIQUE,
        book        TEXT NOT NULL,
        number      INTEGER NOT NULL,
        sha256      BLOB NOT NULL UNIQUE,
        bytes       INTEGER NOT NULL,
        received_at TEXT NOT NULL,
        facts       TEXT NOT NULL,
        UNIQUE (device, sequence),
        UNIQUE (device, book, number)
    ) STRICT;
    CREATE TRIGGER log_keeps BEFORE UPDATE ON log
        BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
    CREATE TRIGGER log_stays BEFORE DELETE ON log
        BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
    CREATE TRIGGER copies_keep BEFORE UPDATE ON copies
        BEGIN SELECT RAISE(ABORT, 'a kept copy never changes'); END;
    CREATE TRIGGER copies_stay BEFORE DELETE ON copies
        BEGIN SELECT RAISE(ABORT, 'a kept copy never changes'); END;
    PRAGMA user_version = 1;
";

/// Version 2: what proves each copy for the decades.
const V2: &str = "
    CREATE TABLE proofs (
        log_index INTEGER PRIMARY KEY REFERENCES copies (log_index),
        level     TEXT,
        sha256    BLOB,
        revoked   INTEGER NOT NULL DEFAULT 0,
        tries     INTEGER NOT NULL DEFAULT 0,
        due_at    INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX proofs_due ON proofs (due_at);
    INSERT INTO proofs (log_index) SELECT log_index FROM copies;
    PRAGMA user_version = 2;
";

/// Every step in order; `user_version` counts those done.
const STEPS: [&str; 2] = [V1, V2];

/// Brings a database to this program's version.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let found: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(open)?;
    let known = STEPS.len() as i64;
    if found > known {
        return Err(StoreError::Version { found, known });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        let transaction = connection.transaction().map_err(open)?;
        transaction.execute_batch(step).map_err(query("migrate"))?;
        transaction.commit().map_err(query("migrate"))?;
    }
    Ok(())
}
