//! The words, places and signers that an instrument prescribes, as data: one file for each
//! instrument and version under `profiles/`, so that a lawyer corrects them without a programmer.

use formats_typeset::Wording;
use serde::Deserialize;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::Product;
use crate::manifest::vietnam_seconds;
use crate::revision::Role;

/// The profiles that are built in, each with the path that names it.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "chung-thuc/nd-23-2015_45-2020_280-2025",
        include_str!("../profiles/chung-thuc/nd-23-2015_45-2020_280-2025.toml"),
    ),
    ("sao-y/nd-30-2020", include_str!("../profiles/sao-y/nd-30-2020.toml")),
];

/// What one instrument, in one version, asks of a copy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, which manifests carry: the file's path under `profiles/`.
    pub id: String,
    /// The product it describes.
    pub product: Product,
    /// The instruments, as they are cited.
    pub instruments: Vec<String>,
    /// From when copies are made by it.
    pub in_force_from: Day,
    /// Who signs.
    pub signers: Signers,
    /// What the edges of the sheets carry.
    pub sheets: Sheets,
    /// Where the words stand, and the words.
    pub placement: Placement,
    /// Forms of the signer's capacity.
    #[serde(default)]
    pub capacities: Vec<Wording>,
    /// What is spoken and not seen.
    pub spoken: Spoken,
}

/// A date with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// The day.
    #[serde(with = "iso_date")]
    pub date: Date,
    /// Where it comes from.
    pub source: String,
    /// Whether a lawyer compared it with the official text.
    pub verified: bool,
}

/// Who signs, with the origin of the rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signers {
    /// The order of signing.
    pub order: Vec<Role>,
    /// Where the rule comes from.
    pub source: String,
    /// Whether a lawyer compared it with the official text.
    pub verified: bool,
}

/// What the right edge of each sheet carries (giáp lai).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheets {
    /// The seal over the edges.
    pub seal: EdgeSeal,
    /// The mark beside it: which sheet of which copy.
    pub mark: Wording,
    /// Least number of sheets of a copy that bears the mark.
    pub mark_from: usize,
}

/// The seal over the edges of several sheets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeSeal {
    /// The seal's real width, in millimetres.
    pub side_mm: u32,
    /// The most sheets under one seal; 0 for no seal.
    pub sheets_max: usize,
    /// Where the rule comes from.
    pub source: String,
    /// Whether a lawyer compared it with the official text.
    pub verified: bool,
}

/// Where the words stand.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Placement {
    /// A statement (lời chứng) on a last page of its own.
    OwnLastPage(Box<StatementWords>),
    /// A note in a margin above the first page, at its right.
    TopRightOfFirstPage(Box<NoteWords>),
}

/// Every text of the statement page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the profile's own entries say what each text is")]
pub struct StatementWords {
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
    pub clock_unsynchronised: Wording,
    pub code_label: Wording,
    pub address_label: Wording,
    pub qr_note: Wording,
    pub conversion: Wording,
    pub signatures: Wording,
}

/// Every text of the note on the first page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the profile's own entries say what each text is")]
pub struct NoteWords {
    pub size_pt: Measure,
    pub form: Wording,
    pub authority: Wording,
    pub signed_at: Wording,
    pub code: Wording,
    pub address: Wording,
}

/// A size with its origin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The size, in the unit that the name ends with.
    pub value: f32,
    /// Where it comes from.
    pub source: String,
    /// Whether a lawyer compared it with the official text.
    pub verified: bool,
}

/// Titles and alternate texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the profile's own entries say what each text is")]
pub struct Spoken {
    pub title: Wording,
    pub page: Wording,
    pub edge_seal: Wording,
    pub seal: Wording,
    pub signature: Wording,
    pub qr: Wording,
}

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");

/// Why no profile can be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// A built-in file does not parse.
    #[error("the profile {id} cannot be read")]
    Parse {
        /// Which.
        id: &'static str,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A built-in file contradicts what copies are verified by, or its own name.
    #[error("the profile {id} contradicts the format in its {part}")]
    Contradiction {
        /// Which.
        id: &'static str,
        /// In what.
        part: &'static str,
    },
    /// No instrument was in force.
    #[error("no profile for {} was in force then", product.name())]
    NotInForce {
        /// Of this product.
        product: Product,
    },
}

