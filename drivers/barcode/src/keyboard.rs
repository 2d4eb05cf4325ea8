//! Readers that act as a USB keyboard.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use drivers_api::{BarcodeReader, DeviceError, Fault, Payload};
use evdev::KeyCode;
use evdev::raw_stream::RawDevice;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroize;

use crate::keys::{Keys, Stroke};
use crate::wait::{fault_of, given, now, readable};

/// Bytes of the kernel's `struct input_event` where a time has 64 bits: seconds, microseconds,
/// type, code, value.
const EVENT: usize = 24;
/// Most bytes of events of before that are dropped: the kernel keeps some 64 events a reader.
const STALE_EVENTS_MAX: usize = 4_096;
// Types of events, and the code by which the kernel says that it lost some (input-event-codes.h).
const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
const SYN_DROPPED: u16 = 3;

/// Which reader.
#[derive(Debug, Clone)]
pub struct KeyboardConfig {
    /// Its event node, best one of `/dev/input/by-id`.
    pub node: PathBuf,
    /// Longer than the reader ever pauses within a code.
    pub silence: Duration,
}

/// A reader that acts as a USB keyboard with the US layout.
///
/// It is grabbed while it is open: no other program, the browser that shows the kiosk's pages
/// among them, sees a key of it. So the node must be the reader's, not a keyboard's for people.
pub struct KeyboardReader {
    config: KeyboardConfig,
    device: Option<RawDevice>,
    keys: Keys,
    /// When the last key of a code that has begun was touched.
    heard: Option<Instant>,
}

impl KeyboardReader {
    /// A reader that is looked for when it is used, so it may be plugged in later.
    #[must_use]
    pub const fn new(config: KeyboardConfig) -> Self {
        Self { config, device: None, keys: Keys::new(), heard: None }
    }

    fn fail(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(self.config.node.display().to_string(), fault, detail)
    }

    fn open(&self) -> Result<RawDevice, DeviceError> {
        let failed = |error: io::Error| {
            // What is not there yet is not gone either.
            let fault = match fault_of(&error) {
                Fault::Removed => Fault::Absent,
                fault => fault,
            };
            self.fail(fault, format!("open: {error}"))
        };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let node = rustix::fs::open(&self.config.node, flags, Mode::empty());
        let mut device = RawDevice::from_fd(node.map_err(|e| failed(e.into()))?).map_err(failed)?;
        let types = device.supported_keys();
        if !types.is_some_and(|keys| keys.contains(KeyCode::KEY_ENTER)) {
            return Err(self.fail(Fault::Misconfigured, "it is no keyboard"));
        }
        device.grab().map_err(failed)?;
        // What was typed before the grab went elsewhere, too, and is of another time.
        for _ in 0..STALE_EVENTS_MAX {
            match rustix::io::read(&device, &mut [0; EVENT]) {
                Ok(0) | Err(Errno::AGAIN) => break,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
        Ok(device)
    }

    /// The reader is gone, and the rest of a code that had begun with it.
    fn lost(&mut self, error: Errno) -> DeviceError {
        self.device = None;
        self.keys.forget();
        self.heard = None;
        self.fail(Fault::Removed, format!("read: {}", io::Error::from(error)))
    }

    /// Takes one event of the kernel's; a code, once it is whole.
    fn take(&mut self, event: &[u8; EVENT], name: &str) -> Option<Result<Payload, DeviceError>> {
        let [.., k0, k1, c0, c1, v0, v1, v2, v3] = *event;
        let (kind, code) = (u16::from_ne_bytes([k0, k1]), u16::from_ne_bytes([c0, c1]));
        if (kind, code) == (EV_SYN, SYN_DROPPED) {
            self.keys.lost();
        }
        if kind != EV_KEY {
            return None;
        }
        let stroke = Stroke::of(i32::from_ne_bytes([v0, v1, v2, v3]))?;
        let found = given(self.keys.take(code, stroke), name);
        self.heard = self.keys.is_amid().then(now);
        found
    }

    fn silence(&mut self, name: &str) -> Option<Result<Payload, DeviceError>> {
        self.heard = None;
        given(self.keys.silence().map(|()| None), name)
    }
}

impl BarcodeReader for KeyboardReader {
    fn read(&mut self, patience: Duration) -> Result<Option<Payload>, DeviceError> {
        let end = now() + patience;
        let name = self.config.node.display().to_string();
        if self.device.is_none() {
            self.device = Some(self.open()?);
        }
        loop {
            let Some(device) = &self.device else { return Ok(None) };
            let mut event = [0; EVENT];
            match rustix::io::read(device, &mut event) {
                Ok(EVENT) => {
                    let found = self.take(&event, &name);
                    event.zeroize();
                    if let Some(found) = found {
                        return found.map(Some);
                    }
                    // A reader that never stops typing does not keep the caller for ever.
                    if now() >= end {
                        return Ok(None);
                    }
                }
                Ok(_) => return Err(self.lost(Errno::NODEV)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let broken = self.heard.map(|heard| heard + self.config.silence);
                    let limit = broken.map_or(end, |broken| end.min(broken));
                    let ready = readable(device, limit);
                    let ready = ready.map_err(|error| self.fail(Fault::Io, error.to_string()))?;
                    if !ready && broken.is_some_and(|broken| broken <= now()) {
                        if let Some(found) = self.silence(&name) {
                            return found.map(Some);
                        }
                    } else if !ready && now() >= end {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        let device = match self.device.take() {
            Some(device) if device.get_key_state().is_ok() => device,
            _ => self.open()?,
        };
        let name = device.name().unwrap_or("a reader");
        let told = format!("{name} at {}", self.config.node.display());
        self.device = Some(device);
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_not_there_or_no_keyboard_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let none = dir.path().join("event7");
        for (node, fault) in [(none, Fault::Absent), ("/dev/null".into(), Fault::Misconfigured)] {
            let silence = Duration::from_millis(200);
            let mut reader = KeyboardReader::new(KeyboardConfig { node, silence });
            assert_eq!(reader.read(Duration::ZERO).expect_err("no reader").fault, fault);
            assert_eq!(reader.probe().expect_err("no reader").fault, fault);
        }
    }

    #[test]
    fn an_event_of_the_kernel_is_taken_apart() {
        let node = "/dev/input/event7".into();
        let silence = Duration::from_millis(200);
        let mut reader = KeyboardReader::new(KeyboardConfig { node, silence });
        let event = |kind: u16, code: u16, value: i32| {
            let mut event = [7; EVENT];
            event[16..18].copy_from_slice(&kind.to_ne_bytes());
            event[18..20].copy_from_slice(&code.to_ne_bytes());
            event[20..].copy_from_slice(&value.to_ne_bytes());
            event
        };
        let mut take = |kind, code, value| reader.take(&event(kind, code, value), "it");
        // EV_MSC with the scan code, the key, and the end of the report.
        for (kind, code, value) in [(4, 4, 30), (1, 30, 1), (0, 0, 0), (1, 30, 2), (1, 30, 0)] {
            assert!(take(kind, code, value).is_none());
        }
        let payload = take(1, 28, 1).expect("a code").expect("well");
        assert_eq!(payload.text(), "a");
        assert!(take(1, 30, 1).is_none() && take(0, SYN_DROPPED, 0).is_none());
        let lost = take(1, 28, 1).expect("an end").expect_err("some keys were lost");
        assert_eq!(lost.fault, Fault::Garbled);
    }
}
