//! The zone as a recogniser read it: fillers in wrong number, letters among digits.
//!
//! What stands where is fixed, so a letter where only a digit can be is taken for the digits it
//! looks like. A reading counts only when exactly one choice satisfies every check digit.

use time::Date;

use super::{
    Checked, LINE_CHARS, LINE_COUNT, Mended, Mrz, MrzError, NO_EXPIRY, check_digit, date, parse,
};

/// Longest line that is looked at, in bytes: the zone's with a recogniser's noise.
const LINE_BYTES_MAX: usize = 256;
/// Most lines of a page that are searched.
const LINES_MAX: usize = 400;
/// Most choices tried for one field; more unsure characters prove nothing.
const CHOICES_MAX: usize = 4096;
/// Lines this much longer or shorter than the zone's may still be one of it.
const SLACK: usize = 4;

/// Looks for the zone among the lines of a page.
pub fn find<'a>(lines: impl IntoIterator<Item = &'a str>, today: Date) -> Result<Mrz, MrzError> {
    let likely = |line: &String| line.len().abs_diff(LINE_CHARS) <= SLACK;
    let lines: Vec<String> = lines.into_iter().take(LINES_MAX).map(clean).filter(likely).collect();
    let mut closest = MrzError::NotFound;
    for three in lines.windows(LINE_COUNT) {
        match read([&three[0], &three[1], &three[2]], today) {
            Ok(zone) => return Ok(zone),
            Err(MrzError::NotVietnamese | MrzError::Length { .. }) => {}
            Err(error) => closest = error,
        }
    }
    Err(closest)
}

/// Reads three lines of a recogniser. What it took for something else is mended where the check
/// digits leave one reading; [`Mrz::mended`] says how much was.
pub fn read(lines: [&str; LINE_COUNT], today: Date) -> Result<Mrz, MrzError> {
    let lines = lines.map(clean);
    let first = fit_first(&lines[0])?;
    let second = fit_second(&lines[1])?;
    let (third, mut unproven) = fit_names(&lines[2]);

    let numbers = number_line(&first)?;
    let dates = date_line(&second, &mut unproven)?;
    let settled = settle_lines(&numbers, &dates)?;
    let differ = |a: &str, b: &str| a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count();
    let sex_differs = usize::from(second.as_bytes()[7] != settled.1.as_bytes()[7]);
    let mut zone = parse([&settled.0, &settled.1, &third], today)?;
    zone.mended = Mended {
        proven: differ(&first, &settled.0) + differ(&second, &settled.1) - sex_differs,
        unproven,
    };
    Ok(zone)
}

/// Upper case, without spaces, every sign that is neither letter nor digit a filler.
fn clean(line: &str) -> String {
    let mut text = String::new();
    let shown = line.chars().filter(|c| !c.is_whitespace() && !c.is_control());
    for c in shown.take(LINE_BYTES_MAX) {
        match c.to_ascii_uppercase() {
            c if c.is_ascii_uppercase() || c.is_ascii_digit() => text.push(c),
            '«' => text.push_str("<<"),
            _ => text.push('<'),
        }
    }
    text
}

/// Line 1 with two fillers before its last character, however many were read.
fn fit_first(line: &str) -> Result<String, MrzError> {
    fit(line, 1, 27, 2)
}

/// Line 2 with eleven fillers before its last character.
fn fit_second(line: &str) -> Result<String, MrzError> {
    fit(line, 2, 18, 11)
}

/// `text`, then a run of fillers that was read longer or shorter, then the last character.
fn fit(line: &str, number: usize, text: usize, fillers: usize) -> Result<String, MrzError> {
    let wrong = MrzError::Length { line: number, chars: line.len() };
    if line.len().abs_diff(LINE_CHARS) > SLACK || line.len() <= text + 1 {
        return Err(wrong);
    }
    let run = &line[text..line.len() - 1];
    let read_as_filler = run.bytes().filter(|b| *b == b'<').count();
    // Where the length fits, single fillers may have been taken for letters such as K or C.
    let is_run =
        read_as_filler == run.len() || run.len() == fillers && read_as_filler * 2 >= fillers;
    if !is_run {
        return Err(wrong);
    }
    Ok(format!("{}{}{}", &line[..text], "<".repeat(fillers), &line[line.len() - 1..]))
}

