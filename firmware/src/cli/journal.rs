//! `kiosk journal …`: the journal that everything is rebuilt from.

use serde_json::json;

use super::{OfState, Outcome, complain, say};
use crate::store::{self, Audit};

/// Looks at the journal.
#[derive(Debug, clap::Subcommand)]
pub enum Journal {
    /// Checks the chain, the book totals and every copy; changes nothing.
    Verify(OfState),
}

/// Runs the command. Failed when the journal is damaged, degraded when a copy's file is.
pub fn journal(command: &Journal) -> Outcome {
    let Journal::Verify(args) = command;
    let audit = match store::verify_journal(&args.state) {
        Ok(audit) => audit,
        Err(error) => return complain(&error, error.hint()),
    };
    if args.json {
        say(as_json(&audit));
    } else {
        report(&audit);
    }
    if audit.is_clean() { Outcome::Done } else { Outcome::Degraded }
}

/// The audit for machines. No name is in it.
pub(super) fn as_json(audit: &Audit) -> serde_json::Value {
    let books: Vec<_> = audit
        .books
        .iter()
        .map(|book| {
            json!({
                "book": book.book, "issued": book.issued, "copies": book.copies,
                "fees_vnd": book.fees_vnd, "closed": book.is_closed(),
            })
        })
        .collect();
    json!({
        "records": audit.records,
        "segments": audit.segments,
        "torn_bytes": audit.torn_bytes,
        "head": audit.head,
        "books": books,
        "reserved": audit.reserved,
        "released": audit.released,
        "issued": audit.sums.issued,
        "acknowledged": audit.sums.acknowledged,
        "delivered": audit.sums.delivered,
        "aged_out": audit.sums.aged_out,
        "printed": audit.sums.printed,
        "exported": audit.sums.exported,
        "log_ins": audit.sums.log_ins,
        "config_changes": audit.sums.config_changes,
        "clock_jumps": audit.sums.clock_jumps,
        "last_scrub": audit.last_scrub.map(|at| at.to_string()),
        "damaged_copies": audit.damaged_copies,
        "unexplained": audit.unexplained,
    })
}

fn report(audit: &Audit) {
    say(format_args!("{} records in {} segments, the chain holds", audit.records, audit.segments));
    say(format_args!("head {}", audit.head));
    for book in &audit.books {
        say(format_args!("book {}: {} numbers, no gap, none twice", book.book, book.issued));
    }
    let sums = &audit.sums;
    say(format_args!("{} copies issued, {} delivered", sums.issued, sums.delivered));
    say(format_args!("{} shown as issued, {} prints", sums.acknowledged, sums.printed));
    say(format_args!("{} removed after their receipt, {} exported", sums.aged_out, sums.exported));
    say(format_args!(
        "{} log-ins of officers, {} changes of the site file, {} jumps of the clock",
        sums.log_ins, sums.config_changes, sums.clock_jumps
    ));
    match audit.last_scrub {
        Some(at) => say(format_args!("read again by the kiosk itself on {at}")),
        None => say("not yet read again by the kiosk itself"),
    }
    if audit.torn_bytes > 0 {
        say(format_args!("{} bytes of an unfinished append: cut at next start", audit.torn_bytes));
    }
    for sha256 in &audit.damaged_copies {
        say(format_args!("DAMAGED or missing: copies/{sha256}.pdf"));
    }
    for file in &audit.unexplained {
        say(format_args!("unexplained file: {file}"));
    }
}
