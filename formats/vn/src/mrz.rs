//! The machine-readable zone of the identity card: three lines of 30 characters (ICAO 9303-5,
//! TD1) with Vietnam's own rules.
//!
//! ```text
//! 1   IDVNM  last nine digits of the number  check  all twelve digits  <<  check of 16-29
//! 2   birth YYMMDD  check  sex  expiry YYMMDD  check  VNM  <<<<<<<<<<<  check of it all
//! 3   SURNAME<<MIDDLE<GIVEN, without marks, Đ as D
//! ```
//!
//! [`parse`] takes the zone as it is; [`read`] takes the lines that a reader of pages made of it,
//! and [`settle`] what a reader of zones saw at every place. Both mend only where the check digits
//! leave a single reading. Start with [`Mrz`].

mod read;
mod seen;

use time::{Date, Month};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id_number;

pub use read::{find, read};
pub use seen::{OTHERS_MAX, Seen, held, likeliest, may_stand, settle, settle_name};

/// Characters of a line.
pub const LINE_CHARS: usize = 30;
/// Lines of the zone.
pub const LINE_COUNT: usize = 3;
/// The expiry that means "không thời hạn".
const NO_EXPIRY: &str = "991231";

/// Why three lines are not the zone of a Vietnamese identity card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    /// A line has another length.
    #[error("line {line} has {chars} characters, not {LINE_CHARS}")]
    Length {
        /// The line, from 1.
        line: usize,
        /// Its length.
        chars: usize,
    },
    /// A character that may not stand there.
    #[error("line {line} has a wrong character at {at}")]
    Character {
        /// The line, from 1.
        line: usize,
        /// The place, from 1.
        at: usize,
    },
    /// Another document, or another state's.
    #[error("not an identity card of Vietnam")]
    NotVietnamese,
    /// A check digit does not fit what it checks.
    #[error("the check digit of the {0} does not fit")]
    Check(Checked),
    /// The short number is not the end of the long one.
    #[error("the two numbers of line 1 differ")]
    Numbers,
    /// A date that no calendar has.
    #[error("the date of {0} is impossible")]
    Date(Checked),
    /// There is no name.
    #[error("the name is missing")]
    Name,
    /// More than one reading fits all check digits: none is proven.
    #[error("the check digits do not settle the reading")]
    Unsettled,
    /// Nothing among the lines looks like the zone.
    #[error("no machine-readable zone among the lines")]
    NotFound,
}

/// What a check digit covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checked {
    /// The nine digits at the beginning of line 1.
    ShortNumber,
    /// The twelve digits in line 1 (position 30, Vietnam's own).
    Number,
    /// The date of birth.
    Birth,
    /// The date of expiry.
    Expiry,
    /// Lines 1 and 2 together.
    Composite,
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ShortNumber => "short number",
            Self::Number => "number",
            Self::Birth => "birth",
            Self::Expiry => "expiry",
            Self::Composite => "whole",
        })
    }
}

/// Sex as the zone writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `M`, Nam.
    Male,
    /// `F`, Nữ.
    Female,
}

impl Sex {
    /// The sex that a card states in words or by letter.
    pub fn from_words(words: &str) -> Option<Self> {
        match crate::fold::fold(words).as_str() {
            "nam" | "m" | "male" => Some(Self::Male),
            "nu" | "f" | "female" => Some(Self::Female),
            _ => None,
        }
    }
}

/// Until when a card holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expiry {
    /// Its last day.
    On(Date),
    /// Không thời hạn.
    Never,
}

impl Expiry {
    /// Whether the card no longer holds on this day.
    pub fn is_over(self, today: Date) -> bool {
        matches!(self, Self::On(last) if last < today)
    }
}

/// How far a reading was mended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mended {
    /// Characters of lines 1 and 2 that were read otherwise; the check digits prove them.
    pub proven: usize,
    /// Characters of name and sex that were read otherwise; nothing proves those.
    pub unproven: usize,
}

/// What the zone says. Personal data: wiped when dropped, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Mrz {
    /// The 12-digit personal identification number.
    pub number: String,
    /// Date of birth.
    #[zeroize(skip)]
    pub born: Date,
    /// Sex; none where the zone has a filler.
    #[zeroize(skip)]
    pub sex: Option<Sex>,
    /// Until when the card holds.
    #[zeroize(skip)]
    pub expires: Expiry,
    /// The name without marks, parts parted by one space: `NGHIEM THI THU`.
    pub name: String,
    /// Whether the name fills its line and may go on beyond it.
    pub name_cut: bool,
    /// How far the reading was mended.
    #[zeroize(skip)]
    pub mended: Mended,
    /// The three lines, one after the other.
    lines: String,
}

impl std::fmt::Debug for Mrz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mrz(…)")
    }
}

impl Mrz {
    /// What opens the chip (ICAO 9303-11, 9.7.2): short number, birth and expiry, each with its
    /// check digit.
    pub fn chip_key(&self) -> String {
        chip_key_text(&self.lines[5..14], &self.lines[30..36], &self.lines[38..44])
    }

    /// The 90 characters of the zone.
    pub fn text(&self) -> &str {
        &self.lines
    }
}

/// The text that opens a chip, from the number, birth and expiry: what [`Mrz::chip_key`] gives
/// where no zone was read. None for a number that has not 12 digits.
pub fn chip_key(number: &str, born: Date, expires: Expiry) -> Option<String> {
    let short = id_number::is_number(number).then(|| &number[3..])?;
    let expiry = match expires {
        Expiry::On(day) => yymmdd(day),
        Expiry::Never => NO_EXPIRY.to_owned(),
    };
    Some(chip_key_text(short, &yymmdd(born), &expiry))
}

