//! What the kiosk must not lose: room for it, the journal, the copies, the book. Read beside a
//! running daemon; nothing is changed.

use std::path::Path;

use formats_book::BookName;
use formats_files::{Disk as _, RealDisk};
use time::{Duration, OffsetDateTime};

use crate::clock::VIETNAM;
use crate::config::Config;
use crate::fleet::check::{FaultId, Finding, Subject};
use crate::store::{self, CopySummary, Delivery};

/// From here on a copy that waits for the registry is spoken of: a van comes home every day.
const WAITS_LONG: Duration = Duration::days(3);
const MIB: u64 = 1024 * 1024;
/// Why there is no book and no outbox to look at.
const NOTHING: &str = "no journal is there yet";

/// Room on the data partition.
pub fn space(state: &Path, config: &Config, _: OffsetDateTime) -> Vec<Finding> {
    let reserve = config.space.reserve_mib.saturating_mul(MIB);
    // The folder is made at the first start, on the disk of the one above.
    let there = state.ancestors().find(|folder| folder.is_dir()).unwrap_or(state);
    vec![match RealDisk::new(there.to_owned()).free_bytes() {
        Ok(free) => room(free, reserve),
        Err(error) => {
            let cause = format!("{}: {error}", state.display());
            let remedy = "mount the data partition, or correct state_dir";
            Finding::fault(Subject::Space, FaultId::SpaceUnknown, cause, remedy)
        }
    }]
}

fn room(free: u64, reserve: u64) -> Finding {
    const REMEDY: &str = "connect the kiosk so that copies can be delivered, or carry them by \
                          stick (`kiosk outbox export`)";
    let said = format!("{} MiB free, {} MiB are the reserve", free / MIB, reserve / MIB);
    if free < reserve {
        Finding::fault(Subject::Space, FaultId::SpaceOut, said, REMEDY)
    } else if free < reserve.saturating_mul(2) {
        Finding::fault(Subject::Space, FaultId::SpaceLow, said, REMEDY)
    } else {
        Finding::ok(Subject::Space, said)
    }
}

/// The journal's chain and every copy against its digest.
pub fn journal(state: &Path, _: &Config, _: OffsetDateTime) -> Vec<Finding> {
    let subject = Subject::Journal;
    if !has_journal(state) {
        let cause = format!("no journal is in {}", state.display());
        let remedy = "start a new kiosk; on one that has issued copies, mount the data partition";
        return vec![Finding::fault(subject, FaultId::JournalMissing, cause, remedy)];
    }
    let audit = match store::verify_journal(state) {
        Ok(audit) => audit,
        Err(error) => {
            let cause = crate::chain(&error);
            return vec![Finding::fault(subject, FaultId::JournalDamaged, cause, error.hint())];
        }
    };
    let mut found = Vec::new();
    if !audit.damaged_copies.is_empty() {
        let cause = format!("{} copies are missing or changed", audit.damaged_copies.len());
        let remedy = "keep the disk, replace it, call the maintainer; `kiosk journal verify` names \
                      the copies";
        found.push(Finding::fault(subject, FaultId::CopiesDamaged, cause, remedy));
    }
    if !audit.unexplained.is_empty() {
        let cause = format!("{} files that no record explains", audit.unexplained.len());
        let remedy = "`kiosk journal verify` names them; remove what a person put there";
        found.push(Finding::fault(subject, FaultId::CopiesUnexplained, cause, remedy));
    }
    if found.is_empty() {
        let said = format!("{} records, the chain holds", audit.records);
        found.push(Finding::ok(subject, format!("{said}; {} copies", audit.sums.issued)));
    }
    found
}

/// Whether the kiosk ever ran with this folder.
fn has_journal(state: &Path) -> bool {
    state.join("journal").is_dir()
}

