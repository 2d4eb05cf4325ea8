//! What is known of each copy's proof for the decades: how far it has come, when to look again.

use rusqlite::params;
use time::OffsetDateTime;

use super::{Store, StoreError, query};

/// How far the proof of a kept copy has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The standard's name of what the strongest file carries (`B-B` … `B-LTA`); none before the
    /// first look.
    pub level: Option<String>,
    /// SHA-256 of the strongest file, when it is longer than the one that was received.
    pub sha256: Option<[u8; 32]>,
    /// Whether an answer of a trust service shows that a signer's certificate had been revoked.
    pub revoked: bool,
}

/// A copy whose proof is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) log_index: u64,
    /// SHA-256 of the file as it was received.
    pub(crate) received: [u8; 32],
    /// SHA-256 of the strongest file so far, if it is another.
    pub(crate) strongest: Option<[u8; 32]>,
    /// Failures in a row.
    pub(crate) tries: u32,
}

impl Store {
    /// Copies whose proof is due, the longest due first.
    pub(crate) fn proofs_due(
        &self,
        now: OffsetDateTime,
        count: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let sql = "SELECT log_index, copies.sha256, proofs.sha256, tries
                   FROM proofs JOIN copies USING (log_index)
                   WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
        let failed = query("look for due proofs");
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map(params![now.unix_timestamp(), count as i64], |row| {
            Ok(Due {
                log_index: row.get::<_, i64>(0)?.cast_unsigned(),
                received: row.get(1)?,
                strongest: row.get(2)?,
                tries: row.get(3)?,
            })
        });
        rows.map_err(&failed)?.collect::<Result<_, _>>().map_err(&failed)
    }

    /// How far a copy's proof has come.
    pub(crate) fn proof(&self, log_index: u64) -> Result<Proof, StoreError> {
        let sql = "SELECT level, sha256, revoked FROM proofs WHERE log_index = ?1";
        self.connection()
            .query_row(sql, [log_index.cast_signed()], |row| {
                Ok(Proof { level: row.get(0)?, sha256: row.get(1)?, revoked: row.get(2)? })
            })
            .map_err(query("read a proof"))
    }

    /// Notes how far a proof has come, after `tries` failures in a row, and when to look again.
    pub(crate) fn note_proof(
        &self,
        log_index: u64,
        proof: &Proof,
        tries: u32,
        due_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE proofs SET level = ?2, sha256 = ?3, revoked = ?4, tries = ?5, due_at = ?6
                   WHERE log_index = ?1";
        let values = params![
            log_index.cast_signed(),
            proof.level,
            proof.sha256,
            proof.revoked,
            tries,
            due_at.unix_timestamp()
        ];
        self.connection().execute(sql, values).map_err(query("note a proof"))?;
        Ok(())
    }
}
