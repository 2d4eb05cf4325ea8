//! All words that citizens and officers read, one file per language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::keys::{KeyReport, Problem};
use crate::visit::{DeferralReason, RefusalReason, RescanReason, Say};

/// The words of one language, by id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    say: BTreeMap<String, String>,
    refusal: BTreeMap<String, String>,
    refusal_ground: BTreeMap<String, String>,
    deferral: BTreeMap<String, String>,
    rescan: BTreeMap<String, String>,
    rescan_page: BTreeMap<String, String>,
    chip: BTreeMap<String, String>,
    face: BTreeMap<String, String>,
    key: BTreeMap<String, String>,
    ticket: BTreeMap<String, String>,
}

/// A sentence in both languages; Vietnamese comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

static WORDS: LazyLock<[Language; 2]> = LazyLock::new(|| {
    let parse = |text| toml::from_str(text).expect("the embedded words are checked by a test");
    [parse(include_str!("words/vi.toml")), parse(include_str!("words/en.toml"))]
});

fn sentence(table: fn(&Language) -> &BTreeMap<String, String>, id: &str) -> Sentence {
    let [vi, en] = [&WORDS[0], &WORDS[1]]
        .map(|language| table(language).get(id).cloned().unwrap_or_else(|| format!("[{id}]")));
    Sentence { vi, en }
}

