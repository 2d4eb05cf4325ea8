//! Space on the disk: what is kept free, and how long delivered copies stay.

use time::Duration;

/// What the kiosk does about space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Bytes that must be free before another visit begins.
    pub reserve_bytes: u64,
    /// How long a copy stays after the registry's receipt was put on record.
    pub keep: Duration,
}

impl Default for Policy {
    /// 512 MiB hold more than ten copies of the greatest length beside the journal's growth; a
    /// month lets a citizen come back for a print of the very file.
    fn default() -> Self {
        Self { reserve_bytes: 512 * 1024 * 1024, keep: Duration::days(30) }
    }
}
