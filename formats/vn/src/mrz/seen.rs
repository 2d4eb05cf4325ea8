//! The zone as a recogniser saw it that knows every place: what it took a sign for, and what else
//! it may be.
//!
//! What was read counts as it stands when every check digit holds. Else the less likely readings
//! of the doubtful places are tried, and one counts only when no other satisfies the check digits.

use time::Date;

use super::read::{LineChoices, date_lines, number_lines, settle_lines};
use super::{Checked, LINE_CHARS, LINE_COUNT, Mended, Mrz, MrzError, check_digit, parse};
use crate::fold::fold;

/// Other readings that are kept of a place.
pub const OTHERS_MAX: usize = 3;

/// A place of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The sign that it looks most like.
    pub read: u8,
    /// The sign that it looks most like of those that [may stand](may_stand) there.
    pub best: u8,
    /// Other signs that may stand there and are not ruled out, likeliest first.
    pub others: [Option<u8>; OTHERS_MAX],
}

impl Default for Seen {
    fn default() -> Self {
        Self { read: b'<', best: b'<', others: [None; OTHERS_MAX] }
    }
}

impl Seen {
    /// The likeliest sign and so many others.
    fn likeliest(&self, others: usize) -> Vec<u8> {
        let others = self.others.iter().flatten().take(others);
        std::iter::once(self.best).chain(others.copied()).collect()
    }
}

/// Whether a sign may stand at a place of the zone; line and place count from 0.
pub fn may_stand(line: usize, at: usize, sign: u8) -> bool {
    match (line, at) {
        (0, 0) => sign == b'I',
        (0, 1) => sign == b'D' || sign == b'<',
        (0, 2..=4) => sign == b"VNM"[at - 2],
        (0, 27 | 28) | (1, 18..=28) => sign == b'<',
        (1, 7) => matches!(sign, b'M' | b'F' | b'<'),
        (1, 15..=17) => sign == b"VNM"[at - 15],
        (2, 0) => sign.is_ascii_uppercase(),
        (2, _) => sign.is_ascii_uppercase() || sign == b'<',
        _ => sign.is_ascii_digit(),
    }
}

/// The three lines by the likeliest signs that may stand at their places.
pub fn likeliest(seen: &[[Seen; LINE_CHARS]; LINE_COUNT]) -> [String; LINE_COUNT] {
    let text = |line: [Seen; LINE_CHARS]| -> String {
        line.iter().map(|place| char::from(place.best)).collect()
    };
    let [first, second, third] = seen.map(text);
    [first, second, without_specks(&third)]
}

/// Names are parted by one or two fillers: behind three there is nothing but fillers.
fn without_specks(names: &str) -> String {
    let end = names.find("<<<").unwrap_or(names.len());
    format!("{:<<LINE_CHARS$}", &names[..end])
}

/// Reads the zone. A place is only read as less likely than it looks where the check digits leave
/// a single reading; [`Mrz::mended`] says how many were.
pub fn settle(seen: &[[Seen; LINE_CHARS]; LINE_COUNT], today: Date) -> Result<Mrz, MrzError> {
    let lines = likeliest(seen);
    let found = parse([&lines[0], &lines[1], &lines[2]], today).or_else(|wrong| {
        let mut outcome = Err(wrong);
        for others in 0..=OTHERS_MAX {
            outcome = with_others(seen, others);
            if !matches!(outcome, Err(MrzError::Check(_))) {
                break;
            }
        }
        let (first, second) = outcome?;
        parse([&first, &second, &lines[2]], today)
    });
    let mut zone = found?;
    let text = zone.text().as_bytes();
    let differ = |lines: std::ops::Range<usize>| {
        let places = seen[lines.clone()].iter().flatten();
        let told = &text[lines.start * LINE_CHARS..lines.end * LINE_CHARS];
        places.zip(told).filter(|(place, sign)| place.read != **sign).count()
    };
    let sex = usize::from(seen[1][7].read != text[LINE_CHARS + 7]);
    zone.mended = Mended { proven: differ(0..2) - sex, unproven: differ(2..3) + sex };
    Ok(zone)
}

/// Reads the name as another place of the card has it, where every letter that differs is one that
/// the zone's third line may show. Whether the name was read so.
pub fn settle_name(zone: &mut Mrz, seen: &[Seen; LINE_CHARS], name: &str) -> bool {
    /// Letters of a name that are taken for others; more is another name.
    const LETTERS_MAX: usize = 3;
    let folded = fold(name).to_ascii_uppercase();
    let parts: Vec<&str> = folded.split_whitespace().collect();
    let line = match parts.split_first() {
        Some((family, [])) => (*family).to_owned(),
        Some((family, rest)) => format!("{family}<<{}", rest.join("<")),
        None => return false,
    };
    let line: String = line.chars().chain(std::iter::repeat('<')).take(LINE_CHARS).collect();
    let told = &zone.lines[2 * LINE_CHARS..];
    let differ = line.bytes().zip(told.bytes()).filter(|(a, b)| a != b).count();
    let possible = |(sign, place): (u8, &Seen)| {
        may_stand(2, 1, sign) && (sign == place.best || place.others.contains(&Some(sign)))
    };
    if differ == 0 || differ > LETTERS_MAX || !line.bytes().zip(seen).all(possible) {
        return false;
    }
    let text = format!("{}{line}", &zone.lines[..2 * LINE_CHARS]);
    let Ok((name, name_cut)) = super::names(&line) else { return false };
    (zone.lines, zone.name, zone.name_cut) = (text, name, name_cut);
    zone.mended.unproven = zone.mended.unproven.saturating_sub(differ);
    true
}

/// The one pair of first lines that the check digits accept, with so many other readings a place.
fn with_others(
    seen: &[[Seen; LINE_CHARS]; LINE_COUNT],
    others: usize,
) -> Result<(String, String), MrzError> {
    let [first, second, _] = seen;
    let choices = |places: &[Seen]| -> LineChoices {
        places.iter().map(|place| place.likeliest(others)).collect()
    };
    // The nine last digits stand there twice, so either place may tell what the other lost.
    let mut number = choices(&first[15..27]);
    for (places, twin) in number[3..].iter_mut().zip(&first[5..14]) {
        let more: Vec<u8> =
            twin.likeliest(others).into_iter().filter(|sign| !places.contains(sign)).collect();
        places.extend(more);
    }
    let lasts = [first[14].likeliest(others), first[29].likeliest(others)];
    let kind = if first[1].best == b'<' { "I<" } else { "ID" };
    let numbers = number_lines(kind, &number, [&lasts[0], &lasts[1]])?;
    let dates = date_lines(
        char::from(second[7].best),
        &choices(&second[..7]),
        &choices(&second[8..15]),
        &second[29].likeliest(others),
    )?;
    settle_lines(&numbers, &dates)
}

/// Which check digits hold of two lines as they stand, in the order of the zone.
pub fn held(first: &str, second: &str) -> Vec<(Checked, bool)> {
    if [first, second].iter().any(|line| line.len() != LINE_CHARS || !line.is_ascii()) {
        return Vec::new();
    }
    super::covered(first, second)
        .into_iter()
        .map(|(what, field, digit)| (what, check_digit(field.bytes()) == char::from(digit)))
        .collect()
}
