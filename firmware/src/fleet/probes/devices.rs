//! The devices of the board, asked through their traits whether they are there.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use board::Board;
use drivers_api::{DeviceError, Fault, TicketPaper};

use super::cabinet;
use super::keys::{Chain, chains_of_board, chains_of_kiosk};
use crate::assemble::{
    AssembleError, barcode_reader, camera, card_reader, copy_printer, scanner_of, ticket_printer,
};
use crate::config::Config;
use crate::engine::Kiosk;
use crate::fleet::check::{FaultId, Finding, Subject, Verdict};
use crate::visit::State;

/// What a device said: something of itself, or nothing while a visit uses it.
pub(super) type Said<T> = Result<Option<T>, DeviceError>;

/// A device that was not asked yet.
pub struct Probe {
    subject: Subject,
    ask: Option<Ask>,
}

type Ask = Box<dyn FnOnce() -> Finding + Send>;

impl Probe {
    /// A device that the board has if there is something to ask it with.
    pub(super) fn new<T, A>(subject: Subject, ask: Option<A>, judge: fn(T) -> Finding) -> Self
    where
        T: 'static,
        A: FnOnce() -> Said<T> + Send + 'static,
    {
        let finding = move |said: Said<T>| match said {
            Ok(Some(said)) => judge(said),
            Ok(None) => Finding::skipped(subject, "a visit uses it"),
            Err(error) => fault(subject, &error),
        };
        let ask = ask.map(|ask| -> Ask { Box::new(move || finding(ask())) });
        Self { subject, ask }
    }

    /// Asks the device.
    pub fn look(self) -> Finding {
        match self.ask {
            Some(ask) => ask(),
            None => Finding::skipped(self.subject, "this board has none"),
        }
    }
}

/// All devices of a kiosk, to be asked once.
pub struct Bench {
    /// The document scanner.
    pub scanner: Probe,
    /// The card reader.
    pub chip: Probe,
    /// The barcode reader.
    pub barcode: Probe,
    /// The camera.
    pub camera: Probe,
    /// The ticket printer.
    pub ticket: Probe,
    /// The printer of copies.
    pub copies: Probe,
    /// The cabinet.
    pub cabinet: Probe,
    /// The certificates of all keys.
    pub keys: Box<dyn FnOnce() -> Vec<Chain> + Send>,
    /// Whether a daemon has them.
    pub daemon: Finding,
}

impl Bench {
    /// The board's devices, when no daemon has them.
    ///
    /// # Errors
    /// When a sheet of the simulated scanner cannot be read.
    pub fn of_board(board: &Board, config: &Config) -> Result<Self, AssembleError> {
        let mut scanner = scanner_of(board)?;
        let ask_scanner = move || scanner.probe().map(Some);
        let chip = card_reader(&board.chip);
        let ask_chip = chip.map(|mut reader| move || reader.probe().map(Some));
        let barcode = barcode_reader(&board.barcode);
        let ask_barcode = barcode.map(|mut reader| move || reader.probe().map(Some));
        let ticket = ticket_printer(&board.ticket);
        let ask_ticket = ticket.map(|mut printer| move || printer.probe().map(Some));
        let copies = copy_printer(&board.printer);
        let ask_copies = copies.map(|mut printer| move || printer.probe().map(Some));
        Ok(Self {
            scanner: Probe::new(Subject::Scanner, Some(ask_scanner), scanner_says),
            chip: Probe::new(Subject::ChipReader, ask_chip, reader_says),
            barcode: Probe::new(Subject::BarcodeReader, ask_barcode, barcode_says),
            camera: Probe::new(Subject::Camera, ask_camera(board), camera_says),
            ticket: Probe::new(Subject::TicketPrinter, ask_ticket, printer_says),
            copies: Probe::new(Subject::CopyPrinter, ask_copies, copies_says),
            cabinet: cabinet::of_board(board),
            keys: chains_of_board(board, config),
            daemon: Finding::skipped(Subject::Daemon, "no daemon runs"),
        })
    }

