//! Printed words and where they come from.

use serde::Deserialize;

/// One printed text with its origin, an entry of a data file that a lawyer can correct.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// What is printed; `{braces}` are filled in.
    pub text: String,
    /// Where the words come from: decree, article, form, or "design".
    pub source: String,
    /// Whether a lawyer compared the words with the official text.
    pub verified: bool,
}

impl Wording {
    /// The text with each `{name}` replaced by its value.
    pub fn filled(&self, values: &[(&str, &str)]) -> String {
        let mut filled = String::new();
        let mut rest = self.text.as_str();
        // In one pass, so that braces inside a value stay as they are.
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let found = after.split_once('}').and_then(|(name, after)| {
                let (_, value) = values.iter().find(|(key, _)| *key == name)?;
                Some((*value, after))
            });
            let (value, after) = found.unwrap_or(("{", after));
            filled.push_str(value);
            rest = after;
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled() {
        let text = "Ngày {day} tháng {month} năm {year}".into();
        let date = Wording { text, source: "design".into(), verified: false };
        let filled = date.filled(&[("day", "22"), ("month", "11"), ("year", "2026")]);
        assert_eq!(filled, "Ngày 22 tháng 11 năm 2026");
    }

    #[test]
    fn braces_in_a_value_are_not_filled_again() {
        let wording =
            Wording { text: "{a} { {b} {c".into(), source: "design".into(), verified: false };
        assert_eq!(wording.filled(&[("a", "{b}"), ("b", "2")]), "{b} { 2 {c");
    }
}
