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
        values.iter().fold(self.text.clone(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
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
}
