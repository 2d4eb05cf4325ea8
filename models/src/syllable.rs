//! The syllables of Vietnamese spelling, by its rules: what a doubtful reading is checked against.

use formats_vn::fold::nfc;
use unicode_normalization::UnicodeNormalization;

const ONSETS: [&str; 29] = [
    "ngh", "ng", "nh", "gh", "gi", "ch", "kh", "ph", "qu", "th", "tr", "b", "c", "d", "đ", "g",
    "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", "q", "",
];

/// Rimes without tone.
const RIMES: &str = "\
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec \
    em en eng eo ep et ê êch êm ên êng ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên \
    iêng iêp iêt iêu o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt \
    oe oen oeo oet oi om on ong ooc oong op ot oc ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u \
    ua uc ui um un ung up ut uê uêch uênh uân uâng uât uây uôc uôi uôm uôn uông uôt uơ uy uya \
    uych uyn uynh uyp uyt uyu uyên uyêt ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp \
    ươt ươu y yêm yên yêng yêt yêu";

/// Combining marks of the five written tones; the last two are those that a stop allows.
const TONES: [char; 5] = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];

/// Whether `word` is spelt as a Vietnamese syllable, in whatever case; not whether it exists.
pub(crate) fn is_syllable(word: &str) -> bool {
    let mut tone = None;
    let mut bare = String::new();
    for part in word.to_lowercase().nfd() {
        match TONES.iter().position(|mark| *mark == part) {
            Some(_) if tone.is_some() => return false,
            Some(found) => tone = Some(found),
            None => bare.push(part),
        }
    }
    let bare = nfc(&bare);
    let stopped = ["c", "ch", "p", "t"].iter().any(|stop| bare.ends_with(stop));
    if stopped && tone.is_none_or(|tone| tone < 3) {
        return false;
    }
    ONSETS.iter().any(|onset| {
        let rime = bare.strip_prefix(onset);
        rime.is_some_and(|rime| RIMES.split_whitespace().any(|known| known == rime))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_told_from_what_no_one_writes() {
        for word in [
            "nghiêng",
            "Quyết",
            "giếng",
            "GIÁP",
            "uống",
            "yêu",
            "khuỷu",
            "quốc",
            "đường",
            "thuở",
            "xoong",
            "ngoằn",
            "Ý",
            "lý",
            "phim",
            "chẵn",
            "quýt",
        ] {
            assert!(is_syllable(word), "{word}");
        }
        for word in ["phiỉm", "Iý", "tơc", "quat", "nghp", "ádc", "", "đđi", "hởm2", "ểế"]
        {
            assert!(!is_syllable(word), "{word}");
        }
    }
}
