//! Is the page Vietnamese? Told by its small words, which every text is full of.

use std::collections::HashSet;

use formats_vn::fold::fold;

use crate::page::PageReading;

/// The language of the print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Mostly Vietnamese small words.
    Vietnamese,
    /// Mostly small words of English, French or German.
    Foreign,
    /// Too few words to tell.
    Unknown,
}

/// Small words, folded.
const VIETNAMESE: &str = "va cua cac ngay thang nam viet duoc theo quy dinh nguoi trong cho voi \
    nay tai ban dan pho phuong hoc sinh chu tich uy noi so hoa xa hoi nghia doc lap tu hanh phuc \
    ho ten gioi tinh quoc dieu nhan giay chung";
/// Small words as printed.
const FOREIGN: &str = "the of and in by for with this that has been is was on at from certify \
    certificate degree university board under her his name date issued et les des du une est le la \
    und der die das mit von";
/// Small words a page needs before its language is told.
const HITS_MIN: usize = 6;

/// Tells the language of the pages together.
pub fn language_of(pages: &[PageReading]) -> Language {
    let vietnamese: HashSet<&str> = VIETNAMESE.split_whitespace().collect();
    let foreign: HashSet<&str> = FOREIGN.split_whitespace().collect();
    let (mut ours, mut theirs) = (0, 0);
    for word in pages.iter().flat_map(|p| &p.lines).flat_map(|l| &l.words) {
        // Marks may be lost from Vietnamese, but are not added to English: `thể` is not `the`.
        let plain = word.text.to_lowercase();
        let plain = plain.trim_matches(|c: char| !c.is_alphanumeric());
        theirs += usize::from(foreign.contains(plain));
        ours += usize::from(vietnamese.contains(fold(plain).as_str()));
    }
    match (ours, theirs) {
        (a, b) if a + b < HITS_MIN => Language::Unknown,
        (a, b) if b > a => Language::Foreign,
        _ => Language::Vietnamese,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    #[test]
    fn small_words_tell_the_language() {
        let ours =
            "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025 của Quốc hội";
        let theirs = "This is to certify that the degree of Master has been awarded by the board";
        assert_eq!(language_of(&[sample(&[ours])]), Language::Vietnamese);
        assert_eq!(language_of(&[sample(&[theirs])]), Language::Foreign);
        assert_eq!(language_of(&[sample(&["2", "IELTS 7.5"])]), Language::Unknown);
        assert_eq!(language_of(&[]), Language::Unknown);
    }
}
