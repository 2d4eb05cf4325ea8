//! The QR code of the identity card: seven fields parted by `|`, UTF-8.
//!
//! The card of 2021 carries number, old number, name, birth, sex, residence, issue date. Some
//! readers add a field or drop the empty old number, and the order on the card of 2024 is not
//! published, so the payload is read from both ends and what is left over is kept as it is. Whether
//! the number fits birth and sex is a signal for the officer, never a gate: the rule behind it
//! expired on 01/07/2024.

use time::{Date, Month};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::card::number_warnings;
use crate::id_number::is_number;
use crate::mrz::Sex;

/// Longest payload in bytes; a real one has about 150, a card of 2024 with relatives' names some
/// 600.
pub const PAYLOAD_BYTES_MAX: usize = 2048;
/// Most fields taken apart.
const FIELDS_MAX: usize = 32;

/// Why a payload is not an identity card's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdQrError {
    /// The payload is longer than any card's.
    #[error("the payload has more than {PAYLOAD_BYTES_MAX} bytes")]
    TooLong,
    /// There are too few or too many fields.
    #[error("the payload has {0} fields")]
    FieldCount(usize),
    /// The first field is not a number of 12 digits.
    #[error("the first field is not a number of 12 digits")]
    Number,
    /// A field holds control characters, which would break the lines of a book or a screen.
    #[error("field {0} holds control characters")]
    Control(usize),
    /// There is no name.
    #[error("the name is missing")]
    Name,
    /// The date of birth is missing or impossible.
    #[error("the date of birth is missing or impossible")]
    Birth,
}

/// What the card's code says. Personal data: wiped when dropped, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CardQr {
    /// The 12-digit personal identification number.
    pub number: String,
    /// The 9-digit number of the old identity card, when there was one.
    pub old_number: Option<String>,
    /// Full name, NFC.
    pub name: String,
    /// Date of birth.
    #[zeroize(skip)]
    pub born: Date,
    /// Sex as printed: `Nam` or `Nữ`.
    pub sex: String,
    /// Place of residence.
    pub residence: String,
    /// Date of issue, when it could be read.
    #[zeroize(skip)]
    pub issued: Option<Date>,
    /// Further fields, as they came.
    pub extra: Vec<String>,
    /// Fields of the payload: seven on a card of 2021, more on one of 2024.
    #[zeroize(skip)]
    pub field_count: usize,
}

impl std::fmt::Debug for CardQr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardQr(…)")
    }
}

/// Something about the card that does not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardWarning {
    /// The century digit of the number does not fit sex or century of birth.
    CenturyOrSex,
    /// The year digits of the number do not fit the year of birth.
    Year,
    /// The card was issued before its holder was born.
    IssuedBeforeBirth,
}

impl CardWarning {
    /// The sentence for the officer, in Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::CenturyOrSex => {
                "Chữ số thế kỷ, giới tính trong số định danh không khớp với thẻ (chỉ để lưu ý)"
            }
            Self::Year => {
                "Hai chữ số năm sinh trong số định danh không khớp với thẻ (chỉ để lưu ý)"
            }
            Self::IssuedBeforeBirth => "Ngày cấp thẻ trước ngày sinh",
        }
    }

    /// The sentence for the officer, in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::CenturyOrSex => {
                "the number's century and sex digit does not fit the card (a signal only)"
            }
            Self::Year => "the number's year digits do not fit the card (a signal only)",
            Self::IssuedBeforeBirth => "the card was issued before its holder's birth",
        }
    }
}

/// Reads a payload.
pub fn parse(payload: &str) -> Result<CardQr, IdQrError> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(IdQrError::TooLong);
    }
    let fields: Vec<&str> = payload.trim().split('|').map(str::trim).collect();
    if fields.len() < 6 || fields.len() > FIELDS_MAX {
        return Err(IdQrError::FieldCount(fields.len()));
    }
    if let Some(at) = fields.iter().position(|field| field.chars().any(char::is_control)) {
        return Err(IdQrError::Control(at + 1));
    }
    let number = fields[0];
    if !is_number(number) {
        return Err(IdQrError::Number);
    }
    // Without the old number the name stands in its place.
    let has_old = fields[1].is_empty() || fields[1].bytes().all(|b| b.is_ascii_digit());
    let rest = if has_old { &fields[2..] } else { &fields[1..] };
    let name: String = rest.first().copied().unwrap_or_default().nfc().collect();
    if name.is_empty() || name.bytes().any(|b| b.is_ascii_digit()) {
        return Err(IdQrError::Name);
    }
    let born = rest.get(1).and_then(|text| date(text)).ok_or(IdQrError::Birth)?;
    let text = |at: usize| rest.get(at).copied().unwrap_or_default().nfc().collect::<String>();
    Ok(CardQr {
        number: number.to_owned(),
        field_count: fields.len(),
        old_number: (has_old && !fields[1].is_empty()).then(|| fields[1].to_owned()),
        name,
        born,
        sex: text(2),
        residence: text(3),
        issued: rest.get(4).and_then(|text| date(text)),
        // What stands in the place of the issue date and is none is kept as well.
        extra: rest
            .iter()
            .enumerate()
            .skip(4)
            .filter(|(at, text)| *at > 4 || (date(text).is_none() && !text.is_empty()))
            .map(|(_, text)| (*text).to_owned())
            .collect(),
    })
}

