//! The machine-readable zone of an identity card, wherever and however it lies on an image: three
//! lines of thirty signs at one pitch.
//!
//! Page readers look for words and spell them; a zone has none. Here lines are found by their even
//! pitch, cut into thirty cells each, and every cell is told by a small network of its own that
//! knows 37 signs. What each place of the zone may hold is fixed, so O and 0 are no question.
//!
//! Start with [`read_zone`]. `pieces` finds ink, `lines` what stands at one pitch, `strip` cuts
//! lines out, `glyph` is the network; `zone/train.py` makes its weights.

mod glyph;
mod lines;
mod pieces;
mod strip;

use std::sync::LazyLock;

use drivers_api::Raster;
use formats_vn::mrz::{self, LINE_CHARS, LINE_COUNT, Mrz, MrzError, Seen};
use time::Date;

use crate::clean::split;
use crate::page::Quad;
use crate::plane::Plane;
use glyph::{Network, Odds, SIGNS};
use lines::Pitched;
use strip::Place;

/// A longer image is halved until it is not: an A4 page of 600 dpi is read as one of 300.
const SIDE_MAX: usize = 4_200;
/// Shorter than this no side of a card is: 100 dpi.
const SIDE_MIN: usize = 200;
/// Two lines are set against each other where this many pitches lie between them.
const SPACING: [f32; 2] = [0.9, 5.4];
/// Pairs of lines that are looked at closely.
const CLOSE_LOOKS: usize = 4;
/// A zone's places hold what may stand there, but for so many that were misread.
const FITTING_MIN: f32 = 0.7;
/// Less than this share of certainty at a place is no other reading of it.
const OTHER_MIN: f32 = 0.015;
/// Two lines are looked at closely when their cells, as they are first cut out, hold what may stand
/// there: mean logarithm of a cell's certainty. Print that is no zone has some -3.
const GUESS_MIN: f32 = -1.9;
/// What a cell without a likely sign costs, so that one spot does not outweigh a line.
const LOG_MIN: f32 = -4.0;

static NETWORK: LazyLock<Network> = LazyLock::new(Network::embedded);

/// A zone as it was read.
#[derive(Clone)]
pub struct ZoneReading {
    /// Every place of the three lines.
    pub seen: [[Seen; LINE_CHARS]; LINE_COUNT],
    /// Each line's place on the image, in the direction of reading.
    pub lines: [Quad; LINE_COUNT],
    /// How sure the signs are, 0 to 1, mean over the places.
    pub confidence: f32,
    /// What the zone says, where its check digits hold or mend it; else what does not hold.
    pub zone: Result<Mrz, MrzError>,
}

impl std::fmt::Debug for ZoneReading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ZoneReading({:.2}, …)", self.confidence)
    }
}

impl ZoneReading {
    /// Around all three lines, in the direction of reading.
    pub fn quad(&self) -> Quad {
        let [first, _, last] = &self.lines;
        [first[0], first[1], last[2], last[3]]
    }
}

/// Finds and reads the zone on an image of a card, at any turn, alone or on a larger page; none
/// where nothing looks like one. `today` settles the century of birth.
pub fn read_zone(image: &Raster, today: Date) -> Option<ZoneReading> {
    let mut plane = split(image).value;
    let mut scale = 1.0;
    while plane.width.max(plane.height) > SIDE_MAX {
        plane = plane.shrunk::<2>();
        scale *= 2.0;
    }
    let mut best = None;
    // Softened first: grain makes no pieces then. The finest print wants the image as it is, and
    // coarse grain half of it.
    for way in 0..3 {
        let half = way == 2;
        if plane.width.min(plane.height) < SIDE_MIN * if half { 4 } else { 1 } {
            continue;
        }
        let step = if half { 2.0 } else { 1.0 };
        let found = match way {
            0 => on_plane(&plane, &plane.blurred(1), today),
            1 => on_plane(&plane, &plane, today),
            _ => {
                let small = plane.shrunk::<2>();
                on_plane(&small, &small.blurred(1), today)
            }
        };
        let Some(mut reading) = found else { continue };
        for corner in reading.lines.iter_mut().flatten() {
            *corner = corner.map(|at| at * scale * step);
        }
        if reading.zone.is_ok() {
            return Some(reading);
        }
        if best.as_ref().is_none_or(|b: &ZoneReading| reading.confidence > b.confidence) {
            best = Some(reading);
        }
    }
    best
}

/// Reads the zone on `plane`, whose ink is found on `soft`.
fn on_plane(plane: &Plane, soft: &Plane, today: Date) -> Option<ZoneReading> {
    let lines: Vec<Line> = lines::find(&pieces::find(soft))
        .into_iter()
        .flat_map(|line| [line.reversed(), line])
        .map(|pitched| Line::new(plane, pitched))
        .collect();
    let mut guesses: Vec<Guess> = Vec::new();
    for (i, one) in lines.iter().enumerate() {
        for (j, other) in lines.iter().enumerate() {
            if i != j {
                guesses.extend(guess(one, other));
            }
        }
    }
    guesses.sort_by(|a, b| b.score.total_cmp(&a.score));
    guesses.truncate(CLOSE_LOOKS);
    let mut best: Option<ZoneReading> = None;
    for guess in &guesses {
        let Some(reading) = look(plane, guess, today) else { continue };
        if reading.zone.is_ok() {
            return Some(reading);
        }
        if best.as_ref().is_none_or(|best| reading.confidence > best.confidence) {
            best = Some(reading);
        }
    }
    best
}

/// A line at one pitch, and what its cells look like, some before its first and behind its last.
struct Line {
    pitched: Pitched,
    odds: Vec<Odds>,
}

/// Cells that are looked at before and behind a line's own ink.
const AROUND: usize = 4;

