//! `kiosk book due`: the day on which a copy is due, for the appointment slip.

use std::path::PathBuf;

use formats_vn::due::Extension;
use serde_json::json;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::super::{Outcome, complain, refuse, say};
use crate::clock::{Clock, SystemClock, VIETNAM};
use crate::config::Config;

/// When it was received, and how much later than by the rule it is promised.
#[derive(Debug, clap::Args)]
pub struct Due {
    /// When paper and request were complete, in Vietnam's time, such as 2026-11-23T15:10; now
    /// without it.
    #[arg(long)]
    received: Option<String>,
    /// One or two working days more: many papers, hard to compare.
    #[arg(long, conflicts_with = "agreed")]
    extend: Option<u8>,
    /// The day that the requester agreed to in writing, such as 2026-12-01.
    #[arg(long)]
    agreed: Option<String>,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn due(args: &Due) -> Outcome {
    let Some((received, extension)) = asked(args) else {
        return refuse("that is no time or day", "write 2026-11-23T15:10, and days as 2026-12-01");
    };
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let calendar = match config.calendar() {
        Ok(calendar) => calendar,
        Err(error) => return complain(&error, "report it to the maintainer"),
    };
    match calendar.due(received, extension) {
        Ok(day) if args.json => say(json!({ "due": day.to_string() })),
        Ok(day) => say(day),
        Err(error) => {
            return refuse(error, "agree on a working day; days of a new year come with an update");
        }
    }
    Outcome::Done
}

fn asked(args: &Due) -> Option<(OffsetDateTime, Extension)> {
    let received = match &args.received {
        None => SystemClock.now(),
        Some(text) => {
            let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]");
            PrimitiveDateTime::parse(text, minutes).ok()?.assume_offset(VIETNAM)
        }
    };
    let extension = match (&args.agreed, args.extend) {
        (Some(text), _) => {
            let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
            Extension::Agreed(day)
        }
        (None, Some(days)) => Extension::WorkingDays(days),
        (None, None) => Extension::None,
    };
    Some((received, extension))
}