    /// The devices of the running daemon. One that a visit uses, or may need at once, is left
    /// alone.
    pub fn of_kiosk(kiosk: &Kiosk, board: &Board) -> Self {
        let idle = matches!(kiosk.watch().borrow().state(), State::Idle);
        let scanner = {
            let kiosk = kiosk.clone();
            move || free(idle, &kiosk.parts().scanner, |scanner| scanner.probe())
        };
        let chip = kiosk.parts().chip.is_some().then(|| {
            let kiosk = kiosk.clone();
            move || match &kiosk.parts().chip {
                Some(station) => free(idle, &station.reader, |reader| reader.probe()),
                None => Ok(None),
            }
        });
        let barcode = (board.barcode != board::Barcode::None).then(|| {
            let kiosk = kiosk.clone();
            // The daemon listens to it all the time.
            move || {
                let last = kiosk.parts().barcode.last().transpose()?;
                Ok(Some(last.map_or("it was not asked yet", |()| "it is there").into()))
            }
        });
        let ticket = kiosk.parts().ticket.is_some().then(|| {
            let kiosk = kiosk.clone();
            move || match &kiosk.parts().ticket {
                Some(station) => free(idle, &station.printer, |printer| printer.probe()),
                None => Ok(None),
            }
        });
        let copies = kiosk.parts().copy_printer.is_some().then(|| {
            let kiosk = kiosk.clone();
            move || match &kiosk.parts().copy_printer {
                Some(printer) => free(idle, printer, |printer| printer.probe()),
                None => Ok(None),
            }
        });
        let camera = ask_camera(board).map(|ask| move || if idle { ask() } else { Ok(None) });
        Self {
            scanner: Probe::new(Subject::Scanner, Some(scanner), scanner_says),
            chip: Probe::new(Subject::ChipReader, chip, reader_says),
            barcode: Probe::new(Subject::BarcodeReader, barcode, barcode_says),
            camera: Probe::new(Subject::Camera, camera, camera_says),
            ticket: Probe::new(Subject::TicketPrinter, ticket, printer_says),
            copies: Probe::new(Subject::CopyPrinter, copies, copies_says),
            cabinet: cabinet::of_kiosk(kiosk, board),
            keys: chains_of_kiosk(kiosk, board),
            daemon: Finding::ok(Subject::Daemon, "it runs and answers"),
        }
    }

    /// Devices that another process has, as `daemon` says: nothing is asked of any.
    pub fn held(board: &Board, daemon: Finding) -> Self {
        fn probe(subject: Subject, there: bool) -> Probe {
            let skipped = move || Finding::skipped(subject, "another process has it");
            Probe { subject, ask: there.then(|| -> Ask { Box::new(skipped) }) }
        }
        Self {
            scanner: probe(Subject::Scanner, true),
            chip: probe(Subject::ChipReader, board.chip != board::Chip::None),
            barcode: probe(Subject::BarcodeReader, board.barcode != board::Barcode::None),
            camera: probe(Subject::Camera, board.camera != board::Camera::None),
            ticket: probe(Subject::TicketPrinter, board.ticket != board::Ticket::None),
            copies: probe(Subject::CopyPrinter, board.printer != board::Printer::None),
            cabinet: probe(Subject::Cabinet, board.panel != board::Panel::None),
            keys: Box::new(Vec::new),
            daemon,
        }
    }

    /// Whether these are the running daemon's.
    pub fn is_daemons(&self) -> bool {
        self.daemon.verdict == Verdict::Ok
    }
}

/// The camera, looked at without switching it on: that disturbs nobody.
fn ask_camera(board: &Board) -> Option<impl FnOnce() -> Said<String> + Send + use<>> {
    let (mut camera, _) = camera(&board.camera)?;
    Some(move || camera.probe().map(Some))
}

/// Asks a device that nobody else uses now.
fn free<D: ?Sized, T>(
    idle: bool,
    device: &Mutex<Box<D>>,
    ask: impl FnOnce(&mut D) -> Result<T, DeviceError>,
) -> Said<T> {
    if !idle {
        return Ok(None);
    }
    let mut device: MutexGuard<'_, Box<D>> = match device.try_lock() {
        Ok(device) => device,
        Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
        Err(TryLockError::WouldBlock) => return Ok(None),
    };
    ask(&mut device).map(Some)
}

fn scanner_says(said: String) -> Finding {
    Finding::ok(Subject::Scanner, said)
}

fn reader_says(said: String) -> Finding {
    Finding::ok(Subject::ChipReader, said)
}

fn barcode_says(said: String) -> Finding {
    Finding::ok(Subject::BarcodeReader, said)
}

fn camera_says(said: String) -> Finding {
    Finding::ok(Subject::Camera, said)
}

fn copies_says(said: String) -> Finding {
    Finding::ok(Subject::CopyPrinter, said)
}