impl Line {
    fn new(plane: &Plane, pitched: Pitched) -> Self {
        let place = pitched.place.moved(-(AROUND as f32));
        let strip = strip::cut(plane, &place, pitched.cells + 2 * AROUND);
        let odds = strip.odds(&NETWORK, strip::Shift::default());
        Self { pitched, odds }
    }

    /// How well thirty cells from `start` are a zone's line; `start` counts from the line's first.
    fn score(&self, role: usize, start: isize) -> f32 {
        (0..LINE_CHARS)
            .map(|at| {
                let cell = usize::try_from(start + (at + AROUND) as isize).ok();
                let odds = cell.and_then(|cell| self.odds.get(cell));
                odds.map_or(LOG_MIN, |odds| best_allowed(odds, role, at).1.ln().max(LOG_MIN))
            })
            .sum()
    }
}

/// The likeliest sign that may stand at a place, and how likely it is.
fn best_allowed(odds: &Odds, line: usize, at: usize) -> (u8, f32) {
    let allowed = SIGNS.iter().zip(odds).filter(|(sign, _)| mrz::may_stand(line, at, **sign));
    let best = allowed.max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or((b'<', 1e-6), |(sign, odds)| (*sign, odds.max(1e-6)))
}

/// Where a zone's three lines may be.
struct Guess {
    places: [Place; LINE_COUNT],
    score: f32,
}

/// What two lines would be in a zone: first and second, second and third, or first and third.
fn guess(one: &Line, other: &Line) -> Option<Guess> {
    let (a, b) = (&one.pitched.place, &other.pitched.place);
    let pitch = a.pitch();
    if !(0.95..1.05).contains(&(pitch / b.pitch())) || a.turn_from(b) > 0.06 {
        return None;
    }
    let (along, down) = a.seen_from(b.cell(other.pitched.cells as f32 / 2.0));
    let middle = a.seen_from(a.cell(along / pitch));
    let spacing = (down - middle.1) / pitch;
    if !(SPACING[0]..SPACING[1]).contains(&spacing) {
        return None;
    }
    // The other line's first cell, counted in cells of this line.
    let offset = a.seen_from(b.at).0 / pitch;
    let mut best: Option<Guess> = None;
    for (first, second) in [(0, 1), (1, 2), (0, 2)] {
        let gap = spacing / (second - first) as f32;
        if !(SPACING[0]..SPACING[1] / 1.5).contains(&gap) {
            continue;
        }
        for start in starts(one, other, offset) {
            let there = (start as f32 - offset).round() as isize;
            let score = one.score(first, start) + other.score(second, there);
            if best.as_ref().is_some_and(|best| best.score >= score) {
                continue;
            }
            let (here, below) = (a.moved(start as f32), b.moved(there as f32));
            let places = std::array::from_fn(|line| {
                let share = (line as f32 - first as f32) / (second - first) as f32;
                here.between(&below, share)
            });
            best = Some(Guess { places, score });
        }
    }
    best.filter(|best| best.score > 2.0 * LINE_CHARS as f32 * GUESS_MIN)
}

/// Cells of the first line at which the zone may begin.
fn starts(one: &Line, other: &Line, offset: f32) -> Vec<isize> {
    let there = offset.round() as isize;
    let ends = [
        one.pitched.cells as isize - LINE_CHARS as isize,
        there + other.pitched.cells as isize - LINE_CHARS as isize,
    ];
    let mut starts: Vec<isize> =
        [0, there].into_iter().chain(ends).flat_map(|at| at - 2..=at + 2).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// Cuts the three lines out, fits each closely, and reads them.
fn look(plane: &Plane, guess: &Guess, today: Date) -> Option<ZoneReading> {
    let mut seen = [[Seen::default(); LINE_CHARS]; LINE_COUNT];
    let mut quads = [Quad::default(); LINE_COUNT];
    let (mut sure, mut fitting) = (0.0, 0);
    for (line, place) in guess.places.iter().enumerate() {
        let strip = strip::cut(plane, place, LINE_CHARS);
        let (shift, odds) = strip.fitted(&NETWORK, |odds: &[Odds]| {
            let log = |(at, odds)| best_allowed(odds, line, at).1.ln().max(LOG_MIN);
            odds.iter().enumerate().map(log).sum()
        });
        quads[line] = place.shifted(shift).quad(LINE_CHARS);
        for (at, odds) in odds.iter().enumerate() {
            seen[line][at] = place_seen(odds, line, at);
            sure += best_allowed(odds, line, at).1;
            fitting += usize::from(mrz::may_stand(line, at, seen[line][at].read));
        }
    }
    let places = (LINE_COUNT * LINE_CHARS) as f32;
    if (fitting as f32) < FITTING_MIN * places {
        return None;
    }
    let zone = mrz::settle(&seen, today);
    Some(ZoneReading { seen, lines: quads, confidence: sure / places, zone })
}

fn place_seen(odds: &Odds, line: usize, at: usize) -> Seen {
    let (best, sure) = best_allowed(odds, line, at);
    let mut all: Vec<(u8, f32)> = SIGNS.iter().copied().zip(*odds).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let allowed = |sign: u8| sign != best && mrz::may_stand(line, at, sign);
    // What certainty there is, is that of the signs that may stand here.
    let sum: f32 =
        all.iter().filter(|(sign, _)| *sign == best || allowed(*sign)).map(|(_, odds)| odds).sum();
    let mut others = all
        .iter()
        .filter(|(sign, odds)| allowed(*sign) && odds / sum.max(sure) >= OTHER_MIN)
        .map(|(sign, _)| *sign);
    Seen { read: all[0].0, best, others: std::array::from_fn(|_| others.next()) }
}
