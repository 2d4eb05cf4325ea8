//! Our own reader: lines are found, brought to one size and read by a small quantised network.
//!
//! The network and how it was trained are in `models/reader`; what it expects of a line's image is
//! said there in `linereader/samples.py`, and made here.

use std::path::Path;

use crate::ReadError;
use crate::engine::{FoundLine, FoundWord, Recogniser};
use crate::ink;
use crate::lines::{self, TextLine};
use crate::net::{Net, NetError, Weights};
use crate::plane::Plane;

mod spelling;

/// The letters that the network knows, in the order of its classes; behind them CTC's blank.
const LETTERS: &str = include_str!("../reader/charset.txt");

/// Height of a line's image.
const HEIGHT: usize = 40;
/// That height in ems, and how far below the upper edge the baseline is.
const EMS_HIGH: f32 = 1.36;
const BASELINE_EMS: f32 = 1.08;
/// Columns of the image for each frame of the network's answer.
const COLUMNS_PER_FRAME: usize = 4;
/// Widths that a network is prepared for; a line takes the smallest that holds it.
const WIDTHS: [usize; 10] = [160, 240, 320, 480, 640, 800, 960, 1120, 1280, 1600];
/// Room before and behind the print, in ems.
const MARGIN_EMS: f32 = 0.3;
/// Contrast that is not stretched further: an empty crop has only grain.
const CONTRAST_MIN: f32 = 24.0;
/// Signs of so little ink that the network sees rather nothing when it is not sure, and letters
/// that it was shown more often than people write them: what is added to their logits.
const LEANINGS: [(&str, f32); 3] = [(".,/-:", 2.0), ("ỵỴ", -1.5), ("ỉỈ", -1.0)];
/// A word below this confidence that has no letter or digit is grain or a stroke.
const SIGN_MIN: f32 = 0.6;

/// A reader for one thread.
pub(crate) struct OwnEngine {
    weights: Weights,
    nets: [Option<Net>; WIDTHS.len()],
    letters: Vec<char>,
    /// What is added to each class's logit.
    leanings: Vec<f32>,
}

impl OwnEngine {
    /// Takes weights whose digest was checked, and the runtime library; makes so many readers.
    pub(crate) fn open(
        library: &Path,
        weights: Vec<u8>,
        count: usize,
    ) -> Result<Vec<Self>, NetError> {
        crate::net::load_runtime(library)?;
        let weights = Weights::new("reader", weights)?;
        let letters: Vec<char> = LETTERS.trim_end_matches('\n').chars().collect();
        let lean = |letter: &char| {
            let leaning = LEANINGS.iter().find(|(which, _)| which.contains(*letter));
            leaning.map_or(0.0, |(_, by)| *by)
        };
        let leanings: Vec<f32> = letters.iter().map(lean).chain([0.0]).collect();
        let one = || Self {
            weights,
            nets: [const { None }; WIDTHS.len()],
            letters: letters.clone(),
            leanings: leanings.clone(),
        };
        Ok((0..count).map(|_| one()).collect())
    }

    fn net(&mut self, index: usize) -> Result<&mut Net, NetError> {
        let slot = &mut self.nets[index];
        if slot.is_none() {
            *slot = Some(Net::new(&self.weights, &[1, HEIGHT, WIDTHS[index], 1])?);
        }
        slot.as_mut().ok_or(NetError::Missing)
    }

    /// Reads one line; a line too long for the network in parts.
    fn read_line(&mut self, plane: &Plane, line: &TextLine) -> Result<Vec<Letter>, NetError> {
        let cut = Cut::new(line);
        let Some(index) = WIDTHS.iter().position(|width| cut.width <= *width) else {
            let Some((first, second)) = line.clone().halves() else { return Ok(Vec::new()) };
            let mut letters = self.read_line(plane, &first)?;
            let middle = (first.right + second.left) / 2.0;
            letters.push(Letter::space(middle));
            letters.extend(self.read_line(plane, &second)?);
            return Ok(letters);
        };
        let image = cut.image(plane, WIDTHS[index]);
        let net = self.net(index)?;
        let scale = net.output_scale;
        let answer = net.run(&image)?.to_vec();
        let found = decode(&answer, &self.leanings, scale);
        let place = |frame: f32| cut.left + frame * COLUMNS_PER_FRAME as f32 / cut.scale;
        Ok(found
            .into_iter()
            .map(|hit| Letter {
                text: self.letters[hit.class],
                left: place(hit.first as f32),
                right: place(hit.last as f32 + 1.0),
                confidence: hit.confidence,
                others: hit.others.map(|(class, sure)| (self.letters.get(class).copied(), sure)),
            })
            .collect())
    }
}

impl Recogniser for OwnEngine {
    /// Print the right way up has over 0.99, upside down under 0.9.
    fn doubt(&self) -> f32 {
        0.95
    }

