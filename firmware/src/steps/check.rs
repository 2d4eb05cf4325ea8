//! The refusal rules of Decree 23/2015, article 22, as far as a machine can look.
//!
//! Pure: readings in, findings out. A finding advises the officer; only [`Level::Stop`] ends the
//! visit by itself. A rule that the machine cannot judge says so instead of passing in silence.

use formats_vn::fold::{fold, similarity, upper_share};
use models::{Classification, CopyMark, Language, Line, PageReading, Quad, language_of};

/// Which rule a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Erased, altered or added content.
    R1Altered,
    /// Damaged or worn, so that the content cannot be determined.
    R2Unreadable,
    /// Marked secret, or marked as not to be copied.
    R3Secret,
    /// Unlawful or immoral content.
    R4Unlawful,
    /// Issued abroad and not legalised.
    R5Foreign,
    /// A private paper without confirmation and seal.
    R6Private,
    /// The paper is itself a copy.
    CopyOfCopy,
}

impl Rule {
    /// Short code for the journal, stable over versions.
    pub const fn code(self) -> &'static str {
        match self {
            Self::R1Altered => "R1",
            Self::R2Unreadable => "R2",
            Self::R3Secret => "R3",
            Self::R4Unlawful => "R4",
            Self::R5Foreign => "R5",
            Self::R6Private => "R6",
            Self::CopyOfCopy => "COPY",
        }
    }
}

/// What a finding asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Looked at, nothing found.
    Clear,
    /// The machine cannot judge this; the officer must.
    OfficerOnly,
    /// The officer should look here before deciding.
    Warn,
    /// The visit ends. For [`Rule::R3Secret`] the images are wiped at once.
    Stop,
}

/// Where the cause of a finding is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Page, from 0.
    pub page: usize,
    /// Place on the page, in pixels.
    pub quad: Quad,
}

/// What one rule has to say about the pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What it asks for.
    pub level: Level,
    /// In Vietnamese, for citizen and officer.
    pub vi: String,
    /// In English.
    pub en: String,
    /// Where to look; may be empty.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    fn new(rule: Rule, level: Level, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { rule, level, vi: vi.into(), en: en.into(), evidence: Vec::new() }
    }

    fn at(mut self, evidence: Vec<Evidence>) -> Self {
        self.evidence = evidence;
        self
    }
}

/// Whether the images must be wiped before anything else happens (rule R3, invariant 6).
pub fn must_wipe(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.rule == Rule::R3Secret && f.level == Level::Stop)
}

/// Whether the machine alone ends the visit.
pub fn must_stop(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.level == Level::Stop)
}

/// Looks at all pages. One finding a rule, in the order R1 to R6, then copies.
pub fn check(pages: &[PageReading], classification: &Classification) -> Vec<Finding> {
    vec![
        altered(),
        unreadable(pages),
        secret(pages),
        unlawful(),
        foreign(pages),
        private(pages, classification),
        copy_of_copy(classification),
    ]
}

fn altered() -> Finding {
    Finding::new(
        Rule::R1Altered,
        Level::OfficerOnly,
        "Máy không phát hiện được tẩy xóa, sửa chữa, thêm bớt: cán bộ đối chiếu bản giấy.",
        "The machine cannot see erasures or additions: the officer compares the paper.",
    )
}

fn unlawful() -> Finding {
    Finding::new(
        Rule::R4Unlawful,
        Level::OfficerOnly,
        "Máy không đánh giá nội dung: cán bộ xem xét nội dung trái pháp luật, trái đạo đức.",
        "The machine does not judge content: the officer looks for unlawful or immoral matter.",
    )
}

/// Below this mean confidence much of a page is guesswork; clean print has over 0.9.
const CONFIDENCE_MIN: f32 = 0.75;
/// A page with this share of words under [`WORD_DOUBT`] has holes.
const DOUBTFUL_SHARE: f32 = 0.25;
const WORD_DOUBT: f32 = 0.6;
/// Below this sharpness print is a blur ([`PageReading::sharpness`]).
const SHARPNESS_MIN: f32 = 60.0;

