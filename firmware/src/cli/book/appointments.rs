//! `kiosk book appointments`: what was promised for later, and for when. No requester is named.

use serde_json::json;

use super::super::{OfState, Outcome, complain, say};
use super::refusals::of_code;
use crate::clock::VIETNAM;
use crate::screen::words;
use crate::store::{self, Deferral};
use crate::visit::DeferralReason;

/// Runs the command.
pub(super) fn appointments(args: &OfState) -> Outcome {
    let found = match store::list_deferrals(&args.state) {
        Ok(found) => found,
        Err(error) => return complain(&error, error.hint()),
    };
    if args.json {
        say(json!({ "appointments": found.iter().map(as_json).collect::<Vec<_>>() }));
        return Outcome::Done;
    }
    for deferral in &found {
        say(line(deferral));
    }
    say(format_args!("{} appointments", found.len()));
    Outcome::Done
}

fn reason(deferral: &Deferral) -> words::Sentence {
    of_code(&deferral.reason, DeferralReason::with_code, words::deferral)
}

fn line(deferral: &Deferral) -> String {
    let due = deferral.due.to_offset(VIETNAM);
    let received = deferral.received.to_offset(VIETNAM).truncate_to_second();
    format!(
        "{}  due {due}, received {received}  [{}] {}  by {}",
        deferral.slip,
        deferral.reason,
        reason(deferral).vi,
        deferral.officer
    )
}

fn as_json(deferral: &Deferral) -> serde_json::Value {
    json!({
        "slip": deferral.slip,
        "visit": deferral.visit,
        "code": deferral.reason,
        "reason": reason(deferral),
        "officer": deferral.officer,
        "received": deferral.received.to_string(),
        "due": deferral.due.to_string(),
    })
}
