//! Lines of signs at one pitch, in any direction.

use super::pieces::Piece;
use super::strip::Place;

/// Signs of one line follow each other within these multiples of the taller one's height.
const NEXT: [f32; 2] = [0.35, 2.4];
/// And are no further off their line than this share of it.
const OFF: f32 = 0.4;
/// No sign of a line is so many times as tall as its neighbour: a filler beside a letter.
const TALLER: f32 = 2.4;
/// Parts of a line are joined over so many heights: glare or a crease hid what was between.
const GAP: f32 = 9.0;
/// Directions in which lines are followed, in degrees; the other way round is tried for each.
const VIEWS: [f32; 4] = [0.0, 90.0, 45.0, 135.0];
/// A line steeper than this in a view is left to the next one.
const SLOPE_MAX: f32 = 0.45;
/// Fewer signs than this tell no pitch, and a zone's line has not many more than thirty.
const SIGNS_MIN: usize = 10;
const CELLS: std::ops::RangeInclusive<usize> = 14..=40;
/// How well the signs keep to the pitch, 0 to 1.
const EVEN_MIN: f32 = 0.62;
/// Most lines that are kept, the most even first.
const LINES_MAX: usize = 24;

/// A line whose signs keep to one pitch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pitched {
    /// Its first cell that has ink.
    pub(super) place: Place,
    /// Cells to the last that has ink, both counted.
    pub(super) cells: usize,
}

impl Pitched {
    /// The same line read from its other end.
    pub(super) fn reversed(&self) -> Self {
        let at = self.place.cell(self.cells as f32 - 1.0);
        let step = self.place.step.map(|part| -part);
        Self { place: Place { at, step }, cells: self.cells }
    }
}

/// A piece in the view of one direction.
#[derive(Debug, Clone, Copy)]
struct Sign {
    along: f32,
    down: f32,
    height: f32,
}

