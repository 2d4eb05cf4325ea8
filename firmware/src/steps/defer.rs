//! The appointment: a day by the law's rule, a slip, a record. All of it or none of it.
//!
//! The record names no requester: the slip does, and it is gone when it was handed over.

use formats_book::Slip;
use formats_copy::Product;
use formats_vn::due::{DueError, EXTENSION_DAYS_MAX, Extension};
use time::{Date, OffsetDateTime};

use super::decide::{not_delegated, store_trouble};
use crate::clock::VIETNAM;
use crate::config::Config;
use crate::engine::Parts;
use crate::screen::words;
use crate::store::{self, Record};
use crate::visit::{
    Appointment, Deferral, DeferralReason, Dossier, Say, Severity, Trouble, VisitId,
};

/// Characters of the visit's id that a slip bears: enough to find it among a book's appointments.
const SLIP_CHARS: usize = 8;

/// A way in which this case can be promised for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The reason.
    pub reason: DeferralReason,
    /// Working days more than by the rule.
    pub days: Option<u8>,
    /// For when; none where the requester agrees on a day.
    pub due: Option<OffsetDateTime>,
}

/// Why a copy cannot be promised for a time.
#[derive(Debug, thiserror::Error)]
enum NoAppointment {
    /// The slip is a paper of the procedure of certification.
    #[error("only certified copies are promised for later with a slip")]
    Product,
    /// The reason allows another extension.
    #[error("the reason {reason} does not allow {extension:?}")]
    Reason {
        /// Its code.
        reason: &'static str,
        /// What was asked for.
        extension: Extension,
    },
    /// No day can be told.
    #[error("no day can be promised: {0}")]
    Day(DueError),
    /// The hour is over already.
    #[error("{due} is over already")]
    Over {
        /// The time that would be promised.
        due: OffsetDateTime,
    },
    /// The built-in days cannot be used.
    #[error("the built-in working days cannot be used")]
    Days,
}

/// When a copy is due that was received at this time.
fn due(
    config: &Config,
    received: OffsetDateTime,
    now: OffsetDateTime,
    extension: Extension,
) -> Result<OffsetDateTime, NoAppointment> {
    if config.authority.product != Product::ChungThuc {
        return Err(NoAppointment::Product);
    }
    let calendar = config.calendar().map_err(|_| NoAppointment::Days)?;
    let day: Date = calendar.due(received, extension).map_err(NoAppointment::Day)?;
    let due = day.with_time(config.days.until.0).assume_offset(VIETNAM);
    if due <= now || due <= received { Err(NoAppointment::Over { due }) } else { Ok(due) }
}

/// The ways in which a case that was received at this time can be promised for later.
pub fn choices(config: &Config, received: OffsetDateTime, now: OffsetDateTime) -> Vec<Choice> {
    let choice = |reason, days: Option<u8>| {
        let extension = days.map_or(Extension::None, Extension::WorkingDays);
        let due = due(config, received, now, extension).ok()?;
        Some(Choice { reason, days, due: Some(due) })
    };
    let longer = [DeferralReason::Many, DeferralReason::Hard].into_iter();
    let longer = longer.flat_map(|reason| (1..=EXTENSION_DAYS_MAX).map(move |d| (reason, Some(d))));
    let mut found: Vec<_> = [(DeferralReason::Rule, None)]
        .into_iter()
        .chain(longer)
        .filter_map(|(reason, days)| choice(reason, days))
        .collect();
    if config.authority.product == Product::ChungThuc {
        found.push(Choice { reason: DeferralReason::Agreed, days: None, due: None });
    }
    found
}

