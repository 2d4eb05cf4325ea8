//! The network that tells a sign: two layers over an image of 20 by 30 pixels.

use std::ops::Range;

/// The signs, in the order of the network's answers.
pub(super) const SIGNS: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// Columns and rows of a sign's image; as many columns are one pitch.
pub(super) const WIDTH: usize = 20;
pub(super) const HEIGHT: usize = 30;
const PIXELS: usize = WIDTH * HEIGHT;
const HIDDEN: usize = 112;

/// Levels of paper and ink in three signs beside each other, as shares of the pixels by darkness.
const PAPER_SHARE: f32 = 0.80;
const INK_SHARE: f32 = 0.03;
/// Contrast below which nothing is stretched further, in levels.
const CONTRAST_MIN: f32 = 15.0;

/// How likely each of [`SIGNS`] is; they sum to 1.
pub(super) type Odds = [f32; SIGNS.len()];

/// The weights, made by `zone/train.py`: for each layer the step of its weights, its biases, its
/// weights in bytes.
const WEIGHTS: &[u8] = include_bytes!("../../zone/zone.bin");

/// The network.
pub(super) struct Network {
    hidden: Layer,
    answer: Layer,
}

struct Layer {
    inputs: usize,
    weights: Vec<f32>,
    biases: Vec<f32>,
}

impl Layer {
    /// Takes a layer from the front of the file.
    fn take(file: &mut &'static [u8], inputs: usize, outputs: usize) -> Self {
        let float =
            |bytes: &[u8]| bytes.first_chunk().map_or(0.0, |four| f32::from_le_bytes(*four));
        let mut next = |length: usize| {
            let (part, rest) = file.split_at(length.min(file.len()));
            *file = rest;
            part
        };
        let step = float(next(4));
        let biases = next(4 * outputs).chunks_exact(4).map(float).collect();
        let bytes = next(inputs * outputs).iter();
        Self { inputs, weights: bytes.map(|b| f32::from(*b as i8) * step).collect(), biases }
    }

    fn run<'a>(&'a self, input: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.weights
            .chunks_exact(self.inputs)
            .zip(&self.biases)
            .map(move |(weights, bias)| bias + product(weights, input))
    }
}

/// The sum of the products, in lanes that the processor takes together.
fn product(weights: &[f32], input: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (parts, values) = (weights.chunks_exact(LANES), input.chunks_exact(LANES));
    let rest = parts.remainder().iter().zip(values.remainder());
    let rest: f32 = rest.map(|(weight, value)| weight * value).sum();
    for (weights, values) in parts.zip(values) {
        let lanes = sums.iter_mut().zip(weights).zip(values);
        lanes.for_each(|((sum, weight), value)| *sum += weight * value);
    }
    rest + sums.iter().sum::<f32>()
}

impl Network {
    /// The network that is built in.
    pub(super) fn embedded() -> Self {
        let mut file = WEIGHTS;
        let hidden = Layer::take(&mut file, PIXELS, HIDDEN);
        Self { hidden, answer: Layer::take(&mut file, HIDDEN, SIGNS.len()) }
    }

    /// The odds of the sign in `columns` of `row`, an image [`HEIGHT`] rows high and `width` wide;
    /// the levels of paper and ink are those of the sign and its two neighbours.
    pub(super) fn odds(&self, row: &[u8], width: usize, columns: Range<usize>) -> Odds {
        let window = columns.start - WIDTH..columns.end + WIDTH;
        let mut counts = [0u32; 256];
        for line in row.chunks_exact(width) {
            line[window.clone()].iter().for_each(|level| counts[usize::from(*level)] += 1);
        }
        let level = |share: f32| {
            let mut seen = 0;
            let wanted = (share * 3.0 * PIXELS as f32) as u32;
            let reached = counts.iter().position(|count| {
                seen += count;
                seen > wanted
            });
            reached.unwrap_or(255) as f32
        };
        let (paper, ink) = (level(PAPER_SHARE), level(INK_SHARE));
        let range = (paper - ink).max(CONTRAST_MIN);
        let image: Vec<f32> = row
            .chunks_exact(width)
            .flat_map(|line| &line[columns.clone()])
            .map(|level| ((paper - f32::from(*level)) / range).clamp(-0.25, 1.25))
            .collect();
        let hidden: Vec<f32> = self.hidden.run(&image).map(|sum| sum.max(0.0)).collect();
        let mut odds = [0.0; SIGNS.len()];
        odds.iter_mut().zip(self.answer.run(&hidden)).for_each(|(odd, logit)| *odd = logit);
        let top = odds.iter().copied().fold(f32::MIN, f32::max);
        odds.iter_mut().for_each(|odd| *odd = (*odd - top).exp());
        let sum: f32 = odds.iter().sum();
        odds.map(|odd| odd / sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_have_the_length_of_the_network() {
        assert_eq!(WEIGHTS.len(), 8 + 4 * (HIDDEN + SIGNS.len()) + (PIXELS + SIGNS.len()) * HIDDEN);
        let Network { hidden, answer } = Network::embedded();
        assert_eq!((hidden.weights.len(), answer.weights.len()), (PIXELS * HIDDEN, HIDDEN * 37));
    }

    #[test]
    fn the_weights_are_those_of_the_manifest() {
        use sha2::{Digest, Sha256};
        let manifest = crate::Manifest::embedded().expect("a manifest");
        let known = &manifest.model("zone-reader").expect("it is listed").weights[0];
        assert_eq!(hex::encode(Sha256::digest(WEIGHTS)), known.sha256);
        assert_eq!(WEIGHTS.len() as u64, known.bytes);
    }

    #[test]
    fn the_odds_of_plain_paper_are_odds() {
        let odds = Network::embedded().odds(&[200; PIXELS * 3], 3 * WIDTH, WIDTH..2 * WIDTH);
        assert!((odds.iter().sum::<f32>() - 1.0).abs() < 1e-3, "{odds:?}");
    }
}
