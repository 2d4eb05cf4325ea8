//! Fields of a document: number, date, issuer, subject, signer, and what has a printed label.
//!
//! A field is what the page says, never corrected; its confidence is that of its words. What is
//! computed from it stands beside it.

mod normal;

use std::sync::OnceLock;

use formats_vn::fold::{fold, similarity, upper_share};

use crate::kind::{Classification, FieldSpec, Sort};
use crate::page::{Line, PageReading, Quad, Word, confidence_of, quad_of};

/// A value found on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Short name: `number`, `date`, `issuer`, `subject`, `signer`, or a [`FieldSpec::id`].
    pub id: String,
    /// The value as printed, without a stop at its end.
    pub value: String,
    /// Page, from 0.
    pub page: usize,
    /// Where the value stands.
    pub quad: Quad,
    /// Confidence of its words, 0 to 1.
    pub confidence: f32,
    /// The value in the one form that machines compare: a date as `2026-03-12`, a name in capitals
    /// with single spaces, a number without them. `None` where the value has no such form.
    pub normal: Option<String>,
    /// Whether the value passes the checks of its sort (a day that exists, a check digit, the
    /// letters and digits of a serial); `None` where there is nothing to check.
    pub valid: Option<bool>,
}

impl Field {
    /// With what its sort makes of the value.
    fn normal(self, sort: Option<Sort>) -> Self {
        let Some(sort) = sort else { return self };
        let (normal, valid) = normal::of(sort, &self.value);
        Self { normal, valid, ..self }
    }

    fn of(id: &str, page: usize, words: &[Word]) -> Self {
        let value = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        Self {
            id: id.to_owned(),
            value: value.trim_end_matches(['.', ',', ';']).to_owned(),
            page,
            quad: quad_of(words),
            confidence: confidence_of(words),
            normal: None,
            valid: None,
        }
    }
}

/// Finds the fields of `pages`; those that are not there are left out.
pub fn extract(pages: &[PageReading], classification: &Classification) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    if let Some(first) = pages.first() {
        fields.extend(number(first));
        fields.extend(issuer(first));
        fields.extend(subject(first, classification));
    }
    fields.extend(date(pages));
    fields.extend(signer(pages));
    for spec in &classification.kind.fields {
        fields.extend(labelled(pages, spec, &classification.kind.fields));
    }
    fields
}

/// `Số: 126/QĐ-UBND` in the upper part: the word after `Số` that has a digit.
fn number(page: &PageReading) -> Option<Field> {
    let limit = page.height as f32 * 0.4;
    let lines = page.lines.iter().filter(|line| line.quad()[0][1] < limit);
    lines.into_iter().find_map(|line| {
        let [label, value, ..] = line.words.as_slice() else { return None };
        let labelled = ["so", "no"].contains(&fold(&label.text).as_str());
        let numeric = value.text.chars().any(|c| c.is_ascii_digit());
        (labelled && numeric).then(|| Field::of("number", 0, &line.words[1..2]))
    })
}

/// `ngày 12 tháng 3 năm 2026`: under the head of the first page; else the last that stands with
/// its place on a line of its own (`Hà Nội, ngày …`), as above a signature; else the first.
fn date(pages: &[PageReading]) -> Option<Field> {
    let head = pages.first()?.height as f32 * 0.2;
    let found: Vec<(&Line, Field)> = pages
        .iter()
        .enumerate()
        .flat_map(|(i, page)| page.lines.iter().map(move |line| (i, line)))
        .filter_map(|(i, line)| Some((line, date_in(i, line)?)))
        .collect();
    let in_head = |(line, field): &&(&Line, Field)| field.page == 0 && line.quad()[0][1] < head;
    let placed = |(line, _): &&(&Line, Field)| {
        let place = line.words.iter().take_while(|w| fold(&w.text) != "ngay").count();
        let comma = place > 0 && line.words[place - 1].text.ends_with(',');
        comma && place <= 5 && line.words.len() == place + 6
    };
    let chosen = found.iter().find(in_head);
    let chosen = chosen.or_else(|| found.iter().rfind(placed)).or(found.first());
    chosen.map(|(_, field)| field.clone().normal(Some(Sort::Date)))
}

fn date_in(page: usize, line: &Line) -> Option<Field> {
    let has = |word: &Word, what: &str| fold(&word.text) == what;
    let number = |word: &Word| fold(&word.text).parse::<u32>().ok();
    let window = line.words.windows(6).position(|w| {
        has(&w[0], "ngay")
            && has(&w[2], "thang")
            && has(&w[4], "nam")
            && number(&w[1]).is_some_and(|d| (1..=31).contains(&d))
            && number(&w[3]).is_some_and(|m| (1..=12).contains(&m))
            && number(&w[5]).is_some_and(|y| (1900..2100).contains(&y))
    })?;
    Some(Field::of("date", page, &line.words[window..window + 6]))
}

