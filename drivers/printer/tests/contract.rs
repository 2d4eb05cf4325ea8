//! What every printer of copies promises, held by the simulator and by the driver before Debian's
//! `ippeveprinter`.

use std::time::Duration;

use counterpart::IppEvePrinter;
use drivers_api::{CopyPrinter, Fault};
use drivers_printer::{IppConfig, IppPrinter};
use drivers_sim::{SimCopyPrinter, Step};

/// Long enough for a busy machine.
const SILENCE: Duration = Duration::from_secs(10);

/// What the contract needs of a printer's surroundings.
trait Bench {
    fn printer(&mut self) -> &mut dyn CopyPrinter;
    /// Brings the printer into a state.
    fn set(&mut self, state: &str);
    /// What came out, and how many times.
    fn out(&self) -> Vec<(Vec<u8>, u32)>;
}

/// A PDF's bytes as the printer sees them; it looks at the first few only.
fn pdf(seed: u8) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..300_000_u32).map(|n| (n % 251) as u8 ^ seed));
    bytes
}

/// All situations in their order; the simulator's script follows it.
fn contract(bench: &mut dyn Bench) {
    assert!(bench.printer().probe().is_ok_and(|name| !name.is_empty()));
    bench.printer().print(&pdf(1), 1).expect("printed");
    bench.printer().print(&pdf(2), 3).expect("printed");
    assert_eq!(bench.out(), [(pdf(1), 1), (pdf(2), 3)], "the very bytes, as often as asked for");

    let faults = [
        ("media-empty", Fault::PaperOut),
        ("media-jam", Fault::Jammed),
        ("cover-open", Fault::CoverOpen),
        ("toner-empty", Fault::NoInk),
        ("aborts", Fault::Offline),
    ];
    for (state, fault) in faults {
        bench.set(state);
        let error = bench.printer().print(&pdf(3), 1).expect_err(state);
        assert_eq!(error.fault, fault, "{state}: {error}");
    }
    bench.set("well");
    bench.printer().print(&pdf(4), 1).expect("printed");
    let out = bench.out();
    assert_eq!(out.len(), 3, "nothing of before comes out late");
    assert_eq!(out[2], (pdf(4), 1));

    bench.set("gone");
    let gone = bench.printer().print(&pdf(5), 1).expect_err("gone");
    assert_eq!(gone.fault, Fault::Absent, "{gone}");
    bench.set("back");
    assert!(bench.printer().probe().is_ok(), "it is found again");
}

struct Scripted(SimCopyPrinter);

impl Bench for Scripted {
    fn printer(&mut self) -> &mut dyn CopyPrinter {
        &mut self.0
    }

    fn set(&mut self, _state: &str) {}

    fn out(&self) -> Vec<(Vec<u8>, u32)> {
        self.0.printed().lock().expect("nobody panicked").clone()
    }
}

#[test]
fn the_simulator_holds_the_contract() {
    contract(&mut Scripted(SimCopyPrinter::new([
        Step::Give(()),
        Step::Give(()),
        Step::Give(()),
        Step::Fail(Fault::PaperOut),
        Step::Fail(Fault::Jammed),
        Step::Fail(Fault::CoverOpen),
        Step::Fail(Fault::NoInk),
        Step::Fail(Fault::Offline),
        Step::Give(()),
        Step::Fail(Fault::Absent),
        Step::Give(()),
    ])));
}

struct Real {
    driver: IppPrinter,
    device: IppEvePrinter,
}

/// A printer, and a driver that waits `stopped` for somebody to lend a hand.
fn real(dir: &std::path::Path, stopped: Duration) -> Real {
    let device = IppEvePrinter::start(dir).expect("a printer");
    let limit = Duration::from_secs(60);
    let config = IppConfig { uri: device.uri(), silence: SILENCE, stopped, limit };
    Real { driver: IppPrinter::new(config), device }
}

impl Bench for Real {
    fn printer(&mut self) -> &mut dyn CopyPrinter {
        &mut self.driver
    }

    fn set(&mut self, state: &str) {
        match state {
            "gone" => self.device.switch_off(),
            "back" => self.device.switch_on().expect("on"),
            state => self.device.set(state).expect("a state"),
        }
    }

    fn out(&self) -> Vec<(Vec<u8>, u32)> {
        self.device.printed().expect("files")
    }
}

#[test]
fn an_ipp_everywhere_printer_holds_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut bench = real(dir.path(), Duration::from_millis(200));
    contract(&mut bench);
}

#[test]
fn a_job_that_waits_for_paper_goes_on_when_somebody_brings_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let Real { mut driver, device } = real(dir.path(), Duration::from_secs(30));
    device.set("media-empty").expect("a state");
    std::thread::scope(|scope| {
        let job = scope.spawn(|| driver.print(&pdf(1), 2));
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(50));
            if device.has_job() {
                break;
            }
        }
        std::thread::sleep(Duration::from_secs(1));
        assert!(device.has_job() && !job.is_finished(), "it waits");
        device.set("well").expect("a state");
        job.join().expect("no panic").expect("printed");
    });
    assert_eq!(device.printed().expect("files"), [(pdf(1), 2)]);
}

#[test]
fn an_address_that_is_none_is_told_before_anything_is_sent() {
    for uri in ["", "printer", "http://localhost/ipp", "ipps://localhost/ipp/print"] {
        let (silence, stopped, limit) = (SILENCE, SILENCE, SILENCE);
        let config = IppConfig { uri: uri.into(), silence, stopped, limit };
        let error = IppPrinter::new(config).probe().expect_err(uri);
        assert_eq!(error.fault, Fault::Misconfigured, "{uri}");
    }
}
