//! Age, and until when a card holds by the law: identity cards are exchanged at 14, 25, 40 and 60
//! years (Law 26/2023, art. 21).
//!
//! The date on the card or its chip is always believed first; what is computed here is a check of
//! consistency, and a guess where the date was not read.

use time::Date;

use crate::mrz::Expiry;

/// Ages at which a card is exchanged.
const MILESTONES: [i32; 4] = [14, 25, 40, 60];
/// A card issued this many years before a milestone holds until the next one.
const YEARS_BEFORE: i32 = 2;

/// Full years on a day; negative before birth. Who was born on 29 February is a year older on
/// 1 March.
pub fn age_on(born: Date, day: Date) -> i32 {
    let had_birthday = (u8::from(day.month()), day.day()) >= (u8::from(born.month()), born.day());
    day.year() - born.year() - i32::from(!had_birthday)
}

/// Until when a card issued on a day holds: one issued at 11 holds until 14, one issued at 12 until
/// 25, and so on.
pub fn expiry_by_law(born: Date, issued: Date) -> Expiry {
    let age = age_on(born, issued);
    match MILESTONES.iter().find(|milestone| age < **milestone - YEARS_BEFORE) {
        Some(milestone) => birthday(born, *milestone).map_or(Expiry::Never, Expiry::On),
        None => Expiry::Never,
    }
}

/// Whether a card's date of expiry is one that the law knows for somebody born on this day: a
/// milestone's birthday, or none at all.
pub fn is_milestone(born: Date, expires: Expiry) -> bool {
    match expires {
        Expiry::Never => true,
        Expiry::On(day) => {
            MILESTONES.iter().filter_map(|age| birthday(born, *age)).any(|birthday| birthday == day)
        }
    }
}

/// The birthday at an age; 28 February where 29 is none.
fn birthday(born: Date, age: i32) -> Option<Date> {
    let year = born.year() + age;
    Date::from_calendar_date(year, born.month(), born.day())
        .or_else(|_| Date::from_calendar_date(year, born.month(), 28))
        .ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_birthday_makes_older_and_the_day_before_does_not() {
        let born = date!(1999 - 09 - 09);
        assert_eq!(age_on(born, date!(2026 - 09 - 08)), 26);
        assert_eq!(age_on(born, date!(2026 - 09 - 09)), 27);
        assert_eq!(age_on(date!(2004 - 02 - 29), date!(2022 - 02 - 28)), 17);
        assert_eq!(age_on(date!(2004 - 02 - 29), date!(2022 - 03 - 01)), 18);
    }

    #[test]
    fn a_card_holds_to_the_next_milestone_that_is_two_years_away() {
        let born = date!(1990 - 06 - 15);
        let issued_at = |age: i32| birthday(born, age).expect("a birthday");
        let until = |age| Expiry::On(issued_at(age));
        let rows = [
            (6, until(14)),
            (11, until(14)),
            (12, until(25)),
            (13, until(25)),
            (22, until(25)),
            (23, until(40)),
            (37, until(40)),
            (38, until(60)),
            (57, until(60)),
            (58, Expiry::Never),
            (80, Expiry::Never),
        ];
        for (age, expiry) in rows {
            assert_eq!(expiry_by_law(born, issued_at(age)), expiry, "issued at {age}");
            assert!(is_milestone(born, expiry));
        }
        assert!(!is_milestone(born, Expiry::On(date!(2030 - 06 - 16))));
    }
}