fn unreadable(pages: &[PageReading]) -> Finding {
    let rule = Rule::R2Unreadable;
    if pages.is_empty() || pages.iter().all(|page| page.blank) {
        return Finding::new(
            rule,
            Level::Stop,
            "Trang trắng: không có nội dung để chứng thực. Hãy đặt lại giấy tờ, mặt chữ úp xuống.",
            "The page is empty: there is nothing to certify. Lay the paper again, face down.",
        );
    }
    let (mut evidence, mut vi, mut en) = (Vec::new(), Vec::new(), Vec::new());
    for (page, reading) in pages.iter().enumerate() {
        if let Some((why_vi, why_en)) = why_unreadable(reading) {
            vi.push(format!("trang {}: {why_vi}", page + 1));
            en.push(format!("page {}: {why_en}", page + 1));
            evidence.extend(doubtful(reading).map(|quad| Evidence { page, quad }));
        }
    }
    if vi.is_empty() {
        return Finding::new(rule, Level::Clear, "Đọc được rõ các trang.", "All pages read well.");
    }
    let vi =
        format!("Khó xác định nội dung ({}). Quét lại hoặc cán bộ xem bản giấy.", vi.join("; "));
    let en = format!("Hard to read ({}). Scan again, or the officer looks.", en.join("; "));
    Finding::new(rule, Level::Warn, vi, en).at(evidence)
}

fn why_unreadable(page: &PageReading) -> Option<(&'static str, &'static str)> {
    let words = page.lines.iter().map(|line| line.words.len()).sum::<usize>();
    let doubtful = doubtful(page).count();
    if page.blank {
        Some(("trang trắng", "empty"))
    } else if words == 0 {
        Some(("không đọc được chữ nào", "no text could be read"))
    } else if page.sharpness < SHARPNESS_MIN {
        Some(("ảnh mờ", "blurred"))
    } else if page.confidence < CONFIDENCE_MIN || doubtful as f32 > DOUBTFUL_SHARE * words as f32 {
        Some(("nhiều chữ không rõ", "many unclear words"))
    } else {
        None
    }
}

fn doubtful(page: &PageReading) -> impl Iterator<Item = Quad> {
    let words = page.lines.iter().flat_map(|line| &line.words);
    words.filter(|word| word.confidence < WORD_DOUBT).map(|word| word.quad)
}

/// Secrecy marks (Decree 26/2020 on state secrets: three levels) and the copying ban, folded.
const SECRET_MARKS: [&str; 3] = ["mat", "toi mat", "tuyet mat"];
const NO_COPY_MARKS: [&str; 4] =
    ["khong duoc sao chup", "cam sao chup", "khong sao chup", "khong duoc sao"];

fn secret(pages: &[PageReading]) -> Finding {
    let evidence: Vec<Evidence> = pages
        .iter()
        .enumerate()
        .flat_map(|(page, reading)| reading.lines.iter().map(move |line| (page, line)))
        .filter(|(_, line)| is_secret_mark(line))
        .map(|(page, line)| Evidence { page, quad: line.quad() })
        .collect();
    if evidence.is_empty() {
        return Finding::new(
            Rule::R3Secret,
            Level::Clear,
            "Không thấy dấu chỉ độ mật hay dấu cấm sao chụp.",
            "No secrecy mark and no ban on copying was seen.",
        );
    }
    Finding::new(
        Rule::R3Secret,
        Level::Stop,
        "Giấy tờ có dấu mật hoặc không được sao chụp: không chứng thực; ảnh quét đã được xóa.",
        "The paper bears a secrecy mark or a ban on copying: refused; the images are wiped.",
    )
    .at(evidence)
}

/// A mark is a short line of its own in capitals, with nothing but a frame's debris beside it:
/// "bảo mật" in prose and "BẢO MẬT THÔNG TIN" in a title are no marks.
fn is_secret_mark(line: &Line) -> bool {
    // The stamp's frame may be read as strokes: signs and lone letters do not count.
    let words: Vec<&str> =
        line.words.iter().map(|w| w.text.as_str()).filter(|w| fold(w).len() > 1).collect();
    let text = words.join(" ");
    // Marks are told apart by their tone as well: MẮT and MÁT are not MẬT.
    let spelt = words.iter().any(|w| strip_signs(w) == "MẬT" || strip_signs(w) == "MÂT");
    let folded = fold(&text);
    let secret = SECRET_MARKS.contains(&folded.as_str()) && spelt;
    let no_copy = words.len() <= 6 && NO_COPY_MARKS.iter().any(|m| similarity(m, &folded) >= 0.9);
    upper_share(&text) >= 0.9 && (secret || no_copy)
}

fn strip_signs(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphabetic())
}

fn foreign(pages: &[PageReading]) -> Finding {
    let rule = Rule::R5Foreign;
    match language_of(pages) {
        Language::Vietnamese => Finding::new(
            rule,
            Level::Clear,
            "Giấy tờ bằng tiếng Việt.",
            "The paper is in Vietnamese.",
        ),
        Language::Foreign => Finding::new(
            rule,
            Level::Warn,
            "Giấy tờ bằng tiếng nước ngoài: phải được hợp pháp hóa lãnh sự, trừ khi được miễn.",
            "The paper is in a foreign language: it needs consular legalisation unless exempt.",
        ),
        Language::Unknown => Finding::new(
            rule,
            Level::OfficerOnly,
            "Quá ít chữ để biết ngôn ngữ: cán bộ xác định nơi cấp.",
            "Too little text to tell the language: the officer determines who issued it.",
        ),
    }
}

