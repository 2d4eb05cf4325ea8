//! What kind of document the pages are, told by the title, else by words of the table.

use std::sync::OnceLock;

use formats_vn::fold::{fold, similarity, upper_share};
use serde::Deserialize;

use crate::page::{Line, PageReading, Quad};

/// The table of kinds that is built in.
const EMBEDDED: &str = include_str!("../kinds.toml");

/// A kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Short name, stable over versions.
    pub id: String,
    /// Vietnamese name, as column 4 of the certification book takes it.
    pub vi: String,
    /// English name.
    pub en: String,
    /// Title lines, upper case, joined by a space where the print breaks them.
    #[serde(default)]
    pub titles: Vec<String>,
    /// Phrases that a page of this kind has and others have not.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Papers that private persons make: without confirmation and seal they are refused (R6).
    #[serde(default)]
    pub private: bool,
    /// What the officer should know (Vietnamese).
    #[serde(default)]
    pub note: String,
    /// Fields with a printed label.
    #[serde(default)]
    pub fields: Vec<FieldSpec>,
}

/// A field that is printed as `label: value`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Short name.
    pub id: String,
    /// Labels as printed.
    pub labels: Vec<String>,
    /// What sort of value it is, where machines compare it.
    #[serde(default)]
    pub sort: Option<Sort>,
}

/// Sorts of values that have one normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// A day.
    Date,
    /// A person's name.
    Person,
    /// The 12-digit number of a person.
    Id,
    /// A business's number, which is its tax code.
    Tax,
    /// Two letters and 6 or 8 digits on a land certificate.
    LandSerial,
    /// Letters and digits without spaces.
    Number,
}

#[derive(Deserialize)]
struct Table {
    kind: Vec<Kind>,
}

/// All kinds; the last is `other`.
pub fn kinds() -> &'static [Kind] {
    static KINDS: OnceLock<Vec<Kind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let table: Result<Table, _> = toml::from_str(EMBEDDED);
        // The table is part of the program; a test holds that it parses.
        table.map(|table| table.kind).unwrap_or_default()
    })
}

/// How the pages show that they are themselves a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyMark {
    /// A certification statement (lời chứng) is on the page.
    Certified,
    /// The title says BẢN SAO, SAO Y, SAO LỤC or TRÍCH SAO.
    Labelled,
    /// An extract from the register (TRÍCH LỤC): valid by itself, and a copy.
    Extract,
}

/// A copy mark and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct CopySign {
    /// Which mark.
    pub mark: CopyMark,
    /// Page, from 0.
    pub page: usize,
    /// Where on the page.
    pub quad: Quad,
}

/// What the pages are.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// The kind; `other` when unsure.
    pub kind: &'static Kind,
    /// How sure, 0 to 1; 0 for `other`.
    pub score: f32,
    /// The title as read, empty when none was found.
    pub title: String,
    /// Page and place of the title.
    pub title_at: Option<(usize, Quad)>,
    /// Signs that the paper is itself a copy. They never change the kind.
    pub copies: Vec<CopySign>,
}

/// Titles stand in this upper part of the page.
const TITLE_PART: f32 = 0.45;
/// A title is print in capitals.
const UPPER_MIN: f32 = 0.7;
/// Titles less alike than this are different titles.
const SIMILAR_MIN: f32 = 0.8;
/// As good as the same.
const ABOUT: f32 = 0.9;
/// Below this score the kind is `other`.
const SCORE_MIN: f32 = 0.5;

/// Tells the kind by the first page and the copy marks by all.
pub fn classify(pages: &[PageReading]) -> Classification {
    let copies = copies(pages);
    let by_title = pages.first().and_then(by_title);
    let best = by_title.or_else(|| by_keywords(pages)).filter(|b| b.score >= SCORE_MIN);
    match best {
        Some(Match { kind, score, title, at }) => {
            Classification { kind, score, title, title_at: at.map(|quad| (0, quad)), copies }
        }
        None => {
            let (title, at) = pages.first().and_then(any_title).unzip();
            let title_at = at.map(|quad| (0, quad));
            Classification {
                kind: other(),
                score: 0.0,
                title: title.unwrap_or_default(),
                title_at,
                copies,
            }
        }
    }
}

