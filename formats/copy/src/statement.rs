//! The words of the statement (lời chứng), as data: `profiles/certified-copy.toml`.

use formats_typeset::Wording;
use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::format_description;

/// The profile that is built in.
const CERTIFIED_COPY: &str = include_str!("../profiles/certified-copy.toml");

/// Every text of the statement page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the profile's own entries say what each text is")]
pub struct StatementProfile {
    pub id: String,
    pub country: Wording,
    pub motto: Wording,
    pub title: Wording,
    pub number_label: Wording,
    pub book_label: Wording,
    pub date: Wording,
    pub certifier: Wording,
    pub certifier_note: Wording,
    pub kind_label: Wording,
    pub document_label: Wording,
    pub pages_label: Wording,
    pub pages: Wording,
    pub place_label: Wording,
    pub signed_at: Wording,
    pub code_label: Wording,
    pub address_label: Wording,
    pub qr_note: Wording,
    pub conversion: Wording,
    pub signatures: Wording,
}

impl StatementProfile {
    /// The built-in profile of "chứng thực bản sao từ bản chính".
    pub fn certified_copy() -> Result<Self, toml::de::Error> {
        toml::from_str(CERTIFIED_COPY)
    }
}

/// A signing time as Decree 30/2020, Annex I, writes it: `20-11-2025 09:15:30 +07:00`.
pub fn signing_time(at: OffsetDateTime) -> String {
    at.format(format_description!(
        "[day]-[month]-[year] [hour]:[minute]:[second] [offset_hour sign:mandatory]:[offset_minute]"
    ))
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_built_in_profile_is_complete_and_every_text_names_its_source() {
        let profile = StatementProfile::certified_copy().expect("the profile parses");
        assert_eq!(profile.title.text, "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH");
        let sources = CERTIFIED_COPY.matches("\nsource = \"").count();
        assert_eq!(sources, CERTIFIED_COPY.matches("\ntext = \"").count());
    }

    #[test]
    fn signing_times_follow_the_annex() {
        let at = datetime!(2025-11-20 09:15:30 +7);
        assert_eq!(signing_time(at), "20-11-2025 09:15:30 +07:00");
    }

    #[test]
    fn placeholders_are_filled() {
        let date = StatementProfile::certified_copy().expect("the profile parses").date;
        let filled = date.filled(&[("day", "22"), ("month", "11"), ("year", "2026")]);
        assert_eq!(filled, "Ngày 22 tháng 11 năm 2026");
    }
}
