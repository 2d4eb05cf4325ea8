//! A USB bridge to lines and an I2C bus (Microchip MCP2221A), as its firmware answers: the kernel's
//! own driver makes a GPIO chip and an I2C adapter of it. For a [`crate::Guest`] with the modules
//! `uhid` and `hid-mcp2221`; plugged in when made, unplugged when dropped.
//!
//! After its datasheet (DS20005565, section 3.1, HID commands) and Documentation/hid/uhid.rst.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::CounterpartError;

/// The kernel's label of its GPIO chip.
pub const GPIO_LABEL: &str = "mcp2221_gpio";
/// Its lines.
pub const LINES: usize = 4;

const NODE: &str = "/dev/uhid";
/// Bytes of a report, both ways.
const REPORT: usize = 64;
/// Size of the kernel's `struct uhid_event`: type and the longest body, that of `UHID_CREATE2`.
const EVENT: usize = 4 + 4372;
/// How long the thread waits before it looks whether it shall end.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

// Kinds of events (linux/uhid.h).
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const OUTPUT: u32 = 6;
const GET_REPORT: u32 = 9;
const GET_REPORT_REPLY: u32 = 10;
const SET_REPORT: u32 = 13;
const SET_REPORT_REPLY: u32 = 14;
const BUS_USB: u16 = 3;
const VENDOR: u32 = 0x04d8;
const PRODUCT: u32 = 0x00dd;

/// One report of 64 bytes each way, of the vendor's own usage.
const DESCRIPTOR: [u8; 34] = [
    0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x02, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08,
    0x95, 0x40, 0x81, 0x02, 0x09, 0x03, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91,
    0x02, 0xc0,
];

// Commands of the bridge, and what it answers of the bus.
const STATUS: u8 = 0x10;
const GET_DATA: u8 = 0x40;
const SET_GPIO: u8 = 0x50;
const GET_GPIO: u8 = 0x51;
const WRITE: u8 = 0x90;
const READ: u8 = 0x91;
const READ_REPEATED: u8 = 0x93;
const WRITE_NO_STOP: u8 = 0x94;
const SPEED: u8 = 0x20;
const ADDRESS_NACK: u8 = 0x25;
const READ_COMPLETE: u8 = 0x55;
const NACK_BIT: u8 = 0x40;

/// What hangs at the bridge.
#[derive(Debug, Default)]
struct Bench {
    /// Levels laid on the lines from outside.
    levels: [bool; LINES],
    /// What the kernel drives; none while a line is an input.
    driven: [Option<bool>; LINES],
    /// Registers of 16 bits of the chips on the bus, by address.
    chips: BTreeMap<u8, BTreeMap<u8, u16>>,
    /// The register that each chip was last asked for.
    pointers: BTreeMap<u8, u8>,
    nacked: bool,
    staged: Vec<u8>,
}

/// The bridge. Its chips on the bus have registers of 16 bits, high byte first.
#[derive(Debug)]
pub struct UsbBridge {
    bench: Arc<Mutex<Bench>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl UsbBridge {
    /// Plugs a bridge in, with these levels on its lines and these chips on its bus.
    pub fn plug(
        levels: [bool; LINES],
        chips: &[(u8, &[(u8, u16)])],
    ) -> Result<Self, CounterpartError> {
        let failed = || CounterpartError::file(Path::new(NODE));
        let mut node = OpenOptions::new().read(true).write(true).open(NODE).map_err(failed())?;
        node.write_all(&create()).map_err(failed())?;
        let chips = chips
            .iter()
            .map(|(address, registers)| (*address, registers.iter().copied().collect()));
        let bench = Bench { levels, chips: chips.collect(), ..Bench::default() };
        let (bench, stop) = (Arc::new(Mutex::new(bench)), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (bench, stop) = (Arc::clone(&bench), Arc::clone(&stop));
            std::thread::spawn(move || serve(node, &bench, &stop))
        };
        Ok(Self { bench, stop, thread: Some(thread) })
    }

    /// Lays a level on a line.
    pub fn set(&self, line: usize, high: bool) {
        lock(&self.bench).levels[line] = high;
    }

    /// What the kernel drives a line to; none while it is an input.
    pub fn driven(&self, line: usize) -> Option<bool> {
        lock(&self.bench).driven[line]
    }

    /// Changes a register of a chip on the bus.
    pub fn set_register(&self, address: u8, register: u8, value: u16) {
        lock(&self.bench).chips.entry(address).or_default().insert(register, value);
    }

    /// Takes a chip off the bus.
    pub fn remove_chip(&self, address: u8) {
        lock(&self.bench).chips.remove(&address);
    }
}

impl Drop for UsbBridge {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The kernel removes the device when the node is closed.
            drop(thread.join());
        }
    }
}

fn lock(bench: &Mutex<Bench>) -> MutexGuard<'_, Bench> {
    bench.lock().unwrap_or_else(PoisonError::into_inner)
}

