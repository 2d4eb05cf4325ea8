//! Devices that follow a script, shipped with the product: the board `bench` runs on them, and
//! every fault of a real device can be shown on a kiosk without breaking one.
//!
//! A simulator promises what the trait in `drivers/api` promises, slowness and faults included. It
//! never invents a result: pages and payloads are the script's own, and [`SimToken`] puts faults
//! before a token that signs for real, since a signature out of a script would verify nowhere.
//!
//! Start with [`SimScanner`].

mod barcode;
mod camera;
mod card;
mod clock;
mod code;
mod copy_printer;
mod panel;
mod power;
mod scanner;
mod script;
mod socket_camera;
mod ticket;
mod token;

pub use barcode::SimBarcodeReader;
pub use camera::SimCamera;
pub use card::{SimCard, SimCardReader};
pub use clock::SimClockGauge;
pub use code::SimCodeReader;
pub use copy_printer::SimCopyPrinter;
pub use panel::{FilePanel, SimPanel};
pub use power::SimPower;
pub use scanner::SimScanner;
pub use script::Step;
pub use socket_camera::SocketCamera;
pub use ticket::SimTicketPrinter;
pub use token::{SimToken, TokenEvent};
