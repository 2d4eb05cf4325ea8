//! Sequences: what a camera sees while a person, or someone with a picture, follows a challenge.

use crate::draw::{self, Picture, Portrait, Pose, Shape, Surface};
use crate::random::Random;

/// Size of a frame.
const SIZE: [usize; 2] = [480, 360];
/// Milliseconds between frames.
pub const FRAME_MS: u64 = 80;
/// When the first step is asked for.
pub const ISSUED_MS: u64 = 640;
/// From one step to the next.
const STEP_MS: u64 = 1_600;

/// What is asked for; the product's names, told by whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Turn to the own left.
    Left,
    /// Turn to the own right.
    Right,
    /// Come closer.
    Closer,
}

/// Who or what is before the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The person.
    Person,
    /// A printed photograph, moved and tilted as asked.
    Print,
    /// The same, bent like a cylinder.
    BentPrint,
    /// A screen with the photograph, moved and tilted as asked.
    Screen,
    /// A print with living eyes behind holes.
    CutEyes,
    /// A screen that shows the person doing what another challenge asked for.
    Replay,
    /// The photograph fed in, with new grain for each frame.
    StillAndNoise,
    /// A recording fed in without grain that comes again and again.
    InjectedLoop,
}

impl Kind {
    /// All attacks.
    pub const ATTACKS: [Self; 7] = [
        Self::Print,
        Self::BentPrint,
        Self::Screen,
        Self::CutEyes,
        Self::Replay,
        Self::StillAndNoise,
        Self::InjectedLoop,
    ];

    /// As the table names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person (bona fide)",
            Self::Print => "print, tilted",
            Self::BentPrint => "print, bent",
            Self::Screen => "screen, tilted",
            Self::CutEyes => "print with cut-out eyes",
            Self::Replay => "replay on a screen",
            Self::StillAndNoise => "still image, fed in with noise",
            Self::InjectedLoop => "recording in a loop, fed in",
        }
    }
}

/// Frames with their times, and when each step was asked for.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// Milliseconds and image.
    pub frames: Vec<(u64, Picture)>,
    /// Steps with the time of asking.
    pub asked: Vec<(Asked, u64)>,
}

/// A person who can be drawn.
#[derive(Debug, Clone)]
pub struct Actor {
    portrait: Portrait,
    shape: Shape,
}

impl Actor {
    /// Prepares a portrait.
    pub fn new(portrait: Portrait) -> Self {
        let shape = Shape::of(&portrait);
        Self { portrait, shape }
    }
}

/// How one sequence differs from the next.
struct Habits {
    away: f32,
    turn: f32,
    sway: f32,
    phase: f32,
    delay_ms: f32,
    gain: f32,
    grain: f32,
}

impl Habits {
    fn any(random: &mut Random) -> Self {
        Self {
            away: random.within(6.5, 8.5),
            turn: random.within(22.0, 34.0),
            sway: random.within(0.5, 2.0),
            phase: random.within(0.0, 6.0),
            delay_ms: random.within(250.0, 450.0),
            gain: random.within(0.7, 1.1),
            grain: random.within(1.2, 3.0),
        }
    }

    /// Where the head is at a time, when these steps are asked for.
    fn pose(&self, asked: &[(Asked, u64)], now: u64) -> Pose {
        let t = now as f32 / 1000.0;
        let wave = |speed: f32, shift: f32| (t * speed + self.phase + shift).sin();
        let mut pose = Pose {
            yaw: self.sway * wave(1.1, 0.0),
            pitch: self.sway * wave(0.8, 2.0),
            roll: 0.7 * self.sway * wave(0.6, 4.0),
            x: 0.04 * wave(0.9, 1.0),
            y: 0.03 * wave(0.7, 3.0),
            away: self.away,
        };
        for (step, at) in asked {
            // Out within 0.5 s, a moment there, and back.
            let since = now as f32 - *at as f32 - self.delay_ms;
            let extent = match since {
                s if s <= 0.0 || s >= 1_150.0 => 0.0,
                s if s < 500.0 => s / 500.0,
                s if s < 650.0 => 1.0,
                s => (1_150.0 - s) / 500.0,
            };
            let extent = (extent * std::f32::consts::FRAC_PI_2).sin();
            match step {
                Asked::Left => pose.yaw += self.turn * extent,
                Asked::Right => pose.yaw -= self.turn * extent,
                Asked::Closer => pose.away *= 1.0 - 0.3 * extent,
            }
        }
        pose
    }
}

