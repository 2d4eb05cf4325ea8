//! What stands behind the machine's clock, as Linux tells it: a time service, the battery-backed
//! clock, or nothing.
//!
//! Asks the kernel and nothing else, so it does not matter which program keeps the time (chrony,
//! systemd-timesyncd, gpsd). It never sets the clock and never decides what a doubtful one means:
//! that is the kiosk's policy.
//!
//! Start with [`KernelClock`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use drivers_api::{ClockGauge, ClockState, DeviceError, Fault};

/// Where Linux lists battery-backed clocks.
const RTC_CLASS: &str = "/sys/class/rtc";

/// The kernel's clock.
#[derive(Debug, Clone)]
pub struct KernelClock {
    rtc_class: PathBuf,
}

impl Default for KernelClock {
    fn default() -> Self {
        Self::new(Path::new(RTC_CLASS))
    }
}

impl KernelClock {
    /// Looks for battery-backed clocks in this folder, `/sys/class/rtc` on any machine.
    #[must_use]
    pub fn new(rtc_class: &Path) -> Self {
        Self { rtc_class: rtc_class.to_owned() }
    }

    /// Whether the kernel took the time from a battery-backed clock when it started
    /// (`hctosys`, Documentation/ABI/testing/sysfs-class-rtc).
    fn was_set_from_rtc(&self) -> bool {
        let Ok(clocks) = std::fs::read_dir(&self.rtc_class) else { return false };
        let says_so = |folder: PathBuf| {
            std::fs::read_to_string(folder.join("hctosys")).is_ok_and(|text| text.trim() == "1")
        };
        clocks.flatten().any(|clock| says_so(clock.path()))
    }
}

impl ClockGauge for KernelClock {
    fn read(&mut self) -> Result<ClockState, DeviceError> {
        let (synchronised, error_max) = kernel_discipline()?;
        Ok(if synchronised {
            ClockState::Synchronised { error_max }
        } else if self.was_set_from_rtc() {
            ClockState::Free
        } else {
            ClockState::Unset
        })
    }
}

/// Whether a time service disciplines the kernel's clock, and its largest error by that service's
/// own estimate (adjtimex(2), `STA_UNSYNC` and `maxerror`).
fn kernel_discipline() -> Result<(bool, Duration), DeviceError> {
    // SAFETY: `timex` is plain integers, for which zeros are a value; zero `modes` only reads.
    #[expect(unsafe_code, reason = "the kernel's clock discipline has no safe interface")]
    let (state, timex) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex)
    };
    if state < 0 {
        let error = std::io::Error::last_os_error();
        return Err(DeviceError::new("system clock", Fault::Io, error.to_string()));
    }
    let error_max = Duration::from_micros(u64::try_from(timex.maxerror).unwrap_or(u64::MAX));
    Ok((timex.status & libc::STA_UNSYNC == 0, error_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_kernel_answers() {
        let state = KernelClock::default().read().expect("Linux answers");
        if let ClockState::Synchronised { error_max } = state {
            assert!(error_max < Duration::from_secs(3600), "{error_max:?}");
        }
    }

    #[test]
    fn a_clock_that_set_the_system_is_told_from_one_that_did_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let rtc = folder.path().join("rtc0");
        std::fs::create_dir(&rtc).expect("made");
        let clock = KernelClock::new(folder.path());
        assert!(!clock.was_set_from_rtc());
        std::fs::write(rtc.join("hctosys"), "0\n").expect("written");
        assert!(!clock.was_set_from_rtc());
        std::fs::write(rtc.join("hctosys"), "1\n").expect("written");
        assert!(clock.was_set_from_rtc());
    }
}
