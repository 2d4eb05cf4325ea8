//! A USB keyboard as its firmware sends: a barcode reader in keyboard mode. The kernel's own
//! drivers make an event device of it. For a [`crate::Guest`] with the modules `uhid`,
//! `hid-generic` and `evdev`; plugged in when made, unplugged when dropped.
//!
//! After the Device Class Definition for HID 1.11 (appendices B.1 and E.6, the boot keyboard), HID
//! Usage Tables 1.12 (chapter 10) and Documentation/hid/uhid.rst.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::CounterpartError;

const NODE: &str = "/dev/uhid";
const NAME: &str = "Test Barcode Reader";
/// Size of the kernel's `struct uhid_event`: type and the longest body, that of `UHID_CREATE2`.
const EVENT: usize = 4 + 4372;
// Kinds of events (linux/uhid.h).
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const BUS_USB: u16 = 3;
/// How far reports are apart: no reader is quicker, and the kernel keeps but 64 events.
const PACE: Duration = Duration::from_micros(500);
/// How often the event device is looked for, 50 ms apart.
const LOOKS_MAX: u32 = 600;

/// The report of a boot keyboard: a byte of modifiers, one that is reserved, six keys.
const DESCRIPTOR: [u8; 45] = [
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01,
    0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x06, 0x75, 0x08,
    0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xc0,
];

const SHIFT: u8 = 0x02;
const ALT: u8 = 0x04;
const ENTER: u8 = 0x28;
const KEYPAD_1: u8 = 0x59;
/// Keys of the US layout from usage 0x1e on, without and with Shift; blanks type nothing.
const SIGNS: [&[u8]; 2] = [b"1234567890     -=[]\\ ;'`,./", b"!@#$%^&*()     _+{}| :\"~<>?"];

/// The keyboard.
#[derive(Debug)]
pub struct UsbKeyboard(File);

impl UsbKeyboard {
    /// Plugs it in, and waits until the kernel has made its event device: gives that, too.
    pub fn plug() -> Result<(Self, PathBuf), CounterpartError> {
        let failed = || CounterpartError::file(Path::new(NODE));
        let mut node = OpenOptions::new().read(true).write(true).open(NODE).map_err(failed())?;
        node.write_all(&create()).map_err(failed())?;
        for _ in 0..LOOKS_MAX {
            if let Some(found) = event_node() {
                return Ok((Self(node), found));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(failed()(std::io::ErrorKind::NotFound.into()))
    }

    /// Types a text of ASCII, then Enter.
    pub fn type_code(&mut self, text: &str) -> Result<(), CounterpartError> {
        for sign in text.bytes() {
            let (modifiers, usage) = key(sign);
            self.strike(modifiers, usage)?;
        }
        self.strike(0, ENTER)
    }

    /// Types a sign by its number on the keypad, as readers do with letters that no key has.
    pub fn type_by_number(&mut self) -> Result<(), CounterpartError> {
        self.strike(ALT, KEYPAD_1)
    }

    fn strike(&mut self, modifiers: u8, usage: u8) -> Result<(), CounterpartError> {
        for [modifiers, usage] in [[modifiers, usage], [0, 0]] {
            let mut event = INPUT2.to_ne_bytes().to_vec();
            event.extend(8_u16.to_ne_bytes());
            event.extend([modifiers, 0, usage, 0, 0, 0, 0, 0]);
            self.0.write_all(&event).map_err(CounterpartError::file(Path::new(NODE)))?;
            std::thread::sleep(PACE);
        }
        Ok(())
    }
}

/// Modifiers and usage of the key that types a sign.
fn key(sign: u8) -> (u8, u8) {
    let shift = |upper: bool| if upper { SHIFT } else { 0 };
    if sign.is_ascii_alphabetic() {
        return (shift(sign.is_ascii_uppercase()), 0x04 + sign.to_ascii_lowercase() - b'a');
    }
    if sign == b' ' {
        return (0, 0x2c);
    }
    let place = |row: usize| SIGNS[row].iter().position(|known| *known == sign);
    let found = place(0).map(|at| (0, at)).or_else(|| place(1).map(|at| (SHIFT, at)));
    found.map_or((0, 0), |(modifiers, at)| (modifiers, 0x1e + at as u8))
}

fn create() -> Vec<u8> {
    let mut event = vec![0; EVENT];
    event[..4].copy_from_slice(&CREATE2.to_ne_bytes());
    event[4..4 + NAME.len()].copy_from_slice(NAME.as_bytes());
    // After name (128), physical place (64) and serial number (64).
    let body = &mut event[4 + 256..];
    body[..2].copy_from_slice(&(DESCRIPTOR.len() as u16).to_ne_bytes());
    body[2..4].copy_from_slice(&BUS_USB.to_ne_bytes());
    body[4..8].copy_from_slice(&0x1d6b_u32.to_ne_bytes());
    body[8..12].copy_from_slice(&0x0104_u32.to_ne_bytes());
    body[20..20 + DESCRIPTOR.len()].copy_from_slice(&DESCRIPTOR);
    event
}

/// The event device that the kernel made of it.
fn event_node() -> Option<PathBuf> {
    let devices = std::fs::read_dir("/sys/class/input").ok()?;
    let names = devices.flatten().map(|entry| (entry.file_name(), entry.path()));
    let mut events =
        names.filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("event")));
    let found = events.find(|(_, path)| {
        let name = std::fs::read_to_string(path.join("device/name"));
        name.is_ok_and(|name| name.trim() == NAME)
    });
    let node = Path::new("/dev/input").join(found?.0);
    node.exists().then_some(node)
}