/// Draws one sequence of a kind; the seed repeats it.
pub fn sequence(actor: &Actor, kind: Kind, seed: u64) -> Sequence {
    let mut random = Random::new(seed.wrapping_mul(0x1000_0000_01b3) ^ kind as u64);
    let asked = drawn(&mut random);
    let habits = Habits::any(&mut random);
    let room = draw::room(&mut random, SIZE[0], SIZE[1]);
    let end = ISSUED_MS + STEP_MS * asked.len() as u64 + 400;
    let times = (0..end / FRAME_MS).map(|i| i * FRAME_MS);
    let mut stage = Stage::new(actor, kind, habits, room, &mut random);
    let frames = times.map(|now| (now, stage.frame(&asked, now, &mut random))).collect();
    Sequence { frames, asked }
}

/// Someone before a camera that runs, who does what is asked for when it is asked.
pub struct Scene {
    stage: Stage,
    random: Random,
    asked: Vec<(Asked, u64)>,
    now: u64,
}

impl Scene {
    /// A scene of a kind; the seed repeats it.
    pub fn new(actor: &Actor, kind: Kind, seed: u64) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x1000_0000_01b3) ^ kind as u64);
        let habits = Habits::any(&mut random);
        let room = draw::room(&mut random, SIZE[0], SIZE[1]);
        let stage = Stage::new(actor, kind, habits, room, &mut random);
        Self { stage, random, asked: Vec::new(), now: 0 }
    }

    /// Asks for a movement, from the next frame on.
    pub fn ask(&mut self, asked: Asked) {
        self.asked.push((asked, self.now));
    }

    /// The next frame, [`FRAME_MS`] after the one before.
    pub fn frame(&mut self) -> Picture {
        let frame = self.stage.frame(&self.asked, self.now, &mut self.random);
        self.now += FRAME_MS;
        frame
    }
}

fn drawn(random: &mut Random) -> Vec<(Asked, u64)> {
    let mut steps = [Asked::Left, Asked::Right, Asked::Closer];
    steps.swap(2, random.below(3) as usize);
    steps.swap(1, random.below(2) as usize);
    steps.iter().zip(0..).map(|(step, i)| (*step, ISSUED_MS + STEP_MS * i)).collect()
}

/// What stands before the camera for one sequence.
struct Stage {
    actor: Actor,
    kind: Kind,
    habits: Habits,
    room: Picture,
    /// The print or the screen's picture.
    sheet: Picture,
    bend: f32,
    /// What a recording shows: another challenge's steps.
    recorded: Vec<(Asked, u64)>,
    tilt: f32,
}

impl Stage {
    fn new(actor: &Actor, kind: Kind, habits: Habits, room: Picture, random: &mut Random) -> Self {
        let actor = actor.clone();
        let photo = actor.portrait.picture.clone();
        let sheet = match kind {
            Kind::Print | Kind::BentPrint | Kind::CutEyes => printed(photo, random),
            Kind::Screen => lit(photo, 2),
            _ => photo,
        };
        let bend = match kind {
            Kind::BentPrint | Kind::CutEyes => random.within(-0.35, 0.35),
            _ => 0.0,
        };
        let recorded = drawn(random);
        let tilt = random.within(25.0, 40.0) / habits.turn;
        Self { actor, kind, habits, room, sheet, bend, recorded, tilt }
    }

    fn frame(&mut self, asked: &[(Asked, u64)], now: u64, random: &mut Random) -> Picture {
        let (gain, grain) = (self.habits.gain, self.habits.grain);
        match self.kind {
            Kind::Person => {
                let seen = self.head(&self.habits.pose(asked, now));
                draw::exposed(seen, random, gain, grain)
            }
            Kind::Print | Kind::BentPrint | Kind::Screen | Kind::CutEyes => {
                let mut pose = self.habits.pose(asked, now);
                pose.yaw *= self.tilt;
                let mut texture = self.sheet.clone();
                if self.kind == Kind::CutEyes {
                    self.living_eyes(&mut texture, now);
                }
                let surface = Surface::Paper { bend: self.bend };
                let shape = &self.actor.shape;
                let mut seen = draw::seen(shape, &texture, &pose, surface, &self.room);
                if self.kind == Kind::Screen {
                    banded(&mut seen, now);
                }
                draw::exposed(seen, random, gain, grain)
            }
            Kind::Replay => {
                let shown = self.head(&self.habits.pose(&self.recorded, now));
                let mut seen = screened(&shown, &self.room, now);
                banded(&mut seen, now);
                draw::exposed(seen, random, gain, grain)
            }
            Kind::StillAndNoise => {
                let still = self.head(&self.habits.pose(&[], 0));
                draw::exposed(still, random, gain, grain)
            }
            Kind::InjectedLoop => {
                // The recording is of one step and begins again.
                let first = &self.recorded[..1];
                let length = ISSUED_MS + STEP_MS;
                let place = now % length;
                let seen = self.head(&self.habits.pose(first, place));
                let mut same = Random::new(place);
                draw::exposed(seen, &mut same, gain, grain)
            }
        }
    }

    fn head(&self, pose: &Pose) -> Picture {
        let photo = &self.actor.portrait.picture;
        draw::seen(&self.actor.shape, photo, pose, Surface::Head, &self.room)
    }

