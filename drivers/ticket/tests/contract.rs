//! What every ticket printer promises, held by the simulator and by the driver before a decoder of
//! ESC/POS that shares nothing with it: at a serial port, as a bare node, and in the network.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use counterpart::VirtualTicketPrinter;
use drivers_api::{Bitmap, Fault, TicketPaper, TicketPrinter};
use drivers_sim::{SimTicketPrinter, Step};
use drivers_ticket::{EscPosConfig, EscPosPrinter, FlowControl, Port};

/// Long enough for a busy machine, and waited through only where a printer is silent.
const SILENCE: Duration = Duration::from_millis(1_500);

/// What the contract needs of a printer's surroundings.
trait Bench {
    fn printer(&mut self) -> &mut dyn TicketPrinter;
    /// Brings the printer into a state.
    fn set(&mut self, state: &str);
    /// Width in dots and rows of all tickets that came out.
    fn out(&self) -> Vec<(usize, Vec<u8>)>;
}

/// A ticket of this many rows that differs from others, with every byte that could be a command.
fn ticket(rows: u16, seed: u16) -> Bitmap {
    let mut picture = Bitmap::white(576, rows);
    for y in 0..rows {
        for x in (0..576).filter(|x| (x * 7 + y * 3 + seed) % 11 < 4) {
            picture.blacken(x, y);
        }
    }
    picture
}

/// All situations in their order; the simulator's script follows it.
fn contract(bench: &mut dyn Bench) {
    let same = |bench: &dyn Bench, count: usize, ticket: &Bitmap| {
        let out = bench.out();
        assert_eq!(out.len(), count, "no ticket is lost or comes late");
        assert_eq!(out[count - 1], (usize::from(ticket.width()), ticket.bytes().to_vec()));
    };
    assert_eq!(bench.printer().dots(), 576);
    assert_eq!(bench.printer().probe(), Ok(TicketPaper::Enough));
    let first = ticket(300, 0);
    assert_eq!(bench.printer().print(&first), Ok(TicketPaper::Enough));
    same(bench, 1, &first);

    bench.set("near-end");
    let second = ticket(129, 1);
    assert_eq!(bench.printer().print(&second), Ok(TicketPaper::NearEnd));
    same(bench, 2, &second);

    let faults = [
        ("out", Fault::PaperOut),
        ("ends", Fault::PaperOut),
        ("cover", Fault::CoverOpen),
        ("cutter", Fault::Cutter),
        ("silent", Fault::Timeout),
    ];
    for (state, fault) in faults {
        bench.set(state);
        let error = bench.printer().print(&ticket(300, 2)).expect_err(state);
        assert_eq!(error.fault, fault, "{error}");
    }
    bench.set("well");
    let third = ticket(1, 3);
    assert_eq!(bench.printer().print(&third), Ok(TicketPaper::Enough));
    same(bench, 3, &third);

    let wide = bench.printer().print(&Bitmap::white(577, 10)).expect_err("too wide");
    assert_eq!(wide.fault, Fault::Misconfigured);
    same(bench, 3, &third);

    bench.set("gone");
    let gone = bench.printer().print(&third).expect_err("gone");
    assert_eq!(gone.fault, Fault::Absent, "{gone}");
    bench.set("back");
    assert_eq!(bench.printer().probe(), Ok(TicketPaper::Enough), "it is found again");
}

struct Scripted(SimTicketPrinter);

impl Bench for Scripted {
    fn printer(&mut self) -> &mut dyn TicketPrinter {
        &mut self.0
    }

    fn set(&mut self, _state: &str) {}

    fn out(&self) -> Vec<(usize, Vec<u8>)> {
        let tickets = self.0.tickets();
        let tickets = tickets.lock().expect("nobody panicked");
        tickets.iter().map(|t| (usize::from(t.width()), t.bytes().to_vec())).collect()
    }
}

