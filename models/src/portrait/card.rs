//! Cards on a scan: rectangles of a card's shape that stand out from what lies behind them, and
//! which way up they are.

use drivers_api::Raster;

use crate::page::Quad;

/// A card's sides in millimetres (ISO/IEC 7810, ID-1).
const CARD_MM: [f32; 2] = [85.6, 53.98];
/// How far a rectangle's shape may be off a card's, as a share.
const SHAPE_SLACK: f32 = 0.10;
/// Longest side of the image on which cards are looked for.
const SIDE: usize = 640;
/// A card is so different from what lies behind it, in levels of any colour.
const DIFFERS: u8 = 9;
/// Shares of a rectangle that stand out where it is a card.
const FILLED_MIN: f32 = 0.55;
/// Shorter than this no card's side is, in pixels of the small image.
const CARD_MIN: f32 = 40.0;
/// Most cards that are told of one scan.
const CARDS_MAX: usize = 4;

/// A card's front: where its top left corner is, and the way of a millimetre to the right and down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Front {
    corner: [f32; 2],
    right: [f32; 2],
    down: [f32; 2],
}

impl Front {
    /// Where a place in millimetres of the card is on the scan.
    pub(super) fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|i| self.corner[i] + x * self.right[i] + y * self.down[i])
    }

    pub(super) fn pixels_per_mm(&self) -> f32 {
        self.right[0].hypot(self.right[1])
    }

    /// Where a place on the scan is in millimetres of the card.
    fn seen(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (dx, dy) = (x - self.corner[0], y - self.corner[1]);
        let along =
            |way: [f32; 2]| (dx * way[0] + dy * way[1]) / (way[0] * way[0] + way[1] * way[1]);
        [along(self.right), along(self.down)]
    }

    fn holds(&self, point: [f32; 2]) -> bool {
        let [x, y] = self.seen(point);
        (0.0..=CARD_MM[0]).contains(&x) && (0.0..=CARD_MM[1]).contains(&y)
    }

    /// The same card the other way up.
    fn turned(&self) -> Self {
        Self {
            corner: self.place(CARD_MM),
            right: self.right.map(|part| -part),
            down: self.down.map(|part| -part),
        }
    }
}

/// The fronts of cards, each in the ways up that it may have.
pub(super) fn fronts(scan: &Raster, code: Option<&Quad>, zone: Option<&Quad>) -> Vec<Front> {
    let middle =
        |quad: &Quad| [0, 1].map(|i| quad.iter().map(|corner| corner[i]).sum::<f32>() / 4.0);
    let mut cards = cards(scan);
    cards.retain(|card| zone.is_none_or(|zone| !card.holds(middle(zone))));
    let mut found = Vec::new();
    let with_code = code.and_then(|code| {
        let at = cards.iter().position(|card| card.holds(middle(code)))?;
        Some((cards.remove(at), code))
    });
    match (with_code, code) {
        (Some((card, code)), _) => found.push(upright(card, code)),
        // The code is there and its card does not stand out: the code tells where it is, unless
        // the zone beside it says that this is a back.
        (None, Some(code)) if zone.is_none() => found.extend(around(code)),
        _ => {}
    }
    for card in cards {
        found.extend([card, card.turned()]);
    }
    found
}

/// The way up in which the code is read as it stands.
fn upright(card: Front, code: &Quad) -> Front {
    let way = [0, 1].map(|i| code[1][i] - code[0][i]);
    let along = way[0] * card.right[0] + way[1] * card.right[1];
    if along >= 0.0 { card } else { card.turned() }
}

/// A card of 2021 by its code alone.
fn around(code: &Quad) -> Option<Front> {
    /// The code's side and its top left corner, in millimetres, as told of such cards.
    const SIDE_MM: f32 = 16.0;
    const AT_MM: [f32; 2] = [66.5, 3.0];
    let way = |from: [f32; 2], to: [f32; 2]| [0, 1].map(|i| (to[i] - from[i]) / SIDE_MM);
    let (right, down) = (way(code[0], code[1]), way(code[0], code[3]));
    let corner = [0, 1].map(|i| code[0][i] - AT_MM[0] * right[i] - AT_MM[1] * down[i]);
    (right[0].hypot(right[1]) > 1.0).then_some(Front { corner, right, down })
}