/// The lines in capitals at the top left, above the number, that are not the motto.
fn issuer(page: &PageReading) -> Option<Field> {
    let (middle, limit) = (page.width as f32 * 0.45, page.height as f32 * 0.13);
    let mut words: Vec<Word> = Vec::new();
    for line in page.lines.iter().filter(|line| line.quad()[0][1] < limit) {
        let line = Line { words: before_motto(&line.words).to_vec() };
        let quad = line.quad();
        let centre = (quad[0][0] + quad[1][0]) / 2.0;
        if !line.words.is_empty() && centre < middle && upper_share(&line.text()) > 0.9 {
            words.extend(line.words);
        }
    }
    let letters = words.iter().map(|w| w.text.chars().count()).sum::<usize>();
    if letters < 5 {
        return None;
    }
    let first_line = words.iter().take_while(|w| w.quad[0][1] < words[0].quad[3][1]).count();
    let mut field = Field::of("issuer", 0, &words);
    field.quad = quad_of(&words[..first_line.max(1)]);
    if let Some(last) = words.last() {
        field.quad[2][1] = last.quad[2][1];
        field.quad[3][1] = last.quad[3][1];
    }
    Some(field)
}

/// The words of a line in front of the motto, where the two stand close.
fn before_motto(words: &[Word]) -> &[Word] {
    let is = |at: usize, what: &str| words.get(at).is_some_and(|word| fold(&word.text) == what);
    let begins = |at: &usize| {
        (is(*at, "cong") && is(at + 1, "hoa")) || (is(*at, "doc") && is(at + 1, "lap"))
    };
    &words[..(0..words.len()).find(begins).unwrap_or(words.len())]
}

/// `Về việc …` and the lines that follow it, to the first in capitals, at most three.
fn subject(page: &PageReading, classification: &Classification) -> Option<Field> {
    let (0, title) = classification.title_at? else { return None };
    let below = page.lines.iter().filter(|line| line.quad()[0][1] > title[3][1] - 5.0);
    let mut lines = below.skip_while(|line| {
        let text = fold(&line.text());
        !(text.starts_with("ve viec") || text.starts_with("v v "))
    });
    let first = lines.next()?;
    let height = first.quad()[3][1] - first.quad()[0][1];
    let mut words = first.words.clone();
    let mut bottom = first.quad()[3][1];
    for line in lines.take(2) {
        let near = line.quad()[0][1] - bottom < height;
        if !near || upper_share(&line.text()) > 0.7 || line.text().starts_with("Căn cứ") {
            break;
        }
        bottom = line.quad()[3][1];
        words.extend(line.words.iter().cloned());
    }
    let mut field = Field::of("subject", 0, &words);
    field.quad = first.quad();
    Some(field)
}

/// Capacities that stand above a signature, folded.
const CAPACITIES: [&str; 14] = [
    "chu tich",
    "pho chu tich",
    "giam doc",
    "pho giam doc",
    "hieu truong",
    "pho hieu truong",
    "cong chung vien",
    "truong phong",
    "truong cong an",
    "chanh van phong",
    "cong chuc tu phap",
    "bo truong",
    "vien truong",
    "cuc truong",
];

/// The name under the lowest capacity line: two to six words, each with a capital, in the same
/// column and not further than a signature is tall.
fn signer(pages: &[PageReading]) -> Option<Field> {
    let pages = pages.iter().enumerate().rev();
    pages.into_iter().find_map(|(i, page)| {
        let capacity = page.lines.iter().rev().find(|line| is_capacity(&line.text()))?;
        let (from, reach) = (capacity.quad(), page.dpi as f32 / 25.4 * 60.0);
        let below = page.lines.iter().filter(|line| {
            let quad = line.quad();
            let overlap = quad[1][0].min(from[1][0]) - quad[0][0].max(from[0][0]);
            quad[0][1] > from[3][1] && quad[0][1] < from[3][1] + reach && overlap > 0.0
        });
        let named = below
            .filter(|line| is_name(&line.words))
            .max_by(|a, b| a.quad()[0][1].total_cmp(&b.quad()[0][1]))?;
        Some(Field::of("signer", i, &named.words).normal(Some(Sort::Person)))
    })
}

