//! `kiosk outbox …`: the copies this kiosk keeps, how far each has come, and the way by stick.
//! Works beside the running kiosk: it reads, and leaves what is to be put on record in the spool.

use std::path::PathBuf;
use std::sync::Arc;

use formats_files::RealDisk;
use serde_json::json;

use super::run::identity;
use super::{OfState, Outcome, complain, say};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::stick::{self, StickAnswer};
use crate::store::{self, CopySummary, Delivery, Store, StoreError};
use crate::upload::Identity;

/// Looks at the kept copies, and carries them by stick.
#[derive(Debug, clap::Subcommand)]
pub enum Outbox {
    /// Lists all copies, oldest first.
    List(OfState),
    /// Writes copies that wait for the registry to a stick.
    Export(Export),
    /// Takes the registry's receipts home from a stick.
    Receipts(Receipts),
}

/// What to write, and where.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The stick's folder.
    stick: PathBuf,
    /// Delivered copies too, as far as they are still kept.
    #[arg(long)]
    all: bool,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Where the receipts are.
#[derive(Debug, clap::Args)]
pub struct Receipts {
    /// The stick's folder.
    stick: PathBuf,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn outbox(command: &Outbox) -> Outcome {
    match command {
        Outbox::List(args) => list(args),
        Outbox::Export(args) => export(args),
        Outbox::Receipts(args) => receipts(args),
    }
}

/// Degraded when a copy was rejected by the registry.
fn list(args: &OfState) -> Outcome {
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

/// Degraded when not all copies found room on the stick.
fn export(args: &Export) -> Outcome {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let mut copies = match store::list_copies(&config.state_dir) {
        Ok(copies) => copies,
        Err(error) => return complain(&error, error.hint()),
    };
    if !args.all {
        copies.retain(|copy| !matches!(copy.delivery, Delivery::Delivered { .. }));
    }
    // With --all: what has aged out is at the registry, and no longer here.
    copies.retain(|copy| copy.aged_out_at.is_none());
    let state = RealDisk::new(config.state_dir.clone());
    let to = RealDisk::new(args.stick.clone());
    let read = |copy: &CopySummary| store::read_copy(&config.state_dir, &copy.sha256);
    let export = match stick::export(&to, &config.device.id, &copies, read) {
        Ok(export) => export,
        Err(error) => return complain(&error, error.hint()),
    };
    if let Err(error) = stick::put_export(&state, &export.medium, &export.on_stick) {
        return complain(&error, "the copies are on the stick; make the state folder writable");
    }
    settle(&config);
    if args.json {
        say(json!({
            "medium": export.medium, "on_stick": export.on_stick, "before": export.before,
            "left": export.left,
        }));
    } else {
        say(format_args!(
            "{} copies are on the stick, {} of them from before, as {}",
            export.on_stick.len(),
            export.before,
            export.medium
        ));
    }
    if export.left == 0 {
        return Outcome::Done;
    }
    if !args.json {
        say(format_args!(
            "{} copies found no room: take them to the registry with another stick",
            export.left
        ));
    }
    Outcome::Degraded
}

/// Degraded when an answer is a refusal or cannot be believed.
fn receipts(args: &Receipts) -> Outcome {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let identity = match identity(&config) {
        Ok(identity) => identity,
        Err(error) => return complain(&*error, "correct registry.receipt_key in the site file"),
    };
    let answers = match stick::answers(&RealDisk::new(args.stick.clone()), &config.device.id) {
        Ok(answers) => answers,
        Err(error) => return complain(&error, error.hint()),
    };
    let copies = match store::list_copies(&config.state_dir) {
        Ok(copies) => copies,
        Err(error) => return complain(&error, error.hint()),
    };
    let state = RealDisk::new(config.state_dir.clone());
    let (mut taken, mut faults) = (Vec::new(), Vec::new());
    for (sequence, answer) in answers {
        match judge(sequence, &answer, &copies, &identity) {
            Err(why) => faults.push((sequence, why)),
            Ok(()) => {
                let StickAnswer::Receipt(receipt) = answer else { continue };
                if let Err(error) = stick::put_receipt(&state, sequence, &receipt) {
                    return complain(&error, "make the state folder writable and run again");
                }
                taken.push(sequence);
            }
        }
    }
    let by = settle(&config);
    if args.json {
        let faults: Vec<_> =
            faults.iter().map(|(s, why)| json!({ "sequence": s, "why": why })).collect();
        say(json!({ "taken": taken, "faults": faults }));
    } else {
        say(format_args!("{} receipts taken; {by}", taken.len()));
        for (sequence, why) in &faults {
            say(format_args!("copy {sequence}: {why}"));
        }
    }
    if faults.is_empty() { Outcome::Done } else { Outcome::Degraded }
}

/// Whether an answer is a receipt for a copy of this kiosk; else what the technician is told.
fn judge(
    sequence: u64,
    answer: &StickAnswer,
    copies: &[CopySummary],
    identity: &Identity,
) -> Result<(), String> {
    let receipt = match answer {
        StickAnswer::Receipt(receipt) => receipt,
        StickAnswer::Refused(r) => {
            return Err(format!("the registry refuses it: {}: {} / {}", r.code, r.vi, r.en));
        }
        StickAnswer::Unreadable => return Err("the answer cannot be read".into()),
    };
    let Some(copy) = copies.iter().find(|copy| copy.sequence == sequence) else {
        return Err("this kiosk has no such copy".into());
    };
    identity.believe(receipt, copy).map(drop).map_err(|fault| crate::chain(&fault))
}

/// Empties the spool here if no kiosk runs; says who does it.
fn settle(config: &Config) -> &'static str {
    const LATER: &str = "the kiosk puts them on record when it runs next";
    let store = match Store::open(&config.state_dir, Arc::new(SystemClock)) {
        Ok((store, _)) => store,
        Err(StoreError::Locked { .. }) => {
            return "the running kiosk puts them on record within seconds";
        }
        Err(_) => return LATER,
    };
    let Ok(identity) = identity(config) else { return LATER };
    let state = RealDisk::new(config.state_dir.clone());
    match stick::drain(&state, &store, &identity) {
        Ok(_) => "they are on record",
        Err(_) => LATER,
    }
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
