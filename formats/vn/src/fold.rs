//! Folding of Vietnamese text, for comparing what was read with what is expected.
//!
//! A recogniser loses marks before it loses letters, and the same letter has two encodings
//! (precomposed, or base and marks). Everything that compares text folds it here first.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Composed form (Unicode NFC), the only form that leaves the reader.
pub fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Lower case, without marks, `đ` as `d`, every other sign as one space: what a person would type
/// without a Vietnamese keyboard. `"Độc lập - Tự do"` becomes `"doc lap tu do"`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let letters = text.chars().flat_map(char::to_lowercase).nfd();
    for c in letters.filter(|c| !is_combining_mark(*c)) {
        match c {
            'đ' => folded.push('d'),
            c if c.is_alphanumeric() => folded.push(c),
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// How alike two texts are after folding: 1 for equal, 0 for nothing in common. It is one minus
/// the Levenshtein distance over the longer length; two empty texts are equal.
pub fn similarity(a: &str, b: &str) -> f32 {
    let (a, b): (Vec<char>, Vec<char>) = (fold(a).chars().collect(), fold(b).chars().collect());
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 1.0;
    }
    1.0 - distance(&a, &b) as f32 / longer as f32
}

/// Levenshtein distance: least number of single insertions, deletions and replacements.
pub fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Share of upper case among the letters, 0 when there is no letter.
pub fn upper_share(text: &str) -> f32 {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (upper, all) =
        letters.fold((0u32, 0u32), |(u, n), c| (u + u32::from(c.is_uppercase()), n + 1));
    if all == 0 { 0.0 } else { upper as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_case_and_signs_fold_away() {
        assert_eq!(fold("Độc lập - Tự do - Hạnh phúc"), "doc lap tu do hanh phuc");
        assert_eq!(fold("  QUYẾT ĐỊNH: "), "quyet dinh");
        assert_eq!(fold("Số: 126/QĐ-UBND"), "so 126 qd ubnd");
        assert_eq!(fold(""), "");
    }

    #[test]
    fn both_encodings_of_a_letter_fold_alike() {
        let decomposed = "Hu\u{31b}\u{301}ng";
        assert_eq!(fold(decomposed), fold("Hứng"));
        assert_eq!(nfc(decomposed), "Hứng");
    }

    #[test]
    fn lost_marks_cost_nothing_and_lost_letters_cost_their_share() {
        assert_eq!(similarity("QUYẾT ĐỊNH", "QUYET DINH"), 1.0);
        assert!((similarity("QUYẾT ĐỊNH", "QUYT ĐINH") - 0.9).abs() < 1e-6);
        assert_eq!(similarity("", " - "), 1.0);
        assert_eq!(similarity("abc", ""), 0.0);
    }

    #[test]
    fn upper_share_counts_letters_only() {
        assert_eq!(upper_share("GIẤY 12/3 KHAI"), 1.0);
        assert_eq!(upper_share("12/3"), 0.0);
        assert_eq!(upper_share("Ab"), 0.5);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn similarity_is_symmetric_and_bounded(a in "\\PC{0,20}", b in "\\PC{0,20}") {
            let s = similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&s));
            prop_assert_eq!(s, similarity(&b, &a));
        }
    }
}