/// Whether a book is open that numbers copies of today.
pub fn book(state: &Path, _: &Config, now: OffsetDateTime) -> Vec<Finding> {
    let subject = Subject::Book;
    if !has_journal(state) {
        return vec![Finding::skipped(subject, NOTHING)];
    }
    let books = match store::list_books(state) {
        Ok(books) => books,
        Err(error) => return vec![Finding::skipped(subject, crate::chain(&error))],
    };
    let year = now.to_offset(VIETNAM).year();
    let open = books.iter().find(|book| !book.is_closed());
    let fits = |book: &&store::BookTotals| {
        book.book.parse::<BookName>().is_ok_and(|name| name.year == year)
    };
    let remedy = "open this year's book: `kiosk book open`, and name it in the site file";
    let fault = |cause| Finding::fault(subject, FaultId::BookNotOpen, cause, remedy);
    vec![match (open, open.filter(fits)) {
        (_, Some(book)) => {
            Finding::ok(subject, format!("{}: {} numbers issued", book.book, book.issued))
        }
        (Some(book), None) => fault(format!("{} does not number copies of {year}", book.book)),
        (None, _) => fault("no book is open".into()),
    }]
}

/// The copies on their way to the registry.
pub fn outbox(state: &Path, _: &Config, now: OffsetDateTime) -> Vec<Finding> {
    if !has_journal(state) {
        return vec![Finding::skipped(Subject::Outbox, NOTHING)];
    }
    match store::list_copies(state) {
        Ok(copies) => waiting(&copies, now),
        Err(error) => vec![Finding::skipped(Subject::Outbox, crate::chain(&error))],
    }
}

fn waiting(copies: &[CopySummary], now: OffsetDateTime) -> Vec<Finding> {
    let subject = Subject::Outbox;
    let is_rejected = |copy: &&CopySummary| matches!(copy.delivery, Delivery::Rejected { .. });
    let waits = |copy: &&CopySummary| copy.delivery == Delivery::Waiting;
    let mut found = Vec::new();
    let rejected = copies.iter().filter(is_rejected).count();
    if rejected > 0 {
        let cause = format!("the registry refuses {rejected} copies");
        let remedy = "`kiosk outbox list` has the reasons; call the registry's keeper";
        found.push(Finding::fault(subject, FaultId::CopyRejected, cause, remedy));
    }
    let count = copies.iter().filter(waits).count();
    let oldest = copies.iter().filter(waits).map(|copy| copy.issued_at).min();
    let days = oldest.map(|at| now - at).filter(|waited| *waited >= WAITS_LONG);
    if let Some(waited) = days {
        let cause = format!("{count} copies wait, the oldest for {} days", waited.whole_days());
        let remedy = "see to the link, or carry them by stick (`kiosk outbox export`)";
        found.push(Finding::fault(subject, FaultId::CopyWaitsLong, cause, remedy));
    }
    if found.is_empty() {
        found.push(Finding::ok(subject, format!("{count} copies wait for the registry")));
    }
    found
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::Priority;

    #[test]
    fn room_is_spoken_of_before_the_reserve_is_reached() {
        assert_eq!(room(100, 50).id, None);
        assert_eq!(room(99, 50).id, Some(FaultId::SpaceLow));
        assert_eq!(room(49, 50).id, Some(FaultId::SpaceOut));
    }

    #[test]
    fn copies_that_wait_for_days_or_were_refused_are_told() {
        let at = datetime!(2026-11-20 10:00 +7);
        let copy = |delivery| CopySummary {
            sequence: 1,
            number: 1,
            book: "03/2026-SCT/BS".into(),
            code: String::new(),
            sha256: String::new(),
            bytes: 1,
            issued_at: at,
            priority: Priority::Normal,
            delivery,
            aged_out_at: None,
        };
        let ids = |copies: &[CopySummary], now| -> Vec<_> {
            waiting(copies, now).iter().map(|finding| finding.id).collect()
        };
        let waits = copy(Delivery::Waiting);
        assert_eq!(ids(std::slice::from_ref(&waits), at + Duration::days(2)), [None]);
        let late = at + Duration::days(3);
        assert_eq!(ids(std::slice::from_ref(&waits), late), [Some(FaultId::CopyWaitsLong)]);
        let refused = copy(Delivery::Rejected { at, reason: "digest-mismatch".into() });
        assert_eq!(ids(&[refused], late), [Some(FaultId::CopyRejected)]);
    }
}