    fn read(
        &mut self,
        plane: &mut Plane,
        spare: Vec<u8>,
        dpi: u32,
    ) -> Result<Vec<FoundLine>, ReadError> {
        let ink = ink::find(plane, spare, dpi);
        let mut found = Vec::new();
        for line in lines::find(&ink, dpi) {
            let mut words = words(&self.read_line(plane, &line)?, &line);
            if let Some(em) = line.or_em {
                let other = line.clone().sized(em);
                let others = self::words(&self.read_line(plane, &other)?, &other);
                words = if sureness(&others) > sureness(&words) { others } else { words };
            }
            if !words.is_empty() {
                found.push(words);
            }
        }
        Ok(found)
    }
}

/// Mean confidence of a line's words, by their letters.
fn sureness(line: &FoundLine) -> f32 {
    let letters = |word: &FoundWord| word.text.chars().count() as f32;
    let sum: f32 = line.iter().map(|word| word.confidence * letters(word)).sum();
    sum / line.iter().map(letters).sum::<f32>().max(1.0)
}

/// A letter and where it stands, in columns of the page.
#[derive(Debug, Clone)]
struct Letter {
    text: char,
    left: f32,
    right: f32,
    confidence: f32,
    /// What else it may be, nothing at all among that, and how likely.
    others: [(Option<char>, f32); OTHERS],
}

impl Letter {
    fn space(at: f32) -> Self {
        let others = [(None, 0.0); OTHERS];
        Self { text: ' ', left: at, right: at, confidence: 1.0, others }
    }
}

/// How a line is cut out of the page.
struct Cut<'a> {
    line: &'a TextLine,
    left: f32,
    /// Columns of the image.
    width: usize,
    /// Pixels of the image for one of the page.
    scale: f32,
}

impl<'a> Cut<'a> {
    fn new(line: &'a TextLine) -> Self {
        let scale = HEIGHT as f32 / (EMS_HIGH * line.em);
        let left = line.left - MARGIN_EMS * line.em;
        let right = line.right + MARGIN_EMS * line.em;
        let width = ((right - left) * scale).ceil().max(8.0) as usize;
        Self { line, left, width, scale }
    }

    /// The image as the network takes it, `columns` wide: -128 is paper, 127 is ink.
    fn image(&self, plane: &Plane, columns: usize) -> Vec<i8> {
        let width = self.width;
        let levels = self.levels(plane);
        let (dark, bright) = (percentile(&levels, 0.01), percentile(&levels, 0.90));
        let gain = 255.0 / (bright - dark).max(CONTRAST_MIN);
        let mut image = vec![-128; HEIGHT * columns];
        for (out, row) in image.chunks_exact_mut(columns).zip(levels.chunks_exact(width)) {
            for (number, level) in out.iter_mut().zip(row) {
                let stretched = ((f32::from(*level) - dark) * gain).clamp(0.0, 255.0) as i16;
                *number = (127 - stretched) as i8;
            }
        }
        image
    }

    /// Grey levels of the line, `HEIGHT` rows of `self.width`: each the mean of samples spread over
    /// its square of the page.
    fn levels(&self, plane: &Plane) -> Vec<u8> {
        /// Columns begin between two rows of the page at one of so many places.
        const PARTS: usize = 32;
        let step = 1.0 / self.scale;
        let points = (step.ceil() as usize).clamp(1, 4);
        let spread: Vec<f32> =
            (0..points).map(|i| (i as f32 + 0.5) / points as f32 * step).collect();
        let rows = (HEIGHT as f32 * step).ceil() as usize + 3;
        let mut taps: [Vec<(usize, f32)>; PARTS] = [const { Vec::new() }; PARTS];
        let mut column = vec![0.0f32; rows];
        let mut levels = vec![0u8; HEIGHT * self.width];
        for u in 0..self.width {
            let x = self.left + u as f32 * step;
            let top = self.line.baseline_at(x) - BASELINE_EMS * self.line.em - 0.5;
            column.fill(0.0);
            for dx in &spread {
                plane.add_column(&mut column, x + dx, top.floor() as isize);
            }
            let part = ((top - top.floor()) * PARTS as f32) as usize % PARTS;
            if taps[part].is_empty() {
                let middle = (part as f32 + 0.5) / PARTS as f32;
                let row = |v: usize| spread.iter().map(move |dy| v as f32 * step + dy + middle);
                taps[part].extend((0..HEIGHT).flat_map(row).map(|y| (y as usize, y.fract())));
            }
            for (v, samples) in taps[part].chunks_exact(points).enumerate() {
                let at =
                    |&(row, y): &(usize, f32)| column[row] + (column[row + 1] - column[row]) * y;
                let sum: f32 = samples.iter().map(at).sum();
                levels[v * self.width + u] = (sum / (points * points) as f32) as u8;
            }
        }
        levels
    }
}

fn percentile(levels: &[u8], share: f32) -> f32 {
    let mut counts = [0usize; 256];
    levels.iter().for_each(|level| counts[usize::from(*level)] += 1);
    let (wanted, mut seen) = ((levels.len() as f32 * share) as usize, 0);
    let level = counts.iter().position(|count| {
        seen += count;
        seen > wanted
    });
    level.unwrap_or(255) as f32
}

/// So many other readings of a letter are kept.
const OTHERS: usize = 3;

