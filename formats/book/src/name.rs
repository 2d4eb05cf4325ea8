//! A book's name, as on its cover: `03/2026-SCT/BS`.

use std::fmt;
use std::str::FromStr;

/// Longest name of a book, in characters.
const NAME_CHARS_MAX: usize = 64;

/// Volume, year and symbol of a book. Each device has a volume of its own, so that numbers are
/// without gaps although devices are out of reach of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookName {
    /// The volume (quyển), such as `03`.
    pub volume: String,
    /// The year whose copies it numbers.
    pub year: i32,
    /// The symbol of the kind of certification, such as `SCT/BS`.
    pub symbol: String,
}

/// Why a text is no book's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a book is named volume/year-symbol, such as 03/2026-SCT/BS")]
pub struct BookNameError;

impl FromStr for BookName {
    type Err = BookNameError;

    fn from_str(name: &str) -> Result<Self, BookNameError> {
        let (volume, rest) = name.split_once('/').ok_or(BookNameError)?;
        let (year, symbol) = rest.split_once('-').ok_or(BookNameError)?;
        let plain = |text: &str, also: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_alphanumeric() || also.contains(c))
                && !text.chars().any(char::is_lowercase)
        };
        let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
        if name.chars().count() > NAME_CHARS_MAX
            || !plain(volume, ".-")
            || !plain(symbol, "/,")
            || !is_year
        {
            return Err(BookNameError);
        }
        let year = year.parse().map_err(|_| BookNameError)?;
        Ok(Self { volume: volume.into(), year, symbol: symbol.into() })
    }
}

impl fmt::Display for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:04}-{}", self.volume, self.year, self.symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_tells_volume_year_and_symbol() {
        let name: BookName = "03/2026-SCT/BS".parse().expect("a name");
        assert_eq!((name.volume.as_str(), name.year, name.symbol.as_str()), ("03", 2026, "SCT/BS"));
        for wrong in
            ["", "03", "03/2026", "03/26-SCT/BS", "/2026-SCT/BS", "03/2026-", "03/2026-sct"]
        {
            assert_eq!(wrong.parse::<BookName>(), Err(BookNameError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_that_writes_itself_or_none(text in "\\PC{0,80}") {
            if let Ok(name) = text.parse::<BookName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }

        #[test]
        fn names_read_back(
            volume in "[0-9A-Z.]{1,8}",
            year in 1i32..10_000,
            symbol in "[A-ZĐ,/]{1,10}",
        ) {
            let name = BookName { volume, year, symbol };
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}