    /// Eyes behind the holes look about: the holes' pictures move.
    fn living_eyes(&self, sheet: &mut Picture, now: u64) {
        let portrait = &self.actor.portrait;
        let [right, left] = portrait.eyes;
        let size = (right[0] - left[0]).hypot(right[1] - left[1]);
        let shift = (0.06 * size * (now as f32 / 700.0).sin()).round() as i64;
        let (across, down) = ((0.26 * size) as i64, (0.13 * size) as i64);
        for eye in portrait.eyes {
            for y in -down..=down {
                for x in -across..=across {
                    let (px, py) = (eye[0] as i64 + x, eye[1] as i64 + y);
                    let from = portrait.picture.rgb.get(index(&portrait.picture, px - shift, py));
                    let Some(_) = from else { continue };
                    let (to, from) =
                        (index(sheet, px, py), index(&portrait.picture, px - shift, py));
                    sheet.rgb[to..to + 3].copy_from_slice(&portrait.picture.rgb[from..from + 3]);
                }
            }
        }
    }
}

fn index(picture: &Picture, x: i64, y: i64) -> usize {
    let x = x.clamp(0, picture.width as i64 - 1) as usize;
    let y = y.clamp(0, picture.height as i64 - 1) as usize;
    (y * picture.width + x) * 3
}

/// Dots of a print, each colour at its own angle, on paper that is not quite white.
fn printed(mut photo: Picture, random: &mut Random) -> Picture {
    let period = random.within(2.2, 3.6);
    let angles = [15f32, 75.0, 0.0].map(f32::to_radians);
    for (i, value) in photo.rgb.iter_mut().enumerate() {
        let (pixel, channel) = (i / 3, i % 3);
        let (x, y) = ((pixel % photo.width) as f32, (pixel / photo.width) as f32);
        let (sin, cos) = angles[channel].sin_cos();
        let wave = |along: f32| (std::f32::consts::TAU * along / period).cos();
        let dot = 0.5 + 0.25 * (wave(x * cos + y * sin) + wave(y * cos - x * sin));
        let level = 20.0 + f32::from(*value) / 255.0 * 205.0;
        let hard = if level / 255.0 > dot { 247.0 } else { 12.0 };
        *value = (0.7 * level + 0.3 * hard) as u8;
    }
    photo
}

/// Stripes of a screen's pixels, which are `step` of the photograph's wide.
fn lit(mut photo: Picture, step: usize) -> Picture {
    for (i, value) in photo.rgb.iter_mut().enumerate() {
        let (pixel, channel) = (i / 3, i % 3);
        let (x, y) = (pixel % photo.width, pixel / photo.width);
        let gap = if y % step == step - 1 { 0.7 } else { 1.0 };
        let stripe = if (x + channel).is_multiple_of(step) { 1.15 } else { 0.85 };
        let white = [0.93, 1.0, 1.08][channel];
        *value = (f32::from(*value) * gap * stripe * white).min(255.0) as u8;
    }
    photo
}

/// A screen before the camera that shows a frame, somewhat smaller than it.
fn screened(shown: &Picture, room: &Picture, now: u64) -> Picture {
    const SHARE: f32 = 0.92;
    let mut out = room.clone();
    // Hands are never quite still.
    let sway = 1.5 * (now as f32 / 900.0).sin();
    for (i, pixel) in out.rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i % room.width) as f32, (i / room.width) as f32);
        let from =
            |at: f32, size: usize| (at - size as f32 / 2.0 - sway) / SHARE + size as f32 / 2.0;
        let (sx, sy) = (from(x, room.width), from(y, room.height));
        let inside = sx >= 0.0 && sy >= 0.0 && sx < room.width as f32 && sy < room.height as f32;
        for (channel, value) in pixel.iter_mut().enumerate() {
            *value = if inside {
                let place = (sy as usize * shown.width + sx as usize) * 3 + channel;
                // The screen's own pixels beat with the camera's.
                let beat = 1.0 + 0.10 * (sx * 2.4 + channel as f32 * 2.1).cos();
                let white = [0.93, 1.0, 1.08][channel];
                (f32::from(shown.rgb[place]) * beat * white).min(255.0) as u8
            } else {
                14
            };
        }
    }
    out
}

/// A screen's refresh, which the camera sees as bands that run.
fn banded(picture: &mut Picture, now: u64) {
    let rows = picture.height as f32;
    for (y, row) in picture.rgb.chunks_exact_mut(picture.width * 3).enumerate() {
        let turn = 5.0 * y as f32 / rows + now as f32 / 230.0;
        let gain = 1.0 + 0.09 * (turn * std::f32::consts::TAU).sin();
        for value in row {
            *value = (f32::from(*value) * gain).min(255.0) as u8;
        }
    }
}