fn private(pages: &[PageReading], classification: &Classification) -> Finding {
    let rule = Rule::R6Private;
    let seals: Vec<Evidence> = pages
        .iter()
        .enumerate()
        .flat_map(|(page, r)| r.seals.iter().map(move |s| Evidence { page, quad: s.quad() }))
        .collect();
    if !seals.is_empty() {
        let vi = "Thấy hình dấu tròn đỏ; máy không xác minh dấu thật.";
        let en = "A round red seal was seen; the machine does not verify that it is genuine.";
        return Finding::new(rule, Level::Clear, vi, en).at(seals);
    }
    if classification.kind.private {
        return Finding::new(
            rule,
            Level::Warn,
            "Giấy tờ do cá nhân lập, không thấy dấu xác nhận của cơ quan có thẩm quyền.",
            "A private paper, and no seal of a competent body was seen.",
        );
    }
    Finding::new(
        rule,
        Level::Warn,
        "Không thấy dấu đỏ: có thể là bản chụp, hoặc giấy tờ không có dấu.",
        "No red seal was seen: it may be a photocopy, or a paper without a seal.",
    )
}

fn copy_of_copy(classification: &Classification) -> Finding {
    let rule = Rule::CopyOfCopy;
    let evidence: Vec<Evidence> = classification
        .copies
        .iter()
        .map(|sign| Evidence { page: sign.page, quad: sign.quad })
        .collect();
    let has = |mark| classification.copies.iter().any(|sign| sign.mark == mark);
    if has(CopyMark::Extract) {
        return Finding::new(
            rule,
            Level::Warn,
            "Trích lục là bản sao cấp từ sổ gốc, dùng được ngay: hỏi lại nhu cầu chứng thực.",
            "An extract is a copy issued from the register and valid as it is: ask what is needed.",
        )
        .at(evidence);
    }
    if has(CopyMark::Certified) || has(CopyMark::Labelled) {
        return Finding::new(
            rule,
            Level::Warn,
            "Giấy tờ này là bản sao (có lời chứng hoặc chữ “Bản sao”): cần bản chính.",
            "This paper is itself a copy (a certification or the words “Bản sao”): \
             the original is needed.",
        )
        .at(evidence);
    }
    let vi = "Không thấy dấu hiệu giấy tờ là bản sao.";
    Finding::new(rule, Level::Clear, vi, "No sign that the paper is itself a copy.")
}

#[cfg(test)]
mod tests {
    use models::{Region, Word, classify};

    use super::*;

    /// A page of these lines, sealed, well read.
    fn page(lines: &[&str]) -> PageReading {
        let line = |(i, text): (usize, &&str)| {
            let mut x = 300.0;
            let y = 300.0 + 100.0 * i as f32;
            let word = |text: &str| {
                let right = x + 20.0 * text.chars().count() as f32;
                let quad = [[x, y], [right, y], [right, y + 50.0], [x, y + 50.0]];
                x = right + 20.0;
                Word { text: text.to_owned(), quad, confidence: 0.95, letters: vec![] }
            };
            Line { words: text.split_whitespace().map(word).collect() }
        };
        PageReading {
            width: 2480,
            height: 3508,
            dpi: 300,
            sheet: None,
            turn: drivers_api::Turn::None,
            skew_degrees: 0.0,
            lines: lines.iter().enumerate().map(line).collect(),
            confidence: 0.95,
            ink: 0.06,
            blank: false,
            sharpness: 180.0,
            seals: vec![Region { x: 1200, y: 2000, width: 425, height: 425 }],
            signatures: Vec::new(),
        }
    }

    const PROSE: &str = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025 \
        của Quốc hội nước Cộng hòa xã hội chủ nghĩa Việt Nam";

    fn finding(pages: &[PageReading], rule: Rule) -> Finding {
        let findings = check(pages, &classify(pages));
        findings.into_iter().find(|f| f.rule == rule).expect("every rule speaks")
    }

    fn level(lines: &[&str], rule: Rule) -> Level {
        finding(&[page(lines)], rule).level
    }

    #[test]
    fn every_rule_speaks_once_and_a_good_paper_stops_nowhere() {
        let pages = [page(&["QUYẾT ĐỊNH", PROSE])];
        let findings = check(&pages, &classify(&pages));
        let codes: Vec<_> = findings.iter().map(|f| f.rule.code()).collect();
        assert_eq!(codes, ["R1", "R2", "R3", "R4", "R5", "R6", "COPY"]);
        assert!(findings.iter().all(|f| f.level < Level::Warn), "{findings:?}");
        assert!(!must_stop(&findings) && !must_wipe(&findings));
    }

