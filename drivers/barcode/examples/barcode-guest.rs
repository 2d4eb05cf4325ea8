//! The driver of readers in keyboard mode against an event device of the kernel's, run inside a
//! guest by `tests/barcode.rs`.
//!
//! The keyboard's firmware is played into `uhid`; the kernel's own drivers stand between. Prints a
//! line for each check; ends with 1 at the first that fails.

#[path = "../tests/contract/mod.rs"]
mod contract;

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use contract::{CODES, Hand, LONG, Outcome, SHORT, contract};
use counterpart::UsbKeyboard;
use drivers_api::{BarcodeReader, Fault, PAYLOAD_BYTES_MAX};
use drivers_barcode::{KeyboardConfig, KeyboardReader};

/// Where the reader's event node is, whatever number the kernel gave it.
const NODE: &str = "/tmp/reader";

/// What the typing thread is told.
enum Work {
    Code(String),
    Garbage,
}

/// The reader while it is plugged in: it types while the driver reads, as the kernel keeps but few
/// keys.
#[derive(Default)]
struct Reader(Option<(Sender<Work>, JoinHandle<()>)>);

impl Reader {
    fn tell(&self, work: Work) {
        if let Some((thread, _)) = &self.0 {
            // A thread that ended is told by the code that does not come.
            let _ = thread.send(work);
        }
    }

    fn insert(&mut self, unheard: &str) -> Result<(), String> {
        let failed = |error: &dyn std::error::Error| error.to_string();
        let (mut keyboard, event) = UsbKeyboard::plug().map_err(|e| failed(&e))?;
        keyboard.type_code(unheard).map_err(|e| failed(&e))?;
        std::thread::sleep(SHORT);
        symlink(event, NODE).map_err(|e| failed(&e))?;
        let (sender, inbox) = channel();
        let play = move || {
            for work in inbox {
                let done = match work {
                    Work::Code(text) => keyboard.type_code(&text),
                    Work::Garbage => keyboard
                        .type_by_number()
                        .and_then(|()| keyboard.type_code("001199999999 Nghiem")),
                };
                if done.is_err() {
                    return;
                }
            }
        };
        self.0 = Some((sender, std::thread::spawn(play)));
        Ok(())
    }
}

impl Hand for Reader {
    fn code(&mut self, text: &str) {
        self.tell(Work::Code(text.into()));
    }

    fn garbage(&mut self) {
        self.tell(Work::Garbage);
    }

    fn flood(&mut self) {
        self.code(&"z".repeat(PAYLOAD_BYTES_MAX + 1));
    }

    fn unplug(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            // The kernel removes the device when the thread drops it.
            drop(thread.join());
        }
        drop(std::fs::remove_file(NODE));
    }

    fn plug(&mut self, unheard: &str) {
        // What does not come back is told by the contract.
        drop(self.insert(unheard));
    }
}

fn reader() -> KeyboardReader {
    KeyboardReader::new(KeyboardConfig { node: NODE.into(), silence: LONG })
}

/// A second program that has the event node open, as a browser would.
fn bystander() -> Result<File, String> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let mut options = File::options();
    let opened = options.read(true).custom_flags(nonblocking).open(NODE);
    opened.map_err(|error| error.to_string())
}

/// How many bytes of events it has seen.
fn seen(file: &mut File) -> usize {
    let mut events = [0; 4_096];
    file.read(&mut events).unwrap_or_default()
}

/// Nobody else sees a key while the driver has the reader; afterwards everybody does.
fn exclusive(hand: &mut Reader) -> Outcome {
    let mut driver = reader();
    let mut other = bystander()?;
    driver.read(SHORT).map_err(|error| error.to_string())?;
    let before = seen(&mut other);
    hand.code(CODES[0]);
    let got = driver.read(LONG).map_err(|error| error.to_string())?;
    if got.is_none_or(|payload| payload.text() != CODES[0]) {
        return Err("the driver did not read the code".into());
    }
    let leaked = seen(&mut other);
    if (before, leaked) != (0, 0) {
        return Err(format!("a second reader saw {before} and {leaked} bytes of events"));
    }
    let second = reader().read(SHORT).err().map(|error| error.fault);
    if second != Some(Fault::Busy) {
        return Err(format!("a second grab: {second:?}"));
    }
    drop(driver);
    hand.code("1");
    std::thread::sleep(SHORT * 5);
    if seen(&mut other) == 0 {
        return Err("the second reader sees nothing at all, grabbed or not".into());
    }
    Ok(())
}

fn main() -> ExitCode {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    let mut tell = |what: &str, outcome: Outcome| {
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        let cause = outcome.as_ref().err().cloned().unwrap_or_default();
        let _console = writeln!(out, "check: {what} ... {word} {cause}");
        outcome.is_ok()
    };
    let mut hand = Reader::default();
    let there = hand.insert("of before").and_then(|()| match Path::new(NODE).exists() {
        true => Ok(()),
        false => Err("no event node".into()),
    });
    let well = tell("the kernel makes an event device of the reader", there)
        && tell("the contract holds", contract(&mut reader(), &mut hand))
        && tell("no other program sees a key", exclusive(&mut hand));
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