fn printer_says(paper: TicketPaper) -> Finding {
    let subject = Subject::TicketPrinter;
    match paper {
        TicketPaper::Enough => Finding::ok(subject, "it answers and has paper"),
        TicketPaper::Unknown => Finding::ok(subject, "its port opens; it tells nothing of itself"),
        TicketPaper::NearEnd => {
            let cause = "the roll comes to its end";
            Finding::fault(subject, FaultId::TicketPaperLow, cause, "have a new roll at hand")
        }
    }
}

/// What a device's failure is called.
pub fn fault(subject: Subject, error: &DeviceError) -> Finding {
    let missing = matches!(error.fault, Fault::Absent | Fault::Removed);
    let busy = error.fault == Fault::Busy;
    let id = match (subject, error.fault) {
        (Subject::Scanner, _) if missing => FaultId::ScannerMissing,
        (Subject::Scanner, _) if busy => FaultId::ScannerInUse,
        (Subject::BarcodeReader, _) if missing => FaultId::BarcodeReaderMissing,
        (Subject::BarcodeReader, _) if busy => FaultId::BarcodeReaderInUse,
        (Subject::BarcodeReader, _) => FaultId::BarcodeReaderFaulty,
        (Subject::Camera, _) if missing => FaultId::CameraMissing,
        (Subject::Camera, _) if busy => FaultId::CameraInUse,
        (Subject::Camera, _) => FaultId::CameraFaulty,
        (Subject::ChipReader, _) if missing => FaultId::ChipReaderMissing,
        (Subject::ChipReader, _) => FaultId::ChipReaderFaulty,
        (Subject::TicketPrinter, Fault::PaperOut) => FaultId::TicketPaperOut,
        (Subject::TicketPrinter, Fault::CoverOpen) => FaultId::TicketCoverOpen,
        (Subject::TicketPrinter, _) if missing => FaultId::TicketPrinterMissing,
        (Subject::TicketPrinter, _) => FaultId::TicketPrinterFaulty,
        (Subject::Cabinet, _) if missing => FaultId::PanelMissing,
        (Subject::Cabinet, _) => FaultId::PanelFaulty,
        (Subject::CopyPrinter, Fault::PaperOut) => FaultId::CopyPaperOut,
        (Subject::CopyPrinter, _) if missing => FaultId::CopyPrinterMissing,
        (Subject::CopyPrinter, _) => FaultId::CopyPrinterFaulty,
        (_, _) => FaultId::ScannerFaulty,
    };
    Finding::fault(subject, id, error.to_string(), error.hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_gone_busy_or_wrong_is_told_by_its_name() {
        let of = |subject, kind| fault(subject, &DeviceError::new("it", kind, "so")).id;
        assert_eq!(of(Subject::Scanner, Fault::Absent), Some(FaultId::ScannerMissing));
        assert_eq!(of(Subject::Scanner, Fault::Timeout), Some(FaultId::ScannerFaulty));
        assert_eq!(of(Subject::Camera, Fault::Busy), Some(FaultId::CameraInUse));
        let barcode = |kind| of(Subject::BarcodeReader, kind);
        assert_eq!(barcode(Fault::Removed), Some(FaultId::BarcodeReaderMissing));
        assert_eq!(barcode(Fault::Busy), Some(FaultId::BarcodeReaderInUse));
        assert_eq!(barcode(Fault::Misconfigured), Some(FaultId::BarcodeReaderFaulty));
        assert_eq!(of(Subject::ChipReader, Fault::Removed), Some(FaultId::ChipReaderMissing));
        assert_eq!(of(Subject::TicketPrinter, Fault::PaperOut), Some(FaultId::TicketPaperOut));
        assert_eq!(of(Subject::CopyPrinter, Fault::NoInk), Some(FaultId::CopyPrinterFaulty));
        assert_eq!(of(Subject::TicketPrinter, Fault::Cutter), Some(FaultId::TicketPrinterFaulty));
    }

    #[test]
    fn a_device_in_a_visit_is_left_alone_and_one_that_is_not_there_is_no_fault() {
        let device: Mutex<Box<dyn FnMut() -> u8 + Send>> = Mutex::new(Box::new(|| 7));
        let ask = |idle| free(idle, &device, |device| Ok(device()));
        assert_eq!((ask(true), ask(false)), (Ok(Some(7)), Ok(None)));
        let held = device.lock().expect("nobody panicked");
        assert_eq!(free(true, &device, |device| Ok(device())), Ok(None));
        drop(held);
        let none = Probe::new(Subject::Camera, None::<fn() -> Said<String>>, camera_says).look();
        assert_eq!(none, Finding::skipped(Subject::Camera, "this board has none"));
    }
}
