//! Walks the log from its start and finds the first entry that does not fit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use formats_wire::{LOG_START, Receipt};
use rusqlite::Connection;

use super::{StoreError, query};

const READ: &str = "read the log";

/// Checks every index, every head, and that each entry has the copy it speaks of.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT log.log_index, receipt, head, device, sequence, code, sha256
               FROM log LEFT JOIN copies USING (log_index) ORDER BY log.log_index";
    let mut statement = connection.prepare(sql).map_err(query(READ))?;
    let mut rows = statement.query([]).map_err(query(READ))?;
    let mut previous = LOG_START;
    let mut index = 0;
    while let Some(row) = rows.next().map_err(query(READ))? {
        previous = entry(row, index, &previous).ok_or(StoreError::Chain { index })?;
        index += 1;
    }
    Ok(())
}

/// The head after a row, if the row is the entry that belongs at `index`.
fn entry(row: &rusqlite::Row<'_>, index: u64, previous: &[u8; 32]) -> Option<[u8; 32]> {
    let stored: i64 = row.get(0).ok()?;
    let text: String = row.get(1).ok()?;
    let head: [u8; 32] = row.get(2).ok()?;
    let receipt = Receipt::from_bytes(&STANDARD.decode(text).ok()?).ok()?;
    let of_copy = row.get::<_, String>(3).ok()? == receipt.device
        && row.get::<_, i64>(4).ok()? == receipt.sequence.cast_signed()
        && row.get::<_, String>(5).ok()? == receipt.code
        && row.get::<_, [u8; 32]>(6).ok()? == receipt.sha256;
    let in_order = stored.cast_unsigned() == index && receipt.log_index == index;
    let chained = receipt.head_after(previous).ok()? == head && receipt.log_head == head;
    (of_copy && in_order && chained).then_some(head)
}