/// The classes that are next best after `best`.
fn next_best(row: &[i16], best: usize, fall: &[f32], sum: f32) -> [(usize, f32); OTHERS] {
    let mut found = [(best, 0.0); OTHERS];
    for (class, logit) in row.iter().enumerate().filter(|(class, _)| *class != best) {
        let sure = fall[usize::from(row[best].abs_diff(*logit)).min(fall.len() - 1)] / sum;
        if sure > found[OTHERS - 1].1 {
            found[OTHERS - 1] = (class, sure);
            found.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
    }
    found
}

/// A class that the network saw over some frames.
#[derive(Debug, PartialEq)]
struct Hit {
    class: usize,
    first: usize,
    last: usize,
    confidence: f32,
    /// The next best classes where it is surest, and how likely they are.
    others: [(usize, f32); OTHERS],
}

/// The best class of each frame, repeats merged, blanks dropped (greedy CTC). `leanings` has one
/// number for each class, the blank last.
fn decode(answer: &[i8], leanings: &[f32], scale: f32) -> Vec<Hit> {
    let (classes, blank) = (leanings.len(), leanings.len() - 1);
    // In steps of the logits' scale, which fall to nothing before they run out.
    let leanings: Vec<i16> = leanings.iter().map(|by| (by / scale) as i16).collect();
    let fall: Vec<f32> = (0..512).map(|steps| (-(steps as f32) * scale).exp()).collect();
    let mut row = vec![0i16; classes];
    let mut hits: Vec<Hit> = Vec::new();
    let mut before = blank;
    for (frame, logits) in answer.chunks_exact(classes).enumerate() {
        for ((sum, logit), leaning) in row.iter_mut().zip(logits).zip(&leanings) {
            *sum = i16::from(*logit) + leaning;
        }
        let Some((class, top)) = row.iter().enumerate().max_by_key(|(_, logit)| **logit) else {
            break;
        };
        if class != blank {
            let sum: f32 = row.iter().map(|l| fall[usize::from(top.abs_diff(*l)).min(511)]).sum();
            let sure = 1.0 / sum;
            match hits.last_mut() {
                Some(hit) if class == before => {
                    hit.last = frame;
                    if sure > hit.confidence {
                        hit.confidence = sure;
                        hit.others = next_best(&row, class, &fall, sum);
                    }
                }
                _ => {
                    let others = next_best(&row, class, &fall, sum);
                    hits.push(Hit { class, first: frame, last: frame, confidence: sure, others });
                }
            }
        }
        before = class;
    }
    hits
}

/// Letters parted at spaces, each word in the box of its ink.
fn words(letters: &[Letter], line: &TextLine) -> FoundLine {
    let gaps = line.gaps();
    let mut found = Vec::new();
    let mut from = f32::MIN;
    let letters = spelling::repaired(letters);
    for part in letters.split_inclusive(|letter| letter.text == ' ') {
        let (word, space) = match part.split_last() {
            Some((space, word)) if space.text == ' ' => (word, Some(space)),
            _ => (part, None),
        };
        // The network sees a space about where it is; the words part at the gap in the ink.
        let to = space.map_or(f32::MAX, |space| {
            let seen = (space.left + space.right) / 2.0;
            let behind = gaps.iter().copied().filter(|gap| *gap > from);
            let nearest = behind.min_by(|a, b| (a - seen).abs().total_cmp(&(b - seen).abs()));
            nearest.filter(|gap| (gap - seen).abs() < line.em).unwrap_or(seen)
        });
        if let (Some(first), Some(last)) = (word.first(), word.last()) {
            let text: String = word.iter().map(|letter| letter.text).collect();
            let sure = word.iter().map(|letter| letter.confidence).sum::<f32>() / word.len() as f32;
            if text.chars().any(char::is_alphanumeric) || sure >= SIGN_MIN {
                let rect = line.box_between(from, to).unwrap_or_else(|| {
                    let foot = line.baseline_at(first.left);
                    [first.left, foot - 0.7 * line.em, last.right, foot]
                });
                let letters = word.iter().map(|letter| letter.confidence).collect();
                found.push(FoundWord { text, rect, confidence: sure, letters });
            }
        }
        from = to;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_one_letter_and_blanks_part_letters() {
        // Classes a, b and the blank, four steps of certainty.
        let frame = |class: usize| {
            let mut row = [-100i8; 3];
            row[class] = 100;
            row
        };
        let answer: Vec<i8> = [2, 0, 0, 2, 0, 1, 1, 2].into_iter().flat_map(frame).collect();
        let hits = decode(&answer, &[0.0; 3], 0.1);
        let places: Vec<_> = hits.iter().map(|hit| (hit.class, hit.first, hit.last)).collect();
        assert_eq!(places, [(0, 1, 2), (0, 4, 4), (1, 5, 6)]);
        assert!(hits.iter().all(|hit| hit.confidence > 0.99));
    }

    #[test]
    fn a_doubtful_frame_says_so() {
        let hits = decode(&[10, 10, -128], &[0.0; 3], 0.05);
        assert!((0.4..0.6).contains(&hits[0].confidence), "{hits:?}");
    }
}