/// The rectangles of a card's shape, the larger first, their long side to the right.
fn cards(scan: &Raster) -> Vec<Front> {
    let (small, width, height, scale) = shrunk(scan);
    let behind = behind(&small, width, height);
    let stands_out: Vec<bool> =
        small.iter().map(|pixel| (0..3).any(|i| pixel[i].abs_diff(behind[i]) >= DIFFERS)).collect();
    let mut found: Vec<(f32, Front)> = pieces(&stands_out, width, height)
        .iter()
        .filter_map(rectangle)
        .map(|(corner, right, down)| {
            let mm = |way: [f32; 2], side: f32| way.map(|part| part * scale / side);
            let front = Front {
                corner: corner.map(|at| at * scale),
                right: mm(right, CARD_MM[0]),
                down: mm(down, CARD_MM[1]),
            };
            (front.pixels_per_mm(), front)
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(CARDS_MAX);
    if found.is_empty() {
        found.extend(whole(scan).map(|front| (1.0, front)));
    }
    found.into_iter().map(|(_, front)| front).collect()
}

/// The whole scan, where it has a card's shape.
fn whole(scan: &Raster) -> Option<Front> {
    let (width, height) = (scan.width() as f32, scan.height() as f32);
    let (long, short) = (width.max(height), width.min(height));
    if !is_card(long, short) {
        return None;
    }
    let (x, y) = (long / CARD_MM[0], short / CARD_MM[1]);
    Some(if width >= height {
        Front { corner: [0.0, 0.0], right: [x, 0.0], down: [0.0, y] }
    } else {
        Front { corner: [width, 0.0], right: [0.0, x], down: [-y, 0.0] }
    })
}

fn is_card(long: f32, short: f32) -> bool {
    let shape = CARD_MM[0] / CARD_MM[1];
    ((long / short) / shape - 1.0).abs() <= SHAPE_SLACK
}

/// The scan in some hundred pixels a side: its pixels, width, height, and the scan's pixels in one.
fn shrunk(scan: &Raster) -> (Vec<[u8; 3]>, usize, usize, f32) {
    let (wide, high) = (scan.width() as usize, scan.height() as usize);
    let step = wide.max(high).div_ceil(SIDE).max(1);
    let (width, height) = ((wide / step).max(1), (high / step).max(1));
    let channels = scan.format().bytes();
    let mut small = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sums = [0usize; 3];
            let (rows, columns) =
                (y * step..((y + 1) * step).min(high), x * step..((x + 1) * step).min(wide));
            let count = (rows.len() * columns.len()).max(1);
            for row in rows {
                for column in columns.clone() {
                    let at = (row * wide + column) * channels;
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum += usize::from(scan.data()[at + i % channels]);
                    }
                }
            }
            small.push(sums.map(|sum| (sum / count) as u8));
        }
    }
    (small, width, height, step as f32)
}

/// The usual colour along the scan's edges.
fn behind(small: &[[u8; 3]], width: usize, height: usize) -> [u8; 3] {
    let edge = |at: &usize| {
        let (x, y) = (at % width, at / width);
        x < 2 || y < 2 || x + 2 >= width || y + 2 >= height
    };
    std::array::from_fn(|i| {
        let mut levels: Vec<u8> = (0..small.len()).filter(edge).map(|at| small[at][i]).collect();
        levels.sort_unstable();
        levels.get(levels.len() / 2).copied().unwrap_or(0)
    })
}

/// What stands out in one piece: the ends of each of its rows, and how many pixels it has.
struct Standing {
    ends: Vec<[f32; 2]>,
    area: usize,
}

fn pieces(stands_out: &[bool], width: usize, height: usize) -> Vec<Standing> {
    let mut seen = vec![false; stands_out.len()];
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for start in 0..stands_out.len() {
        if !stands_out[start] || seen[start] {
            continue;
        }
        let mut rows = vec![(usize::MAX, 0usize); height];
        let mut area = 0;
        seen[start] = true;
        waiting.push(start);
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % width, at / width);
            rows[y] = (rows[y].0.min(x), rows[y].1.max(x));
            area += 1;
            // Over a gap of one pixel, which a wave of the security print may leave.
            for y in y.saturating_sub(2)..=(y + 2).min(height - 1) {
                for x in x.saturating_sub(2)..=(x + 2).min(width - 1) {
                    let next = y * width + x;
                    if stands_out[next] && !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
        }
        if (area as f32) < CARD_MIN * CARD_MIN / 2.0 {
            continue;
        }
        let ends = rows.iter().enumerate().filter(|(_, (left, _))| *left != usize::MAX);
        let ends = ends.flat_map(|(y, (left, right))| {
            [*left, right + 1]
                .into_iter()
                .flat_map(move |x| [y, y + 1].map(|y| [x as f32, y as f32]))
        });
        found.push(Standing { ends: ends.collect(), area });
    }
    found
}

/// The least rectangle around a piece, if it has a card's shape: top left corner, long side, short
/// side.
fn rectangle(piece: &Standing) -> Option<([f32; 2], [f32; 2], [f32; 2])> {
    let spans = |degrees: f32| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let ways = [[cos, sin], [-sin, cos]];
        ways.map(|way| {
            let along = piece.ends.iter().map(|[x, y]| x * way[0] + y * way[1]);
            along.fold((f32::MAX, f32::MIN), |(low, high), at| (low.min(at), high.max(at)))
        })
    };
    let size = |degrees: f32| {
        let [(a, b), (c, d)] = spans(degrees);
        (b - a) * (d - c)
    };
    let least = |middle: f32, step: f32, count: i32| {
        let turns = (-count..=count).map(|i| middle + i as f32 * step);
        turns.min_by(|a, b| size(*a).total_cmp(&size(*b))).unwrap_or(middle)
    };
    let degrees = least(least(0.0, 2.0, 22), 0.25, 8);
    let [(left, right), (top, low)] = spans(degrees);
    let (wide, high) = (right - left, low - top);
    let (long, short) = (wide.max(high), wide.min(high));
    if short < CARD_MIN || !is_card(long, short) || (piece.area as f32) < FILLED_MIN * long * short
    {
        return None;
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    let at = |x: f32, y: f32| [x * cos - y * sin, x * sin + y * cos];
    Some(if wide >= high {
        (at(left, top), [wide * cos, wide * sin], [-high * sin, high * cos])
    } else {
        // Upright: its long side runs down, so its top is at the right.
        (at(right, top), [-high * sin, high * cos], [-wide * cos, -wide * sin])
    })
}
