//! The printed words, as data: `words/book.toml`.

use formats_typeset::Wording;
use serde::Deserialize;
use time::Date;

/// The words that are built in.
const BUILT_IN: &str = include_str!("../words/book.toml");

/// Every text of a printed book.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the entries of the data file say what each text is")]
pub struct Words {
    pub country: Wording,
    pub motto: Wording,
    pub title: Wording,
    pub book: Wording,
    pub opened: Wording,
    pub closed: Wording,
    pub not_closed: Wording,
    pub span_month: Wording,
    pub span_whole: Wording,
    pub number: Wording,
    pub date: Wording,
    pub requester: Wording,
    pub original: Wording,
    pub signer: Wording,
    pub copies: Wording,
    pub fee: Wording,
    pub note: Wording,
    pub month_total: Wording,
    pub running_total: Wording,
    pub book_total: Wording,
    pub empty: Wording,
    pub closing: Wording,
    pub closing_empty: Wording,
    pub closer: Wording,
    pub closer_note: Wording,
    pub refusals_title: Wording,
    pub refusals_date: Wording,
    pub refusals_code: Wording,
    pub refusals_reason: Wording,
    pub refusals_article: Wording,
    pub refusals_officer: Wording,
    pub refusals_machine: Wording,
    pub refusals_total: Wording,
    pub page: Wording,
    pub printed: Wording,
}

impl Words {
    /// The words that are built in.
    pub fn built_in() -> Result<Self, toml::de::Error> {
        toml::from_str(BUILT_IN)
    }
}

/// A sum as Vietnamese papers write it: `1.234.000`.
pub fn money(vnd: u64) -> String {
    let digits = vnd.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A text with `{day}`, `{month}` and `{year}` filled in.
pub(crate) fn dated(wording: &Wording, day: Date, more: &[(&str, &str)]) -> String {
    let (d, m) = (format!("{:02}", day.day()), format!("{:02}", u8::from(day.month())));
    let year = day.year().to_string();
    let date = [("day", d.as_str()), ("month", m.as_str()), ("year", year.as_str())];
    wording.filled(&[&date[..], more].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_words_are_complete_and_every_text_names_its_source() {
        let words = Words::built_in().expect("the words parse");
        assert_eq!(words.title.text, "SỔ CHỨNG THỰC BẢN SAO TỪ BẢN CHÍNH");
        let sources = BUILT_IN.matches("\nsource = \"").count();
        assert_eq!(sources, BUILT_IN.matches("\ntext = \"").count());
        assert_eq!(sources, BUILT_IN.matches("\nverified = ").count());
    }

    #[test]
    fn sums_have_a_dot_every_three_digits() {
        let written = [0, 999, 1000, 56_000, 1_234_567].map(money);
        assert_eq!(written, ["0", "999", "1.000", "56.000", "1.234.567"]);
    }
}
