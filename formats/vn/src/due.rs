//! When a certified copy is due: the same day, after 15:00 the next working day, later only with a
//! reason (Decree 23/2015/NĐ-CP, article 7 and Circular 01/2020/TT-BTP by secondary sources). The
//! days are data: `days.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::macros::{offset, time};
use time::{Date, OffsetDateTime, Time, Weekday};

/// The days that are built in.
const BUILT_IN: &str = include_str!("../days.toml");
/// What is received later than this is due the next working day.
pub const SAME_DAY_UNTIL: Time = time!(15:00);
/// Most working days of an extension without the requester's written agreement.
pub const EXTENSION_DAYS_MAX: u8 = 2;
/// How far a working day is looked for: longer than any run of holidays.
const SEARCH_DAYS_MAX: usize = 60;

/// Working days of public bodies in Vietnam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeSet<i32>,
    /// Days that are not as their weekday says: whether they are worked.
    special: BTreeMap<Date, bool>,
}

/// How much later than by the rule a copy is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// Not later.
    None,
    /// So many working days, 1 or [`EXTENSION_DAYS_MAX`]: many papers, hard to compare.
    WorkingDays(u8),
    /// The day that the requester agreed to in writing.
    Agreed(Date),
}

/// Why no day can be promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DueError {
    /// Nobody told which days of this year are worked.
    #[error("the working days of {year} are not known")]
    Year {
        /// The year.
        year: i32,
    },
    /// An extension has 1 or 2 working days; more need an agreed day.
    #[error("an extension has 1 to {EXTENSION_DAYS_MAX} working days, not {days}")]
    Extension {
        /// What was asked for.
        days: u8,
    },
    /// The agreed day is no working day, or not behind the one by the rule.
    #[error("{day} is no working day behind {rule}, the day by the rule")]
    Agreed {
        /// The agreed day.
        day: Date,
        /// The day by the rule.
        rule: Date,
    },
    /// Nothing but days off was found.
    #[error("no working day follows {day} within {SEARCH_DAYS_MAX} days")]
    NoWorkingDay {
        /// Where the search began.
        day: Date,
    },
}