    #[test]
    fn what_the_machine_cannot_judge_is_left_to_the_officer() {
        assert_eq!(level(&[PROSE], Rule::R1Altered), Level::OfficerOnly);
        assert_eq!(level(&[PROSE], Rule::R4Unlawful), Level::OfficerOnly);
    }

    #[test]
    fn a_secrecy_mark_stops_the_visit_and_wipes_the_images() {
        for mark in ["MẬT", "| MẬT |", "TỐI MẬT", "TUYỆT MẬT", "KHÔNG ĐƯỢC SAO CHỤP", "(MẬT)"]
        {
            let pages = [page(&[PROSE]), page(&[PROSE, mark])];
            let findings = check(&pages, &classify(&pages));
            assert!(must_wipe(&findings) && must_stop(&findings), "{mark}");
            let secret = finding(&pages, Rule::R3Secret);
            assert_eq!(secret.evidence[0].page, 1);
        }
    }

    #[test]
    fn secrecy_words_in_prose_and_titles_are_no_mark() {
        for text in [
            "thông tin cá nhân được bảo mật theo quy định",
            "BẢO MẬT THÔNG TIN",
            "mật",
            "Mật ong rừng",
            "MẮT",
            "CÔNG TY MẬT ONG",
            "tài liệu không được sao chụp khi chưa có ý kiến của cơ quan",
        ] {
            assert_eq!(level(&[PROSE, text], Rule::R3Secret), Level::Clear, "{text}");
        }
    }

    #[test]
    fn empty_blurred_and_doubtful_pages_are_told_apart() {
        let blank = PageReading { blank: true, lines: Vec::new(), ..page(&[]) };
        assert_eq!(finding(std::slice::from_ref(&blank), Rule::R2Unreadable).level, Level::Stop);
        assert_eq!(finding(&[], Rule::R2Unreadable).level, Level::Stop);
        let mixed = finding(&[page(&[PROSE]), blank], Rule::R2Unreadable);
        assert_eq!(mixed.level, Level::Warn);
        assert!(mixed.vi.contains("trang 2: trang trắng"), "{}", mixed.vi);
        let blurred = PageReading { sharpness: 30.0, ..page(&[PROSE]) };
        assert!(finding(&[blurred], Rule::R2Unreadable).en.contains("blurred"));
        let mut doubtful = page(&[PROSE]);
        doubtful.lines[0].words.iter_mut().take(9).for_each(|w| w.confidence = 0.3);
        assert_eq!(finding(&[doubtful], Rule::R2Unreadable).evidence.len(), 9);
        assert_eq!(level(&[PROSE], Rule::R2Unreadable), Level::Clear);
    }

    #[test]
    fn a_foreign_paper_asks_for_legalisation() {
        let english = "This is to certify that she has been awarded the degree of Master of Laws";
        assert_eq!(level(&[english], Rule::R5Foreign), Level::Warn);
        assert_eq!(level(&[PROSE], Rule::R5Foreign), Level::Clear);
        assert_eq!(level(&["2026"], Rule::R5Foreign), Level::OfficerOnly);
    }

    #[test]
    fn no_seal_warns_and_says_more_of_a_private_paper() {
        let bare = |title: &str| PageReading { seals: Vec::new(), ..page(&[title, PROSE]) };
        let contract = finding(&[bare("HỢP ĐỒNG THUÊ NHÀ")], Rule::R6Private);
        assert_eq!(contract.level, Level::Warn);
        assert!(contract.en.starts_with("A private paper"));
        let decision = finding(&[bare("QUYẾT ĐỊNH")], Rule::R6Private);
        assert!(decision.level == Level::Warn && decision.en.starts_with("No red seal"));
        assert_eq!(level(&["HỢP ĐỒNG THUÊ NHÀ"], Rule::R6Private), Level::Clear);
    }

    #[test]
    fn a_copy_is_not_copied_again_without_a_word() {
        let rule = Rule::CopyOfCopy;
        let statement = "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH";
        assert_eq!(level(&["QUYẾT ĐỊNH", PROSE, statement], rule), Level::Warn);
        assert_eq!(level(&["GIẤY KHAI SINH", "(BẢN SAO)"], rule), Level::Warn);
        let extract = finding(&[page(&["TRÍCH LỤC KHAI SINH", "(BẢN SAO)"])], rule);
        assert!(extract.en.starts_with("An extract"));
        assert_eq!(level(&["QUYẾT ĐỊNH", "kèm theo bản sao hợp lệ"], rule), Level::Clear);
    }
}
