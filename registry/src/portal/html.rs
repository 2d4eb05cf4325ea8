//! HTML that cannot carry hostile input: markup is written in this program, everything else is
//! escaped by one function.

/// A page being written.
pub(super) struct Html(String);

impl Html {
    pub(super) fn new() -> Self {
        Self(String::with_capacity(8 * 1024))
    }

    /// Markup, which can only be a literal of this program.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text or an attribute's value, whoever wrote it.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Not allowed in HTML, and a trick to hide text from readers.
                c if c.is_control() && !matches!(c, '\n' | '\t') => self.0.push('\u{FFFD}'),
                // Bidirectional overrides turn what is read around.
                '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{FFFD}'),
                c => self.0.push(c),
            }
        }
        self
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_ends_a_tag_or_an_attribute() {
        let mut html = Html::new();
        html.raw("<p title=\"").text("\"><script>'&\u{202E}\0").raw("\">");
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\u{FFFD}\u{FFFD}\">";
        assert_eq!(html.into_string(), expected);
    }
}