/// The line of the name, and how many characters were taken for others.
fn fit_names(line: &str) -> (String, usize) {
    let mut changed = 0;
    // Names are parted by one or two fillers: behind three there is nothing but fillers.
    let end = line.find("<<<").unwrap_or(line.len());
    let tail = line[end..].bytes().filter(|b| *b != b'<').count();
    let letters = line[..end].chars().map(|c| {
        let letter = letter_like(c);
        changed += usize::from(letter != c);
        letter
    });
    let mut text: String = letters.take(LINE_CHARS).collect();
    while text.len() < LINE_CHARS {
        text.push('<');
    }
    (text, changed + tail)
}

/// The letter that a digit among letters must have been.
const fn letter_like(c: char) -> char {
    match c {
        '0' => 'O',
        '1' => 'I',
        '2' => 'Z',
        '3' | '8' => 'B',
        '4' => 'A',
        '5' => 'S',
        '6' | '9' => 'G',
        '7' => 'T',
        c => c,
    }
}

/// The digits that a character where only a digit can stand may have been.
pub(super) const fn digits_like(byte: u8) -> &'static [u8] {
    match byte {
        b'0' => b"0",
        b'1' => b"1",
        b'2' => b"2",
        b'3' => b"3",
        b'4' => b"4",
        b'5' => b"5",
        b'6' => b"6",
        b'7' => b"7",
        b'8' => b"8",
        b'9' => b"9",
        b'O' | b'Q' | b'D' | b'U' => b"0",
        b'C' => b"06",
        b'I' | b'L' | b'J' => b"1",
        b'Z' => b"27",
        b'E' => b"38",
        b'A' => b"4",
        b'S' => b"58",
        b'G' => b"690",
        b'T' | b'Y' => b"71",
        b'B' | b'R' => b"83",
        b'P' => b"9",
        _ => b"",
    }
}

