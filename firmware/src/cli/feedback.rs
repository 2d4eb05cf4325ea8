//! `kiosk feedback`: what people said of the service, by day. It names nobody.

use std::collections::BTreeMap;

use serde_json::json;
use time::Date;

use super::book::Period;
use super::{Outcome, complain, say};
use crate::clock::VIETNAM;
use crate::store;
use crate::visit::{Complaint, Rating};

/// A day's answers.
#[derive(Debug, Default)]
struct Day {
    ratings: BTreeMap<Rating, u32>,
    complaints: BTreeMap<Complaint, u32>,
}

/// Runs the command.
pub fn feedback(args: &Period) -> Outcome {
    let (from, to) = match args.days() {
        Ok(days) => days,
        Err(outcome) => return outcome,
    };
    let found = match store::list_feedback(&args.state) {
        Ok(found) => found,
        Err(error) => return complain(&error, error.hint()),
    };
    let mut days = BTreeMap::<Date, Day>::new();
    for (at, feedback) in found {
        let date = at.to_offset(VIETNAM).date();
        if from.is_some_and(|from| date < from) || to.is_some_and(|to| to < date) {
            continue;
        }
        let day = days.entry(date).or_default();
        *day.ratings.entry(feedback.rating).or_default() += 1;
        if let Some(complaint) = feedback.complaint {
            *day.complaints.entry(complaint).or_default() += 1;
        }
    }
    if args.json {
        let days: Vec<_> = days.iter().map(|(date, day)| as_json(*date, day)).collect();
        say(json!({ "days": days }));
        return Outcome::Done;
    }
    for (date, day) in &days {
        say(line(*date, day));
    }
    if days.is_empty() {
        say("nobody said anything");
    }
    Outcome::Done
}

fn counts<K: serde::Serialize + Ord>(of: &BTreeMap<K, u32>) -> serde_json::Value {
    serde_json::to_value(of).unwrap_or_default()
}

fn as_json(date: Date, day: &Day) -> serde_json::Value {
    let (ratings, complaints) = (counts(&day.ratings), counts(&day.complaints));
    json!({ "day": date.to_string(), "ratings": ratings, "complaints": complaints })
}

fn line(date: Date, day: &Day) -> String {
    let of = |rating| day.ratings.get(&rating).copied().unwrap_or_default();
    let (good, fair, poor) = (of(Rating::Good), of(Rating::Fair), of(Rating::Poor));
    let complaints = counts(&day.complaints);
    let complaints = complaints.as_object().into_iter().flatten();
    let told: Vec<_> = complaints.map(|(what, count)| format!("{what} {count}")).collect();
    let told = if told.is_empty() { String::new() } else { format!("  ({})", told.join(", ")) };
    format!("{date}  good {good}, fair {fair}, poor {poor}{told}")
}
