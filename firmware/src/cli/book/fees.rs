//! `kiosk book fees`: what is due of the copies, what was taken, how, and by whom. No requester is
//! named.

use std::collections::BTreeMap;

use formats_book::money;
use serde_json::json;

use super::super::{Outcome, complain, say};
use super::refusals::{Period, in_period};
use crate::clock::VIETNAM;
use crate::store::{self, FeeEntry, FeeMeans};

/// Runs the command. Degraded while a fee of the period is due.
pub(super) fn fees(args: &Period) -> Outcome {
    let (from, to) = match args.days() {
        Ok(days) => days,
        Err(outcome) => return outcome,
    };
    let mut found = match store::list_fees(&args.state) {
        Ok(found) => found,
        Err(error) => return complain(&error, error.hint()),
    };
    found.retain(|fee| in_period(fee.issued_at, from, to));
    let due: u64 = found.iter().filter(|fee| fee.taken.is_none()).map(|fee| fee.vnd).sum();
    let mut taken = BTreeMap::new();
    for fee in &found {
        if let Some(how) = &fee.taken {
            *taken.entry(how.means).or_insert(0) += fee.vnd;
        }
    }
    if args.json {
        let fees: Vec<_> = found.iter().map(as_json).collect();
        let taken: BTreeMap<_, _> =
            taken.into_iter().map(|(means, vnd)| (code(means), vnd)).collect();
        say(json!({ "fees": fees, "due_vnd": due, "taken_vnd": taken }));
    } else {
        for fee in &found {
            say(line(fee));
        }
        say(format_args!("due {} VND", money(due)));
        for (means, vnd) in taken {
            say(format_args!("{} {} VND", code(means), money(vnd)));
        }
    }
    if due > 0 { Outcome::Degraded } else { Outcome::Done }
}

const fn code(means: FeeMeans) -> &'static str {
    match means {
        FeeMeans::Transfer => "transfer",
        FeeMeans::Cash => "cash",
        FeeMeans::Card => "card",
    }
}

fn line(fee: &FeeEntry) -> String {
    let at = fee.issued_at.to_offset(VIETNAM).truncate_to_second();
    let how = match &fee.taken {
        None => "due".into(),
        Some(taken) => {
            let reference = taken.reference.as_deref().unwrap_or_default();
            let how = format!("{} {reference}", code(taken.means));
            format!("{}, taken by {}", how.trim_end(), taken.officer)
        }
    };
    format!("{at}  {} no. {}  {} VND  {how}", fee.book, fee.number, money(fee.vnd))
}

fn as_json(fee: &FeeEntry) -> serde_json::Value {
    let taken = fee.taken.as_ref().map(|taken| {
        json!({
            "at": taken.at.to_string(),
            "means": code(taken.means),
            "reference": taken.reference,
            "officer": taken.officer,
        })
    });
    json!({
        "issued_at": fee.issued_at.to_string(),
        "book": fee.book,
        "number": fee.number,
        "vnd": fee.vnd,
        "taken": taken,
    })
}