impl Profile {
    /// All built-in profiles.
    pub fn built_in() -> Result<Vec<Self>, ProfileError> {
        BUILT_IN.iter().map(|(id, text)| Self::read(id, text)).collect()
    }

    /// The profile of a product that was last in force at a time.
    pub fn in_force(product: Product, at: OffsetDateTime) -> Result<Self, ProfileError> {
        Self::of(&Self::built_in()?, product, at).cloned()
    }

    /// As [`Profile::in_force`], of profiles that were read before.
    pub(crate) fn of(
        all: &[Self],
        product: Product,
        at: OffsetDateTime,
    ) -> Result<&Self, ProfileError> {
        let day = vietnam_seconds(at).date();
        let began =
            |profile: &&Self| profile.product == product && profile.in_force_from.date <= day;
        let known = all.iter().filter(began);
        known
            .max_by_key(|profile| profile.in_force_from.date)
            .ok_or(ProfileError::NotInForce { product })
    }

    fn read(id: &'static str, text: &str) -> Result<Self, ProfileError> {
        let profile: Self =
            toml::from_str(text).map_err(|source| ProfileError::Parse { id, source })?;
        let own_page = matches!(profile.placement, Placement::OwnLastPage(_));
        let agrees = [
            ("id", profile.id == id),
            ("signers", profile.signers.order == profile.product.signers()),
            ("placement", own_page == profile.product.has_statement_page()),
            ("seal", profile.sheets.seal.side_mm <= SIDE_MM_MAX),
        ];
        match agrees.iter().find(|(_, agrees)| !agrees) {
            Some((part, _)) => Err(ProfileError::Contradiction { id, part }),
            None => Ok(profile),
        }
    }
}

/// The widest seal that a margin is made for; the State's own is 42 mm.
const SIDE_MM_MAX: u32 = 42;

/// A signing time as Decree 30/2020, Annex I, writes it: `20-11-2025 09:15:30 +07:00`.
pub fn signing_time(at: OffsetDateTime) -> String {
    at.format(format_description!(
        "[day]-[month]-[year] [hour]:[minute]:[second] [offset_hour sign:mandatory]:[offset_minute]"
    ))
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use time::macros::datetime;

    #[test]
    fn every_file_is_built_in_and_every_text_names_its_source() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        let mut files = 0;
        for product in Product::ALL {
            let within = std::fs::read_dir(folder.join(product.name())).expect("a folder");
            for file in within {
                let path = file.expect("a file").path();
                let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
                let id = format!("{}/{name}", product.name());
                let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == id).expect("built in");
                assert_eq!(
                    text.matches("source = \"").count(),
                    text.matches("verified = ").count()
                );
                assert!(text.matches("source = \"").count() >= text.matches("text = \"").count());
                files += 1;
            }
        }
        assert_eq!(files, BUILT_IN.len());
        assert_eq!(Profile::built_in().expect("they agree with the format").len(), files);
    }

    #[test]
    fn a_profile_is_chosen_by_the_day_of_the_copy() {
        let of = |product, at| Profile::in_force(product, at).map(|profile| profile.id);
        let now = datetime!(2026-11-22 09:15 +7);
        assert_eq!(of(Product::ChungThuc, now).expect("in force"), BUILT_IN[0].0);
        assert_eq!(of(Product::SaoY, now).expect("in force"), BUILT_IN[1].0);
        // The first minute in Vietnam is still October by universal time.
        assert!(of(Product::ChungThuc, datetime!(2025-10-31 17:00 UTC)).is_ok());
        let before = of(Product::ChungThuc, datetime!(2025-10-31 16:59 UTC));
        assert!(matches!(before, Err(ProfileError::NotInForce { .. })), "{before:?}");
    }

    #[test]
    fn a_profile_that_names_other_signers_is_refused() {
        let (id, text) = BUILT_IN[0];
        let less = text.replace("order = [\"officer\", \"authority\"]", "order = [\"authority\"]");
        let read = Profile::read(id, &less);
        assert!(
            matches!(read, Err(ProfileError::Contradiction { part: "signers", .. })),
            "{read:?}"
        );
    }

    #[test]
    fn signing_times_follow_the_annex() {
        let at = datetime!(2025-11-20 09:15:30 +7);
        assert_eq!(signing_time(at), "20-11-2025 09:15:30 +07:00");
    }
}