#[test]
fn the_simulator_holds_the_contract() {
    let enough = || Step::Give(TicketPaper::Enough);
    let printer = SimTicketPrinter::new([
        enough(),
        enough(),
        Step::Give(TicketPaper::NearEnd),
        Step::Fail(Fault::PaperOut),
        Step::Fail(Fault::PaperOut),
        Step::Fail(Fault::CoverOpen),
        Step::Fail(Fault::Cutter),
        Step::Wait(Duration::from_secs(9)),
        enough(),
        Step::Fail(Fault::Absent),
        enough(),
    ]);
    contract(&mut Scripted(printer.with_patience(Duration::from_millis(50))));
}

struct Real {
    driver: EscPosPrinter,
    device: VirtualTicketPrinter,
}

impl Real {
    fn new(device: VirtualTicketPrinter, port: Port) -> Self {
        let config = EscPosConfig { port, dots: 576, answers: true, silence: SILENCE };
        Self { driver: EscPosPrinter::new(config), device }
    }
}

impl Bench for Real {
    fn printer(&mut self) -> &mut dyn TicketPrinter {
        &mut self.driver
    }

    fn set(&mut self, state: &str) {
        match state {
            "gone" => {
                assert!(!self.device.log().contains("unknown"), "{}", self.device.log());
                self.device.switch_off().expect("off");
            }
            "back" => self.device.switch_on().expect("on"),
            state => self.device.set(state).expect("a state"),
        }
    }

    fn out(&self) -> Vec<(usize, Vec<u8>)> {
        let slips = self.device.tickets().expect("files");
        slips.into_iter().map(|slip| (slip.width, slip.rows)).collect()
    }
}

#[test]
fn a_printer_at_a_serial_port_holds_the_contract() {
    for flow in [FlowControl::Software, FlowControl::Hardware] {
        let dir = tempfile::tempdir().expect("a folder");
        let device = VirtualTicketPrinter::serial(dir.path()).expect("a printer");
        let port = Port::Serial { node: device.node(), baud: 115_200, flow };
        contract(&mut Real::new(device, port));
    }
}

#[test]
fn a_printer_behind_a_bare_node_holds_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let device = VirtualTicketPrinter::serial(dir.path()).expect("a printer");
    let port = Port::Usb { node: device.node() };
    contract(&mut Real::new(device, port));
}

#[test]
fn a_printer_in_the_network_holds_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let device = VirtualTicketPrinter::network(dir.path()).expect("a printer");
    let port = Port::Network { address: device.address() };
    contract(&mut Real::new(device, port));
}

#[test]
fn a_printer_that_never_answers_is_printed_on_blindly_where_the_board_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut device = VirtualTicketPrinter::network(dir.path()).expect("a printer");
    device.set("silent").expect("a state");
    let port = Port::Network { address: device.address() };
    let config = EscPosConfig { port, dots: 576, answers: false, silence: SILENCE };
    let mut driver = EscPosPrinter::new(config);
    assert_eq!(driver.print(&ticket(20, 0)), Ok(TicketPaper::Unknown));
    assert_eq!(driver.probe(), Ok(TicketPaper::Unknown));
}

/// The same picture through python-escpos, by strangers.
#[test]
fn the_bytes_of_a_ticket_are_those_of_python_escpos() {
    let dir = tempfile::tempdir().expect("a folder");
    let device = VirtualTicketPrinter::serial(dir.path()).expect("a printer");
    let flow = FlowControl::Software;
    let port = Port::Serial { node: device.node(), baud: 115_200, flow };
    let mut bench = Real::new(device, port);
    bench.driver.print(&ticket(300, 5)).expect("printed");
    let slip = bench.device.tickets().expect("files").remove(0);
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::env::var_os("JUDGE_PYTHON")
        .map_or_else(|| house.join("target/judges/bin/python"), std::path::PathBuf::from);
    let judge = house.join("tests/judges/ticket_bytes.py");
    let told = Command::new(python).arg(judge).arg(&slip.picture).output().expect("judge");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(told.stdout == slip.bytes, "{} and {}", told.stdout.len(), slip.bytes.len());
}