/// Promises the copy for later: the slip is made, then the record. Needs no PIN and no token.
pub fn defer(
    parts: &Parts,
    dossier: &Dossier,
    received: OffsetDateTime,
    deferral: &Deferral,
) -> Result<(Appointment, Vec<u8>), Trouble> {
    super::clock::require(parts)?;
    let Deferral { reason, extension, .. } = *deferral;
    let Some(officer) = parts.config.officer(&deferral.officer) else {
        return Err(not_delegated("no such officer in the site file"));
    };
    if !reason.allows(extension) {
        return Err(trouble(&NoAppointment::Reason { reason: reason.code(), extension }));
    }
    let (config, now) = (&parts.config, parts.clock.now());
    let due = due(config, received, now, extension).map_err(|error| trouble(&error))?;
    let number = slip_number(&dossier.visit);
    let received = received.to_offset(VIETNAM);
    let slip = parts.sealer.slip(&Slip {
        number: number.clone(),
        authority: config.authority.name.clone(),
        place: config.authority.place.clone(),
        device: config.device.id.clone(),
        requester: deferral.requester.clone(),
        original: deferral.title.clone(),
        pages: dossier.pages.len(),
        copies: dossier.copies,
        reason: words::deferral(reason).vi,
        receiver: officer.name.clone(),
        received,
        due,
    })?;
    let record = Record::Deferred(store::Deferral {
        visit: dossier.visit.0.clone(),
        slip: number.clone(),
        reason: reason.code().into(),
        officer: officer.name.clone(),
        received,
        due,
    });
    parts.store.record(record).map_err(|error| store_trouble(&error))?;
    Ok((Appointment { slip: number, reason, received, due }, slip))
}

fn slip_number(visit: &VisitId) -> String {
    visit.0.chars().take(SLIP_CHARS).collect::<String>().to_uppercase()
}

fn trouble(error: &NoAppointment) -> Trouble {
    Trouble {
        say: Say::NoAppointment,
        cause: error.to_string(),
        remedy: "choose another reason or day; days of a new year come with an update".into(),
        severity: Severity::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn config(product: &str) -> Config {
        let key = serde_json::json!({ "token": "t", "key": "k", "pin_file": "pin" });
        let site = serde_json::json!({
            "board": "b", "state_dir": "s", "device": { "id": "D", "key": key },
            "authority": { "name": "A", "place": "P", "product": product, "key": key },
            "officers": [], "book": { "name": "01/2026-SCT/BS" },
            "registry": {
                "device_url": "https://r", "ca": "c", "receipt_key": "k", "public_url": "https://p",
            },
            "screen": { "listen": "127.0.0.1:0" }, "trust": { "roots": "r" },
        });
        serde_json::from_value(site).expect("a site file")
    }

    #[test]
    fn after_three_the_rule_gives_the_next_working_day_and_reasons_give_two_more_at_most() {
        let at = datetime!(2026-11-27 15:20 +7);
        let found = choices(&config("chung-thuc"), at, at);
        let seen: Vec<_> =
            found.iter().map(|c| (c.reason.code(), c.due.map(|d| d.date()))).collect();
        let (rule, one, two) =
            (date!(2026 - 11 - 30), date!(2026 - 12 - 01), date!(2026 - 12 - 02));
        let expected = [
            ("RULE", Some(rule)),
            ("MANY", Some(one)),
            ("MANY", Some(two)),
            ("HARD", Some(one)),
            ("HARD", Some(two)),
            ("AGREED", None),
        ];
        assert_eq!(seen, expected);
        assert_eq!(found[0].due, Some(datetime!(2026-11-30 17:00 +7)));
    }

    #[test]
    fn nothing_is_promised_for_an_hour_that_is_over_or_by_a_reason_that_does_not_allow_it() {
        let (received, late) = (datetime!(2026-11-27 14:50 +7), datetime!(2026-11-27 17:10 +7));
        let over = due(&config("chung-thuc"), received, late, Extension::None);
        assert!(matches!(over, Err(NoAppointment::Over { .. })), "{over:?}");
        let rest = choices(&config("chung-thuc"), received, late);
        assert!(rest.iter().all(|choice| choice.reason != DeferralReason::Rule), "{rest:?}");
        assert!(!DeferralReason::Rule.allows(Extension::WorkingDays(1)));
        assert!(!DeferralReason::Many.allows(Extension::Agreed(date!(2027 - 01 - 04))));
        assert!(DeferralReason::Agreed.allows(Extension::Agreed(date!(2027 - 01 - 04))));
    }

    #[test]
    fn only_certified_copies_have_appointments() {
        let at = datetime!(2026-11-27 09:00 +7);
        assert_eq!(choices(&config("sao-y"), at, at), []);
        let refused = due(&config("sao-y"), at, at, Extension::None);
        assert!(matches!(refused, Err(NoAppointment::Product)));
    }
}
