//! The readers' contract, by the simulator and by the driver of serial lines before the kernel's
//! pseudo-terminal here, and by the driver of keyboards in a guest (`examples/barcode-guest.rs`).

mod contract;

use std::path::Path;
use std::time::Duration;

use contract::{CODES, Hand, LONG, SHORT, contract};
use counterpart::{BarcodeLine, Guest};
use drivers_api::{BarcodeReader, Fault, PAYLOAD_BYTES_MAX, Payload};
use drivers_barcode::{Ending, SerialConfig, SerialReader};
use drivers_sim::{SimBarcodeReader, Step};

/// The script does all.
struct Nobody;

impl Hand for Nobody {
    fn code(&mut self, _text: &str) {}
    fn garbage(&mut self) {}
    fn flood(&mut self) {}
    fn unplug(&mut self) {}
    fn plug(&mut self, _unheard: &str) {}
}

#[test]
fn the_simulator_holds_the_contract() {
    let give = |code: &str| Step::Give(Payload::new(code.as_bytes()).expect("text"));
    let silence = || Step::Wait(LONG * 2);
    let mut steps = vec![silence()];
    steps.extend(CODES.map(give));
    steps.extend([give(CODES[0]), give(CODES[1])]);
    steps.extend([Step::Fail(Fault::Garbled), give(CODES[0])]);
    steps.extend([Step::Fail(Fault::TooLong), give(CODES[1])]);
    steps.extend([Step::Fail(Fault::Removed), Step::Fail(Fault::Absent)]);
    steps.extend([Step::Fail(Fault::Absent), silence(), give(CODES[2])]);
    let mut reader = SimBarcodeReader::new(steps);
    assert_eq!(contract(&mut reader, &mut Nobody), Ok(()));
}

struct Line {
    line: BarcodeLine,
    end: &'static str,
}

impl Line {
    fn send(&mut self, bytes: &[u8]) {
        self.line.send(&[bytes, self.end.as_bytes()].concat()).expect("sent");
    }
}

impl Hand for Line {
    fn code(&mut self, text: &str) {
        self.send(text.as_bytes());
    }

    fn garbage(&mut self) {
        self.send(b"001199999999|\xff\x00|Nghiem");
    }

    fn flood(&mut self) {
        self.send(&vec![b'z'; PAYLOAD_BYTES_MAX + 1]);
    }

    fn unplug(&mut self) {
        self.line.unplug().expect("out");
    }

    fn plug(&mut self, unheard: &str) {
        self.line.plug().expect("in");
        self.send(unheard.as_bytes());
    }
}

const SILENCE: Duration = Duration::from_millis(60);

fn reader(line: &BarcodeLine, ending: Ending) -> SerialReader {
    let node = line.node().to_owned();
    SerialReader::new(SerialConfig { node, baud: 9_600, ending, silence: SILENCE })
}

#[test]
fn a_reader_at_a_serial_line_holds_the_contract_however_it_ends_its_codes() {
    for end in ["\r", "\n", "\r\n"] {
        let dir = tempfile::tempdir().expect("a folder");
        let line = BarcodeLine::new(dir.path()).expect("a line");
        let (node, baud, ending) = (line.node().to_owned(), 9_600, Ending::Line);
        let mut reader = SerialReader::new(SerialConfig { node, baud, ending, silence: LONG });
        let outcome = contract(&mut reader, &mut Line { line, end });
        assert_eq!(outcome, Ok(()), "{end:?}");
    }
}

#[test]
fn letters_and_pauses_are_taken_as_they_come() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut line = BarcodeLine::new(dir.path()).expect("a line");
    let mut silent = reader(&line, Ending::Silence);
    assert_eq!(silent.read(SHORT), Ok(None));
    line.send("001199999999||Nghiêm Thị Thử|".as_bytes()).expect("sent");
    let payload = silent.read(LONG).expect("read").expect("a code");
    assert_eq!(payload.text(), "001199999999||Nghiêm Thị Thử|");
    drop(silent);

    let mut by_line = reader(&line, Ending::Line);
    assert_eq!(by_line.read(SHORT), Ok(None));
    line.send(b"broken o").expect("sent");
    assert_eq!(by_line.read(LONG).expect_err("broken off").fault, Fault::Garbled);
    line.send(b"whole\r").expect("sent");
    assert_eq!(by_line.read(LONG).expect("read").expect("a code").text(), "whole");
}

#[test]
fn the_half_of_a_code_goes_with_the_plug_and_a_babbling_reader_keeps_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut line = BarcodeLine::new(dir.path()).expect("a line");
    let node = line.node().to_owned();
    let config = SerialConfig { node, baud: 9_600, ending: Ending::Line, silence: LONG };
    let mut reader = SerialReader::new(config);
    assert_eq!(reader.read(SHORT), Ok(None));
    line.send(b"001199999999|half of a co").expect("sent");
    assert_eq!(reader.read(SHORT), Ok(None), "its end may still come");
    line.unplug().expect("out");
    assert_eq!(reader.read(SHORT).expect_err("gone").fault, Fault::Removed);
    line.plug().expect("in");
    assert_eq!(reader.read(SHORT), Ok(None));
    line.send(b"whole\r").expect("sent");
    assert_eq!(reader.read(LONG).expect("read").expect("a code").text(), "whole");

    line.send(&[b'\r'; 2_000]).expect("sent");
    assert_eq!(reader.read(Duration::ZERO), Ok(None));
}

#[test]
fn what_is_no_serial_port_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("a file");
    for (node, fault) in [(file, Fault::Misconfigured), (dir.path().join("none"), Fault::Absent)] {
        let config = SerialConfig { node, baud: 9_600, ending: Ending::Line, silence: SILENCE };
        let mut reader = SerialReader::new(config);
        assert_eq!(reader.read(SHORT).expect_err("no port").fault, fault);
        assert_eq!(reader.probe().expect_err("no port").fault, fault);
    }
}

#[test]
fn a_reader_in_keyboard_mode_holds_the_contract_and_no_other_program_sees_its_keys() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = std::env::current_exe().expect("a test is a file");
    let build = own.parent().and_then(Path::parent).expect("deps lies in the build folder");
    let program = build.join("examples/barcode-guest");
    let log = Guest::installed(&root).run(&program, &[]).expect("every check holds");
    assert_eq!(log.matches("... ok").count(), 3, "{log}");
}