fn other() -> &'static Kind {
    static NONE: OnceLock<Kind> = OnceLock::new();
    kinds().iter().find(|k| k.id == "other").unwrap_or_else(|| {
        NONE.get_or_init(|| Kind {
            id: "other".to_owned(),
            vi: "Giấy tờ khác".to_owned(),
            en: "Other paper".to_owned(),
            titles: Vec::new(),
            keywords: Vec::new(),
            private: false,
            note: String::new(),
            fields: Vec::new(),
        })
    })
}

struct Match {
    kind: &'static Kind,
    score: f32,
    title: String,
    at: Option<Quad>,
}

/// Lines of the upper part in capitals, and what they give joined to the next one or two.
fn title_candidates(page: &PageReading) -> Vec<(String, Quad)> {
    let limit = page.height as f32 * TITLE_PART;
    let lines: Vec<&Line> = page
        .lines
        .iter()
        .filter(|line| line.quad()[0][1] < limit && upper_share(&line.text()) >= UPPER_MIN)
        .filter(|line| !is_motto(&line.text()))
        .collect();
    let mut found = Vec::new();
    for i in 0..lines.len() {
        let mut joined = String::new();
        for line in lines.iter().skip(i).take(3) {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(&line.text());
            found.push((joined.clone(), lines[i].quad()));
        }
    }
    found
}

