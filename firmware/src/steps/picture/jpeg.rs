//! A JPEG without the grain of paper and sensor.
//!
//! Most bits of a plain scan are spent on that grain, which says nothing. So before an image is
//! encoded, each block of 8 by 8 pixels loses those waves that are no stronger than the image's own
//! grain, measured on it; what stands out of the grain stays. Nothing is drawn, sharpened or moved,
//! and no region is treated by what it shows. The reasons and the measurements are in decision
//! 0014.

use drivers_api::{PixelFormat, Raster};
use jpeg_encoder::{
    ChromaSubsamplingMethod, Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor,
    rgb_to_ycbcr,
};

/// Side of a JPEG's block.
const SIDE: usize = 8;
/// Grain is weaker than this, in grey levels (standard deviation); what is stronger on most of a
/// page is its picture.
const GRAIN_MAX: f32 = 4.5;
/// The mean step between neighbours in grain of deviation 1: 2 / sqrt(pi).
const STEP_OF_GRAIN: f32 = 1.128;

/// How an image becomes a JPEG.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Quality of the JPEG, 1 to 100.
    pub quality: u8,
    /// Waves weaker than so many standard deviations of the grain are left out; 0 keeps all.
    pub coring: f32,
    /// How many pixels share a colour in both directions: 1 or 2.
    pub colour_step: usize,
}

/// Of a page as one JPEG: what the measurements of decision 0014 chose.
pub const RECIPE: Recipe = Recipe { quality: 85, coring: 3.5, colour_step: 2 };

/// The image as JPEG, progressive, in colour or grey.
pub fn encode(page: &Raster, recipe: Recipe) -> Result<Vec<u8>, EncodingError> {
    let mut jpeg = Vec::with_capacity(1 << 16);
    let mut encoder = Encoder::new(&mut jpeg, recipe.quality);
    let halved = recipe.colour_step > 1;
    encoder.set_sampling_factor(if halved { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.set_progressive(true);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode_image(Planes::of(page, recipe)?)?;
    Ok(jpeg)
}

/// Brightness in full and both colours in their resolution, as the JPEG keeps them.
struct Planes {
    width: u16,
    height: u16,
    brightness: Plane,
    colours: Option<[Plane; 2]>,
    /// Pixels that share a colour in both directions.
    step: usize,
}

impl Planes {
    fn of(page: &Raster, recipe: Recipe) -> Result<Self, EncodingError> {
        let (wide, high) = (page.width() as usize, page.height() as usize);
        let (coring, step) = (recipe.coring, recipe.colour_step.clamp(1, 2));
        let side = |side: usize| u16::try_from(side).unwrap_or(0);
        let (width, height) = (side(wide), side(high));
        if width == 0 || height == 0 {
            return Err(EncodingError::ZeroImageDimensions { width, height });
        }
        let (mut brightness, mut colours) = match page.format() {
            PixelFormat::Gray8 => (Plane::new(wide, high, page.data().to_vec()), None),
            PixelFormat::Rgb8 => split(page.data(), wide, high, step),
        };
        if coring > 0.0 {
            brightness.core(coring);
            colours.iter_mut().flatten().for_each(|plane| plane.core(coring));
        }
        Ok(Self { width, height, brightness, colours, step })
    }
}

impl ImageBuffer for Planes {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.colours {
            Some(_) => JpegColorType::Ycbcr,
            None => JpegColorType::Luma,
        }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let y = usize::from(y);
        buffers[0].extend_from_slice(self.brightness.row(y));
        for (plane, buffer) in self.colours.iter().flatten().zip(&mut buffers[1..]) {
            // Each as often as it is shared; the encoder takes the mean of them again.
            let row = plane.row(y / self.step);
            buffer.extend((0..usize::from(self.width)).map(|x| row[x / self.step]));
        }
    }
}

struct Plane {
    width: usize,
    height: usize,
    data: Vec<u8>,
}

/// Brightness and both colours of RGB pixels, a colour's value being the mean of those that share
/// it.
fn split(rgb: &[u8], width: usize, height: usize, step: usize) -> (Plane, Option<[Plane; 2]>) {
    let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
    let mut brightness = Vec::with_capacity(width * height);
    let mut colours = [0, 1].map(|_| Vec::with_capacity(columns * rows));
    let mut sums = vec![[0u16; 3]; columns];
    for (y, row) in rgb.chunks_exact(3 * width).enumerate() {
        for (x, pixel) in row.chunks_exact(3).enumerate() {
            let (level, blue, red) = rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]);
            brightness.push(level);
            let sum = &mut sums[x / step];
            *sum = [sum[0] + u16::from(blue), sum[1] + u16::from(red), sum[2] + 1];
        }
        if (y + 1) % step == 0 || y + 1 == height {
            for sum in &mut sums {
                let [blue, red, count] = std::mem::take(sum);
                let count = count.max(1);
                colours[0].push(((blue + count / 2) / count) as u8);
                colours[1].push(((red + count / 2) / count) as u8);
            }
        }
    }
    let colours = colours.map(|data| Plane::new(columns, rows, data));
    (Plane::new(width, height, brightness), Some(colours))
}