fn is_capacity(text: &str) -> bool {
    let folded = fold(text);
    let bare = ["kt ", "tm ", "tl ", "tuq ", "q "]
        .iter()
        .find_map(|prefix| folded.strip_prefix(prefix))
        .unwrap_or(&folded);
    upper_share(text) > 0.8 && CAPACITIES.iter().any(|c| similarity(c, bare) > 0.85)
}

fn is_name(words: &[Word]) -> bool {
    let capital = |w: &Word| w.text.chars().next().is_some_and(char::is_uppercase);
    let lettered = |w: &Word| w.text.chars().all(|c| c.is_alphabetic() || ".-'".contains(c));
    (2..=6).contains(&words.len()) && words.iter().all(|w| capital(w) && lettered(w))
}

/// `label: value`: on one line, in a column beside the label, over as many lines as it takes. The
/// value ends where the next label of the kind begins.
fn labelled(pages: &[PageReading], spec: &FieldSpec, all: &[FieldSpec]) -> Option<Field> {
    for (i, page) in pages.iter().enumerate() {
        for (at, line) in page.lines.iter().enumerate() {
            for start in 0..line.words.len() {
                let Some(found) = value_at(&line.words, start, spec, all) else { continue };
                let (at, mut value) = match found {
                    [] => match beside(page, at) {
                        Some(other) => (other, page.lines[other].words.clone()),
                        None => continue,
                    },
                    words => (at, words.to_vec()),
                };
                let ends_its_line = value.last() == page.lines[at].words.last();
                if ends_its_line {
                    go_on(page, at, &mut value, all);
                }
                return Some(Field::of(&spec.id, i, &value).normal(spec.sort));
            }
        }
    }
    None
}

/// The line that begins nearest to the right of a label's line, on its height.
fn beside(page: &PageReading, label: usize) -> Option<usize> {
    let from = page.lines[label].quad();
    let middle = (from[1][1] + from[2][1]) / 2.0;
    let lines = page.lines.iter().enumerate().filter(|(_, line)| {
        let quad = line.quad();
        quad[0][0] > from[1][0] && (quad[0][1]..quad[3][1]).contains(&middle)
    });
    lines.min_by(|(_, a), (_, b)| a.quad()[0][0].total_cmp(&b.quad()[0][0])).map(|(i, _)| i)
}

/// Adds the lines on which a value goes on: each next below, beginning below the value's beginning,
/// and not with a label.
fn go_on(page: &PageReading, at: usize, value: &mut Vec<Word>, all: &[FieldSpec]) {
    const LINES_MAX: usize = 3;
    let Some(first) = value.first() else { return };
    let (left, mut last) = (first.quad[0][0], page.lines[at].quad());
    let height = last[3][1] - last[0][1];
    for _ in 1..LINES_MAX {
        let next = page.lines.iter().find(|line| {
            let quad = line.quad();
            let below = quad[0][1] - last[0][1];
            (0.7 * height..2.6 * height).contains(&below)
                && (quad[0][0] - left).abs() < height
                && quad[1][0] > left
        });
        let goes_on = |line: &&Line| !begins_with_label(&line.words, all) && !has_left(page, line);
        let Some(next) = next.filter(goes_on) else { return };
        value.extend(next.words.iter().cloned());
        last = next.quad();
    }
}

/// Whether something stands to the left of a line on its height: then it is a row of its own.
fn has_left(page: &PageReading, line: &Line) -> bool {
    let quad = line.quad();
    page.lines.iter().any(|other| {
        let other = other.quad();
        let middle = (other[1][1] + other[2][1]) / 2.0;
        other[1][0] <= quad[0][0] && (quad[0][1]..quad[3][1]).contains(&middle)
    })
}

/// Whether a line is another row of the form: a label of the kind, or any few words with a colon.
fn begins_with_label(words: &[Word], all: &[FieldSpec]) -> bool {
    const LABEL_WORDS_MAX: usize = 10;
    let labels = all.iter().flat_map(|spec| &spec.labels);
    labels.into_iter().any(|label| after_label(words, label, false).is_some())
        || words.iter().take(LABEL_WORDS_MAX).any(|word| word.text.ends_with(':'))
}

/// The value behind the label of `spec` that begins at word `start`: no words where the label
/// fills the line to its end.
fn value_at<'w>(
    words: &'w [Word],
    start: usize,
    spec: &FieldSpec,
    all: &[FieldSpec],
) -> Option<&'w [Word]> {
    let words = &words[start..];
    let length = |spec: &FieldSpec| {
        spec.labels.iter().filter_map(|label| after_label(words, label, start > 0)).max()
    };
    let from = length(spec)?;
    // "Họ, chữ đệm, tên" also begins "Họ, chữ đệm, tên người mẹ": the longest label wins.
    if all.iter().filter_map(length).any(|other| other > from) {
        return None;
    }
    let rest = &words[from..];
    let begins_label = |at: &usize| {
        let words = &rest[*at..];
        let known = all.iter().flat_map(|s| &s.labels);
        let mut known = known.chain(OFTEN_BESIDE.get_or_init(often_beside));
        known.any(|label| after_label(words, label, true).is_some())
    };
    let to = (1..rest.len()).find(begins_label).unwrap_or(rest.len());
    Some(&rest[..to])
}

