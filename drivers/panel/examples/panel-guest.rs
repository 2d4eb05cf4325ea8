//! The panel's driver against a GPIO chip of the kernel's, run inside a guest by `tests/panel.rs`.
//!
//! The chip is a USB bridge whose firmware another thread plays; the kernel's own driver stands
//! between them. Prints a line for each check; ends with 1 at the first that fails.

#[path = "../tests/contract/mod.rs"]
mod contract;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Cabinet, LOOKS_MAX, SITUATIONS};
use counterpart::{GPIO_LABEL, UsbBridge};
use drivers_api::{Fault, Panel};
use drivers_panel::{Chip, GpioPanel, Line, LineName, PanelConfig};

const DOOR: usize = 0;
const TAMPER: usize = 1;
const READY: usize = 2;
const ATTENTION: usize = 3;
/// The door's contact closes to ground when it opens; the tamper contact opens.
const AT_REST: [bool; 4] = [true, false, false, false];

/// The bridge while it is plugged in.
struct Bridge(Option<UsbBridge>);

impl Cabinet for Bridge {
    fn set(&mut self, door_open: bool, tampered: bool) {
        if let Some(bridge) = &self.0 {
            bridge.set(DOOR, !door_open);
            bridge.set(TAMPER, tampered);
        }
    }

    fn lamps(&mut self) -> (bool, bool) {
        let lit = |line| self.0.as_ref().and_then(|bridge| bridge.driven(line));
        // The lamp that calls is wired to shine at the low level.
        (lit(READY) == Some(true), lit(ATTENTION) == Some(false))
    }

    fn unplug(&mut self) {
        self.0 = None;
    }

    fn plug(&mut self) {
        self.0 = UsbBridge::plug(AT_REST, &[]).ok();
    }
}

fn config() -> PanelConfig {
    let line = |number: usize, active_low| {
        let number = u32::try_from(number).unwrap_or_default();
        Some(Line { at: LineName::Number(number), active_low })
    };
    PanelConfig {
        chip: Chip::Kernel(GPIO_LABEL.into()),
        door_open: line(DOOR, true),
        tampered: line(TAMPER, false),
        ready: line(READY, false),
        attention: line(ATTENTION, true),
        person: None,
        stop: None,
        strip: None,
    }
}

/// Waits until the kernel has made the chip.
fn settled(panel: &mut GpioPanel) -> Result<(), String> {
    for _ in 0..LOOKS_MAX {
        if panel.read().is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panel.read().map(drop).map_err(|error| error.to_string())
}

/// A line that another program has, or that the chip does not have, is told.
fn misconfigured(panel: &mut GpioPanel) -> Result<(), String> {
    settled(panel)?;
    let nowhere = Line { at: LineName::Name("NO SUCH LINE".into()), active_low: false };
    for config in [config(), PanelConfig { door_open: Some(nowhere), ..config() }] {
        let error = GpioPanel::new(config).read().err().ok_or("the line was opened twice")?;
        if error.fault != Fault::Misconfigured || !error.detail.contains("line") {
            return Err(error.to_string());
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    let mut bridge = Bridge(None);
    bridge.plug();
    let mut panel = GpioPanel::new(config());
    let mut tell = |what: &str, outcome: Result<(), String>| {
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        let cause = outcome.as_ref().err().cloned().unwrap_or_default();
        let _console = writeln!(out, "check: {what} ... {word} {cause}");
        outcome.is_ok()
    };
    let mut well = tell("the chip is found by its label", settled(&mut panel));
    well = well && tell("a line that cannot be had is told", misconfigured(&mut panel));
    for (what, situation) in SITUATIONS {
        well =
            well && settled(&mut panel).is_ok() && tell(what, situation(&mut panel, &mut bridge));
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