/// Why days cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// The text is no list of days.
    #[error("the list of days cannot be understood")]
    Parse(#[source] Box<toml::de::Error>),
    /// A day is in the list of another year.
    #[error("{day} is listed under {year}")]
    Year {
        /// The day.
        day: Date,
        /// The list's year.
        year: i32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    years: Vec<Year>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    year: i32,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    off: Vec<Day>,
    worked: Vec<Day>,
}

/// A day as `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day(#[serde(with = "iso_date")] pub Date);

impl Calendar {
    /// The days that are built in.
    pub fn built_in() -> Result<Self, CalendarError> {
        Self::parse(BUILT_IN)
    }

    /// Reads lists of days.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let listed: Listed = toml::from_str(text).map_err(|e| CalendarError::Parse(Box::new(e)))?;
        let mut calendar = Self { years: BTreeSet::new(), special: BTreeMap::new() };
        for Year { year, off, worked, .. } in listed.years {
            let wrong = off.iter().chain(&worked).find(|day| day.0.year() != year);
            if let Some(Day(day)) = wrong {
                return Err(CalendarError::Year { day: *day, year });
            }
            calendar.years.insert(year);
            calendar = calendar.with(&off, &worked);
        }
        Ok(calendar)
    }

    /// The calendar with days of a site: off, and worked in exchange. They count before those that
    /// are built in.
    #[must_use]
    pub fn with(mut self, off: &[Day], worked: &[Day]) -> Self {
        self.special.extend(off.iter().map(|day| (day.0, false)));
        self.special.extend(worked.iter().map(|day| (day.0, true)));
        self
    }

    /// Whether public bodies work on a day.
    pub fn is_worked(&self, day: Date) -> Result<bool, DueError> {
        if !self.years.contains(&day.year()) {
            return Err(DueError::Year { year: day.year() });
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(self.special.get(&day).copied().unwrap_or(!weekend))
    }

    /// The first working day behind a day.
    pub fn next_worked(&self, day: Date) -> Result<Date, DueError> {
        let mut next = day;
        for _ in 0..SEARCH_DAYS_MAX {
            next = next.next_day().ok_or(DueError::NoWorkingDay { day })?;
            if self.is_worked(next)? {
                return Ok(next);
            }
        }
        Err(DueError::NoWorkingDay { day })
    }

    /// The day on which a copy is due that was asked for at this time.
    pub fn due(&self, received: OffsetDateTime, extension: Extension) -> Result<Date, DueError> {
        let received = received.to_offset(offset!(+7));
        let (day, late) = (received.date(), received.time() > SAME_DAY_UNTIL);
        // What comes in on a day off counts as the first thing of the next working day.
        let rule = match (self.is_worked(day)?, late) {
            (true, false) => day,
            (true, true) | (false, _) => self.next_worked(day)?,
        };
        match extension {
            Extension::None => Ok(rule),
            Extension::WorkingDays(days) if !(1..=EXTENSION_DAYS_MAX).contains(&days) => {
                Err(DueError::Extension { days })
            }
            Extension::WorkingDays(days) => {
                (0..days).try_fold(rule, |day, _| self.next_worked(day))
            }
            Extension::Agreed(day) if day > rule && self.is_worked(day)? => Ok(day),
            Extension::Agreed(day) => Err(DueError::Agreed { day, rule }),
        }
    }
}

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::{date, datetime};

    fn calendar() -> Calendar {
        Calendar::built_in().expect("the built-in days are sound")
    }

    fn due(received: OffsetDateTime) -> Date {
        calendar().due(received, Extension::None).expect("a day")
    }

    #[test]
    fn until_three_the_same_day_and_after_it_the_next_working_day() {
        assert_eq!(due(datetime!(2026-11-23 08:00 +7)), date!(2026 - 11 - 23));
        assert_eq!(due(datetime!(2026-11-23 15:00 +7)), date!(2026 - 11 - 23));
        assert_eq!(due(datetime!(2026-11-23 15:00:01 +7)), date!(2026 - 11 - 24));
        assert_eq!(due(datetime!(2026-11-23 08:00:01 UTC)), date!(2026 - 11 - 24));
        assert_eq!(due(datetime!(2026-11-27 16:00 +7)), date!(2026 - 11 - 30), "over a weekend");
        assert_eq!(due(datetime!(2026-11-28 09:00 +7)), date!(2026 - 11 - 30), "on a Saturday");
        assert_eq!(due(datetime!(2026-11-28 16:00 +7)), date!(2026 - 11 - 30), "late on it");
    }

    #[test]
    fn holidays_are_passed_over_and_exchanged_saturdays_are_worked() {
        assert_eq!(due(datetime!(2026-04-29 16:00 +7)), date!(2026 - 05 - 04));
        assert_eq!(due(datetime!(2026-02-13 16:00 +7)), date!(2026 - 02 - 23), "Tết");
        assert_eq!(due(datetime!(2026-08-21 16:00 +7)), date!(2026 - 08 - 22), "worked Saturday");
        assert_eq!(due(datetime!(2026-12-31 16:00 +7)), date!(2027 - 01 - 04), "New Year");
        let own = calendar().with(&[Day(date!(2026 - 11 - 24))], &[Day(date!(2026 - 11 - 28))]);
        let due = |at| own.due(at, Extension::None).expect("a day");
        assert_eq!(due(datetime!(2026-11-23 16:00 +7)), date!(2026 - 11 - 25));
        assert_eq!(due(datetime!(2026-11-27 16:00 +7)), date!(2026 - 11 - 28));
    }

    #[test]
    fn an_extension_has_two_working_days_at_most_or_an_agreed_day() {
        let at = datetime!(2026-11-26 16:00 +7);
        let due = |extension| calendar().due(at, extension);
        assert_eq!(due(Extension::WorkingDays(1)), Ok(date!(2026 - 11 - 30)));
        assert_eq!(due(Extension::WorkingDays(2)), Ok(date!(2026 - 12 - 01)));
        for days in [0, 3, 255] {
            assert_eq!(due(Extension::WorkingDays(days)), Err(DueError::Extension { days }));
        }
        assert_eq!(due(Extension::Agreed(date!(2026 - 12 - 15))), Ok(date!(2026 - 12 - 15)));
        let rule = date!(2026 - 11 - 27);
        for day in [rule, date!(2026 - 12 - 05)] {
            let refused = Err(DueError::Agreed { day, rule });
            assert_eq!(due(Extension::Agreed(day)), refused, "the rule's own day, a Saturday");
        }
    }

    #[test]
    fn a_year_that_nobody_told_gives_no_date() {
        let unknown = Err(DueError::Year { year: 2028 });
        assert_eq!(calendar().due(datetime!(2028-01-03 09:00 +7), Extension::None), unknown);
        assert_eq!(calendar().due(datetime!(2027-12-31 16:00 +7), Extension::None), unknown);
        let misplaced = BUILT_IN.replace("\"2027-01-01\"", "\"2026-01-01\"");
        assert!(matches!(Calendar::parse(&misplaced), Err(CalendarError::Year { year: 2027, .. })));
    }

    proptest! {
        #[test]
        fn a_due_day_is_worked_and_never_before_the_receipt(
            minutes in 0..(2 * 365 - 10) * 24 * 60_i64, days in 0..=2_u8,
        ) {
            let calendar = calendar();
            let at = datetime!(2026-01-01 00:00 +7) + Duration::minutes(minutes);
            let extension =
                if days == 0 { Extension::None } else { Extension::WorkingDays(days) };
            let due = calendar.due(at, extension).expect("a day of known years");
            prop_assert!(calendar.is_worked(due).expect("a known year"));
            prop_assert!(due >= at.date());
            let worked = calendar.is_worked(at.date()).expect("a known year");
            let same_day = worked && at.time() <= SAME_DAY_UNTIL && days == 0;
            prop_assert_eq!(due == at.date(), same_day);
            let later = calendar.due(at + Duration::minutes(1), extension).expect("a day");
            prop_assert!(later >= due, "who comes later is not served earlier");
        }

        #[test]
        fn any_text_is_a_calendar_or_an_error(text in "\\PC{0,200}") {
            let _ = Calendar::parse(&text);
        }
    }
}