/// Short rows that forms put beside others, whatever the kind.
static OFTEN_BESIDE: OnceLock<Vec<String>> = OnceLock::new();

fn often_beside() -> Vec<String> {
    let labels = [
        "Giới tính",
        "Nam, nữ",
        "Dân tộc",
        "Quốc tịch",
        "Tôn giáo",
        "Năm sinh",
        "Ngày sinh",
        "Lớp",
    ];
    labels.into_iter().map(str::to_owned).collect()
}

/// How many words the label takes at the start of `words`, when it is there. One-word labels
/// ("Cho", "Ngành") are common words: they need their colon, and so does any label `inside` a line.
fn after_label(words: &[Word], label: &str, inside: bool) -> Option<usize> {
    let wanted = fold(label);
    let mut read = String::new();
    for (i, word) in words.iter().enumerate() {
        let folded = fold(&word.text);
        if !read.is_empty() && !folded.is_empty() {
            read.push(' ');
        }
        read.push_str(&folded);
        // Never by another first letter: "Bằng tốt nghiệp" is no "Hạng tốt nghiệp".
        if read.as_bytes().first() != wanted.as_bytes().first() {
            return None;
        }
        if read.len() + 2 >= wanted.len() && similarity(&read, &wanted) >= 0.9 {
            // The colon may have been read as a word of its own.
            let signs = words[i + 1..].iter().take_while(|w| fold(&w.text).is_empty()).count();
            let colon = word.text.ends_with([':', ';']) || signs > 0;
            let sure = colon || (!inside && wanted.contains(' '));
            return sure.then_some(i + 1 + signs);
        }
        if read.len() > wanted.len() + 2 {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::classify;
    use crate::page::sample;

    fn value(fields: &[Field], id: &str) -> String {
        fields.iter().find(|f| f.id == id).map(|f| f.value.clone()).unwrap_or_default()
    }

    #[test]
    fn a_decision_gives_number_date_subject_and_signer() {
        let page = sample(&[
            "ỦY BAN NHÂN DÂN",
            "Số: 126/QĐ-UBND",
            "Hà Nội, ngày 12 tháng 3 năm 2026",
            "QUYẾT ĐỊNH",
            "Về việc công nhận danh hiệu",
            "CHỦ TỊCH ỦY BAN NHÂN DÂN",
            "Căn cứ Luật số 5 ngày 16 tháng 6 năm 2025;",
            "KT. CHỦ TỊCH",
            "PHÓ CHỦ TỊCH",
            "Trần Văn Mẫu",
        ]);
        let pages = [page];
        let fields = extract(&pages, &classify(&pages));
        assert_eq!(value(&fields, "number"), "126/QĐ-UBND");
        assert_eq!(value(&fields, "date"), "ngày 12 tháng 3 năm 2026");
        assert_eq!(value(&fields, "subject"), "Về việc công nhận danh hiệu");
        assert_eq!(value(&fields, "signer"), "Trần Văn Mẫu");
        assert_eq!(value(&fields, "issuer"), "ỦY BAN NHÂN DÂN");
    }

    #[test]
    fn labels_that_begin_alike_are_told_apart() {
        let page = sample(&[
            "GIẤY KHAI SINH",
            "Họ, chữ đệm, tên người mẹ: LÊ THỊ KIỂM",
            "Họ, chữ đệm, tên: NGHIÊM THỊ THỬ",
            "Dân tộc: Kinh Quốc tịch : Việt Nam",
        ]);
        let pages = [page];
        let fields = extract(&pages, &classify(&pages));
        assert_eq!(value(&fields, "holder"), "NGHIÊM THỊ THỬ");
        assert_eq!(value(&fields, "mother"), "LÊ THỊ KIỂM");
        assert_eq!(value(&fields, "ethnicity"), "Kinh");
        assert_eq!(value(&fields, "nationality"), "Việt Nam");
    }

    #[test]
    fn nothing_is_made_up() {
        let pages = [sample(&["Biên bản họp tổ dân phố", "ngày 45 tháng 3 năm 2026"])];
        assert!(extract(&pages, &classify(&pages)).is_empty());
        assert!(extract(&[], &classify(&[])).is_empty());
    }
}