/// The lines of an image, each once, in either direction of reading.
pub(super) fn find(pieces: &[Piece]) -> Vec<Pitched> {
    let mut lines: Vec<(f32, Pitched)> = Vec::new();
    for view in VIEWS {
        let (sin, cos) = view.to_radians().sin_cos();
        let mut signs: Vec<Sign> = pieces
            .iter()
            .map(|Piece { middle: [x, y], size: [width, height] }| Sign {
                along: x * cos + y * sin,
                down: y * cos - x * sin,
                // In between, a mean of both: the box of a sign that lies askew is wider.
                height: (height * cos.abs() + width * sin.abs()) / (cos.abs() + sin.abs()),
            })
            .collect();
        signs.sort_by(|a, b| a.along.total_cmp(&b.along));
        for chain in joined(chains(&signs)) {
            let Some((even, mut line)) = pitched(&chain) else { continue };
            let back =
                |[along, down]: [f32; 2]| [along * cos - down * sin, along * sin + down * cos];
            line.place = Place { at: back(line.place.at), step: back(line.place.step) };
            lines.push((even * chain.len() as f32, line));
        }
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines.truncate(LINES_MAX);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Signs that follow each other: each the other's nearest.
fn chains(signs: &[Sign]) -> Vec<Vec<Sign>> {
    let tallest = signs.iter().map(|sign| sign.height).fold(0.0, f32::max);
    let mut next = vec![None; signs.len()];
    let mut before: Vec<Option<(usize, f32)>> = vec![None; signs.len()];
    for (i, sign) in signs.iter().enumerate() {
        let near = signs[i + 1..].iter().take_while(|other| {
            other.along - sign.along <= NEXT[1] * tallest.min(sign.height * TALLER)
        });
        let costs = near.enumerate().filter_map(|(j, other)| Some((i + 1 + j, cost(sign, other)?)));
        let Some((j, cost)) = costs.min_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        next[i] = Some(j);
        if before[j].is_none_or(|(_, other)| cost < other) {
            before[j] = Some((i, cost));
        }
    }
    let follows: Vec<Option<usize>> = (0..signs.len())
        .map(|i| next[i].filter(|j| before[*j].is_some_and(|(first, _)| first == i)))
        .collect();
    let mut led = vec![false; signs.len()];
    follows.iter().flatten().for_each(|j| led[*j] = true);
    (0..signs.len())
        .filter(|start| !led[*start])
        .map(|start| {
            std::iter::successors(Some(start), |at| follows[*at]).map(|at| signs[at]).collect()
        })
        .filter(|chain: &Vec<Sign>| chain.len() >= 3)
        .collect()
}

/// How ill one sign follows another; none where it does not.
fn cost(sign: &Sign, next: &Sign) -> Option<f32> {
    let (tall, low) = (sign.height.max(next.height), sign.height.min(next.height));
    let (along, down) = (next.along - sign.along, (next.down - sign.down).abs());
    let fits = tall <= TALLER * low
        && (NEXT[0] * tall..=NEXT[1] * tall).contains(&along)
        && down <= OFF * tall + 0.1 * along;
    fits.then_some(along + 2.0 * down)
}

/// The line through a chain: its fall, and its height at 0.
fn through(chain: &[Sign]) -> (f32, f32) {
    let count = chain.len() as f32;
    let mean = |of: fn(&Sign) -> f32| chain.iter().map(of).sum::<f32>() / count;
    let (x, y) = (mean(|sign| sign.along), mean(|sign| sign.down));
    let spread: f32 = chain.iter().map(|sign| (sign.along - x).powi(2)).sum();
    let fall: f32 = chain.iter().map(|sign| (sign.along - x) * (sign.down - y)).sum();
    let slope = if spread > 0.0 { fall / spread } else { 0.0 };
    (slope, y - slope * x)
}

fn usual_height(chain: &[Sign]) -> f32 {
    let mut heights: Vec<f32> = chain.iter().map(|sign| sign.height).collect();
    heights.sort_by(f32::total_cmp);
    // Fillers are low; what is tall beside them is the line's height.
    heights.get(heights.len() * 3 / 4).copied().unwrap_or(0.0)
}

/// Joins the parts of a line that something hid between.
fn joined(mut chains: Vec<Vec<Sign>>) -> Vec<Vec<Sign>> {
    chains.sort_by(|a, b| a[0].along.total_cmp(&b[0].along));
    let mut lines: Vec<Vec<Sign>> = Vec::new();
    for chain in chains {
        let first = chain[0];
        let fits = |line: &&mut Vec<Sign>| {
            let Some(last) = line.last() else { return false };
            let (slope, level) = through(&line[line.len().saturating_sub(12)..]);
            let height = usual_height(line).max(usual_height(&chain));
            let gap = first.along - last.along;
            let sure = if line.len() >= 6 { slope } else { 0.0 };
            let there = if line.len() >= 6 { level + sure * first.along } else { last.down };
            (0.0..=GAP * height).contains(&gap)
                && (there - first.down).abs() <= OFF * height + 0.03 * gap
                && usual_height(line).min(usual_height(&chain)) * TALLER >= height
        };
        match lines.iter_mut().rev().find(fits) {
            Some(line) => line.extend(chain),
            None => lines.push(chain),
        }
    }
    lines
}

/// A chain's pitch and how even it is; none where it keeps to none.
fn pitched(chain: &[Sign]) -> Option<(f32, Pitched)> {
    if chain.len() < SIGNS_MIN {
        return None;
    }
    let (slope, level) = through(chain);
    if slope.abs() > SLOPE_MAX {
        return None;
    }
    let long = slope.hypot(1.0);
    let places: Vec<f32> =
        chain.iter().map(|sign| (sign.along + slope * (sign.down - level)) / long).collect();
    let mut gaps: Vec<f32> = places.windows(2).map(|two| two[1] - two[0]).collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps[gaps.len() / 2];
    let mut best = (0.0, usual, 0.0);
    for i in -48..=48 {
        let pitch = usual * (1.0 + i as f32 * 0.0025);
        let turn = std::f32::consts::TAU / pitch;
        let (sin, cos) = places.iter().fold((0.0, 0.0), |(sin, cos), place| {
            // From the first sign, so that a pitch is not judged by how far the line is from 0.
            let (s, c) = ((place - places[0]) * turn).sin_cos();
            (sin + s, cos + c)
        });
        let even = f32::hypot(sin, cos) / places.len() as f32;
        if even > best.0 {
            best = (even, pitch, sin.atan2(cos) / turn);
        }
    }
    let (even, pitch, phase) = best;
    let (first, last) = (places[0] + phase, *places.last()?);
    let cells = ((last - first) / pitch).round() as usize + 1;
    if even < EVEN_MIN || !CELLS.contains(&cells) || pitch < 5.0 {
        return None;
    }
    let along = first / long;
    let place =
        Place { at: [along, level + slope * along], step: [pitch / long, slope * pitch / long] };
    Some((even, Pitched { place, cells }))
}