fn create() -> Vec<u8> {
    let mut event = vec![0; EVENT];
    event[..4].copy_from_slice(&CREATE2.to_ne_bytes());
    event[4..15].copy_from_slice(b"MCP2221 USB");
    // After name (128), physical place (64) and serial number (64).
    let body = &mut event[4 + 256..];
    let length = DESCRIPTOR.len() as u16;
    body[..2].copy_from_slice(&length.to_ne_bytes());
    body[2..4].copy_from_slice(&BUS_USB.to_ne_bytes());
    body[4..8].copy_from_slice(&VENDOR.to_ne_bytes());
    body[8..12].copy_from_slice(&PRODUCT.to_ne_bytes());
    body[20..20 + DESCRIPTOR.len()].copy_from_slice(&DESCRIPTOR);
    event
}

/// Answers until it is told to stop; then the node is closed.
fn serve(mut node: File, bench: &Mutex<Bench>, stop: &AtomicBool) {
    let mut event = vec![0; EVENT];
    while !stop.load(Ordering::Relaxed) {
        let mut wanted = [PollFd::new(&node, PollFlags::IN)];
        match poll(&mut wanted, Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return,
        }
        match node.read(&mut event) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        let reply = answer(&event, bench);
        if reply.is_some_and(|reply| node.write_all(&reply).is_err()) {
            return;
        }
    }
}

/// What the device sends back for an event of the kernel.
fn answer(event: &[u8], bench: &Mutex<Bench>) -> Option<Vec<u8>> {
    let kind = u32::from_ne_bytes(event[..4].try_into().ok()?);
    if kind == OUTPUT {
        let report = lock(bench).command(&event[4..4 + REPORT]);
        let mut reply = INPUT2.to_ne_bytes().to_vec();
        reply.extend((REPORT as u16).to_ne_bytes());
        reply.extend(report);
        return Some(reply);
    }
    let reply = match kind {
        GET_REPORT => GET_REPORT_REPLY,
        SET_REPORT => SET_REPORT_REPLY,
        _ => return None,
    };
    // Refused: this device knows no such reports.
    let mut refusal = reply.to_ne_bytes().to_vec();
    refusal.extend(&event[4..8]);
    refusal.extend(5_u16.to_ne_bytes());
    refusal.extend([0; 2]);
    Some(refusal)
}

impl Bench {
    fn command(&mut self, asked: &[u8]) -> [u8; REPORT] {
        let mut report = [0; REPORT];
        report[0] = asked[0];
        match asked[0] {
            STATUS => {
                // The new speed was taken; how the last transfer ended.
                report[3] = if asked[3] == SPEED { SPEED } else { 0 };
                report[20] = if self.nacked { NACK_BIT } else { 0 };
            }
            WRITE | WRITE_NO_STOP => self.write(asked),
            READ | READ_REPEATED => self.stage(asked),
            GET_DATA if self.nacked => report[2] = ADDRESS_NACK,
            GET_DATA => {
                let part: Vec<u8> = self.staged.drain(..self.staged.len().min(60)).collect();
                report[2] = READ_COMPLETE;
                report[3] = part.len() as u8;
                report[4..4 + part.len()].copy_from_slice(&part);
            }
            SET_GPIO => self.drive(asked, &mut report),
            GET_GPIO => {
                // By the datasheet the level, then the direction. The kernel of Debian 12 takes the
                // second byte for the level, and later ones the first: both are the level here, and
                // nobody asks for the direction of a line that is in use.
                for line in 0..LINES {
                    let level = u8::from(self.driven[line].unwrap_or(self.levels[line]));
                    report[2 + 2 * line..4 + 2 * line].fill(level);
                }
            }
            // A command that this bridge does not know.
            _ => report[1] = 1,
        }
        report
    }

    fn write(&mut self, asked: &[u8]) {
        let (length, address) = (usize::from(asked[1]), asked[3] >> 1);
        let data = &asked[4..4 + length.min(60)];
        self.nacked = !self.chips.contains_key(&address);
        let Some(registers) = self.chips.get_mut(&address) else { return };
        if let Some(register) = data.first() {
            self.pointers.insert(address, *register);
        }
        if let [register, high, low] = *data {
            registers.insert(register, u16::from_be_bytes([high, low]));
        }
    }

    fn stage(&mut self, asked: &[u8]) {
        let (length, address) = (usize::from(asked[1]), asked[3] >> 1);
        self.nacked = !self.chips.contains_key(&address);
        let Some(registers) = self.chips.get(&address) else { return };
        let first = self.pointers.get(&address).copied().unwrap_or_default();
        let values = (first..).step_by(2).map(|register| registers.get(&register).copied());
        let bytes = values.flat_map(|value| value.unwrap_or_default().to_be_bytes());
        self.staged = bytes.take(length).collect();
    }

    /// Sets directions and levels of the lines that the command names.
    fn drive(&mut self, asked: &[u8], report: &mut [u8; REPORT]) {
        for line in 0..LINES {
            let at = 2 + 4 * line;
            report[at..at + 4].copy_from_slice(&asked[at..at + 4]);
            if asked[at + 2] != 0 {
                let becomes_input = asked[at + 3] != 0;
                self.driven[line] =
                    if becomes_input { None } else { Some(self.driven[line].unwrap_or_default()) };
            }
            if asked[at] != 0 {
                self.driven[line] = Some(asked[at + 1] != 0);
            }
        }
    }
}
