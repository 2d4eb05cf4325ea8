//! From the records of a data connection (SANE standard 1.06, 5.2.8) to a page.

use std::io::Read;

use drivers_api::{PixelFormat, Raster, RasterError};
use zeroize::Zeroizing;

use crate::status::Status;
use crate::wire::{Parameters, Reply, WireError};

/// Most bytes of a page as it is sent: A3 at 600 dpi in colour is 209 MB.
const PAGE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The length that ends the data; a status byte follows.
const END_OF_DATA: u32 = u32::MAX;
/// Frame formats (4.3.8).
const FRAME_GRAY: u32 = 0;
const FRAME_RGB: u32 = 1;

/// Why the data of a scan makes no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the scan ended")]
    Ended(Status),
    #[error("frames of format {format}, {depth} bits a sample are not supported")]
    Unsupported { format: u32, depth: u32 },
    #[error("a line of {pixels} pixels has {bytes} bytes")]
    Line { pixels: u32, bytes: u32 },
    #[error("a page of {bytes} bytes is beyond {PAGE_BYTES_MAX}")]
    TooLarge { bytes: u64 },
    #[error("{got} bytes came, {expected} were announced")]
    Length { got: u64, expected: u64 },
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Shape(#[from] RasterError),
}

/// How to read a frame, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    format: PixelFormat,
    width: u32,
    stride: usize,
    sample_bytes: usize,
    lines: Option<u32>,
    big_endian: bool,
}

impl Layout {
    /// Checks the announced shape: grey or RGB in one frame, 8 or 16 bits a sample.
    pub(crate) fn new(shape: &Parameters, big_endian: bool) -> Result<Self, FrameError> {
        let unsupported = FrameError::Unsupported { format: shape.format, depth: shape.depth };
        let format = match shape.format {
            FRAME_GRAY => PixelFormat::Gray8,
            FRAME_RGB => PixelFormat::Rgb8,
            _ => return Err(unsupported),
        };
        let sample_bytes = match shape.depth {
            8 => 1,
            16 => 2,
            _ => return Err(unsupported),
        };
        let (width, stride) = (shape.pixels_per_line, shape.bytes_per_line as usize);
        let sides = 1..=Raster::SIDE_MAX;
        let tall = shape.lines.is_some_and(|lines| !sides.contains(&lines));
        if !sides.contains(&width) || tall {
            return Err(RasterError::Side { width, height: shape.lines.unwrap_or(0) }.into());
        }
        if stride < width as usize * format.bytes() * sample_bytes {
            return Err(FrameError::Line { pixels: width, bytes: shape.bytes_per_line });
        }
        let layout = Self { format, width, stride, sample_bytes, lines: shape.lines, big_endian };
        match layout.bytes_announced() {
            Some(bytes) if bytes > PAGE_BYTES_MAX => Err(FrameError::TooLarge { bytes }),
            _ => Ok(layout),
        }
    }

    fn bytes_announced(&self) -> Option<u64> {
        self.lines.map(|lines| u64::from(lines) * self.stride as u64)
    }

    /// Reads records until the end of the data. The bytes are wiped if anything fails.
    pub(crate) fn read(&self, source: impl Read) -> Result<Zeroizing<Vec<u8>>, FrameError> {
        let max = self.bytes_announced().unwrap_or(PAGE_BYTES_MAX);
        let capacity = self.bytes_announced().unwrap_or(0) as usize;
        let mut data = Zeroizing::new(Vec::with_capacity(capacity));
        let mut source = source;
        loop {
            let length = Reply::new(&mut source).word()?;
            if length == END_OF_DATA {
                let mut status = [0];
                source.read_exact(&mut status).map_err(WireError::from)?;
                return match Status(u32::from(status[0])) {
                    Status::EOF | Status::GOOD => Ok(data),
                    status => Err(FrameError::Ended(status)),
                };
            }
            let total = data.len() as u64 + u64::from(length);
            if total > max {
                return Err(FrameError::Length { got: total, expected: max });
            }
            let before = data.len();
            (&mut source)
                .take(u64::from(length))
                .read_to_end(&mut data)
                .map_err(WireError::from)?;
            if data.len() - before < length as usize {
                let cut = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
                return Err(WireError::Read(cut).into());
            }
        }
    }

