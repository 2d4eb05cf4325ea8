//! `kiosk status`: how the running daemon is.

use std::path::PathBuf;

use super::selftest::{outcome, print, running};
use super::{Outcome, complain, refuse, say};
use crate::config::Config;
use crate::fleet::status::Status;

/// Says what the daemon does, what waits, and what is wrong. Ends with 1 when no daemon answers or
/// something does not work, 3 when a person should see to something.
#[derive(Debug, clap::Args)]
pub struct StatusOf {
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn status(args: &StatusOf) -> Outcome {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "`kiosk config validate` tells all that is wrong"),
    };
    let daemon = match running(&config) {
        Ok(daemon) => daemon,
        Err(why) => {
            refuse(why, "`systemctl status kiosk` tells why; `kiosk selftest` checks without it");
            return Outcome::Failed;
        }
    };
    let status = match daemon.status() {
        Ok(status) => status,
        Err(error) => return complain(&error, "look into the log: `journalctl -u kiosk`"),
    };
    if args.json {
        match serde_json::to_string(&status) {
            Ok(text) => say(text),
            Err(error) => return complain(&error, "report this"),
        }
    } else {
        table(&status);
    }
    outcome(&status.findings)
}

fn table(status: &Status) {
    let Status { device, version, board, models, uptime_s, memory_bytes, visit, .. } = status;
    say(format_args!("{device}: kiosk {version} on {board}, reading with {}", models.join(", ")));
    let memory = memory_bytes.map(|bytes| format!(", {} MiB in use", bytes / (1024 * 1024)));
    say(format_args!("running for {} min{}", uptime_s / 60, memory.unwrap_or_default()));
    say(format_args!("visit: {} since {}", visit.state, visit.since));
    match &status.book {
        Some(book) => say(format_args!(
            "book {}: {} numbers issued, {} days left",
            book.name, book.issued, book.days_left
        )),
        None => say("no book is open"),
    }
    let outbox = &status.outbox;
    let oldest = outbox.oldest.map(|at| format!(", the oldest of {at}")).unwrap_or_default();
    say(format_args!(
        "outbox: {} copies wait, {} are refused, {} KiB{oldest}",
        outbox.waiting,
        outbox.rejected,
        outbox.bytes / 1024
    ));
    match outbox.last_receipt {
        Some(at) => say(format_args!("last receipt of the registry: {at}")),
        None => say("no receipt of the registry yet"),
    }
    status.findings.iter().for_each(print);
}
