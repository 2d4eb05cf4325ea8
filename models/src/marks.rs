//! Seals, signatures, emptiness and sharpness: what can be told of a page without reading it.

use crate::clean::BLOCK;
use crate::page::Region;
use crate::plane::Plane;
use crate::skew::INK;

/// Mean excess of red (or blue) that makes a block coloured ink, in grey levels.
const COLOUR_MIN: u8 = 26;
/// Gap that a shape's strokes may have between them, in blocks.
const JOIN: usize = 2;

/// Round red shapes of 20 to 50 mm: seals of Vietnamese bodies have 30 to 42 mm.
pub(crate) fn seals(red: &Plane, dpi: u32) -> Vec<Region> {
    let mm = dpi as f32 / 25.4 / BLOCK as f32;
    shapes(red)
        .into_iter()
        .filter(|s| {
            let (w, h) = (s.width as f32, s.height as f32);
            let sized = [w, h].iter().all(|side| (20.0 * mm..=50.0 * mm).contains(side));
            sized && (0.8..=1.25).contains(&(w / h)) && is_round(red, s)
        })
        .map(in_pixels)
        .collect()
}

/// Blue shapes of a handwritten signature's size; a line of blue print is lower.
pub(crate) fn signatures(blue: &Plane, dpi: u32) -> Vec<Region> {
    let mm = dpi as f32 / 25.4 / BLOCK as f32;
    shapes(blue)
        .into_iter()
        .filter(|s| {
            (10.0 * mm..=90.0 * mm).contains(&(s.width as f32))
                && (7.0 * mm..=45.0 * mm).contains(&(s.height as f32))
        })
        .map(in_pixels)
        .collect()
}

fn in_pixels(blocks: Region) -> Region {
    let block = BLOCK as u32;
    Region {
        x: blocks.x * block,
        y: blocks.y * block,
        width: blocks.width * block,
        height: blocks.height * block,
    }
}

/// A ring leaves the corners of its box empty and has ink near all four sides.
fn is_round(red: &Plane, shape: &Region) -> bool {
    let (cx, cy) = (shape.width as f32 / 2.0, shape.height as f32 / 2.0);
    let (mut inside, mut outside, mut rim) = (0u32, 0u32, [0u32; 8]);
    for y in 0..shape.height {
        for x in 0..shape.width {
            let at = (shape.y + y) as usize * red.width + (shape.x + x) as usize;
            if red.data[at] < COLOUR_MIN {
                continue;
            }
            let (dx, dy) = ((x as f32 + 0.5 - cx) / cx, (y as f32 + 0.5 - cy) / cy);
            let distance = dx.hypot(dy);
            if distance > 1.08 {
                outside += 1;
            } else {
                inside += 1;
            }
            if (0.8..=1.08).contains(&distance) {
                let sector = (dy.atan2(dx) / std::f32::consts::TAU + 0.5) * 8.0;
                rim[(sector as usize).min(7)] += 1;
            }
        }
    }
    // Worn stamps lose part of the ring; six of eight sectors still make one.
    let sectors = rim.iter().filter(|count| **count >= 3).count();
    sectors >= 6 && outside * 10 < inside
}

/// Connected coloured shapes of a block plane, strokes joined over [`JOIN`] blocks.
fn shapes(colour: &Plane) -> Vec<Region> {
    let bits: Vec<u8> = colour.data.iter().map(|c| u8::from(*c >= COLOUR_MIN)).collect();
    if bits.iter().all(|bit| *bit == 0) {
        return Vec::new();
    }
    let mut grown = Plane::new(colour.width, colour.height, bits).dilated(JOIN);
    let mut found = Vec::new();
    let mut stack = Vec::new();
    for start in 0..grown.data.len() {
        if grown.data[start] == 0 {
            continue;
        }
        let (mut x0, mut y0, mut x1, mut y1) = (usize::MAX, usize::MAX, 0, 0);
        grown.data[start] = 0;
        stack.push(start);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % grown.width, at / grown.width);
            (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
            let near = [
                (x > 0).then(|| at - 1),
                (x + 1 < grown.width).then_some(at + 1),
                at.checked_sub(grown.width),
                (y + 1 < grown.height).then_some(at + grown.width),
            ];
            for next in near.into_iter().flatten() {
                if grown.data[next] != 0 {
                    grown.data[next] = 0;
                    stack.push(next);
                }
            }
        }
        // Joining has grown the shape on every side that was not the page's edge.
        let shrink = |low: usize, high: usize| (low + JOIN, (high + 1).saturating_sub(JOIN));
        let ((x0, x1), (y0, y1)) = (shrink(x0, x1), shrink(y0, y1));
        if x1 > x0 && y1 > y0 {
            let (x, y, width, height) = (x0 as u32, y0 as u32, (x1 - x0) as u32, (y1 - y0) as u32);
            found.push(Region { x, y, width, height });
        }
    }
    found
}

/// Share of dark pixels in a flattened page shrunk by four, without the rim.
pub(crate) fn ink_share(quarter: &Plane) -> f32 {
    let rim = (quarter.width.min(quarter.height) / 40).max(1);
    let (mut dark, mut all) = (0usize, 0usize);
    for y in rim..quarter.height.saturating_sub(rim) {
        let row = &quarter.row(y)[rim..quarter.width.saturating_sub(rim).max(rim)];
        dark += row.iter().filter(|grey| **grey < INK).count();
        all += row.len();
    }
    dark as f32 / all.max(1) as f32
}

/// 99th percentile of the step between horizontal neighbours that touch ink, in grey levels.
pub(crate) fn sharpness(flat: &Plane) -> f32 {
    let mut steps = [0u32; 256];
    for y in (0..flat.height).step_by(5) {
        for pair in flat.row(y).windows(2) {
            if pair[0].min(pair[1]) < INK {
                steps[usize::from(pair[0].abs_diff(pair[1]))] += 1;
            }
        }
    }
    let all: u32 = steps.iter().sum();
    let mut above = 0;
    for (step, count) in steps.iter().enumerate().rev() {
        above += count;
        if above * 100 > all {
            return step as f32;
        }
    }
    0.0
}