impl CardQr {
    /// What does not fit together; never a reason to refuse by itself.
    pub fn warnings(&self) -> Vec<CardWarning> {
        let mut found = number_warnings(&self.number, self.born, Sex::from_words(&self.sex));
        if self.issued.is_some_and(|issued| issued < self.born) {
            found.push(CardWarning::IssuedBeforeBirth);
        }
        found
    }
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// `ddMMyyyy`.
fn date(text: &str) -> Option<Date> {
    if !digits(text, 8) {
        return None;
    }
    let day = text[..2].parse().ok()?;
    let month = Month::try_from(text[2..4].parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(text[4..].parse().ok()?, month, day).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WITH_OLD: &str = "001199999999|012345678|Nghiêm Thị Thử|09091999|Nữ|\
        Số 1 Phố Thử, Phường Cửa Nam, Hà Nội|10092024";
    const WITHOUT_OLD: &str = "001204000001||Trần Văn Mẫu|15032004|Nam|Hà Nội|01072021";

    #[test]
    fn the_card_of_2021_is_read() {
        let card = parse(WITH_OLD).expect("a card");
        assert_eq!(card.number, "001199999999");
        assert_eq!(card.old_number.as_deref(), Some("012345678"));
        assert_eq!(card.name, "Nghiêm Thị Thử");
        assert_eq!(card.born.to_string(), "1999-09-09");
        assert_eq!(card.issued.map(|d| d.to_string()).as_deref(), Some("2024-09-10"));
        assert_eq!(card.warnings(), []);
    }

    #[test]
    fn an_empty_or_dropped_old_number_is_none() {
        for payload in [WITHOUT_OLD.to_owned(), WITHOUT_OLD.replacen("||", "|", 1)] {
            let card = parse(&payload).expect("a card");
            assert_eq!((card.old_number.as_ref(), card.name.as_str()), (None, "Trần Văn Mẫu"));
            assert_eq!(card.warnings(), []);
        }
    }

    #[test]
    fn further_fields_are_kept_as_they_are() {
        let card = parse(&format!("{WITHOUT_OLD}|15032029|x||y")).expect("a card");
        assert_eq!(card.extra, ["15032029", "x", "", "y"]);
        let card = parse(&WITHOUT_OLD.replace("01072021", "không rõ")).expect("a card");
        assert_eq!((card.issued, card.extra.as_slice()), (None, &["không rõ".to_owned()][..]));
    }

    #[test]
    fn a_number_that_does_not_fit_is_a_signal_not_a_gate() {
        let card = parse(&WITH_OLD.replacen("001199", "001288", 1)).expect("still a card");
        assert_eq!(card.warnings(), [CardWarning::CenturyOrSex, CardWarning::Year]);
    }

    #[test]
    fn what_is_not_a_card_is_refused_with_its_reason() {
        assert_eq!(parse("https://example"), Err(IdQrError::FieldCount(1)));
        assert_eq!(parse(&WITH_OLD.replacen('0', "x", 1)), Err(IdQrError::Number));
        assert_eq!(parse(&WITH_OLD.replace("09091999", "31021999")), Err(IdQrError::Birth));
        assert_eq!(parse(&WITH_OLD.replace("Thị", "Thị\u{7}")), Err(IdQrError::Control(3)));
        assert_eq!(parse(&"|".repeat(5000)), Err(IdQrError::TooLong));
    }

    #[test]
    fn nothing_personal_is_in_the_debug_text() {
        assert_eq!(format!("{:?}", parse(WITH_OLD).expect("a card")), "CardQr(…)");
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_panic(payload in "\\PC{0,300}") {
            let _ = parse(&payload).map(|card| card.warnings());
        }

        #[test]
        fn no_payload_of_card_like_fields_makes_it_panic(
            fields in proptest::collection::vec("[0-9|a-zà-ỹ]{0,14}", 0..12)
        ) {
            let _ = parse(&format!("001199999999|{}", fields.join("|"))).map(|c| c.warnings());
        }
    }
}