impl Plane {
    fn new(width: usize, height: usize, data: Vec<u8>) -> Self {
        Self { width, height, data }
    }

    fn row(&self, y: usize) -> &[u8] {
        let y = y.min(self.height.saturating_sub(1));
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// The grain's standard deviation: from the steps between neighbours, in the middle one of all
    /// blocks, for most of a page is paper.
    fn grain(&self) -> f32 {
        let (columns, rows) = (self.width / SIDE, self.height / SIDE);
        let mut steps: Vec<u32> = Vec::with_capacity(columns * rows);
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
            let lines = (0..SIDE).map(|y| &self.row(row * SIDE + y)[column * SIDE..][..SIDE]);
            let step = |line: &[u8]| -> u32 {
                line.windows(2).map(|pair| u32::from(pair[0].abs_diff(pair[1]))).sum()
            };
            steps.push(lines.map(step).sum());
        }
        let middle = steps.len() / 2;
        if steps.is_empty() {
            return 0.0;
        }
        let (_, median, _) = steps.select_nth_unstable(middle);
        *median as f32 / (SIDE * (SIDE - 1)) as f32 / STEP_OF_GRAIN
    }

    /// Leaves out of each whole block the waves that are weaker than `coring` times the grain.
    fn core(&mut self, coring: f32) {
        let limit = coring * self.grain().min(GRAIN_MAX);
        let (columns, rows) = (self.width / SIDE, self.height / SIDE);
        let waves = waves();
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
            let at = |y: usize| (row * SIDE + y) * self.width + column * SIDE;
            let mut block = [[0.0; SIDE]; SIDE];
            for (y, line) in block.iter_mut().enumerate() {
                let levels = &self.data[at(y)..at(y) + SIDE];
                line.iter_mut().zip(levels).for_each(|(to, level)| *to = f32::from(*level));
            }
            let mut strengths = turned(&waves, &turned(&waves, &block));
            let mean = strengths[0][0];
            for strength in strengths.as_flattened_mut() {
                if strength.abs() < limit {
                    *strength = 0.0;
                }
            }
            strengths[0][0] = mean;
            let back = transposed(&waves);
            let block = turned(&back, &turned(&back, &strengths));
            for (y, line) in block.iter().enumerate() {
                let place = at(y);
                let levels = &mut self.data[place..place + SIDE];
                // The cast saturates.
                levels.iter_mut().zip(line).for_each(|(to, level)| *to = (level + 0.5) as u8);
            }
        }
    }
}

type Block = [[f32; SIDE]; SIDE];

/// The cosine waves of a block (ITU-T T.81, A.3.3), each of length 1: grain is then as strong in
/// every wave as in the pixels.
fn waves() -> Block {
    std::array::from_fn(|wave| {
        let scale = if wave == 0 { 0.125f32 } else { 0.25 }.sqrt();
        std::array::from_fn(|x| {
            let turn = (2 * x + 1) as f32 * wave as f32 * std::f32::consts::PI / 16.0;
            scale * turn.cos()
        })
    })
}

/// Every row of `block` taken apart by `waves`, rows and columns exchanged.
fn turned(waves: &Block, block: &Block) -> Block {
    let mut out = [[0.0; SIDE]; SIDE];
    let block = transposed(block);
    for (wave, to) in waves.iter().zip(&mut out) {
        for (weight, column) in wave.iter().zip(&block) {
            to.iter_mut().zip(column).for_each(|(sum, level)| *sum += weight * level);
        }
    }
    out
}

fn transposed(block: &Block) -> Block {
    std::array::from_fn(|y| std::array::from_fn(|x| block[x][y]))
}

#[cfg(test)]
mod tests;
