//! Doubtful letters settled by their neighbours: by spelling in words, by digits in numbers.
//!
//! Only what the network itself held possible is taken, and never a digit for another digit.

use super::Letter;
use crate::syllable::is_syllable;

/// Less likely than this is no other reading.
const POSSIBLE: f32 = 0.02;

/// The line's letters, each word settled.
pub(super) fn repaired(letters: &[Letter]) -> Vec<Letter> {
    let mut out = Vec::with_capacity(letters.len());
    let in_capitals = is_in_capitals(letters);
    for part in letters.split_inclusive(|letter| letter.text == ' ') {
        let mut word = part.to_vec();
        settle_zeros(&mut word);
        if in_capitals {
            raise(&mut word);
        }
        let inside = |letter: &Letter| letter.text.is_alphanumeric();
        let first = word.iter().position(inside).unwrap_or(0);
        let last = word.iter().rposition(inside).map_or(first, |last| last + 1);
        if let Some(better) = spelt(&word[first..last]) {
            word.splice(first..last, better);
        }
        out.append(&mut word);
    }
    out
}

fn text(word: &[Letter]) -> String {
    word.iter().map(|letter| letter.text).collect()
}

/// A capital O beside a digit is a nought, a nought before a capital is an O.
fn settle_zeros(word: &mut [Letter]) {
    let digit = |letter: Option<&Letter>| letter.is_some_and(|l| l.text.is_ascii_digit());
    let capital = |letter: Option<&Letter>| letter.is_some_and(|l| l.text.is_uppercase());
    for at in 0..word.len() {
        let (before, after) = (at.checked_sub(1).and_then(|i| word.get(i)), word.get(at + 1));
        let settled = match word[at].text {
            'O' if digit(before) || digit(after) => '0',
            '0' if capital(after) && !digit(before) => 'O',
            _ => continue,
        };
        word[at].text = settled;
    }
}

/// Whether a line is one of capitals, but for a letter or two.
fn is_in_capitals(letters: &[Letter]) -> bool {
    const CAPITALS_MIN: usize = 8;
    let capitals = letters.iter().filter(|letter| letter.text.is_uppercase()).count();
    let small = letters.iter().filter(|letter| letter.text.is_lowercase()).count();
    capitals >= CAPITALS_MIN && 8 * small <= capitals
}

/// Makes capitals of a word's small letters in a line of capitals: of such as stand before or
/// between capitals, and of a short word's. A name as `Lê` stays, and so does a unit behind digits.
fn raise(word: &mut [Letter]) {
    const SHORT: usize = 3;
    let alphabetic = |letter: &&Letter| letter.text.is_alphabetic();
    let letters = word.iter().filter(alphabetic).count();
    let small = word.iter().filter(|letter| letter.text.is_lowercase()).count();
    let titled = word.iter().find(alphabetic).is_some_and(|first| first.text.is_uppercase())
        && small + 1 == letters;
    let numbered = word.iter().any(|letter| letter.text.is_ascii_digit());
    if small == 0 || titled || numbered || (small == letters && letters > SHORT) {
        return;
    }
    for letter in word.iter_mut().filter(|letter| letter.text.is_lowercase()) {
        let others = letter.others.iter().filter(|(_, sure)| *sure >= POSSIBLE);
        let capital = others.filter_map(|(other, _)| *other).find(|other| other.is_uppercase());
        let own = letter.text.to_uppercase().next().unwrap_or(letter.text);
        letter.text = capital.unwrap_or(own);
    }
}

/// The likeliest change of one letter that makes a syllable of what is none.
fn spelt(word: &[Letter]) -> Option<Vec<Letter>> {
    let plain = |letter: &Letter| letter.text.is_alphabetic() || "!|".contains(letter.text);
    let written = text(word);
    // Capitals without any marked vowel may be initials.
    let name = |text: &str| {
        let marked = |letter: char| !letter.is_ascii() && letter != 'Đ';
        text.chars().count() > 1 && text == text.to_uppercase() && !text.contains(marked)
    };
    if word.len() < 2 || !word.iter().all(plain) || name(&written) || is_syllable(&written) {
        return None;
    }
    let mut best: Option<(f32, Vec<Letter>)> = None;
    for (at, letter) in word.iter().enumerate() {
        for (other, sure) in letter.others.iter().filter(|(_, sure)| *sure >= POSSIBLE) {
            if best.as_ref().is_some_and(|(known, _)| known >= sure) {
                continue;
            }
            let mut changed = word.to_vec();
            match other {
                Some(other) => changed[at].text = *other,
                None => drop(changed.remove(at)),
            }
            if is_syllable(&text(&changed)) {
                best = Some((*sure, changed));
            }
        }
    }
    best.map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters, each with one other reading (`-` for nothing) of this likelihood.
    fn word(text: &str, others: &str, sure: f32) -> Vec<Letter> {
        let letter = |(text, other): (char, char)| {
            let other = (other != '-').then_some(other);
            let confidence = 1.0 - sure;
            let others = [(other, sure), (Some(text), 0.0), (Some(text), 0.0)];
            Letter { text, left: 0.0, right: 1.0, confidence, others }
        };
        text.chars().zip(others.chars()).map(letter).collect()
    }

    #[test]
    fn what_no_one_spells_is_settled_by_the_networks_second_thought() {
        assert_eq!(text(&repaired(&word("phiỉm,", "phi-m,", 0.1))), "phim,");
        assert_eq!(text(&repaired(&word("Iý", "lý", 0.2))), "lý");
        assert_eq!(text(&repaired(&word("phiỉm", "phi-m", 0.001))), "phiỉm", "it was sure");
        assert_eq!(text(&repaired(&word("đổi", "đối", 0.4))), "đổi", "both are spelt so");
        assert_eq!(
            text(&repaired(&word("Brown", "Br-wn", 0.1))),
            "Brown",
            "no syllable either way"
        );
        assert_eq!(text(&repaired(&word("UBND", "UB-D", 0.3))), "UBND", "initials");
    }

    #[test]
    fn a_line_of_capitals_has_no_small_letters() {
        let line = |line: &str| text(&repaired(&word(line, &"-".repeat(60), 0.0)));
        assert_eq!(line("BAN CHỈ HUY QUÂN sự HUYỆN"), "BAN CHỈ HUY QUÂN SỰ HUYỆN");
        assert_eq!(line("QUYỀN SỬ DỤNG ĐẤT, gUYỀN SỞ HỮU"), "QUYỀN SỬ DỤNG ĐẤT, GUYỀN SỞ HỮU");
        for kept in
            ["HỌ VÀ TÊN ĐẦY ĐỦ: Lê", "DIỆN TÍCH SÀN 100m2", "TỔNG CỘNG CÁC KHOẢN đồng", "Số: 12"]
        {
            assert_eq!(line(kept), kept);
        }
        let unsure = word("QUYỀN SỬ DỤNG ĐẤT gUYỀN", "------------------Q----", 0.3);
        assert_eq!(text(&repaired(&unsure)), "QUYỀN SỬ DỤNG ĐẤT QUYỀN");
    }

    #[test]
    fn noughts_stand_by_digits_and_the_letter_by_letters() {
        assert_eq!(text(&repaired(&word("YAO68621", "--------", 0.0))), "YA068621");
        assert_eq!(text(&repaired(&word("0G.900.45", "---------", 0.0))), "OG.900.45");
        assert_eq!(text(&repaired(&word("100A", "----", 0.0))), "100A");
        assert_eq!(text(&repaired(&word("HOA", "---", 0.0))), "HOA");
    }
}
