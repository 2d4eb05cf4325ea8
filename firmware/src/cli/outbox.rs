//! `kiosk outbox …`: the copies this kiosk keeps, and how far each has come. Reads beside the
//! running kiosk and changes nothing.

use std::path::PathBuf;

use serde_json::json;

use super::{Outcome, complain, say};
use crate::store::{self, CopySummary, Delivery};

/// Looks at the kept copies.
#[derive(Debug, clap::Subcommand)]
pub enum Outbox {
    /// Lists all copies, oldest first.
    List(List),
}

/// Which store to list, and how.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The kiosk's state folder.
    #[arg(long, default_value = "/var/lib/kiosk")]
    state: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Degraded when a copy was rejected by the registry.
pub fn outbox(command: &Outbox) -> Outcome {
    let Outbox::List(args) = command;
    let copies = match store::list_copies(&args.state) {
        Ok(copies) => copies,
        Err(error) => return complain(&error, error.hint()),
    };
    if args.json {
        say(json!({ "copies": copies.iter().map(as_json).collect::<Vec<_>>() }));
    } else {
        table(&copies);
    }
    let rejected = copies.iter().any(|copy| matches!(copy.delivery, Delivery::Rejected { .. }));
    if rejected { Outcome::Degraded } else { Outcome::Done }
}

const fn state_of(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "waiting",
        Delivery::Rejected { .. } => "rejected",
        Delivery::Delivered { .. } => "delivered",
    }
}

fn as_json(copy: &CopySummary) -> serde_json::Value {
    let reason = match &copy.delivery {
        Delivery::Rejected { reason, .. } => Some(reason),
        Delivery::Waiting | Delivery::Delivered { .. } => None,
    };
    json!({
        "sequence": copy.sequence,
        "number": copy.number,
        "book": copy.book,
        "code": copy.code,
        "sha256": copy.sha256,
        "bytes": copy.bytes,
        "issued_at": copy.issued_at.to_string(),
        "state": state_of(&copy.delivery),
        "reason": reason,
    })
}

fn table(copies: &[CopySummary]) {
    say("  seq  number  book              code                 state      issued");
    for copy in copies {
        say(format_args!(
            "{:>5} {:>7}  {:<16}  {:<19}  {:<9}  {}",
            copy.sequence,
            copy.number,
            copy.book,
            copy.code,
            state_of(&copy.delivery),
            copy.issued_at.truncate_to_second(),
        ));
        if let Delivery::Rejected { reason, .. } = &copy.delivery {
            say(format_args!("       rejected by the registry: {reason}"));
        }
    }
    let waiting = copies.iter().filter(|copy| matches!(copy.delivery, Delivery::Waiting)).count();
    say(format_args!("{} copies, {waiting} waiting for the registry", copies.len()));
}