    /// The page that the bytes make: padding cut off, 16-bit samples brought to their high byte.
    pub(crate) fn page(
        &self,
        mut data: Zeroizing<Vec<u8>>,
        dpi: u32,
    ) -> Result<Raster, FrameError> {
        let (got, rest) = (data.len() / self.stride, data.len() % self.stride);
        let lines = self.lines.map_or(got, |lines| lines as usize);
        if rest != 0 || got != lines {
            let expected = self.bytes_announced().unwrap_or((lines * self.stride) as u64);
            return Err(FrameError::Length { got: data.len() as u64, expected });
        }
        let samples = self.width as usize * self.format.bytes();
        if self.sample_bytes == 2 || samples != self.stride {
            let high = if self.sample_bytes == 2 && !self.big_endian { 1 } else { 0 };
            for line in 0..lines {
                for sample in 0..samples {
                    let from = line * self.stride + sample * self.sample_bytes + high;
                    data[line * samples + sample] = data[from];
                }
            }
            data.truncate(lines * samples);
        }
        // Too many lines for a u32 were refused with PAGE_BYTES_MAX.
        let height = u32::try_from(lines).unwrap_or(u32::MAX);
        Ok(Raster::new(self.width, height, self.format, dpi, std::mem::take(&mut *data))?)
    }
}

/// The frame decoder over bytes that also choose the layout; it may not panic.
pub(crate) fn decode_everything(bytes: &[u8]) {
    let mut source = bytes;
    let Ok(shape) = Reply::new(&mut source).parameters() else { return };
    let Ok(layout) = Layout::new(&shape, bytes.len().is_multiple_of(2)) else { return };
    if let Ok(data) = layout.read(source) {
        let _ = layout.page(data, 300);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(width: u32, stride: u32, lines: Option<u32>, depth: u32) -> Parameters {
        Parameters {
            format: FRAME_RGB,
            last_frame: true,
            bytes_per_line: stride,
            pixels_per_line: width,
            lines,
            depth,
        }
    }

    fn records(parts: &[&[u8]], status: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&END_OF_DATA.to_be_bytes());
        bytes.push(status);
        bytes
    }

    fn page(shape: &Parameters, big_endian: bool, stream: &[u8]) -> Result<Raster, FrameError> {
        let layout = Layout::new(shape, big_endian)?;
        layout.page(layout.read(stream)?, 300)
    }

    #[test]
    fn padding_at_the_end_of_a_line_is_cut_off() {
        let stream = records(&[&[1, 2, 3, 0], &[4, 5, 6, 0]], 5);
        let page = page(&shape(1, 4, Some(2), 8), true, &stream).expect("a page");
        assert_eq!(page.data(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn sixteen_bit_samples_come_in_both_byte_orders() {
        let stream = records(&[&[1, 0xaa, 2, 0xbb, 3, 0xcc]], 5);
        let big = page(&shape(1, 6, Some(1), 16), true, &stream).expect("a page");
        assert_eq!(big.data(), [1, 2, 3]);
        let little = page(&shape(1, 6, Some(1), 16), false, &stream).expect("a page");
        assert_eq!(little.data(), [0xaa, 0xbb, 0xcc]);
    }

    #[test]
    fn an_unknown_height_is_what_came() {
        let stream = records(&[&[1, 2, 3], &[4, 5, 6, 7, 8, 9]], 5);
        let page = page(&shape(1, 3, None, 8), true, &stream).expect("a page");
        assert_eq!((page.width(), page.height()), (1, 3));
    }

    #[test]
    fn a_page_shorter_or_longer_than_announced_is_refused() {
        for stream in [records(&[&[1, 2, 3]], 5), records(&[&[0; 9]], 5)] {
            let error = page(&shape(1, 3, Some(2), 8), true, &stream).expect_err("not two lines");
            assert!(matches!(error, FrameError::Length { expected: 6, .. }), "{error}");
        }
    }

    #[test]
    fn a_status_at_the_end_of_the_data_is_kept() {
        let stream = records(&[&[1, 2, 3]], 6);
        let error = page(&shape(1, 3, Some(2), 8), true, &stream).expect_err("jammed");
        assert!(matches!(error, FrameError::Ended(Status(6))), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_frame_decoder_panic(
            width in 0u32..40,
            extra in 0u32..5,
            lines in proptest::option::of(0u32..40),
            depth in prop_oneof![Just(1u32), Just(8), Just(16)],
            tail in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let words = [1, 1, width * 3 * depth.div_ceil(8) + extra, width,
                lines.unwrap_or(u32::MAX), depth];
            let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            bytes.extend_from_slice(&records(&[&tail], 5));
            decode_everything(&bytes);
            decode_everything(&tail);
        }
    }
}
