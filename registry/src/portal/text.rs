//! The words of the pages, one file a language, and which language a reader wants.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use serde::Deserialize;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lang {
    Vi,
    En,
}

impl Lang {
    /// BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        [Self::Vi, Self::En].into_iter().find(|lang| primary.eq_ignore_ascii_case(lang.tag()))
    }

    /// `?lang=` decides, else the browser's first choice among ours, else Vietnamese.
    fn wanted(query: &str, accept: &str) -> Self {
        let asked = query.split('&').find_map(|pair| Self::from_tag(pair.strip_prefix("lang=")?));
        // Browsers list languages in order of choice, so weights need no reading.
        let browser = || {
            let mut tags = accept.split(',').map(|tag| tag.split(';').next().unwrap_or_default());
            tags.find_map(|tag| Self::from_tag(tag.trim()))
        };
        asked.or_else(browser).unwrap_or(Self::Vi)
    }
}

impl<S: Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self::wanted(parts.uri.query().unwrap_or_default(), accept.unwrap_or_default()))
    }
}

/// Both languages.
pub(super) struct Texts {
    vi: Text,
    en: Text,
}

impl Texts {
    /// Parses the built-in files; a key that one lacks is an error.
    pub(super) fn load() -> Result<Self, toml::de::Error> {
        Ok(Self {
            vi: toml::from_str(include_str!("vi.toml"))?,
            en: toml::from_str(include_str!("en.toml"))?,
        })
    }

    pub(super) fn of(&self, lang: Lang) -> &Text {
        match lang {
            Lang::Vi => &self.vi,
            Lang::En => &self.en,
        }
    }
}

macro_rules! text {
    ($($key:ident)*) => {
        /// The words of one language; every field is a key of its file.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Text { $(pub(super) $key: String,)* }

        impl Text {
            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &str)> {
                vec![$((stringify!($key), self.$key.as_str()),)*]
            }
        }
    };
}

text! {
    site skip other_language languages
    start_title start_lead
    code_title code_label code_hint code_button
    file_title file_label file_hint file_drop  file_button file_waiting
    address_note privacy_note
    found_title found_text found_next
    unknown_title unknown_text
    mistyped_title mistyped_text length_text symbol_text
    held_title held_text not_held_title not_held_text other_title other_text
    refused_title refused_text refused_note
    no_file_title no_file_text too_large_text
    busy_title busy_text broken_title broken_text nowhere_title nowhere_text
    again_title facts_title registered_title
    fact_product fact_code fact_number fact_book fact_issued fact_title fact_authority fact_officer
    fact_capacity fact_pages fact_sha256 fact_received fact_index fact_proof
    proof_basic proof_time proof_long proof_archive
    revoked_title revoked_text specimen_title specimen_text
    qr_waiting qr_genuine qr_false qr_failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_decides_then_the_browser_then_vietnamese() {
        assert_eq!(Lang::wanted("code=x&lang=en", "vi"), Lang::En);
        assert_eq!(Lang::wanted("lang=fr", "fr-FR, en-GB;q=0.8, vi;q=0.5"), Lang::En);
        assert_eq!(Lang::wanted("", "vi-VN,vi;q=0.9,en;q=0.8"), Lang::Vi);
        assert_eq!(Lang::wanted("", "fr"), Lang::Vi);
        assert_eq!(Lang::wanted("", ""), Lang::Vi);
    }

    #[test]
    fn both_languages_say_everything_and_not_the_same() {
        let texts = Texts::load().expect("the built-in files");
        for ((key, vi), (_, en)) in texts.vi.all().into_iter().zip(texts.en.all()) {
            assert!(!vi.is_empty() && !en.is_empty(), "{key} is empty");
            assert_ne!(vi, en, "{key} is not translated");
            assert!(!vi.contains('!') && !en.contains('!'), "{key} shouts");
        }
    }
}