fn chip_key_text(short: &str, birth: &str, expiry: &str) -> String {
    [short, birth, expiry]
        .iter()
        .flat_map(|field| [(*field).to_owned(), check_digit(field.bytes()).to_string()])
        .collect()
}

fn yymmdd(day: Date) -> String {
    format!("{:02}{:02}{:02}", day.year().rem_euclid(100), u8::from(day.month()), day.day())
}

/// Reads the zone as it stands. `today` settles the centuries of birth.
pub fn parse(lines: [&str; LINE_COUNT], today: Date) -> Result<Mrz, MrzError> {
    for (at, line) in lines.iter().enumerate() {
        let wrong = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<');
        if let Some(place) = line.chars().position(wrong) {
            return Err(MrzError::Character { line: at + 1, at: place + 1 });
        }
        if line.len() != LINE_CHARS {
            return Err(MrzError::Length { line: at + 1, chars: line.len() });
        }
    }
    let [first, second, third] = lines;
    if !["IDVNM", "I<VNM"].contains(&&first[..5]) || &second[15..18] != "VNM" {
        return Err(MrzError::NotVietnamese);
    }
    digits_at(first, 1, 5..15)?;
    digits_at(first, 1, 15..27)?;
    digits_at(second, 2, 0..7)?;
    digits_at(second, 2, 8..15)?;
    checks(first, second)?;
    if first[5..14] != first[18..27] {
        return Err(MrzError::Numbers);
    }
    let number = first[15..27].to_owned();
    let (name, name_cut) = names(third)?;
    Ok(Mrz {
        born: birth(&second[..6], &number, today).ok_or(MrzError::Date(Checked::Birth))?,
        sex: sex(second)?,
        expires: expiry(&second[8..14]).ok_or(MrzError::Date(Checked::Expiry))?,
        number,
        name,
        name_cut,
        mended: Mended::default(),
        lines: lines.concat(),
    })
}

fn digits_at(line: &str, number: usize, range: std::ops::Range<usize>) -> Result<(), MrzError> {
    let start = range.start;
    match line[range].bytes().position(|b| !b.is_ascii_digit()) {
        Some(at) => Err(MrzError::Character { line: number, at: start + at + 1 }),
        None => Ok(()),
    }
}

/// Holds every check digit of both lines.
fn checks(first: &str, second: &str) -> Result<(), MrzError> {
    for (what, field, digit) in covered(first, second) {
        if check_digit(field.bytes()) != char::from(digit) {
            return Err(MrzError::Check(what));
        }
    }
    Ok(())
}

/// What each check digit covers, and the digit.
fn covered(first: &str, second: &str) -> [(Checked, String, u8); 5] {
    let composite = [&first[5..30], &second[..7], &second[8..15], &second[18..29]].concat();
    [
        (Checked::ShortNumber, first[5..14].to_owned(), first.as_bytes()[14]),
        (Checked::Number, first[15..29].to_owned(), first.as_bytes()[29]),
        (Checked::Birth, second[..6].to_owned(), second.as_bytes()[6]),
        (Checked::Expiry, second[8..14].to_owned(), second.as_bytes()[14]),
        (Checked::Composite, composite, second.as_bytes()[29]),
    ]
}

/// The check digit of ICAO 9303-3, 4.9: weights 7, 3, 1; A is 10, a filler 0.
pub fn check_digit(field: impl IntoIterator<Item = u8>) -> char {
    let weigh = |(at, byte): (usize, u8)| {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            _ => 0,
        };
        value * [7, 3, 1][at % 3]
    };
    let sum: u32 = field.into_iter().enumerate().map(weigh).sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

fn sex(second: &str) -> Result<Option<Sex>, MrzError> {
    match second.as_bytes()[7] {
        b'M' => Ok(Some(Sex::Male)),
        b'F' => Ok(Some(Sex::Female)),
        b'<' => Ok(None),
        _ => Err(MrzError::Character { line: 2, at: 8 }),
    }
}

/// The zone has two digits of the year. Where the number repeats them and its century digit gives a
/// day that has been, it is that; else the latest century in which the day has been.
fn birth(text: &str, number: &str, today: Date) -> Option<Date> {
    let same_year = id_number::year(number).is_some_and(|year| text[..2].parse() == Ok(year));
    let century = id_number::century(number).filter(|_| same_year);
    let stated = century.and_then(|century| date(text, century));
    let hundreds = (today.year().div_euclid(100) - 1..=today.year().div_euclid(100)).rev();
    let latest = || hundreds.filter_map(|h| date(text, h * 100)).find(|day| *day <= today);
    stated.filter(|day| *day <= today).or_else(latest)
}

/// Cards with a zone have been issued since 2021, and hold for some forty years at most.
fn expiry(text: &str) -> Option<Expiry> {
    if text == NO_EXPIRY {
        return Some(Expiry::Never);
    }
    date(text, 2000).map(Expiry::On)
}

/// `YYMMDD` in the century that begins with this year.
fn date(text: &str, century: i32) -> Option<Date> {
    let part = |range| text.get(range).and_then(|t: &str| t.parse::<u8>().ok());
    let month = Month::try_from(part(2..4)?).ok()?;
    Date::from_calendar_date(century + i32::from(part(0..2)?), month, part(4..6)?).ok()
}

/// The name, and whether it may go on beyond the line.
fn names(line: &str) -> Result<(String, bool), MrzError> {
    if let Some(at) = line.bytes().position(|b| b.is_ascii_digit()) {
        return Err(MrzError::Character { line: 3, at: at + 1 });
    }
    let parts: Vec<&str> = line.split('<').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || line.starts_with('<') {
        return Err(MrzError::Name);
    }
    Ok((parts.join(" "), !line.ends_with('<')))
}

#[cfg(test)]
mod tests;
