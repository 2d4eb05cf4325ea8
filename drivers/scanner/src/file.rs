//! Pages from files that a person gives: PNG, JPEG, PNM, and each page of a PDF.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use drivers_api::{DeviceError, Fault, PixelFormat, Raster, ScanSettings, Scanner};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::{PAGE_SIDE_MIN, jpeg};

/// Largest file: an A4 page at 600 dpi as PNM is 104 MB.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Most files and most pages of a PDF, as many sheets as a person stands and waits for.
const PAGES_MAX: usize = 200;
/// Most memory a decoder may take.
const DECODE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// PDF units are points.
const POINTS_PER_INCH: f32 = 72.0;
/// What a PDF begins with; readers allow a little before it (ISO 32000-1, H.3.4.1, note 13).
const PDF_HEAD: &[u8] = b"%PDF-";
const PDF_HEAD_WITHIN: usize = 1_024;

/// Why a file gives no page. No file is named: its name may say whose paper it is.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    #[error("not a PNG, JPEG, PNM or PDF file")]
    Kind,
    #[error("truncated {0}")]
    Truncated(&'static str),
    #[error("damaged {0}: {1}")]
    Damaged(&'static str, String),
    #[error("the PDF is encrypted")]
    Encrypted,
    #[error("{width}x{height} image, outside {PAGE_SIDE_MIN}..={} pixels", Raster::SIDE_MAX)]
    Size { width: u32, height: u32 },
    #[error("a PDF of {0} pages, outside 1..={PAGES_MAX}")]
    Pages(usize),
}

impl FileError {
    fn fault(&self) -> Fault {
        match self {
            Self::Read(error) if error.kind() == io::ErrorKind::NotFound => Fault::Absent,
            Self::Read(error) if error.kind() == io::ErrorKind::PermissionDenied => Fault::Denied,
            Self::Read(_) => Fault::Io,
            _ => Fault::BadPage,
        }
    }
}

/// A scanner whose sheets are files, each laid once in the order given; then it has no paper.
///
/// An image's resolution is taken to be the one asked for, since cameras and office programs write
/// none or a wrong one. PDF pages are drawn at the resolution asked for.
#[derive(Debug, Clone)]
pub struct FileScanner {
    files: Vec<PathBuf>,
    file: usize,
    page: usize,
}

impl FileScanner {
    /// A scanner of these files. Each must be there and not too long; what it holds is seen when
    /// its page is scanned.
    pub fn open(files: &[PathBuf]) -> Result<Self, DeviceError> {
        let count = files.len();
        for (index, path) in files.iter().enumerate() {
            let size = File::open(path).and_then(|file| file.metadata()).map(|data| data.len());
            let error = match size {
                Ok(0..=FILE_BYTES_MAX) => continue,
                Ok(_) => FileError::TooLong,
                Err(error) => FileError::Read(error),
            };
            let detail = format!("file {} of {count}: {error}", index + 1);
            return Err(DeviceError::new("files", error.fault(), detail));
        }
        Ok(Self { files: files.to_vec(), file: 0, page: 0 })
    }

    /// How many files are still to be scanned, the one in progress included.
    pub fn files_left(&self) -> usize {
        self.files.len() - self.file
    }

    /// The next page; a bad file is passed over, so that the next call takes the next file.
    fn next_page(&mut self, dpi: u32) -> Result<Raster, FileError> {
        let scanned = read(&self.files[self.file]).and_then(|bytes| {
            let head = &bytes[..bytes.len().min(PDF_HEAD_WITHIN)];
            if head.windows(PDF_HEAD.len()).any(|part| part == PDF_HEAD) {
                pdf_page(bytes, self.page, dpi)
            } else {
                image_page(&bytes, dpi).map(|page| (page, true))
            }
        });
        match scanned {
            Ok((page, last)) => {
                if last {
                    self.next_file()
                } else {
                    self.page += 1
                }
                Ok(page)
            }
            Err(error) => {
                self.next_file();
                Err(error)
            }
        }
    }

    fn next_file(&mut self) {
        self.file += 1;
        self.page = 0;
    }
}

impl Scanner for FileScanner {
    fn scan_page(&mut self, settings: &ScanSettings) -> Result<Raster, DeviceError> {
        let count = self.files.len();
        if self.file >= count.min(PAGES_MAX) {
            return Err(DeviceError::new("files", Fault::NoPaper, format!("{count} files done")));
        }
        let (file, page) = (self.file + 1, self.page + 1);
        self.next_page(settings.dpi).map_err(|error| {
            let detail = format!("file {file} of {count}, page {page}: {error}");
            DeviceError::new("files", error.fault(), detail)
        })
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok(format!("{} files", self.files.len()))
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX { Err(FileError::TooLong) } else { Ok(bytes) }
}

fn sized(width: u32, height: u32) -> Result<(), FileError> {
    let sides = PAGE_SIDE_MIN..=Raster::SIDE_MAX;
    let good = sides.contains(&width) && sides.contains(&height);
    if good { Ok(()) } else { Err(FileError::Size { width, height }) }
}

fn image_page(bytes: &[u8], dpi: u32) -> Result<Raster, FileError> {
    let format = image::guess_format(bytes).map_err(|_| FileError::Kind)?;
    let kind = match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Pnm => "PNM",
        _ => return Err(FileError::Kind),
    };
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        return Err(FileError::Truncated(kind));
    }
    let bad = |error| undecodable(kind, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(bad)?;
    let (width, height) = decoder.dimensions();
    sized(width, height)?;
    // A phone keeps the pixels as its sensor had them and notes how it was held.
    let orientation = decoder.orientation().map_err(bad)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(bad)?;
    image.apply_orientation(orientation);
    raster(image, dpi)
}

/// For the fuzz target.
pub(crate) fn decode_image(bytes: &[u8]) {
    if let Ok(page) = image_page(bytes, 300) {
        let sides = PAGE_SIDE_MIN..=Raster::SIDE_MAX;
        assert!(sides.contains(&page.width()) && sides.contains(&page.height()));
    }
}

fn undecodable(kind: &'static str, error: ImageError) -> FileError {
    // An I/O error is its own first link: `source` would step over it.
    if let ImageError::IoError(error) = &error {
        return if error.kind() == io::ErrorKind::UnexpectedEof {
            FileError::Truncated(kind)
        } else {
            FileError::Damaged(kind, error.to_string())
        };
    }
    FileError::Damaged(kind, error.to_string())
}

fn raster(image: DynamicImage, dpi: u32) -> Result<Raster, FileError> {
    let (width, height) = (image.width(), image.height());
    let (format, data) = match image {
        DynamicImage::ImageLuma8(grey) => (PixelFormat::Gray8, grey.into_raw()),
        image if image.color().has_alpha() => {
            let rgba = image.into_rgba8().into_raw();
            (PixelFormat::Rgb8, rgba.chunks_exact(4).flat_map(over_white).collect())
        }
        image => (PixelFormat::Rgb8, image.into_rgb8().into_raw()),
    };
    let shape = |error: drivers_api::RasterError| FileError::Damaged("image", error.to_string());
    Raster::new(width, height, format, dpi, data).map_err(shape)
}

/// What a see-through pixel looks like on paper.
fn over_white(pixel: &[u8]) -> [u8; 3] {
    let alpha = u16::from(pixel[3]);
    [0, 1, 2].map(|channel| {
        let mixed = u16::from(pixel[channel]) * alpha + 255 * (255 - alpha);
        (mixed / 255) as u8
    })
}

/// One page of a PDF, and whether it is the last.
fn pdf_page(bytes: Vec<u8>, index: usize, dpi: u32) -> Result<(Raster, bool), FileError> {
    // The renderer forbids unsafe code but has panicked on damaged files; a bad file is not our
    // end.
    catch_unwind(AssertUnwindSafe(|| draw(bytes, index, dpi)))
        .unwrap_or_else(|_| Err(FileError::Damaged("PDF", "the page cannot be drawn".into())))
}

fn draw(bytes: Vec<u8>, index: usize, dpi: u32) -> Result<(Raster, bool), FileError> {
    use hayro::hayro_syntax::LoadPdfError;
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => FileError::Encrypted,
        LoadPdfError::Invalid => FileError::Damaged("PDF", "not readable".into()),
    })?;
    let pages = pdf.pages();
    let count = pages.len();
    let page = pages.get(index).filter(|_| count <= PAGES_MAX).ok_or(FileError::Pages(count))?;
    let scale = dpi as f32 / POINTS_PER_INCH;
    let (width, height) = page.render_dimensions();
    sized((width * scale) as u32, (height * scale) as u32)?;
    let drawn = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE },
    );
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    let pixels =
        drawn.data_as_u8_slice().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let page = Raster::new(width, height, PixelFormat::Rgb8, dpi, pixels.collect())
        .map_err(|error| FileError::Damaged("PDF", error.to_string()))?;
    Ok((page, index + 1 == count))
}
