//! Values in the one form that machines compare, and whether they can be right at all.

use formats_vn::fold::{fold, nfc};
use formats_vn::id_number;

use crate::kind::Sort;

/// The normal form of a printed value, and whether it passes the checks of its sort.
pub(super) fn of(sort: Sort, value: &str) -> (Option<String>, Option<bool>) {
    match sort {
        Sort::Date => {
            let date = date(value);
            let valid = date.is_some();
            (date, Some(valid))
        }
        Sort::Person => {
            let name = nfc(value).split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
            let valid =
                name.contains(' ') && name.chars().all(|c| c.is_alphabetic() || " .-'".contains(c));
            (Some(name), Some(valid))
        }
        Sort::Id => {
            let digits = without_spaces(value);
            let valid = id_number::is_number(&digits) && id_number::place(&digits).is_some();
            (Some(digits), Some(valid))
        }
        Sort::Tax => {
            let digits = without_spaces(value);
            let valid = is_tax_code(&digits);
            (Some(digits), Some(valid))
        }
        Sort::LandSerial => {
            let serial = without_spaces(value);
            let letters = serial.chars().take_while(char::is_ascii_uppercase).count();
            let digits = serial.chars().skip(letters).filter(char::is_ascii_digit).count();
            let whole = letters == 2 && letters + digits == serial.chars().count();
            (Some(serial), Some(whole && (digits == 6 || digits == 8)))
        }
        Sort::Number => (Some(without_spaces(value)), None),
    }
}

fn without_spaces(value: &str) -> String {
    value.chars().filter(|letter| !letter.is_whitespace()).collect()
}

/// The last date that a value names: `ngày 12 tháng 3 năm 2026`, `12/3/2026`, `12-3-2026` or
/// `12.3.2026`, as `2026-03-12`.
fn date(value: &str) -> Option<String> {
    let spaced = fold(value).replace(['/', '-', '.'], " ");
    let numbers: Vec<&str> =
        spaced.split_whitespace().filter(|word| !["ngay", "thang", "nam"].contains(word)).collect();
    let year_at = numbers.iter().rposition(|word| word.len() == 4)?;
    let [day, month] = numbers.get(year_at.checked_sub(2)?..year_at)? else { return None };
    let (day, month, year) = (day.parse().ok()?, month.parse::<u8>().ok()?, numbers[year_at]);
    let month = time::Month::try_from(month).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day).ok()?;
    (1850..2150).contains(&date.year()).then(|| date.to_string())
}

/// Ten digits of which the last checks the others, and of a branch three more behind a hyphen. The
/// weights are those that accounting software uses; no text of law was found that states them.
fn is_tax_code(text: &str) -> bool {
    const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
    let (code, branch) = match text.split_once('-') {
        Some((code, branch)) => (code, branch),
        None if text.is_ascii() => text.split_at(text.len().min(10)),
        None => return false,
    };
    let digits: Option<Vec<u32>> = code.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 10) else { return false };
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let branch_is_whole = branch.is_empty()
        || (branch.len() == 3 && branch.chars().all(|c| c.is_ascii_digit()) && branch != "000");
    digits[9] + sum % 11 == 10 && branch_is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_in_many_forms_and_leave_in_one() {
        for text in ["ngày 12 tháng 3 năm 2026", "12/03/2026", "12-3-2026", "12.03.2026"] {
            assert_eq!(of(Sort::Date, text), (Some("2026-03-12".into()), Some(true)), "{text}");
        }
        let moment = "14 giờ 05 phút, ngày 01 tháng 02 năm 2003";
        assert_eq!(of(Sort::Date, moment).0.as_deref(), Some("2003-02-01"));
        for text in ["30/02/2020", "năm 2020", "12/13/2020", "", "1/1/20201"] {
            assert_eq!(of(Sort::Date, text), (None, Some(false)), "{text}");
        }
    }

    #[test]
    fn names_are_compared_in_capitals() {
        let name = of(Sort::Person, "Nguyễn  Thị Kiểm");
        assert_eq!(name, (Some("NGUYỄN THỊ KIỂM".into()), Some(true)));
        assert_eq!(of(Sort::Person, "Ng0c Anh").1, Some(false));
    }

    #[test]
    fn numbers_are_checked_by_their_own_rules() {
        assert_eq!(of(Sort::Id, "001 090 012345").0.as_deref(), Some("001090012345"));
        assert_eq!(of(Sort::Id, "001090012345").1, Some(true));
        assert_eq!(of(Sort::Id, "00109001234").1, Some(false));
        // The published code of a large bank, and one digit off.
        assert_eq!(of(Sort::Tax, "0100112437").1, Some(true));
        assert_eq!(of(Sort::Tax, "0100112438").1, Some(false));
        assert_eq!(of(Sort::Tax, "0100112437-001").1, Some(true));
        assert_eq!(of(Sort::Tax, "0100112437-000").1, Some(false));
        assert_eq!(of(Sort::LandSerial, "AB 123456").1, Some(true));
        assert_eq!(of(Sort::LandSerial, "AB 1234567").1, Some(false));
    }
}
