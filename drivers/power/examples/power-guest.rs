//! The gauge's driver against an I2C bus of the kernel's, run inside a guest by `tests/power.rs`.
//!
//! The bus is a USB bridge whose firmware another thread plays, with the gauge's registers behind
//! it. Prints a line for each check; ends with 1 at the first that fails.

use std::process::ExitCode;
use std::time::Duration;

use counterpart::UsbBridge;
use drivers_api::{DeviceError, Fault, Power, PowerState};
use drivers_power::GaugePower;
use drivers_power::gauge::{ADDRESS, CHARGE_RATE, SOC, VERSION};

/// The beginning of the bus's name.
const BUS: &str = "MCP2221";
/// A MAX17048 at 55.5 % that is being used up by 12 % an hour.
const CHIP: [(u8, u16); 3] = [(VERSION, 0x0012), (SOC, 0x3780), (CHARGE_RATE, 0xffc6)];

fn plug() -> Result<UsbBridge, String> {
    UsbBridge::plug([false; 4], &[(ADDRESS, &CHIP)]).map_err(|error| error.to_string())
}

/// Reads until the kernel has made the bus, a bounded number of times: that of 2022 asks the bridge
/// for each of its lines first, without listening, which takes 16 s.
fn settled(power: &mut GaugePower) -> Result<PowerState, DeviceError> {
    for _ in 0..1_200 {
        if let Ok(state) = power.read() {
            return Ok(state);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    power.read()
}

fn same(got: Result<PowerState, DeviceError>, expected: PowerState) -> Result<(), String> {
    match got {
        Ok(state) if state == expected => Ok(()),
        other => Err(format!("{other:?}, not {expected:?}")),
    }
}

fn fails(got: Result<PowerState, DeviceError>, faults: &[Fault]) -> Result<(), String> {
    match got {
        Err(error) if faults.contains(&error.fault) => Ok(()),
        other => Err(format!("{other:?}, not {faults:?}")),
    }
}

fn checks(mut tell: impl FnMut(&str, Result<(), String>) -> Result<(), ()>) -> Result<(), ()> {
    let mut power = GaugePower::new(BUS);
    let away = [Fault::Absent, Fault::Removed];
    tell("a bus that is missing is absent", fails(power.read(), &away))?;
    let bridge = plug().or_else(|error| tell("plug", Err(error)).and(Err(())))?;
    let used = PowerState::Battery { percent: 55 };
    tell("a battery that is used up is told with its charge", same(settled(&mut power), used))?;
    bridge.set_register(ADDRESS, CHARGE_RATE, 40);
    tell("one that charges is on the mains", same(power.read(), PowerState::Mains))?;
    bridge.set_register(ADDRESS, VERSION, 0x4002);
    let other = fails(power.read(), &[Fault::Misconfigured]);
    bridge.remove_chip(ADDRESS);
    let gone = fails(power.read(), &away);
    tell("another chip and an empty place are told", other.and(gone))?;
    drop(bridge);
    let gone = fails(power.read(), &away);
    let bridge = plug().or_else(|error| tell("plug", Err(error)).and(Err(())))?;
    let back = same(settled(&mut power), used);
    drop(bridge);
    tell("a bus that was unplugged is found again", gone.and(back))
}

fn main() -> ExitCode {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    let done = checks(|what, outcome| {
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        let cause = outcome.as_ref().err().cloned().unwrap_or_default();
        let _console = writeln!(out, "check: {what} ... {word} {cause}");
        outcome.map_err(drop)
    });
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
