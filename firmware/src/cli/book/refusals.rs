//! `kiosk book refusals`: what was refused, why, and by what ground.

use std::path::PathBuf;

use serde_json::json;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::super::{Outcome, complain, refuse, say};
use crate::clock::VIETNAM;
use crate::screen::words::{self, Sentence};
use crate::store::{self, RefusalEntry};
use crate::visit::RefusalReason;

/// Of which days, and how to list them.
#[derive(Debug, clap::Args)]
pub struct Period {
    /// The first day, such as 2026-11-01.
    #[arg(long)]
    from: Option<String>,
    /// The last day.
    #[arg(long)]
    to: Option<String>,
    /// The kiosk's state folder.
    #[arg(long, default_value = "/var/lib/kiosk")]
    pub(in crate::cli) state: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl Period {
    /// The first and the last day, where they are given.
    pub(in crate::cli) fn days(&self) -> Result<(Option<Date>, Option<Date>), Outcome> {
        let day = |text: &String| Date::parse(text, format_description!("[year]-[month]-[day]"));
        match (self.from.as_ref().map(day), self.to.as_ref().map(day)) {
            (Some(Err(_)), _) | (_, Some(Err(_))) => {
                Err(refuse("that is no day", "write it as 2026-11-01"))
            }
            (from, to) => Ok((from.and_then(Result::ok), to.and_then(Result::ok))),
        }
    }
}

/// Whether a time falls into a period, by Vietnam's days.
pub(super) fn in_period(at: OffsetDateTime, from: Option<Date>, to: Option<Date>) -> bool {
    let day = at.to_offset(VIETNAM).date();
    from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
}

/// The words of a reason on record; its bare code if this program does not know it.
pub(super) fn reason(code: &str) -> Sentence {
    of_code(code, RefusalReason::with_code, words::refusal)
}

/// The words of a code on record; the bare code if this program does not know it.
pub(super) fn of_code<R>(
    code: &str,
    known: impl Fn(&str) -> Option<R>,
    words: impl Fn(R) -> Sentence,
) -> Sentence {
    let bare = || Sentence { vi: code.to_owned(), en: code.to_owned() };
    known(code).map_or_else(bare, words)
}

/// What a reason on record rests on.
pub(super) fn ground(code: &str) -> Sentence {
    let none = || Sentence { vi: String::new(), en: String::new() };
    RefusalReason::with_code(code).map_or_else(none, words::refusal_ground)
}

/// Runs the command.
pub(super) fn refusals(args: &Period) -> Outcome {
    let (from, to) = match args.days() {
        Ok(days) => days,
        Err(outcome) => return outcome,
    };
    let mut found = match store::list_refusals(&args.state) {
        Ok(found) => found,
        Err(error) => return complain(&error, error.hint()),
    };
    found.retain(|refusal| in_period(refusal.at, from, to));
    if args.json {
        say(json!({ "refusals": found.iter().map(as_json).collect::<Vec<_>>() }));
        return Outcome::Done;
    }
    for refusal in &found {
        say(line(refusal));
    }
    say(format_args!("{} refusals", found.len()));
    Outcome::Done
}

fn line(refusal: &RefusalEntry) -> String {
    let by = refusal.officer.as_deref().unwrap_or("the machine");
    let (reason, ground) = (reason(&refusal.reason).vi, ground(&refusal.reason).vi);
    let at = refusal.at.to_offset(VIETNAM).truncate_to_second();
    format!("{at}  [{}] {reason}  ({ground})  by {by}", refusal.reason)
}

fn as_json(refusal: &RefusalEntry) -> serde_json::Value {
    json!({
        "at": refusal.at.to_string(),
        "visit": refusal.visit,
        "code": refusal.reason,
        "reason": reason(&refusal.reason),
        "ground": ground(&refusal.reason),
        "officer": refusal.officer,
    })
}
