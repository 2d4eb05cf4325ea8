//! Device traits and the value types that cross them. No I/O happens here.
//!
//! A step of the visit (`firmware/src/steps`) talks to hardware only through these traits; each has
//! a real driver beside it in `drivers/` and a scripted simulator in `drivers/sim`. Start with
//! [`Scanner`] and [`DeviceError`].

mod barcode;
mod camera;
mod card;
mod clock;
mod code;
mod copy_printer;
mod error;
mod panel;
mod power;
mod raster;
mod scanner;
mod speech;
mod ticket;
mod token;

pub use barcode::{BarcodeReader, PAYLOAD_BYTES_MAX, Payload};
pub use camera::{Camera, CameraFrame, CameraStream};
pub use card::{CardReader, CardSession};
pub use clock::{ClockGauge, ClockState};
pub use code::CodeReader;
pub use copy_printer::CopyPrinter;
pub use error::{DeviceError, Fault};
pub use panel::{Lamps, Panel, Switches};
pub use power::{Power, PowerState};
pub use raster::{PixelFormat, Raster, RasterError, Turn};
pub use scanner::{ScanSettings, Scanner};
pub use speech::{SpokenLanguage, Voice};
pub use ticket::{Bitmap, TicketPaper, TicketPrinter};
pub use token::{KeyAlgorithm, Pin, SigningSession, Token};