fn is_motto(text: &str) -> bool {
    similarity(text, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") > SIMILAR_MIN
        || similarity(text, "Độc lập - Tự do - Hạnh phúc") > SIMILAR_MIN
}

fn by_title(page: &PageReading) -> Option<Match> {
    let mut best: Option<(f32, usize, f32, Match)> = None;
    for (text, quad) in title_candidates(page) {
        let folded = fold(&text);
        for kind in kinds() {
            for title in &kind.titles {
                let score = title_score(&folded, &fold(title));
                // Of about equally good titles the longer says more: "Giấy chứng nhận" begins many.
                let sure = if score >= ABOUT { 1.0 } else { score };
                let rank = (sure, title.len(), score);
                if score >= SIMILAR_MIN && best.as_ref().is_none_or(|b| rank > (b.0, b.1, b.2)) {
                    let at = Some(quad);
                    let found = Match { kind, score, title: text.clone(), at };
                    best = Some((rank.0, rank.1, rank.2, found));
                }
            }
        }
    }
    best.map(|(_, _, _, found)| found)
}

fn title_score(folded: &str, title: &str) -> f32 {
    if folded == title {
        return 1.0;
    }
    let longer = folded.strip_prefix(title).is_some_and(|rest| rest.starts_with(' '));
    if longer { 0.95 } else { similarity(folded, title) * 0.95 }
}

fn by_keywords(pages: &[PageReading]) -> Option<Match> {
    let text = fold(&pages.iter().map(PageReading::text).collect::<Vec<_>>().join(" "));
    let hits = |kind: &Kind| kind.keywords.iter().filter(|k| text.contains(&fold(k))).count();
    let (kind, hits) = kinds().iter().map(|k| (k, hits(k))).max_by_key(|(_, hits)| *hits)?;
    let score = match hits {
        0 | 1 => 0.0,
        2 => 0.5,
        _ => 0.6,
    };
    Some(Match { kind, score, title: String::new(), at: None })
}

/// The tallest line in capitals: what a person would call the title.
fn any_title(page: &PageReading) -> Option<(String, Quad)> {
    let limit = page.height as f32 * TITLE_PART;
    let height = |quad: &Quad| quad[3][1] - quad[0][1];
    page.lines
        .iter()
        .map(|line| (line.text(), line.quad()))
        .filter(|(text, quad)| {
            quad[0][1] < limit && upper_share(text) >= UPPER_MIN && fold(text).len() >= 5
        })
        .filter(|(text, _)| !is_motto(text))
        .max_by(|a, b| height(&a.1).total_cmp(&height(&b.1)))
}

fn copies(pages: &[PageReading]) -> Vec<CopySign> {
    let mut signs = Vec::new();
    for (page, reading) in pages.iter().enumerate() {
        for line in &reading.lines {
            if let Some(mark) = copy_mark(&line.text()) {
                signs.push(CopySign { mark, page, quad: line.quad() });
            }
        }
    }
    signs
}

/// A mark is a line of its own in capitals, never a phrase inside prose.
fn copy_mark(text: &str) -> Option<CopyMark> {
    if upper_share(text) < UPPER_MIN {
        return None;
    }
    let folded = fold(text);
    if similarity(&folded, "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH") >= SIMILAR_MIN {
        return Some(CopyMark::Certified);
    }
    if folded.starts_with("trich luc") {
        return Some(CopyMark::Extract);
    }
    let labels = ["ban sao", "sao y", "sao y ban chinh", "sao luc", "trich sao"];
    let labelled = labels.contains(&folded.as_str()) || folded.ends_with(" ban sao");
    labelled.then_some(CopyMark::Labelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_its_names_are_unique() {
        let table: Result<Table, _> = toml::from_str(EMBEDDED);
        let table = table.expect("kinds.toml");
        assert_eq!(table.kind.last().map(|k| k.id.as_str()), Some("other"));
        for (i, kind) in table.kind.iter().enumerate() {
            assert!(table.kind[..i].iter().all(|k| k.id != kind.id), "{} twice", kind.id);
            assert!(!kind.vi.is_empty() && !kind.en.is_empty());
            for title in &kind.titles {
                assert_eq!(upper_share(title), 1.0, "{title}");
            }
        }
    }

    #[test]
    fn a_title_may_lose_marks_and_a_letter() {
        assert_eq!(title_score("quyet dinh", "quyet dinh"), 1.0);
        assert_eq!(title_score("hop dong thue nha", "hop dong"), 0.95);
        assert!(title_score("quyt dinh", "quyet dinh") > SIMILAR_MIN);
        assert!(title_score("quy che", "quyet dinh") < SIMILAR_MIN);
    }

    #[test]
    fn copy_words_count_as_a_line_of_their_own_in_capitals() {
        assert_eq!(copy_mark("(BẢN SAO)"), Some(CopyMark::Labelled));
        assert_eq!(copy_mark("GIẤY KHAI SINH (BẢN SAO)"), Some(CopyMark::Labelled));
        assert_eq!(copy_mark("SAO Y"), Some(CopyMark::Labelled));
        assert_eq!(copy_mark("TRÍCH LỤC KHAI SINH"), Some(CopyMark::Extract));
        let statement = "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH";
        assert_eq!(copy_mark(statement), Some(CopyMark::Certified));
        assert_eq!(copy_mark("hồ sơ gồm đơn và bản sao"), None);
        assert_eq!(copy_mark("QUYẾT ĐỊNH"), None);
    }

    #[test]
    fn titles_beat_keywords_and_prose_is_no_title() {
        let page = crate::page::sample(&["QUYẾT ĐỊNH", "Về việc cấp giấy khai sinh"]);
        assert_eq!(classify(&[page]).kind.id, "decision");
        let page = crate::page::sample(&["quyết định", "của chủ tịch"]);
        assert_eq!(classify(&[page]).kind.id, "other");
        let page =
            crate::page::sample(&["Họ, chữ đệm, tên người mẹ: A", "Nơi đăng ký khai sinh: B"]);
        let found = classify(&[page]);
        assert_eq!((found.kind.id.as_str(), found.score), ("birth", 0.5));
    }

    #[test]
    fn a_broken_title_is_joined() {
        let page = crate::page::sample(&["GIẤY CHỨNG NHẬN", "ĐĂNG KÝ DOANH NGHIỆP"]);
        assert_eq!(classify(&[page]).kind.id, "biz");
    }
}
