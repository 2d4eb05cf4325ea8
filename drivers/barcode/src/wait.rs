//! What serial ports and event nodes have in common. Every wait has an end.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use drivers_api::{DeviceError, Fault, PAYLOAD_BYTES_MAX, Payload};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::held::{Flaw, Scanned};

/// What was cut out, as the caller of a reader gets it.
pub(crate) fn given(
    cut: Result<Option<Scanned<'_>>, Flaw>,
    device: &str,
) -> Option<Result<Payload, DeviceError>> {
    let failed = |fault, detail: String| Some(Err(DeviceError::new(device, fault, detail)));
    match cut {
        Ok(None) => None,
        Ok(Some(scanned)) => match Payload::new(&scanned) {
            Some(payload) => Some(Ok(payload)),
            None => failed(Fault::Garbled, "no plain text".into()),
        },
        Err(Flaw::Garbled) => {
            failed(Fault::Garbled, "a code that is no plain text or not whole".into())
        }
        Err(Flaw::TooLong) => {
            failed(Fault::TooLong, format!("a code of more than {PAYLOAD_BYTES_MAX} bytes"))
        }
    }
}

/// Whether something can be read before `end`; a device that is gone can be read, and says so then.
pub(crate) fn readable(device: impl AsFd, end: Instant) -> io::Result<bool> {
    loop {
        let left = end.saturating_duration_since(now());
        if left.is_zero() {
            return Ok(false);
        }
        let limit = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(&device, PollFlags::IN)], limit.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What the system's error says of a reader.
pub(crate) fn fault_of(error: &io::Error) -> Fault {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NXIO) => Fault::Absent,
        Some(Errno::NODEV | Errno::IO) => Fault::Removed,
        Some(Errno::BUSY) => Fault::Busy,
        Some(Errno::ACCESS | Errno::PERM) => Fault::Denied,
        Some(Errno::NOTTY | Errno::INVAL | Errno::ISDIR) => Fault::Misconfigured,
        _ => Fault::Io,
    }
}

/// Devices know real time only, so a limit on them is real time too.
#[expect(clippy::disallowed_methods, reason = "the end of a wait on a device")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
