//! Ticket printers that speak ESC/POS, at a serial port, as a USB printer or in the network.
//!
//! Prints a picture and cuts it off; asks the printer how it is before and after. It sets no text
//! (the firmware does) and knows no ticket's meaning. Letters are sent as dots, because the
//! printers' own Vietnamese code pages differ from maker to maker.
//!
//! Start with [`EscPosPrinter`]; [`escpos`] is the language alone, without any I/O.

pub mod escpos;
mod link;
mod printer;

pub use link::{FlowControl, Port};
pub use printer::{EscPosConfig, EscPosPrinter, TICKET_ROWS_MAX};