/// The snake-case id of a unit variant, as serde writes it.
fn id_of(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A sentence for the citizen or officer.
pub fn say(say: Say) -> Sentence {
    sentence(|language| &language.say, &id_of(&say))
}

/// Sentences one after the other as one; none of none.
pub fn together(sentences: impl Iterator<Item = Sentence>) -> Option<Sentence> {
    sentences.reduce(|before, next| Sentence {
        vi: format!("{} {}", before.vi, next.vi),
        en: format!("{} {}", before.en, next.en),
    })
}

/// The id of a sentence of the screens, by its words; none for any other text.
pub fn id_of_sentence(text: &str, vietnamese: bool) -> Option<String> {
    let say = &WORDS[usize::from(!vietnamese)].say;
    say.iter().find(|(_, words)| *words == text).map(|(id, _)| id.clone())
}

/// A reason of refusal.
pub fn refusal(reason: RefusalReason) -> Sentence {
    sentence(|language| &language.refusal, reason.code())
}

/// What a refusal for this reason rests on: the article, or what else.
pub fn refusal_ground(reason: RefusalReason) -> Sentence {
    sentence(|language| &language.refusal_ground, reason.code())
}

/// Why a copy is promised for later.
pub fn deferral(reason: DeferralReason) -> Sentence {
    sentence(|language| &language.deferral, reason.code())
}

/// Why a page is scanned again, for the officer who chooses.
pub fn rescan(reason: RescanReason) -> Sentence {
    sentence(|language| &language.rescan, reason.code())
}

/// Which page the person is asked to lay again, from 1, and why.
pub fn rescan_page(reason: RescanReason, page: usize) -> Sentence {
    let words = sentence(|language| &language.rescan_page, reason.code());
    let filled = |text: String| text.replace("{page}", &page.to_string());
    Sentence { vi: filled(words.vi), en: filled(words.en) }
}

/// What came of the card's chip.
pub fn chip(outcome: crate::visit::ChipOutcome) -> Sentence {
    sentence(|language| &language.chip, outcome.code())
}

/// What the face step says.
pub fn face(outcome: crate::visit::FaceOutcome) -> Sentence {
    sentence(|language| &language.face, outcome.code())
}

/// A word on the ticket: `number`, `book`, `code`, `when`, `where`, `keep`.
pub fn ticket(id: &str) -> Sentence {
    sentence(|language| &language.ticket, id)
}

/// What is wrong with a signing key.
pub fn key(report: &KeyReport) -> Option<Sentence> {
    let problem = report.problem.as_ref()?;
    let tagged = serde_json::to_value(problem).ok()?;
    let words = sentence(|language| &language.key, tagged["kind"].as_str()?);
    let days = match problem {
        Problem::EndsSoon { days } => days.to_string(),
        _ => String::new(),
    };
    let filled = |text: String| text.replace("{name}", &report.name).replace("{days}", &days);
    Some(Sentence { vi: filled(words.vi), en: filled(words.en) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_ids_and_no_empty_sentence() {
        let [vi, en] = &*WORDS;
        let tables = [
            (&vi.say, &en.say),
            (&vi.refusal, &en.refusal),
            (&vi.refusal_ground, &en.refusal_ground),
            (&vi.deferral, &en.deferral),
            (&vi.rescan, &en.rescan),
            (&vi.rescan_page, &en.rescan_page),
            (&vi.chip, &en.chip),
            (&vi.face, &en.face),
            (&vi.key, &en.key),
            (&vi.ticket, &en.ticket),
        ];
        for (vi, en) in tables {
            assert!(vi.keys().eq(en.keys()));
            assert!(vi.values().chain(en.values()).all(|words| !words.trim().is_empty()));
        }
    }

    #[test]
    fn every_reason_of_refusal_has_words_and_a_ground() {
        for reason in RefusalReason::ALL {
            assert!(!refusal(reason).vi.starts_with('['), "{reason:?}");
            assert!(!refusal_ground(reason).vi.starts_with('['), "{reason:?}");
            assert_eq!(RefusalReason::with_code(reason.code()), Some(reason));
        }
        let coded = WORDS[0].refusal.len();
        assert_eq!(coded, RefusalReason::ALL.len(), "words for a reason that is none");
    }

    #[test]
    fn every_reason_to_defer_has_words() {
        for reason in DeferralReason::ALL {
            assert!(!deferral(reason).vi.starts_with('['), "{reason:?}");
            assert_eq!(DeferralReason::with_code(reason.code()), Some(reason));
        }
    }

    #[test]
    fn every_reason_to_scan_again_has_words_and_tells_the_page() {
        for reason in RescanReason::ALL {
            assert!(!rescan(reason).vi.starts_with('['), "{reason:?}");
            let told = rescan_page(reason, 12);
            let numbered = told.vi.contains("12") && told.en.contains("12");
            assert_eq!(numbered, reason != RescanReason::Missing, "{told:?}");
            assert!(!told.vi.contains('{') && !told.vi.starts_with('['), "{told:?}");
            assert_eq!(RescanReason::with_code(reason.code()), Some(reason));
        }
        assert_eq!(WORDS[0].rescan.len(), RescanReason::ALL.len());
    }

    #[test]
    fn every_outcome_of_a_chip_has_words() {
        for outcome in crate::visit::ChipOutcome::ALL {
            assert!(!chip(outcome).vi.starts_with('['), "{outcome:?}");
        }
        assert_eq!(WORDS[0].chip.len(), crate::visit::ChipOutcome::ALL.len());
    }

    #[test]
    fn every_outcome_of_the_face_step_has_words() {
        let codes: std::collections::BTreeSet<&str> =
            crate::visit::FaceOutcome::all().into_iter().map(|outcome| outcome.code()).collect();
        assert!(codes.iter().all(|code| WORDS[0].face.contains_key(*code)), "{codes:?}");
        assert_eq!(WORDS[0].face.len(), codes.len());
    }

    #[test]
    fn ids_are_the_snake_case_names() {
        assert_eq!(id_of(&Say::LayFirstPage), "lay_first_page");
        assert!(!say(Say::TooManyPages).en.starts_with('['));
    }

    #[test]
    fn every_trouble_with_a_key_has_words_with_its_name() {
        let since = time::OffsetDateTime::UNIX_EPOCH;
        for problem in [
            Problem::Revoked { since },
            Problem::Expired,
            Problem::NotYetValid,
            Problem::Untrusted,
            Problem::Missing { cause: String::new(), hint: "" },
            Problem::EndsSoon { days: 12 },
        ] {
            let report = KeyReport {
                holder: crate::keys::Holder::Authority,
                name: "UBND phường Thử".into(),
                serial: String::new(),
                valid_until: None,
                revocation_known: true,
                problem: Some(problem),
            };
            let words = key(&report).expect("words");
            assert!(words.vi.contains("UBND phường Thử"), "{words:?}");
            assert!(!words.vi.contains('{') && !words.en.contains('{'), "{words:?}");
        }
    }
}