/// All choices of digits for a run of characters, each in `accept`'s eyes; none when there are too
/// many to prove anything.
fn choices(places: &LineChoices, accept: impl Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, MrzError> {
    let count = places.iter().try_fold(1usize, |n, place| n.checked_mul(place.len()));
    if count.is_none_or(|count| count > CHOICES_MAX) {
        return Err(MrzError::Unsettled);
    }
    let mut all = vec![Vec::with_capacity(places.len())];
    for place in places {
        let longer = all.iter().flat_map(|begun: &Vec<u8>| {
            place.iter().map(|digit| [begun.as_slice(), &[*digit]].concat())
        });
        all = longer.collect();
    }
    all.retain(|choice| accept(choice));
    Ok(all)
}

fn like(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.iter().map(|byte| digits_like(*byte).to_vec()).collect()
}

/// What each of a line's places may hold, likeliest first.
pub(super) type LineChoices = Vec<Vec<u8>>;

/// The readings of line 1 that its own check digits accept.
fn number_line(line: &str) -> Result<Vec<String>, MrzError> {
    let bytes = line.as_bytes();
    let card = |fixed: &str| line.bytes().zip(fixed.bytes()).filter(|(a, b)| a != b).count() <= 1;
    if !card("IDVNM") && !card("I<VNM") {
        return Err(MrzError::NotVietnamese);
    }
    // The nine last digits stand there twice, so either place may tell what the other lost.
    let mut places = like(&bytes[15..18]);
    for at in 0..9 {
        let mut both = digits_like(bytes[5 + at]).to_vec();
        both.extend(
            digits_like(bytes[18 + at])
                .iter()
                .filter(|d| !both.contains(d))
                .copied()
                .collect::<Vec<_>>(),
        );
        places.push(both);
    }
    let last = [digits_like(bytes[14]), digits_like(bytes[29])];
    number_lines(if bytes[1] == b'<' { "I<" } else { "ID" }, &places, last)
}

/// Lines 1 by what the twelve digits may be, and their two check digits where those were read.
pub(super) fn number_lines(
    kind: &str,
    places: &LineChoices,
    last: [&[u8]; 2],
) -> Result<Vec<String>, MrzError> {
    let fits = |digits: &[u8], checks: &[u8]| {
        let check = check_digit(digits.iter().copied());
        checks.is_empty() || checks.contains(&(check as u8))
    };
    let accept = |number: &[u8]| {
        let long = [number, b"<<"].concat();
        fits(&number[3..], last[0]) && fits(&long, last[1])
    };
    let numbers = choices(places, accept)?;
    let line = |number: Vec<u8>| {
        let number = String::from_utf8_lossy(&number).into_owned();
        let short = check_digit(number[3..].bytes());
        let long = check_digit(format!("{number}<<").bytes());
        format!("{kind}VNM{}{short}{number}<<{long}", &number[3..])
    };
    match numbers.len() {
        0 => Err(MrzError::Check(Checked::Number)),
        _ => Ok(numbers.into_iter().map(line).collect()),
    }
}

/// The readings of line 2 that its own check digits accept.
fn date_line(line: &str, unproven: &mut usize) -> Result<Vec<String>, MrzError> {
    let bytes = line.as_bytes();
    let state = bytes[15..18].iter().zip(b"VNM").filter(|(a, b)| a != b).count();
    if state > 1 {
        return Err(MrzError::NotVietnamese);
    }
    let sex = match bytes[7] {
        sex @ (b'M' | b'F' | b'<') => char::from(sex),
        _ => {
            *unproven += 1;
            '<'
        }
    };
    let last = digits_like(bytes[29]);
    date_lines(sex, &like(&bytes[..7]), &like(&bytes[8..15]), last)
}

/// Lines 2 by what birth and expiry may be, each with its check digit, and the last check digit
/// where it was read.
pub(super) fn date_lines(
    sex: char,
    births: &LineChoices,
    ends: &LineChoices,
    last: &[u8],
) -> Result<Vec<String>, MrzError> {
    let dates = |places: &LineChoices, what, possible: &dyn Fn(&str) -> bool| {
        let checked = |seven: &[u8]| {
            let fits = check_digit(seven[..6].iter().copied()) as u8 == seven[6];
            fits && std::str::from_utf8(&seven[..6]).is_ok_and(possible)
        };
        let found = choices(places, checked)?;
        if found.is_empty() { Err(MrzError::Check(what)) } else { Ok(found) }
    };
    let births = dates(births, Checked::Birth, &|text| date(text, 2000).is_some())?;
    let ends =
        dates(ends, Checked::Expiry, &|text| text == NO_EXPIRY || date(text, 2000).is_some())?;
    let mut lines = Vec::new();
    for birth in &births {
        for end in &ends {
            let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
            let checks = if last.is_empty() { &b"?"[..] } else { last };
            lines.extend(checks.iter().map(|check| {
                format!("{}{sex}{}VNM<<<<<<<<<<<{}", text(birth), text(end), char::from(*check))
            }));
        }
    }
    Ok(lines)
}

/// The one pair of lines that the composite check digit accepts.
pub(super) fn settle_lines(
    first: &[String],
    second: &[String],
) -> Result<(String, String), MrzError> {
    if first.len().saturating_mul(second.len()) > CHOICES_MAX {
        return Err(MrzError::Unsettled);
    }
    let mut settled = None;
    for one in first {
        for two in second {
            let covered = [&one[5..30], &two[..7], &two[8..15], &two[18..29]].concat();
            if !two.ends_with(check_digit(covered.bytes())) {
                continue;
            }
            if settled.is_some() {
                return Err(MrzError::Unsettled);
            }
            settled = Some((one.clone(), two.clone()));
        }
    }
    settled.ok_or(MrzError::Check(Checked::Composite))
}
